/* markers.h: several markers: the threads that help the thread that collects,
 * how work gets from one to another, and how they find out that all is done.
 *
 * Each marker keeps the objects that it has to scan in a list of its own, which
 * no other marker touches.  A marker that has much looks now and then whether
 * another one has nothing; if so, it gives part of its list away through a
 * small *pool* that all share.  So pushing and popping, which happens for each
 * object, needs no atomic operation and no fence, which every take from a
 * Chase-Lev deque does; the lock of the pool is taken a few times in a
 * collection, since a marker gives its oldest objects, which mostly lead to the
 * most.  In return a marker without work has to wait until another one looks,
 * for as long as that one takes to scan markers_batch objects.  Objects that
 * give no parallelism, such as the one grey object of a list, never leave their
 * marker.
 *
 * A *phase* is one traversal by all markers.  The thread that collects begins
 * it once it has something to give away, takes part as marker number 0, and
 * goes on when the phase is over.  Helpers join when there is something in the
 * pool, not before: the thread that collects waits for no helper that has not
 * begun, and takes what is in the pool itself if the helper is late.
 *
 * Termination.  All that is left to do is in the list of a marker that is not
 * waiting, in the pool, or, if the collector has further places for work,
 * there.  Only a marker that is not waiting adds to any of them, and a marker
 * waits only when its own list is empty.  So if all markers that have joined
 * wait, and the pool and the other places are empty, nothing is left.  Waiting,
 * joining, giving and taking happen under one lock, so the last marker that
 * begins to wait sees all of that at one moment, and ends the phase for all.
 *
 * Helpers are made when they are first needed, wait for the next phase without
 * using the processor, and end with the heap.  There is one set of them per
 * process, as there is one heap.  Signals are not delivered to them.
 *
 * Sources: giving instead of stealing, Acar, Charguéraud & Rainey, PPoPP 2013;
 * a shared pool of grey objects, Ossia et al., PLDI 2002; the deque, Chase &
 * Lev, SPAA 2005. */
#ifndef REAPMARK_COMMON_MARKERS_H
#define REAPMARK_COMMON_MARKERS_H

#include "common/prefetch.h"
#include "common/stack.h"
#include <stdatomic.h>

enum {
  MARKERS_MOST = 16, /* markers, with the thread that collects */
  MARKERS_POOL = 256 /* objects in the pool at the most */
};

/* The options of collectors with several markers: see MARKERS_OPTIONS.  By
 * default there is a marker for each processor that the process may use, but
 * not more than four. */
extern uint64_t markers_option, markers_least_option;
#define MARKERS_OPTIONS                                                        \
  {"markers", "threads that mark, the one that collects among them",           \
   &markers_option, 1, MARKERS_MOST},                                          \
  {                                                                            \
    "markers-least",                                                           \
        "objects that the thread that collects scans before others help it",   \
        &markers_least_option, 1, (uint64_t)1 << 32                            \
  }

/* What happened so far, for gc_heap_counters. */
typedef struct markers_counts {
  uint64_t phases;       /* that were begun */
  uint64_t helped;       /* times that a helper joined one */
  uint64_t given;        /* objects that were put into the pool, */
  uint64_t taken;        /* times that a marker took some of them, */
  uint64_t helpers_took; /* and times that this was a helper */
  uint64_t waited;       /* times that a marker had to wait for work */
  uint64_t scanned;      /* objects that helpers scanned, by the collector */
} markers_counts;
extern markers_counts markers_counted;
#define MARKERS_EVENTS "parallel-phases", "helpers-joined", "helpers-took"
#define MARKERS_COUNTERS                                                       \
  {"parallel-phases", markers_counted.phases},                                 \
      {"helpers-joined", markers_counted.helped},                              \
      {"objects-given", markers_counted.given},                                \
      {"times-taken", markers_counted.taken},                                  \
      {"helpers-took", markers_counted.helpers_took},                          \
      {"helpers-scanned", markers_counted.scanned}, {                          \
    "markers-waited", markers_counted.waited                                   \
  }

/* Reads the options and sets the counts to zero, when a heap is made.  There
 * are at most `most` markers. */
void markers_create(unsigned most);

/* Ends the helpers and waits until they have ended.  No phase is under way. */
void markers_destroy(void);

/* How many markers there may be; 1: the thread that collects marks alone. */
unsigned markers_most(void);

/* How many objects the thread that collects scans alone, how many a marker
 * scans before it looks whether another one has nothing, and with how few in
 * its list it keeps them all. */
extern uint64_t markers_alone, markers_batch, markers_keep;

/* Begins a phase.  work(number) is to be called by the caller for number 0; a
 * helper calls it when it joins, with a number of its own below markers_most().
 * It returns when markers_take has returned MARKERS_OVER, and changes nothing
 * after that. */
void markers_begin(void (*work)(unsigned number));

/* Whether a marker should give something away: another one has nothing, and the
 * pool is empty.  Only a hint, without a lock. */
extern _Atomic bool markers_hungry;
static inline bool markers_wanted(void) {
  return atomic_load_explicit(&markers_hungry, memory_order_relaxed);
}

/* Whether a marker with this stack, and this queue of objects that are being
 * fetched, has enough to give some away.  An object that is the only one is
 * kept, or a list would go from one marker to the other. */
static inline bool markers_have_many(const object_stack *s,
                                     prefetch_ends fetched) {
  return s->size >= markers_keep && s->size + fetched.size > 1;
}

/* Puts the first of `n` objects into the pool, as many as there is room for,
 * and returns how many.  Wakes a marker that waits for work, or a helper. */
size_t markers_put(gc_object **objects, size_t n);

/* Puts the oldest objects of the stack, up to half of them, into the pool,
 * likewise. */
void markers_give(object_stack *s, prefetch_ends *fetched);

/* Wakes one of these as well, because there is work in another place. */
void markers_call(void);

/* Takes at most `room` objects, more than 0, out of the pool, and returns how
 * many.  The caller has nothing left to do.  If the pool is empty it waits.
 * MARKERS_OVER: nothing is left for any marker, and the phase has ended.
 * MARKERS_ELSEWHERE: `elsewhere`, which may be NULL, says that there is work in
 * another place; the caller looks there. */
enum { MARKERS_OVER = -1, MARKERS_ELSEWHERE = -2 };
int markers_take(unsigned number, gc_object **objects, size_t room,
                 bool (*elsewhere)(void));

#endif
