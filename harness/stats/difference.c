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
  size_t at;        /* where it stands in its sample */
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

/* How the rank sum of one sample is distributed if all ways to choose it are
 * equally likely: p[s] is the probability of s units of 1 / 2 or 1 rank. */
typedef struct rank_sums {
  double *p;    /* NULL: no memory */
  size_t count; /* from 0 */
  size_t unit;  /* in doubled ranks */
} rank_sums;

/* The rank sum of `a_n` of the values.  ways[k][s] counts those that
 * choose k of the values seen so far with the sum s, in units: below 2^53, so
 * exact.  As the values ascend, the k first ones have the least sum, and the k
 * last ones the greatest. */
static rank_sums distribution_of(const ranked *r, size_t n, size_t a_n) {
  const size_t unit = unit_of(r, n), sums = n * (n + 1) / unit + 1;
  size_t first[STAT_EXACT + 1] = {0}; /* the sum of so many first values */
  double *ways = calloc((a_n + 1) * sums, sizeof *ways), all = 0;
  if (!ways)
    return (rank_sums){NULL, 0, unit};
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
  const double *chosen = ways + a_n * sums;
  for (size_t s = 0; s < sums; s++)
    all += chosen[s];
  for (size_t s = 0; s < sums; s++)
    ways[s] = chosen[s] / all; /* reads at or after what is written */
  return (rank_sums){ways, sums, unit};
}

/* The probability of a sum of doubled ranks that is at least as far from the
 * mean as `sum`.  All of them are whole numbers. */
static double two_sided(const rank_sums *d, double sum, double mean) {
  const double far = fabs(sum - mean);
  double extreme = 0;
  for (size_t s = 0; s < d->count; s++)
    if (fabs((double)(s * d->unit) - mean) >= far)
      extreme += d->p[s];
  return fmin(extreme, 1);
}

/* What pair_ranks two samples together gives: all in doubled ranks, of the
 * first sample. */
typedef struct pair_ranks {
  ranked *ranks; /* to be freed; NULL: a sample is empty, or no memory */
  size_t n, a_n;
  size_t sum;
  double mean, variance, u;
} pair_ranks;

static pair_ranks rank_together(const double *a, size_t a_n, const double *b,
                                size_t b_n) {
  pair_ranks g = {.n = a_n + b_n, .a_n = a_n};
  g.ranks = a_n && b_n ? malloc(g.n * sizeof *g.ranks) : NULL;
  if (!g.ranks)
    return g;
  for (size_t i = 0; i < g.n; i++)
    g.ranks[i] = (ranked){i < a_n ? a[i] : b[i - a_n], i, i < a_n, 0};
  const double ties = rank(g.ranks, g.n);
  for (size_t i = 0; i < g.n; i++)
    if (g.ranks[i].first)
      g.sum += g.ranks[i].doubled;
  const double x = (double)a_n, y = (double)b_n, all = (double)g.n;
  g.u = ((double)g.sum - x * (x + 1)) / 2;
  g.mean = x * (all + 1);
  g.variance = x * y / 3 * (all + 1 - ties / (all * (all - 1)));
  return g;
}

/* By the normal distribution, with a continuity correction of half a rank. */
static double normal_p(double sum, double mean, double variance) {
  const double far = fabs(sum - mean) - 1;
  return far > 0 ? erfc(far / sqrt(2 * variance)) : 1;
}

stat_test stat_mann_whitney(const double *a, size_t a_n, const double *b,
                            size_t b_n) {
  pair_ranks g = rank_together(a, a_n, b, b_n);
  if (!g.ranks)
    return (stat_test){NAN, NAN};
  stat_test result = {g.u, NAN};
  if (g.n > STAT_EXACT) {
    result.p = normal_p((double)g.sum, g.mean, g.variance);
  } else {
    rank_sums d = distribution_of(g.ranks, g.n, a_n);
    if (d.p)
      result.p = two_sided(&d, (double)g.sum, g.mean);
    free(d.p);
  }
  free(g.ranks);
  return result;
}

/* Replaces `into` by the distribution of the sum of both, in units of a doubled
 * rank. */
static void convolve(rank_sums *into, const rank_sums *with) {
  const size_t last =
      (into->count - 1) * into->unit + (with->count - 1) * with->unit;
  double *p = calloc(last + 1, sizeof *p);
  for (size_t i = 0; p && i < into->count; i++)
    for (size_t k = 0; into->p[i] > 0 && k < with->count; k++)
      p[i * into->unit + k * with->unit] += into->p[i] * with->p[k];
  free(into->p);
  *into = (rank_sums){p, last + 1, 1};
}

stat_test stat_stratified_test(const stat_pair *pairs, size_t n) {
  size_t values = 0;
  bool exact = true, known = n > 0;
  for (size_t i = 0; i < n; i++) {
    values += pairs[i].above_n + pairs[i].below_n;
    exact &= pairs[i].above_n + pairs[i].below_n <= STAT_EXACT;
  }
  exact &= values <= STAT_EXACT_STRATA;
  double one = 1, sum = 0, mean = 0, variance = 0, u = 0;
  rank_sums all = {exact ? calloc(1, sizeof one) : NULL, 1, 1};
  if (all.p)
    all.p[0] = one;
  for (size_t i = 0; i < n && known; i++) {
    pair_ranks g = rank_together(pairs[i].above, pairs[i].above_n,
                                 pairs[i].below, pairs[i].below_n);
    known = g.ranks != NULL;
    sum += (double)g.sum;
    mean += g.mean;
    variance += g.variance;
    u += g.u;
    if (known && exact) {
      rank_sums d = distribution_of(g.ranks, g.n, g.a_n);
      known = d.p && all.p;
      if (known)
        convolve(&all, &d);
      free(d.p);
    }
    free(g.ranks);
  }
  stat_test result = {known ? u : NAN, NAN};
  if (known && !exact)
    result.p = normal_p(sum, mean, variance);
  else if (known && all.p)
    result.p = two_sided(&all, sum, mean);
  free(all.p);
  return result;
}

/* ------------------------------------------------------------------------- *
 * Signed ranks.
 * ------------------------------------------------------------------------- */

/* How the sum of the positive ranks is distributed if every sign is as likely
 * as the other. */
static rank_sums distribution_of_signs(const ranked *r, size_t n) {
  const size_t unit = unit_of(r, n), sums = n * (n + 1) / unit + 1;
  double *p = calloc(sums, sizeof *p);
  if (p)
    p[0] = 1;
  for (size_t i = 0, last = 0; p && i < n; i++) {
    const size_t its = r[i].doubled / unit;
    last += its;
    for (size_t s = last + 1; s-- > 0;)
      p[s] = (p[s] + (s >= its ? p[s - its] : 0)) / 2;
  }
  return (rank_sums){p, sums, unit};
}

stat_test stat_signed_ranks(const double *values, size_t n) {
  ranked *r = n ? malloc(n * sizeof *r) : NULL;
  size_t count = 0;
  double sum = 0, mean = 0, variance = 0;
  if (!r)
    return (stat_test){NAN, NAN};
  for (size_t i = 0; i < n; i++)
    if (fabs(values[i]) > 0)
      r[count++] = (ranked){fabs(values[i]), i, values[i] > 0, 0};
  rank(r, count);
  for (size_t i = 0; i < count; i++) {
    const double doubled = r[i].doubled;
    sum += r[i].first ? doubled : 0;
    mean += doubled / 2;
    variance += doubled * doubled / 4;
  }
  stat_test result = {sum / 2, 1};
  if (count > STAT_EXACT) {
    result.p = normal_p(sum, mean, variance);
  } else if (count) {
    rank_sums d = distribution_of_signs(r, count);
    result.p = d.p ? two_sided(&d, sum, mean) : NAN;
    free(d.p);
  }
  free(r);
  return result;
}

size_t stat_fewest_for_signs(double alpha) {
  size_t n = 1;
  while (ldexp(2, -(int)n) > alpha)
    n++;
  return n;
}

double stat_mid_ranks(const double *values, size_t n, unsigned *doubled) {
  ranked *r = malloc((n + 1) * sizeof *r);
  if (!r)
    return NAN;
  for (size_t i = 0; i < n; i++)
    r[i] = (ranked){values[i], i, true, 0};
  const double ties = rank(r, n);
  for (size_t i = 0; i < n; i++)
    doubled[r[i].at] = r[i].doubled;
  free(r);
  return ties;
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
