/* latency.c: latencies, schedules and memory figures, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "harness/stats/drag.h"
#include "harness/stats/fragmentation.h"
#include "harness/stats/histogram.h"
#include "harness/stats/latency.h"
#include "harness/stats/rates.h"
#include "harness/stats/series.h"
#include "harness/stats/summary.h"

enum { N = 10, UNIT = 1000000 /* fractions are of this */ };

static void assert_close(double actual, double expected) {
  if (!(fabs(actual - expected) < 1e-12))
    fail_msg("%.15g, not %.15g", actual, expected);
}

/* A closed loop with a stall of 10 in event 4. */
static uint64_t start[N] = {0, 1, 2, 3, 4, 15, 16, 17, 18, 19};
static uint64_t end[N];

static int set_up(void **state) {
  (void)state;
  static const uint64_t starts[N] = {0, 1, 2, 3, 4, 15, 16, 17, 18, 19};
  for (unsigned i = 0; i < N; i++) {
    start[i] = starts[i] * UNIT;
    end[i] = start[i] + (i == 4 ? 11u : 1u) * UNIT;
  }
  return 0;
}

static void assert_metered(uint64_t window, const double *expected) {
  uint64_t metered[N];
  latency_metered(start, end, N, window, metered);
  for (unsigned i = 0; i < N; i++)
    assert_true(fabs((double)metered[i] / UNIT - expected[i]) < 0.0006);
}

static void full_smoothing(void **state) {
  (void)state;
  static const double expected[N] = {1,     1,     1,     1,     11,
                                     5.444, 4.333, 3.222, 2.111, 1};
  assert_metered(LATENCY_FULL, expected);
  assert_metered(38 * UNIT, expected);
}

static void windows_spread_the_delay(void **state) {
  (void)state;
  assert_metered(22 * UNIT, (const double[N]){1, 1, 1, 1, 11, 9, 1, 1, 1, 1});
  assert_metered(28 * UNIT,
                 (const double[N]){1, 1, 1, 1, 11, 6, 5.286, 4.333, 3, 1});
}

static void short_windows_miss_the_stall(void **state) {
  (void)state;
  static const uint64_t windows[] = {21, 20, 12, 8, 4};
  for (unsigned i = 0; i < 5; i++)
    assert_metered(windows[i] * UNIT,
                   (const double[N]){1, 1, 1, 1, 11, 1, 1, 1, 1, 1});
}

/* 200 requests with the same stall: so many are slow, by window. */
static void many_requests(void **state) {
  (void)state;
  static const struct {
    uint64_t window;
    unsigned slow;
  } cases[] = {{21, 1}, {22, 2}, {40, 11}, {200, 90}, {1000, 90}};
  static uint64_t s[200], e[200], metered[200];
  for (unsigned i = 0; i < 200; i++) {
    s[i] = (i < 110 ? i : i + 10) * (uint64_t)UNIT;
    e[i] = s[i] + (i == 109 ? 11u : 1u) * UNIT;
  }
  for (unsigned k = 0; k < 5; k++) {
    latency_metered(s, e, 200, cases[k].window * UNIT, metered);
    unsigned slow = 0;
    for (unsigned i = 0; i < 200; i++)
      slow += metered[i] > UNIT + 1;
    assert_int_equal(slow, cases[k].slow);
  }
}

static void percentiles_of(const double *units, double p50, double p99,
                           double max) {
  uint64_t v[N];
  for (unsigned i = 0; i < N; i++)
    v[i] = (uint64_t)(units[i] * UNIT);
  stat_sort(v, N);
  assert_int_equal(stat_rank(v, N, 50), (uint64_t)(p50 * UNIT));
  assert_int_equal(stat_rank(v, N, 99), (uint64_t)(p99 * UNIT));
  assert_int_equal(v[N - 1], (uint64_t)(max * UNIT));
}

/* The same service and stall where requests arrive every 2, whatever becomes of
 * those before: a server works through its queue, and latency counts from the
 * arrival. */
static void open_loop(void **state) {
  (void)state;
  static const double expected[N] = {1, 1, 1, 1, 11, 10, 9, 8, 7, 6};
  uint64_t arrival[N], idle = 0;
  double got[N];
  latency_schedule(arrival, N, 500000000, false, 0); /* every 2 ns */
  for (unsigned i = 0; i < N; i++) {
    uint64_t begin = arrival[i] > idle ? arrival[i] : idle;
    idle = begin + (i == 4 ? 11 : 1);
    got[i] = (double)(idle - arrival[i]);
    assert_true(got[i] == expected[i]);
  }
  percentiles_of(got, 6, 11, 11);
}

/* A thread that slept 1 five times: it took longer, once by 10. */
static void hiccups(void **state) {
  (void)state;
  static const double elapsed[] = {1.06, 1.05, 1.07, 11.05, 1.05};
  static const double expected[] = {0, 0, 0.02, 10, 0};
  static const unsigned records[] = {1, 1, 1, 10, 1};
  static hist met, corrected;
  uint64_t least = UINT64_MAX;
  for (unsigned i = 0; i < 5; i++) {
    uint64_t late = latency_hiccup(&least, (uint64_t)(elapsed[i] * UNIT + 0.5));
    assert_int_equal(late, (uint64_t)(expected[i] * UNIT + 0.5));
    hist_reset(&met);
    hist_reset(&corrected);
    hist_add(&met, late);
    hist_correct(&corrected, &met, UNIT);
    assert_int_equal(corrected.count, records[i]);
  }
}

static void one_request(void **state) {
  (void)state;
  uint64_t metered;
  latency_metered(start, end, 1, LATENCY_FULL, &metered);
  assert_int_equal(metered, UNIT);
  latency_metered(start, end, 1, 4, &metered);
  assert_int_equal(metered, UNIT);
}

static void even_schedule(void **state) {
  (void)state;
  uint64_t arrival[4];
  latency_schedule(arrival, 4, 3, false, 1);
  static const uint64_t expected[4] = {0, 333333333, 666666666, 1000000000};
  assert_memory_equal(arrival, expected, sizeof arrival);
}

/* It ascends, has the mean asked for and the spread of an exponential, and
 * comes from the seed. */
static void poisson_schedule(void **state) {
  (void)state;
  enum { MANY = 20000 };
  static uint64_t a[MANY], b[MANY];
  latency_schedule(a, MANY, 1000, true, 7);
  latency_schedule(b, MANY, 1000, true, 7);
  assert_memory_equal(a, b, sizeof a);
  latency_schedule(b, MANY, 1000, true, 8);
  assert_memory_not_equal(a, b, sizeof a);
  double mean = (double)a[MANY - 1] / MANY, squares = 0;
  for (unsigned i = 1; i < MANY; i++) {
    assert_true(a[i] >= a[i - 1]);
    double gap = (double)(a[i] - a[i - 1]) - mean;
    squares += gap * gap;
  }
  assert_true(fabs(mean - 1e6) < 3e4);
  assert_true(fabs(sqrt(squares / MANY) - 1e6) < 5e4);
}

static void fragmentation(void **state) {
  (void)state;
  assert_close(stat_internal_fragmentation(24, 32), .25);
  assert_close(stat_external_fragmentation(64, 64 + 16 + 16 + 32), .5);
  assert_close(stat_external_fragmentation(64, 64), 0);
  assert_close(stat_external_fragmentation(0, 0), 0);
  assert_close(stat_heap_fragmentation(24, 96), .75);
  assert_true(isnan(stat_internal_fragmentation(0, 0)));
}

static void overhead_and_floating_garbage(void **state) {
  (void)state;
  assert_close(stat_space_overhead(96 << 20, 64 << 20), 1.5);
  assert_close(stat_floating_garbage(3 * 16, 10 * 16), .3);
  assert_true(isnan(stat_space_overhead(96, 0)));
}

/* Deaths and reclaims of five objects of 16 bytes. */
static void drag(void **state) {
  (void)state;
  static const uint64_t deaths[] = {1, 2, 3, 5, 6};
  static const uint64_t reclaims[] = {4, 4, 4, 9, 9};
  stat_drag d = {0};
  for (unsigned i = 0; i < 5; i++)
    stat_drag_add(&d, reclaims[i] - deaths[i], 16);
  assert_int_equal(d.count, 5);
  assert_close((double)d.sum / (double)d.count, 2.6);
  assert_int_equal(d.max, 4);
  assert_int_equal(d.drag, 208);
}

/* Published: DaCapo's lusearch allocates 24 GB in 1024.3 ms and needs 19 MiB.
 */
static void allocation_and_heaps(void **state) {
  (void)state;
  double mib = 1 << 20, lusearch = 24129344080;
  assert_true(fabs(stat_rate(lusearch, 1024300e3) / 1e6 - 23556) < 1);
  assert_close(stat_rate(300 * mib, 2e9), 150 * mib);
  assert_true(fabs(stat_turnover(lusearch, 19 * mib) - 1211) < 0.5);
  assert_close(stat_turnover(300 * mib, 12 * mib), 25);
  /* 23 s in the smallest heap, 1 s in a generous one. */
  assert_true(fabs(100 * stat_growth(23140.9, 1024.3) - 2159) < 0.5);
  /* The heap needed after ten iterations over that after one: a run of ours is
   * one iteration, whose leaks are counted, so that no command shows it. */
  assert_close(stat_growth(12, 10), 0.2);
  assert_true(isnan(stat_rate(1, 0)) && isnan(stat_growth(1, 0)));
}

static void dispersion(void **state) {
  (void)state;
  assert_true(fabs(stat_gini((const uint64_t[]){1, 1, 1, 97}, 4) - .72) <
              1e-12);
  assert_true(stat_gini((const uint64_t[]){1, 1, 1, 1}, 4) == 0);
  assert_true(fabs(stat_gini((const uint64_t[]){1, 2, 3, 4}, 4) - .25) < 1e-12);
  assert_true(stat_gini((const uint64_t[]){0, 0}, 2) == 0);
  assert_true(stat_gini(NULL, 0) == 0);
}

/* DaCapo's percentile, by the share of values above it: one in `tail`. */
static uint64_t by_dacapo(const uint64_t *sorted, size_t n, size_t tail) {
  return sorted[n - 1 - n / tail];
}

/* Both rules agree on 1 to 100.  DaCapo rounds the rank up and we to the
 * nearest, so that elsewhere its value may be the next one, and no other. */
static void ranks_beside_those_of_dacapo(void **state) {
  (void)state;
  static const struct {
    double p;
    size_t tail;
    uint64_t value; /* of 1 to 100 */
  } table[] = {{50, 2, 50}, {90, 10, 90}, {99, 100, 99}, {99.9, 1000, 100}};
  static uint64_t values[1000];
  for (size_t i = 0; i < 1000; i++)
    values[i] = i + 1;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    assert_int_equal(stat_rank(values, 100, table[i].p), table[i].value);
    assert_int_equal(by_dacapo(values, 100, table[i].tail), table[i].value);
    for (size_t n = 1; n <= 1000; n++) {
      uint64_t ours = stat_rank(values, n, table[i].p);
      uint64_t theirs = by_dacapo(values, n, table[i].tail);
      assert_true(theirs == ours || theirs == ours + 1);
    }
  }
  assert_int_equal(stat_rank(values, 160, 99), 158);
  assert_int_equal(by_dacapo(values, 160, 100), 159);
}

static void ranks(void **state) {
  (void)state;
  uint64_t values[100];
  for (unsigned i = 0; i < 100; i++)
    values[i] = 100 - i;
  stat_sort(values, 100);
  assert_int_equal(stat_rank(values, 100, 50), 50);
  assert_int_equal(stat_rank(values, 100, 90), 90);
  assert_int_equal(stat_rank(values, 100, 99), 99);
  assert_int_equal(stat_rank(values, 100, 99.9), 100);
  assert_int_equal(stat_rank(values, 100, 0), 1);
  assert_int_equal(stat_rank(values, 0, 50), 0);
  assert_int_equal(stat_mean((const uint64_t[]){1, 2}, 2), 2);
  assert_int_equal(stat_mean(values, 0), 0);
}

static void mean_over_time(void **state) {
  (void)state;
  /* 10 for a second, 40 for three. */
  assert_true(stat_time_mean((const uint64_t[]){0, 1, 4},
                             (const uint64_t[]){10, 40, 99}, 3) == 32.5);
  assert_true(stat_time_mean((const uint64_t[]){5}, (const uint64_t[]){7}, 1) ==
              7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(full_smoothing),
      cmocka_unit_test(windows_spread_the_delay),
      cmocka_unit_test(short_windows_miss_the_stall),
      cmocka_unit_test(many_requests),
      cmocka_unit_test(open_loop),
      cmocka_unit_test(hiccups),
      cmocka_unit_test(one_request),
      cmocka_unit_test(even_schedule),
      cmocka_unit_test(poisson_schedule),
      cmocka_unit_test(fragmentation),
      cmocka_unit_test(overhead_and_floating_garbage),
      cmocka_unit_test(drag),
      cmocka_unit_test(allocation_and_heaps),
      cmocka_unit_test(dispersion),
      cmocka_unit_test(ranks),
      cmocka_unit_test(ranks_beside_those_of_dacapo),
      cmocka_unit_test(mean_over_time),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
