/* workload.h: what a workload is, and what the cell runtime offers it.
 *
 * A workload is one file, workloads/NAME.c, that defines one `const workload`.
 * It is written against gc.h only and compiled once per collector.  A run
 * looks like this:
 *
 *   static void run(wl_thread *t) {
 *     ... build what must exist before the clock starts ...
 *     wl_begin(t);
 *     for (...) {
 *       ... work that takes a few microseconds to a millisecond ...
 *       wl_step(t, KIND, ops);        // ends a timed step
 *     }
 *     wl_end(t);
 *     wl_check(t, checksum == expected, "table damaged");
 *     wl_expect(t, (wl_expectation){.live = n, .cyclic = c, .allocated = a});
 *     ... drop the roots ...
 *     wl_expect(t, (wl_expectation){.live = 0, ...});
 *   }
 *
 * Rules.  The parameters, the seed and the number of threads determine what a
 * workload does: it performs the same operations on every collector.  It knows
 * how many objects must survive and states the numbers (wl_expect) at least
 * once with its data alive and once with its roots dropped.  Steps are short
 * and do equal amounts of work, so that a long step means that something
 * stalled the thread; dropping references is part of a step.  A workload never
 * looks at the collector's name, and asks nothing about the collector that is
 * not in this file.
 *
 * Unless a function says otherwise, any mutator thread may call it with its
 * own wl_thread.  (S) marks safepoints, as in gc.h. */
#ifndef REAPMARK_WORKLOAD_H
#define REAPMARK_WORKLOAD_H

#include "gc.h"

typedef struct wl_thread wl_thread;

/* ------------------------------------------------------------------------- *
 * Description.
 * ------------------------------------------------------------------------- */

/* A parameter, `name:key=value`.  Values are unsigned integers ("4096", "64k",
 * "2M": powers of 1024), one of `choices` by name, held as its index, or the
 * path of a file, held as the address of its text (wl_path). */
typedef struct wl_param {
  const char *name;
  const char *help; /* one line, with the unit */
  uint64_t initial, min, max;
  const char *const *choices; /* NULL-terminated; NULL for an integer; WL_FILE
                                 for a path without blanks and commas, for which
                                 the other numbers are 0 */
} wl_param;

#define WL_FILE ((const char *const[]){NULL}) /* no choice is right */
static inline bool wl_is_file(const wl_param *p) {
  return p->choices && !p->choices[0];
}

/* The value of parameter number `i`, which is a file; NULL if none was given.
 * The text lasts as long as the process. */
static inline const char *wl_path(const uint64_t *params, unsigned i) {
  return (const char *)(uintptr_t)params[i];
}

/* How many bytes (gc_shape_bytes) the workload puts into the heap with given
 * parameters: exact where the workload can tell, else an upper bound that is
 * at most 10 % too high.
 *
 * A heap size given as a multiple ("3x") is a multiple of the bytes that the
 * collector must hold by its own declaration: `live`; `live + cyclic` if it
 * does not reclaim cycles; `allocated` if it reclaims nothing. */
typedef struct wl_volume {
  uint64_t live;   /* the most bytes that are reachable at any time */
  uint64_t cyclic; /* all garbage that is part of a dead cycle or reachable from
                      one, without what becomes garbage when the roots are
                      dropped at the end; live + cyclic is the most that a
                      counting collector ever holds */
  uint64_t allocated; /* all bytes allocated */
  uint64_t set_up;    /* the part of `allocated` that is not measured */
} wl_volume;

/* What a workload needs of a collector.  On a collector without it the
 * workload does not run, and tables show `n/a` with the reason. */
enum {
  WL_NEEDS_THREADS = 1,
  WL_NEEDS_WEAK = 2,
  WL_NEEDS_FINALIZERS = 4,
  WL_TAKES_THREADS = 8, /* runs with as many threads as are asked for, and with
                           one on collectors that have no threads */
  WL_NEEDS_DEPTH = 16,  /* drops long chains (gc_capabilities.shallow) */
  WL_NEEDS_EPHEMERONS = 32,
  WL_NEEDS_EXTERNAL = 64
};

enum { WL_PARAMS = 16, WL_STEP_KINDS = 6 };

typedef struct workload {
  const char *name;
  const char *summary; /* what the workload stresses, one line */
  const char *source;  /* the program or paper that it is taken from */
  const char *unit;    /* the unit of work, plural: "objects", "requests" */
  const char *steps[WL_STEP_KINDS]; /* names of the kinds of steps */
  wl_param params[WL_PARAMS];       /* up to an entry without a name */
  /* The parameter that makes the run longer and leaves its live data as they
   * are; NULL if there is none. */
  const char *longer;
  unsigned needs; /* bits WL_NEEDS_* and WL_TAKES_THREADS */
  /* More needs, WL_NEEDS_*, that depend on the file that a parameter names, of
   * parameters that `check` has found right; or NULL. */
  unsigned (*needs_of)(const uint64_t *params);
  /* More needs, WL_NEEDS_*, if parameter number `param` is not 0. */
  struct {
    unsigned param, needs;
  } more_needs;
  /* The workload states every death by gc_free if GC_EXPLICIT_FREE, so that
   * collectors that free nothing else can run it. */
  bool knows_deaths;
  /* The workload states every object that it makes and every one that it lets
   * go (wl_made, wl_dropped), the collector's own objects for weak references
   * and ephemerons included, from the beginning of the run to the last
   * expectation.  Without this, tables show nothing of garbage. */
  bool knows_live;
  /* On a collector that reclaims dead cycles, what the workload counts as
   * cyclic (wl_volume, wl_expectation, wl_expect_reclaimed) is what ephemerons
   * whose values lead to their keys keep if they only have weak keys
   * (gc_capabilities.weak_keys). */
  bool cyclic_pairs;
  /* Names for roots and objects, for explanations of what keeps an object
   * alive: pairs such as "global 0", "the cache" and "object 2", "entry", up
   * to NULL; or NULL without names.  Objects are numbered in the order of
   * allocation, from 1. Objects after the last one with a name get the names
   * from "object 2" on again. */
  const char *const *words;
  /* What is wrong with parameters that are within their bounds, but do not go
   * together: one line (static memory), which names them; NULL: nothing is.  A
   * workload without the function takes all of them. */
  const char *(*check)(const uint64_t *params);
  /* `params` are in the order of the field above; `threads` is what the user
   * asked for, 1 where the workload has no threads. */
  wl_volume (*volume)(const uint64_t *params, unsigned threads);
  /* In place of `volume`, if the seed of the run decides, too, how much is made
   * or lives: shapes or sizes that are drawn by wl_random. */
  wl_volume (*volume_of_seed)(const uint64_t *params, unsigned threads,
                              uint64_t seed);
  /* Runs the workload on the main thread, in an empty heap. */
  void (*run)(wl_thread *t);
} workload;

/* Every workload of this program, up to NULL. */
extern const workload *const wl_all[];

/* ------------------------------------------------------------------------- *
 * A run.
 * ------------------------------------------------------------------------- */

/* Fixed for the run. */
typedef struct wl_run {
  const workload *workload;
  uint64_t params[WL_PARAMS]; /* in the order of workload.params */
  uint64_t seed;
  unsigned threads;    /* mutator threads asked for, at least 1 */
  uint64_t heap_limit; /* bytes, 0: none */
  const char *input;   /* the file of --input, or NULL */
  gc_heap *heap;
} wl_run;

/* What a thread has stated of objects, in numbers and in nominal bytes
 * (gc_shape_bytes), since the run began.  All that is alive is what all threads
 * made less what they dropped; the difference of one thread alone says nothing,
 * and may be below zero (modulo 2^64), since an object may be dropped by
 * another thread than the one that made it.  Plain numbers, so that stating
 * costs next to nothing: the harness reads them on the thread itself, while the
 * thread is stopped, or when it has ended, and at other times what they were at
 * the end of the thread's last step. */
typedef struct wl_ledger {
  /* Numbers to which one statement adds are not side by side: a compiler would
   * add both as one vector, which it must first put together. */
  uint64_t made;
  uint64_t lent_bytes; /* of live objects, outside the heap */
  uint64_t dropped;
  /* Objects that were made and are not stated yet, or NULL: is not known. */
  const uint64_t *unstated;
  uint64_t bytes; /* of live objects: one number, so that nothing is added for
                     those that are made and dropped at once */
} wl_ledger;

/* One mutator thread of a run.  The cell runtime makes it; it lasts as long as
 * the thread. */
struct wl_thread {
  wl_run *run;
  gc_mutator *m;
  unsigned index;     /* 0 for the main thread, which `run` is called on */
  uint64_t random[4]; /* the state of wl_random */
  wl_ledger ledger;   /* written through wl_made and wl_dropped only */
};

/* The value of parameter number `i`. */
static inline uint64_t wl_get(const wl_thread *t, unsigned i) {
  return t->run->params[i];
}

/* Start and end the measured part.  Main thread only, once each.  wl_begin
 * collects first, so that garbage of the set-up is not charged to the measured
 * part, and starts the first step.  (S) */
void wl_begin(wl_thread *t);
void wl_end(wl_thread *t);

/* Says, after wl_begin, that what is measured is not the collector's work: the
 * workload keeps collections out of it, so that their absence proves nothing
 * against the figures.  Main thread only. */
void wl_apart(wl_thread *t);

/* Says that the workload has so many bytes of memory of its own at its peak,
 * outside the heap.  The harness takes other memory of that size for memory
 * behind the heap's back.  Main thread only, once. */
void wl_own_memory(wl_thread *t, uint64_t bytes);

/* Ends the current step of this thread, in which it did `ops` units of work,
 * and starts the next step.  `kind` is an index into workload.steps.  Costs
 * one clock read.  Outside the measured part it does nothing. */
void wl_step(wl_thread *t, unsigned kind, uint64_t ops);

/* Announces that the measured part will serve `count` requests.  With `rate` >
 * 0 they arrive `rate` times per second on a schedule that is fixed now: at
 * equal distances or, with `poisson`, at random times that the run's seed
 * determines (without using wl_random).  With a rate of 0 each request arrives
 * when the one before has ended (a closed loop).  Main thread only, before
 * wl_begin. */
void wl_requests(wl_thread *t, uint64_t count, uint64_t rate, bool poisson);

/* Bracket a request, in the measured part.  On a schedule, wl_request_begin
 * waits until the request arrives, if it has not yet, and starts a step (S);
 * the time spent waiting is in no step, but in the measured time.  Each costs
 * a clock read. */
void wl_request_begin(wl_thread *t);
void wl_request_end(wl_thread *t);

/* Lets `ns` nanoseconds pass, in a blocking stretch, as a program does that has
 * nothing to do.  That time is in the measured time and in no step.  Memory
 * goes on being sampled.  Main thread only, and no other mutator runs.  Outside
 * the measured part it does nothing.  (S) */
void wl_idle(wl_thread *t, uint64_t ns);

/* Discards the time since the last step: it is in no step and not in the
 * measured time.  For work that does not touch the heap, such as shuffling an
 * order.  CPU time, page faults and pauses in that time are still counted. */
void wl_skip(wl_thread *t);

/* Does work(data) between two steps, and discards its time and that since the
 * last step, as wl_skip does, and its CPU time and page faults too.  Main
 * thread only, while no other mutator of the workload runs. */
void wl_aside(wl_thread *t, void (*work)(void *data), void *data);

/* Says that since the last step this thread has waited for others, in a
 * blocking stretch: that time is in no step, but in the measured time. */
void wl_waited(wl_thread *t);

/* Says how much of the measured time the workload itself takes, by its own
 * measurement: what a replay does between the operations of the program that
 * was recorded.  Tables show the share.  Main thread only, once. */
void wl_replayed(wl_thread *t, uint64_t ns);

/* If `ok` is false, the run's verdict is WRONG for the reason given (a printf
 * format).  The first failure is kept, and the run goes on. */
void wl_check(wl_thread *t, bool ok, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes the verdict OOM because `failed` of `all` allocations failed, for
 * workloads that go on after that. */
void wl_starved(wl_thread *t, uint64_t failed, uint64_t all);

/* What must be in the heap now, in objects, weak references included. */
typedef struct wl_expectation {
  uint64_t live;      /* reachable */
  uint64_t cyclic;    /* all garbage so far that is part of a dead cycle or
                         reachable from one */
  uint64_t allocated; /* all objects made so far */
  uint64_t bytes; /* of the live objects, by gc_shape_bytes, for the figures of
                     fragmentation; to be set in the first expectation after
                     the measured part; 0: not told */
} wl_expectation;

/* State what is alive, always: a run has no switch for these calls, and they
 * cost two additions each; both together, next to each other, cost two as well
 * if the bytes are the same.
 *
 * wl_made: this thread has made `objects` objects of `bytes` nominal bytes in
 * all, to be called after the allocation and before the thread's next
 * safepoint.  wl_dropped: so many objects become unreachable by what the thread
 * does next, to be called right before the last reference goes, with no
 * safepoint in between.  wl_revived: so many of these can be reached again,
 * because their finalizer was handed one, to be called right after that; they
 * are dropped once more.
 *
 * With these calls in these places the figures of garbage are exact at every
 * collection.  One call for several objects, after several allocations, is
 * allowed, and for small objects needed, since a call for each costs 3 to 8 %
 * of an allocation.  All must be stated when a step ends.  A workload that has
 * a counter of the objects that it has not stated may show it (wl_unstated): it
 * is read at collections, and the figures are exact again.  Without that they
 * are too high by the objects that are made and not stated at a collection.
 */
static inline void wl_made(wl_thread *t, uint64_t objects, uint64_t bytes) {
#ifndef REAPMARK_NO_LEDGER /* only to measure what the calls cost */
  t->ledger.made += objects;
  t->ledger.bytes += bytes;
#else
  (void)t, (void)objects, (void)bytes;
#endif
}

static inline void wl_dropped(wl_thread *t, uint64_t objects, uint64_t bytes) {
#ifndef REAPMARK_NO_LEDGER
  t->ledger.dropped += objects;
  t->ledger.bytes -= bytes;
#else
  (void)t, (void)objects, (void)bytes;
#endif
}

static inline void wl_unstated(wl_thread *t, const uint64_t *objects) {
  t->ledger.unstated = objects;
}

static inline void wl_revived(wl_thread *t, uint64_t objects, uint64_t bytes) {
  wl_dropped(t, -objects, -bytes);
}

/* State, likewise, what memory outside the heap live objects own: wl_lent after
 * gc_external, wl_lent_dropped beside wl_dropped.  These bytes are not among
 * the nominal ones of wl_made. */
static inline void wl_lent(wl_thread *t, uint64_t bytes) {
#ifndef REAPMARK_NO_LEDGER
  t->ledger.lent_bytes += bytes;
#else
  (void)t, (void)bytes;
#endif
}

static inline void wl_lent_dropped(wl_thread *t, uint64_t bytes) {
#ifndef REAPMARK_NO_LEDGER
  t->ledger.lent_bytes -= bytes;
#else
  (void)t, (void)bytes;
#endif
}

/* Collects, and compares the number of objects in the heap with what the
 * collector must hold by its declaration: live, live + cyclic, or allocated
 * objects.  Fewer objects make the run WRONG; more are a LEAK, which is as
 * declared only if the number is exactly the declared one.  A conservative
 * collector may hold wl_spare objects more.  No other mutator thread may touch
 * the heap meanwhile.  Not measured.  (S) */
void wl_expect(wl_thread *t, wl_expectation e);

/* For objects whose death the workload knows (all that die, or a fixed share
 * of them).  wl_died: one has died.  wl_reclaimed: the collector has shown
 * that it found one dead; this was `ops` units of work after its death, and
 * `bytes` died with it. Main thread only.  Outside the measured part they do
 * nothing. */
void wl_died(wl_thread *t);
void wl_reclaimed(wl_thread *t, uint64_t ops, uint64_t bytes);

/* Checks the number of events that happen only to reclaimed objects, such as
 * cleared weak references: `actual` must be `acyclic` if the collector
 * reclaims acyclic garbage, acyclic + cyclic if it reclaims cycles too, else
 * 0; otherwise the run is WRONG.  `what` names the events in the reason. */
void wl_expect_reclaimed(wl_thread *t, const char *what, uint64_t actual,
                         uint64_t acyclic, uint64_t cyclic);

/* How many of `garbage` dead objects the collector may keep beyond what it
 * declares: 0, unless it is conservative. */
uint64_t wl_spare(uint64_t garbage);

/* Ends the run as WRONG at once, for workloads that stop at the first
 * difference. `oracle` is a word that says which comparison failed,
 * `operation` the workload's own number of the operation, and `story` the
 * explanation; its first line is the reason in the record. */
_Noreturn void wl_violation(wl_thread *t, const char *oracle,
                            uint64_t operation, const char *story);

/* Adds `n` to the deterministic count `name` of the record.  The string is not
 * copied and must last until the end of the run.  Main thread only. */
void wl_count(wl_thread *t, const char *name, uint64_t n);

/* How often the collector's declared events (gc_collector.events) happened in
 * the run, and which followed which. */
enum { WL_EVENTS = 64 };
typedef struct wl_coverage {
  uint64_t collections;
  size_t events;
  const char *const *names;
  uint64_t counts[WL_EVENTS];
  uint64_t followers[WL_EVENTS]; /* a bit for each event that happened next
                                    after this one, or again */
} wl_coverage;

/* Adds the coverage to the record, for workloads that sample it.  Main thread
 * only, once. */
void wl_covered(wl_thread *t, const wl_coverage *c);

/* ------------------------------------------------------------------------- *
 * Leaks: what the heap still holds of objects that the workload has dropped,
 * round after round.
 * ------------------------------------------------------------------------- */

typedef enum wl_moment {
  WL_START,     /* before the first round, once; collects */
  WL_DROPPED,   /* right after the workload dropped its last reference to the
                   objects of the round */
  WL_QUIET,     /* after some unrelated work, without a requested collection */
  WL_COLLECTED, /* collects, as wl_expect does, and ends the round */
  WL_MOMENTS
} wl_moment;

/* Records what the heap holds at this moment, if the collector can tell
 * (gc_heap_usage), and compares it with the collector's declaration.  WL_START
 * and WL_COLLECTED imply wl_expect with `e`.  At the other moments, objects
 * that have died since the last collection may still be in the heap, unless
 * the collector declares to reclaim them at once (gc_prompt); a collector that
 * reclaims them at once in every round without declaring it is WRONG, too.  No
 * other mutator may touch the heap meanwhile.  (S) */
void wl_held(wl_thread *t, wl_moment moment, wl_expectation e);

/* ------------------------------------------------------------------------- *
 * Threads and locks.
 * ------------------------------------------------------------------------- */

/* Runs `body(thread, data)` on `n` new mutator threads and returns when all
 * have detached.  They have the indices first_index .. first_index + n - 1,
 * and random generators seeded from the run's seed and their index, and begin
 * together.  The caller is in a blocking stretch (gc_blocking_enter)
 * meanwhile.  The time since its last step until the return is in no step of
 * the caller.  (S) */
void wl_threads(wl_thread *t, unsigned n, unsigned first_index,
                void (*body)(wl_thread *t, void *data), void *data);

/* Start one such thread without waiting for it, and wait for its end.  Any
 * thread may call wl_thread_join, once for each child; it is in a blocking
 * stretch meanwhile, whose time is in no step.  (S) */
typedef struct wl_child wl_child;
wl_child *wl_thread_start(wl_thread *t, unsigned index,
                          void (*body)(wl_thread *t, void *data), void *data);
void wl_thread_join(wl_thread *t, wl_child *child);

/* A mutual exclusion lock.  Waiting for it is a blocking stretch, so that the
 * thread that holds it may collect.  Static initialiser: WL_LOCK_INIT. */
typedef struct wl_lock {
  uint32_t state; /* 0: free, 1: held, 2: held and awaited (Drepper 2011) */
} wl_lock;
#define WL_LOCK_INIT                                                           \
  { 0 }
void wl_lock_acquire(wl_thread *t, wl_lock *lock); /* (S) if it must wait */
void wl_lock_release(wl_thread *t, wl_lock *lock);

/* Yields the processor in a blocking stretch, for a thread that waits for
 * another. (S) */
void wl_yield(wl_thread *t);

/* Gives the processor away for a moment: yields it, or sleeps if `tries` says
 * that the caller has waited for long.  A program that waits in vain is idle
 * then, by which a hang is told; one that only yields would hang for a long
 * time on a busy machine before it had used much processor time.  The caller is
 * in a blocking stretch, or no mutator. */
void wl_give_way(unsigned tries);

/* ------------------------------------------------------------------------- *
 * Randomness: xoshiro256** (Blackman & Vigna 2018), seeded by SplitMix64.
 * ------------------------------------------------------------------------- */

static inline uint64_t wl_random(wl_thread *t) {
  uint64_t *s = t->random;
  uint64_t x = s[1] * 5;
  uint64_t result = ((x << 7) | (x >> 57)) * 9;
  uint64_t u = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= u;
  s[3] = (s[3] << 45) | (s[3] >> 19);
  return result;
}

/* A random number, uniform in 0 .. n - 1 (Lemire 2019, without the rejection:
 * the bias is less than n / 2^64). */
static inline uint64_t wl_random_below(wl_thread *t, uint64_t n) {
  return (uint64_t)(((unsigned __int128)wl_random(t) * n) >> 64);
}

#endif
