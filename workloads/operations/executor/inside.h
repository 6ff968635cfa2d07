/* inside.h: what the files of the executor share and its callers do not use. */
#ifndef REAPMARK_EXECUTOR_INSIDE_H
#define REAPMARK_EXECUTOR_INSIDE_H

#include "executor.h"

/* A stamp is written into an object's payload: the object's number and, in the
 * low bits, its place in the shadow heap. */
enum { PLACE_BITS = 27 };
#define PLACES ((uint64_t)1 << PLACE_BITS)
_Static_assert(SHADOW_PLACES == 1 << PLACE_BITS,
               "a stamp has room for a place");

/* Makes room for one more item of `size` bytes in an array of `count` items:
 * returns the array, reallocated if it was full.  Ends the process when there
 * is no memory. */
void *grown(void *array, size_t count, size_t *room, size_t size);

/* The object in place `o` of the shadow heap. */
static inline shadow_object *at(const executor_thread *t, shadow_ref o) {
  return shadow_at(t->x->shadow, o);
}

/* The history of the object in place `o`. */
static inline executor_past *past(const executor_thread *t, shadow_ref o) {
  return &t->x->pasts[o];
}

/* Whether `o`, which was read from a payload, is a place. */
static inline bool is_place(const executor_thread *t, shadow_ref o) {
  return o && o < shadow_places(t->x->shadow);
}

static inline uint64_t stamp_of(const executor_thread *t, shadow_ref o) {
  return past(t, o)->number << PLACE_BITS | o;
}

/* Whether the object has room for a stamp.  Weak references have no payload. */
static inline bool is_stamped(const shadow_object *object) {
  return !object->weak && object->bytes >= 8;
}

/* Whether one of the oracles `oracle` (bits) is to be compared. */
static inline bool asks(const executor_thread *t, unsigned oracle) {
  return t->x->oracles & oracle;
}

/* Whether every dead object must be found dead.  A conservative collector may
 * keep some: then weak references still return them, and they are handed out
 * for finalization only later, after the shadow heap has forgotten them.  Such
 * objects count as objects too many, whose number compare_count bounds. */
static inline bool must_find(void) {
  return !gc_this_collector.can.conservative;
}

/* Forgets what is dead and cannot come back, so that the memory of the shadow
 * heap follows what is alive between checks too.  For threads that take turns.
 */
void executor_forget(executor_thread *t);
enum { FORGET_LEAST = 1 << 17 }; /* allocations between two */

/* Begins the next operation: counts it, sets the clocks to its number and
 * writes it to the trace. */
void executor_advance(executor_thread *t, const trace_op *op);

/* Threads that wait for their turn stay out of the collector from now on, or no
 * more: while its counters are read and its heap is checked, no mutator may
 * run.  (S) */
void executor_hush(executor_thread *t, bool on);

/* Has the collector check its invariants, and ends the run with a violation if
 * they do not hold.  All other threads stand still. */
void executor_inspect(executor_thread *t);

/* The same after an operation, if it can be afforded. */
void executor_inspect_due(executor_thread *t);

/* Counts what has happened in the collector since it was last asked. */
void executor_sample(executor_thread *t);

/* The counts of all threads of the run, those that have ended included. */
executor_counts executor_sum(const executor *x);

#endif
