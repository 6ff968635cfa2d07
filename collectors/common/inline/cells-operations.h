/* cells-operations.h: allocation of a collector over cells.h.
 *
 * To be included by its header after struct gc_mutator, which has a member
 * `cells_hand hand`, and after plain-operations.h; with what
 * tracked-operations.h may want to be defined, but for OBJECT_NEW. */
#ifndef REAPMARK_COMMON_CELLS_OPERATIONS_H
#define REAPMARK_COMMON_CELLS_OPERATIONS_H

#include "common/cells.h"
#include "common/inline/registers.h"

/* The slow path, which calls cells_obtain: memory for an object of class `c`,
 * which for CELLS_LARGE is of `bytes`.  May collect, and returns NULL when out
 * of memory.  Defined by the collector. */
gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes);

static inline gc_object *cells_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  if (gc_unlikely(bytes > SIZE_CLASS_MOST))
    return cells_slow(m, CELLS_LARGE, bytes);
  unsigned c = size_class(bytes);
  gc_object *o = cells_bump(&m->hand, c);
  return gc_likely(o) ? o : cells_slow(m, c, bytes);
}

#define OBJECT_NEW(m, shape) cells_new(m, shape)
#include "common/inline/tracked-operations.h"

#endif
