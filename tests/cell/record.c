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

/* Phases have a count, a sum and a maximum that is not above it. */
static void phases_are_counted_times(void **state) {
  (void)state;
  static const struct {
    const char *phases;
    bool valid;
  } cases[] = {
      {"{}", true},
      {"{\"stop\":{}}", true},
      {"{\"stop\":{\"mark\":{\"count\":1,\"sum\":3,\"max\":3}}}", true},
      {"{\"stop\":{\"mark\":{\"count\":1,\"sum\":3,\"max\":4}}}", false},
      {"{\"stop\":{\"mark\":{\"count\":1,\"sum\":3}}}", false},
      {"{\"stop\":{\"mark\":3}}", false},
      {"{\"stop\":[]}", false},
      {"[]", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *record = whole_record();
    put(record, "phases", json_loads(cases[i].phases, 0, NULL));
    if (cases[i].valid)
      assert_valid(record);
    else
      assert_invalid(record, "'phases'");
    json_decref(record);
  }
}

/* Decisions of a heap policy: lines of ten integers, in order. */
static void decisions_are_lines_of_ten(void **state) {
  (void)state;
  static const struct {
    const char *lines;
    bool valid;
  } cases[] = {{"[]", true},
               {"[[1,0,2,3,4,5,6,7,8,9],[1,1,2,3,4,5,6,7,8,9]]", true},
               {"[[2,0,2,3,4,5,6,7,8,9],[1,1,2,3,4,5,6,7,8,9]]", false},
               {"[[1,0,2,3,4,5,6,7,8]]", false},
               {"[[1,0,2,3,4,5,6,7,8,9,10]]", false},
               {"[[1,true,2,3,4,5,6,7,8,9]]", false},
               {"{}", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *record = whole_record();
    put(record, "pacing", json_loads(cases[i].lines, 0, NULL));
    if (cases[i].valid)
      assert_valid(record);
    else
      assert_invalid(record, "'pacing' is not an array of lines");
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
             {"memory.end", "{\"free\":-1}"},
             {"mystery", "[[3,-0.5]]"},
             {"key", "7"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    json_t *record = whole_record();
    put(record, bad[i].path, json_loads(bad[i].json, JSON_DECODE_ANY, NULL));
    char first[32];
    const char *name = bad[i].path;
    if (!strcmp(name, "memory.end")) /* the innermost name is told */
      name = "free";
    snprintf(first, sizeof first, "'%.*s", (int)strcspn(name, "."), name);
    assert_invalid(record, first);
    json_decref(record);
  }
  json_t *array = json_array();
  assert_invalid(array, "object");
  json_decref(array);
}

/* A record whose figures agree: two threads, and stops of 10 and 30 ns in a run
 * of 100 ns. */
static json_t *agreeing_record(void) {
  json_t *record = whole_record();
  const struct {
    const char *path, *json;
  } fields[] = {
      {"time.wall", "80"},
      {"time.instrument", "15"},
      {"time.skipped", "5"},
      {"time.stop", "40"},
      {"pauses.stop", "{'count':2,'sum':40,'min':10,'max':30,'p50':10,"
                      "'p99':null,'buckets':[[10,1],[30,1]]}"},
      {"pauses.all", "{'count':2,'sum':38,'min':10,'max':28,'p50':10,"
                     "'p99':null,'buckets':[[10,1],[28,1]]}"},
      {"steps.all", "{'count':2,'sum':30,'min':10,'max':20,'p50':10,"
                    "'p99':null,'buckets':[[10,1],[20,1]]}"},
      {"mmu", "{'joined':0,'windows':[20,50,100],'worst':{"
              "'mmu':[0,0.44,0.62],'bmu':[0,0.44,0.62]},'threads':["
              "{'mmu':[0,0.44,0.62],'bmu':[0,0.44,0.62]},"
              "{'mmu':[0,0.44,0.62],'bmu':[0,0.44,0.62]}]}"},
      {"memory.peak", "90000000"},
      {"memory.footprint", "50"},
      {"memory.footprint_peak", "60"},
      {"memory.curve", "[[0,10,20],[50,60,90000000],[100,50,95000000]]"}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    char *json = strdup(fields[i].json);
    for (char *p = json; *p; p++)
      if (*p == '\'')
        *p = '"';
    put(record, fields[i].path, json_loads(json, JSON_DECODE_ANY, NULL));
    free(json);
  }
  assert_valid(record);
  return record;
}

#define LONG_LATENCY                                                           \
  "{\"intended\":{\"count\":1,\"sum\":300,\"min\":300,\"max\":300,"            \
  "\"buckets\":[[300,1]]}}"

/* Each case is the record with one figure changed. */
static void contradictions_are_found(void **state) {
  (void)state;
  const struct {
    const char *path, *json, *why; /* "": it still agrees */
  } cases[] = {
      {"seed", "2", ""},
      /* Memory.  The kernel's figures are rough: a sample may be a bit above
       * the peak. */
      {"memory.peak", "70000000",
       "memory.peak 70000000 is below 90000000 in memory.curve"},
      {"memory.footprint_peak", "59",
       "memory.footprint_peak 59 is below 60 in memory.curve"},
      {"memory.footprint", "61",
       "memory.footprint 61 is above memory.footprint_peak 60"},
      {"memory.curve", "[]", ""},
      {"memory.baseline", "97000000", ""},
      {"memory.baseline", "98000000",
       "memory.peak 90000000 is below memory.baseline 98000000"},
      /* Times. */
      {"time.wall", "0", "time.wall is 0: nothing was measured"},
      {"ops.count", "0", "ops.count is 0: nothing was done"},
      {"time.wall", "7", "pauses.stop has one of 30, longer than the run, 27"},
      {"time.wall", "19", "time.stop 40 is longer than the run, 39"},
      {"memory.curve", "[[10000000000,10,20]]", ""},
      {"pacing", "[[10000000000,1,2,3,4,5,6,7,8,9]]", ""},
      {"pacing", "[[10000000101,1,2,3,4,5,6,7,8,9]]",
       "pacing ends at 10000000101, after the run, 100"},
      {"memory.curve", "[[10000000101,10,20]]",
       "memory.curve ends at 10000000101, after the run, 100"},
      {"time.own", "201",
       "time.own 201 is more than 2 threads have in a run "
       "of 100"},
      {"time.own", "5",
       "time.own 5 is not the sum of pauses.cascade and "
       "pauses.detect, 0"},
      {"latency", LONG_LATENCY,
       "latency.intended has one of 300, longer than the run, 100"},
      {"time.stop", "39", "time.stop 39 is not the sum of pauses.stop"},
      {"pauses.stop", "{\"count\":0}",
       "pauses.all counts 2, the kinds of it 0"},
      {"pauses.all",
       "{\"count\":1,\"sum\":10,\"min\":10,\"max\":10,\"buckets\":[[10,1]]}",
       "pauses.all counts 1, the kinds of it 2"},
      {"pauses.all",
       "{\"count\":2,\"sum\":42,\"min\":10,\"max\":32,"
       "\"buckets\":[[10,1],[32,1]]}",
       "pauses.all is longer than the kinds of it"},
      /* Phases: those of stops take 40, the longest stop 30. */
      {"phases", "{\"stop\":{\"mark\":{\"count\":2,\"sum\":40,\"max\":30}}}",
       ""},
      {"phases",
       "{\"stop\":{\"mark\":{\"count\":2,\"sum\":30,\"max\":20},"
       "\"other\":{\"count\":2,\"sum\":10,\"max\":10}},"
       "\"slow\":{\"refill\":{\"count\":9,\"sum\":90,\"max\":50}}}",
       ""},
      {"phases", "{\"stop\":{\"mark\":{\"count\":2,\"sum\":39,\"max\":29}}}",
       "the phases of phases.stop take 39, the pauses 40"},
      {"phases",
       "{\"stop\":{\"mark\":{\"count\":2,\"sum\":30,\"max\":20},"
       "\"sweep\":{\"count\":2,\"sum\":11,\"max\":10}}}",
       "the phases of phases.stop take 41, the pauses 40"},
      {"phases", "{\"stop\":{\"mark\":{\"count\":2,\"sum\":40,\"max\":31}}}",
       "phases.stop.mark has one of 31, longer than any pause of this kind, "
       "30"},
      {"phases", "{\"detect\":{\"scan\":{\"count\":1,\"sum\":1,\"max\":1}}}",
       "phases.detect.scan has one of 1, longer than any pause of this kind, "
       "0"},
      {"steps.push", "{\"count\":0}", "steps.all counts 2, the kinds of it 0"},
      /* Utilisation: a pause of 28 ns leaves 22 of 50. */
      {"pauses.all",
       "{\"count\":2,\"sum\":39,\"min\":10,\"max\":29,"
       "\"buckets\":[[10,1],[29,1]]}",
       "mmu.worst.mmu is 0.440000 at 50 ns, with a pause of 29"},
      {"pauses.all",
       "{\"count\":2,\"sum\":20,\"min\":10,\"max\":10,\"buckets\":[[10,2]]}",
       "mmu.worst.mmu of the run is 0.620000, by its pauses 0.800000"},
      {"mmu.windows", "[20,45,100]",
       "mmu.worst.mmu is 0.440000 at 45 ns, with a pause of 28"},
      {"mmu.windows", "[20,50,110]",
       "mmu.windows ends with 110, and the run with 100"},
      {"mmu.worst.mmu", "[0.1,0.44,0.62]",
       "mmu.worst.mmu is 0.100000 at 20 ns, with a pause of 28"},
      {"mmu.worst.bmu", "[0,0.5,0.62]", "mmu.worst: the curves cross at 50 ns"},
      {"mmu.worst.bmu", "[0,0.44,0.4]",
       "mmu.worst: the curves cross at 100 ns"},
      {"mmu.joined", "1000", ""},
      /* The verdict. */
      {"verdict.leaked", "3", "verdict: ok, with 3 objects leaked"},
      {"verdict.declared", "false", "verdict: ok, with 0 objects leaked"},
      {"verdict.status", "\"LEAK\"", "verdict: LEAK, of 0 objects"},
      {"violation", "{\"oracle\": \"graph\"}",
       "verdict: ok, with a violation of graph"},
      {"hostile", "{\"violations\": 2}",
       "verdict: ok, with 2 violations of freed memory"},
      {"verdict.status", "\"OVER LIMIT\"", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *record = agreeing_record();
    char why[200] = "";
    put(record, cases[i].path,
        json_loads(cases[i].json, JSON_DECODE_ANY, NULL));
    if (record_consistent(record, why, sizeof why) != !*cases[i].why)
      fail_msg("%s = %s: '%s'", cases[i].path, cases[i].json, why);
    assert_string_equal(why, cases[i].why);
    record_judge(record);
    if (*why) {
      assert_string_equal(record_text(record, "verdict.status"), "WRONG");
      assert_false(json_is_true(record_get(record, "verdict.declared")));
      const char *reason = record_text(record, "verdict.reason");
      assert_ptr_equal(strstr(reason, "the record contradicts itself: "),
                       reason);
    }
    assert_valid(record);
    json_decref(record);
  }
}

/* The limits of a run that was disturbed, from both sides. */
static void disturbed_runs_are_suspect(void **state) {
  (void)state;
  const struct {
    const char *path, *json, *why; /* "": it is not */
  } cases[] = {
      {"noise.still", "50000000", ""},
      {"noise.still", "1234000000",
       "the process neither ran nor waited for a processor for 1234 ms (bound "
       "50 ms): it was stopped from outside"},
      {"memory.peak", "33554613", ""}, /* 32 MiB and thrice 60 above 1 */
      {"memory.peak", "33554614",
       "the process grew by 33554613 bytes, and the heap held 60 at most: more "
       "than 33554612 is memory behind the heap's back"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *record = agreeing_record();
    put(record, "memory.curve", json_array());
    put(record, "memory.peak", json_integer(2));
    char why[200] = "";
    put(record, cases[i].path,
        json_loads(cases[i].json, JSON_DECODE_ANY, NULL));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (!strcmp(cases[i].path, "memory.peak")) { /* its own memory counts */
      json_decref(record);
      continue;
    }
#endif
    record_undisturbed(record, why, sizeof why);
    assert_string_equal(why, cases[i].why);
    record_judge(record);
    assert_string_equal(record_text(record, "suspect"), cases[i].why);
    assert_string_equal(record_text(record, "verdict.status"), "ok");
    assert_valid(record);
    /* A shadow heap beside the heap is no secret. */
    json_object_del(record, "suspect");
    put(record, "counts", json_object());
    record_judge(record);
    assert_int_equal(json_object_get(record, "suspect") != NULL, i == 1);
    json_decref(record);
  }
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
      cmocka_unit_test(decisions_are_lines_of_ten),
      cmocka_unit_test(phases_are_counted_times),
      cmocka_unit_test(rounds_belong_together),
      cmocka_unit_test(wrong_type_is_named),
      cmocka_unit_test(contradictions_are_found),
      cmocka_unit_test(disturbed_runs_are_suspect),
      cmocka_unit_test(fewer_fields_for_failures),
      cmocka_unit_test(histogram_there_and_back),
      cmocka_unit_test(empty_histogram_is_a_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
