/* program.c: tests of a collector program from the outside: its command line,
 * its description, and the record of a run.  argv[1] is the fake collector. */
#define _GNU_SOURCE /* CPU sets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "harness/record/record.h"

static const char *program;
static char output[1 << 20];
static int status;

/* Runs the program in the place of a shell, so that it is this process that
 * started it, and keeps what it wrote to where the redirections in `arguments`
 * leave it. */
static void start(const char *arguments) {
  char command[1000];
  snprintf(command, sizeof command, "exec '%s' %s", program, arguments);
  FILE *pipe = popen(command, "r");
  assert_non_null(pipe);
  size_t n = fread(output, 1, sizeof output - 1, pipe);
  output[n] = 0;
  status = pclose(pipe);
}

/* The JSON object that it writes, on one line, with status 0. */
static json_t *get_json(const char *arguments) {
  start(arguments);
  assert_int_equal(status, 0);
  assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
  json_t *json = json_loads(output, 0, NULL);
  assert_non_null(json);
  return json;
}

static json_t *get_record(const char *arguments) {
  json_t *record = get_json(arguments);
  char why[200] = "";
  record_valid(record, why, sizeof why);
  assert_string_equal(why, "");
  return record;
}

static void assert_text(const json_t *json, const char *path,
                        const char *text) {
  assert_string_equal(json_string_value(record_get(json, path)), text);
}

static void assert_number(const json_t *json, const char *path,
                          json_int_t number) {
  assert_true(json_is_integer(record_get(json, path)));
  assert_int_equal(json_integer_value(record_get(json, path)), number);
}

static void assert_verdict(const char *arguments, const char *name,
                           bool declared, const char *reason) {
  json_t *record = get_record(arguments);
  assert_text(record, "verdict.status", name);
  assert_int_equal(json_is_true(record_get(record, "verdict.declared")),
                   declared);
  assert_text(record, "verdict.reason", reason);
  json_decref(record);
}

/* ------------------------------------------------------------------------- */

static void description(void **state) {
  (void)state;
  json_t *d = get_json("--describe");
  assert_number(d, "schema", RECORD_SCHEMA);
  assert_number(d, "api", 3);
  assert_text(d, "name", "fake");
  assert_text(d, "capabilities.reclaims", "nothing");
  assert_true(json_is_true(record_get(d, "capabilities.threads")));
  assert_true(json_is_false(record_get(d, "capabilities.moving")));
  const json_t *option = json_array_get(record_get(d, "options"), 0);
  assert_text(option, "name", "crash");
  assert_number(option, "default", 0);
  assert_number(option, "max", 1);
  assert_int_equal(json_array_size(record_get(d, "workloads")), 2);
  const json_t *w = json_array_get(record_get(d, "workloads"), 0);
  assert_text(w, "name", "tiny");
  assert_text(w, "unit", "objects");
  assert_int_equal(json_array_size(record_get(w, "steps")), 2);
  assert_int_equal(json_array_size(record_get(w, "needs")), 0);
  const json_t *param = json_array_get(record_get(w, "params"), 1);
  assert_text(param, "default", "none");
  assert_int_equal(json_array_size(record_get(param, "choices")), 5);
  w = json_array_get(record_get(d, "workloads"), 1);
  assert_string_equal(
      json_string_value(json_array_get(record_get(w, "needs"), 0)), "threads");
  assert_true(json_array_size(record_get(d, "primitives")) > 0);
  json_decref(d);
}

static void record_identifies_the_run(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny:objects=1k --heap 2x --seed 7 --threads 4 "
                         "--option pause=5 --pin none");
  assert_text(r, "collector", "fake");
  assert_text(r, "workload", "tiny");
  assert_number(r, "params.objects", 1024);
  assert_text(r, "params.fault", "none");
  assert_number(r, "threads", 1); /* it has no more to run */
  assert_number(r, "seed", 7);
  assert_text(r, "heap.asked", "2x");
  assert_number(r, "heap.limit", 65536);
  assert_number(r, "heap.must_hold", 32768);
  assert_number(r, "options.pause", 5);
  assert_number(r, "options.crash", 0);
  assert_text(r, "binding.policy", "none");
  json_decref(r);
}

static void record_tells_what_was_measured(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny:objects=1k --option pause=1000");
  assert_number(r, "ops.count", 1024);
  assert_text(r, "ops.unit", "objects");
  assert_number(r, "steps.push.count", 1024);
  assert_number(r, "steps.drop.count", 1);
  assert_number(r, "steps.all.count", 1025);
  assert_number(r, "pauses.stop.count", 1024);
  assert_number(r, "pauses.stop.sum", 1024000);
  assert_number(r, "pauses.stop.p99", 1000);
  assert_number(r, "pauses.cascade.count", 0);
  assert_number(r, "pauses.all.count", 1024);
  assert_number(r, "time.stop", 1024000);
  assert_number(r, "time.own", 0);
  assert_number(r, "memory.footprint", 32768);
  assert_number(r, "counters.collections", 1);
  /* No step is longer than all of them, nor they than the measured part. */
  json_int_t sum = json_integer_value(record_get(r, "steps.all.sum")) +
                   json_integer_value(record_get(r, "steps.delayed"));
  assert_true(sum <= json_integer_value(record_get(r, "time.wall")));
  assert_true(json_integer_value(record_get(r, "memory.peak")) >=
              json_integer_value(record_get(r, "memory.baseline")));
  json_decref(r);
}

/* What the process that starts a run holds is not counted as the run's. */
static void large_parent_is_not_counted(void **state) {
  (void)state;
  enum { HELD = 200 << 20 };
  static const char *const paths[] = {"memory.baseline", "memory.peak"};
  json_t *small = get_record("--run tiny --pin none");
  char *held = mmap(NULL, HELD, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(held, MAP_FAILED);
  memset(held, 1, HELD);
  json_t *large = get_record("--run tiny --pin none");
  munmap(held, HELD);
  for (size_t i = 0; i < 2; i++) {
    json_int_t usual = json_integer_value(record_get(small, paths[i]));
    json_int_t got = json_integer_value(record_get(large, paths[i]));
    assert_true(usual > 0 && got > 0);
    assert_true(got < usual + HELD / 8);
  }
  json_decref(small);
  json_decref(large);
}

/* The fake collector does not tell what its memory is used for; the workload
 * follows no objects. */
static void what_is_not_told_is_absent(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny:objects=200 --heap none --pin none");
  assert_number(r, "heap.live", 200 * 32);
  assert_number(r, "heap.allocated", 200 * 32);
  const json_t *end = record_get(r, "memory.end");
  assert_true(json_is_object(end));
  assert_int_equal(json_object_size(end), 0);
  assert_null(record_get(r, "memory.settled.cells"));
  assert_null(record_get(r, "memory.settled.live_bytes"));
  assert_null(record_get(r, "reclamation"));
  json_decref(r);
}

static void threads_add_up(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny-threads:objects=200 --threads 3");
  assert_text(r, "verdict.status", "ok");
  assert_number(r, "threads", 3);
  assert_number(r, "ops.count", 600);
  assert_number(r, "steps.push.count", 600);
  assert_number(r, "heap.must_hold", 3 * 200 * 32);
  assert_int_equal(json_array_size(record_get(r, "binding.got")), 4);
  json_decref(r);
}

static void binding_is_read_back(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny --pin auto");
  /* One thread, on one PU: a number without comma or dash. */
  const json_t *got = json_array_get(record_get(r, "binding.got"), 0);
  assert_int_equal(strspn(json_string_value(got), "0123456789"),
                   json_string_length(got));
  json_decref(r);
}

/* A collector with a thread of its own that takes 20 ms of processor time in
 * each of three pauses. */
enum { HELP = 20000000, HELPED = 3 };
static json_t *helped(bool placed) {
  char arguments[100];
  snprintf(arguments, sizeof arguments,
           "--run tiny:objects=%d --pin auto --option helper=%d,placed=%d",
           HELPED, HELP, placed);
  return get_record(arguments);
}

static json_int_t number(const json_t *json, const char *path) {
  assert_true(json_is_integer(record_get(json, path)));
  return json_integer_value(record_get(json, path));
}

/* The delay by the collector's thread is in its pauses, and the record says how
 * much that is. */
static void assert_own_delay_is_left(const json_t *r) {
  assert_true(number(r, "noise.own_delay") >= HELPED * (HELP / 10 * 9));
  assert_true(number(r, "pauses.all.sum") >= HELPED * (HELP / 10 * 9));
}

/* A thread that nobody placed runs where the mutator does. */
static void unplaced_helper_is_no_noise(void **state) {
  (void)state;
  json_t *r = helped(false);
  assert_own_delay_is_left(r);
  assert_null(record_get(r, "binding.helpers"));
  json_decref(r);
}

/* A placed one has a processor apart, where there is one, and nothing that the
 * mutator waits for is its doing. */
static void placed_helper_is_apart(void **state) {
  (void)state;
  cpu_set_t all, one;
  assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
  json_t *r = helped(true);
  const json_t *helpers = record_get(r, "binding.helpers");
  assert_int_equal(json_array_size(helpers), 1);
  if (CPU_COUNT(&all) > 1) {
    assert_string_not_equal(
        json_string_value(json_array_get(helpers, 0)),
        json_string_value(json_array_get(record_get(r, "binding.got"), 0)));
    assert_true(number(r, "noise.own_delay") < HELP / 10);
  } else
    assert_own_delay_is_left(r);
  json_decref(r);

  /* On one processor it cannot be apart. */
  CPU_ZERO(&one);
  for (size_t i = 0; CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &all))
      CPU_SET(i, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  r = helped(true);
  assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
  assert_own_delay_is_left(r);
  assert_int_equal(json_array_size(record_get(r, "binding.helpers")), 1);
  json_decref(r);
}

/* The fake collector declares that it reclaims nothing. */
static void verdicts(void **state) {
  (void)state;
  assert_verdict("--run tiny", "LEAK", true, "");
  assert_verdict("--run tiny-threads", "ok", true, "");
  assert_verdict("--run tiny --option leak=2", "LEAK", false,
                 "102 objects survive, 2 more than declared");
  assert_verdict("--run tiny --option lose=3", "WRONG", false,
                 "reclaimed 3 objects it declares it cannot");
  assert_verdict("--run tiny-threads --option lose=3", "WRONG", false,
                 "lost 3 objects");
  assert_verdict("--run tiny:fault=check", "WRONG", false, "told to fail");
  assert_verdict("--run tiny:fault=expect", "WRONG", false, "lost 1 objects");
  assert_verdict("--run tiny:fault=silent", "WRONG", false,
                 "the workload never said what must survive");
  assert_verdict("--run tiny:fault=reclaimed", "WRONG", false,
                 "1 finalizers run, expected 0");
}

static void invariants_are_checked_on_request(void **state) {
  (void)state;
  assert_verdict("--run tiny --option broken=1", "LEAK", true, "");
  assert_verdict("--run tiny --option broken=1 --check", "WRONG", false,
                 "heap check: broken on request");
}

static void out_of_memory_is_a_record(void **state) {
  (void)state;
  static const char reason[] =
      "no room for an object of 1 slots and 16 bytes, with 1024 bytes held "
      "and a limit of 1024";
  assert_verdict("--run tiny --heap 1k", "OOM", false, reason);
  json_t *r = get_record("--run tiny --heap 1k");
  assert_number(r, "memory.footprint", 1024);
  assert_null(record_get(r, "time"));
  json_decref(r);
}

/* The fake declares nothing: a quarter of the limit and 64 KiB are what it may
 * hold beyond. */
static void limits_are_kept(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny --heap 1M");
  char arguments[100], reason[200];
  json_int_t held = json_integer_value(record_get(r, "memory.footprint_peak"));
  json_int_t most = 1048576 + 1048576 / 100 * 25 + 65536;
  assert_text(r, "verdict.status", "LEAK");
  json_decref(r);
  snprintf(arguments, sizeof arguments,
           "--run tiny --heap 1M --option held=%lld", (long long)(most - held));
  assert_verdict(arguments, "LEAK", true, "");
  snprintf(arguments, sizeof arguments,
           "--run tiny --heap 1M --option held=%lld",
           (long long)(most - held + 1));
  snprintf(
      reason, sizeof reason,
      "the heap held up to %lld bytes; with a limit of 1048576 it may hold "
      "%lld",
      (long long)most + 1, (long long)most);
  assert_verdict(arguments, "OVER LIMIT", false, reason);
  assert_verdict("--run tiny --option held=100000000", "LEAK", true, "");
}

/* On other threads than the first, and on all of them at once. */
static void out_of_memory_of_threads(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny-threads --threads 4 --heap 1k");
  assert_text(r, "verdict.status", "OOM");
  json_decref(r);
}

static void hostile_conditions_are_in_the_record(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny-threads:objects=20 --threads 2 --hostile "
                         "stack=256k,fail-every=7 --hostile yield=3");
  assert_number(r, "hostile.settings.stack", 256 << 10);
  assert_number(r, "hostile.settings.fail-every", 7);
  assert_number(r, "hostile.settings.yield", 3);
  assert_number(r, "hostile.fired.stack", 3); /* the main thread's, and two */
  assert_number(r, "hostile.fired.yield", 0); /* the fake knows no such point */
  assert_null(record_get(r, "hostile.settings.poison"));
  json_decref(r);
  r = get_record("--run tiny");
  assert_null(record_get(r, "hostile"));
  json_decref(r);
}

static void record_goes_to_its_descriptor(void **state) {
  (void)state;
  json_t *r = get_record("--run tiny --record-fd 3 3>&1 >/dev/null");
  json_decref(r);
  start("--run tiny --record-fd 3 3>/dev/null");
  assert_string_equal(output, "");
}

static void full_disk_is_an_error(void **state) {
  (void)state;
  start("--run tiny 2>&1 >/dev/full");
  assert_int_equal(WEXITSTATUS(status), 1);
  assert_string_equal(
      output, "fake: cannot write the record: No space left on device\n");
}

static void misbehaviour_shows_in_the_status(void **state) {
  (void)state;
  start("--run tiny --option exit=9 2>&1");
  assert_int_equal(WEXITSTATUS(status), 9);
  assert_string_equal(output, "fake: gave up\n");
}

static void wrong_usage(void **state) {
  (void)state;
  const struct {
    const char *arguments, *line;
  } bad[] = {
      {"",
       "nothing to do (--describe, --volume, --run, --micro, or see --help)"},
      {"--rnu tiny", "unknown option '--rnu' (did you mean '--run'?)"},
      {"--run", "option '--run' needs a value"},
      {"--describe=1", "option '--describe' takes no value"},
      {"--run tiny --describe",
       "only one of --describe, --volume, --run, --micro and --micro-fixed"},
      {"--run tiny more", "unexpected argument 'more'"},
      {"--run tinny", "unknown workload 'tinny' (did you mean 'tiny'?)"},
      {"--run tiny --threads 0",
       "--threads: '0' is not a whole number from 1 to 1024"},
      {"--run tiny --option lsoe=1",
       "unknown option of collector fake 'lsoe' (did you mean 'lose'?)"},
      {"--run tiny --hostile colect-at=1",
       "unknown hostile condition 'colect-at' (did you mean 'collect-at'?)"},
      {"--run tiny --hostile foo=1",
       "unknown hostile condition 'foo' (choose from collect-every, "
       "collect-at, poison, buffers, fail-at, fail-every, yield, stack)"},
      {"--run tiny --hostile collect-at=1,yield=2000",
       "hostile condition 'yield' must lie within 1 and 1000, not 2000"},
      {"--run tiny --mutant list", "unknown option '--mutant' (see --help)"},
      {"--run tiny --pin everywhere",
       "--pin is auto, none or a list of PUs such as 0,2-3, not 'everywhere'"},
      {"--run tiny --record-fd 9 9>&-", "--record-fd 9: Bad file descriptor"},
      {"--micro --min-time soon", "--min-time: 'soon' is not a number of "
                                  "seconds above 0"},
      {"--micro-fixed new", "--micro-fixed needs a number of iterations"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char arguments[200], line[200];
    snprintf(arguments, sizeof arguments, "%s 2>&1", bad[i].arguments);
    snprintf(line, sizeof line, "fake: %s\n", bad[i].line);
    start(arguments);
    assert_string_equal(output, line);
    assert_int_equal(WEXITSTATUS(status), 2);
  }
}

static void help_lists_every_option(void **state) {
  (void)state;
  start("--help");
  assert_int_equal(status, 0);
  static const char *const parts[] = {"--describe",   "--run ", "--heap ",
                                      "--record-fd ", "pause",  "tiny-threads"};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    assert_non_null(strstr(output, parts[i]));
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  program = argv[1];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(description),
      cmocka_unit_test(record_identifies_the_run),
      cmocka_unit_test(record_tells_what_was_measured),
      cmocka_unit_test(large_parent_is_not_counted),
      cmocka_unit_test(what_is_not_told_is_absent),
      cmocka_unit_test(threads_add_up),
      cmocka_unit_test(binding_is_read_back),
      cmocka_unit_test(unplaced_helper_is_no_noise),
      cmocka_unit_test(placed_helper_is_apart),
      cmocka_unit_test(verdicts),
      cmocka_unit_test(invariants_are_checked_on_request),
      cmocka_unit_test(out_of_memory_is_a_record),
      cmocka_unit_test(limits_are_kept),
      cmocka_unit_test(out_of_memory_of_threads),
      cmocka_unit_test(hostile_conditions_are_in_the_record),
      cmocka_unit_test(record_goes_to_its_descriptor),
      cmocka_unit_test(full_disk_is_an_error),
      cmocka_unit_test(misbehaviour_shows_in_the_status),
      cmocka_unit_test(wrong_usage),
      cmocka_unit_test(help_lists_every_option),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
