/* cells-operations.h, a template (include it after struct gc_mutator and
 * plain-operations.h): allocation from size-segregated blocks
 * (common/cells.h).
 *
 * The mutator has a member `cells_buffer buffer`.  The optional macros of
 * tracked-operations.h, which this file includes, are defined before;
 * OBJECT_NEW is defined here. */
#ifndef REAPMARK_COMMON_INLINE_CELLS_OPERATIONS_H
#define REAPMARK_COMMON_INLINE_CELLS_OPERATIONS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/cells.h"
#include "common/inline/registers.h"

/* The slow path, defined by the collector, which calls cells_obtain.  Returns
 * memory for an object of size class `c`, or of `bytes` if `c` is CELLS_LARGE,
 * or external memory if `c` is CELLS_EXTERNAL; NULL when out of memory.  May
 * collect.  (S) */
gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes);

static inline gc_object *cells_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  if (gc_unlikely(bytes > SIZE_CLASS_MOST))
    return cells_slow(m, CELLS_LARGE, bytes);
  unsigned c = size_class(bytes);
  gc_object *o = cells_bump(&m->buffer, c);
  return gc_likely(o) ? o : cells_slow(m, c, bytes);
}

#define OBJECT_NEW(m, shape)      cells_new(m, shape)
#define OBJECT_EXTERNAL(m, bytes) cells_slow(m, CELLS_EXTERNAL, bytes)
#include "common/inline/tracked-operations.h"

#endif
