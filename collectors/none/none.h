/* none.h: the inline half of the collector that never frees: bump allocation.
 *
 * It has no barriers, no metadata and no pauses, and so is the baseline of
 * overhead figures.  It is not a lower bound of a mutator's time: it touches
 * fresh memory all the time, where a collector reuses memory that is in the
 * cache. */
#ifndef REAPMARK_NONE_H
#define REAPMARK_NONE_H

#include "common/object.h"
#include "common/owned.h"

struct gc_mutator {
  gc_mutator_base base;
  char *cursor, *limit;     /* the free part of the current chunk, zeroed */
  struct none_chunk *chunk; /* the current chunk, or NULL */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

/* The slow path: memory for an object of `bytes` from a new chunk, or a chunk
 * of its own if it is large; NULL when out of memory. */
gc_object *none_new_slow(gc_mutator *m, size_t bytes);
/* External memory (owned.h); NULL when out of memory. */
void *none_external(gc_mutator *m, size_t bytes);

/* Allocates an object.  `word` keeps the payload's size, by which chunks are
 * walked object by object.  Slots need no clearing: the memory is fresh. */
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

/* A weak reference's target is in its payload. */
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

#define GC_EPHEMERONS 1

/* Key and value are in an ephemeron's payload. */
static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  gc_object *o = none_new(m, GC_EPHEMERON_SHAPE, OBJECT_WEAK_REFERENCE);
  if (!o)
    return false;
  o->slots[0] = object_read(m, key);
  o->slots[1] = object_read(m, value);
  *object_owning(m, dst) = o;
  return true;
}

static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  *object_owning(m, dst) = object_read(m, pair)->slots[1];
  return true;
}

#define GC_EXTERNAL 1

/* The list of blocks keeps them for the end. */
static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  void *memory = none_external(m, bytes);
  return memory && owned_note(object_read(m, obj), memory, bytes);
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
