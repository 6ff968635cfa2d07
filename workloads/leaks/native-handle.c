/* leak-native-handle: a handle that native code holds.
 *
 * A collector cannot look into native code, so the objects that native code
 * uses are in a table of handles, which is a root: a reference taken in C, a
 * JNI global reference.  If native code forgets to release a handle, the
 * object is held for good, and nothing in the managed program shows why.  The
 * remedy is to release the handle. */
#include "cause.h"

enum { HANDLES = GC_GLOBALS - 1 }; /* the global root of native code */
enum { NEXT, OBJECT };             /* of a handle */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = 2 * rounds * p[OBJECTS];
  return (leak_counts){
      .live = p[REMEDY] ? 0 : n, .made = n, .building = 2 * p[OBJECTS]};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), object = frame, handle = frame + 1;
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(m, object);
    leak_node(m, handle);
    gc_store(m, handle, OBJECT, object);
    leak_push(m, HANDLES, handle);
    if (leak_remedied(t))
      leak_pop(m, HANDLES);
    gc_clear(m, object);
  }
  gc_frame_leave(m, frame, 2, 0);
}

static void end(wl_thread *t) {
  gc_global_clear(t->m, HANDLES);
}

static const leak this_leak = {.after = after, .round = play, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {"global 63", "handles of native code",
                                    "object 2",  "object",
                                    "object 3",  "handle",
                                    NULL};

const workload workload_leak_native_handle = {
    .name = "leak-native-handle",
    .summary = "native code holds a handle; remedy: release it",
    .source = "JNI global references, Py_INCREF in C",
    .params = {LEAK_COMMON_PARAMS},
    .words = words,
    LEAK_FIELDS,
};
