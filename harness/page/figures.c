/* figures.c: see figures.h. */
#include "figures.h"
#include "panels.h"
#include "harness/base/arena.h"
#include "harness/base/heap-size.h"
#include "harness/base/say.h"
#include "harness/report/standing.h"

#include <math.h>
#include <string.h>

const figure_kind figure_kinds[FIGURE_KINDS] = {
    {"overhead", "overhead in wall time by heap size", figures_overhead, NULL},
    {"overhead-cpu", "overhead in CPU time by heap size", figures_overhead_cpu,
     NULL},
    {"percentiles", "pauses and requests by percentile", figures_percentiles,
     report_gather},
    {"mmu", "mutator utilisation by window", figures_mmu, NULL},
    {"memory", "footprint over time", figures_memory, report_gather_traces},
    {"garbage", "dead objects held over time", figures_garbage,
     report_gather_traces},
    {"growth", "time of one op by live objects", figures_growth, NULL}};

const char *figures_find(const char *name, const figure_kind **found) {
  candidates known = {0};
  for (size_t i = 0; i < FIGURE_KINDS; i++) {
    candidates_add(&known, figure_kinds[i].name);
    *found = &figure_kinds[i];
    if (!strcmp(figure_kinds[i].name, name))
      return NULL;
  }
  return arena_text("unknown figure '%s'%s", name, suggest_any(name, &known));
}

/* ------------------------------------------------------------------------- *
 * Overhead by heap size.
 * ------------------------------------------------------------------------- */

/* Where heaps stand on the axis: by their multiple, or by their MiB.  A heap
 * without a limit stands apart at the right. */
typedef struct heap_axis {
  heap_kind kind;
  double largest;
  bool none, mixed;
} heap_axis;

static double number_of(const heap_size *h) {
  return h->kind == HEAP_BYTES ? (double)h->bytes / 0x1p20 : h->multiple;
}

static heap_axis axis_of(const table *t, size_t group) {
  heap_axis a = {.kind = HEAP_UNLIMITED};
  for (size_t i = 0; i < t->groups[group].rows_count; i++) {
    heap_size h;
    heap_size_read(panel_text(panel_row(t, group, i), "heap"), &h);
    a.none |= h.kind == HEAP_UNLIMITED;
    if (h.kind == HEAP_UNLIMITED)
      continue;
    a.mixed |= a.kind != HEAP_UNLIMITED && a.kind != h.kind;
    a.kind = h.kind;
    a.largest = fmax(a.largest, number_of(&h));
  }
  return a;
}

static double place_of(const heap_axis *a, const char *heap) {
  heap_size h;
  heap_size_read(heap, &h);
  return h.kind == HEAP_UNLIMITED ? 1.6 * a->largest : number_of(&h);
}

static void label_heaps(figure *f, const heap_axis *a, const table *t,
                        size_t group) {
  f->x.log = true;
  f->x.label = a->kind == HEAP_BYTES ? "heap limit, MiB"
               : a->kind == HEAP_OF_MINIMUM
                   ? "heap limit ÷ the collector's smallest"
                   : "heap limit ÷ bytes to be held";
  f->x.from = a->kind == HEAP_BYTES ? NAN : 1;
  f->x.to = a->none ? 1.9 * a->largest : NAN;
  json_t *seen = json_object();
  for (size_t i = 0; i < t->groups[group].rows_count; i++) {
    const char *heap = panel_text(panel_row(t, group, i), "heap");
    if (json_object_get(seen, heap))
      continue;
    json_object_set_new(seen, heap, json_true());
    figure_add_tic(&f->x, place_of(a, heap), heap);
  }
  if (a->kind != HEAP_BYTES && !json_object_get(seen, "1x"))
    figure_add_tic(&f->x, 1, "1x");
  json_decref(seen);
}

/* What failed is marked at its size; what was not run is not. */
static bool is_failure(const char *text) {
  return *text && strncmp(text, "ok", 2) != 0 && strncmp(text, "n/a", 3) != 0 &&
         strncmp(text, "not run", 7) != 0 && !strstr(text, "(declared)");
}

static void add_cost(figure *f, json_t *styles, const table_row *row,
                     const char *column, const heap_axis *axis) {
  const char *name = panel_text(row, "collector");
  const char *outcome = panel_text(row, "verdict");
  const double x = place_of(axis, panel_text(row, "heap"));
  const figure_point p = {x, table_real(row, column),
                          table_real(row, arena_text("%s_low", column)),
                          table_real(row, arena_text("%s_high", column))};
  if (!isnan(p.y))
    figure_add(panel_series(f, styles, name, SERIES_LINE), p, NULL);
  else if (is_failure(outcome))
    figure_add(panel_series(f, styles, name, SERIES_FAILED), p,
               arena_text("%.*s", (int)strcspn(outcome, " :"), outcome));
}

/* From this ratio on the axis is logarithmic. */
#define LARGE_RATIO 8

/* The axis ends above the highest point: an interval that is far wider than all
 * differences would hide them, and is cut off. */
static void fit_to_points(figure *f) {
  double most = 0, interval = 0;
  for (size_t i = 0; i < f->count; i++)
    for (size_t k = 0; k < f->series[i].count; k++) {
      most = fmax(most, f->series[i].points[k].y);
      interval = fmax(interval, f->series[i].points[k].high);
    }
  const double room = 1 + 1.3 * (most - 1);
  if (interval > room)
    f->y.to = room;
  f->y.log = most > LARGE_RATIO;
  for (double at = 1; f->y.log && at < 1e6; at *= 10)
    for (int k = 0; k < 3; k++) {
      const double tic = at * (const double[]){1, 2, 5}[k];
      figure_add_tic(&f->y, tic, arena_text("%.0f", tic));
    }
}

/* Sets the lines apart by a little on the logarithmic axis, so that their
 * intervals do not lie upon each other. */
static void dodge(figure *f) {
  double lines = 0, line = 0;
  for (size_t i = 0; i < f->count; i++)
    lines += f->series[i].kind == SERIES_LINE;
  for (size_t i = 0; i < f->count; i++) {
    if (f->series[i].kind != SERIES_LINE)
      continue;
    for (size_t k = 0; k < f->series[i].count; k++)
      f->series[i].points[k].x *= pow(1.015, line - (lines - 1) / 2);
    line++;
  }
}

static panels overhead(const report *r, json_t *styles, const char *column,
                       const char *label) {
  panels all = {0};
  const table *t = panel_rows(report_lbo(r));
  for (size_t g = 0; t && g < t->groups_count; g++) {
    const heap_axis axis = axis_of(t, g);
    if (axis.mixed || axis.kind == HEAP_UNLIMITED ||
        !strcmp(panel_text(panel_row(t, g, 0), "workload"), "geomean"))
      continue;
    figure *f = figure_new(t->groups[g].title, "");
    label_heaps(f, &axis, t, g);
    f->y.label = label;
    f->y.from = 1;
    for (size_t i = 0; i < t->groups[g].rows_count; i++)
      add_cost(f, styles, panel_row(t, g, i), column, &axis);
    fit_to_points(f);
    panels_add(&all, f, t, g,
               "Overhead over the cheapest run less its pauses, by the size of "
               "the heap, both from 1.");
    dodge(f); /* after the places on the axis were counted */
  }
  return all;
}

panels figures_overhead(const report *r, json_t *styles) {
  return overhead(r, styles, "lbo_wall", "wall time ÷ lower bound");
}

panels figures_overhead_cpu(const report *r, json_t *styles) {
  return overhead(r, styles, "lbo_cpu", "CPU time ÷ lower bound");
}

/* ------------------------------------------------------------------------- *
 * Pauses and requests by percentile.
 * ------------------------------------------------------------------------- */

/* -log10 of the share above: 0 for none, 1 for p90, 2 for p99.  The longest of
 * n times has half a time above it. */
static double nines(const table_row *row) {
  const double percentile = table_real(row, "percentile");
  const double above =
      percentile < 100 ? 1 - percentile / 100 : 0.5 / table_real(row, "count");
  return -log10(above);
}

panels figures_percentiles(const report *r, json_t *styles) {
  static const char *const labels[] = {"p50",    "p90", "p99",     "p99.9",
                                       "p99.99", "",    "p99.9999"};
  panels all = {0};
  const char *heap = standing_heap(r);
  const table *t = panel_rows(report_percentiles(r));
  for (size_t g = 0; t && g < t->groups_count; g++) {
    if (!panel_in_heap(t, g, heap) || strstr(t->groups[g].title, "over 100 ms"))
      continue;
    figure *f = figure_new(t->groups[g].title, "");
    f->x.label = "percentile, by log(1 − p)";
    f->y.label = "time";
    f->y.log = true;
    figure_add_tic(&f->x, log10(2), labels[0]);
    for (int k = 1; k < 7; k++)
      if (k != 5) /* for which there is no room beside its neighbours */
        figure_add_tic(&f->x, k, labels[k]);
    for (size_t i = 0; i < t->groups[g].rows_count; i++) {
      const table_row *row = panel_row(t, g, i);
      const double time = table_real(row, "time_ns");
      if (time > 0) /* a logarithm has no 0 */
        figure_add(
            panel_series(f, styles, panel_text(row, "collector"), SERIES_LINE),
            (figure_point){nines(row), time, NAN, NAN}, NULL);
    }
    figure_time_tics(f);
    panels_add(
        &all, f, t, g,
        "Times by percentile, both axes logarithmic; the last point of a "
        "line is the longest.");
  }
  return all;
}

/* ------------------------------------------------------------------------- *
 * Mutator utilisation.
 * ------------------------------------------------------------------------- */

panels figures_mmu(const report *r, json_t *styles) {
  panels all = {0};
  const char *heap = standing_heap(r);
  const table *t = panel_rows(report_mmu(r));
  for (size_t g = 0; t && g < t->groups_count; g++) {
    if (!panel_in_heap(t, g, heap))
      continue;
    figure *f = figure_new(t->groups[g].title, "");
    f->x.label = "window, ms";
    f->x.log = true;
    f->y = (figure_axis){.label = "utilisation", .from = 0, .to = 1};
    for (size_t i = 0; i < t->groups[g].rows_count; i++) {
      const table_row *row = panel_row(t, g, i);
      const char *name = panel_text(row, "collector");
      const double window = table_real(row, "window_ns") / 1e6;
      if (isnan(table_real(row, "mmu")))
        continue;
      figure_add(panel_series(f, styles, name, SERIES_LINE),
                 (figure_point){window, table_real(row, "mmu"), NAN, NAN},
                 NULL);
      figure_add(panel_series(f, styles, name, SERIES_DASHED),
                 (figure_point){window, table_real(row, "bmu"), NAN, NAN},
                 NULL);
    }
    /* Of 1, 2, 5, 10, ... the powers of ten: there is room for them. */
    for (size_t k = 0; k < REPORT_WINDOWS; k += 3) {
      const double window = (double)report_windows_ns[k] / 1e6;
      figure_add_tic(&f->x, window, arena_text("%g", window));
    }
    panels_add(&all, f, t, g,
               "The least share of time left to the program in any window of "
               "that length, from 0 to 1; dotted: of that length or longer.");
  }
  return all;
}

/* ------------------------------------------------------------------------- *
 * Growth.
 * ------------------------------------------------------------------------- */

panels figures_growth(const report *r, json_t *styles) {
  panels all = {0};
  const table *t = panel_rows(report_growth(r));
  for (size_t g = 0; t && g < t->groups_count; g++) {
    figure *f = figure_new(t->groups[g].title, "");
    double least = INFINITY, most = 0;
    f->x.label = "live objects";
    f->x.log = f->y.log = true;
    for (size_t i = 0; i < t->groups[g].rows_count; i++) {
      const table_row *row = panel_row(t, g, i);
      if (isnan(table_real(row, "op_ns")))
        continue;
      figure_add(
          panel_series(f, styles, panel_text(row, "collector"), SERIES_LINE),
          (figure_point){table_real(row, "objects"), table_real(row, "op_ns"),
                         table_real(row, "low_ns"), table_real(row, "high_ns")},
          NULL);
      figure_add_tic(&f->x, table_real(row, "objects"),
                     panel_shown(row, "objects"));
      least = fmin(least, table_real(row, "objects"));
      most = fmax(most, table_real(row, "objects"));
    }
    /* A little more, so that the first and the last point stand clear. */
    f->x.from = least / 1.3;
    f->x.to = most * 1.3;
    f->y.label = "time of one op, ns";
    panels_add(&all, f, t, g,
               "Time of one op by the number of live objects, both axes "
               "logarithmic.");
  }
  return all;
}
