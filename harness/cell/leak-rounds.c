/* leak-rounds.c: what the heap holds of objects that a leak-* workload has
 * dropped, at the moments of each of its rounds.
 *
 * Each reading makes the collector count its objects, which may be slow;
 * workloads with rounds are not timed. */
#include "cell.h"

#include <stdlib.h>

#include "harness/record/record.h"

/* One round.  Round 0 is the state before the first. */
typedef struct round {
  wl_expectation expected; /* at WL_COLLECTED */
  gc_usage held[WL_MOMENTS];
} round;

/* The last element is the current round. */
static round *rounds;
static size_t count;

/* Objects made in the largest round. */
static uint64_t most_made;

/* Rounds in which the collector was free to hold dead objects right after they
 * were dropped, and those of them in which it did. */
static unsigned chances, taken;

enum { CHANCES_LEAST = 3 }; /* fewer could be coincidence */

static round *begin_round(void) {
  rounds = realloc(rounds, (count + 1) * sizeof *rounds);
  if (!rounds)
    cell_die("no memory for the readings of a round");
  rounds[count] = (round){{0}, {{0}}};
  return &rounds[count++];
}

static void judge_late(const workload *w, wl_moment moment, wl_expectation e,
                       uint64_t objects) {
  gc_capabilities can = gc_this_collector.can;
  can.reclaims = cell_reclaims(can, w);
  wl_expectation before = rounds[count - 2].expected;
  uint64_t late = cell_late(can, before, e) + wl_spare(e.allocated - e.live) +
                  cell_spare_of_round();
  cell_add_verdict(cell_judge_late(can.reclaims, e, late, objects));
  if (moment != WL_DROPPED || late == 0)
    return;
  chances++;
  taken += objects > cell_remains(can.reclaims, e.live, e.cyclic, e.allocated);
}

uint64_t cell_spare_of_round(void) {
  return gc_this_collector.can.conservative ? most_made : 0;
}

/* With a frame of its own, made where the stack has been cleared. */
__attribute__((noinline)) static void held(wl_thread *t, wl_moment moment,
                                           wl_expectation e) {
  round *r = moment == WL_START || moment == WL_DROPPED ? begin_round()
                                                        : &rounds[count - 1];
  if (moment == WL_DROPPED) {
    uint64_t made = e.allocated - rounds[count - 2].expected.allocated;
    most_made = made > most_made ? made : most_made;
  }
  bool collected = moment == WL_START || moment == WL_COLLECTED;
  if (collected) {
    wl_expect(t, e);
    r->expected = e;
  }
  r->held[moment] = cell_heap_usage(t->run->heap);
  if (collected)
    r->held[moment].objects = gc_heap_objects(t->run->heap);
  else if (r->held[moment].objects != GC_UNKNOWN)
    judge_late(t->run->workload, moment, e, r->held[moment].objects);
}

void wl_held(wl_thread *t, wl_moment moment, wl_expectation e) {
  cell_clear_stack();
  held(t, moment, e);
}

bool cell_reclaims_unasked(void) {
  return gc_this_collector.can.prompt == GC_PROMPT_NO && taken == 0 &&
         chances >= CHANCES_LEAST;
}

static json_t *compose_value(uint64_t value) {
  return value == GC_UNKNOWN ? json_null() : record_integer(value);
}

/* Adds the readings of one moment, one per round. */
static void set_moment(json_t *leaks, const char *name, wl_moment moment) {
  json_t *objects = json_array(), *bytes = json_array();
  for (size_t i = 1; i < count; i++) {
    const gc_usage *u = &rounds[i].held[moment];
    json_array_append_new(objects, compose_value(u->objects));
    json_array_append_new(bytes, compose_value(u->cells));
  }
  json_object_set_new(
      leaks, name, json_pack("{s:o,s:o}", "objects", objects, "bytes", bytes));
}

json_t *cell_leak_rounds(void) {
  if (count < 2)
    return NULL;
  json_t *reachable = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(reachable, record_integer(rounds[i].expected.live));
  const gc_usage *start = &rounds[0].held[WL_START];
  wl_expectation last = rounds[count - 1].expected;
  json_t *leaks =
      json_pack("{s:{s:o,s:o},s:o,s:o}", "start", "objects",
                compose_value(start->objects), "bytes",
                compose_value(start->cells), "reachable", reachable, "spare",
                record_integer(wl_spare(last.allocated - last.live) +
                               cell_spare_of_round()));
  set_moment(leaks, "dropped", WL_DROPPED);
  set_moment(leaks, "quiet", WL_QUIET);
  set_moment(leaks, "collected", WL_COLLECTED);
  return leaks;
}
