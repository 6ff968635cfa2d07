/* infer-inside.h: what the two halves of the inference share.  infer.c decides
 * how long registers hold objects; infer-write.c makes operations of that. */
#ifndef REAPMARK_TRACE_INFER_INSIDE_H
#define REAPMARK_TRACE_INFER_INSIDE_H

#include "infer.h"

/* What the trace does with an object. */
typedef struct plan {
  uint32_t until;      /* the last position at which a register holds it */
  uint32_t reg;        /* the register, while it holds the object */
  uint32_t slots;      /* as many as it needs at once */
  uint32_t free_slots; /* an edge whose slot is free, and so on; or NONE */
} plan;

/* What the trace does with a reference. */
typedef struct edge {
  uint32_t source, target, start, end;
  bool fleeting, left_out;
  uint32_t slot;
  uint32_t next_free; /* in the list of free slots */
} edge;

/* Registers: those that nothing is in, and how many there have to be. */
typedef struct register_pool {
  uint32_t *free;
  size_t free_count, free_room;
  uint32_t used;
} register_pool;

typedef struct maker {
  const recording *r;
  inferred *in;
  plan *plans;
  edge *edges;
  size_t edges_count;
  /* Indices of edges by source, of edges by target and end, of edges by start,
   * of edges by end; of objects by `until`. */
  uint32_t *by_source, *by_target, *by_start, *by_end, *by_until;
  register_pool pool;
  uint32_t registers; /* at most, for objects; the tables' come next, then one
                         for new objects on their way to a table, then two
                         borrowing ones */
  uint32_t *first_of; /* where the edges of a source begin in by_source */
} maker;

static inline uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

/* Whether the source has to let go of the target while both are alive, or the
 * target dies. */
static inline bool is_cut(const maker *k, const edge *e) {
  return e->end < k->r->objects[e->source].lost;
}

/* Makes the trace of the plans of objects and edges, with all orders sorted.
 * Returns false, with one line in `error`, if too many objects have to be held
 * at once. */
bool infer_write(maker *k, char error[RECORDING_ERROR]);

#endif
