/* difference.c: see difference.h. */
#include "harness/stats/difference.h"
#include "harness/stats/distributions.h"
#include "harness/stats/interval.h"

#include <math.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------- *
 * Mann & Whitney.
 * ------------------------------------------------------------------------- */

typedef struct ranked {
  double value;
  bool first;       /* belongs to the first sample */
  unsigned doubled; /* twice the mid-rank, which is a whole number */
} ranked;

static int by_value(const void *a, const void *b) {
  double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
  return (x > y) - (x < y);
}

/* Sorts and ranks the values; returns the sum of t³ - t over the groups of t
 * equal values. */
static double rank(ranked *r, size_t n) {
  double ties = 0;
  qsort(r, n, sizeof *r, by_value);
  for (size_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && r[end].value <= r[i].value;)
      end++;
    for (size_t k = i; k < end; k++)
      r[k].doubled = (unsigned)(i + 1 + end); /* ranks i + 1 to end */
    double t = (double)(end - i);
    ties += t * t * t - t;
  }
  return ties;
}

/* 2 if all doubled ranks are even, as they are without ties; or 1. */
static size_t unit_of(const ranked *r, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (r[i].doubled % 2)
      return 1;
  return 2;
}

/* The share of the ways to choose `a_n` of the values whose doubled rank sum
 * is at least as far from its mean as `sum`.  ways[k][s] counts those that
 * choose k of the values seen so far with the sum s, in units: below 2^53, so
 * exact.  As the values ascend, the k first ones have the least sum, and the k
 * last ones the greatest. */
static double exact_p(const ranked *r, size_t n, size_t a_n, size_t sum) {
  const size_t unit = unit_of(r, n), sums = n * (n + 1) / unit + 1;
  size_t first[STAT_EXACT + 1] = {0}; /* the sum of so many first values */
  double *ways = calloc((a_n + 1) * sums, sizeof *ways);
  if (!ways)
    return NAN;
  ways[0] = 1;
  for (size_t i = 0; i < n; i++) {
    const size_t its = r[i].doubled / unit;
    for (size_t k = i < a_n ? i + 1 : a_n; k > 0; k--) {
      const double *without = ways + (k - 1) * sums;
      double *with = ways + k * sums + its;
      const size_t most = first[i] - first[i - (k - 1)];
      for (size_t s = first[k - 1]; s <= most; s++)
        with[s] += without[s];
    }
    first[i + 1] = first[i] + its;
  }
  double mean = (double)(a_n * (n + 1));
  double far = fabs((double)sum - mean), extreme = 0, all = 0;
  for (size_t s = 0; s < sums; s++) {
    all += ways[a_n * sums + s];
    if (fabs((double)(s * unit) - mean) >= far)
      extreme += ways[a_n * sums + s];
  }
  free(ways);
  return extreme / all;
}

stat_test stat_mann_whitney(const double *a, size_t a_n, const double *b,
                            size_t b_n) {
  size_t n = a_n + b_n, sum = 0;
  stat_test result = {NAN, NAN};
  ranked *r = a_n && b_n ? malloc(n * sizeof *r) : NULL;
  if (!r)
    return result;
  for (size_t i = 0; i < n; i++)
    r[i] = (ranked){i < a_n ? a[i] : b[i - a_n], i < a_n, 0};
  double ties = rank(r, n);
  for (size_t i = 0; i < n; i++)
    if (r[i].first)
      sum += r[i].doubled;
  double x = (double)a_n, y = (double)b_n, all = (double)n;
  result.statistic = ((double)sum - x * (x + 1)) / 2;
  if (n <= STAT_EXACT) {
    result.p = exact_p(r, n, a_n, sum);
  } else {
    double variance = x * y / 12 * (all + 1 - ties / (all * (all - 1)));
    double far = fabs(result.statistic - x * y / 2) - 0.5;
    result.p = far > 0 ? erfc(far / sqrt(2 * variance)) : 1;
  }
  free(r);
  return result;
}

/* ------------------------------------------------------------------------- *
 * Welch, Holm.
 * ------------------------------------------------------------------------- */

stat_welch stat_welch_test(const double *a, size_t a_n, const double *b,
                           size_t b_n) {
  stat_moments x = stat_moments_of(a, a_n), y = stat_moments_of(b, b_n);
  double vx = x.deviation * x.deviation / (double)a_n;
  double vy = y.deviation * y.deviation / (double)b_n;
  if (!(vx + vy > 0))
    return (stat_welch){NAN, NAN, NAN};
  double t = (y.mean - x.mean) / sqrt(vx + vy);
  double freedom = (vx + vy) * (vx + vy) /
                   (vx * vx / (double)(a_n - 1) + vy * vy / (double)(b_n - 1));
  return (stat_welch){t, freedom, stat_student_p(t, freedom)};
}

/* A p and where it stands. */
typedef struct placed {
  double p;
  size_t at;
} placed;

static int by_p(const void *a, const void *b) {
  const placed *x = a, *y = b;
  if (x->p < y->p || x->p > y->p)
    return x->p < y->p ? -1 : 1;
  return (x->at > y->at) - (x->at < y->at);
}

void stat_holm(double *p, size_t n) {
  placed *sorted = malloc((n + 1) * sizeof *sorted);
  size_t left = 0;
  for (size_t k = 0; sorted && k < n; k++)
    if (!isnan(p[k]))
      sorted[left++] = (placed){p[k], k};
  if (sorted)
    qsort(sorted, left, sizeof *sorted, by_p);
  double floor = 0; /* a larger p must not come out smaller */
  for (size_t k = 0; k < left; k++) {
    floor = fmax(floor, fmin(1, sorted[k].p * (double)(left - k)));
    p[sorted[k].at] = floor;
  }
  for (size_t k = 0; !sorted && k < n; k++) /* no memory: no p is known */
    p[k] = NAN;
  free(sorted);
}

/* ------------------------------------------------------------------------- *
 * How many values are needed.
 * ------------------------------------------------------------------------- */

double stat_smallest_p(size_t a, size_t b) {
  double ways = 1; /* C(a + i, i) */
  for (size_t i = 1; i <= b; i++)
    ways = ways * (double)(a + i) / (double)i; /* exact up to 2^53 */
  return fmin(2 / ways, 1);
}

size_t stat_fewest_for_test(double alpha) {
  size_t n = 1;
  while (stat_smallest_p(n, n) > alpha)
    n++;
  return n;
}

double stat_values_needed(size_t n, double half, double wanted) {
  if (!(wanted > 0))
    return HUGE_VAL;
  double scale = half / wanted;
  return scale <= 1 ? (double)n : ceil((double)n * scale * scale - 1e-9);
}
