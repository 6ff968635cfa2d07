/* leak-container-cycle: a container whose elements refer to it.
 *
 * A window and its buttons, a document and its nodes: each element refers to
 * the container that holds it, so that none can die before the others.  The
 * remedy is to empty the container when it is no longer needed. */
#include "cause.h"

enum { FIRST };               /* of the container */
enum { NEXT_ONE, CONTAINER }; /* of an element */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * (p[OBJECTS] + 1);
  return (leak_counts){
      .cyclic = p[REMEDY] ? 0 : n, .made = n, .building = p[OBJECTS] + 1};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 3, 0);
  gc_reg container = frame, element = frame + 1, before = frame + 2;
  leak_node(m, container);
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(m, element);
    gc_store(m, element, CONTAINER, container);
    gc_load(m, before, container, FIRST);
    gc_store_take(m, element, NEXT_ONE, before);
    gc_store_take(m, container, FIRST, element);
  }
  if (leak_remedied(t))
    gc_store_null(m, container, FIRST);
  gc_frame_leave(m, frame, 3, 0);
}

static const leak this_leak = {.after = after, .round = play};
LEAK_FUNCTIONS

static const char *const words[] = {"object 2", "container", "object 3",
                                    "element",  "object 4",  "element",
                                    "object 5", "element",   NULL};

const workload workload_leak_container_cycle = {
    .name = "leak-container-cycle",
    .summary = "elements refer to their container; remedy: empty it",
    .source = "the usual document and its nodes",
    .params = {LEAK_COMMON_PARAMS},
    .words = words,
    LEAK_FIELDS,
};
