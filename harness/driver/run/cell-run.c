/* cell-run.c: see cell-run.h. */
#include "cell-run.h"
#include "harness/base/arena.h"
#include "harness/base/words.h"
#include "harness/driver/programs/program.h"
#include "harness/record/record.h"

#include <time.h>

/* The words of the command. */
static word_list run_arguments(const plan *p, const plan_cell *c,
                               const char *timeline) {
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

json_t *run_cell(const plan *p, const plan_cell *c, const char *timeline) {
  char started[32];
  time_t now = time(NULL);
  strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));

  const word_list arguments = run_arguments(p, c, timeline);
  program_result result;
  if (!program_run(&arguments, p->timeout, &result))
    return NULL;
  program_check(&result, &arguments, c->program);
  json_t *record = result.record
                       ? result.record
                       : substitute_record(p, c, result.status, result.reason);
  if (result.left_behind)
    json_object_set_new(record, "left_behind", json_string(result.left_behind));
  json_object_set_new(record, "cell", json_string(c->id));
  json_object_set_new(record, "suite", json_string(p->suite));
  json_object_set_new(record, "started", json_string(started));
  json_object_set_new(record, "elapsed", record_integer(result.elapsed));
  return record;
}
