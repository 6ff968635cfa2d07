/* mark-sweep.h: the inline half of the mark-sweep collector: allocation.
 *
 * A mutator allocates from a *run* per size class: a stretch of free cells
 * inside a block that is its own for the time being.  A run is what lies
 * between two objects that survived the last collection, so allocating is
 * bumping a cursor, and sweeping is finding the next run in the mark bits;
 * there is no free list and no sweep phase.  See mark-sweep.c for all else. */
#ifndef REAPMARK_MARK_SWEEP_H
#define REAPMARK_MARK_SWEEP_H

#include "common/finalizers.h"
#include "common/sizeclass.h"
#include "common/space.h"
#include "common/world.h"

typedef struct ms_run {
  char *cursor, *limit; /* the next free cell, and the end of the last one */
} ms_run;

struct gc_mutator {
  gc_mutator_base base;
  ms_run runs[SIZE_CLASSES];
  char *blocks[SIZE_CLASSES]; /* the blocks the runs are in, or NULL */
  gc_object *reg[];
};

#include "common/plain-operations.h"

/* Slow paths.  They may collect, and return NULL when out of memory. */
gc_object *ms_new_cell(gc_mutator *m, unsigned c);
gc_object *ms_new_large(gc_mutator *m, size_t bytes);
/* Puts an object that was just made on the list of the finalizable, or of the
 * weak references. */
void ms_note_finalizable(gc_mutator *m, gc_object *o);
void ms_note_weak(gc_mutator *m, gc_object *o);

static inline gc_object *ms_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  if (gc_unlikely(bytes > SIZE_CLASS_MOST))
    return ms_new_large(m, bytes);
  unsigned c = size_class(bytes);
  ms_run *run = &m->runs[c];
  char *cell = run->cursor; /* both are null at first: compared as numbers */
  if (gc_unlikely((uintptr_t)cell + size_class_bytes(c) >
                  (uintptr_t)run->limit))
    return ms_new_cell(m, c);
  run->cursor = cell + size_class_bytes(c);
  return (gc_object *)cell;
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
    ms_note_finalizable(m, o);
  return true;
}

/* A weak reference has no slots: its target is in the payload, where marking
 * does not see it. */
static inline gc_object **ms_weak_target(gc_object *weak) {
  return (gc_object **)object_payload(weak);
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  gc_object *o = ms_new(m, GC_WEAK_SHAPE);
  if (gc_unlikely(!o))
    return false;
  object_init(o, 0, OBJECT_WEAK_REFERENCE, 0);
  *ms_weak_target(o) = object_read(m, target);
  *object_owning(m, dst) = o;
  ms_note_weak(m, o);
  return true;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  gc_object *target = *ms_weak_target(object_read(m, weak));
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
