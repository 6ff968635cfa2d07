/* leak-resurrection: a finalizer that brings its object back.
 *
 * The finalizer puts the dead object into a global list, "to be looked at
 * later": from then on the object is reachable like any other, and is not
 * finalized again.  The remedy is a finalizer that takes what it needs from
 * the object and drops the object. */
#include "cause.h"

enum { LATER }; /* global root */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){
      .live = p[REMEDY] ? 0 : n, .made = n, .building = p[OBJECTS] + 1};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_reg object = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    gc_new(t->m, object, NODE, GC_FINALIZABLE);
    gc_clear(t->m, object);
  }
  gc_frame_leave(t->m, object, 1, 0);
}

static void finalize(wl_thread *t, gc_reg object) {
  if (!leak_remedied(t))
    leak_push(t->m, LATER, object);
}

static void end(wl_thread *t) {
  gc_global_clear(t->m, LATER);
}

static const leak this_leak = {
    .after = after, .round = play, .finalize = finalize, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {"global 0", "the list for later",
                                    "object 2", "object", NULL};

const workload workload_leak_resurrection = {
    .name = "leak-resurrection",
    .summary =
        "a finalizer brings its object back; remedy: it drops the object",
    .source = "guardians (Dybvig, Bruggeman & Eby, PLDI 1993); PEP 442",
    .params = {LEAK_COMMON_PARAMS},
    .needs = WL_NEEDS_FINALIZERS,
    .words = words,
    LEAK_FIELDS,
};
