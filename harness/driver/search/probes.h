/* probes.h: what the commands have in common that search (search.h) by runs,
 * for each cell of a plan: `minheap` and `rate`.
 *
 * Every probe is appended to DIR/probes.jsonl, so that nothing is lost: begun
 * again in the same directory, a search goes the same way over what the log
 * has, and on from there.  What the log has of another time limit or of another
 * build of the collector does not count. */
#ifndef REAPMARK_PROBES_H
#define REAPMARK_PROBES_H

#include "harness/driver/plan/plan.h"
#include "search.h"
#include "harness/output/text.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct probe_log probe_log;

/* The search of one cell. */
typedef struct probing {
  const plan *plan;
  const plan_cell *cell;
  const void *options; /* of the command */
  probe_log *log;
  const char *reason; /* why it was given up, or NULL */
  unsigned timeouts;
  bool interrupted, unwritable; /* cut off */
  json_t *program;              /* machine_stamp */
} probing;

/* The `found` of a cell that cannot run; its `reason` says why. */
#define PROBE_NONE "n/a"

/* A command. */
typedef struct probe_command {
  const char *file;        /* the result, in DIR: "minheap.json" */
  const char *list;        /* in it, the rows: "minimums" */
  const char *const *keys; /* fields by which rows differ, up to NULL */
  bool limits; /* the search sets the heap limit, which has to be honoured */
  /* What a row's `found` is: that of SEARCH_FOUND means success. */
  const char *ends[SEARCH_STOPPED + 1];
  /* What the log keeps of a run's record, new.  It has to have the verdict. */
  json_t *(*keep)(const json_t *record);
  /* Searches, and returns the row, new: `found`, `probes` and `reason` are
   * added to it. */
  json_t *(*search)(probing *p, search_result *result);
  /* The row of a cell that cannot run, likewise. */
  json_t *(*no_row)(const plan_cell *c);
  /* The table. */
  const char *align;
  const char *const *headers; /* as many as `align` has letters */
  void (*add_row)(text_table *t, const json_t *row);
} probe_command;

/* What the log keeps of the cell `c` run now, unless the log has a run of
 * p->cell that tried the same; new.  NULL if it was cut off. */
json_t *probe_run(probing *p, const plan_cell *c, const char *tried);

/* Of a probe's verdict alone: out of memory or time is SEARCH_FAILED, and what
 * is neither that nor as declared SEARCH_STOP, with a reason.  Counts what ran
 * out of time. */
search_answer probe_judge(probing *p, const json_t *probe);

/* Makes the plan, searches cell by cell, writes the result (`settings`, which
 * is taken, with the rows added) and prints the table.  The rows of other cells
 * that the result has from before, with the same settings, stay in it.  Returns
 * the exit status. */
int probes_command(const probe_command *command, const void *options,
                   const plan_request *request, const char *dir,
                   json_t *settings);

#endif
