/* minheap.c: `reapmark minheap`: for each collector and workload a search (see
 * search.h) whose probes are runs.  Every probe is appended to a log, so that
 * nothing is lost: begun again in the same directory, the search goes the same
 * way over what the log has, and on from there. */
#include "minheap.h"
#include "discover.h"
#include "memory.h"
#include "options.h"
#include "plan.h"
#include "run.h"
#include "runlog.h"
#include "say.h"
#include "search.h"
#include "spawn.h"
#include "harness/record/record.h"
#include "harness/report/results.h"
#include "harness/report/text.h"
#include "harness/words/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct minheap_options {
  plan_request request;
  const char *dir, *grain, *rtol, *confirm, *range;
  uint64_t grain_bytes;
  double rtol_share, low, high; /* of the range, in multiples */
  uint64_t passes, of;
} minheap_options;

#define FIELD(member) offsetof(minheap_options, member)
static const option_row option_rows[] = {
    {"collectors", 'c', "LIST", "these collectors, NAME[:OPTION=VALUE,...]",
     OPTION_TEXT, FIELD(request.collectors), 0, 0},
    {"workloads", 'w', "LIST", "these workloads, NAME[:KEY=VALUE,...]",
     OPTION_TEXT, FIELD(request.workloads), 0, 0},
    {"suite", 0, "SUITE", "the workloads of a suite (quick)", OPTION_TEXT,
     FIELD(request.suite), 0, 0},
    {"threads", 't', "LIST", "mutator threads (the suite's)", OPTION_TEXT,
     FIELD(request.threads), 0, 0},
    {"grain", 0, "SIZE", "sizes tried are multiples of this (64k)", OPTION_TEXT,
     FIELD(grain), 0, 0},
    {"rtol", 0, "PERCENT", "stop when the answer is known so well (1)",
     OPTION_TEXT, FIELD(rtol), 0, 0},
    {"confirm", 0, "K[/N]", "a size is good if K of N runs pass (3/3)",
     OPTION_TEXT, FIELD(confirm), 0, 0},
    {"range", 0, "A-B", "search between these multiples (0.5-16)", OPTION_TEXT,
     FIELD(range), 0, 0},
    {"timeout", 0, "SECONDS", "time that a run may take (the suite's)",
     OPTION_SECONDS, FIELD(request.timeout), 0, 0},
    {"output", 'o', "DIR", "where minheap.json and probes.jsonl go",
     OPTION_TEXT, FIELD(dir), 0, 0},
    {0}};

static const option_usage usage = {
    .command = "minheap",
    .synopsis = "-o DIR [options]",
    .description =
        "Finds the smallest heap limit with which each workload completes "
        "correctly under\neach collector: by bisection between multiples of "
        "the bytes that the collector\nmust hold, both ends tried first, each "
        "size run until K of N runs have passed or\ncannot any more.  Out of "
        "memory and out of time mean too small; a wrong answer or\na crash "
        "ends the search for that pair, and is reported.  Every probe is kept "
        "in\nDIR/probes.jsonl; called again with the same DIR, the search goes "
        "on from there.\n\nexit status: 0 all found, 1 some were not, 2 usage, "
        "3 nothing matched, 130\ninterrupted.",
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
  char *end;
  if (!words_number(o->grain, &o->grain_bytes) || !o->grain_bytes)
    return memory_text("--grain: '%s' is not a size such as 64k", o->grain);
  double percent = strtod(o->rtol, &end);
  if (end == o->rtol || *end || !(percent >= 0 && percent < 100))
    return memory_text("--rtol: '%s' is not a percentage", o->rtol);
  o->rtol_share = percent / 100;
  if (!read_two(o->range, '-', &o->low, &o->high) ||
      !(o->low > 0 && o->high > o->low && o->high < 1e6))
    return memory_text("--range: '%s' is not a range such as 0.5-16", o->range);
  const char *slash = strchr(o->confirm, '/');
  const char *first =
      slash ? memory_text("%.*s", (int)(slash - o->confirm), o->confirm)
            : o->confirm;
  if (!words_number(first, &o->passes) ||
      !words_number(slash ? slash + 1 : first, &o->of) || o->passes < 1 ||
      o->of < o->passes || o->of > 100)
    return memory_text("--confirm: '%s' is not K or K/N, such as 2/3",
                       o->confirm);
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Probes.
 * ------------------------------------------------------------------------- */

/* Probes that a log had when it was opened. */
typedef struct probe_log {
  json_t *old; /* array; each is used once */
  runlog *log;
} probe_log;

typedef struct probing {
  const plan *plan;
  const plan_cell *cell;
  const collectors *all;
  probe_log *log;
  bool interrupted, unwritable;
  const char *reason; /* for SEARCH_STOP: what came out */
  unsigned timeouts;
} probing;

/* The next probe of this cell and heap that the log has; NULL: none is left. */
static json_t *take_old(probing *p, const char *heap) {
  size_t i;
  json_t *probe;
  json_array_foreach(p->log->old, i, probe) {
    const char *cell = json_string_value(json_object_get(probe, "cell"));
    const char *size = json_string_value(json_object_get(probe, "heap"));
    if (cell && size && !strcmp(cell, p->cell->id) && !strcmp(size, heap)) {
      json_incref(probe);
      json_array_remove(p->log->old, i);
      return probe;
    }
  }
  return NULL;
}

/* Runs the cell with that heap, unless the log has it, and returns the probe,
 * new; NULL if it cannot be had. */
static json_t *get_probe(probing *p, const char *heap) {
  json_t *probe = take_old(p, heap);
  if (probe)
    return probe;
  plan_cell c = *p->cell;
  c.heap = heap;
  json_t *record = run_cell(p->plan, &c, p->all);
  if (!record) {
    p->interrupted = true;
    return NULL;
  }
  const json_t *limit = record_get(record, "heap.limit");
  const json_t *must_hold = record_get(record, "heap.must_hold");
  probe = json_pack(
      "{s:s, s:s, s:s, s:s, s:O, s:O, s:I, s:I}", "cell", c.id, "heap", heap,
      "status", json_string_value(record_get(record, "verdict.status")),
      "reason", json_string_value(record_get(record, "verdict.reason")),
      "declared", record_get(record, "verdict.declared"), "elapsed",
      json_object_get(record, "elapsed"), "limit",
      (json_int_t)json_integer_value(limit), "must_hold",
      (json_int_t)json_integer_value(must_hold));
  json_decref(record);
  int error = runlog_append(p->log->log, probe);
  if (!error)
    return probe;
  say("%s/%s: %s", p->log->log->dir, p->log->log->name, strerror(error));
  p->unwritable = true;
  json_decref(probe);
  return NULL;
}

static search_answer judge(probing *p, const json_t *probe) {
  const char *status = json_string_value(json_object_get(probe, "status"));
  const char *reason = json_string_value(json_object_get(probe, "reason"));
  bool declared = json_is_true(json_object_get(probe, "declared"));
  if (!strcmp(status, "TIMEOUT"))
    p->timeouts++;
  if (!strcmp(status, "OOM") || !strcmp(status, "TIMEOUT"))
    return SEARCH_FAILED;
  if (declared && (!strcmp(status, "ok") || !strcmp(status, "LEAK")))
    return SEARCH_PASSED;
  p->reason = memory_text("%s: %s", status, reason);
  return SEARCH_STOP;
}

static search_answer probe_heap(void *data, uint64_t bytes) {
  probing *p = data;
  json_t *probe = get_probe(p, memory_text("%ju", (uintmax_t)bytes));
  search_answer answer = probe ? judge(p, probe) : SEARCH_STOP;
  json_decref(probe);
  return answer;
}

/* What the collector must hold at the peak, 0 if a run does not tell. */
static uint64_t find_must_hold(probing *p, double multiple) {
  const char *heap = memory_text("%gx", multiple);
  json_t *probe = get_probe(p, heap);
  uint64_t bytes = 0;
  if (probe && judge(p, probe) != SEARCH_STOP)
    bytes = (uint64_t)json_integer_value(json_object_get(probe, "must_hold"));
  if (probe && !bytes && !p->reason)
    p->reason = memory_text("with %s it ran out of time, so that nothing is "
                            "known of the bytes it must hold",
                            heap);
  json_decref(probe);
  return bytes;
}

/* ------------------------------------------------------------------------- *
 * All pairs.
 * ------------------------------------------------------------------------- */

/* The row of minheap.json for one pair; NULL if the search was cut off. */
static json_t *search_cell(const minheap_options *o, probing *p) {
  static const char *const ends[] = {[SEARCH_FOUND] = "minimum",
                                     [SEARCH_AT_MOST] = "at most",
                                     [SEARCH_UNSATISFIED] = "unsatisfied",
                                     [SEARCH_STOPPED] = "stopped"};
  uint64_t must_hold = find_must_hold(p, o->high);
  search_result r = {.end = SEARCH_STOPPED};
  if (must_hold) {
    const search_request request = {
        .low = (uint64_t)(o->low * (double)must_hold),
        .high = (uint64_t)ceil(o->high * (double)must_hold),
        .grain = o->grain_bytes,
        .rtol = o->rtol_share,
        .confirm = (unsigned)o->passes,
        .of = (unsigned)o->of};
    r = search_minimum(&request, probe_heap, p);
  }
  if (p->interrupted || p->unwritable)
    return NULL;
  return json_pack(
      "{s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:i, s:i, s:s}", "workload",
      p->cell->workload, "collector", p->cell->collector, "threads",
      (int)p->cell->threads, "found", ends[r.end], "heap", (json_int_t)r.heap,
      "failed_below", (json_int_t)r.failed, "must_hold", (json_int_t)must_hold,
      "probes", (int)r.probes, "timeouts", (int)p->timeouts, "reason",
      r.end == SEARCH_STOPPED && p->reason ? p->reason : "");
}

static void print_rows(const json_t *rows) {
  text_table *t = text_new("llrlrrrl", 1);
  static const char *const headers[] = {"workload", "collector", "threads",
                                        "result",   "bytes",     "of peak",
                                        "probes",   "reason"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
    text_add(t, "%s", headers[i]);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    const char *workload, *with, *found, *reason;
    json_int_t heap, must_hold;
    int threads, probes, timeouts;
    if (json_unpack(row, "{s:s, s:s, s:i, s:s, s:I, s:I, s:i, s:i, s:s}",
                    "workload", &workload, "collector", &with, "threads",
                    &threads, "found", &found, "heap", &heap, "must_hold",
                    &must_hold, "probes", &probes, "timeouts", &timeouts,
                    "reason", &reason))
      continue;
    char multiple[TEXT_NUMBER];
    text_add(t, "%s", workload);
    text_add(t, "%s", with);
    text_add(t, "%d", threads);
    text_add(t, "%s", found);
    text_add(t, "%lld", (long long)heap);
    text_add(t, "%s%s",
             must_hold ? text_fixed(multiple, (double)heap / (double)must_hold)
                       : "–",
             must_hold ? "x" : "");
    text_add(t, "%d", probes);
    if (timeouts)
      text_add(t, "%d out of time%s%s", timeouts, *reason ? "; " : "", reason);
    else
      text_add(t, "%s", reason);
  }
  text_print(t, TEXT_PLAIN, stdout);
  text_free(t);
}

static bool keep_probe(void *data, const json_t *probe) {
  if (!json_string_value(json_object_get(probe, "status")) ||
      !json_string_value(json_object_get(probe, "reason")))
    return false;
  return !json_array_append(data, (json_t *)probe);
}

static int search_all(const minheap_options *o, const plan *p,
                      const collectors *all, runlog *log) {
  probe_log probes = {json_array(), log};
  results_state found;
  char why[256];
  if (!results_read_lines(o->dir, "probes.jsonl", keep_probe, probes.old,
                          &found, why, sizeof why)) {
    say("%s", why);
    return EXIT_SOME_FAILED;
  }
  if (!spawn_catch_interrupts())
    say("warning: Ctrl-C will leave a collector running");
  if (!runlog_begin(log, "probes.jsonl", found.whole))
    return EXIT_SOME_FAILED;
  json_t *rows = json_array();
  int code = EXIT_OK;
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *c = &p->cells[i];
    if (c->missing || c->canary)
      continue;
    say("%s/%s, %u thread%s", c->workload, c->collector, c->threads,
        c->threads == 1 ? "" : "s");
    probing one = {.plan = p, .cell = c, .all = all, .log = &probes};
    json_t *row = search_cell(o, &one);
    if (!row) {
      code = one.interrupted ? EXIT_INTERRUPTED : EXIT_SOME_FAILED;
      say("stopped; the probes are kept, and the same command goes on");
      break;
    }
    if (strcmp(json_string_value(json_object_get(row, "found")), "minimum"))
      code = EXIT_SOME_FAILED;
    json_array_append_new(rows, row);
  }
  json_t *result =
      json_pack("{s:i, s:i, s:f, s:i, s:i, s:O}", "schema", 1, "grain",
                (int)o->grain_bytes, "rtol", o->rtol_share, "confirm",
                (int)o->passes, "of", (int)o->of, "minimums", rows);
  if (!runlog_write(log, "minheap.json", result))
    code = EXIT_SOME_FAILED;
  print_rows(rows);
  json_decref(result);
  json_decref(rows);
  json_decref(probes.old);
  return code;
}

int minheap_command(int argc, char **argv) {
  minheap_options o = {
      .request = {.seed = PLAN_SEED, .heaps = "1x", .invocations = 1},
      .grain = "64k",
      .rtol = "1",
      .confirm = "3",
      .range = "0.5-16"};
  char **operands;
  int code = options_parse(&usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const char *wrong = read_values(&o);
  if (!o.dir)
    wrong = "minheap needs -o DIR";
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
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
