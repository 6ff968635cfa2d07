/* large.h: large objects, which are allocated one by one from the arena, and
 * the list of them.  They never move. */
#ifndef REAPMARK_COMMON_LARGE_H
#define REAPMARK_COMMON_LARGE_H

#include "common/space.h"
#include "common/stack.h"

/* The list of all large objects, in the order in which they were made.  There
 * is one per process, as there is one heap. */
extern object_stack large_objects;

/* Allocates a large object of `bytes` and lists it; the caller writes its
 * header. NULL when out of memory.  Not thread-safe. */
gc_object *large_new(size_t bytes);

/* Objects and bytes that a sweep left. */
typedef struct large_left {
  uint64_t objects, bytes;
} large_left;

/* Free all large objects, or those from number `first` in the list on, that are
 * not `alive`, and return what is left of them.  The world is stopped. */
large_left large_sweep(bool (*alive)(gc_object *o));
large_left large_sweep_from(size_t first, bool (*alive)(gc_object *o));

/* The same for object number `i` alone, which is one of the first *old of the
 * list.  If it is freed, *old becomes less, and others take the places that are
 * free.  So a sweep from number *old down to 0 can be interrupted between any
 * two objects: those that are made meanwhile come behind the old ones.  Adds to
 * `left`.  Mutators may run, but not use the list. */
void large_sweep_one(size_t i, size_t *old, bool (*alive)(gc_object *o),
                     large_left *left);

/* Counts of events and of work so far, for gc_heap_counters. */
typedef struct large_counts {
  uint64_t freed;   /* objects */
  uint64_t visited; /* objects that sweeps looked at */
} large_counts;
extern large_counts large_counted;
#define LARGE_EVENTS "large-freed"
#define LARGE_WORK   "large-visited"
#define LARGE_COUNTERS                                                         \
  {"large-freed", large_counted.freed}, {                                      \
    "large-visited", large_counted.visited                                     \
  }

/* Whether a large object is at this address.  For checks: slow. */
bool large_is(const void *p);

/* How many large objects there are, and the bytes of the arena that these
 * occupy: what is alive, after a sweep.  Any thread. */
large_left large_all(void);
uint64_t large_cells(void);

/* Bytes of the list.  Any thread. */
static inline uint64_t large_list_bytes(void) {
  return object_stack_bytes(&large_objects);
}

/* Empties the list when the heap is destroyed. */
void large_destroy(void);

#endif
