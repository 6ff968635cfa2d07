/* growth.c: the rule by which the conditions growth-SHAPE judge figures at a
 * size and at its double. */
#include "harness/driver/stress/growth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { N = 1000000 };

static void what_doubles_is_linear(void **state) {
  (void)state;
  assert_false(growth_exceeds(GROWTH_WORK, false, N, 2 * N));
  assert_false(growth_exceeds(GROWTH_COLLECTIONS, false, 300, 600));
  assert_false(growth_exceeds(GROWTH_BYTES, false, N, 2 * N));
  /* n log n, from 2^20 to 2^21 */
  assert_false(growth_exceeds(GROWTH_WORK, false, 20 * N, 42 * N));
}

static void what_is_quadratic_grows_too_fast(void **state) {
  (void)state;
  assert_true(growth_exceeds(GROWTH_WORK, false, N, 4 * N));
  assert_true(growth_exceeds(GROWTH_COLLECTIONS, false, 300, 1200));
  assert_true(growth_exceeds(GROWTH_BYTES, false, N, 4 * N));
  /* a part of it is: 9/10 linear at n, so 2 * 9/10 + 4 * 1/10 is still less
   * than what thresholds do; half of it is seen */
  assert_false(growth_exceeds(GROWTH_WORK, false, 10 * N, 22 * N));
  assert_true(growth_exceeds(GROWTH_WORK, false, 10 * N, 30 * N));
}

static void what_is_flat_must_not_grow(void **state) {
  (void)state;
  assert_false(growth_exceeds(GROWTH_BYTES, true, N, N));
  assert_false(growth_exceeds(GROWTH_BYTES, true, N, N + N / 10));
  assert_true(growth_exceeds(GROWTH_BYTES, true, N, 2 * N));
  assert_true(growth_exceeds(GROWTH_WORK, true, N, 2 * N));
}

/* From nothing, or next to nothing, the constant decides. */
static void a_few_are_no_growth(void **state) {
  (void)state;
  assert_false(growth_exceeds(GROWTH_WORK, false, 0, 1000));
  assert_false(growth_exceeds(GROWTH_COLLECTIONS, false, 1, 12));
  assert_false(growth_exceeds(GROWTH_BYTES, true, 0, 65536));
  assert_true(growth_exceeds(GROWTH_WORK, false, 0, N));
  assert_true(growth_exceeds(GROWTH_BYTES, true, 0, N));
}

/* Neither the product nor the sum may wrap around. */
static void large_figures_are_compared_too(void **state) {
  (void)state;
  uint64_t large = UINT64_MAX / 8;
  assert_false(growth_exceeds(GROWTH_WORK, false, large, 2 * large));
  assert_true(growth_exceeds(GROWTH_WORK, false, large, 4 * large));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_doubles_is_linear),
      cmocka_unit_test(what_is_quadratic_grows_too_fast),
      cmocka_unit_test(what_is_flat_must_not_grow),
      cmocka_unit_test(a_few_are_no_growth),
      cmocka_unit_test(large_figures_are_compared_too),
  };
  return cmocka_run_group_tests_name("growth", tests, NULL, NULL);
}
