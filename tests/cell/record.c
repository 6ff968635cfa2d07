/* record.c: tests of the record's form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "harness/record/record.h"

/* A record of a run that went through, by hand. */
static json_t *whole_record(void) {
  static const char text[] =
      "{'schema':1,'collector':'c','workload':'w','params':{'n':3,'kind':'a'},"
      "'threads':1,'seed':1,'heap':{'asked':'2x','limit':64,'must_hold':32},"
      "'options':{},'verdict':{'status':'ok','declared':true,'leaked':0,"
      "'reason':''},'ops':{'count':3,'unit':'objects'},'time':{'wall':9,"
      "'cpu':9,'user':9,'system':0,'instrument':0,'stop':0,'own':0},'pauses':{"
      "'stop':{'count':0},'cascade':{'count':0},'detect':{'count':0},"
      "'all':{'count':0}},'steps':{'push':{'count':2,'sum':30,'min':10,"
      "'max':20,'p50':10,'p99':null,'buckets':[[10,1],[20,1]]},'all':{"
      "'count':0},'delayed':0,'corrected':true},'memory':{'baseline':1,"
      "'peak':2,'peak_reset':true,'footprint':1,'footprint_peak':1,"
      "'minor_faults':0,'major_faults':0},'counters':{'collections':1},"
      "'binding':{'policy':'auto','got':['0']},'noise':{'voluntary':0,"
      "'involuntary':0,'run_delay':0}}";
  char *json = strdup(text);
  for (char *p = json; *p; p++)
    if (*p == '\'')
      *p = '"';
  json_t *record = json_loads(json, 0, NULL);
  free(json);
  assert_non_null(record);
  return record;
}

/* Puts `value` (stolen) at "a.b" or "a"; NULL removes. */
static void put(json_t *record, const char *path, json_t *value) {
  const char *dot = strrchr(path, '.');
  json_t *object = record;
  if (dot) {
    char *parent = strndup(path, (size_t)(dot - path));
    object = record_get(record, parent);
    free(parent);
    path = dot + 1;
  }
  if (value)
    json_object_set_new(object, path, value);
  else
    json_object_del(object, path);
}

static void assert_invalid(json_t *record, const char *field) {
  char why[200] = "";
  assert_false(record_valid(record, why, sizeof why));
  assert_non_null(strstr(why, field));
  assert_null(strchr(why, '\n'));
}

static void assert_valid(json_t *record) {
  char why[200] = "";
  bool valid = record_valid(record, why, sizeof why);
  assert_string_equal(why, "");
  assert_true(valid);
}

static void whole_record_is_valid(void **state) {
  (void)state;
  json_t *record = whole_record();
  assert_valid(record);
  put(record, "unheard-of", json_null());
  put(record, "key", json_string("k"));
  assert_valid(record);
  json_decref(record);
}

/* Takes away every field, one at a time. */
static void missing_field_is_named(void **state) {
  (void)state;
  static const char *const needed[] = {
      "schema",          "collector",
      "verdict.status",  "verdict.declared",
      "verdict.reason",  "verdict.leaked",
      "params",          "heap.limit",
      "options",         "binding.got",
      "memory.peak",     "memory.footprint",
      "ops.count",       "ops.unit",
      "time.wall",       "time.own",
      "pauses",          "pauses.all",
      "steps",           "steps.all",
      "steps.corrected", "counters",
      "noise.run_delay", "memory.minor_faults"};
  for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
    json_t *record = whole_record();
    put(record, needed[i], NULL);
    char first[32];
    snprintf(first, sizeof first, "'%.*s", (int)strcspn(needed[i], "."),
             needed[i]);
    assert_invalid(record, first);
    json_decref(record);
  }
}

/* What was held in the rounds of a leak workload: a value a round, or null, and
 * one of `reachable` more. */
static void rounds_belong_together(void **state) {
  (void)state;
  static const struct {
    const char *dropped, *reachable;
    bool valid;
  } cases[] = {{"[3, 5]", "[1, 3, 5]", true}, {"[null, 5]", "[1, 3, 5]", true},
               {"[3]", "[1, 3, 5]", false},   {"[3, -5]", "[1, 3, 5]", false},
               {"[3, 5]", "[1, 3]", false},   {"[]", "[1]", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *record = whole_record();
    char text[400];
    snprintf(text, sizeof text,
             "{\"start\": {\"objects\": 1, \"bytes\": null}, \"reachable\": "
             "%s, \"dropped\": {\"objects\": %s, \"bytes\": [9, 9]}, "
             "\"quiet\": {\"objects\": [3, 5], \"bytes\": [9, 9]}, "
             "\"collected\": {\"objects\": [3, 5], \"bytes\": [9, 9]}}",
             cases[i].reachable, cases[i].dropped);
    put(record, "leaks", json_loads(text, 0, NULL));
    if (cases[i].valid)
      assert_valid(record);
    else
      assert_invalid(record, "'leaks' is not what was held in each round");
    json_decref(record);
  }
}

static void wrong_type_is_named(void **state) {
  (void)state;
  const struct {
    const char *path, *json;
  } bad[] = {{"schema", "2"},
             {"collector", "3"},
             {"verdict.status", "\"fine\""},
             {"verdict.declared", "1"},
             {"params", "[]"},
             {"params", "{\"n\":1.5}"},
             {"time.wall", "-1"},
             {"time.wall", "1.5"},
             {"binding.got", "[0]"},
             {"binding.got", "\"0\""},
             {"pauses.stop", "{}"},
             {"steps.push", "{\"count\":1}"},
             {"key", "7"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    json_t *record = whole_record();
    put(record, bad[i].path, json_loads(bad[i].json, JSON_DECODE_ANY, NULL));
    char first[32];
    snprintf(first, sizeof first, "'%.*s", (int)strcspn(bad[i].path, "."),
             bad[i].path);
    assert_invalid(record, first);
    json_decref(record);
  }
  json_t *array = json_array();
  assert_invalid(array, "object");
  json_decref(array);
}

/* An OOM record tells memory but no times; the driver's own tell neither. */
static void fewer_fields_for_failures(void **state) {
  (void)state;
  json_t *record = whole_record();
  put(record, "verdict.status", json_string("OOM"));
  static const char *const measured[] = {"ops",   "time",     "pauses",
                                         "steps", "counters", "noise"};
  for (size_t i = 0; i < sizeof measured / sizeof measured[0]; i++)
    put(record, measured[i], NULL);
  assert_valid(record);
  put(record, "memory", NULL);
  assert_invalid(record, "memory");
  static const char *const rest[] = {"heap", "params", "options", "binding",
                                     "threads"};
  put(record, "verdict.status", json_string("TIMEOUT"));
  for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
    put(record, rest[i], NULL);
  assert_valid(record);
  put(record, "verdict.status", json_string("ok"));
  assert_invalid(record, "missing");
  json_decref(record);
}

static void histogram_there_and_back(void **state) {
  (void)state;
  static hist h, back;
  hist_reset(&h);
  for (uint64_t v = 1; v < 2000000; v += v / 3 + 1)
    hist_add(&h, v);
  json_t *json = record_histogram(&h);
  assert_true(record_read_histogram(json, &back));
  assert_memory_equal(&h, &back, sizeof h);
  assert_true(json_is_integer(json_object_get(json, "p50")));
  assert_true(json_is_null(json_object_get(json, "p99")));
  json_object_set_new(json, "count", json_integer(1));
  assert_false(record_read_histogram(json, &back));
  assert_int_equal(back.count, 0);
  json_decref(json);
}

static void empty_histogram_is_a_count(void **state) {
  (void)state;
  static hist h, back;
  hist_reset(&h);
  json_t *json = record_histogram(&h);
  assert_int_equal(json_object_size(json), 1);
  assert_true(record_read_histogram(json, &back));
  assert_int_equal(back.count, 0);
  json_decref(json);
  assert_false(record_read_histogram(NULL, &back));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_record_is_valid),
      cmocka_unit_test(missing_field_is_named),
      cmocka_unit_test(rounds_belong_together),
      cmocka_unit_test(wrong_type_is_named),
      cmocka_unit_test(fewer_fields_for_failures),
      cmocka_unit_test(histogram_there_and_back),
      cmocka_unit_test(empty_histogram_is_a_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
