/* counted-operations.h, a template (include it after struct gc_mutator): the
 * operations of an adapter to a production runtime that counts references.
 * Every place but a borrowing register is a pointer that owns one count.
 *
 * To be defined before:
 *   counted               the type that places point to
 *   counted_retain(o)     adds a count to an object
 *   counted_release(o)    drops a count, and with the last one the object
 *   counted_slot(m, r, i) the place of slot `i` of the object in register `r`
 *   counted_globals       the array of global roots
 *   COUNTED_BASE(m)       a pointer to the struct with the members `top` and
 *                         `tls`; the registers are `m->reg` */
#ifndef REAPMARK_COMMON_INLINE_COUNTED_OPERATIONS_H
#define REAPMARK_COMMON_INLINE_COUNTED_OPERATIONS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/object.h"

/* *place <- o.  The caller hands over one count of `o`. */
static inline void counted_replace(counted **place, counted *o) {
  counted *old = *place;
  *place = o;
  if (old)
    counted_release(old);
}

/* *place <- o.  Retains first: the old object may be all that keeps `o` alive.
 */
static inline void counted_assign(counted **place, counted *o) {
  if (o)
    counted_retain(o);
  counted_replace(place, o);
}

/* *place <- *from and *from <- null: the count moves. */
static inline void counted_take(counted **place, counted **from) {
  counted *o = *from;
  *from = NULL;
  counted_replace(place, o);
}

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  gc_reg frame = COUNTED_BASE(m)->top;
  if (gc_unlikely(GC_REGISTERS - frame < owning + borrowing))
    object_stack_overflow();
  for (uint32_t i = 0; i < owning + borrowing; i++)
    m->reg[frame + i] = NULL;
  COUNTED_BASE(m)->top = frame + owning + borrowing;
  return frame;
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  (void)borrowing;
  for (uint32_t i = 0; i < owning; i++)
    counted_replace(&m->reg[frame + i], NULL);
  COUNTED_BASE(m)->top = frame;
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  counted_assign(&m->reg[dst], *counted_slot(m, obj, i));
}

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  m->reg[dst] = *counted_slot(m, obj, i);
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  m->reg[r] = NULL;
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  counted_assign(counted_slot(m, obj, i), m->reg[src]);
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  counted_take(counted_slot(m, obj, i), &m->reg[src]);
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  counted_replace(counted_slot(m, obj, i), NULL);
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  counted_assign(&m->reg[dst], m->reg[src]);
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  counted_take(&m->reg[dst], &m->reg[src]);
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  counted_replace(&m->reg[r], NULL);
}

static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  return !m->reg[r];
}

static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  return m->reg[a] == m->reg[b];
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  counted_assign(&m->reg[dst], counted_globals[g]);
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  m->reg[dst] = counted_globals[g];
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  counted_assign(&counted_globals[g], m->reg[src]);
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  (void)m;
  counted_replace(&counted_globals[g], NULL);
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  counted_assign(&m->reg[dst], COUNTED_BASE(m)->tls[t]);
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  m->reg[dst] = COUNTED_BASE(m)->tls[t];
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  counted_assign(&COUNTED_BASE(m)->tls[t], m->reg[src]);
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  counted_replace(&COUNTED_BASE(m)->tls[t], NULL);
}

#endif
