/* finalizers.h: the finalizer queue: finalizable objects that were found dead
 * and wait for a mutator to finalize them (gc_finalizer_next).  The queue owns
 * its objects: in a counting collector it holds a count of each, in a tracing
 * one its entries are roots. */
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

/* The waiting objects, an array, for the marker.  The world is stopped. */
gc_object **finalizers_first(void);
size_t finalizers_count(void);

/* Bytes of memory of the queue.  Any thread. */
uint64_t finalizers_bytes(void);

/* Empties the queue when the heap is destroyed. */
void finalizers_destroy(void);

#endif
