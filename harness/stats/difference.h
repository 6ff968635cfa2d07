/* difference.h: whether two samples differ, and how many more values it would
 * take to say so.  Pure functions. */
#ifndef REAPMARK_DIFFERENCE_H
#define REAPMARK_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

/* Mann & Whitney's U test (1947), two-sided, with mid-ranks for ties.  Up to
 * STAT_EXACT values together p is exact, ties or not: the share of all ways to
 * deal the pooled values to the two sides whose rank sum is at least as far
 * from its mean.  Above that p is by the normal distribution with the variance
 * corrected for ties and half a step of continuity. */
enum { STAT_EXACT = 50 };
typedef struct stat_test {
  double statistic; /* U of the first sample: pairs in which it is larger */
  double p;         /* NAN if a sample is empty or memory ran out */
} stat_test;
stat_test stat_mann_whitney(const double *a, size_t a_n, const double *b,
                            size_t b_n);

/* Welch's t test (1947), for samples about normal: t of b - a, the degrees of
 * freedom by Satterthwaite, and the two-sided p.  All NAN for fewer than two
 * values or no variance at all. */
typedef struct stat_welch {
  double t, freedom, p;
} stat_welch;
stat_welch stat_welch_test(const double *a, size_t a_n, const double *b,
                           size_t b_n);

/* Holm's adjustment (1979) for testing a family of `n` hypotheses, in place:
 * those with adjusted p <= alpha can be rejected with a probability of at most
 * alpha of rejecting any wrongly.  NAN stands for what was not tested: it stays
 * and does not count. */
void stat_holm(double *p, size_t n);

/* P(B <= k) for B binomial(n, p), 0 < p < 1. */
double stat_binomial(size_t k, size_t n, double p);

/* The smallest k with P(B <= k) >= confidence: more successes than that are not
 * chance. */
size_t stat_binomial_bound(size_t n, double p, double confidence);

/* The fewest values a side with which the U test can reach p <= alpha at
 * all. */
size_t stat_fewest_for_test(double alpha);

/* The smallest p that the U test can give for so many values: two of the
 * C(a + b, a) ways to deal them are the most extreme. */
double stat_smallest_p(size_t a, size_t b);

/* The fewest values with which the median has an interval (interval.h). */
size_t stat_fewest_for_median(double confidence);

/* The number of values, `n` at least, at which an interval of half width
 * `half` at n is expected to be no wider than `wanted`: widths go with
 * 1 / sqrt(n).  HUGE_VAL if none will do. */
double stat_values_needed(size_t n, double half, double wanted);

#endif
