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
#include "trees.h"

enum { DEPTH, STRETCH, ARRAY, ROUNDS, SETTLE };
enum { BUILD, CHURN, DROP, FILL, COLLECT };

enum { STEP_DEPTH = 9 }; /* trees of this depth are built in one step */

/* How many short-lived trees of this depth are made in each of the two ways. */
static uint64_t iterations(const uint64_t *p, uint64_t depth) {
  return p[ROUNDS] * tree_count(p[STRETCH], depth);
}

static uint64_t all_objects(const uint64_t *p) {
  uint64_t n = tree_size(p[STRETCH]) + tree_size(p[DEPTH]) + 1;
  for (uint64_t d = MIN_DEPTH; d <= p[DEPTH]; d += 2)
    n += 2 * iterations(p, d) * tree_size(d);
  return n;
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t each = gc_shape_bytes(NODE), array = kept_bytes(0, p[ARRAY]) - each;
  uint64_t deepest = p[DEPTH] - p[DEPTH] % 2;
  return (wl_volume){
      .live =
          max_u64(tree_size(p[STRETCH]) * each,
                  kept_bytes(p[DEPTH], p[ARRAY]) + tree_size(deepest) * each),
      .allocated = (all_objects(p) - 1) * each + array,
  };
}

/* Makes all nodes below `top`.  Levels above the trees that are built in one
 * step are made node by node. */
static void populate(wl_thread *t, gc_reg top, uint32_t depth) {
  gc_mutator *m = t->m;
  if (depth <= STEP_DEPTH) {
    tree_populate(m, top, depth);
    if (depth == STEP_DEPTH)
      wl_step(t, BUILD, tree_size(STEP_DEPTH));
    return;
  }
  gc_reg frame = gc_frame_enter(m, 1, 1), child = frame + 1;
  new_children(m, top, frame, depth - 1);
  for (uint32_t side = LEFT; side <= RIGHT; side++) {
    gc_borrow(m, child, top, side);
    populate(t, child, depth - 1);
  }
  gc_frame_leave(m, frame, 1, 1);
}

static void top_down(wl_thread *t, gc_reg dst, uint32_t depth) {
  new_node(t->m, dst, depth);
  populate(t, dst, depth);
}

static void bottom_up(wl_thread *t, gc_reg dst, uint32_t depth) {
  gc_mutator *m = t->m;
  if (depth <= STEP_DEPTH) {
    tree_bottom_up(m, dst, depth);
    if (depth == STEP_DEPTH)
      wl_step(t, BUILD, tree_size(STEP_DEPTH));
    return;
  }
  gc_reg child = gc_frame_enter(m, 2, 0);
  bottom_up(t, child + LEFT, depth - 1);
  bottom_up(t, child + RIGHT, depth - 1);
  new_parent(m, dst, child, depth);
  gc_frame_leave(m, child, 2, 0);
}

/* How many nodes of a tree no step has counted yet. */
static uint64_t remainder_of(uint64_t depth) {
  uint64_t n = tree_size(depth);
  if (depth >= STEP_DEPTH)
    n -= tree_size(STEP_DEPTH) << (depth - STEP_DEPTH);
  return n;
}

typedef void builder(wl_thread *t, gc_reg dst, uint32_t depth);

static void churn(wl_thread *t, builder *build, uint32_t depth) {
  gc_mutator *m = t->m;
  gc_reg tree = gc_frame_enter(m, 1, 0);
  uint64_t pending = 0;
  for (uint64_t i = iterations(t->run->params, depth); i > 0; i--) {
    build(t, tree, depth);
    tree_drop(m, tree, depth);
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
  tree_drop(m, temporary, stretch);
  wl_step(t, DROP, remainder_of(stretch));

  top_down(t, tree, depth);
  harmonic_new(m, array, p[ARRAY]);
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
  if (GC_EXPLICIT_FREE) {
    tree_free(m, tree, depth);
    gc_free(m, array);
  }
  gc_frame_leave(m, frame, 3, 0);
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_binary_trees = {
    .name = "binary-trees",
    .summary = "short-lived trees beside a long-lived tree and array",
    .source = "GCBench (Ellis, Kovac, Boehm)",
    .unit = "objects",
    .steps = {"build", "churn", "drop", "fill", "collect"},
    .params = {{"depth",
                "depth of the long-lived tree and of the deepest "
                "short-lived ones",
                16, MIN_DEPTH, 24, NULL},
               {"stretch", "depth of the tree that stretches the heap", 18,
                MIN_DEPTH, 26, NULL},
               {"array", "doubles in the long-lived array", 500000, 1, 1 << 26,
                NULL},
               {"rounds", "factor on the number of short-lived trees", 1, 1,
                1000, NULL},
               {"settle",
                "1: the measured part ends with a collection, so that "
                "deferred work is measured",
                0, 0, 1, NULL}},
    .knows_deaths = true,
    .longer = "rounds",
    .volume = volume,
    .run = run,
};
