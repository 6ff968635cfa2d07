/* immix.h: the inline half of the Immix collector: allocation.
 *
 * A mutator allocates by bumping a cursor through a *hole*: a run of free lines
 * in a block that is its own for the time being.  Objects of all sizes that fit
 * in blocks share the hole, so there is one cursor, not one for each size.  See
 * immix.c for all else. */
#ifndef REAPMARK_IMMIX_H
#define REAPMARK_IMMIX_H

#include "common/blocks.h"
#include "common/world.h"

enum { IM_MOST = BLOCK_BYTES / 4 }; /* bytes of an object in a block */

typedef struct im_hole {
  char *cursor, *end; /* the next free byte, and the end; both null at first */
  uint32_t block;     /* that it is in, 0: none */
} im_hole;

struct gc_mutator {
  gc_mutator_base base;
  im_hole hole;
  char *limit;      /* hole.end; or null, that each allocation is seen */
  im_hole overflow; /* for what is larger than a line and did not fit there */
  char *waits;      /* where the hole's cursor was when that last happened, */
  unsigned waited;  /* and how often it was there before */
  gc_object *reg[];
};

#include "common/inline/plain-operations.h"

/* When the hole is used up, and for objects too large for a block.  May
 * collect; NULL when out of memory. */
gc_object *im_new_slow(gc_mutator *m, size_t bytes);

static inline gc_object *im_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  char *at = m->hole.cursor; /* compared as numbers: it may be null */
  if (gc_unlikely(bytes > IM_MOST ||
                  (uintptr_t)at + bytes > (uintptr_t)m->limit))
    return im_new_slow(m, bytes);
  m->hole.cursor = at + bytes;
  return (gc_object *)at;
}

#define OBJECT_NEW(m, shape) im_new(m, shape)
#include "common/inline/tracked-operations.h"

#endif
