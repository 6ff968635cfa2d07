/* tables.c: tests of the tables pacing and pacing-space, from records made by
 * hand to the cells that are shown. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/output/format.h"
#include "harness/record/record.h"
#include "harness/report/tables.h"
#include "made.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "pacing-XXXXXX";
static json_t *cells;
static FILE *runs;
static report *loaded;
static page *shown;

static const char *path(const char *name) {
  static char text[64];
  snprintf(text, sizeof text, "%s/%s", dir, name);
  return text;
}

static int set_up(void **state) {
  (void)state;
  strcpy(dir, "pacing-XXXXXX");
  assert_non_null(mkdtemp(dir));
  cells = json_array();
  runs = fopen(path("runs.jsonl"), "w");
  assert_non_null(runs);
  loaded = NULL;
  shown = NULL;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  if (shown)
    json_decref(shown->json);
  if (loaded)
    report_free(loaded);
  json_decref(cells);
  unlink(path("plan.json"));
  unlink(path("runs.jsonl"));
  return rmdir(dir);
}

/* Gives a record what a whole one has: as many pauses as collections, each of a
 * thousandth of the time. */
static void complete(json_t *record, double wall_ms) {
  json_int_t wall = llround(wall_ms * 1e6), pause = wall / 1000;
  json_int_t n = json_integer_value(record_get(record, "exercise.collections"));
  json_t *one =
      json_pack("{s:I,s:I,s:I,s:I,s:n,s:n,s:[[I,I]]}", "count", n, "sum",
                n * pause, "min", pause, "max", pause, "p50", "p99", "buckets",
                (json_int_t)hist_low(hist_index((uint64_t)pause)), n);
  json_object_update_missing_new(
      record,
      json_pack("{s:i,s:i,s:{},s:{s:i,s:s},s:{s:O,s:O},s:{s:{s:i},s:i,s:b},"
                "s:{},s:{s:i,s:i,s:i},s:{s:s,s:[]},s:b}",
                "threads", 1, "seed", 1, "params", "ops", "count", 1000, "unit",
                "objects", "pauses", "stop", one, "all", one, "steps", "all",
                "count", 0, "delayed", 0, "corrected", 1, "counters", "noise",
                "voluntary", 0, "involuntary", 0, "run_delay", 0, "binding",
                "policy", "none", "got", "instrumented", 1));
  json_decref(one);
  json_object_update_new(json_object_get(record, "time"),
                         json_pack("{s:I,s:i,s:i,s:I,s:i}", "cpu", wall, "user",
                                   0, "system", 0, "stop", n * pause, "own",
                                   0));
  json_object_update_new(json_object_get(record, "memory"),
                         json_pack("{s:b,s:i,s:i}", "peak_reset", 1,
                                   "minor_faults", 0, "major_faults", 0));
}

/* Adds a cell with one record for each of the `n` runs. */
static void add(const char *workload, const char *collector, bool reference,
                const made *run, size_t n) {
  const char *id = path(""); /* any text that no other cell has */
  char name[256];
  snprintf(name, sizeof name, "%s/%s/%s", id, workload, collector);
  json_t *cell =
      json_pack("{s:s,s:s,s:s,s:s,s:i}", "cell", name, "workload", workload,
                "collector", collector, "heap", "none", "threads", 1);
  if (reference)
    json_object_set_new(cell, "kind", json_string("reference"));
  json_array_append_new(cells, cell);
  for (size_t i = 0; i < n; i++) {
    json_t *record = made_record(&run[i]);
    complete(record, run[i].wall);
    json_object_update_new(
        record, json_pack("{s:s,s:s,s:s,s:i}", "collector", "any", "workload",
                          "pacing", "cell", name, "invocation", (int)i + 1));
    assert_int_equal(json_dumpf(record, runs, JSON_COMPACT), 0);
    fputc('\n', runs);
    json_decref(record);
  }
}

static const table *make(const char *name, int invocations) {
  char why[256] = "";
  json_t *plan =
      json_pack("{s:i,s:s,s:i,s:i,s:O}", "schema", 1, "suite", "s",
                "invocations", invocations, "seed", 1, "cells", cells);
  fclose(runs);
  assert_int_equal(json_dump_file(plan, path("plan.json"), 0), 0);
  json_decref(plan);
  const report_table *found;
  assert_null(report_find_table(name, &found));
  loaded = report_load(dir, found->visit, why, sizeof why);
  assert_string_equal(why, "");
  assert_int_equal(loaded->strays, 0);
  assert_int_equal(loaded->state.damaged, 0);
  shown = found->make(loaded);
  return shown ? shown->data : NULL;
}

static double number(const table *t, size_t row, const char *column) {
  return table_real(t->rows[row], column);
}

static const char *text(const table *t, size_t row, const char *column) {
  return table_get(t->rows[row], column)->text;
}

static void assert_near(double is, double wanted) {
  if (!(fabs(is - wanted) <= 1e-3 * fabs(wanted) + 1e-9))
    fail_msg("%g is not %g", is, wanted);
}

/* 10 MiB alive, 20 held, 400 allocated, 40 collections. */
static made usual(void) {
  return (made){.policy = "percent",
                .wall = 1000,
                .live = 10,
                .peak = 25,
                .footprint = 20,
                .footprint_end = 18,
                .allocated = 400,
                .live_objects = 1000,
                .garbage = 900,
                .see_external = 1,
                .collections = 40,
                .full = 40,
                .over = 12.5,
                .garbage_is = "stable",
                .memory_is = "stable",
                .lines = {{.at = 100, 1, 20, 20, 10, 0, 10, 20},
                          {.at = 500, 1, 20, 20, 10, 0, 10, 30},
                          {.at = 900, 1, 20, 20, 10, 0, 10, 20}},
                .samples = {{.at = 0, 10, 10, 0},
                            {.at = 500, 20, 5, 900},
                            {.at = 1000, 18, 9, 100}}};
}

static void a_cell_of_one_invocation(void **state) {
  (void)state;
  made m = usual();
  add("pacing:x=1", "mark-sweep", false, &m, 1);
  const table *t = make("pacing", 1);
  assert_int_equal(t->rows_count, 1);
  assert_near(number(t, 0, "wall_ns"), 1e9);
  assert_near(number(t, 0, "rss_over_live"), 2.5);
  assert_near(number(t, 0, "mean_over_live"), 15 / 7.5);
  assert_near(number(t, 0, "end_over_live"), 18. / 9);
  assert_near(number(t, 0, "garbage_max"), 900);
  assert_near(number(t, 0, "garbage_median"), 450);
  assert_near(number(t, 0, "held_max_bytes"), 10 * MADE_MIB);
  assert_near(number(t, 0, "collections"), 40);
  assert_near(number(t, 0, "collections_per_live_set"), 1);
  assert_near(number(t, 0, "pause_max_ns"), 1e6);
  assert_near(number(t, 0, "goal_over_live"), 2);
  assert_near(number(t, 0, "overshoot_percent"), 12.5);
  assert_string_equal(text(t, 0, "garbage_verdict"), "stable");
  assert_string_equal(text(t, 0, "memory_verdict"), "stable");
  assert_near(number(t, 0, "runs"), 1);
}

/* Medians; the longest pause; what most of the invocations say. */
static void a_cell_of_three_invocations(void **state) {
  (void)state;
  made m[] = {usual(), usual(), usual()};
  m[0].peak = 90;
  m[1].peak = 30;
  m[2].peak = 20;
  m[0].wall = 2000;
  m[1].garbage_is = m[2].garbage_is = "growing";
  m[0].memory_slope = 1;
  m[2].memory_slope = 7;
  add("pacing:x=1", "mark-sweep", false, m, 3);
  const table *t = make("pacing", 3);
  assert_near(number(t, 0, "rss_over_live"), 3);
  assert_near(number(t, 0, "wall_ns"), 1e9);
  assert_near(number(t, 0, "pause_max_ns"), 2e6);
  assert_string_equal(text(t, 0, "garbage_verdict"), "growing, 2 of 3");
  assert_string_equal(text(t, 0, "memory_verdict"), "stable");
  assert_near(number(t, 0, "memory_slope_percent_per_s"), 7);
}

/* What a collector does not tell is missing, and not 0; what no workload and no
 * policy tells makes no row; models and references share no group. */
static void what_is_not_told(void **state) {
  (void)state;
  made m = usual(), silent = usual();
  m.policy = NULL;
  m.garbage = -1;
  m.garbage_is = NULL;
  add("pacing:x=1", "cpython", true, &m, 1);
  silent.policy = NULL;
  add("pacing:x=1", "mark-sweep", false, &silent, 1);
  const table *t = make("pacing", 1);
  assert_int_equal(t->rows_count, 2);
  assert_int_equal(t->groups_count, 2);
  assert_true(isnan(number(t, 0, "garbage_max")));
  assert_true(isnan(number(t, 0, "goal_over_live")));
  assert_true(isnan(number(t, 0, "overshoot_percent")));
  assert_null(text(t, 0, "garbage_verdict"));
  assert_near(number(t, 0, "held_max_bytes"), 10 * MADE_MIB);
}

static void a_cell_that_failed_has_no_row(void **state) {
  (void)state;
  made m = usual();
  m.lines[0].at = 5000; /* after the one that follows: no record */
  add("pacing:x=1", "mark-sweep", false, &m, 1);
  char why[256];
  fclose(runs);
  json_t *plan = json_pack("{s:i,s:s,s:i,s:i,s:O}", "schema", 1, "suite", "s",
                           "invocations", 1, "seed", 1, "cells", cells);
  assert_int_equal(json_dump_file(plan, path("plan.json"), 0), 0);
  json_decref(plan);
  const report_table *found;
  assert_null(report_find_table("pacing", &found));
  loaded = report_load(dir, found->visit, why, sizeof why);
  assert_int_equal(loaded->state.damaged, 1);
  assert_null(found->make(loaded));
}

/* ------------------------------------------------------------------------- *
 * pacing-space.
 * ------------------------------------------------------------------------- */

/* A setting that holds `held` MiB for 10 that are alive, in `wall` ms. */
static void add_setting(const char *collector, const char *policy, double held,
                        double wall) {
  made m = usual();
  m.policy = policy;
  m.wall = wall;
  m.footprint = m.footprint_end = m.peak = held;
  for (unsigned i = 0; i < 3; i++)
    m.samples[i] = (made_sample){i * wall / 2, held, 10, 100};
  m.lines[0] = (made_line){.at = 1, 1, 20, 20, 10, 0, 10, 20};
  m.lines[1] = (made_line){0};
  add("pacing:x=1", collector, false, &m, 1);
}

static const table_row *find_value(const table *t, const char *curve,
                                   const char *budget) {
  for (size_t i = 0; i < t->rows_count; i++) {
    const char *of = text(t, i, "budget");
    if (of && !strcmp(of, budget) && !strcmp(text(t, i, "curve"), curve))
      return t->rows[i];
  }
  fail_msg("no value of %s at %s", curve, budget);
  return NULL;
}

static double value(const table *t, const char *curve, const char *budget) {
  return table_real(find_value(t, curve, budget), "ratio");
}

static void policies_are_curves(void **state) {
  (void)state;
  add_setting("mark-sweep:policy=percent,growth=50", "percent", 20, 800);
  add_setting("mark-sweep:policy=percent,growth=200", "percent", 80, 200);
  add_setting("mark-sweep:policy=percent,growth=99", "percent", 40, 900);
  add_setting("mark-sweep:policy=sqrt,root=100", "sqrt", 20, 400);
  add_setting("mark-sweep:policy=sqrt,root=400", "sqrt", 80, 100);
  add_setting("immix", "auto", 30, 300);
  const table *t = make("pacing-space", 1);
  assert_non_null(t);

  /* Half way in logarithms between 20 and 80 MiB lie 40; the point with growth
   * 99 is worse than both of its neighbours. */
  assert_near(value(t, "mark-sweep, percent", "2x"), 8);
  assert_near(value(t, "mark-sweep, percent", "4x"), 4);
  assert_near(value(t, "mark-sweep, percent", "8x"), 2);
  assert_near(value(t, "mark-sweep, sqrt", "4x"), 2);
  assert_true(isnan(value(t, "mark-sweep, percent", "1.5x")));
  assert_true(isnan(value(t, "immix, percent", "2x")));
  assert_near(value(t, "immix, percent", "3x"), 3);
  assert_near(value(t, "immix, percent", "8x"), 3); /* it takes no more */

  /* Twice as slow everywhere; immix has one setting and no curve. */
  assert_near(value(t, "mark-sweep, percent", "whole"), 2);
  assert_near(value(t, "mark-sweep, sqrt", "whole"), 1);
  assert_true(isnan(value(t, "immix, percent", "whole")));

  assert_string_equal(text(t, 0, "setting"), "growth=50");
  assert_near(number(t, 0, "memory_over_live"), 2);
  assert_near(number(t, 0, "ratio"), 8);
  assert_string_equal(text(t, 5, "setting"), "default");
  assert_true(table_get(t->rows[0], "on_front")->integer);
  assert_false(table_get(t->rows[2], "on_front")->integer);
}

/* Every format prints both tables; programs get each point once. */
static void every_format(void **state) {
  (void)state;
  static const char *const names[] = {"table", "markdown", "csv", "json"};
  add_setting("mark-sweep:policy=percent,growth=50", "percent", 20, 800);
  add_setting("mark-sweep:policy=percent,growth=200", "percent", 80, 200);
  make("pacing-space", 1);
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    const output_format *format;
    char *printed = NULL;
    size_t size = 0, times = 0;
    assert_null(format_find(names[i], NULL, &format));
    FILE *out = open_memstream(&printed, &size);
    json_t *kept = json_deep_copy(shown->json);
    format_print(format, shown, out);
    shown->json = kept; /* json is printed once */
    fclose(out);
    for (const char *at = printed; (at = strstr(at, "growth=50")); at++)
      times++;
    assert_non_null(strstr(printed, "mark-sweep, percent"));
    assert_int_equal(times, 2); /* in the collector's name, and as setting */
    free(printed);
  }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(a_cell_of_one_invocation), TEST(a_cell_of_three_invocations),
      TEST(what_is_not_told),         TEST(a_cell_that_failed_has_no_row),
      TEST(policies_are_curves),      TEST(every_format)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
