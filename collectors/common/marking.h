/* marking.h: marks everything that can be reached, in a bitmap beside the heap.
 *
 * An object is marked when it is pushed, so it is pushed at most once.  Objects
 * pass from the stack through a short queue while their lines are fetched: a
 * miss costs about 100 ns and a scan a few (Cher, Hosking & Vitek, ASPLOS
 * 2004).  The stack grows as it must; when it may not, the object is left
 * marked but unscanned, its block is flagged, and once the stack has run dry
 * all marked objects of flagged blocks are scanned again.  Each such round was
 * caused by an object that had been unmarked before, so the rounds end, and a
 * stack of any capacity, even none, marks everything.
 *
 * Everything is inline, so that what a collector leaves constant folds away. */
#ifndef REAPMARK_COMMON_MARKING_H
#define REAPMARK_COMMON_MARKING_H

#include "common/bitmap.h"
#include "common/cells.h"
#include "common/mutants.h"
#include "common/stack.h"

enum {
  /* Objects on their way.  At 32 the misses of ordered heaps are hidden; more
   * gains nothing. */
  MARKING_FIFO = 32,
};

typedef struct marking {
  uint64_t *marks;
  object_stack stack;
  gc_object *fifo[MARKING_FIFO];
  unsigned at, queued; /* place in the queue, and how many are in it */
  uint64_t scanned, rescans;
} marking;

/* Marks an object that is not null, and sees that it will be scanned. */
static inline void marking_push(marking *k, gc_object *o);

/* Scans until nothing is left, or until `most` objects were scanned; returns
 * whether nothing is left.  Calls visit(o) of each object that it scans, where
 * a collector keeps a flag in the header. */
static inline bool marking_drain(marking *k, uint64_t most,
                                 void (*visit)(gc_object *o));

#endif
