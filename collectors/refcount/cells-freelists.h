/* cells-freelists.h: the memory of objects comes from blocks of cells of one
 * size, each block with a free list of its own (freelists.h).
 * The part `cells` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_CELLS_H
#define REAPMARK_REFCOUNT_CELLS_H

#include "refcount/freelists.h"
#include "refcount/parts.h"

/* For the collector's description: the counters of freelists.h.  Only where
 * threads share objects does one free what another made, and take over its
 * blocks. */
#define RC_CELLS_GRANULE BLOCK_BYTES
#define RC_CELLS_DIRECT  0
#define RC_CELLS_EVENTS                                                        \
  "blocks-partial", "blocks-given-back",                                       \
      RC_IF_SHARED("remote-freed", "blocks-adopted", )
#define RC_CELLS_WORK "blocks-searched",

typedef freelists rc_cells;

static inline rc_cells *rc_cells_of(gc_mutator *m);

static inline gc_object *rc_cell_alloc(gc_mutator *m, size_t bytes) {
  return freelists_alloc(rc_cells_of(m), bytes);
}

static inline void rc_cell_free(gc_mutator *m, void *o) {
  freelists_free(rc_cells_of(m), o);
}

/* Whether a new object of `bytes` fits the cell of `o` exactly.  False where
 * every allocation takes the slow path. */
static inline bool rc_cell_fits(const gc_object *o, size_t bytes) {
  return freelists_entry(freelists_quick, o)->kind == size_class(bytes) + 1;
}

static inline gc_object *rc_cell_obtain(gc_mutator *m, size_t bytes) {
  return freelists_obtain(rc_cells_of(m), bytes);
}

static inline void rc_cells_reclaim(gc_mutator *m) {
  (void)m;
  freelists_reclaim();
}

static inline bool rc_cells_create(void) {
  return freelists_create();
}

static inline void rc_cells_destroy(void) {
  freelists_destroy();
}

static inline void rc_cells_attach(gc_mutator *m) {
  (void)m; /* struct freelists is zero at first, as the mutator is */
}

static inline void rc_cells_detach(gc_mutator *m) {
  freelists_leave(rc_cells_of(m));
}

static inline void rc_cells_left(gc_mutator *m) {
  (void)m;
}

static inline uint64_t rc_cells_objects(void) {
  return freelists_objects();
}

static inline uint64_t rc_cells_object_bytes(gc_mutator *m) {
  (void)m;
  return freelists_object_bytes();
}

static inline gc_usage rc_cells_usage(void) {
  return freelists_usage();
}

static inline uint64_t rc_cells_bytes(void) {
  return freelists_side_bytes();
}

static inline bool rc_cells_each(void (*visit)(void *data, gc_object *cell),
                                 void *data) {
  return freelists_each(visit, data);
}

static inline bool rc_cell_is_large(const gc_object *o) {
  return !freelists_entry(freelists_table, o)->kind;
}

static inline uint64_t rc_cells_large(void) {
  return freelists_large();
}

static inline size_t rc_cells_counters(gc_counter *out, size_t room) {
  return freelists_counters(out, room);
}

static inline const char *
rc_cells_check(void (*visit)(void *data, gc_object *cell), void *data) {
  return freelists_check(visit, data);
}

#endif
