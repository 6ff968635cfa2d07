/* mark-sweep-incremental.h: the inline half of the incremental mark-sweep
 * collector: allocation as mark-sweep has it (common/cells-operations.h), and
 * the deletion barrier.
 *
 * While a cycle marks, whatever a store is about to overwrite is *shaded*
 * first: what could be reached when the cycle began stays known to the marker,
 * though the mutator takes the way to it apart (Yuasa 1990).  While none does,
 * a store costs one test of a flag. */
#ifndef REAPMARK_MARK_SWEEP_INCREMENTAL_H
#define REAPMARK_MARK_SWEEP_INCREMENTAL_H

#include "common/cells.h"
#include "common/hostile/mutants.h"

struct gc_mutator {
  gc_mutator_base base;
  cells_hand hand;
  object_bag shaded; /* marked, and to be scanned */
  gc_object *reg[];
};

/* Whether a cycle marks.  Changes only while the world is stopped. */
extern bool inc_marking;

/* Marks an object, and sees that it will be scanned. */
void inc_shade(gc_mutator *m, gc_object *o);

static inline void inc_overwrite(gc_mutator *m, gc_object **place,
                                 const gc_object *value) {
  if (gc_unlikely(inc_marking) && *place &&
      !(gc_mutant(null_without_barrier) && !value))
    inc_shade(m, *place);
}

/* A weak reference may give what could not be reached otherwise. */
static inline void inc_weak_read(gc_mutator *m, gc_object *target) {
  if (gc_unlikely(inc_marking) && target && !gc_mutant(weak_get_unshaded))
    inc_shade(m, target);
}

#define OBJECT_BARRIER(m, o, place, value) inc_overwrite(m, place, value)
#define OBJECT_WEAK_BARRIER(m, target)     inc_weak_read(m, target)
#include "common/inline/plain-operations.h"

#include "common/inline/cells-operations.h"

#endif
