/* mmu.c: mutator utilisation by worked examples, and against brute force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/stats/mmu.h"

#include <math.h>
#include <stdbool.h>

static void assert_near(double actual, double expected) {
  if (!(fabs(actual - expected) < 1e-12))
    fail_msg("%.15g, not %.15g", actual, expected);
}

typedef struct point {
  uint64_t window;
  double mmu, bmu; /* bmu -1: not stated */
} point;

static void assert_curve(const mmu_interval *pauses, size_t n, uint64_t end,
                         const point *points, size_t count) {
  uint64_t windows[16] = {0};
  double mmu[16], bmu[16];
  for (size_t i = 0; i < count; i++)
    windows[i] = points[i].window;
  mmu_curves(pauses, n, 0, end, windows, count, mmu, bmu);
  for (size_t i = 0; i < count; i++) {
    assert_near(mmu[i], points[i].mmu);
    assert_near(mmu_at(pauses, n, 0, end, windows[i]), points[i].mmu);
    if (points[i].bmu >= 0)
      assert_near(bmu[i], points[i].bmu);
  }
}

/* Go's own TestMMU, in tenths. */
static void example_of_two_pauses(void **state) {
  (void)state;
  const mmu_interval pauses[] = {{10, 20}, {30, 40}};
  const point points[] = {{10, 0, 0},           {15, 1. / 3, 1. / 3},
                          {20, 1. / 2, 1. / 3}, {25, 2. / 5, 1. / 3},
                          {30, 1. / 3, 1. / 3}, {35, 3. / 7, 3. / 7},
                          {40, 1. / 2, 1. / 2}, {45, 5. / 9, 5. / 9},
                          {50, 3. / 5, 3. / 5}, {60, 3. / 5, 3. / 5}};
  assert_curve(pauses, 2, 50, points, 10);
}

static void example_of_three_pauses(void **state) {
  (void)state;
  const mmu_interval pauses[] = {{10, 14}, {20, 26}, {40, 41}};
  const point points[] = {{1, 0, 0},
                          {6, 0, 0},
                          {8, .25, .25},
                          {10, .40, .375},
                          {12, .50, .375},
                          {16, .375, .375},
                          {20, .50, -1},
                          {25, .60, -1},
                          {30, 20. / 30, 20. / 31},
                          {31, 20. / 31, 20. / 31},
                          {32, .65625, .65625},
                          {40, .725, .725},
                          {50, .78, .78}};
  assert_curve(pauses, 3, 50, points, 13);
}

static void normal_form(void **state) {
  (void)state;
  mmu_interval pauses[] = {{50, 60}, {5, 12},  {30, 30},  {20, 30},
                           {30, 35}, {22, 25}, {90, 200}, {200, 300}};
  assert_int_equal(mmu_normalize(pauses, 8, 10, 100), 4);
  const mmu_interval expected[] = {{10, 12}, {20, 35}, {50, 60}, {90, 100}};
  assert_memory_equal(pauses, expected, sizeof expected);
}

static void edges(void **state) {
  (void)state;
  const mmu_interval pause = {3, 5};
  assert_near(mmu_at(NULL, 0, 0, 10, 0), 1);
  assert_near(mmu_at(NULL, 0, 0, 10, 4), 1);
  assert_near(mmu_at(&pause, 1, 0, 10, 0), 0);
  assert_near(mmu_at(&pause, 1, 3, 5, 2), 0);
}

static void windows_of_the_grid(void **state) {
  (void)state;
  uint64_t w[MMU_WINDOWS];
  assert_int_equal(mmu_grid(120000, w), 5);
  assert_int_equal(w[0], 10000);
  assert_int_equal(w[1], 20000);
  assert_int_equal(w[2], 50000);
  assert_int_equal(w[3], 100000);
  assert_int_equal(w[4], 120000);
  assert_int_equal(mmu_grid(100000, w), 4);
  assert_int_equal(mmu_grid(5, w), 1);
  assert_int_equal(w[0], 5);
  assert_in_range(mmu_grid(UINT64_MAX, w), 30, MMU_WINDOWS);
}

/* ------------------------------------------------------------------------- *
 * Properties, on random runs of integers.
 * ------------------------------------------------------------------------- */

enum { LENGTH = 40, PAUSES = 6 };

typedef struct run {
  mmu_interval pauses[PAUSES + 1];
  size_t n;
} run;

static uint64_t random_state = 42;
static uint64_t random_below(uint64_t n) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (z ^ (z >> 31)) % n;
}

static mmu_interval random_pause(void) {
  uint64_t begin = random_below(LENGTH);
  return (mmu_interval){begin, begin + 1 + random_below(6)};
}

static run random_run(void) {
  run r = {.n = random_below(PAUSES + 1)};
  for (size_t i = 0; i < r.n; i++)
    r.pauses[i] = random_pause();
  r.n = mmu_normalize(r.pauses, r.n, 0, LENGTH);
  return r;
}

static double brute_force(const run *r, uint64_t window) {
  bool paused[LENGTH] = {false};
  for (size_t i = 0; i < r->n; i++)
    for (uint64_t t = r->pauses[i].begin; t < r->pauses[i].end; t++)
      paused[t] = true;
  uint64_t most = 0;
  for (uint64_t a = 0; a + window <= LENGTH; a++) {
    uint64_t sum = 0;
    for (uint64_t t = a; t < a + window; t++)
      sum += paused[t];
    most = sum > most ? sum : most;
  }
  return 1 - (double)most / (double)window;
}

/* With integers the worst window is at integers too, and so is the worst
 * length of BMU. */
static void same_as_brute_force(void **state) {
  (void)state;
  for (int round = 0; round < 3000; round++) {
    run r = random_run();
    uint64_t windows[LENGTH];
    double mmu[LENGTH], bmu[LENGTH], least = 1;
    for (uint64_t w = 1; w <= LENGTH; w++)
      windows[w - 1] = w;
    mmu_curves(r.pauses, r.n, 0, LENGTH, windows, LENGTH, mmu, bmu);
    for (uint64_t w = LENGTH; w >= 1; w--) {
      double expected = brute_force(&r, w);
      assert_near(mmu[w - 1], expected);
      least = fmin(least, expected);
      assert_near(bmu[w - 1], least);
    }
    /* BMU is exact between the windows asked for. */
    uint64_t sparse[] = {1, 7, 20};
    double sparse_mmu[3], sparse_bmu[3];
    mmu_curves(r.pauses, r.n, 0, LENGTH, sparse, 3, sparse_mmu, sparse_bmu);
    for (size_t k = 0; k < 3; k++)
      assert_near(sparse_bmu[k], bmu[sparse[k] - 1]);
  }
}

static void a_pause_more_never_raises_mmu(void **state) {
  (void)state;
  for (int round = 0; round < 3000; round++) {
    run r = random_run(), more = r;
    more.pauses[more.n++] = random_pause();
    more.n = mmu_normalize(more.pauses, more.n, 0, LENGTH);
    for (uint64_t w = 1; w <= LENGTH; w++)
      assert_true(mmu_at(more.pauses, more.n, 0, LENGTH, w) <=
                  mmu_at(r.pauses, r.n, 0, LENGTH, w));
  }
}

static void ends_of_the_curve(void **state) {
  (void)state;
  for (int round = 0; round < 1000; round++) {
    run r = random_run();
    uint64_t longest = 0, all = 0;
    for (size_t i = 0; i < r.n; i++) {
      uint64_t length = r.pauses[i].end - r.pauses[i].begin;
      longest = length > longest ? length : longest;
      all += length;
    }
    for (uint64_t w = 1; w <= longest; w++)
      assert_near(mmu_at(r.pauses, r.n, 0, LENGTH, w), 0);
    assert_near(mmu_at(r.pauses, r.n, 0, LENGTH, LENGTH),
                1 - (double)all / LENGTH);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(example_of_two_pauses),
      cmocka_unit_test(example_of_three_pauses),
      cmocka_unit_test(normal_form),
      cmocka_unit_test(edges),
      cmocka_unit_test(windows_of_the_grid),
      cmocka_unit_test(same_as_brute_force),
      cmocka_unit_test(a_pause_more_never_raises_mmu),
      cmocka_unit_test(ends_of_the_curve)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
