/* probes.h: the common part of `minheap` and `rate`, which search (search.h) by
 * runs, for each cell of a plan.
 *
 * Every probe is appended to DIR/probes.jsonl.  When the command is given again
 * with the same directory, the search takes the answers that the log has and
 * goes on from there.  Answers with another time limit or of another build of
 * the collector do not count. */
#ifndef REAPMARK_PROBES_H
#define REAPMARK_PROBES_H

#include "harness/driver/plan/plan.h"
#include "search.h"
#include "harness/output/table.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct probe_log probe_log;

/* The search of one cell. */
typedef struct probing {
  const plan *plan;
  const plan_cell *cell;
  const void *options; /* of the command */
  probe_log *log;
  const char *reason; /* why the search was given up, or NULL */
  unsigned timeouts;
  bool not_exercised; /* the collector collected too seldom for an answer */
  double hopeless;    /* of rates.h: ns above all limits */
  bool interrupted, unwritable; /* the search was cut off */
  json_t *program;              /* machine_stamp */
} probing;

/* The member `found` of a cell that cannot run; `reason` says why. */
#define PROBE_NONE "n/a"

/* The member `found` of a cell whose collector did not collect often enough;
 * `reason` says what would help. */
#define PROBE_NOT_EXERCISED "not exercised"

/* A command. */
typedef struct probe_command {
  const char *file;        /* the result, in DIR: "minheap.json" */
  const char *list;        /* in it, the rows: "minimums" */
  const char *const *keys; /* fields by which rows differ, up to NULL */
  bool
      limits; /* the search sets the heap limit, so collectors must honour it */
  /* The member `found` of a row, by how its search ended; only the one of
   * SEARCH_FOUND means success. */
  const char *ends[SEARCH_STOPPED + 1];
  /* The part of a run's record that the log keeps, new; with the verdict. */
  json_t *(*keep)(const json_t *record);
  /* Searches, and returns the row, new: `found`, `probes` and `reason` are
   * added to it. */
  json_t *(*search)(probing *p, search_result *result);
  /* The row of a cell that cannot run, likewise. */
  json_t *(*no_row)(const plan_cell *c);
  /* Tells the live view (live.h) of a row that was found, as the worst so far
   * or not. */
  void (*show)(const plan_cell *c, const json_t *row);
  /* A paragraph below the table that says what its numbers are; may be NULL. */
  const char *(*legend)(const void *options);
  /* What the rows say, in words, at the end; may be NULL. */
  void (*answer)(page *p, const void *options, const json_t *rows);
  /* The table. */
  const table_column *columns;
  size_t columns_count;
  void (*set_row)(table_row *row, const json_t *found);
} probe_command;

/* The answer of the log to "p->cell with what was `tried`"; without one, runs
 * the cell `c` and logs it.  New; NULL if the run was cut off. */
json_t *probe_run(probing *p, const plan_cell *c, const char *tried);

/* The answer that follows from a probe's verdict alone: SEARCH_FAILED if it ran
 * out of memory or time, SEARCH_PASSED if it ended as declared, else
 * (the program failed, or the run was disturbed) SEARCH_STOP with p->reason.
 * Counts the probes that ran out of time. */
search_answer probe_judge(probing *p, const json_t *probe);

/* Makes the plan, searches cell by cell, writes the result (`settings`, which
 * is taken, with the rows added) and prints the table.  The rows of other cells
 * that the result has from before, with the same settings, stay in it.  Returns
 * the exit status. */
int probes_command(const probe_command *command, const void *options,
                   const plan_request *request, const char *dir,
                   json_t *settings);

#endif
