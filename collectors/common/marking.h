/* marking.h: marks everything that can be reached, in a bitmap beside the heap.
 *
 * An object is marked when it is pushed, so it is pushed at most once.  Objects
 * pass from the stack through a short queue while their lines are fetched: a
 * miss costs about 100 ns and a scan a few (Cher, Hosking & Vitek, ASPLOS
 * 2004).  The stack grows as it must; when it may not, the object is left
 * marked but unscanned, its block is flagged, and once the stack has run dry
 * all marked objects of flagged blocks are scanned again.  Each such round was
 * caused by an object that had been unmarked before, so the rounds end, and a
 * stack of any capacity, even none, marks everything.
 *
 * Everything is inline, so that what a collector leaves constant folds away. */
#ifndef REAPMARK_COMMON_MARKING_H
#define REAPMARK_COMMON_MARKING_H

#include "common/bitmap.h"
#include "common/cells.h"
#include "common/mutants.h"
#include "common/stack.h"

enum {
  /* Objects on their way.  At 32 the misses of ordered heaps are hidden; more
   * gains nothing. */
  MARKING_FIFO = 32,
};

/* No bound on the objects scanned. */
#define MARKING_ALL UINT64_MAX

/* Zero at first, but for `marks` and what the stack may hold (stack.most). */
typedef struct marking {
  uint64_t *marks; /* a bitmap by granule */
  object_stack stack;
  gc_object *fifo[MARKING_FIFO];
  unsigned at, queued;       /* place in the queue, and how many are in it */
  uint64_t scanned, rescans; /* objects, and blocks scanned again, so far */
} marking;

/* Sees that an object will be scanned that is marked already. */
static inline void marking_queue(marking *k, gc_object *o) {
  if (gc_unlikely(!object_push(&k->stack, o)))
    cells_flag(o);
}

/* Marks an object that is not null, and sees that it will be scanned. */
static inline void marking_push(marking *k, gc_object *o) {
  if (bitmap_set(k->marks, space_granule(o)))
    marking_queue(k, o);
}

static inline __attribute__((always_inline)) void
marking_scan(marking *k, gc_object *o, bool (*visit)(gc_object *o)) {
  if (visit && !visit(o))
    return;
  uint32_t slots = object_slots(o);
  if (gc_mutant(slots_cut_at_63) && slots > 63)
    slots = 63;
  if (gc_mutant(last_slot_unscanned) && slots > 0)
    slots--;
  for (gc_object **slot = o->slots, **end = slot + slots; slot < end; slot++)
    if (*slot)
      marking_push(k, *slot);
}

/* Scans what is in the queue and on the stack, and what that leads to; *left
 * objects at the most, which it counts down.  Returns whether nothing is left.
 */
static inline __attribute__((always_inline)) bool
marking_scan_all(marking *k, uint64_t *left, bool (*visit)(gc_object *o)) {
  uint64_t before = *left;
  for (; *left > 0; --*left) {
    while (k->queued < MARKING_FIFO && k->stack.size) {
      gc_object *next = object_pop(&k->stack);
      __builtin_prefetch(next);
      k->fifo[(k->at + k->queued++) % MARKING_FIFO] = next;
    }
    if (k->queued == 0)
      break;
    gc_object *o = k->fifo[k->at];
    k->at = (k->at + 1) % MARKING_FIFO;
    k->queued--;
    marking_scan(k, o, visit);
  }
  k->scanned += before - *left;
  return *left > 0;
}

typedef struct marking_again {
  marking *k;
  bool (*visit)(gc_object *o);
} marking_again;

static inline void marking_scan_again(void *data, gc_object *o) {
  marking_again *again = data;
  uint64_t left = MARKING_ALL;
  marking_scan(again->k, o, again->visit);
  marking_scan_all(again->k, &left, again->visit);
}

/* Scans until nothing is left, or until `most` objects were scanned (a flagged
 * block is finished nevertheless); returns whether nothing is left.  Calls
 * visit(o), unless it is NULL, of each object before it scans it, where a
 * collector keeps a flag in the header; of what is scanned again, again.  If
 * that is false, the collector sees to the object's slots itself. */
static inline __attribute__((always_inline)) bool
marking_drain(marking *k, uint64_t most, bool (*visit)(gc_object *o)) {
  marking_again again = {k, visit};
  while (marking_scan_all(k, &most, visit)) {
    if (gc_mutant(overflow_ignored) ||
        !cells_flagged(k->marks, marking_scan_again, &again))
      return true;
    k->rescans++;
  }
  return false;
}

#endif
