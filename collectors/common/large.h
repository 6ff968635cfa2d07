/* large.h: objects too large for a block's parts, allocated one by one from the
 * arena and listed.  They never move. */
#ifndef REAPMARK_COMMON_LARGE_H
#define REAPMARK_COMMON_LARGE_H

#include "common/space.h"
#include "common/stack.h"

/* One list a process, as there is one heap; in the order in which they were
 * made. */
extern object_stack large_objects;

/* Memory for one, with its place in the list but no header yet; NULL without
 * memory.  Not thread-safe. */
gc_object *large_new(size_t bytes);

/* Frees those that are not `alive`, and tells the objects and the bytes that
 * are left.  The world is stopped.  The second: of those from number `first` in
 * the list on. */
typedef struct large_left {
  uint64_t objects, bytes;
} large_left;
large_left large_sweep(bool (*alive)(gc_object *o));
large_left large_sweep_from(size_t first, bool (*alive)(gc_object *o));

/* Whether there is one at this address: for checks, slow. */
bool large_is(const void *p);

/* Bytes of their cells, and of the list. */
uint64_t large_cells(void);
static inline uint64_t large_list_bytes(void) {
  return object_stack_bytes(&large_objects);
}

/* Forgets them, when the heap goes. */
void large_destroy(void);

#endif
