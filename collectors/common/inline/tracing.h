/* tracing.h: the part of a collection that finds out what is alive, for a
 * collector that marks in cells_marks with the world stopped.
 *
 * To be included where roots.h may be. */
#ifndef REAPMARK_COMMON_TRACING_H
#define REAPMARK_COMMON_TRACING_H

#include "common/marking.h"
#include "common/hostile/mutants.h"
#include "common/inline/roots.h"
#include "common/tracked.h"

static inline void tracing_root(void *data, gc_object **place) {
  if (*place)
    marking_push(data, *place);
}

/* What tracked.h asks. */
static inline gc_object *tracing_where(gc_object *o) {
  return cells_marked(o) ? o : NULL;
}

/* Marks what can be reached from the roots and from what `k` holds already;
 * then does the steps of tracked.h, for all or for what is new only.  `visit`:
 * see marking_drain. */
static inline __attribute__((always_inline)) void
tracing_run(marking *k, bool all, bool (*visit)(gc_object *o)) {
  roots_each(tracing_root, k);
  marking_drain(k, MARKING_ALL, visit);
  if (gc_mutant(young_weak_skipped) && !all)
    tracked_weak.old = tracked_weak.stack.size;
  if (!gc_mutant(ms_weak_late))
    tracked_clear_weak(tracing_where, all);
  tracked_queue_dead(tracing_where, all);
  /* The queue is a root once more. */
  roots_each(tracing_root, k);
  if (gc_mutant(resurrection_untraced))
    k->stack.size = 0;
  marking_drain(k, MARKING_ALL, visit);
  if (gc_mutant(ms_weak_late))
    tracked_clear_weak(tracing_where, all);
  tracked_prune_weak(tracing_where, all);
}

#endif
