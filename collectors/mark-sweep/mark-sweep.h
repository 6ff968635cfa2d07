/* mark-sweep.h: the inline half of the mark-sweep collector: allocation.
 *
 * A mutator allocates from a *run* per size class: a stretch of free cells
 * inside a block that is its own for the time being.  A run is what lies
 * between two objects that survived the last collection, so allocating is
 * bumping a cursor, and sweeping is finding the next run in the mark bits;
 * there is no free list and no sweep phase (common/cells.h).  What a collection
 * is, says mark-sweep.c. */
#ifndef REAPMARK_MARK_SWEEP_H
#define REAPMARK_MARK_SWEEP_H

#include "common/cells.h"

struct gc_mutator {
  gc_mutator_base base;
  cells_hand hand;
  gc_object *reg[];
};

#include "common/inline/plain-operations.h"

#include "common/inline/cells-operations.h"

#endif
