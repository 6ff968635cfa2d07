/* figures.c: see figures.h. */
#include "figures.h"
#include "format.h"
#include "latency.h"
#include "harness/base/heap-size.h"
#include "harness/output/emit.h"
#include "harness/output/text.h"
#include "harness/stats/interval.h"
#include "harness/stats/lbo.h"
#include "harness/stats/rates.h"
#include "harness/stats/series.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p) {
  if (p)
    return p;
  fprintf(stderr, "reapmark: out of memory\n");
  exit(1);
}

char *figure_text(const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *out = NULL;
  if (vasprintf(&out, format, args) < 0)
    out = must(NULL);
  va_end(args);
  return out;
}

/* ------------------------------------------------------------------------- *
 * Rows.
 * ------------------------------------------------------------------------- */

figure_row *figure_add(figure_rows *rows, const report_cell *c, char *group,
                       const char *column) {
  char verdict_text[VERDICT_TEXT];
  rows->items =
      must(realloc(rows->items, (rows->count + 1) * sizeof *rows->items));
  figure_row *row = &rows->items[rows->count++];
  *row = (figure_row){
      .group = group,
      .workload = figure_text("%s", c->workload),
      .collector = figure_text("%s", c->collector),
      .column = figure_text("%s", column),
      .heap = figure_text("%s", c->heap),
      .status = figure_text("%s", report_verdict_text(verdict_text, c)),
      .threads = c->threads};
  for (size_t i = 0; i < FIGURE_FIELDS; i++)
    row->values[i] = NAN;
  return row;
}

/* What stands for a cell without numbers: the verdict's first word. */
static char *status_text(const report_cell *c) {
  char verdict_text[VERDICT_TEXT];
  report_verdict_text(verdict_text, c);
  size_t n = strcspn(verdict_text, " :");
  return c->verdict == VERDICT_NOT_RUN
             ? figure_text("…")
             : figure_text("%.*s", (int)n, verdict_text);
}

void figure_free(figure_rows *rows) {
  for (size_t i = 0; i < rows->count; i++) {
    figure_row *row = &rows->items[i];
    char *const texts[] = {row->group,  row->workload, row->collector,
                           row->column, row->heap,     row->status,
                           row->text,   row->note};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
      free(texts[k]);
  }
  free(rows->items);
  *rows = (figure_rows){0};
}

static bool same_work(const report_cell *a, const report_cell *b) {
  return !strcmp(a->workload, b->workload) && a->threads == b->threads;
}

static char *work_title(const report_cell *c) {
  return figure_text("%s, %d thread%s", c->workload, c->threads,
                     c->threads == 1 ? "" : "s");
}

/* One number of every invocation, into an array of the caller; false if one of
 * them has none. */
static bool collect(const report_cell *c, double (*of)(const report_sample *s),
                    double *out) {
  for (size_t i = 0; i < c->count; i++) {
    out[i] = of(&c->samples[i]);
    if (isnan(out[i]))
      return false;
  }
  return c->count > 0 && report_is_good(c);
}

static double median_of(const report_cell *c,
                        double (*of)(const report_sample *s)) {
  double *values = must(malloc((c->count + 1) * sizeof *values));
  double median = NAN;
  if (collect(c, of, values))
    median = stat_summarize(values, c->count).median;
  free(values);
  return median;
}

static double value_of(const report_sample *s, const char *name) {
  return s->values[metric_find(name) - metrics];
}
static double wall_of(const report_sample *s) {
  return value_of(s, "wall_ns");
}
static double cpu_of(const report_sample *s) {
  return value_of(s, "cpu_ns");
}
static double distilled_wall_of(const report_sample *s) {
  return wall_of(s) - s->gc_wall;
}
static double distilled_cpu_of(const report_sample *s) {
  return cpu_of(s) - s->gc_cpu;
}
static double clock_of(const report_sample *s) {
  return s->clock;
}

/* Geometric means over the workloads, for each collector and heap, of some
 * fields of the rows there are: only over the workloads that all collectors
 * completed in that heap, or the sets would differ.  `show` makes the text of
 * the mean. */
static void add_geomeans(figure_rows *rows, const size_t *fields, size_t n,
                         size_t field_done, size_t field_of,
                         char *(*show)(const double *values)) {
  size_t count = rows->count;
  bool *complete = must(malloc((count + 1) * sizeof *complete));
  for (size_t i = 0; i < count; i++) {
    complete[i] = true;
    for (size_t k = 0; k < count; k++)
      if (!strcmp(rows->items[k].group, rows->items[i].group) &&
          !strcmp(rows->items[k].heap, rows->items[i].heap) &&
          isnan(rows->items[k].values[fields[0]]))
        complete[i] = false;
  }
  for (size_t i = 0; i < count; i++) {
    const char *collector = rows->items[i].collector;
    const char *heap = rows->items[i].heap;
    bool first = true;
    size_t done = 0, of = 0;
    double logs[FIGURE_FIELDS] = {0};
    for (size_t k = 0; k < count; k++) {
      const figure_row *row = &rows->items[k];
      if (strcmp(row->collector, collector) || strcmp(row->heap, heap))
        continue;
      first &= k >= i;
      of++;
      if (!complete[k])
        continue;
      done++;
      for (size_t f = 0; f < n; f++)
        logs[f] += log(row->values[fields[f]]);
    }
    if (!first || of < 2)
      continue;
    const report_cell mean = {.workload = "geomean",
                              .collector = collector,
                              .heap = heap,
                              .verdict = VERDICT_OK};
    char *group =
        figure_text("geometric mean over the workloads that all collectors "
                    "completed in that heap");
    figure_row *row = figure_add(rows, &mean, group, heap);
    for (size_t f = 0; f < n && done; f++)
      row->values[fields[f]] = exp(logs[f] / (double)done);
    row->values[field_done] = (double)done;
    row->values[field_of] = (double)of;
    char *shown = done ? show(row->values) : figure_text("–");
    row->text = figure_text("%s [%zu of %zu]", shown, done, of);
    free(shown);
  }
  free(complete);
}

/* ------------------------------------------------------------------------- *
 * Time and space.
 * ------------------------------------------------------------------------- */

enum {
  TS_RATIO,
  TS_WALL,
  TS_LOW,
  TS_HIGH,
  TS_SPREAD,
  TS_DONE,
  TS_OF,
  TS_GROWTH
};

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

static char *show_ratio(const double *values) {
  return figure_text("%.3g", values[TS_RATIO]);
}

static void add_time_space(const report *r, const report_cell *c, double best,
                           figure_rows *out) {
  double *values = must(malloc((c->count + 1) * sizeof *values));
  figure_row *row = figure_add(out, c, work_title(c), c->heap);
  if (collect(c, wall_of, values)) {
    stat_interval interval =
        stat_median_interval(values, c->count, REPORT_CONFIDENCE);
    double spread = stat_half_spread(values, c->count, REPORT_CONFIDENCE);
    double median = stat_summarize(values, c->count).median;
    row->values[TS_RATIO] = median / best;
    row->values[TS_WALL] = median;
    row->values[TS_LOW] = interval.low;
    row->values[TS_HIGH] = interval.high;
    const report_cell *roomy = roomiest(r, c);
    if (roomy)
      row->values[TS_GROWTH] =
          100 * stat_growth(median, median_of(roomy, wall_of));
    if (c->count > 1)
      row->values[TS_SPREAD] = 100 * spread;
    row->text = c->count > 1
                    ? figure_text("%.3g ±%.2g%%", median / best, 100 * spread)
                    : figure_text("%.3g", median / best);
  } else
    row->text = status_text(c);
  row->values[TS_DONE] = (double)c->count;
  row->values[TS_OF] = c->missing ? 0 : (double)r->invocations;
  free(values);
}

static void make_time_space(const report *r, figure_rows *out) {
  static const size_t ratio[] = {TS_RATIO};
  for (size_t i = 0; i < r->count; i++) {
    double best = NAN;
    for (size_t k = 0; k < r->count; k++)
      if (same_work(&r->cells[i], &r->cells[k]))
        best = fmin(best, median_of(&r->cells[k], wall_of));
    add_time_space(r, &r->cells[i], best, out);
  }
  add_geomeans(out, ratio, 1, TS_DONE, TS_OF, show_ratio);
}

/* ------------------------------------------------------------------------- *
 * Lower-bound overhead.
 * ------------------------------------------------------------------------- */

enum {
  LBO_WALL,
  LBO_CPU,
  LBO_NAIVE_WALL,
  LBO_NAIVE_CPU,
  LBO_WALL_BASE,
  LBO_CPU_BASE,
  LBO_DONE,
  LBO_OF
};

/* Total and attributed, by their medians; false if the cell has no numbers. */
static bool lbo_row_of(const report_cell *c,
                       double (*total)(const report_sample *s),
                       double (*distilled)(const report_sample *s),
                       lbo_row *row) {
  row->total = median_of(c, total);
  row->attributed = row->total - median_of(c, distilled);
  return !isnan(row->total) && !isnan(row->attributed);
}

static double lbo_base_of(const report *r, const report_cell *c,
                          double (*total)(const report_sample *s),
                          double (*distilled)(const report_sample *s)) {
  lbo_row *all = must(malloc((r->count + 1) * sizeof *all));
  size_t n = 0;
  for (size_t i = 0; i < r->count; i++)
    if (same_work(c, &r->cells[i]) &&
        lbo_row_of(&r->cells[i], total, distilled, &all[n]))
      n++;
  double base = lbo_baseline(all, n);
  free(all);
  return base;
}

static char *show_lbo(const double *values) {
  return figure_text("%.3g / %.3g", values[LBO_WALL], values[LBO_CPU]);
}

static void make_lbo(const report *r, figure_rows *out) {
  static const size_t overheads[] = {LBO_WALL, LBO_CPU};
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    figure_row *row = figure_add(out, c, work_title(c), c->heap);
    lbo_row wall, cpu;
    if (lbo_row_of(c, wall_of, distilled_wall_of, &wall) &&
        lbo_row_of(c, cpu_of, distilled_cpu_of, &cpu)) {
      double *v = row->values;
      v[LBO_WALL_BASE] = lbo_base_of(r, c, wall_of, distilled_wall_of);
      v[LBO_CPU_BASE] = lbo_base_of(r, c, cpu_of, distilled_cpu_of);
      v[LBO_WALL] = lbo_of(wall, v[LBO_WALL_BASE]);
      v[LBO_CPU] = lbo_of(cpu, v[LBO_CPU_BASE]);
      v[LBO_NAIVE_WALL] = 100 * lbo_naive_share(wall);
      v[LBO_NAIVE_CPU] = 100 * lbo_naive_share(cpu);
      row->text = figure_text("%.3g / %.3g (%.1f%%)", v[LBO_WALL], v[LBO_CPU],
                              v[LBO_NAIVE_WALL]);
    } else
      row->text = status_text(c);
    row->values[LBO_DONE] = (double)c->count;
    row->values[LBO_OF] = c->missing ? 0 : (double)r->invocations;
  }
  add_geomeans(out, overheads, 2, LBO_DONE, LBO_OF, show_lbo);
}

/* ------------------------------------------------------------------------- *
 * Mutator utilisation.
 * ------------------------------------------------------------------------- */

enum { MMU_WINDOW, MMU_MMU, MMU_BMU, MMU_DONE, MMU_OF };

static void add_utilisation(const report *r, const report_cell *c, size_t k,
                            figure_rows *out) {
  double *mmu = must(malloc((c->count + 1) * sizeof *mmu));
  double *bmu = must(malloc((c->count + 1) * sizeof *bmu));
  char *group = figure_text("%s, heap %s, %d thread%s", c->workload, c->heap,
                            c->threads, c->threads == 1 ? "" : "s");
  char *column = figure_text("%lld ms", report_windows_ns[k] / 1000000);
  figure_row *row = figure_add(out, c, group, column);
  size_t n = 0;
  free(column);
  /* A run that is shorter than the window has no value. */
  for (size_t i = 0; i < c->count; i++)
    if (!isnan(c->samples[i].mmu[k])) {
      mmu[n] = c->samples[i].mmu[k];
      bmu[n++] = c->samples[i].bmu[k];
    }
  if (!report_is_good(c))
    row->text = status_text(c);
  else if (n < c->count)
    row->text = figure_text("–");
  else {
    row->values[MMU_MMU] = stat_summarize(mmu, n).median;
    row->values[MMU_BMU] = stat_summarize(bmu, n).median;
    row->text =
        figure_text("%.3f / %.3f", row->values[MMU_MMU], row->values[MMU_BMU]);
  }
  row->values[MMU_WINDOW] = (double)report_windows_ns[k];
  row->values[MMU_DONE] = (double)c->count;
  row->values[MMU_OF] = c->missing ? 0 : (double)r->invocations;
  free(mmu);
  free(bmu);
}

static void make_mmu(const report *r, figure_rows *out) {
  for (size_t i = 0; i < r->count; i++)
    for (size_t k = 0; k < REPORT_WINDOWS; k++)
      add_utilisation(r, &r->cells[i], k, out);
}

/* ------------------------------------------------------------------------- *
 * Growth.
 * ------------------------------------------------------------------------- */

enum { GROWTH_OBJECTS, GROWTH_NS, GROWTH_LOW, GROWTH_HIGH, GROWTH_RUNS };

/* Takes the setting KEY=VALUE out of a workload's text, in place.  Returns the
 * value, NAN if it is not there. */
static double take_setting(char *workload, const char *key) {
  char *at = strchr(workload, ':');
  size_t n = strlen(key);
  while (at && (strncmp(at + 1, key, n) || at[1 + n] != '='))
    at = strchr(at + 1, ',');
  if (!at)
    return NAN;
  double value = strtod(at + n + 2, NULL);
  char *rest = strchr(at + 1, ',');
  if (!rest)
    *at = 0;
  else if (*at == ':')
    memmove(at + 1, rest + 1, strlen(rest));
  else
    memmove(at, rest, strlen(rest) + 1);
  return value;
}

static double op_time_of(const report_sample *s) {
  return value_of(s, "op_ns");
}

/* A row for every workload with a number of objects; how often it did what is
 * timed does not set it apart. */
static void make_growth(const report *r, figure_rows *out) {
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    char *workload = figure_text("%s", c->workload), column[TEXT_NUMBER];
    double objects = take_setting(workload, "objects");
    take_setting(workload, "rounds");
    if (isnan(objects)) {
      free(workload);
      continue;
    }
    char *group = figure_text("%s, %d thread%s", workload, c->threads,
                              c->threads == 1 ? "" : "s");
    figure_row *row = figure_add(out, c, group, text_si(column, objects));
    double *values = must(malloc((c->count + 1) * sizeof *values));
    row->values[GROWTH_OBJECTS] = objects;
    row->values[GROWTH_RUNS] = (double)c->count;
    if (collect(c, op_time_of, values)) {
      double spread = stat_half_spread(values, c->count, REPORT_CONFIDENCE);
      stat_interval interval =
          stat_median_interval(values, c->count, REPORT_CONFIDENCE);
      double median = stat_summarize(values, c->count).median;
      row->values[GROWTH_NS] = median;
      row->values[GROWTH_LOW] = interval.low;
      row->values[GROWTH_HIGH] = interval.high;
      row->text = c->count > 1
                      ? figure_text("%.3g ±%.2g%%", median, 100 * spread)
                      : figure_text("%.3g", median);
    } else
      row->text = status_text(c);
    free(values);
    free(workload);
  }
}

/* ------------------------------------------------------------------------- *
 * The cost of the instruments.
 * ------------------------------------------------------------------------- */

enum { OB_RATIO, OB_NOISE, OB_ON, OB_OFF, OB_DONE, OB_OF };

static void make_observer(const report *r, figure_rows *out) {
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    double *on = must(malloc((c->count + 1) * sizeof *on));
    figure_row *row = figure_add(out, c, work_title(c), c->heap);
    if (c->untimed_count && collect(c, clock_of, on)) {
      double *v = row->values;
      size_t n = c->untimed_count < c->count ? c->untimed_count : c->count;
      double both =
          stat_half_spread(on, c->count, REPORT_CONFIDENCE) +
          stat_half_spread(c->untimed, c->untimed_count, REPORT_CONFIDENCE);
      v[OB_ON] = stat_summarize(on, c->count).median;
      v[OB_OFF] = stat_summarize(c->untimed, c->untimed_count).median;
      v[OB_RATIO] = v[OB_ON] / v[OB_OFF];
      if (n > 1)
        v[OB_NOISE] = 100 * both;
      row->text = n > 1 ? figure_text("%.3f ±%.2g%%", v[OB_RATIO], v[OB_NOISE])
                        : figure_text("%.3f", v[OB_RATIO]);
    } else
      row->text = report_is_good(c) ? figure_text("–") : status_text(c);
    row->values[OB_DONE] = (double)c->untimed_count;
    row->values[OB_OF] = c->missing ? 0 : (double)r->invocations;
    free(on);
  }
}

/* ------------------------------------------------------------------------- *
 * Stability: the invocations in the order in which they were run.
 * ------------------------------------------------------------------------- */

enum { ST_STEADY, ST_MEAN, ST_SLOPE, ST_DONE };
enum { STEADY_WINDOW = 3 };
#define STEADY_LIMIT 0.02

static void make_stability(const report *r, figure_rows *out) {
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    double *times = must(malloc((c->count + 1) * sizeof *times));
    figure_row *row = figure_add(out, c, work_title(c), c->heap);
    row->values[ST_DONE] = (double)c->count;
    if (!report_is_good(c))
      row->text = status_text(c);
    else if (c->count < STEADY_WINDOW || !collect(c, clock_of, times))
      row->text = figure_text("–");
    else {
      double *v = row->values;
      size_t at = stat_steady(times, c->count, STEADY_WINDOW, STEADY_LIMIT,
                              &v[ST_MEAN]);
      double slope = stat_theil_sen(times, c->count);
      v[ST_STEADY] = (double)at;
      v[ST_SLOPE] = 100 * slope / stat_summarize(times, c->count).median;
      row->text = at ? figure_text("at %zu, %+.2f%%", at, v[ST_SLOPE])
                     : figure_text("not steady, %+.2f%%", v[ST_SLOPE]);
    }
    free(times);
  }
}

/* ------------------------------------------------------------------------- *
 * The figures.
 * ------------------------------------------------------------------------- */

const figure figures[FIGURES] = {
    {"time-space",
     "wall time by heap size, relative to the best of all",
     "median wall time over that of the best collector and heap, ± half its "
     "95 % interval (of fewer than 6 invocations: half their range)",
     {{"ratio", "median wall time over the best of the workload"},
      {"wall_ns", "median wall time"},
      {"wall_low_ns", "95 % interval of the median"},
      {"wall_high_ns", "its upper end"},
      {"spread_percent", "half that interval, or half the range, in % of it"},
      {"runs", "invocations; of a geomean: workloads"},
      {"runs_planned", "of those planned"},
      {"slowdown_percent", "more time than in this collector's roomiest heap "
                           "(DaCapo's GSS)"}},
     make_time_space,
     NULL},
    {"lbo",
     "lower-bound overhead in wall and CPU time, and the naive GC share",
     "lower bound of the overhead in wall time / in CPU time (the naive share: "
     "wall time in pauses); 1 is the cheapest run of the workload less its "
     "pauses",
     {{"lbo_wall", "wall time over the wall baseline"},
      {"lbo_cpu", "CPU time over the CPU baseline"},
      {"naive_wall_percent", "stops and pauses of single mutators by their "
                             "share of the threads, of the wall time"},
      {"naive_cpu_percent", "time of the threads that report pauses in those, "
                            "of the CPU time"},
      {"baseline_wall_ns", "least wall time less its pauses, of all collectors "
                           "and heaps"},
      {"baseline_cpu_ns", "least CPU time less its pauses"},
      {"runs", "invocations; of a geomean: workloads"},
      {"runs_planned", "of those planned"}},
     make_lbo,
     NULL},
    {"mmu",
     "minimum and bounded mutator utilisation at windows of 1 to 100 ms",
     "MMU / BMU of the worst thread, median of the invocations; – where a run "
     "is shorter than the window",
     {{"window_ns", "length of the window"},
      {"mmu", "least share left to the mutator in windows of that length"},
      {"bmu", "the same for windows of that length or longer"},
      {"runs", "invocations"},
      {"runs_planned", "of those planned"}},
     make_mmu,
     NULL},
    {"observer",
     "what the instruments cost (of run --observer)",
     "time with instruments over time without, medians, ± the noise of both",
     {{"ratio", "time with instruments over time without"},
      {"noise_percent", "half the intervals (or ranges) of both, added"},
      {"on_ns", "median time with instruments, theirs and skipped stretches "
                "included"},
      {"off_ns", "median time without"},
      {"runs", "invocations without instruments"},
      {"runs_planned", "of those planned"}},
     make_observer,
     NULL},
    {"stability",
     "whether the invocations of a cell settle or drift",
     "invocation at which three in a row varied by 2 % or less (standard "
     "deviation over mean); change from one to the next (Theil and Sen's "
     "slope, "
     "in % of the median)",
     {{"steady_at", "invocation that ended the first such window; 0: none"},
      {"steady_mean_ns", "mean wall time of that window"},
      {"slope_percent", "change with each invocation, in % of the median"},
      {"runs", "invocations"}},
     make_stability,
     NULL},
    {"latency",
     "of requests: from the intended start, simple, metered",
     "Of all requests of all runs; – not asked for, or too few requests to "
     "tell.\n"
     "intended: from when the request was to arrive (open loop); p99 by run: "
     "its range.\n"
     "simple: from when it was begun.  corrected: the same, corrected for "
     "coordinated\n"
     "omission as HdrHistogram does: a guess from what was served; intended is "
     "measured\n"
     "and needs no correction.  metered: from when it had begun in an even "
     "stream,\n"
     "smoothed over the run, or over 100 ms (DaCapo's definitions).\n"
     "Only cells that ran as declared.  Time that the thread was runnable but "
     "not run is\ntaken off, and arrivals are put off by it.",
     {{"rate_per_s", "requests that were to arrive; absent in a closed loop"},
      {"achieved_per_s", "requests served, median of the runs"},
      {"requests", "of all runs"},
      {"intended_p50_ns", "end less intended start"},
      {"intended_p99_ns", "its 99th percentile"},
      {"intended_p999_ns", "its 99.9th percentile"},
      {"intended_max_ns", "the longest"},
      {"intended_p99_low_ns", "the least 99th percentile of a run"},
      {"intended_p99_high_ns", "the largest"},
      {"simple_p50_ns", "end less start"},
      {"simple_p99_ns", "its 99th percentile"},
      {"simple_max_ns", "the longest"},
      {"corrected_p99_ns", "of simple, corrected for coordinated omission at "
                           "that rate"},
      {"metered_p50_ns", "smoothed over the run"},
      {"metered_p99_ns", "its 99th percentile"},
      {"metered_max_ns", "the longest"},
      {"metered_100ms_p50_ns", "smoothed over 100 ms"},
      {"metered_100ms_p99_ns", "its 99th percentile"},
      {"metered_100ms_max_ns", "the longest"},
      {"runs", "invocations"}},
     report_make_latency,
     report_latency_columns},
    {"memory",
     "footprint, fragmentation, garbage that is not found yet",
     "must hold: nominal bytes, at the peak, that the collector declares not "
     "to reclaim.\n"
     "overhead: peak footprint as a multiple of that; in time: the footprint's "
     "mean over\n"
     "the measured time; RSS: its peak less the baseline; live: the peak "
     "footprint over the\n"
     "peak of reachable bytes.\n"
     "inside: of the cells of live objects, lost to rounding.  outside: of the "
     "free bytes\n"
     "of the collector's blocks, not in the longest stretch.  heap: of the "
     "pages held,\n"
     "not live bytes.  These after a full collection at the end.\n"
     "floating: cells of dead objects over those of live ones, before that "
     "collection.\n"
     "found after: ops from an object's death to its finalizer, of workloads "
     "that follow\n"
     "objects; drag: bytes times that, summed; not found: dead at the end of "
     "the measured part.\n"
     "Medians of the runs; columns that nothing is known for are left out.",
     {{"must_hold_bytes", "nominal, at the peak"},
      {"footprint_bytes", "at the peak, the most of the runs"},
      {"overhead", "peak footprint over must_hold_bytes"},
      {"overhead_in_time", "mean footprint over must_hold_bytes"},
      {"overhead_rss", "peak RSS less its baseline over must_hold_bytes"},
      {"overhead_live", "peak footprint over the peak of reachable bytes"},
      {"internal_percent", "of the live objects' cells, lost to rounding"},
      {"external_percent", "of the free bytes, not in the longest stretch"},
      {"heap_percent", "of the pages held for objects, not live bytes"},
      {"floating_percent", "cells of dead objects over those of live ones, at "
                           "the end of the measured part"},
      {"found_mean_ops", "from an object's death to when it was found dead"},
      {"found_max_ops", "the longest"},
      {"drag_byte_ops", "bytes times that, summed"},
      {"not_found", "followed objects that were not found dead"},
      {"runs", "invocations"}},
     report_make_memory,
     report_memory_columns},
    {"growth",
     "ns an op by the number of live objects",
     "ns of wall time an op, median ± half the 95 % interval (or range), by "
     "the number of live objects",
     {{"objects", "alive, by the workload's parameter"},
      {"op_ns", "wall time of one op, median"},
      {"low_ns", "the lower end of its 95 % interval; absent below 6 "
                 "invocations"},
      {"high_ns", "the upper end"},
      {"runs", "invocations"}},
     make_growth,
     NULL}};

figure_rows figure_make(const figure *f, const report *r) {
  figure_rows rows = {0};
  f->make(r, &rows);
  return rows;
}

/* ------------------------------------------------------------------------- *
 * For people: a table per group, a row per collector, a column per heap or
 * window, each in the order in which they come.
 * ------------------------------------------------------------------------- */

typedef struct names {
  const char **items;
  size_t count;
} names;

static void add_name(names *n, const char *name) {
  for (size_t i = 0; i < n->count; i++)
    if (!strcmp(n->items[i], name))
      return;
  n->items = must(realloc(n->items, (n->count + 1) * sizeof *n->items));
  n->items[n->count++] = name;
}

/* A heap without a limit is the roomiest, though its collectors come when they
 * come. */
static void move_unlimited_last(names *n) {
  size_t i = 0;
  while (i < n->count && strcmp(n->items[i], "none"))
    i++;
  for (; i + 1 < n->count; i++) {
    const char *next = n->items[i + 1];
    n->items[i + 1] = n->items[i];
    n->items[i] = next;
  }
}

static const char *find_text(const figure_rows *rows, const char *group,
                             const char *collector, const char *column) {
  for (size_t i = 0; i < rows->count; i++) {
    const figure_row *row = &rows->items[i];
    if (!strcmp(row->group, group) && !strcmp(row->collector, collector) &&
        !strcmp(row->column, column))
      return row->text;
  }
  return "";
}

static text_table *table_of_cells(const figure_rows *rows, const char *group) {
  names collectors = {0}, columns = {0};
  for (size_t i = 0; i < rows->count; i++)
    if (!strcmp(rows->items[i].group, group)) {
      add_name(&collectors, rows->items[i].collector);
      add_name(&columns, rows->items[i].column);
    }
  move_unlimited_last(&columns);
  char *align = must(calloc(columns.count + 2, 1));
  memset(align, 'r', columns.count + 1);
  align[0] = 'l';
  text_table *t = text_new(align, 1);
  text_add(t, "collector");
  for (size_t k = 0; k < columns.count; k++)
    text_add(t, "%s", columns.items[k]);
  for (size_t i = 0; i < collectors.count; i++) {
    text_add(t, "%s", collectors.items[i]);
    for (size_t k = 0; k < columns.count; k++)
      text_add(t, "%s",
               find_text(rows, group, collectors.items[i], columns.items[k]));
  }
  free(align);
  free(collectors.items);
  free(columns.items);
  return t;
}

/* ------------------------------------------------------------------------- *
 * The same where fields are columns: a row per row.
 * ------------------------------------------------------------------------- */

static void add_value(text_table *t, const figure_column *column,
                      double value) {
  char shown[TEXT_NUMBER];
  if (isnan(value)) {
    text_add(t, "%s", column->unit == COLUMN_RATE ? "closed" : "–");
    return;
  }
  switch (column->unit) {
  case COLUMN_COUNT:
  case COLUMN_RATE:
    text_add(t, "%.0f", value);
    return;
  case COLUMN_SI:
    text_si(shown, value);
    break;
  case COLUMN_NS:
    text_time(shown, value);
    break;
  case COLUMN_MIB:
    text_fixed(shown, value / 0x1p20);
    break;
  case COLUMN_PERCENT:
  case COLUMN_RATIO:
    text_fixed(shown, value);
    break;
  }
  text_add(t, "%s", shown);
}

/* Whether some row of the group has a value there. */
static bool is_known(const figure_rows *rows, const char *group, size_t field) {
  for (size_t i = 0; i < rows->count; i++)
    if (!strcmp(rows->items[i].group, group) &&
        !isnan(rows->items[i].values[field]))
      return true;
  return false;
}

static text_table *table_of_fields(const figure *f, const figure_rows *rows,
                                   const char *group) {
  bool shown[FIGURE_FIELDS] = {false};
  char align[FIGURE_FIELDS + 2] = "l";
  for (size_t k = 0; f->fields[k].name; k++) {
    shown[k] = f->columns[k].unit == COLUMN_RATE || is_known(rows, group, k);
    if (shown[k])
      strcat(align, "r");
  }
  text_table *t = text_new(align, 2);
  for (size_t line = 0; line < 2; line++) {
    text_add(t, "%s", line ? "" : "collector");
    for (size_t k = 0; f->fields[k].name; k++)
      if (shown[k])
        text_add(t, "%s", f->columns[k].heads[line]);
  }
  for (size_t i = 0; i < rows->count; i++) {
    const figure_row *row = &rows->items[i];
    if (strcmp(row->group, group))
      continue;
    text_add(t, "%s", row->collector);
    for (size_t k = 0; f->fields[k].name; k++)
      if (shown[k])
        add_value(t, &f->columns[k], row->values[k]);
  }
  return t;
}

/* Why values are missing, said once for each collector. */
static void print_notes(const figure_rows *rows, text_style style, FILE *out) {
  for (size_t i = 0; i < rows->count; i++) {
    const figure_row *row = &rows->items[i];
    bool said = !row->note;
    for (size_t k = 0; k < i && !said; k++)
      said = rows->items[k].note && !strcmp(rows->items[k].note, row->note) &&
             !strcmp(rows->items[k].collector, row->collector);
    if (!said)
      fprintf(out, "%s%s: %s\n", style == TEXT_MARKDOWN ? "- " : "  ",
              row->collector, row->note);
  }
}

static void print_people(const figure *f, const report *r,
                         const figure_rows *rows, text_style style, FILE *out) {
  names groups = {0};
  report_print_title(r, style == TEXT_MARKDOWN, out);
  if (!f->columns)
    fprintf(out, "\n%s: %s.\n", f->name, f->cell);
  for (size_t i = 0; i < rows->count; i++)
    add_name(&groups, rows->items[i].group);
  for (size_t i = 0; i < groups.count; i++) {
    text_table *t = f->columns ? table_of_fields(f, rows, groups.items[i])
                               : table_of_cells(rows, groups.items[i]);
    fprintf(out, "\n%s%s\n%s", style == TEXT_MARKDOWN ? "### " : "",
            groups.items[i], style == TEXT_MARKDOWN ? "\n" : "");
    text_print(t, style, out);
    text_free(t);
  }
  if (f->columns)
    fprintf(out, "\n%s\n", f->cell);
  print_notes(rows, style, out);
  free(groups.items);
}

static void print_table(const figure *f, const report *r,
                        const figure_rows *rows, FILE *out) {
  print_people(f, r, rows, TEXT_PLAIN, out);
}

static void print_markdown(const figure *f, const report *r,
                           const figure_rows *rows, FILE *out) {
  print_people(f, r, rows, TEXT_MARKDOWN, out);
}

/* ------------------------------------------------------------------------- *
 * For programs.
 * ------------------------------------------------------------------------- */

static void print_csv(const figure *f, const report *r, const figure_rows *rows,
                      FILE *out) {
  (void)r;
  fputs("workload,collector,heap,threads,verdict", out);
  for (const struct figure_field *x = f->fields; x->name; x++)
    fprintf(out, ",%s", x->name);
  fputs(f->columns ? ",note\n" : "\n", out);
  for (size_t i = 0; i < rows->count; i++) {
    const figure_row *row = &rows->items[i];
    emit_csv_text(row->workload, out);
    fputc(',', out);
    emit_csv_text(row->collector, out);
    fputc(',', out);
    emit_csv_text(row->heap, out);
    fprintf(out, ",%d,", row->threads);
    emit_csv_text(row->status, out);
    for (size_t k = 0; f->fields[k].name; k++)
      if (isnan(row->values[k]))
        fputc(',', out);
      else
        fprintf(out, ",%.12g", row->values[k]);
    if (f->columns) {
      fputc(',', out);
      emit_csv_text(row->note ? row->note : "", out);
    }
    fputc('\n', out);
  }
}

static void print_json(const figure *f, const report *r,
                       const figure_rows *rows, FILE *out) {
  json_t *fields = json_array(), *list = json_array();
  for (const struct figure_field *x = f->fields; x->name; x++)
    json_array_append_new(
        fields, json_pack("{s:s, s:s}", "name", x->name, "help", x->help));
  for (size_t i = 0; i < rows->count; i++) {
    const figure_row *row = &rows->items[i];
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:i, s:s}", "workload", row->workload,
                  "collector", row->collector, "heap", row->heap, "threads",
                  row->threads, "verdict", row->status);
    for (size_t k = 0; f->fields[k].name; k++)
      if (isfinite(row->values[k]))
        json_object_set_new(json, f->fields[k].name, json_real(row->values[k]));
    if (row->note)
      json_object_set_new(json, "note", json_string(row->note));
    json_array_append_new(list, json);
  }
  emit_json(json_pack("{s:i, s:s, s:O?, s:b, s:o, s:o}", "schema", 1, "table",
                      f->name, "suite", json_object_get(r->plan, "suite"),
                      "suspect", report_is_suspect(r), "fields", fields, "rows",
                      list),
            out);
}

const figure_format figure_formats[FIGURE_FORMATS] = {
    {"table", print_table},
    {"markdown", print_markdown},
    {"csv", print_csv},
    {"json", print_json}};
