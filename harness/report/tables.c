/* tables.c: the list of tables, and what they share. */
#include "tables.h"
#include "exercise.h"
#include "machines.h"
#include "pacing-cells.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <string.h>

const report_table report_tables[REPORT_TABLES] = {
    {"cells", report_cells, NULL, false},
    {"answer", report_answer, NULL, true},
    {"overview", report_overview, NULL, false},
    {"time-space", report_time_space, NULL, false},
    {"lbo", report_lbo, NULL, false},
    {"mmu", report_mmu, NULL, false},
    {"percentiles", report_percentiles, report_gather, false},
    {"observer", report_observer, NULL, false},
    {"stability", report_stability, NULL, false},
    {"latency", report_latency, report_gather, false},
    {"memory", report_memory, report_gather, false},
    {"memory-time", report_memory_time, report_gather_traces, false},
    {"growth", report_growth, NULL, false},
    {"leaks", report_leaks, report_gather_traces, false},
    {"pacing", report_pacing, pacing_gather, false},
    {"pacing-space", report_pacing_space, pacing_gather, false},
    {"phases", report_phases, report_gather_phases, false},
    {"machines", report_machines, NULL, true},
    {"limits", report_limits, NULL, false},
};

const char *report_find_table(const char *name, const report_table **found) {
  candidates known = {0};
  *found = &report_tables[0];
  if (!name)
    return NULL;
  for (size_t i = 0; i < REPORT_TABLES; i++) {
    candidates_add(&known, report_tables[i].name);
    *found = &report_tables[i];
    if (!strcmp(report_tables[i].name, name))
      return NULL;
  }
  return arena_text("unknown table '%s'%s", name, suggest_any(name, &known));
}

/* ------------------------------------------------------------------------- *
 * Rows.
 * ------------------------------------------------------------------------- */

table_row *report_add_row(table *t, const report_cell *c, const char *title) {
  table_row *row = table_add(t, table_group_of(t, title));
  table_set_text(row, "workload", c->workload);
  table_set_text(row, "collector", c->collector);
  table_set_text(row, "heap", c->heap);
  table_set_integer(row, "threads", c->threads);
  table_set_text(row, "verdict", report_verdict_text(c));
  return row;
}

void report_set_runs(table_row *row, const report *r, const report_cell *c,
                     size_t runs) {
  table_set_real(row, "runs", (double)runs);
  table_set_real(row, "runs_planned", c->missing ? 0 : (double)r->invocations);
}

void report_show_status(table_row *row, const char *column,
                        const report_cell *c) {
  const char *text = report_verdict_text(c);
  if (c->verdict == VERDICT_NOT_RUN)
    table_show(row, column, "…");
  else if (report_exercise_mark(c))
    table_show(row, column, "%s", report_exercise_mark(c));
  else
    table_show(row, column, "%.*s", (int)strcspn(text, " :"), text);
}

size_t report_number(json_t *numbers, const char *text) {
  const json_t *known = json_object_get(numbers, text);
  if (known)
    return (size_t)json_integer_value(known);
  const size_t number = json_object_size(numbers);
  json_object_set_new(numbers, text, json_integer((json_int_t)number));
  return number;
}

size_t *report_works(const report *r, size_t *count) {
  size_t *works = arena_take(r->count * sizeof *works);
  json_t *numbers = json_object();
  for (size_t i = 0; i < r->count; i++)
    works[i] = report_number(numbers, report_work_title(&r->cells[i]));
  *count = json_object_size(numbers);
  json_decref(numbers);
  return works;
}

const char *report_work_title(const report_cell *c) {
  return arena_text("%s, %d thread%s", c->workload, c->threads,
                    c->threads == 1 ? "" : "s");
}

const char *report_kind_title(const report_cell *c) {
  return arena_text("%s%s", report_heap_title(c),
                    c->reference ? ": " REPORT_REFERENCES : "");
}

const char *report_heap_title(const report_cell *c) {
  return arena_text("%s, heap %s, %d thread%s", c->workload, c->heap,
                    c->threads, c->threads == 1 ? "" : "s");
}

/* ------------------------------------------------------------------------- *
 * Numbers of invocations.
 * ------------------------------------------------------------------------- */

double *report_numbers(const report_cell *c, sample_number *of) {
  double *numbers = arena_take(c->count * sizeof *numbers);
  for (size_t i = 0; i < c->count; i++) {
    numbers[i] = of(&c->samples[i]);
    if (isnan(numbers[i]))
      return NULL;
  }
  return c->count && report_is_good(c) && report_compares_time(c) ? numbers
                                                                  : NULL;
}

double report_median(const report_cell *c, sample_number *of) {
  double *numbers = report_numbers(c, of);
  return numbers ? stat_summarize(numbers, c->count).median : NAN;
}

double sample_metric(const report_sample *s, const char *name) {
  return s->values[metric_find(name) - metrics];
}

double sample_wall(const report_sample *s) {
  return sample_metric(s, "wall_ns");
}

double sample_clock(const report_sample *s) {
  return s->clock;
}

/* ------------------------------------------------------------------------- *
 * Pages.
 * ------------------------------------------------------------------------- */

static const char *word(const json_t *object, const char *key,
                        const char *otherwise) {
  const char *text = json_string_value(json_object_get(object, key));
  return text && *text ? text : otherwise;
}

/* "EPYC, 2 CPUs, Linux 6.1, built with gcc (Release)." */
static const char *machine_text(const report *r) {
  const json_t *cpu = json_object_get(r->machine, "cpu");
  const json_t *os = json_object_get(r->machine, "os");
  const json_t *build = json_object_get(r->machine, "build");
  const char *hypervisor = word(cpu, "hypervisor", "");
  long long cpus = json_integer_value(json_object_get(cpu, "allowed"));
  if (!r->machine)
    return "";
  if (r->machines_count > 1)
    return arena_text("%zu machines, by round: %s.", r->machines_count,
                      machines_text(r));
  return arena_text(
      "%s%s, %s%s%s, %s %s, built with %s (%s).",
      r->only ? arena_text("Of the machine %s alone: ", machines_text(r)) : "",
      word(cpu, "model", "unknown CPU"),
      cpus > 0 ? arena_text("%lld CPUs", cpus) : "unknown number of CPUs",
      *hypervisor ? ", virtual: " : "", hypervisor, word(os, "name", "?"),
      word(os, "release", "?"), word(build, "compiler", "?"),
      word(build, "type", "?"));
}

void report_add_title(page *p, const report *r) {
  const char *lines[] = {machine_text(r),
                         report_emulated_text(r),
                         report_busy_text(r),
                         report_machines_text(r),
                         report_canary_text(r),
                         report_builds_text(r, r),
                         builds_unknown(&r->builds),
                         builds_runtimes(&r->builds)};
  const char *all = "";
  page_text(p, PAGE_TITLE,
            "Suite %s: %zu of %zu runs, %zu invocation%s%s per cell, seed "
            "%lld.",
            word(r->plan, "suite", "?"), r->found, r->planned, r->invocations,
            r->invocations == 1 ? "" : "s", r->open_ended ? " or more" : "",
            (long long)json_integer_value(json_object_get(r->plan, "seed")));
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (lines[i] && *lines[i])
      all = arena_text("%s%s%s", all, *all ? "\n" : "", lines[i]);
  if (*all)
    page_text(p, PAGE_LINE, "%s", all);
}

void report_set_json(page *p, const report *r, const char *name) {
  page_rows_json(
      p, json_pack("{s:i, s:s, s:O?, s:b, s:o, s:o}", "schema", 1, "table",
                   name, "suite", json_object_get(r->plan, "suite"), "suspect",
                   report_is_suspect(r), "builds", builds_json(&r->builds),
                   "fields", table_help_json(p->data)));
}

page *report_cross_page(const report *r, table *t, const char *name,
                        const char *cell) {
  if (!t->rows_count)
    return NULL;
  page *p = page_new(t);
  report_add_title(p, r);
  page_text(p, PAGE_PARAGRAPH, "%s: %s.", name, cell);
  page_tables(p, t);
  report_set_json(p, r, name);
  return p;
}

page *report_legend_page(const report *r, const table *t, const char *name,
                         const char *legend) {
  if (!t->rows_count)
    return NULL;
  page *p = page_new(t);
  report_add_title(p, r);
  page_tables(p, t);
  page_text(p, PAGE_PARAGRAPH, "%s", legend);
  json_t *said = json_object();
  for (size_t i = 0; i < t->rows_count; i++) {
    const char *note = table_get(t->rows[i], "note")->text;
    const char *line = arena_text(
        "%s: %s", table_get(t->rows[i], "collector")->text, note ? note : "");
    if (!note || json_object_get(said, line))
      continue;
    (json_object_size(said) ? page_item : page_list)(p, "%s", line);
    json_object_set_new(said, line, json_true());
  }
  json_decref(said);
  report_set_json(p, r, name);
  return p;
}
