/* leak-weak-key-cycle: a weak table of attributes whose values refer to their
 * keys.
 *
 * The table refers to each key weakly and to its value strongly, so the value
 * keeps the key alive, and the entry is never removed: Python's
 * WeakKeyDictionary and Java's WeakHashMap.  The remedy is a table of
 * ephemerons (Hayes, OOPSLA 1997), whose values live only as long as their
 * keys.  The program then collects, and removes the entries whose ephemerons
 * were cleared.  A collector that counts without looking for cycles clears
 * none: there, an entry must be removed for its key and value to die. */
#include "cause.h"

enum { TABLE };       /* global root */
enum { NEXT, PAIR };  /* of an entry of the table */
enum { WEAK, VALUE }; /* of what stands for a pair where there are none */
enum { KEY };         /* of a value */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){.live = p[REMEDY] ? 0 : 5 * n,
                       .made = (p[REMEDY] ? 4 : 5) * n,
                       .building = (p[REMEDY] ? 4 : 5) * p[OBJECTS]};
}

/* pair <- an ephemeron, or a weak reference to the key beside the value. */
static void new_pair(wl_thread *t, gc_reg pair, gc_reg key, gc_reg value) {
  gc_mutator *m = t->m;
  if (leak_remedied(t)) {
    gc_ephemeron_new(m, pair, key, value);
    return;
  }
  gc_reg weak = gc_frame_enter(m, 1, 0);
  leak_node(m, pair);
  gc_weak_new(m, weak, key);
  gc_store_take(m, pair, WEAK, weak);
  gc_store(m, pair, VALUE, value);
  gc_frame_leave(m, weak, 1, 0);
}

/* Removes the entries of a round, the last ones, whose keys are dead. */
static void expunge(wl_thread *t) {
  gc_mutator *m = t->m;
  uint64_t cleared = 0, n = wl_get(t, OBJECTS);
  gc_reg value = gc_frame_enter(m, 1, 1), pair = value + 1;
  gc_collect(m);
  for (uint64_t i = 0; i < n; i++) {
    gc_global_borrow(m, pair, TABLE);
    gc_borrow(m, pair, pair, PAIR);
    cleared += !gc_ephemeron_get(m, value, pair);
    gc_clear(m, value);
    gc_unborrow(m, pair);
    leak_pop(m, TABLE);
  }
  gc_frame_leave(m, value, 1, 1);
  wl_expect_reclaimed(t, "ephemerons cleared", cleared, 0, n);
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 4, 0);
  gc_reg key = frame, value = frame + 1, pair = frame + 2, entry = frame + 3;
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(m, key);
    leak_node(m, value);
    gc_store(m, value, KEY, key);
    new_pair(t, pair, key, value);
    gc_clear(m, value);
    leak_node(m, entry);
    gc_store_take(m, entry, PAIR, pair);
    leak_push(m, TABLE, entry);
    gc_clear(m, key);
  }
  gc_frame_leave(m, frame, 4, 0);
  if (leak_remedied(t))
    expunge(t);
}

static void end(wl_thread *t) {
  gc_global_clear(t->m, TABLE);
}

static const leak this_leak = {.after = after, .round = play, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {
    "global 0", "the table",      "object 2", "key",
    "object 3", "value",          "object 4", "pair of key and value",
    "object 5", "weak reference", "object 6", "entry of the table",
    NULL};

const workload workload_leak_weak_key_cycle = {
    .name = "leak-weak-key-cycle",
    .summary = "values of a table by weak keys refer to their keys; remedy: "
               "ephemerons",
    .source = "Python's WeakKeyDictionary, Java's WeakHashMap",
    .params = {LEAK_COMMON_PARAMS},
    .needs = WL_NEEDS_WEAK | WL_NEEDS_EPHEMERONS,
    .cyclic_pairs = true,
    .words = words,
    LEAK_FIELDS,
};
