/* marking.h: the marker: marks everything that can be reached, in a bitmap
 * beside a heap of cells (cells.h).
 *
 * An object is marked when it is pushed onto the mark stack, so it is pushed at
 * most once.  From the stack it passes through a short queue while its cache
 * lines are fetched (prefetch.h).
 *
 * The stack grows as needed.  If it cannot grow, the object stays marked but
 * unscanned and its block is flagged; when the stack is empty, all marked
 * objects of flagged blocks are scanned again.  Each such round was caused by
 * an object that had just been marked, so the rounds end, and a stack of any
 * capacity, even none, marks everything.
 *
 * Several markers (markers.h) may mark the same heap.  Each has a stack and a
 * queue of its own and works as one alone does; only the bits are set
 * atomically, so that an object is queued by one of them.  Blocks are flagged
 * and rescanned by any of them.  Two may then scan an object at the same time,
 * which does no harm: scanning only reads it.
 *
 * A marker may also run *beside mutators* (marking_drain_beside).  It then
 * reads slots atomically.  Mutators set bits in a bitmap of their own,
 * `others`, and an object is marked if it has a bit in either: an atomic
 * operation for each object would double the cost of marking.  What the stack
 * has no room for goes into a bag, because a flagged block may hold cells that
 * are marked for objects to come, which nobody may scan.
 *
 * All that runs once per object is inline, so that arguments that are constant
 * in a collector fold away. */
#ifndef REAPMARK_COMMON_MARKING_H
#define REAPMARK_COMMON_MARKING_H

#include "common/bitmap.h"
#include "common/cells.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/markers.h"
#include "common/prefetch.h"
#include "common/stack.h"

enum {
  /* Length of the queue.  In heaps that lie in the order of allocation a longer
   * queue helps up to 128, in heaps without order up to 32. */
  MARKING_FIFO = 64,
  /* The line of this byte of an object is fetched too, besides that of the
   * first: many objects begin in one line and have slots in the next, and the
   * second miss takes as long as the first. */
  MARKING_AHEAD = 63,
};

/* No bound on the objects scanned. */
#define MARKING_ALL UINT64_MAX

/* See marking_init. */
typedef struct marking {
  uint64_t *marks;        /* a bit per granule */
  const uint64_t *others; /* what mutators mark meanwhile; see above */
  object_stack stack;
  void *fifo[MARKING_FIFO]; /* the queue, a ring */
  prefetch_ends ends;
  object_bag *overflow; /* takes what the stack has no room for; NULL: blocks
                           are flagged */
  uint64_t scanned, rescans; /* objects, and blocks scanned again, so far */
  uint64_t turns;            /* of the loop in marking_scan_all, so far */
} marking;

/* The option of collectors that mark: see MARKING_OPTION. */
extern uint64_t marking_most;
#define MARKING_OPTION                                                         \
  {                                                                            \
    "mark-stack", "most entries of the mark stack, 0: no cap", &marking_most,  \
        0, (uint64_t)1 << 32                                                   \
  }

/* What a marker did, as counters of gc_heap_counters. */
#define MARKING_COUNTERS(k)                                                    \
  {"objects-scanned", (k)->scanned}, {"marker-turns", (k)->turns},             \
      {"rescans", (k)->rescans}, {                                             \
    "mark-stack-room", (k)->stack.room                                         \
  }

/* A marker with nothing to scan that marks in `marks`.  Hostile conditions or
 * the option limit its stack. */
marking marking_init(uint64_t *marks);

/* Queues a marked object for which the stack has no room. */
static inline void marking_overflow(marking *k, gc_object *o) {
  if (k->overflow)
    bag_put(k->overflow, o);
  else
    cells_flag(o);
}

/* Queues a marked object to be scanned. */
static inline void marking_queue(marking *k, gc_object *o) {
  if (gc_unlikely(!object_push(&k->stack, o)))
    marking_overflow(k, o);
}

/* Who else marks or runs; mostly a constant. */
typedef enum marking_mode {
  MARKING_ALONE,
  MARKING_SHARED, /* other markers, which set bits of the same bitmap */
  MARKING_BESIDE  /* mutators, which set bits in `others` */
} marking_mode;

/* Marks an object, which is not null; returns whether it was not marked. */
static inline bool marking_mark(uint64_t *marks, const uint64_t *others,
                                const gc_object *o, marking_mode mode) {
  size_t granule = space_granule(o);
  if (mode == MARKING_SHARED)
    return bitmap_set_shared(marks, granule);
  if (mode == MARKING_ALONE)
    return bitmap_set(marks, granule);
  return !bitmap_test_shared(others, granule) &&
         bitmap_set_read(marks, granule);
}

/* What a slot refers to.  If mutators store into it meanwhile, they release
 * what they store, so that an object made since then is seen with its bit. */
static inline gc_object *marking_load(gc_object **slot, marking_mode mode) {
  return mode == MARKING_BESIDE ? __atomic_load_n(slot, __ATOMIC_ACQUIRE)
                                : *slot;
}

/* Marks an object, which is not null, and queues it unless it was marked. */
static inline void marking_push(marking *k, gc_object *o) {
  if (marking_mark(k->marks, k->others, o, MARKING_ALONE))
    marking_queue(k, o);
}

/* Whether nothing is left to be scanned, flagged blocks apart. */
static inline bool marking_idle(const marking *k) {
  return k->ends.size == 0 && k->stack.size == 0 &&
         (!k->overflow || bag_empty(k->overflow));
}

/* How many slots of an object are scanned: all. */
static inline uint32_t marking_slots(const gc_object *o) {
  uint32_t slots = object_slots(o);
  if (gc_mutant(slots_cut_at_63) && slots > 63)
    slots = 63;
  if (gc_mutant(last_slot_unscanned) && slots > 0)
    slots--;
  return slots;
}

/* Scans an object whose slots the stack may have no room for. */
void marking_scan(marking *k, gc_object *o, marking_mode mode);

/* Scans queued objects and all that they lead to, but at most *left objects,
 * from which it subtracts those that it scanned.  Returns whether nothing is
 * left to be scanned.
 *
 * The top of the stack is kept in a register.  So the stack must have room for
 * all slots of an object before they are looked at; else marking_scan does. */
static inline __attribute__((always_inline)) bool
marking_scan_all(marking *k, uint64_t *left, bool (*visit)(gc_object *o),
                 marking_mode mode) {
  const uint64_t *others = k->others;
  uint64_t *marks = k->marks, most = *left, n = 0;
  gc_object **bottom = k->stack.items;
  gc_object **top = object_stack_place(&k->stack, k->stack.size);
  gc_object **limit = object_stack_place(&k->stack, k->stack.room);
  prefetch_ends ends = k->ends;
  uint64_t turns = 0;
  for (; n < most; turns++) {
    gc_object *o;
    if (gc_likely(top > bottom)) {
      gc_object *next = *--top;
      __builtin_prefetch(next);
      __builtin_prefetch((char *)next + MARKING_AHEAD);
      o = prefetch_turn(k->fifo, MARKING_FIFO, &ends, next);
      if (!o)
        continue;
    } else {
      o = prefetch_take(k->fifo, MARKING_FIFO, &ends);
      if (!o)
        break;
    }
    n++;
    if (visit) { /* which may push */
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
           slot++) {
        gc_object *to = marking_load(slot, mode);
        if (to && marking_mark(marks, others, to, mode))
          *top++ = to;
      }
    } else {
      k->stack.size = (size_t)(top - bottom);
      marking_scan(k, o, mode);
      bottom = k->stack.items;
      top = object_stack_place(&k->stack, k->stack.size);
      limit = object_stack_place(&k->stack, k->stack.room);
    }
  }
  k->ends = ends;
  k->turns += turns;
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
    marking_scan(again->k, o, MARKING_ALONE);
  marking_scan_all(again->k, &left, again->visit, MARKING_ALONE);
}

/* Scans until nothing is left, or until `most` objects were scanned (a flagged
 * block is finished nevertheless); returns whether nothing is left.
 *
 * `visit` may be NULL.  Otherwise it is called with each object before it is
 * scanned, and again before it is scanned again; a collector can update its
 * flags in the header there.  If `visit` returns false the object is not
 * scanned: the collector then sees to its slots itself. */
static inline __attribute__((always_inline)) bool
marking_drain(marking *k, uint64_t most, bool (*visit)(gc_object *o)) {
  marking_again again = {k, visit};
  while (marking_scan_all(k, &most, visit, MARKING_ALONE)) {
    if (gc_mutant(overflow_ignored) ||
        !cells_flagged(k->marks, marking_scan_again, &again))
      return true;
    k->rescans++;
  }
  return false;
}

/* The same beside mutators that store into slots and set bits.  The marker has
 * a bag for what overflows. */
static inline __attribute__((always_inline)) bool
marking_drain_beside(marking *k, uint64_t most, bool (*visit)(gc_object *o)) {
  while (marking_scan_all(k, &most, visit, MARKING_BESIDE)) {
    gc_object *o = gc_mutant(overflow_dropped) ? NULL : bag_take(k->overflow);
    if (!o)
      return true;
    k->scanned++;
    most--;
    if (visit(o))
      marking_scan(k, o, MARKING_BESIDE);
  }
  return false;
}

/* ------------------------------------------------------------------------- *
 * Several markers.
 * ------------------------------------------------------------------------- */

/* Bytes of the stacks of helpers.  Any thread. */
uint64_t marking_helpers_bytes(void);

/* Frees these when the heap is destroyed, and ends the helpers. */
void marking_helpers_free(void);

/* Whether the caller has enough to give some away. */
bool marking_can_give(const marking *k);

/* Gives the oldest objects of the stack away, if there are enough, or tells
 * others that blocks are flagged. */
void marking_give(marking *k);

/* Gets objects that others gave away.  Returns 1 if there are some now, 0 if
 * nothing is left for any marker, -1 if blocks are flagged. */
int marking_take(marking *k);

/* Makes the helpers ready to mark what `k` marks, and begins a phase.  `work`:
 * see markers_begin. */
void marking_begin(const marking *k, void (*work)(unsigned number));

/* The marker that helper `number` is; and adds what helpers did to the counts
 * of `k` when the phase is over. */
marking *marking_helper(unsigned number);
void marking_end(marking *k);

/* Scans what is queued in `k` and what that leads to, and gives some of it away
 * whenever another marker has nothing. */
static inline __attribute__((always_inline)) void
marking_scan_sharing(marking *k, bool (*visit)(gc_object *o)) {
  uint64_t left = markers_batch;
  while (!marking_scan_all(k, &left, visit, MARKING_SHARED)) {
    left = markers_batch;
    hostile_race();
    if (markers_wanted())
      marking_give(k);
  }
}

static inline void marking_share_again(void *data, gc_object *o) {
  marking_again *again = data;
  if (!again->visit || again->visit(o))
    marking_scan(again->k, o, MARKING_SHARED);
  marking_scan_sharing(again->k, again->visit);
}

/* What each of several markers does in a phase. */
static inline __attribute__((always_inline)) void
marking_help(marking *k, bool (*visit)(gc_object *o)) {
  marking_again again = {k, visit};
  for (int taken = 1; taken;) {
    marking_scan_sharing(k, visit);
    taken = marking_take(k);
    if (taken < 0)
      k->rescans += cells_flagged(k->marks, marking_share_again, &again);
  }
}

/* The same as marking_drain without a bound, by several markers if there are
 * many objects and they offer work for more than one.  `help` calls
 * marking_help with `visit` for the marker of its number, 0 being `k`. */
static inline __attribute__((always_inline)) void
marking_drain_together(marking *k, bool (*visit)(gc_object *o),
                       void (*help)(unsigned number)) {
  uint64_t left = markers_alone;
  while (markers_most() > 1 &&
         !marking_scan_all(k, &left, visit, MARKING_ALONE)) {
    left = markers_batch;
    if (!marking_can_give(k))
      continue;
    marking_begin(k, help);
    help(0);
    marking_end(k);
    return;
  }
  marking_drain(k, MARKING_ALL, visit);
}

#endif
