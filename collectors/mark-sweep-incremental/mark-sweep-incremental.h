/* mark-sweep-incremental.h: the inline half of the incremental mark-sweep
 * collector: allocation, which is mark-sweep's
 * (common/inline/cells-operations.h), and the deletion barrier.
 *
 * While a cycle marks, a store first *shades* the object whose reference it
 * overwrites: marks it and queues it to be scanned.  So whatever could be
 * reached when the cycle began gets marked, even if the mutator removes the
 * references that led to it (Yuasa, JSS 1990).  While no cycle marks, a store
 * costs one test of a flag. */
#ifndef REAPMARK_MARK_SWEEP_INCREMENTAL_H
#define REAPMARK_MARK_SWEEP_INCREMENTAL_H

#include "common/cells.h"
#include "common/hostile/mutants.h"

struct gc_mutator {
  gc_mutator_base base;
  cells_buffer buffer;
  object_bag shaded; /* shaded objects that the marker has not taken yet */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

/* Whether a cycle marks.  Changes only while the world is stopped. */
extern bool inc_marking;

/* Marks an object, unless it is marked, and queues it to be scanned. */
void inc_shade(gc_mutator *m, gc_object *o);

static inline void inc_overwrite(gc_mutator *m, gc_object **place,
                                 const gc_object *value) {
  if (gc_unlikely(inc_marking) && *place &&
      !(gc_mutant(null_without_barrier) && !value))
    inc_shade(m, *place);
}

/* Shades the target that a weak reference gives: nothing else may lead to it.
 */
static inline void inc_weak_read(gc_mutator *m, gc_object *target) {
  if (gc_unlikely(inc_marking) && target && !gc_mutant(weak_get_unshaded))
    inc_shade(m, target);
}

/* The same for the value of an ephemeron. */
static inline void inc_ephemeron_read(gc_mutator *m, gc_object *value) {
  if (gc_unlikely(inc_marking) && value && !gc_mutant(ephemeron_get_unshaded))
    inc_shade(m, value);
}

#define OBJECT_BARRIER(m, o, place, value) inc_overwrite(m, place, value)
#define OBJECT_WEAK_BARRIER(m, target)     inc_weak_read(m, target)
#define OBJECT_EPHEMERON_BARRIER(m, value) inc_ephemeron_read(m, value)
#include "common/inline/plain-operations.h"

#include "common/inline/cells-operations.h"

#endif
