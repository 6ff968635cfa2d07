/* draft.c: see draft.h. */
#include "draft.h"
#include "sizing.h"
#include "harness/base/arena.h"
#include "harness/base/options.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/base/words.h"
#include "harness/driver/live/live.h"
#include "harness/driver/plan/plan.h"
#include "harness/driver/programs/spawn.h"
#include "harness/driver/run/cell-run.h"
#include "harness/output/table.h"
#include "harness/record/exercised.h"
#include "harness/record/record.h"
#include "harness/report/load.h"

#include <math.h>
#include <string.h>

enum {
  LEAST_SECONDS = 2,    /* of an open loop */
  LONGEST_TRIAL = 300,  /* seconds */
  SPARE = 10,           /* a run may take so many times as long as the trial */
  SHORTEST_TIMEOUT = 60 /* seconds */
};
/* One collection more than are wanted, and than are worth while: the first one
 * ends the warm-up. */
static const double COLLECTIONS = EXERCISED_WANTED + 1,
                    LEAST_COLLECTIONS = EXERCISED_LEAST + 1;
/* With 3 runs that agree a median is on their side with 75 %, with 6 its 95 %
 * interval is known, and with 10 a difference of a few percent. */
static const schedule_bounds RUNS = {1, 3, 10};
/* What a round has beside its runs: the canary, and spawning. */
static const double BETWEEN = 1;

static const char *mib(double bytes) {
  return arena_text("%s MiB", table_number(TABLE_BYTES, bytes));
}

static const char *per_second(double rate) {
  return rate < 1e4 ? arena_text("%.0f/s", rate)
                    : arena_text("%.0fk/s", rate / 1e3);
}

static const char *collectors_text(const question *q) {
  return q->collectors.count == 1
             ? "1 collector"
             : arena_text("%zu collectors", q->collectors.count);
}

static const char *minutes(double seconds) {
  return seconds < 100 ? arena_text("%.0fs", ceil(seconds))
                       : arena_text("%.0fm", ceil(seconds / 60));
}

/* Says so, if the time is up before `what`. */
static bool is_late(const question *q, const char *what) {
  const bool late = spawn_time_left() <= 0;
  if (late)
    say("--for: %s was up before %s; give more time", minutes(q->budget), what);
  return late;
}

/* ------------------------------------------------------------------------- *
 * Sizes.
 * ------------------------------------------------------------------------- */

/* The first of the question's collectors that answers for workloads. */
static const collector *find_asked(const question *q) {
  for (size_t i = 0; i < q->collectors.count; i++) {
    const collector *c = q->collectors.items[i].program;
    if (json_is_true(json_object_get(c->about, "volumes")))
      return c;
  }
  return NULL;
}

static const char *fit_cell(const draft *d, const collectors *all,
                            const suite_cell *from, draft_cell *c) {
  const question *q = d->question;
  const char *wrong = resolve_workload(all, from->workload, &c->workload);
  if (wrong)
    return wrong;
  const json_t *about = collector_workload(d->asked, c->workload.name);
  const bool threaded = workload_is_threaded(about);
  if (threaded && !q->threads)
    return NULL; /* left out: `threads` stays 0 */
  c->threads = threaded ? q->threads : 1;
  c->paced = sizing_param(d->asked, &c->workload, "rate");
  c->longer =
      c->paced ? "duration" : arena_text("%s", record_text(about, "longer"));
  const word_list keys = {(const char **)from->size, from->size_count};
  return sizing_fit(d->asked, keys, c->threads, q->live.bytes, &c->workload,
                    &c->live);
}

bool draft_size(draft *d, const question *q, const collectors *all) {
  *d = (draft){.question = q, .asked = find_asked(q)};
  d->cells = arena_take(q->suite->cells_count * sizeof *d->cells);
  if (!d->asked) {
    say("none of these collectors says what workloads need (--volume)");
    return false;
  }
  for (unsigned i = 0; i < q->suite->cells_count; i++) {
    draft_cell *c = &d->cells[d->count];
    const char *wrong = fit_cell(d, all, &q->suite->cells[i], c);
    if (is_late(q, "the sizes of the workloads were found"))
      return false;
    if (wrong) {
      say("--live %s: %s", q->live.text, wrong);
      return false;
    }
    d->count += c->threads > 0;
  }
  for (size_t i = 0; i < d->count; i++)
    say("%s: %s alive of the %s asked for", spec_text(&d->cells[i].workload),
        mib((double)d->cells[i].live), mib((double)q->live.bytes));
  return true;
}

/* ------------------------------------------------------------------------- *
 * The trial.
 * ------------------------------------------------------------------------- */

/* Runs all cells with one collector.  Returns an exit code; *failed becomes the
 * reason if some run did not end as declared. */
static int try_collector(draft *d, const collectors *all, const chosen *with,
                         const char **failed) {
  const question *q = d->question;
  *failed = NULL;
  for (size_t i = 0; i < d->count && !*failed; i++) {
    draft_cell *c = &d->cells[i];
    plan_request request = {.seed = PLAN_SEED,
                            .heaps = q->heap.text,
                            .threads = arena_text("%u", c->threads),
                            .invocations = 1,
                            .timeout = LONGEST_TRIAL};
    spec_list_add(&request.chosen_workloads, c->workload);
    chosen_add(&request.chosen_collectors, *with);
    plan p;
    const int code = plan_make(&request, all, &p);
    if (code)
      return code;
    *failed = p.cells[0].missing;
    live_now("a trial: %s", plan_cell_text(&p.cells[0]));
    live_done(i, d->count, NAN);
    live_draw();
    json_t *record = *failed ? NULL : run_cell(&p, &p.cells[0], NULL, NULL);
    if (*failed)
      return EXIT_OK;
    if (!record)
      return spawn_interrupted() ? EXIT_INTERRUPTED
             : is_late(q, arena_text("the trial of %s had ended",
                                     spec_text(&c->workload)))
                 ? EXIT_USAGE
                 : EXIT_SOME_FAILED;
    const verdict v = verdict_of_record(record);
    if (v != VERDICT_OK && v != VERDICT_LEAK_DECLARED)
      *failed = arena_text("%s: %s: %s", spec_text(&c->workload),
                           record_text(record, "verdict.status"),
                           record_text(record, "verdict.reason"));
    const double elapsed = record_number(record, "elapsed") / 1e9;
    c->run.measured = record_number(record, "time.wall") / 1e9;
    c->run.fixed = elapsed - c->run.measured;
    json_decref(record);
  }
  return EXIT_OK;
}

/* Tries the collectors, that of the canary first, until the workloads run with
 * one. */
static int try_all(draft *d, const collectors *all) {
  const chosen_list *list = &d->question->collectors;
  const char *why = NULL, *whose = NULL;
  for (size_t turn = 0; turn < 2; turn++)
    for (size_t i = 0; i < list->count; i++) {
      const chosen *with = &list->items[i];
      const bool first = !strcmp(with->program->name, PLAN_CANARY_COLLECTOR);
      if (first == (turn > 0))
        continue;
      const char *failed;
      const int code = try_collector(d, all, with, &failed);
      d->tried = with->program;
      if (code || !failed)
        return code ? code : OPTIONS_GO;
      whose = whose ? whose : with->program->name;
      why = why ? why : failed;
    }
  say("none of %s runs this with --heap %s: %s: %s",
      collectors_text(d->question), d->question->heap.text, whose, why);
  return EXIT_SOME_FAILED;
}

/* ------------------------------------------------------------------------- *
 * Rates and lengths.
 * ------------------------------------------------------------------------- */

/* Bytes that the workload allocates for each unit of the parameter. */
static double bytes_per(const draft *d, const draft_cell *c, const spec *of,
                        const char *key, uint64_t at) {
  volume one = {0}, two = {0};
  const spec s1 = spec_with(of, key, arena_text("%ju", (uintmax_t)at));
  const spec s2 = spec_with(of, key, arena_text("%ju", (uintmax_t)(2 * at)));
  const char *wrong = sizing_volume(d->asked, &s1, c->threads, &one);
  if (!wrong)
    wrong = sizing_volume(d->asked, &s2, c->threads, &two);
  return wrong ? NAN
               : ((double)two.measured - (double)one.measured) / (double)at;
}

/* The number with two significant digits. */
static uint64_t rounded(double number) {
  const double unit = pow(10, fmax(0, floor(log10(fmax(1, number))) - 1));
  return (uint64_t)(round(number / unit) * unit);
}

/* Sets the lengths of the measured part, which takes `seconds` for each time
 * that a collector which marks the whole heap has to collect. */
static void set_seconds(draft_cell *c, double seconds, double least) {
  c->run.least = fmax(least, LEAST_COLLECTIONS * seconds);
  c->run.measured = fmax(least, COLLECTIONS * seconds);
}

/* Bytes that are allocated from one such collection to the next. */
static double room_of(const question *q, const draft_cell *c) {
  return (double)q->heap.bytes - (double)c->live;
}

/* The rate of requests, and the seconds for which they arrive. */
static void pace_requests(draft *d, draft_cell *c) {
  const question *q = d->question;
  volume tried = {0};
  sizing_volume(d->asked, &c->workload, c->threads, &tried);
  const spec at_1k = spec_with(&c->workload, "rate", "1000");
  const double each = bytes_per(d, c, &at_1k, "duration", 1) / 1000;
  const double capacity = (double)tried.measured / each / c->run.measured;
  c->rate = q->rate ? q->rate : rounded(capacity / 2);
  c->workload =
      spec_with(&c->workload, "rate", arena_text("%ju", (uintmax_t)c->rate));
  set_seconds(c, room_of(q, c) / (each * (double)c->rate), LEAST_SECONDS);
  say("%s: %s serves %s at full speed; requests arrive at %s", c->workload.name,
      d->tried->name, per_second(capacity), per_second((double)c->rate));
  if ((double)c->rate > capacity)
    say_warning("W-overload", "%s will not keep up with that rate",
                d->tried->name);
}

/* How much longer than in the trial the work is to be. */
static void pace_work(draft *d, draft_cell *c) {
  const char *now = spec_value(&c->workload, c->longer);
  const json_t *param = sizing_param(d->asked, &c->workload, c->longer);
  c->trial = c->run.least = c->run.measured;
  if (!param) /* it cannot be longer */
    return;
  c->length = (uint64_t)record_number(param, "default");
  if (now)
    words_number(now, &c->length);
  const double each = bytes_per(d, c, &c->workload, c->longer, c->length) *
                      (double)c->length / c->trial; /* bytes a second */
  if (each > 0)
    set_seconds(c, room_of(d->question, c) / each, c->trial);
}

/* Gives the cell the length that there is time for. */
static void set_length(const draft *d, draft_cell *c) {
  const json_t *param = sizing_param(d->asked, &c->workload, c->longer);
  const double seconds = schedule_length(&d->schedule, &c->run);
  const double length =
      c->paced ? ceil(seconds) : ceil((double)c->length * seconds / c->trial);
  if (param)
    c->workload = spec_with(
        &c->workload, c->longer,
        arena_text("%.0f", fmin(length, record_number(param, "max"))));
}

bool draft_is_paced(const draft *d) {
  bool paced = false;
  for (size_t i = 0; i < d->count; i++)
    paced |= d->cells[i].paced;
  return paced;
}

int draft_pace(draft *d, const collectors *all) {
  const question *q = d->question;
  live_begin();
  const int code = try_all(d, all);
  live_end();
  if (code != OPTIONS_GO)
    return code;
  schedule_run *runs = arena_take(d->count * sizeof *runs);
  for (size_t i = 0; i < d->count; i++) {
    draft_cell *c = &d->cells[i];
    if (c->paced)
      pace_requests(d, c);
    else
      pace_work(d, c);
    runs[i] = d->cells[i].run;
  }
  d->spent = q->budget - spawn_time_left();
  const schedule_bounds asked = {q->runs, q->runs, q->runs};
  const schedule_bounds bounds = q->runs ? asked : RUNS;
  d->schedule = schedule_make(runs, d->count, q->collectors.count, BETWEEN,
                              q->budget - d->spent, bounds);
  const schedule *s = &d->schedule;
  if (!s->runs) {
    say("--for: %s is too short for %u run%s of %s on %zu workloads, about %s; "
        "give more time, or fewer collectors (-c)",
        minutes(q->budget), bounds.fewest, bounds.fewest == 1 ? "" : "s",
        collectors_text(q), d->count, minutes(d->spent + s->seconds));
    return EXIT_USAGE;
  }
  for (size_t i = 0; i < d->count; i++)
    set_length(d, &d->cells[i]);
  if (s->runs < bounds.good)
    say_warning("W-few-runs",
                "only %u run%s of each cell; for %u give --for %s", s->runs,
                s->runs == 1 ? " fits" : "s fit", bounds.good,
                minutes(d->spent + s->seconds / s->runs * bounds.good));
  say("%s on %zu workloads, %u run%s of each: about %s", collectors_text(q),
      d->count, s->runs, s->runs == 1 ? "" : "s", minutes(s->seconds));
  return OPTIONS_GO;
}

/* ------------------------------------------------------------------------- *
 * The file.
 * ------------------------------------------------------------------------- */

static double longest_run(const draft *d) {
  double longest = 0;
  for (size_t i = 0; i < d->count; i++) {
    const schedule_run *r = &d->cells[i].run;
    longest = fmax(longest, r->fixed + schedule_length(&d->schedule, r));
  }
  return longest;
}

void draft_write(const draft *d, FILE *out) {
  const question *q = d->question;
  fprintf(out,
          "# Made by reapmark choose --like %s --live %s --heap %s%s%s.\n"
          "name: %s\ndescription: \"%s; %s alive\"\n"
          "invocations: %u\ntimeout: %.0f\nheaps: [%s]\ncollectors:\n",
          q->like, q->live.text, q->heap.text, q->p99 ? " --p99 " : "",
          q->p99 ? q->p99 : "", q->suite->name, q->suite->description,
          q->live.text, d->schedule.runs,
          fmax(SHORTEST_TIMEOUT, ceil(SPARE * longest_run(d))), q->heap.text);
  for (size_t i = 0; i < q->collectors.count; i++)
    fprintf(out, "  - \"%s\"\n", spec_text(&q->collectors.items[i].options));
  fprintf(out, "cells:\n");
  for (size_t i = 0; i < d->count; i++) {
    fprintf(out, "  - workload: \"%s\"\n", spec_text(&d->cells[i].workload));
    if (d->cells[i].threads > 1)
      fprintf(out, "    threads: [%u]\n", d->cells[i].threads);
  }
}
