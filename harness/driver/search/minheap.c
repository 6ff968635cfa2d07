/* minheap.c: `reapmark minheap`: for each collector and workload the search
 * (probes.h) for the smallest heap. */
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/driver/live/live.h"
#include "probes.h"
#include "harness/base/say.h"
#include "harness/record/exercised.h"
#include "harness/record/record.h"
#include "harness/stats/rates.h"
#include "harness/base/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct minheap_options {
  plan_request request;
  const char *dir, *grain, *confirm, *range;
  uint64_t grain_bytes;
  double precision, low, high; /* of the range, in multiples */
  uint64_t passes, of;
} minheap_options;

#define FIELD(member) offsetof(minheap_options, member)
static const option_row option_rows[] = {
    {"collectors", 'c', "COLLECTOR,...",
     "NAME[:OPTION=VALUE,...], or all, models, references (models)",
     .kind = OPTION_LIST, .offset = FIELD(request.collectors)},
    {"workloads", 'w', "WORKLOAD,...", "NAME[:KEY=VALUE,...] (the suite's)",
     .kind = OPTION_LIST, .offset = FIELD(request.workloads)},
    {"suite", 0, "SUITE", "take the workloads of this suite (quick)",
     .kind = OPTION_TEXT, .offset = FIELD(request.suite)},
    {"threads", 't', "N,...",
     "mutator threads, for workloads that take threads (the suite's)",
     .kind = OPTION_LIST, .offset = FIELD(request.threads)},
    {"grain", 0, "SIZE", "try only multiples of this size (64k)",
     .kind = OPTION_TEXT, .offset = FIELD(grain)},
    {"precision", 0, "SHARE", "stop when the minimum is known this well (1%)",
     .kind = OPTION_SHARE, .offset = FIELD(precision), .zero = true,
     .former = "rtol"},
    {"confirm", 0, "K[/N]", "a size suffices if K of N runs pass (3/3)",
     .kind = OPTION_TEXT, .offset = FIELD(confirm)},
    {"range", 0, "A-B",
     "search from A to B times the bytes to be held (0.5-16)",
     .kind = OPTION_TEXT, .offset = FIELD(range)},
    {"timeout", 0, "SECONDS", "end a run that takes longer (the suite's)",
     .kind = OPTION_SECONDS, .offset = FIELD(request.timeout)},
    {"output", 'o', "DIR", "directory for minheap.json and probes.jsonl",
     .kind = OPTION_TEXT, .offset = FIELD(dir)},
    {0}};

const option_usage minheap_usage = {
    .name = "minheap",
    .summary = "find the smallest heap of each collector",
    .synopsis = "-o DIR [options]",
    .description =
        "What is the smallest heap limit under which each workload completes "
        "correctly with\neach collector?  Searches by bisection between "
        "multiples of the bytes that the\ncollector must hold: both ends "
        "first, and each size until K of N runs have passed\nor can no longer "
        "pass.  Out of memory and out of time mean too small.  A wrong\nanswer "
        "or a crash ends the search for that pair, and is reported.\n\n"
        "DIR/probes.jsonl keeps every run, and a search with the same DIR "
        "continues from\nthem, unless the time limit or the collector has "
        "changed.  What DIR/minheap.json\nholds of other cells stays.\n\n"
        "exit status: 0 all found, 1 some not found, 2 usage, 3 nothing "
        "matched or can run,\n130 interrupted.",
    .example = "-c mark-sweep,immix -w binary-trees -o DIR",
    .options = option_rows};

/* ------------------------------------------------------------------------- *
 * Command line.
 * ------------------------------------------------------------------------- */

/* "A-B", "K/N": two numbers with `between` in the middle. */
static bool read_two(const char *text, char between, double *a, double *b) {
  char *end;
  *a = strtod(text, &end);
  if (end == text || *end != between)
    return false;
  text = end + 1;
  *b = strtod(text, &end);
  return end != text && !*end && isfinite(*a) && isfinite(*b);
}

static const char *read_values(minheap_options *o) {
  if (!words_number(o->grain, &o->grain_bytes) || !o->grain_bytes)
    return arena_text("--grain: '%s' is not a size such as 64k", o->grain);
  if (!read_two(o->range, '-', &o->low, &o->high) ||
      !(o->low > 0 && o->high > o->low && o->high < 1e6))
    return arena_text("--range: '%s' is not a range such as 0.5-16", o->range);
  const char *slash = strchr(o->confirm, '/');
  const char *first =
      slash ? arena_text("%.*s", (int)(slash - o->confirm), o->confirm)
            : o->confirm;
  if (!words_number(first, &o->passes) ||
      !words_number(slash ? slash + 1 : first, &o->of) || o->passes < 1 ||
      o->of < o->passes || o->of > 100)
    return arena_text("--confirm: '%s' is not K or K/N, such as 2/3",
                      o->confirm);
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * The search.  Bisection is right only if whether a run fits is monotone in the
 * heap's size, so some sizes above the minimum are tried as well.
 * ------------------------------------------------------------------------- */

enum { ABOVE = 4 };
static const double ABOVE_STEP = 0.07;

static json_t *keep(const json_t *record) {
  json_t *probe = json_object();
  json_object_set(probe, "verdict", json_object_get(record, "verdict"));
  json_object_set(probe, "elapsed", json_object_get(record, "elapsed"));
  json_t *heap = json_object_get(record, "heap");
  if (heap) /* a run that left no record has no such member */
    json_object_set(probe, "heap", heap);
  json_t *suspect = json_object_get(record, "suspect");
  if (suspect)
    json_object_set(probe, "suspect", suspect);
  json_object_set_new(
      probe, "exercised",
      json_boolean(record_exercise(record).state != EXERCISED_NOT));
  return probe;
}

/* Runs the cell with that heap; new. */
static json_t *run_with(probing *p, heap_size heap) {
  plan_cell c = *p->cell;
  c.heap = heap;
  return probe_run(p, &c, heap.text);
}

typedef struct heap_search {
  probing *probing;
  uint64_t passed; /* the smallest heap that passed, bytes; 0: none */
  bool idle;       /* in which the collector did nothing */
} heap_search;

/* A heap that no collection is needed for says nothing about its collector. The
 * smallest one that passed decides. */
static search_answer probe_heap(void *data, uint64_t bytes) {
  heap_search *s = data;
  json_t *probe = run_with(s->probing, heap_size_of_bytes(bytes));
  search_answer answer = probe ? probe_judge(s->probing, probe) : SEARCH_STOP;
  if (answer == SEARCH_PASSED && (!s->passed || bytes <= s->passed)) {
    s->passed = bytes;
    s->idle = json_is_false(json_object_get(probe, "exercised"));
  }
  json_decref(probe);
  return answer;
}

/* Bytes that the collector must hold at the peak, and bytes that the workload
 * allocates in the measured part; 0 if the run does not say. */
typedef struct volume {
  uint64_t must_hold, allocated;
} volume;

static volume find_volume(probing *p, double multiple) {
  const heap_size heap = heap_size_of_multiple(multiple);
  json_t *probe = run_with(p, heap);
  volume v = {0};
  if (probe && probe_judge(p, probe) != SEARCH_STOP) {
    const json_t *must_hold = record_get(probe, "heap.must_hold");
    const json_t *allocated = record_get(probe, "heap.allocated");
    v.must_hold = (uint64_t)json_integer_value(must_hold);
    v.allocated = (uint64_t)json_integer_value(allocated);
  }
  if (probe && !v.must_hold && !p->reason)
    p->reason = arena_text("the run with %s was out of time, so the bytes "
                           "that the collector must hold are not known",
                           heap.text);
  json_decref(probe);
  return v;
}

static json_t *row_of(const plan_cell *c, const search_result *r, volume v) {
  return json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I}", "workload",
                   spec_text(&c->workload), "collector", spec_text(&c->options),
                   "threads", (int)c->threads, "heap", (json_int_t)r->heap,
                   "failed_below", (json_int_t)r->failed, "fails_above",
                   (json_int_t)r->above, "must_hold", (json_int_t)v.must_hold,
                   "allocated", (json_int_t)v.allocated);
}

static json_t *no_row(const plan_cell *c) {
  return row_of(c, &(search_result){0}, (volume){0});
}

static json_t *search(probing *p, search_result *r) {
  const minheap_options *o = p->options;
  volume v = find_volume(p, o->high);
  if (v.must_hold) {
    const search_request request = {
        .low = (uint64_t)(o->low * (double)v.must_hold),
        .high = (uint64_t)ceil(o->high * (double)v.must_hold),
        .grain = o->grain_bytes,
        .rtol = o->precision,
        .step = ABOVE_STEP,
        .steps = ABOVE,
        .confirm = (unsigned)o->passes,
        .of = (unsigned)o->of};
    heap_search s = {.probing = p};
    *r = search_minimum(&request, probe_heap, &s);
    if (s.idle && r->end != SEARCH_STOPPED) {
      p->not_exercised = true;
      p->reason = "no collection even in this heap: make the workload longer";
    }
  }
  return row_of(p->cell, r, v);
}

static const table_column columns[] = {
    {.name = "workload", .header = "workload", .traits = TABLE_KEY},
    {.name = "collector", .header = "collector", .traits = TABLE_KEY},
    {.name = "threads",
     .header = "threads",
     .kind = TABLE_INTEGER,
     .traits = TABLE_KEY,
     .leaves = 1},
    {.name = "found", .header = "result"},
    {.name = "heap", .header = "bytes", .kind = TABLE_INTEGER, .absent = "–"},
    {.name = "of_peak", .header = "of peak", .kind = TABLE_RATIO},
    {.name = "turnover",
     .header = "turnover",
     .kind = TABLE_RATIO,
     .leaves = 3},
    {.name = "probes", .header = "probes", .kind = TABLE_INTEGER, .leaves = 2},
    {.name = "reason", .header = "reason"}};

static void show_ratio(table_row *row, const char *column, double value,
                       const char *unit) {
  const char *shown = table_number(TABLE_RATIO, value);
  table_set_real(row, column, value);
  table_show(row, column, "%s%s", shown, isnan(value) ? "" : unit);
}

static void set_row(table_row *row, const json_t *found) {
  const char *reason = record_text(found, "reason");
  double heap = record_number(found, "heap");
  double must_hold = record_number(found, "must_hold");
  json_int_t timeouts = json_integer_value(json_object_get(found, "timeouts"));
  table_set_object(row, found);
  if (!(heap > 0))
    table_set_text(row, "heap", NULL);
  show_ratio(row, "of_peak", must_hold > 0 ? heap / must_hold : NAN, "x");
  show_ratio(row, "turnover",
             stat_turnover(record_number(found, "allocated"), heap), "");
  json_int_t above = json_integer_value(json_object_get(found, "fails_above"));
  if (above)
    reason = arena_text("not monotone: %lld bytes are too few%s%s",
                        (long long)above, *reason ? "; " : "", reason);
  if (above && !timeouts)
    table_set_text(row, "reason", reason);
  if (timeouts)
    table_show(row, "reason", "%lld out of time%s%s", (long long)timeouts,
               *reason ? "; " : "", reason);
}

static void show(const plan_cell *c, const json_t *row) {
  const double factor =
      record_number(row, "heap") / record_number(row, "must_hold");
  live_worst(factor, "minimum of %s x peak: %s",
             table_number(TABLE_RATIO, factor), plan_cell_text(c));
}

static const char *const keys[] = {"workload", "collector", "threads", NULL};
static const probe_command command = {
    .file = "minheap.json",
    .list = "minimums",
    .keys = keys,
    .limits = true,
    .ends = {[SEARCH_FOUND] = "minimum",
             [SEARCH_AT_MOST] = "at most",
             [SEARCH_UNSATISFIED] = "unsatisfied",
             [SEARCH_STOPPED] = "stopped"},
    .keep = keep,
    .search = search,
    .no_row = no_row,
    .show = show,
    .columns = columns,
    .columns_count = sizeof columns / sizeof *columns,
    .set_row = set_row};

int minheap_command(int argc, char **argv) {
  minheap_options o = {
      .request = {.seed = PLAN_SEED, .heaps = "1x", .invocations = 1},
      .grain = "64k",
      .precision = 0.01,
      .confirm = "3",
      .range = "0.5-16"};
  char **operands;
  int code = options_parse(&minheap_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const char *wrong = read_values(&o);
  if (!o.dir)
    wrong = "minheap needs -o DIR";
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  json_t *settings =
      json_pack("{s:i, s:f, s:i, s:i}", "grain", (int)o.grain_bytes, "rtol",
                o.precision, "confirm", (int)o.passes, "of", (int)o.of);
  return probes_command(&command, &o, &o.request, o.dir, settings);
}
