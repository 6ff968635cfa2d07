/* compare.c: see compare.h. */
#include "compare.h"
#include "exercise.h"
#include "harness/stats/distributions.h"
#include "harness/base/arena.h"
#include "harness/base/random.h"
#include "harness/stats/summary.h"

#include <math.h>
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

static void add_pair(compare_sides *s, const report_cell *base,
                     const report_cell *fresh) {
  if (cannot_run(base) && cannot_run(fresh))
    return; /* as both sides expect */
  s->pairs = arena_more(s->pairs, s->count, sizeof *s->pairs);
  s->pairs[s->count++] =
      (compare_pair){.label = label_of(base ? base : fresh, !s->base.collector),
                     .base = base,
                     .fresh = fresh};
}

compare_sides *compare_match(compare_side base, compare_side fresh) {
  compare_sides *s = arena_take(sizeof *s);
  *s = (compare_sides){.base = base, .fresh = fresh};
  json_t *bases = index_cells(&base), *freshes = index_cells(&fresh);
  for (size_t i = 0; i < base.report->count; i++) {
    const report_cell *c = &base.report->cells[i];
    if (on_side(&base, c))
      add_pair(s, c, counterpart(&fresh, freshes, c));
  }
  for (size_t i = 0; i < fresh.report->count; i++) {
    const report_cell *c = &fresh.report->cells[i];
    if (on_side(&fresh, c) && !counterpart(&base, bases, c))
      add_pair(s, NULL, c);
  }
  json_decref(bases);
  json_decref(freshes);
  return s;
}

/* ------------------------------------------------------------------------- *
 * A row.
 * ------------------------------------------------------------------------- */

/* `scratch` has room for the values. */
static void read_sample(compare_sample *s, const report_cell *c,
                        const metric *of, double *scratch) {
  s->cell = c;
  s->median = s->interval.low = s->interval.high = NAN;
  if (!c || !report_is_good(c) || !report_compares(c, of))
    return;
  size_t n = c->count, m = (size_t)(of - metrics);
  for (size_t i = 0; i < n; i++) {
    scratch[i] = c->samples[i].values[m];
    if (!isfinite(scratch[i]))
      return;
  }
  s->values = arena_take(n * sizeof *s->values);
  memcpy(s->values, scratch, n * sizeof *s->values);
  s->n = n;
  s->interval = stat_median_interval(s->values, n, REPORT_CONFIDENCE);
  s->median = stat_summarize(scratch, n).median;
}

stat_pair compare_values(const compare_row *row) {
  return (stat_pair){row->fresh.values, row->fresh.n, row->base.values,
                     row->base.n};
}

static double relative_change(double base, double fresh) {
  if (fabs(base) > 0)
    return (fresh - base) / fabs(base);
  return fabs(fresh) > 0 ? copysign(HUGE_VAL, fresh) : 0;
}

static void test_values(compare_row *row) {
  const compare_sample *base = &row->base, *fresh = &row->fresh;
  row->change = row->p = row->needed = NAN;
  row->ratio = (stat_interval){NAN, NAN};
  row->test = (stat_test){NAN, NAN};
  if (!base->values || !fresh->values)
    return;
  const stat_pair pair = compare_values(row);
  row->change = relative_change(base->median, fresh->median);
  row->test = stat_mann_whitney(base->values, base->n, fresh->values, fresh->n);
  row->p = row->test.p;
  row->ratio =
      stat_bootstrap(&pair, 1, STAT_MEDIAN, REPORT_CONFIDENCE, STAT_SEED);
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

/* The most values that a cell of either side has. */
static size_t most_values(const compare_sides *sides) {
  size_t most = 0;
  for (size_t i = 0; i < sides->count; i++) {
    const report_cell *cells[] = {sides->pairs[i].base, sides->pairs[i].fresh};
    for (size_t k = 0; k < 2; k++)
      if (cells[k] && cells[k]->count > most)
        most = cells[k]->count;
  }
  return most;
}

comparison *compare_make(const compare_sides *sides, const metric *of,
                         compare_rules rules) {
  comparison *c = arena_take(sizeof *c);
  *c = (comparison){.metric = of,
                    .base = sides->base,
                    .fresh = sides->fresh,
                    .rules = rules,
                    .count = sides->count};
  c->rows = arena_take(c->count * sizeof *c->rows);
  stat_pair *pairs = arena_take(c->count * sizeof *pairs);
  double *scratch = arena_take(most_values(sides) * sizeof *scratch);
  for (size_t i = 0; i < c->count; i++) {
    const compare_pair *pair = &sides->pairs[i];
    compare_row *row = &c->rows[i];
    row->label = pair->label;
    read_sample(&row->base, pair->base, of, scratch);
    read_sample(&row->fresh, pair->fresh, of, scratch);
    test_values(row);
    c->tested += isnan(row->p) ? 0 : 1;
    if (!isnan(row->ratio.low))
      pairs[c->complete++] = compare_values(row);
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
