/* exercised.c: tests of the rule that decides whether a run exercised its
 * collector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/exercised.h"

/* The judgement of a record, which is written with ' for ". */
static exercise judge(const char *text) {
  char *json = strdup(text);
  for (char *p = json; *p; p++)
    if (*p == '\'')
      *p = '"';
  json_t *record = json_loads(json, 0, NULL);
  free(json);
  assert_non_null(record);
  exercise e = record_exercise(record);
  json_decref(record);
  return e;
}

/* Of a collector with so many collections. */
static exercise judge_collections(const char *n) {
  char text[128];
  snprintf(text, sizeof text,
           "{'exercise':{'by':'collections','counts':false,'collections':%s}}",
           n);
  return judge(text);
}

static void test_collections(void **state) {
  (void)state;
  assert_int_equal(judge_collections("0").state, EXERCISED_NOT);
  assert_int_equal(judge_collections("1").state, EXERCISED_FEW);
  assert_int_equal(judge_collections("2").state, EXERCISED_FEW);
  assert_int_equal(judge_collections("3").state, EXERCISED_ENOUGH);
  exercise e = judge_collections("2");
  assert_true(e.collects);
  assert_int_equal(e.count, 2);
  assert_string_equal(e.unit, "collections");
}

/* Pauses of which the collector reported less than half as many as there were
 * collections say nothing of these. */
static void test_unreported(void **state) {
  (void)state;
  static const char *const hidden[] = {
      "{'exercise':{'by':'collections','collections':3}}",
      "{'exercise':{'by':'collections','collections':1}}",
      ("{'exercise':{'by':'collections','collections':9},'pauses':{'stop':"
       "{'count':4},'cascade':{'count':50}}}")};
  static const char *const told[] = {
      "{'exercise':{'by':'collections','collections':0}}",
      ("{'exercise':{'by':'collections','collections':9},'pauses':{'stop':"
       "{'count':3},'detect':{'count':2}}}"),
      "{'exercise':{'by':'collections','collections':9},'instrumented':false}",
      "{'exercise':{'by':'collections'}}",
      "{'exercise':{'by':'nothing'}}",
      "{}"};
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
    assert_true(judge(hidden[i]).unreported);
  for (size_t i = 0; i < sizeof told / sizeof *told; i++)
    assert_false(judge(told[i]).unreported);
}

/* What does not count its collections is judged by what it reports; a stop that
 * it keeps to itself is none. */
static void test_stops(void **state) {
  (void)state;
  exercise e = judge("{'exercise':{'by':'collections','counts':false},'pauses':"
                     "{'stop':{'count':2},'detect':{'count':1},'cascade':{"
                     "'count':9}}}");
  assert_int_equal(e.state, EXERCISED_ENOUGH);
  assert_int_equal(e.count, 3);
  assert_string_equal(e.unit, "stops");
  e = judge("{'exercise':{'by':'collections','counts':false}}");
  assert_int_equal(e.state, EXERCISED_NOT);
}

/* Counting that searches for dead cycles. */
static void test_searches(void **state) {
  (void)state;
  static const char *const idle =
      "{'exercise':{'by':'collections','counts':true,'cyclic':false,"
      "'collections':0,'candidates':0,'deaths':7}}";
  static const char *const candidates =
      "{'exercise':{'by':'collections','counts':true,'cyclic':false,"
      "'collections':0,'candidates':1,'deaths':7}}";
  static const char *const cycles =
      "{'exercise':{'by':'collections','counts':true,'cyclic':true,"
      "'collections':0,'candidates':0,'deaths':7}}";
  assert_int_equal(judge(idle).state, EXERCISED_ENOUGH);
  assert_int_equal(judge(candidates).state, EXERCISED_NOT);
  assert_int_equal(judge(cycles).state, EXERCISED_NOT);
}

static void test_deaths(void **state) {
  (void)state;
  static const char *const enough[] = {
      "{'exercise':{'by':'deaths','deaths':1}}",
      "{'exercise':{'by':'deaths'},'pauses':{'cascade':{'count':1}}}",
      "{'exercise':{'by':'deaths'},'steps':{'drop':{'count':1}}}"};
  for (size_t i = 0; i < sizeof enough / sizeof *enough; i++)
    assert_int_equal(judge(enough[i]).state, EXERCISED_ENOUGH);
  assert_int_equal(judge("{'exercise':{'by':'deaths','deaths':0}}").state,
                   EXERCISED_NOT);
}

/* What has nothing to exercise, and what does not say. */
static void test_others(void **state) {
  (void)state;
  exercise e = judge("{'exercise':{'by':'nothing'}}");
  assert_true(e.state == EXERCISED_ENOUGH && e.told && !e.collects);
  e = judge("{'exercise':{'by':'apart'}}");
  assert_int_equal(e.state, EXERCISED_APART);
  assert_false(exercised_shows_pauses(e.state));
  e = judge("{}");
  assert_true(e.state == EXERCISED_ENOUGH && !e.told);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_collections), cmocka_unit_test(test_stops),
      cmocka_unit_test(test_unreported),  cmocka_unit_test(test_searches),
      cmocka_unit_test(test_deaths),      cmocka_unit_test(test_others)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
