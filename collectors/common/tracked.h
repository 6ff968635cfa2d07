/* tracked.h: the lists of all weak references and of all finalizable objects,
 * which a tracing collector must treat when they or their targets die.
 *
 * A collector that has marked (or copied) what the roots reach takes these
 * steps in this order:
 *
 *     tracked_clear_weak  clears weak references to dead objects
 *     tracked_queue_dead  moves dead finalizable objects to the finalizer
 * queue. The queue is a root: the collector now marks from it.
 *     tracked_prune_weak  takes weak references that died or were cleared off
 *                         the list, and updates the others
 *
 * The order keeps the promise of gc.h: a weak reference is cleared before its
 * target is handed to its finalizer.
 *
 * The collector passes a function `where`, which is called with addresses from
 * before the collection and returns where the object is now, or NULL if it is
 * dead as far as is known.
 *
 * Both lists keep the order in which objects were made.  So a collector with
 * generations looks only at entries from number `old` on: the ones before
 * survived its last collection, and so did their targets. */
#ifndef REAPMARK_COMMON_TRACKED_H
#define REAPMARK_COMMON_TRACKED_H

#include "common/stack.h"

typedef gc_object *(*tracked_where)(gc_object *o);

typedef struct tracked_list {
  object_stack stack;
  size_t old; /* entries that survived the last collection of any kind */
} tracked_list;

/* There is one pair per process, as there is one heap. */
extern tracked_list tracked_weak, tracked_finalizable;

/* Add an object that was just made.  If a list cannot grow, the process ends by
 * gc_out_of_memory: the object would never be cleared or finalized.  Any
 * thread.
 */
void tracked_note_weak(gc_object *weak);
void tracked_note_finalizable(gc_object *o);

/* The target of a weak reference.  It is in the payload, where the marker does
 * not see it; a weak reference has no slots. */
static inline gc_object **tracked_target(gc_object *weak) {
  return (gc_object **)object_payload(weak);
}

/* The three steps, with the world stopped.  `all`: old entries too. */
void tracked_clear_weak(tracked_where where, bool all);
void tracked_queue_dead(tracked_where where, bool all);
void tracked_prune_weak(tracked_where where, bool all);

/* Counts of events and of work so far, for gc_heap_counters. */
typedef struct tracked_counts {
  uint64_t cleared; /* weak references whose targets died */
  uint64_t visited; /* entries that the three steps looked at */
} tracked_counts;
extern tracked_counts tracked_counted;

/* Bytes of memory of the lists.  Any thread. */
uint64_t tracked_bytes(void);

/* Empties the lists when the heap is destroyed. */
void tracked_destroy(void);

/* Checks that each entry is an object (`is`), has its flag, is there once and,
 * unless `dead_too`, is alive (`where`).  Returns what is wrong, or NULL. */
const char *tracked_check(bool (*is)(const gc_object *o), tracked_where where,
                          bool dead_too);

/* Checks that old entries, and the targets of old weak references, are alive.
 * Returns what is wrong, or NULL. */
const char *tracked_check_old(tracked_where where);

#endif
