/* episode.c: see episode.h. */
#include "episode.h"
#include "harness/base/arena.h"
#include "harness/base/oracles.h"
#include "harness/driver/programs/program.h"
#include "harness/record/record.h"
#include "harness/report/load.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *entry_text(const json_t *entry, const char *name) {
  const char *text = json_string_value(json_object_get(entry, name));
  return text ? text : "";
}

uint64_t entry_number(const json_t *entry, const char *name) {
  json_int_t n = json_integer_value(json_object_get(entry, name));
  return n > 0 ? (uint64_t)n : 0;
}

bool entry_failed(const json_t *entry) {
  const char *result = entry_text(entry, "result");
  return !strcmp(result, "failed") || !strcmp(result, "vacuous");
}

const char *entry_accuser(const json_t *entry) {
  const char *oracle = entry_text(entry, "oracle");
  return *oracle ? oracle : entry_text(entry, "result");
}

/* ------------------------------------------------------------------------- *
 * The command.
 * ------------------------------------------------------------------------- */

const subject *subject_with(const subject *s, const char *settings) {
  subject *out = arena_take(sizeof *out);
  spec more;
  *out = *s;
  if (!settings || spec_parse_settings(settings, &more))
    return out;
  for (size_t i = 0; i < more.count; i++)
    out->options =
        spec_with(&out->options, more.settings[i].key, more.settings[i].value);
  out->name = arena_text("%s%s%s", spec_text(&out->options),
                         s->mutant ? "+" : "", s->mutant ? s->mutant : "");
  return out;
}

const char *episode_key(const episode *e) {
  const char *key = arena_text("%s/%s/%ju", e->subject->name,
                               e->condition->name, (uintmax_t)e->seed);
  if (e->place)
    key = arena_text("%s/%ju", key, (uintmax_t)e->place);
  if (e->variant)
    key = arena_text("%s/%s", key, e->variant);
  return e->oracle ? arena_text("%s/%s", key, e->oracle) : key;
}

/* The random mutator with the condition's parameters over the given ones. */
static const char *workload_words(const episode *e) {
  spec w = spec_with(e->workload, "ops",
                     arena_text("%ju", (uintmax_t)e->operations));
  for (const spec_setting *p = e->condition->params; p->key; p++)
    spec_set(&w, p->key, p->value);
  if (e->oracle)
    spec_set(&w, "oracle", e->oracle);
  return spec_text(&w);
}

/* The options of the subject.  Where mutators do not race, these are joined by
 * the settings under which the collector's own threads do nothing that cannot
 * be repeated. */
static spec repeatable_options(const episode *e) {
  spec options = e->subject->options, same = {0};
  const char *settings = json_string_value(
      json_object_get(e->subject->program->about, "repeatable"));
  if (settings && !e->condition->races)
    spec_parse_settings(settings, &same);
  for (size_t i = 0; i < same.count; i++)
    if (!spec_value(&options, same.settings[i].key))
      options =
          spec_with(&options, same.settings[i].key, same.settings[i].value);
  return options;
}

word_list episode_words(const episode *e, const char *trace) {
  word_list a = {0};
  const struct {
    const char *option, *value; /* left out if the value is NULL */
  } given[] = {
      {"--mutant", e->subject->mutant},
      {"--run", e->run ? e->run : workload_words(e)},
      {"--input", e->input},
      {"--threads", arena_text("%u", e->threads)},
      {"--seed", arena_text("%ju", (uintmax_t)e->seed)},
      {"--hostile", e->place ? arena_text("%s=%ju", e->condition->hostile,
                                          (uintmax_t)e->place)
                             : e->condition->hostile},
      {"--heap", e->heap ? arena_text("%ju", (uintmax_t)e->heap) : NULL},
      {"--trace", trace},
      /* Each program would bind its first mutator to the same processor, and
       * episodes that run side by side would wait for each other there.  But
       * threads that have to meet may need it: a busy machine would leave both
       * on one processor. */
      {"--pin", e->condition->spread ? "auto" : "none"}};
  word_list_add(&a, e->subject->program->path);
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    if (given[i].value) {
      word_list_add(&a, given[i].option);
      word_list_add(&a, given[i].value);
    }
  spec options = repeatable_options(e), tight = {0};
  if (e->condition->setting)
    spec_parse_settings(e->condition->setting, &tight);
  for (size_t i = 0; i < tight.count; i++)
    options =
        spec_with(&options, tight.settings[i].key, tight.settings[i].value);
  program_add_options(&a, &options);
  return a;
}

static const char *quoted(const char *word) {
  bool plain = *word;
  for (const char *p = word; *p; p++)
    plain &= isalnum((unsigned char)*p) || strchr("%+,-./:=@_", *p);
  if (plain)
    return word;
  const char *out = "'";
  for (; *word; word++)
    out = *word == '\'' ? arena_text("%s'\\''", out)
                        : arena_text("%s%c", out, *word);
  return arena_text("%s'", out);
}

const char *episode_command(const word_list *words) {
  const char *line = quoted(words->words[0]);
  for (size_t i = 1; i < words->count; i++)
    line = arena_text("%s %s", line, quoted(words->words[i]));
  return line;
}

/* ------------------------------------------------------------------------- *
 * What came of it.
 * ------------------------------------------------------------------------- */

/* The fault that an oracle found; its name at the beginning of the reason is
 * left out. */
static episode_fault by(const char *oracle, const char *reason) {
  size_t n = strlen(oracle);
  if (reason && !strncmp(reason, oracle, n) && reason[n] == ':')
    reason += n + 1 + strspn(reason + n + 1, " ");
  return (episode_fault){oracle, reason};
}

/* The line of a sanitizer's report that says what is wrong. */
static episode_fault read_report(const char *errors) {
  static const struct {
    const char *mark, *oracle;
  } marks[] = {{"ERROR: AddressSanitizer", "asan"},
               {"ERROR: LeakSanitizer", "asan"},
               {"WARNING: ThreadSanitizer", "tsan"},
               {"FATAL: ThreadSanitizer", "tsan"},
               {"runtime error: ", "ubsan"}};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    const char *at = strstr(errors, marks[i].mark);
    if (!at)
      continue;
    const char *summary = strstr(at, "SUMMARY: ");
    if (summary)
      at = summary + strlen("SUMMARY: ");
    return (episode_fault){marks[i].oracle,
                           arena_text("%.*s", (int)strcspn(at, "\n"), at)};
  }
  return (episode_fault){0};
}

/* The oracle that the reason of a verdict WRONG names before a colon. */
static const char *accuser(const char *reason) {
  static const char *const oracles[] = {ORACLE_NAMES, "poison"};
  size_t n = strcspn(reason, ":");
  for (size_t i = 0; i < sizeof oracles / sizeof *oracles; i++)
    if (n == strlen(oracles[i]) && !strncmp(reason, oracles[i], n))
      return oracles[i];
  return "verdict";
}

episode_fault episode_find_fault(const condition *c, const program_result *r) {
  const char *named =
      json_string_value(record_get(r->record, "violation.oracle"));
  const char *reason =
      json_string_value(record_get(r->record, "verdict.reason"));
  episode_fault f = read_report(r->errors);
  if (!r->record && f.oracle)
    return f;
  if (!r->record) {
    f.oracle = !strcmp(r->status, "TIMEOUT") ? "hang"
               : !strcmp(r->status, "CRASH") ? "crash"
                                             : "start";
    f.reason = r->reason;
    return f;
  }
  if (named)
    return by(named, reason);
  switch (verdict_of_record(r->record)) {
  case VERDICT_OK:
  case VERDICT_LEAK_DECLARED:
  case VERDICT_SUSPECT: /* times and memory are not what is looked for */
    return (episode_fault){0};
  case VERDICT_OOM:
    return c->scarce ? (episode_fault){0} : (episode_fault){"limit", reason};
  case VERDICT_LEAK:
    return (episode_fault){"count", reason};
  default:
    if (record_get(r->record, "hostile.violations") &&
        json_integer_value(record_get(r->record, "hostile.violations")))
      return by("poison", reason);
    return by(accuser(reason), reason);
  }
}

static uint64_t count_of(const json_t *record, const char *path) {
  json_int_t n = json_integer_value(record_get(record, path));
  return n > 0 ? (uint64_t)n : 0;
}

/* An episode of the random mutator that ran out of memory proves nothing with
 * fewer operations: its heap was hardly there. */
enum { OPERATIONS_FEW = 500 };

/* Why an episode that found no fault proves nothing, or NULL.  In a sweep, an
 * episode in which the condition did not come about is not vacuous: it is the
 * last one; nor is one that ended at once, for each has one place.  One that
 * ran out of memory ended early, and what it did counts. */
static const char *find_vacuity(const condition *c, const char *status,
                                const char *reason, uint64_t fired,
                                uint64_t collections, uint64_t operations) {
  static const char said[] = "vacuous: ";
  bool whole = strcmp(status, "OOM");
  if (reason && !strncmp(reason, said, strlen(said)))
    return reason + strlen(said);
  if (reason || c->sweep)
    return NULL;
  if (!whole && operations < OPERATIONS_FEW)
    return arena_text("it ran out of memory after %ju operations",
                      (uintmax_t)operations);
  if (c->proof && !c->uncertain && !fired && (whole || c->hostile))
    return arena_text("%s never came about",
                      c->hostile ? c->hostile : "the limit");
  return whole && !collections ? "no collection happened" : NULL;
}

/* Collections and detections.  Those that only the checks caused are no proof
 * and do not count where the record tells them apart.  A collector that counts
 * none has collected whenever somebody asked. */
static uint64_t collections_of(const json_t *record) {
  const json_t *apart = record_get(record, "coverage.collections");
  uint64_t n = count_of(record, "counters.collections") +
               count_of(record, "counters.detections");
  if (apart && n)
    return count_of(record, "coverage.collections");
  return n ? n
           : count_of(record, "counts.op-collect") +
                 count_of(record, "counts.checks");
}

/* The counters that the collector declares as work. */
static json_t *work_of(const episode *e, const json_t *record) {
  json_t *work = json_object(), *name;
  size_t i;
  json_array_foreach(json_object_get(e->subject->program->about, "work"), i,
                     name) {
    const char *counter = json_string_value(name);
    json_object_set(
        work, counter,
        json_object_get(json_object_get(record, "counters"), counter));
  }
  return work;
}

/* The number of the operation that failed, as the record or the last words of a
 * program that crashed tell; 0 if nobody does. */
static uint64_t operation_of(const program_result *r) {
  static const char said[] = "operation ";
  uint64_t n = count_of(r->record, "violation.operation");
  const char *at = n ? NULL : strstr(r->errors, said);
  return at ? strtoull(at + strlen(said), NULL, 10) : n;
}

static json_t *judge(const episode *e, const program_result *r) {
  const condition *c = e->condition;
  episode_fault f = episode_find_fault(c, r);
  const char *status =
      r->record ? json_string_value(record_get(r->record, "verdict.status"))
                : r->status;
  uint64_t fired = c->proof ? count_of(r->record, c->proof) : 0;
  uint64_t collections = collections_of(r->record);
  uint64_t operations = count_of(r->record, "counts.operations");
  const char *result = f.oracle ? "failed" : "passed";
  /* A condition that runs several episodes judges all of them together. */
  const char *vacuous = c->run ? NULL
                               : find_vacuity(c, status, f.reason, fired,
                                              collections, operations);
  if (vacuous) {
    result = "vacuous";
    f = (episode_fault){NULL, vacuous};
  }
  const json_t *story = record_get(r->record, "violation.story");
  json_t *entry = json_pack(
      "{s:s, s:s, s:s, s:I, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, "
      "s:I, s:I, s:I, s:I, s:I}",
      "key", episode_key(e), "collector", e->subject->name, "condition",
      c->name, "seed", (json_int_t)e->seed, "threads", (int)e->threads,
      "result", result, "verdict", status, "oracle", f.oracle ? f.oracle : "",
      "reason", f.reason ? f.reason : "", "operations", (json_int_t)operations,
      "collections", (json_int_t)collections, "fired", (json_int_t)fired,
      "allocated", (json_int_t)count_of(r->record, "counts.allocated-bytes"),
      "footprint", (json_int_t)count_of(r->record, "memory.footprint_peak"),
      "held", (json_int_t)count_of(r->record, "memory.footprint"), "outside",
      (json_int_t)count_of(r->record, "counts.outside-bytes"), "longest",
      (json_int_t)count_of(r->record, "counts.longest-work"), "live",
      (json_int_t)count_of(r->record, "counts.peak-bytes"), "elapsed",
      (json_int_t)r->elapsed);
  json_object_set_new(entry, "work", work_of(e, r->record));
  const json_t *coverage = record_get(r->record, "coverage");
  if (coverage) {
    json_object_set_new(entry, "events",
                        json_deep_copy(json_object_get(coverage, "events")));
    if (!e->place)
      json_object_set_new(entry, "pairs",
                          json_deep_copy(json_object_get(coverage, "pairs")));
  }
  json_object_set_new(entry, "must_hold",
                      record_integer(count_of(r->record, "heap.must_hold")));
  if (e->place)
    json_object_set_new(entry, "place", record_integer(e->place));
  if (f.oracle) {
    json_object_set_new(entry, "operation", record_integer(operation_of(r)));
    json_object_set_new(entry, "story",
                        story ? json_deep_copy(story) : json_array());
  }
  return entry;
}

spawn_child *episode_begin(const episode *e, const char *trace) {
  const word_list words = episode_words(e, trace);
  return program_begin(&words, e->timeout, SPAWN_BY_WORK);
}

json_t *episode_take(const episode *e, spawn_child *child,
                     const char **errors) {
  program_result r;
  if (!program_take(child, e->timeout, &r))
    return NULL;
  const word_list words = episode_words(e, NULL);
  program_check(&r, &words, e->subject->program);
  json_t *entry = judge(e, &r);
  json_t *list = json_array();
  for (size_t i = 0; i < words.count; i++)
    json_array_append_new(list, json_string(words.words[i]));
  json_object_set_new(entry, "words", list);
  json_decref(r.record);
  *errors = r.errors;
  return entry;
}
