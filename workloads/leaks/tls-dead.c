/* leak-tls-dead: a thread-local value of a thread that has ended.
 *
 * This is often named among the causes of leaks.  It is one only if the memory
 * manager keeps the roots of dead threads: normally the root ends with its
 * thread, and what it held is garbage.  Clearing the root first, the remedy,
 * changes nothing. */
#include "cause.h"

enum { SCRATCH }; /* thread-local root */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  return (leak_counts){.made = rounds * p[OBJECTS], .building = p[OBJECTS]};
}

static void body(wl_thread *t, void *data) {
  (void)data;
  leak_work_in(t, SCRATCH);
}

static void play(wl_thread *t, uint64_t round) {
  wl_threads(t, 1, (unsigned)round + 1, body, NULL);
}

static const leak this_leak = {.after = after, .round = play};
LEAK_FUNCTIONS

static const char *const words[] = {"thread-local 0", "scratch space",
                                    "object 2", "value", NULL};

const workload workload_leak_tls_dead = {
    .name = "leak-tls-dead",
    .summary = "a thread ends and leaves a value; remedy: it clears it first",
    .source = "threading.local, and the like",
    .params = {LEAK_COMMON_PARAMS},
    .needs = WL_NEEDS_THREADS,
    .words = words,
    LEAK_FIELDS,
};
