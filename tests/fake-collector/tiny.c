/* tiny.c: workloads that end at once, for tests of the harness.
 *
 *   tiny          a list of `objects` objects, a step each; then it is dropped
 *   tiny-threads  `threads` threads that each add `objects` objects to a shared
 *                 list and count under one lock
 *
 * `fault` makes tiny misbehave as a workload would see it: `check` fails a
 * check, `expect` states one live object too many, `silent` states nothing,
 * `reclaimed` states that an object was finalized. */
#include "workload.h"

enum { OBJECTS, FAULT };
enum { NO_FAULT, CHECK, EXPECT, SILENT, RECLAIMED };
static const char *const faults[] = {"none",   "check",     "expect",
                                     "silent", "reclaimed", NULL};

static const gc_shape node = {1, 16}; /* 32 bytes */

/* The list hangs off this global root. */
enum { LIST };

static void push(wl_thread *t, gc_reg r) {
  gc_new(t->m, r, node, GC_PLAIN);
  gc_global_borrow(t->m, r + 1, LIST);
  gc_store(t->m, r, 0, r + 1);
  gc_unborrow(t->m, r + 1);
  gc_global_store(t->m, LIST, r);
  gc_clear(t->m, r);
}

static void run_tiny(wl_thread *t) {
  uint64_t n = wl_get(t, OBJECTS), fault = wl_get(t, FAULT);
  gc_reg r = gc_frame_enter(t->m, 1, 1);
  wl_begin(t);
  for (uint64_t i = 0; i < n; i++) {
    push(t, r);
    gc_safepoint(t->m);
    wl_step(t, 0, 1);
  }
  gc_global_clear(t->m, LIST);
  wl_step(t, 1, 0);
  wl_end(t);
  gc_frame_leave(t->m, r, 1, 1);
  wl_check(t, fault != CHECK, "told to fail");
  if (fault == RECLAIMED)
    wl_expect_reclaimed(t, "finalizers run", 1, 1, 0);
  if (fault != SILENT)
    wl_expect(t, (wl_expectation){.live = fault == EXPECT ? n + 1 : 0,
                                  .allocated = n + (fault == EXPECT)});
}

static wl_volume tiny_volume(const uint64_t *params, unsigned threads) {
  uint64_t bytes = params[OBJECTS] * gc_shape_bytes(node) * threads;
  return (wl_volume){.live = bytes, .allocated = bytes};
}

static const workload tiny = {
    .name = "tiny",
    .summary = "a list that ends at once (for tests)",
    .source = "none",
    .unit = "objects",
    .steps = {"push", "drop"},
    .params = {{"objects", "length of the list", 100, 1, 1 << 20, NULL},
               {"fault", "how it misbehaves", NO_FAULT, 0, 0, faults}},
    .volume = tiny_volume,
    .run = run_tiny};

static wl_lock lock = WL_LOCK_INIT;
static uint64_t counted;

static void body(wl_thread *t, void *data) {
  (void)data;
  gc_reg r = gc_frame_enter(t->m, 1, 1);
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    wl_lock_acquire(t, &lock);
    push(t, r);
    counted++;
    wl_lock_release(t, &lock);
    wl_step(t, 0, 1);
    wl_yield(t);
  }
  wl_check(t, wl_random(t) != wl_random(t), "numbers repeat");
  gc_frame_leave(t->m, r, 1, 1);
}

static void run_threads(wl_thread *t) {
  uint64_t n = wl_get(t, OBJECTS) * t->run->threads;
  wl_begin(t);
  wl_threads(t, t->run->threads, 1, body, NULL);
  wl_end(t);
  wl_check(t, counted == n, "the lock let two threads in");
  wl_expect(t, (wl_expectation){.live = n, .allocated = n});
}

static const workload tiny_threads = {
    .name = "tiny-threads",
    .summary = "threads that share a list (for tests)",
    .source = "none",
    .unit = "objects",
    .steps = {"push"},
    .params = {{"objects", "pushed by each thread", 100, 1, 1 << 20, NULL}},
    .needs = WL_NEEDS_THREADS,
    .volume = tiny_volume,
    .run = run_threads};

const workload *const wl_all[] = {&tiny, &tiny_threads, NULL};
