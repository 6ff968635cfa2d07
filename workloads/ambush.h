/* ambush.h: a thread that loses the processor between any two instructions.
 *
 * A race shows only if a thread stops between two instructions which another
 * thread must not come between, and few instructions of a program are such.  To
 * wait for the scheduler to stop a thread there may take forever, and hooks at
 * racy points (hostile.h) find only races that somebody thought of.  So a
 * thread is made to execute a random number of instructions one by one, by the
 * processor's trap flag, and then sleeps until others have called `ambush` some
 * times, or for a while if they wait for this one.  Every instruction
 * after the call is as likely as any other; besides, the thread sleeps before
 * each one at which few threads have been stopped so far, so that what is
 * seldom executed has its turn.
 *
 * Only where the processor has such a flag, and not under sanitizers, which
 * delay signals; elsewhere the functions do nothing. */
#ifndef REAPMARK_AMBUSH_H
#define REAPMARK_AMBUSH_H

#include <stdint.h>

/* The calling thread is to be stopped in one of so many calls of `ambush` on
 * average; 0: never.  `seed` seeds its random choices. */
void ambush_begin(uint64_t one_in, uint64_t seed);

/* No more, and not if a stop is still to come.  To be called before the thread
 * blocks signals, as it does when it ends or starts another. */
void ambush_end(void);

/* Perhaps stops the thread after a random number of instructions, some hundred
 * at most and mostly fewer.  No further stop is planned before it has come. */
void ambush(void);

/* How often threads were stopped so far, all together: if the number changes, a
 * thread was just stopped.  Any thread. */
uint64_t ambush_naps(void);

#endif
