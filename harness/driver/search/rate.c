/* rate.c: `reapmark rate`: for each collector, the highest rate of requests at
 * which their latency stays within a bound: a search (search.h) on a grid of
 * rates (rates.h), made several times. */
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/driver/live/live.h"
#include "harness/driver/programs/machine.h"
#include "probes.h"
#include "rate-answer.h"
#include "rates.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "harness/record/exercised.h"
#include "harness/record/record.h"
#include "harness/report/metrics.h"
#include "harness/stats/interval.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SPECjbb2015's critical-jOPS is the geometric mean of the highest rates under
 * these five limits of the 99th percentile. */
enum { CRITICAL = 5 };
static const double critical_ns[CRITICAL] = {10e6, 25e6, 50e6, 75e6, 100e6};

typedef struct rate_options {
  plan_request request;
  const char *dir, *p99;
  bool critical;
  uint64_t from, to, searches;
  double precision;
  double bounds[CRITICAL]; /* ns, ascending */
  size_t bounds_count;
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
    {"critical", 0, NULL,
     "instead: the geometric mean under p99 of 10, 25, 50, 75, 100ms",
     .kind = OPTION_FLAG, .offset = FIELD(critical)},
    {"from", 0, "N", "lowest rate tried, requests per second (1000)",
     .kind = OPTION_NUMBER, .offset = FIELD(from), .min = 1, .max = 1 << 24},
    {"to", 0, "N", "highest rate tried (200000)", .kind = OPTION_NUMBER,
     .offset = FIELD(to), .min = 1, .max = 1 << 24},
    {"precision", 0, "SHARE", "stop when the rate is known this well (5%)",
     .kind = OPTION_SHARE, .offset = FIELD(precision)},
    {"invocations", 'n', "N",
     "searches, whose median and range are the answer (3)",
     .kind = OPTION_NUMBER, .offset = FIELD(searches), .min = 1, .max = 100,
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
    .synopsis = "--p99 TIME|--critical -o DIR [options]",
    .description =
        "What is the highest rate of requests at which the 99th percentile of "
        "their latency\nis within TIME, for each collector?  Requests arrive "
        "on a schedule that does not\nwait for the server (open loop), and "
        "their latency counts from the intended arrival.\nEvery rate printed "
        "has been run, for long enough that the collector collected 5 times\n"
        "after the warm-up, which ends with its first collection; if that "
        "takes longer than\n--timeout allows, the answer is 'not exercised'.  "
        "The search is made -n times: the\nanswer is their median, with their "
        "range, or from 6 on its 95 % interval.\n\n"
        "--critical is SPECjbb2015's critical-jOPS: the geometric mean of the "
        "highest rates\nunder five limits.\n\n"
        "DIR/probes.jsonl keeps the record of every run, and the same command "
        "goes on from\nthere.\n\nexit status: 0 all found, 1 some not found, "
        "2 usage, 3 nothing matched or can run,\n130 interrupted.",
    .example = "--p99 5ms -w requests -c mark-sweep --heap 512M -o DIR",
    .options = option_rows};

/* ------------------------------------------------------------------------- *
 * The search.
 * ------------------------------------------------------------------------- */

static json_t *keep(const json_t *record) {
  return json_copy((json_t *)record);
}

/* What one search found. */
typedef struct found_rate {
  search_end end;
  uint64_t index;  /* of the rate on the grid */
  uint64_t missed; /* the lowest rate above it that missed the limit; 0: none */
} found_rate;

typedef struct limit_search {
  rate_grid *grid;
  double bound; /* ns */
} limit_search;

/* The search is for the smallest number that passes, above 0. */
static search_answer probe_index(void *data, uint64_t number) {
  const limit_search *s = data;
  const rate_point *point = rate_probe(s->grid, number - 1);
  if (point->ended != SEARCH_PASSED)
    return point->ended;
  return point->p99 <= s->bound ? SEARCH_PASSED : SEARCH_FAILED;
}

static search_result search_between(limit_search *s, uint64_t low,
                                    uint64_t high) {
  const search_request request = {
      .low = low + 1, .high = high + 1, .grain = 1, .confirm = 1, .of = 1};
  return search_minimum(&request, probe_index, s);
}

/* Looks near the answer of another search first. */
static found_rate find_rate(rate_grid *g, double bound,
                            const found_rate *near) {
  enum { NEAR = 2 };
  limit_search s = {g, bound};
  /* The highest rate first: it tells how seldom the collector collects. */
  search_result r = {.end = SEARCH_STOPPED};
  if (probe_index(&s, 1) == SEARCH_STOP)
    return (found_rate){.end = SEARCH_STOPPED};
  uint64_t low = 0, high = g->slowest;
  if (near && near->end == SEARCH_FOUND) {
    low = near->index > NEAR ? near->index - NEAR : 0;
    high = near->index + NEAR < high ? near->index + NEAR : high;
    r = search_between(&s, low, high);
  }
  bool whole = low == 0 && high == g->slowest;
  if (!near || near->end != SEARCH_FOUND ||
      (!whole && (r.end == SEARCH_AT_MOST || r.end == SEARCH_UNSATISFIED)))
    r = search_between(&s, 0, g->slowest);
  return (found_rate){.end = r.end,
                      .index = r.heap ? r.heap - 1 : 0,
                      .missed = r.failed ? rate_at(g, r.failed - 1) : 0};
}

/* The worse of two ends of searches. */
static search_end worse(search_end a, search_end b) {
  return a > b ? a : b;
}

/* ------------------------------------------------------------------------- *
 * The answer: medians over the searches.
 * ------------------------------------------------------------------------- */

typedef struct answer {
  double rate, low, high;
} answer;

static answer summarize(const double *rates, size_t n) {
  double *sorted = arena_take(n * sizeof *sorted);
  memcpy(sorted, rates, n * sizeof *sorted);
  stat_interval interval = stat_median_interval(rates, n, REPORT_CONFIDENCE);
  stat_summary s = stat_summarize(sorted, n);
  bool known = !isnan(interval.low);
  return (answer){s.median, known ? interval.low : s.min,
                  known ? interval.high : s.max};
}

static void set_answer(json_t *object, answer a) {
  json_object_set_new(object, "rate", json_integer((json_int_t)round(a.rate)));
  json_object_set_new(object, "low", json_integer((json_int_t)round(a.low)));
  json_object_set_new(object, "high", json_integer((json_int_t)round(a.high)));
}

/* All searches of a cell: rates[limit][search]. */
typedef struct searches {
  double *rates[CRITICAL];
  double *means; /* geometric, over the limits */
  size_t count;
  search_end end;
  uint64_t missed, fewest;
  bool full; /* not only young objects were collected, as far as is known */
} searches;

/* What the collector did in the probes that met the loosest limit. */
static void note_collections(const rate_grid *g, double bound, searches *s) {
  for (uint64_t i = 0; i < g->count; i++) {
    const rate_point *at = &g->points[i];
    if (!at->known || at->ended != SEARCH_PASSED || !(at->p99 <= bound))
      continue;
    s->fewest = at->collections < s->fewest ? at->collections : s->fewest;
    s->full |= !at->only_young;
  }
}

static void search_once(rate_grid *g, const rate_options *o, searches *s,
                        found_rate *last) {
  double logs = 0;
  for (size_t i = 0; i < o->bounds_count && s->end != SEARCH_STOPPED; i++) {
    const found_rate *near = s->count ? &last[i] : i ? &last[i - 1] : NULL;
    last[i] = find_rate(g, o->bounds[i], near);
    double rate = (double)rate_at(g, last[i].index);
    s->rates[i][s->count] = rate;
    logs += log(rate);
    s->end = worse(s->end, last[i].end);
    if (last[i].missed && (!s->missed || last[i].missed < s->missed))
      s->missed = last[i].missed;
  }
  s->means[s->count++] = exp(logs / (double)o->bounds_count);
  note_collections(g, o->bounds[o->bounds_count - 1], s);
}

static json_t *row_of(const plan_cell *c) {
  return json_pack("{s:s, s:s, s:s}", "workload", spec_text(&c->workload),
                   "collector", spec_text(&c->options), "heap", c->heap.text);
}

static json_t *no_row(const plan_cell *c) {
  json_t *row = row_of(c);
  set_answer(row, (answer){0});
  return row;
}

/* Why there is no rate, if only the time of a probe keeps lower ones from being
 * tried. */
static void explain_slowest(probing *p, const rate_grid *g, const searches *s) {
  if (s->end != SEARCH_UNSATISFIED || g->slowest == g->count - 1)
    return;
  p->not_exercised = true;
  p->reason = arena_text(
      "%ju/s misses the limit, and at lower rates %d collections take longer "
      "than the time limit; a smaller heap or a longer --timeout would help",
      (uintmax_t)rate_at(g, g->slowest), EXERCISED_WANTED);
}

static json_t *compose(const probing *p, const rate_grid *g,
                       const searches *s) {
  const rate_options *o = p->options;
  json_t *row = row_of(p->cell);
  set_answer(row, summarize(s->means, s->count));
  json_object_set_new(row, "failed_above", json_integer((json_int_t)s->missed));
  json_object_set_new(row, "searches", json_integer((json_int_t)s->count));
  if (g->collects && s->fewest < UINT64_MAX)
    json_object_set_new(row, "collections",
                        json_integer((json_int_t)s->fewest));
  if (s->fewest < UINT64_MAX)
    json_object_set_new(row, "full", json_boolean(s->full));
  json_t *limits = json_array();
  for (size_t i = 0; i < o->bounds_count && o->critical; i++) {
    json_t *limit = json_pack("{s:f}", "p99_ns", o->bounds[i]);
    set_answer(limit, summarize(s->rates[i], s->count));
    json_array_append_new(limits, limit);
  }
  if (o->critical)
    json_object_set(row, "limits", limits);
  json_decref(limits);
  return row;
}

static json_t *search(probing *p, search_result *r) {
  const rate_options *o = p->options;
  rate_grid g = rate_grid_make(p, o->from, o->to, o->precision);
  searches s = {.end = SEARCH_FOUND, .fewest = UINT64_MAX};
  found_rate last[CRITICAL] = {{0}};
  s.means = arena_take(o->searches * sizeof(double));
  for (size_t i = 0; i < o->bounds_count; i++)
    s.rates[i] = arena_take(o->searches * sizeof(double));
  p->hopeless = o->bounds[o->bounds_count - 1];
  for (uint64_t i = 0; i < o->searches && s.end < SEARCH_UNSATISFIED; i++) {
    rate_grid_forget(&g);
    search_once(&g, o, &s, last);
  }
  explain_slowest(p, &g, &s);
  r->end = s.end;
  r->probes = g.probes;
  return s.end == SEARCH_STOPPED ? no_row(p->cell) : compose(p, &g, &s);
}

/* ------------------------------------------------------------------------- *
 * The table.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "workload", .header = "workload", .traits = TABLE_KEY},
    {.name = "collector", .header = "collector", .traits = TABLE_KEY},
    {.name = "heap", .header = "heap", .traits = TABLE_KEY},
    {.name = "found", .header = "result", .traits = TABLE_RIGHT},
    {.name = "rate",
     .header = "requests/s",
     .kind = TABLE_INTEGER,
     .absent = "–"},
    {.name = "low", .header = "interval", .traits = TABLE_RIGHT, .absent = "–"},
    {.name = "failed_above",
     .header = "missed at",
     .kind = TABLE_INTEGER,
     .absent = "–",
     .leaves = 1},
    {.name = "collections",
     .header = "collections",
     .kind = TABLE_INTEGER,
     .absent = "–",
     .leaves = 3},
    {.name = "probes", .header = "runs", .kind = TABLE_INTEGER, .leaves = 2},
    {.name = "reason", .header = "reason"}};

static void set_row(table_row *row, const json_t *found) {
  static const char *const rates[] = {"rate", "low", "failed_above"};
  table_set_object(row, found);
  if (json_is_false(json_object_get(found, "full")) &&
      json_integer_value(json_object_get(found, "rate")) &&
      !*record_text(found, "reason"))
    table_show(row, "reason", "no full collection in any run");
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
    if (!json_integer_value(json_object_get(found, rates[i])) ||
        !strcmp(record_text(found, "found"), PROBE_NOT_EXERCISED))
      table_set_text(row, rates[i], NULL);
    else if (!strcmp(rates[i], "low"))
      table_show(row, "low", "%.0f to %.0f", record_number(found, "low"),
                 record_number(found, "high"));
}

static void show(const plan_cell *c, const json_t *row) {
  const double rate = record_number(row, "rate");
  live_worst(-rate, "rate of %.0f/s: %s", rate, plan_cell_text(c));
}

static const char *legend(const void *options) {
  const rate_options *o = options;
  const char *what =
      o->critical
          ? "geometric mean of the highest rates at which the 99th percentile "
            "of the latency\nis within 10, 25, 50, 75 and 100 ms "
            "(critical-jOPS)"
          : arena_text("highest rate at which the 99th percentile of the "
                       "latency is within %s",
                       o->p99);
  return arena_text(
      "requests/s: %s.\nLatency: from a request's intended arrival to its end, "
      "after the warm-up, which ends\nwith the first collection.  Median of "
      "%ju searches; interval: %s.\ncollections: the fewest after the warm-up, "
      "of the runs that met the limit.",
      what, (uintmax_t)o->searches,
      o->searches < stat_fewest_for_median(REPORT_CONFIDENCE)
          ? "their range"
          : "95 % of that median");
}

static void answer_in_words(page *p, const void *options, const json_t *rows) {
  const rate_options *o = options;
  machine_warn_emulated();
  rate_answer(p, rows, o->precision, o->searches);
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
    .show = show,
    .legend = legend,
    .answer = answer_in_words,
    .columns = columns,
    .columns_count = sizeof columns / sizeof *columns,
    .set_row = set_row};

/* What is wrong with the options, or NULL; sets the limits. */
static const char *read_values(rate_options *o) {
  if (!o->dir || !o->p99 == !o->critical)
    return "rate needs --p99 TIME or --critical, and -o DIR";
  if (o->from >= o->to)
    return "--from is to be less than --to";
  o->bounds_count = o->critical ? CRITICAL : 1;
  memcpy(o->bounds, critical_ns, sizeof critical_ns);
  const char *wrong =
      o->p99 ? options_time("p99", o->p99, "ms", &o->bounds[0]) : NULL;
  if (wrong)
    return wrong;
  return NULL;
}

static json_t *settings_of(const rate_options *o) {
  json_t *settings = json_pack("{s:i, s:f, s:i, s:i}", "searches",
                               (int)o->searches, "precision", o->precision,
                               "from", (int)o->from, "to", (int)o->to);
  if (o->critical)
    json_object_set_new(settings, "critical", json_true());
  else
    json_object_set_new(settings, "p99_ns", json_real(o->bounds[0]));
  return settings;
}

int rate_command(int argc, char **argv) {
  rate_options o = {.request = {.seed = PLAN_SEED,
                                .workloads = "requests",
                                .heaps = "3x",
                                .invocations = 1},
                    .from = 1000,
                    .to = 200000,
                    .searches = 3,
                    .precision = 0.05};
  char **operands;
  int code = options_parse(&rate_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const char *wrong = read_values(&o);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  /* The plan has one cell for each search, with the lowest rate. */
  o.request.searched = true;
  o.request.rates = arena_text("%ju", (uintmax_t)o.from);
  json_t *settings = settings_of(&o);
  return probes_command(&command, &o, &o.request, o.dir, settings);
}
