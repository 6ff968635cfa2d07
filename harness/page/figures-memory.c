/* figures-memory.c: the figures memory and garbage: the course of a run. */
#include "figures.h"
#include "panels.h"
#include "harness/base/arena.h"
#include "harness/report/standing.h"
#include "harness/stats/series.h"

#include <math.h>
#include <string.h>

/* Points of a curve: enough to show every peak. */
enum { PARTS = 30 };

/* What of a curve is drawn: a column of the table memory-time. */
typedef struct curve_kind {
  const char *column, *label, *what;
  double unit;    /* of the column, by which its values are divided */
  bool must_hold; /* with the bytes to be held beside it */
} curve_kind;

static const curve_kind footprints = {
    "footprint_bytes", "footprint, MiB",
    "Footprint of one invocation over time, from 0; of each thirtieth of it "
    "the least and the greatest sample.",
    0x1p20, true};
static const curve_kind dead_objects = {
    "garbage_objects", "dead objects held",
    "The most dead objects that the heap held between samples of one "
    "invocation, over time, from 0.",
    1, false};

/* Adds the curve of the rows from `begin` to `end` of a group. */
static void add_curve(figure *f, json_t *styles, const curve_kind *kind,
                      const table *t, size_t group, size_t begin, size_t end) {
  const size_t n = end - begin;
  double *values = arena_take(n * sizeof *values);
  size_t *chosen = arena_take((2 * PARTS + 2) * sizeof *chosen);
  for (size_t i = 0; i < n; i++)
    values[i] = table_real(panel_row(t, group, begin + i), kind->column);
  const size_t count = stat_thin(values, n, PARTS, chosen);
  figure_series *s = panel_series(
      f, styles, panel_text(panel_row(t, group, begin), "collector"),
      SERIES_PLAIN);
  for (size_t k = 0; k < count; k++) {
    const table_row *row = panel_row(t, group, begin + chosen[k]);
    const double value = values[chosen[k]] / kind->unit;
    if (!isnan(value))
      figure_add(
          s, (figure_point){table_real(row, "at_ns") / 1e6, value, NAN, NAN},
          NULL);
  }
}

/* The bytes that must be held, as a line over the whole width. */
static void add_must_hold(figure *f, const report *r, const table_row *like) {
  double from = HUGE_VAL, to = 0;
  for (size_t i = 0; i < f->count; i++)
    for (size_t k = 0; k < f->series[i].count; k++) {
      from = fmin(from, f->series[i].points[k].x);
      to = fmax(to, f->series[i].points[k].x);
    }
  page *memory = r->gathered ? report_memory(r) : NULL;
  const table *t = panel_rows(memory);
  double least = HUGE_VAL; /* what leaks by design must hold more */
  for (size_t i = 0; t && i < t->rows_count; i++) {
    const table_row *row = t->rows[i];
    const double bytes = table_real(row, "must_hold_bytes");
    if (bytes > 0 &&
        !strcmp(panel_text(row, "workload"), panel_text(like, "workload")) &&
        fabs(table_real(row, "threads") - table_real(like, "threads")) <= 0)
      least = fmin(least, bytes / 0x1p20);
  }
  if (isinf(least))
    return;
  figure_series *s =
      figure_series_of(f, "bytes to be held", FIGURE_NEUTRAL, SERIES_DASHED);
  figure_add(s, (figure_point){from, least, NAN, NAN}, NULL);
  figure_add(s, (figure_point){to, least, NAN, NAN}, NULL);
}

/* What is drawn, as a table. */
static const table_column drawn_columns[] = {
    {.name = "collector", .header = "collector"},
    {.name = "at", .header = "time", .unit = "ms", .kind = TABLE_RATIO},
    {.name = "value", .header = "value", .kind = TABLE_SCALED}};

static const table *table_of(const figure *f) {
  table *t =
      table_new(drawn_columns, sizeof drawn_columns / sizeof *drawn_columns);
  for (size_t i = 0; i < f->count; i++)
    for (size_t k = 0; k < f->series[i].count; k++) {
      table_row *row = table_add(t, 0);
      table_set_text(row, "collector", f->series[i].name);
      table_set_real(row, "at", f->series[i].points[k].x);
      table_set_real(row, "value", f->series[i].points[k].y);
    }
  return t;
}

static panels curves(const report *r, json_t *styles, const curve_kind *kind) {
  panels all = {0};
  const char *heap = standing_heap(r);
  const table *t = panel_rows(report_memory_time(r));
  for (size_t g = 0; t && g < t->groups_count; g++) {
    const size_t n = t->groups[g].rows_count;
    if (!panel_in_heap(t, g, heap))
      continue;
    figure *f = figure_new(t->groups[g].title, "");
    f->x.label = "time, ms";
    f->y.label = kind->label;
    f->y.from = 0;
    for (size_t begin = 0, end; begin < n; begin = end) {
      end = begin + 1;
      while (end < n && !strcmp(panel_text(panel_row(t, g, begin), "collector"),
                                panel_text(panel_row(t, g, end), "collector")))
        end++;
      add_curve(f, styles, kind, t, g, begin, end);
    }
    if (kind->must_hold)
      add_must_hold(f, r, panel_row(t, g, 0));
    panels_add(&all, f, table_of(f), 0, kind->what);
  }
  return all;
}

panels figures_memory(const report *r, json_t *styles) {
  return curves(r, styles, &footprints);
}

panels figures_garbage(const report *r, json_t *styles) {
  return curves(r, styles, &dead_objects);
}
