/* binary-trees.h: what binary-trees does, in numbers: its parameters, its steps
 * and its volume.  The programs written by hand (collectors/by-hand) do the
 * same. */
#ifndef REAPMARK_BINARY_TREES_H
#define REAPMARK_BINARY_TREES_H

#include "trees.h"

enum { DEPTH, STRETCH, ARRAY, ROUNDS, SETTLE };
enum { BUILD, CHURN, DROP, FILL, COLLECT };

enum { STEP_DEPTH = 9 }; /* trees of this depth are built in one step */

/* How many short-lived trees of this depth are made in each of the two ways. */
static inline uint64_t iterations(const uint64_t *p, uint64_t depth) {
  return p[ROUNDS] * tree_count(p[STRETCH], depth);
}

static inline uint64_t all_objects(const uint64_t *p) {
  uint64_t n = tree_size(p[STRETCH]) + tree_size(p[DEPTH]) + 1;
  for (uint64_t d = MIN_DEPTH; d <= p[DEPTH]; d += 2)
    n += 2 * iterations(p, d) * tree_size(d);
  return n;
}

static inline wl_volume volume(const uint64_t *p, unsigned threads) {
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

/* How many nodes of a tree no step has counted yet. */
static inline uint64_t remainder_of(uint64_t depth) {
  uint64_t n = tree_size(depth);
  if (depth >= STEP_DEPTH)
    n -= tree_size(STEP_DEPTH) << (depth - STEP_DEPTH);
  return n;
}

/* The fields of the description, without the function that runs it. */
#define BINARY_TREES_DESCRIPTION                                               \
  .name = "binary-trees",                                                      \
  .summary = "short-lived trees beside a long-lived tree and array",           \
  .source = "GCBench (Ellis, Kovac, Boehm)", .unit = "objects",                \
  .steps = {"build", "churn", "drop", "fill", "collect"},                      \
  .params = {{"depth",                                                         \
              "depth of the long-lived tree and of the deepest "               \
              "short-lived ones",                                              \
              16, MIN_DEPTH, 24, NULL},                                        \
             {"stretch", "depth of the tree that stretches the heap", 18,      \
              MIN_DEPTH, 26, NULL},                                            \
             {"array", "doubles in the long-lived array", 500000, 1, 1 << 26,  \
              NULL},                                                           \
             {"rounds", "factor on the number of short-lived trees", 1, 1,     \
              1000, NULL},                                                     \
             {"settle",                                                        \
              "1: the measured part ends with a collection, so that "          \
              "deferred work is measured",                                     \
              0, 0, 1, NULL}},                                                 \
  .knows_deaths = true, .longer = "rounds", .volume = volume

#endif
