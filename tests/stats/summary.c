/* summary.c: tests of what is said about small samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/stats/summary.h"

/* All numbers here are exact in binary. */
static void assert_summary(stat_summary s, size_t n, double median, double min,
                           double max, double spread) {
  assert_int_equal(s.n, n);
  assert_true(s.median >= median && s.median <= median);
  assert_true(s.min >= min && s.min <= min);
  assert_true(s.max >= max && s.max <= max);
  assert_true(s.spread >= spread && s.spread <= spread);
}

static void odd_sample(void **state) {
  (void)state;
  double v[] = {5, 3, 4};
  assert_summary(stat_summarize(v, 3), 3, 4, 3, 5, 0.5);
}

static void even_sample(void **state) {
  (void)state;
  double v[] = {10, 1, 3, 5};
  assert_summary(stat_summarize(v, 4), 4, 4, 1, 10, 2.25);
}

static void one_value(void **state) {
  (void)state;
  double v[] = {7};
  assert_summary(stat_summarize(v, 1), 1, 7, 7, 7, 0);
}

static void no_value(void **state) {
  (void)state;
  assert_summary(stat_summarize(NULL, 0), 0, 0, 0, 0, 0);
}

static void median_of_zero(void **state) {
  (void)state;
  double v[] = {0, 0, 8};
  assert_summary(stat_summarize(v, 3), 3, 0, 0, 8, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(odd_sample),     cmocka_unit_test(even_sample),
      cmocka_unit_test(one_value),      cmocka_unit_test(no_value),
      cmocka_unit_test(median_of_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
