/* immix.h: the inline half of the Immix collector: allocation.
 *
 * A mutator allocates by bumping a cursor through a *hole*: a stretch of free
 * lines in a block that only this mutator uses.  Objects of all sizes that fit
 * in blocks share the hole, so there is one cursor, not one per size class. See
 * immix.c for everything else. */
#ifndef REAPMARK_IMMIX_H
#define REAPMARK_IMMIX_H

#include "common/blocks.h"
#include "common/world.h"

/* The largest object in a block, in bytes: a quarter of one, as in the paper.
 */
enum { IM_MOST = BLOCK_BYTES / 4 };

typedef struct im_hole {
  char *cursor, *end; /* the next free byte, and the end; both null at first */
  uint32_t block;     /* the number of its block; 0: none */
} im_hole;

struct gc_mutator {
  gc_mutator_base base;
  im_hole hole;
  char *limit;      /* hole.end; null if each allocation takes the slow path */
  im_hole overflow; /* for objects larger than a line that did not fit there */
  /* The cursor of `hole` when an object last went to the overflow block, and
   * how many in a row did so with the cursor there. */
  char *waits;
  unsigned waited;
  uint64_t overflowed, given_up; /* see gc_heap, for figures */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

/* The slow path, when the hole is used up and for objects too large for a
 * block. Memory for an object of `bytes`; NULL when out of memory.  May
 * collect.  (S) */
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
