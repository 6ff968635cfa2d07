/* tables.c: from records to the tables of figures, the canary and the warning
 * about collectors that report too little. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/report/figures.h"
#include "harness/stats/histogram.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "figures-XXXXXX";
static report *r;
static figure_rows rows;
static json_t *plan;

static int set_up(void **state) {
  (void)state;
  strcpy(dir, "figures-XXXXXX");
  assert_non_null(mkdtemp(dir));
  plan = json_pack("{s:i, s:s, s:i, s:i, s:[]}", "schema", 1, "suite", "s",
                   "invocations", 1, "seed", 1, "cells");
  return 0;
}

static const char *path(const char *name) {
  static char text[64];
  snprintf(text, sizeof text, "%s/%s", dir, name);
  return text;
}

static int tear_down(void **state) {
  (void)state;
  figure_free(&rows);
  if (r)
    report_free(r);
  r = NULL;
  json_decref(plan);
  unlink(path("plan.json"));
  unlink(path("runs.jsonl"));
  return rmdir(dir);
}

/* What a record says, in microseconds. */
typedef struct made {
  const char *workload, *collector, *heap, *status;
  int threads, invocation;
  int wall, cpu, stop, own;
  int pause, step, typical; /* the longest, the worst, the usual one */
  int instrument;
  double mmu;
  bool canary, untimed;
} made;

/* Where the bucket of a time begins. */
static json_int_t bucket(int ns) {
  return (json_int_t)hist_low(hist_index((uint64_t)ns));
}

static void append(made m) {
  char id[64];
  int us = 1000;
  m.threads = m.threads ? m.threads : 1;
  m.cpu = m.cpu ? m.cpu : m.wall;
  m.invocation = m.invocation ? m.invocation : 1;
  snprintf(id, sizeof id, "%s/%s/%s%s", m.workload, m.collector, m.heap,
           m.untimed ? "/instrument=off" : "");
  if (m.invocation == 1 && !m.canary) {
    json_t *cell = json_pack("{s:s, s:s, s:s, s:s, s:i}", "cell", id,
                             "workload", m.workload, "collector", m.collector,
                             "heap", m.heap, "threads", m.threads);
    if (m.untimed)
      json_object_set_new(cell, "untimed", json_true());
    json_array_append_new(json_object_get(plan, "cells"), cell);
  }
  int pause = (m.pause ? m.pause : m.stop + m.own) * us, step = m.step * us,
      typical = m.typical * us;
  json_t *none = json_pack("{s:i}", "count", 0), *pauses = none, *steps = none;
  if (pause)
    pauses = json_pack("{s:i, s:i, s:i, s:i, s:n, s:n, s:[[I, i]]}", "count", 1,
                       "sum", pause, "min", pause, "max", pause, "p50", "p99",
                       "buckets", bucket(pause), 1);
  if (step)
    steps =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:n, s:[[I, i], [I, i]]}", "count",
                  1000, "sum", 1, "min", typical, "max", step, "p50", typical,
                  "p99", "buckets", bucket(typical), 999, bucket(step), 1);
  json_t *record = json_pack(
      "{s:i, s:s, s:s, s:{}, s:i, s:i, s:{s:s, s:i, s:i}, s:{}, s:{s:s, s:b, "
      "s:i, s:s}, s:{s:i, s:s}}",
      "schema", 1, "collector", m.collector, "workload", m.workload, "params",
      "threads", m.threads, "seed", 1, "heap", "asked", m.heap, "limit", 0,
      "must_hold", 0, "options", "verdict", "status",
      m.status ? m.status : "ok", "declared", m.status == NULL, "leaked", 0,
      "reason", "", "ops", "count", 1000, "unit", "acts");
  json_object_set_new(record, "time",
                      json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}",
                                "wall", m.wall * us, "cpu", m.cpu * us, "user",
                                0, "system", 0, "instrument", m.instrument * us,
                                "stop", m.stop * us, "own", m.own * us,
                                "skipped", 0));
  json_object_set_new(record, "pauses", json_pack("{s:O}", "all", pauses));
  json_object_set_new(record, "steps",
                      json_pack("{s:O, s:O, s:i, s:b}", "act", steps, "all",
                                none, "delayed", 0, "corrected", 1));
  if (pauses != none)
    json_decref(pauses);
  if (steps != none)
    json_decref(steps);
  json_decref(none);
  json_object_set_new(record, "memory",
                      json_pack("{s:i, s:i, s:b, s:i, s:i, s:i, s:i}",
                                "baseline", 1, "peak", 2, "peak_reset", 1,
                                "footprint", 1, "footprint_peak", 1,
                                "minor_faults", 0, "major_faults", 0));
  json_object_set_new(record, "counters", json_object());
  json_object_set_new(record, "binding",
                      json_pack("{s:s, s:[]}", "policy", "none", "got"));
  json_object_set_new(record, "noise",
                      json_pack("{s:i, s:i, s:i}", "voluntary", 0,
                                "involuntary", 0, "run_delay", 0));
  json_object_set_new(
      record, "mmu",
      json_pack("{s:i, s:[i, i, i], s:{s:[f, f, f], s:[f, f, f]}, s:[]}",
                "joined", 0, "windows", 500000, 1000000, 5000000, "worst",
                "mmu", 0., m.mmu, 1., "bmu", 0., m.mmu / 2, 1., "threads"));
  json_object_set_new(record, "cell", json_string(id));
  json_object_set_new(record, "invocation", json_integer(m.invocation));
  json_object_set_new(record, "instrumented", json_boolean(!m.untimed));
  if (m.canary)
    json_object_set_new(record, "canary", json_true());
  char *text = json_dumps(record, JSON_COMPACT);
  FILE *file = fopen(path("runs.jsonl"), "a");
  assert_non_null(file);
  fprintf(file, "%s\n", text);
  fclose(file);
  free(text);
  json_decref(record);
}

static void load(const char *name, int invocations) {
  char why[256] = "";
  json_object_set_new(plan, "invocations", json_integer(invocations));
  assert_int_equal(json_dump_file(plan, path("plan.json"), 0), 0);
  r = report_load(dir, why, sizeof why);
  assert_string_equal(why, "");
  assert_non_null(r);
  assert_int_equal(r->state.damaged, 0);
  assert_int_equal(r->strays, 0);
  for (size_t i = 0; name && i < FIGURES; i++)
    if (!strcmp(figures[i].name, name))
      rows = figure_make(&figures[i], r);
}

static const figure_row *row_of(const char *workload, const char *collector,
                                const char *column) {
  for (size_t i = 0; i < rows.count; i++) {
    const figure_row *row = &rows.items[i];
    if (!strcmp(row->workload, workload) &&
        !strcmp(row->collector, collector) && !strcmp(row->column, column))
      return row;
  }
  fail_msg("no row %s %s %s", workload, collector, column);
  return NULL;
}

static void assert_near(double actual, double expected, double within) {
  if (!(fabs(actual - expected) <= within))
    fail_msg("%.9g, not %.9g", actual, expected);
}

/* ------------------------------------------------------------------------- */

static void append_example(void) {
  append(
      (made){.workload = "w", .collector = "none", .heap = "2x", .wall = 100});
  append((made){.workload = "w",
                .collector = "ms",
                .heap = "2x",
                .wall = 150,
                .stop = 40});
  append((made){.workload = "w",
                .collector = "ms",
                .heap = "4x",
                .wall = 125,
                .stop = 18});
  append((made){.workload = "w",
                .collector = "rc",
                .heap = "2x",
                .wall = 140,
                .own = 10});
  append((made){
      .workload = "w", .collector = "rc", .heap = "4x", .wall = 139, .own = 9});
}

static void lbo(void **state) {
  (void)state;
  append_example();
  load("lbo", 1);
  assert_near(row_of("w", "none", "2x")->values[0], 1.00, 1e-9);
  assert_near(row_of("w", "ms", "2x")->values[0], 1.50, 1e-9);
  assert_near(row_of("w", "ms", "4x")->values[0], 1.25, 1e-9);
  assert_near(row_of("w", "rc", "2x")->values[0], 1.40, 1e-9);
  assert_near(row_of("w", "rc", "4x")->values[0], 1.39, 1e-9);
  assert_near(row_of("w", "ms", "2x")->values[1], 1.50, 1e-9);
  assert_near(row_of("w", "rc", "4x")->values[2], 6.5, .05);
  assert_string_equal(row_of("w", "rc", "4x")->text, "1.39 / 1.39 (6.5%)");
}

/* Pauses of single mutators count by their share of the wall time, and whole of
 * the CPU time. */
static void lbo_of_threads(void **state) {
  (void)state;
  append((made){.workload = "w",
                .collector = "rc",
                .heap = "2x",
                .threads = 2,
                .wall = 100,
                .cpu = 200,
                .stop = 10,
                .own = 20});
  load("lbo", 1);
  assert_near(row_of("w", "rc", "2x")->values[0], 100. / 80, 1e-9);
  assert_near(row_of("w", "rc", "2x")->values[1], 200. / 170, 1e-9);
}

/* A thread that waits for a processor in a pause spends wall time only. */
static void lbo_of_a_run_that_waited(void **state) {
  (void)state;
  append((made){.workload = "w",
                .collector = "ms",
                .heap = "2x",
                .wall = 100,
                .cpu = 50,
                .stop = 40,
                .pause = 10});
  load("lbo", 1);
  assert_near(row_of("w", "ms", "2x")->values[0], 100. / 60, 1e-9);
  assert_near(row_of("w", "ms", "2x")->values[1], 50. / 40, 1e-9);
}

static void time_space(void **state) {
  (void)state;
  append_example();
  append((made){.workload = "x", .collector = "ms", .heap = "2x", .wall = 30});
  append((made){.workload = "x", .collector = "rc", .heap = "2x", .wall = 60});
  append(
      (made){.workload = "x", .collector = "none", .heap = "2x", .wall = 30});
  append((made){.workload = "x", .collector = "ms", .heap = "4x", .wall = 15});
  append((made){
      .workload = "x", .collector = "rc", .heap = "4x", .status = "OOM"});
  load("time-space", 1);
  assert_string_equal(row_of("w", "ms", "4x")->text, "1.25");
  assert_string_equal(row_of("x", "rc", "2x")->text, "4");
  assert_string_equal(row_of("x", "rc", "4x")->text, "OOM");
  /* sqrt(1.5 * 2); with 4x only the workload that all completed */
  const figure_row *mean = row_of("geomean", "ms", "2x");
  assert_near(mean->values[0], sqrt(3), 1e-9);
  assert_string_equal(mean->text, "1.73 [2 of 2]");
  mean = row_of("geomean", "ms", "4x");
  assert_near(mean->values[0], 1.25, 1e-9);
  assert_string_equal(mean->text, "1.25 [1 of 2]");
}

/* Against the roomiest heap that the collector completed in, if sizes can be
 * told apart. */
static void slowdown_in_small_heaps(void **state) {
  static const made cells[] = {
      {.workload = "x", .collector = "ms", .heap = "1x", .wall = 60},
      {.workload = "x", .collector = "ms", .heap = "10x", .wall = 20},
      {.workload = "x", .collector = "ms", .heap = "9x", .wall = 10},
      {.workload = "x", .collector = "rc", .heap = "1x", .wall = 30},
      {.workload = "x", .collector = "rc", .heap = "none", .wall = 20},
      {.workload = "y", .collector = "ms", .heap = "1x", .wall = 30},
      {.workload = "y", .collector = "ms", .heap = "4x", .status = "OOM"},
      {.workload = "y", .collector = "rc", .heap = "1x", .wall = 30},
      {.workload = "y", .collector = "rc", .heap = "64M", .wall = 20}};
  static const double expected[] = {200, 0, -50, 50, 0, 0, NAN, NAN, NAN};
  enum { CELLS = sizeof cells / sizeof *cells };
  (void)state;
  for (size_t i = 0; i < CELLS; i++)
    append(cells[i]);
  load("time-space", 1);
  const struct figure_field *field = figures[0].fields;
  while (strcmp(field->name, "slowdown_percent"))
    field++;
  for (size_t i = 0; i < CELLS; i++) {
    double value = row_of(cells[i].workload, cells[i].collector, cells[i].heap)
                       ->values[field - figures[0].fields];
    if (isnan(expected[i]))
      assert_true(isnan(value));
    else
      assert_near(value, expected[i], 1e-9);
  }
}

static void utilisation(void **state) {
  (void)state;
  for (int i = 1; i <= 3; i++)
    append((made){.workload = "w",
                  .collector = "ms",
                  .heap = "2x",
                  .invocation = i,
                  .wall = 9000,
                  .mmu = i == 1 ? .2 : .4});
  load("mmu", 3);
  assert_string_equal(row_of("w", "ms", "1 ms")->text, "0.400 / 0.200");
  assert_string_equal(row_of("w", "ms", "5 ms")->text, "1.000 / 1.000");
  assert_string_equal(row_of("w", "ms", "2 ms")->text, "–");
}

static void observer(void **state) {
  (void)state;
  append((made){.workload = "w",
                .collector = "ms",
                .heap = "2x",
                .wall = 100,
                .instrument = 5});
  append((made){.workload = "w",
                .collector = "ms",
                .heap = "2x",
                .wall = 100,
                .untimed = true});
  load("observer", 1);
  assert_int_equal(r->count, 1); /* the twin is no cell */
  assert_int_equal(r->found, 2);
  assert_int_equal(r->planned, 2);
  assert_near(row_of("w", "ms", "2x")->values[0], 1.05, 1e-9);
}

static void canary(void **state) {
  (void)state;
  static const int steady[] = {100, 104, 96, 101, 99},
                   slower[] = {100, 101, 99, 110, 111};
  char text[REPORT_CANARY];
  append_example();
  for (int i = 0; i < 5; i++)
    append((made){.workload = "c",
                  .collector = "ms",
                  .heap = "3x",
                  .invocation = i + 1,
                  .wall = steady[i],
                  .canary = true});
  json_object_set_new(plan, "canary", json_object());
  load(NULL, 1);
  assert_int_equal(r->found, 10);
  assert_int_equal(r->planned, 5 + 3);
  assert_false(report_is_suspect(r));
  assert_true(report_canary_text(text, r));
  assert_string_equal(text, "The canary, run 5 times, changed by -2.0 % from "
                            "the first half of the time to the last (bound 5 "
                            "%).");
  report_free(r);
  unlink(path("runs.jsonl"));
  for (int i = 0; i < 5; i++)
    append((made){.workload = "c",
                  .collector = "ms",
                  .heap = "3x",
                  .invocation = i + 1,
                  .wall = slower[i],
                  .canary = true});
  load(NULL, 1);
  assert_true(report_is_suspect(r));
  assert_true(report_canary_text(text, r));
  assert_non_null(strstr(text, "SUSPECT: the canary, run 5 times, drifted by "
                               "+10.0 %"));
}

static bool under_reports(int pause, int step, int typical, int honest_runs) {
  const report_sample *shown;
  for (int i = 1; i <= 3; i++)
    append((made){.workload = "w",
                  .collector = "ms",
                  .heap = "2x",
                  .invocation = i,
                  .wall = 9000,
                  .pause = i <= honest_runs ? step : pause,
                  .step = step,
                  .typical = typical});
  load(NULL, 3);
  bool result = report_under_reports(&r->cells[0], &shown);
  if (result) {
    assert_near(shown->stall, (step - typical) * 1000., 8000);
    assert_near(shown->stall_pause, pause * 1000., 0);
  }
  report_free(r);
  r = NULL;
  unlink(path("runs.jsonl"));
  json_array_clear(json_object_get(plan, "cells"));
  return result;
}

static void pauses_against_steps(void **state) {
  (void)state;
  assert_true(under_reports(1000, 2000, 8, 0));
  assert_true(under_reports(1000, 2000, 8, 1));
  assert_false(under_reports(1000, 2000, 8, 2)); /* not in most invocations */
  assert_false(under_reports(1600, 2000, 8, 0)); /* explained */
  assert_true(under_reports(0, 1100, 8, 0));
  assert_false(under_reports(0, 900, 8, 0));   /* noise */
  assert_false(under_reports(0, 2000, 64, 0)); /* steps are long anyway */
}

#define TABLE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {TABLE_TEST(lbo),
                                     TABLE_TEST(lbo_of_threads),
                                     TABLE_TEST(lbo_of_a_run_that_waited),
                                     TABLE_TEST(time_space),
                                     TABLE_TEST(slowdown_in_small_heaps),
                                     TABLE_TEST(utilisation),
                                     TABLE_TEST(observer),
                                     TABLE_TEST(canary),
                                     TABLE_TEST(pauses_against_steps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
