/* finalizers.h: the queue of objects that were found dead and wait for a
 * mutator to finalize them.  The queue owns them: to a counting collector it
 * holds a count, to a tracing one its entries are roots. */
#ifndef REAPMARK_COMMON_FINALIZERS_H
#define REAPMARK_COMMON_FINALIZERS_H

#include "common/stack.h"
#include <stdatomic.h>

/* Whether any object waits. */
extern _Atomic bool finalizers_waiting;

/* Any thread. */
void finalizers_push(gc_object *o);

/* The object that waits longest, its ownership passing to the caller, or NULL.
 * Any thread; costs a load where none waits. */
gc_object *finalizers_pop_waiting(void);
static inline gc_object *finalizers_pop(void) {
  if (gc_likely(
          !atomic_load_explicit(&finalizers_waiting, memory_order_relaxed)))
    return NULL;
  return finalizers_pop_waiting();
}

/* The objects that wait, for tracing; the world is stopped. */
gc_object **finalizers_first(void);
size_t finalizers_count(void);

uint64_t finalizers_bytes(void);

/* Empties the queue when the heap goes. */
void finalizers_destroy(void);

#endif
