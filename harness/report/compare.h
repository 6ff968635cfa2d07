/* compare.h: one set of results against another, metric by metric.
 *
 * A row is a cell that both sides have.  Its invocations are compared: medians
 * with their intervals, the ratio of the medians with a bootstrap interval, and
 * Mann & Whitney's test with Holm's adjustment over the cells of the table.
 *
 * Where a side has results of several machines, what is compared is within each
 * machine (machines.h): of one directory the ratios of each round, with the
 * test of signed ranks; of two the samples of each machine that both have, with
 * the stratified test.  Whether the ratio depends on the machine is tested
 * apart.
 *
 * Everything lives in the arena. */
#ifndef REAPMARK_COMPARE_H
#define REAPMARK_COMPARE_H

#include "load.h"
#include "machines.h"
#include "harness/output/table.h"
#include "harness/stats/difference.h"
#include "harness/stats/interval.h"

#include <stdbool.h>
#include <stddef.h>

/* A side: all cells of a report, or those of one collector. */
typedef struct compare_side {
  const char *name; /* for the user */
  const report *report;
  const char *collector; /* as the plan has it; NULL: all */
} compare_side;

typedef struct compare_rules {
  double alpha;     /* of a table, after Holm */
  double threshold; /* a smaller change does not matter; 0: any does */
} compare_rules;

typedef enum compare_verdict {
  COMPARE_NONE,  /* one side has no such number */
  COMPARE_SAME,  /* no significant difference */
  COMPARE_SMALL, /* significant, but below the threshold */
  COMPARE_BETTER,
  COMPARE_WORSE
} compare_verdict;

/* Cells that belong together: the same workload, heap and threads, and unless
 * the sides are collectors the same collector.  A side that does not have it is
 * NULL. */
typedef struct compare_pair {
  const char *label; /* WORKLOAD/COLLECTOR/heap=H/threads=T, what is shared */
  const report_cell *base, *fresh;
} compare_pair;

/* Two sides, cell by cell: those that both expect to run nothing are left out.
 * Made once for all metrics. */
typedef struct compare_sides {
  compare_side base, fresh;
  compare_pair *pairs;
  size_t count;
} compare_sides;

/* One side of a row. */
typedef struct compare_sample {
  const report_cell *cell; /* NULL: this side does not have it */
  double *values;          /* by invocation; NULL unless each has the number */
  size_t n;
  double median;          /* NAN also if they are of several machines */
  stat_interval interval; /* of the median; NAN below 6 invocations, likewise */
} compare_sample;

typedef struct compare_row {
  const char *label; /* of the pair */
  compare_sample base, fresh;
  compare_verdict verdict;
  /* NAN in COMPARE_NONE. */
  double change; /* of the medians: 0.1 is 10 % more; may be infinite */
  double p;      /* adjusted over the table */
  stat_test test;
  /* NAN also unless all values are positive. */
  stat_interval ratio; /* of the medians, bootstrap */
  /* Of COMPARE_SAME: the invocations a side at which the ratio's interval would
   * be as narrow as the threshold, or as the change seen if there is no
   * threshold; HUGE_VAL for never, NAN if not available. */
  double needed;
  /* Of several machines. */
  stat_strata strata; /* the ratios, if both sides are of one report */
  size_t *machines;   /* their places in the report's `machines` */
  stat_pair *pairs;   /* else the samples, by machine */
  size_t pairs_count;
  stat_test interaction; /* of machine and side, of `strata`; p is adjusted over
                            the table; NAN: not tested */
} compare_row;

typedef struct comparison {
  const metric *metric;
  compare_side base, fresh;
  compare_rules rules;
  compare_row *rows; /* one for each pair */
  size_t count;
  bool by_machine; /* a side is of several machines */
  size_t tested;   /* rows with a p */
  size_t complete; /* rows with a ratio: those of the geometric mean */
  double geomean;  /* of their ratios */
  stat_interval geomean_interval;
} comparison;

/* Reads what a cell of a report has of a metric.  Without a number for every
 * invocation, or if the numbers may not be compared (exercise.h), and of a cell
 * that is NULL or not good, `values` is NULL.  Of results of several machines
 * there is no median.  `scratch` has room for the values. */
void compare_read(compare_sample *s, const report *r, const report_cell *c,
                  const metric *of, double *scratch);

/* The two samples of a row that has values on both sides. */
stat_pair compare_values(const compare_row *row);

/* The test of all rows together: stratified by row, and by machine where there
 * are several.  Not adjusted. */
stat_test compare_test(const comparison *c);

/* How many machines ran both sides of a row, if a side is of several. */
size_t compare_machines(const compare_row *row);

/* How much worse the new side is: 0.1 for 10 % lower throughput or 10 % longer
 * pauses; negative if it is better. */
double compare_worse(const comparison *c, const compare_row *row);

/* Whether the ratio of a row depends on the machine: "+12 % on one to -3 % on
 * two (p 0.002)", or NULL if the test does not say so. */
const char *compare_interaction_text(const comparison *c,
                                     const compare_row *row);

/* How many rows were tested for that. */
size_t compare_interactions(const comparison *c);

compare_sides *compare_match(compare_side base, compare_side fresh);
comparison *compare_make(const compare_sides *sides, const metric *of,
                         compare_rules rules);

/* The page of `count` comparisons of one base: those of a new side stand
 * together, and all have the same rows in the same order. */
page *compare_page(comparison *const *all, size_t count);

/* A/A: each cell against itself.  The invocations of a cell are cut into groups
 * of 2 `half` that follow each other.  Of each two neighbours in a group one
 * goes to either side by lot, as the driver's order puts collectors next to
 * each other.  Thus the groups are independent, and a drift of the machine is
 * in them as it is in a comparison of collectors.  Whatever is significant is a
 * false difference. */
typedef struct compare_aa {
  const metric *metric;
  size_t comparisons, significant; /* of single cells, p <= alpha */
  size_t bound;  /* chance explains so many, at COMPARE_AA_CONFIDENCE */
  size_t tables; /* groups of the same number in all cells */
  size_t tables_significant; /* with a p <= alpha after Holm */
  size_t tables_bound;
} compare_aa;
#define COMPARE_AA_CONFIDENCE 0.99
compare_aa compare_against_itself(const report *r, const metric *of,
                                  size_t half, double alpha, uint64_t seed);

#endif
