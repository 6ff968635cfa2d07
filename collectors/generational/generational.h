/* generational.h: the inline half of the generational collector: allocation as
 * mark-sweep has it (common/cells-operations.h), and the write barrier.
 *
 * An object that survived a collection is *old*, and its header has a flag that
 * says so.  The first store of a reference into it takes the flag away and puts
 * the object into the mutator's remembered set, where the next collection finds
 * it: what it refers to may be young.  So a store costs a test of the header,
 * and once per object and collection a call.  Stores of null cost nothing: they
 * make no old object refer to a young one.  Roots have no barrier: every
 * collection looks at all of them. */
#ifndef REAPMARK_GENERATIONAL_H
#define REAPMARK_GENERATIONAL_H

#include "common/cells.h"
#include "common/hostile/mutants.h"

/* Old, has slots, and is in no remembered set. */
#define GEN_OLD OBJECT_FLAG_A

struct gc_mutator {
  gc_mutator_base base;
  cells_hand hand;
  object_bag remembered; /* old objects stored into since the last collection */
  gc_object *reg[];
};

/* The first store into an old object since the last collection. */
void gen_remember(gc_mutator *m, gc_object *o);

/* Atomically, since others may be storing into other slots of the object. */
static inline void gen_barrier(gc_mutator *m, gc_object *o, gc_object *value) {
  if (gc_mutant(barrier_tests_value) && value)
    o = value;
  if (value &&
      gc_unlikely(__atomic_load_n(&o->meta, __ATOMIC_RELAXED) & GEN_OLD))
    gen_remember(m, o);
}

#define OBJECT_BARRIER(m, o, place, value) gen_barrier(m, o, value)
#include "common/inline/plain-operations.h"

#include "common/inline/cells-operations.h"

#endif
