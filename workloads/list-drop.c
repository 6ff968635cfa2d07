/* list-drop: a very long list dies at once.
 *
 * This is the worst case of immediate reference counting, known since
 * Weizenbaum (CACM 1963), who put dead objects on a list and freed them later:
 * dropping one reference frees everything, in one cascade.  A recursive
 * cascade overflows the stack, which production runtimes still do at a few
 * hundred thousand nodes.  For a marking collector the same list has no
 * parallelism and nothing to prefetch.
 *
 * Stresses the drop (a step of its own), the stacks of destruction and of
 * marking, and the reuse of many heap cells that were freed at once.
 *
 * Survivors: all nodes of the last list.
 *
 * Limits: the nodes lie in memory in the order of the list. */
#include "list-drop.h"

static void build(wl_thread *t, gc_reg list) {
  gc_mutator *m = t->m;
  const gc_shape shape = node_shape(t->run->params);
  uint64_t pending = 0;
  gc_reg node = gc_frame_enter(m, 1, 0);
  for (uint64_t i = wl_get(t, LENGTH); i > 0; i--) {
    new_unstated(m, node, shape, i - 1);
    gc_store_take(m, node, NEXT, list);
    gc_move(m, list, node);
    if (++pending == STEP_NODES || i == 1) {
      wl_made(t, pending, pending * gc_shape_bytes(shape));
      wl_step(t, BUILD, pending);
      pending = 0;
    }
  }
  gc_frame_leave(m, node, 1, 0);
}

static bool whole(wl_thread *t, gc_reg list) {
  gc_mutator *m = t->m;
  uint64_t length = wl_get(t, LENGTH), payload = wl_get(t, PAYLOAD), i = 0;
  gc_reg next = gc_frame_enter(m, 0, 1), node = list;
  while (i < length && !gc_is_null(m, node) && stamp_is(m, node, payload, i)) {
    gc_borrow(m, next, node, NEXT);
    node = next;
    i++;
  }
  bool ok = i == length && gc_is_null(m, node);
  gc_frame_leave(m, next, 0, 1);
  return ok;
}

static uint64_t list_bytes(const wl_thread *t) {
  return wl_get(t, LENGTH) * gc_shape_bytes(node_shape(t->run->params));
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  uint64_t length = wl_get(t, LENGTH), rounds = wl_get(t, ROUNDS);
  gc_reg list = gc_frame_enter(m, 1, 0);

  wl_begin(t);
  for (uint64_t i = 0; i < rounds; i++) {
    build(t, list);
    wl_dropped(t, length, list_bytes(t));
    drop_list(m, list, NEXT);
    wl_step(t, DROP, 0);
  }
  build(t, list);
  wl_end(t);

  wl_check(t, whole(t, list), "the list is damaged");
  uint64_t all = (rounds + 1) * length;
  wl_expect(t, (wl_expectation){
                   .live = length, .allocated = all, .bytes = list_bytes(t)});
  wl_dropped(t, length, list_bytes(t));
  if (GC_EXPLICIT_FREE)
    drop_list(m, list, NEXT);
  gc_frame_leave(m, list, 1, 0);
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_list_drop = {
    LIST_DROP_DESCRIPTION,
    .knows_live = true,
    .run = run,
};
