/* leak-weak-kept: weak references that outlive their targets.
 *
 * A weak reference does not keep its target alive: the target dies, and the
 * reference is cleared.  But a weak reference is an object itself, and a table
 * of them from which nothing is removed grows like any other.  The remedy is
 * to remove the entry when its target dies. */
#include "cause.h"

enum { TABLE };      /* global root */
enum { NEXT, WEAK }; /* of an entry of the table */

static uint64_t
    cleared; /* references that were found cleared, after the last round */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){.live = p[REMEDY] ? 0 : 2 * n,
                       .made = 3 * n,
                       .building = 2 * p[OBJECTS] + 1};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 3, 0);
  gc_reg target = frame, reference = frame + 1, entry = frame + 2;
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(m, target);
    gc_weak_new(m, reference, target);
    leak_node(m, entry);
    gc_store_take(m, entry, WEAK, reference);
    leak_push(m, TABLE, entry);
    gc_clear(m, target);
    if (leak_remedied(t))
      leak_pop(m, TABLE);
  }
  gc_frame_leave(m, frame, 3, 0);
}

static void end(wl_thread *t) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg target = frame, entry = frame + 1, reference = frame + 2;
  gc_global_borrow(m, entry, TABLE);
  for (; !gc_is_null(m, entry); gc_borrow(m, entry, entry, NEXT)) {
    gc_borrow(m, reference, entry, WEAK);
    cleared += !gc_weak_get(m, target, reference);
  }
  gc_frame_leave(m, frame, 1, 2);
  uint64_t n = leak_remedied(t) ? 0 : wl_get(t, ROUNDS) * wl_get(t, OBJECTS);
  wl_expect_reclaimed(t, "weak references cleared", cleared, n, 0);
  gc_global_clear(m, TABLE);
}

static const leak this_leak = {.after = after, .round = play, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {"global 0", "the table of weak references",
                                    "object 2", "target",
                                    "object 3", "weak reference",
                                    "object 4", "entry of the table",
                                    NULL};

const workload workload_leak_weak_kept = {
    .name = "leak-weak-kept",
    .summary = "weak references are kept after their targets died; remedy: "
               "remove them",
    .source = "a plain dict of weakref.ref, and the like",
    .params = {LEAK_COMMON_PARAMS},
    .needs = WL_NEEDS_WEAK,
    .words = words,
    LEAK_FIELDS,
};
