/* plain-operations.h: loads and stores of a collector that needs no barrier.
 * Owning and borrowing, copying and taking are the same to it. */
#ifndef REAPMARK_COMMON_PLAIN_OPERATIONS_H
#define REAPMARK_COMMON_PLAIN_OPERATIONS_H

#include "common/registers.h"

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
  *object_slot(m, obj, i) = object_read(m, src);
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  *object_slot(m, obj, i) = object_read(m, src);
  *object_owning(m, src) = NULL;
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  *object_slot(m, obj, i) = NULL;
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
