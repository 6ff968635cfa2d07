/* semispace.h: the inline half of the copying collector: allocation.
 *
 * A mutator allocates by bumping a cursor in a block that only it uses.  All
 * survivors of a collection were copied, so there are no free spans to look for
 * and no size classes.  See semispace.c for everything else. */
#ifndef REAPMARK_SEMISPACE_H
#define REAPMARK_SEMISPACE_H

#include "common/blocks.h"
#include "common/world.h"

enum {
  /* The largest object that is copied, in bytes.  It also bounds what is left
   * unused at the end of a block, which copies need on top of their size: a
   * thirty-second. */
  SEMI_LARGEST = BLOCK_BYTES / 32,
};

struct gc_mutator {
  gc_mutator_base base;
  char *cursor, *limit; /* the free part of its block that it may fill */
  uint32_t block;       /* the number of the block; 0: none */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

/* The slow path.  Memory for an object of `bytes`; NULL when out of memory. May
 * collect.  (S) */
gc_object *semi_new_slow(gc_mutator *m, size_t bytes);
/* The same for external memory (owned.h). */
void *semi_external(gc_mutator *m, size_t bytes);

static inline gc_object *semi_new(gc_mutator *m, gc_shape shape) {
  size_t bytes = object_bytes(shape);
  char *at = m->cursor;
  if (gc_unlikely(bytes > SEMI_LARGEST || bytes > (size_t)(m->limit - at)))
    return semi_new_slow(m, bytes);
  m->cursor = at + bytes;
  return (gc_object *)at;
}

#define OBJECT_NEW(m, shape)      semi_new(m, shape)
#define OBJECT_EXTERNAL(m, bytes) semi_external(m, bytes)
#include "common/inline/tracked-operations.h"

#endif
