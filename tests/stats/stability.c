/* stability.c: tests of the verdict on garbage and memory over time: rules by
 * series made by hand, and rates of error by many series of a saw whose teeth
 * are of random length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "harness/stats/stability.h"
#include "tests/stats/normal.h"

enum { MOST = 6000, SERIES = 200 };

static stability_point points[MOST];

/* ------------------------------------------------------------------------- *
 * A saw: garbage grows until a collection, whose threshold varies.
 * ------------------------------------------------------------------------- */

typedef struct saw {
  const char *name;
  double seconds;
  double period; /* mean seconds between collections */
  double varies; /* standard deviation of the threshold, as a share of it */
  double lasts;  /* how much of a deviation is left at the next collection */
  double left;   /* the most that a collection leaves, as a share */
  double growth; /* of the threshold, % a second */
} saw;

/* Samples every 10 ms, but never more than so many. */
static size_t run(const saw *w, uint64_t seed) {
  enum { ROOM = 256 };
  double every = fmax(0.01, w->seconds / ROOM), tick = 0.001;
  double garbage = 0, most = 0, wander = 0, bound = 10000, due = every;
  double sum = 0, ticks = 0;
  size_t n = 0;
  uint64_t state = seed;
  for (double t = 0; t < w->seconds; t += tick) {
    double level = 10000 * (1 + w->growth / 100 * t);
    garbage += level * tick / w->period;
    most = fmax(most, garbage);
    sum += garbage;
    ticks++;
    if (garbage >= bound) {
      garbage *= w->left * fabs(normal(&state)) / 3;
      wander = w->lasts * wander +
               sqrt(1 - w->lasts * w->lasts) * w->varies * normal(&state);
      bound = level * (1 + wander);
    }
    if (t < due)
      continue;
    points[n++] = (stability_point){t, most, sum / ticks};
    most = garbage;
    sum = ticks = 0;
    due += every;
  }
  return n;
}

typedef struct rates {
  unsigned verdicts[STABILITY_VERDICTS];
} rates;

static rates judge_all(const saw *w) {
  rates r = {{0}};
  for (unsigned k = 0; k < SERIES; k++) {
    size_t n = run(w, 1000 + k);
    r.verdicts[stability_of(points, n, NULL).verdict]++;
  }
  printf("%s: %u stable, %u growing, %u too short\n", w->name,
         r.verdicts[STABILITY_STABLE], r.verdicts[STABILITY_GROWING],
         r.verdicts[STABILITY_TOO_SHORT]);
  return r;
}

static const saw saws[] = {
    {"many short teeth, 2 s", 2, 0.02, 0.05, 0, 0.1, 0},
    {"many short teeth, 20 s", 20, 0.05, 0.05, 0, 0.1, 0},
    {"teeth of half a second, 20 s", 20, 0.5, 0.1, 0, 0.2, 0},
    {"long teeth, 20 s", 20, 1.7, 0.1, 0, 0.1, 0},
    {"as long as a block, 20 s", 20, 20.0 / 24, 0.02, 0, 0.1, 0},
    {"thresholds that wander, 20 s", 20, 0.3, 0.1, 0.7, 0.1, 0},
    {"thresholds that wander, 60 s", 60, 0.3, 0.2, 0.9, 0.1, 0},
    {"wild thresholds, 10 s", 10, 0.1, 0.4, 0, 0.5, 0},
};

/* A stable run may be called growing in 5 % of all cases at most, whatever the
 * teeth are like. */
static void test_stable_runs(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof saws / sizeof *saws; i++)
    assert_true(judge_all(&saws[i]).verdicts[STABILITY_GROWING] <=
                SERIES * 5 / 100);
}

/* Regular teeth are told to be stable in a run of a few seconds: the verdict is
 * not "too short" by default. */
static void test_stable_is_found(void **state) {
  (void)state;
  const saw regular = {"regular, 10 s", 10, 0.05, 0.02, 0, 0.1, 0};
  assert_true(judge_all(&regular).verdicts[STABILITY_STABLE] >=
              SERIES * 95 / 100);
}

/* Growth of 1 % a second is found in runs of half a minute. */
static void test_planted_growth(void **state) {
  (void)state;
  const saw growing[] = {
      {"+1 %/s, short teeth", 30, 0.05, 0.05, 0, 0.1, 1},
      {"+1 %/s, teeth of half a second", 30, 0.5, 0.05, 0, 0.2, 1},
      {"+1 %/s, no teeth but noise", 30, 0.02, 0.1, 0, 0.5, 1},
  };
  for (size_t i = 0; i < sizeof growing / sizeof *growing; i++) {
    rates r = judge_all(&growing[i]);
    assert_true(r.verdicts[STABILITY_GROWING] >= SERIES * 95 / 100);
    assert_int_equal(r.verdicts[STABILITY_STABLE], 0);
  }
}

/* In a run in which it cannot be told, no growth is excluded. */
static void test_growth_is_not_denied(void **state) {
  (void)state;
  const saw brief = {"+1 %/s, 2 s", 2, 0.1, 0.1, 0, 0.1, 1};
  assert_true(judge_all(&brief).verdicts[STABILITY_STABLE] <= SERIES * 5 / 100);
}

/* ------------------------------------------------------------------------- *
 * By hand.
 * ------------------------------------------------------------------------- */

static size_t line(size_t n, double from, double slope) {
  for (size_t i = 0; i < n; i++) {
    double v = from + slope * (double)i;
    points[i] = (stability_point){(double)i, v, v};
  }
  return n;
}

static void test_lines(void **state) {
  (void)state;
  stability s = stability_of(points, line(90, 100, 0), NULL);
  assert_int_equal(s.verdict, STABILITY_STABLE);
  assert_float_equal(s.slope, 0, 1e-9);
  s = stability_of(points, line(90, 100, 0.01), NULL);
  assert_int_equal(s.verdict, STABILITY_STABLE); /* 0.6 % in all */
  assert_true(s.slope > 0.0099 && s.slope < 0.01);
  s = stability_of(points, line(90, 100, 2), NULL);
  assert_int_equal(s.verdict, STABILITY_GROWING);
  s = stability_of(points, line(90, 1000, -2), NULL);
  assert_int_equal(s.verdict, STABILITY_STABLE);
}

/* The first third may grow as it will. */
static void test_beginning(void **state) {
  (void)state;
  size_t n = line(90, 1000, 0);
  for (size_t i = 0; i < 30; i++)
    points[i].most = points[i].value = 30 * (double)i;
  assert_int_equal(stability_of(points, n, NULL).verdict, STABILITY_STABLE);
}

static void test_few_points(void **state) {
  (void)state;
  stability s = stability_of(points, line(30, 100, 5), NULL);
  assert_int_equal(s.verdict, STABILITY_TOO_SHORT);
  assert_int_equal(s.blocks, 0);
  assert_int_equal(stability_of(points, 0, NULL).verdict, STABILITY_TOO_SHORT);
  assert_int_equal(stability_of(points, 1, NULL).verdict, STABILITY_TOO_SHORT);
}

/* Nothing at all is no growth, and a little beside a large level is none. */
static void test_levels(void **state) {
  (void)state;
  static double levels[90];
  assert_int_equal(stability_of(points, line(90, 0, 0), NULL).verdict,
                   STABILITY_STABLE);
  size_t n = line(90, 1, 0.1);
  assert_int_equal(stability_of(points, n, NULL).verdict, STABILITY_GROWING);
  for (size_t i = 0; i < n; i++)
    levels[i] = 100000;
  assert_int_equal(stability_of(points, n, levels).verdict, STABILITY_STABLE);
}

/* Maxima that grow above medians that stay are no growth, and single outliers
 * are none. */
static void test_both_signs(void **state) {
  (void)state;
  size_t n = line(96, 100, 2);
  for (size_t i = 0; i < n; i++)
    points[i].value = 100;
  assert_int_equal(stability_of(points, n, NULL).verdict, STABILITY_TOO_SHORT);
  n = line(96, 100, 2); /* what is left after collections fills a fixed heap */
  for (size_t i = 0; i < n; i++)
    points[i].most = 400;
  assert_int_equal(stability_of(points, n, NULL).verdict, STABILITY_TOO_SHORT);
  n = line(96, 100, 0);
  points[90].most = points[90].value = 1e6;
  assert_int_equal(stability_of(points, n, NULL).verdict, STABILITY_STABLE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lines),
      cmocka_unit_test(test_beginning),
      cmocka_unit_test(test_few_points),
      cmocka_unit_test(test_levels),
      cmocka_unit_test(test_both_signs),
      cmocka_unit_test(test_stable_is_found),
      cmocka_unit_test(test_stable_runs),
      cmocka_unit_test(test_planted_growth),
      cmocka_unit_test(test_growth_is_not_denied),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
