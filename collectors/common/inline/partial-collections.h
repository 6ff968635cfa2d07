/* partial-collections.h, a template (include it after struct gc_mutator): when
 * to collect, for a collector over cells.h that has full collections, which
 * look at the whole heap, and partial ones, which look at what changed.
 *
 * Its struct gc_heap has the member `pacing pacing` (common/pacing.h).  To be
 * defined before:
 *   PARTIAL_HEAP              a pointer to the heap
 *   PARTIAL_IS_DUE(h)         whether enough was handed out since the last
 *                             collection for the next one to be due
 *   PARTIAL_FULL_DUE(h)       nonzero if the next collection is full
 *   PARTIAL_COLLECT(h, full)  collects, with the world stopped */
#ifndef REAPMARK_COMMON_INLINE_PARTIAL_COLLECTIONS_H
#define REAPMARK_COMMON_INLINE_PARTIAL_COLLECTIONS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/cells.h"
#include "common/hostile/mutants.h"
#include "common/pacing.h"
#include "common/pause.h"

static void partial_collect_now(bool full) {
  pause_begin();
  PARTIAL_COLLECT(PARTIAL_HEAP, full);
  pause_end();
}

void gc_collect(gc_mutator *m) {
  (void)m;
  partial_collect_now(true);
}

/* Collections that hostile conditions ask for are partial unless a full one is
 * due: they come so often that full ones would leave partial ones nothing to
 * do, and the bugs of such collectors are in partial ones. */
static void partial_hostile(gc_mutator *m) {
  (void)m;
  partial_collect_now(PARTIAL_FULL_DUE(PARTIAL_HEAP));
}

static bool partial_may(bool fresh, uint64_t bytes) {
  (void)fresh, (void)bytes;
  return !PARTIAL_IS_DUE(PARTIAL_HEAP);
}

/* The second attempt is always a full collection.  So is the first if memory
 * ran out before a collection was due and partial ones yield too little. */
static void partial_collect(gc_mutator *m, bool again) {
  (void)m;
  gc_heap *h = PARTIAL_HEAP;
  if (again && pacing_was_full(&h->pacing))
    return;
  bool little =
      !PARTIAL_IS_DUE(h) && pacing_dwindles(&h->pacing, cells_handed_out());
  PARTIAL_COLLECT(h, (again && !gc_mutant(again_partial)) || little ||
                         PARTIAL_FULL_DUE(h));
}

gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {.may = partial_may,
                                      .collect = partial_collect,
                                      .attempts = 2,
                                      .hostile = partial_hostile};
  return cells_obtain(m, &m->buffer, c, bytes, &policy);
}

#endif
