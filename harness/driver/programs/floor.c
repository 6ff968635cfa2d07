/* floor.c: computes the interface floor of a cell: the sum, over the primitives
 * that move references, of the number of calls (counted by the collector
 * "oracle") times the time of one call.  Allocation is left out, because its
 * cost is what the suite measures. */
#include "floor.h"
#include "describe.h"
#include "harness/base/arena.h"
#include "micro.h"
#include "harness/base/say.h"
#include "harness/record/record.h"

#include <string.h>

static const struct part {
  const char *primitive, *counter;
} parts[] = {{"load", "loads"},          {"borrow", "borrows"},
             {"store", "stores"},        {"copy", "copies"},
             {"move", "moves"},          {"frame", "frames"},
             {"safepoint", "safepoints"}};
enum { PARTS = sizeof parts / sizeof *parts };

#define PRIMITIVES "loop,load,borrow,store,copy,move,frame,safepoint"
enum { COUNT_TIMEOUT = 120 };
#define MIN_TIME 0.02

static double time_of(const json_t *micro, const char *primitive) {
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(micro, "primitives"), i, row) {
    if (!strcmp(json_string_value(json_object_get(row, "name")), primitive))
      return json_number_value(json_object_get(row, "ns_median"));
  }
  return 0;
}

static double floor_of(const json_t *micro, const json_t *counters) {
  double loop = time_of(micro, "loop"), sum = 0;
  for (const struct part *p = parts; p < parts + PARTS; p++) {
    double each = time_of(micro, p->primitive) - loop;
    sum += each > 0
               ? each * json_number_value(json_object_get(counters, p->counter))
               : 0;
  }
  return sum;
}

/* What the primitives of a cell's collector take.  Cells that share a collector
 * and its options share the measurement, which `cache` keeps. */
static json_t *micro_of(json_t *cache, const plan_cell *c) {
  const char *key = spec_text(&c->options);
  if (json_object_get(cache, key))
    return json_object_get(cache, key);
  json_t *micro =
      c->program ? micro_time(c->program, &c->options, MIN_TIME, PRIMITIVES)
                 : NULL;
  json_object_set_new(cache, key, micro ? micro : json_null());
  return json_object_get(cache, key);
}

/* How often a cell's workload calls each primitive, likewise.  This is the same
 * whenever it is counted, so it is counted once. */
static json_t *counters_of(const collector *oracle, const plan_cell *c,
                           uint64_t seed) {
  static json_t *cache;
  cache = cache ? cache : json_object();
  const char *workload = spec_text(&c->workload);
  const char *key = arena_text("%s %u", workload, c->threads);
  if (json_object_get(cache, key))
    return json_object_get(cache, key);
  json_t *record =
      describe_count(oracle, workload, c->threads, seed, COUNT_TIMEOUT);
  json_t *counters = json_object_get(record, "counters");
  json_object_set(cache, key, counters ? counters : json_null());
  json_decref(record);
  return json_object_get(cache, key);
}

/* Whether the program is an adapter, whose interface can be timed.  A runtime
 * that replays a trace inside itself has no C interface. */
static bool has_interface(const collector *c) {
  return c && !strcmp(collector_kind(c), "reference") &&
         json_array_size(json_object_get(c->about, "primitives")) > 0;
}

/* Whether the cell's floor will be shown.  In a suite that ends with a table of
 * its own, only targets show floors: its cells may be large, and counting their
 * operations takes long. */
static bool is_wanted(const plan *p, const plan_cell *c) {
  for (size_t i = 0; i < p->targets_count; i++) {
    const plan_target *t = &p->targets[i];
    if (t->floor && t->over && !strcmp(t->over, c->id))
      return true;
  }
  return !p->targets_count && !p->table;
}

json_t *floor_measure(const plan *p, const collectors *all) {
  const collector *oracle = discover_find(all, "oracle");
  json_t *micros = json_object();
  json_t *floors = json_array();
  for (size_t i = 0; oracle && i < p->cells_count; i++) {
    const plan_cell *c = &p->cells[i];
    if (!has_interface(c->program) || c->missing || c->untimed || c->canary ||
        !is_wanted(p, c))
      continue;
    if (!json_array_size(floors))
      say("measuring what the interfaces of the production runtimes cost");
    json_t *micro = micro_of(micros, c);
    json_t *counters = counters_of(oracle, c, p->seed);
    if (json_is_object(micro) && json_is_object(counters))
      json_array_append_new(floors, json_pack("{s:s, s:f}", "cell", c->id, "ns",
                                              floor_of(micro, counters)));
  }
  json_t *json = json_array_size(floors)
                     ? json_pack("{s:i, s:O}", "schema", 1, "floors", floors)
                     : NULL;
  json_decref(floors);
  json_decref(micros);
  return json;
}
