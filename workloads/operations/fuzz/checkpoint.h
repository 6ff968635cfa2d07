/* checkpoint.h: checks of the random mutator, and what it does between them to
 * keep the heap small. */
#ifndef REAPMARK_FUZZ_CHECKPOINT_H
#define REAPMARK_FUZZ_CHECKPOINT_H

#include "actor.h"

/* Runs the finalizers, compares everything, and freezes some of what is shared
 * for the time until the next check (ownership.h).  All other threads wait. */
void fuzz_check(actor *a);

/* Drops about half of what the thread and the global roots hold. */
void fuzz_cull(actor *a);

#endif
