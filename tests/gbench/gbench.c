/* The C API for Google Benchmark: what a row says, and that nothing a benchmark
 * does ends the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gbench.h"

#define assert_near(a, b, apart) assert_true(fabs((a) - (b)) <= (apart))

/* ------------------------------------------------------------------------- *
 * Rows, kept for inspection.
 * ------------------------------------------------------------------------- */

enum { ROWS = 64, COUNTERS = 4, TEXT = 128 };

typedef struct row {
  gb_row row; /* its pointers are not valid any more */
  char name[TEXT], full_name[TEXT], aggregate[TEXT], error[TEXT], label[TEXT];
  char counter_names[COUNTERS][TEXT];
  double counters[COUNTERS];
} row;

static row rows[ROWS];
static size_t row_count;

static void text(char *to, const char *from) {
  snprintf(to, TEXT, "%s", from ? from : "");
}

static void keep_row(const gb_row *r, void *data) {
  (void)data;
  assert_true(row_count < ROWS);
  row *kept = &rows[row_count++];
  kept->row = *r;
  text(kept->name, r->name);
  text(kept->full_name, r->full_name);
  text(kept->aggregate, r->aggregate);
  text(kept->error, r->error);
  text(kept->label, r->label);
  assert_true(r->counter_count <= COUNTERS);
  for (size_t i = 0; i < r->counter_count; i++) {
    text(kept->counter_names[i], r->counters[i].name);
    kept->counters[i] = r->counters[i].value;
  }
}

/* Runs one benchmark; the rows are in `rows`. */
static int run_json(gb_config config, gb_body *body, void *data,
                    const char *json) {
  gb_unregister_all();
  row_count = 0;
  assert_null(gb_register(&config, body, data));
  return gb_run(keep_row, NULL, json);
}

static int run(gb_config config, gb_body *body, void *data) {
  return run_json(config, body, data, NULL);
}

/* The row of an aggregate. */
static const row *aggregate(const char *name) {
  for (size_t i = 0; i < row_count; i++)
    if (strcmp(rows[i].aggregate, name) == 0)
      return &rows[i];
  fail_msg("no aggregate %s", name);
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Loops.
 * ------------------------------------------------------------------------- */

static void batch(gb_state *st, void *data) {
  atomic_uint_fast64_t *done = data;
  uint64_t n = gb_begin(st);
  for (uint64_t i = 0; i < n; i++)
    gb_clobber();
  gb_end(st);
  *done += n;
}

static void singles(gb_state *st, void *data) {
  atomic_uint_fast64_t *done = data;
  while (gb_keep_running(st))
    ++*done;
}

static void test_counts_are_exact(void **state) {
  (void)state;
  gb_body *const bodies[] = {batch, singles};
  for (int i = 0; i < 2; i++) {
    atomic_uint_fast64_t done = 0;
    gb_config config = {.name = "counts", .iterations = 1237, .repetitions = 3};
    assert_int_equal(run(config, bodies[i], &done), 0);
    assert_int_equal(done, 3 * 1237);
    assert_int_equal(row_count, 3 + 4);
    for (unsigned r = 0; r < 3; r++) {
      assert_int_equal(rows[r].row.iterations, 1237);
      assert_int_equal(rows[r].row.repetition, r);
      assert_null(rows[r].row.aggregate);
      assert_null(rows[r].row.error);
    }
    assert_int_equal(aggregate("mean")->row.iterations, 3);
    assert_true(aggregate("cv")->row.ratio);
    assert_false(aggregate("stddev")->row.ratio);
  }
}

static void test_adapts_to_min_time(void **state) {
  (void)state;
  atomic_uint_fast64_t done = 0;
  gb_config config = {.name = "adaptive", .min_time = 0.05};
  assert_int_equal(run(config, batch, &done), 0);
  assert_int_equal(row_count, 1);
  /* All attempts were counted, the last one is reported. */
  assert_true(rows[0].row.iterations > 1);
  assert_true(done > rows[0].row.iterations);
  assert_string_equal(rows[0].name, "adaptive");
}

static void test_threads_share_the_work(void **state) {
  (void)state;
  atomic_uint_fast64_t done = 0;
  gb_config config = {.name = "threads",
                      .iterations = 500,
                      .repetitions = 2,
                      .threads = 3,
                      .clock = GB_REAL_TIME};
  assert_int_equal(run(config, batch, &done), 0);
  assert_int_equal(done, 2 * 3 * 500);
  assert_int_equal(rows[0].row.iterations, 3 * 500);
  assert_int_equal(rows[0].row.threads, 3);
}

static void arguments(gb_state *st, void *data) {
  (void)data;
  uint64_t n = gb_begin(st);
  (void)n;
  gb_end(st);
  gb_set_counter(st, "sum", (double)(gb_arg(st, 0) + gb_arg(st, 1)), GB_PLAIN);
}

static void test_arguments(void **state) {
  (void)state;
  gb_config config = {.name = "arguments",
                      .args = (const int64_t[]){40, -2},
                      .arg_count = 2,
                      .arg_names = (const char *const[]){"a", "b"},
                      .iterations = 1};
  assert_int_equal(run(config, arguments, NULL), 0);
  assert_true(rows[0].counters[0] == 38);
  assert_string_equal(rows[0].name, "arguments");
  assert_non_null(strstr(rows[0].full_name, "arguments/a:40/b:-2"));

  config.arg_count = 1;
  assert_int_equal(run(config, arguments, NULL), 1);
  assert_non_null(strstr(rows[0].error, "fewer arguments"));
}

/* ------------------------------------------------------------------------- *
 * Failing.
 * ------------------------------------------------------------------------- */

/* Ways to go wrong.  `calls` counts them, so that only some repetitions do. */
typedef struct wrong {
  enum {
    ERROR_BEFORE_LOOP,
    ERROR_THEN_LOOP,
    ERROR_IN_BATCH,
    ERROR_IN_SINGLES,
    ERROR_AFTER_LOOP,
    NO_LOOP,
    NO_END,
    BREAK_SINGLES,
    END_OF_SINGLES,
    TWO_BATCHES,
    BATCH_AFTER_SINGLES,
    SINGLES_TWICE,
    BAD_TIME,
    WRONG_KINDS
  } kind;
  atomic_uint calls;
  unsigned only; /* which call goes wrong; 0: all */
} wrong;

static void go_wrong(gb_state *st, void *data) {
  wrong *w = data;
  unsigned call = ++w->calls;
  if (w->only && w->only != call) {
    atomic_uint_fast64_t done = 0;
    batch(st, &done);
    return;
  }
  switch (w->kind) {
  case ERROR_BEFORE_LOOP:
    gb_skip_with_error(st, "before");
    gb_skip_with_error(st, "a second message");
    return;
  case ERROR_THEN_LOOP:
    gb_skip_with_error(st, "before");
    assert_int_equal(gb_begin(st), 0);
    gb_pause(st);
    gb_resume(st);
    assert_false(gb_keep_running(st));
    gb_end(st);
    return;
  case ERROR_IN_BATCH:
    gb_begin(st);
    gb_skip_with_error(st, "inside");
    assert_true(gb_failed(st));
    gb_pause(st);
    gb_end(st);
    return;
  case ERROR_IN_SINGLES:
    while (gb_keep_running(st)) {
      gb_pause(st);
      gb_skip_with_error(st, "inside");
      gb_resume(st);
    }
    return;
  case ERROR_AFTER_LOOP:
    gb_begin(st);
    gb_end(st);
    gb_skip_with_error(st, "after");
    return;
  case NO_LOOP:
    return;
  case NO_END:
    gb_begin(st);
    return;
  case BREAK_SINGLES:
    gb_keep_running(st);
    return;
  case END_OF_SINGLES:
    gb_keep_running(st);
    gb_end(st);
    return;
  case TWO_BATCHES:
    gb_begin(st);
    gb_end(st);
    gb_begin(st);
    gb_end(st);
    return;
  case BATCH_AFTER_SINGLES:
    while (gb_keep_running(st))
      gb_begin(st);
    return;
  case SINGLES_TWICE:
    while (gb_keep_running(st)) {
    }
    gb_keep_running(st);
    return;
  case BAD_TIME:
    gb_begin(st);
    gb_set_iteration_time(st, NAN);
    gb_end(st);
    return;
  case WRONG_KINDS:
    fail();
  }
}

static const char *const wrong_messages[WRONG_KINDS] = {
    [ERROR_BEFORE_LOOP] = "before",
    [ERROR_THEN_LOOP] = "before",
    [ERROR_IN_BATCH] = "inside",
    [ERROR_IN_SINGLES] = "inside",
    [ERROR_AFTER_LOOP] = "after",
    [NO_LOOP] = "the body never entered its loop",
    [NO_END] = "the body did not end its loop",
    [BREAK_SINGLES] = "the body did not end its loop",
    [END_OF_SINGLES] = "gb_end without gb_begin",
    [TWO_BATCHES] = "the loop was entered twice",
    [BATCH_AFTER_SINGLES] = "the loop was entered twice",
    [SINGLES_TWICE] = "the loop was entered twice",
    [BAD_TIME] = "an iteration time is negative or not a number"};

/* Each way to go wrong, in all repetitions and in each one of them, alone and
 * with several threads. */
static void test_wrong_bodies_are_rows(void **state) {
  (void)state;
  for (unsigned kind = 0; kind < WRONG_KINDS; kind++)
    for (unsigned only = 0; only <= 3; only++)
      for (unsigned threads = 1; threads <= 2; threads++) {
        wrong w = {.kind = kind, .only = only};
        gb_config config = {.name = "wrong",
                            .iterations = 10,
                            .repetitions = 3,
                            .threads = threads,
                            .clock = GB_REAL_TIME};
        int failed = run(config, go_wrong, &w);
        if (only == 0 || only > threads) {
          assert_int_equal(failed, only ? 1 : 3);
        } else { /* in the first repetition */
          assert_int_equal(failed, 3);
          assert_int_equal(w.calls, threads);
        }
        for (unsigned r = 0; r < 3; r++)
          if (rows[r].row.error)
            assert_string_equal(rows[r].error, wrong_messages[kind]);
        if (failed == 1)
          assert_int_equal(aggregate("mean")->row.iterations, 2);
        else
          assert_int_equal(row_count, 3);
      }
}

static void test_wrong_bodies_end_adaptive_runs(void **state) {
  (void)state;
  for (unsigned kind = 0; kind < WRONG_KINDS; kind++) {
    wrong w = {.kind = kind};
    gb_config config = {.name = "wrong", .min_time = 0.001};
    assert_int_equal(run(config, go_wrong, &w), 1);
    assert_string_equal(rows[0].error, wrong_messages[kind]);
  }
}

/* Aggregates are over the repetitions that did not fail. */
static void manual(gb_state *st, void *data) {
  unsigned call = ++*(unsigned *)data;
  if (call == 2) {
    gb_skip_with_error(st, "second");
    return;
  }
  uint64_t n = gb_begin(st);
  gb_end(st);
  gb_set_iteration_time(st, 1e-6 * (double)(call * n));
}

static void test_aggregates_leave_failures_out(void **state) {
  (void)state;
  unsigned calls = 0;
  gb_config config = {.name = "aggregates",
                      .iterations = 10,
                      .repetitions = 4,
                      .clock = GB_MANUAL_TIME};
  assert_int_equal(run(config, manual, &calls), 1);
  assert_near(rows[0].row.real_ns, 1000, 1e-6);
  assert_true(rows[1].row.real_ns == 0);
  assert_near(rows[3].row.real_ns, 4000, 1e-6);
  assert_int_equal(aggregate("mean")->row.iterations, 3);
  assert_near(aggregate("mean")->row.real_ns, 8000. / 3, 1e-6);
  assert_near(aggregate("median")->row.real_ns, 3000, 1e-6);
}

/* ------------------------------------------------------------------------- *
 * Time.
 * ------------------------------------------------------------------------- */

static void test_manual_time_without_iterations_runs_once(void **state) {
  (void)state;
  unsigned calls = 0;
  gb_config config = {.name = "manual", .clock = GB_MANUAL_TIME};
  assert_int_equal(run(config, manual, &calls), 0);
  assert_int_equal(calls, 1);
  assert_int_equal(rows[0].row.iterations, 1);
  assert_near(rows[0].row.real_ns, 1000, 1e-6);
}

static void manual_on_threads(gb_state *st, void *data) {
  (void)data;
  gb_begin(st);
  gb_end(st);
  gb_set_iteration_time(st, 0.5);
}

static void test_times_are_of_one_thread(void **state) {
  (void)state;
  gb_config config = {
      .name = "manual", .iterations = 5, .threads = 2, .clock = GB_MANUAL_TIME};
  assert_int_equal(run(config, manual_on_threads, NULL), 0);
  assert_near(rows[0].row.real_ns, 1e8, 1e-3);
}

static void pausing(gb_state *st, void *data) {
  (void)data;
  gb_pause(st); /* no loop yet */
  gb_begin(st);
  gb_pause(st);
  gb_pause(st);
  usleep(20000);
  gb_resume(st);
  gb_resume(st);
  gb_pause(st);
  gb_end(st); /* while paused */
  gb_resume(st);
}

/* No time is asserted but that a pause of 20 ms is not in it: a run that was
 * disturbed for so long in the few clock reads that are left is repeated. */
static void test_pauses_are_not_timed(void **state) {
  (void)state;
  gb_config config = {
      .name = "pausing", .iterations = 1, .clock = GB_REAL_TIME};
  for (int i = 0; i < 20; i++) {
    assert_int_equal(run(config, pausing, NULL), 0);
    if (rows[0].row.real_ns < 2e7)
      return;
  }
  fail_msg("pauses are timed");
}

/* ------------------------------------------------------------------------- *
 * Counters, labels.
 * ------------------------------------------------------------------------- */

static void counting(gb_state *st, void *data) {
  (void)data;
  uint64_t n = gb_begin(st);
  gb_end(st);
  gb_set_iteration_time(st, 0.5 * (double)n);
  gb_set_counter(st, "a_each", 30, GB_AVG_ITERATIONS);
  gb_set_counter(st, "b_inverse", 4, GB_INVERT);
  gb_set_counter(st, "c_rate", 7, GB_RATE);
  gb_set_counter(st, "d_thread", 8, GB_AVG_THREADS);
  gb_set_label(st, "a \"label\"\x01\n");
}

static void test_counters(void **state) {
  (void)state;
  gb_config config = {.name = "counters",
                      .iterations = 2,
                      .repetitions = 2,
                      .clock = GB_MANUAL_TIME};
  assert_int_equal(run(config, counting, NULL), 0);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(rows[i].row.counter_count, 4);
    assert_string_equal(rows[i].counter_names[0], "a_each");
    assert_true(rows[i].counters[0] == 15);
    assert_true(rows[i].counters[1] == 0.25);
    assert_true(rows[i].counters[2] == 7);
    assert_true(rows[i].counters[3] == 8);
    assert_string_equal(rows[i].label, "a \"label\"  ");
  }
}

static void rates(gb_state *st, void *data) {
  (void)data;
  uint64_t n = gb_begin(st);
  gb_end(st);
  gb_set_iteration_time(st, 0.25);
  gb_set_items(st, (int64_t)n);
  gb_set_bytes(st, 4096);
}

static void test_rates(void **state) {
  (void)state;
  gb_config config = {
      .name = "rates", .iterations = 10, .clock = GB_MANUAL_TIME};
  assert_int_equal(run(config, rates, NULL), 0);
  assert_string_equal(rows[0].counter_names[0], "bytes_per_second");
  assert_true(rows[0].counters[0] == 4096 * 4);
  assert_string_equal(rows[0].counter_names[1], "items_per_second");
  assert_true(rows[0].counters[1] == 40);
}

static void changing_flags(gb_state *st, void *data) {
  unsigned call = ++*(unsigned *)data;
  gb_begin(st);
  gb_end(st);
  gb_set_counter(st, "c", 1, call == 2 ? GB_RATE : GB_PLAIN);
}

static void test_changing_flags_is_an_error(void **state) {
  (void)state;
  unsigned calls = 0;
  gb_config config = {.name = "flags", .iterations = 1, .repetitions = 3};
  assert_int_equal(run(config, changing_flags, &calls), 1);
  assert_non_null(strstr(rows[1].error, "other flags"));
}

/* ------------------------------------------------------------------------- *
 * JSON.
 * ------------------------------------------------------------------------- */

static const char json_path[] = "test-gbench.json";

static void without_time(gb_state *st, void *data) {
  unsigned call = ++*(unsigned *)data;
  gb_begin(st);
  gb_end(st);
  gb_set_counter(st, "inverse", 0, GB_INVERT);
  gb_set_counter(st, "rate", 5, GB_RATE);
  gb_set_counter(st, "zero", 0, GB_RATE);
  gb_set_label(st, "tab\tquote\"bell\a");
  if (call == 2)
    gb_skip_with_error(st, "line one\nline two\x02");
}

/* Rates over no time are infinite or not a number, which JSON does not have. */
static void test_json_is_valid(void **state) {
  (void)state;
  unsigned calls = 0;
  gb_config config = {.name = "json",
                      .iterations = 3,
                      .repetitions = 4,
                      .unit = GB_MILLISECOND,
                      .clock = GB_MANUAL_TIME};
  bool added = gb_add_context("colour", "blue");
  assert_true(added);
  assert_false(gb_add_context("colour", "green"));
  assert_int_equal(run_json(config, without_time, &calls, json_path), 1);
  assert_true(rows[0].counters[0] == DBL_MAX);
  assert_true(rows[0].counters[1] == DBL_MAX);
  assert_true(rows[0].counters[2] == 0);

  json_error_t error;
  json_t *root = json_load_file(json_path, JSON_REJECT_DUPLICATES, &error);
  if (!root)
    fail_msg("line %d: %s", error.line, error.text);
  assert_string_equal(json_string_value(json_object_get(
                          json_object_get(root, "context"), "colour")),
                      "blue");
  json_t *runs = json_object_get(root, "benchmarks");
  assert_int_equal(json_array_size(runs), row_count);
  for (size_t i = 0; i < row_count; i++) {
    json_t *run = json_array_get(runs, i);
    assert_string_equal(json_string_value(json_object_get(run, "name")),
                        rows[i].full_name);
    assert_string_equal(json_string_value(json_object_get(run, "time_unit")),
                        "ms");
    assert_int_equal(json_integer_value(json_object_get(run, "iterations")),
                     rows[i].row.iterations);
    const char *message =
        json_string_value(json_object_get(run, "error_message"));
    assert_string_equal(message ? message : "", rows[i].error);
  }
  json_decref(root);
  remove(json_path);
}

static void test_json_is_written_whole_or_not(void **state) {
  (void)state;
  atomic_uint_fast64_t done = 0;
  gb_config config = {.name = "json", .iterations = 1};
  errno = 0;
  assert_int_equal(run_json(config, batch, &done, "no-such-folder/x.json"), -1);
  assert_int_equal(errno, ENOENT);
  /* The rows were reported nevertheless. */
  assert_int_equal(row_count, 1);
  /* A folder is in the way of the finished file: nothing is left beside it. */
  assert_int_equal(run_json(config, batch, &done, "tests"), -1);
  assert_int_not_equal(access("tests.part", F_OK), 0);
}

/* ------------------------------------------------------------------------- *
 * Registering.
 * ------------------------------------------------------------------------- */

static void test_runs_again_with_others(void **state) {
  (void)state;
  gb_unregister_all();
  row_count = 0;
  atomic_uint_fast64_t done = 0;
  for (int round = 0; round < 2; round++) {
    const char *const names[] = {"one", "two"};
    for (int i = 0; i < 2; i++) {
      gb_config config = {.name = names[i], .iterations = 5};
      assert_null(gb_register(&config, batch, &done));
    }
    /* Twice the same, then others. */
    assert_int_equal(gb_run(keep_row, NULL, NULL), 0);
    assert_int_equal(gb_run(keep_row, NULL, NULL), 0);
    gb_unregister_all();
  }
  assert_int_equal(row_count, 8);
  assert_int_equal(done, 40);
  for (size_t i = 0; i < row_count; i++) {
    assert_string_equal(rows[i].name, i % 2 ? "two" : "one");
    assert_int_equal(rows[i].row.index, i % 2);
  }
}

static void test_nothing_registered(void **state) {
  (void)state;
  gb_unregister_all();
  errno = 0;
  assert_int_equal(gb_run(NULL, NULL, NULL), -1);
  assert_int_equal(errno, ENOENT);
}

static void test_bad_configurations(void **state) {
  (void)state;
  gb_unregister_all();
  const gb_config bad[] = {
      {.name = ""},
      {.name = "DISABLED_x"},
      {.name = "x", .arg_count = 1},
      {.name = "x", .min_time = -1},
      {.name = "x", .min_time = NAN},
      {.name = "x", .min_time = 1, .iterations = 1},
      {.name = "x", .min_time = 1, .clock = GB_MANUAL_TIME},
      {.name = "x", .iterations = UINT64_MAX},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_non_null(gb_register(&bad[i], batch, NULL));
  assert_int_equal(gb_run(NULL, NULL, NULL), -1);
}

static void test_version_is_that_of_the_header(void **state) {
  (void)state;
  assert_int_equal(gb_version(), GB_VERSION);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_version_is_that_of_the_header),
      cmocka_unit_test(test_counts_are_exact),
      cmocka_unit_test(test_adapts_to_min_time),
      cmocka_unit_test(test_threads_share_the_work),
      cmocka_unit_test(test_arguments),
      cmocka_unit_test(test_wrong_bodies_are_rows),
      cmocka_unit_test(test_wrong_bodies_end_adaptive_runs),
      cmocka_unit_test(test_aggregates_leave_failures_out),
      cmocka_unit_test(test_manual_time_without_iterations_runs_once),
      cmocka_unit_test(test_times_are_of_one_thread),
      cmocka_unit_test(test_pauses_are_not_timed),
      cmocka_unit_test(test_counters),
      cmocka_unit_test(test_rates),
      cmocka_unit_test(test_changing_flags_is_an_error),
      cmocka_unit_test(test_json_is_valid),
      cmocka_unit_test(test_json_is_written_whole_or_not),
      cmocka_unit_test(test_runs_again_with_others),
      cmocka_unit_test(test_nothing_registered),
      cmocka_unit_test(test_bad_configurations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
