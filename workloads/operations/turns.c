/* turns.c: see turns.h. */
#include "turns.h"

#include "basics.h"

void turns_open(turns *s, uint32_t most) {
  *s = (turns){.members = 1};
  pthread_mutex_init(&s->lock, NULL);
  s->seats = own_memory(most, sizeof *s->seats);
  turns_admit(s, 0);
}

void turns_admit(turns *s, uint32_t number) {
  pthread_mutex_lock(&s->lock);
  for (; s->count <= number; s->count++)
    pthread_cond_init(&s->seats[s->count].called, NULL);
  pthread_mutex_unlock(&s->lock);
}

void turns_close(turns *s) {
  for (uint32_t i = 0; i < s->count; i++)
    pthread_cond_destroy(&s->seats[i].called);
  free(s->seats);
  pthread_mutex_destroy(&s->lock);
}

void turns_sit(turns *s, uint32_t number, executor_thread *x) {
  pthread_mutex_lock(&s->lock);
  s->seats[number].x = x;
  pthread_mutex_unlock(&s->lock);
}

bool turns_taken(const turns *s, uint32_t number) {
  return s->seats[number].x != NULL;
}

/* The lock is held.  A thread that waits at safepoints reads `turn` without it.
 */
static void give(turns *s, uint32_t next) {
  __atomic_store_n(&s->turn, next, __ATOMIC_RELEASE);
  if (next != TURNS_NOBODY)
    pthread_cond_signal(&s->seats[next].called);
}

/* A member arrives at the meeting, or is a member no more.  The last one gives
 * the turn to thread 0. */
static void arrive(turns *s, bool arrives) {
  pthread_mutex_lock(&s->lock);
  if (arrives)
    s->arrived++;
  else
    s->members--;
  if (s->arrived == s->members)
    give(s, 0);
  pthread_mutex_unlock(&s->lock);
}

void turns_give_up(turns *s, uint32_t next) {
  pthread_mutex_lock(&s->lock);
  give(s, next);
  pthread_mutex_unlock(&s->lock);
}

static bool has_turn(const turns *s, uint32_t me) {
  return __atomic_load_n(&s->turn, __ATOMIC_ACQUIRE) == me;
}

static void sleep_until(turns *s, uint32_t me, uint64_t meeting) {
  pthread_mutex_lock(&s->lock);
  while (!has_turn(s, me) && s->meetings == meeting)
    pthread_cond_wait(&s->seats[me].called, &s->lock);
  pthread_mutex_unlock(&s->lock);
}

/* What a thread does first when it waits: nothing, arrive at a meeting, or give
 * the turn to the thread of this number. */
enum { NOTHING = TURNS_NOBODY, ARRIVE = TURNS_NOBODY - 1 };

/* Waits for the turn or the end of the meeting, and runs tasks meanwhile.  The
 * thread enters its blocking stretch before another thread can have the turn,
 * and leaves it when it has the turn itself, so that the state in which a
 * collection finds the threads does not depend on the scheduler. */
static void wait(turns *s, wl_thread *t, uint32_t me, uint32_t first,
                 bool blocking) {
  uint64_t meeting = s->meetings;
  for (;;) {
    if (blocking)
      gc_blocking_enter(t->m);
    if (first == ARRIVE)
      arrive(s, true);
    else if (first != NOTHING)
      turns_give_up(s, first);
    if (blocking)
      sleep_until(s, me, meeting);
    for (unsigned n = 0; !blocking && !has_turn(s, me); n++) {
      executor_safepoint(s->seats[me].x);
      wl_give_way(n);
    }
    if (blocking)
      gc_blocking_leave(t->m);
    if (!has_turn(s, me) || !s->task || s->caller == me)
      return;
    s->task(s->seats[me].x);
    first = s->caller;
  }
}

void turns_give(turns *s, wl_thread *t, uint32_t me, uint32_t next,
                bool blocking) {
  if (next != me)
    wait(s, t, me, next, blocking);
}

void turns_await(turns *s, wl_thread *t, uint32_t me) {
  wait(s, t, me, NOTHING, true);
}

void turns_expect(turns *s) {
  pthread_mutex_lock(&s->lock);
  s->members++;
  pthread_mutex_unlock(&s->lock);
}

void turns_resign(turns *s) {
  arrive(s, false);
}

void turns_meet(turns *s, wl_thread *t, uint32_t me) {
  wait(s, t, me, ARRIVE, true);
}

void turns_part(turns *s) {
  pthread_mutex_lock(&s->lock);
  give(s, TURNS_NOBODY);
  s->arrived = 0;
  s->meetings++;
  for (uint32_t i = 0; i < s->count; i++)
    pthread_cond_signal(&s->seats[i].called);
  pthread_mutex_unlock(&s->lock);
}

void turns_each(void *call, executor_task *task) {
  const turns_call *c = call;
  turns *s = c->s;
  task(s->seats[c->me].x);
  s->caller = c->me;
  s->task = task;
  for (uint32_t i = 0; i < s->count; i++)
    if (i != c->me && turns_taken(s, i))
      wait(s, c->t, c->me, i, true);
  s->task = NULL;
}
