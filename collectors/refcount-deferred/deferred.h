/* deferred.h: the inline half of deferred counting: allocation from cells
 * (common/cells-operations.h), and the write barrier.
 *
 * Registers and root slots own no counts, and slots are not counted when they
 * are written: between two collections, an *epoch*, no count changes.  The
 * first store into an object in an epoch *logs* it, with the references that it
 * held when the epoch began; the collection compares these with what it holds
 * then.  What was stored in between was never counted and never needs to be.
 * So a store costs a test of the header, and once per object and epoch a call.
 * Objects made in the epoch held nothing when it began and are not logged. */
#ifndef REAPMARK_REFCOUNT_DEFERRED_H
#define REAPMARK_REFCOUNT_DEFERRED_H

#include "common/cells.h"
#include <stdatomic.h>

/* The object is old, has slots and is not logged, or is large, which is logged
 * in parts; and: some mutator is logging it. */
#define DC_UNLOGGED OBJECT_FLAG_A
#define DC_LOCKED   OBJECT_FLAG_B

struct gc_mutator {
  gc_mutator_base base;
  cells_hand hand;
  object_stack log; /* deferred.c */
  gc_object *reg[];
};

/* Logs what a store into `place` is about to change, if that was not done. */
void dc_log(gc_mutator *m, gc_object *o, gc_object **place);

static inline void dc_barrier(gc_mutator *m, gc_object *o, gc_object **place) {
  if (gc_unlikely(__atomic_load_n(&o->meta, __ATOMIC_ACQUIRE) & DC_UNLOGGED))
    dc_log(m, o, place);
}

/* A log is long enough: collect at the next safepoint. */
extern _Atomic bool dc_due;
void dc_collect_due(gc_mutator *m);

static inline void dc_poll(gc_mutator *m) {
  if (gc_unlikely(atomic_load_explicit(&dc_due, memory_order_relaxed)))
    dc_collect_due(m);
}

#define OBJECT_BARRIER(m, o, place, value) dc_barrier(m, o, place)
#include "common/inline/plain-operations.h"

#define OBJECT_POLL(m) dc_poll(m)
#include "common/inline/cells-operations.h"

#endif
