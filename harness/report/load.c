/* load.c: the records of a results directory, gathered by cell. */
#include "load.h"
#include "harness/output/text.h"
#include "harness/record/record.h"
#include "harness/stats/drift.h"
#include "harness/stats/interval.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *record, const char *path) {
  const char *text = json_string_value(record_get(record, path));
  return text ? text : "";
}

verdict verdict_of_record(const json_t *record) {
  static const struct {
    const char *status;
    verdict verdict;
  } table[] = {{"OOM", VERDICT_OOM},
               {"WRONG", VERDICT_WRONG},
               {"ERROR", VERDICT_ERROR},
               {"TIMEOUT", VERDICT_TIMEOUT},
               {"CRASH", VERDICT_CRASH}};
  const char *status = text_of(record, "verdict.status");
  bool declared = json_is_true(record_get(record, "verdict.declared"));
  if (!strcmp(status, "ok") && declared)
    return VERDICT_OK;
  if (!strcmp(status, "LEAK"))
    return declared ? VERDICT_LEAK_DECLARED : VERDICT_LEAK;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (!strcmp(status, table[i].status))
      return table[i].verdict;
  return VERDICT_WRONG;
}

bool report_is_good(const report_cell *c) {
  return c->verdict == VERDICT_OK || c->verdict == VERDICT_LEAK_DECLARED;
}

bool report_same_block(const report_cell *a, const report_cell *b) {
  return !strcmp(a->workload, b->workload) && !strcmp(a->heap, b->heap) &&
         a->threads == b->threads && a->reference == b->reference;
}

/* ------------------------------------------------------------------------- *
 * Reading.
 * ------------------------------------------------------------------------- */

static void *must(void *p) {
  if (p)
    return p;
  fprintf(stderr, "reapmark: out of memory\n");
  exit(1);
}

static report_cell *find_cell(report *r, const char *id) {
  for (size_t i = 0; i < r->count; i++)
    if (!strcmp(r->cells[i].id, id))
      return &r->cells[i];
  return NULL;
}

static void add_pauses(report_cell *c, const json_t *record, hist *scratch) {
  const json_t *pauses = record_get(record, "pauses.all");
  if (!pauses || !record_read_histogram(pauses, scratch))
    return;
  if (!c->pauses) {
    c->pauses = must(malloc(sizeof *c->pauses));
    hist_reset(c->pauses);
  }
  hist_merge(c->pauses, scratch);
}

const long long report_windows_ns[REPORT_WINDOWS] = {
    1000000, 2000000, 5000000, 10000000, 20000000, 50000000, 100000000};

static double number_of(const json_t *record, const char *path) {
  const json_t *value = record_get(record, path);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The point of a curve of mutator utilisation at each of the windows. */
static void read_curve(const json_t *mmu, const char *path, double *out) {
  const json_t *windows = json_object_get(mmu, "windows");
  const json_t *curve = mmu ? record_get(mmu, path) : NULL;
  for (size_t k = 0; k < REPORT_WINDOWS; k++) {
    out[k] = NAN;
    for (size_t i = 0; i < json_array_size(windows); i++)
      if (json_integer_value(json_array_get(windows, i)) ==
          report_windows_ns[k])
        out[k] = json_number_value(json_array_get(curve, i));
  }
}

/* The rules of report_under_reports. */
enum {
  SHORT_NS = 50000, /* a step of so much holds one pause at the most */
  /* On a virtual machine a thread that does nothing but look at the clock sees
   * gaps of up to 0.6 ms that no counter of the guest explains. */
  NOISE_NS = 1000000,
  TYPICAL_STEPS = 100
};
#define EXPLAINED 0.78

static void read_stall(const json_t *record, report_sample *s) {
  s->stall = NAN;
  json_t *steps = json_object_get(record, "steps"), *kind;
  const char *name;
  if (!json_is_true(json_object_get(steps, "corrected")))
    return;
  json_object_foreach(steps, name, kind) {
    double typical = number_of(kind, "p50"), worst = number_of(kind, "max");
    if (!strcmp(name, "all") || !(number_of(kind, "count") >= TYPICAL_STEPS) ||
        !(typical <= SHORT_NS) || worst - typical <= s->stall)
      continue;
    s->stall = worst - typical;
    s->stall_step = worst;
  }
  double pause = number_of(record, "pauses.all.max");
  s->stall_pause = isnan(pause) ? 0 : pause;
}

bool report_under_reports(const report_cell *c, const report_sample **shown) {
  size_t unexplained = 0;
  *shown = NULL;
  for (size_t i = 0; i < c->count; i++) {
    const report_sample *s = &c->samples[i];
    if (!(s->stall > NOISE_NS && s->stall_pause < EXPLAINED * s->stall))
      continue;
    unexplained++;
    if (!*shown || s->stall > (*shown)->stall)
      *shown = s;
  }
  return 2 * unexplained > c->count && report_is_good(c);
}

bool report_stall_text(char *out, const report_cell *c) {
  const report_sample *shown;
  char step[TEXT_NUMBER], stall[TEXT_NUMBER], pause[TEXT_NUMBER];
  if (!report_under_reports(c, &shown))
    return false;
  snprintf(out, REPORT_STALL,
           "a step took %s, %s longer than the typical one, but the longest "
           "pause that it reports is %s",
           text_time(step, shown->stall_step), text_time(stall, shown->stall),
           text_time(pause, shown->stall_pause));
  return true;
}

/* What figures.c needs of a record. */
static void read_figures(const json_t *record, report_sample *s) {
  double stop = number_of(record, "time.stop");
  double own = number_of(record, "time.own");
  double skipped = number_of(record, "time.skipped");
  s->gc_wall = stop + own / fmax(1, number_of(record, "threads"));
  /* A thread that waits for a processor in a pause spends wall time only. */
  double paused = number_of(record, "pauses.all.sum");
  s->gc_cpu = isnan(paused) ? 0 : paused; /* no pauses, no sum */
  s->clock = number_of(record, "time.wall") +
             number_of(record, "time.instrument") +
             (isnan(skipped) ? 0 : skipped);
  const json_t *mmu = json_object_get(record, "mmu");
  read_curve(mmu, "worst.mmu", s->mmu);
  read_curve(mmu, "worst.bmu", s->bmu);
  read_stall(record, s);
}

/* Keeps a run of the canary by its number.  False if it is there. */
static bool add_canary(report *r, const json_t *record) {
  size_t n = (size_t)json_integer_value(json_object_get(record, "invocation"));
  if (n < 1 || n > 1000000)
    return false;
  if (n > r->canary_count) {
    r->canary = must(realloc(r->canary, n * sizeof *r->canary));
    while (r->canary_count < n)
      r->canary[r->canary_count++] = NAN;
  }
  r->canary[n - 1] = verdict_of_record(record) == VERDICT_OK
                         ? number_of(record, "time.wall")
                         : NAN;
  return true;
}

/* Keeps a run without instruments by its cell.  False if it is no such run. */
static bool add_untimed(report *r, const json_t *record) {
  const char *id = text_of(record, "cell");
  size_t n = strlen(id), tail = strlen(RECORD_UNTIMED);
  for (size_t i = 0; i < r->count && n > tail; i++) {
    report_cell *c = &r->cells[i];
    if (strncmp(c->id, id, n - tail) || c->id[n - tail])
      continue;
    verdict v = verdict_of_record(record);
    if (v == VERDICT_OK || v == VERDICT_LEAK_DECLARED) {
      c->untimed =
          must(realloc(c->untimed, (c->untimed_count + 1) * sizeof(double)));
      c->untimed[c->untimed_count++] = number_of(record, "time.wall");
    }
    return true;
  }
  return false;
}

/* The times of the canary that are known, `*n` of them, new. */
static double *canary_times(const report *r, size_t *n) {
  double *known = must(malloc((r->canary_count + 1) * sizeof *known));
  *n = 0;
  for (size_t i = 0; i < r->canary_count; i++)
    if (!isnan(r->canary[i]))
      known[(*n)++] = r->canary[i];
  return known;
}

double report_drift(const report *r) {
  size_t n;
  double *known = canary_times(r, &n);
  double drift = stat_drift(known, n);
  free(known);
  return drift;
}

static double canary_median(const report *r) {
  size_t n;
  double *known = canary_times(r, &n);
  double median = n ? stat_summarize(known, n).median : NAN;
  free(known);
  return median;
}

double report_drift_between(const report *base, const report *fresh) {
  double was = canary_median(base), is = canary_median(fresh);
  return was > 0 && is > 0 ? is / was - 1 : NAN;
}

bool report_suspect_text(char *out, const report *base, const report *fresh) {
  double drift = report_drift_between(base, fresh);
  bool suspect = fabs(drift) > REPORT_DRIFT_BOUND;
  if (suspect)
    snprintf(out, REPORT_CANARY,
             "SUSPECT: the median of the canary changed by %+.1f %% from base "
             "to new (bound %.0f %%), and so did the machine.",
             100 * drift, 100 * REPORT_DRIFT_BOUND);
  return suspect;
}

bool report_is_suspect(const report *r) {
  return fabs(report_drift(r)) > REPORT_DRIFT_BOUND;
}

bool report_canary_text(char *out, const report *r) {
  double drift = report_drift(r);
  size_t n = 0;
  for (size_t i = 0; i < r->canary_count; i++)
    n += isnan(r->canary[i]) ? 0 : 1;
  if (!r->canary_count)
    return false;
  if (isnan(drift))
    snprintf(out, REPORT_CANARY,
             "The canary ran %zu times: too few to tell "
             "whether the machine drifted.",
             n);
  else
    snprintf(out, REPORT_CANARY,
             "%s canary, run %zu times, %s by %+.1f %% from the first half of "
             "the time to the last (bound %.0f %%).",
             report_is_suspect(r) ? "SUSPECT: the" : "The", n,
             report_is_suspect(r) ? "drifted" : "changed", 100 * drift,
             100 * REPORT_DRIFT_BOUND);
  return true;
}

/* How many runs of a cell, or of the canary, were planned from the start: that
 * one runs twice a round, and at the end. */
static size_t planned_of(const report *r, bool canary) {
  return canary ? 2 * r->invocations + 1 : r->invocations;
}

typedef struct loading {
  report *report;
  hist *scratch;
} loading;

static void add_record(void *data, const json_t *record) {
  loading *l = data;
  report *r = l->report;
  bool canary = json_is_true(json_object_get(record, "canary"));
  int invocation = (int)json_integer_value(record_get(record, "invocation"));
  if (canary ? add_canary(r, record) : add_untimed(r, record)) {
    r->found++;
    /* As --until-ci came to plan it. */
    if (r->open_ended && (size_t)invocation > planned_of(r, canary))
      r->planned++;
    return;
  }
  report_cell *c = find_cell(r, text_of(record, "cell"));
  bool stray = !c || c->missing || invocation < 1 ||
               (!r->open_ended && (size_t)invocation > r->invocations);
  size_t at = 0;
  for (; !stray && at < c->count; at++) {
    if (c->samples[at].invocation > invocation)
      break;
    stray = c->samples[at].invocation == invocation;
  }
  if (stray) {
    r->strays++;
    return;
  }
  c->samples = must(realloc(c->samples, (c->count + 1) * sizeof *c->samples));
  report_sample *s = &c->samples[at];
  memmove(s + 1, s, (c->count - at) * sizeof *s);
  c->count++;
  r->found++;
  if ((size_t)invocation > r->invocations)
    r->planned++;
  *s = (report_sample){
      .invocation = invocation,
      .verdict = verdict_of_record(record),
      .leaked = json_integer_value(record_get(record, "verdict.leaked")),
      .reason = must(strdup(text_of(record, "verdict.reason")))};
  for (size_t m = 0; m < METRICS; m++)
    s->values[m] = metrics[m].read(record);
  read_figures(record, s);
  const char *ops = text_of(record, "ops.unit");
  if (*ops && !c->ops)
    c->ops = must(strdup(ops));
  if (json_is_false(record_get(record, "steps.corrected")))
    c->uncorrected = true;
  add_pauses(c, record, l->scratch);
}

/* ------------------------------------------------------------------------- *
 * From invocations to the cell.
 * ------------------------------------------------------------------------- */

static double pooled(const report_cell *c, double percentile) {
  uint64_t value;
  if (!c->pauses || !hist_percentile(c->pauses, percentile, &value))
    return NAN;
  return (double)value;
}

static double total(const double *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += values[i];
  return sum;
}

static double combine(const report_cell *c, size_t m, double *scratch) {
  for (size_t i = 0; i < c->count; i++) {
    scratch[i] = c->samples[i].values[m];
    if (isnan(scratch[i]) && metrics[m].combine != COMBINE_P50 &&
        metrics[m].combine != COMBINE_P99)
      return NAN;
  }
  switch (metrics[m].combine) {
  case COMBINE_MEDIAN:
    return stat_summarize(scratch, c->count).median;
  case COMBINE_SPREAD:
    return c->count < 2
               ? NAN
               : 100 * stat_half_spread(scratch, c->count, REPORT_CONFIDENCE);
  case COMBINE_MAXIMUM:
    return stat_summarize(scratch, c->count).max;
  case COMBINE_P50:
    return pooled(c, 50);
  case COMBINE_P99:
    return pooled(c, 99);
  case COMBINE_TOTAL:
    return total(scratch, c->count);
  }
  return NAN;
}

static void conclude(report_cell *c) {
  c->verdict = c->missing  ? VERDICT_NOT_APPLICABLE
               : !c->count ? VERDICT_NOT_RUN
                           : VERDICT_OK;
  for (size_t i = 0; i < c->count; i++)
    if (c->samples[i].verdict > c->verdict)
      c->verdict = c->samples[i].verdict;
  double *scratch = must(malloc((c->count + 1) * sizeof *scratch));
  for (size_t m = 0; m < METRICS; m++)
    c->values[m] = report_is_good(c) ? combine(c, m, scratch) : NAN;
  free(scratch);
}

static bool read_plan(report *r) {
  json_t *cells, *cell;
  int invocations;
  if (json_unpack(r->plan, "{s:i, s:o}", "invocations", &invocations, "cells",
                  &cells) ||
      invocations < 1)
    return false;
  r->invocations = (size_t)invocations;
  r->open_ended = json_object_get(r->plan, "until_ci") != NULL;
  r->cells = must(calloc(json_array_size(cells) + 1, sizeof *r->cells));
  size_t i;
  json_array_foreach(cells, i, cell) {
    bool missing = json_object_get(cell, "n/a") != NULL;
    if (!missing)
      r->planned += r->invocations;
    if (json_is_true(json_object_get(cell, "untimed")))
      continue; /* add_untimed puts its runs with those of its twin */
    report_cell *c = &r->cells[r->count++];
    if (json_unpack(cell, "{s:s, s:s, s:s, s:s, s:i, s?s}", "cell", &c->id,
                    "workload", &c->workload, "collector", &c->collector,
                    "heap", &c->heap, "threads", &c->threads, "n/a",
                    &c->missing))
      return false;
    c->reference = json_object_get(cell, "kind") != NULL;
    c->turns = json_is_true(json_object_get(cell, "turns"));
    c->floor = NAN;
  }
  if (json_object_get(r->plan, "canary"))
    r->planned += planned_of(r, true);
  return true;
}

/* There are none where no reference was run. */
static void read_floors(report *r, const char *dir) {
  char no_floors[256];
  json_t *json =
      results_read_json(dir, "floors.json", no_floors, sizeof no_floors);
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(json, "floors"), i, row) {
    report_cell *c = find_cell(r, text_of(row, "cell"));
    if (c)
      c->floor = number_of(row, "ns");
  }
  json_decref(json);
}

double report_floor_share(const report_cell *c) {
  return c->floor / c->values[METRIC_CPU];
}

report *report_load(const char *dir, char *why, size_t room) {
  report *r = must(calloc(1, sizeof *r));
  r->dir = must(strdup(dir));
  loading l = {r, must(malloc(sizeof(hist)))};
  char no_machine[256];
  bool good = false;
  r->plan = results_read_json(dir, "plan.json", why, room);
  r->machine =
      results_read_json(dir, "machine.json", no_machine, sizeof no_machine);
  if (r->plan && !read_plan(r))
    snprintf(why, room, "%s/plan.json is not a plan", dir);
  else if (r->plan)
    good = results_read_runs(dir, add_record, &l, &r->state, why, room);
  if (good)
    read_floors(r, dir);
  free(l.scratch);
  for (size_t i = 0; i < r->count; i++)
    conclude(&r->cells[i]);
  if (good)
    return r;
  report_free(r);
  return NULL;
}

void report_free(report *r) {
  for (size_t i = 0; i < r->count; i++) {
    report_cell *c = &r->cells[i];
    for (size_t k = 0; k < c->count; k++)
      free(c->samples[k].reason);
    free(c->samples);
    free(c->ops);
    free(c->pauses);
    free(c->untimed);
  }
  free(r->cells);
  free(r->canary);
  free(r->dir);
  json_decref(r->plan);
  json_decref(r->machine);
  free(r);
}

/* ------------------------------------------------------------------------- *
 * Verdicts in words.
 * ------------------------------------------------------------------------- */

const report_sample *report_worst(const report_cell *c) {
  for (size_t i = 0; i < c->count; i++)
    if (c->samples[i].verdict == c->verdict && !report_is_good(c))
      return &c->samples[i];
  return NULL;
}

char *report_verdict_text(char *out, const report_cell *c) {
  const report_sample *worst = report_worst(c);
  long long leaked = 0;
  for (size_t i = 0; i < c->count; i++)
    if (c->samples[i].leaked > leaked)
      leaked = c->samples[i].leaked;
  switch (c->verdict) {
  case VERDICT_NOT_APPLICABLE:
    snprintf(out, VERDICT_TEXT, "n/a: %s", c->missing);
    break;
  case VERDICT_NOT_RUN:
    return strcpy(out, "not run yet");
  case VERDICT_OK:
    return strcpy(out, "ok");
  case VERDICT_LEAK_DECLARED:
    snprintf(out, VERDICT_TEXT, "LEAK %lld (declared)", leaked);
    break;
  case VERDICT_LEAK:
    snprintf(out, VERDICT_TEXT, "LEAK %lld !", leaked);
    break;
  case VERDICT_OOM:
    return strcpy(out, "OOM");
  case VERDICT_WRONG:
    return strcpy(out, "WRONG");
  case VERDICT_ERROR:
    return strcpy(out, "ERROR");
  case VERDICT_TIMEOUT:
    return strcpy(out, "TIMEOUT");
  case VERDICT_CRASH: /* its reason begins with the signal or exit status */
    snprintf(out, VERDICT_TEXT, "CRASH %.*s", (int)strcspn(worst->reason, ":"),
             worst->reason);
    break;
  }
  return out;
}
