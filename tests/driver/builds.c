/* builds.c: how programs were compiled, in words, and which differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/record/build.h"
#include "harness/report/builds.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const char *json) {
  static char text[BUILD_TEXT];
  json_t *build = json_loads(json, 0, NULL);
  build_text(build, text);
  json_decref(build);
  return text;
}

static void what_changes_the_code(void **state) {
  (void)state;
  assert_string_equal(
      text_of("{\"compiler\": \"GNU 12\", \"flags\": \"  -O2 -g "
              "-Wall -DNDEBUG -ffile-prefix-map=a=b\", "
              "\"type\": \"Release\", \"optimised\": true}"),
      "GNU 12 -O2 -DNDEBUG");
  assert_string_equal(text_of("{\"compiler\": \"Clang 14\", \"flags\": \"\", "
                              "\"optimised\": false, \"sanitizer\": "
                              "\"thread\", \"checks\": true}"),
                      "Clang 14, not optimised, sanitizer thread, with checks");
  assert_string_equal(text_of("{}"), BUILD_UNKNOWN);
  assert_string_equal(text_of("7"), BUILD_UNKNOWN);
}

static void what_is_too_long_is_cut(void **state) {
  (void)state;
  char json[2000] = "{\"compiler\": \"c\", \"flags\": \"-O2";
  for (size_t n = strlen(json); n < 1500; n = strlen(json))
    strcat(json, " -DLONGER=1");
  strcat(json, "\"}");
  assert_int_equal(strlen(text_of(json)), BUILD_TEXT - 1);
}

static void add(report_builds *all, const char *collector, const char *json) {
  json_t *build = json_loads(json, 0, NULL);
  builds_add(all, collector, build);
  json_decref(build);
}

#define O2 "{\"compiler\": \"c\", \"flags\": \"-O2\", \"id\": \"1\"}"
#define O3 "{\"compiler\": \"c\", \"flags\": \"-O3\", \"id\": \"1\"}"
#define ID "{\"compiler\": \"c\", \"flags\": \"-O2\", \"id\": \"2\"}"

static void those_that_differ_are_named(void **state) {
  (void)state;
  report_builds all = {0};
  json_t *driver = json_loads(O2, 0, NULL);
  assert_null(builds_text(&all, driver));
  add(&all, "a", O2);
  add(&all, "a", O2);
  assert_int_equal(all.count, 1);
  assert_null(builds_text(&all, driver));
  add(&all, "b", O3);
  assert_string_equal(builds_text(&all, driver),
                      "Compiled otherwise than the driver (c -O2): b (c -O3).");
  /* Without a driver, the first program. */
  assert_string_equal(builds_text(&all, NULL),
                      "Compiled otherwise than a (c -O2): b (c -O3).");
  assert_null(builds_unknown(&all));
  add(&all, "old", "null");
  assert_string_equal(builds_unknown(&all),
                      "How these were compiled is unknown: old.");
  add(&all, "a", ID);
  assert_string_equal(builds_text(&all, driver),
                      "Compiled otherwise than the driver (c -O2): b (c -O3).  "
                      "Compiled anew between two runs: a.");
  add(&all, "a", O3);
  assert_int_equal(all.count, 5);
  assert_non_null(strstr(builds_text(&all, driver), "two runs: a."));
  json_decref(driver);
  builds_free(&all);
}

/* As many programs as records: each is found at once, not by a search through
 * all others, and the line that names them stays a line. */
static void many_programs(void **state) {
  enum { MANY = 100000 };
  char json[80], name[16];
  (void)state;
  report_builds all = {0};
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "c%d", i / 2);
    snprintf(json, sizeof json,
             "{\"compiler\": \"c\", \"flags\": \"-O2\", \"id\": \"%d\"}", i);
    add(&all, name, json);
    add(&all, name, json);
  }
  assert_int_equal(all.count, MANY);
  const char *text = builds_text(&all, NULL);
  assert_string_equal(text, "Compiled anew between two runs: c0, c1, c2, c3, "
                            "c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, "
                            "c15 and 49984 more.");
  builds_free(&all);
}

static void runtimes_are_named_once(void **state) {
  (void)state;
  report_builds all = {0};
  add(&all, "a", O2);
  assert_null(builds_runtimes(&all));
  add(&all, "p", "{\"compiler\": \"c\", \"runtime\": \"Python 3.13.5\"}");
  add(&all, "p", "{\"compiler\": \"d\", \"runtime\": \"Python 3.13.5\"}");
  add(&all, "p", "{\"compiler\": \"e\", \"runtime\": \"Python 3.11.2\"}");
  assert_string_equal(builds_runtimes(&all),
                      "Runtimes: p Python 3.13.5, p Python 3.11.2.");
  json_t *list = builds_json(&all);
  assert_null(json_object_get(json_array_get(list, 0), "runtime"));
  assert_string_equal(
      json_string_value(json_object_get(json_array_get(list, 3), "runtime")),
      "Python 3.11.2");
  json_decref(list);
  builds_free(&all);
}

static void nothing_is_known(void **state) {
  (void)state;
  report_builds all = {0};
  add(&all, "old", "null");
  assert_null(builds_text(&all, NULL));
  builds_free(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_changes_the_code),
      cmocka_unit_test(what_is_too_long_is_cut),
      cmocka_unit_test(those_that_differ_are_named),
      cmocka_unit_test(many_programs),
      cmocka_unit_test(runtimes_are_named_once),
      cmocka_unit_test(nothing_is_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
