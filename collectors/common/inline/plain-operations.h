/* plain-operations.h, a template (include it after struct gc_mutator): loads
 * and stores of a collector to which owning and borrowing registers are the
 * same, and whose roots need no barrier.
 *
 * A collector with a write barrier defines OBJECT_BARRIER(m, o, place, value)
 * before including this file.  The barrier runs before every store into an
 * object: `m` is the mutator, `o` the object, `place` the slot in it, `value`
 * the new reference; where null is stored, `value` is the constant NULL, so
 * that tests of it fold away.
 *
 * A collector whose own threads read slots while mutators run also defines
 * OBJECT_PUT(place, value), which stores into a slot. */
#ifndef REAPMARK_COMMON_INLINE_PLAIN_OPERATIONS_H
#define REAPMARK_COMMON_INLINE_PLAIN_OPERATIONS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/hostile/mutants.h"
#include "common/inline/registers.h"

#ifndef OBJECT_BARRIER
#define OBJECT_BARRIER(m, o, place, value) ((void)0)
#endif

#ifndef OBJECT_PUT
#define OBJECT_PUT(place, value) (*(place) = (value))
#endif

/* Stores `value` into slot `i` of the object in register `obj`. */
static inline void object_store(gc_mutator *m, gc_reg obj, uint32_t i,
                                gc_object *value) {
  gc_object **place = object_slot(m, obj, i);
  OBJECT_BARRIER(m, object_read(m, obj), place, value);
  OBJECT_PUT(place, value);
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
    OBJECT_PUT(object_slot(m, obj, i), object_read(m, src));
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
