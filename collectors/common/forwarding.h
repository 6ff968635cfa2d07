/* forwarding.h: forwarding addresses: the header of an object that was copied
 * tells where the copy is.
 *
 * The header's `word` is the object's size in granules.  When the object is
 * copied, the flag FORWARDING_MOVED is set in `meta`, and `word` of the old
 * object becomes the granule of the copy.  Nothing but the header changes, so
 * slots and payload can still be read at the old address, and the size in the
 * copy.  An object that was reached and stays in place, because it is too large
 * to be worth copying, has the flag FORWARDING_STAYS instead.  Both flags
 * belong to one collection: the first vanishes with the old object, the second
 * is taken off by the collector.
 *
 * Source: Minsky, A LISP garbage collector algorithm using serial secondary
 * storage, MIT AI memo 58, 1963.  The world is stopped.  Not
 * thread-safe, but for forwarding_decide. */
#ifndef REAPMARK_COMMON_FORWARDING_H
#define REAPMARK_COMMON_FORWARDING_H

#include "common/hostile/mutants.h"
#include "common/space.h"

#define FORWARDING_MOVED OBJECT_FLAG_A
#define FORWARDING_STAYS OBJECT_FLAG_B

/* The `word` of an object of this shape. */
static inline uint32_t forwarding_word(gc_shape shape) {
  return (uint32_t)(object_bytes(shape) / SPACE_GRANULE);
}

/* The size in bytes of an object that has not moved.  It never changes, but the
 * load is atomic because another marker may be trying to decide, in vain, about
 * an object that stays. */
static inline size_t forwarding_bytes(const gc_object *o) {
  return (size_t)__atomic_load_n(&o->word, __ATOMIC_RELAXED) * SPACE_GRANULE;
}

static inline bool forwarding_moved(const gc_object *o) {
  return o->meta & FORWARDING_MOVED;
}

/* The copy of an object that has moved. */
static inline gc_object *forwarding_copy(const gc_object *o) {
  return space_address(o->word);
}

typedef struct forwarding_granule {
  uint64_t words[SPACE_GRANULE / 8];
} forwarding_granule;

/* Copies all granules of an object but the first.  A loop, because most objects
 * are a few granules long: calling memcpy would cost more than copying them. */
static inline void forwarding_copy_rest(void *to, const void *from,
                                        uint32_t granules) {
  forwarding_granule *target = to;
  const forwarding_granule *source = from;
  for (uint32_t i = 1; i < granules - gc_mutant(copy_cut); i++)
    target[i] = source[i];
}

/* Copies an object to `to`, where there is room for forwarding_bytes(o) bytes,
 * leaves the forwarding address, and returns the copy. */
static inline gc_object *forwarding_move(gc_object *o, void *to) {
  *(forwarding_granule *)to = *(const forwarding_granule *)o;
  forwarding_copy_rest(to, o, o->word);
  o->word = space_granule(to);
  o->meta |= FORWARDING_MOVED;
  return to;
}

/* ------------------------------------------------------------------------- *
 * Several markers.  An object is *undecided* until the first of them has
 * written to its header, in one step, that it has moved, or that it stays.
 * ------------------------------------------------------------------------- */

/* The header as it is now. */
static inline uint64_t forwarding_header(const gc_object *o) {
  return __atomic_load_n(&o->header, __ATOMIC_ACQUIRE);
}

static inline bool forwarding_decided(uint64_t header) {
  return header >> 32 & (FORWARDING_MOVED | FORWARDING_STAYS);
}

/* Where the object `o` with a decided header is. */
static inline gc_object *forwarding_decision(gc_object *o, uint64_t header) {
  return header >> 32 & FORWARDING_MOVED ? space_address((uint32_t)header) : o;
}

/* The size in bytes of an object with an undecided header. */
static inline size_t forwarding_header_bytes(uint64_t header) {
  return (size_t)(uint32_t)header * SPACE_GRANULE;
}

/* Copies an object with an undecided header, and decides nothing. */
static inline void forwarding_copy_to(const gc_object *o, uint64_t header,
                                      gc_object *to) {
  to->header = header;
  to->slots[0] = o->slots[0]; /* or payload, or nothing */
  forwarding_copy_rest(to, o, (uint32_t)header);
}

/* Decides that the object with the undecided *header has moved to `to`, or if
 * that is NULL, that it stays.  Returns false, and sets *header to what it is
 * now, if another marker has decided. */
static inline bool forwarding_decide(gc_object *o, uint64_t *header,
                                     gc_object *to) {
  uint64_t decided = *header | (uint64_t)FORWARDING_STAYS << 32;
  if (to)
    decided = (*header >> 32 | FORWARDING_MOVED) << 32 | space_granule(to);
  if (gc_mutant(forwarded_by_store)) {
    __atomic_store_n(&o->header, decided, __ATOMIC_RELEASE);
    return true;
  }
  return __atomic_compare_exchange_n(&o->header, header, decided, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Where the object at an old address is now: its copy, itself if it stays, or
 * NULL if it was not reached. */
static inline gc_object *forwarding_where(gc_object *o) {
  if (forwarding_moved(o))
    return forwarding_copy(o);
  return o->meta & FORWARDING_STAYS ? o : NULL;
}

#endif
