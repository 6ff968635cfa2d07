/* rows.c: what is said of a run by what was held in its rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "harness/output/format.h"
#include "harness/report/leak-matrix.h"

/* The row of a run in which so many objects (times 32 bytes) were held in each
 * of four rounds; one is there from the start. */
static json_t *row_with_spare(int spare, const char *status,
                              const char *reachable, const char *dropped,
                              const char *collected) {
  char text[1000];
  snprintf(text, sizeof text,
           "{\"verdict\": {\"status\": \"%s\", \"declared\": true, \"reason\": "
           "\"\"}, \"leaks\": {\"start\": {\"objects\": 1, \"bytes\": 32}, "
           "\"spare\": %d, \"reachable\": %s, \"dropped\": {\"objects\": %s, "
           "\"bytes\": %s}, "
           "\"quiet\": {\"objects\": %s, \"bytes\": %s}, \"collected\": "
           "{\"objects\": %s, \"bytes\": [320, 640, 960, 1280]}}}",
           status, spare, reachable, dropped, dropped, dropped, dropped,
           collected);
  json_t *record = json_loads(text, 0, NULL);
  assert_non_null(record);
  json_t *row = leaks_row(record);
  json_decref(record);
  return row;
}

static json_t *row_of(const char *status, const char *reachable,
                      const char *dropped, const char *collected) {
  return row_with_spare(0, status, reachable, dropped, collected);
}

/* The text is in the printed matrix of a row. */
static void assert_matrix(const json_t *row, const char *text) {
  char printed[4000] = "";
  FILE *out = fmemopen(printed, sizeof printed, "w");
  json_t *rows = json_array();
  for (int on = 0; on < 2; on++) {
    json_t *named = json_pack("{s:s, s:s, s:s}", "cause", "some", "collector",
                              "one", "remedy", on ? "on" : "off");
    json_object_update(named, (json_t *)row);
    json_array_append_new(rows, named);
  }
  page *p = leaks_page(rows, false);
  format_text(p, out);
  json_decref(p->json);
  fclose(out);
  json_decref(rows);
  assert_non_null(strstr(printed, text));
}

static void assert_row(json_t *row, const char *verdict, int collected,
                       int growth) {
  assert_string_equal(json_string_value(json_object_get(row, "verdict")),
                      verdict);
  assert_int_equal(json_integer_value(json_object_get(row, "collected")),
                   collected);
  assert_int_equal(json_integer_value(json_object_get(row, "growth")), growth);
  assert_int_equal(json_integer_value(json_object_get(row, "rounds")), 4);
  assert_int_equal(json_integer_value(json_object_get(row, "growth_bytes")),
                   320);
  json_decref(row);
}

static void verdicts_follow_from_what_is_held(void **state) {
  (void)state;
  const char *none = "[1, 1, 1, 1, 1]", *one = "[1, 1, 1, 1]";
  assert_row(row_of("ok", none, one, one), "prompt", 0, 0);
  /* Once is enough. */
  assert_row(row_of("ok", none, "[1, 1, 6, 1]", one), "at collection", 0, 0);
  assert_row(row_of("ok", none, "[null, null, null, null]", one), "reclaimed",
             0, 0);
  assert_row(row_of("LEAK", none, "[3, 5, 7, 9]", "[3, 5, 7, 9]"), "LEAK", 8,
             2);
  /* What can be reached is no leak, however much it grows. */
  assert_row(row_of("ok", "[1, 3, 5, 7, 9]", "[3, 5, 7, 9]", "[3, 5, 7, 9]"),
             "retained by design", 8, 2);
  assert_row(row_of("ok", "[1, 6, 6, 6, 6]", "[6, 6, 6, 6]", "[6, 6, 6, 6]"),
             "retained by design", 5, 0);
  /* Beside it there is a leak: that is worse. */
  assert_row(row_of("LEAK", "[1, 2, 2, 2, 2]", "[3, 5, 7, 9]", "[3, 5, 7, 9]"),
             "LEAK", 8, 2);
  assert_row(row_of("WRONG", none, one, one), "WRONG", 0, 0);
}

static json_int_t number(const json_t *row, const char *member) {
  return json_integer_value(json_object_get(row, member));
}

/* What can be reached is not counted as a leak. */
static void leaks_are_apart_from_what_is_retained(void **state) {
  (void)state;
  json_t *row = row_of("LEAK", "[1, 101, 201, 301, 401]",
                       "[102, 204, 306, 408]", "[102, 204, 306, 408]");
  assert_string_equal(json_string_value(json_object_get(row, "verdict")),
                      "LEAK");
  assert_int_equal(number(row, "retained"), 400);
  assert_int_equal(number(row, "retained_growth"), 100);
  assert_int_equal(number(row, "leaked"), 7);
  assert_int_equal(number(row, "leaked_growth"), 2);
  assert_int_equal(number(row, "kept"), 0);
  assert_matrix(row, "LEAK +2 →");
  json_decref(row);
}

/* Nor what a conservative collector may keep. */
static void kept_is_no_leak(void **state) {
  (void)state;
  const char *reachable = "[1, 101, 201, 301, 401]";
  const char *held = "[101, 202, 304, 402]";
  json_t *row = row_with_spare(1, "LEAK", reachable, held, held);
  assert_string_equal(json_string_value(json_object_get(row, "verdict")),
                      "retained by design");
  assert_int_equal(number(row, "leaked"), 0);
  assert_int_equal(number(row, "kept"), 1);
  assert_matrix(row, "retained +100, kept 1 →");
  assert_matrix(row, "kept N: N objects");
  json_decref(row);
  row = row_with_spare(0, "LEAK", reachable, held, held);
  assert_string_equal(json_string_value(json_object_get(row, "verdict")),
                      "LEAK");
  json_decref(row);
}

static void growth_forgives_an_outlier(void **state) {
  (void)state;
  assert_row(row_of("LEAK", "[1, 1, 1, 1, 1]", "[11, 21, 500, 41]",
                    "[11, 21, 500, 41]"),
             "LEAK", 40, 10);
}

static void runs_without_rounds_have_their_status(void **state) {
  (void)state;
  json_t *record = json_pack("{s:{s:s, s:b, s:s}}", "verdict", "status",
                             "CRASH", "declared", 0, "reason", "SIGSEGV"),
         *row = leaks_row(record);
  assert_string_equal(json_string_value(json_object_get(row, "verdict")),
                      "CRASH");
  assert_null(json_object_get(row, "growth"));
  json_decref(row);
  json_decref(record);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(verdicts_follow_from_what_is_held),
      cmocka_unit_test(leaks_are_apart_from_what_is_retained),
      cmocka_unit_test(kept_is_no_leak),
      cmocka_unit_test(growth_forgives_an_outlier),
      cmocka_unit_test(runs_without_rounds_have_their_status),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
