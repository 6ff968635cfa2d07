/* goals.h: what a user wants of a collector: "p99 <= 5ms", "heap <= 512M".
 *
 *   NAME OP VALUE    NAME is a metric (metrics.h), may go without its last
 *                    words, or is a short name of the list below; OP is <=, <,
 *                    >= or >; VALUE is a decimal number with a unit that fits
 *                    the metric: ns, us, ms, s; k, M, G (powers of 1024 for
 *                    bytes, of 1000 for rates and counts), with B or iB; %.
 *
 *   p99, p99.9       of requests, from when they were to arrive
 *   pause, step      the longest pause; the worst step
 *   heap, rss        peak footprint; peak of resident memory
 *   throughput, cpu, wall, gc */
#ifndef REAPMARK_GOALS_H
#define REAPMARK_GOALS_H

#include "load.h"

#include <stddef.h>

typedef struct goal {
  const char *text; /* as the user wrote it, without needless blanks */
  const metric *metric;
  bool at_most;
  double bound; /* in the metric's base unit */
} goal;

typedef struct goal_list {
  goal *items;
  size_t count;
} goal_list;

/* Adds the goal.  Returns NULL, or in the arena what is wrong with it. */
const char *goal_add(goal_list *list, const char *text);

typedef enum goal_verdict {
  GOAL_UNKNOWN, /* the cell has no such number */
  GOAL_MET,
  GOAL_MISSED,   /* also by a failure, such as OOM */
  GOAL_UNDECIDED /* the bound lies within what the runs show */
} goal_verdict;

/* How a cell stands to a goal.  Of a median, all of its 95 % interval must be
 * on one side; with too few invocations for an interval, and of a figure that
 * is a maximum, all invocations must be. */
typedef struct goal_result {
  goal_verdict verdict;
  double value;       /* the cell's figure; NAN: unknown */
  double low, high;   /* what was held against the bound */
  bool interval;      /* that is an interval, else the range of all runs */
  double needed;      /* of GOAL_UNDECIDED: invocations that may decide, or
                         HUGE_VAL */
  const char *reason; /* of GOAL_UNKNOWN, and of a failure */
} goal_result;

goal_result goal_judge(const goal *g, const report_cell *c);

#endif
