/* interval.c: see interval.h. */
#include "harness/stats/interval.h"
#include "harness/base/random.h"
#include "harness/stats/distributions.h"
#include "harness/stats/resampled.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const stat_interval none = {NAN, NAN};

/* ------------------------------------------------------------------------- *
 * Median.
 * ------------------------------------------------------------------------- */

static double covered_by(size_t rank, size_t n) {
  return 1 - 2 * stat_binomial(rank - 1, n, 0.5);
}

/* By bisection: a larger rank covers less. */
size_t stat_median_rank(size_t n, double confidence, double *coverage) {
  size_t good = 0, bad = n / 2 + 1;
  while (bad - good > 1) {
    const size_t middle = good + (bad - good) / 2;
    if (covered_by(middle, n) < confidence)
      bad = middle;
    else
      good = middle;
  }
  if (good && coverage)
    *coverage = covered_by(good, n);
  return good;
}

size_t stat_fewest_for_median(double confidence) {
  size_t n = 2;
  while (!stat_median_rank(n, confidence, NULL))
    n++;
  return n;
}

stat_interval stat_median_interval(const double *values, size_t n,
                                   double confidence) {
  size_t rank = stat_median_rank(n, confidence, NULL);
  double *sorted = rank ? malloc(n * sizeof *sorted) : NULL;
  if (!sorted)
    return none;
  memcpy(sorted, values, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, stat_ascending);
  stat_interval i = {sorted[rank - 1], sorted[n - rank]};
  free(sorted);
  return i;
}

double stat_half_spread(const double *values, size_t n, double confidence) {
  double *copy = n > 1 ? malloc(n * sizeof *copy) : NULL;
  if (!copy)
    return 0;
  memcpy(copy, values, n * sizeof *copy);
  stat_summary s = stat_summarize(copy, n);
  free(copy);
  stat_interval i = stat_median_interval(values, n, confidence);
  if (isnan(i.low) || s.spread <= 0)
    return s.spread / 2;
  return (i.high - i.low) / 2 / fabs(s.median);
}

/* ------------------------------------------------------------------------- *
 * Means.
 * ------------------------------------------------------------------------- */

static double mean_of(const double *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += values[i];
  return sum / (double)n;
}

stat_moments stat_moments_of(const double *values, size_t n) {
  stat_moments m = {n, mean_of(values, n), NAN};
  double squares = 0;
  for (size_t i = 0; i < n; i++)
    squares += (values[i] - m.mean) * (values[i] - m.mean);
  if (n > 1)
    m.deviation = sqrt(squares / (double)(n - 1));
  return m;
}

static double half_width(const stat_moments *m, double confidence) {
  if (m->n < 2)
    return NAN;
  return stat_student_t(1 - confidence, (double)(m->n - 1)) * m->deviation /
         sqrt((double)m->n);
}

stat_interval stat_mean_interval(const stat_moments *m, double confidence) {
  double half = half_width(m, confidence);
  return (stat_interval){m->mean - half, m->mean + half};
}

stat_interval stat_fieller(const stat_moments *above, const stat_moments *below,
                           double confidence) {
  double x = below->mean, y = above->mean;
  double hx = half_width(below, confidence);
  double hy = half_width(above, confidence);
  double scale = x * x - hx * hx;
  if (!(scale > 0)) /* or NAN */
    return none;
  double root = sqrt(x * y * x * y - (y * y - hy * hy) * scale);
  return (stat_interval){(x * y - root) / scale, (x * y + root) / scale};
}

/* ------------------------------------------------------------------------- *
 * Ratios.
 * ------------------------------------------------------------------------- */

static bool positive(const double *values, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!(values[i] > 0))
      return false;
  return n > 0;
}

static bool defined(const stat_pair *pairs, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!positive(pairs[i].above, pairs[i].above_n) ||
        !positive(pairs[i].below, pairs[i].below_n))
      return false;
  return n > 0;
}

static double median_of(const double *values, size_t n) {
  double *copy = malloc(n * sizeof *copy);
  if (!copy)
    return NAN;
  memcpy(copy, values, n * sizeof *copy);
  const double median = stat_summarize(copy, n).median;
  free(copy);
  return median;
}

static double locate(const double *values, size_t n, stat_location location) {
  return location == STAT_MEAN ? mean_of(values, n) : median_of(values, n);
}

double stat_geomean(const stat_pair *pairs, size_t n, stat_location location) {
  double logs = 0;
  for (size_t i = 0; i < n; i++)
    logs += log(locate(pairs[i].above, pairs[i].above_n, location) /
                locate(pairs[i].below, pairs[i].below_n, location));
  return defined(pairs, n) ? exp(logs / (double)n) : NAN;
}

double stat_ratio(const stat_pair *pair, stat_location location) {
  return stat_geomean(pair, 1, location);
}

/* The mean of a sample of the same size that is drawn from this one with
 * replacement. */
static double draw_mean(const double *values, size_t n, uint64_t *state) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += values[random_below(state, n)];
  return sum / (double)n;
}

/* Adds the logarithms of STAT_RESAMPLES ratios of means. */
static void add_means(const stat_pair *pairs, size_t n, uint64_t *state,
                      double *logs) {
  for (size_t i = 0; i < STAT_RESAMPLES; i++)
    for (size_t k = 0; k < n; k++) {
      const stat_pair *p = &pairs[k];
      const double above = draw_mean(p->above, p->above_n, state);
      logs[i] += log(above / draw_mean(p->below, p->below_n, state));
    }
}

/* Adds the logarithms of STAT_RESAMPLES medians, times `sign`. */
static bool add_medians(const double *values, size_t n, double sign,
                        uint64_t *state, double *logs) {
  stat_resampled r;
  const bool good = stat_resample(values, n, &r) && stat_resampled_guide(&r);
  for (size_t i = 0; good && i < r.count; i++)
    r.values[i] = sign * log(r.values[i]);
  if (good && r.count > 1)
    stat_resampled_add(&r, state, logs, STAT_RESAMPLES);
  const double only = good && r.count == 1 ? r.values[0] : 0;
  for (size_t i = 0; good && r.count == 1 && i < STAT_RESAMPLES; i++)
    logs[i] += only; /* nothing to draw */
  stat_resampled_free(&r);
  return good;
}

static bool add_median_ratios(const stat_pair *pairs, size_t n, uint64_t *state,
                              double *logs) {
  bool good = true;
  for (size_t k = 0; good && k < n; k++)
    good = add_medians(pairs[k].above, pairs[k].above_n, 1, state, logs) &&
           add_medians(pairs[k].below, pairs[k].below_n, -1, state, logs);
  return good;
}

/* Nothing needs to be drawn. */
static stat_interval median_ratio(const stat_pair *p, double confidence) {
  stat_resampled above, below = {0};
  stat_interval interval = none;
  if (stat_resample(p->above, p->above_n, &above) &&
      stat_resample(p->below, p->below_n, &below)) {
    interval.low = stat_resampled_ratio(&above, &below, (1 - confidence) / 2);
    interval.high = stat_resampled_ratio(&above, &below, (1 + confidence) / 2);
  }
  stat_resampled_free(&above);
  stat_resampled_free(&below);
  return interval;
}

/* The index, in ascending order, of the resample below which this share of
 * them lies. */
static size_t percentile_rank(double share) {
  double rank = floor(share * STAT_RESAMPLES + 0.5);
  return rank < 1 ? 0 : (size_t)rank - 1;
}

stat_interval stat_bootstrap(const stat_pair *pairs, size_t n,
                             stat_location location, double confidence,
                             uint64_t seed) {
  if (!defined(pairs, n))
    return none;
  if (n == 1 && location == STAT_MEDIAN)
    return median_ratio(pairs, confidence);
  double *logs = calloc(STAT_RESAMPLES, sizeof *logs);
  bool good = logs;
  if (good && location == STAT_MEDIAN)
    good = add_median_ratios(pairs, n, &seed, logs);
  else if (good)
    add_means(pairs, n, &seed, logs);
  stat_interval interval = none;
  if (good) {
    qsort(logs, STAT_RESAMPLES, sizeof *logs, stat_ascending);
    interval.low = exp(logs[percentile_rank((1 - confidence) / 2)] / (double)n);
    interval.high =
        exp(logs[percentile_rank((1 + confidence) / 2)] / (double)n);
  }
  free(logs);
  return interval;
}
