/* load.c: the records of a results directory, gathered by cell. */
#include "load.h"
#include "exercise.h"
#include "machines.h"
#include "collectors/common/hostile/mutants.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/record/record.h"
#include "harness/stats/interval.h"
#include "harness/stats/summary.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool verdict_is_failure(verdict v) {
  return v >= VERDICT_SUSPECT;
}

verdict verdict_of_record(const json_t *record) {
  static const struct {
    const char *status;
    verdict verdict;
  } known[] = {{"OOM", VERDICT_OOM},         {"OVER LIMIT", VERDICT_OVER_LIMIT},
               {"WRONG", VERDICT_WRONG},     {"ERROR", VERDICT_ERROR},
               {"TIMEOUT", VERDICT_TIMEOUT}, {"CRASH", VERDICT_CRASH}};
  const char *status = record_text(record, "verdict.status");
  bool declared = json_is_true(record_get(record, "verdict.declared"));
  if (json_is_true(record_get(record, "heap.coarse")) &&
      (declared || !strcmp(status, "OOM")))
    return VERDICT_BELOW_GRANULE;
  if (declared && json_object_get(record, "suspect"))
    return VERDICT_SUSPECT;
  if ((!strcmp(status, "ok") && declared) ||
      (gc_mutant(oom_is_good) && !strcmp(status, "OOM")))
    return VERDICT_OK;
  if (!strcmp(status, "LEAK"))
    return declared || gc_mutant(declared_unread) ? VERDICT_LEAK_DECLARED
                                                  : VERDICT_LEAK;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (!strcmp(status, known[i].status))
      return known[i].verdict;
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

/* Far more than any plan has; arrays are indexed by them. */
enum { MOST_INVOCATIONS = 1000000 };

report_cell *report_find_cell(const report *r, const char *id) {
  const json_t *index = json_object_get(r->ids, id);
  return index ? &r->cells[json_integer_value(index)] : NULL;
}

static void *more_or_exit(void *memory, size_t count, size_t size) {
  void *moved = reallocarray(memory, count, size);
  if (moved)
    return moved;
  say("out of memory");
  exit(EXIT_SOME_FAILED);
}

static void add_pauses(report_cell *c, const json_t *record) {
  hist_sparse fresh;
  if (!record_read_sparse(record_get(record, "pauses.all"), &fresh))
    return;
  if (!hist_sparse_add(&c->pauses, &fresh)) {
    say("out of memory");
    exit(EXIT_SOME_FAILED);
  }
  free(fresh.buckets);
}

const long long report_windows_ns[REPORT_WINDOWS] = {
    10000,   20000,   50000,    100000,   200000,   500000,   1000000,
    2000000, 5000000, 10000000, 20000000, 50000000, 100000000};

/* The point of a curve of mutator utilisation at each of the windows.  Within
 * gaps that were closed to save room nothing is known, so windows that are no
 * longer than these have no point. */
static void read_curve(const json_t *mmu, const char *path, double *out) {
  const json_t *windows = json_object_get(mmu, "windows");
  const json_t *curve = mmu ? record_get(mmu, path) : NULL;
  const double joined = mmu ? record_number(mmu, "joined") : 0;
  for (size_t k = 0; k < REPORT_WINDOWS; k++) {
    out[k] = NAN;
    if ((double)report_windows_ns[k] <= joined)
      continue;
    for (size_t i = 0; i < json_array_size(windows); i++)
      if (json_integer_value(json_array_get(windows, i)) ==
          report_windows_ns[k])
        out[k] = json_number_value(json_array_get(curve, i));
  }
}

/* Reads what the tables other than the main one are made of. */
static void read_rest(const json_t *record, report_sample *s) {
  double stop = record_number(record, "time.stop");
  double own = record_number(record, "time.own");
  double skipped = record_number(record, "time.skipped");
  s->gc_wall = stop + own / fmax(1, record_number(record, "threads"));
  /* A thread that waits for a processor in a pause spends wall time only. */
  double paused = record_number(record, "pauses.all.sum");
  s->gc_cpu = isnan(paused) ? 0 : paused; /* no pauses, no sum */
  s->clock = record_number(record, "time.wall") +
             record_number(record, "time.instrument") +
             (isnan(skipped) ? 0 : skipped);
  const json_t *mmu = json_object_get(record, "mmu");
  read_curve(mmu, "worst.mmu", s->mmu);
  read_curve(mmu, "worst.bmu", s->bmu);
  report_read_stall(s, record);
}

/* Keeps a run of the canary by its number.  False if it is there. */
static bool add_canary(report *r, const json_t *record) {
  size_t n = (size_t)json_integer_value(json_object_get(record, "invocation"));
  if (n < 1 || n > MOST_INVOCATIONS)
    return false;
  while (r->canary_count < n) {
    r->canary = arena_more(r->canary, r->canary_count, sizeof *r->canary);
    r->canary[r->canary_count++] = NAN;
  }
  r->canary[n - 1] = verdict_of_record(record) == VERDICT_OK
                         ? record_number(record, "time.wall")
                         : NAN;
  return true;
}

/* Keeps a run without instruments by its cell.  False if it is no such run. */
static bool add_untimed(report *r, const json_t *record, int invocation) {
  const char *id = record_text(record, "cell");
  size_t n = strlen(id), tail = strlen(RECORD_UNTIMED);
  if (n <= tail || strcmp(id + n - tail, RECORD_UNTIMED))
    return false;
  char *twin = strndup(id, n - tail);
  report_cell *c = twin ? report_find_cell(r, twin) : NULL;
  free(twin);
  if (!c)
    return false;
  verdict v = verdict_of_record(record);
  if (v == VERDICT_OK || v == VERDICT_LEAK_DECLARED) {
    c->untimed =
        arena_more(c->untimed, c->untimed_count, sizeof(report_untimed));
    c->untimed[c->untimed_count++] = (report_untimed){
        .invocation = invocation, .wall = record_number(record, "time.wall")};
  }
  return true;
}

/* The times of the canary that are known, `*n` of them. */
static double *canary_times(const report *r, size_t *n) {
  double *known = arena_take(r->canary_count * sizeof *known);
  *n = 0;
  for (size_t i = 0; i < r->canary_count; i++)
    if (!isnan(r->canary[i]))
      known[(*n)++] = r->canary[i];
  return known;
}

double report_drift(const report *r) {
  return machines_drift(r, NULL);
}

static double canary_median(const report *r) {
  size_t n;
  double *known = canary_times(r, &n);
  return n ? stat_summarize(known, n).median : NAN;
}

double report_drift_between(const report *base, const report *fresh) {
  double was = canary_median(base), is = canary_median(fresh);
  if (gc_mutant(sides_swapped))
    return was / is - 1;
  return was > 0 && is > 0 ? is / was - 1 : NAN;
}

const char *report_suspect_text(const report *base, const report *fresh) {
  double drift = report_drift_between(base, fresh);
  if (!(fabs(drift) > REPORT_DRIFT_BOUND))
    return NULL;
  return arena_text("SUSPECT: the median of the canary changed by %+.1f %% "
                    "from base to new (bound %.0f %%), and so did the machine. "
                    "[W-canary]",
                    100 * drift, 100 * REPORT_DRIFT_BOUND);
}

bool report_is_suspect(const report *r) {
  if (gc_mutant(faster_is_calm))
    return report_drift(r) > REPORT_DRIFT_BOUND;
  return fabs(report_drift(r)) > REPORT_DRIFT_BOUND;
}

const char *report_canary_text(const report *r) {
  size_t machine = 0;
  double drift = machines_drift(r, &machine);
  bool suspect = report_is_suspect(r);
  size_t n = 0;
  for (size_t i = 0; i < r->canary_count; i++)
    n += isnan(r->canary[i]) ? 0 : 1;
  if (!r->canary_count)
    return NULL;
  if (isnan(drift))
    return arena_text("The canary ran %zu times: too few to tell whether the "
                      "machine drifted.",
                      n);
  return arena_text(
      "%s canary%s, run %zu times, %s by %+.1f %% from the first "
      "half of the time to the last (bound %.0f %%).%s",
      suspect ? "SUSPECT: the" : "The",
      r->machines_count > 1
          ? arena_text(" that changed most, on %s", r->machines[machine].id)
          : "",
      n, suspect ? "drifted" : "changed", 100 * drift, 100 * REPORT_DRIFT_BOUND,
      suspect ? " [W-canary]" : "");
}

const char *report_builds_text(const report *r, const report *base) {
  return builds_text(&r->builds, json_object_get(base->machine, "build"));
}

/* How many runs of a cell, or of the canary, were planned from the start.  The
 * canary runs twice in each round, and once at the end; five times if there is
 * one round.  Rounds that stand alone have runs of their own. */
static size_t planned_of(const report *r, bool canary) {
  if (!canary)
    return r->invocations;
  if (r->rounds)
    return r->invocations * ROUND_SET_CANARIES;
  return r->invocations == 1 ? 5 : 2 * r->invocations + 1;
}

/* Delay that the program's own threads may have caused, if it is more than a
 * millisecond and a tenth of the time; else 0.  Mutator threads that come and
 * go leave some, too: the kernel's work when they end. */
static double own_delay(const json_t *record) {
  double own = record_number(record, "noise.own_delay");
  return own > fmax(1e6, .1 * record_number(record, "time.wall")) ? own : 0;
}

/* False if the cell has that invocation already, or none can have it. */
static bool note_invocation(report_cell *c, size_t invocation) {
  if (invocation > MOST_INVOCATIONS)
    return false;
  if (invocation >= c->seen_room) {
    const size_t room = 2 * invocation;
    c->seen = more_or_exit(c->seen, room, sizeof *c->seen);
    memset(c->seen + c->seen_room, 0, room - c->seen_room);
    c->seen_room = room;
  }
  const bool fresh = !c->seen[invocation];
  c->seen[invocation] = true;
  return fresh;
}

/* Room for one more sample: at once for all that are planned, if these are few,
 * and else for twice as many each time. */
static report_sample *add_sample(const report *r, report_cell *c) {
  enum { FEW = 16 };
  if (!(c->count & (c->count - 1))) {
    size_t room = c->count ? 2 * c->count : 1;
    if (!r->open_ended && (r->invocations < FEW || r->invocations < room))
      room = r->invocations;
    c->samples = more_or_exit(c->samples, room, sizeof *c->samples);
  }
  return &c->samples[c->count++];
}

/* What is read, and who else sees it. */
typedef struct loading {
  report *report;
  report_visitor *visit;
} loading;

/* Whether cells have this invocation, or may have it. */
static bool is_planned(const report *r, json_int_t invocation) {
  if (invocation < 1)
    return false;
  if (r->rounds)
    return invocation <= ROUND_SET_MOST && r->rounds->has[invocation];
  return r->open_ended || (size_t)invocation <= r->invocations;
}

static void add_record(void *data, const json_t *record) {
  const loading *l = data;
  report *r = l->report;
  bool canary = json_is_true(json_object_get(record, "canary"));
  if (!machines_have_record(r, record, canary))
    return;
  report_add_surroundings(r, record);
  const json_int_t invocation =
      json_integer_value(json_object_get(record, "invocation"));
  if (json_object_get(record, "binding")) /* the program itself wrote it */
    builds_add(&r->builds, record_text(record, "collector"),
               json_object_get(record, "build"));
  if (canary ? add_canary(r, record)
             : add_untimed(r, record, (int)invocation)) {
    r->found++;
    /* --until-ci planned the run later. */
    if (r->open_ended && (size_t)invocation > planned_of(r, canary))
      r->planned++;
    return;
  }
  report_cell *c = report_find_cell(r, record_text(record, "cell"));
  const bool stray = !c || c->missing || !is_planned(r, invocation);
  if (stray || !note_invocation(c, (size_t)invocation)) {
    r->strays++;
    return;
  }
  report_sample *s = add_sample(r, c);
  r->found++;
  if (r->open_ended && (size_t)invocation > r->invocations)
    r->planned++;
  const verdict v = verdict_of_record(record);
  const char *reason =
      record_text(record, v == VERDICT_SUSPECT ? "suspect" : "verdict.reason");
  *s = (report_sample){
      .invocation = (int)invocation,
      .machine = machines_of_round(r, (size_t)invocation),
      .verdict = v,
      .leaked = json_integer_value(record_get(record, "verdict.leaked")),
      .reason = *reason ? arena_text("%s", reason) : ""};
  if (!strcmp(record_text(record, "wrapped.record"), "within"))
    s->wrapped = arena_text("%s", record_text(record, "wrapped.command"));
  for (size_t m = 0; m < METRICS; m++)
    s->values[m] = metrics[m].read(record);
  read_rest(record, s);
  s->exercise = record_exercise(record);
  report_withhold(s);
  const char *ops = record_text(record, "ops.unit");
  if (*ops && !c->ops)
    c->ops = arena_text("%s", ops);
  if (json_is_false(record_get(record, "steps.corrected")))
    c->uncorrected = true;
  c->paced |= json_integer_value(record_get(record, "latency.rate")) > 0;
  c->own_delay = fmax(c->own_delay, own_delay(record));
  add_pauses(c, record);
  if (l->visit)
    l->visit(r, c, record);
}

/* ------------------------------------------------------------------------- *
 * From invocations to the cell.
 * ------------------------------------------------------------------------- */

static double pooled(const report_cell *c, double percentile) {
  uint64_t value;
  if (!hist_sparse_percentile(&c->pauses, percentile, &value))
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

static int by_invocation(const void *a, const void *b) {
  const report_sample *x = a, *y = b;
  return (x->invocation > y->invocation) - (x->invocation < y->invocation);
}

static void conclude(report_cell *c) {
  bool in_order = true; /* unless the log was put together from several */
  for (size_t i = 1; i < c->count; i++)
    in_order &= c->samples[i - 1].invocation < c->samples[i].invocation;
  if (!in_order)
    qsort(c->samples, c->count, sizeof *c->samples, by_invocation);
  c->verdict = c->missing  ? VERDICT_NOT_APPLICABLE
               : !c->count ? VERDICT_NOT_RUN
                           : VERDICT_OK;
  for (size_t i = 0; i < c->count; i++)
    if (c->samples[i].verdict > c->verdict)
      c->verdict = c->samples[i].verdict;
  double *scratch = arena_take(c->count * sizeof *scratch);
  const exercise e = report_exercise(c);
  for (size_t m = 0; m < METRICS; m++)
    c->values[m] = report_is_good(c) && report_shows(&e, &metrics[m])
                       ? combine(c, m, scratch)
                       : NAN;
}

static bool read_rounds(report *r, const char *text) {
  round_set *s = arena_take(sizeof *s);
  r->rounds = s;
  if (!text || !round_set_read(s, text))
    return false;
  r->invocations = s->count;
  return true;
}

/* The cells and what is planned of them. */
static bool read_cells(report *r, json_t *cells) {
  json_t *cell;
  json_int_t threads;
  r->cells = arena_take(json_array_size(cells) * sizeof *r->cells);
  size_t i;
  json_array_foreach(cells, i, cell) {
    bool missing = json_object_get(cell, "n/a") != NULL;
    if (!missing)
      r->planned += planned_of(r, false);
    if (json_is_true(json_object_get(cell, "untimed")))
      continue; /* add_untimed puts its runs with those of its twin */
    report_cell *c = &r->cells[r->count++];
    if (json_unpack(cell, "{s:s, s:s, s:s, s:s, s:I, s?s}", "cell", &c->id,
                    "workload", &c->workload, "collector", &c->collector,
                    "heap", &c->heap, "threads", &threads, "n/a",
                    &c->missing) ||
        threads < 1 || threads > INT_MAX)
      return false;
    c->threads = (int)threads;
    if (!json_object_get(r->ids, c->id)) /* the first one, if there are twins */
      json_object_set_new(r->ids, c->id,
                          json_integer((json_int_t)r->count - 1));
    c->reference = json_object_get(cell, "kind") != NULL;
    c->turns = json_is_true(json_object_get(cell, "turns"));
    c->floor = NAN;
  }
  if (json_object_get(r->plan, "canary"))
    r->planned += planned_of(r, true);
  return true;
}

/* Returns what is wrong, or NULL. */
static const char *read_plan(report *r, const char *machine) {
  const char *none = arena_text("%s/plan.json is not a plan", r->dir);
  json_int_t schema, invocations;
  json_t *cells;
  if (json_unpack(r->plan, "{s:I, s:I, s:o}", "schema", &schema, "invocations",
                  &invocations, "cells", &cells) ||
      invocations < 1 || invocations > MOST_INVOCATIONS)
    return none;
  r->invocations = (size_t)invocations;
  r->open_ended = json_object_get(r->plan, "until_ci") != NULL;
  const json_t *rounds = json_object_get(r->plan, "rounds");
  if (rounds && !read_rounds(r, json_string_value(rounds)))
    return none;
  const char *wrong = machines_read(r, machine);
  return wrong ? wrong : read_cells(r, cells) ? NULL : none;
}

static bool is_floor_of(const report *r, const report_cell *c,
                        const json_t *row) {
  const json_t *machine = json_object_get(row, "machine");
  return !strcmp(record_text(row, "cell"), c->id) &&
         (!r->only || !machine ||
          !strcmp(json_string_value(machine), r->machines->id));
}

/* There are none where no reference was run.  Rounds that stand alone have one
 * at each end, and a cell's is the median. */
static void read_floors(report *r, const char *dir) {
  char no_floors[256];
  json_t *json =
      results_read_json(dir, "floors.json", no_floors, sizeof no_floors);
  json_t *rows = json_object_get(json, "floors");
  double *ns = arena_take((json_array_size(rows) + 1) * sizeof *ns);
  for (size_t c = 0; c < r->count; c++) {
    size_t i, n = 0;
    json_t *row;
    json_array_foreach(rows, i, row) if (is_floor_of(r, &r->cells[c], row))
        ns[n++] = record_number(row, "ns");
    r->cells[c].floor = n ? stat_summarize(ns, n).median : NAN;
  }
  json_decref(json);
}

double report_floor_share(const report_cell *c) {
  return c->floor / c->values[METRIC_CPU];
}

/* Why a directory without a plan holds no results, if it is one. */
static void explain_no_plan(const char *dir, char *why, size_t room) {
  struct dirent **entries;
  int n = scandir(dir, &entries, NULL, NULL);
  for (int i = 0; i < n; i++)
    free(entries[i]);
  if (n >= 0)
    free(entries);
  if (n == 2) /* . and .. */
    snprintf(why, room, "%s is empty: no run wrote its results there", dir);
  else if (n > 2 && access(arena_text("%s/plan.json", dir), F_OK))
    snprintf(why, room, "%s holds no results: it has no plan.json", dir);
}

report *report_load(const char *dir, report_visitor *visit, char *why,
                    size_t room) {
  return report_load_machine(dir, NULL, visit, why, room);
}

report *report_load_machine(const char *dir, const char *machine,
                            report_visitor *visit, char *why, size_t room) {
  report *r = arena_take(sizeof *r);
  loading l = {r, visit};
  r->dir = arena_text("%s", dir);
  r->ids = json_object();
  char no_machine[256];
  bool good = false;
  r->plan = results_read_json(dir, "plan.json", why, room);
  r->machine =
      results_read_json(dir, "machine.json", no_machine, sizeof no_machine);
  const char *wrong = r->plan ? read_plan(r, machine) : NULL;
  if (!r->plan)
    explain_no_plan(dir, why, room);
  else if (wrong)
    snprintf(why, room, "%s", wrong);
  else
    good = results_read_runs(dir, add_record, &l, &r->state, why, room);
  if (good)
    read_floors(r, dir);
  for (size_t i = 0; i < r->count; i++)
    conclude(&r->cells[i]);
  if (good)
    return r;
  report_free(r);
  return NULL;
}

void report_free(report *r) {
  report_free_traces(r);
  for (size_t i = 0; i < r->count; i++) {
    free(r->cells[i].samples);
    free(r->cells[i].seen);
    free(r->cells[i].pauses.buckets);
  }
  builds_free(&r->builds);
  json_decref(r->ids);
  json_decref(r->plan);
  json_decref(r->machine);
  json_decref(r->surroundings.machine);
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

const char *report_verdict_text(const report_cell *c) {
  const report_sample *worst = report_worst(c);
  long long leaked = 0;
  for (size_t i = 0; i < c->count; i++)
    if (c->samples[i].leaked > leaked)
      leaked = c->samples[i].leaked;
  switch (c->verdict) {
  case VERDICT_NOT_APPLICABLE:
    return arena_text("n/a: %s", c->missing);
  case VERDICT_NOT_RUN:
    return "not run yet";
  case VERDICT_OK:
    return "ok";
  case VERDICT_LEAK_DECLARED:
    return arena_text("LEAK %lld (declared)", leaked);
  case VERDICT_BELOW_GRANULE:
    return "below granule";
  case VERDICT_SUSPECT:
    return "suspect";
  case VERDICT_LEAK:
    return arena_text("LEAK %lld !", leaked);
  case VERDICT_OVER_LIMIT:
    return "OVER LIMIT";
  case VERDICT_OOM:
    return "OOM";
  case VERDICT_WRONG:
    return "WRONG";
  case VERDICT_ERROR:
    return "ERROR";
  case VERDICT_TIMEOUT:
    return "TIMEOUT";
  case VERDICT_CRASH: /* the reason begins with the signal or exit status */
    return arena_text("CRASH %.*s", (int)strcspn(worst->reason, ":"),
                      worst->reason);
  }
  return "";
}

const char *report_failure_reason(const report_cell *c) {
  const report_sample *worst = report_worst(c);
  const char *reason = worst ? worst->reason : "";
  if (c->verdict == VERDICT_BELOW_GRANULE)
    return "the heap is so small that the size of the collector's blocks "
           "decides; ask for more data, or for a heap in bytes";
  if (c->verdict == VERDICT_CRASH) /* the verdict shows how it begins */
    reason += strcspn(reason, ":");
  return reason + strspn(reason, ": ");
}
