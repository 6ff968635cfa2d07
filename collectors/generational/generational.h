/* generational.h: the inline half of the generational collector: allocation,
 * which is mark-sweep's (common/inline/cells-operations.h), and the write
 * barrier.
 *
 * An object that survived a collection is *old*; a flag in its header says so.
 * The first store of a reference into an old object takes the flag off and puts
 * the object into the mutator's remembered set: it may now refer to a young
 * object, so the next collection scans it again.  A store thus costs a test of
 * the header, and a call once per object and collection.
 *
 * A *wide* object keeps the flag, and the call remembers the part of it that is
 * stored into, a *card*: to scan all of a large array again would cost more
 * than the rest of the collection.  So each store into an old wide object costs
 * a call.
 *
 * Stores of null cost nothing: they make no old object refer to a young one.
 * Roots have no barrier: every collection visits all of them. */
#ifndef REAPMARK_GENERATIONAL_H
#define REAPMARK_GENERATIONAL_H

#include "common/cells.h"
#include "common/hostile/mutants.h"

/* The object is old, has slots, and is in no remembered set.  A wide object
 * whose cards are remembered has the flag too. */
#define GEN_OLD OBJECT_FLAG_A

enum {
  GEN_CARD = 32,           /* slots of a card */
  GEN_WIDE = 2 * GEN_CARD, /* objects with more slots are wide */
};

struct gc_mutator {
  gc_mutator_base base;
  cells_buffer buffer;
  object_bag remembered; /* old objects stored into since the last collection */
  object_stack cards;    /* cards stored into: pairs (object, number) */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

/* Puts an old object, or of a wide one the card that `place` is in, into the
 * mutator's remembered set, unless it is in one. */
void gen_remember(gc_mutator *m, gc_object *o, gc_object **place);

/* Reads the header atomically, because other mutators may be storing into other
 * slots of the object. */
static inline void gen_barrier(gc_mutator *m, gc_object *o, gc_object **place,
                               gc_object *value) {
  if (gc_mutant(barrier_tests_value) && value)
    o = value;
  if (value &&
      gc_unlikely(__atomic_load_n(&o->meta, __ATOMIC_RELAXED) & GEN_OLD))
    gen_remember(m, o, place);
}

#define OBJECT_BARRIER(m, o, place, value) gen_barrier(m, o, place, value)
#include "common/inline/plain-operations.h"

#include "common/inline/cells-operations.h"

#endif
