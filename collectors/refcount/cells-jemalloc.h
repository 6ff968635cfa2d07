/* cells-jemalloc.h: objects are allocated from jemalloc one by one, so that a
 * comparison shows what free lists of our own are worth.
 * The part `cells` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_CELLS_H
#define REAPMARK_REFCOUNT_CELLS_H

#include "common/space.h"
#include "refcount/parts.h"

/* For the collector's description: jemalloc has no counters of ours. */
#define RC_CELLS_GRANULE 0
#define RC_CELLS_DIRECT  1
#define RC_CELLS_EVENTS
#define RC_CELLS_WORK

typedef struct rc_cells {
  int flags; /* of this mutator's thread cache (space.h) */
} rc_cells;

static inline rc_cells *rc_cells_of(gc_mutator *m);

static inline gc_object *rc_cell_alloc(gc_mutator *m, size_t bytes) {
  return space_alloc(bytes, rc_cells_of(m)->flags);
}

static inline void rc_cell_free(gc_mutator *m, void *o) {
  space_free(o, rc_cells_of(m)->flags);
}

static inline gc_object *rc_cell_obtain(gc_mutator *m, size_t bytes) {
  return space_alloc_slow(bytes, rc_cells_of(m)->flags);
}

static inline void rc_cells_reclaim(gc_mutator *m) {
  space_cache_flush(rc_cells_of(m)->flags);
  space_purge();
}

static inline bool rc_cells_create(void) {
  return true;
}

static inline void rc_cells_destroy(void) {
}

static inline void rc_cells_attach(gc_mutator *m) {
  rc_cells_of(m)->flags = space_cache_create();
}

static inline void rc_cells_detach(gc_mutator *m) {
  (void)m;
}

/* Not before the mutator has left the world: until then rc_cells_flush may
 * flush its cache. */
static inline void rc_cells_left(gc_mutator *m) {
  space_cache_destroy(rc_cells_of(m)->flags);
}

/* Flushes all thread caches, since jemalloc counts what is in them as used. */
static inline void rc_cells_flush(void) {
  for (gc_mutator *m = world_mutators(); m; m = world_base(m)->next)
    space_cache_flush(rc_cells_of(m)->flags);
}

static inline uint64_t rc_cells_objects(void) {
  rc_cells_flush();
  return space_objects();
}

/* jemalloc tells the bytes of objects only after all caches were emptied and
 * all statistics renewed, which takes longer than a small detection.  So they
 * are what they were at the last renewal, until the pages have grown by half.
 * The pages themselves do not tell: they stay when objects die. */
static inline uint64_t rc_cells_object_bytes(gc_mutator *m) {
  static uint64_t pages, bytes;
  uint64_t now = space_pages();
  (void)m;
  if (now > pages + pages / 2 || now < pages / 2) {
    rc_cells_flush();
    space_trim(); /* else what was freed counts as used */
    bytes = space_cells();
    pages = space_pages();
  }
  return bytes;
}

/* jemalloc does not tell where its free cells lie. */
static inline gc_usage rc_cells_usage(void) {
  rc_cells_flush();
  return (gc_usage){.objects = space_objects(),
                    .cells = space_cells(),
                    .pages = space_pages(),
                    .free = GC_UNKNOWN,
                    .free_largest = GC_UNKNOWN};
}

static inline uint64_t rc_cells_bytes(void) {
  return 0;
}

static inline bool rc_cells_each(void (*visit)(void *data, gc_object *cell),
                                 void *data) {
  (void)visit, (void)data;
  return false;
}

static inline bool rc_cell_is_large(const gc_object *o) {
  (void)o;
  return true;
}

static inline uint64_t rc_cells_large(void) {
  return rc_cells_objects();
}

static inline size_t rc_cells_counters(gc_counter *out, size_t room) {
  (void)out, (void)room;
  return 0;
}

static inline const char *
rc_cells_check(void (*visit)(void *data, gc_object *cell), void *data) {
  (void)visit, (void)data;
  return NULL;
}

#endif
