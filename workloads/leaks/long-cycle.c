/* leak-long-cycle: one ring through all objects of a round.
 *
 * The length of a cycle changes nothing but the time that it takes to find it:
 * the last object keeps the first alive.  The remedy is to break one link,
 * after which a counting collector frees the whole ring. */
#include "cause.h"

enum { NEXT };

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){
      .cyclic = p[REMEDY] ? 0 : n, .made = n, .building = p[OBJECTS]};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), first = frame, last = frame + 1;
  leak_node(m, last);
  gc_copy(m, first, last);
  leak_list(m, first, wl_get(t, OBJECTS) - 1);
  gc_store(m, last, NEXT, first);
  if (leak_remedied(t))
    gc_store_null(m, last, NEXT);
  gc_frame_leave(m, frame, 2, 0);
}

static const leak this_leak = {.after = after, .round = play};
LEAK_FUNCTIONS

static const char *const words[] = {"object 2", "node", NULL};

const workload workload_leak_long_cycle = {
    .name = "leak-long-cycle",
    .summary = "a ring through many objects; remedy: break one link",
    .source = "McBeth, CACM 1963",
    .params = {LEAK_COMMON_PARAMS},
    .words = words,
    LEAK_FIELDS,
};
