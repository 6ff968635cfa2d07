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

void compare_read(compare_sample *s, const report *r, const report_cell *c,
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
  if (r->machines_count > 1)
    return; /* a median over machines is of none of them */
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

/* Numbers that may be 0 have no ratio: whether they differ, and which way. */
static void test_differences(const comparison *c, compare_row *row) {
  size_t n;
  double *differences =
      machines_differences(row->fresh.cell, row->base.cell, c->metric, &n);
  if (!n)
    return;
  row->test = stat_signed_ranks(differences, n);
  row->change = relative_change(0, stat_summarize(differences, n).median);
}

/* Of one directory with several machines: by machine and round. */
static void test_rounds(const comparison *c, compare_row *row) {
  const report *r = c->base.report;
  row->machines = arena_take(r->machines_count * sizeof *row->machines);
  row->strata = machines_ratios(r, row->fresh.cell, row->base.cell, c->metric,
                                row->machines);
  if (!row->strata.count) {
    test_differences(c, row);
    return;
  }
  row->change = stat_strata_ratio(&row->strata, 1) - 1;
  row->test = stat_strata_test(&row->strata, 1);
  row->ratio =
      stat_strata_interval(&row->strata, 1, REPORT_CONFIDENCE, STAT_SEED);
  row->interaction = stat_strata_interaction(&row->strata, STAT_SEED);
}

/* Of two directories: by machine. */
static void test_machines(const comparison *c, compare_row *row) {
  row->pairs = machines_pairs(c->fresh.report, row->fresh.cell, c->base.report,
                              row->base.cell, c->metric, &row->pairs_count);
  const stat_pair *pairs = row->pairs;
  if (!row->pairs_count)
    return;
  row->change = stat_geomean(pairs, row->pairs_count, STAT_MEDIAN) - 1;
  row->test = stat_stratified_test(pairs, row->pairs_count);
  row->ratio = stat_bootstrap(pairs, row->pairs_count, STAT_MEDIAN,
                              REPORT_CONFIDENCE, STAT_SEED);
}

static void test_values(const comparison *c, compare_row *row) {
  const compare_sample *base = &row->base, *fresh = &row->fresh;
  row->change = row->p = row->needed = NAN;
  row->ratio = (stat_interval){NAN, NAN};
  row->test = row->interaction = (stat_test){NAN, NAN};
  if (!base->values || !fresh->values)
    return;
  if (c->by_machine) {
    if (c->base.report == c->fresh.report)
      test_rounds(c, row);
    else
      test_machines(c, row);
    row->p = row->test.p;
    return;
  }
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
  const double level = c->rules.alpha / (double)c->tested;
  size_t fewest = row->strata.count ? stat_fewest_for_signs(level)
                                    : stat_fewest_for_test(level);
  if (!isnan(half))
    row->needed = fmax(stat_values_needed(n, half, wanted), (double)fewest);
}

static void adjust(comparison *c) {
  double *p = arena_take(c->count * sizeof *p);
  double *depends = arena_take(c->count * sizeof *depends);
  for (size_t i = 0; i < c->count; i++) {
    p[i] = c->rows[i].p;
    depends[i] = c->rows[i].interaction.p;
  }
  stat_holm(p, c->count);
  stat_holm(depends, c->count);
  for (size_t i = 0; i < c->count; i++) {
    c->rows[i].p = p[i];
    c->rows[i].interaction.p = depends[i];
  }
}

/* What rows hold together. */
typedef struct gathered {
  stat_strata *strata;
  stat_pair *pairs;
  size_t rows, strata_count, pairs_count;
} gathered;

/* All rows, or those that have a ratio. */
static gathered gather_rows(const comparison *c, bool with_ratio) {
  gathered g = {.strata = arena_take((c->count + 1) * sizeof *g.strata)};
  for (size_t i = 0; i < c->count; i++) {
    const compare_row *row = &c->rows[i];
    const stat_pair whole = compare_values(row);
    const stat_pair *pairs = c->by_machine ? row->pairs : &whole;
    const size_t count = c->by_machine ? row->pairs_count : 1;
    if (with_ratio && isnan(row->ratio.low))
      continue;
    g.rows++;
    if (row->strata.count)
      g.strata[g.strata_count++] = row->strata;
    for (size_t k = 0; k < count; k++) {
      g.pairs = arena_more(g.pairs, g.pairs_count, sizeof *g.pairs);
      g.pairs[g.pairs_count++] = pairs[k];
    }
  }
  return g;
}

/* The geometric mean over the rows that have a ratio. */
static void combine_rows(comparison *c) {
  const gathered g = gather_rows(c, true);
  const bool rounds = g.strata_count > 0;
  c->complete = g.rows;
  c->geomean = rounds ? stat_strata_ratio(g.strata, g.strata_count)
                      : stat_geomean(g.pairs, g.pairs_count, STAT_MEDIAN);
  c->geomean_interval =
      rounds ? stat_strata_interval(g.strata, g.strata_count, REPORT_CONFIDENCE,
                                    STAT_SEED)
             : stat_bootstrap(g.pairs, g.pairs_count, STAT_MEDIAN,
                              REPORT_CONFIDENCE, STAT_SEED);
}

stat_test compare_test(const comparison *c) {
  const gathered g = gather_rows(c, false);
  return g.strata_count ? stat_strata_test(g.strata, g.strata_count)
                        : stat_stratified_test(g.pairs, g.pairs_count);
}

size_t compare_interactions(const comparison *c) {
  size_t tested = 0;
  for (size_t i = 0; i < c->count; i++)
    tested += isnan(c->rows[i].interaction.p) ? 0 : 1;
  return tested;
}

const char *compare_interaction_text(const comparison *c,
                                     const compare_row *row) {
  if (!(row->interaction.p <= c->rules.alpha))
    return NULL;
  size_t low = 0, high = 0;
  double ratios[2] = {HUGE_VAL, 0};
  for (size_t i = 0; i < row->strata.count; i++) {
    const stat_strata one = {&row->strata.items[i], 1};
    const double ratio = stat_strata_ratio(&one, 1);
    low = ratio < ratios[0] ? i : low;
    high = ratio > ratios[1] ? i : high;
    ratios[0] = fmin(ratios[0], ratio);
    ratios[1] = fmax(ratios[1], ratio);
  }
  const report_machine *machines = c->base.report->machines;
  return arena_text("%+.3g %% on %s to %+.3g %% on %s (p %.2g)",
                    100 * (ratios[0] - 1), machines[row->machines[low]].id,
                    100 * (ratios[1] - 1), machines[row->machines[high]].id,
                    row->interaction.p);
}

size_t compare_machines(const compare_row *row) {
  return row->strata.count ? row->strata.count : row->pairs_count;
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
                    .by_machine = sides->base.report->machines_count > 1 ||
                                  sides->fresh.report->machines_count > 1,
                    .count = sides->count};
  c->rows = arena_take(c->count * sizeof *c->rows);
  double *scratch = arena_take(most_values(sides) * sizeof *scratch);
  for (size_t i = 0; i < c->count; i++) {
    const compare_pair *pair = &sides->pairs[i];
    compare_row *row = &c->rows[i];
    row->label = pair->label;
    compare_read(&row->base, c->base.report, pair->base, of, scratch);
    compare_read(&row->fresh, c->fresh.report, pair->fresh, of, scratch);
    test_values(c, row);
    c->tested += isnan(row->p) ? 0 : 1;
  }
  adjust(c);
  for (size_t i = 0; i < c->count; i++)
    judge(c, &c->rows[i]);
  combine_rows(c);
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
