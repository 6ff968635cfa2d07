/* refcount.h: pure reference counting, the operations that all collectors of
 * the family share.  To be included by a header in variants/ after the parts
 * that the collector is made of (parts.h).
 *
 * An object's header word is its count: one for each slot, root slot and owning
 * register that refers to the object.  Borrowing registers own no count.  The
 * word cannot overflow (space.h).  An object dies the moment its count reaches
 * zero, and what it refers to dies with it. */
#ifndef REAPMARK_REFCOUNT_H
#define REAPMARK_REFCOUNT_H

#include "refcount/parts.h"

struct gc_mutator {
  gc_mutator_base base;
  rc_cells cells;
  uint64_t freed;    /* objects; only the mutator writes (rc_count_freed) */
  bool in_cascade;   /* tearing down: the cycle detector must not start */
  uint64_t cascades; /* those long enough to be timed */
  uint64_t cascade_freed; /* objects freed by them */
  rc_candidates candidates;
  rc_counts counts;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/registers.h"

/* The sampler of another mutator may read the number meanwhile, if there can be
 * one. */
static inline void rc_count_freed(gc_mutator *m, uint64_t n) {
#ifdef REAPMARK_NO_LEDGER
  (void)m, (void)n;
#else
  n = gc_mutant(freed_uncounted) ? 0 : n;
  if (RC_SHARED)
    __atomic_store_n(&m->freed, m->freed + n, __ATOMIC_RELAXED);
  else
    m->freed += n; /* one instruction instead of three */
#endif
}

static inline gc_object *rc_register(gc_mutator *m, gc_reg r) {
  return m->reg[r];
}

static inline rc_cells *rc_cells_of(gc_mutator *m) {
  return &m->cells;
}

static inline rc_candidates *rc_candidates_of(gc_mutator *m) {
  return &m->candidates;
}

static inline rc_counts *rc_counts_of(gc_mutator *m) {
  return &m->counts;
}

/* ------------------------------------------------------------------------- *
 * Assigning and allocating.
 * ------------------------------------------------------------------------- */

static inline void rc_replace(gc_mutator *m, gc_object **place, gc_object *o) {
  gc_object *old = *place;
  *place = o;
  if (old)
    rc_release(m, old);
}

/* Retains first: perhaps only the old value keeps `o` alive. */
static inline void rc_assign(gc_mutator *m, gc_object **place, gc_object *o) {
  if (gc_mutant(release_first))
    rc_replace(m, place, NULL);
  if (o)
    rc_retain(m, o);
  rc_replace(m, place, o);
}

/* Borrowing register `r` <- o. */
static inline void rc_lend(gc_mutator *m, gc_reg r, gc_object *o) {
  rc_borrow(m, object_borrowing(m, r), o);
  rc_lent(m, r);
}

/* Memory for an object of `bytes`, after `prefix` bytes for the list in which
 * the object will be (rc_track); NULL if there is none. */
static inline gc_object *rc_alloc(gc_mutator *m, size_t prefix, size_t bytes) {
  bytes += prefix;
  gc_object *cell = rc_reuse(m, bytes);
  if (!cell)
    cell = rc_cell_alloc(m, bytes);
  if (gc_unlikely(!cell) && !(cell = rc_alloc_slow(m, bytes)))
    return NULL;
  return (gc_object *)((uintptr_t)cell + prefix);
}

/* The bytes that an object has before its header. */
static inline size_t rc_prefix(const gc_object *o) {
  return RC_PREFIX > 0 && object_slots(o) > 0 ? RC_PREFIX : 0;
}

static inline void rc_object_free(gc_mutator *m, gc_object *o) {
  size_t prefix = rc_prefix(o);
  if (prefix > 0)
    rc_untrack(o);
  rc_cell_free(m, (void *)((uintptr_t)o - prefix));
}

/* ------------------------------------------------------------------------- *
 * The interface (gc.h).
 * ------------------------------------------------------------------------- */

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  uint32_t counted = rc_counted_registers(owning, borrowing);
  for (uint32_t i = gc_mutant(frame_keeps_register); i < counted; i++)
    rc_replace(m, &m->reg[frame + i], NULL);
  rc_unlent(m, frame + owning, borrowing);
  object_frame_pop(m, frame, owning + borrowing);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  rc_poll(m);
  if (shape.slots > 0)
    rc_before_new(m);
  gc_object *o =
      rc_alloc(m, shape.slots > 0 ? RC_PREFIX : 0, object_bytes(shape));
  if (gc_unlikely(!o))
    return false;
  uint32_t meta = object_meta(shape, flags);
  if (shape.slots == 0)
    meta |= RC_BUFFERED;
  object_init(o, rc_born(m), meta, shape.slots);
  if (shape.slots > 0)
    rc_track(o);
  rc_replace(m, object_owning(m, dst), o);
  return true;
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  rc_assign(m, object_owning(m, dst), *object_slot(m, obj, i));
}

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  rc_lend(m, dst, *object_slot(m, obj, i));
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  rc_lend(m, r, NULL);
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  if (gc_mutant(store_uncounted))
    rc_replace(m, object_slot(m, obj, i), object_read(m, src));
  if (gc_mutant(old_value_kept))
    *object_slot(m, obj, i) = NULL;
  if (!gc_mutant(store_uncounted))
    rc_assign(m, object_slot(m, obj, i), object_read(m, src));
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  if (!gc_mutant(last_take_unnoticed) ||
      i + 1 < object_slots(object_read(m, obj)))
    rc_before_take(m, obj, src);
  rc_take(m, object_slot(m, obj, i), object_owning(m, src));
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  rc_replace(m, object_slot(m, obj, i), NULL);
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  rc_assign(m, object_owning(m, dst), object_read(m, src));
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  rc_take(m, object_owning(m, dst), object_owning(m, src));
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  rc_replace(m, object_owning(m, r), NULL);
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  rc_assign(m, object_owning(m, dst), object_globals[g]);
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  rc_lend(m, dst, object_globals[g]);
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  if (gc_mutant(global_kept))
    object_globals[g] = NULL;
  rc_assign(m, &object_globals[g], object_read(m, src));
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  rc_replace(m, &object_globals[g], NULL);
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  rc_assign(m, object_owning(m, dst), m->base.tls[t]);
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  rc_lend(m, dst, m->base.tls[t]);
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  rc_assign(m, &m->base.tls[t], object_read(m, src));
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  rc_replace(m, &m->base.tls[t], NULL);
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  return rc_weak_new(m, dst, object_read(m, target));
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  gc_object *target = rc_weak_read(m, object_read(m, weak));
  rc_replace(m, object_owning(m, dst), target);
  return target != NULL;
}

#define GC_EPHEMERONS 1

static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  return rc_pair_new(m, dst, object_read(m, key), object_read(m, value));
}

static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  gc_object *value;
  bool alive = rc_pair_get(m, object_read(m, pair), &value);
  rc_replace(m, object_owning(m, dst), value);
  return alive;
}

#define GC_EXTERNAL 1

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return rc_external_new(m, object_read(m, obj), bytes);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  gc_object *o = finalizers_pop();
  if (o)
    rc_replace(m, object_owning(m, dst), o);
  return o != NULL;
}

static inline void gc_safepoint(gc_mutator *m) {
  rc_safepoint(m);
}

#endif
