/* sweep.c: heap sizes of a sweep, their order, and the search for the minimum
 * heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/driver/search/search.h"
#include "harness/driver/plan/sweep.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Sizes and order.
 * ------------------------------------------------------------------------- */

static void factors(void **state) {
  (void)state;
  const double expected[] = {1.0,    1.4167, 1.8929, 2.4286, 3.0238,
                             3.6786, 4.3929, 5.1667, 6.0};
  for (unsigned i = 0; i <= 8; i++)
    assert_true(fabs(sweep_factor(1, 6, 8, 1, i) - expected[i]) < 5e-5);
  assert_true(fabs(sweep_factor(2, 4, 1, 1, 1) - 4) < 1e-12);
}

static void coarse_first(void **state) {
  (void)state;
  const unsigned nine[] = {0, 2, 1, 2, 0, 2, 1, 2, 0};
  unsigned levels[9];
  sweep_levels(9, levels);
  assert_memory_equal(levels, nine, sizeof nine);
  const unsigned six[] = {0, 1, 0, 1, 2, 0};
  sweep_levels(6, levels);
  assert_memory_equal(levels, six, sizeof six);
  const unsigned three[] = {0, 0, 0};
  sweep_levels(3, levels);
  assert_memory_equal(levels, three, sizeof three);
  sweep_levels(1, levels);
  assert_int_equal(levels[0], 0);
}

static void ranges(void **state) {
  (void)state;
  heap_list heaps = {0};
  assert_null(sweep_add(&heaps, "none"));
  assert_null(sweep_add(&heaps, "range:1-6/8"));
  assert_null(sweep_add(&heaps, "64M"));
  const char *const expected[] = {"none",   "1x",     "1.417x", "1.893x",
                                  "2.429x", "3.024x", "3.679x", "4.393x",
                                  "5.167x", "6x",     "64M"};
  assert_int_equal(heaps.count, 11);
  for (size_t i = 0; i < 11; i++)
    assert_string_equal(heaps.items[i].text, expected[i]);
  /* A size is what its text says: programs are told the text. */
  assert_int_equal(heaps.items[2].kind, HEAP_MULTIPLE);
  assert_true(fabs(heaps.items[2].multiple - 1.417) < 1e-12);
  const char *const wrong[] = {"range:",       "range:1-6",    "range:6-1/8",
                               "range:1-6/0",  "range:1-6/8x", "range:1-6/999",
                               "range:1-6/8y", "3y",           ""};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_non_null(sweep_add(&heaps, wrong[i]));
  assert_int_equal(heaps.count, 11);
}

/* ------------------------------------------------------------------------- *
 * Search.
 * ------------------------------------------------------------------------- */

typedef struct script {
  uint64_t need;
  uint64_t flaky; /* passes every other time */
  uint64_t stop;  /* crashes */
  uint64_t gap;   /* fails although smaller sizes pass */
  unsigned flips;
  uint64_t heaps[64];
  char answers[65];
  unsigned n;
} script;

static search_answer play(void *data, uint64_t heap) {
  script *s = data;
  assert_true(s->n < 64);
  bool good = heap >= s->need && heap != s->gap;
  if (heap == s->flaky)
    good = s->flips++ % 2 == 0;
  s->heaps[s->n] = heap;
  s->answers[s->n++] = heap == s->stop ? '!' : good ? '+' : '-';
  s->answers[s->n] = 0;
  return heap == s->stop ? SEARCH_STOP : good ? SEARCH_PASSED : SEARCH_FAILED;
}

static search_result search(script *s, uint64_t low, uint64_t high, double rtol,
                            unsigned confirm) {
  const search_request request = {.low = low,
                                  .high = high,
                                  .grain = 1,
                                  .rtol = rtol,
                                  .confirm = confirm,
                                  .of = confirm};
  return search_minimum(&request, play, s);
}

static void assert_heaps(const script *s, const uint64_t *heaps, unsigned n,
                         const char *answers) {
  assert_int_equal(s->n, n);
  for (unsigned i = 0; i < n; i++)
    assert_int_equal(s->heaps[i], heaps[i]);
  assert_string_equal(s->answers, answers);
}

static void probes_in_order(void **state) {
  (void)state;
  script s = {.need = 37};
  search_result r = search(&s, 2, 64, 0, 1);
  assert_int_equal(r.end, SEARCH_FOUND);
  assert_int_equal(r.heap, 37);
  assert_int_equal(r.failed, 36);
  assert_int_equal(r.probes, 8);
  const uint64_t heaps[] = {64, 2, 33, 48, 40, 36, 38, 37};
  assert_heaps(&s, heaps, 8, "+--++-++");
}

static void the_ends_are_tried(void **state) {
  (void)state;
  script s = {.need = 2};
  search_result r = search(&s, 2, 64, 0, 1);
  assert_int_equal(r.end, SEARCH_AT_MOST);
  assert_int_equal(r.heap, 2);
  s = (script){.need = 64};
  r = search(&s, 2, 64, 0, 1);
  assert_int_equal(r.end, SEARCH_FOUND);
  assert_int_equal(r.heap, 64);
  s = (script){.need = 65};
  r = search(&s, 2, 64, 0, 1);
  assert_int_equal(r.end, SEARCH_UNSATISFIED);
  assert_int_equal(r.heap, 64);
  assert_int_equal(r.probes, 1);
}

static void tolerance(void **state) {
  (void)state;
  script s = {.need = 850};
  search_result r = search(&s, 4, 24576, .01, 1);
  assert_int_equal(r.end, SEARCH_FOUND);
  assert_int_equal(r.heap, 855);
}

/* What running-ng does: the bounds themselves are never tried.  0: none. */
static uint64_t by_running_ng(script *s, uint64_t low, uint64_t high) {
  bool found = false;
  while (high - low > 1) {
    uint64_t middle = (low + high) / 2;
    if (play(s, middle) == SEARCH_PASSED) {
      high = middle;
      found = true;
    } else {
      low = middle;
    }
  }
  return found ? high : 0;
}

/* What Julia's CI did: the middle of the last bracket, untried. */
static uint64_t by_julia_ci(script *s) {
  uint64_t low = 4, high = 24576;
  while (high - low > 16) {
    uint64_t middle = (low + high + 1) / 2;
    if (play(s, middle) == SEARCH_PASSED)
      high = middle;
    else
      low = middle;
  }
  return (low + high + 1) / 2;
}

static bool was_tried(const script *s, uint64_t heap, char answer) {
  for (unsigned i = 0; i < s->n; i++)
    if (s->heaps[i] == heap)
      return s->answers[i] == answer;
  return false;
}

static void bounds_that_are_not_tried_mislead(void **state) {
  (void)state;
  const uint64_t heaps[] = {33, 48, 40, 36, 38, 37};
  script s = {.need = 37};
  assert_int_equal(by_running_ng(&s, 2, 64), 37);
  assert_heaps(&s, heaps, 6, "-++-++");
  for (uint64_t need = 2; need <= 64; need++) {
    s = (script){.need = need};
    assert_int_equal(by_running_ng(&s, 2, 64), need == 2    ? 3
                                               : need == 64 ? 0
                                                            : need);
    s = (script){.need = need};
    search_result r = search(&s, 2, 64, 0, 1);
    assert_int_equal(r.end, need == 2 ? SEARCH_AT_MOST : SEARCH_FOUND);
    assert_int_equal(r.heap, need);
    assert_true(was_tried(&s, need, '+'));
    assert_true(need == 2 || was_tried(&s, need - 1, '-'));
  }
}

static void a_middle_that_is_not_tried_misleads(void **state) {
  (void)state;
  for (uint64_t need = 845; need <= 856; need++) {
    script s = {.need = need};
    assert_int_equal(by_julia_ci(&s), 850); /* whether 850 would do or not */
    assert_true(was_tried(&s, 844, '-') && was_tried(&s, 856, '+'));
    assert_false(was_tried(&s, 850, '+') || was_tried(&s, 850, '-'));
    s = (script){.need = need};
    search_result r = search(&s, 4, 24576, 0, 1);
    assert_int_equal(r.end, SEARCH_FOUND);
    assert_int_equal(r.heap, need);
    assert_int_equal(r.failed, need - 1);
    assert_true(was_tried(&s, need, '+') && was_tried(&s, need - 1, '-'));
    /* As coarse as theirs: what it finds was tried all the same. */
    s = (script){.need = need};
    r = search(&s, 4, 24576, 16. / 850, 1);
    assert_int_equal(r.end, SEARCH_FOUND);
    assert_in_range(r.heap, need, need + 16);
    assert_true(was_tried(&s, r.heap, '+') && was_tried(&s, r.failed, '-'));
  }
}

static void confirmation(void **state) {
  (void)state;
  script s = {.need = 37, .flaky = 36};
  search_result r = search(&s, 2, 64, 0, 1);
  assert_int_equal(r.heap, 36); /* one lucky run decided */
  s = (script){.need = 37, .flaky = 36};
  r = search(&s, 2, 64, 0, 3);
  assert_int_equal(r.end, SEARCH_FOUND);
  assert_int_equal(r.heap, 37);
  assert_string_equal(s.answers, "+++--++++++" /* 64 2 33 48 40 */
                                 "+-"          /* 36 */
                                 "++++++");    /* 38 37 */
  /* Two of three: it passes, fails, passes. */
  s = (script){.need = 37, .flaky = 36};
  search_request two = {
      .low = 36, .high = 40, .grain = 1, .confirm = 2, .of = 3};
  r = search_minimum(&two, play, &s);
  assert_int_equal(r.end, SEARCH_AT_MOST);
  assert_string_equal(s.answers, "+++-+");
}

/* Of one size alone it is not known that no smaller one would do. */
static void nothing_below_was_tried(void **state) {
  (void)state;
  script s = {.need = 37};
  search_result r = search(&s, 64, 64, 0, 1);
  assert_int_equal(r.end, SEARCH_AT_MOST);
  assert_int_equal(r.heap, 64);
  assert_int_equal(r.failed, 0);
  assert_string_equal(s.answers, "+");
  r = search(&s, 36, 36, 0, 1);
  assert_int_equal(r.end, SEARCH_UNSATISFIED);
}

static void a_crash_ends_the_search(void **state) {
  (void)state;
  script s = {.need = 37, .stop = 48};
  search_result r = search(&s, 2, 64, 0, 1);
  assert_int_equal(r.end, SEARCH_STOPPED);
  assert_int_equal(r.heap, 48);
  assert_string_equal(s.answers, "+--!");
}

/* A minimum is one only if larger sizes pass. */
static void larger_sizes_are_tried(void **state) {
  (void)state;
  search_request request = {.low = 2,
                            .high = 64,
                            .grain = 1,
                            .step = 0.1,
                            .steps = 3,
                            .confirm = 1,
                            .of = 1};
  script s = {.need = 37};
  search_result r = search_minimum(&request, play, &s);
  assert_int_equal(r.end, SEARCH_FOUND);
  assert_int_equal(r.heap, 37);
  assert_int_equal(r.above, 0);
  assert_int_equal(s.heaps[s.n - 1], 49); /* 37 * 1.1^3 */
  s = (script){.need = 37, .gap = 44};
  r = search_minimum(&request, play, &s);
  assert_int_equal(r.end, SEARCH_FOUND);
  assert_int_equal(r.heap, 37);
  assert_int_equal(r.above, 44);
  s = (script){.need = 37, .stop = 44};
  r = search_minimum(&request, play, &s);
  assert_int_equal(r.end, SEARCH_STOPPED);
}

static void sizes_are_rounded_outwards(void **state) {
  (void)state;
  script s = {.need = 37};
  search_request request = {
      .low = 7, .high = 61, .grain = 5, .confirm = 1, .of = 1};
  search_result r = search_minimum(&request, play, &s);
  assert_int_equal(r.end, SEARCH_FOUND);
  assert_int_equal(r.heap, 40);
  for (unsigned i = 0; i < s.n; i++)
    assert_int_equal(s.heaps[i] % 5, 0);
  assert_int_equal(s.heaps[0], 65);
  assert_int_equal(s.heaps[1], 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(factors),
      cmocka_unit_test(coarse_first),
      cmocka_unit_test(ranges),
      cmocka_unit_test(probes_in_order),
      cmocka_unit_test(the_ends_are_tried),
      cmocka_unit_test(tolerance),
      cmocka_unit_test(bounds_that_are_not_tried_mislead),
      cmocka_unit_test(a_middle_that_is_not_tried_misleads),
      cmocka_unit_test(confirmation),
      cmocka_unit_test(nothing_below_was_tried),
      cmocka_unit_test(a_crash_ends_the_search),
      cmocka_unit_test(larger_sizes_are_tried),
      cmocka_unit_test(sizes_are_rounded_outwards)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
