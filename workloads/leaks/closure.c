/* leak-closure: what the environment of a closure keeps.
 *
 * A handler that lives as long as the program shares its environment with a
 * variable that some function used for a moment: the variable keeps a large
 * value until the next value takes its place.  The memory does not grow, and
 * nothing in the handler shows why it is held.  The remedy is to clear the
 * variable when the function is done. */
#include "cause.h"

enum { HANDLER };     /* global root */
enum { ENVIRONMENT }; /* of a closure */
enum { VARIABLE };    /* of an environment */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  return (leak_counts){.live = 2 + (p[REMEDY] || rounds == 0 ? 0 : p[OBJECTS]),
                       .made = 2 + rounds * p[OBJECTS],
                       .building = p[OBJECTS]};
}

static void start(wl_thread *t) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0);
  gc_reg closure = frame, environment = frame + 1;
  leak_node(m, closure);
  leak_node(m, environment);
  gc_store_take(m, closure, ENVIRONMENT, environment);
  gc_global_store(m, HANDLER, closure);
  gc_frame_leave(m, frame, 2, 0);
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1);
  gc_reg value = frame, environment = frame + 1;
  leak_list(m, value, wl_get(t, OBJECTS));
  gc_global_borrow(m, environment, HANDLER);
  gc_borrow(m, environment, environment, ENVIRONMENT);
  gc_store_take(m, environment, VARIABLE, value);
  if (leak_remedied(t))
    gc_store_null(m, environment, VARIABLE);
  gc_frame_leave(m, frame, 1, 1);
}

static void end(wl_thread *t) {
  gc_global_clear(t->m, HANDLER);
}

static const leak this_leak = {
    .after = after, .start = start, .round = play, .end = end};
LEAK_FUNCTIONS

static const char *const words[] = {
    "global 0",    "the handler", "object 2", "closure",  "object 3",
    "environment", "object 4",    "value",    "object 5", "value",
    "object 6",    "value",       NULL};

const workload workload_leak_closure = {
    .name = "leak-closure",
    .summary = "a closure's environment keeps a value; remedy: clear the "
               "variable",
    .source = "environments shared by closures, as in JavaScript engines",
    .params = {LEAK_COMMON_PARAMS},
    .words = words,
    LEAK_FIELDS,
};
