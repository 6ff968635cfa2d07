/* none.h: bump allocation, and nothing is ever freed.
 *
 * The floor under every other collector's time, and the baseline of overhead
 * figures: it has no barrier, no metadata and no pause.  It is not the fastest
 * that a mutator can run, since it always touches fresh memory. */
#ifndef REAPMARK_NONE_H
#define REAPMARK_NONE_H

#include "common/object.h"

struct gc_mutator {
  gc_mutator_base base;
  char *cursor, *limit; /* free part of the current chunk, all zero */
  struct none_chunk *chunk;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

/* The slow path: a new chunk, or a chunk for one large object. */
gc_object *none_new_slow(gc_mutator *m, size_t bytes);

/* Bytes of an object: chunks are walked object by object, so `word` keeps the
 * payload's size.  Slots need no clearing: the memory is fresh. */
static inline gc_object *none_new(gc_mutator *m, gc_shape shape,
                                  uint32_t meta) {
  size_t bytes = gc_shape_bytes(shape);
  gc_object *o = (gc_object *)m->cursor;
  if (gc_unlikely(bytes > (size_t)(m->limit - m->cursor))) {
    o = none_new_slow(m, bytes);
    if (!o)
      return NULL;
  } else {
    m->cursor += bytes;
  }
  o->header = (uint64_t)meta << 32 | shape.bytes;
  return o;
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  gc_object *o = none_new(m, shape, object_meta(shape, flags));
  if (gc_likely(o != NULL))
    *object_owning(m, dst) = o;
  return o != NULL;
}

/* A weak reference's payload is its target. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  gc_object *o = none_new(m, GC_WEAK_SHAPE, OBJECT_WEAK_REFERENCE);
  if (!o)
    return false;
  o->slots[0] = object_read(m, target);
  *object_owning(m, dst) = o;
  return true;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  *object_owning(m, dst) = object_read(m, weak)->slots[0];
  return true;
}

/* Nothing dies, so nothing is finalized. */
static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  (void)m, (void)dst;
  return false;
}

static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

#endif
