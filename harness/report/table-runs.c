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
     .help = "time with instruments over time without, of the same "
             "invocation: median"},
    {.name = "noise_percent",
     .kind = TABLE_PERCENT,
     .help = "half the interval (or range) of the ratio"},
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

/* Of each invocation that ran with instruments and without, the ratio of its
 * times, and the times.  The two run one after the other, so that a machine
 * that becomes slower from one invocation to the next changes no ratio. */
typedef struct observed {
  double *ratios, *on, *off;
  size_t n;
} observed;

static observed observed_of(const report_cell *c) {
  observed o = {.n = 0};
  o.ratios = arena_take(c->untimed_count * sizeof *o.ratios);
  o.on = arena_take(c->untimed_count * sizeof *o.on);
  o.off = arena_take(c->untimed_count * sizeof *o.off);
  for (size_t i = 0; i < c->untimed_count; i++)
    for (size_t k = 0; k < c->count; k++) {
      const double on = c->samples[k].clock, off = c->untimed[i].wall;
      if (c->samples[k].invocation != c->untimed[i].invocation ||
          !(on > 0 && off > 0))
        continue;
      o.on[o.n] = on;
      o.off[o.n] = off;
      o.ratios[o.n++] = on / off;
    }
  return o;
}

static observed add_observer(const report *r, const report_cell *c, table *t) {
  table_row *row = report_add_row(t, c, report_work_title(c));
  report_set_runs(row, r, c, c->untimed_count);
  if (!report_is_good(c) || !report_compares_time(c)) {
    report_show_status(row, "ratio", c);
    return (observed){.n = 0};
  }
  const observed o = observed_of(c);
  if (!o.n) {
    table_show(row, "ratio", "–");
    return o;
  }
  const double ratio = stat_summarize(o.ratios, o.n).median;
  table_set_real(row, "ratio", ratio);
  table_set_real(row, "on_ns", stat_summarize(o.on, o.n).median);
  table_set_real(row, "off_ns", stat_summarize(o.off, o.n).median);
  table_show(row, "ratio", "%.3f", ratio);
  if (o.n > 1) {
    const double noise =
        100 * stat_half_spread(o.ratios, o.n, REPORT_CONFIDENCE);
    table_set_real(row, "noise_percent", noise);
    table_show(row, "ratio", "%.3f ±%.2g%%", ratio, noise);
  }
  return o;
}

/* The ratio of all cells: "all cells: 1.010 [0.998, 1.021]". */
static void say_all_observed(page *p, const stat_pair *pairs, size_t n) {
  if (n < 2)
    return;
  const stat_interval x =
      stat_bootstrap(pairs, n, STAT_MEDIAN, REPORT_CONFIDENCE, STAT_SEED);
  page_text(p, PAGE_PARAGRAPH,
            "All %zu cells: %.3f [%.3f, %.3f], geometric mean and 95 %% "
            "interval (bootstrap).",
            n, stat_geomean(pairs, n, STAT_MEDIAN), x.low, x.high);
}

page *report_observer(const report *r) {
  static const double one = 1;
  table *t = table_new(observer_columns, OBSERVER_COLUMNS);
  t->cross = &observer_cross;
  stat_pair *pairs = arena_take(r->count * sizeof *pairs);
  size_t n = 0;
  for (size_t i = 0; i < r->count; i++) {
    const observed o = add_observer(r, &r->cells[i], t);
    if (o.n)
      pairs[n++] = (stat_pair){o.ratios, o.n, &one, 1};
  }
  page *p = report_cross_page(
      r, t, "observer",
      "time with instruments over time without, of the same invocation: median "
      "± half its interval (or range)");
  if (p)
    say_all_observed(p, pairs, n);
  return p;
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
