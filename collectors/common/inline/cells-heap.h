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
#include "common/finalizers.h"
#include "common/inline/reachable.h"
#include "common/owned.h"
#include "common/tracked.h"

static cells_buffer *cells_buffer_in(gc_mutator *m) {
  return &m->buffer;
}

uint64_t gc_heap_objects(gc_heap *h) {
  (void)h;
  return cells.live_objects;
}

gc_tally gc_heap_tally(gc_heap *h) {
  (void)h;
  return cells_tally();
}

gc_usage gc_heap_usage(gc_heap *h) {
  (void)h;
  return cells_usage(cells_buffer_in);
}

/* Takes the allocation buffers of all mutators back: a collection begins. */
static inline void cells_reset_all(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    if (!gc_mutant(one_buffer_kept) || m->base.next)
      cells_buffer_reset(&m->buffer);
}

/* Whether there is an object at `o`. */
static inline bool cells_is_object(const gc_object *o) {
  return cells_is(o) && cells_occupied(cells_buffer_in, o);
}

/* Checks lists, blocks, bits and the finalizer queue.  `under_way`: a
 * marker has not finished.  Returns what is wrong, or NULL. */
static inline const char *cells_check_all(bool under_way) {
  const char *why = cells_check(cells_buffer_in, under_way);
  if (!why)
    why = tracked_check(cells_is_object, cells_where, !cells.untouched);
  if (!why)
    why = ephemerons_check(cells_is_object, cells_where, !cells.untouched);
  if (!why)
    why = owned_check(cells_is_object, cells_where, !cells.untouched);
  return why ? why : finalizers_check(cells_is_object);
}

/* Checks everything but the invariants of the collector's own.  `alive`: see
 * reachable_check.  Returns what is wrong, or NULL. */
static inline const char *cells_heap_check(bool (*alive)(const gc_object *o)) {
  const char *why = cells_check_all(false);
  return why ? why : reachable_check(cells_is_object, alive);
}

#endif
