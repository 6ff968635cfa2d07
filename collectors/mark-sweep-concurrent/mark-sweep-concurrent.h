/* mark-sweep-concurrent.h: the inline half of the concurrent mark-sweep
 * collector: allocation and the deletion barrier are those of
 * common/inline/snapshot-operations.h. */
#ifndef REAPMARK_MARK_SWEEP_CONCURRENT_H
#define REAPMARK_MARK_SWEEP_CONCURRENT_H

#include "common/cells.h"

struct gc_mutator {
  gc_mutator_base base;
  cells_buffer buffer;
  object_bag shaded; /* shaded objects that the marker has not got yet */
  uint64_t debt;     /* bytes that this mutator got since it last paid for
                        memory with marking, or did not have to */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

/* The marker may be reading the slot.  It must see an object that is newer than
 * the cycle together with its bit, so the store releases. */
#define OBJECT_PUT(place, value)                                               \
  __atomic_store_n(place, value, __ATOMIC_RELEASE)
#include "common/inline/snapshot-operations.h"

#endif
