/* workload.h: what a workload is, and what the cell runtime offers it.
 *
 * A workload is one file, workloads/NAME.c, that defines one `const workload`.
 * It is written against gc.h only and compiled once per collector.  A run of it
 * goes like this:
 *
 *   static void run(wl_thread *t) {
 *     ... build what must exist before the clock starts ...
 *     wl_begin(t);
 *     for (...) {
 *       ... a few microseconds to a millisecond of work ...
 *       wl_step(t, KIND, ops);        // ends a timed step
 *     }
 *     wl_end(t);
 *     wl_check(t, checksum == expected, "table damaged");
 *     wl_expect(t, (wl_expectation){.live = n, .cyclic = c, .allocated = a});
 *     ... drop the roots ...
 *     wl_expect(t, (wl_expectation){.live = 0, ...});
 *   }
 *
 * Rules.  A workload is deterministic for its parameters, seed and number of
 * threads: the same operations on every collector.  It knows analytically what
 * must survive, and says so at least once with its data alive and once with its
 * roots dropped.  Steps are short and alike, so that a long one means that
 * something stalled; drops are inside steps.  It never looks at the collector's
 * name, and asks nothing about the collector but what is below. */
#ifndef REAPMARK_WORKLOAD_H
#define REAPMARK_WORKLOAD_H

#include "gc.h"

typedef struct wl_thread wl_thread;

/* ------------------------------------------------------------------------- *
 * Description.
 * ------------------------------------------------------------------------- */

/* A parameter, `name:key=value`.  Values are unsigned integers ("4096", "64k",
 * "2M": powers of 1024), or one of `choices` by name, held as its index. */
typedef struct wl_param {
  const char *name;
  const char *help; /* one line, with the unit */
  uint64_t initial, min, max;
  const char *const *choices; /* NULL-terminated, or NULL for an integer */
} wl_param;

/* Bytes that the workload needs in the heap, by gc_shape_bytes, for given
 * parameters.  Exact where the workload can say so, else an upper bound within
 * 10 %.  Heap sizes given as multiples ("3x") are multiples of what the
 * collector must hold by its own declaration: `live`, plus `cyclic` if it does
 * not reclaim cycles; `allocated` if it reclaims nothing. */
typedef struct wl_volume {
  uint64_t live;      /* peak of reachable bytes */
  uint64_t cyclic;    /* total of garbage that dead cycles reach, but for what
                         becomes garbage when the roots are dropped at the end:
                         live + cyclic is the most that a counter holds */
  uint64_t allocated; /* total */
  uint64_t set_up;    /* of that, before the measured part */
} wl_volume;

/* What a workload needs of a collector; others get `n/a` with the reason.  One
 * that can do without threads but takes as many as are asked for says so: it
 * runs on every collector with one. */
enum {
  WL_NEEDS_THREADS = 1,
  WL_NEEDS_WEAK = 2,
  WL_NEEDS_FINALIZERS = 4,
  WL_TAKES_THREADS = 8,
  WL_NEEDS_DEPTH = 16 /* drops long chains */
};

enum { WL_PARAMS = 12, WL_STEP_KINDS = 6 };

typedef struct workload {
  const char *name;
  const char *summary; /* what it stresses, one line */
  const char *source;  /* where it comes from */
  const char *unit;    /* what an op is, plural: "objects", "requests" */
  const char *steps[WL_STEP_KINDS]; /* names of the kinds of steps */
  wl_param params[WL_PARAMS];       /* up to an entry without a name */
  unsigned needs;
  /* States every death by gc_free, if GC_EXPLICIT_FREE: collectors that free
   * nothing else can run it. */
  bool knows_deaths;
  /* What it calls its roots and objects, for those who explain what keeps an
   * object alive: pairs such as "global 0", "the cache" and "object 2",
   * "entry", up to NULL; or NULL.  Objects by the order in which they are made,
   * from 1; after the last one with a name, the names from "object 2" on come
   * over again. */
  const char *const *words;
  /* With `threads` as given by the user (1 where the workload has none). */
  wl_volume (*volume)(const uint64_t *params, unsigned threads);
  void (*run)(wl_thread *t);
} workload;

/* Every workload of this build, up to NULL. */
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
  const char *input;   /* the file that the workload is to read, or NULL */
  gc_heap *heap;
} wl_run;

/* One mutator thread of a run; the cell runtime owns the rest of it. */
struct wl_thread {
  wl_run *run;
  gc_mutator *m;
  unsigned index; /* 0 for the thread that `run` is called on */
  uint64_t random[4];
};

/* The value of parameter number `i`. */
static inline uint64_t wl_get(const wl_thread *t, unsigned i) {
  return t->run->params[i];
}

/* Starts and ends the measured part; main thread only, once each.  Before the
 * measured part the collector collects, so that what set-up left behind is not
 * charged to it.  wl_begin starts the first step. */
void wl_begin(wl_thread *t);
void wl_end(wl_thread *t);

/* Ends the current step of this thread, of kind `kind` (an index into
 * workload.steps), which did `ops` units of work, and starts the next one.
 * Costs one clock read.  Outside the measured part it does nothing. */
void wl_step(wl_thread *t, unsigned kind, uint64_t ops);

/* Announces that the measured part will serve `count` requests: `rate` a second
 * on a schedule that is fixed now, evenly or (`poisson`) at random times by the
 * run's seed, which take nothing of wl_random; or, with a rate of 0, each after
 * the one before (a closed loop).  Main thread, before wl_begin. */
void wl_requests(wl_thread *t, uint64_t count, uint64_t rate, bool poisson);

/* Brackets a request, in the measured part.  On a schedule, the beginning waits
 * until the request is to arrive (S), if that is still to come, and starts a
 * step; waiting is in no step, but in the measured time.  Each costs a clock
 * read. */
void wl_request_begin(wl_thread *t);
void wl_request_end(wl_thread *t);

/* Discards the time since the last step: it is in no step and not in the
 * measured time.  For work beside the heap, such as shuffling an order: CPU
 * time, page faults and pauses met meanwhile still count. */
void wl_skip(wl_thread *t);

/* Unless `ok`, the run's verdict is WRONG for the reason given (printf format).
 * The first failure is kept and the run goes on. */
void wl_check(wl_thread *t, bool ok, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What must be in the heap now, in objects, weak references included:
 * `live`: reachable; `cyclic`: garbage that dead cycles reach, of all that was
 * made so far; `allocated`: all objects made so far.  Collects, then holds the
 * collector to what it declares: exactly live, live + cyclic, or allocated
 * objects.  Fewer is WRONG, more is a LEAK, which is as declared only if the
 * number is.  A conservative collector may keep a few more (cell_spare).  No
 * other mutator thread may touch the heap; not measured.
 * `bytes`: of the live objects, by gc_shape_bytes; to be told by the first
 * expectation after the measured part, where it says how much of the memory is
 * lost to fragmentation (0: not told). */
typedef struct wl_expectation {
  uint64_t live, cyclic, allocated;
  uint64_t bytes;
} wl_expectation;
void wl_expect(wl_thread *t, wl_expectation e);

/* Of objects whose death the workload knows, all or a fixed share of those that
 * die: one has died; the collector has shown that it found one dead, so many
 * ops after its death, with all the bytes that died with it.  Main thread only;
 * outside the measured part they do nothing. */
void wl_died(wl_thread *t);
void wl_reclaimed(wl_thread *t, uint64_t ops, uint64_t bytes);

/* Of things that happen only to objects that are reclaimed (finalizers run,
 * weak references cleared): `acyclic` must have happened if acyclic garbage is
 * reclaimed, `cyclic` more if cycles are.  `actual` must be exactly that.
 * `what` names them in the reason. */
void wl_expect_reclaimed(wl_thread *t, const char *what, uint64_t actual,
                         uint64_t acyclic, uint64_t cyclic);

/* How many of so many dead objects the collector may keep beyond what it
 * declares: none, unless it is conservative. */
uint64_t wl_spare(uint64_t garbage);

/* Ends the run as WRONG, from any thread: `oracle`, a word, says which
 * comparison failed, at which operation (a number of the workload's own);
 * `story` tells the rest, in lines, the first of which is the reason.  For runs
 * that a second difference could only confuse. */
_Noreturn void wl_violation(wl_thread *t, const char *oracle,
                            uint64_t operation, const char *story);

/* Adds a deterministic count to the record, or to one of that name there (a
 * string that stays).  Main thread. */
void wl_count(wl_thread *t, const char *name, uint64_t n);

/* ------------------------------------------------------------------------- *
 * Leaks: what is still held of things that the workload is done with, round
 * after round.
 * ------------------------------------------------------------------------- */

typedef enum wl_moment {
  WL_START,     /* once, before the first round; collects */
  WL_DROPPED,   /* right after the last reference was dropped that the workload
                   means to have */
  WL_QUIET,     /* after some unrelated work; nobody asked for a collection */
  WL_COLLECTED, /* as wl_expect, which collects; this ends the round */
  WL_MOMENTS
} wl_moment;

/* Records what the heap holds at this moment, if the collector can tell
 * (gc_heap_usage), and holds the collector to what it declares.  `e` is as for
 * wl_expect, which WL_START and WL_COLLECTED imply.  At the other two, garbage
 * that is no older than the last collection may still be there if the collector
 * does not declare to reclaim it at once; it is an error as well if a collector
 * reclaims at once, in every round, what it does not declare to.  Any thread;
 * no other mutator may touch the heap meanwhile. */
void wl_held(wl_thread *t, wl_moment moment, wl_expectation e);

/* ------------------------------------------------------------------------- *
 * Threads and locks.
 * ------------------------------------------------------------------------- */

/* Runs `body(thread, data)` on `n` new threads, attached as mutators with
 * indices first_index .. first_index + n - 1 and random generators seeded from
 * the run's seed and their index, started together; returns when all have
 * detached.  The caller is blocked (gc_blocking_enter) meanwhile, and none of
 * that, nor what it did since its last step, is in a step of its own.  (S) */
void wl_threads(wl_thread *t, unsigned n, unsigned first_index,
                void (*body)(wl_thread *t, void *data), void *data);

/* The same for one thread that the caller does not wait for: wl_thread_join
 * does, which the caller or any other thread calls once, being blocked
 * meanwhile.  (S)  Its time is in no step. */
typedef struct wl_child wl_child;
wl_child *wl_thread_start(wl_thread *t, unsigned index,
                          void (*body)(wl_thread *t, void *data), void *data);
void wl_thread_join(wl_thread *t, wl_child *child);

/* A mutual exclusion lock.  Waiting for it is a blocking stretch, so a thread
 * that holds it may collect.  Static initialiser: WL_LOCK_INIT. */
typedef struct wl_lock {
  uint32_t state; /* 0 free, 1 held, 2 held and awaited (Drepper 2011) */
} wl_lock;
#define WL_LOCK_INIT                                                           \
  { 0 }
void wl_lock_acquire(wl_thread *t, wl_lock *lock); /* (S) if it must wait */
void wl_lock_release(wl_thread *t, wl_lock *lock);

/* Lets another thread run when this one can only wait for it.  (S) */
void wl_yield(wl_thread *t);

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

/* Uniform in 0 .. n - 1 (Lemire 2019, without the rejection: the bias is under
 * n / 2^64). */
static inline uint64_t wl_random_below(wl_thread *t, uint64_t n) {
  return (uint64_t)(((unsigned __int128)wl_random(t) * n) >> 64);
}

#endif
