/* heap-plan.h: what the workload `heap` does with its graph, worked out without
 * a heap: which objects there are, how each is reached, what is mutated and
 * what is dropped.  heap.c does the same on the heap. */
#ifndef REAPMARK_HEAP_PLAN_H
#define REAPMARK_HEAP_PLAN_H

#include "harness/heap/analysis.h"
#include "workload.h"

/* The parameters, in their order. */
enum {
  HEAP_FILE,
  HEAP_COLLECTIONS,
  HEAP_MUTATIONS,
  HEAP_REPLACE,
  HEAP_DROPS,
  HEAP_WEAK_EDGES
};

/* A slot of an object, or if `holder` is 0 a root by its number. */
typedef struct heap_place {
  uint32_t holder, slot;
} heap_place;

/* An object that is dropped: each of the holders has an edge to it that is cut;
 * 0 stands for a root. */
enum { HEAP_CUTS_MOST = 64 };
typedef struct heap_drop {
  uint32_t object, count, holders[HEAP_CUTS_MOST];
} heap_drop;

/* Objects and nominal bytes, weak references included. */
typedef struct heap_volume {
  uint64_t objects, bytes;
} heap_volume;

typedef struct heap_plan {
  /* The part of the graph that is reachable, as it is at this moment.  Weak
   * edges to what was not reachable are null, as are all if the workload leaves
   * them out. */
  heap_graph g;
  /* A breadth-first walk over it: the objects in their order, and the place
   * through which each was found; level 0: not reachable any more. */
  heap_walk walk;
  heap_place *up;
  uint32_t *path;   /* scratch: heap_plan_path */
  heap_edges_in in; /* while the plan is made */
  heap_volume all;  /* what is reachable at first */
  uint32_t *leaves; /* objects that may be replaced, in random order */
  uint32_t leaves_count;
  uint64_t leaves_bytes; /* of all */
  uint32_t *knots;       /* objects that may have two slots exchanged */
  uint32_t knots_count;
  heap_drop *drops; /* one after the other */
  uint32_t drops_count;
  heap_place cuts[HEAP_CUTS_MOST]; /* heap_plan_cut */
} heap_plan;

/* The plan for these parameters, made when it is asked for first.  NULL, with a
 * line in *wrong (static memory), if there is none. */
heap_plan *heap_plan_of(const uint64_t *params, const char **wrong);

static inline gc_shape heap_plan_shape(const heap_plan *p, uint32_t n) {
  uint64_t slots = p->g.first[n + 1] - p->g.first[n];
  return (gc_shape){(uint32_t)slots,
                    (uint32_t)(heap_nominal(&p->g, n) - 8 - 8 * slots)};
}

/* An object and its weak references. */
heap_volume heap_plan_weight(const heap_plan *p, uint32_t n);

/* How many objects the first `mutations` mutations replace, and their bytes. */
heap_volume heap_plan_replaced(const heap_plan *p, const uint64_t *params,
                               uint64_t mutations);

/* The objects on the way to object n, itself the last: path[0] is a root,
 * path[i + 1] is in slot up[path[i + 1]].slot of path[i].  Returns how many. */
uint32_t heap_plan_path(heap_plan *p, uint32_t n);

/* Exchanges two slots of an object, whose edges are strong. */
void heap_plan_exchange(heap_plan *p, uint32_t object, uint32_t a, uint32_t b);

/* Takes the edges of a drop out of the graph, and lists their places in `cuts`;
 * the one through which the object is found comes last, so that all places can
 * be gone to as before until that one is cut.  Returns how many; 0: the object
 * is not reachable any more. */
uint32_t heap_plan_cut(heap_plan *p, const heap_drop *drop);

/* Walks again, and returns how much is not reachable any more that was
 * before. */
heap_volume heap_plan_walk(heap_plan *p);

/* What is dead and what of it counting alone never frees, since it is part of a
 * dead cycle or reachable from one; `held` has objects + 1 elements, which
 * become 1 for these objects.  With `all`, as if the roots were gone. */
typedef struct heap_dead {
  heap_volume dead;
  uint64_t cyclic; /* objects */
} heap_dead;
heap_dead heap_plan_dead(const heap_plan *p, bool all, uint8_t *held);

#endif
