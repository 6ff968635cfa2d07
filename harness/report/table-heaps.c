/* table-heaps.c: the tables time-space and lbo: what collectors cost, by the
 * size of the heap. */
#include "tables.h"
#include "exercise.h"
#include "harness/base/arena.h"
#include "harness/base/heap-size.h"
#include "harness/stats/interval.h"
#include "harness/stats/lbo.h"
#include "harness/stats/rates.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <string.h>

enum { TIME_SPACE_COLUMNS = 13, LBO_COLUMNS = 17 };

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
    {.name = "lbo_wall_low",
     .kind = TABLE_RATIO,
     .help = "the lower end of the 95 % interval of the median wall time, over "
             "that baseline; absent below 6 invocations"},
    {.name = "lbo_wall_high", .kind = TABLE_RATIO, .help = "the upper end"},
    {.name = "lbo_cpu_low",
     .kind = TABLE_RATIO,
     .help = "the same for the CPU time"},
    {.name = "lbo_cpu_high", .kind = TABLE_RATIO, .help = "the upper end"},
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

/* ------------------------------------------------------------------------- *
 * Geometric means over the workloads.
 * ------------------------------------------------------------------------- */

enum { MEANS = 2 };

/* The means of a collector in a heap. */
typedef struct mean {
  const table_row *like; /* the first of its rows */
  size_t done, of;       /* workloads */
  double logs[MEANS];
} mean;

static const char *text_of(const table_row *row, const char *column) {
  return table_get(row, column)->text;
}

/* Whether all collectors that the heap has completed each row's workload in it:
 * those that did not, or were not asked to, are marked by the number of that.
 */
static size_t *find_incomplete(const table *t, const char *column,
                               bool **incomplete) {
  size_t *number = arena_take(t->rows_count * sizeof *number);
  size_t *done = arena_take(t->rows_count * sizeof *done);   /* by number */
  size_t *heap = arena_take(t->rows_count * sizeof *heap);   /* by row */
  size_t *known = arena_take(t->rows_count * sizeof *known); /* by heap */
  json_t *numbers = json_object(), *heaps = json_object();
  json_t *collectors = json_object();
  *incomplete = arena_take(t->rows_count * sizeof **incomplete);
  for (size_t i = 0; i < t->rows_count; i++) {
    const table_row *row = t->rows[i];
    const char *in = text_of(row, "heap"), *with = text_of(row, "collector");
    const size_t met = json_object_size(collectors);
    number[i] = report_number(numbers, arena_text("%zu %s", row->group, in));
    heap[i] = report_number(heaps, in);
    if (report_number(collectors, arena_text("%s\n%s", in, with)) == met)
      known[heap[i]]++;
    done[number[i]] += isnan(table_real(row, column)) ? 0 : 1;
  }
  for (size_t i = 0; i < t->rows_count; i++)
    (*incomplete)[number[i]] |= done[number[i]] < known[heap[i]];
  json_decref(collectors);
  json_decref(heaps);
  json_decref(numbers);
  return number;
}

/* Adds the row of a mean, if it is one of several workloads. */
static void add_mean(table *t, const mean *m, const char *const columns[2]) {
  if (m->of < 2)
    return;
  const report_cell cell = {.workload = "geomean",
                            .collector = text_of(m->like, "collector"),
                            .heap = text_of(m->like, "heap"),
                            .verdict = VERDICT_OK};
  table_row *row =
      report_add_row(t, &cell,
                     "geometric mean over the workloads that all collectors "
                     "completed in that heap");
  const char *shown = m->done ? "" : "–";
  for (size_t k = 0; k < MEANS && columns[k] && m->done; k++) {
    double value = exp(m->logs[k] / (double)m->done);
    table_set_real(row, columns[k], value);
    shown = arena_text("%s%s%.3g", shown, k ? " / " : "", value);
  }
  table_set_real(row, "runs", (double)m->done);
  table_set_real(row, "runs_planned", (double)m->of);
  table_show(row, columns[0], "%s [%zu of %zu]", shown, m->done, m->of);
}

/* Adds, for each collector and heap, the geometric means of the columns: only
 * over the workloads that all collectors completed in that heap, because means
 * over different sets cannot be compared. */
static void add_geomeans(table *t, const char *const columns[2]) {
  bool *incomplete;
  const size_t *at = find_incomplete(t, columns[0], &incomplete);
  mean *means = arena_take(t->rows_count * sizeof *means);
  json_t *numbers = json_object();
  for (size_t i = 0; i < t->rows_count; i++) {
    const table_row *row = t->rows[i];
    mean *m = &means[report_number(
        numbers,
        arena_text("%s\n%s", text_of(row, "collector"), text_of(row, "heap")))];
    if (!m->of++)
      m->like = row;
    if (incomplete[at[i]])
      continue;
    m->done++;
    for (size_t k = 0; k < MEANS && columns[k]; k++)
      m->logs[k] += log(table_real(row, columns[k]));
  }
  const size_t count = json_object_size(numbers);
  json_decref(numbers);
  for (size_t i = 0; i < count; i++)
    add_mean(t, &means[i], columns);
}

/* ------------------------------------------------------------------------- *
 * Time and space.
 * ------------------------------------------------------------------------- */

/* The heaps in which a collector is good at a work: the roomiest; or that they
 * are of several kinds, which cannot be compared. */
typedef struct heaps {
  const report_cell *roomiest;
  bool mixed;
} heaps;

static void add_heap(heaps *h, const report_cell *c) {
  heap_size most, heap;
  if (!report_is_good(c))
    return;
  if (!h->roomiest)
    h->roomiest = c;
  heap_size_read(h->roomiest->heap, &most);
  heap_size_read(c->heap, &heap);
  h->mixed |= !heap_size_comparable(&heap, &most);
  if (heap_size_larger(&heap, &most))
    h->roomiest = c;
}

/* The heaps of each cell's collector and work. */
static const heaps **find_heaps(const report *r, const size_t *works) {
  const heaps **of = arena_take(r->count * sizeof *of);
  heaps *all = arena_take(r->count * sizeof *all);
  json_t *numbers = json_object();
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    heaps *h = &all[report_number(
        numbers, arena_text("%zu %s", works[i], c->collector))];
    add_heap(h, c);
    of[i] = h;
  }
  json_decref(numbers);
  return of;
}

static void add_time_space(const report *r, const report_cell *c, double best,
                           const heaps *h, table *t) {
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
  if (!h->mixed)
    table_set_real(
        row, "slowdown_percent",
        100 * stat_growth(median, report_median(h->roomiest, sample_wall)));
  if (c->count > 1) {
    table_set_real(row, "spread_percent", 100 * spread);
    table_show(row, "ratio", "%.3g ±%.2g%%", median / best, 100 * spread);
  } else
    table_show(row, "ratio", "%.3g", median / best);
}

page *report_time_space(const report *r) {
  table *t = table_new(time_space_columns, TIME_SPACE_COLUMNS);
  t->cross = &time_space_cross;
  size_t count;
  const size_t *works = report_works(r, &count);
  const heaps **of = find_heaps(r, works);
  double *best = arena_take(count * sizeof *best);
  for (size_t i = 0; i < count; i++)
    best[i] = NAN;
  for (size_t i = 0; i < r->count; i++)
    best[works[i]] =
        fmin(best[works[i]], report_median(&r->cells[i], sample_wall));
  for (size_t i = 0; i < r->count; i++)
    add_time_space(r, &r->cells[i], best[works[i]], of[i], t);
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

/* The medians of all cells' costs; NAN where a cell has no numbers. */
static lbo_row *read_costs(const report *r, cost of) {
  lbo_row *rows = arena_take(r->count * sizeof *rows);
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    rows[i].total = report_median(c, of.total);
    rows[i].attributed = rows[i].total - report_median(c, of.distilled);
  }
  return rows;
}

static bool is_known(const lbo_row *row) {
  return !isnan(row->total) && !isnan(row->attributed);
}

/* The baseline of each work, NAN where no cell has numbers. */
static double *find_baselines(const report *r, const lbo_row *rows,
                              const size_t *works, size_t count) {
  double *bases = arena_take(count * sizeof *bases);
  for (size_t i = 0; i < count; i++)
    bases[i] = NAN;
  for (size_t i = 0; i < r->count; i++)
    if (is_known(&rows[i]))
      bases[works[i]] =
          fmin(bases[works[i]], rows[i].total - rows[i].attributed);
  for (size_t i = 0; i < count; i++)
    bases[i] = lbo_baseline(&(lbo_row){.total = bases[i]}, 1);
  return bases;
}

/* The naive shares are of pauses; without `reported` nobody knows these, but
 * the lower bound holds. */
static void set_lbo(table_row *row, lbo_row of_wall, double wall_base,
                    lbo_row of_cpu, double cpu_base, bool reported) {
  const double naive = reported ? 100 * lbo_naive_share(of_wall) : NAN;
  table_set_real(row, "lbo_wall", lbo_of(of_wall, wall_base));
  table_set_real(row, "lbo_cpu", lbo_of(of_cpu, cpu_base));
  table_set_real(row, "naive_wall_percent", naive);
  table_set_real(row, "naive_cpu_percent",
                 reported ? 100 * lbo_naive_share(of_cpu) : NAN);
  table_set_real(row, "baseline_wall_ns", wall_base);
  table_set_real(row, "baseline_cpu_ns", cpu_base);
  table_show(row, "lbo_wall", "%.3g / %.3g (%s)", lbo_of(of_wall, wall_base),
             lbo_of(of_cpu, cpu_base),
             reported ? arena_text("%.1f%%", naive) : "–");
}

/* The interval of the median time over the baseline, which counts as known. */
static void set_interval(table_row *row, const char *name, const report_cell *c,
                         sample_number *of, double base) {
  const stat_interval i =
      stat_median_interval(report_numbers(c, of), c->count, REPORT_CONFIDENCE);
  table_set_real(row, arena_text("%s_low", name), i.low / base);
  table_set_real(row, arena_text("%s_high", name), i.high / base);
}

page *report_lbo(const report *r) {
  table *t = table_new(lbo_columns, LBO_COLUMNS);
  t->cross = &lbo_cross;
  size_t count;
  const size_t *works = report_works(r, &count);
  const lbo_row *walls = read_costs(r, wall), *cpus = read_costs(r, cpu);
  const double *wall_bases = find_baselines(r, walls, works, count);
  const double *cpu_bases = find_baselines(r, cpus, works, count);
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    table_row *row = report_add_row(t, c, report_work_title(c));
    report_set_runs(row, r, c, c->count);
    if (!is_known(&walls[i]) || !is_known(&cpus[i])) {
      report_show_status(row, "lbo_wall", c);
      continue;
    }
    const double wall_base = wall_bases[works[i]];
    const double cpu_base = cpu_bases[works[i]];
    set_lbo(row, walls[i], wall_base, cpus[i], cpu_base,
            !report_exercise(c).unreported);
    set_interval(row, "lbo_wall", c, wall.total, wall_base);
    set_interval(row, "lbo_cpu", c, cpu.total, cpu_base);
  }
  add_geomeans(t, (const char *const[]){"lbo_wall", "lbo_cpu"});
  return report_cross_page(
      r, t, "lbo",
      "lower bound of the overhead in wall time / in CPU time (the naive "
      "share: wall time in pauses); 1 is the cheapest run of the workload less "
      "its pauses");
}
