/* cells.c: the records of a results directory, gathered by cell. */
#include "cells.h"
#include "harness/record/record.h"
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
         a->threads == b->threads;
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

typedef struct loading {
  report *report;
  hist *scratch;
} loading;

static void add_record(void *data, const json_t *record) {
  loading *l = data;
  report *r = l->report;
  report_cell *c = find_cell(r, text_of(record, "cell"));
  int invocation = (int)json_integer_value(record_get(record, "invocation"));
  bool stray =
      !c || c->missing || invocation < 1 || (size_t)invocation > r->invocations;
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
  *s = (report_sample){
      .invocation = invocation,
      .verdict = verdict_of_record(record),
      .leaked = json_integer_value(record_get(record, "verdict.leaked")),
      .reason = must(strdup(text_of(record, "verdict.reason")))};
  for (size_t m = 0; m < METRICS; m++)
    s->values[m] = metrics[m].read(record);
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
    return c->count < 2 ? NAN : 50 * stat_summarize(scratch, c->count).spread;
  case COMBINE_MAXIMUM:
    return stat_summarize(scratch, c->count).max;
  case COMBINE_P50:
    return pooled(c, 50);
  case COMBINE_P99:
    return pooled(c, 99);
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
  r->cells = must(calloc(json_array_size(cells) + 1, sizeof *r->cells));
  size_t i;
  json_array_foreach(cells, i, cell) {
    report_cell *c = &r->cells[r->count++];
    if (json_unpack(cell, "{s:s, s:s, s:s, s:s, s:i, s?s}", "cell", &c->id,
                    "workload", &c->workload, "collector", &c->collector,
                    "heap", &c->heap, "threads", &c->threads, "n/a",
                    &c->missing))
      return false;
    if (!c->missing)
      r->planned += r->invocations;
  }
  return true;
}

report *report_load(const char *dir, char *why, size_t room) {
  report *r = must(calloc(1, sizeof *r));
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
  }
  free(r->cells);
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
