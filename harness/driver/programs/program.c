/* program.c: runs a collector program and takes its record. */
#include "program.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "spawn.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

/* Why there is no record, beginning with the words that tables show; *status
 * becomes the verdict's. */
static const char *explain(const spawn_result *r, double timeout,
                           const char *invalid, const char **status) {
  const char *trouble = spawn_trouble(r, timeout);
  *status = r->end == SPAWN_TIMED_OUT ? "TIMEOUT"
            : r->end == SPAWN_FAILED  ? "ERROR"
                                      : "CRASH";
  if (trouble)
    return trouble;
  return arena_text("exit status 0: no valid record: %s%s%s", invalid,
                    *r->last_words ? ": " : "", r->last_words);
}

/* Fields that the driver adds, and no program may. */
static const char *const of_driver[] = {
    "key",     "cell",    "suite",  "invocation", "order",   "started",
    "elapsed", "canary",  "probe",  "timeout",    "program", "left_behind",
    "suspect", "machine", "beside", "wrapped"};

static void take_from_program(json_t *record) {
  record_clean(record);
  for (size_t i = 0; i < sizeof of_driver / sizeof *of_driver; i++)
    json_object_del(record, of_driver[i]);
}

/* Whether the process ended as one does that has written its record. */
static bool ended_well(const spawn_result *r) {
  return r->end == SPAWN_EXITED && !r->code;
}

/* The record it wrote, or NULL and what is wrong with it.  That of a program
 * within a command counts whatever the command did then. */
static json_t *read_record(const spawn_result *r, bool within, char *invalid,
                           size_t room) {
  snprintf(invalid, room, "nothing was written");
  if (!r->output_bytes || !(ended_well(r) || within))
    return NULL;
  json_error_t error;
  json_t *record = json_loadb(r->output, r->output_bytes, 0, &error);
  if (record)
    take_from_program(record);
  if (!record)
    snprintf(invalid, room, "%s", error.text);
  else if (!record_valid(record, invalid, room)) {
    json_decref(record);
    record = NULL;
  } else
    record_judge(record);
  return record;
}

void program_add_options(word_list *words, const spec *options) {
  for (size_t i = 0; i < options->count; i++) {
    const spec_setting *o = &options->settings[i];
    word_list_add(words, "--option");
    word_list_add(words, arena_text("%s=%s", o->key, o->value));
  }
}

void program_fix_addresses(void) {
  int now = personality(0xffffffff); /* asks */
  if (now != -1)
    personality((unsigned long)now | ADDR_NO_RANDOMIZE);
}

spawn_child *program_begin(const word_list *words, double timeout,
                           spawn_limit limit) {
  word_list a = {0};
  for (size_t i = 0; i < words->count; i++)
    word_list_add(&a, words->words[i]);
  word_list_add(&a, "--record-fd");
  word_list_add(&a, arena_text("%d", SPAWN_RECORD));
  word_list_add(&a, NULL);
  return spawn_begin((char *const *)a.words, SPAWN_RECORD, timeout, limit);
}

static bool take(spawn_child *child, double timeout, bool within,
                 program_result *out) {
  spawn_result r;
  spawn_take(child, &r);
  char invalid[160];
  *out = (program_result){.elapsed = r.elapsed,
                          .errors = arena_text("%s", r.errors ? r.errors : ""),
                          .record =
                              read_record(&r, within, invalid, sizeof invalid)};
  if (!out->record)
    out->reason = explain(&r, timeout, invalid, &out->status);
  if (within && !ended_well(&r))
    out->around = arena_text("%s", spawn_trouble(&r, timeout));
  if (r.left)
    out->left_behind = arena_text("%s", r.left);
  bool finished = r.end != SPAWN_INTERRUPTED && !spawn_is_shortage(&r);
  if (spawn_is_shortage(&r))
    say("a collector %s", out->reason);
  spawn_result_free(&r);
  return finished;
}

bool program_take(spawn_child *child, double timeout, program_result *out) {
  return take(child, timeout, false, out);
}

bool program_run_within(const word_list *around, const word_list *words,
                        double timeout, program_result *out) {
  word_list all = {0};
  for (size_t i = 0; i < around->count; i++)
    word_list_add(&all, around->words[i]);
  for (size_t i = 0; i < words->count; i++)
    word_list_add(&all, words->words[i]);
  spawn_child *child = program_begin(&all, timeout, SPAWN_BY_CLOCK);
  spawn_await(child);
  return take(child, timeout, true, out);
}

bool program_run(const word_list *words, double timeout, program_result *out) {
  spawn_child *child = program_begin(words, timeout, SPAWN_BY_CLOCK);
  spawn_await(child);
  return program_take(child, timeout, out);
}

const char *program_settings_differ(const json_t *settings, const spec *given,
                                    const char *what) {
  for (size_t i = 0; i < given->count; i++) {
    const spec_setting *s = &given->settings[i];
    const json_t *is = json_object_get(settings, s->key);
    uint64_t number;
    const bool same =
        json_is_integer(is)
            ? words_number(s->value, &number) &&
                  (json_int_t)number == json_integer_value(is)
            : json_is_string(is) && !strcmp(json_string_value(is), s->value);
    if (same)
      continue;
    char *text = is ? json_dumps(is, JSON_ENCODE_ANY) : NULL;
    const char *wrong = arena_text("its %s %s is %s, not %s", what, s->key,
                                   text ? text : "missing", s->value);
    free(text);
    return wrong;
  }
  return NULL;
}

static const char *differs_as_text(const json_t *record, const char *path,
                                   const char *wanted) {
  const char *is = record_text(record, path);
  return strcmp(is, wanted)
             ? arena_text("its %s is '%s', not '%s'", path, is, wanted)
             : NULL;
}

static const char *differs_as_number(const json_t *record, const char *path,
                                     uint64_t wanted) {
  const json_int_t is = json_integer_value(record_get(record, path));
  return is != (json_int_t)wanted ? arena_text("its %s is %lld, not %ju", path,
                                               (long long)is, (uintmax_t)wanted)
                                  : NULL;
}

/* The word after `option`, or what holds without it. */
static const char *word_after(const word_list *words, const char *option,
                              const char *otherwise) {
  for (size_t i = 1; i + 1 < words->count; i++)
    if (!strcmp(words->words[i], option))
      return words->words[i + 1];
  return otherwise;
}

static spec options_in(const word_list *words) {
  spec options = {0};
  for (size_t i = 1; i + 1 < words->count; i++) {
    const char *value = words->words[i + 1], *equals = strchr(value, '=');
    if (!strcmp(words->words[i], "--option") && equals)
      spec_set(&options, arena_text("%.*s", (int)(equals - value), value),
               equals + 1);
  }
  return options;
}

static uint64_t number_in(const word_list *words, const char *option,
                          const char *otherwise) {
  uint64_t number = 0;
  words_number(word_after(words, option, otherwise), &number);
  return number;
}

/* A workload that takes no threads has one, whatever was asked for. */
static uint64_t threads_in(const word_list *words, const collector *of,
                           const spec *workload) {
  const json_t *about = collector_workload(of, workload->name);
  return !about || workload_is_threaded(about)
             ? number_in(words, "--threads", "1")
             : 1;
}

const char *program_difference(const json_t *record, const word_list *words,
                               const collector *of) {
  spec workload;
  const spec options = options_in(words);
  const char *wrong = differs_as_text(record, "collector", of->name);
  const json_t *instrumented = json_object_get(record, "instrumented");
  const bool off = !strcmp(word_after(words, "--instrument", "on"), "off");
  if (!wrong)
    wrong = spec_parse(word_after(words, "--run", ""), &workload);
  if (!wrong)
    wrong = differs_as_text(record, "workload", workload.name);
  if (!wrong)
    wrong = program_settings_differ(json_object_get(record, "params"),
                                    &workload, "parameter");
  if (!wrong)
    wrong = program_settings_differ(json_object_get(record, "options"),
                                    &options, "option");
  if (!wrong)
    wrong = differs_as_text(record, "heap.asked",
                            word_after(words, "--heap", "none"));
  if (!wrong)
    wrong =
        differs_as_number(record, "threads", threads_in(words, of, &workload));
  if (!wrong)
    wrong = differs_as_number(record, "seed", number_in(words, "--seed", "1"));
  if (!wrong && instrumented && json_is_true(instrumented) == off)
    wrong = off ? "it ran with instruments" : "it ran without instruments";
  return wrong;
}

void program_check(program_result *r, const word_list *words,
                   const collector *of) {
  const char *difference =
      r->record ? program_difference(r->record, words, of) : NULL;
  if (!difference)
    return;
  json_decref(r->record);
  r->record = NULL;
  r->status = "CRASH";
  r->reason = arena_text("exit status 0: no valid record: %s", difference);
}
