/* finalizers.h: the finalizer queue: finalizable objects that were found dead
 * and wait for a mutator to finalize them (gc_finalizer_next).  The queue owns
 * its objects: in a counting collector it holds a count of each, in a tracing
 * one its entries are roots.
 *
 * The queue is first in, first out.  Its memory follows the number of objects
 * that wait, whatever has passed through it: at most 64 bytes for each, or 2
 * KiB in all.  Each of them takes 16 bytes or more of the heap, so a heap limit
 * bounds the queue as well.
 *
 * A collector with generations must not pay for objects that wait, collection
 * after collection.  So the queue knows which of its entries are *settled*:
 * they were there when the last collection ended, which made them old. */
#ifndef REAPMARK_COMMON_FINALIZERS_H
#define REAPMARK_COMMON_FINALIZERS_H

#include "common/stack.h"
#include <stdatomic.h>

/* Whether any object waits. */
extern _Atomic bool finalizers_waiting;

/* Adds an object, whose ownership passes to the queue.  If the queue cannot
 * grow the process ends by gc_out_of_memory.  Any thread. */
void finalizers_push(gc_object *o);

/* Removes and returns the object that waits longest, whose ownership passes to
 * the caller; NULL if none waits, which costs one load.  Any thread. */
gc_object *finalizers_pop_waiting(void);
static inline gc_object *finalizers_pop(void) {
  if (gc_likely(
          !atomic_load_explicit(&finalizers_waiting, memory_order_relaxed)))
    return NULL;
  return finalizers_pop_waiting();
}

/* The waiting objects, an array in which the one that waits longest comes
 * first, for the marker.  The array is valid until the next push or pop.  The
 * world is stopped. */
gc_object **finalizers_first(void);
size_t finalizers_count(void);

/* How many of the waiting objects are settled; they are the first ones.  The
 * world is stopped. */
size_t finalizers_settled(void);

/* Makes all entries settled: a collection ends.  The world is stopped. */
void finalizers_settle(void);

/* Counts of events and of work so far, for gc_heap_counters. */
typedef struct finalizers_counts {
  uint64_t queued;  /* objects */
  uint64_t taken;   /* objects handed out */
  uint64_t visited; /* entries that collections looked at; the collector adds to
                       this */
} finalizers_counts;
extern finalizers_counts finalizers_counted;

/* Bytes of memory of the queue.  Any thread. */
uint64_t finalizers_bytes(void);

/* Empties the queue when the heap is destroyed. */
void finalizers_destroy(void);

/* Checks that each entry is an object (`is`) that is no longer finalizable and
 * is there once.  Returns what is wrong, or NULL.  No mutator may run
 * meanwhile.  For collectors that take an object's OBJECT_FINALIZABLE off when
 * they queue it. */
const char *finalizers_check(bool (*is)(const gc_object *o));

#endif
