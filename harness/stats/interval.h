/* interval.h: confidence intervals of small samples and of their ratios.
 *
 * A value is a figure of one invocation, which is a process of its own.  All
 * functions are pure and leave the samples as they are.  `confidence` is
 * between 0 and 1, such as 0.95.  Where there is no interval (too few values,
 * no positive denominator), both ends are NAN. */
#ifndef REAPMARK_INTERVAL_H
#define REAPMARK_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct stat_interval {
  double low, high;
} stat_interval;

/* ------------------------------------------------------------------------- *
 * Median: distribution-free.  The values of ranks k and n + 1 - k enclose the
 * median with probability 1 - 2 P(B < k), where B is binomial(n, 1/2), whatever
 * the distribution is (Conover, Practical Nonparametric Statistics, 3.2).
 * ------------------------------------------------------------------------- */

/* The largest such k (from 1) that keeps the confidence, or 0 if not even the
 * range of the sample does.  *coverage (may be NULL) becomes the confidence
 * that rank k really has. */
size_t stat_median_rank(size_t n, double confidence, double *coverage);

/* The fewest values with which the median has an interval. */
size_t stat_fewest_for_median(double confidence);

/* The interval of the median; `values` in any order. */
stat_interval stat_median_interval(const double *values, size_t n,
                                   double confidence);

/* How well the median is known, as a share of its absolute value: half the
 * width of its interval, or where there is none, half the range.  0 for fewer
 * than 2 values or a median of 0. */
double stat_half_spread(const double *values, size_t n, double confidence);

/* ------------------------------------------------------------------------- *
 * Means, for distributions that are about normal.
 * ------------------------------------------------------------------------- */

typedef struct stat_moments {
  size_t n;
  double mean, deviation; /* of the sample, by n - 1; NAN for n < 2 */
} stat_moments;
stat_moments stat_moments_of(const double *values, size_t n);

/* Student's interval: mean ± t s / sqrt(n). */
stat_interval stat_mean_interval(const stat_moments *m, double confidence);

/* Fieller's interval of the ratio of two independent means, as Kalibera &
 * Jones (ISMM 2013) use it: with the half widths h of their intervals, (xy ±
 * sqrt((xy)² - (y² - hy²)(x² - hx²))) / (x² - hx²) for y / x.  None unless x
 * is distinct from 0, x² > hx². */
stat_interval stat_fieller(const stat_moments *above, const stat_moments *below,
                           double confidence);

/* ------------------------------------------------------------------------- *
 * Ratios by the percentile bootstrap (Efron 1979).
 * ------------------------------------------------------------------------- */

typedef enum stat_location { STAT_MEAN, STAT_MEDIAN } stat_location;

/* Two samples; their ratio is that of `above` to `below`. */
typedef struct stat_pair {
  const double *above;
  size_t above_n;
  const double *below;
  size_t below_n;
} stat_pair;

/* The ratio of the means or medians of the two samples; NAN unless all values
 * are positive. */
double stat_ratio(const stat_pair *pair, stat_location location);

/* The geometric mean of the pairs' ratios, the only mean for which it does not
 * matter which side is the base.  NAN if one of the ratios is NAN, or without
 * pairs. */
double stat_geomean(const stat_pair *pairs, size_t n, stat_location location);

/* The interval of that geometric mean; one pair gives the interval of a ratio.
 * It is that of all resamples: samples of the same size, drawn from each sample
 * with replacement, so that each pair keeps its own invocations (hierarchical
 * bootstrap).  For the ratio of two medians their distribution is computed
 * (resampled.h), and the interval lies between its percentiles (1 -
 * confidence)/2 and (1 + confidence)/2, whatever the seed is.  Otherwise
 * STAT_RESAMPLES resamples are drawn, and it lies between the sorted results
 * of those ranks: of means, value by value, pair after pair, `above` before
 * `below`; of medians, each sample's after the other's by the distribution of
 * its median.  Allocates; NAN also if there is no memory. */
enum { STAT_RESAMPLES = 10000, STAT_SEED = 42 };
stat_interval stat_bootstrap(const stat_pair *pairs, size_t n,
                             stat_location location, double confidence,
                             uint64_t seed);

#endif
