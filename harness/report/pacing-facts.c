/* pacing-facts.c: see pacing-facts.h. */
#include "pacing-facts.h"
#include "harness/base/say.h"
#include "harness/record/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *take(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (memory)
    return memory;
  say("out of memory");
  exit(EXIT_SOME_FAILED);
}

/* An element of an array; NAN if it is no number (null). */
static double element(const json_t *array, size_t i) {
  const json_t *value = json_array_get(array, i);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static void read_lines(pacing_facts *f, const json_t *lines) {
  f->lines_count = json_array_size(lines);
  f->lines = take(f->lines_count, sizeof *f->lines);
  for (size_t i = 0; i < f->lines_count; i++) {
    const json_t *line = json_array_get(lines, i);
    f->lines[i] = (pacing_line){.at = element(line, 0),
                                .full = element(line, 1),
                                .due = element(line, 2),
                                .used = element(line, 3),
                                .live = element(line, 4),
                                .external = element(line, 5),
                                .allocated = element(line, 6),
                                .cost = element(line, 7),
                                .mutator = element(line, 8),
                                .goal = element(line, 9)};
  }
}

static void read_samples(pacing_facts *f, const json_t *memory,
                         const json_t *garbage) {
  f->samples_count = json_array_size(memory);
  f->samples = take(f->samples_count, sizeof *f->samples);
  for (size_t i = 0; i < f->samples_count; i++) {
    const json_t *held = json_array_get(memory, i);
    const json_t *dead = json_array_get(garbage, i);
    f->samples[i] = (pacing_sample){.at = element(held, 0),
                                    .footprint = element(held, 1),
                                    .resident = element(held, 2),
                                    .live_objects = element(dead, 1),
                                    .live = element(dead, 2),
                                    .garbage = element(dead, 3)};
  }
}

/* The mean over time of numbers that hold until the next sample. */
static double mean_over_time(const pacing_facts *f,
                             double (*number)(const pacing_sample *s)) {
  double sum = 0, span = 0;
  for (size_t i = 0; i + 1 < f->samples_count; i++) {
    const double held = f->samples[i + 1].at - f->samples[i].at;
    sum += held * number(&f->samples[i]);
    span += held;
  }
  return span > 0 ? sum / span : NAN;
}

static double footprint_of(const pacing_sample *s) {
  return s->footprint;
}

static double live_of(const pacing_sample *s) {
  return s->live;
}

static pacing_stability read_stability(const json_t *record, const char *path) {
  const json_t *json = record_get(record, path);
  pacing_stability s = {.verdict = STABILITY_TOO_SHORT,
                        .slope = record_number(json, "slope")};
  const char *word = json ? record_text(json, "verdict") : "";
  for (stability_verdict v = STABILITY_TOO_SHORT; v <= STABILITY_GROWING; v++)
    if (!strcmp(word, stability_names[v])) {
      s.known = true;
      s.verdict = v;
    }
  return s;
}

static double or_else(double number, double otherwise) {
  return isnan(number) ? otherwise : number;
}

/* Without a word on it, the heap's limit decides whether there is a goal. */
static const char *policy_of(const json_t *record) {
  const char *policy = record_text(record, "options.policy");
  if (strcmp(policy, "auto"))
    return policy;
  return record_number(record, "heap.limit") > 0 ? "limit" : "percent";
}

/* As the adapters to CPython call them, or refcount-generations. */
static void read_thresholds(pacing_facts *f, const json_t *record) {
  static const char *const names[2][3] = {
      {"options.threshold0", "options.threshold1", "options.threshold2"},
      {"options.young", "options.middle", "options.old"}};
  for (unsigned i = 0; i < 3; i++)
    f->thresholds[i] = or_else(record_number(record, names[0][i]),
                               record_number(record, names[1][i]));
}

static double cells_per_byte(const json_t *record) {
  bool only_live = record_number(record, "memory.settled.objects") ==
                   record_number(record, "memory.settled.live_objects");
  return only_live ? record_number(record, "memory.settled.cells") /
                         record_number(record, "memory.settled.live_bytes")
                   : NAN;
}

pacing_facts pacing_read(const json_t *record) {
  pacing_facts f = {
      .length = record_number(record, "time.wall") +
                record_number(record, "time.instrument") +
                record_number(record, "time.skipped"),
      .policy = policy_of(record),
      .live = or_else(record_number(record, "garbage.live.bytes"),
                      record_number(record, "heap.live")),
      .live_objects_most = record_number(record, "garbage.live.objects"),
      .resident = record_number(record, "memory.peak") -
                  record_number(record, "memory.baseline"),
      .footprint_most = record_number(record, "memory.footprint_peak"),
      .footprint_end = record_number(record, "memory.footprint"),
      .garbage_most = record_number(record, "garbage.objects.max"),
      .garbage_median = record_number(record, "garbage.objects.median"),
      .garbage_end = record_number(record, "garbage.objects.end"),
      .held_most = record_number(record, "garbage.bytes.max"),
      .held_median = record_number(record, "garbage.bytes.median"),
      .garbage = read_stability(record, "stability.garbage"),
      .memory = read_stability(record, "stability.memory"),
      .allocated = record_number(record, "heap.allocated"),
      .collections = record_number(record, "exercise.collections"),
      .full = record_number(record, "exercise.full"),
      .overshoot = record_number(record, "pacing_over") / 10,
      .external_most = record_number(record, "memory.external_peak"),
      .external_counted =
          json_is_true(record_get(record, "memory.external_counted")),
      .growth_least = 1024 * record_number(record, "options.growth-least"),
      .give_back = record_number(record, "options.give-back"),
      .leaked = record_number(record, "verdict.leaked"),
      .declared = json_is_true(record_get(record, "verdict.declared")),
      .limit = record_number(record, "heap.limit"),
      .cells_per_byte = cells_per_byte(record),
      .settled_free = record_number(record, "memory.settled.free"),
      .settled_pages = record_number(record, "memory.settled.pages")};
  /* A policy sees what is counted, unless it is told not to. */
  f.external_seen =
      f.external_counted && record_number(record, "options.see-external") != 0;
  read_thresholds(&f, record);
  read_lines(&f, record_get(record, "pacing"));
  read_samples(&f, record_get(record, "memory.curve"),
               record_get(record, "garbage.curve"));
  f.footprint_mean = mean_over_time(&f, footprint_of);
  f.live_mean = or_else(mean_over_time(&f, live_of), f.live);
  f.live_end = f.samples_count ? f.samples[f.samples_count - 1].live : NAN;
  return f;
}

void pacing_free(pacing_facts *f) {
  free(f->lines);
  free(f->samples);
}
