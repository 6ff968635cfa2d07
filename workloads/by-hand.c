/* by-hand: the trees of binary-trees, made by a program that knows nothing of
 * a harness: between the two readings of the clock it does not call the
 * harness.  The difference from binary-trees is what the harness costs; to
 * measure that is the only purpose of this workload (suite `limits`).
 *
 * Stresses and survivors: as binary-trees, with a stretch tree as deep as the
 * long-lived one.
 *
 * Limits: there are no steps, so that pauses cannot be seen from outside. */
#include "trees.h"

enum { DEPTH };
enum { DOUBLES = 500000 };

static uint64_t all_objects(uint64_t most) {
  uint64_t n = 2 * tree_size(most) + 1;
  for (uint64_t d = MIN_DEPTH; d <= most; d += 2)
    n += 2 * tree_count(most, d) * tree_size(d);
  return n;
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t most = p[DEPTH], each = gc_shape_bytes(NODE);
  return (wl_volume){
      .live = kept_bytes(most, DOUBLES) + tree_size(most - most % 2) * each,
      .allocated = (all_objects(most) - 2) * each + kept_bytes(0, DOUBLES)};
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  uint32_t most = (uint32_t)wl_get(t, DEPTH);
  gc_reg tree = gc_frame_enter(m, 3, 0), array = tree + 1, temporary = tree + 2;

  wl_begin(t);
  tree_bottom_up(m, temporary, most);
  tree_drop(m, temporary, most);
  tree_top_down(m, tree, most);
  harmonic_new(m, array, DOUBLES);
  for (uint32_t depth = MIN_DEPTH; depth <= most; depth += 2) {
    for (uint64_t i = tree_count(most, depth); i > 0; i--) {
      tree_top_down(m, temporary, depth);
      tree_drop(m, temporary, depth);
    }
    for (uint64_t i = tree_count(most, depth); i > 0; i--) {
      tree_bottom_up(m, temporary, depth);
      tree_drop(m, temporary, depth);
    }
  }
  wl_step(t, 0, all_objects(most)); /* everything is one step */
  wl_end(t);

  wl_check(t, tree_whole(m, tree, most), "the long-lived tree is damaged");
  harmonic_check(t, array, DOUBLES);
  wl_expect(t, (wl_expectation){.live = tree_size(most) + 1,
                                .allocated = all_objects(most),
                                .bytes = kept_bytes(most, DOUBLES)});
  tree_drop(m, tree, most);
  if (GC_EXPLICIT_FREE)
    gc_free(m, array);
  gc_frame_leave(m, tree, 3, 0);
  wl_expect(t, (wl_expectation){.allocated = all_objects(most)});
}

const workload workload_by_hand = {
    .name = "by-hand",
    .summary =
        "the trees of binary-trees without calls of the harness, to price them",
    .source = "GCBench (Ellis, Kovac, Boehm)",
    .unit = "objects",
    .steps = {"run"},
    .params = {{"depth",
                "depth of the stretch tree and the long-lived tree, and of the "
                "deepest short-lived ones",
                18, MIN_DEPTH, 24, NULL}},
    .knows_deaths = true,
    .volume = volume,
    .run = run,
};
