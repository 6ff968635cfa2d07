/* table-cells.c: the main table: all metrics of every cell, a group for each
 * workload, heap and number of threads, and below each group why numbers are
 * missing. */
#include "tables.h"
#include "exercise.h"
#include "harness/base/arena.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Columns.
 * ------------------------------------------------------------------------- */

static const table_column before[] = {
    {.name = "suite"},
    {.name = "workload", .traits = TABLE_KEY},
    {.name = "collector", .header = "collector", .traits = TABLE_KEY},
    {.name = "heap", .traits = TABLE_KEY},
    {.name = "threads", .kind = TABLE_INTEGER, .traits = TABLE_KEY},
    {.name = "verdict", .header = "verdict"},
    {.name = "reason"},
    {.name = "ops_unit"}};

static const table_column after[] = {
    {.name = "interface",
     .header = "interface",
     .unit = "% ↓",
     .kind = TABLE_PERCENT,
     .traits = TABLE_OPTIONAL | TABLE_ONLY_PEOPLE,
     .leaves = 9},
    {.name = "replayer",
     .header = "replayer",
     .unit = "%",
     .kind = TABLE_PERCENT,
     .traits = TABLE_OPTIONAL | TABLE_ONLY_PEOPLE,
     .leaves = 8},
    {.name = "runs", .header = "runs", .kind = TABLE_INTEGER, .leaves = 5},
    {.name = "runs_planned", .kind = TABLE_INTEGER},
    {.name = "exercised"},
    {.name = "collections", .kind = TABLE_INTEGER}};

enum {
  BEFORE = sizeof before / sizeof *before,
  AFTER = sizeof after / sizeof *after
};

/* The metrics stand between. */
static table *new_table(void) {
  table_column *columns =
      arena_take((BEFORE + METRICS + AFTER) * sizeof *columns);
  memcpy(columns, before, sizeof before);
  for (size_t m = 0; m < METRICS; m++)
    columns[BEFORE + m] = (table_column){.name = metrics[m].name,
                                         .header = metrics[m].header,
                                         .unit = metric_unit(&metrics[m]),
                                         .kind = metrics[m].kind,
                                         .absent = "–",
                                         .help = metrics[m].help,
                                         .leaves = metrics[m].leaves};
  memcpy(columns + BEFORE + METRICS, after, sizeof after);
  return table_new(columns, BEFORE + METRICS + AFTER);
}

/* ------------------------------------------------------------------------- *
 * Rows.
 * ------------------------------------------------------------------------- */

static const char *suite_of(const report *r) {
  const char *name = json_string_value(json_object_get(r->plan, "suite"));
  return name ? name : "";
}

/* Whether most of the time may be that of the runtime's C interface. */
static bool is_grey(const report_cell *c) {
  return report_floor_share(c) > REPORT_FLOOR_BOUND;
}

static void set_metrics(table_row *row, const report_cell *c) {
  for (size_t m = 0; m < METRICS; m++) {
    const char *name = metrics[m].name;
    double value = c->values[m];
    if (metrics[m].kind == TABLE_INTEGER && isfinite(value))
      table_set_integer(row, name, (long long)value);
    else
      table_set_real(row, name, value);
    if (!c->count)
      table_show(row, name, "%s", "");
    else if (isfinite(value) && !report_compares(c, &metrics[m]))
      table_show(row, name, "(%s)", table_number(metrics[m].kind, value));
    else if (m == METRIC_THROUGHPUT && is_grey(c))
      table_show(row, name, "%s *", table_number(metrics[m].kind, value));
  }
}

static void show_interface(table_row *row, const report_cell *c) {
  double share = report_floor_share(c);
  if (!c->count)
    table_show(row, "interface", "%s", "");
  else if (isnan(share))
    table_show(row, "interface", "–");
  else
    table_show(row, "interface", "%.0f", 100 * share);
}

static void add_row(table *t, const report *r, const report_cell *c,
                    size_t group) {
  const report_sample *worst = report_worst(c);
  table_row *row = table_add(t, group);
  table_set_text(row, "suite", suite_of(r));
  table_set_text(row, "workload", c->workload);
  table_set_text(row, "collector", c->collector);
  table_set_text(row, "heap", c->heap);
  table_set_integer(row, "threads", c->threads);
  table_set_text(row, "verdict", report_verdict_text(c));
  table_show(row, "verdict", "%s", report_marked_verdict(c));
  table_set_text(row, "reason", worst ? worst->reason : "");
  exercise e = report_exercise(c);
  table_set_text(row, "exercised", report_exercise_word(c));
  if (c->count && e.collects)
    table_set_integer(row, "collections", (long long)e.count);
  table_set_text(row, "ops_unit", c->ops ? c->ops : "");
  set_metrics(row, c);
  if (c->reference)
    show_interface(row, c);
  table_set_real(row, "replayer", c->values[METRIC_REPLAYER]);
  table_set_integer(row, "runs", (long long)c->count);
  table_set_integer(row, "runs_planned",
                    c->missing ? 0 : (long long)r->invocations);
  if (c->missing)
    table_show(row, "runs", "%s", "");
  else if (c->count < r->invocations)
    table_show(row, "runs", "%zu/%zu", c->count, r->invocations);
}

static size_t group_of(table *t, const report_cell *c) {
  size_t group =
      table_group_of(t, arena_text("%s%s", report_heap_title(c),
                                   c->reference ? ": " REPORT_REFERENCES : ""));
  if (c->reference)
    t->groups[group].kind = REPORT_REFERENCES;
  if (c->ops)
    t->groups[group].counted = c->ops;
  else if (!*t->groups[group].counted)
    t->groups[group].counted = "ops";
  return group;
}

/* ------------------------------------------------------------------------- *
 * For people: what is to be known of a cell's numbers, and why some are
 * missing.
 * ------------------------------------------------------------------------- */

static void add_failure(page *p, const report_cell *c) {
  const char *reason = report_failure_reason(c);
  size_t failures = 0;
  for (size_t i = 0; i < c->count; i++)
    failures += verdict_is_failure(c->samples[i].verdict) ||
                c->samples[i].verdict == c->verdict;
  page_list(p, "%s: %s in %zu of %zu invocations%s%s", c->collector,
            report_verdict_text(c), failures, c->count, *reason ? ": " : "",
            reason);
}

static void add_notes(page *p, const report_cell *c) {
  const char *stall = report_stall_text(c);
  if (stall)
    page_list(p, "%s: WARNING: %s [W-stall]", c->collector, stall);
  if (report_exercise_mark(c))
    page_list(p, "%s: %s", c->collector, report_exercise_text(c));
  if (report_unreported_text(c))
    page_list(p, "%s: %s", c->collector, report_unreported_text(c));
  if (is_grey(c))
    page_list(p,
              "%s: * more than half of the time may be that of its C interface",
              c->collector);
  if (c->turns && c->count)
    page_list(p,
              "%s: its threads take turns, so that more of them are no faster",
              c->collector);
  if (c->own_delay > 0)
    page_list(p,
              "%s: up to %s in which mutators waited for a processor while "
              "threads of its own ran are left in pauses and steps",
              c->collector, table_number(TABLE_TIME, c->own_delay));
  if (report_worst(c))
    add_failure(p, c);
  else if (c->uncorrected)
    page_list(p, "%s: no maxima, because the run-queue delay could not be read",
              c->collector);
}

static void add_legend(page *p, const report *r) {
  bool references = false, replays = false;
  for (size_t i = 0; i < r->count; i++) {
    references |= r->cells[i].reference;
    replays |= isfinite(r->cells[i].values[METRIC_REPLAYER]);
  }
  page_text(p, PAGE_PARAGRAPH,
            "↑ higher is better, ↓ lower is better; – not available.");
  bool begun = false;
  for (size_t m = 0; m < METRICS; m++)
    if (metrics[m].header) {
      (begun ? page_item : page_list)(p, "%s: %s.", metrics[m].header,
                                      metrics[m].help);
      begun = true;
    }
  for (size_t i = 0; i < r->count; i++)
    if (report_exercise_mark(&r->cells[i])) {
      page_item(p, "( ): not to be compared, as the collector collected too "
                   "seldom, or the runs were wrapped.");
      break;
    }
  if (references)
    page_item(p, "interface: the share of the CPU time that calls of the "
                 "runtime's C interface take, estimated,\n  without what "
                 "headers of objects and registers cost: see the programs "
                 "by-hand-NAME.");
  if (replays)
    page_item(p, "replayer: the share of the CPU time that the replay of a "
                 "trace takes for itself, by a pass\n  without a collector.");
  page_item(p, "runs: invocations that went into the row, of those planned "
               "where some are missing.");
  page_item(p,
            "Time that a thread was runnable but not run is taken off pauses "
            "and steps, unless threads of the same program ran meanwhile.");
}

/* ------------------------------------------------------------------------- *
 * JSON: with every invocation.
 * ------------------------------------------------------------------------- */

/* Sets the numbers that are available; JSON cannot write the others.  A single
 * invocation has no spread. */
static void set_values(json_t *object, const double *values, bool spread) {
  for (size_t m = 0; m < METRICS; m++)
    if (isfinite(values[m]) && (spread || metrics[m].combine != COMBINE_SPREAD))
      json_object_set_new(object, metrics[m].name,
                          metric_json(&metrics[m], values[m]));
}

static json_t *json_of_cell(const report *r, const report_cell *c) {
  const report_sample *worst = report_worst(c);
  json_t *samples = json_array(), *values = json_object();
  for (size_t i = 0; i < c->count; i++) {
    const report_sample *s = &c->samples[i];
    json_t *sample =
        json_pack("{s:i, s:b, s:I, s:s}", "invocation", s->invocation, "failed",
                  verdict_is_failure(s->verdict), "leaked",
                  (json_int_t)s->leaked, "reason", s->reason);
    if (s->exercise.collects)
      json_object_set_new(sample, "collections",
                          json_integer((json_int_t)s->exercise.count));
    set_values(sample, s->values, false);
    json_array_append_new(samples, sample);
  }
  set_values(values, c->values, true);
  exercise e = report_exercise(c);
  if (c->count && e.collects)
    json_object_set_new(values, "collections",
                        json_integer((json_int_t)e.count));
  double share = report_floor_share(c);
  if (isfinite(share))
    json_object_set_new(values, "interface_share", json_real(share));
  return json_pack(
      "{s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:s, s:s*, s:s?, s:i, s:i, "
      "s:o, s:o}",
      "cell", c->id, "workload", c->workload, "collector", c->collector, "heap",
      c->heap, "threads", c->threads, "verdict", report_verdict_text(c),
      "failed", verdict_is_failure(c->verdict), "reason",
      worst ? worst->reason : "", "exercised", report_exercise_word(c),
      "ops_unit", c->ops, "runs", (int)c->count, "runs_planned",
      c->missing ? 0 : (int)r->invocations, "metrics", values, "samples",
      samples);
}

/* What makes the numbers doubtful: of all cells, and of single ones. */
static json_t *json_of_warnings(const report *r) {
  json_t *list = json_array();
  const char *const of_all[] = {
      report_is_suspect(r) ? report_canary_text(r) : NULL,
      report_emulated_text(r), report_machines_text(r), report_busy_text(r)};
  for (size_t i = 0; i < sizeof of_all / sizeof *of_all; i++)
    if (of_all[i])
      json_array_append_new(list, json_string(of_all[i]));
  for (size_t i = 0; i < r->count; i++) {
    const char *stall = report_stall_text(&r->cells[i]);
    if (stall)
      json_array_append_new(list,
                            json_sprintf("%s: %s", r->cells[i].id, stall));
  }
  return list;
}

/* The cell that comes next. */
typedef struct cell_cursor {
  const report *report;
  size_t at;
} cell_cursor;

static json_t *next_cell(void *state) {
  cell_cursor *c = state;
  return c->at < c->report->count
             ? json_of_cell(c->report, &c->report->cells[c->at++])
             : NULL;
}

static void set_json(page *p, const report *r) {
  static const char *const combined[] = {"median", "spread", "maximum",
                                         "pooled", "pooled", "total"};
  static const char *const better[] = {"lower", "neither", "higher"};
  json_t *described = json_array();
  for (size_t m = 0; m < METRICS; m++)
    json_array_append_new(
        described,
        json_pack("{s:s, s:s, s:s, s:s}", "name", metrics[m].name, "better",
                  better[metrics[m].better + 1], "combined",
                  combined[metrics[m].combine], "help", metrics[m].help));
  cell_cursor *cells = arena_take(sizeof *cells);
  cells->report = r;
  p->json = json_pack(
      "{s:i, s:o, s:O, s:b, s:o, s:O, s:O, s:O?, s:i, s:i, s:o}", "schema", 1,
      "builds", builds_json(&r->builds), "suite",
      json_object_get(r->plan, "suite"), "suspect", report_is_suspect(r),
      "warnings", json_of_warnings(r), "seed", json_object_get(r->plan, "seed"),
      "invocations", json_object_get(r->plan, "invocations"), "machine",
      r->machine, "runs", (int)r->found, "runs_planned", (int)r->planned,
      "metrics", described);
  p->list = "cells";
  p->next = next_cell;
  p->state = cells;
}

page *report_cells(const report *r) {
  table *t = new_table();
  page *p = page_new(t);
  for (size_t i = 0; i < r->count; i++)
    add_row(t, r, &r->cells[i], group_of(t, &r->cells[i]));
  report_add_title(p, r);
  for (size_t group = 0; group < t->groups_count; group++) {
    page_group(p, t, group);
    const table_group *g = &t->groups[group]; /* a row is a cell */
    for (size_t i = 0; i < g->rows_count; i++)
      add_notes(p, &r->cells[g->rows[i]]);
  }
  add_legend(p, r);
  set_json(p, r);
  return p;
}
