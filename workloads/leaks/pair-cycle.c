/* leak-pair-cycle: parent and child refer to each other.
 *
 * When the program drops the parent, the child still refers to it, and the
 * parent to the child.  The remedy is a weak reference in one of the two
 * directions, from the object that does not own the other. */
#include "cause.h"

enum { CHILD };
enum { PARENT };

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){.cyclic = p[REMEDY] ? 0 : 2 * n,
                       .made = (p[REMEDY] ? 3 : 2) * n,
                       .building = 4};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 3, 0);
  gc_reg parent = frame, child = frame + 1, back = frame + 2;
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(m, parent);
    leak_node(m, child);
    if (leak_remedied(t))
      gc_weak_new(m, back, parent);
    else
      gc_copy(m, back, parent);
    gc_store_take(m, child, PARENT, back);
    gc_store_take(m, parent, CHILD, child);
    gc_clear(m, parent);
  }
  gc_frame_leave(m, frame, 3, 0);
}

static const leak this_leak = {.after = after, .round = play};
LEAK_FUNCTIONS

static const char *const words[] = {"object 2", "parent", "object 3", "child",
                                    NULL};

const workload workload_leak_pair_cycle = {
    .name = "leak-pair-cycle",
    .summary = "two objects refer to each other; remedy: one of them weakly",
    .source = "the usual parent and child",
    .params = {LEAK_COMMON_PARAMS},
    .needs = WL_NEEDS_WEAK,
    .words = words,
    LEAK_FIELDS,
};
