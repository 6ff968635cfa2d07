/* tracing.h, a template (include it after struct gc_mutator): marks what is
 * alive, for a collector over cells.h that marks with the world stopped.
 *
 * What the roots reach, and what the finalizer queue reaches, is marked by
 * several markers.  Lists of weak references, finalizable objects and
 * ephemerons are gone through by the thread that collects, and it alone marks
 * what the values of ephemerons reach: a chain of ephemerons gives no
 * parallelism, and lists of those that wait for an object would need a lock. */
#ifndef REAPMARK_COMMON_INLINE_TRACING_H
#define REAPMARK_COMMON_INLINE_TRACING_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/ephemerons.h"
#include "common/listener.h"
#include "common/marking.h"
#include "common/hostile/mutants.h"
#include "common/inline/roots.h"
#include "common/owned.h"
#include "common/tracked.h"

static inline void tracing_root(void *data, gc_object **place) {
  if (*place)
    marking_push(data, *place);
}

/* The `visit` of a collector that has none, once ephemerons wait. */
static inline bool tracing_reached(gc_object *o) {
  ephemerons_reached(o);
  return true;
}

/* Marks the values of ephemerons that are alive and all that they lead to,
 * besides what is queued in `k`. */
static inline __attribute__((always_inline)) void
tracing_mark_values(marking *k, bool (*reached)(gc_object *o)) {
  for (bool more = true; more;) {
    more = false;
    marking_drain(k, MARKING_ALL, reached);
    for (gc_object **value; (value = ephemerons_next(cells_where));) {
      marking_push(k, *value);
      more = true;
    }
  }
}

/* Marks what is queued in `k`, and what that leads to; a whole heap by several
 * markers. */
static inline __attribute__((always_inline)) void
tracing_drain(marking *k, bool all, bool (*visit)(gc_object *o),
              void (*help)(unsigned number)) {
  if (all)
    marking_drain_together(k, visit, help);
  else
    marking_drain(k, MARKING_ALL, visit);
}

/* Marks whatever the roots and the objects that are already queued in `k` can
 * reach, and takes the steps of tracked.h and ephemerons.h on the way.  `all`:
 * false if everything old is known to be alive, so that only the new entries of
 * the lists need a look.  `visit`: see marking_drain.  `reached`: does the same
 * and calls ephemerons_reached.  `help`: see marking_drain_together.  The world
 * is stopped. */
static inline __attribute__((always_inline)) void
tracing_mark(marking *k, bool all, bool (*visit)(gc_object *o),
             bool (*reached)(gc_object *o), void (*help)(unsigned number)) {
  listener_phase("roots");
  roots_outside_queue(tracing_root, k);
  roots_queue(all ? 0 : finalizers_settled(), tracing_root, k);
  listener_phase("mark");
  tracing_drain(k, all, visit, help);
  listener_phase("ephemerons");
  bool pairs = ephemerons_begin(cells_where, all);
  if (pairs)
    tracing_mark_values(k, reached);
  listener_phase("weak");
  size_t waited = finalizers_count();
  if (gc_mutant(young_weak_skipped) && !all)
    tracked_weak.old = tracked_weak.stack.size;
  if (gc_mutant(young_finalizable_skipped) && !all)
    tracked_finalizable.old = tracked_finalizable.stack.size;
  if (!gc_mutant(ms_weak_late))
    tracked_clear_weak(cells_where, all);
  if (pairs && !gc_mutant(ephemeron_late))
    ephemerons_clear(cells_where, all);
  if (gc_mutant(pruned_early))
    tracked_prune_weak(cells_where, all);
  if (gc_mutant(pairs_pruned_early))
    ephemerons_prune(cells_where, all);
  if (gc_mutant(external_pruned_early))
    owned_prune(cells_where, all);
  listener_phase("finalizers");
  tracked_queue_dead(cells_where, all);
  /* The finalizer queue, which is a root, has new entries. */
  roots_queue(waited + gc_mutant(queue_mark_off_by_one), tracing_root, k);
  if (all || !gc_mutant(settled_by_full_only))
    finalizers_settle();
  if (gc_mutant(resurrection_untraced))
    k->stack.size = 0;
  if (pairs && !gc_mutant(revived_value_unmarked))
    tracing_mark_values(k, reached);
  else
    tracing_drain(k, all, gc_mutant(revived_unvisited) ? NULL : visit, help);
  listener_phase("weak");
  if (gc_mutant(ms_weak_late))
    tracked_clear_weak(cells_where, all);
  if (pairs && gc_mutant(ephemeron_late))
    ephemerons_clear(cells_where, all);
  tracked_prune_weak(cells_where, all);
  ephemerons_prune(cells_where, all);
  owned_prune(cells_where, all);
  object_stack_rest(&k->stack);
}

#endif
