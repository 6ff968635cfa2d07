/* table-overview.c: the table overview: what each collector costs in each heap,
 * in one line: time, steps and memory, over the workloads that can be
 * compared. */
#include "standing.h"
#include "tables.h"
#include "harness/base/arena.h"

#include <math.h>
#include <string.h>

enum { FIGURES = 6 };

/* The figures of a row: those over a baseline are geometric means over the
 * workloads, with an interval; the others are the largest of the workloads. */
static const struct figure {
  const char *column, *metric;
  const char *baseline; /* a column of the table lbo; "": 1; NULL: no mean */
} figures[FIGURES] = {{"lbo_wall", "wall_ns", "baseline_wall_ns"},
                      {"lbo_cpu", "cpu_ns", "baseline_cpu_ns"},
                      {"step_p999_ns", "step_p999_ns", NULL},
                      {"step_max_ns", "step_max_ns", NULL},
                      {"rss_over_live", "rss_over_live", ""},
                      {"garbage_max_objects", "garbage_max_objects", NULL}};

/* The metric of a figure; NULL where this version does not have it. */
static const metric *metric_of(const struct figure *f) {
  return metric_find(f->metric);
}

#define ENDS(name_)                                                            \
  {.name = name_ "_low", .kind = TABLE_RATIO, .help = "its 95 % interval"}, {  \
    .name = name_ "_high", .kind = TABLE_RATIO, .help = "the upper end"        \
  }

static const table_column columns[] = {
    {.name = "collector", .header = "collector", .traits = TABLE_KEY},
    {.name = "heap", .traits = TABLE_KEY},
    {.name = "lbo_wall",
     .header = "wall",
     .unit = "overhead ↓",
     .kind = TABLE_RATIO,
     .absent = "–",
     .help = "lower-bound overhead in wall time, geometric mean"},
    ENDS("lbo_wall"),
    {.name = "lbo_cpu",
     .header = "CPU",
     .unit = "overhead ↓",
     .kind = TABLE_RATIO,
     .absent = "–",
     .help = "the same in CPU time",
     .leaves = 3},
    ENDS("lbo_cpu"),
    {.name = "step_p999_ns",
     .header = "step p99.9",
     .unit = "time ↓",
     .kind = TABLE_TIME,
     .absent = "–",
     .help = "of the workload where it is longest",
     .leaves = 2},
    {.name = "step_max_ns",
     .header = "worst step",
     .unit = "time ↓",
     .kind = TABLE_TIME,
     .absent = "–",
     .help = "the longest of all workloads and invocations"},
    {.name = "rss_over_live",
     .header = "peak RSS",
     .unit = "÷ live ↓",
     .kind = TABLE_RATIO,
     .absent = "–",
     .help = "geometric mean",
     .leaves = 1},
    ENDS("rss_over_live"),
    {.name = "garbage_max_objects",
     .header = "garbage",
     .unit = "objects ↓",
     .kind = TABLE_SCALED,
     .traits = TABLE_OPTIONAL,
     .absent = "–",
     .help = "the most dead objects held, of the workload where they are most; "
             "of workloads that state what is alive",
     .leaves = 4},
    {.name = "workloads",
     .kind = TABLE_INTEGER,
     .help = "that the row is over"},
    {.name = "reason",
     .header = "not ranked",
     .traits = TABLE_OPTIONAL,
     .help = "the first workload without figures"}};

enum { COLUMNS = sizeof columns / sizeof *columns };

/* ------------------------------------------------------------------------- *
 * Figures.
 * ------------------------------------------------------------------------- */

/* The baseline of a cell's workload in the table lbo. */
static double baseline_of(const table *lbo, const report_cell *c,
                          const char *column) {
  if (!*column)
    return 1;
  for (size_t i = 0; i < lbo->rows_count; i++) {
    const table_row *row = lbo->rows[i];
    const double base = table_real(row, column);
    if (!isnan(base) &&
        !strcmp(table_get(row, "workload")->text, c->workload) &&
        (int)table_real(row, "threads") == c->threads)
      return base;
  }
  return NAN;
}

static double *values_of(const report_cell *c, size_t m) {
  double *values = arena_take((c->count + 1) * sizeof *values);
  for (size_t i = 0; i < c->count; i++)
    values[i] = c->samples[i].values[m];
  return values;
}

/* A geometric mean over the baselines, which count as known. */
static void set_mean(table_row *row, const table *lbo, const standing *s,
                     size_t works, const struct figure *f) {
  const size_t m = (size_t)(metric_of(f) - metrics);
  stat_pair *pairs = arena_take(works * sizeof *pairs);
  double *bases = arena_take(works * sizeof *bases);
  bool interval = true;
  for (size_t w = 0; w < works; w++) {
    bases[w] = baseline_of(lbo, s->cells[w], f->baseline);
    pairs[w] = (stat_pair){values_of(s->cells[w], m), s->cells[w]->count,
                           &bases[w], 1};
    interval &= stat_median_rank(s->cells[w]->count, REPORT_CONFIDENCE, NULL);
  }
  const double mean = stat_geomean(pairs, works, STAT_MEDIAN);
  table_set_real(row, f->column, mean);
  if (!interval || isnan(mean))
    return; /* no more than in the table lbo */
  const stat_interval i =
      stat_bootstrap(pairs, works, STAT_MEDIAN, REPORT_CONFIDENCE, STAT_SEED);
  table_set_real(row, arena_text("%s_low", f->column), i.low);
  table_set_real(row, arena_text("%s_high", f->column), i.high);
  if (!isnan(i.low))
    table_show(row, f->column, "%s [%s, %s]", table_number(TABLE_RATIO, mean),
               table_number(TABLE_RATIO, i.low),
               table_number(TABLE_RATIO, i.high));
}

/* The largest; none if a workload has none.  Of garbage, only some workloads
 * tell. */
static void set_largest(table_row *row, const standing *s, size_t works,
                        const struct figure *f) {
  const size_t m = (size_t)(metric_of(f) - metrics);
  double most = NAN;
  size_t known = 0;
  for (size_t w = 0; w < works; w++) {
    known += isnan(s->cells[w]->values[m]) ? 0 : 1;
    most = fmax(most, s->cells[w]->values[m]);
  }
  if (known == works || metrics[m].claims == CLAIMS_NEITHER)
    table_set_real(row, f->column, most);
}

static void set_figures(table_row *row, const table *lbo, const standing *s,
                        size_t works) {
  for (size_t f = 0; f < FIGURES; f++)
    if (!metric_of(&figures[f]))
      continue;
    else if (figures[f].baseline)
      set_mean(row, lbo, s, works, &figures[f]);
    else
      set_largest(row, s, works, &figures[f]);
}

/* Which figures are the best of their column, or cannot be told apart from
 * it. */
static void set_tones(table_row *row, const ranking *by_figure,
                      const char *collector) {
  for (size_t f = 0; f < FIGURES; f++) {
    const standing *s = standing_find(&by_figure[f], collector);
    if (s && table_get(row, figures[f].column)->type != VALUE_ABSENT)
      table_set_tone(row, figures[f].column,
                     s->stands == STANDS_BEST   ? TONE_BEST
                     : s->stands == STANDS_TIED ? TONE_TIE
                                                : TONE_PLAIN);
  }
}

/* ------------------------------------------------------------------------- *
 * Groups.
 * ------------------------------------------------------------------------- */

static void add_heap(const report *r, table *t, const table *lbo,
                     const char *heap, bool reference) {
  ranking by[FIGURES] = {0};
  for (size_t f = 0; f < FIGURES; f++)
    if (metric_of(&figures[f]))
      by[f] = standing_rank(r, metric_of(&figures[f]), heap, reference, NULL);
  const ranking *k = by[0].ranked ? &by[0] : &by[1];
  if (!k->count)
    return;
  const char *over = k->workloads_count == 1
                         ? k->workloads[0]
                         : arena_text("%zu workloads", k->workloads_count);
  const size_t group = table_add_group(
      t, arena_text("heap %s%s, over %s", heap,
                    reference ? ": " REPORT_REFERENCES : "", over));
  t->groups[group].kind = reference ? REPORT_REFERENCES : "";
  for (size_t i = 0; i < k->count; i++) {
    const standing *s = &k->standings[i];
    table_row *row = table_add(t, group);
    table_set_text(row, "collector", s->collector);
    table_set_text(row, "heap", heap);
    table_set_text(row, "reason", s->reason);
    if (s->stands == STANDS_OUT)
      continue;
    table_set_integer(row, "workloads", (long long)k->workloads_count);
    set_figures(row, lbo, s, k->workloads_count);
    set_tones(row, by, s->collector);
  }
}

page *report_overview(const report *r) {
  const char *first = standing_heap(r);
  const page *costs = first ? report_lbo(r) : NULL;
  if (!costs)
    return NULL;
  table *t = table_new(columns, COLUMNS);
  size_t heaps_count;
  const char **heaps = standing_heaps(r, &heaps_count);
  for (int reference = 0; reference < 2; reference++) {
    add_heap(r, t, costs->data, first, reference);
    for (size_t h = 0; h < heaps_count; h++)
      if (strcmp(heaps[h], first))
        add_heap(r, t, costs->data, heaps[h], reference);
  }
  json_decref(costs->json);
  page *p = page_new(t);
  report_add_title(p, r);
  page_tables(p, t);
  page_text(p, PAGE_PARAGRAPH,
            "overhead: time over that of the cheapest run of the workload less "
            "its pauses,\nwhich is a lower bound (the table lbo); geometric "
            "mean over the workloads that all\nranked collectors completed, "
            "and [ ] its 95 %% interval (bootstrap), of 6 invocations\nor "
            "more.  step p99.9, worst step: of the workload where they are "
            "longest; maxima\nhave no interval.");
  report_set_json(p, r, "overview");
  return p;
}
