/* biased.h: counts of which one thread's part is changed without atomic
 * operations: the inline half (Choi, Shull & Torrellas, PACT 2018; the queue
 * holds a count, as in CPython's free threading).
 *
 * The thread that makes an object owns it.  The count word is
 *
 *     | shared + 256 : 16 | local : 8 | owner : 8 |
 *
 * The owner counts in `local`, by plain loads and stores of the upper half that
 * nobody else writes; all others count in `shared`, by atomic operations on the
 * header.  When `local` comes to zero the halves are *merged*, for good:
 *
 *     | count : 24 | 0 : 8 |
 *
 * Invariants.
 *   - An object has local + shared counts, or count, and what is in surplus
 *     (biased.c), together as many as there are references to it, and one more
 *     while it is queued.
 *   - `local` of an object that is not merged is never zero.
 *   - An object is merged by its owner, or by whoever has the owner's lock
 *     while the owner is away: blocking, gone, or stopped with the world.
 *   - `shared` is negative only of an object that is queued, and then no lower
 *     than -local: its references are one count at least in all.
 *
 * Another thread cannot take the last shared count away: it knows nothing of
 * `local`.  It leaves that count to the owner's queue, and the owner, at its
 * next safepoint, merges and drops it. */
#ifndef REAPMARK_BIASED_H
#define REAPMARK_BIASED_H

enum {
  RC_SHARED_ZERO = 256,
  RC_SHARED_MASK = 0xffff,
  RC_LOCAL_MOST = 255,
  RC_COUNT_MASK = 0xffffff,
  /* A shared half from here on may have too much (rc_shed). */
  RC_HIGH = 1 << 15,
  /* Of mutators that cannot own: no object's. */
  RC_OWNS_NOTHING = 0xff00,
};
#define RC_QUEUED  OBJECT_FLAG_A /* in its owner's queue, or was before */
#define RC_SURPLUS OBJECT_FLAG_B /* has counts in the table of surplus */

/* Slow paths, in biased.c. */
void rc_local_full(gc_object *o);
void rc_shed(gc_object *o);
bool rc_drop_shared(gc_mutator *m, gc_object *o);
bool rc_merge(gc_object *o, uint32_t drop);
void rc_serve(gc_mutator *m);

static inline uint16_t *rc_half(gc_object *o) {
  return (uint16_t *)&o->word + 1;
}

static inline void rc_retain(gc_mutator *m, gc_object *o) {
  uint16_t half = __atomic_load_n(rc_half(o), __ATOMIC_RELAXED);
  uint16_t local = (uint16_t)(half - m->mine); /* if it is mine */
  if (gc_mutant(count_wraps) && local == RC_LOCAL_MOST)
    __atomic_store_n(rc_half(o), (uint16_t)(m->mine + 1), __ATOMIC_RELAXED);
  else if (gc_likely(local < RC_LOCAL_MOST))
    __atomic_store_n(rc_half(o), (uint16_t)(half + 1), __ATOMIC_RELAXED);
  else if (local == RC_LOCAL_MOST)
    rc_local_full(o);
  else if (gc_unlikely(__atomic_fetch_add(&o->header, 1, __ATOMIC_RELAXED) &
                       RC_HIGH))
    rc_shed(o);
}

/* Drops a count; returns true if it was the last. */
static inline bool rc_drop(gc_mutator *m, gc_object *o) {
  uint16_t half = __atomic_load_n(rc_half(o), __ATOMIC_RELAXED);
  uint16_t local = (uint16_t)(half - m->mine);
  if (gc_likely((uint16_t)(local - 2) <= RC_LOCAL_MOST - 2)) {
    __atomic_store_n(rc_half(o), (uint16_t)(half - 1), __ATOMIC_RELAXED);
    return false;
  }
  if (half <= RC_LOCAL_MOST && /* merged: and so it stays */
      !(__atomic_load_n(&o->meta, __ATOMIC_RELAXED) & RC_SURPLUS))
    return (uint32_t)__atomic_fetch_sub(&o->header, 1, __ATOMIC_ACQ_REL) == 1;
  if (gc_unlikely(local != 1))
    return rc_drop_shared(m, o);
  /* If others have none, nobody can give them one but through a weak reference:
   * then it is dead, and needs no merging. */
  const uint16_t *shared = (const uint16_t *)&o->word;
  if (gc_likely(__atomic_load_n(shared, __ATOMIC_ACQUIRE) == RC_SHARED_ZERO &&
                !(__atomic_load_n(&o->meta, __ATOMIC_RELAXED) &
                  (RC_SURPLUS | OBJECT_WEAK_TARGET))))
    return true;
  return rc_merge(o, 1);
}

#endif
