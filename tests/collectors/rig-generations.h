/* rig-generations.h: what tests of collectors with a nursery have in common. */
#ifndef REAPMARK_TEST_RIG_GENERATIONS_H
#define REAPMARK_TEST_RIG_GENERATIONS_H

#include "rig.h"

enum { KIB = 1024 };

/* Allocates garbage until there was another minor collection. */
static inline void until_minor(void) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  uint64_t before = rig_counter("collections");
  uint64_t full = rig_counter("full-collections");
  while (rig_counter("collections") == before) {
    gc_clear(m, f);
    gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
  }
  assert_int_equal(rig_counter("full-collections"), full);
  rig_check();
  gc_frame_leave(m, f, 1, 0);
}

/* A heap with a small nursery, in which something large and old keeps minor
 * collections worth while. */
static inline gc_reg open_old(uint64_t limit) {
  rig_option("nursery", 64);
  rig_open(limit);
  gc_reg f = gc_frame_enter(m, 8, 0);
  gc_new(m, f, (gc_shape){0, 1000 * KIB}, GC_PLAIN);
  gc_collect(m);
  return f;
}

static inline void close_old(gc_reg f) {
  gc_frame_leave(m, f, 8, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

#endif
