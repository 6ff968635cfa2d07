/* targets.c: see targets.h. */
#include "targets.h"
#include "exercise.h"
#include "tables.h"
#include "harness/base/arena.h"
#include "harness/record/record.h"
#include "harness/stats/interval.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * The sides of a target.
 * ------------------------------------------------------------------------- */

/* A metric of all invocations of a cell, or why it is not available. */
typedef struct side {
  const report_cell *cell;
  double *values;
  size_t n;
  const char *why; /* NULL: it is */
} side;

static const char untimed_tail[] = RECORD_UNTIMED;

/* The cell with this identity.  A cell without instruments is part of its twin
 * with instruments: of that, *untimed becomes true. */
static const report_cell *find_cell(const report *r, const char *id,
                                    bool *untimed) {
  size_t n = strlen(id), tail = sizeof untimed_tail - 1;
  *untimed = n > tail && !strcmp(id + n - tail, untimed_tail);
  n -= *untimed ? tail : 0;
  return report_find_cell(r, arena_text("%.*s", (int)n, id));
}

static void explain(side *s, const char *what) {
  s->why = arena_text("%.60s: %.80s", s->cell ? s->cell->collector : "?", what);
}

/* Reads the metric `of` of each invocation, less `floor`.  Of a cell without
 * instruments only the wall time is known, which is read instead. */
static side read_side(const report *r, const char *id, const metric *of,
                      double floor) {
  bool untimed;
  side s = {.cell = find_cell(r, id, &untimed)};
  if (!s.cell || !report_is_good(s.cell)) {
    const char *what = s.cell ? report_verdict_text(s.cell) : "no cell";
    explain(&s, strncmp(what, "n/a: ", 5) ? what : what + 5);
    return s;
  }
  if (!report_compares(s.cell, of)) {
    explain(&s, report_exercise_mark(s.cell));
    return s;
  }
  size_t n = untimed ? s.cell->untimed_count : s.cell->count;
  s.values = arena_take(n * sizeof *s.values);
  for (size_t i = 0; i < n; i++) {
    double value = untimed ? s.cell->untimed[i].wall
                           : s.cell->samples[i].values[of - metrics] - floor;
    if (!(value > 0)) { /* no ratio could be made of it */
      explain(&s, isnan(floor)   ? "its interface's floor is not known"
                  : isnan(value) ? "an invocation without this number"
                                 : "an invocation in which it is 0");
      return s;
    }
    s.values[s.n++] = value;
  }
  if (!n)
    explain(&s, "not run yet");
  return s;
}

/* Replaces the values by the time with instruments and with the stretches that
 * the workload leaves out: the same as is measured without instruments. */
static void take_clock(side *s) {
  for (size_t i = 0; i < s->n; i++)
    s->values[i] = s->cell->samples[i].clock;
}

static double median(const side *s) {
  double *sorted = arena_take(s->n * sizeof *sorted);
  memcpy(sorted, s->values, s->n * sizeof *sorted);
  return stat_summarize(sorted, s->n).median;
}

/* ------------------------------------------------------------------------- *
 * A target.
 * ------------------------------------------------------------------------- */

static void set_real(json_t *row, const char *key, double value) {
  if (isfinite(value))
    json_object_set_new(row, key, json_real(value));
}

static void conclude(json_t *row, const char *outcome, const char *reason) {
  json_object_set_new(row, "verdict", json_string(outcome));
  if (reason)
    json_object_set_new(row, "reason", json_string(reason));
}

/* Where an interval is: +1 wholly at the bound or on its better side, -1 wholly
 * on its worse side, 0 on both sides. */
static int place(stat_interval x, double bound, int better) {
  double best = better > 0 ? x.high : x.low;
  double worst = better > 0 ? x.low : x.high;
  return (worst - bound) * better >= 0 ? +1
         : (best - bound) * better < 0 ? -1
                                       : 0;
}

static void judge(json_t *row, stat_interval interval, size_t n, int better) {
  double stretch = record_number(row, "stretch"),
         gate = record_number(row, "gate");
  int at_gate = place(interval, gate, better);
  if (n < TARGET_FEWEST) {
    conclude(row, "not decided",
             arena_text("%zu invocations, %d are wanted", n, TARGET_FEWEST));
  } else if (at_gate == 0)
    conclude(row, "not decided", "the interval contains the gate");
  else if (at_gate < 0)
    conclude(row, "not met", NULL);
  else if (!isnan(stretch) && place(interval, stretch, better) > 0)
    conclude(row, "stretch met", NULL);
  else
    conclude(row, "met", NULL);
}

/* The median of a metric of a cell; NAN if it is not known. */
static double median_of(const report *r, const char *id, const char *name) {
  side s = read_side(r, id, metric_find(name), 0);
  return s.why ? NAN : median(&s);
}

/* How the memory of both sides differs beyond what the target allows, or NULL;
 * *ratio becomes that of their peaks. */
static const char *unequal_memory(const report *r, const json_t *target,
                                  double *ratio) {
  double percent = record_number(target, "rss");
  *ratio = median_of(r, record_text(target, "cell"), "peak_rss_bytes") /
           median_of(r, record_text(target, "over"), "peak_rss_bytes");
  if (isnan(percent) || fabs(*ratio - 1) <= percent / 100)
    return NULL;
  return isnan(*ratio) ? "peak RSS is not known"
                       : arena_text("peak RSS is %.2fx, and to be within %g %%",
                                    *ratio, percent);
}

/* The metric of a target's `over`, which is the target's own if no other one is
 * named; NULL if this version does not have it. */
static const metric *over_metric(const json_t *target) {
  const char *own = json_string_value(json_object_get(target, "over_metric"));
  return metric_find(own ? own : record_text(target, "metric"));
}

/* Sets what was measured, and the verdict that follows from it. */
static void measure(const report *r, const json_t *target, json_t *row) {
  const metric *of = metric_find(record_text(target, "metric"));
  const char *over = json_string_value(json_object_get(target, "over"));
  static const double one = 1;
  side a = read_side(r, record_text(target, "cell"), of, 0), b = {0};
  bool untimed = false;
  if (over) {
    const report_cell *base = find_cell(r, over, &untimed);
    bool net = json_is_true(json_object_get(target, "floor"));
    b = read_side(r, over, over_metric(target), net && base ? base->floor : 0);
  }
  if (untimed)
    take_clock(&a);
  if (a.why || b.why) {
    conclude(row, "n/a", a.why ? a.why : b.why);
  } else {
    stat_pair pair = {a.values, a.n, over ? b.values : &one, over ? b.n : 1};
    stat_interval interval =
        stat_bootstrap(&pair, 1, STAT_MEDIAN, REPORT_CONFIDENCE, STAT_SEED);
    size_t n = over && b.n < a.n ? b.n : a.n;
    set_real(row, "measured", stat_ratio(&pair, STAT_MEDIAN));
    if (over) {
      set_real(row, "figure", median(&a));
      set_real(row, "over_figure", median(&b));
    }
    set_real(row, "low", interval.low);
    set_real(row, "high", interval.high);
    json_object_set_new(row, "invocations", json_integer((json_int_t)n));
    double rss = NAN;
    const char *unequal =
        over && !untimed ? unequal_memory(r, target, &rss) : NULL;
    if (unequal)
      conclude(row, "not comparable", unequal);
    else
      judge(row, interval, n, of->better);
    set_real(row, "rss_ratio", rss);
    set_real(row, "cores",
             median_of(r, record_text(target, "cell"), "cores_used"));
    if (over && !untimed)
      set_real(row, "over_cores", median_of(r, over, "cores_used"));
  }
}

/* Sets the ratio to the library used by hand, where it was measured; it decides
 * nothing. */
static void measure_by_hand(const report *r, const json_t *target,
                            json_t *row) {
  const char *id = record_text(target, "by_hand");
  const metric *of = metric_find(record_text(target, "metric"));
  if (!*id)
    return;
  json_object_set_new(row, "by_hand", json_string(id));
  side a = read_side(r, record_text(target, "cell"), of, 0);
  side b = read_side(r, id, of, 0);
  if (a.why || b.why)
    return;
  stat_pair pair = {a.values, a.n, b.values, b.n};
  stat_interval interval =
      stat_bootstrap(&pair, 1, STAT_MEDIAN, REPORT_CONFIDENCE, STAT_SEED);
  set_real(row, "by_hand_ratio", stat_ratio(&pair, STAT_MEDIAN));
  set_real(row, "by_hand_low", interval.low);
  set_real(row, "by_hand_high", interval.high);
  set_real(row, "by_hand_rss",
           median_of(r, record_text(target, "cell"), "peak_rss_bytes") /
               median_of(r, id, "peak_rss_bytes"));
}

json_t *targets_judge(const report *r) {
  const json_t *targets = json_object_get(r->plan, "targets");
  if (!json_array_size(targets))
    return NULL;
  json_t *rows = json_array(), *target;
  size_t i;
  json_array_foreach(targets, i, target) {
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s, s:f}", "target", record_text(target, "name"),
        "what", record_text(target, "what"), "metric",
        record_text(target, "metric"), "cell", record_text(target, "cell"),
        "gate", record_number(target, "gate"));
    if (json_object_get(target, "over"))
      json_object_set(row, "over", json_object_get(target, "over"));
    if (json_object_get(target, "over_metric"))
      json_object_set(row, "over_metric",
                      json_object_get(target, "over_metric"));
    set_real(row, "stretch", record_number(target, "stretch"));
    if (metric_find(record_text(target, "metric")) && over_metric(target)) {
      measure(r, target, row);
      measure_by_hand(r, target, row);
    } else
      conclude(row, "n/a", "this version has no such metric");
    json_array_append_new(rows, row);
  }
  return rows;
}

/* ------------------------------------------------------------------------- *
 * The table.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "target", .header = "target", .traits = TABLE_KEY},
    {.name = "what", .header = "what"},
    {.name = "metric"},
    {.name = "cell"},
    {.name = "over"},
    {.name = "over_metric"},
    {.name = "figure", .header = "figure"},
    {.name = "over_figure", .header = "over"},
    {.name = "measured", .header = "measured"},
    {.name = "interval",
     .header = "95 % interval",
     .traits = TABLE_ONLY_PEOPLE,
     .leaves = 1},
    {.name = "low"},
    {.name = "high"},
    {.name = "gate", .header = "gate"},
    {.name = "stretch", .header = "stretch", .leaves = 2},
    {.name = "rss", .header = "RSS", .traits = TABLE_ONLY_PEOPLE, .leaves = 3},
    {.name = "processors",
     .header = "cores",
     .traits = TABLE_ONLY_PEOPLE,
     .leaves = 5},
    {.name = "beside",
     .header = "by hand",
     .traits = TABLE_ONLY_PEOPLE,
     .leaves = 4},
    {.name = "verdict", .header = "verdict"},
    {.name = "reason"},
    {.name = "rss_ratio"},
    {.name = "cores"},
    {.name = "over_cores"},
    {.name = "by_hand"},
    {.name = "by_hand_ratio"},
    {.name = "by_hand_low"},
    {.name = "by_hand_high"},
    {.name = "by_hand_rss"},
    {.name = "invocations", .kind = TABLE_INTEGER}};

/* A number in a metric's unit; "" for NAN.  Costs may be as small as 5.5 ns. */
static const char *show_plain(const metric *of, double value) {
  if (isnan(value) || !of)
    return "";
  if (of->kind == TABLE_TIME && value < 1000)
    return arena_text("%.3g ns", value);
  return arena_text("%s%s", table_number(of->kind, value),
                    of->kind == TABLE_BYTES ? " MiB" : "");
}

/* A ratio.  Gates may be as close to 1 as 1.005; what is far from 1 needs three
 * digits. */
static const char *show_ratio(double value) {
  return value >= .1 && value < 10 ? arena_text("%.3fx", value)
                                   : arena_text("%.3gx", value);
}

/* A ratio, or a number in the metric's unit; "" for NAN. */
static const char *show(const json_t *row, const char *member) {
  const metric *of = metric_find(record_text(row, "metric"));
  double value = record_number(row, member);
  if (!isnan(value) && (json_object_get(row, "over") || !of))
    return show_ratio(value);
  return show_plain(of, value);
}

/* What limits the verdict: a time by itself says nothing of other machines. */
static const char *limit_of(const json_t *row) {
  const metric *of = metric_find(record_text(row, "metric"));
  bool alone = of && of->kind == TABLE_TIME && !json_object_get(row, "over");
  return alone && !json_object_get(row, "reason") ? ", here only" : "";
}

static void add_row(table *t, const json_t *judged) {
  static const char *const numbers[] = {"measured", "gate", "stretch"};
  const char *reason = record_text(judged, "reason");
  table_row *row = table_add(t, 0);
  table_set_object(row, judged);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    table_show(row, numbers[i], "%s", show(judged, numbers[i]));
  table_show(row, "figure", "%s",
             show_plain(metric_find(record_text(judged, "metric")),
                        record_number(judged, "figure")));
  table_show(
      row, "over_figure", "%s",
      show_plain(over_metric(judged), record_number(judged, "over_figure")));
  if (json_object_get(judged, "low"))
    table_show(row, "interval", "%s to %s", show(judged, "low"),
               show(judged, "high"));
  if (json_object_get(judged, "rss_ratio"))
    table_show(row, "rss", "%.2fx", record_number(judged, "rss_ratio"));
  if (json_object_get(judged, "cores"))
    table_show(
        row, "processors", "%.2f%s", record_number(judged, "cores"),
        json_object_get(judged, "over_cores")
            ? arena_text(" over %.2f", record_number(judged, "over_cores"))
            : "");
  if (json_object_get(judged, "by_hand_ratio"))
    table_show(row, "beside", "%.3fx (%.3f to %.3f), RSS %.2fx",
               record_number(judged, "by_hand_ratio"),
               record_number(judged, "by_hand_low"),
               record_number(judged, "by_hand_high"),
               record_number(judged, "by_hand_rss"));
  table_show(row, "verdict", "%s%s%s%s", record_text(judged, "verdict"),
             *reason ? ": " : "", reason, limit_of(judged));
}

page *report_limits(const report *r) {
  json_t *rows = targets_judge(r), *judged;
  if (!rows)
    return NULL;
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  size_t i;
  json_array_foreach(rows, i, judged) add_row(t, judged);
  page *p = page_new(t);
  report_add_title(p, r);
  page_tables(p, t);
  page_text(
      p, PAGE_PARAGRAPH,
      "Medians of the invocations, or their ratio (x), with 95 %% intervals by "
      "the bootstrap.\nmet, not met: all of the interval is; not decided: the "
      "gate is within it, or there\nare fewer than %d invocations; not "
      "comparable: a condition is broken; here only: a time by\nitself, which "
      "depends on the machine.  figure, over: both sides of a ratio; over the "
      "workload\n`floor`, the machine's memory is taken off.  RSS: peak of the "
      "one over that of the other.\ncores: CPU time over wall time, of both; "
      "more than one in a program with one thread is\n"
      "help of the collector's own threads.\nby hand: the same ratio to a "
      "program in "
      "plain C that uses the peer without our interface.\nThe interval is of "
      "runs of one program: where the linker put its code alone moves times "
      "by\nsome percent, which it does not show.",
      TARGET_FEWEST);
  p->json = json_pack("{s:i, s:s, s:O?, s:b, s:o, s:o}", "schema", 1, "table",
                      "limits", "suite", json_object_get(r->plan, "suite"),
                      "suspect", report_is_suspect(r), "builds",
                      builds_json(&r->builds), "rows", rows);
  return p;
}
