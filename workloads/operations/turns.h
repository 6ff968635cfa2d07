/* turns.h: mutator threads that stand still while one of them works.
 *
 * Threads that take turns: the one that has the turn gives it to another and
 * waits until it comes back.  Threads that run beside each other: they meet;
 * when all have arrived, thread 0 has the turn, and when it is done all run on.
 * Whoever has the turn can have a task done by all that wait (executor_each).
 */
#ifndef REAPMARK_TURNS_H
#define REAPMARK_TURNS_H

#include "executor.h"

/* Nobody's number. */
#define TURNS_NOBODY UINT32_MAX

typedef struct turns_seat {
  pthread_cond_t called;
  executor_thread *x; /* NULL: nobody sits here */
} turns_seat;

typedef struct turns {
  pthread_mutex_t lock;
  uint32_t turn;     /* whose it is */
  uint64_t meetings; /* that have ended */
  uint32_t members, arrived;
  executor_task *task; /* for whose turn it is, unless it is `caller` */
  uint32_t caller;
  turns_seat *seats; /* by the number of the thread */
  uint32_t count;
} turns;

/* For threads 0 to n - 1.  Thread 0 has the turn, and is a member of meetings.
 */
void turns_open(turns *s, uint32_t n);
void turns_close(turns *s);

/* Thread `number` sits down, to be found by tasks; NULL: it leaves. */
void turns_sit(turns *s, uint32_t number, executor_thread *x);

/* Whether somebody sits there.  For who has the turn. */
bool turns_taken(const turns *s, uint32_t number);

/* Whoever has the turn gives it to `next` and waits, in a blocking stretch or
 * at safepoints, until it comes back.  (S) */
void turns_give(turns *s, wl_thread *t, uint32_t me, uint32_t next,
                bool blocking);

/* The same for the last time, not waiting; and the first, which is only
 * waiting. */
void turns_give_up(turns *s, uint32_t next);
void turns_await(turns *s, wl_thread *t, uint32_t me); /* (S) */

/* Members of meetings: announces one more, before it is started, by a member;
 * ends being one; meets the others; ends the meeting (thread 0 only, to which
 * alone turns_meet returns before that).  turns_meet is (S). */
void turns_expect(turns *s);
void turns_resign(turns *s);
void turns_meet(turns *s, wl_thread *t, uint32_t me);
void turns_part(turns *s);

/* An executor_each, of a turns_call. */
typedef struct turns_call {
  turns *s;
  wl_thread *t;
  uint32_t me; /* who has the turn */
} turns_call;
void turns_each(void *call, executor_task *task);

#endif
