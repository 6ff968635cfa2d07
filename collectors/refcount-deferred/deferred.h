/* deferred.h: the inline half of deferred counting: allocation
 * (common/inline/cells-operations.h), and the write barrier.
 *
 * An *epoch* is the time between two collections.  No count changes in it:
 * registers and root slots own no counts, and a store into a slot counts
 * nothing.  Instead, the first store into an object in an epoch *logs* the
 * object with the references that it held when the epoch began; the collection
 * compares these with the references it holds then.  Whatever was stored in
 * between is never counted.  So a store costs a test of the header, and a call
 * once per object and epoch.  Objects made in the epoch held nothing when it
 * began and are not logged. */
#ifndef REAPMARK_REFCOUNT_DEFERRED_H
#define REAPMARK_REFCOUNT_DEFERRED_H

#include "common/cells.h"
#include "common/hostile/mutants.h"
#include <stdatomic.h>

/* DC_UNLOGGED: the object is old, has slots, and is not logged; or it is large,
 * and then bits beside the heap tell which parts are logged.
 * DC_LOCKED: a mutator is logging it. */
#define DC_UNLOGGED OBJECT_FLAG_A
#define DC_LOCKED   OBJECT_FLAG_B

struct gc_mutator {
  gc_mutator_base base;
  cells_buffer buffer;
  object_stack log; /* see "Logs" in deferred.c */
  size_t counted;   /* entries of it that gc_heap.entries_now has */
  bool due;         /* by this mutator the logs reached their length */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

/* Logs the object, or the part of it that has `place`, unless it is logged. */
void dc_log(gc_mutator *m, gc_object *o, gc_object **place);

static inline void dc_barrier(gc_mutator *m, gc_object *o, gc_object **place) {
  if (gc_unlikely(__atomic_load_n(&o->meta, __ATOMIC_ACQUIRE) & DC_UNLOGGED))
    dc_log(m, o, place);
}

/* Collects if that is still due.  (S) */
void dc_collect_due(gc_mutator *m);

/* Once the logs have reached their length, the next safepoint of the mutator
 * that logged last collects, or the next allocation of any mutator.  A thread
 * that only waits never begins a collection: when it would is up to the
 * scheduler, and a run could not be repeated. */
static inline void dc_poll(gc_mutator *m) {
  if (gc_unlikely(m->due))
    dc_collect_due(m);
}

/* The queue of finalizers owns a count of each of its objects.  Counts change
 * in collections only, so an object that leaves the queue is logged: the next
 * collection takes the count off. */
void dc_log_taken(gc_mutator *m, gc_object *o);

/* The object has got a weak reference or ephemeron, or external memory, for
 * which something is to be done when the object dies.  Atomic: another mutator
 * may be logging the object. */
static inline void dc_weak_made(gc_object *target) {
  if (gc_mutant(weak_flag_not_atomic))
    target->meta |= OBJECT_WEAK_TARGET;
  else if (!gc_mutant(weak_target_unflagged))
    __atomic_fetch_or(&target->meta, (uint32_t)OBJECT_WEAK_TARGET,
                      __ATOMIC_RELAXED);
}

#define OBJECT_BARRIER(m, o, place, value) dc_barrier(m, o, place)
#include "common/inline/plain-operations.h"

#define OBJECT_POLL(m)              dc_poll(m)
#define OBJECT_WEAK_MADE(m, target) dc_weak_made(target)
#define OBJECT_EXTERNAL_MADE(m, o)                                             \
  (gc_mutant(external_unflagged) ? (void)0 : dc_weak_made(o))
#define OBJECT_TAKEN(m, o) dc_log_taken(m, o)
#include "common/inline/cells-operations.h"

#endif
