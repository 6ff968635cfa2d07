/* leak-callback-cycle: a cycle through the callback of a weak reference.
 *
 * An owner watches a target weakly and wants to be told when the target dies:
 * beside the weak reference it keeps a callback, which refers to the owner.
 * So the owner keeps itself alive by way of the registration.  The weak
 * reference leaks with the owner but keeps nothing alive, and the target dies.
 * The remedy is a callback that refers to its owner weakly, too. */
#include "cause.h"

enum { REGISTRATION };    /* of an owner */
enum { WATCH, CALLBACK }; /* of a registration */
enum { OWNER };           /* of a callback */

static leak_counts after(const uint64_t *p, uint64_t rounds) {
  uint64_t n = rounds * p[OBJECTS];
  return (leak_counts){.cyclic = p[REMEDY] ? 0 : 4 * n,
                       .made = (p[REMEDY] ? 6 : 5) * n,
                       .building = 7};
}

static void play(wl_thread *t, uint64_t round) {
  (void)round;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 5, 0);
  gc_reg owner = frame, target = frame + 1, registration = frame + 2;
  gc_reg callback = frame + 3, reference = frame + 4;
  for (uint64_t i = 0; i < wl_get(t, OBJECTS); i++) {
    leak_node(m, owner);
    leak_node(m, target);
    leak_node(m, registration);
    gc_weak_new(m, reference, target);
    gc_store_take(m, registration, WATCH, reference);
    leak_node(m, callback);
    if (leak_remedied(t))
      gc_weak_new(m, reference, owner);
    else
      gc_copy(m, reference, owner);
    gc_store_take(m, callback, OWNER, reference);
    gc_store_take(m, registration, CALLBACK, callback);
    gc_store_take(m, owner, REGISTRATION, registration);
    gc_clear(m, target);
    gc_clear(m, owner);
  }
  gc_frame_leave(m, frame, 5, 0);
}

static const leak this_leak = {.after = after, .round = play};
LEAK_FUNCTIONS

static const char *const words[] = {
    "object 2", "owner",        "object 3", "target",
    "object 4", "registration", "object 5", "weak reference",
    "object 6", "callback",     NULL};

const workload workload_leak_callback_cycle = {
    .name = "leak-callback-cycle",
    .summary = "the callback of a weak reference refers to the owner; "
               "remedy: weakly",
    .source = "weakref.ref(target, self.method), and the like",
    .params = {LEAK_COMMON_PARAMS},
    .needs = WL_NEEDS_WEAK,
    .words = words,
    LEAK_FIELDS,
};
