/* trade-off.h: what one gets for what one gives: time over memory, at several
 * settings of the same thing.  Pure functions, but for sorting. */
#ifndef REAPMARK_TRADE_OFF_H
#define REAPMARK_TRADE_OFF_H

#include <stddef.h>

/* A measured point: `cost` (memory) is given for `value` (time).  Less of both
 * is better.  Both are positive. */
typedef struct stat_point {
  double cost, value;
} stat_point;

/* Sorts by cost, and keeps at the beginning those points that are better than
 * all cheaper ones (the Pareto front), whose number is returned.  The others
 * are lost. */
size_t stat_front(stat_point *points, size_t n);

/* The value that a front gives for at most this cost: between neighbours a line
 * in logarithms of both; beyond the last point, what that gives.  NAN if not
 * even the cheapest point is so cheap. */
double stat_front_at(const stat_point *front, size_t n, double cost);

/* How much worse front `of` is than the best of all fronts (arrays of `counts`
 * points) over the costs from `from` to `to`: the geometric mean of the ratio
 * of the values, over the logarithm of the cost.  1: nowhere worse.  NAN if the
 * front does not begin by `from`, or if the range is empty. */
double stat_front_excess(const stat_point *const *fronts, const size_t *counts,
                         size_t fronts_count, size_t of, double from,
                         double to);

#endif
