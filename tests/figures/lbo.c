/* lbo.c: lower-bound overhead by a worked example and its properties; drift. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/stats/drift.h"
#include "harness/stats/lbo.h"

#include <math.h>

static void assert_near(double actual, double expected, double within) {
  if (!(fabs(actual - expected) <= within))
    fail_msg("%.9g, not %.9g", actual, expected);
}

/* No collector; mark-sweep and counting in two heaps each. */
static const lbo_row rows[] = {
    {100, 0}, {150, 40}, {125, 18}, {140, 10}, {139, 9}};

static void worked_example(void **state) {
  (void)state;
  const double expected[] = {1.00, 1.50, 1.25, 1.40, 1.39};
  const double naive[] = {0, .267, .144, .071, .065};
  double baseline = lbo_baseline(rows, 5);
  assert_near(baseline, 100, 0);
  for (size_t i = 0; i < 5; i++) {
    assert_near(lbo_of(rows[i], baseline), expected[i], 1e-12);
    assert_near(lbo_naive_share(rows[i]), naive[i], 5e-4);
  }
}

static void worked_example_without_the_first_row(void **state) {
  (void)state;
  const double expected[] = {1.4019, 1.1682, 1.3084, 1.2991};
  double baseline = lbo_baseline(rows + 1, 4);
  assert_near(baseline, 107, 0);
  for (size_t i = 0; i < 4; i++)
    assert_near(lbo_of(rows[i + 1], baseline), expected[i], 5e-5);
}

static void no_baseline(void **state) {
  (void)state;
  const lbo_row nothing = {5, 5};
  assert_true(isnan(lbo_baseline(rows, 0)));
  assert_true(isnan(lbo_baseline(&nothing, 1)));
}

static uint64_t random_state = 1;
static double random_below(unsigned n) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (double)((random_state >> 33) % n);
}

static void properties(void **state) {
  (void)state;
  for (int round = 0; round < 2000; round++) {
    enum { N = 7 };
    lbo_row r[N], reversed[N];
    for (size_t i = 0; i < N; i++) {
      double rest = 1 + random_below(1000), gc = random_below(500);
      reversed[N - 1 - i] = r[i] = (lbo_row){rest + gc, gc};
    }
    double fewer = lbo_baseline(r, N - 1), all = lbo_baseline(r, N);
    assert_near(lbo_baseline(reversed, N), all, 0); /* order is nothing */
    for (size_t i = 0; i < N; i++)
      assert_true(lbo_of(r[i], all) >= 1);
    for (size_t i = 0; i < N - 1; i++) /* a row more never lowers one */
      assert_true(lbo_of(r[i], all) >= lbo_of(r[i], fewer));
  }
}

static void drift(void **state) {
  (void)state;
  const double up[] = {100, 101, 99, 110, 111, 109};
  assert_near(stat_drift(up, 6), .1, 1e-12);
  const double odd[] = {100, 100, 500, 90, 90};
  assert_near(stat_drift(odd, 5), -.1, 1e-12);
  const double one_bad[] = {100, 900, 100, 100, 100, 100};
  assert_near(stat_drift(one_bad, 6), 0, 1e-12);
  assert_true(isnan(stat_drift(up, 3)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(worked_example),
      cmocka_unit_test(worked_example_without_the_first_row),
      cmocka_unit_test(no_baseline), cmocka_unit_test(properties),
      cmocka_unit_test(drift)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
