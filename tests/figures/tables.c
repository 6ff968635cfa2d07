/* tables.c: from records to the tables of figures, the canary and the warning
 * about collectors that report too little. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/report/tables.h"
#include "harness/report/targets.h"
#include "harness/stats/histogram.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "figures-XXXXXX";
static report *r;
static const table *rows;
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
  rows = NULL;
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
  int rss; /* of the peak over the baseline, bytes; 0: 1 */
  double mmu;
  bool canary, untimed;
} made;

/* Where the bucket of a time begins. */
static json_int_t bucket(int ns) {
  return (json_int_t)hist_low(hist_index((uint64_t)ns));
}

/* A histogram of one time, new; empty if that is 0. */
static json_t *one(int ns) {
  return ns ? json_pack("{s:i, s:i, s:i, s:i, s:n, s:n, s:[[I, i]]}", "count",
                        1, "sum", ns, "min", ns, "max", ns, "p50", "p99",
                        "buckets", bucket(ns), 1)
            : json_pack("{s:i}", "count", 0);
}

/* Each thread has its part of the pauses that are its own. */
static json_t *pauses_of(const made *m, int us) {
  json_t *kinds = json_object(), *all;
  int own = m->own * us / m->threads, stop = m->stop * us;
  int count = (stop > 0) + (own > 0 ? m->threads : 0);
  int sum = (m->pause ? m->pause : m->stop + m->own) * us;
  int longest = own > stop ? own : stop;
  longest = sum < longest ? sum : longest;
  json_object_set_new(kinds, "stop", one(stop));
  if (own)
    json_object_set_new(kinds, "cascade",
                        json_pack("{s:i, s:i, s:i, s:i, s:[[I, i]]}", "count",
                                  m->threads, "sum", m->own * us, "min", own,
                                  "max", own, "buckets", bucket(own),
                                  m->threads));
  all = count ? json_pack("{s:i, s:i, s:i, s:i, s:[[I, i]]}", "count", count,
                          "sum", sum, "min", longest, "max", longest, "buckets",
                          bucket(longest), count)
              : one(0);
  json_object_set_new(kinds, "all", all);
  return kinds;
}

static void append(made m) {
  char id[64];
  int us = 1000;
  if (!m.stop && !m.own)
    m.stop = m.pause;
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
  int step = m.step * us, typical = m.typical * us;
  json_t *steps = one(0);
  json_decref(step ? steps : NULL);
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
  json_object_set_new(record, "pauses", pauses_of(&m, us));
  json_object_set_new(record, "steps",
                      json_pack("{s:O, s:o, s:i, s:b}", "act", steps, "all",
                                steps, "delayed", 0, "corrected", 1));
  json_object_set_new(
      record, "memory",
      json_pack("{s:i, s:i, s:b, s:i, s:i, s:i, s:i}", "baseline", 1, "peak",
                1 + (m.rss ? m.rss : 1), "peak_reset", 1, "footprint", 1,
                "footprint_peak", 1, "minor_faults", 0, "major_faults", 0));
  json_object_set_new(record, "counters", json_object());
  json_object_set_new(record, "binding",
                      json_pack("{s:s, s:[]}", "policy", "none", "got"));
  json_object_set_new(record, "noise",
                      json_pack("{s:i, s:i, s:i}", "voluntary", 0,
                                "involuntary", 0, "run_delay", 0));
  if (m.mmu > 0)
    json_object_set_new(
        record, "mmu",
        json_pack(
            "{s:i, s:[i, i, i, i], s:{s:[f, f, f, f], s:[f, f, f, f]}, s:[]}",
            "joined", 1, "windows", 500000, 1000000, 5000000,
            (m.wall + m.instrument) * us, "worst", "mmu", 0., m.mmu, 1., 1.,
            "bmu", 0., m.mmu / 2, 1., 1., "threads"));
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
  const report_table *found = NULL;
  assert_null(report_find_table(name, &found));
  r = report_load(dir, found->visit, why, sizeof why);
  assert_string_equal(why, "");
  assert_non_null(r);
  assert_int_equal(r->state.damaged, 0);
  assert_int_equal(r->strays, 0);
  if (name) {
    page *p = found->make(r);
    rows = p->data;
    json_decref(p->json);
  }
}

static const char *text_of(const table_row *row, const char *column) {
  const table_value *v = table_get(row, column);
  return table_shown(&row->table->columns[v - row->values], v);
}

/* What people see there. */
static const char *shown(const table_row *row) {
  return text_of(row, rows->cross->shown);
}

static const table_row *row_of(const char *workload, const char *collector,
                               const char *column) {
  for (size_t i = 0; i < rows->rows_count; i++) {
    const table_row *row = rows->rows[i];
    if (!strcmp(text_of(row, "workload"), workload) &&
        !strcmp(text_of(row, "collector"), collector) &&
        !strcmp(text_of(row, rows->cross->across), column))
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
  assert_near(table_real(row_of("w", "none", "2x"), "lbo_wall"), 1.00, 1e-9);
  assert_near(table_real(row_of("w", "ms", "2x"), "lbo_wall"), 1.50, 1e-9);
  assert_near(table_real(row_of("w", "ms", "4x"), "lbo_wall"), 1.25, 1e-9);
  assert_near(table_real(row_of("w", "rc", "2x"), "lbo_wall"), 1.40, 1e-9);
  assert_near(table_real(row_of("w", "rc", "4x"), "lbo_wall"), 1.39, 1e-9);
  assert_near(table_real(row_of("w", "ms", "2x"), "lbo_cpu"), 1.50, 1e-9);
  assert_near(table_real(row_of("w", "rc", "4x"), "naive_wall_percent"), 6.5,
              .05);
  assert_string_equal(shown(row_of("w", "rc", "4x")), "1.39 / 1.39 (6.5%)");
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
  assert_near(table_real(row_of("w", "rc", "2x"), "lbo_wall"), 100. / 80, 1e-9);
  assert_near(table_real(row_of("w", "rc", "2x"), "lbo_cpu"), 200. / 170, 1e-9);
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
  assert_near(table_real(row_of("w", "ms", "2x"), "lbo_wall"), 100. / 60, 1e-9);
  assert_near(table_real(row_of("w", "ms", "2x"), "lbo_cpu"), 50. / 40, 1e-9);
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
  assert_string_equal(shown(row_of("w", "ms", "4x")), "1.25");
  assert_string_equal(shown(row_of("x", "rc", "2x")), "4");
  assert_string_equal(shown(row_of("x", "rc", "4x")), "OOM");
  /* sqrt(1.5 * 2); with 4x only the workload that all completed */
  const table_row *mean = row_of("geomean", "ms", "2x");
  assert_near(table_real(mean, "ratio"), sqrt(3), 1e-9);
  assert_string_equal(shown(mean), "1.73 [2 of 2]");
  mean = row_of("geomean", "ms", "4x");
  assert_near(table_real(mean, "ratio"), 1.25, 1e-9);
  assert_string_equal(shown(mean), "1.25 [1 of 2]");
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
  for (size_t i = 0; i < CELLS; i++) {
    double value =
        table_real(row_of(cells[i].workload, cells[i].collector, cells[i].heap),
                   "slowdown_percent");
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
  assert_string_equal(shown(row_of("w", "ms", "1 ms")), "0.400 / 0.200");
  assert_string_equal(shown(row_of("w", "ms", "5 ms")), "1.000 / 1.000");
  assert_string_equal(shown(row_of("w", "ms", "2 ms")), "–");
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
  assert_near(table_real(row_of("w", "ms", "2x"), "ratio"), 1.05, 1e-9);
}

static void canary(void **state) {
  (void)state;
  static const int steady[] = {100, 104, 96, 101, 99},
                   slower[] = {100, 101, 99, 110, 111};
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
  assert_int_equal(r->planned, 5 + 5);
  assert_false(report_is_suspect(r));
  assert_string_equal(report_canary_text(r),
                      "The canary, run 5 times, changed by -2.0 % from "
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
  assert_non_null(strstr(report_canary_text(r),
                         "SUSPECT: the canary, run 5 times, drifted by "
                         "+10.0 %"));
}

static bool under_reports(int pause, int step, int typical, int honest_runs) {
  const report_sample *shown;
  for (int i = 1; i <= 3; i++)
    append((made){.workload = "w",
                  .collector = "ms",
                  .heap = "2x",
                  .invocation = i,
                  .wall = 9000 + step,
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
  /* One long stall is enough. */
  assert_true(under_reports(0, 60000, 8, 2));
  assert_true(under_reports(0, 60000, 5000, 2));
  assert_true(under_reports(40000, 60000, 64, 2));
  assert_false(under_reports(50000, 60000, 64, 2)); /* explained */
  assert_false(under_reports(0, 45000, 64, 2));     /* not so long */
  assert_false(under_reports(0, 60000, 7000, 2));   /* not ten times over */
}

/* ------------------------------------------------------------------------- *
 * Growth and targets.
 * ------------------------------------------------------------------------- */

/* A row for each size; what else the workload was told sets tables apart. */
static void growth(void **state) {
  (void)state;
  append((made){.workload = "h:objects=1000,measure=a,rounds=3",
                .collector = "ms",
                .heap = "2x",
                .wall = 5});
  append((made){.workload = "h:rounds=7,objects=20000,measure=a",
                .collector = "ms",
                .heap = "2x",
                .wall = 40});
  append((made){.workload = "h:measure=b,objects=1000",
                .collector = "ms",
                .heap = "2x",
                .threads = 2,
                .wall = 60});
  append((made){.workload = "h:subobjects=1",
                .collector = "ms",
                .heap = "2x",
                .wall = 1});
  append((made){.workload = "h", .collector = "ms", .heap = "2x", .wall = 1});
  load("growth", 1);
  assert_int_equal(rows->rows_count, 3);
  assert_string_equal(rows->groups[rows->rows[0]->group].title,
                      "h:measure=a, 1 thread");
  assert_string_equal(rows->groups[rows->rows[1]->group].title,
                      "h:measure=a, 1 thread");
  assert_string_equal(rows->groups[rows->rows[2]->group].title,
                      "h:measure=b, 2 threads");
  assert_string_equal(text_of(rows->rows[0], "objects"), "1.00k");
  assert_string_equal(shown(rows->rows[1]), "40"); /* µs by 1000 acts */
  assert_near(table_real(rows->rows[1], "objects"), 20000, 0);
  assert_near(table_real(rows->rows[2], "op_ns"), 60, 1e-9);
}

/* Five invocations of a collector in "2x", spread by `spread` to both sides. */
static void append_five(const char *collector, int wall, int spread, int rss) {
  for (int i = 1; i <= 5; i++)
    append((made){.workload = "w",
                  .collector = collector,
                  .heap = "2x",
                  .invocation = i,
                  .wall = wall + (i - 3) * spread / 2,
                  .pause = wall / 10,
                  .rss = rss});
}

static json_t *add_target(const char *cell, const char *over, double gate,
                          double stretch) {
  if (!json_object_get(plan, "targets"))
    json_object_set_new(plan, "targets", json_array());
  json_t *target = json_pack("{s:s, s:s, s:s, s:s, s:f, s:f}", "name", "t",
                             "what", "a test", "metric", "wall_ns", "cell",
                             cell, "gate", gate, "stretch", stretch);
  if (over)
    json_object_set_new(target, "over", json_string(over));
  json_array_append_new(json_object_get(plan, "targets"), target);
  return target;
}

/* Judges the targets and checks the one with this number. */
static void assert_judged(size_t i, const char *expected, const char *reason) {
  json_t *all = targets_judge(r), *row = json_array_get(all, i);
  const char *why = json_string_value(json_object_get(row, "reason"));
  assert_string_equal(json_string_value(json_object_get(row, "verdict")),
                      expected);
  assert_string_equal(why ? why : "", reason);
  json_decref(all);
}

static double judged(size_t i, const char *member) {
  json_t *all = targets_judge(r);
  double value =
      json_number_value(json_object_get(json_array_get(all, i), member));
  json_decref(all);
  return value;
}

/* Only an interval that is wholly on one side of the gate decides.  The median
 * of five is resampled between the first and the last. */
static void targets_by_interval(void **state) {
  (void)state;
  append_five("ms", 300, 20, 0);
  append_five("peer", 1000, 0, 0);
  add_target("w/ms/2x", "w/peer/2x", .40, .33);
  add_target("w/ms/2x", "w/peer/2x", .40, .30);
  add_target("w/ms/2x", "w/peer/2x", .31, .20);
  add_target("w/ms/2x", "w/peer/2x", .27, .20);
  load(NULL, 5);
  assert_judged(0, "stretch met", "");
  assert_judged(1, "met", "");
  assert_judged(2, "not decided", "the interval contains the gate");
  assert_judged(3, "not met", "");
  assert_near(judged(0, "measured"), .3, 1e-9);
  assert_near(judged(0, "low"), .28, 1e-9);
  assert_near(judged(0, "high"), .32, 1e-9);
  assert_near(judged(0, "invocations"), 5, 0);
}

/* Of what is better when there is more of it, gates are reached from below; and
 * what is no ratio is in the metric's unit. */
static void targets_of_other_metrics(void **state) {
  (void)state;
  append_five("ms", 500, 0, 0);
  append_five("peer", 1000, 0, 0);
  json_t *rate = add_target("w/ms/2x", "w/peer/2x", 1.9, 2.1);
  json_t *pause = add_target("w/ms/2x", NULL, 6e4, 5.1e4);
  json_object_set_new(rate, "metric", json_string("throughput_per_s"));
  json_object_set_new(pause, "metric", json_string("pause_max_ns"));
  load(NULL, 5);
  assert_judged(0, "met", "");
  assert_near(judged(0, "measured"), 2, 1e-9);
  assert_judged(1, "stretch met", "");
  assert_near(judged(1, "measured"), 5e4, 1e-3);
}

/* A pause over the time of one access to memory, both of which are shown.  Two
 * machines whose memory differs by eight times may differ in nothing else. */
static void targets_over_a_floor(void **state) {
  (void)state;
  append_five("ms", 640, 0, 0);
  append_five("floor", 150, 0, 0);
  append_five("slow-ms", 78, 0, 0);
  append_five("fast-floor", 60, 0, 0);
  add_target("w/ms/2x", "w/floor/2x", 3, 2);
  add_target("w/slow-ms/2x", "w/fast-floor/2x", 1.5, 1.2);
  json_t *pause = add_target("w/ms/2x", "w/floor/2x", .43, .427);
  json_object_set_new(pause, "metric", json_string("pause_max_ns"));
  json_object_set_new(pause, "over_metric", json_string("wall_ns"));
  json_t *unknown = add_target("w/ms/2x", "w/floor/2x", .43, .427);
  json_object_set_new(unknown, "over_metric", json_string("new"));
  load(NULL, 5);
  assert_judged(0, "not met", "");
  assert_near(judged(0, "measured"), 640. / 150, 1e-9);
  assert_near(judged(0, "over_figure") / judged(0, "figure"), 150. / 640, 1e-9);
  assert_judged(1, "met", "");
  assert_near(judged(2, "measured"), 64. / 150, 1e-9);
  assert_judged(2, "stretch met", "");
  assert_judged(3, "n/a", "this version has no such metric");
}

static void targets_of_few_invocations(void **state) {
  (void)state;
  append((made){.workload = "w", .collector = "ms", .heap = "2x", .wall = 1});
  add_target("w/ms/2x", NULL, 1e9, 1);
  load(NULL, 1);
  assert_judged(0, "not decided", "1 invocations, 5 are wanted");
}

/* What does not need the same memory is not comparable, though it is faster. */
static void targets_with_a_condition(void **state) {
  (void)state;
  append_five("ms", 300, 0, 1100);
  append_five("even", 300, 0, 1049);
  append_five("peer", 1000, 0, 1000);
  json_t *broken = add_target("w/ms/2x", "w/peer/2x", .40, .33);
  json_t *kept = add_target("w/even/2x", "w/peer/2x", .40, .33);
  json_object_set_new(broken, "rss", json_real(5));
  json_object_set_new(kept, "rss", json_real(5));
  load(NULL, 5);
  assert_judged(0, "not comparable", "peak RSS is 1.10x, and to be within 5 %");
  assert_near(judged(0, "measured"), .3, 1e-9);
  assert_near(judged(0, "rss_ratio"), 1.1, 1e-9);
  assert_judged(1, "stretch met", "");
}

/* No ratio of what is wrong, missing, or not known. */
static void targets_without_numbers(void **state) {
  (void)state;
  append_five("peer", 1000, 0, 0);
  append((made){.workload = "w",
                .collector = "bad",
                .heap = "2x",
                .wall = 1,
                .status = "WRONG"});
  json_array_append_new(json_object_get(plan, "cells"),
                        json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "cell",
                                  "absent", "workload", "w", "collector", "new",
                                  "heap", "2x", "threads", 1, "n/a",
                                  "not built"));
  add_target("w/bad/2x", "w/peer/2x", .40, .33);
  add_target("w/peer/2x", "w/bad/2x", .40, .33);
  add_target("absent", "w/peer/2x", .40, .33);
  json_t *net = add_target("w/peer/2x", "w/peer/2x", 2, 1);
  json_object_set_new(net, "floor", json_true());
  load(NULL, 5);
  assert_judged(0, "n/a", "bad: WRONG");
  assert_judged(1, "n/a", "bad: WRONG");
  assert_judged(2, "n/a", "new: not built");
  assert_judged(3, "n/a", "peer: its interface's floor is not known");
  assert_near(judged(0, "measured"), 0, 0); /* absent */
}

/* Of a reference's time, its interface's is none of its memory management. */
static void targets_net_of_the_floor(void **state) {
  (void)state;
  append_five("ms", 300, 0, 0);
  append_five("peer", 1000, 0, 0);
  json_t *net = add_target("w/ms/2x", "w/peer/2x", .40, .33);
  json_object_set_new(net, "floor", json_true());
  json_t *floors = json_pack("{s:i, s:[{s:s, s:f}]}", "schema", 1, "floors",
                             "cell", "w/peer/2x", "ns", 4e5);
  assert_int_equal(json_dump_file(floors, path("floors.json"), 0), 0);
  json_decref(floors);
  load(NULL, 5);
  unlink(path("floors.json"));
  assert_near(judged(0, "measured"), .5, 1e-9);
  assert_judged(0, "not met", "");
}

/* A cell over itself without instruments: all its time, theirs included. */
static void targets_without_instruments(void **state) {
  (void)state;
  for (int i = 1; i <= 5; i++) {
    made m = {.workload = "w",
              .collector = "ms",
              .heap = "2x",
              .invocation = i,
              .wall = 1000,
              .instrument = 20};
    append(m);
    m.untimed = true;
    append(m);
  }
  add_target("w/ms/2x", "w/ms/2x/instrument=off", 1.05, 1.01);
  load(NULL, 5);
  assert_near(judged(0, "measured"), 1.02, 1e-9);
  assert_judged(0, "met", "");
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
                                     TABLE_TEST(pauses_against_steps),
                                     TABLE_TEST(growth),
                                     TABLE_TEST(targets_by_interval),
                                     TABLE_TEST(targets_of_other_metrics),
                                     TABLE_TEST(targets_over_a_floor),
                                     TABLE_TEST(targets_of_few_invocations),
                                     TABLE_TEST(targets_with_a_condition),
                                     TABLE_TEST(targets_without_numbers),
                                     TABLE_TEST(targets_net_of_the_floor),
                                     TABLE_TEST(targets_without_instruments)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
