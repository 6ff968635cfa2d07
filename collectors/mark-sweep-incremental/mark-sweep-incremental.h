/* mark-sweep-incremental.h: the inline half of the incremental mark-sweep
 * collector: allocation and the deletion barrier are those of
 * common/inline/snapshot-operations.h. */
#ifndef REAPMARK_MARK_SWEEP_INCREMENTAL_H
#define REAPMARK_MARK_SWEEP_INCREMENTAL_H

#include "common/cells.h"

struct gc_mutator {
  gc_mutator_base base;
  cells_buffer buffer;
  object_bag shaded; /* shaded objects that the marker has not taken yet */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/snapshot-operations.h"

#endif
