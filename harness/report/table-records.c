/* table-records.c: the tables latency and memory, which need what samples do
 * not keep of the records. */
#include "tables.h"
#include "exercise.h"
#include "settling.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/record/record.h"
#include "harness/stats/fragmentation.h"
#include "harness/stats/series.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  INTENDED = REQUESTS_INTENDED,
  SIMPLE = REQUESTS_SIMPLE,
  METERED = REQUESTS_METERED,
  METERED_100MS = REQUESTS_METERED_100MS,
  KINDS
};
static const char *const paths[KINDS] = {"latency.intended", "latency.simple",
                                         "latency.metered",
                                         "latency.metered_100ms"};

/* Numbers of one invocation; from OVERHEAD on they are those of memory. */
enum {
  ACHIEVED,
  P99,
  OVERHEAD,
  MEAN_OVERHEAD,
  RESIDENT,
  OVER_LIVE,
  INTERNAL,
  EXTERNAL,
  HEAP,
  FLOATING,
  FOUND_MEAN,
  FOUND_MAX,
  DRAG,
  NOT_FOUND,
  NUMBERS_OF_RUN
};

/* What the records of one cell add up to. */
typedef struct gathered {
  hist_sparse latency[KINDS];      /* of all invocations */
  bool has[KINDS];                 /* some record has it */
  json_int_t rate;                 /* requests a second; 0: a closed loop */
  double *numbers[NUMBERS_OF_RUN]; /* by invocation */
  size_t count;                    /* of invocations */
  double live, footprint;          /* bytes; the largest of the invocations */
  settling garbage, memory;
  const char *note; /* why numbers of memory are missing */
} gathered;

static double percentile(const hist_sparse *h, double p) {
  uint64_t value;
  return hist_sparse_percentile(h, p, &value) ? (double)value : NAN;
}

static double maximum(const hist_sparse *h) {
  return h->count ? (double)h->max : NAN;
}

static void *take(size_t bytes) {
  void *memory = malloc(bytes ? bytes : 1);
  if (memory)
    return memory;
  say("out of memory");
  exit(EXIT_SOME_FAILED);
}

/* The mean over time of memory.curve's footprint; NAN without a curve. */
static double mean_footprint(const json_t *record) {
  const json_t *curve = record_get(record, "memory.curve");
  size_t n = json_array_size(curve);
  uint64_t *at = take(n * sizeof *at);
  uint64_t *bytes = take(n * sizeof *bytes);
  for (size_t i = 0; i < n; i++) {
    const json_t *sample = json_array_get(curve, i);
    at[i] = (uint64_t)json_integer_value(json_array_get(sample, 0));
    bytes[i] = (uint64_t)json_integer_value(json_array_get(sample, 1));
  }
  double mean = n < 2 ? NAN : stat_time_mean(at, bytes, n);
  free(at);
  free(bytes);
  return mean;
}

static void add_latency(gathered *g, const json_t *record) {
  for (unsigned k = 0; k < KINDS; k++) {
    const json_t *json = record_get(record, paths[k]);
    hist_sparse fresh;
    if (!json || !record_read_sparse(json, &fresh))
      continue;
    g->has[k] = true;
    if (k == INTENDED)
      g->numbers[P99][g->count] = percentile(&fresh, 99);
    if (!hist_sparse_add(&g->latency[k], &fresh)) {
      say("out of memory");
      exit(EXIT_SOME_FAILED);
    }
    free(fresh.buckets);
  }
  g->numbers[ACHIEVED][g->count] =
      record_number(record, "latency.simple.count") /
      record_number(record, "latency.span") * 1e9;
}

/* What the heap's memory is used for, as far as the collector and the workload
 * tell. */
static void add_usage(gathered *g, const json_t *record) {
  double objects = record_number(record, "memory.settled.objects");
  double cells = record_number(record, "memory.settled.cells");
  double pages = record_number(record, "memory.settled.pages");
  double free_bytes = record_number(record, "memory.settled.free");
  double live = record_number(record, "memory.settled.live_bytes");
  bool only_live =
      fabs(objects - record_number(record, "memory.settled.live_objects")) <
      0.5;
  if (isnan(objects)) {
    g->note = "does not tell what its memory is used for: no fragmentation, no "
              "floating garbage";
    return;
  }
  g->numbers[HEAP][g->count] = 100 * stat_heap_fragmentation(live, pages);
  if (!isnan(free_bytes))
    g->numbers[EXTERNAL][g->count] =
        100 *
        stat_external_fragmentation(
            record_number(record, "memory.settled.free_largest"), free_bytes);
  if (only_live) {
    g->numbers[INTERNAL][g->count] =
        100 * stat_internal_fragmentation(live, cells);
    g->numbers[FLOATING][g->count] =
        100 * stat_floating_garbage(
                  record_number(record, "memory.end.cells") - cells, cells);
  }
  if (!only_live)
    g->note =
        "keeps objects that are dead (see its verdict): what of its cells "
        "is theirs is not known, so no internal fragmentation, no "
        "floating garbage";
  else if (isnan(live))
    g->note = "the workload does not tell the bytes that are live at its end: "
              "no internal fragmentation";
  else if (isnan(free_bytes))
    g->note = "does not tell where its free memory lies: no external "
              "fragmentation";
}

static void add_reclamation(gathered *g, const json_t *record) {
  double count = record_number(record, "reclamation.count");
  if (isnan(count))
    return; /* the workload follows no objects */
  g->numbers[NOT_FOUND][g->count] =
      record_number(record, "reclamation.deaths") - count;
  if (count < 1)
    return;
  g->numbers[FOUND_MEAN][g->count] =
      record_number(record, "reclamation.sum") / count;
  g->numbers[FOUND_MAX][g->count] = record_number(record, "reclamation.max");
  g->numbers[DRAG][g->count] = record_number(record, "reclamation.drag");
}

static void add_memory(gathered *g, const json_t *record) {
  double live = record_number(record, "heap.must_hold");
  double peak = record_number(record, "memory.footprint_peak");
  double resident = record_number(record, "memory.peak") -
                    record_number(record, "memory.baseline");
  g->numbers[OVERHEAD][g->count] = stat_space_overhead(peak, live);
  g->numbers[MEAN_OVERHEAD][g->count] =
      stat_space_overhead(mean_footprint(record), live);
  g->numbers[RESIDENT][g->count] = stat_space_overhead(resident, live);
  g->numbers[OVER_LIVE][g->count] =
      stat_space_overhead(peak, record_number(record, "heap.live"));
  g->live = live;
  g->footprint = fmax(g->footprint, peak);
  settling_add(&g->garbage, record, "stability.garbage.verdict");
  settling_add(&g->memory, record, "stability.memory.verdict");
  add_usage(g, record);
  add_reclamation(g, record);
}

void report_gather(report *r, const report_cell *c, const json_t *record) {
  if (!r->gathered)
    r->gathered = arena_take(r->count * sizeof(gathered));
  gathered *g = (gathered *)r->gathered + (c - r->cells);
  for (unsigned k = 0; k < NUMBERS_OF_RUN; k++) {
    g->numbers[k] = arena_more(g->numbers[k], g->count, sizeof(double));
    g->numbers[k][g->count] = NAN;
  }
  g->rate = json_integer_value(record_get(record, "latency.rate"));
  add_latency(g, record);
  add_memory(g, record);
  g->count++;
}

/* What was gathered of a cell; NULL of one that has no numbers to show. */
static const gathered *gathered_of(const report *r, size_t cell) {
  const gathered *all = r->gathered;
  return all && all[cell].count && report_is_good(&r->cells[cell]) ? &all[cell]
                                                                   : NULL;
}

const hist_sparse *report_requests(const report *r, size_t cell,
                                   enum report_requests which) {
  const gathered *g = gathered_of(r, cell);
  return g && g->has[which] && report_compares_time(&r->cells[cell])
             ? &g->latency[which]
             : NULL;
}

/* Of number `k` of all invocations; NAN if it is missing in one of them. */
static stat_summary summary(const gathered *g, unsigned k) {
  stat_summary none = {.median = NAN, .min = NAN, .max = NAN};
  for (size_t i = 0; i < g->count; i++)
    if (isnan(g->numbers[k][i]))
      return none;
  return g->count ? stat_summarize(g->numbers[k], g->count) : none;
}

/* ------------------------------------------------------------------------- *
 * Latency.
 * ------------------------------------------------------------------------- */

enum { LATENCY_COLUMNS = 26, MEMORY_COLUMNS = 26 };

#define TIME(name_, header_, unit_, leaves_, help_)                            \
  {                                                                            \
    .name = (name_), .header = (header_), .unit = (unit_), .kind = TABLE_TIME, \
    .traits = TABLE_OPTIONAL, .absent = "–", .help = (help_),                  \
    .leaves = (leaves_)                                                        \
  }
#define RUNS                                                                   \
  {                                                                            \
    .name = "runs", .header = "runs", .unit = "", .kind = TABLE_INTEGER,       \
    .traits = TABLE_OPTIONAL, .absent = "–", .help = "invocations",            \
    .leaves = 10                                                               \
  }

static const table_column latency_columns[LATENCY_COLUMNS] = {
    CELL_COLUMNS,
    {.name = "rate_per_s",
     .header = "rate",
     .unit = "/s",
     .kind = TABLE_INTEGER,
     .absent = "closed",
     .help = "requests that were to arrive; absent in a closed loop"},
    {.name = "achieved_per_s",
     .header = "achieved",
     .unit = "/s",
     .kind = TABLE_RATE,
     .traits = TABLE_OPTIONAL,
     .absent = "–",
     .help = "requests served, median of the runs",
     .leaves = 3},
    {.name = "requests",
     .header = "requests",
     .unit = "",
     .kind = TABLE_INTEGER,
     .traits = TABLE_OPTIONAL,
     .absent = "–",
     .help = "of all runs",
     .leaves = 9},
    TIME("intended_p50_ns", "intended", "p50", 0, "end less intended start"),
    TIME("intended_p99_ns", "", "p99", 0, "its 99th percentile"),
    TIME("intended_p999_ns", "", "p99.9", 1, "its 99.9th percentile"),
    TIME("intended_max_ns", "", "max", 1, "the longest"),
    TIME("intended_p99_low_ns", "p99 by run", "least", 4,
         "the least 99th percentile of a run"),
    TIME("intended_p99_high_ns", "", "most", 4, "the largest"),
    TIME("simple_p50_ns", "simple", "p50", 5, "end less start"),
    TIME("simple_p99_ns", "", "p99", 5, "its 99th percentile"),
    TIME("simple_max_ns", "", "max", 6, "the longest"),
    TIME("corrected_p99_ns", "corrected", "p99", 7,
         "of simple, corrected for coordinated omission at that rate"),
    TIME("metered_p50_ns", "metered", "p50", 2, "smoothed over the run"),
    TIME("metered_p99_ns", "", "p99", 2, "its 99th percentile"),
    TIME("metered_max_ns", "", "max", 2, "the longest"),
    TIME("metered_100ms_p50_ns", "100 ms", "p50", 8, "smoothed over 100 ms"),
    TIME("metered_100ms_p99_ns", "", "p99", 8, "its 99th percentile"),
    TIME("metered_100ms_max_ns", "", "max", 8, "the longest"),
    RUNS,
    {.name = "note"}};

/* Cells that differ only in the rate stand together: "requests:rate=…". */
static const char *rates_title(const report_cell *c) {
  const char *rate = strstr(c->workload, "rate=");
  if (!rate || (rate[-1] != ':' && rate[-1] != ','))
    return report_heap_title(c);
  report_cell any = *c;
  any.workload = arena_text("%.*srate=…%s", (int)(rate - c->workload),
                            c->workload, rate + strcspn(rate, ","));
  return report_heap_title(&any);
}

/* Sets PREFIX_p50_ns, PREFIX_p99_ns and PREFIX_max_ns. */
static void set_distribution(table_row *row, const char *prefix,
                             const hist_sparse *h) {
  table_set_real(row, arena_text("%s_p50_ns", prefix), percentile(h, 50));
  table_set_real(row, arena_text("%s_p99_ns", prefix), percentile(h, 99));
  table_set_real(row, arena_text("%s_max_ns", prefix), maximum(h));
}

/* The 99th percentile of a closed loop that was meant to keep a rate.  The
 * correction makes up values, so those that were measured must support it. */
static double corrected_p99(const hist_sparse *simple, json_int_t rate) {
  if (isnan(percentile(simple, 99)))
    return NAN;
  hist *all = take(sizeof *all), *corrected = take(sizeof *corrected);
  uint64_t value = 0;
  hist_rebuild(all, simple);
  hist_reset(corrected);
  hist_correct(corrected, all, 1000000000 / (uint64_t)rate);
  const bool known = hist_percentile(corrected, 99, &value);
  free(all);
  free(corrected);
  return known ? (double)value : NAN;
}

static void set_latency(table_row *row, const gathered *g) {
  const hist_sparse *simple = &g->latency[SIMPLE];
  table_set_real(row, "achieved_per_s", summary(g, ACHIEVED).median);
  table_set_real(row, "requests", (double)simple->count);
  set_distribution(row, "intended", &g->latency[INTENDED]);
  table_set_real(row, "intended_p999_ns",
                 percentile(&g->latency[INTENDED], 99.9));
  if (g->count > 1) {
    table_set_real(row, "intended_p99_low_ns", summary(g, P99).min);
    table_set_real(row, "intended_p99_high_ns", summary(g, P99).max);
  }
  set_distribution(row, "simple", simple);
  set_distribution(row, "metered", &g->latency[METERED]);
  set_distribution(row, "metered_100ms", &g->latency[METERED_100MS]);
  if (g->rate <= 0)
    return; /* a closed loop, which expects nothing */
  table_set_real(row, "corrected_p99_ns", corrected_p99(simple, g->rate));
}

page *report_latency(const report *r) {
  table *t = table_new(latency_columns, LATENCY_COLUMNS);
  for (size_t i = 0; i < r->count; i++) {
    const gathered *g = gathered_of(r, i);
    if (!g || !g->has[SIMPLE])
      continue;
    table_row *row = report_add_row(t, &r->cells[i], rates_title(&r->cells[i]));
    table_set_text(row, "note", report_exercise_text(&r->cells[i]));
    table_set_real(row, "runs", (double)g->count);
    if (g->rate > 0)
      table_set_real(row, "rate_per_s", (double)g->rate);
    if (report_compares_time(&r->cells[i]))
      set_latency(row, g);
    else
      report_show_status(row, "achieved_per_s", &r->cells[i]);
  }
  return report_legend_page(
      r, t, "latency",
      "Of all requests of all runs; – not asked for, or too few requests to "
      "tell.\n"
      "intended: from when the request was to arrive (open loop); p99 by run: "
      "its range.\n"
      "simple: from when it was begun.  corrected: the same, corrected for "
      "coordinated\n"
      "omission as HdrHistogram does: a guess from what was served; intended "
      "is measured\n"
      "and needs no correction.  metered: from when it had begun in an even "
      "stream,\n"
      "smoothed over the run, or over 100 ms (DaCapo's definitions).\n"
      "Only cells that ran as declared.  Time that the thread was runnable but "
      "not run is\ntaken off, and arrivals are put off by it.");
}

/* ------------------------------------------------------------------------- *
 * Memory.
 * ------------------------------------------------------------------------- */

static const table_column memory_columns[MEMORY_COLUMNS] = {
    CELL_COLUMNS,
    OPTIONAL_NUMBER(TABLE_BYTES, "must_hold_bytes", "must hold", "MiB", 2,
                    "nominal, at the peak"),
    OPTIONAL_NUMBER(TABLE_BYTES, "footprint_bytes", "footprint", "peak, MiB", 0,
                    "at the peak, the most of the runs"),
    OPTIONAL_NUMBER(TABLE_RATIO, "overhead", "overhead", "peak", 0,
                    "peak footprint over must_hold_bytes"),
    OPTIONAL_NUMBER(TABLE_RATIO, "overhead_in_time", "overhead", "in time", 1,
                    "mean footprint over must_hold_bytes"),
    OPTIONAL_NUMBER(TABLE_RATIO, "overhead_rss", "overhead", "RSS", 1,
                    "peak RSS less its baseline over must_hold_bytes"),
    OPTIONAL_NUMBER(TABLE_RATIO, "overhead_live", "overhead", "live", 3,
                    "peak footprint over the peak of reachable bytes"),
    OPTIONAL_NUMBER(TABLE_PERCENT, "internal_percent", "lost", "inside %", 7,
                    "of the live objects' cells, lost to rounding"),
    OPTIONAL_NUMBER(TABLE_PERCENT, "external_percent", "lost", "outside %", 7,
                    "of the free bytes, not in the longest stretch"),
    OPTIONAL_NUMBER(TABLE_PERCENT, "heap_percent", "lost", "heap %", 6,
                    "of the pages held for objects, not live bytes"),
    OPTIONAL_NUMBER(
        TABLE_PERCENT, "floating_percent", "floating", "%", 4,
        "cells of dead objects over those of live ones, at the end of the "
        "measured part"),
    OPTIONAL_NUMBER(TABLE_SCALED, "found_mean_ops", "found after", "mean, ops",
                    8, "from an object's death to when it was found dead"),
    OPTIONAL_NUMBER(TABLE_SCALED, "found_max_ops", "found after", "max, ops", 8,
                    "the longest"),
    OPTIONAL_NUMBER(TABLE_SCALED, "drag_byte_ops", "drag", "byte ops", 9,
                    "bytes times that, summed"),
    OPTIONAL_NUMBER(TABLE_INTEGER, "not_found", "not found", "", 9,
                    "followed objects that were not found dead"),
    OPTIONAL_NUMBER(TABLE_SCALED, "garbage_max_objects", "garbage", "most", 3,
                    "dead objects that the heap held, the most of the runs"),
    OPTIONAL_NUMBER(TABLE_SCALED, "garbage_median_objects", "garbage", "median",
                    5, "the same, median over time"),
    OPTIONAL_NUMBER(TABLE_TEXT, "garbage_settles", "garbage", "settles", 4,
                    "whether the most garbage stays as it is"),
    OPTIONAL_NUMBER(
        TABLE_BYTES, "over_live_max_bytes", "over live", "most, MiB", 5,
        "bytes held beyond those of live objects, the most of the runs"),
    OPTIONAL_NUMBER(
        TABLE_TEXT, "memory_settles", "RSS", "settles", 4,
        "whether resident memory beyond what is alive stays as it is"),
    RUNS,
    {.name = "note"}};

/* The columns of the numbers of one invocation. */
static const char *const memory_names[NUMBERS_OF_RUN] = {
    [OVERHEAD] = "overhead",         [MEAN_OVERHEAD] = "overhead_in_time",
    [RESIDENT] = "overhead_rss",     [OVER_LIVE] = "overhead_live",
    [INTERNAL] = "internal_percent", [EXTERNAL] = "external_percent",
    [HEAP] = "heap_percent",         [FLOATING] = "floating_percent",
    [FOUND_MEAN] = "found_mean_ops", [FOUND_MAX] = "found_max_ops",
    [DRAG] = "drag_byte_ops",        [NOT_FOUND] = "not_found"};

/* The metrics of the cell among the columns. */
static const char *const memory_metrics[] = {
    "garbage_max_objects", "garbage_median_objects", "over_live_max_bytes"};

static void set_garbage(table_row *row, const report_cell *c,
                        const gathered *g) {
  for (size_t i = 0; i < sizeof memory_metrics / sizeof *memory_metrics; i++)
    table_set_real(row, memory_metrics[i],
                   c->values[metric_find(memory_metrics[i]) - metrics]);
  table_set_text(row, "garbage_settles", settling_text(&g->garbage));
  table_set_text(row, "memory_settles", settling_text(&g->memory));
}

page *report_memory(const report *r) {
  table *t = table_new(memory_columns, MEMORY_COLUMNS);
  for (size_t i = 0; i < r->count; i++) {
    const gathered *g = gathered_of(r, i);
    if (!g)
      continue;
    table_row *row =
        report_add_row(t, &r->cells[i], report_heap_title(&r->cells[i]));
    table_set_real(row, "must_hold_bytes", g->live);
    table_set_real(row, "footprint_bytes", g->footprint);
    for (unsigned k = OVERHEAD; k < NUMBERS_OF_RUN; k++)
      table_set_real(row, memory_names[k], summary(g, k).median);
    set_garbage(row, &r->cells[i], g);
    table_set_real(row, "runs", (double)g->count);
    const char *mark = report_exercise_text(&r->cells[i]);
    table_set_text(row, "note", mark ? mark : g->note);
  }
  return report_legend_page(
      r, t, "memory",
      "must hold: nominal bytes, at the peak, that the collector declares not "
      "to reclaim.\n"
      "overhead: peak footprint as a multiple of that; in time: the "
      "footprint's mean over\n"
      "the measured time; RSS: its peak less the baseline; live: the peak "
      "footprint over the\n"
      "peak of reachable bytes.\n"
      "inside: of the cells of live objects, lost to rounding.  outside: of "
      "the free bytes\n"
      "of the collector's blocks, not in the longest stretch.  heap: of the "
      "pages held,\n"
      "not live bytes.  These after a full collection at the end.\n"
      "floating: cells of dead objects over those of live ones, before that "
      "collection.\n"
      "found after: ops from an object's death to its finalizer, of workloads "
      "that follow\n"
      "objects; drag: bytes times that, summed; not found: dead at the end of "
      "the measured part.\n"
      "garbage: dead objects that the heap still holds, of workloads that "
      "state what is alive;\n"
      "over live: bytes held beyond those of live objects; settles: whether "
      "the most of it\n"
      "stays as it is over the last two thirds of the run.\n"
      "Medians of the runs; columns that nothing is known for are left out.");
}
