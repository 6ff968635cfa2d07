/* stat.h: figures that tell what a heap is like, for a collector. */
#ifndef REAPMARK_HEAP_STAT_H
#define REAPMARK_HEAP_STAT_H

#include "graph.h"

/* A distribution over the reachable objects. */
typedef struct heap_spread_of {
  double mean;
  uint64_t p50, p90, p99, max;
} heap_spread_of;

enum { HEAP_COUNTS = 6, HEAP_MARKERS = 7 };

/* How many references an object may have, in classes: the least of each. */
extern const uint32_t heap_count_classes[HEAP_COUNTS];

/* With how many markers an ideal trace is played. */
extern const uint32_t heap_markers[HEAP_MARKERS];

/* An object that others are only reached through. */
typedef struct heap_top {
  uint32_t object, type;
  uint64_t objects, bytes; /* that it dominates, itself included; nominal */
} heap_top;

/* All objects of a type, reachable ones only. */
typedef struct heap_type_sum {
  uint32_t type;
  uint64_t objects, bytes;
} heap_type_sum;

/* Bytes are nominal but for `stated`.  Figures are of what is reachable unless
 * their name says otherwise. */
typedef struct heap_figures {
  uint64_t objects, bytes, stated;
  uint64_t unreachable, unreachable_bytes;
  uint64_t unreachable_cyclic; /* of these: counting alone never frees them */
  uint64_t slots, nulls, weak;
  heap_spread_of size, out, in;
  uint64_t counted[HEAP_COUNTS]; /* objects by their references */
  uint64_t cycles, largest_cycle, on_cycles;
  uint64_t leaked, leaked_bytes; /* if the roots go, and nothing but counting
                                    frees objects */
  uint64_t depth;
  double utilisation[HEAP_MARKERS];
  heap_top *tops; /* those that dominate most bytes, which come first */
  size_t tops_count;
  heap_type_sum *type_sums; /* likewise */
  size_t type_sums_count;
} heap_figures;

/* Finds out all of them; at most `most` tops and types. */
heap_figures heap_figures_of(const heap_graph *g, size_t most);
void heap_figures_free(heap_figures *f);

#endif
