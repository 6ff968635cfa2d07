/* standing.h: which collector is best by one metric in heaps of one size, and
 * which of the others can be told apart from it.
 *
 * Collectors are ranked by the geometric mean, over workloads, of their ratios
 * to each other.  Means over different workloads cannot be compared, and a
 * collector that fails has no time.  So ranked are the collectors that have
 * usable numbers of the most workloads, over the workloads that all of these
 * have in common; every other collector is named with what it lacks.
 *
 * Every ranked collector is tested against the one that is seen best: over all
 * workloads together (stat_stratified_test), so that a few runs of several
 * workloads suffice, with Holm's adjustment over the collectors.  That the best
 * one was chosen by the same numbers is not accounted for: a close second may
 * be the best in truth.  Which single workloads differ is tested as compare.h
 * does, with Holm's adjustment over the workloads of that collector.
 *
 * Everything lives in the arena. */
#ifndef REAPMARK_STANDING_H
#define REAPMARK_STANDING_H

#include "load.h"
#include "harness/stats/interval.h"

#include <stdbool.h>
#include <stddef.h>

/* The probability of any false difference in a ranking. */
#define STANDING_ALPHA 0.05

typedef enum stands {
  STANDS_BEST,
  STANDS_TIED,   /* no significant difference */
  STANDS_BEHIND, /* significantly worse, and in no workload better */
  STANDS_MIXED,  /* better in some of several workloads, or worse in some while
                    all of them together do not differ */
  STANDS_OUT     /* not ranked */
} stands;

typedef struct standing {
  const char *collector;
  stands stands;
  double value; /* of the metric, if there is one workload; or NAN */
  double ratio; /* to the best: geometric mean of the ratios of medians, or NAN
                   where a median is 0 */
  stat_interval interval; /* of the ratio, by the bootstrap; or NAN */
  double p;               /* of the test, adjusted; NAN of the best */
  size_t worse, better;   /* workloads with a significant difference */
  size_t runs;            /* the fewest of its cells */
  double needed;          /* of STANDS_TIED: invocations of each cell with which
                             the difference seen, if it is one, could be told;
                             HUGE_VAL: never */
  const report_cell **cells; /* one for each workload; NULL of STANDS_OUT */
  const char *reason;        /* of STANDS_OUT: "cycles: LEAK 2000 (declared)" */
} standing;

typedef struct ranking {
  const metric *metric;
  const char *heap;
  bool reference;         /* of adapters, else of models */
  const char **workloads; /* those that were compared, with their threads */
  size_t workloads_count;
  standing *standings; /* best first, STANDS_OUT last */
  size_t count, ranked;
  size_t tests; /* the family of Holm's adjustment */
} ranking;

/* Ranks by the metric, which must be better one way; only by the workload of
 * the cell `like`, unless that is NULL.  Without any usable number nothing is
 * ranked. */
ranking standing_rank(const report *r, const metric *of, const char *heap,
                      bool reference, const report_cell *like);

/* The standing of a collector, or NULL. */
const standing *standing_find(const ranking *k, const char *collector);

/* The heap in which collectors are best compared at equal memory: the limited
 * one in which most cells may be compared by time, of those the smallest; with
 * none, whatever the plan begins with.  NULL without cells. */
const char *standing_heap(const report *r);

/* The heaps of the plan, each once, in its order; *count becomes how many. */
const char **standing_heaps(const report *r, size_t *count);

/* Whether a cell's numbers of this metric may be ranked: it did what was asked
 * for, reclaimed everything, its collector was exercised, every invocation has
 * the number, and the number is the collector's: where requests arrive on a
 * schedule, the wall time is the schedule's. */
bool standing_usable(const report_cell *c, const metric *m);

/* Why not, in a few words; NULL if it may. */
const char *standing_unusable_text(const report_cell *c, const metric *m);

/* "binary-trees" for "binary-trees:depth=14,…", unless the report has several
 * workloads of that name: then the settings that set it apart stay. */
const char *standing_short_work(const report *r, const report_cell *c);

#endif
