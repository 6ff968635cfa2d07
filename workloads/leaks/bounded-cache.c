/* leak-bounded-cache: a cache that is full and stays full.
 *
 * The cache does not grow, so it is no leak; yet it keeps memory that the
 * program may never ask for again.  The remedy, where that matters, is to
 * empty the cache at the end of the work that it was for. */
#include "fifo.h"

enum { CAPACITY = LEAK_PARAMS };

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){.live = p[REMEDY] ? 0 : min_u64(n, p[CAPACITY]),
                       .made = n,
                       .building = min_u64(p[OBJECTS], p[CAPACITY]) + 1};
}

static void play(wl_thread *t, uint64_t round) {
  uint64_t n = wl_get(t, OBJECTS);
  uint64_t before = leak_remedied(t) ? 0 : round * n;
  for (uint64_t i = 0; i < n; i++) {
    fifo_add(t->m);
    if (before + i >= wl_get(t, CAPACITY))
      leak_pop(t->m, OLDEST);
  }
  if (leak_remedied(t))
    fifo_clear(t->m);
}

static const leak this_leak = {.after = after, .round = play, .end = fifo_end};
LEAK_FUNCTIONS

const workload workload_leak_bounded_cache = {
    .name = "leak-bounded-cache",
    .summary = "a bounded cache stays full; remedy: empty it after the work",
    .source = "functools.lru_cache(maxsize=N), and the like",
    .params = {LEAK_COMMON_PARAMS,
               {"capacity", "entries of the cache", 50, 1, 1 << 20, NULL}},
    .words = words,
    LEAK_FIELDS,
};
