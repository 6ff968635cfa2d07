/* list-drop.h: what list-drop does, in numbers.  The programs written by hand
 * (collectors/by-hand) do the same. */
#ifndef REAPMARK_LIST_DROP_H
#define REAPMARK_LIST_DROP_H

#include "parts.h"

enum { LENGTH, ROUNDS, PAYLOAD };
enum { BUILD, DROP };
enum { NEXT };

enum { STEP_NODES = 1024 };

static inline gc_shape node_shape(const uint64_t *p) {
  return (gc_shape){1, (uint32_t)p[PAYLOAD]};
}

static inline wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t list = p[LENGTH] * gc_shape_bytes(node_shape(p));
  return (wl_volume){.live = list, .allocated = (p[ROUNDS] + 1) * list};
}

#define LIST_DROP_DESCRIPTION                                                  \
  .name = "list-drop", .summary = "a very long list dies at once",             \
  .source = "Weizenbaum, CACM 1963", .unit = "objects",                        \
  .steps = {"build", "drop"},                                                  \
  .params = {{"length", "nodes in the list", 1000000, 1, 1 << 27, NULL},       \
             {"rounds", "lists that are dropped", 10, 1, 10000, NULL},         \
             {"payload", "bytes in a node", 16, 8, 1024, NULL}},               \
  .needs = WL_NEEDS_DEPTH, .knows_deaths = true, .longer = "rounds",           \
  .volume = volume

#endif
