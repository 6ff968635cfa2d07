/* strata.c: ratios of several machines against worked numbers and their own
 * promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/base/random.h"
#include "harness/stats/strata.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define OF(array)                                                              \
  { array, COUNT(array) }

static void assert_near(double actual, double expected, double tolerance) {
  if (!(fabs(actual - expected) <= tolerance))
    fail_msg("%.10g is not %.10g", actual, expected);
}

static double ratio_of(const stat_stratum *items, size_t count) {
  return stat_strata_ratio(&(stat_strata){items, count}, 1);
}

static stat_interval interval_of(const stat_stratum *items, size_t count) {
  return stat_strata_interval(&(stat_strata){items, count}, 1, 0.95, STAT_SEED);
}

static const double three[] = {1.10, 1.20, 1.15}, two[] = {0.90, 1.00};
static const double four[] = {1.10, 1.20, 1.15, 1.30}, pair[] = {1.00, 1.10};
static const double low[] = {0.90}, even[] = {1.00};

/* (1.1 × 1.2 × 1.15 × 0.9 × 1)^(1/5) */
static void ratio_is_by_machine(void **state) {
  const stat_stratum s[] = {OF(three), OF(two)};
  (void)state;
  assert_near(ratio_of(s, 2), 1.0643951, 1e-7);
  const stat_stratum other_order[] = {OF(two), OF(three)};
  assert_near(ratio_of(other_order, 2), ratio_of(s, 2), 1e-15);
  /* Where all machines agree, machines change nothing. */
  const stat_stratum same[] = {OF(three), OF(three)};
  assert_near(ratio_of(same, 2), cbrt(1.1 * 1.2 * 1.15), 1e-12);
}

/* 0.9 and 1 of two machines are as {0.9, 1} of one.  A single 0.9 joins
 * {1, 1.1} rather than the four rounds of another machine. */
static void single_rounds_are_put_together(void **state) {
  const stat_stratum singles[] = {OF(low), OF(four), OF(even)};
  const stat_stratum as_one[] = {OF(four), OF(two)};
  (void)state;
  assert_near(ratio_of(singles, 3), ratio_of(as_one, 2), 1e-15);
  const stat_interval a = interval_of(singles, 3), b = interval_of(as_one, 2);
  assert_near(a.low, b.low, 1e-15);
  assert_near(a.high, b.high, 1e-15);
  const double joined[] = {1.00, 1.10, 0.90};
  const stat_stratum single[] = {OF(low), OF(four), OF(pair)};
  const stat_stratum by_hand[] = {OF(four), OF(joined)};
  const stat_interval c = interval_of(single, 3), d = interval_of(by_hand, 2);
  assert_near(c.low, d.low, 1e-15);
  assert_near(c.high, d.high, 1e-15);
  const stat_stratum all_single[] = {OF(low), OF(even)};
  assert_near(ratio_of(all_single, 2), sqrt(0.9), 1e-12);
}

/* That a pooled ratio is wrong: machine b is twice as fast, and ran the slower
 * side more often.  In every round the sides are equal. */
static void machines_do_not_mix(void **state) {
  const double equal[] = {1, 1, 1, 1};
  const stat_stratum s[] = {OF(equal), OF(even)};
  (void)state;
  assert_near(ratio_of(s, 2), 1, 1e-15);
  const stat_interval i = interval_of(s, 2);
  assert_near(i.low, 1, 1e-15);
  assert_near(i.high, 1, 1e-15);
}

/* Ten machines with the ratios e^±0.1 each: of the residuals ±0.1 √2 twenty are
 * drawn, so that the logarithm is 0.1 √2 (K - 10) / 10 with K of binomial(20,
 * 1/2).  Student's t with 10 degrees of freedom is 2.228 at 95 %, where the
 * normal distribution has 1.29 %: P(K <= 4) is 0.59 % and P(K <= 5) 2.07 %,
 * hence K = 5 and 15. */
static void interval_of_pairs_is_binomial(void **state) {
  const double ratios[] = {exp(-0.1), exp(0.1)};
  stat_stratum s[10];
  (void)state;
  for (size_t i = 0; i < COUNT(s); i++)
    s[i] = (stat_stratum)OF(ratios);
  const stat_interval i = interval_of(s, COUNT(s));
  assert_near(log(i.low), -0.05 * sqrt(2), 1e-12);
  assert_near(log(i.high), 0.05 * sqrt(2), 1e-12);
  /* Of four machines it is there, of three it is not. */
  assert_true(interval_of(s, 4).low < 1);
  assert_true(isnan(interval_of(s, 3).low));
  assert_true(isnan(interval_of(s, 3).high));
}

/* However much machines differ, they do not widen the interval: it is of
 * rounds within machines. */
static void differences_of_machines_cancel(void **state) {
  double near[4][5], far[4][5];
  stat_stratum of_near[4], of_far[4];
  uint64_t random = 1;
  (void)state;
  for (size_t m = 0; m < 4; m++) {
    for (size_t k = 0; k < 5; k++) {
      near[m][k] = 1 + (double)random_below(&random, 100) / 1000;
      far[m][k] = near[m][k] * (double)(m + 1);
    }
    of_near[m] = (stat_stratum)OF(near[m]);
    of_far[m] = (stat_stratum)OF(far[m]);
  }
  const stat_interval a = interval_of(of_near, 4), b = interval_of(of_far, 4);
  assert_near(b.high / b.low, a.high / a.low, 1e-9);
  assert_near(ratio_of(of_far, 4) / ratio_of(of_near, 4), pow(24, 0.25), 1e-9);
}

/* 95 of 100 intervals hold the true ratio, also with two rounds a machine. */
static void intervals_cover(void **state) {
  enum { EXPERIMENTS = 400, MACHINES = 6, ROUNDS = 2 };
  uint64_t random = 7;
  size_t covered = 0;
  (void)state;
  for (size_t e = 0; e < EXPERIMENTS; e++) {
    double ratios[MACHINES][ROUNDS];
    stat_stratum s[MACHINES];
    for (size_t m = 0; m < MACHINES; m++) {
      for (size_t k = 0; k < ROUNDS; k++) {
        double noise = -6; /* about normal: the sum of twelve */
        for (int i = 0; i < 12; i++)
          noise += (double)random_below(&random, 1 << 20) / (1 << 20);
        ratios[m][k] = 1.1 * exp(0.05 * noise);
      }
      s[m] = (stat_stratum)OF(ratios[m]);
    }
    const stat_interval i = interval_of(s, MACHINES);
    covered += i.low <= 1.1 && 1.1 <= i.high;
  }
  assert_true(covered >= EXPERIMENTS * 92 / 100);
  assert_true(covered <= EXPERIMENTS * 99 / 100);
}

/* Hollander & Wolfe's data of nine patients: V 40, p 20/512. */
static void signed_ranks_are_exact(void **state) {
  const double before[] = {1.83, 0.50, 1.62, 2.48, 1.68,
                           1.88, 1.55, 3.06, 1.30};
  const double after[] = {0.878, 0.647, 0.598, 2.05, 1.06,
                          1.29,  1.06,  3.14,  1.29};
  double change[9];
  (void)state;
  for (size_t i = 0; i < 9; i++)
    change[i] = before[i] - after[i];
  const stat_test t = stat_signed_ranks(change, 9);
  assert_near(t.statistic, 40, 0);
  assert_near(t.p, 20. / 512, 1e-12);
  /* Ties, and a zero that is left out: 40 of 128 signs. */
  const double ties[] = {.3, -.1, .1, .2, 0, .2, .5, -.4};
  assert_near(stat_signed_ranks(ties, 8).statistic, 20.5, 0);
  assert_near(stat_signed_ranks(ties, 8).p, 0.3125, 1e-12);
  const double zeros[] = {0, 0};
  assert_near(stat_signed_ranks(zeros, 2).p, 1, 0);
  assert_true(isnan(stat_signed_ranks(zeros, 0).p));
  /* The normal distribution takes over where the exact one ends. */
  double many[STAT_EXACT + 1];
  for (size_t i = 0; i < COUNT(many); i++)
    many[i] = i % 3 ? (double)(i + 1) : -(double)(i + 1);
  assert_near(stat_signed_ranks(many, STAT_EXACT + 1).p,
              stat_signed_ranks(many, STAT_EXACT).p, 0.02);
  assert_int_equal(stat_fewest_for_signs(0.05), 6); /* 2 / 64 */
}

/* Kruskal & Wallis's H of Hollander & Wolfe's mucociliary data, and of ratios
 * with ties, whose p was counted over all 560 deals. */
static void interaction_is_of_kruskal_and_wallis(void **state) {
  const double a[] = {2.9, 3.0, 2.5, 2.6, 3.2}, b[] = {3.8, 2.7, 4.0, 2.4};
  const double c[] = {2.8, 3.4, 3.7, 2.2, 2.0};
  const stat_stratum lungs[] = {OF(a), OF(b), OF(c)};
  (void)state;
  const stat_test h =
      stat_strata_interaction(&(stat_strata){lungs, 3}, STAT_SEED);
  assert_near(h.statistic, 0.7714286, 1e-7);
  const double x[] = {1.0, 1.1, 1.1}, y[] = {1.1, 1.2, 1.3}, z[] = {1.2, 1.4};
  const stat_stratum tied[] = {OF(x), OF(y), OF(z)};
  const stat_test t =
      stat_strata_interaction(&(stat_strata){tied, 3}, STAT_SEED);
  assert_near(t.statistic, 4.5263713, 1e-7);
  assert_near(t.p, 58 / 560., 0.01);
  /* Too few machines, or rounds. */
  const stat_stratum one[] = {OF(three)}, singles[] = {OF(low), OF(even)};
  assert_true(
      isnan(stat_strata_interaction(&(stat_strata){one, 1}, STAT_SEED).p));
  assert_true(
      isnan(stat_strata_interaction(&(stat_strata){singles, 2}, STAT_SEED).p));
}

/* Where machines do not differ, one test in twenty says that they do. */
static void interaction_keeps_its_level(void **state) {
  enum { EXPERIMENTS = 200 };
  uint64_t random = 3;
  size_t wrong = 0;
  (void)state;
  for (size_t e = 0; e < EXPERIMENTS; e++) {
    double ratios[5][4];
    stat_stratum s[5];
    for (size_t m = 0; m < 5; m++) {
      for (size_t k = 0; k < 4; k++)
        ratios[m][k] = 1 + (double)random_below(&random, 1000) / 1000;
      s[m] = (stat_stratum)OF(ratios[m]);
    }
    wrong += stat_strata_interaction(&(stat_strata){s, 5}, e).p <= 0.05;
  }
  assert_true(wrong >= 3 && wrong <= 19); /* 99 of 100 such experiments */
}

static void nothing_of_no_ratio(void **state) {
  const double bad[] = {1, 0}, negative[] = {1, -2};
  const stat_stratum s[] = {OF(bad)}, n[] = {OF(negative)}, lone[] = {OF(low)};
  (void)state;
  assert_true(isnan(ratio_of(s, 1)));
  assert_true(isnan(ratio_of(n, 1)));
  assert_true(isnan(interval_of(s, 1).low));
  assert_true(isnan(interval_of(lone, 1).low));
  assert_near(ratio_of(lone, 1), 0.9, 1e-15);
  assert_true(isnan(stat_strata_ratio(NULL, 0)));
  assert_true(isnan(stat_strata_interval(NULL, 0, 0.95, STAT_SEED).low));
}

/* Of several comparisons: the geometric mean, and the interval of that. */
static void comparisons_are_combined(void **state) {
  const stat_stratum a[] = {OF(three), OF(two)}, b[] = {OF(four)};
  const stat_strata all[] = {{a, 2}, {b, 1}};
  (void)state;
  assert_near(stat_strata_ratio(all, 2), sqrt(ratio_of(a, 2) * ratio_of(b, 1)),
              1e-12);
  const stat_interval i = stat_strata_interval(all, 2, 0.95, STAT_SEED);
  assert_true(i.low < stat_strata_ratio(all, 2));
  assert_true(i.high > stat_strata_ratio(all, 2));
  const stat_test t =
      stat_strata_test(all, 2); /* of 9 ratios one is 1, and 0.9 is third */
  assert_near(t.statistic, 33, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ratio_is_by_machine),
      cmocka_unit_test(single_rounds_are_put_together),
      cmocka_unit_test(machines_do_not_mix),
      cmocka_unit_test(interval_of_pairs_is_binomial),
      cmocka_unit_test(differences_of_machines_cancel),
      cmocka_unit_test(intervals_cover),
      cmocka_unit_test(signed_ranks_are_exact),
      cmocka_unit_test(interaction_is_of_kruskal_and_wallis),
      cmocka_unit_test(interaction_keeps_its_level),
      cmocka_unit_test(nothing_of_no_ratio),
      cmocka_unit_test(comparisons_are_combined)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
