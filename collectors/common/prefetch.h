/* prefetch.h: a short queue in which references wait while their objects are
 * fetched from memory (Cher, Hosking & Vitek, ASPLOS 2004).
 *
 * A miss of the cache costs about 100 ns and the scan of an object only a few,
 * so a collector fetches some objects ahead.  Where the queue is full, the
 * oldest reference leaves when a new one arrives.  Where nothing arrives, as
 * with a list, whose next node is known only once the last one was scanned, the
 * oldest leaves at once: so a reference costs at most two turns of the loop
 * around the queue, whatever the shape of the heap.
 *
 * The two ends are apart from the places, so that a loop can keep them in
 * registers.  Not thread-safe. */
#ifndef REAPMARK_COMMON_PREFETCH_H
#define REAPMARK_COMMON_PREFETCH_H

#include <stddef.h>

typedef struct prefetch_ends {
  unsigned oldest; /* its place in the ring */
  unsigned size;   /* references that wait */
} prefetch_ends;

/* Takes the oldest reference out of a ring of `length` places, a constant and a
 * power of two.  NULL if none waits. */
static inline void *prefetch_take(void **ring, unsigned length,
                                  prefetch_ends *e) {
  if (!e->size)
    return NULL;
  void *due = ring[e->oldest];
  e->oldest = (e->oldest + 1) % length;
  e->size--;
  return due;
}

/* Adds a reference, which is not NULL.  If the ring is full, returns the
 * oldest, whose place it takes; else NULL. */
static inline void *prefetch_turn(void **ring, unsigned length,
                                  prefetch_ends *e, void *in) {
  if (e->size < length) {
    ring[(e->oldest + e->size++) % length] = in;
    return NULL;
  }
  void *due = ring[e->oldest];
  ring[e->oldest] = in;
  e->oldest = (e->oldest + 1) % length;
  return due;
}

/* The reference that waits behind `n` others, fewer than all. */
static inline void *prefetch_waiting(void *const *ring, unsigned length,
                                     prefetch_ends e, unsigned n) {
  return ring[(e.oldest + n) % length];
}

#endif
