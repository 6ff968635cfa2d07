/* hostile.h: hostile conditions, under which collectors break if they have
 * bugs: a collection at the worst moment, no memory for a list, a mark stack of
 * one entry, a thread that loses the processor between a load and a swap.
 *
 * They are set before the heap is made, by --hostile of every collector
 * program, and do not change.  Only slow paths consult them; if a condition has
 * to see every allocation, the collector lets its fast path fail.  So they work
 * in the build that is measured, and cost nothing there while they are off.
 * Each condition counts how often it took effect (*fired*): a run in which it
 * never did proves nothing. */
#ifndef REAPMARK_COMMON_HOSTILE_H
#define REAPMARK_COMMON_HOSTILE_H

#include "gc.h"
#include <stdatomic.h>

/* A condition is off at 0, `poison` at HOSTILE_NO_POISON.  N is the value. */
typedef struct hostile_settings {
  uint64_t collect_every; /* collect before every Nth allocation of an object */
  uint64_t collect_at;    /* and before the Nth, counted over all mutators */
  uint64_t poison;        /* fill freed memory, and reuse it after N frees */
  uint64_t buffers;    /* mark stacks and other lists hold at most N entries */
  uint64_t fail_at;    /* the Nth internal allocation fails */
  uint64_t fail_every; /* every Nth internal allocation fails */
  uint64_t yield;      /* yield at a racy point with a chance of N / 1000 */
  uint64_t stack;      /* mutator threads have C stacks of N bytes */
  uint64_t seed;       /* seeds the yields; not a condition */
} hostile_settings;
#define HOSTILE_NO_POISON UINT64_MAX

extern hostile_settings hostile;

/* The conditions, in the order of the settings, and how often each fired.  The
 * comments say what is counted where that is not plain. */
typedef enum hostile_kind {
  HOSTILE_COLLECT_EVERY,
  HOSTILE_COLLECT_AT,
  HOSTILE_POISON,  /* stretches of memory that were filled */
  HOSTILE_BUFFERS, /* entries that a full list refused */
  HOSTILE_FAIL_AT,
  HOSTILE_FAIL_EVERY,
  HOSTILE_YIELD,
  HOSTILE_STACK, /* threads with such a stack */
  HOSTILE_KINDS
} hostile_kind;
extern _Atomic uint64_t hostile_fired[HOSTILE_KINDS];

/* The conditions as options, by kind; ended as a collector's options are. */
extern const gc_option hostile_options[];

/* Whether this condition is set, or any. */
bool hostile_is_set(hostile_kind kind);
bool hostile_any(void);

/* What the conditions have seen so far. */
typedef struct hostile_seen {
  _Atomic uint64_t allocations; /* of objects, if a collect_* is set */
  _Atomic uint64_t internal;    /* internal allocations of the collector */
  _Atomic uint64_t checked;    /* stretches of freed memory that were checked */
  _Atomic uint64_t violations; /* reports of hostile_violate */
} hostile_seen;
extern hostile_seen hostile_saw;

/* Turns everything off and sets all counts to zero, as when the process starts.
 * For tests. */
void hostile_reset(void);

/* Counts that a condition fired.  Any thread. */
static inline void hostile_fire(hostile_kind kind) {
  atomic_fetch_add_explicit(&hostile_fired[kind], 1, memory_order_relaxed);
}

/* The number of the operation that the calling thread performs, below 2^48, so
 * that reports can tell when something happened.  Set by fuzz and replay; else
 * 0. */
extern _Thread_local uint64_t hostile_clock;

/* ------------------------------------------------------------------------- *
 * Collections.
 * ------------------------------------------------------------------------- */

/* Whether each allocation must take the slow path. */
static inline bool hostile_each(void) {
  return hostile.collect_every || hostile.collect_at;
}

/* A collector that declares `hostile` calls this in its slow path before it
 * allocates an object.  Counts the allocation and returns whether to collect
 * first.  Any thread. */
bool hostile_allocation(void);

/* fuzz and replay call this before each allocation.  If the collector does not
 * declare `hostile`, it counts the allocation and collects if that is due.  (S)
 */
static inline void hostile_before_new(gc_mutator *m) {
  if (!(gc_this_collector.hostile & GC_HOSTILE_COLLECT) && hostile_allocation())
    gc_collect(m);
}

/* ------------------------------------------------------------------------- *
 * Internal allocations: the collector's memory for itself.
 * ------------------------------------------------------------------------- */

/* A collector calls this before each internal allocation: a list or table that
 * grows, a group of blocks, a commit of pages, a mutator.  Returns whether the
 * allocation must fail.  Any thread. */
bool hostile_fails(void);

/* ------------------------------------------------------------------------- *
 * Races.
 * ------------------------------------------------------------------------- */

/* Yields the processor or spins for a while, with the chance that is set.  Each
 * thread draws from a generator of its own, seeded by `seed` and the order in
 * which threads first call this. */
void hostile_lose_processor(void);

/* Stands at a racy point: where an error would show if another thread ran just
 * now.  Any thread. */
static inline void hostile_race(void) {
  if (gc_unlikely(hostile.yield))
    hostile_lose_processor();
}

/* ------------------------------------------------------------------------- *
 * Violations: errors that the conditions themselves detect.
 * ------------------------------------------------------------------------- */

/* Reports an error, in one line in printf's format.  The first report is kept,
 * all are counted.  Any thread. */
void hostile_violate(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The first report, or NULL. */
const char *hostile_violation(void);

/* The pattern that fills freed memory: a word that is no address and holds the
 * hostile_clock of the moment it was freed. */
#define HOSTILE_PATTERN ((uint64_t)0xdead << 48)
static inline uint64_t hostile_pattern(void) {
  return HOSTILE_PATTERN | (hostile_clock & (((uint64_t)1 << 48) - 1));
}

/* Whether `word` is the pattern; if so, *clock is when it was freed. */
static inline bool hostile_is_pattern(uint64_t word, uint64_t *clock) {
  *clock = word & (((uint64_t)1 << 48) - 1);
  return word >> 48 == HOSTILE_PATTERN >> 48;
}

#endif
