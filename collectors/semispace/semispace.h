/* semispace.h: the inline half of the copying collector: allocation.
 *
 * A mutator allocates by bumping a cursor in a block of its own.  Whatever has
 * survived a collection was copied, so there are no holes to look for, and no
 * classes of sizes.  See semispace.c for all else. */
#ifndef REAPMARK_SEMISPACE_H
#define REAPMARK_SEMISPACE_H

#include "common/blocks.h"
#include "common/world.h"

enum {
  /* The largest object in bytes that is copied.  It is also what may be left
   * over at the end of each block, and so what there must be more of to copy
   * into than to copy from: a thirty-second. */
  SEMI_LARGEST = BLOCK_BYTES / 32,
};

struct gc_mutator {
  gc_mutator_base base;
  char *cursor, *limit; /* free part of its block that it may fill */
  uint32_t block;       /* its number, 0: none */
  gc_object *reg[];
};

#include "common/inline/plain-operations.h"

/* The slow path.  May collect; NULL when out of memory. */
gc_object *semi_new_slow(gc_mutator *m, size_t bytes);

static inline gc_object *semi_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  char *at = m->cursor;
  if (gc_unlikely(bytes > SEMI_LARGEST || bytes > (size_t)(m->limit - at)))
    return semi_new_slow(m, bytes);
  m->cursor = at + bytes;
  return (gc_object *)at;
}

#define OBJECT_NEW(m, shape) semi_new(m, shape)
#include "common/inline/tracked-operations.h"

#endif
