/* rc-internal.h: what the .c files of the counting collectors share beyond the
 * inline half. */
#ifndef REAPMARK_RC_INTERNAL_H
#define REAPMARK_RC_INTERNAL_H

#include "gc.h"
#include "refcount/parts.h"

struct gc_heap {
  uint64_t cascades, cascade_freed, freed; /* of mutators that have detached */
};

/* A cascade is timed from this many objects on.  Two clock reads cost as much
 * as freeing a few objects, so short cascades, a microsecond or two, go
 * unreported; of a long one the first part is lost, the same few microseconds.
 */
enum { RC_CASCADE_TIMED = 128 };

/* A table of gc_heap_check has a word for each granule: the number of counts
 * that the object there must have, and flags. */
#define RC_CENSUS_CANDIDATE  ((uint32_t)1 << 31) /* is in a candidate buffer */
#define RC_CENSUS_DEAD       ((uint32_t)1 << 30) /* waits to be torn down */
#define RC_CENSUS_FREE       ((uint32_t)1 << 29) /* there is a free cell */
#define RC_CENSUS_SEEN       ((uint32_t)1 << 28)
#define RC_CENSUS_REFERENCES (RC_CENSUS_SEEN - 1)

/* Puts an object in the queue of finalizers, which owns a count of it already.
 */
void rc_queue_for_finalizer(gc_object *o);

/* A weak reference's or ephemeron's place among those with the same target. */
typedef struct rc_link {
  gc_object *target; /* or key; null once the reference is cleared */
  struct rc_link *next, *previous;
} rc_link;

/* An ephemeron. */
typedef struct rc_pair {
  uint64_t header;  /* as in gc_object, with one slot: */
  gc_object *value; /* null if it was let go */
  rc_link link;
  bool subtracted;   /* trial deletion has subtracted its count of the value */
  uint32_t key_refs; /* of a key's first ephemeron: see containers.c */
} rc_pair;

/* The cell of an object, which begins with what is before its header, and the
 * object in a cell that is not free.  What is before a header has the number of
 * a list, which is not 0, where an object without slots has how many slots it
 * has (containers.h). */
static inline gc_object *rc_object_cell(gc_object *o) {
  return (gc_object *)((uintptr_t)o - rc_prefix(o));
}

static inline gc_object *rc_cell_object(gc_object *cell) {
  return (gc_object *)((uintptr_t)cell + rc_prefix(cell));
}

static inline rc_pair *rc_pair_of(rc_link *l) {
  return (rc_pair *)((char *)l - offsetof(rc_pair, link));
}

static inline bool rc_is_pair(const gc_object *o) {
  uint32_t meta = rc_meta_relaxed(o);
  return meta & OBJECT_WEAK_REFERENCE && meta & OBJECT_SLOTS;
}

/* Clears every weak reference to an object that had one a moment ago, and every
 * ephemeron whose key it is; the values of these are to be dropped. */
void rc_weak_clear(gc_object *target);

/* A weak reference or ephemeron dies: takes it off its target's list, if it is
 * on one.  An ephemeron keeps its count of the value, unless that was dropped.
 */
void rc_weak_unlink(gc_object *weak);

/* Whether an object has external memory; and gives the memory of an object back
 * that is dead and has no weak references. */
bool rc_external_any(const gc_object *o);
void rc_external_die(gc_object *o);

/* How many ephemerons of dead keys have values to be dropped; whether there are
 * any; takes one value with its count, NULL if there is none. */
extern _Atomic size_t rc_parted_count;
static inline bool rc_any_parted(void) {
  return atomic_load_explicit(&rc_parted_count, memory_order_relaxed) > 0;
}
gc_object *rc_parted_value(void);

/* For the cycle detector; no mutator runs: the first ephemeron with this key,
 * the others by link.next; whether there are any that were not cleared; and all
 * of these. */
rc_pair *rc_pairs_of(const gc_object *key);
bool rc_any_pairs(void);
void rc_each_pair(void (*visit)(void *data, gc_object *key, gc_object *pair),
                  void *data);

/* rc_really_dead for an object with flags `meta` that is finalizable, the
 * target of a weak reference, or has external memory. */
bool rc_known_really_dead(gc_object *o, uint32_t meta);

/* An object's count has reached zero: returns whether the object is to be torn
 * down.  Clears the weak references to it first.  Returns false if the object
 * was put in the queue of finalizers, which owns a count of it now. */
static inline bool rc_really_dead(gc_object *o) {
  uint32_t meta = rc_meta(o);
  if (gc_likely(!(meta & (OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET))))
    return true;
  return rc_known_really_dead(o, meta);
}

#endif
