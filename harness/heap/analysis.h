/* analysis.h: what a graph is like: what is reachable and how far, cycles,
 * dominators, and how well parallel marking could do.
 *
 * Nothing here recurses: a list of a million objects is as deep as it is long.
 * Time is linear in objects and slots but for the dominators, which are almost
 * so.  Arrays are indexed by objects (graph.h); element 0 stands for the roots.
 * What is returned as a pointer is the caller's, to be freed by free(). */
#ifndef REAPMARK_HEAP_ANALYSIS_H
#define REAPMARK_HEAP_ANALYSIS_H

#include "graph.h"

/* A breadth-first walk from the roots over strong edges. */
typedef struct heap_walk {
  uint32_t *order; /* the objects that were reached, nearest first */
  uint32_t count;
  uint32_t *level; /* of an object: 1 for roots, and so on; 0: unreachable */
} heap_walk;

heap_walk heap_walk_new(const heap_graph *g);
void heap_walk_free(heap_walk *w);

/* Walks again from the beginning. */
void heap_walk_again(const heap_graph *g, heap_walk *w);

/* The steps that an ideal parallel trace takes: in each step, each of `markers`
 * markers visits one object of those that were found in steps before, if there
 * are enough.  Idealised trace utilisation (Barabash & Petrank, Tracing garbage
 * collection on highly parallel platforms, ISMM 2010) is reachable objects /
 * (markers * steps). */
uint64_t heap_trace_steps(const heap_graph *g, uint32_t markers);

/* Cycles among objects for which member[n] is not 0, over strong edges. */
typedef struct heap_cycles {
  uint32_t count;   /* strongly connected components that are cycles */
  uint32_t largest; /* objects of the largest one */
  uint32_t objects; /* on any cycle */
} heap_cycles;

/* Finds them (Tarjan, SIAM J. Comput. 1972), and sets on_cycle[n] to 1 for
 * their objects; other elements are left as they are. */
heap_cycles heap_find_cycles(const heap_graph *g, const uint8_t *member,
                             uint8_t *on_cycle);

/* Sets held[n] to 1 for all that objects with held[n] == 1 lead to: if these
 * are the objects on cycles, then reference counting alone, once the roots are
 * gone, frees exactly the others. */
void heap_spread(const heap_graph *g, uint8_t *held);

/* The immediate dominator of each object: the nearest one that all paths from
 * the roots lead through; 0 where there is none but the roots.  Unreachable
 * objects have 0, too.  (Semi-NCA: Georgiadis, Tarjan & Werneck, J. Graph
 * Algorithms Appl. 2006.) */
uint32_t *heap_dominators(const heap_graph *g);

/* What each object dominates, itself included: what would be freed if it was.
 */
typedef struct heap_retained {
  uint32_t *objects;
  uint64_t *bytes; /* nominal */
} heap_retained;

/* `walk` is a walk over the graph, `dominator` its dominators. */
heap_retained heap_retained_new(const heap_graph *g, const heap_walk *walk,
                                const uint32_t *dominator);
void heap_retained_free(heap_retained *r);

/* The edges by their targets: the objects with a strong edge to object n are
 * source[first[n]] up to source[first[n + 1] - 1], one for each edge; 0 stands
 * for a root. */
typedef struct heap_edges_in {
  uint64_t *first; /* objects + 2 elements */
  uint32_t *source;
} heap_edges_in;

heap_edges_in heap_edges_in_new(const heap_graph *g);
void heap_edges_in_free(heap_edges_in *e);

#endif
