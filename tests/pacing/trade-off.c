/* trade-off.c: tests of fronts of cost and value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/stats/trade-off.h"

#include <math.h>

static void assert_near(double is, double wanted) {
  if (!(fabs(is - wanted) <= 1e-9 * fabs(wanted)))
    fail_msg("%.12g is not %.12g", is, wanted);
}

static void a_front_keeps_what_is_better_than_all_cheaper(void **state) {
  (void)state;
  stat_point p[] = {{4, 3}, {1, 10}, {2, 10}, {3, 5}, {3, 4}, {5, 3.5}};
  size_t n = stat_front(p, 6);
  const stat_point wanted[] = {{1, 10}, {3, 4}, {4, 3}};
  assert_int_equal(n, 3);
  for (size_t i = 0; i < n; i++)
    assert_true(p[i].cost == wanted[i].cost && p[i].value == wanted[i].value);
  assert_int_equal(stat_front(p, 0), 0);
}

static void between_points_it_is_a_line_in_logarithms(void **state) {
  (void)state;
  const stat_point f[] = {{1, 16}, {4, 4}, {8, 2}};
  assert_true(isnan(stat_front_at(f, 3, .99)));
  assert_near(stat_front_at(f, 3, 1), 16);
  assert_near(stat_front_at(f, 3, 2), 8);
  assert_near(stat_front_at(f, 3, 4), 4);
  assert_near(stat_front_at(f, 3, 8), 2);
  assert_near(stat_front_at(f, 3, 1000), 2);
  assert_true(isnan(stat_front_at(f, 0, 1)));
}

static void excess_is_the_mean_ratio_to_the_best(void **state) {
  (void)state;
  const stat_point a[] = {{1, 16}, {16, 1}}, b[] = {{1, 48}, {16, 3}};
  const stat_point crossing[] = {{1, 32}, {16, .5}}; /* twice, then half */
  const stat_point *const two[] = {a, b}, *const cross[] = {a, crossing};
  const size_t counts[] = {2, 2};
  assert_near(stat_front_excess(two, counts, 2, 0, 1, 16), 1);
  assert_near(stat_front_excess(two, counts, 2, 1, 1, 16), 3);
  assert_near(stat_front_excess(cross, counts, 2, 0, 1, 16),
              stat_front_excess(cross, counts, 2, 1, 1, 16));
  assert_true(stat_front_excess(cross, counts, 2, 0, 1, 16) > 1.1);
  assert_near(stat_front_excess(cross, counts, 2, 1, 4, 16), 1);
  assert_true(isnan(stat_front_excess(two, counts, 2, 0, 4, 4)));
  assert_true(isnan(stat_front_excess(two, counts, 2, 0, .5, 4)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_front_keeps_what_is_better_than_all_cheaper),
      cmocka_unit_test(between_points_it_is_a_line_in_logarithms),
      cmocka_unit_test(excess_is_the_mean_ratio_to_the_best),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
