/* dominators.c: the dominator tree, and what each object retains; see
 * analysis.h.
 *
 * Semi-NCA numbers the objects in the order of a depth-first search and works
 * on these numbers: first the semidominator of each, from the last number to
 * the first, by looking for the least one on paths that are compressed as they
 * are walked (Lengauer & Tarjan, TOPLAS 1979); then the immediate dominators,
 * from the first number to the last: the nearest ancestor in the tree so far
 * whose number is not above the semidominator's. */
#include <string.h>

#include "analysis.h"
#include "memory.h"

/* The roots have the number 0. */
typedef struct tree {
  const heap_graph *g;
  uint32_t count;    /* numbers given, that of the roots included */
  uint32_t *number;  /* of an object; 0: not reached */
  uint32_t *object;  /* of a number */
  uint32_t *parent;  /* in the search, by number; becomes an ancestor that a
                        compressed path leads to */
  uint32_t *semi;    /* semidominators, by number */
  uint32_t *label;   /* the number with the least one on the path */
  uint32_t *closest; /* immediate dominators, by number */
  uint32_t *path;    /* scratch, a stack */
} tree;

static void reach(tree *t, uint32_t object, uint32_t parent) {
  t->number[object] = t->count;
  t->object[t->count] = object;
  t->parent[t->count] = parent;
  t->count++;
}

/* The next object that `from` (by number) leads to and that has no number;
 * 0: there is none.  `next` is the slot, or the root, to go on with. */
static uint32_t find_next(const tree *t, uint32_t from, uint64_t *next) {
  const heap_graph *g = t->g;
  uint64_t end = from ? g->first[t->object[from] + 1] : g->roots_count;
  while (*next < end) {
    uint64_t s = (*next)++;
    uint32_t target = from ? heap_strong(g->slot[s]) : g->root[s];
    if (target && !t->number[target])
      return target;
  }
  return 0;
}

/* Numbers the objects. */
static void search(tree *t) {
  uint64_t *next = heap_take((size_t)t->g->objects + 1, sizeof *next);
  uint32_t at = 0;
  t->count = 1;
  for (;;) {
    uint32_t target = find_next(t, at, &next[at]);
    if (target) {
      reach(t, target, at);
      at = t->count - 1;
      next[at] = t->g->first[target];
    } else if (at) {
      at = t->parent[at];
    } else
      break;
  }
  free(next);
}

/* The number with the least semidominator on the path from v up to the last
 * ancestor that is at least `linked`. */
static uint32_t least(tree *t, uint32_t v, uint32_t linked) {
  uint32_t depth = 0;
  if (t->parent[v] < linked)
    return t->label[v];
  do {
    t->path[depth++] = v;
    v = t->parent[v];
  } while (t->parent[v] >= linked);
  uint32_t above = v, best = t->label[v];
  while (depth > 0) {
    v = t->path[--depth];
    t->parent[v] = t->parent[above];
    if (t->semi[best] < t->semi[t->label[v]])
      t->label[v] = best;
    else
      best = t->label[v];
    above = v;
  }
  return t->label[v];
}

static void find_semidominators(tree *t) {
  heap_edges_in in = heap_edges_in_new(t->g);
  for (uint32_t v = t->count - 1; v > 0; v--) {
    uint32_t object = t->object[v];
    t->semi[v] = t->parent[v];
    for (uint64_t e = in.first[object]; e < in.first[object + 1]; e++) {
      uint32_t source = in.source[e];
      if (source && !t->number[source])
        continue; /* what is unreachable dominates nothing */
      uint32_t u = source ? t->semi[least(t, t->number[source], v + 1)] : 0;
      if (u < t->semi[v])
        t->semi[v] = u;
    }
  }
  heap_edges_in_free(&in);
}

static void find_closest(tree *t) {
  for (uint32_t v = 1; v < t->count; v++)
    while (t->closest[v] > t->semi[v])
      t->closest[v] = t->closest[t->closest[v]];
}

uint32_t *heap_dominators(const heap_graph *g) {
  size_t n = (size_t)g->objects + 1;
  tree t = {.g = g,
            .number = heap_take(n, sizeof *t.number),
            .object = heap_take(n, sizeof *t.object),
            .parent = heap_take(n, sizeof *t.parent),
            .semi = heap_take(n, sizeof *t.semi),
            .label = heap_take(n, sizeof *t.label),
            .closest = heap_take(n, sizeof *t.closest),
            .path = heap_take(n, sizeof *t.path)};
  search(&t);
  for (uint32_t v = 0; v < t.count; v++) {
    t.closest[v] = t.parent[v];
    t.semi[v] = t.label[v] = v;
  }
  find_semidominators(&t);
  find_closest(&t);
  uint32_t *dominator = t.path; /* by object */
  memset(dominator, 0, n * sizeof *dominator);
  for (uint32_t v = 1; v < t.count; v++)
    dominator[t.object[v]] = t.object[t.closest[v]];
  free(t.number);
  free(t.object);
  free(t.parent);
  free(t.semi);
  free(t.label);
  free(t.closest);
  return dominator;
}

/* A dominator is nearer to the roots than what it dominates, so that from the
 * farthest object to the nearest each is complete when it is added to its
 * dominator. */
heap_retained heap_retained_new(const heap_graph *g, const heap_walk *walk,
                                const uint32_t *dominator) {
  size_t n = (size_t)g->objects + 1;
  heap_retained r = {.objects = heap_take(n, sizeof *r.objects),
                     .bytes = heap_take(n, sizeof *r.bytes)};
  for (uint32_t i = walk->count; i > 0; i--) {
    uint32_t object = walk->order[i - 1], above = dominator[object];
    r.objects[object]++;
    r.bytes[object] += heap_nominal(g, object);
    r.objects[above] += r.objects[object];
    r.bytes[above] += r.bytes[object];
  }
  return r;
}

void heap_retained_free(heap_retained *r) {
  free(r->objects);
  free(r->bytes);
}
