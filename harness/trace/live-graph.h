/* live-graph.h: the shape of what is reachable at a moment: how deep it is, and
 * how much of it is in cycles. */
#ifndef REAPMARK_TRACE_LIVE_GRAPH_H
#define REAPMARK_TRACE_LIVE_GRAPH_H

#include "shadow-heap.h"

typedef struct live_graph {
  uint64_t objects;
  uint64_t depth;  /* objects on the longest of the shortest ways from a root:
                      how many steps marking has, one after the other */
  uint64_t cyclic; /* objects in cycles: in a strongly connected component of
                      several, or that refer to themselves */
  uint64_t component; /* objects of the largest of these components */
} live_graph;

/* Measures what owning registers and other roots reach by slots, and by
 * ephemerons of reachable keys.  Changes the marks and `shared` of the shadow
 * heap.  Costs what is alive.  Ends the process if there is no memory. */
live_graph live_graph_measure(shadow *m);

#endif
