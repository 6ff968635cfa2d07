/* histogram.c: tests of the log-linear histogram. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/stats/histogram.h"

static hist h, other;

/* xorshift64, shifted so that all magnitudes occur. */
static uint64_t some_value(void) {
  static uint64_t x = 88172645463325252u;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return x >> (x & 63);
}

static uint64_t percentile(double p) {
  uint64_t value = 0;
  assert_true(hist_percentile(&h, p, &value));
  return value;
}

static void buckets_tile_all_values(void **state) {
  (void)state;
  assert_int_equal(hist_low(0), 0);
  for (unsigned i = 0; i < HIST_BUCKETS; i++) {
    assert_int_equal(hist_index(hist_low(i)), i);
    assert_int_equal(hist_index(hist_high(i)), i);
    if (i > 0)
      assert_true(hist_low(i) == hist_high(i - 1) + 1);
  }
  assert_true(hist_high(HIST_BUCKETS - 1) == UINT64_MAX);
}

static void buckets_are_narrow(void **state) {
  (void)state;
  for (unsigned i = 0; i < HIST_BUCKETS; i++)
    assert_true(hist_high(i) - hist_low(i) <= hist_low(i) / HIST_SUB);
}

static void index_is_monotone(void **state) {
  (void)state;
  for (unsigned n = 0; n < 10000; n++) {
    uint64_t a = some_value(), b = some_value();
    assert_true((a < b ? hist_index(a) <= hist_index(b)
                       : hist_index(a) >= hist_index(b)));
  }
}

static void extremes_are_exact(void **state) {
  (void)state;
  hist_reset(&h);
  hist_add(&h, UINT64_MAX);
  hist_add(&h, 0);
  assert_true(h.count == 2 && h.min == 0 && h.max == UINT64_MAX);
  assert_true(h.sum == UINT64_MAX);
  assert_int_equal(percentile(50), 0);
}

/* 1..100 have these percentiles by nearest rank. */
static void percentiles_by_nearest_rank(void **state) {
  (void)state;
  hist_reset(&h);
  for (uint64_t v = 100; v >= 1; v--)
    hist_add(&h, v);
  assert_int_equal(percentile(0), 1);
  assert_int_equal(percentile(50), 50);
  assert_int_equal(percentile(90), 90);
  assert_int_equal(percentile(99), 99);
  /* By rank the 99.9th would be 100: no value is above it, so that it is only
   * given as the maximum. */
  uint64_t value = 0;
  assert_false(hist_percentile(&h, 99.9, &value));
  assert_int_equal(h.max, 100);
}

/* One slow event of ten. */
static void percentiles_of_simple_latency(void **state) {
  (void)state;
  static const uint64_t took[] = {1, 1, 1, 1, 11, 1, 1, 1, 1, 1};
  hist_reset(&h);
  for (size_t i = 0; i < 10; i++)
    hist_add(&h, took[i]);
  assert_int_equal(percentile(50), 1);
  assert_int_equal(percentile(90), 1);
  assert_int_equal(h.max, 11);
}

static void percentiles_need_support(void **state) {
  (void)state;
  uint64_t value = 7;
  hist_reset(&h);
  assert_false(hist_percentile(&h, 50, &value));
  for (unsigned n = 1; n <= 1000; n++) {
    hist_add(&h, n);
    assert_int_equal(hist_percentile(&h, 50, &value), n >= 2);
    assert_int_equal(hist_percentile(&h, 99, &value), n >= 100);
    assert_int_equal(hist_percentile(&h, 99.9, &value), n >= 1000);
  }
  value = 7;
  assert_false(hist_percentile(&h, 100, &value));
  assert_int_equal(value, 7);
}

static void percentiles_stay_within_sample(void **state) {
  (void)state;
  hist_reset(&h);
  for (unsigned i = 0; i < 200; i++)
    hist_add(&h, 1000003); /* not the top of its bucket */
  assert_int_equal(percentile(99), 1000003);
}

static void percentiles_err_by_less_than_a_bucket(void **state) {
  (void)state;
  hist_reset(&h);
  for (uint64_t v = 1; v <= 100000; v++)
    hist_add(&h, v * 1000);
  for (unsigned p = 1; p < 100; p++) {
    uint64_t exact = p * 1000000u;
    assert_in_range(percentile(p), exact, exact + exact / HIST_SUB);
  }
}

static void assert_same(const hist *a, const hist *b) {
  assert_true(a->count == b->count && a->sum == b->sum);
  assert_true(a->min == b->min && a->max == b->max);
  assert_memory_equal(a->buckets, b->buckets, sizeof a->buckets);
}

/* What one value becomes, in descending order up to 0. */
static void assert_corrected(uint64_t value, uint64_t interval,
                             const uint64_t *expected) {
  hist_reset(&h);
  hist_reset(&other);
  hist_add(&h, value);
  hist_correct(&other, &h, interval);
  uint64_t n = 0, sum = 0;
  for (; expected[n]; n++) {
    sum += expected[n];
    assert_true(other.buckets[hist_index(expected[n])] > 0);
  }
  assert_int_equal(other.count, n);
  assert_int_equal(other.sum, sum);
  assert_int_equal(other.max, value);
  assert_int_equal(other.min, expected[n - 1]);
}

static void coordinated_omission_is_corrected(void **state) {
  (void)state;
  assert_corrected(10, 1, (const uint64_t[]){10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
  assert_corrected(25, 10, (const uint64_t[]){25, 15, 0}); /* 2.5 and 1 */
  assert_corrected(1, 1, (const uint64_t[]){1, 0});
  assert_corrected(100, 30, (const uint64_t[]){100, 70, 40, 0});
  /* Each of many is. */
  hist_reset(&h);
  hist_reset(&other);
  for (int i = 0; i < 5; i++)
    hist_add(&h, i < 3 ? 10 : 100);
  hist_correct(&other, &h, 40);
  assert_int_equal(other.count, 5 + 2);
  assert_int_equal(other.sum, 3 * 10 + 2 * (100 + 60));
}

static void merging_is_adding_all(void **state) {
  (void)state;
  static hist all;
  hist_reset(&h);
  hist_reset(&other);
  hist_reset(&all);
  for (unsigned i = 0; i < 5000; i++) {
    uint64_t v = some_value();
    hist_add(i % 3 ? &h : &other, v);
    hist_add(&all, v);
  }
  hist_merge(&h, &other);
  assert_same(&h, &all);
  hist_reset(&other);
  hist_merge(&h, &other);
  assert_same(&h, &all);
}

/* Takes `h` apart, and returns the number of buckets. */
static size_t take_apart(hist_bucket *buckets) {
  size_t n = 0;
  for (unsigned cursor = 0; hist_next(&h, &cursor, &buckets[n]);)
    n++;
  return n;
}

static void rebuilt_from_buckets(void **state) {
  (void)state;
  static hist_bucket buckets[HIST_BUCKETS];
  hist_reset(&h);
  for (unsigned i = 0; i < 5000; i++)
    hist_add(&h, some_value());
  size_t n = take_apart(buckets);
  const hist_sparse all = {h.count, h.sum, h.min, h.max, buckets, n};
  assert_true(hist_rebuild(&other, &all));
  assert_same(&h, &other);
  for (unsigned p = 0; p <= 100; p++) {
    uint64_t value = 0, sparse = 0;
    assert_int_equal(hist_percentile(&h, p, &value),
                     hist_sparse_percentile(&all, p, &sparse));
    assert_int_equal(value, sparse);
  }

  hist_reset(&h);
  assert_int_equal(take_apart(buckets), 0);
  assert_true(hist_rebuild(&other, &(hist_sparse){.buckets = buckets}));
  assert_same(&h, &other);
}

/* Two halves have the buckets of the whole. */
static void sparse_ones_are_merged(void **state) {
  static hist_bucket of_half[HIST_BUCKETS], of_other[HIST_BUCKETS],
      merged[2 * HIST_BUCKETS], whole[HIST_BUCKETS];
  (void)state;
  hist_reset(&h);
  hist_reset(&other);
  for (unsigned i = 0; i < 500; i++)
    hist_add(i % 3 ? &h : &other, some_value());
  const hist_sparse half = {.buckets = of_half,
                            .occupied = take_apart(of_half)};
  const hist kept = h;
  h = other;
  const hist_sparse rest = {.buckets = of_other,
                            .occupied = take_apart(of_other)};
  h = kept;
  hist_merge(&h, &other);
  const size_t n = hist_sparse_merge(&half, &rest, merged);
  assert_int_equal(n, take_apart(whole));
  assert_memory_equal(merged, whole, n * sizeof *whole);
}

static void nonsense_is_not_rebuilt(void **state) {
  (void)state;
  struct {
    hist_bucket buckets[2];
    uint64_t min, max;
  } bad[] = {
      {{{20, 1}, {10, 1}}, 20, 10},     /* unordered */
      {{{10, 1}, {10, 1}}, 10, 10},     /* twice */
      {{{10, 0}, {20, 1}}, 10, 20},     /* empty bucket */
      {{{10, 1}, {1001, 1}}, 10, 1001}, /* not a lowest value */
      {{{10, 1}, {20, 1}}, 11, 20},     /* min elsewhere */
      {{{10, 1}, {20, 1}}, 10, 21},     /* max elsewhere */
      {{{1000, 1}, {1000, 0}}, 1003, 1000},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    hist_sparse from = {.sum = 30,
                        .min = bad[i].min,
                        .max = bad[i].max,
                        .buckets = bad[i].buckets,
                        .occupied = 2};
    from.count = bad[i].buckets[0].count + bad[i].buckets[1].count;
    assert_false(hist_rebuild(&h, &from));
    assert_int_equal(h.count, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(buckets_tile_all_values),
      cmocka_unit_test(buckets_are_narrow),
      cmocka_unit_test(index_is_monotone),
      cmocka_unit_test(extremes_are_exact),
      cmocka_unit_test(percentiles_by_nearest_rank),
      cmocka_unit_test(percentiles_of_simple_latency),
      cmocka_unit_test(percentiles_need_support),
      cmocka_unit_test(percentiles_stay_within_sample),
      cmocka_unit_test(percentiles_err_by_less_than_a_bucket),
      cmocka_unit_test(coordinated_omission_is_corrected),
      cmocka_unit_test(merging_is_adding_all),
      cmocka_unit_test(rebuilt_from_buckets),
      cmocka_unit_test(sparse_ones_are_merged),
      cmocka_unit_test(nonsense_is_not_rebuilt),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
