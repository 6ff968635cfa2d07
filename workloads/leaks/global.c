/* leak-global: a global variable that keeps what was put there.
 *
 * Nothing is wrong with the collector: what a global refers to is reachable,
 * so every collector holds it, by design, for as long as the program runs.
 * The remedy is to clear the variable after use. */
#include "cause.h"

enum { RESULTS }; /* global root */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){
      .live = p[REMEDY] ? 0 : n, .made = n, .building = p[OBJECTS]};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_reg result = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(t->m, result);
    leak_push(t->m, RESULTS, result);
  }
  gc_frame_leave(t->m, result, 1, 0);
  if (leak_remedied(t))
    gc_global_clear(t->m, RESULTS);
}

static void end(wl_thread *t) {
  gc_global_clear(t->m, RESULTS);
}

static const leak this_leak = {.after = after, .round = play, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {"global 0", "results", "object 2", "result",
                                    NULL};

const workload workload_leak_global = {
    .name = "leak-global",
    .summary = "a global keeps every result; remedy: clear it after use",
    .source = "the usual module-level list",
    .params = {LEAK_COMMON_PARAMS},
    .words = words,
    LEAK_FIELDS,
};
