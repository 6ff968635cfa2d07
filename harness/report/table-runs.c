/* table-runs.c: the tables observer and stability: whether the runs of a cell
 * can be trusted. */
#include "tables.h"
#include "exercise.h"
#include "harness/base/arena.h"
#include "harness/stats/interval.h"
#include "harness/stats/series.h"
#include "harness/stats/summary.h"

#include <math.h>

enum { OBSERVER_COLUMNS = 11, STABILITY_COLUMNS = 9 };

static const table_column observer_columns[OBSERVER_COLUMNS] = {
    CELL_COLUMNS,
    {.name = "ratio",
     .kind = TABLE_RATIO,
     .help = "time with instruments over time without"},
    {.name = "noise_percent",
     .kind = TABLE_PERCENT,
     .help = "half the intervals (or ranges) of both, added"},
    {.name = "on_ns",
     .kind = TABLE_TIME,
     .help = "median time with instruments, theirs and skipped stretches "
             "included"},
    {.name = "off_ns", .kind = TABLE_TIME, .help = "median time without"},
    RUNS_COLUMNS("invocations without instruments")};

static const table_column stability_columns[STABILITY_COLUMNS] = {
    CELL_COLUMNS,
    {.name = "steady_at",
     .kind = TABLE_INTEGER,
     .absent = "–",
     .help = "invocation that ended the first such window; 0: none"},
    {.name = "steady_mean_ns",
     .kind = TABLE_TIME,
     .help = "mean wall time of that window"},
    {.name = "slope_percent",
     .kind = TABLE_PERCENT,
     .help = "change with each invocation, in % of the median"},
    {.name = "runs", .kind = TABLE_INTEGER, .help = "invocations"}};

static const table_cross observer_cross = {"collector", "heap", "ratio",
                                           "collector", "none"};
static const table_cross stability_cross = {"collector", "heap", "steady_at",
                                            "collector", "none"};

/* ------------------------------------------------------------------------- *
 * The cost of the instruments.
 * ------------------------------------------------------------------------- */

static void add_observer(const report *r, const report_cell *c, table *t) {
  table_row *row = report_add_row(t, c, report_work_title(c));
  report_set_runs(row, r, c, c->untimed_count);
  double *on = c->untimed_count ? report_numbers(c, sample_clock) : NULL;
  if (!on) {
    if (report_is_good(c) && report_compares_time(c))
      table_show(row, "ratio", "–");
    else
      report_show_status(row, "ratio", c);
    return;
  }
  size_t n = c->untimed_count < c->count ? c->untimed_count : c->count;
  double noise =
      100 * (stat_half_spread(on, c->count, REPORT_CONFIDENCE) +
             stat_half_spread(c->untimed, c->untimed_count, REPORT_CONFIDENCE));
  double with = stat_summarize(on, c->count).median;
  double without = stat_summarize(c->untimed, c->untimed_count).median;
  table_set_real(row, "on_ns", with);
  table_set_real(row, "off_ns", without);
  table_set_real(row, "ratio", with / without);
  if (n > 1) {
    table_set_real(row, "noise_percent", noise);
    table_show(row, "ratio", "%.3f ±%.2g%%", with / without, noise);
  } else
    table_show(row, "ratio", "%.3f", with / without);
}

page *report_observer(const report *r) {
  table *t = table_new(observer_columns, OBSERVER_COLUMNS);
  t->cross = &observer_cross;
  for (size_t i = 0; i < r->count; i++)
    add_observer(r, &r->cells[i], t);
  return report_cross_page(
      r, t, "observer",
      "time with instruments over time without, medians, ± the noise of both");
}

/* ------------------------------------------------------------------------- *
 * Stability: the invocations in the order in which they were run.
 * ------------------------------------------------------------------------- */

enum { STEADY_WINDOW = 3 };
#define STEADY_LIMIT 0.02

static void add_stability(const report_cell *c, table *t) {
  table_row *row = report_add_row(t, c, report_work_title(c));
  table_set_real(row, "runs", (double)c->count);
  double *times = report_numbers(c, sample_clock), mean = NAN;
  if (!report_is_good(c) || !report_compares_time(c)) {
    report_show_status(row, "steady_at", c);
    return;
  }
  if (!times || c->count < STEADY_WINDOW)
    return;
  size_t at = stat_steady(times, c->count, STEADY_WINDOW, STEADY_LIMIT, &mean);
  double slope = 100 * stat_theil_sen(times, c->count) /
                 stat_summarize(times, c->count).median;
  table_set_real(row, "steady_at", (double)at);
  table_set_real(row, "steady_mean_ns", mean);
  table_set_real(row, "slope_percent", slope);
  if (at)
    table_show(row, "steady_at", "at %zu, %+.2f%%", at, slope);
  else
    table_show(row, "steady_at", "not steady, %+.2f%%", slope);
}

page *report_stability(const report *r) {
  table *t = table_new(stability_columns, STABILITY_COLUMNS);
  t->cross = &stability_cross;
  for (size_t i = 0; i < r->count; i++)
    add_stability(&r->cells[i], t);
  return report_cross_page(
      r, t, "stability",
      "invocation at which three in a row varied by 2 % or less (standard "
      "deviation over mean); change from one to the next (Theil and Sen's "
      "slope, in % of the median)");
}
