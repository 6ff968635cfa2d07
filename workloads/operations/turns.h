/* turns.h: mutator threads that stand still while one of them works.
 *
 * Threads that take turns: the one that has the turn gives it to another thread
 * and waits until it comes back.  Threads that run beside each other meet: when
 * all members have arrived, thread 0 has the turn, and when it ends the meeting
 * all run on.  The thread that has the turn can have a task run on all threads
 * that wait (turns_each).
 *
 * Threads are named by their numbers. */
#ifndef REAPMARK_TURNS_H
#define REAPMARK_TURNS_H

#include "operations/executor/executor.h"

/* The number of no thread. */
#define TURNS_NOBODY UINT32_MAX

typedef struct turns_seat {
  pthread_cond_t called; /* the thread may have the turn, or a meeting ended */
  executor_thread *x;    /* NULL: no thread with this number takes part */
} turns_seat;

typedef struct turns {
  pthread_mutex_t lock;
  uint32_t turn;       /* the thread that has it, or TURNS_NOBODY */
  uint64_t meetings;   /* that have ended */
  uint32_t members;    /* threads that the meetings wait for */
  uint32_t arrived;    /* members that have arrived at the next meeting */
  executor_task *task; /* to be run by a thread when it gets the turn, which it
                          then gives back to `caller`; or NULL */
  uint32_t caller;
  turns_seat *seats; /* by number */
  uint32_t count;    /* those that were admitted */
} turns;

/* For threads 0 to most - 1, of which 0 is admitted.  It has the turn at first,
 * and is the first member of meetings. */
void turns_open(turns *s, uint32_t most);
void turns_close(turns *s);

/* Admits all threads up to this number: no other can be given the turn.  Before
 * the threads run, or by the thread that has the turn. */
void turns_admit(turns *s, uint32_t number);

/* Thread `number` takes part from now on, and tasks are run on it; x NULL: no
 * more. */
void turns_sit(turns *s, uint32_t number, executor_thread *x);

/* Whether thread `number` takes part.  Only the thread that has the turn may
 * ask. */
bool turns_taken(const turns *s, uint32_t number);

/* Gives the turn from thread `me`, which has it, to `next`, and waits until it
 * comes back: in a blocking stretch (gc_blocking_enter), or in a loop of
 * safepoints.  (S) */
void turns_give(turns *s, wl_thread *t, uint32_t me, uint32_t next,
                bool blocking);

/* Gives the turn away for the last time, without waiting. */
void turns_give_up(turns *s, uint32_t next);

/* Waits for the first turn of thread `me`.  (S) */
void turns_await(turns *s, wl_thread *t, uint32_t me);

/* Adds a member to the meetings; a member calls it before the new thread is
 * started. */
void turns_expect(turns *s);

/* The calling thread is a member no more. */
void turns_resign(turns *s);

/* Arrives at a meeting.  Returns in thread 0 when all members have arrived, and
 * in the others after turns_part.  (S) */
void turns_meet(turns *s, wl_thread *t, uint32_t me);

/* Ends the meeting.  Thread 0 only. */
void turns_part(turns *s);

/* An executor_each: runs `task` on thread `me`, which has the turn, and then on
 * every other thread that takes part.  `call` is a turns_call. */
typedef struct turns_call {
  turns *s;
  wl_thread *t;
  uint32_t me;
} turns_call;
void turns_each(void *call, executor_task *task);

#endif
