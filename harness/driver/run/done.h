/* done.h: which runs of a plan are done, and what matters of their records.
 * Time and memory are linear in the number of runs and records. */
#ifndef REAPMARK_DONE_H
#define REAPMARK_DONE_H

#include "harness/driver/plan/plan.h"
#include "harness/record/results.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What matters of one record. */
typedef struct done_record {
  size_t cell;
  unsigned invocation;
  bool failed;
  uint64_t elapsed;    /* ns */
  double throughput;   /* NAN of a failure */
  const char *machine; /* its id, or "" */
} done_record;

typedef struct done_runs {
  const plan *plan;
  /* By run of the plan; NULL: not done. */
  const done_record **records;
  size_t finished, failures;

  /* The runs by cell, ascending by invocation: those of cell c stand in
   * `sorted` from first[c] to first[c + 1]. */
  size_t *first, *sorted;
  size_t runs_room;
  /* Records of runs that the plan does not have, or not yet. */
  const done_record **strays;
  size_t strays_count;
} done_runs;

/* Begins with no run done; borrows the plan. */
void done_begin(done_runs *d, const plan *p);

/* Notes the records of DIR/runs.jsonl; call it once.  False, with one line in
 * `why`, if the file cannot be read. */
bool done_read(done_runs *d, const char *dir, results_state *state, char *why,
               size_t room);

/* The plan has more runs than before: makes room for them, and looks for their
 * records among those that had no run. */
void done_grow(done_runs *d);

/* Notes the record of a run, by its number in the plan. */
void done_note(done_runs *d, size_t run, const json_t *record);

/* Writes the throughput of every run of a cell that is done to `values`, which
 * has room for all of them.  Returns how many these are. */
size_t done_throughputs(const done_runs *d, size_t cell, double *values);

#endif
