/* tracked.h: the objects of which a tracing collector must learn that they
 * died: weak references, whose targets may, and finalizable objects.
 *
 * A collector that has traced what the roots reach does, in this order:
 *
 *     tracked_clear_weak    weak references to the dead become null
 *     tracked_queue_dead    the dead that are finalizable join the queue of
 *                           finalizers, which is a root: trace from there again
 *     tracked_prune_weak    what is left of the weak references is known
 *
 * The order is the promise: a weak reference is cleared before its target is
 * handed to its finalizer (gc.h).
 *
 * What `where` says of an object: where it is now, which is where it was unless
 * the collector moves objects, or NULL if it is dead so far.  It is asked of
 * addresses from before the collection only.
 *
 * `old`: both lists keep the order in which objects were made, so a collector
 * with generations looks at entries from number `old` on only: those before
 * survived its last collection, and so did what they refer to. */
#ifndef REAPMARK_COMMON_TRACKED_H
#define REAPMARK_COMMON_TRACKED_H

#include "common/stack.h"

typedef gc_object *(*tracked_where)(gc_object *o);

typedef struct tracked_list {
  object_stack stack;
  size_t old; /* entries that survived the last collection of any kind */
} tracked_list;

/* One pair a process, as there is one heap. */
extern tracked_list tracked_weak, tracked_finalizable;

/* Adds an object that was just made.  Any thread; ends the process by
 * gc_out_of_memory where there is no room, since a promise could not be kept.
 */
void tracked_note_weak(gc_object *weak);
void tracked_note_finalizable(gc_object *o);

/* A weak reference has no slots: its target is in the payload, where tracing
 * does not see it. */
static inline gc_object **tracked_target(gc_object *weak) {
  return (gc_object **)object_payload(weak);
}

/* The three steps; the world is stopped.  `all`: with the old entries, too. */
void tracked_clear_weak(tracked_where where, bool all);
void tracked_queue_dead(tracked_where where, bool all);
void tracked_prune_weak(tracked_where where, bool all);

uint64_t tracked_bytes(void);
void tracked_destroy(void);

/* What is wrong with the lists, or NULL: an entry that is no object (`is`),
 * lacks its flag, or, with `dead_too` false, is not alive (`where`). */
const char *tracked_check(bool (*is)(const gc_object *o), tracked_where where,
                          bool dead_too);

#endif
