/* leak-finalizer-cycle: a handle with a finalizer, and a buffer that refers to
 * the handle.
 *
 * The finalizer is meant to close a file when nothing refers to the handle any
 * more.  In a cycle that never happens to a counting collector, so that the
 * file stays open as well.  CPython before 3.4 did not reclaim such cycles
 * even when it had found them (PEP 442).  The remedy is an explicit close that
 * drops the buffer. */
#include "cause.h"

enum { BUFFER };
enum { HANDLE };

static uint64_t finalized;

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = 2 * rounds * p[OBJECTS];
  return (leak_counts){
      .cyclic = p[REMEDY] ? 0 : n, .made = n, .building = 2 * p[OBJECTS] + 2};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), handle = frame, buffer = frame + 1;
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    gc_new(m, handle, NODE, GC_FINALIZABLE);
    leak_node(m, buffer);
    gc_store(m, buffer, HANDLE, handle);
    gc_store_take(m, handle, BUFFER, buffer);
    if (leak_remedied(t))
      gc_store_null(m, handle, BUFFER);
    gc_clear(m, handle);
  }
  gc_frame_leave(m, frame, 2, 0);
}

static void finalize(wl_thread *t, gc_reg handle) {
  (void)t, (void)handle;
  finalized++;
}

static void end(wl_thread *t) {
  uint64_t n = wl_get(t, ROUNDS) * wl_get(t, OBJECTS);
  wl_expect_reclaimed(t, "finalizers run", finalized, leak_remedied(t) ? n : 0,
                      leak_remedied(t) ? 0 : n);
}

static const leak this_leak = {
    .after = after, .round = play, .finalize = finalize, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {"object 2", "handle", "object 3", "buffer",
                                    NULL};

const workload workload_leak_finalizer_cycle = {
    .name = "leak-finalizer-cycle",
    .summary = "a cycle with a finalizer in it; remedy: close, which breaks it",
    .source = "PEP 442",
    .params = {LEAK_COMMON_PARAMS},
    .needs = WL_NEEDS_FINALIZERS,
    .words = words,
    LEAK_FIELDS,
};
