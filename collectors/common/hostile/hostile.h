/* hostile.h: conditions under which collectors break, made on purpose: a
 * collection at the worst moment, no memory for a list, a mark stack of one
 * entry, a thread that loses the processor between a load and a swap.
 *
 * The settings are made before the heap is (--hostile of every collector
 * program) and stay.  They are consulted in slow paths only; where a condition
 * has to see every allocation, the collector makes its fast path miss.  So they
 * work in the build that is measured, and cost nothing there while they are
 * off.  Every condition counts how often it fired: a run in which it never did
 * proves nothing. */
#ifndef REAPMARK_COMMON_HOSTILE_H
#define REAPMARK_COMMON_HOSTILE_H

#include "gc.h"
#include <stdatomic.h>

/* Off: 0, and HOSTILE_NO_POISON of `poison`. */
typedef struct hostile_settings {
  uint64_t collect_every; /* collect before every so manieth allocation */
  uint64_t collect_at;    /* and before this one, counted over all mutators */
  uint64_t poison;        /* fill freed memory; keep it for so many frees */
  uint64_t buffers;       /* entries of mark stacks and buffers at the most */
  uint64_t fail_at;       /* this internal allocation fails */
  uint64_t fail_every;    /* and every so manieth */
  uint64_t yield;         /* chance of a yield at a racy point, per mille */
  uint64_t stack;         /* bytes of the C stacks of mutator threads */
  uint64_t seed;          /* of the yields; no condition itself */
} hostile_settings;
#define HOSTILE_NO_POISON UINT64_MAX

extern hostile_settings hostile;

/* The conditions, in the order of the settings, and how often each fired. */
typedef enum hostile_kind {
  HOSTILE_COLLECT_EVERY,
  HOSTILE_COLLECT_AT,
  HOSTILE_POISON,  /* stretches of memory that were filled */
  HOSTILE_BUFFERS, /* entries that a full buffer refused */
  HOSTILE_FAIL_AT,
  HOSTILE_FAIL_EVERY,
  HOSTILE_YIELD,
  HOSTILE_STACK, /* threads that ran on such a stack */
  HOSTILE_KINDS
} hostile_kind;
extern _Atomic uint64_t hostile_fired[HOSTILE_KINDS];

/* Their names, meaning, settings and ranges, terminated as a collector's own
 * options are. */
extern const gc_option hostile_options[];
bool hostile_is_set(hostile_kind kind);
bool hostile_any(void);

/* What the conditions looked at. */
typedef struct hostile_seen {
  _Atomic uint64_t allocations; /* of objects, if a collect_* is set */
  _Atomic uint64_t internal;    /* of the collector for itself */
  _Atomic uint64_t checked;     /* stretches of freed memory looked at */
  _Atomic uint64_t violations;  /* those that had changed */
} hostile_seen;
extern hostile_seen hostile_saw;

/* Everything off, all counts zero.  For tests: a process starts like this. */
void hostile_reset(void);

static inline void hostile_fire(hostile_kind kind) {
  atomic_fetch_add_explicit(&hostile_fired[kind], 1, memory_order_relaxed);
}

/* The number of the operation that the calling thread is at, to tell when
 * something happened: set by whoever drives operations, below 2^48, 0 where
 * nobody does. */
extern _Thread_local uint64_t hostile_clock;

/* ------------------------------------------------------------------------- *
 * Collections.
 * ------------------------------------------------------------------------- */

/* Whether each allocation must take the slow path. */
static inline bool hostile_each(void) {
  return hostile.collect_every || hostile.collect_at;
}

/* To be called before each allocation of an object, by a collector that
 * declares `hostile`: counts it, and returns whether to collect first.  Any
 * thread. */
bool hostile_allocation(void);

/* The same for those who drive operations: on a collector that does not declare
 * `hostile` it collects where that is due.  (S) */
static inline void hostile_before_new(gc_mutator *m) {
  if (!gc_this_collector.hostile && hostile_allocation())
    gc_collect(m);
}

/* ------------------------------------------------------------------------- *
 * Memory of the collector's own.
 * ------------------------------------------------------------------------- */

/* To be called before each internal allocation (a list or table that grows, a
 * group of blocks, pages committed, a mutator): whether it is to fail. */
bool hostile_fails(void);

/* ------------------------------------------------------------------------- *
 * Races.
 * ------------------------------------------------------------------------- */

/* A point where another thread may come between: where there is a chance of it,
 * yields the processor or spins for a while.  Any thread; draws from a
 * generator of its own, seeded by `seed` and the order of first use. */
void hostile_lose_processor(void);
static inline void hostile_race(void) {
  if (gc_unlikely(hostile.yield))
    hostile_lose_processor();
}

/* ------------------------------------------------------------------------- *
 * Violations: what the conditions found out, beyond what others see.
 * ------------------------------------------------------------------------- */

/* Reports that something must not be as it is (printf format, one line).  The
 * first report is kept.  Any thread. */
void hostile_violate(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The first report, or NULL. */
const char *hostile_violation(void);

/* Words of freed memory say so, and when it was freed.  None is an address. */
#define HOSTILE_PATTERN ((uint64_t)0xdead << 48)
static inline uint64_t hostile_pattern(void) {
  return HOSTILE_PATTERN | (hostile_clock & (((uint64_t)1 << 48) - 1));
}

/* Whether `word` is from freed memory; if so, *clock is when it was freed. */
static inline bool hostile_is_pattern(uint64_t word, uint64_t *clock) {
  *clock = word & (((uint64_t)1 << 48) - 1);
  return word >> 48 == HOSTILE_PATTERN >> 48;
}

#endif
