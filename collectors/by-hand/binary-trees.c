/* binary-trees by hand (workloads/binary-trees.c). */
#include "binary-trees.h"

typedef struct tree {
  HAND_HEAD struct tree *left, *right;
  node of;
} tree;

static hand_type trees;
static struct {
  tree *tree;
  double *array;
} kept; /* roots */

static inline tree *new_tree(tree *left, tree *right, uint32_t height) {
  tree *n = hand_new(&trees);
  n->left = left;
  n->right = right;
  n->of = (node){height, ~height};
  hand_built(n);
  return n;
}

static void grow(tree *top, uint32_t depth) {
  if (depth == 0)
    return;
  top->left = new_tree(NULL, NULL, depth - 1);
  top->right = new_tree(NULL, NULL, depth - 1);
  grow(top->left, depth - 1);
  grow(top->right, depth - 1);
}

/* As grow, but levels above the trees that are built in one step are made node
 * by node. */
static void grow_in_steps(wl_thread *t, tree *top, uint32_t depth) {
  if (depth <= STEP_DEPTH) {
    grow(top, depth);
    if (depth == STEP_DEPTH)
      wl_step(t, BUILD, tree_size(STEP_DEPTH));
    return;
  }
  top->left = new_tree(NULL, NULL, depth - 1);
  top->right = new_tree(NULL, NULL, depth - 1);
  grow_in_steps(t, top->left, depth - 1);
  grow_in_steps(t, top->right, depth - 1);
}

static tree *top_down(wl_thread *t, uint32_t depth) {
  tree *top = new_tree(NULL, NULL, depth);
  grow_in_steps(t, top, depth);
  return top;
}

static tree *build(uint32_t depth) {
  if (depth == 0)
    return new_tree(NULL, NULL, 0);
  tree *left = build(depth - 1), *right = build(depth - 1);
  return new_tree(left, right, depth);
}

static tree *bottom_up(wl_thread *t, uint32_t depth) {
  tree *left, *right;
  if (depth <= STEP_DEPTH) {
    left = build(depth);
    if (depth == STEP_DEPTH)
      wl_step(t, BUILD, tree_size(STEP_DEPTH));
    return left;
  }
  left = bottom_up(t, depth - 1);
  right = bottom_up(t, depth - 1);
  return new_tree(left, right, depth);
}

static void free_all(tree *n) {
  if (n->left) {
    free_all(n->left);
    free_all(n->right);
  }
  hand_free(n);
}

static void drop(tree *n) {
  if (GC_EXPLICIT_FREE)
    free_all(n);
  else
    hand_drop(n);
}

static bool whole(const tree *n, uint32_t depth) {
  if (n->of.height != depth || n->of.check != ~depth)
    return false;
  if (depth == 0)
    return !n->left && !n->right;
  return n->left && n->right && whole(n->left, depth - 1) &&
         whole(n->right, depth - 1);
}

typedef tree *builder(wl_thread *t, uint32_t depth);

static void churn(wl_thread *t, builder *make, uint32_t depth) {
  uint64_t pending = 0;
  for (uint64_t i = iterations(t->run->params, depth); i > 0; i--) {
    drop(make(t, depth));
    pending += remainder_of(depth);
    if (depth >= STEP_DEPTH || pending >= tree_size(STEP_DEPTH) || i == 1) {
      wl_step(t, depth >= STEP_DEPTH ? DROP : CHURN, pending);
      pending = 0;
    }
  }
}

/* Functions of their own, whose frames have ended when the survivors are
 * counted, so that no pointer is left where a conservative collector looks. */
__attribute__((noinline)) static void stretch(wl_thread *t, uint32_t depth) {
  drop(bottom_up(t, depth));
  wl_step(t, DROP, remainder_of(depth));
}

__attribute__((noinline)) static void measure(wl_thread *t, const uint64_t *p) {
  uint32_t depth = (uint32_t)p[DEPTH];
  stretch(t, (uint32_t)p[STRETCH]);
  kept.tree = top_down(t, depth);
  kept.array = hand_bytes(p[ARRAY] * sizeof *kept.array);
  if (!kept.array)
    gc_out_of_memory(NULL, (gc_shape){0, 0});
  for (uint64_t i = 0; i < p[ARRAY]; i++)
    kept.array[i] = 1.0 / (double)(i + 1);
  wl_step(t, FILL, remainder_of(depth) + 1);
  for (uint32_t d = MIN_DEPTH; d <= depth; d += 2) {
    churn(t, top_down, d);
    churn(t, bottom_up, d);
  }
  if (p[SETTLE]) {
    gc_collect(t->m);
    wl_step(t, COLLECT, 0);
  }
}

/* The array is no object of a type. */
static void run(wl_thread *t) {
  const uint64_t *p = t->run->params;
  const uint64_t all = all_objects(p) - 1, live = tree_size(p[DEPTH]);
  hand_type_begin(&trees, 2, sizeof(tree));
  hand_root(&kept, sizeof kept / sizeof(void *));

  wl_begin(t);
  measure(t, p);
  wl_end(t);

  wl_check(t, whole(kept.tree, (uint32_t)p[DEPTH]),
           "the long-lived tree is damaged");
  for (uint64_t i = 0; i < p[ARRAY]; i++)
    wl_check(t, kept.array[i] == 1.0 / (double)(i + 1),
             "array element %llu is damaged", (unsigned long long)i);
  wl_expect(t, (wl_expectation){.live = live, .allocated = all});
  drop(kept.tree);
  hand_bytes_free(kept.array);
  kept.tree = NULL;
  kept.array = NULL;
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_binary_trees = {BINARY_TREES_DESCRIPTION, .run = run};
