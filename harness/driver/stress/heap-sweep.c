/* heap-sweep.c: see heap-sweep.h. */
#include "heap-sweep.h"
#include "harness/base/arena.h"

#include <string.h>

/* Each takes milliseconds, and leaves holes of another kind: entries of caches
 * between those that stay, trees that die at once beside a large object, tables
 * of large objects.  What they hold is large beside the blocks of a collector:
 * in a heap of two or three blocks, the blocks and not the objects decide what
 * fits. */
static const char *const workloads[] = {
    "globals:entries=1000,ops=2000",
    "fragmentation:volume=262144,rounds=6,keep=8",
    "binary-trees:depth=12,stretch=12,array=10000,rounds=1",
    "large-objects:min=4096,max=65536,live=16,steps=60",
};

/* Heaps are from one time to about six times of what the collector must hold,
 * the last where half of the heap is for copies and blocks are coarse. */
enum { STEP_PERCENT = 105, STEPS = 36 };

/* Heaps that are tried after the smallest that suffices: up to about twice. */
enum { LARGER = 15 };

/* Runs one workload in all heaps.  False if it has to wait for an episode;
 * *seen counts the entries of the trial. */
static bool sweep_heaps(campaign *c, trial *t, const char *workload,
                        size_t *seen) {
  const json_t *enough = NULL;
  episode e = campaign_episode(c, t);
  e.run = workload;
  e.operations = 0;
  e.seed = 1; /* of the workload: all rounds are the same */
  uint64_t heap = 0, enough_heap = 0;
  unsigned larger = 0;
  for (unsigned step = 0; step <= STEPS && larger <= LARGER; step++) {
    e.heap = heap;
    e.variant = arena_text("%s/%ju", workload, (uintmax_t)heap);
    const json_t *entry = campaign_entry(c, &e);
    if (!entry)
      return false;
    if ((*seen)++ == t->step)
      trial_add(t, entry);
    if (t->tally.fault)
      return true;
    bool fits = strcmp(entry_text(entry, "verdict"), "OOM");
    if (step && !fits && enough) {
      json_t *fault = json_copy((json_t *)entry);
      json_object_set_new(fault, "result", json_string("failed"));
      json_object_set_new(fault, "oracle", json_string("limit"));
      json_object_set_new(
          fault, "reason",
          json_string(arena_text("%s runs out of memory with a heap of %ju "
                                 "bytes, though %ju suffice",
                                 workload, (uintmax_t)heap,
                                 (uintmax_t)enough_heap)));
      t->tally.fault = fault;
      return true;
    }
    larger += step && fits;
    if (step && fits && !enough) {
      enough = entry;
      enough_heap = heap;
    }
    /* The first run has no limit and tells how much must be held. */
    heap = step ? heap * STEP_PERCENT / 100 : entry_number(entry, "must_hold");
  }
  return true;
}

bool heap_sweep_run(campaign *c, trial *t) {
  size_t seen = 0;
  bool any = false;
  if (t->oracle) /* a comparison of the random mutator */
    return true;
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    const char *name =
        arena_text("%.*s", (int)strcspn(workloads[i], ":"), workloads[i]);
    if (!collector_workload(t->subject->program, name))
      continue;
    any = true;
    if (!sweep_heaps(c, t, workloads[i], &seen))
      return false;
    if (t->tally.fault)
      return true;
  }
  if (!any)
    t->tally.missing = "it lacks the workloads";
  return true;
}
