/* forwarding.h: how collectors that move objects leave word of where each went.
 *
 * `word` of an object is its size in granules.  That of an object that was
 * copied is the granule of the copy instead, which a flag in `meta` tells: the
 * header alone changes, so whoever still has the old address reads slots and
 * payload there as they were, and the size in the copy.  An object that was
 * reached and stays where it is (too large to be worth copying, or in a block
 * that is not emptied) has another flag.  Both are of one collection: the
 * collector takes the second off what it has stayed on; the first goes with the
 * old objects.
 *
 * Source: Minsky, A LISP garbage collector algorithm using serial secondary
 * storage, MIT AI memo 58, 1963.  Not thread-safe: the world is stopped, and
 * one thread copies. */
#ifndef REAPMARK_COMMON_FORWARDING_H
#define REAPMARK_COMMON_FORWARDING_H

#include "common/hostile/mutants.h"
#include "common/space.h"

#define FORWARDING_MOVED OBJECT_FLAG_A
#define FORWARDING_STAYS OBJECT_FLAG_B

/* `word` for an object of this shape. */
static inline uint32_t forwarding_word(gc_shape shape) {
  return (uint32_t)(object_bytes(shape) / SPACE_GRANULE);
}

/* Bytes of an object that has not moved, or of a copy. */
static inline size_t forwarding_bytes(const gc_object *o) {
  return (size_t)o->word * SPACE_GRANULE;
}

static inline bool forwarding_moved(const gc_object *o) {
  return o->meta & FORWARDING_MOVED;
}

/* The copy of an object that has moved. */
static inline gc_object *forwarding_copy(const gc_object *o) {
  return space_address(o->word);
}

/* Copies an object to `to`, where there is room for forwarding_bytes of it, and
 * leaves word. */
static inline gc_object *forwarding_move(gc_object *o, void *to) {
  /* Most are a few granules: a call would cost more than the copying. */
  typedef struct granule {
    uint64_t words[SPACE_GRANULE / 8];
  } granule;
  granule *target = to;
  const granule *source = (const granule *)o;
  for (uint32_t i = 0; i < o->word - gc_mutant(copy_cut); i++)
    target[i] = source[i];
  o->word = space_granule(to);
  o->meta |= FORWARDING_MOVED;
  return to;
}

/* Where an object is now, for an old address: its copy, itself if it stays, or
 * NULL if it was not reached. */
static inline gc_object *forwarding_where(gc_object *o) {
  if (forwarding_moved(o))
    return forwarding_copy(o);
  return o->meta & FORWARDING_STAYS ? o : NULL;
}

#endif
