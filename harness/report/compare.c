/* compare.c: see compare.h. */
#include "compare.h"
#include "exercise.h"
#include "harness/stats/distributions.h"
#include "harness/base/arena.h"
#include "harness/base/random.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Which cells belong together.
 * ------------------------------------------------------------------------- */

static bool on_side(const compare_side *side, const report_cell *c) {
  return !side->collector || !strcmp(side->collector, c->collector);
}

/* What the cells that are compared have in common: their block, and, unless
 * sides are collectors, the collector. */
static const char *likeness(const compare_side *side, const report_cell *c) {
  return arena_text("%s\n%s\n%d\n%d\n%s", c->workload, c->heap, c->threads,
                    c->reference, side->collector ? "" : c->collector);
}

/* The numbers of the side's cells, by likeness; of like ones the first. */
static json_t *index_cells(const compare_side *side) {
  json_t *index = json_object();
  for (size_t i = 0; i < side->report->count; i++) {
    const report_cell *c = &side->report->cells[i];
    if (!on_side(side, c))
      continue;
    const char *like = likeness(side, c);
    if (!json_object_get(index, like))
      json_object_set_new(index, like, json_integer((json_int_t)i));
  }
  return index;
}

/* The side's cell that is like this one of the other side, or NULL. */
static const report_cell *counterpart(const compare_side *side,
                                      const json_t *index,
                                      const report_cell *like) {
  const json_t *at = json_object_get(index, likeness(side, like));
  return at ? &side->report->cells[json_integer_value(at)] : NULL;
}

static const char *label_of(const report_cell *c, bool with_collector) {
  const char *threads =
      c->threads != 1 ? arena_text("/threads=%d", c->threads) : "";
  return arena_text("%s%s%s/heap=%s%s", c->workload, with_collector ? "/" : "",
                    with_collector ? c->collector : "", c->heap, threads);
}

static bool cannot_run(const report_cell *c) {
  return !c || c->missing;
}

static void add_row(comparison *c, const report_cell *base,
                    const report_cell *fresh) {
  if (cannot_run(base) && cannot_run(fresh))
    return; /* as both sides expect */
  c->rows = arena_more(c->rows, c->count, sizeof *c->rows);
  c->rows[c->count++] =
      (compare_row){.label = label_of(base ? base : fresh, !c->base.collector),
                    .base.cell = base,
                    .fresh.cell = fresh};
}

static void pair_cells(comparison *c) {
  json_t *bases = index_cells(&c->base), *freshes = index_cells(&c->fresh);
  for (size_t i = 0; i < c->base.report->count; i++) {
    const report_cell *base = &c->base.report->cells[i];
    if (on_side(&c->base, base))
      add_row(c, base, counterpart(&c->fresh, freshes, base));
  }
  for (size_t i = 0; i < c->fresh.report->count; i++) {
    const report_cell *fresh = &c->fresh.report->cells[i];
    if (on_side(&c->fresh, fresh) && !counterpart(&c->base, bases, fresh))
      add_row(c, NULL, fresh);
  }
  json_decref(bases);
  json_decref(freshes);
}

/* ------------------------------------------------------------------------- *
 * A row.
 * ------------------------------------------------------------------------- */

static void read_sample(compare_sample *s, const metric *of) {
  s->median = s->interval.low = s->interval.high = NAN;
  if (!s->cell || !report_is_good(s->cell) || !report_compares(s->cell, of))
    return;
  size_t n = s->cell->count, m = (size_t)(of - metrics);
  double *values = arena_take(n * sizeof *values);
  for (size_t i = 0; i < n; i++) {
    values[i] = s->cell->samples[i].values[m];
    if (!isfinite(values[i]))
      return;
  }
  s->values = values;
  s->n = n;
  s->interval = stat_median_interval(values, n, REPORT_CONFIDENCE);
  double *sorted = arena_take(n * sizeof *sorted);
  memcpy(sorted, values, n * sizeof *sorted);
  s->median = stat_summarize(sorted, n).median;
}

stat_pair compare_pair(const compare_row *row) {
  return (stat_pair){row->fresh.values, row->fresh.n, row->base.values,
                     row->base.n};
}

static double relative_change(double base, double fresh) {
  if (fabs(base) > 0)
    return (fresh - base) / fabs(base);
  return fabs(fresh) > 0 ? copysign(HUGE_VAL, fresh) : 0;
}

static void compare_values(compare_row *row) {
  const compare_sample *base = &row->base, *fresh = &row->fresh;
  stat_interval none = {NAN, NAN};
  row->change = row->p = row->mean_ratio = row->needed = NAN;
  row->ratio = row->mean_ratio_fieller = none;
  row->test = (stat_test){NAN, NAN};
  row->welch = (stat_welch){NAN, NAN, NAN};
  if (!base->values || !fresh->values)
    return;
  stat_pair pair = compare_pair(row);
  row->change = relative_change(base->median, fresh->median);
  row->test = stat_mann_whitney(base->values, base->n, fresh->values, fresh->n);
  row->p = row->test.p;
  row->ratio =
      stat_bootstrap(&pair, 1, STAT_MEDIAN, REPORT_CONFIDENCE, STAT_SEED);
  row->mean_ratio = stat_ratio(&pair, STAT_MEAN);
  if (isnan(row->mean_ratio))
    return;
  stat_moments x = stat_moments_of(base->values, base->n);
  stat_moments y = stat_moments_of(fresh->values, fresh->n);
  row->mean_ratio_fieller = stat_fieller(&y, &x, REPORT_CONFIDENCE);
  row->welch = stat_welch_test(base->values, base->n, fresh->values, fresh->n);
}

double compare_worse(const comparison *c, const compare_row *row) {
  return -c->metric->better * row->change;
}

/* After p has been adjusted. */
static void judge(const comparison *c, compare_row *row) {
  if (isnan(row->p))
    return;
  double size = fabs(row->change);
  if (row->p <= c->rules.alpha && size > 0) {
    row->verdict = size < c->rules.threshold   ? COMPARE_SMALL
                   : compare_worse(c, row) > 0 ? COMPARE_WORSE
                                               : COMPARE_BETTER;
    return;
  }
  row->verdict = COMPARE_SAME;
  size_t n = row->base.n < row->fresh.n ? row->base.n : row->fresh.n;
  double wanted = c->rules.threshold > 0 ? c->rules.threshold : size;
  double half = (row->ratio.high - row->ratio.low) / 2;
  size_t fewest = stat_fewest_for_test(c->rules.alpha / (double)c->tested);
  if (!isnan(half))
    row->needed = fmax(stat_values_needed(n, half, wanted), (double)fewest);
}

static void adjust(comparison *c) {
  double *p = arena_take(c->count * sizeof *p);
  for (size_t i = 0; i < c->count; i++)
    p[i] = c->rows[i].p;
  stat_holm(p, c->count);
  for (size_t i = 0; i < c->count; i++)
    c->rows[i].p = p[i];
}

comparison *compare_make(compare_side base, compare_side fresh,
                         const metric *of, compare_rules rules) {
  comparison *c = arena_take(sizeof *c);
  c->metric = of;
  c->base = base;
  c->fresh = fresh;
  c->rules = rules;
  pair_cells(c);
  stat_pair *pairs = arena_take(c->count * sizeof *pairs);
  for (size_t i = 0; i < c->count; i++) {
    compare_row *row = &c->rows[i];
    read_sample(&row->base, of);
    read_sample(&row->fresh, of);
    compare_values(row);
    c->tested += isnan(row->p) ? 0 : 1;
    if (!isnan(row->mean_ratio))
      pairs[c->complete++] = compare_pair(row);
  }
  adjust(c);
  for (size_t i = 0; i < c->count; i++)
    judge(c, &c->rows[i]);
  c->geomean = stat_geomean(pairs, c->complete, STAT_MEDIAN);
  c->geomean_interval = stat_bootstrap(pairs, c->complete, STAT_MEDIAN,
                                       REPORT_CONFIDENCE, STAT_SEED);
  return c;
}

/* ------------------------------------------------------------------------- *
 * A/A.
 * ------------------------------------------------------------------------- */

/* The p of one group of a cell, or NAN if the cell has too few invocations. */
static double p_of_group(const report_cell *c, size_t m, size_t group,
                         size_t half, uint64_t *random, double *room) {
  size_t begin = 2 * half * group;
  if (!report_is_good(c) || !report_compares(c, &metrics[m]) ||
      begin + 2 * half > c->count)
    return NAN;
  double *sides[] = {room, room + half};
  for (size_t i = 0; i < half; i++) {
    size_t first = random_below(random, 2);
    for (size_t k = 0; k < 2; k++) {
      double value = c->samples[begin + 2 * i + k].values[m];
      if (!isfinite(value))
        return NAN;
      sides[k ^ first][i] = value;
    }
  }
  return stat_mann_whitney(room, half, room + half, half).p;
}

compare_aa compare_against_itself(const report *r, const metric *of,
                                  size_t half, double alpha, uint64_t seed) {
  compare_aa aa = {.metric = of};
  double *room = arena_take(2 * half * sizeof *room);
  double *p = arena_take(r->count * sizeof *p);
  size_t groups = 0;
  for (size_t i = 0; i < r->count; i++)
    if (r->cells[i].count / (2 * half) > groups)
      groups = r->cells[i].count / (2 * half);
  for (size_t group = 0; group < groups; group++) {
    size_t tested = 0, significant = 0;
    for (size_t i = 0; i < r->count; i++) {
      p[i] = p_of_group(&r->cells[i], (size_t)(of - metrics), group, half,
                        &seed, room);
      tested += isnan(p[i]) ? 0 : 1;
      aa.significant += p[i] <= alpha;
    }
    stat_holm(p, r->count);
    for (size_t i = 0; i < r->count; i++)
      significant += p[i] <= alpha;
    aa.comparisons += tested;
    aa.tables += tested > 0;
    aa.tables_significant += significant > 0;
  }
  aa.bound = stat_binomial_bound(aa.comparisons, alpha, COMPARE_AA_CONFIDENCE);
  aa.tables_bound =
      stat_binomial_bound(aa.tables, alpha, COMPARE_AA_CONFIDENCE);
  return aa;
}
