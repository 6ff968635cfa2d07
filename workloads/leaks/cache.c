/* leak-cache: a cache without a bound.
 *
 * Each round asks for values that were never asked for before, and the cache
 * keeps them in case they are asked for again.  To a collector the cache is a
 * global like any other.  The remedy is a bound: when there is one entry too
 * many, the oldest is removed. */
#include "fifo.h"

enum { CAPACITY = LEAK_PARAMS };

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  uint64_t live = p[REMEDY] ? min_u64(n, p[CAPACITY]) : n;
  /* In the course of a round the cache may fill up. */
  uint64_t most = p[REMEDY] ? min_u64(p[OBJECTS], p[CAPACITY]) : p[OBJECTS];
  return (leak_counts){.live = live, .made = n, .building = most + 1};
}

static void play(wl_thread *t, uint64_t round) {
  uint64_t n = wl_get(t, OBJECTS);
  for (uint64_t i = 0; i < n; i++) {
    fifo_add(t->m);
    if (leak_remedied(t) && round * n + i >= wl_get(t, CAPACITY))
      leak_pop(t->m, OLDEST);
  }
}

static const leak this_leak = {.after = after, .round = play, .end = fifo_end};
LEAK_FUNCTIONS

const workload workload_leak_cache = {
    .name = "leak-cache",
    .summary = "a cache grows without a bound; remedy: the oldest entry goes",
    .source = "functools.lru_cache(maxsize=None), and the like",
    .params = {LEAK_COMMON_PARAMS,
               {"capacity", "entries of the cache with a bound", 150, 1,
                1 << 20, NULL}},
    .words = words,
    LEAK_FIELDS,
};
