/* holes.h: what a mutator needs to allocate in blocks of lines: the holes that
 * it bumps a cursor through.  immix and generational-copying allocate so; see
 * layout.h for the space of which the holes are part, and operations.h for the
 * allocation itself. */
#ifndef REAPMARK_IMMIX_HOLES_H
#define REAPMARK_IMMIX_HOLES_H

#include "common/blocks.h"

/* The largest object in a block, in bytes: a quarter of one, as in the paper.
 */
enum { IM_MOST = BLOCK_BYTES / 4 };

typedef struct im_hole {
  char *cursor, *end; /* the next free byte, and the end; both null at first */
  uint32_t block;     /* the number of its block; 0: none */
} im_hole;

/* A mutator's member `buffer`.  Zero at first. */
typedef struct im_buffer {
  im_hole hole;
  char *limit;      /* hole.end; null if each allocation takes the slow path */
  im_hole overflow; /* for objects larger than a line that did not fit there */
  /* The cursor of `hole` when an object last went to the overflow block, and
   * how many in a row did so with the cursor there. */
  char *waits;
  unsigned waited;
  uint64_t overflowed, given_up; /* see im_space, for figures */
} im_buffer;

#endif
