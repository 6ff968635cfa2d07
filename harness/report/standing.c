/* standing.c: see standing.h. */
#include "standing.h"
#include "compare.h"
#include "exercise.h"
#include "tables.h"
#include "harness/base/arena.h"
#include "harness/base/heap-size.h"
#include "harness/stats/difference.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Cells.
 * ------------------------------------------------------------------------- */

static bool has_all_numbers(const report_cell *c, const metric *m) {
  for (size_t i = 0; i < c->count; i++)
    if (!isfinite(c->samples[i].values[m - metrics]))
      return false;
  return c->count > 0;
}

/* Whether the number is only how long the schedule of requests was. */
static bool is_pace(const report_cell *c, const metric *m) {
  return c->paced &&
         (m == &metrics[METRIC_THROUGHPUT] || m == metric_find("wall_ns"));
}

/* What leaks, even as declared, has done less work; what reclaims nothing has
 * done none of it. */
bool standing_usable(const report_cell *c, const metric *m) {
  return c->verdict == VERDICT_OK && report_compares_time(c) &&
         report_compares(c, m) && has_all_numbers(c, m) && !is_pace(c, m);
}

const char *standing_unusable_text(const report_cell *c, const metric *m) {
  if (standing_usable(c, m))
    return NULL;
  if (c->verdict != VERDICT_OK)
    return report_verdict_text(c);
  const char *mark = report_exercise_mark(c);
  return mark            ? mark
         : is_pace(c, m) ? "its requests set the pace"
                         : arena_text("no %s", metric_title(m));
}

/* Whether two texts are of the same workload, whatever its settings. */
static bool same_name(const char *a, const char *b) {
  const size_t n = strcspn(a, ":");
  return n == strcspn(b, ":") && !strncmp(a, b, n);
}

const char *standing_short_work(const report *r, const report_cell *c) {
  bool unique = true, one_threaded = true;
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *other = &r->cells[i];
    if (!same_name(other->workload, c->workload))
      continue;
    unique &= !strcmp(other->workload, c->workload);
    one_threaded &= other->threads == c->threads;
  }
  const int n = (int)(unique ? strcspn(c->workload, ":") : strlen(c->workload));
  return one_threaded ? arena_text("%.*s", n, c->workload)
                      : arena_text("%.*s, %d thread%s", n, c->workload,
                                   c->threads, c->threads == 1 ? "" : "s");
}

const char **standing_heaps(const report *r, size_t *count) {
  const char **heaps = arena_take(r->count * sizeof *heaps);
  json_t *numbers = json_object();
  for (size_t i = 0; i < r->count; i++)
    heaps[report_number(numbers, r->cells[i].heap)] = r->cells[i].heap;
  *count = json_object_size(numbers);
  json_decref(numbers);
  return heaps;
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

/* Whether heap `a` is to be taken rather than `b`. */
static bool is_better_heap(const char *a, size_t a_cells, const char *b,
                           size_t b_cells) {
  heap_size left, right;
  heap_size_read(a, &left);
  heap_size_read(b, &right);
  const bool limited = left.kind != HEAP_UNLIMITED;
  if (limited != (right.kind != HEAP_UNLIMITED))
    return limited;
  if (a_cells != b_cells)
    return a_cells > b_cells;
  return heap_size_comparable(&left, &right) && heap_size_larger(&right, &left);
}

const char *standing_heap(const report *r) {
  size_t count;
  const char **heaps = standing_heaps(r, &count);
  size_t *cells = arena_take((count + 1) * sizeof *cells), best = 0;
  const metric *cpu = metric_find("cpu_ns");
  for (size_t h = 0; h < count; h++)
    for (size_t i = 0; i < r->count; i++)
      cells[h] += !r->cells[i].reference &&
                  !strcmp(r->cells[i].heap, heaps[h]) &&
                  standing_usable(&r->cells[i], cpu);
  for (size_t h = 1; h < count; h++)
    if (is_better_heap(heaps[h], cells[h], heaps[best], cells[best]))
      best = h;
  return count ? heaps[best] : NULL;
}

/* ------------------------------------------------------------------------- *
 * Who is ranked, and over which workloads.
 * ------------------------------------------------------------------------- */

/* All cells of the ranking, as collectors by works; NULL where the plan has
 * none. */
typedef struct grid {
  const metric *metric;
  const char **collectors, **works;
  size_t collectors_count, works_count;
  const report_cell **cells; /* collector by collector */
  bool *ranked;              /* collectors */
  bool *shared;              /* works that all of them have */
} grid;

static const report_cell *cell_of(const grid *g, size_t collector,
                                  size_t work) {
  return g->cells[collector * g->works_count + work];
}

static bool is_usable(const grid *g, size_t collector, size_t work) {
  const report_cell *c = cell_of(g, collector, work);
  return c && standing_usable(c, g->metric);
}

static bool belongs(const report_cell *c, const char *heap, bool reference,
                    const report_cell *like) {
  return c->reference == reference && !strcmp(c->heap, heap) &&
         (!like || (!strcmp(c->workload, like->workload) &&
                    c->threads == like->threads));
}

static grid make_grid(const report *r, const metric *of, const char *heap,
                      bool reference, const report_cell *like) {
  grid g = {.metric = of};
  json_t *collectors = json_object(), *works = json_object();
  g.collectors = arena_take(r->count * sizeof *g.collectors);
  g.works = arena_take(r->count * sizeof *g.works);
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    if (!belongs(c, heap, reference, like))
      continue;
    g.collectors[report_number(collectors, c->collector)] = c->collector;
    const char **work = &g.works[report_number(works, report_work_title(c))];
    if (!*work)
      *work = standing_short_work(r, c);
  }
  g.collectors_count = json_object_size(collectors);
  g.works_count = json_object_size(works);
  g.cells = arena_take(g.collectors_count * g.works_count * sizeof *g.cells);
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    if (belongs(c, heap, reference, like))
      g.cells[report_number(collectors, c->collector) * g.works_count +
              report_number(works, report_work_title(c))] = c;
  }
  json_decref(collectors);
  json_decref(works);
  return g;
}

static void choose_ranked(grid *g) {
  size_t *usable = arena_take(g->collectors_count * sizeof *usable), most = 1;
  g->ranked = arena_take(g->collectors_count * sizeof *g->ranked);
  g->shared = arena_take(g->works_count * sizeof *g->shared);
  for (size_t c = 0; c < g->collectors_count; c++) {
    for (size_t w = 0; w < g->works_count; w++)
      usable[c] += is_usable(g, c, w);
    most = usable[c] > most ? usable[c] : most;
  }
  for (size_t w = 0; w < g->works_count; w++)
    g->shared[w] = true;
  for (size_t c = 0; c < g->collectors_count; c++) {
    g->ranked[c] = usable[c] == most;
    for (size_t w = 0; w < g->works_count && g->ranked[c]; w++)
      g->shared[w] &= is_usable(g, c, w);
  }
}

/* What an unranked collector lacks: the first workload that some collector has
 * a number for and this one has none; if nobody has any, the first one. */
static const char *reason_of(const grid *g, size_t collector) {
  for (size_t w = 0; w < g->works_count; w++) {
    bool somebody = false;
    for (size_t c = 0; c < g->collectors_count; c++)
      somebody |= is_usable(g, c, w);
    const report_cell *c = cell_of(g, collector, w);
    if (somebody && !is_usable(g, collector, w))
      return arena_text("%s: %s", g->works[w],
                        c ? standing_unusable_text(c, g->metric)
                          : "not planned");
  }
  const report_cell *c = g->works_count ? cell_of(g, collector, 0) : NULL;
  return c ? arena_text("%s: %s", g->works[0],
                        standing_unusable_text(c, g->metric))
           : "no numbers";
}

/* ------------------------------------------------------------------------- *
 * Comparing.
 * ------------------------------------------------------------------------- */

static double median_of(const grid *g, size_t collector, size_t work) {
  const report_cell *c = cell_of(g, collector, work);
  double *values = arena_take(c->count * sizeof *values);
  for (size_t i = 0; i < c->count; i++)
    values[i] = c->samples[i].values[g->metric - metrics];
  return stat_summarize(values, c->count).median;
}

/* The sum of the logarithms of a collector's medians, or of several machines,
 * of its ratios to the collector `like`: smaller is better if the metric is. */
static double log_sum(const report *r, const grid *g, size_t collector,
                      size_t like) {
  double sum = 0;
  for (size_t w = 0; w < g->works_count; w++) {
    if (!g->shared[w])
      continue;
    if (r->machines_count == 1) {
      sum += log(median_of(g, collector, w));
      continue;
    }
    const stat_strata ratios = machines_ratios(
        r, cell_of(g, collector, w), cell_of(g, like, w), g->metric, NULL);
    sum += log(stat_strata_ratio(&ratios, 1));
  }
  return sum;
}

static size_t find_best(const report *r, const grid *g) {
  size_t best = g->collectors_count, like = best;
  double best_sum = NAN;
  for (size_t c = 0; c < g->collectors_count; c++) {
    if (!g->ranked[c])
      continue;
    like = like == g->collectors_count ? c : like;
    const double sum = -g->metric->better * log_sum(r, g, c, like);
    if (best == g->collectors_count || sum < best_sum) {
      best = c;
      best_sum = sum;
    }
  }
  return best;
}

static comparison *compare_with_best(const report *r, const grid *g,
                                     size_t best, size_t collector) {
  compare_sides sides = {
      .base = {.name = g->collectors[best], .report = r},
      .fresh = {.name = g->collectors[collector], .report = r}};
  for (size_t w = 0; w < g->works_count; w++) {
    if (!g->shared[w])
      continue;
    sides.pairs = arena_more(sides.pairs, sides.count, sizeof *sides.pairs);
    sides.pairs[sides.count++] =
        (compare_pair){.label = g->works[w],
                       .base = cell_of(g, best, w),
                       .fresh = cell_of(g, collector, w)};
  }
  return compare_make(&sides, g->metric,
                      (compare_rules){.alpha = STANDING_ALPHA});
}

/* A ranked collector's cells in the shared works. */
static const report_cell **shared_cells(const grid *g, size_t collector,
                                        size_t *fewest_runs) {
  const report_cell **cells = arena_take(g->works_count * sizeof *cells);
  size_t n = 0;
  *fewest_runs = SIZE_MAX;
  for (size_t w = 0; w < g->works_count; w++) {
    if (!g->shared[w])
      continue;
    cells[n] = cell_of(g, collector, w);
    if (cells[n]->count < *fewest_runs)
      *fewest_runs = cells[n]->count;
    n++;
  }
  return cells;
}

/* The invocations of each cell with which a difference of this size could be
 * told: until the interval of the ratio is as narrow as the difference, and the
 * test can reach the level `alpha` at all. */
static double needed_for(const comparison *c, size_t runs, double alpha) {
  const double half = (c->geomean_interval.high - c->geomean_interval.low) / 2;
  if (isnan(half))
    return HUGE_VAL;
  size_t fewest = runs;
  if (c->by_machine)
    fewest = stat_fewest_for_signs(alpha) / c->count + 1;
  while (!c->by_machine &&
         2 * pow(stat_smallest_p(fewest, fewest) / 2, (double)c->count) > alpha)
    fewest++;
  return fmax(stat_values_needed(runs, half, fabs(c->geomean - 1)),
              (double)fewest);
}

static void judge(standing *s, const comparison *c, double p, size_t tests) {
  for (size_t i = 0; i < c->count; i++) {
    const compare_verdict v = c->rows[i].verdict;
    s->worse += v == COMPARE_WORSE;
    s->better += v == COMPARE_BETTER;
  }
  s->p = p;
  s->ratio = c->geomean;
  s->interval = c->geomean_interval;
  const bool differs = p <= STANDING_ALPHA;
  /* Of one workload the comparison with `compare` is the same test without the
   * adjustment, and says nothing of its own. */
  const bool mixed = s->better || (s->worse && !differs);
  s->stands = mixed && c->count > 1 ? STANDS_MIXED
              : differs             ? STANDS_BEHIND
                                    : STANDS_TIED;
  s->needed = needed_for(c, s->runs, STANDING_ALPHA / (double)tests);
}

/* ------------------------------------------------------------------------- *
 * The ranking.
 * ------------------------------------------------------------------------- */

static int by_standing(const void *a, const void *b) {
  const standing *x = a, *y = b;
  if ((x->stands == STANDS_BEST) != (y->stands == STANDS_BEST))
    return x->stands == STANDS_BEST ? -1 : 1;
  if ((x->stands == STANDS_OUT) != (y->stands == STANDS_OUT))
    return x->stands == STANDS_OUT ? 1 : -1;
  const double left = fabs(log(x->ratio)), right = fabs(log(y->ratio));
  if (x->stands != STANDS_OUT && left < right)
    return -1;
  if (x->stands != STANDS_OUT && left > right)
    return 1;
  return strcmp(x->collector, y->collector);
}

/* Compares all ranked collectors with the best; p[] become the adjusted ones,
 * NAN of the others. */
static comparison **compare_all(const report *r, const grid *g, double *p,
                                size_t *tests) {
  const size_t best = find_best(r, g);
  comparison **all = arena_take(g->collectors_count * sizeof *all);
  for (size_t c = 0; c < g->collectors_count; c++) {
    p[c] = NAN;
    if (!g->ranked[c] || c == best)
      continue;
    all[c] = compare_with_best(r, g, best, c);
    p[c] = compare_test(all[c]).p;
    *tests += isnan(p[c]) ? 0 : 1;
  }
  stat_holm(p, g->collectors_count);
  return all;
}

static void add_ranked(const report *r, const grid *g, ranking *k) {
  double *p = arena_take(g->collectors_count * sizeof *p);
  comparison **all = compare_all(r, g, p, &k->tests);
  for (size_t c = 0; c < g->collectors_count; c++) {
    if (!g->ranked[c])
      continue;
    standing *s = &k->standings[k->count++];
    *s = (standing){.collector = g->collectors[c],
                    .ratio = 1,
                    .interval = {NAN, NAN},
                    .p = NAN,
                    .value = NAN};
    s->cells = shared_cells(g, c, &s->runs);
    if (k->workloads_count == 1)
      s->value = s->cells[0]->values[g->metric - metrics];
    if (all[c])
      judge(s, all[c], p[c], k->tests);
  }
  k->ranked = k->count;
}

ranking standing_rank(const report *r, const metric *of, const char *heap,
                      bool reference, const report_cell *like) {
  ranking k = {.metric = of, .heap = heap, .reference = reference};
  grid g = make_grid(r, of, heap, reference, like);
  choose_ranked(&g);
  k.standings = arena_take((g.collectors_count + 1) * sizeof *k.standings);
  k.workloads = arena_take((g.works_count + 1) * sizeof *k.workloads);
  bool any = false;
  for (size_t c = 0; c < g.collectors_count; c++)
    any |= g.ranked[c];
  for (size_t w = 0; w < g.works_count && any; w++)
    if (g.shared[w])
      k.workloads[k.workloads_count++] = g.works[w];
  if (k.workloads_count)
    add_ranked(r, &g, &k);
  for (size_t c = 0; c < g.collectors_count; c++)
    if (!k.workloads_count || !g.ranked[c])
      k.standings[k.count++] = (standing){.collector = g.collectors[c],
                                          .stands = STANDS_OUT,
                                          .value = NAN,
                                          .p = NAN,
                                          .ratio = NAN,
                                          .interval = {NAN, NAN},
                                          .reason = reason_of(&g, c)};
  qsort(k.standings, k.count, sizeof *k.standings, by_standing);
  return k;
}

const standing *standing_find(const ranking *k, const char *collector) {
  for (size_t i = 0; i < k->count; i++)
    if (!strcmp(k->standings[i].collector, collector))
      return &k->standings[i];
  return NULL;
}
