/* gbench.h: a C API for Google Benchmark, so that C programs can use its
 * adaptive timing engine and write the JSON that its tools read, without any
 * C++.
 *
 * A benchmark is a C function that runs its loop once:
 *
 *   static void body(gb_state *st, void *data) {
 *     ... set up ...
 *     for (uint64_t n = gb_begin(st); n > 0; n--)
 *       ... what is timed ...
 *     gb_end(st);
 *     ... counters, a label ...
 *   }
 *
 * The engine calls it with rising iteration counts until the loop takes long
 * enough, then once for each repetition.  Between gb_begin and gb_end nothing
 * of this library runs: the loop is the caller's own, and counting down costs
 * two instructions, as C++'s `for (auto _ : state)` does.  (Counting up takes
 * a third one, the comparison.)
 *
 * The library never ends the process because of a benchmark: a body that
 * fails, forgets its loop, leaves it early or runs it twice gets a result row
 * with an error.  README.md has an example, and what to know about the engine.
 *
 * Versions.  Within a major version programs keep working, compiled or as text:
 * functions, and fields at the end of gb_row, may be added with a minor one.
 * gb_config and all that is there do not change.
 *
 * Threads.  Functions with a gb_state are called by the thread that the body
 * runs on; the others by one thread at a time, and not from a body. */
#ifndef GBENCH_H
#define GBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header, as parts and as one number: 1.2.3 is 10203. */
#define GB_VERSION_MAJOR 1
#define GB_VERSION_MINOR 0
#define GB_VERSION_PATCH 0
#define GB_VERSION                                                             \
  (GB_VERSION_MAJOR * 10000 + GB_VERSION_MINOR * 100 + GB_VERSION_PATCH)

/* The version of the library that the program runs with, as GB_VERSION.  With
 * the shared library that may be a later one than that of the header.  Any
 * thread may call this at any time. */
int gb_version(void);

/* ------------------------------------------------------------------------- *
 * Registering.
 * ------------------------------------------------------------------------- */

/* A benchmark while it runs, on one thread. */
typedef struct gb_state gb_state;

typedef void gb_body(gb_state *st, void *data);

/* The time that decides how many iterations are enough, and that rates are
 * relative to. */
typedef enum gb_clock {
  GB_CPU_TIME,   /* of the body's thread */
  GB_REAL_TIME,  /* wall clock */
  GB_MANUAL_TIME /* the sum of gb_set_iteration_time */
} gb_clock;

/* The unit of times in the JSON file.  Rows are always in nanoseconds. */
typedef enum gb_unit {
  GB_NANOSECOND,
  GB_MICROSECOND,
  GB_MILLISECOND,
  GB_SECOND
} gb_unit;

/* All fields but the name may be 0. */
typedef struct gb_config {
  const char *name;
  const int64_t *args; /* what gb_arg returns; part of the full name */
  size_t arg_count;
  const char *const *arg_names; /* arg_count of them, or NULL */
  uint64_t iterations;  /* how many; 0: as many as min_time needs, but 1 for
                           GB_MANUAL_TIME, for which the engine would find no
                           other end */
  unsigned repetitions; /* 0: one */
  double min_time;      /* seconds; 0: 0.5.  Not together with iterations */
  gb_unit unit;
  gb_clock clock;
  bool process_cpu; /* CPU time is that of the whole process */
  unsigned threads; /* threads that run the body at once; 0: one */
} gb_config;

/* Registers a benchmark.  `config` and what it points to are copied; `data` is
 * handed to the body and must outlive the runs.  Returns NULL, or what is
 * wrong with the configuration (a string constant). */
const char *gb_register(const gb_config *config, gb_body *body, void *data);

/* Forgets all benchmarks, so that others may be registered and run. */
void gb_unregister_all(void);

/* Adds a line to the context of every JSON file written from now on.  Both
 * strings are copied.  Returns false if the key was added before. */
bool gb_add_context(const char *key, const char *value);

/* ------------------------------------------------------------------------- *
 * In a body.
 * ------------------------------------------------------------------------- */

/* Starts the clock and returns the number of iterations to do before gb_end: 0
 * after an error.  With several threads, waits for all of them. */
uint64_t gb_begin(gb_state *st);

/* Stops the clock.  With several threads, waits for all of them. */
void gb_end(gb_state *st);

/* Instead of the two above: `while (gb_keep_running(st)) ...`, for bodies that
 * act on single iterations (errors, manual times).  A call costs a nanosecond
 * or two, and they are measured. */
bool gb_keep_running(gb_state *st);

/* Stop and restart the clock inside the loop; some hundred nanoseconds for the
 * two.  Without effect outside the loop, after an error, and where the clock
 * stands (or runs) already. */
void gb_pause(gb_state *st);
void gb_resume(gb_state *st);

/* Adds to the manual time, in seconds. */
void gb_set_iteration_time(gb_state *st, double seconds);

/* Ends this repetition with an error, before, in or after the loop.  The first
 * message is kept (copied).  A gb_keep_running loop ends with the current
 * iteration, a gb_begin loop is the caller's to leave.  After an error in the
 * first repetition the others are not run and fail with the same message. */
void gb_skip_with_error(gb_state *st, const char *message);

/* Whether this thread's repetition has failed. */
bool gb_failed(const gb_state *st);

/* Argument number `i` of the configuration.  If there is none, that is an
 * error, and the result is 0. */
int64_t gb_arg(gb_state *st, size_t i);

/* The number of this thread, from 0, and the number of threads. */
unsigned gb_thread_index(const gb_state *st);
unsigned gb_threads(const gb_state *st);

/* What a counter's value becomes in the result.  Flags may be combined. */
enum {
  GB_PLAIN = 0,
  GB_RATE = 1,                 /* divided by the time, in seconds */
  GB_AVG_THREADS = 2,          /* divided by the number of threads */
  GB_ITERATION_INVARIANT = 4,  /* multiplied by the iterations */
  GB_AVG_ITERATIONS = 8,       /* divided by the iterations */
  GB_INVERT = (int)(~0u << 31) /* one over it, after all others */
};

/* Sets a counter, once per thread, in or (better) after the loop; values of
 * several threads are added up.  A counter must have the same flags whenever
 * it is set; other flags are an error.  Its name must not be one of those that
 * the JSON file uses itself ("name", "iterations", "threads", ...). */
void gb_set_counter(gb_state *st, const char *name, double value, int flags);

/* The counters items_per_second and bytes_per_second, from totals. */
void gb_set_items(gb_state *st, int64_t items);
void gb_set_bytes(gb_state *st, int64_t bytes);

/* A text that is shown with the result; copied.  A later label replaces it. */
void gb_set_label(gb_state *st, const char *label);

/* Makes the compiler believe that `value` is used, and that all of memory is
 * read and written.  They cost no instruction of their own. */
#define gb_use(value) __asm__ volatile("" : : "r,m"(value) : "memory")
static inline void gb_clobber(void) {
  __asm__ volatile("" : : : "memory");
}

/* ------------------------------------------------------------------------- *
 * Running.
 * ------------------------------------------------------------------------- */

typedef struct gb_counter {
  const char *name;
  double value; /* finite: an infinite rate is DBL_MAX, a value that is not a
                   number is 0 */
} gb_counter;

/* A line of results: one repetition, or a statistic over those that did not
 * fail. */
typedef struct gb_row {
  size_t index;          /* of the benchmark, in order of registration */
  const char *name;      /* as registered */
  const char *full_name; /* with the engine's suffixes, as in the JSON file */
  const char *aggregate; /* NULL for a repetition; else "mean", "median",
                            "stddev" or "cv" */
  bool ratio;            /* of an aggregate: times and counters are ratios */
  unsigned repetition;   /* 0, 1, ...; of an aggregate 0 */
  unsigned threads;
  uint64_t iterations; /* of all threads; of an aggregate: the number of
                          repetitions that it summarises */
  double real_ns;      /* per iteration: by the wall, or the manual clock */
  double cpu_ns;       /* per iteration */
  const gb_counter *counters; /* by name */
  size_t counter_count;
  const char *error; /* NULL, or the message; no times and counters then */
  const char *label; /* "" if there is none */
} gb_row;

/* Called for each row.  What the row points to lives until it returns. */
typedef void gb_report(const gb_row *row, void *data);

/* Runs all benchmarks in order of registration.  Rows of a benchmark are
 * reported together, after its last repetition.  `report` may be NULL.  With a
 * `json_path`, writes Google Benchmark's JSON there, whole or not at all.
 * Prints nothing.  Returns the number of repetitions that failed, or -1 with
 * errno set: nothing is registered (ENOENT), or what kept the file from being
 * written. */
int gb_run(gb_report *report, void *data, const char *json_path);

#ifdef __cplusplus
}
#endif

#endif
