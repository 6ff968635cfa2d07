/* difference.h: whether two samples differ, and how many more values it would
 * take to say so.  Pure functions. */
#ifndef REAPMARK_DIFFERENCE_H
#define REAPMARK_DIFFERENCE_H

#include "interval.h"

#include <stdbool.h>
#include <stddef.h>

/* Mann & Whitney's U test (1947), two-sided, with mid-ranks for ties.  Up to
 * STAT_EXACT values in both samples together, p is exact, with ties or
 * without: of all ways to deal the pooled values to the two samples, the share
 * whose rank sum is at least as far from its mean.  With more values, p is
 * taken from the normal distribution, with the variance corrected for ties and
 * a continuity correction of one half. */
enum { STAT_EXACT = 50 };
typedef struct stat_test {
  double statistic; /* U: pairs in which the value of the first sample is
                       larger, ties counting one half */
  double p;         /* NAN if a sample is empty or there is no memory */
} stat_test;
stat_test stat_mann_whitney(const double *a, size_t a_n, const double *b,
                            size_t b_n);

/* The same for several pairs of samples together, such as two collectors on
 * several workloads (the stratified rank sum test; van Elteren 1960, with equal
 * weights): values are ranked within each pair, and the statistic is the sum of
 * the pairs' U of `above`.  Small samples that agree with each other prove what
 * none of them could alone.  p is exact up to STAT_EXACT_STRATA values in all,
 * by the convolution of the pairs' exact distributions; with more, it is taken
 * from the normal distribution.  p is NAN without pairs, if a sample is empty,
 * or if there is no memory. */
enum { STAT_EXACT_STRATA = 160 };
stat_test stat_stratified_test(const stat_pair *pairs, size_t n);

/* Wilcoxon's test of signed ranks (1945), two-sided, with mid-ranks for ties:
 * whether the values are as likely above 0 as as far below.  Zeros are left
 * out.  The statistic is the sum of the ranks of the positive values; p is
 * exact up to STAT_EXACT values, with ties or without, and beyond is taken from
 * the normal distribution.  p is 1 if all values are 0, and NAN without values
 * or memory. */
stat_test stat_signed_ranks(const double *values, size_t n);

/* The fewest values with which that test can reach p <= alpha at all. */
size_t stat_fewest_for_signs(double alpha);

/* Writes twice the mid-rank of each value to `doubled`.  Returns the sum of t³
 * - t over the groups of t equal values, or NAN if there is no memory. */
double stat_mid_ranks(const double *values, size_t n, unsigned *doubled);

/* Welch's t test (1947), for samples about normal: t of b - a, the degrees of
 * freedom by Satterthwaite, and the two-sided p.  All NAN for fewer than two
 * values or no variance at all. */
typedef struct stat_welch {
  double t, freedom, p;
} stat_welch;
stat_welch stat_welch_test(const double *a, size_t a_n, const double *b,
                           size_t b_n);

/* Holm's adjustment (1979) of the p values of a family of `n` hypotheses, in
 * place: if all with an adjusted p <= alpha are rejected, the probability that
 * any of them is rejected wrongly is at most alpha.  A hypothesis that was not
 * tested is NAN: it stays NAN and does not count. */
void stat_holm(double *p, size_t n);

/* The fewest values in each sample with which the U test can reach p <= alpha
 * at all. */
size_t stat_fewest_for_test(double alpha);

/* The smallest p that the U test can give for samples of `a` and `b` values:
 * of the C(a + b, a) ways to deal them, two are the most extreme. */
double stat_smallest_p(size_t a, size_t b);

/* How many values, at least `n`, it takes until the half width of an interval,
 * which is `half` with n values, is expected to be at most `wanted`: half
 * widths fall with 1 / sqrt(n).  HUGE_VAL if `wanted` is not positive. */
double stat_values_needed(size_t n, double half, double wanted);

#endif
