/* pause.h: stops of the world that are reported to the listener as pauses.
 *
 * Every collection of a stop-the-world collector runs between pause_begin (or
 * pause_try) and pause_end, and names its phases by listener_phase.  The
 * reported pause (GC_PAUSE_STOP) begins when the thread asks for the stop, so
 * the wait for the other mutators is part of it. */
#ifndef REAPMARK_COMMON_PAUSE_H
#define REAPMARK_COMMON_PAUSE_H

#include "common/listener.h"
#include "common/object.h"

/* Stops the world, tells the listener that something is about to be reclaimed,
 * and returns true; the caller must call pause_end.  Returns false, after
 * having been parked, if another mutator stopped the world first: that one may
 * have collected, so the caller should see whether it still needs to.  Only a
 * running mutator may call it.  (S) */
bool pause_try(void);

/* Stops the world even if other mutators stop it first.  (S) */
void pause_begin(void);

/* Starts the world again ("restart"), then reports the pause.  Only the thread
 * that stopped the world may call it. */
void pause_end(void);

/* Either gets memory or reports that there is none: NULL. */
typedef void *(*pause_source)(gc_mutator *m, void *request);

/* The slow path of allocation.  Tries `take`, with mutators running; if that
 * fails, stops the world and tries `collect`, whose result is final.  `collect`
 * must take the memory before it returns: once the world runs, other mutators
 * might use up all that the collection found.  After a stop by another mutator
 * `take` is tried again.  Both are passed `m` and `request`.  The whole is told
 * as the slow path "refill".  (S) */
void *pause_obtain(gc_mutator *m, void *request, pause_source take,
                   pause_source collect);

#endif
