/* The micro-benchmarks: what a collector program's --micro and --micro-fixed
 * answer, and the table that `reapmark micro` makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char *reapmark, *none;
static char output[1 << 16];

/* Runs a shell command; its stdout is in `output`.  Returns its status. */
static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...) {
  char command[4096];
  va_list args;
  va_start(args, format);
  vsnprintf(command, sizeof command, format, args);
  va_end(args);
  FILE *f = popen(command, "r");
  assert_non_null(f);
  size_t n = fread(output, 1, sizeof output - 1, f);
  output[n] = 0;
  return WEXITSTATUS(pclose(f));
}

static json_t *output_json(void) {
  json_error_t error;
  json_t *json = json_loads(output, JSON_REJECT_DUPLICATES, &error);
  if (!json)
    fail_msg("%s in: %s", error.text, output);
  return json;
}

static const char *text(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

static double number(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  assert_true(json_is_number(value));
  return json_number_value(value);
}

static void test_times_what_it_describes(void **state) {
  (void)state;
  assert_int_equal(run("'%s' --describe", none), 0);
  json_t *about = output_json();
  assert_int_equal(run("'%s' --micro --min-time 0.001", none), 0);
  json_t *record = output_json();
  json_t *names = json_object_get(about, "primitives");
  json_t *primitives = json_object_get(record, "primitives");
  assert_string_equal(text(record, "collector"), "none");
  assert_true(json_array_size(names) >= 10);
  assert_int_equal(json_array_size(primitives), json_array_size(names));
  for (size_t i = 0; i < json_array_size(names); i++) {
    json_t *p = json_array_get(primitives, i);
    assert_string_equal(text(p, "name"),
                        json_string_value(json_array_get(names, i)));
    assert_true(number(p, "iterations") >= 1);
    assert_true(number(p, "ns_min") >= 0);
    assert_true(number(p, "ns_median") >= number(p, "ns_min"));
    assert_true(number(p, "spread") >= 0);
  }
  json_decref(record);
  json_decref(about);
}

/* It would run out of memory if it were timed like the others. */
static void test_allocation_is_bounded_without_reclamation(void **state) {
  (void)state;
  double iterations[2];
  for (int i = 0; i < 2; i++) {
    assert_int_equal(
        run("'%s' --micro alloc --min-time %s", none, i ? "0.5" : "0.001"), 0);
    json_t *record = output_json();
    json_t *p = json_array_get(json_object_get(record, "primitives"), 0);
    iterations[i] = number(p, "iterations");
    assert_true(number(record, "repetitions") * iterations[i] * 32 <=
                (256 << 20));
    json_decref(record);
  }
  assert_true(iterations[0] == iterations[1]);
}

static void test_fixed_loops_say_their_names(void **state) {
  (void)state;
  assert_int_equal(run("'%s' --micro-fixed loop,move,alloc 10", none), 0);
  assert_string_equal(output, "loop\nalloc\nmove\n");
}

static void test_unknown_names(void **state) {
  (void)state;
  static const struct {
    const char *arguments, *message;
  } cases[] = {
      {"-p aloc", "unknown primitive 'aloc' (did you mean 'alloc'?)"},
      {"-c nine", "unknown collector 'nine' (did you mean 'none'?)"},
      {"-c none:x=1", "option"},
      {"--format xml", "unknown format 'xml' (choose from table, markdown, "
                       "latex, csv, csv-excel, json)"},
      {"--min-time never", "--min-time"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(run("'%s' micro %s 2>&1", reapmark, cases[i].arguments),
                     2);
    assert_non_null(strstr(output, cases[i].message));
    assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
  }
  assert_int_equal(run("'%s' --micro aloc 2>&1", none), 2);
  assert_non_null(strstr(output, "unknown primitive 'aloc' (did you mean"));
}

static void test_table(void **state) {
  (void)state;
  assert_int_equal(run("'%s' micro -c none,refcount -p copy,loop "
                       "--min-time 0.001 2>/dev/null",
                       reapmark),
                   0);
  char first[32], second[32], rows[2][32];
  assert_int_equal(sscanf(output, "ns/op ↓ %31s %31s\n%31s %*[^\n]\n%31s",
                          first, second, rows[0], rows[1]),
                   4);
  assert_string_equal(first, "none");
  assert_string_equal(second, "refcount");
  assert_string_equal(rows[0], "copy");
  assert_string_equal(rows[1], "loop");
}

static void test_json(void **state) {
  (void)state;
  assert_int_equal(run("'%s' micro -c none,refcount -p loop --min-time 0.001 "
                       "--format json 2>/dev/null",
                       reapmark),
                   0);
  json_t *records = output_json();
  assert_int_equal(json_array_size(records), 2);
  for (size_t i = 0; i < 2; i++) {
    json_t *record = json_array_get(records, i);
    json_t *primitives = json_object_get(record, "primitives");
    assert_string_equal(text(record, "collector"), i ? "refcount" : "none");
    assert_int_equal(json_array_size(primitives), 1);
    assert_string_equal(text(json_array_get(primitives, 0), "name"), "loop");
  }
  json_decref(records);
}

static void test_valgrind_missing(void **state) {
  (void)state;
  assert_int_equal(
      run("PATH=/no-such-folder '%s' micro --instructions 2>&1", reapmark), 2);
  assert_string_equal(output, "reapmark: micro: --instructions needs valgrind: "
                              "install the package 'valgrind'\n");
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  reapmark = argv[1];
  none = argv[2];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_times_what_it_describes),
      cmocka_unit_test(test_allocation_is_bounded_without_reclamation),
      cmocka_unit_test(test_fixed_loops_say_their_names),
      cmocka_unit_test(test_unknown_names),
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_json),
      cmocka_unit_test(test_valgrind_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
