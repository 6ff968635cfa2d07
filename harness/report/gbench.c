/* gbench.c: a report as Google Benchmark writes its results: a benchmark per
 * cell, a repetition per invocation, one iteration each: the measured part.
 * The other metrics are user counters, which stand beside the fields of a
 * repetition.
 *
 * Cells that failed, and those whose collector did not collect, are no
 * benchmarks here; those in which it hardly did have no pauses.  Google
 * Benchmark gives a benchmark with an error a time of 0, and tools that track
 * times take 0 for the best one ever.  The context names these cells. */
#include "tables.h"
#include "exercise.h"
#include "harness/base/arena.h"

#include <math.h>
#include <string.h>

static const char *word(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* Where Google Benchmark has a number, null says that it is not known. */
static void set_known(json_t *context, const char *name, const json_t *number) {
  json_int_t value = json_integer_value(number);
  json_object_set_new(context, name,
                      value > 0 ? json_integer(value) : json_null());
}

const char *report_left_out(const report_cell *c) {
  const char *reason = report_failure_reason(c);
  if (report_is_good(c))
    return report_compares_time(c) ? NULL : report_exercise_text(c);
  return arena_text("%s%s%s", report_verdict_text(c), *reason ? ": " : "",
                    reason);
}

/* The cells that are left out, and why. */
static json_t *gbench_left_out(const report *r) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    const char *reason = report_left_out(c);
    if (reason)
      json_array_append_new(
          list, json_pack("{s:s, s:s}", "name", c->id, "reason", reason));
  }
  return list;
}

static json_t *gbench_context(const report *r) {
  const json_t *machine = r->machine;
  const json_t *cpu = json_object_get(machine, "cpu");
  json_t *context = json_object();
  json_object_set_new(context, "date", json_string(word(machine, "date")));
  json_object_set_new(context, "executable", json_string("reapmark"));
  set_known(context, "num_cpus", json_object_get(cpu, "allowed"));
  set_known(context, "mhz_per_cpu", json_object_get(cpu, "mhz"));
  json_object_set_new(
      context, "cpu_scaling_enabled",
      json_boolean(!strcmp(word(cpu, "governor"), "powersave")));
  json_object_set_new(context, "caches", json_array());
  json_t *load = json_object_get(machine, "load");
  bool known = json_number_value(json_array_get(load, 0)) >= 0;
  json_object_set_new(context, "load_avg",
                      load && known ? json_incref(load) : json_array());
  json_object_set_new(context, "library_build_type", json_string("release"));
  json_object_set_new(context, "left_out", gbench_left_out(r));
  const char *builds = report_builds_text(r, r);
  if (builds)
    json_object_set_new(context, "compiled", json_string(builds));
  return context;
}

static json_t *gbench_repetition(const report *r, const report_cell *c,
                                 size_t family, const report_sample *s) {
  json_t *b = json_pack(
      "{s:s, s:i, s:i, s:s, s:s, s:i, s:i, s:i}", "name", c->id, "family_index",
      (int)family, "per_family_instance_index", 0, "run_name", c->id,
      "run_type", "iteration", "repetitions", (int)r->invocations,
      "repetition_index", s->invocation - 1, "threads", c->threads);
  json_object_set_new(b, "iterations", json_integer(1));
  json_object_set_new(b, "time_unit", json_string("ms"));
  for (size_t m = 0; m < METRICS; m++) {
    double value = s->values[m];
    const char *name = metrics[m].name;
    if (!strcmp(name, "wall_ns") || !strcmp(name, "cpu_ns")) {
      name = name[0] == 'w' ? "real_time" : "cpu_time";
      value /= 1e6;
    } else if (!strcmp(name, "throughput_per_s"))
      name = "items_per_second";
    else if (metrics[m].combine == COMBINE_SPREAD)
      continue; /* Google Benchmark's tools compute the spread themselves */
    if (isfinite(value) && report_compares(c, &metrics[m]))
      json_object_set_new(b, name, metric_json(&metrics[m], value));
  }
  return b;
}

static bool is_benchmark(const report_cell *c) {
  return report_is_good(c) && report_compares_time(c);
}

/* The repetition that comes next. */
typedef struct repetition {
  const report *report;
  size_t cell, sample;
} repetition;

static json_t *next_repetition(void *state) {
  repetition *at = state;
  const report *r = at->report;
  for (; at->cell < r->count; at->cell++, at->sample = 0) {
    const report_cell *c = &r->cells[at->cell];
    if (is_benchmark(c) && at->sample < c->count)
      return gbench_repetition(r, c, at->cell, &c->samples[at->sample++]);
  }
  return NULL;
}

page *report_gbench(const report *r) {
  page *p = page_new(NULL);
  repetition *first = arena_take(sizeof *first);
  first->report = r;
  p->json = json_pack("{s:o}", "context", gbench_context(r));
  p->list = "benchmarks";
  p->next = next_repetition;
  p->state = first;
  return p;
}
