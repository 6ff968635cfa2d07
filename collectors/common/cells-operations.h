/* cells-operations.h: allocation, weak references and finalizers of a collector
 * over cells.h.
 *
 * To be included by its header after struct gc_mutator, which has a member
 * `cells_hand hand`, and after plain-operations.h.  A collector that must know
 * what weak references give defines OBJECT_WEAK_BARRIER(m, target) before, one
 * that has more to look at in safepoints CELLS_POLL(m). */
#ifndef REAPMARK_COMMON_CELLS_OPERATIONS_H
#define REAPMARK_COMMON_CELLS_OPERATIONS_H

#include "common/cells.h"
#include "common/finalizers.h"
#include "common/registers.h"
#include "common/tracked.h"

#ifndef OBJECT_WEAK_BARRIER
#define OBJECT_WEAK_BARRIER(m, target) ((void)0)
#endif

/* The slow path, which calls cells_obtain: memory for an object of class `c`,
 * which for CELLS_LARGE is of `bytes`.  May collect, and returns NULL when out
 * of memory.  Defined by the collector. */
gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes);

static inline gc_object *cells_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  if (gc_unlikely(bytes > SIZE_CLASS_MOST))
    return cells_slow(m, CELLS_LARGE, bytes);
  unsigned c = size_class(bytes);
  gc_object *o = cells_bump(&m->hand, c);
  return gc_likely(o) ? o : cells_slow(m, c, bytes);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  gc_object *o = cells_new(m, shape);
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
  gc_object *o = cells_new(m, GC_WEAK_SHAPE);
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
  OBJECT_WEAK_BARRIER(m, target);
  *object_owning(m, dst) = target;
  return target != NULL;
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  gc_object *o = finalizers_pop();
  if (o)
    *object_owning(m, dst) = o;
  return o != NULL;
}

#ifndef CELLS_POLL
#define CELLS_POLL(m) ((void)(m))
#endif

static inline void gc_safepoint(gc_mutator *m) {
  CELLS_POLL(m);
  world_poll();
}

#endif
