/* phases.c: tests of what the cell runtime makes of the spans that a collector
 * reports, and of one that lies.  argv[1] is the fake collector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/record.h"

static const char *program;

/* The record of a run in which each pause is 40 us long.  The fake collector
 * never frees, and says so. */
static json_t *record_with(unsigned phases) {
  static char output[1 << 20];
  char command[1000];
  snprintf(command, sizeof command,
           "exec '%s' --run tiny:objects=400 --option pause=40000,phases=%u",
           program, phases);
  FILE *pipe = popen(command, "r");
  assert_non_null(pipe);
  size_t n = fread(output, 1, sizeof output - 1, pipe);
  output[n] = 0;
  assert_int_equal(pclose(pipe), 0);
  json_t *record = json_loads(output, 0, NULL);
  char why[200] = "";
  assert_true(record_valid(record, why, sizeof why));
  assert_true(record_number(record, "pauses.stop.count") > 0);
  return record;
}

/* Who reports nothing is measured all the same. */
static void phases_are_optional(void **state) {
  (void)state;
  json_t *record = record_with(0);
  record_judge(record);
  assert_string_equal(record_text(record, "verdict.status"), "LEAK");
  assert_null(record_get(record, "phases"));
  assert_null(record_get(record, "safepoint"));
  json_decref(record);
}

/* A quarter each has a name of its own or none, and half is "mark". */
static void rest_is_other(void **state) {
  (void)state;
  json_t *record = record_with(1);
  record_judge(record);
  assert_string_equal(record_text(record, "verdict.status"), "LEAK");
  double count = record_number(record, "pauses.stop.count");
  double sum = record_number(record, "pauses.stop.sum");
  static const struct {
    const char *name;
    double share;
  } parts[] = {{"stopping", 0.25}, {"mark", 0.5}, {"other", 0.25}};
  for (size_t i = 0; i < 3; i++) {
    char path[100];
    snprintf(path, sizeof path, "phases.stop.%s.count", parts[i].name);
    assert_true(fabs(record_number(record, path) - count) < 0.5);
    snprintf(path, sizeof path, "phases.stop.%s.sum", parts[i].name);
    assert_true(fabs(record_number(record, path) - sum * parts[i].share) <
                sum / 1000);
  }
  assert_true(fabs(record_number(record, "safepoint.world.count") - count) <
              0.5);
  assert_true(fabs(record_number(record, "safepoint.world.max") - 10000) < 0.5);
  json_decref(record);
}

/* Phases that overlap are longer together than the pause. */
static void lies_are_found(void **state) {
  (void)state;
  json_t *record = record_with(2);
  assert_string_equal(record_text(record, "verdict.status"), "LEAK");
  record_judge(record);
  assert_string_equal(record_text(record, "verdict.status"), "WRONG");
  assert_non_null(strstr(record_text(record, "verdict.reason"),
                         "the phases of phases.stop take"));
  json_decref(record);
  record = record_with(3);
  assert_string_equal(record_text(record, "verdict.status"), "WRONG");
  assert_non_null(strstr(record_text(record, "verdict.reason"),
                         "the collector reports that mark ended"));
  json_decref(record);
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  program = argv[1];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(phases_are_optional),
      cmocka_unit_test(rest_is_other),
      cmocka_unit_test(lies_are_found),
  };
  return cmocka_run_group_tests_name("timeline-phases", tests, NULL, NULL);
}
