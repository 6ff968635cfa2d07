/* schedule.c: tests of how many runs fit into the time that there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "harness/driver/choose/schedule.h"

static bool equal(double a, double b) {
  return fabs(a - b) < 1e-9;
}

/* Two workloads, of which a run takes 1 + 4 s and 2 + 3 s. */
static const schedule_run runs[] = {{1, 4, 2}, {2, 3, 3}};

static const schedule_bounds bounds = {1, 3, 10};

/* By two collectors, with a second between rounds. */
static schedule make(double budget) {
  return schedule_make(runs, 2, 2, 1, budget, bounds);
}

static void as_many_as_fit(void **state) {
  (void)state;
  /* 21 s a round. */
  schedule s = make(110);
  assert_int_equal(s.runs, 5);
  assert_true(equal(s.share, 1));
  assert_true(equal(s.seconds, 105));
  assert_true(equal(schedule_length(&s, &runs[0]), 4));
}

static void but_not_too_many(void **state) {
  (void)state;
  schedule s = make(1e6);
  assert_int_equal(s.runs, bounds.most);
  assert_true(equal(s.seconds, 21 * bounds.most));
}

/* Runs become shorter, and no shorter than is worth while. */
static void shorter_if_need_be(void **state) {
  (void)state;
  schedule s = make(3 * 19);
  assert_int_equal(s.runs, bounds.good);
  assert_true(equal(s.share, 0.75));
  assert_true(equal(schedule_length(&s, &runs[0]), 3));
  assert_true(equal(schedule_length(&s, &runs[1]), 3));
  assert_true(s.seconds <= 3 * 19 + 1e-9);
}

/* And fewer, when they can be no shorter: a round takes 17 s at least. */
static void fewer_if_need_be(void **state) {
  (void)state;
  schedule s = make(2 * 17 + 1);
  assert_int_equal(s.runs, 2);
  assert_true(equal(schedule_length(&s, &runs[0]), 2));
  assert_true(equal(s.seconds, 2 * 17));
}

static void too_little_time(void **state) {
  (void)state;
  schedule s = make(16);
  assert_int_equal(s.runs, 0);
  assert_true(equal(s.seconds, 17)); /* what the fewest would take */
}

/* Who asks for a number of runs gets it, or nothing. */
static void as_many_as_asked(void **state) {
  (void)state;
  const schedule_bounds one = {1, 1, 1}, many = {20, 20, 20};
  assert_int_equal(schedule_make(runs, 2, 2, 1, 1e6, one).runs, 1);
  assert_int_equal(schedule_make(runs, 2, 2, 1, 1e6, many).runs, 20);
  assert_int_equal(schedule_make(runs, 2, 2, 1, 19 * 17, many).runs, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_many_as_fit),     cmocka_unit_test(but_not_too_many),
      cmocka_unit_test(shorter_if_need_be), cmocka_unit_test(fewer_if_need_be),
      cmocka_unit_test(too_little_time),    cmocka_unit_test(as_many_as_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
