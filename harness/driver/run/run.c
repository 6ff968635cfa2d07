/* run.c: runs a plan: spawns one program after the other, and appends a record
 * for each to the run log. */
#include "harness/driver/plan/needs.h"
#include "harness/driver/programs/discover.h"
#include "harness/driver/programs/floor.h"
#include "harness/driver/programs/machine.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/driver/plan/order.h"
#include "harness/driver/plan/plan-json.h"
#include "around.h"
#include "beside.h"
#include "cell-run.h"
#include "done.h"
#include "lengthen.h"
#include "progress.h"
#include "round-floors.h"
#include "harness/driver/report.h"
#include "runlog.h"
#include "timelines.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/driver/programs/spawn.h"
#include "harness/record/identity.h"
#include "harness/record/record.h"
#include "harness/report/load.h"
#include "harness/stats/interval.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------------- *
 * Command line.
 * ------------------------------------------------------------------------- */

typedef struct run_options {
  plan_request request;
  const char *dir;
  bool dry, needs, resume;
  const char *heap_base, *timeline, *time;
  goal_list goals;
} run_options;

static const char *take_goal(void *values, const char *text) {
  return goal_add(&((run_options *)values)->goals, text);
}

#define FIELD(member) offsetof(run_options, member)
static const option_row option_rows[] = {
    {"collectors", 'c', "COLLECTOR,...",
     "NAME[:OPTION=VALUE,...], or all, models, references (models)",
     .kind = OPTION_LIST, .offset = FIELD(request.collectors)},
    {"workloads", 'w', "WORKLOAD,...", "NAME[:KEY=VALUE,...] (the suite's)",
     .kind = OPTION_LIST, .offset = FIELD(request.workloads)},
    {"heap", 0, "SIZE,...",
     "64M, 3x (times the bytes held), none, range:1-6/8 (the suite's)",
     .kind = OPTION_LIST, .offset = FIELD(request.heaps)},
    {"rate", 0, "N,...",
     "requests per second; runs only workloads that have a rate",
     .kind = OPTION_LIST, .offset = FIELD(request.rates)},
    {"heap-base", 0, "BASE",
     "what 1x is: peak (the bytes to be held) or minheap[:PATH] (peak)",
     .kind = OPTION_TEXT, .offset = FIELD(heap_base)},
    {"observer", 0, NULL, "run every cell a second time without instruments",
     .kind = OPTION_FLAG, .offset = FIELD(request.observer)},
    {"threads", 't', "N,...",
     "mutator threads, for workloads that take threads (the suite's)",
     .kind = OPTION_LIST, .offset = FIELD(request.threads)},
    {"invocations", 'n', "N", "processes per cell (the suite's)",
     .kind = OPTION_NUMBER, .offset = FIELD(request.invocations), .min = 1,
     .max = PLAN_MOST_INVOCATIONS},
    {"seed", 0, "N", "seed of the workloads and of the order of runs (42)",
     .kind = OPTION_NUMBER, .offset = FIELD(request.seed), .max = INT64_MAX},
    {"output", 'o', "DIR", "directory for the results (results/runs/TIME)",
     .kind = OPTION_TEXT, .offset = FIELD(dir)},
    {"timeout", 0, "SECONDS", "end a run that takes longer (the suite's)",
     .kind = OPTION_SECONDS, .offset = FIELD(request.timeout)},
    {"timeline", 0, "FILE",
     "what happened when, as a trace for Perfetto; FILE has {cell}",
     .kind = OPTION_TEXT, .offset = FIELD(timeline)},
    {"pin", 0, "PUS",
     "where threads run: auto, none, or PUs as in 0,2-3 (auto)",
     .kind = OPTION_TEXT, .offset = FIELD(request.pin)},
    {"wrap", 0, "COMMAND",
     "run every process within COMMAND; " AROUND_CELL " names the run",
     .kind = OPTION_TEXT, .offset = FIELD(request.wrap)},
    {"latencies", 0, "FILE",
     "times of single requests as CSV; FILE has " AROUND_CELL,
     .kind = OPTION_TEXT, .offset = FIELD(request.latencies)},
    {"dry-run", 0, NULL, "print the plan in the order of its runs; run nothing",
     .kind = OPTION_FLAG, .offset = FIELD(dry)},
    {"needs", 0, NULL, "print the names of the collectors needed; run nothing",
     .kind = OPTION_FLAG, .offset = FIELD(needs)},
    {"exercise", 0, "N",
     "make workloads so long that every collector collects N times",
     .kind = OPTION_NUMBER, .offset = FIELD(request.exercise), .min = 1,
     .max = 1000},
    {"until-ci", 0, "SHARE",
     "add invocations until the throughput is known to ±SHARE",
     .kind = OPTION_SHARE, .offset = FIELD(request.until_ci)},
    {"budget", 0, "SECONDS",
     "add no more of them after this time (at 100 per cell)",
     .kind = OPTION_SECONDS, .offset = FIELD(request.budget)},
    {"rounds", 0, "A-B,...",
     "run these rounds of the plan alone, for 'reapmark merge'",
     .kind = OPTION_LIST, .offset = FIELD(request.rounds)},
    {"for", 0, "TIME", "stop then, such as 5m, and show what was run by then",
     .kind = OPTION_TEXT, .offset = FIELD(time)},
    {"goal", 0, "GOAL",
     "what is wanted ('p99 <= 5ms', see report); may be repeated",
     .kind = OPTION_CALL, .call = take_goal, .repeats = true},
    {"resume", 0, NULL,
     "run only what DIR has no record of; a larger -n adds runs",
     .kind = OPTION_FLAG, .offset = FIELD(resume)},
    {0}};

const option_usage run_usage = {
    .name = "run",
    .summary = "run a suite and print its table",
    .synopsis = "[SUITE] [options]",
    .description =
        "How do collectors compare on these workloads?  Runs every collector "
        "on every\nworkload of a suite (its name, or the path of a suite file; "
        "'quick' if none is\ngiven), each in a process of its own, and prints "
        "the table.  With -w and no SUITE,\nruns these workloads.  With a "
        "SUITE, -w selects among its cells, and parameters\ngiven by -w "
        "replace the suite's.\n\nOf several heap sizes the smallest, the "
        "largest and the middle one run first, so\nthat an interrupted sweep "
        "is a coarse picture.  With --heap-base minheap, 3x is\nthree times "
        "the minimum heap of that collector on that workload, which 'reapmark\n"
        "minheap' has written to minheap.json in DIR or PATH.\n\n"
        "DIR keeps the results; 'reapmark report DIR' prints them again.  "
        "--resume "
        "goes on\nwith a DIR whose run was stopped, and with a larger -n adds "
        "invocations to it.\n--for 5m stops after 5 minutes, in the middle of "
        "a run, which is not kept, and\nshows those that are done.\n\n"
        "--rounds 3-5 runs these rounds of the plan alone (a round has every "
        "cell once), so\nthat machines share a plan; 'reapmark merge' joins "
        "their directories.  Each machine\ngoes by its host's name, or by the "
        "variable REAPMARK_MACHINE.\n\n"
        "--wrap 'perf record -o {cell}.data --' runs each process within perf, "
        "with a file for\neach: blanks separate words, quotes keep them "
        "together, and no shell is involved.\nThe numbers of wrapped runs "
        "are shown, and not compared.\n\n"
        "exit status: 0 every verdict is as declared, 1 some cell failed or is "
        "suspect, or runs\ncould not be kept, 2 usage, 3 nothing matched, 130 "
        "interrupted (the results are kept).",
    .example =
        "quick -c mark-sweep,refcount --heap 2x,3x -n 5 -o DIR\n"
        "standard -n 20 --rounds 3-5 -o DIR\n"
        "-w requests,globals --rate 2000 --heap 512M -c mark-sweep\n"
        "-w cycles -c refcount-cycles --wrap 'perf record -o {cell}.data --'",
    .options = option_rows,
    .max_operands = 1};

/* Whether the user asks for a plan, and not only for more invocations of the
 * one that is there. */
static bool asks_for_a_plan(const plan_request *r) {
  return r->suite || r->collectors || r->workloads || r->heaps || r->threads ||
         r->rates || r->timeout > 0 || r->seed != PLAN_SEED || r->observer ||
         r->minimums || r->until_ci > 0 || r->exercise || r->rounds || r->pin ||
         r->wrap || r->latencies;
}

/* ------------------------------------------------------------------------- *
 * One run.
 * ------------------------------------------------------------------------- */

static json_t *this_machine; /* its id, and identity_of its processor */

/* Makes the record of a planned run, and its timeline; NULL if it was
 * interrupted. */
static json_t *run_one(const plan *p, const plan_run *run,
                       const char *timelines) {
  const beside then = beside_now();
  const char *timeline = timelines_file(timelines, p, run);
  json_t *record =
      run_cell(p, &p->cells[run->cell], plan_key(p, run), timeline);
  if (!record)
    return NULL;
  json_t *others = beside_since(&then);
  if (others)
    json_object_set_new(record, "beside", others);
  json_object_set(record, "machine", this_machine);
  json_object_set_new(record, "key", json_string(plan_key(p, run)));
  json_object_set_new(record, "invocation", json_integer(run->invocation));
  json_object_set_new(record, "order", json_integer(run - p->runs + 1));
  if (p->cells[run->cell].canary)
    json_object_set_new(record, "canary", json_true());
  return record;
}

/* ------------------------------------------------------------------------- *
 * All runs.
 * ------------------------------------------------------------------------- */

static bool time_is_up(void) {
  return spawn_time_left() <= 0;
}

/* Whether every cell that can run has run once. */
static bool all_have_run(const done_runs *d) {
  const plan *p = d->plan;
  for (size_t c = 0; c < p->cells_count; c++) {
    bool has_run = p->cells[c].missing || p->cells[c].canary;
    for (size_t i = d->first[c]; i < d->first[c + 1]; i++)
      has_run |= d->records[d->sorted[i]] != NULL;
    if (!has_run)
      return false;
  }
  return true;
}

/* Says why not all runs are done.  Returns the exit code. */
static int say_stopped(const done_runs *d, const runlog *log, const char *why,
                       int code) {
  const size_t planned = d->plan->runs_count;
  if (runlog_check(log)) {
    say("%s; the runs are not kept", why);
    return EXIT_SOME_FAILED;
  }
  if (!code) { /* the report that follows says how to go on */
    say("%s; %zu of %zu runs are kept", why, d->finished, planned);
    return d->failures || !all_have_run(d) ? EXIT_SOME_FAILED : EXIT_OK;
  }
  say("%s; %zu of %zu runs are kept; go on with: reapmark run --resume -o %s",
      why, d->finished, planned, log->dir);
  return code;
}

/* Whether run i is the last one of its round. */
static bool ends_round(const plan *p, size_t i) {
  return i + 1 == p->runs_count ||
         plan_round(p, &p->runs[i]) != plan_round(p, &p->runs[i + 1]);
}

/* Runs what is missing; measures `floors` (NULL: none) at both ends of each
 * round.  Returns an exit code, which is EXIT_OK also if the time was up when
 * every cell had run. */
static int run_missing(done_runs *d, runlog *log, const char *timelines,
                       round_floors *floors) {
  const plan *p = d->plan;
  progress *g = progress_begin(p);
  for (size_t i = 0; i < p->runs_count; i++)
    if (d->records[i])
      progress_done(g, &p->runs[i], d->records[i]->elapsed, false);
  const char *stopped = NULL; /* why, before the end */
  int code = EXIT_OK;
  bool measured = true; /* no floors could not be kept */
  for (size_t i = 0; i < p->runs_count && !stopped; i++) {
    const unsigned round = plan_round(p, &p->runs[i]);
    if (d->records[i]) {
      if (floors && ends_round(p, i))
        measured &= round_floors_measure(floors, round, true);
      continue;
    }
    if (floors)
      measured &= round_floors_measure(floors, round, false);
    progress_start(g, &p->runs[i]);
    json_t *record = run_one(p, &p->runs[i], timelines);
    int error = record ? runlog_append(log, record) : 0;
    if (!record) {
      stopped = spawn_interrupted() ? "interrupted"
                : time_is_up()      ? "--for: the time is up"
                                    : "stopped";
      code = spawn_interrupted() ? EXIT_INTERRUPTED
             : time_is_up()      ? EXIT_OK
                                 : EXIT_SOME_FAILED;
    } else if (error) {
      stopped =
          arena_text("stopped: %s/runs.jsonl: %s", log->dir, strerror(error));
      code = EXIT_SOME_FAILED;
    } else {
      done_note(d, i, record);
      progress_done(g, &p->runs[i], d->records[i]->elapsed, true);
      progress_judge(g, &p->runs[i], record);
      timelines_warn(timelines, p, &p->runs[i], record);
      if (floors && ends_round(p, i))
        measured &= round_floors_measure(floors, round, true);
    }
    json_decref(record);
  }
  progress_end(g);
  if (stopped)
    return say_stopped(d, log, stopped, code);
  return d->failures || !measured ? EXIT_SOME_FAILED : EXIT_OK;
}

/* ------------------------------------------------------------------------- *
 * More rounds.  What they hold follows from the records of the rounds before
 * alone, so that --resume comes to the same ones.
 * ------------------------------------------------------------------------- */

/* Half the confidence interval of the cell's median throughput as a share of
 * the median; HUGE_VAL while there are too few invocations for an interval; 0
 * if one of them failed, since more invocations would not help.  *n becomes the
 * number of invocations. */
static double half_width(const done_runs *d, size_t cell, double *values,
                         size_t *n) {
  *n = done_throughputs(d, cell, values);
  for (size_t i = 0; i < *n; i++)
    if (isnan(values[i]))
      return 0;
  if (!stat_median_rank(*n, REPORT_CONFIDENCE, NULL))
    return HUGE_VAL;
  return stat_half_spread(values, *n, REPORT_CONFIDENCE);
}

/* The cells of which another invocation is wanted; false if there are none. */
static bool find_wanted(const done_runs *d, double *values, bool *wanted) {
  const plan *p = d->plan;
  bool any = false;
  for (size_t c = 0; c < p->cells_count; c++) {
    size_t n;
    wanted[c] = !p->cells[c].missing && !p->cells[c].canary &&
                half_width(d, c, values, &n) > p->until_ci &&
                n < PLAN_UNTIL_MOST;
    any |= wanted[c];
  }
  return any;
}

static double seconds_from(const done_runs *d, size_t run) {
  double seconds = 0;
  for (; run < d->plan->runs_count; run++)
    seconds += (double)d->records[run]->elapsed / 1e9;
  return seconds;
}

static void say_wide(const done_runs *d, double *values) {
  const plan *p = d->plan;
  for (size_t c = 0; c < p->cells_count; c++) {
    size_t n;
    double half = half_width(d, c, values, &n);
    if (p->cells[c].missing || p->cells[c].canary || half <= p->until_ci)
      continue;
    if (isinf(half))
      say("%s: too few invocations (%zu) for an interval", p->cells[c].id, n);
    else
      say("%s: still ±%.2g %% after %zu invocations", p->cells[c].id,
          100 * half, n);
  }
}

/* Adds rounds and runs them, until all cells are narrow or the budget is spent.
 * Returns an exit code. */
static int run_until_narrow(done_runs *d, plan *p, runlog *log,
                            const char *timelines) {
  size_t planned = p->runs_count;
  unsigned most =
      p->invocations > PLAN_UNTIL_MOST ? p->invocations : PLAN_UNTIL_MOST;
  bool *wanted = arena_take(p->cells_count * sizeof *wanted);
  double *values = arena_take(most * sizeof *values); /* of one cell */
  int code = EXIT_OK;
  unsigned round = p->invocations;
  while (d->finished == p->runs_count && find_wanted(d, values, wanted) &&
         (p->budget <= 0 || seconds_from(d, planned) < p->budget)) {
    plan_add_round(p, ++round, wanted);
    done_grow(d);
    code = run_missing(d, log, timelines, NULL);
  }
  if (d->finished == p->runs_count)
    say_wide(d, values);
  return code;
}

/* ------------------------------------------------------------------------- *
 * The results directory.
 * ------------------------------------------------------------------------- */

/* The minimum heaps that the request's multiples are of.  False after a
 * mistake, which was said. */
static bool read_minimums(run_options *o) {
  static const char name[] = "minheap";
  size_t n = strlen(name);
  const char *base = o->heap_base;
  if (!base || !strcmp(base, "peak"))
    return true;
  if (strncmp(base, name, n) || (base[n] && base[n] != ':')) {
    say("--heap-base: '%s' is neither peak, nor minheap, nor minheap:PATH",
        base);
    return false;
  }
  char why[256];
  const char *path = base[n] ? base + n + 1 : o->dir;
  json_t *json = results_read_json(path, "minheap.json", why, sizeof why);
  if (!json) {
    say("%s; 'reapmark minheap -o %s' makes it", why, path);
    return false;
  }
  if (!json_is_array(json_object_get(json, "minimums"))) {
    say("%s/minheap.json holds no minimum heaps", path);
    json_decref(json);
    return false;
  }
  json_t **kept = arena_take(sizeof(json_t *)); /* as long as the process */
  *kept = json;
  o->request.minimums = json;
  return true;
}

static bool exists(const char *dir, const char *name) {
  return !access(arena_text("%s/%s", dir, name), F_OK);
}

/* Takes over the number of invocations that the user asks for into the plan
 * that DIR has, which may become more: the rounds that are there stay as they
 * are.  Returns what is wrong with the number, or NULL. */
static const char *extend_plan(json_t *recorded, const plan_request *r,
                               bool *extended) {
  const json_t *had = json_object_get(recorded, "invocations");
  const json_int_t then = json_integer_value(had);
  const json_int_t now = (json_int_t)r->invocations;
  *extended = json_is_integer(had) && now > then;
  if (*extended)
    json_object_set_new(recorded, "invocations", json_integer(now));
  return now && now < then
             ? arena_text("its invocations is %lld, not %lld, and they can "
                          "only become more",
                          (long long)then, (long long)now)
             : NULL;
}

/* Takes the plan that DIR has, with the invocations that the user wants to be
 * added.  If the user asks for a plan, it must be the same.  Returns an exit
 * code. */
static int take_recorded_plan(const run_options *o, const collectors *all,
                              plan *p, bool *extended) {
  char why[256];
  json_t *recorded = results_read_json(o->dir, "plan.json", why, sizeof why);
  if (!recorded) {
    say("%s", why);
    return EXIT_USAGE;
  }
  const char *difference = extend_plan(recorded, &o->request, extended);
  if (!difference && asks_for_a_plan(&o->request)) {
    json_t *wanted = plan_to_json(p);
    difference = plan_difference(recorded, wanted);
    json_decref(wanted);
  }
  bool good = plan_from_json(recorded, all, p);
  json_decref(recorded);
  if (!good)
    say("%s/plan.json is not a plan", o->dir);
  else if (difference)
    say("%s has another plan: %s; leave the arguments out to go on with it, or "
        "take another -o DIR",
        o->dir, difference);
  return good && !difference ? EXIT_OK : EXIT_USAGE;
}

/* Every collector of the plan must be there. */
static bool check_collectors(const plan *p) {
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *c = &p->cells[i];
    if (!c->missing && !c->program) {
      say("collector '%s' of the plan is not found", c->options.name);
      return false;
    }
  }
  return true;
}

/* Whether what the plan has around its runs can be had: it is of another time
 * if the plan was recorded.  False after a mistake, which was said. */
static bool check_around(const plan *p, const collectors *all) {
  word_list words;
  const char *wrong = p->pin ? around_pin_wrong(p->pin) : NULL;
  if (!wrong && p->wrap)
    wrong = around_split(p->wrap, &words);
  if (!wrong && p->latencies)
    wrong = around_latencies_wrong(p->latencies);
  bool serves = !p->latencies;
  for (size_t i = 0; i < p->cells_count && !serves; i++)
    serves =
        workload_has_rate(discover_workload(all, p->cells[i].workload.name));
  if (!wrong && !serves)
    wrong = "--latencies: no workload of the plan serves requests";
  if (wrong)
    say("%s", wrong);
  return !wrong;
}

/* Whether a directory of rounds may be gone on with here: a round is of one
 * machine.  False after a mistake, which was said. */
static bool check_machine(const plan *p, const char *dir) {
  char why[256];
  json_t *then = results_read_json(dir, "machine.json", why, sizeof why);
  const char *id = json_string_value(json_object_get(then, "id"));
  const bool merged = json_object_get(then, "machines") != NULL;
  const bool other = p->rounds && id && strcmp(id, machine_id()) != 0;
  if (merged)
    say("%s was put together by 'reapmark merge': run what is missing into a "
        "directory of its own (--rounds), and merge again",
        dir);
  else if (other)
    say("%s was begun on the machine %s, and this is %s: a round is of one "
        "machine; take another -o DIR",
        dir, id, machine_id());
  json_decref(then);
  return !merged && !other;
}

/* Writes machine.json and plan.json.  When resuming, they are there: warns if
 * the machine has changed, and leaves a plan that was not extended. */
static bool write_description(runlog *log, const plan *p, const collectors *all,
                              bool resumed, bool extended) {
  machine m;
  char why[256];
  machine_read(&m);
  json_t *now = machine_to_json(&m, all);
  this_machine = identity_of(json_object_get(now, "cpu"));
  json_object_set_new(this_machine, "id", json_string(machine_id()));
  json_t *then =
      resumed ? results_read_json(log->dir, "machine.json", why, sizeof why)
              : NULL;
  bool good = true;
  if (then) {
    const char *difference = machine_difference(then, now);
    if (difference)
      say_warning("W-machine-changed",
                  "%s changed since %s was begun; its results will mix both",
                  difference, log->dir);
  } else
    good = runlog_write(log, "machine.json", now);
  json_decref(then);
  json_decref(now);
  if (good && (!resumed || extended)) {
    json_t *plan_json = plan_to_json(p);
    good = runlog_write(log, "plan.json", plan_json);
    json_decref(plan_json);
  }
  return good;
}

static int print_plan(const plan *p) {
  for (size_t i = 0; i < p->runs_count; i++)
    printf("%s\n", plan_key(p, &p->runs[i]));
  size_t missing = 0;
  for (size_t i = 0; i < p->cells_count; i++)
    if (p->cells[i].missing) {
      printf("%s n/a: %s\n", p->cells[i].id, p->cells[i].missing);
      missing++;
    }
  fflush(stdout); /* before the summary on stderr */
  say("%zu runs of %zu cells, and %zu pairs that cannot run", p->runs_count,
      p->cells_count - missing, missing);
  return EXIT_OK;
}

/* Prints which collectors the run needs; none of them has to be built. */
static int print_needs(const run_options *o, bool from_dir) {
  word_list names;
  if (from_dir) {
    collectors none = {0};
    plan p = {0};
    bool extended;
    int code = take_recorded_plan(o, &none, &p, &extended);
    if (code)
      return code;
    needs_of_plan(&p, &names);
  } else if (!needs_of_request(&o->request, &names))
    return EXIT_USAGE;
  for (size_t i = 0; i < names.count; i++)
    printf("%s\n", names.words[i]);
  return EXIT_OK;
}

/* Runs the plan in the directory that `log` has locked. */
static int run_in(const run_options *o, plan *p, runlog *log,
                  const collectors *all) {
  bool resumed = exists(o->dir, "plan.json");
  if (!o->resume && (resumed || exists(o->dir, "runs.jsonl"))) {
    say("%s has results already; go on with --resume, or take another -o DIR",
        o->dir);
    return EXIT_USAGE;
  }
  if (!resumed && exists(o->dir, "runs.jsonl")) {
    say("%s has runs but no plan.json: they cannot be gone on with", o->dir);
    return EXIT_USAGE;
  }
  bool extended = false;
  if (resumed) {
    int code = take_recorded_plan(o, all, p, &extended);
    if (code)
      return code;
  }
  if (!check_collectors(p) || !check_around(p, all) ||
      (resumed && !check_machine(p, o->dir)))
    return EXIT_USAGE;
  if (!resumed && o->request.exercise && p->targets_count) {
    say("--exercise does not go with the targets of a suite: both sides of a "
        "ratio must do the same work");
    return EXIT_USAGE;
  }
  const char *wrong = timelines_refuse(o->timeline, p);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  done_runs d;
  done_begin(&d, p);
  results_state found = {0};
  char why[256];
  if (resumed && !done_read(&d, o->dir, &found, why, sizeof why)) {
    say("%s", why);
    return EXIT_USAGE;
  }
  report_warn(o->dir, &found);
  if (!spawn_catch_interrupts())
    say_warning("W-interrupts", "Ctrl-C will leave a collector running");
  signal(SIGXFSZ, SIG_IGN); /* writes fail at a file size limit, as on a full
                               disk */
  signal(SIGPIPE, SIG_IGN);
  if (!resumed && o->request.exercise &&
      !plan_lengthen(p, (unsigned)o->request.exercise)) {
    if (spawn_interrupted())
      return EXIT_INTERRUPTED;
    if (time_is_up())
      say("--for: the time was up before --exercise had found how long "
          "workloads have to be");
    return EXIT_SOME_FAILED;
  }
  if (!write_description(log, p, all, resumed, extended) ||
      !runlog_begin(log, "runs.jsonl", found.whole))
    return EXIT_SOME_FAILED;
  if (!p->canary_runs)
    say_warning("W-no-canary",
                "no canary, as " PLAN_CANARY_COLLECTOR
                " is not here: a drift of the machine will not be seen");
  if (p->wrap)
    say_warning("W-wrapped",
                "the runs are wrapped in '%s': their numbers are not compared",
                p->wrap);
  say("suite %s: %zu runs, %zu to go, in %s", p->suite, p->runs_count,
      p->runs_count - d.finished, o->dir);
  round_floors of_rounds;
  round_floors_begin(&of_rounds, p, all, log);
  int code = run_missing(&d, log, o->timeline, p->rounds ? &of_rounds : NULL);
  round_floors_end(&of_rounds);
  if (p->until_ci > 0 && d.finished == p->runs_count) {
    int more = run_until_narrow(&d, p, log, o->timeline);
    code = more ? more : code;
  }
  const bool whole = d.finished == p->runs_count;
  if (whole && !p->rounds && !time_is_up() && !exists(o->dir, "floors.json")) {
    json_t *floors = floor_measure(p, all);
    if (floors && !time_is_up() && !runlog_write(log, "floors.json", floors))
      code = EXIT_SOME_FAILED;
    json_decref(floors);
  }
  int lost = runlog_check(log);
  if (lost) {
    say("%s/runs.jsonl: %s: the runs are lost", o->dir, strerror(lost));
    return EXIT_SOME_FAILED;
  }
  bool observer = false;
  for (size_t i = 0; i < p->cells_count && !p->targets_count; i++)
    observer |= p->cells[i].untimed;
  const goal_list *goals = &o->goals;
  const bool shown = whole || (time_is_up() && d.finished);
  if (shown &&
      (report_print(o->dir, NULL, "table", goals) ||
       (observer && report_print(o->dir, "observer", "table", goals)) ||
       (p->table && report_print(o->dir, p->table, "table", goals))))
    return EXIT_SOME_FAILED;
  if (shown)
    say("as a page: reapmark report %s --format html -o page.html", o->dir);
  return code;
}

/* The words that name collectors: those of the command line, or the programs of
 * the plan that is gone on with. */
static word_list named_collectors(const run_options *o, bool from_dir) {
  if (!from_dir)
    return words_split(o->request.collectors);
  char why[256];
  json_t *recorded = results_read_json(o->dir, "plan.json", why, sizeof why);
  const word_list named = plan_programs(recorded);
  json_decref(recorded);
  return named;
}

int run_command(int argc, char **argv) {
  run_options o = {.request = {.seed = PLAN_SEED, .canary = true}};
  const double began = spawn_clock();
  char **operands;
  int code = options_parse(&run_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  o.request.suite = operands[0];
  if (o.resume && !o.dir) {
    say("--resume needs -o DIR");
    return EXIT_USAGE;
  }
  if (o.request.budget > 0 && !(o.request.until_ci > 0)) {
    say("--budget needs --until-ci");
    return EXIT_USAGE;
  }
  if (o.request.rounds && (o.request.until_ci > 0 || o.request.exercise)) {
    say("--rounds does not go with --%s, which depends on what this machine "
        "measures: the machines would run different plans",
        o.request.exercise ? "exercise" : "until-ci");
    return EXIT_USAGE;
  }
  double time_ns = HUGE_VAL;
  const char *wrong =
      o.time ? options_time("for", o.time, "m", &time_ns) : NULL;
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  if (!o.dir)
    o.dir = runlog_default_dir("runs");

  if (!read_minimums(&o))
    return EXIT_USAGE;
  bool from_dir = o.resume && !asks_for_a_plan(&o.request);
  if (from_dir && !exists(o.dir, "plan.json")) {
    say("%s has no plan.json: there is nothing to resume", o.dir);
    return EXIT_USAGE;
  }
  if (o.needs)
    return print_needs(&o, from_dir);
  const word_list named = named_collectors(&o, from_dir);
  collectors all = discover_collectors(&named);
  plan p = {0};
  if (!from_dir) {
    code = plan_make(&o.request, &all, &p);
    if (code)
      return code;
  }
  if (o.dry) {
    bool extended;
    code = from_dir ? take_recorded_plan(&o, &all, &p, &extended) : EXIT_OK;
    return code ? code : check_around(&p, &all) ? print_plan(&p) : EXIT_USAGE;
  }
  if (!from_dir && !check_around(&p, &all))
    return EXIT_USAGE;
  runlog log;
  spawn_end_at(began + time_ns / 1e9);
  code = runlog_open(&log, o.dir) ? run_in(&o, &p, &log, &all) : EXIT_USAGE;
  runlog_close(&log);
  return code;
}
