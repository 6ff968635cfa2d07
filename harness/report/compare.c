/* compare.c: see compare.h. */
#include "compare.h"
#include "harness/stats/distributions.h"
#include "format.h"
#include "harness/output/emit.h"
#include "harness/output/text.h"
#include "harness/base/random.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p) {
  if (p)
    return p;
  fprintf(stderr, "reapmark: out of memory\n");
  exit(1);
}

/* ------------------------------------------------------------------------- *
 * Which cells belong together.
 * ------------------------------------------------------------------------- */

static bool on_side(const compare_side *side, const report_cell *c) {
  return !side->collector || !strcmp(side->collector, c->collector);
}

/* The side's cell that is like this one of the other side. */
static const report_cell *counterpart(const compare_side *side,
                                      const report_cell *like) {
  for (size_t i = 0; i < side->report->count; i++) {
    const report_cell *c = &side->report->cells[i];
    if (on_side(side, c) && report_same_block(c, like) &&
        (side->collector || !strcmp(c->collector, like->collector)))
      return c;
  }
  return NULL;
}

static char *label_of(const report_cell *c, bool with_collector) {
  char *label = NULL, threads[32] = "";
  if (c->threads != 1)
    snprintf(threads, sizeof threads, "/threads=%d", c->threads);
  if (asprintf(&label, "%s%s%s/heap=%s%s", c->workload,
               with_collector ? "/" : "", with_collector ? c->collector : "",
               c->heap, threads) < 0)
    label = NULL;
  return must(label);
}

static bool cannot_run(const report_cell *c) {
  return !c || c->missing;
}

static void add_row(comparison *c, const report_cell *base,
                    const report_cell *fresh) {
  if (cannot_run(base) && cannot_run(fresh))
    return; /* as both sides expect */
  c->rows = must(realloc(c->rows, (c->count + 1) * sizeof *c->rows));
  c->rows[c->count++] =
      (compare_row){.label = label_of(base ? base : fresh, !c->base.collector),
                    .base.cell = base,
                    .fresh.cell = fresh};
}

static void pair_cells(comparison *c) {
  for (size_t i = 0; i < c->base.report->count; i++) {
    const report_cell *base = &c->base.report->cells[i];
    if (on_side(&c->base, base))
      add_row(c, base, counterpart(&c->fresh, base));
  }
  for (size_t i = 0; i < c->fresh.report->count; i++) {
    const report_cell *fresh = &c->fresh.report->cells[i];
    if (on_side(&c->fresh, fresh) && !counterpart(&c->base, fresh))
      add_row(c, NULL, fresh);
  }
}

/* ------------------------------------------------------------------------- *
 * A row.
 * ------------------------------------------------------------------------- */

static void read_sample(compare_sample *s, const metric *of) {
  s->median = s->interval.low = s->interval.high = NAN;
  if (!s->cell || !report_is_good(s->cell))
    return;
  size_t n = s->cell->count, m = (size_t)(of - metrics);
  double *values = must(malloc((n + 1) * sizeof *values));
  for (size_t i = 0; i < n; i++) {
    values[i] = s->cell->samples[i].values[m];
    if (!isfinite(values[i])) {
      free(values);
      return;
    }
  }
  s->values = values;
  s->n = n;
  s->interval = stat_median_interval(values, n, REPORT_CONFIDENCE);
  double *sorted = must(malloc((n + 1) * sizeof *sorted));
  memcpy(sorted, values, n * sizeof *sorted);
  s->median = stat_summarize(sorted, n).median;
  free(sorted);
}

static stat_pair pair_of(const compare_row *row) {
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
  row->ratio = row->mean_ratio_bootstrap = row->mean_ratio_fieller = none;
  row->test = (stat_test){NAN, NAN};
  row->welch = (stat_welch){NAN, NAN, NAN};
  if (!base->values || !fresh->values)
    return;
  stat_pair pair = pair_of(row);
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
  row->mean_ratio_bootstrap =
      stat_bootstrap(&pair, 1, STAT_MEAN, REPORT_CONFIDENCE, STAT_SEED);
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
  double *p = must(malloc((c->count + 1) * sizeof *p));
  for (size_t i = 0; i < c->count; i++)
    p[i] = c->rows[i].p;
  stat_holm(p, c->count);
  for (size_t i = 0; i < c->count; i++)
    c->rows[i].p = p[i];
  free(p);
}

comparison *compare_make(compare_side base, compare_side fresh,
                         const metric *of, compare_rules rules) {
  comparison *c = must(calloc(1, sizeof *c));
  c->metric = of;
  c->base = base;
  c->fresh = fresh;
  c->rules = rules;
  pair_cells(c);
  stat_pair *pairs = must(malloc((c->count + 1) * sizeof *pairs));
  for (size_t i = 0; i < c->count; i++) {
    compare_row *row = &c->rows[i];
    read_sample(&row->base, of);
    read_sample(&row->fresh, of);
    compare_values(row);
    c->tested += isnan(row->p) ? 0 : 1;
    if (!isnan(row->mean_ratio))
      pairs[c->complete++] = pair_of(row);
  }
  adjust(c);
  for (size_t i = 0; i < c->count; i++)
    judge(c, &c->rows[i]);
  c->geomean = stat_geomean(pairs, c->complete, STAT_MEDIAN);
  c->geomean_interval = stat_bootstrap(pairs, c->complete, STAT_MEDIAN,
                                       REPORT_CONFIDENCE, STAT_SEED);
  free(pairs);
  return c;
}

void compare_free(comparison *c) {
  for (size_t i = 0; i < c->count; i++) {
    free(c->rows[i].label);
    free(c->rows[i].base.values);
    free(c->rows[i].fresh.values);
  }
  free(c->rows);
  free(c);
}

/* ------------------------------------------------------------------------- *
 * Table and Markdown.
 * ------------------------------------------------------------------------- */

static char *percent(char *out, double share) {
  if (isnan(share))
    return strcpy(out, "–");
  if (isinf(share))
    return strcpy(out, "from 0");
  snprintf(out, TEXT_NUMBER, "%+.*f%%", fabs(share) < 0.9995 ? 2 : 0,
           100 * share);
  return out;
}

static void add_interval(text_table *t, stat_interval ratio) {
  char low[TEXT_NUMBER], high[TEXT_NUMBER];
  if (isnan(ratio.low))
    text_add(t, "–");
  else
    text_add(t, "[%s, %s]", percent(low, ratio.low - 1),
             percent(high, ratio.high - 1));
}

static void add_sample(text_table *t, const metric *m,
                       const compare_sample *s) {
  char value[METRIC_TEXT], spread[TEXT_NUMBER];
  text_add(t, "%s", metric_text(value, m, s->median));
  if (s->n < 2)
    text_add(t, "–");
  else
    text_add(t, "±%s%%",
             text_fixed(spread, 100 * stat_half_spread(s->values, s->n,
                                                       REPORT_CONFIDENCE)));
}

static void add_needed(text_table *t, const compare_row *row) {
  double n = (double)(row->base.n < row->fresh.n ? row->base.n : row->fresh.n);
  if (row->verdict != COMPARE_SAME || !isfinite(row->needed) ||
      row->needed <= n)
    text_add(t, "%s", "");
  else if (row->needed > 9999)
    text_add(t, ">9999");
  else
    text_add(t, "%.0f", row->needed);
}

static void add_compared(text_table *t, const comparison *c,
                         const compare_row *row) {
  static const char *const verdicts[] = {"–", "~", "small", "better", "worse"};
  char change[TEXT_NUMBER];
  text_add(t, "%s", row->label);
  add_sample(t, c->metric, &row->base);
  add_sample(t, c->metric, &row->fresh);
  text_add(t, "%s",
           row->verdict == COMPARE_SAME ? "~" : percent(change, row->change));
  add_interval(t, row->ratio);
  if (isnan(row->p))
    text_add(t, "–");
  else
    text_add(t, row->p < 0.0005 ? "<0.001" : "%.3f", row->p);
  text_add(t, "%zu+%zu", row->base.n, row->fresh.n);
  text_add(t, "%s", verdicts[row->verdict]);
  add_needed(t, row);
}

static void add_geomean(text_table *t, const comparison *c) {
  char change[TEXT_NUMBER];
  text_add(t, "geomean, %zu of %zu cells", c->complete, c->count);
  for (int i = 0; i < 4; i++)
    text_add(t, "%s", "");
  text_add(t, "%s", percent(change, c->geomean - 1));
  add_interval(t, c->geomean_interval);
  for (int i = 0; i < 4; i++)
    text_add(t, "%s", "");
}

static void print_metric(const comparison *c, text_style style, FILE *out) {
  if (!c->tested)
    return; /* print_absent says why */
  static const char *const headers[] = {
      "cell", "base", "±", "new", "±", "change", "95 %", "p", "n", "", "need"};
  text_table *t = text_new("lrrrrrrrrlr", 1);
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
    text_add(t, "%s", headers[i]);
  for (size_t i = 0; i < c->count; i++)
    if (c->rows[i].verdict != COMPARE_NONE)
      add_compared(t, c, &c->rows[i]);
  add_geomean(t, c);
  char unit[METRIC_TEXT];
  fprintf(out, "\n%s%s, %s\n%s", style == TEXT_MARKDOWN ? "### " : "",
          c->metric->header ? c->metric->header : c->metric->name,
          metric_unit_text(unit, c->metric, "work"),
          style == TEXT_MARKDOWN ? "\n" : "");
  text_print(t, style, out);
  text_free(t);
}

/* Why this side has no number. */
static void print_why(const compare_sample *s, const char *side, FILE *out) {
  char text[VERDICT_TEXT];
  if (!s->cell) {
    fprintf(out, "%s has no such cell", side);
    return;
  }
  const report_sample *worst = report_worst(s->cell);
  const char *reason = worst ? worst->reason : "";
  if (s->cell->verdict == VERDICT_CRASH) /* which shows how it begins */
    reason += strcspn(reason, ":");
  reason += strspn(reason, ": ");
  fprintf(out, "%s %s%s%s", side, report_verdict_text(text, s->cell),
          *reason ? ": " : "", reason);
}

static bool failed(const compare_sample *s) {
  return !s->cell || !report_is_good(s->cell);
}

/* The cells that a side does not have, or not well, once for all metrics; and
 * those of which a metric is missing only. */
static void print_absent(comparison *const *all, size_t count, text_style style,
                         FILE *out) {
  const char *item = style == TEXT_MARKDOWN ? "- " : "  ";
  bool begun = false;
  for (size_t i = 0; i < all[0]->count; i++) {
    const compare_row *row = &all[0]->rows[i];
    char *names = NULL;
    size_t room;
    bool bad = failed(&row->base) || failed(&row->fresh);
    FILE *list = must(open_memstream(&names, &room));
    for (size_t m = 0; !bad && m < count; m++)
      if (all[m]->rows[i].verdict == COMPARE_NONE)
        fprintf(list, "%s%s", ftell(list) ? ", " : "no ",
                all[m]->metric->header ? all[m]->metric->header
                                       : all[m]->metric->name);
    fclose(list);
    if (bad || *names) {
      fprintf(out, "%s%s%s: ", begun ? "" : "\nNot compared:\n",
              !begun && style == TEXT_MARKDOWN ? "\n- " : item, row->label);
      begun = true;
    }
    if (bad) {
      print_why(&row->base, "base", out);
      print_why(&row->fresh, "; new", out);
      fputc('\n', out);
    } else if (*names)
      fprintf(out, "%s in every invocation of both\n", names);
    free(names);
  }
}

static void print_legend(const comparison *c, text_style style, FILE *out) {
  const char *item = style == TEXT_MARKDOWN ? "- " : "  ";
  fprintf(out, "\n↑ higher is better, ↓ lower is better.\n%s",
          style == TEXT_MARKDOWN ? "\n" : "");
  fprintf(out,
          "%sbase, new: medians of the invocations; ±: half their 95 %% "
          "interval, below %zu\n  invocations half the range.\n",
          item, stat_fewest_for_median(REPORT_CONFIDENCE));
  fprintf(out,
          "%schange: of the medians, ~ where p > %g; 95 %%: the interval of "
          "that, by bootstrap\n  (%d resamples, seed %d).\n",
          item, c->rules.alpha, STAT_RESAMPLES, STAT_SEED);
  fprintf(out,
          "%sp: Mann and Whitney's test, two-sided, Holm-adjusted over the "
          "cells of the table.\n%sn: invocations of base and new.\n",
          item, item);
  if (c->rules.threshold > 0)
    fprintf(out, "%ssmall: significant, but less than %g %%.\n", item,
            100 * c->rules.threshold);
  fprintf(out,
          "%sneed: invocations a side at which the change's interval would be "
          "about as narrow\n  as ",
          item);
  if (c->rules.threshold > 0)
    fprintf(out, "±%g %%.\n", 100 * c->rules.threshold);
  else
    fputs("the change that was seen.\n", out);
  fprintf(out,
          "%sgeomean: of the ratios of all cells that both sides completed.\n",
          item);
}

/* Where the comparisons of the next new side begin. */
static size_t next_side(comparison *const *all, size_t count, size_t from) {
  size_t end = from + 1;
  while (end < count && all[end]->metric != all[from]->metric)
    end++;
  return end;
}

static void print_text(comparison *const *all, size_t count, text_style style,
                       FILE *out) {
  for (size_t from = 0, end; from < count; from = end) {
    end = next_side(all, count, from);
    fprintf(out, "%s%sbase: %s; new: %s\n", from ? "\n" : "",
            style == TEXT_MARKDOWN ? "## " : "", all[from]->base.name,
            all[from]->fresh.name);
    char suspect[REPORT_CANARY];
    if (report_suspect_text(suspect, all[from]->base.report,
                            all[from]->fresh.report))
      fprintf(out, "%s%s\n", style == TEXT_MARKDOWN ? "\n" : "", suspect);
    for (size_t i = from; i < end; i++)
      print_metric(all[i], style, out);
    print_absent(all + from, end - from, style, out);
  }
  print_legend(all[0], style, out);
}

static void print_table(comparison *const *all, size_t count, FILE *out) {
  print_text(all, count, TEXT_PLAIN, out);
}

static void print_markdown(comparison *const *all, size_t count, FILE *out) {
  print_text(all, count, TEXT_MARKDOWN, out);
}

/* ------------------------------------------------------------------------- *
 * CSV and JSON.
 * ------------------------------------------------------------------------- */

static const char *const verdict_names[] = {"none", "same", "small", "better",
                                            "worse"};

static void csv_numbers(const double *values, size_t n, FILE *out) {
  for (size_t i = 0; i < n; i++)
    if (isfinite(values[i]))
      fprintf(out, ",%.12g", values[i]);
    else
      fputc(',', out);
}

static const char *verdict_of(const compare_sample *s, char *text) {
  return s->cell ? report_verdict_text(text, s->cell) : "no such cell";
}

static void csv_row(const comparison *c, const compare_row *row, FILE *out) {
  char base[VERDICT_TEXT], fresh[VERDICT_TEXT];
  const char *texts[] = {c->base.name,
                         c->fresh.name,
                         c->metric->name,
                         row->label,
                         verdict_of(&row->base, base),
                         verdict_of(&row->fresh, fresh),
                         verdict_names[row->verdict]};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    if (k)
      fputc(',', out);
    emit_csv_text(texts[k], out);
  }
  const double values[] = {row->base.median,
                           row->base.interval.low,
                           row->base.interval.high,
                           (double)row->base.n,
                           row->fresh.median,
                           row->fresh.interval.low,
                           row->fresh.interval.high,
                           (double)row->fresh.n,
                           row->change,
                           row->ratio.low,
                           row->ratio.high,
                           row->test.p,
                           row->p,
                           row->needed};
  csv_numbers(values, sizeof values / sizeof *values, out);
  fputc('\n', out);
}

static void print_csv(comparison *const *all, size_t count, FILE *out) {
  fputs("base,new,metric,cell,base_verdict,new_verdict,result,base_median,"
        "base_low,base_high,base_n,new_median,new_low,new_high,new_n,change,"
        "ratio_low,ratio_high,p,p_holm,invocations_needed\n",
        out);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < all[i]->count; k++)
      csv_row(all[i], &all[i]->rows[k], out);
}

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
  char text[VERDICT_TEXT];
  const report_sample *worst = s->cell ? report_worst(s->cell) : NULL;
  json_t *o = json_pack("{s:s, s:s, s:i}", "verdict", verdict_of(s, text),
                        "reason", worst ? worst->reason : "", "n", (int)s->n);
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

static json_t *json_of_row(const compare_row *row) {
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
  set_number(o, "mean_ratio", row->mean_ratio);
  set_interval(o, "mean_ratio_bootstrap", row->mean_ratio_bootstrap);
  set_interval(o, "mean_ratio_fieller", row->mean_ratio_fieller);
  set_number(o, "welch_t", row->welch.t);
  set_number(o, "welch_freedom", row->welch.freedom);
  set_number(o, "welch_p", row->welch.p);
  return o;
}

static void print_json(comparison *const *all, size_t count, FILE *out) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) {
    const comparison *c = all[i];
    json_t *rows = json_array();
    for (size_t k = 0; k < c->count; k++)
      json_array_append_new(rows, json_of_row(&c->rows[k]));
    char suspect[REPORT_CANARY];
    bool is_suspect =
        report_suspect_text(suspect, c->base.report, c->fresh.report);
    json_t *o = json_pack(
        "{s:s, s:b, s:s, s:s, s:i, s:i, s:o}", "new", c->fresh.name, "suspect",
        is_suspect, "metric", c->metric->name, "better",
        c->metric->better > 0 ? "higher" : "lower", "cells", (int)c->count,
        "cells_complete", (int)c->complete, "rows", rows);
    set_number(o, "canary_change",
               report_drift_between(c->base.report, c->fresh.report));
    set_number(o, "geomean", c->geomean);
    set_interval(o, "geomean_interval", c->geomean_interval);
    json_array_append_new(list, o);
  }
  emit_json(json_pack("{s:i, s:s, s:f, s:f, s:f, s:o}", "schema", 1, "base",
                      all[0]->base.name, "alpha", all[0]->rules.alpha,
                      "threshold", all[0]->rules.threshold, "confidence",
                      REPORT_CONFIDENCE, "comparisons", list),
            out);
}

const compare_format compare_formats[COMPARE_FORMATS] = {
    {"table", print_table},
    {"markdown", print_markdown},
    {"csv", print_csv},
    {"json", print_json},
};

/* ------------------------------------------------------------------------- *
 * A/A.
 * ------------------------------------------------------------------------- */

/* The p of one group of a cell, or NAN if it has no such. */
static double p_of_group(const report_cell *c, size_t m, size_t group,
                         size_t half, uint64_t *random, double *room) {
  size_t begin = 2 * half * group;
  if (!report_is_good(c) || begin + 2 * half > c->count)
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
  double *room = must(malloc(2 * half * sizeof *room));
  double *p = must(malloc((r->count + 1) * sizeof *p));
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
  free(p);
  free(room);
  return aa;
}
