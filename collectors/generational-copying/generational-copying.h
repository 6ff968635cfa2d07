/* generational-copying.h: the inline half of the collector with a copying
 * nursery: its mutator and its write barrier.  Allocation is that of a space of
 * lines (immix/operations.h): bumping a cursor, in empty blocks as a rule. */
#ifndef REAPMARK_GENERATIONAL_COPYING_H
#define REAPMARK_GENERATIONAL_COPYING_H

#include "common/remembered.h"
#include "common/world.h"
#include "immix/holes.h"

/* Some collections are partial (immix/layout.h). */
#define IM_GENERATIONS 1

struct gc_mutator {
  gc_mutator_base base;
  im_buffer buffer;
  remembered_set remembered;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#define OBJECT_BARRIER(m, o, place, value)                                     \
  remembered_barrier(&(m)->remembered, o, place, value)
#include "common/inline/plain-operations.h"

#include "immix/operations.h"

#endif
