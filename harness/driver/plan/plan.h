/* plan.h: which cells will be run, and in which order.
 *
 * A cell is one collector on one workload with its parameters, heap size and
 * number of threads.  A plan holds parsed values: every word of the command
 * line and of the suite is read when the plan is made (resolve.h), and nobody
 * reads it again.
 *
 * The cells that differ in the collector only are a block.  They are compared
 * with each other, so they run next to each other; so do the cells of a target.
 *
 * A plan of runs that are compared has one cell more, the canary: always the
 * same work by the same collector, run at the beginning, in the middle and at
 * the end of every round, so that a drift of the machine is seen. */
#ifndef REAPMARK_PLAN_H
#define REAPMARK_PLAN_H

#include "harness/base/heap-size.h"
#include "harness/driver/programs/discover.h"
#include "harness/record/record.h"
#include "harness/record/round-set.h"
#include "resolve.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the user asked for.  NULL and 0: as the suite has it. */
typedef struct plan_request {
  const char *suite;                                    /* name or path */
  const char *collectors, *workloads, *heaps, *threads; /* lists */
  const char *rates; /* list: only workloads with a rate, at each of these */
  bool searched;     /* the command chose the rates, not the user */
  uint64_t invocations;
  double timeout; /* of a run, seconds */
  uint64_t seed;
  bool observer;           /* every cell also without instruments */
  bool canary;             /* with the canary */
  double until_ci, budget; /* as in the plan */
  uint64_t exercise;       /* collections of each cell, of lengthen.h; 0: any */
  const char *pin, *wrap, *latencies; /* as in the plan */
  const char *rounds;                 /* a round_set: these alone */
  const json_t *minimums; /* minheap.json: multiples are of these, or NULL */

  /* A command that has resolved its words gives these instead of the lists
   * `workloads` and `collectors`. */
  spec_list chosen_workloads;
  chosen_list chosen_collectors;
} plan_request;
enum { PLAN_SEED = 42 };

/* The collector of the canary. */
#define PLAN_CANARY_COLLECTOR "mark-sweep"

typedef struct plan_cell {
  const char *id;           /* WORKLOAD/COLLECTOR/heap=H/threads=T/seed=S */
  spec workload;            /* with its parameters */
  const collector *program; /* NULL: not built, or gone since the plan was
                               recorded */
  spec options;             /* the collector's name, with its options */
  heap_size heap;
  unsigned threads;
  const char *missing; /* why the collector cannot run the workload, or NULL */
  bool canary;
  bool untimed;   /* runs without instruments */
  bool reference; /* a production runtime, or a diagnostic: shown in tables of
                     its own */
  bool turns;     /* has several threads, of which one runs at a time */
  size_t block;
} plan_cell;

/* suite_target of suite.h, its cells by their identities. */
typedef struct plan_target {
  const char *name, *what, *metric;
  const char *cell;
  const char *over, *by_hand; /* NULL if there is none */
  const char *over_metric;    /* NULL: the same metric */
  double gate, stretch, rss;  /* stretch, rss: 0 if there is none */
  bool floor;
} plan_target;

typedef struct plan_run {
  size_t cell;
  unsigned invocation; /* 1, 2, ...; the canary's runs are numbered likewise */
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
  size_t runs_room;                 /* elements of `runs`; kept by order.c */
  const struct block_table *blocks; /* likewise */
  unsigned canary_runs;             /* of these runs */
  /* NULL: all rounds follow each other in one directory.  Else each round
   * stands alone, with runs of the canary of its own at both ends, and `runs`
   * has these rounds only; of `invocations` rounds of the plan. */
  const round_set *rounds;
  /* Rounds are added while the interval of a cell's median throughput is wider
   * than ± this share of the median (0: never), until the added runs have taken
   * `budget` seconds (0: no limit). */
  double until_ci, budget;
  uint64_t exercise; /* the collections that its workloads were made longer
                        for; 0: they were not */
  /* What every run gets beside its cell (run/around.h), each NULL for nothing:
   * the PUs of its threads, a command around it, and the file for the times of
   * its requests. */
  const char *pin, *wrap, *latencies;
  uint64_t order; /* state of the generator that shuffles the runs */
} plan;
/* No plan has more for each cell; and no cell more because of until_ci. */
enum { PLAN_MOST_INVOCATIONS = ROUND_SET_MOST };
enum { PLAN_UNTIL_MOST = 100 };

/* Makes the plan for a request; the same one for the same request.  Borrows
 * `all` for as long as the plan is used.  Returns an exit code: 0, 2 after a
 * mistake or 3 if nothing matches, both of which were said. */
int plan_make(const plan_request *request, const collectors *all, plan *out);

/* The cell for people, what differs most first: "mark-sweep, requests, heap
 * 3x". In the arena. */
const char *plan_cell_text(const plan_cell *c);

/* Adds a cell, for plan_order to number. */
void plan_add_cell(plan *p, plan_cell c);

#endif
