/* mutators.h: the lives of the random mutator's threads.
 *
 * If they take turns, one works at a time and decides who is next, so that a
 * seed repeats a run.  If they run beside each other, they meet for every
 * check, which the first thread makes. */
#ifndef REAPMARK_FUZZ_MUTATORS_H
#define REAPMARK_FUZZ_MUTATORS_H

#include "actor.h"

/* The thread begins: attaches to the executor and enters its first frame. */
void mutator_begin(actor *a, wl_thread *t);

/* Leaves all frames. */
void mutator_drop_frames(actor *a);

/* Acts until the thread is to die or the run is over: by turns, or beside the
 * other threads. */
void mutator_take_turns(actor *a);
void mutator_run_beside(actor *a);

/* Ends all other threads, one after the other.  First thread only. */
void mutator_end_others(actor *a);

#endif
