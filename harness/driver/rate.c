/* rate.c: `reapmark rate`: for each collector, the highest rate of requests at
 * which their latency stays within a bound.  A search (search.h) over the time
 * between two requests, whose probes are runs; all are logged. */
#include "rate.h"
#include "discover.h"
#include "memory.h"
#include "options.h"
#include "plan.h"
#include "run.h"
#include "runlog.h"
#include "say.h"
#include "search.h"
#include "spawn.h"
#include "spec.h"
#include "harness/record/record.h"
#include "harness/report/cells.h"
#include "harness/report/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG "probes.jsonl"

typedef struct rate_options {
  plan_request request;
  const char *dir, *p99;
  uint64_t from, to, runs;
  double precision;
  double bound; /* ns */
} rate_options;

#define FIELD(member) offsetof(rate_options, member)
static const option_row option_rows[] = {
    {"workloads", 'w', "LIST", "workloads with a rate (requests)", OPTION_TEXT,
     FIELD(request.workloads), 0, 0},
    {"collectors", 'c', "LIST", "these collectors, NAME[:OPTION=VALUE,...]",
     OPTION_TEXT, FIELD(request.collectors), 0, 0},
    {"heap", 0, "LIST", "heap sizes (3x)", OPTION_TEXT, FIELD(request.heaps), 0,
     0},
    {"p99", 0, "TIME", "the bound: 1ms, 500us", OPTION_TEXT, FIELD(p99), 0, 0},
    {"from", 0, "N", "lowest rate tried, requests a second (1000)",
     OPTION_NUMBER, FIELD(from), 1, 1 << 24},
    {"to", 0, "N", "highest rate tried (200000)", OPTION_NUMBER, FIELD(to), 1,
     1 << 24},
    {"precision", 0, "SHARE", "stop when the rate is known so well (5%)",
     OPTION_SHARE, FIELD(precision), 0, 0},
    {"runs", 'n', "N", "a rate is met if all of so many runs meet it (3)",
     OPTION_NUMBER, FIELD(runs), 1, 100},
    {"seed", 0, "N", "of the workload (42)", OPTION_NUMBER, FIELD(request.seed),
     0, INT64_MAX},
    {"timeout", 0, "SECONDS", "time that a run may take (60)", OPTION_SECONDS,
     FIELD(request.timeout), 0, 0},
    {"output", 'o', "DIR", "where rate.json and " LOG " go", OPTION_TEXT,
     FIELD(dir), 0, 0},
    {0}};

static const option_usage usage = {
    .command = "rate",
    .synopsis = "--p99 TIME -o DIR [options]",
    .description =
        "Finds the highest rate of requests at which the 99th percentile of "
        "their latency\nis within TIME, for each collector.  Requests arrive "
        "on a schedule that does not\nwait for the server (open loop), and "
        "latency counts from the arrival.  Both ends\nare tried first, then "
        "the middle of what is left (of the time between requests);\nwhat is "
        "printed was always tried.  The record of every run is kept in "
        "DIR/" LOG ".\nThe workload's parameters apply: "
        "-w requests:duration=10,arrivals=poisson.\n\nexit status: 0 all "
        "found, 1 some were not, 2 usage, 3 nothing matched, 130\ninterrupted.",
    .options = option_rows};

/* "1ms" in ns; false if it is no time above 0. */
static bool read_time(const char *text, double *ns) {
  static const struct {
    const char *name;
    double ns;
  } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  char *end;
  double number = strtod(text, &end);
  if (end == text || !isfinite(number) || number <= 0)
    return false;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (!strcmp(end, units[i].name)) {
      *ns = number * units[i].ns;
      return true;
    }
  return false;
}

/* ------------------------------------------------------------------------- *
 * Probes.
 * ------------------------------------------------------------------------- */

typedef struct probing {
  const plan *plan;
  const plan_cell *cell;
  const collectors *all;
  runlog *log;
  double bound;
  bool interrupted;
  const char *reason; /* why it stopped */
} probing;

static uint64_t rate_of(uint64_t period) {
  return (1000000000 + period / 2) / period;
}

static search_answer judge(probing *p, const json_t *record) {
  verdict v = verdict_of_record(record);
  if (v == VERDICT_TIMEOUT)
    return SEARCH_FAILED;
  if (v >= VERDICT_LEAK) {
    p->reason = memory_text(
        "%s: %s", json_string_value(record_get(record, "verdict.status")),
        json_string_value(record_get(record, "verdict.reason")));
    return SEARCH_STOP;
  }
  const json_t *p99 = record_get(record, "latency.intended.p99");
  if (!json_is_number(p99)) {
    p->reason = "fewer than 100 requests: their p99 cannot be told";
    return SEARCH_STOP;
  }
  return json_number_value(p99) <= p->bound ? SEARCH_PASSED : SEARCH_FAILED;
}

static search_answer probe_period(void *data, uint64_t period) {
  probing *p = data;
  plan_cell c = *p->cell;
  spec workload;
  spec_parse(c.workload, &workload);
  spec_set(&workload, "rate", memory_text("%ju", (uintmax_t)rate_of(period)));
  c.workload = spec_text(&workload);
  json_t *record = run_cell(p->plan, &c, p->all);
  p->interrupted = !record;
  int error = record ? runlog_append(p->log, record) : 0;
  search_answer answer = SEARCH_STOP;
  if (!record)
    p->reason = "interrupted";
  else if (error)
    p->reason = memory_text("%s/" LOG ": %s", p->log->dir, strerror(error));
  else
    answer = judge(p, record);
  json_decref(record);
  return answer;
}

/* ------------------------------------------------------------------------- *
 * All cells.
 * ------------------------------------------------------------------------- */

static json_t *search_cell(const rate_options *o, probing *p) {
  static const char *const ends[] = {[SEARCH_FOUND] = "highest",
                                     [SEARCH_AT_MOST] = "at least",
                                     [SEARCH_UNSATISFIED] = "unsatisfied",
                                     [SEARCH_STOPPED] = "stopped"};
  const search_request request = {.low = 1000000000 / o->to,
                                  .high = 1000000000 / o->from,
                                  .grain = 1,
                                  .rtol = o->precision,
                                  .confirm = (unsigned)o->runs,
                                  .of = (unsigned)o->runs};
  search_result r = search_minimum(&request, probe_period, p);
  return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:i, s:s}", "workload",
                   p->cell->workload, "collector", p->cell->collector, "heap",
                   p->cell->heap, "found", ends[r.end], "rate",
                   (json_int_t)rate_of(r.heap), "failed_above",
                   (json_int_t)(r.failed ? rate_of(r.failed) : 0), "probes",
                   (int)r.probes, "reason", p->reason ? p->reason : "");
}

static void print_rows(const json_t *rows) {
  static const char *const headers[] = {"workload", "collector",  "heap",
                                        "result",   "requests/s", "missed at",
                                        "runs",     "reason"};
  text_table *t = text_new("lllrrrrl", 1);
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
    text_add(t, "%s", headers[i]);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    const char *workload, *with, *heap, *found, *reason;
    json_int_t rate, failed;
    int probes;
    json_unpack(row, "{s:s, s:s, s:s, s:s, s:I, s:I, s:i, s:s}", "workload",
                &workload, "collector", &with, "heap", &heap, "found", &found,
                "rate", &rate, "failed_above", &failed, "probes", &probes,
                "reason", &reason);
    text_add(t, "%s", workload);
    text_add(t, "%s", with);
    text_add(t, "%s", heap);
    text_add(t, "%s", found);
    text_add(t, "%lld", (long long)rate);
    if (failed)
      text_add(t, "%lld", (long long)failed);
    else
      text_add(t, "–");
    text_add(t, "%d", probes);
    text_add(t, "%s", reason);
  }
  text_print(t, TEXT_PLAIN, stdout);
  text_free(t);
}

static int search_all(const rate_options *o, const plan *p,
                      const collectors *all, runlog *log) {
  if (!access(memory_text("%s/" LOG, o->dir), F_OK)) {
    say("%s has probes already; take another -o DIR", o->dir);
    return EXIT_USAGE;
  }
  if (!spawn_catch_interrupts())
    say("warning: Ctrl-C will leave a collector running");
  if (!runlog_begin(log, LOG, 0))
    return EXIT_SOME_FAILED;
  json_t *rows = json_array();
  int code = EXIT_OK;
  for (size_t i = 0; i < p->cells_count && code != EXIT_INTERRUPTED; i++) {
    const plan_cell *c = &p->cells[i];
    if (c->missing || c->canary)
      continue;
    say("%s/%s, heap %s", c->workload, c->collector, c->heap);
    probing one = {p, c, all, log, o->bound, false, NULL};
    json_t *row = search_cell(o, &one);
    if (one.interrupted)
      code = EXIT_INTERRUPTED;
    else if (strcmp(json_string_value(json_object_get(row, "found")),
                    "highest"))
      code = EXIT_SOME_FAILED;
    json_array_append_new(rows, row);
  }
  json_t *result =
      json_pack("{s:i, s:f, s:i, s:f, s:O}", "schema", 1, "p99_ns", o->bound,
                "runs", (int)o->runs, "precision", o->precision, "rates", rows);
  if (!runlog_write(log, "rate.json", result) && code == EXIT_OK)
    code = EXIT_SOME_FAILED;
  print_rows(rows);
  json_decref(result);
  json_decref(rows);
  return code;
}

int rate_command(int argc, char **argv) {
  rate_options o = {.request = {.seed = PLAN_SEED,
                                .workloads = "requests",
                                .heaps = "3x",
                                .invocations = 1},
                    .from = 1000,
                    .to = 200000,
                    .runs = 3,
                    .precision = 0.05};
  char **operands;
  int code = options_parse(&usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const char *wrong = NULL;
  if (!o.dir || !o.p99)
    wrong = "rate needs --p99 TIME and -o DIR";
  else if (!read_time(o.p99, &o.bound))
    wrong = memory_text("--p99: '%s' is not a time such as 1ms", o.p99);
  else if (o.from >= o.to)
    wrong = "--from is to be less than --to";
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  /* The plan has one cell for each search, as if for its lowest rate. */
  o.request.rates = memory_text("%ju", (uintmax_t)o.from);
  collectors all = discover_collectors();
  plan p;
  code = plan_make(&o.request, &all, &p);
  if (code)
    return code;
  runlog log;
  code = runlog_open(&log, o.dir) ? search_all(&o, &p, &all, &log) : EXIT_USAGE;
  runlog_close(&log);
  return code;
}
