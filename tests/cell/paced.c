/* paced.c: what is kept of the decisions of a heap policy, however many
 * collections there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/cell/cell.h"
#include "harness/record/record.h"

enum { MOST = 128 }; /* lines of a kind */

/* The measured part, which the test plays. */
cell_measured cell_measurement;
bool cell_measuring_flag;

static gc_paced collection(uint64_t at, bool full) {
  return (gc_paced){.at_ns = cell_measurement.begin + at,
                    .full = full,
                    .due = 1000,
                    .used = 1000,
                    .live = 500,
                    .external = 7,
                    .allocated = at,
                    .cost_ns = 3,
                    .mutator_ns = 4,
                    .goal = 1100};
}

static json_int_t number(const json_t *line, size_t place) {
  return json_integer_value(json_array_get(line, place));
}

/* Nothing was told yet: the record has no such field. */
static void silence_is_not_recorded(void **state) {
  (void)state;
  json_t *record = json_object();
  gc_paced p = collection(1, true);
  __atomic_store_n(&cell_measuring_flag, false, __ATOMIC_RELEASE);
  cell_paced(NULL, &p);
  cell_paced_record(record);
  assert_int_equal(json_object_size(record), 0);
  json_decref(record);
}

/* 10,000 partial collections, and a full one after each thousandth: all full
 * ones are kept, and of the others an even choice, in order. */
static void lines_are_thinned_by_kind(void **state) {
  (void)state;
  enum { N = 10000, EACH = 1000 };
  cell_measurement.begin = 1000000;
  __atomic_store_n(&cell_measuring_flag, true, __ATOMIC_RELEASE);
  for (uint64_t i = 1; i <= N; i++) {
    gc_paced p = collection(10 * i, false);
    cell_paced(NULL, &p);
    p = collection(10 * i + 5, true);
    p.used = i == 3 * EACH ? 1250 : 990;
    if (i % EACH == 0)
      cell_paced(NULL, &p);
  }
  json_t *record = json_object(), *line;
  cell_paced_record(record);
  const json_t *lines = record_get(record, "pacing");
  json_int_t before = -1, last = 0, full = 0, step = 0;
  size_t i, partial = 0;
  json_array_foreach(lines, i, line) {
    assert_int_equal(json_array_size(line), RECORD_PACED);
    assert_true(number(line, RECORD_PACED_AT) > before);
    before = number(line, RECORD_PACED_AT);
    assert_int_equal(number(line, RECORD_PACED_GOAL), 1100);
    assert_int_equal(number(line, RECORD_PACED_EXTERNAL), 7);
    if (number(line, RECORD_PACED_FULL)) {
      full++;
      continue;
    }
    if (partial > 1)
      assert_int_equal(before - last, step);
    step = before - last;
    last = before;
    partial++;
  }
  assert_int_equal(full, N / EACH);
  assert_in_range(partial, MOST / 2, MOST);
  assert_int_equal(record_number(record, "pacing_dropped"),
                   N + full - (json_int_t)json_array_size(lines));
  assert_int_equal(record_number(record, "pacing_over"), 250);
  json_decref(record);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(silence_is_not_recorded),
      cmocka_unit_test(lines_are_thinned_by_kind),
  };
  return cmocka_run_group_tests_name("paced", tests, NULL, NULL);
}
