/* leak-tls-live: a thread-local value of a thread that goes on.
 *
 * A thread-local value is like a global that only its thread can clear.  Each
 * round replaces the value of the round before, so the memory does not grow.
 * The remedy is to clear the value when the work is done. */
#include "cause.h"

enum { SCRATCH }; /* thread-local root */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  return (leak_counts){.live = p[REMEDY] || rounds == 0 ? 0 : p[OBJECTS],
                       .made = rounds * p[OBJECTS],
                       .building = p[OBJECTS]};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  leak_work_in(t, SCRATCH);
}

static void end(wl_thread *t) {
  gc_tls_clear(t->m, SCRATCH);
}

static const leak this_leak = {.after = after, .round = play, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {"thread-local 0", "scratch space",
                                    "object 2", "value", NULL};

const workload workload_leak_tls_live = {
    .name = "leak-tls-live",
    .summary = "a thread that goes on keeps its last value; remedy: clear it",
    .source = "threading.local, and the like",
    .params = {LEAK_COMMON_PARAMS},
    .words = words,
    LEAK_FIELDS,
};
