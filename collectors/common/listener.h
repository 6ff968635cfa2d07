/* listener.h: tells the listener (gc.h) what the collector does, and fires the
 * probes for tracers at the same places (probes.h).
 *
 * A collection is told as a sequence of phases: a collector calls
 * listener_phase with the name of what it begins, and the phase before ends
 * with the same reading of the clock.  So phases cannot overlap, and what has
 * no name is what lies before the first of them.  Each thread has at most one
 * phase under way.
 *
 * All of this is for slow paths.  Without a listener for spans, as in runs
 * without instruments, a phase costs one branch.  There is one listener per
 * process, as there is one heap. */
#ifndef REAPMARK_COMMON_LISTENER_H
#define REAPMARK_COMMON_LISTENER_H

#include "gc.h"

/* Whether this build has probes. */
extern const bool listener_has_probes;

/* Sets the listener.  Call when the heap is made, before a thread attaches. */
void listener_set(gc_listener listener);

/* The clock, or 0 if nobody listens to spans: for listener_helped and
 * listener_stood.  The other one is for listener_slow, and 0 if nobody asks for
 * slow paths. */
uint64_t listener_clock(void);
uint64_t listener_slow_clock(void);

/* The calling thread is about to begin a pause other than a cascade.  Returns
 * the clock, which is when the pause begins. */
uint64_t listener_begins(void);

/* The calling thread asks for a stop; every mutator has stopped, after a stop
 * that was asked for at `begin_ns`. */
void listener_asks(void);
void listener_stopped(uint64_t begin_ns);

/* The calling thread begins a phase of a pause, which ends when the next one
 * begins or the pause is reported.  `name`: see gc_span; NULL: what follows has
 * no name. */
void listener_phase(const char *name);

/* A pause of the calling thread ends now, and with it its last phase. */
void listener_pause(gc_pause_kind kind, uint64_t begin_ns);

/* The same for a pause that ended at `end_ns`, of which nothing was told since:
 * the end of its last phase was (NULL). */
void listener_pause_until(gc_pause_kind kind, uint64_t begin_ns,
                          uint64_t end_ns);

/* The same for a pause that is one phase, called `name`, and may lie within a
 * phase of a longer pause. */
void listener_pause_of(gc_pause_kind kind, const char *name, uint64_t begin_ns);

/* A slow path of the calling mutator, which began at `begin_ns` by
 * listener_slow_clock, ends now; or work of the calling thread of the
 * collector's own, by listener_clock. */
void listener_slow(const char *name, uint64_t begin_ns);
void listener_helped(const char *name, uint64_t begin_ns);

/* The calling mutator stood from `begin_ns`, by listener_clock, until now, in a
 * stop that another one asked for at `asked_ns`. */
void listener_stood(uint64_t asked_ns, uint64_t begin_ns);

/* A collection ended, and the heap policy decided. */
void listener_paced(const gc_paced *paced);

/* Something is about to be reclaimed (gc_listener.reclaims). */
void listener_reclaims(void);

#endif
