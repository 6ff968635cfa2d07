/* mark-sweep.h: the inline half of the mark-sweep collector: allocation.
 *
 * A mutator allocates from a *free span* per size class: a stretch of free
 * cells in a block that only this mutator uses.  A span is what lies between
 * two objects that survived the last collection.  So allocating is bumping a
 * cursor, and sweeping is finding the next span in the mark bits; there is no
 * free list and no sweep phase (common/cells.h).  mark-sweep.c says what a
 * collection does. */
#ifndef REAPMARK_MARK_SWEEP_H
#define REAPMARK_MARK_SWEEP_H

#include "common/cells.h"

struct gc_mutator {
  gc_mutator_base base;
  cells_buffer buffer;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

#include "common/inline/cells-operations.h"

#endif
