/* probes.c: see probes.h. */
#include "probes.h"
#include "memory.h"
#include "options.h"
#include "run.h"
#include "runlog.h"
#include "say.h"
#include "spawn.h"
#include "harness/record/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG "probes.jsonl"

struct probe_log {
  const probe_command *command;
  json_t *old; /* of the log when it was opened: array; each is used once */
  runlog log;
};

/* ------------------------------------------------------------------------- *
 * Probes.
 * ------------------------------------------------------------------------- */

static const char *text_of(const json_t *probe, const char *path) {
  return json_string_value(record_get(probe, path));
}

/* The whole lines of DIR/probes.jsonl as an array, and their bytes. */
static json_t *read_log(const char *dir, off_t *whole) {
  json_t *probes = json_array();
  char *line = NULL;
  size_t room = 0;
  ssize_t n;
  FILE *file = fopen(memory_text("%s/" LOG, dir), "re");
  *whole = 0;
  while (file && (n = getline(&line, &room, file)) > 0 && line[n - 1] == '\n') {
    json_t *probe = json_loadb(line, (size_t)n, 0, NULL);
    *whole += n;
    if (probe && text_of(probe, "probe") && text_of(probe, "verdict.status") &&
        text_of(probe, "verdict.reason"))
      json_array_append(probes, probe);
    json_decref(probe);
  }
  free(line);
  if (file)
    fclose(file);
  return probes;
}

/* The next probe of this name that the log has; NULL: none is left. */
static json_t *take_old(probing *p, const char *name) {
  size_t i;
  json_t *probe;
  json_array_foreach(p->log->old, i, probe) {
    if (strcmp(text_of(probe, "probe"), name))
      continue;
    json_incref(probe);
    json_array_remove(p->log->old, i);
    return probe;
  }
  return NULL;
}

json_t *probe_run(probing *p, const plan_cell *c, const char *tried) {
  const char *name = memory_text("%s at %s", p->cell->id, tried);
  json_t *probe = take_old(p, name);
  if (probe)
    return probe;
  json_t *record = run_cell(p->plan, c, p->all);
  if (!record) {
    p->interrupted = true;
    return NULL;
  }
  probe = p->log->command->keep(record);
  json_decref(record);
  json_object_set_new(probe, "probe", json_string(name));
  int error = runlog_append(&p->log->log, probe);
  if (!error)
    return probe;
  say("%s/" LOG ": %s", p->log->log.dir, strerror(error));
  p->unwritable = true;
  json_decref(probe);
  return NULL;
}

search_answer probe_judge(probing *p, const json_t *probe) {
  const char *status = text_of(probe, "verdict.status");
  bool declared = json_is_true(record_get(probe, "verdict.declared"));
  if (!strcmp(status, "TIMEOUT"))
    p->timeouts++;
  if (!strcmp(status, "OOM") || !strcmp(status, "TIMEOUT"))
    return SEARCH_FAILED;
  if (declared && (!strcmp(status, "ok") || !strcmp(status, "LEAK")))
    return SEARCH_PASSED;
  p->reason = memory_text("%s: %s", status, text_of(probe, "verdict.reason"));
  return SEARCH_STOP;
}

/* ------------------------------------------------------------------------- *
 * All cells.
 * ------------------------------------------------------------------------- */

/* The row of one cell; NULL if it was cut off. */
static json_t *search_cell(const probe_command *command, probing *p) {
  search_result r = {.end = SEARCH_STOPPED};
  json_t *row = command->search(p, &r);
  if (p->interrupted || p->unwritable) {
    json_decref(row);
    return NULL;
  }
  bool stopped = r.end == SEARCH_STOPPED && p->reason;
  json_object_set_new(row, "found", json_string(command->ends[r.end]));
  json_object_set_new(row, "probes", json_integer(r.probes));
  json_object_set_new(row, "timeouts", json_integer(p->timeouts));
  json_object_set_new(row, "reason", json_string(stopped ? p->reason : ""));
  return row;
}

static void print_rows(const probe_command *command, const json_t *rows) {
  text_table *t = text_new(command->align, 1);
  for (size_t i = 0; command->align[i]; i++)
    text_add(t, "%s", command->headers[i]);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) command->add_row(t, row);
  text_print(t, TEXT_PLAIN, stdout);
  text_free(t);
}

static int search_all(const probe_command *command, const void *options,
                      const plan *p, const collectors *all, probe_log *log,
                      json_t *rows) {
  int code = EXIT_OK;
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *c = &p->cells[i];
    if (c->missing || c->canary)
      continue;
    say("%s/%s, heap %s, %u thread%s", c->workload, c->collector, c->heap,
        c->threads, c->threads == 1 ? "" : "s");
    probing one = {
        .plan = p, .cell = c, .all = all, .options = options, .log = log};
    json_t *row = search_cell(command, &one);
    if (!row) {
      say("stopped; the probes are kept, and the same command goes on");
      return one.interrupted ? EXIT_INTERRUPTED : EXIT_SOME_FAILED;
    }
    if (strcmp(text_of(row, "found"), command->ends[SEARCH_FOUND]))
      code = EXIT_SOME_FAILED;
    json_array_append_new(rows, row);
  }
  return code;
}

/* The same in DIR, which is locked. */
static int search_in(const probe_command *command, const void *options,
                     const plan *p, const collectors *all, probe_log *log,
                     json_t *settings) {
  off_t whole;
  log->old = read_log(log->log.dir, &whole);
  if (!spawn_catch_interrupts())
    say("warning: Ctrl-C will leave a collector running");
  int code = EXIT_SOME_FAILED;
  if (runlog_begin(&log->log, LOG, whole)) {
    json_t *rows = json_array();
    code = search_all(command, options, p, all, log, rows);
    json_object_set_new(settings, "schema", json_integer(1));
    json_object_set(settings, command->list, rows);
    if (!runlog_write(&log->log, command->file, settings) && code == EXIT_OK)
      code = EXIT_SOME_FAILED;
    print_rows(command, rows);
    json_decref(rows);
  }
  json_decref(log->old);
  return code;
}

int probes_command(const probe_command *command, const void *options,
                   const plan_request *request, const char *dir,
                   json_t *settings) {
  collectors all = discover_collectors();
  plan p;
  int code = plan_make(request, &all, &p);
  if (!code) {
    probe_log log = {.command = command};
    code = runlog_open(&log.log, dir)
               ? search_in(command, options, &p, &all, &log, settings)
               : EXIT_USAGE;
    runlog_close(&log.log);
  }
  json_decref(settings);
  return code;
}
