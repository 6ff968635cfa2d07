/* probes.c: see probes.h. */
#include "probes.h"
#include "harness/output/format.h"
#include "harness/driver/programs/machine.h"
#include "harness/base/arena.h"
#include "harness/base/capabilities.h"
#include "harness/base/options.h"
#include "harness/driver/live/live.h"
#include "harness/driver/run/cell-run.h"
#include "harness/driver/run/runlog.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/driver/programs/spawn.h"
#include "harness/record/record.h"
#include "harness/record/results.h"
#include "harness/report/load.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOG "probes.jsonl"

struct probe_log {
  const probe_command *command;
  json_t *old; /* array: the probes that the log had when it was opened, less
                  those that the search has used */
  runlog log;
};

/* ------------------------------------------------------------------------- *
 * Probes.
 * ------------------------------------------------------------------------- */

static bool keep(void *data, const json_t *probe) {
  if (!json_is_string(record_get(probe, "probe")) ||
      !json_is_string(record_get(probe, "verdict.status")) ||
      !json_is_string(record_get(probe, "verdict.reason")))
    return false;
  record_judge((json_t *)probe); /* what it has of a record */
  return !json_array_append(data, (json_t *)probe);
}

/* Whether a logged probe still holds: the time limit and the collector's
 * program are the same, and nothing disturbed it. */
static bool same_conditions(const probing *p, const json_t *probe) {
  const json_t *timeout = json_object_get(probe, "timeout");
  return json_number_value(timeout) >= p->plan->timeout &&
         json_number_value(timeout) <= p->plan->timeout &&
         !json_object_get(probe, "suspect") &&
         json_equal(json_object_get(probe, "program"), p->program);
}

/* Takes the next probe of this name that still holds from those of the log;
 * NULL if none is left. */
static json_t *take_old(probing *p, const char *name) {
  size_t i;
  json_t *probe;
  json_array_foreach(p->log->old, i, probe) {
    if (strcmp(record_text(probe, "probe"), name) || !same_conditions(p, probe))
      continue;
    json_incref(probe);
    json_array_remove(p->log->old, i);
    return probe;
  }
  return NULL;
}

json_t *probe_run(probing *p, const plan_cell *c, const char *tried) {
  const char *name = arena_text("%s at %s", p->cell->id, tried);
  json_t *probe = take_old(p, name);
  if (probe)
    return probe;
  live_now("at %s: %s", tried, plan_cell_text(p->cell));
  live_draw();
  json_t *record = run_cell(p->plan, c, NULL, NULL);
  if (!record) {
    p->interrupted = true;
    return NULL;
  }
  live_verdict(record_text(record, "verdict.status"),
               verdict_is_failure(verdict_of_record(record)));
  probe = p->log->command->keep(record);
  json_decref(record);
  json_object_set_new(probe, "probe", json_string(name));
  json_object_set_new(probe, "timeout", json_real(p->plan->timeout));
  json_object_set(probe, "program", p->program);
  int error = runlog_append(&p->log->log, probe);
  if (!error)
    return probe;
  say("%s/" LOG ": %s", p->log->log.dir, strerror(error));
  p->unwritable = true;
  json_decref(probe);
  return NULL;
}

search_answer probe_judge(probing *p, const json_t *probe) {
  const char *status = record_text(probe, "verdict.status");
  bool declared = json_is_true(record_get(probe, "verdict.declared"));
  const char *suspect = record_text(probe, "suspect");
  if (*suspect) {
    p->reason = arena_text("suspect: %s", suspect);
    return SEARCH_STOP;
  }
  if (!strcmp(status, "TIMEOUT"))
    p->timeouts++;
  /* A collector that needs more than it may hold does not fit, either. */
  if (!strcmp(status, "OOM") || !strcmp(status, "OVER LIMIT") ||
      !strcmp(status, "TIMEOUT"))
    return SEARCH_FAILED;
  if (declared && (!strcmp(status, "ok") || !strcmp(status, "LEAK")))
    return SEARCH_PASSED;
  p->reason =
      arena_text("%s: %s", status, record_text(probe, "verdict.reason"));
  return SEARCH_STOP;
}

/* ------------------------------------------------------------------------- *
 * All cells.
 * ------------------------------------------------------------------------- */

/* Adds the members that every row has. */
static json_t *finish_row(json_t *row, const char *found, unsigned probes,
                          unsigned timeouts, const char *reason) {
  json_object_set_new(row, "found", json_string(found));
  json_object_set_new(row, "probes", json_integer(probes));
  json_object_set_new(row, "timeouts", json_integer(timeouts));
  json_object_set_new(row, "reason", json_string(reason));
  return row;
}

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The row of one cell; NULL if it was cut off. */
static json_t *search_cell(const probe_command *command, probing *p) {
  p->program = machine_stamp(p->cell->program);
  search_result r = {.end = SEARCH_STOPPED};
  json_t *row = command->search(p, &r);
  json_decref(p->program);
  if (p->interrupted || p->unwritable) {
    json_decref(row);
    return NULL;
  }
  bool told = (r.end == SEARCH_STOPPED || p->not_exercised) && p->reason;
  return finish_row(
      row, p->not_exercised ? PROBE_NOT_EXERCISED : command->ends[r.end],
      r.probes, p->timeouts, told ? p->reason : "");
}

/* Shows how many of the cells are done, of which those that were searched took
 * so long. */
static void show_done(size_t done, size_t planned, double began) {
  const double each = done ? (seconds_now() - began) / (double)done : NAN;
  live_done(done, planned, each * (double)(planned - done));
}

/* Why a cell cannot be searched, or NULL.  Adapters that honour no heap limit
 * are planned with heap `none`: they cannot be searched for a heap. */
static const char *find_missing(const probe_command *command,
                                const plan_cell *c) {
  if (c->missing || !command->limits || c->heap.kind != HEAP_UNLIMITED)
    return c->missing;
  return capability_words[CAPABILITY_HEAP_LIMIT].needs;
}

static void print_rows(const probe_command *command, const void *options,
                       const json_t *rows) {
  table *t = table_new(command->columns, command->columns_count);
  page *p = page_new(t);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) command->set_row(table_add(t, 0), row);
  page_group(p, t, table_group_of(t, ""));
  if (command->legend)
    page_text(p, PAGE_PARAGRAPH, "%s", command->legend(options));
  if (command->answer && json_array_size(rows))
    command->answer(p, options, rows);
  format_text(p, stdout);
}

/* Elsewhere than on a terminal, where the live view tells it. */
static void say_cell(const plan_cell *c) {
  if (!live_is_on())
    say("%s/%s, heap %s, %u thread%s", spec_text(&c->workload),
        spec_text(&c->options), c->heap.text, c->threads,
        c->threads == 1 ? "" : "s");
}

static size_t count_searched(const probe_command *command, const plan *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->cells_count; i++)
    n += !p->cells[i].canary && !find_missing(command, &p->cells[i]);
  return n;
}

static int search_all(const probe_command *command, const void *options,
                      const plan *p, probe_log *log, json_t *rows) {
  int code = EXIT_OK;
  size_t searched = 0;
  const size_t planned = count_searched(command, p);
  const double began = seconds_now();
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *c = &p->cells[i];
    const char *missing = find_missing(command, c);
    if (c->canary)
      continue;
    if (missing) {
      json_array_append_new(
          rows, finish_row(command->no_row(c), PROBE_NONE, 0, 0, missing));
      continue;
    }
    show_done(searched++, planned, began);
    say_cell(c);
    probing one = {.plan = p, .cell = c, .options = options, .log = log};
    json_t *row = search_cell(command, &one);
    if (!row) {
      live_end();
      say("stopped; the probes are kept, and the same command goes on");
      return one.interrupted ? EXIT_INTERRUPTED : EXIT_SOME_FAILED;
    }
    if (strcmp(record_text(row, "found"), command->ends[SEARCH_FOUND]))
      code = EXIT_SOME_FAILED;
    else
      command->show(c, row);
    json_array_append_new(rows, row);
  }
  if (searched)
    return code;
  say("no pair of these collectors and workloads can run");
  return EXIT_NOTHING;
}

/* ------------------------------------------------------------------------- *
 * The result.
 * ------------------------------------------------------------------------- */

/* Whether all members of `a` except `but` are the same in `b`. */
static bool same_settings(json_t *a, const json_t *b, const char *but) {
  const char *key;
  json_t *value;
  json_object_foreach(a, key, value) {
    if (strcmp(key, but) && !json_equal(value, json_object_get(b, key)))
      return false;
  }
  return true;
}

static bool same_cell(const json_t *a, const json_t *b,
                      const char *const *keys) {
  bool same = true;
  for (; *keys; keys++)
    same &= json_equal(json_object_get(a, *keys), json_object_get(b, *keys));
  return same;
}

/* The rows that DIR has, with `rows` added or in place of those of the same
 * cells: a new array. */
static json_t *merge(const probe_command *command, const char *dir,
                     const json_t *settings, const json_t *rows) {
  char why[256];
  json_t *file = results_read_json(dir, command->file, why, sizeof why);
  json_t *old = json_object_get(file, command->list);
  json_t *merged = json_array();
  size_t i, k;
  json_t *a, *b;
  if (same_settings(file, settings, command->list))
    json_array_extend(merged, old);
  else if (json_array_size(old))
    say_warning("W-other-settings",
                "%s/%s was made with other settings, and is replaced", dir,
                command->file);
  json_array_foreach(rows, i, a) {
    bool found = false;
    json_array_foreach(merged, k, b) {
      if (same_cell(a, b, command->keys)) {
        json_array_set(merged, k, a);
        found = true;
      }
    }
    if (!found)
      json_array_append(merged, a);
  }
  json_decref(file);
  return merged;
}

/* Searches all cells of the plan and writes the result; DIR is locked. */
static int search_in(const probe_command *command, const void *options,
                     const plan *p, probe_log *log, json_t *settings) {
  results_state found;
  char why[256];
  /* The file would be replaced: one that we cannot read is not ours. */
  json_t *before =
      results_read_json(log->log.dir, command->file, why, sizeof why);
  bool readable = before || errno == ENOENT;
  json_decref(before);
  if (!readable) {
    say("%s", why);
    return EXIT_USAGE;
  }
  log->old = json_array();
  if (!results_read_lines(log->log.dir, LOG, keep, log->old, &found, why,
                          sizeof why)) {
    say("%s", why);
    json_decref(log->old);
    return EXIT_SOME_FAILED;
  }
  if (!spawn_catch_interrupts())
    say_warning("W-interrupts", "Ctrl-C will leave a collector running");
  int code = EXIT_SOME_FAILED;
  if (runlog_begin(&log->log, LOG, found.whole)) {
    json_t *rows = json_array();
    live_begin();
    code = search_all(command, options, p, log, rows);
    live_end();
    json_object_set_new(settings, "schema", json_integer(1));
    json_object_set_new(settings, command->list,
                        merge(command, log->log.dir, settings, rows));
    if (!runlog_write(&log->log, command->file, settings) && code == EXIT_OK)
      code = EXIT_SOME_FAILED;
    const int lost = runlog_check(&log->log);
    if (lost) {
      say("%s/" LOG ": %s: the probes are lost", log->log.dir, strerror(lost));
      code = code == EXIT_OK ? EXIT_SOME_FAILED : code;
    }
    print_rows(command, options, rows);
    json_decref(rows);
  }
  json_decref(log->old);
  return code;
}

int probes_command(const probe_command *command, const void *options,
                   const plan_request *request, const char *dir,
                   json_t *settings) {
  const word_list named = words_split(request->collectors);
  collectors all = discover_collectors(&named);
  plan p;
  int code = plan_make(request, &all, &p);
  if (!code) {
    probe_log log = {.command = command};
    code = runlog_open(&log.log, dir)
               ? search_in(command, options, &p, &log, settings)
               : EXIT_USAGE;
    runlog_close(&log.log);
  }
  json_decref(settings);
  return code;
}
