/* cells.h: the records of a results directory, gathered by cell. */
#ifndef REAPMARK_CELLS_H
#define REAPMARK_CELLS_H

#include "metrics.h"
#include "results.h"
#include "harness/stats/histogram.h"

#include <stdbool.h>
#include <stddef.h>

/* In order of badness: a cell is as good as its worst invocation. */
typedef enum verdict {
  VERDICT_NOT_APPLICABLE, /* the pair cannot run */
  VERDICT_OK,
  VERDICT_LEAK_DECLARED,
  VERDICT_NOT_RUN, /* no record yet */
  VERDICT_LEAK,
  VERDICT_OOM,
  VERDICT_WRONG,
  VERDICT_ERROR,
  VERDICT_TIMEOUT,
  VERDICT_CRASH
} verdict;

/* The verdict of a record.  All from VERDICT_LEAK on are failures. */
verdict verdict_of_record(const json_t *record);

/* One invocation. */
typedef struct report_sample {
  int invocation;
  verdict verdict;
  long long leaked;
  char *reason;
  double values[METRICS]; /* NAN: cannot be said */
} report_sample;

typedef struct report_cell {
  /* Borrowed from the plan. */
  const char *id, *workload, *collector, *heap;
  int threads;
  const char *missing; /* why the pair cannot run, or NULL */

  report_sample *samples; /* in the order of the invocations */
  size_t count;
  char *ops;        /* what an op is; NULL until a record says it */
  hist *pauses;     /* of all invocations; NULL if none was measured */
  bool uncorrected; /* a maximum was withheld */
  verdict verdict;
  double values[METRICS]; /* all NAN when the verdict is not good */
} report_cell;

typedef struct report {
  json_t *plan, *machine;
  report_cell *cells; /* as planned: those of a block are not apart */
  size_t count;
  size_t invocations;    /* planned, of each cell */
  size_t planned, found; /* runs */
  size_t strays;         /* records that the plan has not, or has already */
  results_state state;
} report;

/* Reads DIR.  NULL, with one line in `why`, if it holds no results. */
report *report_load(const char *dir, char *why, size_t room);
void report_free(report *r);

/* The cell's verdict in words: "ok", "LEAK 2000 (declared)", "CRASH SIGABRT",
 * "n/a: needs threads". */
enum { VERDICT_TEXT = 96 };
char *report_verdict_text(char *out, const report_cell *c);

/* The reason for a verdict that is not good, of its first such invocation, or
 * NULL. */
const report_sample *report_worst(const report_cell *c);

/* Whether the cell was run and its numbers may be shown. */
bool report_is_good(const report_cell *c);

/* Whether two cells are in the same block: they differ in the collector
 * only. */
bool report_same_block(const report_cell *a, const report_cell *b);

#endif
