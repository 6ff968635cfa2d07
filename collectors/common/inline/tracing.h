/* tracing.h, a template (include it after struct gc_mutator): marks what is
 * alive, for a collector over cells.h that marks with the world stopped. */
#ifndef REAPMARK_COMMON_INLINE_TRACING_H
#define REAPMARK_COMMON_INLINE_TRACING_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/marking.h"
#include "common/hostile/mutants.h"
#include "common/inline/roots.h"
#include "common/tracked.h"

static inline void tracing_root(void *data, gc_object **place) {
  if (*place)
    marking_push(data, *place);
}

/* Marks whatever the roots and the objects that are already queued in `k` can
 * reach, and takes the three steps of tracked.h on the way.  `all`: false if
 * everything old is known to be alive, so that only the new entries of the
 * lists need a look.  `visit`: see marking_drain.  The world is stopped. */
static inline __attribute__((always_inline)) void
tracing_mark(marking *k, bool all, bool (*visit)(gc_object *o)) {
  roots_outside_queue(tracing_root, k);
  roots_queue(all ? 0 : finalizers_settled(), tracing_root, k);
  marking_drain(k, MARKING_ALL, visit);
  size_t waited = finalizers_count();
  if (gc_mutant(young_weak_skipped) && !all)
    tracked_weak.old = tracked_weak.stack.size;
  if (gc_mutant(young_finalizable_skipped) && !all)
    tracked_finalizable.old = tracked_finalizable.stack.size;
  if (!gc_mutant(ms_weak_late))
    tracked_clear_weak(cells_where, all);
  tracked_queue_dead(cells_where, all);
  /* The finalizer queue, which is a root, has new entries. */
  roots_queue(waited + gc_mutant(queue_mark_off_by_one), tracing_root, k);
  finalizers_settle();
  if (gc_mutant(resurrection_untraced))
    k->stack.size = 0;
  marking_drain(k, MARKING_ALL, visit);
  if (gc_mutant(ms_weak_late))
    tracked_clear_weak(cells_where, all);
  tracked_prune_weak(cells_where, all);
  object_stack_rest(&k->stack);
}

#endif
