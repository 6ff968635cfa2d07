/* latency.c: the figures of request latency and of memory. */
#include "latency.h"
#include "harness/record/record.h"
#include "harness/stats/fragmentation.h"
#include "harness/stats/series.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INTENDED, SIMPLE, METERED, METERED_100MS, KINDS };
static const char *const paths[KINDS] = {"latency.intended", "latency.simple",
                                         "latency.metered",
                                         "latency.metered_100ms"};

/* Numbers of one invocation, those of memory as the columns have them. */
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
  FIGURES_OF_RUN
};

/* What the records of one cell add up to. */
typedef struct gathered {
  hist *latency[KINDS];            /* of all invocations; NULL: has none */
  json_int_t rate;                 /* asked for */
  double *figures[FIGURES_OF_RUN]; /* by invocation */
  size_t count;                    /* of invocations */
  double live, footprint;          /* bytes; the peak over the invocations */
  const char *note;                /* why figures of memory are missing */
} gathered;

typedef struct gathering {
  const report *report;
  gathered *cells;
  hist *scratch;
} gathering;

static void *must(void *p) {
  if (p)
    return p;
  fprintf(stderr, "reapmark: out of memory\n");
  exit(1);
}

static double number(const json_t *record, const char *path) {
  const json_t *value = record_get(record, path);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static double percentile(const hist *h, double p) {
  uint64_t value;
  return h && hist_percentile(h, p, &value) ? (double)value : NAN;
}

static double maximum(const hist *h) {
  return h && h->count ? (double)h->max : NAN;
}

/* The mean over time of memory.curve's footprint; NAN without a curve. */
static double mean_footprint(const json_t *record) {
  const json_t *curve = record_get(record, "memory.curve");
  size_t n = json_array_size(curve);
  uint64_t *at = must(malloc((n + 1) * sizeof *at));
  uint64_t *bytes = must(malloc((n + 1) * sizeof *bytes));
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

static void add_latency(gathered *g, const json_t *record, hist *scratch) {
  for (unsigned k = 0; k < KINDS; k++) {
    const json_t *json = record_get(record, paths[k]);
    hist_reset(scratch);
    if (!json || !record_read_histogram(json, scratch))
      continue;
    if (!g->latency[k]) {
      g->latency[k] = must(malloc(sizeof(hist)));
      hist_reset(g->latency[k]);
    }
    hist_merge(g->latency[k], scratch);
    if (k == INTENDED)
      g->figures[P99][g->count] = percentile(scratch, 99);
  }
  g->figures[ACHIEVED][g->count] =
      number(record, "ops.count") / number(record, "latency.span") * 1e9;
}

/* What the heap's memory is used for, as far as both the collector and the
 * workload tell it. */
static void add_usage(gathered *g, const json_t *record) {
  double objects = number(record, "memory.settled.objects");
  double cells = number(record, "memory.settled.cells");
  double pages = number(record, "memory.settled.pages");
  double free_bytes = number(record, "memory.settled.free");
  double live = number(record, "memory.settled.live_bytes");
  bool only_live =
      fabs(objects - number(record, "memory.settled.live_objects")) < 0.5;
  if (isnan(objects)) {
    g->note = "does not tell what its memory is used for: no fragmentation, no "
              "floating garbage";
    return;
  }
  g->figures[HEAP][g->count] = 100 * stat_heap_fragmentation(live, pages);
  if (!isnan(free_bytes))
    g->figures[EXTERNAL][g->count] =
        100 * stat_external_fragmentation(
                  number(record, "memory.settled.free_largest"), free_bytes);
  if (only_live) {
    g->figures[INTERNAL][g->count] =
        100 * stat_internal_fragmentation(live, cells);
    g->figures[FLOATING][g->count] =
        100 * stat_floating_garbage(number(record, "memory.end.cells") - cells,
                                    cells);
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
  double count = number(record, "reclamation.count");
  if (isnan(count))
    return; /* the workload follows no objects */
  g->figures[NOT_FOUND][g->count] =
      number(record, "reclamation.deaths") - count;
  if (count < 1)
    return;
  g->figures[FOUND_MEAN][g->count] = number(record, "reclamation.sum") / count;
  g->figures[FOUND_MAX][g->count] = number(record, "reclamation.max");
  g->figures[DRAG][g->count] = number(record, "reclamation.drag");
}

static void add_memory(gathered *g, const json_t *record) {
  double live = number(record, "heap.must_hold");
  double peak = number(record, "memory.footprint_peak");
  double resident =
      number(record, "memory.peak") - number(record, "memory.baseline");
  g->figures[OVERHEAD][g->count] = stat_space_overhead(peak, live);
  g->figures[MEAN_OVERHEAD][g->count] =
      stat_space_overhead(mean_footprint(record), live);
  g->figures[RESIDENT][g->count] = stat_space_overhead(resident, live);
  g->figures[OVER_LIVE][g->count] =
      stat_space_overhead(peak, number(record, "heap.live"));
  g->live = live;
  g->footprint = fmax(g->footprint, peak);
  add_usage(g, record);
  add_reclamation(g, record);
}

static void gather(void *data, const json_t *record) {
  gathering *all = data;
  const char *id = json_string_value(record_get(record, "cell"));
  size_t i = 0;
  while (i < all->report->count && id && strcmp(all->report->cells[i].id, id))
    i++;
  if (!id || i == all->report->count || !report_is_good(&all->report->cells[i]))
    return;
  gathered *g = &all->cells[i];
  for (unsigned k = 0; k < FIGURES_OF_RUN; k++) {
    g->figures[k] =
        must(realloc(g->figures[k], (g->count + 1) * sizeof(double)));
    g->figures[k][g->count] = NAN;
  }
  g->rate = json_integer_value(record_get(record, "latency.rate"));
  add_latency(g, record, all->scratch);
  add_memory(g, record);
  g->count++;
}

/* report_load has read the same file, and has said what is wrong with it. */
static gathered *gather_all(const report *r) {
  gathering all = {r, must(calloc(r->count + 1, sizeof(gathered))),
                   must(malloc(sizeof(hist)))};
  results_state state = {0};
  char why[256];
  results_read_runs(r->dir, gather, &all, &state, why, sizeof why);
  free(all.scratch);
  return all.cells;
}

static void release(gathered *cells, size_t n) {
  for (size_t i = 0; i < n; i++) {
    for (unsigned k = 0; k < KINDS; k++)
      free(cells[i].latency[k]);
    for (unsigned k = 0; k < FIGURES_OF_RUN; k++)
      free(cells[i].figures[k]);
  }
  free(cells);
}

/* Of the invocations; NAN if one of them does not have it. */
static stat_summary summary(const gathered *g, unsigned k) {
  stat_summary none = {.median = NAN, .min = NAN, .max = NAN};
  for (size_t i = 0; i < g->count; i++)
    if (isnan(g->figures[k][i]))
      return none;
  return g->count ? stat_summarize(g->figures[k], g->count) : none;
}

/* ------------------------------------------------------------------------- *
 * Latency.
 * ------------------------------------------------------------------------- */

/* Cells that differ in the rate only stand together: "requests:rate=…". */
static char *group_of(const report_cell *c, bool rates) {
  const char *rate = strstr(c->workload, "rate=");
  if (!rates || !rate || (rate[-1] != ':' && rate[-1] != ','))
    rate = c->workload + strlen(c->workload);
  return figure_text("%.*s%s%s, heap %s, %d thread%s",
                     (int)(rate - c->workload), c->workload,
                     *rate ? "rate=…" : "", rate + strcspn(rate, ","), c->heap,
                     c->threads, c->threads == 1 ? "" : "s");
}

enum {
  L_RATE,
  L_ACHIEVED,
  L_REQUESTS,
  L_INTENDED, /* p50, p99, p99.9, max */
  L_P99_LOW = L_INTENDED + 4,
  L_P99_HIGH,
  L_SIMPLE, /* p50, p99, max; as each of the following */
  L_CORRECTED = L_SIMPLE + 3,
  L_METERED,
  L_METERED_100MS = L_METERED + 3,
  L_RUNS = L_METERED_100MS + 3
};

const figure_column report_latency_columns[] = {
    {{"rate", "/s"}, COLUMN_RATE},     {{"achieved", "/s"}, COLUMN_SI},
    {{"requests", ""}, COLUMN_COUNT},  {{"intended", "p50"}, COLUMN_NS},
    {{"", "p99"}, COLUMN_NS},          {{"", "p99.9"}, COLUMN_NS},
    {{"", "max"}, COLUMN_NS},          {{"p99 by run", "least"}, COLUMN_NS},
    {{"", "most"}, COLUMN_NS},         {{"simple", "p50"}, COLUMN_NS},
    {{"", "p99"}, COLUMN_NS},          {{"", "max"}, COLUMN_NS},
    {{"corrected", "p99"}, COLUMN_NS}, {{"metered", "p50"}, COLUMN_NS},
    {{"", "p99"}, COLUMN_NS},          {{"", "max"}, COLUMN_NS},
    {{"100 ms", "p50"}, COLUMN_NS},    {{"", "p99"}, COLUMN_NS},
    {{"", "max"}, COLUMN_NS},          {{"runs", ""}, COLUMN_COUNT},
};

static void set_three(double *v, const hist *h) {
  v[0] = percentile(h, 50);
  v[1] = percentile(h, 99);
  v[2] = maximum(h);
}

static void add_latency_row(figure_row *row, gathered *g, hist *scratch) {
  double *v = row->values;
  const hist *intended = g->latency[INTENDED];
  v[L_ACHIEVED] = summary(g, ACHIEVED).median;
  v[L_REQUESTS] = (double)g->latency[SIMPLE]->count;
  v[L_INTENDED] = percentile(intended, 50);
  v[L_INTENDED + 1] = percentile(intended, 99);
  v[L_INTENDED + 2] = percentile(intended, 99.9);
  v[L_INTENDED + 3] = maximum(intended);
  if (g->count > 1) {
    v[L_P99_LOW] = summary(g, P99).min;
    v[L_P99_HIGH] = summary(g, P99).max;
  }
  set_three(&v[L_SIMPLE], g->latency[SIMPLE]);
  set_three(&v[L_METERED], g->latency[METERED]);
  set_three(&v[L_METERED_100MS], g->latency[METERED_100MS]);
  v[L_RUNS] = (double)g->count;
  if (g->rate <= 0)
    return; /* a closed loop, which expects nothing */
  v[L_RATE] = (double)g->rate;
  hist_reset(scratch);
  hist_correct(scratch, g->latency[SIMPLE], 1000000000 / (uint64_t)g->rate);
  v[L_CORRECTED] = percentile(scratch, 99);
}

void report_make_latency(const report *r, figure_rows *out) {
  gathered *cells = gather_all(r);
  hist *scratch = must(malloc(sizeof *scratch));
  for (size_t i = 0; i < r->count; i++)
    if (cells[i].latency[SIMPLE])
      add_latency_row(
          figure_add(out, &r->cells[i], group_of(&r->cells[i], true), ""),
          &cells[i], scratch);
  free(scratch);
  release(cells, r->count);
}

/* ------------------------------------------------------------------------- *
 * Memory.
 * ------------------------------------------------------------------------- */

enum { M_MUST_HOLD, M_FOOTPRINT, M_FIGURES, M_RUNS = 14 };
_Static_assert(M_RUNS - M_FIGURES == FIGURES_OF_RUN - OVERHEAD,
               "the columns in between are the figures of runs");

const figure_column report_memory_columns[] = {
    {{"must hold", "MiB"}, COLUMN_MIB},
    {{"footprint", "peak, MiB"}, COLUMN_MIB},
    {{"overhead", "peak"}, COLUMN_RATIO},
    {{"overhead", "in time"}, COLUMN_RATIO},
    {{"overhead", "RSS"}, COLUMN_RATIO},
    {{"overhead", "live"}, COLUMN_RATIO},
    {{"lost", "inside %"}, COLUMN_PERCENT},
    {{"lost", "outside %"}, COLUMN_PERCENT},
    {{"lost", "heap %"}, COLUMN_PERCENT},
    {{"floating", "%"}, COLUMN_PERCENT},
    {{"found after", "mean, ops"}, COLUMN_SI},
    {{"found after", "max, ops"}, COLUMN_SI},
    {{"drag", "byte ops"}, COLUMN_SI},
    {{"not found", ""}, COLUMN_COUNT},
    {{"runs", ""}, COLUMN_COUNT},
};

void report_make_memory(const report *r, figure_rows *out) {
  gathered *cells = gather_all(r);
  for (size_t i = 0; i < r->count; i++) {
    const gathered *g = &cells[i];
    if (!g->count)
      continue;
    figure_row *row =
        figure_add(out, &r->cells[i], group_of(&r->cells[i], false), "");
    row->values[M_MUST_HOLD] = g->live;
    row->values[M_FOOTPRINT] = g->footprint;
    for (unsigned k = OVERHEAD; k < FIGURES_OF_RUN; k++)
      row->values[M_FIGURES + k - OVERHEAD] = summary(g, k).median;
    row->values[M_RUNS] = (double)g->count;
    if (g->note)
      row->note = figure_text("%s", g->note);
  }
  release(cells, r->count);
}
