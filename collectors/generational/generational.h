/* generational.h: the inline half of the generational collector: allocation,
 * which is mark-sweep's (common/inline/cells-operations.h), and the write
 * barrier.
 *
 * An object that survived a collection is *old*; a flag in its header says so,
 * by which the barrier finds what must be remembered (common/remembered.h). */
#ifndef REAPMARK_GENERATIONAL_H
#define REAPMARK_GENERATIONAL_H

#include "common/cells.h"
#include "common/remembered.h"

struct gc_mutator {
  gc_mutator_base base;
  cells_buffer buffer;
  remembered_set remembered;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#define OBJECT_BARRIER(m, o, place, value)                                     \
  remembered_barrier(&(m)->remembered, o, place, value)
#include "common/inline/plain-operations.h"

#include "common/inline/cells-operations.h"

#endif
