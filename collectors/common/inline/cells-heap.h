/* cells-heap.h, a template (include it after struct gc_mutator): what a
 * collector over cells.h tells of its heap, and the checks that all of them
 * make.  The mutator has a member `cells_buffer buffer`. */
#ifndef REAPMARK_COMMON_INLINE_CELLS_HEAP_H
#define REAPMARK_COMMON_INLINE_CELLS_HEAP_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/cells.h"
#include "common/ephemerons.h"
#include "common/inline/reachable.h"
#include "common/tracked.h"

static cells_buffer *cells_buffer_in(gc_mutator *m) {
  return &m->buffer;
}

uint64_t gc_heap_objects(gc_heap *h) {
  (void)h;
  return cells.live_objects;
}

gc_usage gc_heap_usage(gc_heap *h) {
  (void)h;
  return cells_usage(cells_buffer_in);
}

/* Takes the allocation buffers of all mutators back: a collection begins. */
static inline void cells_reset_all(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    cells_buffer_reset(&m->buffer);
}

/* Checks everything but the invariants of the collector's own.  `alive`: see
 * reachable_check.  Returns what is wrong, or NULL. */
static inline const char *cells_heap_check(bool (*alive)(const gc_object *o)) {
  const char *why = cells_check(cells_buffer_in, false);
  if (!why)
    why = tracked_check(cells_is, cells_where, !cells.untouched);
  if (!why)
    why = ephemerons_check(cells_is, cells_where, !cells.untouched);
  return why ? why : reachable_check(cells_is, alive);
}

#endif
