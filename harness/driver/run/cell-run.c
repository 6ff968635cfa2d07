/* cell-run.c: see cell-run.h. */
#include "cell-run.h"
#include "around.h"
#include "harness/base/arena.h"
#include "harness/base/words.h"
#include "harness/driver/programs/program.h"
#include "harness/record/record.h"

#include <time.h>

/* The words of the command. */
static word_list run_arguments(const plan *p, const plan_cell *c,
                               const char *key, const char *timeline) {
  word_list a = {0};
  const char *fixed[] = {
      c->program->path,
      "--run",
      spec_text(&c->workload),
      "--heap",
      heap_size_argument(&c->heap),
      "--threads",
      arena_text("%u", c->threads),
      "--seed",
      arena_text("%ju", (uintmax_t)(c->canary ? PLAN_SEED : p->seed))};
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
    word_list_add(&a, fixed[i]);
  program_add_options(&a, &c->options);
  if (c->untimed) {
    word_list_add(&a, "--instrument");
    word_list_add(&a, "off");
  }
  if (timeline) {
    word_list_add(&a, "--timeline");
    word_list_add(&a, timeline);
  }
  if (p->pin) {
    word_list_add(&a, "--pin");
    word_list_add(&a, p->pin);
  }
  if (p->latencies && key) {
    word_list_add(&a, "--latencies");
    word_list_add(&a, around_expand(p->latencies, key));
  }
  return a;
}

/* The settings that were given, as a record has them.  Defaults are known to
 * the program only. */
static json_t *known_settings(const spec *s) {
  json_t *object = json_object();
  uint64_t number;
  for (size_t i = 0; i < s->count; i++)
    json_object_set_new(object, s->settings[i].key,
                        words_number(s->settings[i].value, &number)
                            ? record_integer(number)
                            : json_string(s->settings[i].value));
  return object;
}

/* The record of a run that left none. */
static json_t *substitute_record(const plan *p, const plan_cell *c,
                                 const char *status, const char *reason) {
  return json_pack(
      "{s:i, s:s, s:s, s:o, s:i, s:I, s:{s:s}, s:o, s:{s:s, s:b, s:s}}",
      "schema", RECORD_SCHEMA, "collector", c->options.name, "workload",
      c->workload.name, "params", known_settings(&c->workload), "threads",
      (int)c->threads, "seed", (json_int_t)p->seed, "heap", "asked",
      c->heap.text, "options", known_settings(&c->options), "verdict", "status",
      status, "declared", 0, "reason", reason);
}

/* The words of the command around the run of that key. */
static word_list wrap_words(const plan *p, const char *key) {
  word_list words;
  if (around_split(p->wrap, &words)) /* which was checked, but is gone now */
    word_list_add(&words, p->wrap);
  for (size_t i = 0; i < words.count; i++)
    words.words[i] = around_expand(words.words[i], key);
  return words;
}

/* What the record says of the command around the run. */
static json_t *wrapped_json(const word_list *wrap, const program_result *r,
                            bool repeated) {
  const char *text = "";
  for (size_t i = 0; i < wrap->count; i++)
    text = arena_text("%s%s%s", text, i ? " " : "", wrap->words[i]);
  json_t *json = json_pack("{s:s, s:s}", "command", text, "record",
                           repeated ? "without" : "within");
  const char *failed = r->around ? r->around : repeated ? r->reason : NULL;
  if (failed)
    json_object_set_new(json, "failed", json_string(failed));
  return json;
}

/* Runs the program within the command of the plan; and again without, if that
 * left no record, since the command may be why.  *wrapped becomes what the
 * record says of it.  False as program_run. */
static bool run_within(const plan *p, const plan_cell *c, const char *key,
                       const word_list *arguments, program_result *r,
                       json_t **wrapped) {
  const word_list wrap = wrap_words(p, key);
  if (!program_run_within(&wrap, arguments, p->timeout, r))
    return false;
  program_check(r, arguments, c->program);
  *wrapped = wrapped_json(&wrap, r, !r->record);
  return r->record || program_run(arguments, p->timeout, r);
}

json_t *run_cell(const plan *p, const plan_cell *c, const char *key,
                 const char *timeline) {
  char started[32];
  time_t now = time(NULL);
  strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));

  const word_list arguments = run_arguments(p, c, key, timeline);
  program_result result;
  json_t *wrapped = NULL;
  if (!(p->wrap && key ? run_within(p, c, key, &arguments, &result, &wrapped)
                       : program_run(&arguments, p->timeout, &result))) {
    json_decref(wrapped);
    return NULL;
  }
  program_check(&result, &arguments, c->program);
  json_t *record = result.record
                       ? result.record
                       : substitute_record(p, c, result.status, result.reason);
  if (wrapped)
    json_object_set_new(record, "wrapped", wrapped);
  if (result.left_behind)
    json_object_set_new(record, "left_behind", json_string(result.left_behind));
  json_object_set_new(record, "cell", json_string(c->id));
  json_object_set_new(record, "suite", json_string(p->suite));
  json_object_set_new(record, "started", json_string(started));
  json_object_set_new(record, "elapsed", record_integer(result.elapsed));
  return record;
}
