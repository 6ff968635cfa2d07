/* binary-trees: GCBench, the classic benchmark of garbage collectors (John
 * Ellis and Pete Kovac, modified by Hans Boehm), with the names and the order
 * of the original.
 *
 * A big tree is made and dropped to stretch the heap.  A long-lived tree and a
 * large array of doubles are made and kept.  Then many short-lived trees of
 * depth 4, 6, ... are made and dropped, top-down and bottom-up.
 *
 * Stresses allocation of small objects, prompt reuse of memory, marking a live
 * tree again and again, and the death of a whole tree at once.
 *
 * Survivors: the long-lived tree and the array.  A tree of depth d has 2^(d+1)
 * - 1 nodes.
 *
 * Limits: one object size, no sharing, no mutation of old objects, lifetimes
 * that no real program has.  The workload flatters collectors that allocate in
 * sequence. */
#include "binary-trees.h"

/* States nodes that were made. */
static void state(wl_thread *t, uint64_t nodes) {
  wl_made(t, nodes, nodes * gc_shape_bytes(NODE));
}

static void drop(wl_thread *t, gc_reg tree, uint32_t depth) {
  wl_dropped(t, tree_size(depth), tree_size(depth) * gc_shape_bytes(NODE));
  tree_drop(t->m, tree, depth);
}

/* Makes all nodes below `top`.  Levels above the trees that are built in one
 * step are made node by node. */
static void populate(wl_thread *t, gc_reg top, uint32_t depth) {
  gc_mutator *m = t->m;
  if (depth <= STEP_DEPTH) {
    tree_populate(m, top, depth);
    state(t, tree_size(depth) - 1);
    if (depth == STEP_DEPTH)
      wl_step(t, BUILD, tree_size(STEP_DEPTH));
    return;
  }
  gc_reg frame = gc_frame_enter(m, 1, 1), child = frame + 1;
  new_children(m, top, frame, depth - 1);
  state(t, 2);
  for (uint32_t side = LEFT; side <= RIGHT; side++) {
    gc_borrow(m, child, top, side);
    populate(t, child, depth - 1);
  }
  gc_frame_leave(m, frame, 1, 1);
}

static void top_down(wl_thread *t, gc_reg dst, uint32_t depth) {
  new_node(t->m, dst, depth);
  state(t, 1);
  populate(t, dst, depth);
}

static void bottom_up(wl_thread *t, gc_reg dst, uint32_t depth) {
  gc_mutator *m = t->m;
  if (depth <= STEP_DEPTH) {
    tree_bottom_up(m, dst, depth);
    state(t, tree_size(depth));
    if (depth == STEP_DEPTH)
      wl_step(t, BUILD, tree_size(STEP_DEPTH));
    return;
  }
  gc_reg child = gc_frame_enter(m, 2, 0);
  bottom_up(t, child + LEFT, depth - 1);
  bottom_up(t, child + RIGHT, depth - 1);
  new_parent(m, dst, child, depth);
  state(t, 1);
  gc_frame_leave(m, child, 2, 0);
}

typedef void builder(wl_thread *t, gc_reg dst, uint32_t depth);

static void churn(wl_thread *t, builder *build, uint32_t depth) {
  gc_mutator *m = t->m;
  gc_reg tree = gc_frame_enter(m, 1, 0);
  uint64_t pending = 0;
  for (uint64_t i = iterations(t->run->params, depth); i > 0; i--) {
    build(t, tree, depth);
    drop(t, tree, depth);
    pending += remainder_of(depth);
    if (depth >= STEP_DEPTH || pending >= tree_size(STEP_DEPTH) || i == 1) {
      wl_step(t, depth >= STEP_DEPTH ? DROP : CHURN, pending);
      pending = 0;
    }
  }
  gc_frame_leave(m, tree, 1, 0);
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint32_t depth = (uint32_t)p[DEPTH], stretch = (uint32_t)p[STRETCH];
  gc_reg frame = gc_frame_enter(m, 3, 0);
  gc_reg tree = frame, array = frame + 1, temporary = frame + 2;

  wl_begin(t);
  bottom_up(t, temporary, stretch);
  drop(t, temporary, stretch);
  wl_step(t, DROP, remainder_of(stretch));

  top_down(t, tree, depth);
  harmonic_new(m, array, p[ARRAY]);
  wl_made(t, 1, kept_bytes(0, p[ARRAY]) - gc_shape_bytes(NODE));
  wl_step(t, FILL, remainder_of(depth) + 1);

  for (uint32_t short_lived = MIN_DEPTH; short_lived <= depth;
       short_lived += 2) {
    churn(t, top_down, short_lived);
    churn(t, bottom_up, short_lived);
  }
  if (p[SETTLE]) {
    gc_collect(m);
    wl_step(t, COLLECT, 0);
  }
  wl_end(t);

  wl_check(t, tree_whole(m, tree, depth), "the long-lived tree is damaged");
  harmonic_check(t, array, p[ARRAY]);
  uint64_t all = all_objects(p);
  wl_expect(t, (wl_expectation){.live = tree_size(depth) + 1,
                                .allocated = all,
                                .bytes = kept_bytes(depth, p[ARRAY])});
  wl_dropped(t, tree_size(depth) + 1, kept_bytes(depth, p[ARRAY]));
  if (GC_EXPLICIT_FREE) {
    tree_free(m, tree, depth);
    gc_free(m, array);
  }
  gc_frame_leave(m, frame, 3, 0);
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_binary_trees = {
    BINARY_TREES_DESCRIPTION,
    .knows_live = true,
    .run = run,
};
