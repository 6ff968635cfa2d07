/* report.c: from records to cells, and numbers for people. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/output/format.h"
#include "harness/output/numbers.h"
#include "harness/report/load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A results directory with one cell of three invocations. */
static char dir[] = "report-XXXXXX";
static report *r;

static void write_file(const char *name, const char *mode, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *file = fopen(path, mode);
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void remove_file(const char *name) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  unlink(path);
}

static int set_up(void **state) {
  (void)state;
  strcpy(dir, "report-XXXXXX");
  assert_non_null(mkdtemp(dir));
  write_file("plan.json", "w",
             "{\"schema\": 1, \"suite\": \"s\", \"invocations\": 3, "
             "\"seed\": 1, \"cells\": [{\"cell\": \"id\", \"workload\": "
             "\"w\", \"collector\": \"c\", \"heap\": \"3x\", "
             "\"threads\": 2}]}");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  if (r)
    report_free(r);
  r = NULL;
  remove_file("plan.json");
  remove_file("runs.jsonl");
  remove_file("machine.json");
  return rmdir(dir);
}

typedef struct made {
  int invocation;
  const char *status;
  int declared, leaked;
  const char *reason;
  int wall, stop, own, pause, corrected, peak;
  bool coarse;
} made;

/* A histogram of one time. */
static const char *one(char *text, size_t room, int ns) {
  snprintf(text, room,
           "{\"count\": 1, \"sum\": %d, \"min\": %d, \"max\": %d, "
           "\"buckets\": [[%d, 1]]}",
           ns, ns, ns, (int)hist_low(hist_index((uint64_t)ns)));
  return text;
}

/* Appends a record of 1000 ops with two pauses: a stop and a cascade. */
static void append(made m) {
  char text[2048], pauses[256], stop[128], own[128];
  snprintf(pauses, sizeof pauses,
           "{\"count\": 2, \"sum\": %d, \"min\": %d, \"max\": %d, "
           "\"p50\": null, \"p99\": null, \"buckets\": [[%d, 2]]}",
           2 * m.pause, m.pause, m.pause, m.pause);
  snprintf(
      text, sizeof text,
      "{\"schema\": 1, \"collector\": \"c\", \"workload\": \"w\", "
      "\"params\": {}, \"threads\": 2, \"seed\": 1, \"heap\": "
      "{\"asked\": \"3x\", \"limit\": 1, \"coarse\": %s, \"must_hold\": 0}, "
      "\"options\": {}, "
      "\"verdict\": {\"status\": \"%s\", \"declared\": %s, \"leaked\": %d, "
      "\"reason\": \"%s\"}, \"ops\": {\"count\": 1000, \"unit\": "
      "\"acts\"}, \"time\": {\"wall\": %d, \"cpu\": 1, \"user\": 1, "
      "\"system\": 0, \"instrument\": 0, \"stop\": %d, \"own\": %d}, "
      "\"pauses\": {\"stop\": %s, \"cascade\": %s, \"all\": %s}, \"steps\": "
      "{\"all\": %s, \"delayed\": 0, "
      "\"corrected\": %s}, \"memory\": {\"baseline\": 100, \"peak\": %d, "
      "\"peak_reset\": true, \"footprint\": 1, \"footprint_peak\": 5, "
      "\"minor_faults\": 0, \"major_faults\": 0}, \"counters\": {}, "
      "\"binding\": {\"policy\": \"none\", \"got\": []}, \"noise\": "
      "{\"voluntary\": 0, \"involuntary\": 0, \"run_delay\": 0}, "
      "\"cell\": \"id\", \"invocation\": %d}\n",
      m.coarse ? "true" : "false", m.status ? m.status : "ok",
      m.declared < 0 ? "false" : "true", m.leaked, m.reason ? m.reason : "",
      m.wall, m.stop, m.own, one(stop, sizeof stop, m.stop),
      one(own, sizeof own, m.own), pauses, pauses,
      m.corrected < 0 ? "false" : "true", m.peak, m.invocation);
  write_file("runs.jsonl", "a", text);
}

static const report_cell *load(void) {
  char why[256];
  r = report_load(dir, NULL, why, sizeof why);
  assert_non_null(r);
  return &r->cells[0];
}

static double value(const report_cell *c, const char *name) {
  for (size_t m = 0; m < METRICS; m++)
    if (!strcmp(metrics[m].name, name))
      return c->values[m];
  fail();
  return 0;
}

static void assert_near(double actual, double expected) {
  assert_true(fabs(actual - expected) <= 1e-9 * fabs(expected));
}

/* Median, half range, worst, pooled: each by hand. */
static void invocations_become_a_cell(void **state) {
  (void)state;
  append((made){.invocation = 2,
                .wall = 1000,
                .stop = 100,
                .own = 200,
                .pause = 100,
                .peak = 400});
  append((made){.invocation = 1,
                .wall = 2000,
                .stop = 100,
                .own = 400,
                .pause = 200,
                .peak = 600});
  append((made){.invocation = 3,
                .wall = 1250,
                .stop = 100,
                .own = 200,
                .pause = 120,
                .peak = 500});
  const report_cell *c = load();
  assert_int_equal(c->count, 3);
  assert_int_equal(c->samples[0].invocation, 1);
  assert_int_equal(c->verdict, VERDICT_OK);
  assert_string_equal(c->ops, "acts");
  /* 1e9, 0.5e9 and 0.8e9 per second */
  assert_near(value(c, "throughput_per_s"), 0.8e9);
  assert_near(value(c, "throughput_spread_percent"), 100 * 0.25 / 0.8);
  /* two threads share `own`: (100 + 100) / 1250 in the middle */
  assert_near(value(c, "gc_share_percent"), 16);
  assert_near(value(c, "pause_p50_ns"), 120);
  assert_true(isnan(value(c, "pause_p99_ns"))); /* six pauses */
  assert_near(value(c, "pause_max_ns"), 200);
  assert_near(value(c, "pause_count"), 6);
  assert_near(value(c, "step_count"), 6);
  assert_near(value(c, "peak_rss_bytes"), 500);
  assert_near(value(c, "footprint_bytes"), 5);
}

/* The samples of a cell are in the order of their invocations, whatever that of
 * the log is; of two records of one invocation the first counts. */
static void any_order(void **state) {
  static const int logged[] = {2, 3, 3, 1, 2, 1};
  (void)state;
  for (size_t i = 0; i < sizeof logged / sizeof *logged; i++)
    append((made){.invocation = logged[i],
                  .wall = 1000 + (int)i,
                  .stop = 100,
                  .own = 100,
                  .pause = 100,
                  .peak = 500});
  const report_cell *c = load();
  static const double walls[] = {1003, 1000, 1001};
  assert_int_equal(c->count, 3);
  assert_int_equal(r->strays, 3);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(c->samples[i].invocation, i + 1);
    assert_near(c->samples[i].values[metric_find("wall_ns") - metrics],
                walls[i]);
  }
  assert_near(value(c, "pause_count"), 6);
}

/* Published: 8124 of 24657 ms in pauses; and 0.9 of 10 s. */
static void gc_share_is_pauses_by_wall(void **state) {
  (void)state;
  append((made){.invocation = 1, .wall = 24657, .stop = 8124, .peak = 200});
  assert_true(fabs(value(load(), "gc_share_percent") - 32.9) < 0.05);
  report_free(r);
  remove_file("runs.jsonl");
  append((made){.invocation = 1, .wall = 10000, .stop = 900, .peak = 200});
  assert_near(value(load(), "gc_share_percent"), 9);
}

/* Of 10 s, 14 s of CPU time, 0.9 s in which all were stopped, and 3.2 s of the
 * collector in all: little in pauses, much of the CPU.  300 MiB in 2 s. */
static void shares_and_rates_of_a_record(void **state) {
  (void)state;
  json_t *record = json_pack(
      "{s:i, s:{s:f, s:f, s:f, s:f}, s:{s:{s:f}}, s:{s:f}}", "threads", 1,
      "time", "wall", 10e9, "cpu", 14e9, "stop", 0.9e9, "own", 0.0, "pauses",
      "all", "sum", 3.2e9, "heap", "allocated", 1500.0 * (1 << 20));
  static const struct {
    const char *name;
    double expected;
  } known[] = {{"gc_share_percent", 9},
               {"gc_cpu_percent", 100 * 3.2 / 14},
               {"cores_used", 1.4},
               {"allocation_bytes_per_s", 150 << 20}};
  assert_true(fabs(100 * 3.2 / 14 - 22.86) < 0.005); /* as published */
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    size_t m = 0;
    while (m < METRICS && strcmp(metrics[m].name, known[i].name))
      m++;
    assert_true(m < METRICS);
    assert_near(metrics[m].read(record), known[i].expected);
  }
  json_decref(record);
}

static void bad_cells_have_no_numbers(void **state) {
  static const struct {
    const char *status;
    int declared;
    verdict verdict;
    const char *text;
  } bad[] = {{"LEAK", -1, VERDICT_LEAK, "LEAK 3 !"},
             {"WRONG", -1, VERDICT_WRONG, "WRONG"},
             {"OVER LIMIT", -1, VERDICT_OVER_LIMIT, "OVER LIMIT"},
             {"OOM", -1, VERDICT_OOM, "OOM"},
             {"TIMEOUT", -1, VERDICT_TIMEOUT, "TIMEOUT"},
             {"ERROR", -1, VERDICT_ERROR, "ERROR"},
             {"CRASH", -1, VERDICT_CRASH, "CRASH SIGSEGV"}};
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    remove_file("runs.jsonl");
    append((made){.invocation = 1, .wall = 1000, .peak = 200});
    append((made){.invocation = 2,
                  .status = bad[i].status,
                  .declared = bad[i].declared,
                  .leaked = 3,
                  .reason = "SIGSEGV: why",
                  .wall = 1000,
                  .peak = 200});
    const report_cell *c = load();
    assert_int_equal(c->verdict, bad[i].verdict);
    assert_string_equal(report_verdict_text(c), bad[i].text);
    for (size_t m = 0; m < METRICS; m++)
      assert_true(isnan(c->values[m]));
    assert_int_equal(report_worst(c)->invocation, 2);
    report_free(r);
    r = NULL;
  }
}

/* In a heap of a few blocks neither a time nor a failure to fit tells of the
 * algorithm.  What is wrong there is wrong. */
static void coarse_heaps_have_no_numbers(void **state) {
  (void)state;
  static const struct {
    const char *status, *text;
  } cases[] = {
      {"ok", "below granule"}, {"OOM", "below granule"}, {"WRONG", "WRONG"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    remove_file("runs.jsonl");
    append((made){.invocation = 1,
                  .status = cases[i].status,
                  .declared = i ? -1 : 1,
                  .wall = 1000,
                  .peak = 200,
                  .coarse = true});
    const report_cell *c = load();
    assert_string_equal(report_verdict_text(c), cases[i].text);
    assert_false(report_is_good(c));
    assert_int_equal(verdict_is_failure(c->verdict), i == 2);
    for (size_t m = 0; m < METRICS; m++)
      assert_true(isnan(c->values[m]));
    report_free(r);
    r = NULL;
  }
}

static void declared_leaks_are_good(void **state) {
  (void)state;
  append((made){.invocation = 1,
                .status = "LEAK",
                .leaked = 2000,
                .wall = 1000,
                .peak = 200});
  const report_cell *c = load();
  assert_string_equal(report_verdict_text(c), "LEAK 2000 (declared)");
  assert_near(value(c, "throughput_per_s"), 1e9);
  assert_null(report_worst(c));
}

static void uncorrected_steps_have_no_maximum(void **state) {
  (void)state;
  append((made){
      .invocation = 1, .wall = 1000, .stop = 200, .pause = 100, .peak = 200});
  append((made){.invocation = 2,
                .wall = 1000,
                .stop = 200,
                .pause = 100,
                .peak = 200,
                .corrected = -1});
  const report_cell *c = load();
  assert_true(c->uncorrected);
  assert_true(isnan(value(c, "step_max_ns")));
  assert_true(isnan(value(c, "pause_max_ns")));
  assert_near(value(c, "pause_p50_ns"), 100);
}

static void doubtful_lines_are_counted(void **state) {
  (void)state;
  append((made){.invocation = 1, .wall = 1000, .peak = 200});
  append((made){.invocation = 1, .wall = 9000, .peak = 200}); /* again */
  append((made){.invocation = 4, .wall = 9000, .peak = 200}); /* not planned */
  write_file("runs.jsonl", "a", "{}\nnot JSON\n");
  write_file("runs.jsonl", "a", "{\"schema\": 1, ");
  const report_cell *c = load();
  assert_int_equal(r->found, 1);
  assert_int_equal(r->planned, 3);
  assert_int_equal(r->strays, 2);
  assert_int_equal(r->state.damaged, 2);
  assert_int_equal(r->state.first_damaged, 4);
  assert_true(r->state.cut_short);
  assert_near(value(c, "throughput_per_s"), 1e9);
}

static void nothing_is_run_yet(void **state) {
  (void)state;
  const report_cell *c = load(); /* there is no runs.jsonl */
  assert_string_equal(report_verdict_text(c), "not run yet");
  assert_false(r->state.cut_short);
}

static void numbers_have_three_digits(void **state) {
  char out[NUMBER_TEXT];
  (void)state;
  assert_string_equal(number_fixed(out, 0), "0");
  assert_string_equal(number_fixed(out, 3.14159), "3.14");
  assert_string_equal(number_fixed(out, 9.996), "10.0");
  assert_string_equal(number_fixed(out, 99.96), "100");
  assert_string_equal(number_time(out, 0), "0 ns");
  assert_string_equal(number_time(out, 999), "999 ns");
  assert_string_equal(number_time(out, 1000), "1.00 µs");
  assert_string_equal(number_time(out, 999600), "1.00 ms");
  assert_string_equal(number_time(out, 2.5e12), "2500 s");
  assert_string_equal(number_si(out, 41234567), "41.2M");
  assert_string_equal(number_si(out, 999), "999");
  assert_string_equal(number_si(out, 1234), "1.23k");
}

static const table_column columns[] = {
    {.name = "a", .header = "a"},
    {.name = "b", .header = "b", .unit = "/s ↑", .kind = TABLE_RATE},
    {.name = "c", .header = "c", .absent = "–"},
    {.name = "d", .header = "d", .kind = TABLE_TIME, .traits = TABLE_OPTIONAL},
    {.name = "e", .kind = TABLE_COUNT},
    {.name = "f", .header = "f", .traits = TABLE_ONLY_PEOPLE},
    {.name = "g", .kind = TABLE_FLAG, .traits = TABLE_ONLY_JSON}};

/* A page of two groups, with every kind of part around them. */
static page *example(void) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  page *p = page_new(t);
  size_t first = table_add_group(t, "first"), other = table_add_group(t, "");
  t->groups[first].counted = "ops";
  table_row *row = table_add(t, other);
  table_set_text(row, "a", "last");
  table_set_integer(row, "b", 22);
  table_set_real(row, "d", 1500);
  table_set_real(row, "e", NAN);
  table_set_flag(row, "g", true);
  row = table_add(t, first);
  table_set_text(row, "a", "lo,ng");
  table_set_real(row, "b", 1234);
  table_set_text(row, "c", "z|z");
  table_set_integer(row, "e", 5);
  table_show(row, "f", "1 µs");
  row = table_add(t, first);
  row->audience = ROW_FOR_PEOPLE;
  table_show(row, "a", "mean");
  row = table_add(t, first);
  row->audience = ROW_FOR_PROGRAMS;
  table_set_text(row, "a", "\"");
  page_text(p, PAGE_TITLE, "Title");
  page_text(p, PAGE_LINE, "line");
  page_tables(p, t);
  page_list(p, "one");
  page_item(p, "two");
  page_text(p, PAGE_PARAGRAPH, "Text.");
  page_list(p, "three");
  page_text(p, PAGE_CODE, "  code");
  return p;
}

static void assert_printed(const char *format, page *p, const char *expected) {
  const output_format *found;
  char *text;
  size_t n;
  assert_null(format_find(format, NULL, &found));
  FILE *out = open_memstream(&text, &n);
  format_print(found, p, out);
  fclose(out);
  assert_string_equal(text, expected);
  free(text);
}

/* Columns and rows for people and for programs, groups with columns of their
 * own, and what each format makes of the text around them. */
static void pages_in_all_formats(void **state) {
  (void)state;
  assert_printed("table", example(),
                 "Title\n"
                 "line\n"
                 "\n"
                 "first\n"
                 "a            b  c    f\n"
                 "       ops/s ↑\n"
                 "lo,ng    1.23k  z|z  1 µs\n"
                 "mean            –\n"
                 "\n"
                 "a        b  c        d  f\n"
                 "      /s ↑\n"
                 "last  22.0  –  1.50 µs\n"
                 "  one\n"
                 "  two\n"
                 "\n"
                 "Text.\n"
                 "  three\n"
                 "\n"
                 "  code\n");
  assert_printed("markdown", example(),
                 "## Title\n"
                 "\n"
                 "line\n"
                 "\n"
                 "### first\n"
                 "\n"
                 "| a | b ops/s ↑ | c | f |\n"
                 "|:--|--:|:--|:--|\n"
                 "| lo,ng | 1.23k | z\\|z | 1 µs |\n"
                 "| mean |  | – |  |\n"
                 "\n"
                 "| a | b /s ↑ | c | d | f |\n"
                 "|:--|--:|:--|--:|:--|\n"
                 "| last | 22.0 | – | 1.50 µs |  |\n"
                 "\n"
                 "- one\n"
                 "- two\n"
                 "\n"
                 "Text.\n"
                 "\n"
                 "- three\n"
                 "\n"
                 "```\n"
                 "  code\n"
                 "```\n");
  assert_printed("csv", example(),
                 "a,b,c,d,e\n"
                 "last,22,,1500,\n"
                 "\"lo,ng\",1234,z|z,,5\n"
                 "\"\"\"\",,,,\n");
  assert_printed("json", example(),
                 "{\n \"schema\": 1,\n \"rows\": [\n"
                 "  {\n   \"a\": \"last\",\n   \"b\": 22,\n"
                 "   \"d\": 1500.0,\n   \"g\": true\n  },\n"
                 "  {\n   \"a\": \"lo,ng\",\n   \"b\": 1234.0,\n"
                 "   \"c\": \"z|z\",\n   \"e\": 5\n  },\n"
                 "  {\n   \"a\": \"\\\"\"\n  }\n ]\n}\n");
}

/* A line for each value of one column, a column for each of another. */
static void cross_tables(void **state) {
  (void)state;
  static const table_column three[] = {
      {.name = "down"},
      {.name = "across"},
      {.name = "value", .kind = TABLE_TIME, .absent = "–"}};
  static const table_cross cross = {"down", "across", "value", "corner", "x"};
  static const char *const cells[][2] = {{"a", "x"}, {"b", "x"}, {"a", "y"}};
  table *t = table_new(three, 3);
  t->cross = &cross;
  for (size_t i = 0; i < 3; i++) {
    table_row *row = table_add(t, 0);
    table_set_text(row, "down", cells[i][0]);
    table_set_text(row, "across", cells[i][1]);
    if (i != 1)
      table_set_integer(row, "value", 2000 * (long long)i);
  }
  /* The group that was added for the first row is found by its title. */
  assert_int_equal(table_group_of(t, ""), 0);
  page *p = page_new(t);
  page_tables(p, t);
  assert_printed("table", p,
                 "corner        y     x\n"
                 "a       4.00 µs  0 ns\n"
                 "b                   –\n");
  assert_printed("csv", p, "down,across,value\na,x,0\nb,x,\na,y,4000\n");
}

static void formats_by_name(void **state) {
  static const char *const also[] = {"gbench", "bmf", NULL};
  const output_format *found;
  (void)state;
  assert_string_equal(format_find("xml", NULL, &found),
                      "unknown format 'xml' (choose from " FORMAT_NAMES ")");
  assert_string_equal(format_find("xml", also, &found),
                      "unknown format 'xml' (choose from " FORMAT_NAMES
                      ", gbench, bmf)");
  assert_null(format_find("bmf", also, &found));
  assert_null(found);
  assert_non_null(format_find("gbench", NULL, &found));
}

/* Times of an emulator are marked as such. */
static void emulated_runs_are_marked(void **state) {
  (void)state;
  write_file("runs.jsonl", "a", "");
  write_file("machine.json", "w", "{\"cpu\": {\"emulator\": \"\"}}");
  load();
  assert_null(report_emulated_text(r));
  report_free(r);
  write_file("machine.json", "w",
             "{\"cpu\": {\"emulator\": \"qemu-arm on x86_64\"}}");
  load();
  assert_string_equal(report_emulated_text(r),
                      "EMULATED: qemu-arm on x86_64 ran these programs: no "
                      "time means anything. [W-emulated]");
}

#define IN_DIRECTORY(test)                                                     \
  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_DIRECTORY(invocations_become_a_cell),
      IN_DIRECTORY(any_order),
      IN_DIRECTORY(gc_share_is_pauses_by_wall),
      cmocka_unit_test(shares_and_rates_of_a_record),
      IN_DIRECTORY(bad_cells_have_no_numbers),
      IN_DIRECTORY(coarse_heaps_have_no_numbers),
      IN_DIRECTORY(declared_leaks_are_good),
      IN_DIRECTORY(uncorrected_steps_have_no_maximum),
      IN_DIRECTORY(doubtful_lines_are_counted),
      IN_DIRECTORY(nothing_is_run_yet),
      IN_DIRECTORY(emulated_runs_are_marked),
      cmocka_unit_test(numbers_have_three_digits),
      cmocka_unit_test(pages_in_all_formats),
      cmocka_unit_test(cross_tables),
      cmocka_unit_test(formats_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
