/* threads.c: mutator threads, and the locks by which they wait. */
#include "cell.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/hostile/hostile.h"
#include "harness/base/random.h"

/* Plenty for a workload, whose data is in the heap, and small enough for
 * hundreds of threads. */
enum { STACK_BYTES = 512 << 10 };

/* ------------------------------------------------------------------------- *
 * Slots.
 * ------------------------------------------------------------------------- */

_Thread_local cell_thread *cell_self;

static wl_run *the_run;
static cell_thread *slots;
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned step_kinds(void) {
  unsigned n = 0;
  while (n < WL_STEP_KINDS && the_run->workload->steps[n])
    n++;
  return n;
}

static hist *make_histograms(unsigned n) {
  hist *h = malloc(n * sizeof *h);
  if (!h)
    cell_die("no memory for histograms");
  for (unsigned i = 0; i < n; i++)
    hist_reset(&h[i]);
  return h;
}

static cell_thread *make_slot(void) {
  cell_thread *c = calloc(1, sizeof *c);
  if (!c)
    cell_die("no memory for a thread's slot");
  c->steps = make_histograms(step_kinds());
  c->pauses = make_histograms(CELL_PAUSE_HISTS);
  cell_intervals_init(&c->stops);
  cell_intervals_init(&c->own);
  c->next = slots;
  __atomic_store_n(&slots, c, __ATOMIC_RELEASE); /* cell_ledger may read */
  return c;
}

/* The seed and the index both go through the mixer before they are combined.
 * The states of SplitMix are evenly spaced, so sums of small numbers would give
 * threads shifted copies of one sequence. */
static void seed_random(wl_thread *t, uint64_t seed, uint64_t index) {
  uint64_t state = random_next(&seed);
  state ^= random_next(&index);
  for (unsigned i = 0; i < 4; i++)
    t->random[i] = random_next(&state);
}

static cell_thread *take_slot(unsigned index) {
  pthread_mutex_lock(&slots_lock);
  cell_thread *c = slots;
  while (c && c->taken)
    c = c->next;
  if (!c)
    c = make_slot();
  c->taken = true;
  c->used = true;
  pthread_mutex_unlock(&slots_lock);
  const wl_ledger ledger = c->wl.ledger; /* which goes on adding up */
  c->wl = (wl_thread){.run = the_run, .index = index, .ledger = ledger};
  seed_random(&c->wl, the_run->seed, index);
  c->step_instrument = c->step_delay = c->instrument = c->skipped = 0;
  return c;
}

static void give_slot(cell_thread *c) {
  pthread_mutex_lock(&slots_lock);
  c->taken = false;
  pthread_mutex_unlock(&slots_lock);
}

cell_thread *cell_threads_init(wl_run *run) {
  the_run = run;
  for (unsigned i = 0; i < run->threads + 1; i++)
    make_slot();
  return take_slot(0);
}

cell_thread *cell_threads(void) {
  return __atomic_load_n(&slots, __ATOMIC_ACQUIRE);
}

bool cell_thread_is_alone(void) {
  unsigned taken = 0;
  pthread_mutex_lock(&slots_lock);
  for (cell_thread *c = slots; c; c = c->next)
    taken += c->taken;
  pthread_mutex_unlock(&slots_lock);
  return taken <= 1;
}

void cell_threads_finish(void) {
  while (slots) {
    cell_thread *c = slots;
    slots = c->next;
    free(c->steps);
    free(c->pauses);
    cell_intervals_free(&c->stops);
    cell_intervals_free(&c->own);
    free(c);
  }
}

void cell_attach(cell_thread *c) {
  cell_self = c;
  cell_delay_open(c);
  c->wl.m = gc_thread_attach(the_run->heap);
  /* A hostile condition may have refused the memory.  A refusal must do no
   * harm, so the thread tries again. */
  if (!c->wl.m && (hostile.fail_at || hostile.fail_every))
    c->wl.m = gc_thread_attach(the_run->heap);
  if (!c->wl.m)
    cell_out_of_memory("no memory for another mutator thread");
}

void cell_detach(cell_thread *c) {
  gc_thread_detach(c->wl.m);
  c->wl.m = NULL;
  cell_still_left();
  cell_phases_left();
  cell_self = NULL;
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

/* Threads that run one body, and the gate at which they start together.  A
 * single thread has no gate. */
typedef struct crew {
  void (*body)(wl_thread *t, void *data);
  void *data;
  bool gated;
  pthread_barrier_t gate;
} crew;

typedef struct member {
  crew *crew;
  cell_thread *slot;
  pthread_t id;
} member;

static void *work(void *arg) {
  member *me = arg;
  cell_thread *c = me->slot;
  cell_bind_self(c->wl.index);
  cell_attach(c);
  if (me->crew->gated) {
    gc_blocking_enter(c->wl.m);
    pthread_barrier_wait(&me->crew->gate);
    gc_blocking_leave(c->wl.m);
  }
  cell_start_afresh(c, gc_now_ns());
  me->crew->body(&c->wl, me->crew->data);
  c->wl.ledger.unstated = NULL; /* it was in that body */
  cell_ledger_publish(c);
  cell_detach(c);
  return NULL;
}

/* Starts a mutator thread with the stack size that the run asks for. */
static pthread_t start(void *(*body)(void *), void *data) {
  pthread_attr_t attributes;
  pthread_t id;
  size_t stack = hostile.stack ? hostile.stack : STACK_BYTES;
  /* counted before the thread runs, as that thread may write the record */
  if (hostile.stack)
    hostile_fire(HOSTILE_STACK);
  int error = pthread_attr_init(&attributes);
  if (!error)
    error = pthread_attr_setstacksize(&attributes, stack);
  if (!error)
    error = pthread_create(&id, &attributes, body, data);
  if (error)
    cell_die("cannot start a thread: %s", strerror(error));
  pthread_attr_destroy(&attributes);
  return id;
}

void cell_main_thread(void *(*body)(void *), void *data) {
  if (hostile.stack)
    pthread_join(start(body, data), NULL);
  else
    body(data);
}

void wl_threads(wl_thread *t, unsigned n, unsigned first_index,
                void (*body)(wl_thread *t, void *data), void *data) {
  if (n == 0)
    return;
  gc_blocking_enter(t->m);
  crew all = {.body = body, .data = data, .gated = true};
  member *members = calloc(n, sizeof *members);
  if (!members || pthread_barrier_init(&all.gate, NULL, n))
    cell_die("cannot start threads");
  for (unsigned i = 0; i < n; i++) {
    members[i].crew = &all;
    members[i].slot = take_slot(first_index + i);
    members[i].id = start(work, &members[i]);
  }
  /* To the caller these threads are one stretch of time, which belongs to no
   * step of its own.  The stretch loses as much instrument and skipped time as
   * the thread that lost the most. */
  cell_thread *caller = (cell_thread *)t;
  uint64_t instrument = 0, skipped = 0;
  for (unsigned i = 0; i < n; i++) {
    pthread_join(members[i].id, NULL);
    const cell_thread *c = members[i].slot;
    if (c->instrument + c->skipped > instrument + skipped) {
      instrument = c->instrument;
      skipped = c->skipped;
    }
    give_slot(members[i].slot);
  }
  caller->instrument += instrument;
  caller->skipped += skipped;
  cell_start_afresh(caller, gc_now_ns());
  pthread_barrier_destroy(&all.gate);
  free(members);
  gc_blocking_leave(t->m);
}

struct wl_child {
  crew alone;
  member member;
};

wl_child *wl_thread_start(wl_thread *t, unsigned index,
                          void (*body)(wl_thread *t, void *data), void *data) {
  (void)t;
  wl_child *child = calloc(1, sizeof *child);
  if (!child)
    cell_die("no memory to start a thread");
  child->alone = (crew){.body = body, .data = data};
  child->member = (member){.crew = &child->alone, .slot = take_slot(index)};
  child->member.id = start(work, &child->member);
  return child;
}

void wl_thread_join(wl_thread *t, wl_child *child) {
  gc_blocking_enter(t->m);
  pthread_join(child->member.id, NULL);
  gc_blocking_leave(t->m);
  give_slot(child->member.slot);
  free(child);
}

/* ------------------------------------------------------------------------- *
 * Waiting.
 * ------------------------------------------------------------------------- */

void wl_lock_acquire(wl_thread *t, wl_lock *lock) {
  uint32_t free_state = 0;
  if (__atomic_compare_exchange_n(&lock->state, &free_state, 1, false,
                                  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return;
  gc_blocking_enter(t->m);
  /* The state 2 says that threads wait.  A thread that gets the lock after
   * waiting keeps that state, as others may wait too: at worst one wake-up
   * finds nobody. */
  while (__atomic_exchange_n(&lock->state, 2, __ATOMIC_ACQUIRE) != 0)
    syscall(SYS_futex, &lock->state, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
  gc_blocking_leave(t->m);
}

void wl_lock_release(wl_thread *t, wl_lock *lock) {
  (void)t;
  if (__atomic_exchange_n(&lock->state, 0, __ATOMIC_RELEASE) == 2)
    syscall(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void wl_yield(wl_thread *t) {
  gc_blocking_enter(t->m);
  sched_yield();
  gc_blocking_leave(t->m);
}

void wl_give_way(unsigned tries) {
  enum { YIELDS = 1000 };
  const struct timespec moment = {.tv_nsec = 50000};
  if (tries < YIELDS)
    sched_yield();
  else
    nanosleep(&moment, NULL);
}
