/* leak-tls-pool: thread-local values of a thread in a pool.
 *
 * A thread of a pool takes a task, appends to a thread-local list, and waits
 * for the next task instead of ending: what the tasks left in the list stays
 * for ever.  The remedy is to clear the list at the end of a task.
 *
 * There are two threads beside the main one: a client, which hands out the
 * tasks and records what is held, and the thread of the pool.  They take
 * turns, under a lock. */
#include "cause.h"

enum { CONTEXTS }; /* thread-local root */

static wl_lock lock = WL_LOCK_INIT;
static enum { CLIENTS_TURN, WORKERS_TURN, OVER } turn; /* guarded by the lock */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){
      .live = p[REMEDY] ? 0 : n, .made = n, .building = p[OBJECTS]};
}

/* Waits until the other thread is done.  The caller holds the lock before and
 * after. */
static void await_other(wl_thread *t, int other) {
  while ((int)turn == other) {
    wl_lock_release(t, &lock);
    wl_yield(t);
    wl_lock_acquire(t, &lock);
  }
}

static void perform_task(wl_thread *t) {
  gc_reg list = gc_frame_enter(t->m, 1, 0);
  gc_tls_load(t->m, list, CONTEXTS);
  leak_list(t->m, list, wl_get(t, OBJECTS));
  gc_tls_store(t->m, CONTEXTS, list);
  gc_frame_leave(t->m, list, 1, 0);
  if (leak_remedied(t))
    gc_tls_clear(t->m, CONTEXTS);
}

static void hand_out_task(wl_thread *t, uint64_t round) {
  (void)round;
  turn = WORKERS_TURN;
  await_other(t, WORKERS_TURN);
}

static const leak this_leak;

enum { CLIENT = 1 }; /* index of the client; that of the worker is one more */

static void body(wl_thread *t, void *data) {
  (void)data;
  wl_lock_acquire(t, &lock);
  if (t->index == CLIENT) {
    leak_rounds(t, &this_leak);
    turn = OVER;
  } else
    for (;;) {
      await_other(t, CLIENTS_TURN);
      if (turn == OVER)
        break;
      perform_task(t);
      turn = CLIENTS_TURN;
    }
  wl_lock_release(t, &lock);
}

static void run_pool(wl_thread *t) {
  wl_threads(t, 2, CLIENT, body, NULL);
}

static const leak this_leak = {
    .after = after, .round = hand_out_task, .around = run_pool};
LEAK_FUNCTIONS

static const char *const words[] = {"thread-local 0",
                                    "contexts of the pool's thread", "object 2",
                                    "context", NULL};

const workload workload_leak_tls_pool = {
    .name = "leak-tls-pool",
    .summary = "a pool's thread keeps what tasks left; remedy: clear it after "
               "each",
    .source = "threading.local in a thread pool, and the like",
    .params = {LEAK_COMMON_PARAMS},
    .needs = WL_NEEDS_THREADS,
    .words = words,
    LEAK_FIELDS,
};
