/* operations.h, a template (include it after struct gc_mutator and
 * plain-operations.h): allocation in blocks of lines.
 *
 * A mutator allocates by bumping a cursor through a *hole*: a stretch of free
 * lines in a block that only this mutator uses.  Objects of all sizes that fit
 * in blocks share the hole, so there is one cursor, not one per size class.
 * The mutator has a member `im_buffer buffer` (holes.h). */
#ifndef REAPMARK_IMMIX_OPERATIONS_H
#define REAPMARK_IMMIX_OPERATIONS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/inline/registers.h"

/* The slow path, when the hole is used up and for objects too large for a
 * block. Memory for an object of `bytes`; NULL when out of memory.  May
 * collect.  (S) */
gc_object *im_new_slow(gc_mutator *m, size_t bytes);
/* The same for external memory (owned.h). */
void *im_external(gc_mutator *m, size_t bytes);

static inline gc_object *im_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  char *at = m->buffer.hole.cursor; /* compared as numbers: it may be null */
  if (gc_unlikely(bytes > IM_MOST ||
                  (uintptr_t)at + bytes > (uintptr_t)m->buffer.limit))
    return im_new_slow(m, bytes);
  m->buffer.hole.cursor = at + bytes;
  return (gc_object *)at;
}

#define OBJECT_NEW(m, shape)      im_new(m, shape)
#define OBJECT_EXTERNAL(m, bytes) im_external(m, bytes)
#include "common/inline/tracked-operations.h"

#endif
