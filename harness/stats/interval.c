/* interval.c: see interval.h. */
#include "harness/stats/interval.h"
#include "harness/base/random.h"
#include "harness/stats/distributions.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const stat_interval none = {NAN, NAN};

/* By insertion: samples are short, and the bootstrap sorts one 10,000 times
 * and more. */
static void sort(double *values, size_t n) {
  for (size_t i = 1; i < n; i++) {
    double value = values[i];
    size_t k = i;
    for (; k > 0 && values[k - 1] > value; k--)
      values[k] = values[k - 1];
    values[k] = value;
  }
}

/* ------------------------------------------------------------------------- *
 * Median.
 * ------------------------------------------------------------------------- */

size_t stat_median_rank(size_t n, double confidence, double *coverage) {
  size_t rank = 0;
  for (size_t k = 1; 2 * k <= n; k++) {
    double covered = 1 - 2 * stat_binomial(k - 1, n, 0.5);
    if (covered < confidence)
      break;
    rank = k;
    if (coverage)
      *coverage = covered;
  }
  return rank;
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
  sort(sorted, n);
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

/* The location of a sample, which may be sorted in place. */
static double locate(double *values, size_t n, stat_location location) {
  if (location == STAT_MEAN)
    return mean_of(values, n);
  sort(values, n);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static bool positive(const double *values, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!(values[i] > 0))
      return false;
  return n > 0;
}

/* Memory for the longest sample, to be freed; NULL if one of the ratios is not
 * defined. */
static double *make_room(const stat_pair *pairs, size_t n) {
  size_t longest = 0;
  for (size_t i = 0; i < n; i++) {
    const stat_pair *p = &pairs[i];
    if (!positive(p->above, p->above_n) || !positive(p->below, p->below_n))
      return NULL;
    longest = p->above_n > longest ? p->above_n : longest;
    longest = p->below_n > longest ? p->below_n : longest;
  }
  return n ? malloc(longest * sizeof(double)) : NULL;
}

/* The location of a sample, or, with the state of a random generator, of a
 * sample of the same size drawn from it with replacement.  `room` is
 * overwritten. */
static double locate_copy(const double *values, size_t n,
                          stat_location location, uint64_t *state,
                          double *room) {
  for (size_t i = 0; i < n; i++)
    room[i] = values[state ? random_below(state, n) : i];
  return locate(room, n, location);
}

static double geomean(const stat_pair *pairs, size_t n, stat_location location,
                      uint64_t *state, double *room) {
  double logs = 0;
  for (size_t i = 0; i < n; i++) {
    const stat_pair *p = &pairs[i];
    double above = locate_copy(p->above, p->above_n, location, state, room);
    double below = locate_copy(p->below, p->below_n, location, state, room);
    logs += log(above / below);
  }
  return exp(logs / (double)n);
}

double stat_geomean(const stat_pair *pairs, size_t n, stat_location location) {
  double *room = make_room(pairs, n);
  double value = room ? geomean(pairs, n, location, NULL, room) : NAN;
  free(room);
  return value;
}

double stat_ratio(const stat_pair *pair, stat_location location) {
  return stat_geomean(pair, 1, location);
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
  double *room = make_room(pairs, n);
  double *results = room ? malloc(STAT_RESAMPLES * sizeof *results) : NULL;
  stat_interval interval = none;
  if (results) {
    for (size_t i = 0; i < STAT_RESAMPLES; i++)
      results[i] = geomean(pairs, n, location, &seed, room);
    qsort(results, STAT_RESAMPLES, sizeof *results, stat_ascending);
    interval.low = results[percentile_rank((1 - confidence) / 2)];
    interval.high = results[percentile_rank((1 + confidence) / 2)];
  }
  free(results);
  free(room);
  return interval;
}
