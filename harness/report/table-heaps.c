/* table-heaps.c: the tables time-space and lbo: what collectors cost, by the
 * size of the heap. */
#include "tables.h"
#include "harness/base/arena.h"
#include "harness/base/heap-size.h"
#include "harness/stats/interval.h"
#include "harness/stats/lbo.h"
#include "harness/stats/rates.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <string.h>

enum { TIME_SPACE_COLUMNS = 13, LBO_COLUMNS = 13 };

static const table_column time_space_columns[TIME_SPACE_COLUMNS] = {
    CELL_COLUMNS,
    {.name = "ratio",
     .kind = TABLE_RATIO,
     .help = "median wall time over the best of the workload"},
    {.name = "wall_ns", .kind = TABLE_TIME, .help = "median wall time"},
    {.name = "wall_low_ns",
     .kind = TABLE_TIME,
     .help = "95 % interval of the median"},
    {.name = "wall_high_ns", .kind = TABLE_TIME, .help = "its upper end"},
    {.name = "spread_percent",
     .kind = TABLE_PERCENT,
     .help = "half that interval, or half the range, in % of it"},
    RUNS_COLUMNS("invocations; of a geomean: workloads"),
    {.name = "slowdown_percent",
     .kind = TABLE_PERCENT,
     .help = "more time than in this collector's roomiest heap (DaCapo's "
             "GSS)"}};

static const table_column lbo_columns[LBO_COLUMNS] = {
    CELL_COLUMNS,
    {.name = "lbo_wall",
     .kind = TABLE_RATIO,
     .help = "wall time over the wall baseline"},
    {.name = "lbo_cpu",
     .kind = TABLE_RATIO,
     .help = "CPU time over the CPU baseline"},
    {.name = "naive_wall_percent",
     .kind = TABLE_PERCENT,
     .help = "stops and pauses of single mutators by their share of the "
             "threads, of the wall time"},
    {.name = "naive_cpu_percent",
     .kind = TABLE_PERCENT,
     .help = "time of the threads that report pauses in those, of the CPU "
             "time"},
    {.name = "baseline_wall_ns",
     .kind = TABLE_TIME,
     .help = "least wall time less its pauses, of all collectors and heaps"},
    {.name = "baseline_cpu_ns",
     .kind = TABLE_TIME,
     .help = "least CPU time less its pauses"},
    RUNS_COLUMNS("invocations; of a geomean: workloads")};

/* A heap without a limit is the roomiest: it stands last. */
static const table_cross time_space_cross = {"collector", "heap", "ratio",
                                             "collector", "none"};
static const table_cross lbo_cross = {"collector", "heap", "lbo_wall",
                                      "collector", "none"};

static bool same_work(const report_cell *a, const report_cell *b) {
  return !strcmp(a->workload, b->workload) && a->threads == b->threads;
}

/* ------------------------------------------------------------------------- *
 * Geometric means over the workloads.
 * ------------------------------------------------------------------------- */

static bool same_text(const table_row *a, const table_row *b,
                      const char *column) {
  return !strcmp(table_get(a, column)->text, table_get(b, column)->text);
}

/* Of each row, whether all collectors completed its workload in its heap. */
static bool *find_complete(const table *t, const char *column) {
  bool *complete = arena_take(t->rows_count * sizeof *complete);
  for (size_t i = 0; i < t->rows_count; i++) {
    complete[i] = true;
    for (size_t k = 0; k < t->rows_count; k++)
      if (t->rows[k]->group == t->rows[i]->group &&
          same_text(t->rows[k], t->rows[i], "heap") &&
          isnan(table_real(t->rows[k], column)))
        complete[i] = false;
  }
  return complete;
}

/* Adds, for each collector and heap, the geometric means of the columns: only
 * over the workloads that all collectors completed in that heap, because means
 * over different sets cannot be compared. */
static void add_geomeans(table *t, const char *const columns[2]) {
  enum { MEANS = 2 };
  size_t count = t->rows_count;
  bool *complete = find_complete(t, columns[0]);
  for (size_t i = 0; i < count; i++) {
    const table_row *like = t->rows[i];
    bool first = true;
    size_t done = 0, of = 0;
    double logs[MEANS] = {0};
    for (size_t k = 0; k < count; k++) {
      const table_row *row = t->rows[k];
      if (!same_text(row, like, "collector") || !same_text(row, like, "heap"))
        continue;
      first &= k >= i;
      of++;
      if (!complete[k])
        continue;
      done++;
      for (size_t m = 0; m < MEANS && columns[m]; m++)
        logs[m] += log(table_real(row, columns[m]));
    }
    if (!first || of < 2)
      continue;
    const report_cell mean = {.workload = "geomean",
                              .collector = table_get(like, "collector")->text,
                              .heap = table_get(like, "heap")->text,
                              .verdict = VERDICT_OK};
    table_row *row =
        report_add_row(t, &mean,
                       "geometric mean over the workloads that all collectors "
                       "completed in that heap");
    const char *shown = done ? "" : "–";
    for (size_t m = 0; m < MEANS && columns[m] && done; m++) {
      double value = exp(logs[m] / (double)done);
      table_set_real(row, columns[m], value);
      shown = arena_text("%s%s%.3g", shown, m ? " / " : "", value);
    }
    table_set_real(row, "runs", (double)done);
    table_set_real(row, "runs_planned", (double)of);
    table_show(row, columns[0], "%s [%zu of %zu]", shown, done, of);
  }
}

/* ------------------------------------------------------------------------- *
 * Time and space.
 * ------------------------------------------------------------------------- */

/* The same work by the same collector in the roomiest heap in which it is good;
 * NULL if heaps of several kinds cannot be compared. */
static const report_cell *roomiest(const report *r, const report_cell *c) {
  const report_cell *best = c;
  heap_size most, heap;
  heap_size_read(c->heap, &most);
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *other = &r->cells[i];
    if (!same_work(c, other) || strcmp(c->collector, other->collector) ||
        !report_is_good(other))
      continue;
    heap_size_read(other->heap, &heap);
    if (!heap_size_comparable(&heap, &most))
      return NULL;
    if (heap_size_larger(&heap, &most)) {
      most = heap;
      best = other;
    }
  }
  return best;
}

static void add_time_space(const report *r, const report_cell *c, double best,
                           table *t) {
  table_row *row = report_add_row(t, c, report_work_title(c));
  report_set_runs(row, r, c, c->count);
  double *walls = report_numbers(c, sample_wall);
  if (!walls) {
    report_show_status(row, "ratio", c);
    return;
  }
  stat_interval interval =
      stat_median_interval(walls, c->count, REPORT_CONFIDENCE);
  double spread = stat_half_spread(walls, c->count, REPORT_CONFIDENCE);
  double median = stat_summarize(walls, c->count).median;
  table_set_real(row, "ratio", median / best);
  table_set_real(row, "wall_ns", median);
  table_set_real(row, "wall_low_ns", interval.low);
  table_set_real(row, "wall_high_ns", interval.high);
  const report_cell *roomy = roomiest(r, c);
  if (roomy)
    table_set_real(row, "slowdown_percent",
                   100 *
                       stat_growth(median, report_median(roomy, sample_wall)));
  if (c->count > 1) {
    table_set_real(row, "spread_percent", 100 * spread);
    table_show(row, "ratio", "%.3g ±%.2g%%", median / best, 100 * spread);
  } else
    table_show(row, "ratio", "%.3g", median / best);
}

page *report_time_space(const report *r) {
  table *t = table_new(time_space_columns, TIME_SPACE_COLUMNS);
  t->cross = &time_space_cross;
  for (size_t i = 0; i < r->count; i++) {
    double best = NAN;
    for (size_t k = 0; k < r->count; k++)
      if (same_work(&r->cells[i], &r->cells[k]))
        best = fmin(best, report_median(&r->cells[k], sample_wall));
    add_time_space(r, &r->cells[i], best, t);
  }
  add_geomeans(t, (const char *const[]){"ratio", NULL});
  return report_cross_page(
      r, t, "time-space",
      "median wall time over that of the best collector and heap, ± half its "
      "95 % interval (of fewer than 6 invocations: half their range)");
}

/* ------------------------------------------------------------------------- *
 * Lower-bound overhead.
 * ------------------------------------------------------------------------- */

static double sample_cpu(const report_sample *s) {
  return sample_metric(s, "cpu_ns");
}
static double distilled_wall(const report_sample *s) {
  return sample_wall(s) - s->gc_wall;
}
static double distilled_cpu(const report_sample *s) {
  return sample_cpu(s) - s->gc_cpu;
}

/* A time, all of it and without what is certainly the collector's. */
typedef struct cost {
  sample_number *total, *distilled;
} cost;

static const cost wall = {sample_wall, distilled_wall};
static const cost cpu = {sample_cpu, distilled_cpu};

/* The medians of a cell's costs; false if the cell has no numbers. */
static bool read_cost(const report_cell *c, cost of, lbo_row *row) {
  row->total = report_median(c, of.total);
  row->attributed = row->total - report_median(c, of.distilled);
  return !isnan(row->total) && !isnan(row->attributed);
}

static double find_baseline(const report *r, const report_cell *c, cost of) {
  lbo_row *all = arena_take(r->count * sizeof *all);
  size_t n = 0;
  for (size_t i = 0; i < r->count; i++)
    if (same_work(c, &r->cells[i]) && read_cost(&r->cells[i], of, &all[n]))
      n++;
  return lbo_baseline(all, n);
}

page *report_lbo(const report *r) {
  table *t = table_new(lbo_columns, LBO_COLUMNS);
  t->cross = &lbo_cross;
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    table_row *row = report_add_row(t, c, report_work_title(c));
    lbo_row of_wall, of_cpu;
    report_set_runs(row, r, c, c->count);
    if (!read_cost(c, wall, &of_wall) || !read_cost(c, cpu, &of_cpu)) {
      report_show_status(row, "lbo_wall", c);
      continue;
    }
    double wall_base = find_baseline(r, c, wall);
    double cpu_base = find_baseline(r, c, cpu);
    double naive = 100 * lbo_naive_share(of_wall);
    table_set_real(row, "lbo_wall", lbo_of(of_wall, wall_base));
    table_set_real(row, "lbo_cpu", lbo_of(of_cpu, cpu_base));
    table_set_real(row, "naive_wall_percent", naive);
    table_set_real(row, "naive_cpu_percent", 100 * lbo_naive_share(of_cpu));
    table_set_real(row, "baseline_wall_ns", wall_base);
    table_set_real(row, "baseline_cpu_ns", cpu_base);
    table_show(row, "lbo_wall", "%.3g / %.3g (%.1f%%)",
               lbo_of(of_wall, wall_base), lbo_of(of_cpu, cpu_base), naive);
  }
  add_geomeans(t, (const char *const[]){"lbo_wall", "lbo_cpu"});
  return report_cross_page(
      r, t, "lbo",
      "lower bound of the overhead in wall time / in CPU time (the naive "
      "share: wall time in pauses); 1 is the cheapest run of the workload less "
      "its pauses");
}
