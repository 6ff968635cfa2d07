/* leak-self-cycle: an object that refers to itself.
 *
 * The reference count cannot fall below the one reference that the object
 * holds to itself.  A collector that follows references from the roots does
 * not reach the object, and reclaims it.  The remedy is to break the cycle
 * while the object is still reachable. */
#include "cause.h"

enum { ITSELF };

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){.cyclic = p[REMEDY] ? 0 : n, .made = n, .building = 2};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg object = gc_frame_enter(m, 1, 0);
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(m, object);
    gc_store(m, object, ITSELF, object);
    if (leak_remedied(t))
      gc_store_null(m, object, ITSELF);
    gc_clear(m, object);
  }
  gc_frame_leave(m, object, 1, 0);
}

static const leak this_leak = {.after = after, .round = play};
LEAK_FUNCTIONS

static const char *const words[] = {"object 2", "object", NULL};

const workload workload_leak_self_cycle = {
    .name = "leak-self-cycle",
    .summary = "an object refers to itself; remedy: break the cycle",
    .source = "McBeth, CACM 1963",
    .params = {LEAK_COMMON_PARAMS},
    .words = words,
    LEAK_FIELDS,
};
