/* cycles.h: what cycles does, in numbers.  The programs written by hand
 * (collectors/by-hand) do the same. */
#ifndef REAPMARK_CYCLES_H
#define REAPMARK_CYCLES_H

#include "parts.h"

enum { SHAPE, SIZE, PAYLOAD, LIVE, ROUNDS, CYCLIC };
enum { CHURN, DROP };

enum { RING, LIST, TREE, CLIQUE };
static const char *const shapes[] = {"ring", "list", "tree", "clique", NULL};

/* Slots: rings and lists have NEXT and PREVIOUS; trees have two children and
 * PARENT; nodes of a clique have the other nodes in the order of their
 * numbers. */
enum { NEXT = 0, PREVIOUS = 1 };
enum { LEFT = 0, RIGHT = 1, PARENT = 2 };

enum { STEP_NODES = 512 };

static inline gc_shape node_shape(const uint64_t *p) {
  uint64_t slots[] = {1, 2, 3, p[SIZE] - 1};
  return (gc_shape){(uint32_t)slots[p[SHAPE]], (uint32_t)p[PAYLOAD]};
}

/* Whether structures of this shape and size can be cyclic.  A single node can
 * be cyclic only as a ring: it refers to itself. */
static inline bool can_be_cyclic(const uint64_t *p) {
  return p[SIZE] > 1 || p[SHAPE] == RING;
}

static inline bool place_is_cyclic(const uint64_t *p, uint64_t place) {
  return can_be_cyclic(p) && share_has(place, p[CYCLIC]);
}

static inline uint64_t cyclic_places(const uint64_t *p) {
  return can_be_cyclic(p) ? share_of(p[LIVE], p[CYCLIC]) : 0;
}

/* Bytes of the table and the structures in it. */
static inline uint64_t kept_bytes(const uint64_t *p) {
  return table_bytes(p[LIVE]) +
         p[LIVE] * p[SIZE] * gc_shape_bytes(node_shape(p));
}

static inline wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t each = p[SIZE] * gc_shape_bytes(node_shape(p));
  return (wl_volume){
      .live = kept_bytes(p) + each,
      .cyclic = p[ROUNDS] * cyclic_places(p) * each,
      .allocated = kept_bytes(p) + p[LIVE] * p[ROUNDS] * each,
      .set_up = kept_bytes(p),
  };
}

/* The slot of node `from` that refers to node `to`. */
static inline uint32_t edge(uint64_t from, uint64_t to) {
  return (uint32_t)(to < from ? to : to - 1);
}

#define CYCLES_DESCRIPTION                                                     \
  .name = "cycles",                                                            \
  .summary = "cyclic structures replace one another in a live table",          \
  .source = "the cases of Bacon & Rajan, ECOOP 2001", .unit = "objects",       \
  .steps = {"churn", "drop"},                                                  \
  .params = {{"shape", "shape of the structures", RING, 0, 0, shapes},         \
             {"size", "nodes in a structure", 10, 1, 1 << 20, NULL},           \
             {"payload", "bytes in a node", 16, 8, 1024, NULL},                \
             {"live", "structures alive at a time", 10000, 1, 1 << 20, NULL},  \
             {"rounds", "how often each structure is replaced", 120, 1, 4096,  \
              NULL},                                                           \
             {"cyclic", "percent of the structures that are cyclic", 100, 0,   \
              100, NULL}},                                                     \
  .knows_deaths = true, .longer = "rounds", .volume = volume

#endif
