/* judge.c: the rules by which a verdict is reached, as pure functions. */
#include "cell.h"

#include "common/hostile/mutants.h"

#include <inttypes.h>
#include <stdio.h>

gc_reclaims cell_reclaims(gc_capabilities can, const workload *w) {
  return can.reclaims == GC_RECLAIMS_ALL && can.weak_keys && w->cyclic_pairs
             ? GC_RECLAIMS_ACYCLIC
             : can.reclaims;
}

uint64_t cell_reclaimed(gc_reclaims reclaims, uint64_t acyclic,
                        uint64_t cyclic) {
  return (reclaims >= GC_RECLAIMS_ACYCLIC ? acyclic : 0) +
         (reclaims >= GC_RECLAIMS_ALL ? cyclic : 0);
}

uint64_t cell_remains(gc_reclaims reclaims, uint64_t live, uint64_t cyclic,
                      uint64_t allocated) {
  switch (reclaims) {
  case GC_RECLAIMS_NOTHING:
    return allocated;
  case GC_RECLAIMS_ACYCLIC:
    return live + cyclic;
  case GC_RECLAIMS_ALL:
    break;
  }
  return live;
}

uint64_t cell_spare(gc_capabilities can, uint64_t garbage) {
  return can.conservative ? 64 + garbage / 100 : 0;
}

cell_verdict cell_judge(gc_reclaims reclaims, wl_expectation e, uint64_t spare,
                        uint64_t objects) {
  uint64_t expected = cell_remains(reclaims, e.live, e.cyclic, e.allocated);
  cell_verdict v = {.status = CELL_OK, .declared = true};
  if (objects + gc_mutant(lost_off_by_one) < e.live) {
    v.status = CELL_WRONG;
    v.declared = false;
    snprintf(v.reason, sizeof v.reason, "lost %" PRIu64 " objects",
             e.live - objects);
  } else if (objects < expected) {
    v.status = CELL_WRONG;
    v.declared = false;
    snprintf(v.reason, sizeof v.reason,
             "reclaimed %" PRIu64 " objects it declares it cannot",
             expected - objects);
  } else if (objects > e.live) {
    v.status = CELL_LEAK;
    v.declared = objects <= expected + spare + gc_mutant(leak_off_by_one);
    v.leaked = objects - e.live;
    if (!v.declared)
      snprintf(v.reason, sizeof v.reason,
               "%" PRIu64 " objects survive, %" PRIu64 " more than declared",
               objects, objects - expected - spare);
  }
  return v;
}

uint64_t cell_late(gc_capabilities can, wl_expectation before,
                   wl_expectation e) {
  uint64_t cyclic = e.cyclic - before.cyclic;
  uint64_t garbage = (e.allocated - e.live) - (before.allocated - before.live);
  uint64_t acyclic = can.prompt == GC_PROMPT_ALL ? 0 : garbage - cyclic;
  return cell_reclaimed(can.reclaims, acyclic, cyclic);
}

cell_verdict cell_judge_late(gc_reclaims reclaims, wl_expectation e,
                             uint64_t late, uint64_t objects) {
  uint64_t least = cell_remains(reclaims, e.live, e.cyclic, e.allocated);
  cell_verdict v = cell_judge(reclaims, e, late, objects);
  if (objects <= least)
    return v;
  v.declared = objects <= least + late;
  if (v.declared)
    return (cell_verdict){.status = CELL_OK, .declared = true};
  snprintf(v.reason, sizeof v.reason,
           "%" PRIu64 " objects are still held before a collection, %" PRIu64
           " more than declared",
           objects, objects - least - late);
  return v;
}

cell_verdict cell_judge_limit(const gc_capabilities *can, uint64_t limit,
                              uint64_t peak) {
  cell_verdict v = {.status = CELL_OK, .declared = true};
  uint64_t most = limit && can->heap_limit ? gc_footprint_most(can, limit) : 0;
  if (!most || peak <= (gc_mutant(limit_at_twice) ? 2 * most : most))
    return v;
  v.status = CELL_OVER_LIMIT;
  v.declared = false;
  snprintf(v.reason, sizeof v.reason,
           "the heap held up to %" PRIu64 " bytes; with a limit of %" PRIu64
           " it may hold %" PRIu64,
           peak, limit, most);
  return v;
}

/* A larger rank is a worse verdict. */
static int rank(const cell_verdict *v) {
  switch (v->status) {
  case CELL_OK:
    return 0;
  case CELL_LEAK:
    return v->declared ? 1 : 2;
  case CELL_OVER_LIMIT:
    return 3;
  case CELL_WRONG:
  case CELL_OOM:
    break;
  }
  return 4;
}

cell_verdict cell_worse(cell_verdict old, cell_verdict next) {
  if (rank(&old) != rank(&next))
    return rank(&old) > rank(&next) ? old : next;
  return rank(&old) >= 2 ? old : next;
}
