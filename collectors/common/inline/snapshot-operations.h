/* snapshot-operations.h, a template (include it after struct gc_mutator):
 * allocation, which is mark-sweep's (cells-operations.h), and the deletion
 * barrier of a collector that marks from a snapshot (snapshot.h).
 *
 * While a cycle marks, a store first *shades* the object whose reference it
 * overwrites: marks it and queues it to be scanned.  So whatever could be
 * reached when the cycle began gets marked, even if the mutator removes the
 * references that led to it (Yuasa, JSS 1990).  While no cycle marks, a store
 * costs one test of a flag.
 *
 * The mutator has the members `cells_buffer buffer` and `object_bag shaded`. */
#ifndef REAPMARK_COMMON_INLINE_SNAPSHOT_OPERATIONS_H
#define REAPMARK_COMMON_INLINE_SNAPSHOT_OPERATIONS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/cells.h"
#include "common/hostile/mutants.h"

/* Whether a cycle marks.  Changes only while the world is stopped. */
extern bool snapshot_marking;

/* Marks an object, unless it is marked, and queues it to be scanned. */
void snapshot_shade(gc_mutator *m, gc_object *o);

static inline void snapshot_overwrite(gc_mutator *m, gc_object **place,
                                      const gc_object *value) {
  if (gc_mutant(barrier_shades_new)) {
    if (snapshot_marking && value)
      snapshot_shade(m, (gc_object *)(uintptr_t)value);
  } else if (gc_unlikely(snapshot_marking) && *place &&
             !(gc_mutant(null_without_barrier) && !value))
    snapshot_shade(m, *place);
}

/* Shades the target that a weak reference gives: nothing else may lead to it.
 */
static inline void snapshot_weak_read(gc_mutator *m, gc_object *target) {
  if (gc_unlikely(snapshot_marking) && target && !gc_mutant(weak_get_unshaded))
    snapshot_shade(m, target);
}

/* The same for the value of an ephemeron. */
static inline void snapshot_ephemeron_read(gc_mutator *m, gc_object *value) {
  if (gc_unlikely(snapshot_marking) && value &&
      !gc_mutant(ephemeron_get_unshaded))
    snapshot_shade(m, value);
}

#define OBJECT_BARRIER(m, o, place, value) snapshot_overwrite(m, place, value)
#define OBJECT_WEAK_BARRIER(m, target)     snapshot_weak_read(m, target)
#define OBJECT_EPHEMERON_BARRIER(m, value) snapshot_ephemeron_read(m, value)
#include "common/inline/plain-operations.h"

#include "common/inline/cells-operations.h"

#endif
