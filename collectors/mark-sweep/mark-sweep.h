/* mark-sweep.h: the inline half of the mark-sweep collector: allocation.
 *
 * A mutator allocates from a *run* per size class: a stretch of free cells
 * inside a block that is its own for the time being.  A run is what lies
 * between two objects that survived the last collection, so allocating is
 * bumping a cursor, and sweeping is finding the next run in the mark bits;
 * there is no free list and no sweep phase (common/cells.h).  What a collection
 * is, says mark-sweep.c. */
#ifndef REAPMARK_MARK_SWEEP_H
#define REAPMARK_MARK_SWEEP_H

#include "common/cells.h"
#include "common/finalizers.h"
#include "common/tracked.h"

struct gc_mutator {
  gc_mutator_base base;
  cells_hand hand;
  gc_object *reg[];
};

#include "common/plain-operations.h"

/* The slow path: memory for an object of class `c`, which for CELLS_LARGE is of
 * `bytes`.  May collect, and returns NULL when out of memory. */
gc_object *ms_obtain(gc_mutator *m, unsigned c, size_t bytes);

static inline gc_object *ms_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  if (gc_unlikely(bytes > SIZE_CLASS_MOST))
    return ms_obtain(m, CELLS_LARGE, bytes);
  unsigned c = size_class(bytes);
  gc_object *o = cells_bump(&m->hand, c);
  return gc_likely(o) ? o : ms_obtain(m, c, bytes);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  gc_object *o = ms_new(m, shape);
  if (gc_unlikely(!o))
    return false;
  object_init(o, (uint32_t)(object_bytes(shape) / SPACE_GRANULE),
              object_meta(shape, flags), shape.slots);
  *object_owning(m, dst) = o;
  if (flags & GC_FINALIZABLE)
    tracked_note_finalizable(o);
  return true;
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  gc_object *o = ms_new(m, GC_WEAK_SHAPE);
  if (gc_unlikely(!o))
    return false;
  object_init(o, 0, OBJECT_WEAK_REFERENCE, 0);
  *tracked_target(o) = object_read(m, target);
  *object_owning(m, dst) = o;
  tracked_note_weak(o);
  return true;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  gc_object *target = *tracked_target(object_read(m, weak));
  *object_owning(m, dst) = target;
  return target != NULL;
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  gc_object *o = finalizers_pop();
  if (o)
    *object_owning(m, dst) = o;
  return o != NULL;
}

static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
  world_poll();
}

#endif
