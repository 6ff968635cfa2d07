/* world.h: the mutators of the process, and how they are stopped.
 *
 * Stopping is cooperative.  The thread that wants the world stopped sets a
 * flag, which every mutator polls at its safepoints, and waits until all other
 * mutators are parked or in a blocking stretch.  A mutator that is neither is
 * *running*; only running mutators may touch the heap.  The thread that stopped
 * the world holds the world's lock, so threads that attach, detach or leave a
 * blocking stretch meanwhile wait on that lock. */
#ifndef REAPMARK_COMMON_WORLD_H
#define REAPMARK_COMMON_WORLD_H

#include "common/object.h"
#include <stdatomic.h>

/* Set while a thread wants the world stopped; polled by mutators. */
extern _Atomic bool world_stopping;

/* Maps a mutator: a struct of `size` bytes followed by its shadow stack, all
 * zero but for `heap`.  NULL if the system refuses.  The caller owns the
 * mutator, which is not in the world's list until world_join. */
gc_mutator *world_mutator_create(gc_heap *heap, size_t size);
void world_mutator_destroy(gc_mutator *m);

/* Adds a mutator to the world's list, as a running one.  (S) */
void world_join(gc_mutator *m);

/* Takes a running mutator off the list; the caller destroys it.  (S) */
void world_leave(gc_mutator *m);

/* Parks the calling mutator until the world runs again, if a thread wants the
 * world stopped. */
void world_park(void);

static inline void world_poll(void) {
  if (gc_unlikely(atomic_load_explicit(&world_stopping, memory_order_relaxed)))
    world_park();
}

/* Begin and end a blocking stretch of the calling mutator. */
void world_blocking_enter(void);
void world_blocking_leave(void);

/* Stops the world: returns true once only the caller runs, which must call
 * world_start.  If another mutator stops the world first, parks until it runs
 * again and returns false: the caller should see whether it still needs to.
 * Only a running mutator may call it.  (S) */
bool world_stop(void);
void world_start(void);

/* The first mutator of the world's list, linked by base.next.  The list changes
 * only while the world runs and world_lock is not held. */
gc_mutator *world_mutators(void);

/* Hold the list of mutators still.  The thread that stopped the world may call
 * these too; they then do nothing. */
void world_lock(void);
void world_unlock(void);

/* The sum of bytes(m) over all mutators: what they hold beside the heap.  Any
 * thread. */
uint64_t world_sum(uint64_t (*bytes)(gc_mutator *m));

/* The part of a mutator that all collectors of ours share. */
static inline gc_mutator_base *world_base(gc_mutator *m) {
  return (gc_mutator_base *)m;
}

#endif
