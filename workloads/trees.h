/* trees.h: binary trees that are made from the root down or from the leaves
 * up.  The code calls the mutator interface only, as a program without a
 * harness would.  For binary-trees, and for by-hand, which shows what the
 * harness adds. */
#ifndef REAPMARK_TREES_H
#define REAPMARK_TREES_H

#include "parts.h"

enum { LEFT, RIGHT };
#define NODE ((gc_shape){2, sizeof(node)})
typedef struct node {
  uint32_t height; /* of the tree below this node */
  uint32_t check;  /* the complement of the height */
} node;

enum { MIN_DEPTH = 4 }; /* the smallest depth of short-lived trees */

/* The nodes of a tree of this depth. */
static inline uint64_t tree_size(uint64_t depth) {
  return ((uint64_t)2 << depth) - 1;
}

/* How many trees of this depth have twice as many nodes as one of depth
 * `most`. */
static inline uint64_t tree_count(uint64_t most, uint64_t depth) {
  return max_u64(2 * tree_size(most) / tree_size(depth), 1);
}

static inline void new_node(gc_mutator *m, gc_reg dst, uint32_t height) {
  gc_new(m, dst, NODE, GC_PLAIN);
  node *n = gc_payload(m, dst);
  n->height = height;
  n->check = ~height;
}

/* Gives `top` two new children, by way of register `fresh`. */
static inline void new_children(gc_mutator *m, gc_reg top, gc_reg fresh,
                                uint32_t height) {
  new_node(m, fresh, height);
  gc_store_take(m, top, LEFT, fresh);
  new_node(m, fresh, height);
  gc_store_take(m, top, RIGHT, fresh);
}

/* dst <- a new node, whose children are in `child` and the register after it.
 */
static inline void new_parent(gc_mutator *m, gc_reg dst, gc_reg child,
                              uint32_t height) {
  new_node(m, dst, height);
  gc_store_take(m, dst, LEFT, child + LEFT);
  gc_store_take(m, dst, RIGHT, child + RIGHT);
}

/* Gives `top` descendants down to `depth` levels below it. */
static inline void tree_populate(gc_mutator *m, gc_reg top, uint32_t depth) {
  if (depth == 0)
    return;
  gc_reg frame = gc_frame_enter(m, 1, 1), child = frame + 1;
  new_children(m, top, frame, depth - 1);
  gc_borrow(m, child, top, LEFT);
  tree_populate(m, child, depth - 1);
  gc_borrow(m, child, top, RIGHT);
  tree_populate(m, child, depth - 1);
  gc_frame_leave(m, frame, 1, 1);
}

static inline void tree_top_down(gc_mutator *m, gc_reg dst, uint32_t depth) {
  new_node(m, dst, depth);
  tree_populate(m, dst, depth);
}

static inline void tree_bottom_up(gc_mutator *m, gc_reg dst, uint32_t depth) {
  if (depth == 0) {
    new_node(m, dst, 0);
    return;
  }
  gc_reg child = gc_frame_enter(m, 2, 0);
  tree_bottom_up(m, child + LEFT, depth - 1);
  tree_bottom_up(m, child + RIGHT, depth - 1);
  new_parent(m, dst, child, depth);
  gc_frame_leave(m, child, 2, 0);
}

static inline void tree_free(gc_mutator *m, gc_reg tree, uint32_t depth) {
  gc_reg child = gc_frame_enter(m, 1, 0);
  for (uint32_t side = LEFT; side <= RIGHT && depth > 0; side++) {
    gc_load(m, child, tree, side);
    tree_free(m, child, depth - 1);
  }
  gc_frame_leave(m, child, 1, 0);
  gc_free(m, tree);
}

static inline void tree_drop(gc_mutator *m, gc_reg tree, uint32_t depth) {
  if (GC_EXPLICIT_FREE)
    tree_free(m, tree, depth);
  else
    gc_clear(m, tree);
}

static inline bool tree_whole(gc_mutator *m, gc_reg tree, uint32_t depth) {
  const node *n = gc_payload(m, tree);
  if (n->height != depth || n->check != ~depth)
    return false;
  gc_reg child = gc_frame_enter(m, 0, 1);
  bool ok = true;
  for (uint32_t side = LEFT; side <= RIGHT && ok; side++) {
    gc_borrow(m, child, tree, side);
    ok = depth == 0 ? gc_is_null(m, child)
                    : !gc_is_null(m, child) && tree_whole(m, child, depth - 1);
  }
  gc_frame_leave(m, child, 0, 1);
  return ok;
}

/* dst <- an array of 1, 1/2, 1/3, ... */
static inline void harmonic_new(gc_mutator *m, gc_reg dst, uint64_t doubles) {
  gc_new(m, dst, (gc_shape){0, (uint32_t)(doubles * sizeof(double))}, GC_PLAIN);
  double *d = gc_payload(m, dst);
  for (uint64_t i = 0; i < doubles; i++)
    d[i] = 1.0 / (double)(i + 1);
}

static inline void harmonic_check(wl_thread *t, gc_reg array,
                                  uint64_t doubles) {
  const double *d = gc_payload(t->m, array);
  for (uint64_t i = 0; i < doubles; i++)
    wl_check(t, d[i] == 1.0 / (double)(i + 1), "array element %llu is damaged",
             (unsigned long long)i);
}

/* Bytes of a tree and of such an array. */
static inline uint64_t kept_bytes(uint64_t depth, uint64_t doubles) {
  const gc_shape array = {0, (uint32_t)(doubles * sizeof(double))};
  return tree_size(depth) * gc_shape_bytes(NODE) + gc_shape_bytes(array);
}

#endif
