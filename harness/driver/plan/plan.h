/* plan.h: what will be run, and in which order.
 *
 * A cell is one collector on one workload with its parameters, heap size and
 * number of threads.  The cells that differ in the collector only are a block:
 * they are compared with each other, so they run next to each other; so do the
 * cells of a target.
 *
 * A plan of a suite has one cell more, the canary: always the same work by the
 * same collector, run at the beginning, in the middle and at the end of every
 * round, so that a drift of the machine is seen. */
#ifndef REAPMARK_PLAN_H
#define REAPMARK_PLAN_H

#include "harness/driver/programs/discover.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the user asked for.  NULL and 0: as the suite has it. */
typedef struct plan_request {
  const char *suite;
  const char *collectors, *workloads, *heaps, *threads; /* lists */
  const char *rates; /* list: only workloads with a rate, at each of these */
  bool searched;     /* the rate is: no user asked for these */
  uint64_t invocations;
  double timeout;
  uint64_t seed;
  bool observer;           /* every cell also without instruments */
  double until_ci, budget; /* as in the plan */
  const json_t *minimums;  /* minheap.json: multiples are of these, or NULL */
} plan_request;
enum { PLAN_SEED = 42 };

/* What the identity of a cell without instruments ends in. */
#define PLAN_UNTIMED "/instrument=off"

typedef struct plan_cell {
  const char *id;        /* WORKLOAD/COLLECTOR/heap=H/threads=T/seed=S */
  const char *workload;  /* with parameters, NAME:KEY=VALUE,... */
  const char *collector; /* with options, likewise */
  const char *heap;
  unsigned threads;
  const char *missing; /* why the pair cannot run, or NULL */
  uint64_t limit;      /* the heap in bytes where `heap` does not tell, or 0 */
  bool canary;
  bool untimed;   /* without instruments */
  bool reference; /* an adapter's: in tables of their own */
  bool turns;     /* of its threads, which are several, one runs at a time */
  size_t block;
} plan_cell;

/* suite_target of suite.h, its cells by their identities. */
typedef struct plan_target {
  const char *name, *what, *metric;
  const char *cell, *over;   /* over: NULL if there is none */
  double gate, stretch, rss; /* stretch, rss: 0 if there is none */
  bool floor;
} plan_target;

typedef struct plan_run {
  size_t cell;
  unsigned invocation; /* 1, 2, ...; of the canary likewise */
} plan_run;

typedef struct plan {
  const char *suite;
  unsigned invocations;
  double timeout; /* of a run, seconds */
  uint64_t seed;  /* of the workloads and of the order */
  plan_cell *cells;
  size_t cells_count;
  plan_target *targets;
  size_t targets_count;
  const char *table; /* that the run ends with; NULL: all metrics */
  plan_run *runs;    /* in the order of execution */
  size_t runs_count;
  /* Rounds are added while the interval of a cell's median throughput is wider
   * than ± this share of it (0: never), as long as the runs added took less
   * than `budget` seconds (0: no matter). */
  double until_ci, budget;
  uint64_t order; /* state of the generator of the order */
} plan;
/* No cell has more invocations because of until_ci. */
enum { PLAN_UNTIL_MOST = 100 };

/* Makes the plan for a request; the same one for the same request.  Returns an
 * exit code: 0, 2 after a mistake or 3 if nothing matches, both of which were
 * said. */
int plan_make(const plan_request *request, const collectors *all, plan *out);

/* Adds a round of the next invocation, for the cells of which `wanted` says so;
 * the same one for the same rounds before. */
void plan_add_round(plan *p, unsigned invocation, const bool *wanted);

/* The run's identity: the cell's with "#INVOCATION".  As arena_text. */
const char *plan_key(const plan *p, const plan_run *run);

/* plan.json, and back.  Reading returns false if it is not a plan. */
json_t *plan_to_json(const plan *p);
bool plan_from_json(const json_t *json, plan *out);

/* Where a recorded plan differs from another, for the user, or NULL. */
const char *plan_difference(const json_t *recorded, const json_t *wanted);

#endif
