/* world.h: the mutators of the process and how they are stopped.
 *
 * Stopping is cooperative.  Whoever wants the world stopped sets a flag that
 * every mutator polls at its safepoints, and waits until all others are parked
 * or in a blocking stretch.  A mutator is *running* unless it is one of these
 * two; only a running one may touch the heap.  The collector works with the
 * world's lock held, so threads that attach, detach or leave a blocking stretch
 * meanwhile wait on that lock. */
#ifndef REAPMARK_COMMON_WORLD_H
#define REAPMARK_COMMON_WORLD_H

#include "common/object.h"
#include <stdatomic.h>

/* Polled by mutators; set while someone wants the world stopped. */
extern _Atomic bool world_stopping;

/* Maps a mutator of `size` bytes followed by its shadow stack, zeroed but for
 * `heap`.  NULL if the system refuses.  It must still join. */
gc_mutator *world_mutator_create(gc_heap *heap, size_t size);
void world_mutator_destroy(gc_mutator *m);

/* Enters the list of mutators as a running one; leaves it.  The mutator is
 * handed back to be destroyed by the caller. */
void world_join(gc_mutator *m);
void world_leave(gc_mutator *m);

/* Parks until the world runs again. */
void world_park(void);

static inline void world_poll(void) {
  if (gc_unlikely(atomic_load_explicit(&world_stopping, memory_order_relaxed)))
    world_park();
}

void world_blocking_enter(void);
void world_blocking_leave(void);

/* Called by a running mutator.  Returns true with the world stopped and only
 * the caller running; or false, after having been parked, if another mutator
 * stopped it first: the caller should see whether it still wants to. */
bool world_stop(void);
void world_start(void);

/* The mutators, linked by base.next.  Stable while the world is stopped, or
 * with the lock held by world_lock.  Whoever has stopped the world has it
 * already, and may call these as well. */
gc_mutator *world_mutators(void);
void world_lock(void);
void world_unlock(void);

/* The part of a mutator that every collector of ours shares. */
static inline gc_mutator_base *world_base(gc_mutator *m) {
  return (gc_mutator_base *)m;
}

#endif
