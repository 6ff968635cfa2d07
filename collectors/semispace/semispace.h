/* semispace.h: the inline half of the copying collector: allocation.
 *
 * A mutator allocates by bumping a cursor in a block of its own.  Whatever has
 * survived a collection was copied, so there are no holes to look for, and no
 * classes of sizes.  See semispace.c for all else. */
#ifndef REAPMARK_SEMISPACE_H
#define REAPMARK_SEMISPACE_H

#include "common/blocks.h"
#include "common/finalizers.h"
#include "common/forwarding.h"
#include "common/tracked.h"
#include "common/world.h"

enum {
  /* The largest object in bytes that is copied.  It is also what may be left
   * over at the end of each block, and so what there must be more of to copy
   * into than to copy from: a thirty-second. */
  SEMI_LARGEST = BLOCK_BYTES / 32,
};

struct gc_mutator {
  gc_mutator_base base;
  char *cursor, *limit; /* free part of its block that it may fill */
  uint32_t block;       /* its number, 0: none */
  gc_object *reg[];
};

#include "common/plain-operations.h"

/* The slow path.  May collect; NULL when out of memory. */
gc_object *semi_new_slow(gc_mutator *m, size_t bytes);

static inline gc_object *semi_new(gc_mutator *m, gc_shape shape,
                                  uint32_t meta) {
  size_t bytes = object_bytes(shape);
  gc_object *o = (gc_object *)m->cursor;
  if (gc_unlikely(bytes > SEMI_LARGEST ||
                  bytes > (size_t)(m->limit - m->cursor))) {
    o = semi_new_slow(m, bytes);
    if (!o)
      return NULL;
  } else {
    m->cursor += bytes;
  }
  object_init(o, forwarding_word(shape), meta, shape.slots);
  return o;
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  gc_object *o = semi_new(m, shape, object_meta(shape, flags));
  if (gc_unlikely(!o))
    return false;
  *object_owning(m, dst) = o;
  if (flags & GC_FINALIZABLE)
    tracked_note_finalizable(o);
  return true;
}

/* The target is read after the object was made: that may have moved it. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  gc_object *o = semi_new(m, GC_WEAK_SHAPE, OBJECT_WEAK_REFERENCE);
  if (gc_unlikely(!o))
    return false;
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
