/* exercise.c: what the collector did in the measured part, by its own counters:
 * how often it collected.  Collections before and after, which the harness asks
 * for, do not count.
 *
 * The rule that decides whether that is enough is in
 * harness/record/exercised.h. */
#include "cell.h"

#include <string.h>

#include "harness/record/record.h"

/* The counters that gc.h gives a meaning to. */
typedef struct reading {
  bool collects, full_known, candidates_known; /* whether it has them */
  uint64_t collections, full, candidates;
} reading;

static reading first, last;

static bool ends_with(const char *text, const char *tail) {
  size_t n = strlen(text), k = strlen(tail);
  return n >= k && !strcmp(text + n - k, tail);
}

/* Kinds of collections ("minor-collections") add up to all of them, unless the
 * collector counts all of them itself.  Searches for dead cycles, and those
 * through candidates for what has died, are added. */
static reading read_counters(gc_heap *heap) {
  static const char *const full[] = {"full-collections", "major-collections",
                                     "whole-collections"};
  gc_counter counters[CELL_COUNTERS];
  size_t n = gc_heap_counters(heap, counters, CELL_COUNTERS);
  reading r = {0};
  uint64_t all = 0, kinds = 0, searches = 0;
  bool counts_all = false;
  for (const gc_counter *c = counters; c < counters + n; c++) {
    if (!strcmp(c->name, "collections")) {
      counts_all = true;
      all = c->value;
    } else if (!strcmp(c->name, "detections") || !strcmp(c->name, "purges")) {
      r.collects = true;
      searches += c->value;
    } else if (!strcmp(c->name, "candidates")) {
      r.candidates_known = true;
      r.candidates = c->value;
    } else if (ends_with(c->name, "-collections")) {
      r.collects = true;
      kinds += c->value;
    }
    for (size_t i = 0; i < sizeof full / sizeof *full; i++)
      if (!strcmp(c->name, full[i])) {
        r.full_known = true;
        r.full += c->value;
      }
  }
  r.collects |= counts_all;
  r.collections = (counts_all ? all : kinds) + searches;
  return r;
}

/* A collector that reclaims nothing by itself has nothing to exercise. */
static bool reclaims_by_itself(void) {
  const gc_capabilities *can = &gc_this_collector.can;
  return can->reclaims != GC_RECLAIMS_NOTHING && !can->explicit_free;
}

/* Pure counting: dead cycles stay, and it counts no collections that would
 * free anything else. */
static bool only_counts(void) {
  const gc_capabilities *can = &gc_this_collector.can;
  return can->reclaims == GC_RECLAIMS_ACYCLIC &&
         (can->prompt != GC_PROMPT_NO || !last.collects);
}

void cell_exercise_begin(gc_heap *heap) {
  if (reclaims_by_itself())
    first = read_counters(heap);
}

void cell_exercise_end(gc_heap *heap) {
  if (reclaims_by_itself())
    last = read_counters(heap);
}

/* Objects that died before the first expectation after the measured part. */
static void add_deaths(json_t *json) {
  gc_usage usage;
  wl_expectation e;
  if (cell_settled(&usage, &e) && e.allocated >= e.live)
    json_object_set_new(json, "deaths", record_integer(e.allocated - e.live));
}

json_t *cell_exercise(const cell_run *run) {
  if (!reclaims_by_itself())
    return json_pack("{s:s}", "by", "nothing");
  if (cell_measurement.apart)
    return json_pack("{s:s}", "by", "apart");
  json_t *json =
      json_pack("{s:s}", "by", only_counts() ? "deaths" : "collections");
  add_deaths(json);
  if (only_counts())
    return json;
  json_object_set_new(
      json, "counts",
      json_boolean(gc_this_collector.can.prompt != GC_PROMPT_NO));
  json_object_set_new(json, "cyclic", json_boolean(run->volume.cyclic > 0));
  if (last.collects)
    json_object_set_new(json, "collections",
                        record_integer(last.collections - first.collections));
  if (last.full_known)
    json_object_set_new(json, "full", record_integer(last.full - first.full));
  if (last.candidates_known)
    json_object_set_new(json, "candidates",
                        record_integer(last.candidates - first.candidates));
  return json;
}
