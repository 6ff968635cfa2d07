/* immix.h: the inline half of the Immix collector: its mutator.  Allocation is
 * in operations.h; see immix.c for everything else. */
#ifndef REAPMARK_IMMIX_H
#define REAPMARK_IMMIX_H

#include "common/world.h"
#include "immix/holes.h"

struct gc_mutator {
  gc_mutator_base base;
  im_buffer buffer;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

#include "immix/operations.h"

#endif
