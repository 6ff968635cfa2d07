/* refcount.h: pure reference counting, the inline half.
 *
 * An object's header word is its count: one for each slot, root slot and owning
 * register that refers to it.  Borrowing registers own no count.  The word
 * cannot overflow (space.h).  An object dies the moment its count reaches zero,
 * and what it refers to dies with it, by a worklist threaded through the dead
 * objects themselves (refcount.c).
 *
 * One source makes the family, by macros:
 *   RC_ATOMIC  counts are changed by atomic operations, so that threads may
 *              share objects;
 *   RC_BIASED  with RC_ATOMIC: only by threads that did not make the object
 *              (biased.h);
 *   RC_NAIVE   borrowing registers own counts too and taking is copying and
 *              clearing: what counting costs without knowing who owns what;
 *   RC_CYCLES  an object whose count drops to other than zero becomes a
 *              candidate root of a dead cycle (../refcount-cycles);
 *   RC_LAZY    the dead are torn down by later allocations (lazy.c), not at
 *              once; with plain counts only;
 *   RC_JEMALLOC  objects are allocated from jemalloc one by one, and not from
 *              free lists of our own (freelists.h): what those are worth. */
#ifndef REAPMARK_REFCOUNT_H
#define REAPMARK_REFCOUNT_H

#include "common/finalizers.h"
#include "common/hostile/mutants.h"
#include "common/world.h"

#ifndef RC_ATOMIC
#define RC_ATOMIC 0
#endif
#ifndef RC_BIASED
#define RC_BIASED 0
#endif
#ifndef RC_NAIVE
#define RC_NAIVE 0
#endif
#ifndef RC_CYCLES
#define RC_CYCLES 0
#endif
#ifndef RC_LAZY
#define RC_LAZY 0
#endif
#ifndef RC_JEMALLOC
#define RC_JEMALLOC 0
#endif

#define FREELISTS_SHARED RC_ATOMIC
#include "refcount/freelists.h"

/* In the candidate buffer; for an object without slots: can never be in a
 * cycle, so has no business there (Bacon & Rajan's green).  One bit for both
 * makes one test of the two. */
#define RC_BUFFERED OBJECT_FLAG_A

#if RC_BIASED
enum { RC_OUTGOING = 64 };
typedef struct rc_outgoing {
  struct gc_object *object;
  uint8_t owner;
} rc_outgoing;
#endif

struct gc_mutator {
  gc_mutator_base base;
#if RC_JEMALLOC
  int flags; /* of this mutator's thread cache */
#else
  freelists cells;
#endif
  bool in_cascade;        /* tearing down: no detection until it is through */
  uint64_t cascades;      /* those long enough to be timed */
  uint64_t cascade_freed; /* objects freed by them */
#if RC_CYCLES
  object_bag candidates;
  bool lent[GC_REGISTERS]; /* registers that have borrowed something */
#endif
#if RC_BIASED
  uint16_t mine; /* the owner's half of what it owns, without counts */
  uint32_t born; /* the count word of a new object */
  struct rc_owner *owner;
  unsigned nr_outgoing; /* on their way to the queues of others */
  rc_outgoing outgoing[RC_OUTGOING];
  /* Something is in its queue, or much to be sent.  Others write it: apart. */
  _Alignas(64) _Atomic bool asked;
  _Alignas(64)
#endif
      gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/registers.h"

/* Slow paths, in refcount.c. */
gc_object *rc_alloc_slow(gc_mutator *m, size_t bytes);
void rc_dead(gc_mutator *m, gc_object *o);
bool rc_weak_new(gc_mutator *m, gc_reg dst, gc_object *target);
gc_object *rc_weak_get(gc_object *weak);
gc_object *rc_finalizer_next(gc_mutator *m);
extern _Atomic bool
    rc_finalizers_wait; /* some object waits for its finalizer */
#if RC_CYCLES
/* In refcount-cycles/cycles.c: drops a count, of an object that is in no
 * candidate buffer and may be in a cycle, that is not (plain), or may not be
 * (atomic), the last one. */
void rc_release_candidate(gc_mutator *m, gc_object *o);
/* Makes an object, of which the caller owns a count, a candidate without a
 * count being dropped. */
void rc_candidate(gc_mutator *m, gc_object *o);
#endif

/* ------------------------------------------------------------------------- *
 * Cells.
 * ------------------------------------------------------------------------- */

/* Memory for an object, or NULL: take the slow path. */
static inline gc_object *rc_cell_alloc(gc_mutator *m, size_t bytes) {
#if RC_JEMALLOC
  return space_alloc(bytes, m->flags);
#else
  return freelists_alloc(&m->cells, bytes);
#endif
}

static inline void rc_cell_free(gc_mutator *m, void *o) {
#if RC_JEMALLOC
  space_free(o, m->flags);
#else
  freelists_free(&m->cells, o);
#endif
}

#if RC_LAZY
/* The dead that are yet to be torn down are linked by their words.  Counts
 * being plain, there is one mutator at a time: they are the heap's. */
extern gc_object *rc_dead_first;

/* What the last is linked to: granule 0, where no object is. */
static inline gc_object *rc_dead_end(void) {
  return space_address(0);
}

static inline void rc_bury(gc_object *o) {
  o->word = space_granule(rc_dead_first);
  rc_dead_first = o;
}
#endif

/* ------------------------------------------------------------------------- *
 * Counts.
 * ------------------------------------------------------------------------- */

#if RC_BIASED
#include "refcount/biased.h"
#else

static inline void rc_retain(gc_mutator *m, gc_object *o) {
  (void)m;
  if (gc_mutant(count_wraps) && (uint8_t)o->word == UINT8_MAX)
    o->word -= UINT8_MAX + 1;
  if (gc_mutant(count_not_atomic)) {
    mutant_count_up(&o->word);
    return;
  }
#if RC_ATOMIC
  __atomic_fetch_add(&o->header, 1, __ATOMIC_RELAXED);
#else
  o->word++;
#endif
}

/* Drops a count; returns true if it was the last.  Atomically, the header is
 * one 64-bit word: flags and count change together. */
static inline bool rc_drop(gc_mutator *m, gc_object *o) {
  (void)m;
#if RC_ATOMIC
  uint64_t old = __atomic_fetch_sub(&o->header, 1, __ATOMIC_ACQ_REL);
  return (uint32_t)old == 1;
#else
  return --o->word == 0;
#endif
}
#endif

/* The word of an object with one count, that of the mutator which made it. */
static inline uint32_t rc_born(const gc_mutator *m) {
#if RC_BIASED
  return m->born;
#else
  (void)m;
  return 1;
#endif
}

/* Of an object of which not only its references know. */
#define RC_KNOWN                                                               \
  (OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET | OBJECT_WEAK_REFERENCE)

/* An object's last count was dropped. */
static inline void rc_last(gc_mutator *m, gc_object *o) {
#if RC_LAZY
  if (gc_likely(!(o->meta & RC_KNOWN))) {
    rc_bury(o);
    return;
  }
#endif
  rc_dead(m, o);
}

#if RC_LAZY
/* Drops what a dead object, which is on no list, refers to in slots `from` to
 * `to`.  The list's first is kept in a register meanwhile: every allocation
 * waits for it, as it is what the next one takes. */
static inline void rc_give_up(gc_mutator *m, gc_object *o, uint32_t from,
                              uint32_t to) {
  gc_object *first = rc_dead_first;
  for (uint32_t i = from; i < to; i++) {
    gc_object *child = o->slots[i];
    if (!child || !rc_drop(m, child))
      continue;
    if (gc_unlikely(child->meta & RC_KNOWN)) {
      rc_dead_first = first;
      rc_dead(m, child);
      first = rc_dead_first;
      continue;
    }
    child->word = space_granule(first);
    first = child;
  }
  rc_dead_first = first;
}

/* An object with more is left to those who have to pay (lazy.c), so that no
 * allocation is long. */
enum { RC_REUSE_SLOTS = 64 };

/* Tears down the first of the dead, if there are any.  Returns it if an object
 * of `bytes` can take its place; else it is freed, and NULL is returned. */
static inline gc_object *rc_reuse(gc_mutator *m, size_t bytes) {
  gc_object *o = rc_dead_first;
  if (o == rc_dead_end())
    return NULL;
  uint32_t slots = object_slots(o);
  if (slots > RC_REUSE_SLOTS)
    return NULL;
  rc_dead_first = space_address(o->word);
  rc_give_up(m, o, gc_mutant(lazy_contents_kept), slots);
  if (gc_likely(freelists_entry(freelists_quick, o)->kind ==
                size_class(bytes) + 1))
    return o;
  rc_cell_free(m, o);
  return NULL;
}
#endif

static inline void rc_release(gc_mutator *m, gc_object *o) {
#if RC_CYCLES && RC_ATOMIC
  /* Once the count is dropped the object may be gone, so becoming a candidate
   * and dropping must be one operation. */
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_RELAXED);
  if (!((uint32_t)(header >> 32) & RC_BUFFERED)) {
    rc_release_candidate(m, o);
    return;
  }
#elif RC_CYCLES
  if (o->word != 1 && !(o->meta & RC_BUFFERED)) {
    rc_release_candidate(m, o);
    return;
  }
#endif
  if (rc_drop(m, o))
    rc_last(m, o);
}

/* *place <- o, whose count is already the place's own. */
static inline void rc_replace(gc_mutator *m, gc_object **place, gc_object *o) {
  gc_object *old = *place;
  *place = o;
  if (old)
    rc_release(m, old);
}

/* *place <- o.  Retains first: o may be kept alive by nothing but what is
 * replaced. */
static inline void rc_assign(gc_mutator *m, gc_object **place, gc_object *o) {
  if (gc_mutant(release_first))
    rc_replace(m, place, NULL);
  if (o)
    rc_retain(m, o);
  rc_replace(m, place, o);
}

/* *place <- *from, and *from <- null. */
static inline void rc_take(gc_mutator *m, gc_object **place, gc_object **from) {
#if RC_NAIVE
  rc_assign(m, place, *from);
  rc_replace(m, from, NULL);
#else
  gc_object *o = *from;
  *from = NULL;
  if (gc_mutant(take_counts) && o)
    rc_retain(m, o);
  rc_replace(m, place, o);
#endif
}

/* Borrowing register `r` <- o. */
static inline void rc_lend(gc_mutator *m, gc_reg r, gc_object *o) {
  gc_object **place = object_borrowing(m, r);
#if RC_NAIVE
  rc_assign(m, place, o);
#else
  (void)m;
  *place = o;
#endif
#if RC_CYCLES
  m->lent[r] = true;
#endif
}

#if RC_CYCLES
enum { RC_FEW_SLOTS = 7 }; /* with the header a line of the cache */

/* Whether an object of which the caller owns a count need not become a
 * candidate when that moves into `into`: it is one, or has no slots, or nothing
 * leads from it to `into` because all its slots are null, and it is nobody
 * else's, who might write them meanwhile.  May say no where there are many
 * slots. */
static inline bool rc_moves_unnoticed(const gc_object *o,
                                      const gc_object *into) {
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_ACQUIRE);
  uint32_t meta = (uint32_t)(header >> 32); /* flags, and the slots below */
  if (meta & RC_BUFFERED)
    return true;
  if (o == into || (uint32_t)header != 1 || meta > RC_FEW_SLOTS)
    return false;
  for (uint32_t i = 0; i < meta; i++)
    if (o->slots[i])
      return false;
  return true;
}
#endif

/* A reference is about to move from register `src` into the object in register
 * `obj`.  If that may be what closes a cycle around the last reference from
 * outside, no count will ever be dropped that makes a candidate of it: so it
 * does.  It cannot be while an owning register other than `src` holds the
 * object, since that will drop its count. */
static inline void rc_before_take(gc_mutator *m, gc_reg obj, gc_reg src) {
#if RC_CYCLES
  gc_object *o = m->reg[src];
  if ((m->lent[obj] || gc_unlikely(obj == src)) && o &&
      gc_unlikely(!rc_moves_unnoticed(o, m->reg[obj])))
    rc_candidate(m, o);
#else
  (void)m, (void)obj, (void)src;
#endif
}

/* Serves the queue of a biased mutator, and lets the world stop. */
static inline void rc_poll(gc_mutator *m) {
#if RC_BIASED
  if (gc_unlikely(atomic_load_explicit(&m->asked, memory_order_relaxed)))
    rc_serve(m);
  world_poll();
#else
  (void)m;
#endif
}

/* Memory for an object, or NULL: there is none. */
static inline gc_object *rc_alloc(gc_mutator *m, size_t bytes) {
  gc_object *o = NULL;
#if RC_LAZY
  o = rc_reuse(m, bytes);
#endif
  if (!o)
    o = rc_cell_alloc(m, bytes);
  return gc_likely(o) ? o : rc_alloc_slow(m, bytes);
}

/* ------------------------------------------------------------------------- *
 * The interface.
 * ------------------------------------------------------------------------- */

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  uint32_t counted = owning + (RC_NAIVE ? borrowing : 0);
  for (uint32_t i = gc_mutant(frame_keeps_register); i < counted; i++)
    rc_replace(m, &m->reg[frame + i], NULL);
#if RC_CYCLES
  for (uint32_t i = 0; i < borrowing; i++)
    m->lent[frame + owning + i] = false;
#endif
  object_frame_pop(m, frame, owning + borrowing);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  rc_poll(m);
  size_t bytes = object_bytes(shape);
  gc_object *o = rc_alloc(m, bytes);
  if (gc_unlikely(!o))
    return false;
  uint32_t meta = object_meta(shape, flags);
  if (RC_CYCLES && shape.slots == 0)
    meta |= RC_BUFFERED;
  object_init(o, rc_born(m), meta, shape.slots);
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

/* A weak reference's payload starts with its target (refcount.c). */
static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  gc_object *o = object_read(m, weak);
#if RC_ATOMIC
  gc_object *target = rc_weak_get(o);
#else
  gc_object *target = o->slots[0];
  if (target && !gc_mutant(weak_get_uncounted))
    rc_retain(m, target);
#endif
  rc_replace(m, object_owning(m, dst), target);
  return target != NULL;
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  gc_object *o = finalizers_pop();
  if (o)
    rc_replace(m, object_owning(m, dst), o);
  return o != NULL;
}

/* Among threads the world is stopped by the cycle detector, and by whoever runs
 * out of memory. */
static inline void gc_safepoint(gc_mutator *m) {
#if RC_BIASED
  if (gc_unlikely(m->nr_outgoing))
    rc_serve(m);
  rc_poll(m);
#elif RC_ATOMIC
  (void)m;
  world_poll();
#else
  (void)m;
#endif
}

#endif
