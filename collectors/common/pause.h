/* pause.h: stops of the world that are reported to the listener as pauses.
 *
 * Every collection of a stop-the-world collector runs between pause_begin (or
 * pause_try) and pause_end.  The reported pause (GC_PAUSE_STOP) begins when the
 * thread asks for the stop, so the wait for the other mutators is part of it.
 * There is one listener per process, as there is one heap. */
#ifndef REAPMARK_COMMON_PAUSE_H
#define REAPMARK_COMMON_PAUSE_H

#include "common/object.h"

/* Sets the listener.  Call when the heap is made, before a thread attaches. */
void pause_listen(gc_listener listener);

/* Stops the world, tells the listener that something is about to be reclaimed,
 * and returns true; the caller must call pause_end.  Returns false, after
 * having been parked, if another mutator stopped the world first: that one may
 * have collected, so the caller should see whether it still needs to.  Only a
 * running mutator may call it.  (S) */
bool pause_try(void);

/* Stops the world even if other mutators stop it first.  (S) */
void pause_begin(void);

/* Starts the world again, then reports the pause.  Only the thread that stopped
 * the world may call it. */
void pause_end(void);

/* Reports an interval, which ends now, in which the calling mutator did work
 * for the collector and others ran. */
void pause_note(gc_pause_kind kind, uint64_t begin_ns);

/* Tells the listener of a collection and of what the heap policy decided. */
void pause_paced(const gc_paced *paced);

/* Either gets memory or reports that there is none: NULL. */
typedef void *(*pause_source)(gc_mutator *m, void *request);

/* The slow path of allocation.  Tries `take`, with mutators running; if that
 * fails, stops the world and tries `collect`, whose result is final.  `collect`
 * must take the memory before it returns: once the world runs, other mutators
 * might use up all that the collection found.  After a stop by another mutator
 * `take` is tried again.  Both are passed `m` and `request`.  (S) */
void *pause_obtain(gc_mutator *m, void *request, pause_source take,
                   pause_source collect);

#endif
