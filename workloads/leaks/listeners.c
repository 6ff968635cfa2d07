/* leak-listeners: a registry of listeners that are never removed.
 *
 * A dialog registers a listener with an object that lives longer than the
 * dialog.  The listener refers to its dialog, so the dialog lives as long as
 * the registry: the "lapsed listener".  The remedy is to deregister when the
 * dialog closes. */
#include "cause.h"

enum { REGISTRY };       /* global root */
enum { NEXT, LISTENER }; /* of an entry of the registry */
enum { DIALOG };         /* of a listener */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = 3 * rounds * p[OBJECTS];
  return (leak_counts){
      .live = p[REMEDY] ? 0 : n, .made = n, .building = 3 * p[OBJECTS]};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 3, 0);
  gc_reg dialog = frame, listener = frame + 1, entry = frame + 2;
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(m, dialog);
    leak_node(m, listener);
    gc_store(m, listener, DIALOG, dialog);
    leak_node(m, entry);
    gc_store_take(m, entry, LISTENER, listener);
    leak_push(m, REGISTRY, entry);
    if (leak_remedied(t))
      leak_pop(m, REGISTRY);
    gc_clear(m, dialog);
  }
  gc_frame_leave(m, frame, 3, 0);
}

static void end(wl_thread *t) {
  gc_global_clear(t->m, REGISTRY);
}

static const leak this_leak = {.after = after, .round = play, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {"global 0", "the registry of listeners",
                                    "object 2", "dialog",
                                    "object 3", "listener",
                                    "object 4", "entry of the registry",
                                    NULL};

const workload workload_leak_listeners = {
    .name = "leak-listeners",
    .summary = "listeners are never removed; remedy: remove them",
    .source = "the lapsed listener problem",
    .params = {LEAK_COMMON_PARAMS},
    .words = words,
    LEAK_FIELDS,
};
