/* rate.c: `reapmark rate`: for each collector, the highest rate of requests at
 * which their latency stays within a bound: the search (probes.h) for the
 * shortest time between two requests. */
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "probes.h"
#include "harness/base/say.h"
#include "harness/record/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct rate_options {
  plan_request request;
  const char *dir, *p99;
  uint64_t from, to, runs;
  double precision;
  double bound; /* ns */
} rate_options;

#define FIELD(member) offsetof(rate_options, member)
static const option_row option_rows[] = {
    {"workloads", 'w', "WORKLOAD,...",
     "NAME[:KEY=VALUE,...], of those that have a rate (requests)",
     .kind = OPTION_LIST, .offset = FIELD(request.workloads)},
    {"collectors", 'c', "COLLECTOR,...",
     "NAME[:OPTION=VALUE,...], or all, models, references (models)",
     .kind = OPTION_LIST, .offset = FIELD(request.collectors)},
    {"heap", 0, "SIZE,...", "64M, 3x (times the bytes to be held) or none (3x)",
     .kind = OPTION_LIST, .offset = FIELD(request.heaps)},
    {"p99", 0, "TIME", "bound on the 99th percentile, such as 1ms or 500us",
     .kind = OPTION_TEXT, .offset = FIELD(p99)},
    {"from", 0, "N", "lowest rate tried, requests per second (1000)",
     .kind = OPTION_NUMBER, .offset = FIELD(from), .min = 1, .max = 1 << 24},
    {"to", 0, "N", "highest rate tried (200000)", .kind = OPTION_NUMBER,
     .offset = FIELD(to), .min = 1, .max = 1 << 24},
    {"precision", 0, "SHARE", "stop when the rate is known this well (5%)",
     .kind = OPTION_SHARE, .offset = FIELD(precision)},
    {"invocations", 'n', "N",
     "processes per rate tried, all of which must meet the bound (3)",
     .kind = OPTION_NUMBER, .offset = FIELD(runs), .min = 1, .max = 100,
     .former = "runs"},
    {"seed", 0, "N", "seed of the workloads (42)", .kind = OPTION_NUMBER,
     .offset = FIELD(request.seed), .max = INT64_MAX},
    {"timeout", 0, "SECONDS", "end a run that takes longer (60)",
     .kind = OPTION_SECONDS, .offset = FIELD(request.timeout)},
    {"output", 'o', "DIR", "directory for rate.json and probes.jsonl",
     .kind = OPTION_TEXT, .offset = FIELD(dir)},
    {0}};

const option_usage rate_usage = {
    .name = "rate",
    .summary = "find the highest request rate within a latency bound",
    .synopsis = "--p99 TIME -o DIR [options]",
    .description =
        "What is the highest rate of requests at which the 99th percentile of "
        "their latency\nis within TIME, for each collector?  Requests arrive "
        "on a schedule that does not\nwait for the server (open loop), and "
        "their latency counts from the intended arrival.\nTries both ends "
        "first, then halves the interval of the time between requests; every\n"
        "rate printed has been run.  DIR/probes.jsonl keeps the record of "
        "every run.\n\nexit status: 0 all found, 1 some not found, 2 usage, 3 "
        "nothing matched or can run,\n130 interrupted.",
    .example = "--p99 1ms -w requests:duration=10 -c mark-sweep -o DIR",
    .options = option_rows};

/* Reads a time such as "1ms"; false if the text is no time above 0. */
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
 * The search.
 * ------------------------------------------------------------------------- */

static json_t *keep(const json_t *record) {
  return json_copy((json_t *)record);
}

static uint64_t rate_of(uint64_t period) {
  return (1000000000 + period / 2) / period;
}

static search_answer judge(probing *p, const json_t *probe) {
  search_answer answer = probe_judge(p, probe);
  const json_t *p99 = record_get(probe, "latency.intended.p99");
  if (!strcmp(json_string_value(record_get(probe, "verdict.status")), "OOM")) {
    /* Too little memory is not too high a rate. */
    p->reason = arena_text(
        "OOM: %s", json_string_value(record_get(probe, "verdict.reason")));
    return SEARCH_STOP;
  }
  if (answer != SEARCH_PASSED)
    return answer;
  if (!json_is_number(p99)) {
    p->reason = "fewer than 100 requests: their p99 cannot be told";
    return SEARCH_STOP;
  }
  const rate_options *o = p->options;
  return json_number_value(p99) <= o->bound ? SEARCH_PASSED : SEARCH_FAILED;
}

static search_answer probe_period(void *data, uint64_t period) {
  probing *p = data;
  const char *rate = arena_text("%ju", (uintmax_t)rate_of(period));
  plan_cell c = *p->cell;
  c.workload = spec_with(&c.workload, "rate", rate);
  json_t *probe = probe_run(p, &c, rate);
  search_answer answer = probe ? judge(p, probe) : SEARCH_STOP;
  json_decref(probe);
  return answer;
}

static json_t *row_of(const plan_cell *c, uint64_t rate, uint64_t failed) {
  return json_pack("{s:s, s:s, s:s, s:I, s:I}", "workload",
                   spec_text(&c->workload), "collector", spec_text(&c->options),
                   "heap", c->heap.text, "rate", (json_int_t)rate,
                   "failed_above", (json_int_t)failed);
}

static json_t *no_row(const plan_cell *c) {
  return row_of(c, 0, 0);
}

static json_t *search(probing *p, search_result *r) {
  const rate_options *o = p->options;
  const search_request request = {.low = 1000000000 / o->to,
                                  .high = 1000000000 / o->from,
                                  .grain = 1,
                                  .rtol = o->precision,
                                  .confirm = (unsigned)o->runs,
                                  .of = (unsigned)o->runs};
  *r = search_minimum(&request, probe_period, p);
  return row_of(p->cell, rate_of(r->heap), r->failed ? rate_of(r->failed) : 0);
}

static const table_column columns[] = {
    {.name = "workload", .header = "workload"},
    {.name = "collector", .header = "collector"},
    {.name = "heap", .header = "heap"},
    {.name = "found", .header = "result", .traits = TABLE_RIGHT},
    {.name = "rate",
     .header = "requests/s",
     .kind = TABLE_INTEGER,
     .absent = "–"},
    {.name = "failed_above",
     .header = "missed at",
     .kind = TABLE_INTEGER,
     .absent = "–"},
    {.name = "probes", .header = "runs", .kind = TABLE_INTEGER},
    {.name = "reason", .header = "reason"}};

static void set_row(table_row *row, const json_t *found) {
  static const char *const rates[] = {"rate", "failed_above"};
  table_set_object(row, found);
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
    if (!json_integer_value(json_object_get(found, rates[i])))
      table_set_text(row, rates[i], NULL);
}

static const char *const keys[] = {"workload", "collector", "heap", NULL};
static const probe_command command = {
    .file = "rate.json",
    .list = "rates",
    .keys = keys,
    .ends = {[SEARCH_FOUND] = "highest",
             [SEARCH_AT_MOST] = "at least",
             [SEARCH_UNSATISFIED] = "unsatisfied",
             [SEARCH_STOPPED] = "stopped"},
    .keep = keep,
    .search = search,
    .no_row = no_row,
    .columns = columns,
    .columns_count = sizeof columns / sizeof *columns,
    .set_row = set_row};

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
  int code = options_parse(&rate_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const char *wrong = NULL;
  if (!o.dir || !o.p99)
    wrong = "rate needs --p99 TIME and -o DIR";
  else if (!read_time(o.p99, &o.bound))
    wrong = arena_text("--p99: '%s' is not a time such as 1ms", o.p99);
  else if (o.from >= o.to)
    wrong = "--from is to be less than --to";
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  /* The plan has one cell for each search, with the lowest rate. */
  o.request.searched = true;
  o.request.rates = arena_text("%ju", (uintmax_t)o.from);
  json_t *settings = json_pack("{s:f, s:i, s:f}", "p99_ns", o.bound, "runs",
                               (int)o.runs, "precision", o.precision);
  return probes_command(&command, &o, &o.request, o.dir, settings);
}
