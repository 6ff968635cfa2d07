/* compare-page.c: comparisons as a page: for each new side a table by metric,
 * and the cells that could not be compared. */
#include "compare.h"
#include "exercise.h"
#include "harness/base/arena.h"

#include <math.h>
#include <stdio.h>

/* ------------------------------------------------------------------------- *
 * Rows.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "base", .traits = TABLE_KEY},
    {.name = "new", .traits = TABLE_KEY},
    {.name = "metric", .traits = TABLE_KEY},
    {.name = "cell", .header = "cell", .traits = TABLE_KEY},
    {.name = "base_verdict"},
    {.name = "new_verdict"},
    {.name = "result"},
    {.name = "base_median", .header = "base", .traits = TABLE_RIGHT},
    {.name = "base_low"},
    {.name = "base_high"},
    {.name = "base_n", .kind = TABLE_INTEGER},
    {.name = "base_spread",
     .header = "±",
     .traits = TABLE_ONLY_PEOPLE | TABLE_RIGHT,
     .leaves = 4},
    {.name = "new_median", .header = "new", .traits = TABLE_RIGHT},
    {.name = "new_low"},
    {.name = "new_high"},
    {.name = "new_n", .kind = TABLE_INTEGER},
    {.name = "new_spread",
     .header = "±",
     .traits = TABLE_ONLY_PEOPLE | TABLE_RIGHT,
     .leaves = 4},
    {.name = "change", .header = "change", .traits = TABLE_RIGHT},
    {.name = "interval",
     .header = "95 %",
     .traits = TABLE_ONLY_PEOPLE | TABLE_RIGHT,
     .leaves = 1},
    {.name = "ratio_low"},
    {.name = "ratio_high"},
    {.name = "p"},
    {.name = "p_holm", .header = "p", .traits = TABLE_RIGHT},
    {.name = "n",
     .header = "n",
     .traits = TABLE_ONLY_PEOPLE | TABLE_RIGHT,
     .leaves = 3},
    {.name = "outcome", .header = "", .traits = TABLE_ONLY_PEOPLE},
    {.name = "invocations_needed",
     .header = "need",
     .traits = TABLE_RIGHT,
     .leaves = 2}};

static const char *const verdict_names[] = {"none", "same", "small", "better",
                                            "worse"};

static const char *verdict_of(const compare_sample *s) {
  return s->cell ? report_verdict_text(s->cell) : "no such cell";
}

static const char *percent(double share) {
  return isnan(share) ? "–"
         : isinf(share)
             ? "from 0"
             : arena_text("%+.*f%%", fabs(share) < 0.9995 ? 2 : 0, 100 * share);
}

static const char *interval_text(stat_interval ratio) {
  return isnan(ratio.low) ? "–"
                          : arena_text("[%s, %s]", percent(ratio.low - 1),
                                       percent(ratio.high - 1));
}

/* The ratio of a row on one of its machines. */
static double ratio_on(const compare_row *row, size_t i) {
  const stat_strata one = {&row->strata.items[i], 1};
  return row->strata.count ? stat_strata_ratio(&one, 1)
                           : stat_ratio(&row->pairs[i], STAT_MEDIAN);
}

/* The columns of a side. */
typedef struct side_columns {
  const char *verdict, *median, *spread, *low, *high, *n;
} side_columns;

static void set_sample(table_row *row, const side_columns *c, const metric *m,
                       const compare_sample *s) {
  table_set_text(row, c->verdict, verdict_of(s));
  table_set_real(row, c->median, s->median);
  table_show(row, c->median, "%s", table_number(m->kind, s->median));
  table_set_real(row, c->low, s->interval.low);
  table_set_real(row, c->high, s->interval.high);
  table_set_integer(row, c->n, (long long)s->n);
  if (s->n < 2 || isnan(s->median))
    table_show(row, c->spread, "–");
  else
    table_show(
        row, c->spread, "±%s%%",
        table_number(TABLE_PERCENT, 100 * stat_half_spread(s->values, s->n,
                                                           REPORT_CONFIDENCE)));
}

static const char *needed_text(const compare_row *row) {
  double n = (double)(row->base.n < row->fresh.n ? row->base.n : row->fresh.n);
  if (row->verdict != COMPARE_SAME || !isfinite(row->needed) ||
      row->needed <= n)
    return "";
  return row->needed > 9999 ? ">9999" : arena_text("%.0f", row->needed);
}

static void add_row(table *t, size_t group, const comparison *c,
                    const compare_row *r) {
  static const char *const outcomes[] = {"–", "~", "small", "better", "worse"};
  static const side_columns base = {"base_verdict", "base_median",
                                    "base_spread",  "base_low",
                                    "base_high",    "base_n"};
  static const side_columns fresh = {"new_verdict", "new_median", "new_spread",
                                     "new_low",     "new_high",   "new_n"};
  table_row *row = table_add(t, group);
  if (r->verdict == COMPARE_NONE)
    row->audience = ROW_FOR_PROGRAMS;
  table_set_text(row, "base", c->base.name);
  table_set_text(row, "new", c->fresh.name);
  table_set_text(row, "metric", c->metric->name);
  table_set_text(row, "cell", r->label);
  table_set_text(row, "result", verdict_names[r->verdict]);
  set_sample(row, &base, c->metric, &r->base);
  set_sample(row, &fresh, c->metric, &r->fresh);
  table_set_real(row, "change", r->change);
  table_show(row, "change", "%s",
             r->verdict == COMPARE_SAME ? "~" : percent(r->change));
  table_show(row, "interval", "%s", interval_text(r->ratio));
  table_set_real(row, "ratio_low", r->ratio.low);
  table_set_real(row, "ratio_high", r->ratio.high);
  table_set_real(row, "p", r->test.p);
  table_set_real(row, "p_holm", r->p);
  if (isnan(r->p))
    table_show(row, "p_holm", "–");
  else
    table_show(row, "p_holm", r->p < 0.0005 ? "<0.001" : "%.3f", r->p);
  table_show(row, "n", "%zu+%zu", r->base.n, r->fresh.n);
  table_show(row, "outcome", "%s", outcomes[r->verdict]);
  table_set_real(row, "invocations_needed", r->needed);
  table_show(row, "invocations_needed", "%s", needed_text(r));
}

static void add_geomean(table *t, size_t group, const comparison *c) {
  table_row *row = table_add(t, group);
  row->audience = ROW_FOR_PEOPLE;
  table_show(row, "cell", "geomean, %zu of %zu cells", c->complete, c->count);
  table_show(row, "change", "%s", percent(c->geomean - 1));
  table_show(row, "interval", "%s", interval_text(c->geomean_interval));
}

/* Adds a comparison to the table; returns its group. */
static size_t add_comparison(table *t, const comparison *c) {
  const char *work = c->metric->kind == TABLE_RATE ? "work" : "";
  size_t group =
      table_add_group(t, arena_text("%s, %s%s", metric_title(c->metric), work,
                                    metric_unit(c->metric)));
  for (size_t i = 0; i < c->count; i++)
    add_row(t, group, c, &c->rows[i]);
  add_geomean(t, group, c);
  return group;
}

/* ------------------------------------------------------------------------- *
 * What could not be compared.
 * ------------------------------------------------------------------------- */

/* Why this side has no number. */
static const char *why_not(const compare_sample *s) {
  if (!s->cell)
    return "has no such cell";
  const char *reason = report_failure_reason(s->cell);
  return arena_text("%s%s%s", report_verdict_text(s->cell), *reason ? ": " : "",
                    reason);
}

static bool failed(const compare_sample *s) {
  return !s->cell || !report_is_good(s->cell);
}

/* The metrics that a row has not on both sides: "no pause p99, ...", or "". */
static const char *missing_metrics(comparison *const *all, size_t count,
                                   size_t row) {
  const char *names = "";
  for (size_t m = 0; m < count; m++)
    if (all[m]->rows[row].verdict == COMPARE_NONE)
      names = arena_text("%s%s%s", names, *names ? ", " : "no ",
                         metric_title(all[m]->metric));
  return names;
}

/* Why they are missing.  `by_machine`: values are compared on one machine. */
static const char *why_missing(const compare_row *row, bool by_machine) {
  const char *base =
      row->base.cell ? report_exercise_mark(row->base.cell) : NULL;
  const char *fresh =
      row->fresh.cell ? report_exercise_mark(row->fresh.cell) : NULL;
  if (!base && !fresh)
    return by_machine ? " that one machine has on both sides"
                      : " in every invocation of both";
  return arena_text(": %s%s%s%s%s; run longer (--exercise %d) or in a smaller "
                    "heap",
                    base ? "base " : "", base ? base : "",
                    base && fresh ? ", " : "", fresh ? "new " : "",
                    fresh ? fresh : "", EXERCISED_WANTED);
}

/* The cells that failed on a side or that it does not have, once for all
 * metrics; and the cells of which only single metrics are missing. */
static void add_absent(page *p, comparison *const *all, size_t count) {
  bool begun = false;
  for (size_t i = 0; i < all[0]->count; i++) {
    const compare_row *row = &all[0]->rows[i];
    bool bad = failed(&row->base) || failed(&row->fresh);
    const char *names = bad ? "" : missing_metrics(all, count, i);
    if (!bad && !*names)
      continue;
    if (!begun)
      page_text(p, PAGE_PARAGRAPH, "Not compared:");
    const char *why =
        bad ? arena_text("base %s; new %s", why_not(&row->base),
                         why_not(&row->fresh))
            : arena_text("%s%s", names, why_missing(row, all[0]->by_machine));
    (begun ? page_item : page_list)(p, "%s: %s", row->label, why);
    begun = true;
  }
}

/* ------------------------------------------------------------------------- *
 * Several machines.
 * ------------------------------------------------------------------------- */

/* The rows of which the ratio depends on the machine, and those that one
 * machine alone saw. */
static void add_disagreements(page *p, const comparison *c) {
  size_t differ = 0;
  for (size_t i = 0; i < c->count; i++) {
    const char *text = compare_interaction_text(c, &c->rows[i]);
    if (!text)
      continue;
    if (!differ++)
      page_text(p, PAGE_PARAGRAPH,
                "%s: the change depends on the machine (that of all is of "
                "these machines only):",
                metric_title(c->metric));
    (differ > 1 ? page_item : page_list)(p, "%s: %s", c->rows[i].label, text);
  }
  const size_t tested = compare_interactions(c);
  if (!differ && tested)
    page_text(p, PAGE_LINE,
              "%s: no change is seen to depend on the machine (%zu tested).",
              metric_title(c->metric), tested);
}

/* Once for all metrics. */
static void add_lone_rows(page *p, const comparison *c) {
  bool begun = false;
  for (size_t i = 0; i < c->count; i++) {
    if (compare_machines(&c->rows[i]) != 1)
      continue;
    if (!begun)
      page_text(p, PAGE_PARAGRAPH, "Seen by one machine alone:");
    (begun ? page_item : page_list)(p, "%s", c->rows[i].label);
    begun = true;
  }
}

/* ------------------------------------------------------------------------- *
 * For people.
 * ------------------------------------------------------------------------- */

static void add_legend_of_medians(page *p, const comparison *c) {
  page_list(p,
            "base, new: medians of the invocations; ±: half their 95 %% "
            "interval, below %zu\n  invocations half the range.",
            stat_fewest_for_median(REPORT_CONFIDENCE));
  page_item(p,
            "change: of the medians, ~ where p > %g; 95 %%: the interval of "
            "that, by the bootstrap\n  (that of a geomean by %d resamples, "
            "seed %d).",
            c->rules.alpha, STAT_RESAMPLES, STAT_SEED);
}

static void add_legend(page *p, const comparison *c) {
  double threshold = 100 * c->rules.threshold;
  page_text(p, PAGE_PARAGRAPH, "↑ higher is better, ↓ lower is better.");
  if (c->by_machine)
    page_list(p,
              "change: of the ratios within each machine%s, put together, ~ "
              "where p > %g; 95 %%: the\n  interval of that, by the bootstrap "
              "within each machine (%d resamples, seed %d).\n  What is "
              "absolute is of one machine: report --table machines.",
              c->base.report == c->fresh.report ? " and round" : "",
              c->rules.alpha, STAT_RESAMPLES, STAT_SEED);
  else
    add_legend_of_medians(p, c);
  page_item(p, "p: %s, two-sided, Holm-adjusted over the cells of the table.",
            !c->by_machine ? "Mann and Whitney's test"
            : c->base.report == c->fresh.report
                ? "the test of signed ranks"
                : "the rank sum test, stratified by machine");
  page_item(p, "n: invocations of base and new.");
  if (threshold > 0)
    page_item(p, "small: significant, but less than %g %%.", threshold);
  page_item(p,
            "need: invocations a side at which the change's interval would be "
            "about as narrow\n  as %s.",
            threshold > 0 ? arena_text("±%g %%", threshold)
                          : "the change that was seen");
  page_item(p,
            "geomean: of the ratios of all cells that both sides completed.");
}

/* Where the comparisons of the next new side begin. */
static size_t next_side(comparison *const *all, size_t count, size_t from) {
  size_t end = from + 1;
  while (end < count && all[end]->metric != all[from]->metric)
    end++;
  return end;
}

/* Names the programs of a side that were compiled otherwise than the driver of
 * the base. */
static void add_builds(page *p, const compare_side *side,
                       const compare_side *base) {
  const char *builds = report_builds_text(side->report, base->report);
  if (builds)
    page_text(p, PAGE_LINE, "%s: %s", side->name, builds);
  if (builds_unknown(&side->report->builds))
    page_text(p, PAGE_LINE, "%s: %s", side->name,
              builds_unknown(&side->report->builds));
}

static void add_side(page *p, table *t, comparison *const *all, size_t count) {
  const comparison *first = all[0];
  page_text(p, PAGE_TITLE, "base: %s; new: %s", first->base.name,
            first->fresh.name);
  const char *suspect =
      report_suspect_text(first->base.report, first->fresh.report);
  if (suspect)
    page_text(p, PAGE_LINE, "%s", suspect);
  add_builds(p, &first->base, &first->base);
  if (first->fresh.report != first->base.report)
    add_builds(p, &first->fresh, &first->base);
  for (size_t i = 0; i < count; i++) {
    size_t group = add_comparison(t, all[i]);
    if (all[i]->tested) /* add_absent says why not */
      page_group(p, t, group);
  }
  for (size_t i = 0; i < count && first->by_machine; i++)
    add_disagreements(p, all[i]);
  if (first->by_machine)
    add_lone_rows(p, first);
  add_absent(p, all, count);
}

/* ------------------------------------------------------------------------- *
 * JSON: all that was computed.
 * ------------------------------------------------------------------------- */

static void set_number(json_t *object, const char *key, double value) {
  json_object_set_new(object, key,
                      isfinite(value) ? json_real(value) : json_null());
}

static void set_interval(json_t *object, const char *key, stat_interval i) {
  json_object_set_new(object, key,
                      isnan(i.low) ? json_null()
                                   : json_pack("[f, f]", i.low, i.high));
}

static json_t *json_of_sample(const compare_sample *s) {
  const report_sample *worst = s->cell ? report_worst(s->cell) : NULL;
  json_t *o =
      json_pack("{s:s, s:s, s:s*, s:i}", "verdict", verdict_of(s), "reason",
                worst ? worst->reason : "", "exercised",
                s->cell ? report_exercise_word(s->cell) : NULL, "n", (int)s->n);
  if (!s->values)
    return o;
  stat_moments mean = stat_moments_of(s->values, s->n);
  set_number(o, "median", s->median);
  set_interval(o, "median_interval", s->interval);
  set_number(o, "mean", mean.mean);
  set_interval(o, "mean_interval",
               stat_mean_interval(&mean, REPORT_CONFIDENCE));
  return o;
}

/* Only here, as it takes longer than all the rest. */
static stat_interval mean_bootstrap(const compare_row *row) {
  const stat_pair pair = compare_values(row);
  return stat_bootstrap(&pair, 1, STAT_MEAN, REPORT_CONFIDENCE, STAT_SEED);
}

/* Tests of means, which need positive values. */
static void set_means(json_t *o, const compare_row *row) {
  const compare_sample *base = &row->base, *fresh = &row->fresh;
  const stat_pair pair = compare_values(row);
  const double ratio = stat_ratio(&pair, STAT_MEAN);
  stat_interval fieller = {NAN, NAN};
  stat_welch welch = {NAN, NAN, NAN};
  if (!isnan(ratio)) {
    const stat_moments x = stat_moments_of(base->values, base->n);
    const stat_moments y = stat_moments_of(fresh->values, fresh->n);
    fieller = stat_fieller(&y, &x, REPORT_CONFIDENCE);
    welch = stat_welch_test(base->values, base->n, fresh->values, fresh->n);
  }
  set_number(o, "mean_ratio", ratio);
  set_interval(o, "mean_ratio_bootstrap", mean_bootstrap(row));
  set_interval(o, "mean_ratio_fieller", fieller);
  set_number(o, "welch_t", welch.t);
  set_number(o, "welch_freedom", welch.freedom);
  set_number(o, "welch_p", welch.p);
}

static void set_machines(json_t *o, const comparison *c,
                         const compare_row *row) {
  json_t *machines = json_array();
  for (size_t i = 0; i < compare_machines(row); i++) {
    const bool rounds = row->strata.count > 0;
    json_t *its = json_object();
    if (rounds)
      json_object_set_new(
          its, "machine",
          json_string(c->base.report->machines[row->machines[i]].id));
    json_object_set_new(
        its, "n",
        json_integer((json_int_t)(rounds ? row->strata.items[i].n
                                         : row->pairs[i].above_n)));
    set_number(its, "ratio", ratio_on(row, i));
    json_array_append_new(machines, its);
  }
  json_object_set_new(o, "machines", machines);
  set_number(o, "interaction_h", row->interaction.statistic);
  set_number(o, "interaction_p_holm", row->interaction.p);
}

static json_t *json_of_row(const comparison *c, const compare_row *row) {
  json_t *o =
      json_pack("{s:s, s:s, s:o, s:o}", "cell", row->label, "result",
                verdict_names[row->verdict], "base", json_of_sample(&row->base),
                "new", json_of_sample(&row->fresh));
  if (row->verdict == COMPARE_NONE)
    return o;
  set_number(o, "change", row->change);
  set_interval(o, "ratio_interval", row->ratio);
  set_number(o, "mann_whitney_u", row->test.statistic);
  set_number(o, "p", row->test.p);
  set_number(o, "p_holm", row->p);
  set_number(o, "invocations_needed", row->needed);
  if (c->by_machine)
    set_machines(o, c, row);
  else
    set_means(o, row);
  return o;
}

static json_t *json_of_comparison(const comparison *c) {
  json_t *rows = json_array();
  for (size_t k = 0; k < c->count; k++)
    json_array_append_new(rows, json_of_row(c, &c->rows[k]));
  bool is_suspect = report_suspect_text(c->base.report, c->fresh.report);
  json_t *o = json_pack(
      "{s:s, s:o, s:b, s:s, s:s, s:i, s:i, s:o}", "new", c->fresh.name,
      "builds", builds_json(&c->fresh.report->builds), "suspect", is_suspect,
      "metric", c->metric->name, "better",
      c->metric->better > 0 ? "higher" : "lower", "cells", (int)c->count,
      "cells_complete", (int)c->complete, "rows", rows);
  set_number(o, "canary_change",
             report_drift_between(c->base.report, c->fresh.report));
  set_number(o, "geomean", c->geomean);
  set_interval(o, "geomean_interval", c->geomean_interval);
  return o;
}

/* The comparison that comes next. */
typedef struct comparisons {
  comparison *const *all;
  size_t count, at;
} comparisons;

static json_t *next_comparison(void *state) {
  comparisons *c = state;
  return c->at < c->count ? json_of_comparison(c->all[c->at++]) : NULL;
}

/* ------------------------------------------------------------------------- */

page *compare_page(comparison *const *all, size_t count) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  page *p = page_new(t);
  for (size_t from = 0, end; from < count; from = end) {
    end = next_side(all, count, from);
    add_side(p, t, all + from, end - from);
  }
  add_legend(p, all[0]);
  comparisons *of = arena_take(sizeof *of);
  *of = (comparisons){all, count, 0};
  p->json = json_pack("{s:i, s:s, s:o, s:f, s:f, s:f}", "schema", 1, "base",
                      all[0]->base.name, "base_builds",
                      builds_json(&all[0]->base.report->builds), "alpha",
                      all[0]->rules.alpha, "threshold", all[0]->rules.threshold,
                      "confidence", REPORT_CONFIDENCE);
  p->list = "comparisons";
  p->next = next_comparison;
  p->state = of;
  return p;
}
