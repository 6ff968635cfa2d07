/* plain-operations.h: loads and stores of a collector to which owning and
 * borrowing, copying and taking are the same, and roots need no barrier.
 *
 * One that must know of stores into objects defines OBJECT_BARRIER before it
 * includes this.  It runs before each, with the mutator, the object, the place
 * in it, and the new value, which is the constant NULL where that is stored. */
#ifndef REAPMARK_COMMON_PLAIN_OPERATIONS_H
#define REAPMARK_COMMON_PLAIN_OPERATIONS_H

#include "common/hostile/mutants.h"
#include "common/inline/registers.h"

#ifndef OBJECT_BARRIER
#define OBJECT_BARRIER(m, o, place, value) ((void)0)
#endif

static inline void object_store(gc_mutator *m, gc_reg obj, uint32_t i,
                                gc_object *value) {
  gc_object **place = object_slot(m, obj, i);
  OBJECT_BARRIER(m, object_read(m, obj), place, value);
  *place = value;
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  object_frame_pop(m, frame, owning + borrowing);
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  *object_owning(m, dst) = *object_slot(m, obj, i);
}

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  *object_borrowing(m, dst) = *object_slot(m, obj, i);
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  *object_borrowing(m, r) = NULL;
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  object_store(m, obj, i, object_read(m, src));
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  if (gc_mutant(take_without_barrier))
    *object_slot(m, obj, i) = object_read(m, src);
  else
    object_store(m, obj, i, object_read(m, src));
  *object_owning(m, src) = NULL;
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  object_store(m, obj, i, NULL);
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  *object_owning(m, dst) = object_read(m, src);
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  *object_owning(m, dst) = object_read(m, src);
  *object_owning(m, src) = NULL;
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  *object_owning(m, r) = NULL;
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  *object_owning(m, dst) = object_globals[g];
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  *object_borrowing(m, dst) = object_globals[g];
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  object_globals[g] = object_read(m, src);
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  (void)m;
  object_globals[g] = NULL;
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  *object_owning(m, dst) = m->base.tls[t];
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  *object_borrowing(m, dst) = m->base.tls[t];
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  m->base.tls[t] = object_read(m, src);
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  m->base.tls[t] = NULL;
}

#endif
