/* latency.c: the tables of request latency and of memory. */
#include "latency.h"
#include "harness/record/record.h"
#include "harness/stats/memory.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INTENDED, SIMPLE, METERED, METERED_100MS, KINDS };
static const char *const paths[KINDS] = {"latency.intended", "latency.simple",
                                         "latency.metered",
                                         "latency.metered_100ms"};

enum { ACHIEVED, P99, OVERHEAD, MEAN_OVERHEAD, RESIDENT, FIGURES };

/* What the records of one cell add up to. */
typedef struct gathered {
  hist *latency[KINDS];     /* of all invocations; NULL: has none */
  json_int_t rate;          /* asked for */
  double *figures[FIGURES]; /* by invocation */
  size_t count;             /* of invocations */
  double live, footprint;   /* bytes; the peak over the invocations */
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
  for (unsigned k = 0; k < FIGURES; k++) {
    g->figures[k] =
        must(realloc(g->figures[k], (g->count + 1) * sizeof(double)));
    g->figures[k][g->count] = NAN;
  }
  add_latency(g, record, all->scratch);
  g->rate = json_integer_value(record_get(record, "latency.rate"));
  double live = number(record, "heap.must_hold");
  double peak = number(record, "memory.footprint_peak");
  double resident =
      number(record, "memory.peak") - number(record, "memory.baseline");
  g->figures[ACHIEVED][g->count] =
      number(record, "ops.count") / number(record, "latency.span") * 1e9;
  if (live > 0) {
    g->figures[OVERHEAD][g->count] = peak / live;
    g->figures[MEAN_OVERHEAD][g->count] = mean_footprint(record) / live;
    g->figures[RESIDENT][g->count] = resident / live;
  }
  g->live = live;
  g->footprint = fmax(g->footprint, peak);
  g->count++;
}

static gathered *gather_all(const report *r, const char *dir, char *why,
                            size_t room) {
  gathering all = {r, must(calloc(r->count + 1, sizeof(gathered))),
                   must(malloc(sizeof(hist)))};
  results_state state = {0};
  bool good = results_read_runs(dir, gather, &all, &state, why, room);
  free(all.scratch);
  if (good)
    return all.cells;
  free(all.cells);
  return NULL;
}

static void release(gathered *cells, size_t n) {
  for (size_t i = 0; i < n; i++) {
    for (unsigned k = 0; k < KINDS; k++)
      free(cells[i].latency[k]);
    for (unsigned k = 0; k < FIGURES; k++)
      free(cells[i].figures[k]);
  }
  free(cells);
}

static double median(const gathered *g, unsigned figure) {
  for (size_t i = 0; i < g->count; i++)
    if (isnan(g->figures[figure][i]))
      return NAN;
  return g->count ? stat_summarize(g->figures[figure], g->count).median : NAN;
}

/* ------------------------------------------------------------------------- *
 * Cells of the same work, at whatever rate, stand together.
 * ------------------------------------------------------------------------- */

/* Whether two workloads differ in the rate only. */
static bool same_but_for_rate(const char *a, const char *b) {
  while (*a && *a == *b) {
    bool begins = *a == ':' || *a == ',';
    a++;
    b++;
    if (begins && !strncmp(a, "rate=", 5) && !strncmp(b, "rate=", 5)) {
      a += strcspn(a, ",");
      b += strcspn(b, ",");
    }
  }
  return *a == *b;
}

static bool together(const report_cell *a, const report_cell *b, bool rates) {
  return rates ? same_but_for_rate(a->workload, b->workload) &&
                     !strcmp(a->heap, b->heap) && a->threads == b->threads
               : report_same_block(a, b);
}

static void print_title(const report_cell *c, bool rates, text_style style,
                        FILE *out) {
  const char *rate = strstr(c->workload, "rate=");
  bool markdown = style == TEXT_MARKDOWN;
  fprintf(out, "\n%s", markdown ? "### " : "");
  if (rates && rate)
    fprintf(out, "%.*srate=…%s", (int)(rate - c->workload), c->workload,
            rate + strcspn(rate, ","));
  else
    fputs(c->workload, out);
  fprintf(out, ", heap %s, %d thread%s\n%s", c->heap, c->threads,
          c->threads == 1 ? "" : "s", markdown ? "\n" : "");
}

/* ------------------------------------------------------------------------- *
 * Latency.
 * ------------------------------------------------------------------------- */

static void add_time(text_table *t, double ns) {
  char text[TEXT_NUMBER];
  text_add(t, "%s", isnan(ns) ? "–" : text_time(text, ns));
}

static double maximum(const hist *h) {
  return h && h->count ? (double)h->max : NAN;
}

static void add_latency_row(text_table *t, const report_cell *c, gathered *g) {
  char text[TEXT_NUMBER];
  text_add(t, "%s", c->collector);
  if (g->rate)
    text_add(t, "%lld", (long long)g->rate);
  else
    text_add(t, "closed");
  double achieved = median(g, ACHIEVED);
  text_add(t, "%s", isnan(achieved) ? "–" : text_si(text, achieved));
  text_add(t, "%llu", (unsigned long long)g->latency[SIMPLE]->count);
  static const double intended[] = {50, 99, 99.9};
  for (unsigned i = 0; i < 3; i++)
    add_time(t, percentile(g->latency[INTENDED], intended[i]));
  add_time(t, maximum(g->latency[INTENDED]));
  if (g->count > 1 && !isnan(median(g, P99))) {
    char low[TEXT_NUMBER], high[TEXT_NUMBER];
    stat_summary s = stat_summarize(g->figures[P99], g->count);
    text_add(t, "%s … %s", text_time(low, s.min), text_time(high, s.max));
  } else
    text_add(t, "–");
  for (unsigned k = SIMPLE; k < KINDS; k++) {
    add_time(t, percentile(g->latency[k], 50));
    add_time(t, percentile(g->latency[k], 99));
    add_time(t, maximum(g->latency[k]));
  }
  text_add(t, "%zu", g->count);
}

static void add_latency_header(text_table *t) {
  static const char *const rows[2][19] = {
      {"collector", "rate", "achieved", "requests", "intended", "", "", "",
       "p99 by", "simple", "", "", "metered", "", "", "100 ms", "", "", "runs"},
      {"", "/s", "/s", "", "p50", "p99", "p99.9", "max", "run", "p50", "p99",
       "max", "p50", "p99", "max", "p50", "p99", "max", ""}};
  for (unsigned i = 0; i < 2; i++)
    for (unsigned k = 0; k < 19; k++)
      text_add(t, "%s", rows[i][k]);
}

/* ------------------------------------------------------------------------- *
 * Memory.
 * ------------------------------------------------------------------------- */

static void add_fixed(text_table *t, double value) {
  char text[TEXT_NUMBER];
  text_add(t, "%s", isnan(value) ? "–" : text_fixed(text, value));
}

static void add_memory_row(text_table *t, const report_cell *c, gathered *g) {
  text_add(t, "%s", c->collector);
  add_fixed(t, g->live / 0x1p20);
  add_fixed(t, g->footprint / 0x1p20);
  add_fixed(t, median(g, OVERHEAD));
  add_fixed(t, median(g, MEAN_OVERHEAD));
  add_fixed(t, median(g, RESIDENT));
  text_add(t, "%zu", g->count);
}

static void add_memory_header(text_table *t) {
  static const char *const rows[2][7] = {
      {"collector", "must hold", "footprint", "overhead", "mean", "RSS",
       "runs"},
      {"", "MiB", "peak, MiB", "peak", "in time", "peak", ""}};
  for (unsigned i = 0; i < 2; i++)
    for (unsigned k = 0; k < 7; k++)
      text_add(t, "%s", rows[i][k]);
}

/* ------------------------------------------------------------------------- *
 * Both.
 * ------------------------------------------------------------------------- */

typedef struct kind {
  bool latency;
  const char *align;
  void (*header)(text_table *t);
  void (*row)(text_table *t, const report_cell *c, gathered *g);
  const char *legend;
  const char *nothing; /* what to say if there is no row */
} kind;

static bool has_row(const kind *k, const gathered *g) {
  return k->latency ? g->latency[SIMPLE] != NULL : g->count > 0;
}

/* Prints the cells that belong together with number `first`, the first of
 * them. */
static void print_group(const kind *k, const report *r, gathered *cells,
                        size_t first, text_style style, FILE *out) {
  text_table *t = text_new(k->align, 2);
  k->header(t);
  for (size_t i = first; i < r->count; i++)
    if (has_row(k, &cells[i]) &&
        together(&r->cells[first], &r->cells[i], k->latency))
      k->row(t, &r->cells[i], &cells[i]);
  print_title(&r->cells[first], k->latency, style, out);
  text_print(t, style, out);
  text_free(t);
}

static bool print(const kind *k, const report *r, const char *dir,
                  text_style style, FILE *out, char *why, size_t room) {
  gathered *cells = gather_all(r, dir, why, room);
  if (!cells)
    return false;
  bool any = false;
  for (size_t i = 0; i < r->count; i++) {
    bool begins = has_row(k, &cells[i]);
    for (size_t before = 0; begins && before < i; before++)
      begins = !has_row(k, &cells[before]) ||
               !together(&r->cells[before], &r->cells[i], k->latency);
    if (begins)
      print_group(k, r, cells, i, style, out);
    any = any || begins;
  }
  release(cells, r->count);
  if (any)
    fprintf(out, "\n%s", k->legend);
  else
    snprintf(why, room, "%s: %s", dir, k->nothing);
  return any;
}

bool report_latency(const report *r, const char *dir, text_style style,
                    FILE *out, char *why, size_t room) {
  static const kind latency = {
      true,
      "lrrrrrrrrrrrrrrrrrr",
      add_latency_header,
      add_latency_row,
      "Of all requests of all runs; – not asked for, or too few requests to "
      "tell.\n"
      "intended: from when the request was to arrive (open loop); p99 by run: "
      "its range.\n"
      "simple: from when it was begun.  metered: from when it had begun in an "
      "even\n"
      "stream, smoothed over the run, or over 100 ms (DaCapo's definitions).\n"
      "Only cells that ran as declared.  Time that the thread was runnable but "
      "not run is\ntaken off, and arrivals are put off by it.\n",
      "no run served requests one by one"};
  return print(&latency, r, dir, style, out, why, room);
}

bool report_memory(const report *r, const char *dir, text_style style,
                   FILE *out, char *why, size_t room) {
  static const kind memory = {
      false,
      "lrrrrrr",
      add_memory_header,
      add_memory_row,
      "must hold: nominal bytes, at the peak, that the collector declares not "
      "to reclaim.\n"
      "overhead: peak footprint as a multiple of that; mean: the footprint's "
      "mean over\n"
      "the measured time; RSS: its peak less the baseline.  Medians of the "
      "runs.\n",
      "no run has results that may be shown"};
  return print(&memory, r, dir, style, out, why, room);
}
