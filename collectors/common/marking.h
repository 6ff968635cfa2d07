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
 * What runs for each object is inline, so that what a collector leaves constant
 * folds away. */
#ifndef REAPMARK_COMMON_MARKING_H
#define REAPMARK_COMMON_MARKING_H

#include "common/bitmap.h"
#include "common/cells.h"
#include "common/hostile/mutants.h"
#include "common/stack.h"

enum {
  /* Objects on their way.  Heaps in the order of allocation gain by more up to
   * 128, heaps without order up to 32. */
  MARKING_FIFO = 64,
  /* Bytes of an object that are on their way, besides its first line: many
   * begin in one line and have slots in the next, and that miss is as long. */
  MARKING_AHEAD = 63,
};

/* No bound on the objects scanned. */
#define MARKING_ALL UINT64_MAX

/* Zero at first, but for `marks` and what the stack may hold (stack.most). */
typedef struct marking {
  uint64_t *marks; /* a bitmap by granule */
  object_stack stack;
  gc_object *fifo[MARKING_FIFO]; /* null where nothing is queued */
  unsigned at;                   /* the place whose turn it is */
  uint64_t scanned, rescans;     /* objects, and blocks scanned again, so far */
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

/* Whether nothing is left to be scanned, but for what is flagged. */
static inline bool marking_idle(const marking *k) {
  for (unsigned i = 0; i < MARKING_FIFO; i++)
    if (k->fifo[i])
      return false;
  return k->stack.size == 0;
}

static inline uint32_t marking_slots(const gc_object *o) {
  uint32_t slots = object_slots(o);
  if (gc_mutant(slots_cut_at_63) && slots > 63)
    slots = 63;
  if (gc_mutant(last_slot_unscanned) && slots > 0)
    slots--;
  return slots;
}

/* Scans an object, growing the stack if need be. */
void marking_scan(marking *k, gc_object *o);

/* Scans what is in the queue and on the stack, and what that leads to; *left
 * objects at the most, which it counts down.  Returns whether nothing is left.
 *
 * The stack's top is in a register meanwhile: it has room for all slots of an
 * object before they are looked at, or marking_scan looks at them. */
static inline __attribute__((always_inline)) bool
marking_scan_all(marking *k, uint64_t *left, bool (*visit)(gc_object *o)) {
  uint64_t *marks = k->marks, most = *left, n = 0;
  gc_object **bottom = k->stack.items;
  gc_object **top = object_stack_place(&k->stack, k->stack.size);
  gc_object **limit = object_stack_place(&k->stack, k->stack.room);
  unsigned at = k->at, idle = 0;
  while (n < most) {
    gc_object *next = NULL;
    if (gc_likely(top > bottom)) {
      next = *--top;
      __builtin_prefetch(next);
      __builtin_prefetch((char *)next + MARKING_AHEAD);
      idle = 0;
    } else if (idle++ == MARKING_FIFO) { /* nothing came for a whole round */
      break;
    }
    gc_object *o = k->fifo[at];
    k->fifo[at] = next;
    at = (at + 1) % MARKING_FIFO;
    if (!o)
      continue;
    n++;
    if (visit) { /* it may push */
      k->stack.size = (size_t)(top - bottom);
      bool scan = visit(o);
      bottom = k->stack.items;
      top = object_stack_place(&k->stack, k->stack.size);
      limit = object_stack_place(&k->stack, k->stack.room);
      if (!scan)
        continue;
    }
    uint32_t slots = marking_slots(o);
    if (gc_likely((size_t)(limit - top) >= slots)) {
      for (gc_object **slot = o->slots, **end = slot + slots; slot < end;
           slot++)
        if (*slot && bitmap_set(marks, space_granule(*slot)))
          *top++ = *slot;
    } else {
      k->stack.size = (size_t)(top - bottom);
      marking_scan(k, o);
      bottom = k->stack.items;
      top = object_stack_place(&k->stack, k->stack.size);
      limit = object_stack_place(&k->stack, k->stack.room);
    }
  }
  k->at = at;
  k->stack.size = (size_t)(top - bottom);
  k->scanned += n;
  *left -= n;
  return *left > 0;
}

typedef struct marking_again {
  marking *k;
  bool (*visit)(gc_object *o);
} marking_again;

static inline void marking_scan_again(void *data, gc_object *o) {
  marking_again *again = data;
  uint64_t left = MARKING_ALL;
  if (!again->visit || again->visit(o))
    marking_scan(again->k, o);
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
