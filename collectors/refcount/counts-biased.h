/* counts-biased.h: biased counting: the thread that makes an object owns it and
 * counts its own references without atomic operations (Choi, Shull & Torrellas,
 * PACT 2018; that the queue holds a count is CPython's free threading).
 * The part `counts` of a counting collector (parts.h), for threads-many.h only;
 * the slow paths are in biased.c.
 *
 * The count word of an object is
 *
 *     | shared + 256 : 16 | local : 8 | owner : 8 |
 *
 * The owner counts in `local`, by plain loads and stores of the upper half of
 * the word, which nobody else writes.  All others count in `shared`, by atomic
 * operations on the header.  When `local` comes to zero the two halves are
 * *merged*, for good:
 *
 *     | count : 24 | 0 : 8 |
 *
 * Invariants.
 *   - The counts of an object are local + shared, or count if it is merged, and
 *     its entry in the table of surplus (biased.c).  Their sum is the number of
 *     references to the object, and one more while it is in a queue.
 *   - `local` of an object that is not merged is never zero.
 *   - An object is merged by its owner, or by whoever holds the owner's lock
 *     while the owner is away: blocking, gone, or stopped with the world.
 *   - `shared` is negative only of an object in a queue, and no lower than
 *     -local then: the object always has one count at least.
 *
 * Another thread cannot drop the last shared count, because it does not know
 * `local`.  It leaves the count to the owner's queue, and the owner, at its
 * next safepoint, merges the object and drops the count. */
#ifndef REAPMARK_REFCOUNT_COUNTS_H
#define REAPMARK_REFCOUNT_COUNTS_H

#include "refcount/parts.h"

_Static_assert(RC_SHARED, "biased counting is for several threads");

#define RC_COUNTS_SOURCE                                                       \
  "Choi, Shull & Torrellas, PACT 2018; free lists: Leijen et al., APLAS 2019"

/* For the collector's description.  Objects put in a queue of their owner, and
 * merged at once because the owner was away; objects whose owner's half came to
 * zero while other threads had counts.  The table of surplus is no event: no
 * random program makes the 32,512 references that fill a header; a test does.
 */
#define RC_COUNTS_EVENTS  "queued", "merged-for-absent", "merged-by-owner",
#define RC_COUNTS_WORK    "queued", "surplus-searched",
#define RC_COUNTS_HOSTILE GC_HOSTILE_BUFFERS

/* A search for cycles could not change the counts in place. */
enum { RC_COUNT_IS_WORD = 0 };

enum {
  RC_SHARED_ZERO = 256, /* `shared` is stored with this added */
  RC_SHARED_MASK = 0xffff,
  RC_LOCAL_MOST = 255,
  RC_COUNT_MASK = 0xffffff,
  /* A stored `shared` from here on may be too large (rc_shed). */
  RC_HIGH = 1 << 15,
  /* The `mine` of mutators that own nothing: no object's upper half has it. */
  RC_OWNS_NOTHING = 0xff00,
  /* Objects that a mutator sends to queues at once.  Fewer make the queues'
   * locks pass between processors more often (biased.md). */
  RC_OUTGOING = 64,
};
#define RC_QUEUED  OBJECT_FLAG_A /* is in its owner's queue, or was before */
#define RC_SURPLUS OBJECT_FLAG_B /* has an entry in the table of surplus */

/* An object on its way to the queue of its owner. */
typedef struct rc_outgoing {
  struct gc_object *object;
  uint8_t owner; /* its number */
} rc_outgoing;

typedef struct rc_counts {
  uint16_t mine; /* the upper half of what this mutator owns, local = 0 */
  uint32_t born; /* the count word of a new object */
  struct rc_owner *owner;
  unsigned nr_outgoing;
  rc_outgoing outgoing[RC_OUTGOING];
  /* Something is in this mutator's queue, or `outgoing` is full.  Other threads
   * write it: on a line of its own. */
  _Alignas(64) _Atomic bool asked;
} rc_counts;

static inline rc_counts *rc_counts_of(gc_mutator *m);

/* The slow paths, in biased.c. */

/* The owner's half is full: moves half of it to the shared one, adding one. */
void rc_local_full(gc_object *o);
/* Moves counts to the table of surplus, if the header has too many. */
void rc_shed(gc_object *o);
/* rc_drop for an object that the mutator does not own. */
bool rc_drop_shared(gc_mutator *m, gc_object *o);
/* Merges the object, unless that is done, and drops so many counts; returns
 * whether none is left.  For the owner, for whoever holds its lock while it is
 * away, and for anybody if the object is merged. */
bool rc_merge(gc_object *o, uint32_t drop);
/* rc_merge(o, 1) for the object's owner, which has dropped its last own count.
 */
bool rc_merge_own(gc_mutator *m, gc_object *o);
/* Empties the mutator's queue, and sends what it is to send. */
void rc_serve(gc_mutator *m);

static inline uint16_t *rc_half(gc_object *o) {
  return (uint16_t *)&o->word + 1;
}

static inline void rc_retain(gc_mutator *m, gc_object *o) {
  uint16_t mine = rc_counts_of(m)->mine;
  uint16_t half = __atomic_load_n(rc_half(o), __ATOMIC_RELAXED);
  uint16_t local = (uint16_t)(half - mine); /* if this mutator is the owner */
  if (gc_mutant(count_wraps) && local == RC_LOCAL_MOST)
    __atomic_store_n(rc_half(o), (uint16_t)(mine + 1), __ATOMIC_RELAXED);
  else if (gc_likely(local < RC_LOCAL_MOST))
    __atomic_store_n(rc_half(o), (uint16_t)(half + 1), __ATOMIC_RELAXED);
  else if (local == RC_LOCAL_MOST)
    rc_local_full(o);
  else
    rc_raised(o, __atomic_fetch_add(&o->header, 1, __ATOMIC_RELAXED));
}

static inline bool rc_drop(gc_mutator *m, gc_object *o) {
  uint16_t half = __atomic_load_n(rc_half(o), __ATOMIC_RELAXED);
  uint16_t local = (uint16_t)(half - rc_counts_of(m)->mine);
  if (gc_likely((uint16_t)(local - 2) <= RC_LOCAL_MOST - 2)) {
    __atomic_store_n(rc_half(o), (uint16_t)(half - 1), __ATOMIC_RELAXED);
    return false;
  }
  /* Merged, which it stays.  The flags are read with the count again: flags
   * that are read by themselves may be older than `half`, from before the
   * merging. */
  if (half <= RC_LOCAL_MOST &&
      !(__atomic_load_n(&o->header, __ATOMIC_RELAXED) >> 32 & RC_SURPLUS))
    return (uint32_t)__atomic_fetch_sub(&o->header, 1, __ATOMIC_ACQ_REL) == 1;
  if (gc_unlikely(local != 1))
    return rc_drop_shared(m, o);
  /* If the other threads have no counts, only a weak reference could give them
   * one.  Without weak references the object is dead and needs no merging. */
  const uint16_t *shared = (const uint16_t *)&o->word;
  if (gc_likely(__atomic_load_n(shared, __ATOMIC_ACQUIRE) == RC_SHARED_ZERO &&
                !(__atomic_load_n(&o->meta, __ATOMIC_RELAXED) &
                  (RC_SURPLUS | OBJECT_WEAK_TARGET))))
    return true;
  return rc_merge_own(m, o);
}

static inline uint32_t rc_born(gc_mutator *m) {
  return rc_counts_of(m)->born;
}

static inline void rc_raised(gc_object *o, uint64_t before) {
  if (gc_unlikely(before & RC_HIGH))
    rc_shed(o);
}

/* Serves the mutator's queue, and lets the world stop. */
static inline void rc_poll(gc_mutator *m) {
  if (gc_unlikely(
          atomic_load_explicit(&rc_counts_of(m)->asked, memory_order_relaxed)))
    rc_serve(m);
  rc_world_poll();
}

static inline void rc_safepoint(gc_mutator *m) {
  if (gc_unlikely(rc_counts_of(m)->nr_outgoing))
    rc_serve(m);
  rc_poll(m);
}

/* How many references an object counts; the world is stopped. */
uint64_t rc_count(const gc_object *o);

/* The hooks, in biased.c. */
void rc_counts_create(void);
void rc_counts_destroy(void);
void rc_counts_attach(gc_mutator *m);
void rc_counts_detach(gc_mutator *m);
/* The mutator begins to block: from now on other threads merge its objects and
 * send it nothing.  It returns. */
void rc_counts_leave(gc_mutator *m);
void rc_counts_return(gc_mutator *m);
/* Serves the queues of all mutators.  Stops the world.  (S) */
void rc_counts_collect(gc_mutator *m);
bool rc_counts_collect_stopped(gc_mutator *m);
uint64_t rc_counts_bytes(void);
size_t rc_counts_counters(gc_counter *out, size_t room);
/* Adds the counts that queues hold to a table with a word for each granule. */
const char *rc_counts_check(uint32_t *census);

#endif
