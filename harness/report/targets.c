/* targets.c: see targets.h. */
#include "targets.h"
#include "format.h"
#include "harness/record/record.h"
#include "harness/output/emit.h"
#include "harness/output/rows.h"
#include "harness/output/text.h"
#include "harness/stats/interval.h"
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
 * The sides of a target.
 * ------------------------------------------------------------------------- */

/* A metric of all invocations of a cell; `why` says why there is none. */
typedef struct side {
  const report_cell *cell;
  double *values;
  size_t n;
  char why[160];
} side;

static const char untimed_tail[] = RECORD_UNTIMED;

/* The cell with this identity, or for that of one without instruments its twin
 * with them, which keeps their runs. */
static const report_cell *find_cell(const report *r, const char *id,
                                    bool *untimed) {
  size_t n = strlen(id), tail = sizeof untimed_tail - 1;
  *untimed = n > tail && !strcmp(id + n - tail, untimed_tail);
  n -= *untimed ? tail : 0;
  for (size_t i = 0; i < r->count; i++)
    if (!strncmp(r->cells[i].id, id, n) && !r->cells[i].id[n])
      return &r->cells[i];
  return NULL;
}

static void explain(side *s, const char *what) {
  snprintf(s->why, sizeof s->why, "%.60s: %.80s",
           s->cell ? s->cell->collector : "?", what);
}

/* Values are `metric` of each invocation, less `floor`; without instruments,
 * where there is nothing but the whole time, that. */
static side read_side(const report *r, const char *id, const metric *of,
                      double floor) {
  bool untimed;
  side s = {.cell = find_cell(r, id, &untimed)};
  char verdict_text[VERDICT_TEXT];
  if (!s.cell || !report_is_good(s.cell)) {
    const char *what =
        s.cell ? report_verdict_text(verdict_text, s.cell) : "no cell";
    explain(&s, strncmp(what, "n/a: ", 5) ? what : what + 5);
    return s;
  }
  size_t n = untimed ? s.cell->untimed_count : s.cell->count;
  s.values = must(malloc((n + 1) * sizeof *s.values));
  for (size_t i = 0; i < n; i++) {
    double value = untimed ? s.cell->untimed[i]
                           : s.cell->samples[i].values[of - metrics] - floor;
    if (!(value > 0)) { /* nor could there be a ratio */
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

/* The time that both instruments and the workload's own stretches take: what
 * there is without instruments. */
static void take_clock(side *s) {
  for (size_t i = 0; i < s->n; i++)
    s->values[i] = s->cell->samples[i].clock;
}

static double median(const side *s) {
  double *sorted = must(malloc((s->n + 1) * sizeof *sorted));
  memcpy(sorted, s->values, s->n * sizeof *sorted);
  double m = stat_summarize(sorted, s->n).median;
  free(sorted);
  return m;
}

/* ------------------------------------------------------------------------- *
 * A target.
 * ------------------------------------------------------------------------- */

static const char *text_of(const json_t *json, const char *key) {
  const char *text = json_string_value(json_object_get(json, key));
  return text ? text : "";
}

static double real_of(const json_t *json, const char *key) {
  const json_t *value = json_object_get(json, key);
  return value ? json_number_value(value) : NAN;
}

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
 * on the other, 0 on both. */
static int place(stat_interval x, double bound, int better) {
  double best = better > 0 ? x.high : x.low;
  double worst = better > 0 ? x.low : x.high;
  return (worst - bound) * better >= 0 ? +1
         : (best - bound) * better < 0 ? -1
                                       : 0;
}

static void judge(json_t *row, stat_interval interval, size_t n, int better) {
  char why[80];
  double stretch = real_of(row, "stretch"), gate = real_of(row, "gate");
  int at_gate = place(interval, gate, better);
  if (n < TARGET_FEWEST) {
    snprintf(why, sizeof why, "%zu invocations, %d are wanted", n,
             TARGET_FEWEST);
    conclude(row, "not decided", why);
  } else if (at_gate == 0)
    conclude(row, "not decided", "the interval contains the gate");
  else if (at_gate < 0)
    conclude(row, "not met", NULL);
  else if (!isnan(stretch) && place(interval, stretch, better) > 0)
    conclude(row, "stretch met", NULL);
  else
    conclude(row, "met", NULL);
}

/* Whether both needed about the same memory, or nothing asks that; *ratio
 * becomes how much. */
static bool memory_equal(const report *r, const json_t *target, double *ratio,
                         char *why, size_t room) {
  const metric *rss = metric_find("peak_rss_bytes");
  double percent = real_of(target, "rss");
  side a = read_side(r, text_of(target, "cell"), rss, 0);
  side b = read_side(r, text_of(target, "over"), rss, 0);
  *ratio = *a.why || *b.why ? NAN : median(&a) / median(&b);
  free(a.values);
  free(b.values);
  if (isnan(percent) || fabs(*ratio - 1) <= percent / 100)
    return true;
  if (isnan(*ratio))
    snprintf(why, room, "peak RSS is not known");
  else
    snprintf(why, room, "peak RSS is %.2fx, and to be within %g %%", *ratio,
             percent);
  return false;
}

/* What was measured, and by that the verdict. */
static void measure(const report *r, const json_t *target, json_t *row) {
  const metric *of = metric_find(text_of(target, "metric"));
  const char *over = json_string_value(json_object_get(target, "over"));
  static const double one = 1;
  side a = read_side(r, text_of(target, "cell"), of, 0), b = {0};
  bool untimed = false;
  if (over) {
    const report_cell *base = find_cell(r, over, &untimed);
    bool net = json_is_true(json_object_get(target, "floor"));
    b = read_side(r, over, of, net && base ? base->floor : 0);
  }
  if (untimed)
    take_clock(&a);
  if (*a.why || *b.why) {
    conclude(row, "n/a", *a.why ? a.why : b.why);
  } else {
    stat_pair pair = {a.values, a.n, over ? b.values : &one, over ? b.n : 1};
    stat_interval interval =
        stat_bootstrap(&pair, 1, STAT_MEDIAN, REPORT_CONFIDENCE, STAT_SEED);
    size_t n = over && b.n < a.n ? b.n : a.n;
    set_real(row, "measured", stat_ratio(&pair, STAT_MEDIAN));
    set_real(row, "low", interval.low);
    set_real(row, "high", interval.high);
    json_object_set_new(row, "invocations", json_integer((json_int_t)n));
    double rss = NAN;
    char why[80];
    if (over && !untimed && !memory_equal(r, target, &rss, why, sizeof why))
      conclude(row, "not comparable", why);
    else
      judge(row, interval, n, of->better);
    set_real(row, "rss_ratio", rss);
  }
  free(a.values);
  free(b.values);
}

json_t *targets_judge(const report *r) {
  const json_t *targets = json_object_get(r->plan, "targets");
  if (!json_array_size(targets))
    return NULL;
  json_t *rows = json_array(), *target;
  size_t i;
  json_array_foreach(targets, i, target) {
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s, s:f}", "target", text_of(target, "name"), "what",
        text_of(target, "what"), "metric", text_of(target, "metric"), "cell",
        text_of(target, "cell"), "gate", real_of(target, "gate"));
    if (json_object_get(target, "over"))
      json_object_set(row, "over", json_object_get(target, "over"));
    set_real(row, "stretch", real_of(target, "stretch"));
    if (metric_find(text_of(target, "metric")))
      measure(r, target, row);
    else
      conclude(row, "n/a", "this version has no such metric");
    json_array_append_new(rows, row);
  }
  return rows;
}

/* ------------------------------------------------------------------------- *
 * Formats.
 * ------------------------------------------------------------------------- */

static const rows_column csv_columns[] = {
    {"target", NULL, ROWS_TEXT},    {"what", NULL, ROWS_TEXT},
    {"metric", NULL, ROWS_TEXT},    {"cell", NULL, ROWS_TEXT},
    {"over", NULL, ROWS_TEXT},      {"measured", NULL, ROWS_TEXT},
    {"low", NULL, ROWS_TEXT},       {"high", NULL, ROWS_TEXT},
    {"gate", NULL, ROWS_TEXT},      {"stretch", NULL, ROWS_TEXT},
    {"verdict", NULL, ROWS_TEXT},   {"reason", NULL, ROWS_TEXT},
    {"rss_ratio", NULL, ROWS_TEXT}, {"invocations", NULL, ROWS_INTEGER}};

static const rows_column people_columns[] = {
    {"target", "target", ROWS_TEXT},  {"what", "what", ROWS_TEXT},
    {"shown", "measured", ROWS_TEXT}, {"interval", "95 % interval", ROWS_TEXT},
    {"gate", "gate", ROWS_TEXT},      {"stretch", "stretch", ROWS_TEXT},
    {"rss", "RSS", ROWS_TEXT},        {"outcome", "verdict", ROWS_TEXT}};

enum {
  CSV_COLUMNS = sizeof csv_columns / sizeof *csv_columns,
  PEOPLE_COLUMNS = sizeof people_columns / sizeof *people_columns,
  SHOWN = 64
};

/* A ratio, or a number in the metric's unit; "" for NAN.  Gates may be as close
 * to 1 as 1.005, and costs as small as 5.5 ns. */
static char *show(char *out, const json_t *row, double value) {
  const metric *of = metric_find(text_of(row, "metric"));
  char text[METRIC_TEXT];
  if (isnan(value))
    return strcpy(out, "");
  if (json_object_get(row, "over") || !of)
    snprintf(out, SHOWN, "%.3fx", value);
  else if (of->unit == UNIT_NS && value < 1000)
    snprintf(out, SHOWN, "%.3g ns", value);
  else
    snprintf(out, SHOWN, "%s%s", metric_text(text, of, value),
             of->unit == UNIT_BYTES ? " MiB" : "");
  return out;
}

static void set_shown(json_t *out, const char *member, const json_t *row,
                      const char *from) {
  char text[SHOWN];
  json_object_set_new(out, member,
                      json_string(show(text, row, real_of(row, from))));
}

/* The rows in words. */
static json_t *for_people(const json_t *rows) {
  json_t *list = json_array(), *row;
  size_t i;
  json_array_foreach(rows, i, row) {
    json_t *out =
        json_pack("{s:O, s:O}", "target", json_object_get(row, "target"),
                  "what", json_object_get(row, "what"));
    char low[SHOWN], high[SHOWN], text[300] = "";
    set_shown(out, "shown", row, "measured");
    set_shown(out, "gate", row, "gate");
    set_shown(out, "stretch", row, "stretch");
    if (json_object_get(row, "low"))
      snprintf(text, sizeof text, "%s to %s",
               show(low, row, real_of(row, "low")),
               show(high, row, real_of(row, "high")));
    json_object_set_new(out, "interval", json_string(text));
    text[0] = 0;
    if (json_object_get(row, "rss_ratio"))
      snprintf(text, sizeof text, "%.2fx", real_of(row, "rss_ratio"));
    json_object_set_new(out, "rss", json_string(text));
    const char *reason = text_of(row, "reason");
    snprintf(text, sizeof text, "%s%s%.200s", text_of(row, "verdict"),
             *reason ? ": " : "", reason);
    json_object_set_new(out, "outcome", json_string(text));
    json_array_append_new(list, out);
  }
  return list;
}

static void print_people(const report *r, const json_t *rows,
                         const char *format, FILE *out) {
  report_print_title(r, !strcmp(format, "markdown"), out);
  fputc('\n', out);
  json_t *worded = for_people(rows);
  rows_print(worded, people_columns, PEOPLE_COLUMNS, format, out);
  json_decref(worded);
  fprintf(out,
          "\nMedians of the invocations, or their ratio (x), with 95 %% "
          "intervals by the bootstrap.\nmet, not met: all of the interval is; "
          "not decided: the gate is within it, or there\nare fewer than %d "
          "invocations; not comparable: a condition is broken.\nRSS: peak of "
          "the one over that of the other.  The interval is of runs of one "
          "program:\nwhere the linker put its code alone moves times by some "
          "percent, which it does not show.\n",
          TARGET_FEWEST);
}

bool targets_print(const report *r, const char *format, FILE *out) {
  json_t *rows = targets_judge(r);
  if (!rows)
    return false;
  if (!strcmp(format, "json"))
    emit_json(json_pack("{s:i, s:s, s:O?, s:b, s:O}", "schema", 1, "table",
                        "limits", "suite", json_object_get(r->plan, "suite"),
                        "suspect", report_is_suspect(r), "rows", rows),
              out);
  else if (!strcmp(format, "csv"))
    rows_print(rows, csv_columns, CSV_COLUMNS, format, out);
  else
    print_people(r, rows, format, out);
  json_decref(rows);
  return true;
}
