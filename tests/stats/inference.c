/* inference.c: intervals and tests against worked numbers, enumeration and
 * their own promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/base/random.h"
#include "harness/stats/difference.h"
#include "harness/stats/distributions.h"
#include "harness/stats/interval.h"
#include "harness/stats/resampled.h"
#include "harness/stats/series.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const double x[] = {100, 102, 98, 101, 99};
static const double y[] = {110, 113, 108, 111, 108};
static const stat_pair y_to_x = {y, 5, x, 5};

static void assert_near(double actual, double expected, double tolerance) {
  if (!(fabs(actual - expected) <= tolerance))
    fail_msg("%.10g is not %.10g", actual, expected);
}

static void assert_interval(stat_interval i, double low, double high,
                            double tolerance) {
  assert_near(i.low, low, tolerance);
  assert_near(i.high, high, tolerance);
}

/* Uniform in (0, 1). */
static double uniform(uint64_t *state) {
  return ((double)(random_next(state) >> 11) + 0.5) * 0x1p-53;
}

/* About normal: the sum of twelve. */
static double noise(uint64_t *state) {
  double sum = -6;
  for (int i = 0; i < 12; i++)
    sum += uniform(state);
  return sum;
}

static void random_numbers_are_splitmix64(void **state) {
  static const uint64_t expected[] = {
      6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
      4593380528125082431u, 16408922859458223821u};
  uint64_t seed = 1234567;
  (void)state;
  for (size_t i = 0; i < COUNT(expected); i++)
    assert_true(random_next(&seed) == expected[i]);
  for (size_t i = 0; i < 1000; i++)
    assert_true(random_below(&seed, 7) < 7);
}

/* ------------------------------------------------------------------------- *
 * Median.
 * ------------------------------------------------------------------------- */

static void ranks_around_the_median(void **state) {
  static const struct {
    size_t n, lower, upper;
    double percent;
  } table[] = {{6, 1, 6, 96.88},   {8, 1, 8, 99.22},   {9, 2, 8, 96.09},
               {10, 2, 9, 97.85},  {11, 2, 10, 98.83}, {12, 3, 10, 96.14},
               {15, 4, 12, 96.48}, {20, 6, 15, 95.86}, {30, 10, 21, 95.72}};
  double ascending[30];
  (void)state;
  for (size_t i = 0; i < COUNT(ascending); i++)
    ascending[i] = (double)(i + 1); /* each value is its rank */
  for (size_t i = 0; i < COUNT(table); i++) {
    size_t n = table[i].n;
    double coverage = 0;
    assert_int_equal(stat_median_rank(n, 0.95, &coverage), table[i].lower);
    assert_near(100 * coverage, table[i].percent, 0.005);
    assert_interval(stat_median_interval(ascending, n, 0.95),
                    (double)table[i].lower, (double)table[i].upper, 0);
  }
  assert_int_equal(stat_median_rank(5, 0.95, NULL), 0);
  assert_int_equal(stat_fewest_for_median(0.95), 6);
  assert_true(isnan(stat_median_interval(x, 5, 0.95).low));
  static const double ten[] = {5, 1, 9, 3, 7, 2, 10, 4, 8, 6};
  assert_interval(stat_median_interval(ten, 10, 0.95), 2, 9, 0);
  assert_near(stat_half_spread(ten, 10, 0.95), 3.5 / 5.5, 1e-15);
  assert_near(stat_half_spread(ten, 3, 0.95), 4.0 / 5, 1e-15); /* the range */
  assert_near(stat_half_spread(ten, 1, 0.95), 0, 0);
}

/* All ways to draw a sample from itself are equally likely. */
static void resampled_medians(const double *values, size_t n,
                              const size_t *expected) {
  size_t ways = 1, counts[8] = {0};
  for (size_t i = 0; i < n; i++)
    ways *= n;
  for (size_t way = 0; way < ways; way++) {
    double drawn[8];
    size_t rest = way, k = 0;
    for (size_t i = 0; i < n; i++, rest /= n)
      drawn[i] = values[rest % n];
    double median = stat_summarize(drawn, n).median;
    while (values[k] < median)
      k++;
    counts[k]++;
  }
  for (size_t k = 0; k < n; k++)
    assert_int_equal(counts[k], expected[k]);
}

static void bootstrap_of_the_median_is_the_enumeration(void **state) {
  static const double three[] = {10, 12, 20}, one[] = {1};
  static const double five[] = {10, 11, 12, 14, 30};
  (void)state;
  resampled_medians(three, 3, (size_t[]){7, 13, 7});
  resampled_medians(five, 5, (size_t[]){181, 811, 1141, 811, 181});
  /* 181 of 3125 at each end are more than 2.5 %: at n = 5 it is the range. */
  stat_pair pair = {five, 5, one, 1};
  assert_interval(stat_bootstrap(&pair, 1, STAT_MEDIAN, 0.95, STAT_SEED), 10,
                  30, 1e-12);
}

/* The next resample in the order of enumeration: false after the last one. */
static bool next_way(size_t *way, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (++way[i] < n)
      return true;
    way[i] = 0;
  }
  return false;
}

/* The medians of all resamples, n^n of them, ascending. */
static size_t all_medians(const double *values, size_t n, double *medians) {
  size_t way[6] = {0}, count = 0;
  do {
    double drawn[6];
    for (size_t i = 0; i < n; i++)
      drawn[i] = values[way[i]];
    medians[count++] = stat_summarize(drawn, n).median;
  } while (next_way(way, n));
  qsort(medians, count, sizeof *medians, stat_ascending);
  return count;
}

static double listed[2][46656];

/* The same as looking at one rank after the other. */
static void ranks_by_bisection(void **state) {
  (void)state;
  for (size_t n = 0; n <= 120; n++) {
    size_t rank = 0, bound = 0;
    while (2 * (rank + 1) <= n && 1 - 2 * stat_binomial(rank, n, 0.5) >= 0.9)
      rank++;
    while (bound < n && stat_binomial(bound, n, 0.3) < 0.9)
      bound++;
    assert_int_equal(stat_median_rank(n, 0.9, NULL), rank);
    assert_int_equal(stat_binomial_bound(n, 0.3, 0.9), bound);
  }
}

/* The same as writing all slopes down. */
static void slope_of_many_values(void **state) {
  enum { MOST = 301 };
  static double values[MOST], slopes[MOST * MOST / 2];
  uint64_t random = 3;
  (void)state;
  for (size_t n = 99; n <= MOST; n += n < 105 ? 1 : 49)
    for (size_t kind = 0; kind < 4; kind++) {
      static const size_t different[] = {1, 3, 1000, 1000000000};
      size_t count = 0;
      for (size_t i = 0; i < n; i++)
        values[i] = 1e9 + 0.25 * (double)i * (double)kind +
                    (double)random_below(&random, different[kind]);
      for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
          slopes[count++] = (values[k] - values[i]) / (double)(k - i);
      assert_near(stat_theil_sen(values, n),
                  stat_summarize(slopes, count).median, 1e-3);
    }
}

static void distribution_of_medians(void **state) {
  static const double samples[][6] = {{3, 1, 2, 8, 5, 4}, {2, 2, 3, 3, 7, 2}};
  (void)state;
  for (size_t s = 0; s < 2; s++)
    for (size_t n = 1; n <= 6; n++) {
      stat_resampled r;
      const size_t count = all_medians(samples[s], n, listed[0]);
      assert_true(stat_resample(samples[s], n, &r));
      for (size_t i = 0, at = 0; i < r.count; i++) {
        assert_near(listed[0][at], r.values[i], 0);
        while (at < count && listed[0][at] <= r.values[i])
          at++;
        assert_near(r.below[i], (double)at / (double)count, 1e-12);
        assert_true(i + 1 < r.count || at == count);
      }
      stat_resampled_free(&r);
    }
}

/* The interval of a ratio is that of all pairs of resamples. */
static void ratio_of_medians(void **state) {
  static const double above[] = {11, 14, 10, 12}, below[] = {6, 5, 8};
  static double ratios[256 * 27];
  size_t count = 0;
  (void)state;
  const size_t n = all_medians(above, 4, listed[0]);
  const size_t m = all_medians(below, 3, listed[1]);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < m; k++)
      ratios[count++] = listed[0][i] / listed[1][k];
  qsort(ratios, count, sizeof *ratios, stat_ascending);
  const stat_pair pair = {above, 4, below, 3};
  for (double confidence = 0.5; confidence < 0.99; confidence += 0.03) {
    const double low = (1 - confidence) / 2, all_of_them = (double)count;
    assert_interval(stat_bootstrap(&pair, 1, STAT_MEDIAN, confidence, 1),
                    ratios[(size_t)ceil(low * all_of_them) - 1],
                    ratios[(size_t)ceil((1 - low) * all_of_them) - 1], 1e-12);
  }
}

enum { DRAWN = 20000 };

/* Whether Kolmogorov's distance of the medians is one that 999 in 1000 samples
 * of that distribution keep. */
static bool is_distributed(double *medians, const stat_resampled *r) {
  double farthest = 0;
  qsort(medians, DRAWN, sizeof *medians, stat_ascending);
  for (size_t i = 0, at = 0; i < r->count; i++) {
    while (at < DRAWN && medians[at] <= r->values[i])
      at++;
    farthest = fmax(farthest, fabs(r->below[i] - (double)at / DRAWN));
  }
  return farthest < 1.95 / sqrt(DRAWN);
}

/* Of larger samples: what is drawn is distributed like medians of values that
 * are drawn one by one, and there are as many outcomes as the root of their
 * number. */
static void medians_of_large_samples(void **state) {
  static double values[10001], drawn[10001], medians[DRAWN];
  uint64_t random = 7;
  stat_resampled r;
  (void)state;
  for (size_t i = 0; i < 10001; i++)
    values[i] = (double)(random_next(&random) >> 40);
  for (size_t n = 100; n <= 101; n++) {
    assert_true(stat_resample(values, n, &r));
    for (size_t i = 0; i < DRAWN; i++) {
      for (size_t k = 0; k < n; k++)
        drawn[k] = values[random_below(&random, n)];
      medians[i] = stat_summarize(drawn, n).median;
    }
    assert_true(is_distributed(medians, &r));
    assert_true(stat_resampled_guide(&r));
    memset(medians, 0, sizeof medians);
    stat_resampled_add(&r, &random, medians, DRAWN);
    assert_true(is_distributed(medians, &r));
    stat_resampled_free(&r);
  }
  for (size_t n = 10000; n <= 10001; n++) {
    assert_true(stat_resample(values, n, &r));
    assert_in_range(r.count, 500, n % 2 ? 1000 : 40000);
    stat_resampled_free(&r);
  }
}

/* ------------------------------------------------------------------------- *
 * Means and ratios.
 * ------------------------------------------------------------------------- */

static void student(void **state) {
  stat_moments a = stat_moments_of(x, 5), b = stat_moments_of(y, 5);
  (void)state;
  assert_near(stat_student_t(0.05, 4), 2.77645, 5e-6);
  assert_near(stat_student_t(0.05, 1), 12.7062, 5e-5); /* printed tables */
  assert_near(stat_student_t(0.01, 30), 2.7500, 5e-5);
  assert_near(stat_student_p(stat_student_t(0.2, 7.5), 7.5), 0.2, 1e-9);
  assert_near(a.mean, 100, 0);
  assert_near(a.deviation, 1.58114, 5e-6);
  assert_interval(stat_mean_interval(&a, 0.95), 98.037, 101.963, 5e-4);
  assert_interval(stat_mean_interval(&a, 0.95), 100 - 1.96324, 101.96324, 5e-6);
  assert_near(b.mean, 110, 0);
  assert_near(b.deviation, 2.12132, 5e-6);
  assert_interval(stat_mean_interval(&b, 0.95), 110 - 2.63397, 112.63397, 5e-6);
  stat_moments single = stat_moments_of(x, 1);
  assert_true(isnan(stat_mean_interval(&single, 0.95).low));
}

static void welch(void **state) {
  stat_welch w = stat_welch_test(x, 5, y, 5);
  (void)state;
  assert_near(w.t, 8.4515, 5e-5);
  assert_near(w.freedom, 7.396, 5e-4);
  assert_true(w.p > 0 && w.p < 1e-4);
  static const double same[] = {1, 1, 1};
  assert_true(isnan(stat_welch_test(same, 3, same, 3).p));
}

static void fieller(void **state) {
  stat_moments a = stat_moments_of(x, 5), b = stat_moments_of(y, 5);
  (void)state;
  assert_near(stat_ratio(&y_to_x, STAT_MEAN), 1.1, 1e-12);
  assert_interval(stat_fieller(&b, &a, 0.95), 1.06635, 1.13449, 5e-6);
  static const double around_zero[] = {-1, 0, 1, 2};
  stat_moments none = stat_moments_of(around_zero, 4);
  assert_true(isnan(stat_fieller(&b, &none, 0.95).low));
}

static void bootstrap_of_a_ratio(void **state) {
  (void)state;
  assert_interval(stat_bootstrap(&y_to_x, 1, STAT_MEAN, 0.95, 42), 1.07937,
                  1.12249, 5e-6);
  static const double zero[] = {0, 1};
  stat_pair undefined = {y, 5, zero, 2};
  assert_true(isnan(stat_ratio(&undefined, STAT_MEAN)));
  assert_true(isnan(stat_bootstrap(&undefined, 1, STAT_MEAN, 0.95, 1).low));
}

static double arithmetic_mean(const stat_pair *pairs, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += stat_ratio(&pairs[i], STAT_MEAN);
  return sum / (double)n;
}

/* Where the arithmetic mean of ratios sees no change, and where it sees one
 * that is not there, both ways round. */
static void arithmetic_mean_misleads(void **state) {
  static const double one[] = {1}, half[] = {0.5}, two[] = {2};
  static const double more[] = {1.1}, less[] = {0.9};
  const stat_pair near[] = {{more, 1, one, 1}, {less, 1, one, 1}};
  const stat_pair near_inverse[] = {{one, 1, more, 1}, {one, 1, less, 1}};
  const stat_pair far[] = {{two, 1, one, 1}, {half, 1, one, 1}};
  const stat_pair far_inverse[] = {{one, 1, two, 1}, {one, 1, half, 1}};
  (void)state;
  assert_near(arithmetic_mean(near, 2), 1, 1e-15);
  assert_near(stat_geomean(near, 2, STAT_MEAN), 0.994987, 5e-7);
  assert_near(arithmetic_mean(far, 2), 1.25, 1e-15);
  assert_near(arithmetic_mean(far_inverse, 2), 1.25, 1e-15);
  assert_near(stat_geomean(far, 2, STAT_MEAN), 1, 1e-15);
  assert_near(stat_geomean(far_inverse, 2, STAT_MEAN), 1, 1e-15);
  /* There and back again is no change. */
  assert_near(stat_geomean(near, 2, STAT_MEAN) *
                  stat_geomean(near_inverse, 2, STAT_MEAN),
              1, 1e-15);
  assert_near(arithmetic_mean(near, 2) * arithmetic_mean(near_inverse, 2),
              1 / 0.99, 1e-12);
}

static void geometric_mean(void **state) {
  static const double a[] = {100, 102, 98}, a_new[] = {110, 111, 109};
  static const double b[] = {50, 51, 49}, b_new[] = {45, 46, 44};
  const stat_pair pairs[] = {{a_new, 3, a, 3}, {b_new, 3, b, 3}};
  (void)state;
  assert_near(stat_geomean(pairs, 2, STAT_MEAN), 0.994987, 5e-7);
  assert_interval(stat_bootstrap(pairs, 2, STAT_MEAN, 0.95, 42), 0.97800,
                  1.01216, 5e-6);
  /* Twice and half cancel, whichever side is the base. */
  static const double one[] = {1}, two[] = {2};
  const stat_pair opposite[] = {{two, 1, one, 1}, {one, 1, two, 1}};
  assert_near(stat_geomean(opposite, 2, STAT_MEDIAN), 1, 1e-15);
  assert_true(isnan(stat_geomean(pairs, 0, STAT_MEAN)));
}

/* ------------------------------------------------------------------------- *
 * Tests.
 * ------------------------------------------------------------------------- */

static void mann_whitney_by_hand(void **state) {
  static const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10};
  (void)state;
  stat_test t = stat_mann_whitney(low, 4, high, 4);
  assert_near(t.statistic, 0, 0);
  assert_near(t.p, 2.0 / 70, 1e-15);
  t = stat_mann_whitney(high, 5, low, 5);
  assert_near(t.statistic, 25, 0);
  assert_near(t.p, 2.0 / 252, 1e-15);
  assert_near(stat_mann_whitney(x, 5, y, 5).p, 2.0 / 252, 1e-15);
  assert_near(stat_mann_whitney(low, 3, high, 3).p, 0.1, 1e-15);
  /* Ties: {1, 1} and {1, 2} of mid-ranks 2, 2, 2, 4: all six deals are as far
   * from the mean, for the 2 is always on one side. */
  static const double ones[] = {1, 1}, mixed[] = {1, 2};
  t = stat_mann_whitney(ones, 2, mixed, 2);
  assert_near(t.statistic, 1, 0);
  assert_near(t.p, 1, 0);
  assert_near(stat_mann_whitney(ones, 2, ones, 2).p, 1, 0);
  assert_true(isnan(stat_mann_whitney(ones, 0, ones, 2).p));
}

/* Against brute force over all subsets, with ties. */
static void mann_whitney_against_enumeration(void **state) {
  uint64_t seed = 7;
  (void)state;
  for (int round = 0; round < 50; round++) {
    double pool[9];
    for (size_t i = 0; i < 9; i++)
      pool[i] = (double)random_below(&seed, 5);
    size_t far = 0, all = 0;
    double first = 0;
    for (unsigned subset = 0; subset < 1u << 9; subset++) {
      double u = 0;
      if (__builtin_popcount(subset) != 4)
        continue;
      for (size_t i = 0; i < 9; i++)
        for (size_t k = 0; k < 9; k++)
          if ((subset >> i & 1) && !(subset >> k & 1))
            u += pool[i] > pool[k] ? 1 : pool[i] < pool[k] ? 0 : 0.5;
      if (all++ == 0) /* 0b1111: the first four are the first sample */
        first = u;
      far += fabs(u - 10) >= fabs(first - 10);
    }
    stat_test t = stat_mann_whitney(pool, 4, pool + 4, 5);
    assert_near(t.statistic, first, 1e-12);
    assert_near(t.p, (double)far / (double)all, 1e-12);
  }
}

/* One pair is the test above; pairs that agree multiply what they prove. */
static void stratified_by_hand(void **state) {
  static const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10};
  const stat_pair two[] = {{high, 3, low, 3}, {high, 3, low, 3}};
  const stat_pair against[] = {{high, 3, low, 3}, {low, 3, high, 3}};
  (void)state;
  stat_test t = stat_stratified_test(two, 1);
  assert_near(t.statistic, 9, 0);
  assert_near(t.p, 0.1, 1e-15);
  t = stat_stratified_test(two, 2);
  assert_near(t.statistic, 18, 0);
  assert_near(t.p, 2.0 / 400, 1e-15);
  assert_near(stat_stratified_test(against, 2).p, 1, 1e-12);
  assert_true(isnan(stat_stratified_test(two, 0).p));
  const stat_pair empty = {low, 0, high, 2};
  assert_true(isnan(stat_stratified_test(&empty, 1).p));
}

/* Twice the rank sum of those of 5 values that `subset` has. */
static size_t doubled_sum(const double *pool, unsigned subset) {
  size_t sum = 0;
  for (size_t i = 0; i < 5; i++)
    for (size_t k = 0; k < 5 && subset >> i & 1; k++)
      sum += pool[k] < pool[i] ? 2 : pool[k] > pool[i] ? 0 : 1;
  return sum;
}

/* Against brute force over all deals of both pairs, with ties. */
static void stratified_against_enumeration(void **state) {
  uint64_t seed = 11;
  (void)state;
  for (int round = 0; round < 50; round++) {
    double pools[2][5];
    for (size_t i = 0; i < 10; i++)
      pools[i / 5][i % 5] = (double)random_below(&seed, 4);
    const size_t seen = doubled_sum(pools[0], 3) + doubled_sum(pools[1], 7);
    double all = 0, sum = 0, extreme = 0;
    for (int pass = 0; pass < 2; pass++)
      for (unsigned a = 0; a < 32; a++)
        for (unsigned b = 0; b < 32; b++) {
          if (__builtin_popcount(a) != 2 || __builtin_popcount(b) != 3)
            continue;
          const double s =
              (double)(doubled_sum(pools[0], a) + doubled_sum(pools[1], b));
          all += pass ? 0 : 1;
          sum += pass ? 0 : s;
          extreme += pass && fabs(s - sum / all) >=
                                 fabs((double)seen - sum / all) - 1e-9;
        }
    const stat_pair pairs[] = {{pools[0], 2, pools[0] + 2, 3},
                               {pools[1], 3, pools[1] + 3, 2}};
    assert_near(stat_stratified_test(pairs, 2).p, extreme / all, 1e-12);
  }
}

/* Where the exact p ends, the approximation is near what it would be. */
static void stratified_of_many_values(void **state) {
  double a[3][28], b[3][28];
  uint64_t seed = 3;
  (void)state;
  for (size_t i = 0; i < 84; i++) {
    a[i / 28][i % 28] = noise(&seed);
    b[i / 28][i % 28] = noise(&seed) + 0.6;
  }
  stat_pair pairs[3];
  for (size_t k = 0; k < 3; k++)
    pairs[k] = (stat_pair){a[k], 25, b[k], 25};
  const double exact = stat_stratified_test(pairs, 3).p;
  for (size_t k = 0; k < 3; k++)
    pairs[k] = (stat_pair){a[k], 27, b[k], 27};
  assert_true(exact < 0.2);
  assert_near(stat_stratified_test(pairs, 3).p, exact, 0.05);
}

/* Where the exact p ends, the approximation is near what it would be. */
static void mann_whitney_of_large_samples(void **state) {
  double a[26], b[26];
  uint64_t seed = 3;
  (void)state;
  for (size_t i = 0; i < 26; i++) {
    a[i] = noise(&seed);
    b[i] = noise(&seed) + 1;
  }
  double exact = stat_mann_whitney(a, 25, b, 25).p;
  assert_true(exact < 0.05);
  assert_near(stat_mann_whitney(a, 26, b, 25).p, exact, 0.02);
  for (size_t i = 0; i < 26; i++)
    a[i] = 1;
  assert_near(stat_mann_whitney(a, 26, a, 26).p, 1, 0);
}

static void holm(void **state) {
  double p[] = {0.01, 0.04, NAN, 0.03, 0.005};
  (void)state;
  stat_holm(p, COUNT(p));
  assert_near(p[0], 0.03, 1e-15);
  assert_near(p[1], 0.06, 1e-15);
  assert_true(isnan(p[2]));
  assert_near(p[3], 0.06, 1e-15);
  assert_near(p[4], 0.02, 1e-15);
  double large[] = {0.7, 0.8};
  stat_holm(large, 2);
  assert_near(large[0], 1, 0);
  assert_near(large[1], 1, 0);
}

/* Two samples of one distribution differ significantly no more often than
 * promised: heavy tails, ties and a drift that hits both sides do not matter.
 */
static void false_positives_are_as_rare_as_promised(void **state) {
  enum { COMPARISONS = 2000, N = 6 };
  (void)state;
  for (int kind = 0; kind < 4; kind++) {
    size_t wrong = 0;
    for (uint64_t seed = 0; seed < COMPARISONS; seed++) {
      double side[2][N];
      uint64_t random = seed * 4 + (uint64_t)kind;
      for (size_t i = 0; i < N; i++) {
        size_t first = random_below(&random, 2);
        for (size_t k = 0; k < 2; k++) {
          double value = noise(&random);
          value = kind == 0   ? value
                  : kind == 1 ? exp(3 * value)         /* heavy tail */
                  : kind == 2 ? floor(value)           /* ties */
                              : value + 4 * (double)i; /* drift */
          side[k ^ first][i] = value;
        }
      }
      wrong += stat_mann_whitney(side[0], N, side[1], N).p <= 0.05;
    }
    assert_true(wrong <= stat_binomial_bound(COMPARISONS, 0.05, 0.999));
    if (kind < 2) /* nor is it blind: the exact test can reach 0.0411 */
      assert_true(wrong >= COMPARISONS / 50);
  }
}

/* Families: no false rejection in 95 % of them after Holm, but often before. */
static void holm_holds_over_a_table(void **state) {
  enum { TABLES = 500, CELLS = 10, N = 6 };
  size_t before = 0, after = 0;
  uint64_t random = 11;
  (void)state;
  for (size_t t = 0; t < TABLES; t++) {
    double p[CELLS], raw = 1, adjusted = 1;
    for (size_t c = 0; c < CELLS; c++) {
      double a[N], b[N];
      for (size_t i = 0; i < N; i++) {
        a[i] = noise(&random);
        b[i] = noise(&random);
      }
      p[c] = stat_mann_whitney(a, N, b, N).p;
      raw = fmin(raw, p[c]);
    }
    stat_holm(p, CELLS);
    for (size_t c = 0; c < CELLS; c++)
      adjusted = fmin(adjusted, p[c]);
    before += raw <= 0.05;
    after += adjusted <= 0.05;
  }
  assert_true(after <= stat_binomial_bound(TABLES, 0.05, 0.999));
  assert_true(before > TABLES / 5);
}

/* The interval of the median holds it as often as it says. */
static void median_intervals_cover(void **state) {
  enum { SAMPLES = 2000, N = 10 };
  size_t missed = 0;
  uint64_t random = 5;
  (void)state;
  for (size_t s = 0; s < SAMPLES; s++) {
    double values[N];
    for (size_t i = 0; i < N; i++)
      values[i] = exp(2 * noise(&random)); /* its median is 1 */
    stat_interval i = stat_median_interval(values, N, 0.95);
    missed += i.low > 1 || i.high < 1;
  }
  assert_true(missed <= stat_binomial_bound(SAMPLES, 0.05, 0.999));
}

static void numbers_needed(void **state) {
  (void)state;
  assert_int_equal(stat_fewest_for_test(0.05), 4);
  assert_int_equal(stat_fewest_for_test(0.1), 3);
  assert_int_equal(stat_fewest_for_test(0.01), 5);
  assert_near(stat_smallest_p(8, 3), 2.0 / 165, 1e-15);
  assert_near(stat_smallest_p(3, 8), 2.0 / 165, 1e-15);
  assert_near(stat_smallest_p(3, 3), 0.1, 1e-15);
  assert_near(stat_smallest_p(1, 0), 1, 0);
  assert_near(stat_binomial(1, 4, 0.5), 5.0 / 16, 1e-12);
  assert_int_equal(stat_binomial_bound(4, 0.5, 0.9), 3); /* 15/16 */
  assert_int_equal(stat_binomial_bound(40, 0.05, 0.99), 6);
  assert_near(stat_values_needed(10, 0.04, 0.02), 40, 0);
  assert_near(stat_values_needed(10, 0.01, 0.02), 10, 0);
  assert_true(isinf(stat_values_needed(10, 0.01, 0)));
}

/* Kalibera & Jones (ISMM 2013): of runs that cost c2 = 9 to start, with
 * measurements in them that cost c1 = 1, where variances are T2² = 1 between
 * runs and T1² = 4 within, n1 = ceil(sqrt(c2 / c1 * T1² / T2²)) = 6
 * measurements a run are the cheapest way to any width.  No command asks for
 * such a number: a run of ours is one measurement in a process of its own, and
 * how many runs it takes is stat_values_needed.  That must agree: it prices
 * each n1 by the runs it takes. */
static void repetitions_within_a_run(void **state) {
  double c1 = 1, c2 = 9, within = 4, between = 1;
  size_t best = 0;
  double least = HUGE_VAL;
  (void)state;
  for (size_t n1 = 1; n1 <= 30; n1++) {
    double half = sqrt(within / (double)n1 + between); /* of 1000 runs */
    double runs = stat_values_needed(1000, half, 0.01);
    double cost = runs * (c1 * (double)n1 + c2);
    if (cost < least) {
      least = cost;
      best = n1;
    }
  }
  assert_int_equal(best, 6);
  assert_near(ceil(sqrt(c2 / c1 * within / between)), 6, 0);
}

static void slopes(void **state) {
  static const double stable[] = {100, 103, 99, 140, 101, 104};
  static const double growing[] = {100, 110, 120, 130, 140, 150};
  (void)state;
  assert_near(stat_theil_sen(stable, 6), 0.8, 1e-12);
  assert_near(stat_theil_sen(growing, 6), 10, 1e-12);
  assert_true(isnan(stat_theil_sen(stable, 1)));
}

/* A peak of one sample in a thousand is drawn. */
static void thinning_keeps_extremes(void **state) {
  enum { N = 1000, PARTS = 20 };
  double values[N];
  size_t chosen[2 * PARTS + 2];
  (void)state;
  for (size_t i = 0; i < N; i++)
    values[i] = 5;
  values[333] = 26;
  values[334] = 1;
  const size_t n = stat_thin(values, N, PARTS, chosen);
  assert_true(n <= 2 * PARTS + 2);
  bool peak = false, dip = false;
  for (size_t i = 0; i < n; i++) {
    peak |= chosen[i] == 333;
    dip |= chosen[i] == 334;
    assert_true(i == 0 || chosen[i] > chosen[i - 1]);
  }
  assert_true(peak && dip);
  assert_int_equal(chosen[0], 0);
  assert_int_equal(chosen[n - 1], N - 1);
  assert_int_equal(stat_thin(values, 3, PARTS, chosen), 3);
  assert_int_equal(stat_thin(values, 1, PARTS, chosen), 1);
  assert_int_equal(stat_thin(values, 0, PARTS, chosen), 0);
}

static void steady_state(void **state) {
  static const double warming[] = {200, 150, 120, 104, 101, 100, 102};
  static const double variation[] = {.258, .187, .0943, .0205, .0099};
  double mean = 0;
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    stat_moments m = stat_moments_of(warming + i, 3);
    assert_near(m.deviation / m.mean, variation[i], 5e-4);
  }
  assert_int_equal(stat_steady(warming, 7, 3, 0.02, &mean), 7);
  assert_near(mean, 101, 1e-12);
  assert_int_equal(stat_steady(warming, 6, 3, 0.02, &mean), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_numbers_are_splitmix64),
      cmocka_unit_test(ranks_around_the_median),
      cmocka_unit_test(bootstrap_of_the_median_is_the_enumeration),
      cmocka_unit_test(student),
      cmocka_unit_test(welch),
      cmocka_unit_test(fieller),
      cmocka_unit_test(distribution_of_medians),
      cmocka_unit_test(ratio_of_medians),
      cmocka_unit_test(medians_of_large_samples),
      cmocka_unit_test(ranks_by_bisection),
      cmocka_unit_test(slope_of_many_values),
      cmocka_unit_test(bootstrap_of_a_ratio),
      cmocka_unit_test(arithmetic_mean_misleads),
      cmocka_unit_test(geometric_mean),
      cmocka_unit_test(mann_whitney_by_hand),
      cmocka_unit_test(mann_whitney_against_enumeration),
      cmocka_unit_test(mann_whitney_of_large_samples),
      cmocka_unit_test(stratified_by_hand),
      cmocka_unit_test(stratified_against_enumeration),
      cmocka_unit_test(stratified_of_many_values),
      cmocka_unit_test(holm),
      cmocka_unit_test(false_positives_are_as_rare_as_promised),
      cmocka_unit_test(holm_holds_over_a_table),
      cmocka_unit_test(median_intervals_cover),
      cmocka_unit_test(numbers_needed),
      cmocka_unit_test(repetitions_within_a_run),
      cmocka_unit_test(slopes),
      cmocka_unit_test(thinning_keeps_extremes),
      cmocka_unit_test(steady_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
