/* load.h: the records of a results directory, gathered by cell. */
#ifndef REAPMARK_REPORT_LOAD_H
#define REAPMARK_REPORT_LOAD_H

#include "metrics.h"
#include "harness/record/results.h"
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

/* The windows at which utilisation is shown, 1 to 100 ms. */
enum { REPORT_WINDOWS = 7 };
extern const long long report_windows_ns[REPORT_WINDOWS];

/* One invocation. */
typedef struct report_sample {
  int invocation;
  verdict verdict;
  long long leaked;
  char *reason;
  double values[METRICS]; /* NAN: cannot be said */

  /* ns that are plainly the collector's.  Of the wall time: stops, and pauses
   * of single mutators by their share of the threads.  Of the CPU time: what
   * the threads spent that reported those, as others only waited. */
  double gc_wall, gc_cpu;
  double clock; /* ns of the measured part, instrument and skipped included */
  double mmu[REPORT_WINDOWS], bmu[REPORT_WINDOWS]; /* of the worst thread */

  /* How much longer than the typical step of its kind the worst step was, in
   * ns, and the longest pause reported; NAN where they cannot be compared. */
  double stall, stall_step, stall_pause;
} report_sample;

typedef struct report_cell {
  /* Borrowed from the plan. */
  const char *id, *workload, *collector, *heap;
  int threads;
  bool reference;      /* an adapter: in blocks apart from the models' */
  bool turns;          /* of its threads one runs at a time */
  double floor;        /* ns that its interface takes; NAN: not known */
  const char *missing; /* why the pair cannot run, or NULL */

  report_sample *samples; /* in the order of the invocations */
  size_t count;
  char *ops;       /* what an op is; NULL until a record says it */
  double *untimed; /* ns of the measured part, of the invocations without
                      instruments */
  size_t untimed_count;
  hist *pauses;     /* of all invocations; NULL if none was measured */
  bool uncorrected; /* a maximum was withheld */
  verdict verdict;
  double values[METRICS]; /* all NAN when the verdict is not good */
} report_cell;

typedef struct report {
  json_t *plan, *machine;
  char *dir;          /* for what is not kept of the records */
  report_cell *cells; /* as planned: those of a block are not apart */
  size_t count;
  size_t invocations;    /* planned, of each cell */
  bool open_ended;       /* or more, as many as their numbers took */
  size_t planned, found; /* runs */
  double *canary;        /* wall times of the canary, by its run; NAN: failed */
  size_t canary_count;
  size_t strays; /* records that the plan has not, or has already */
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

/* Whether the collector reports less pause than the workload met: in more than
 * half of the cell's invocations the worst step was longer than the typical one
 * of its kind by more than the noise floor of 1 ms, and no reported pause has
 * even 78 % of that.  Only kinds of steps are compared that usually take less
 * than 50 us and of which there are at least 100: a long one may well hold
 * several pauses.  *shown becomes the invocation with the longest stall. */
bool report_under_reports(const report_cell *c, const report_sample **shown);

/* The same in words, into `out` of REPORT_STALL bytes: "a step took ..." */
enum { REPORT_STALL = 200 };
bool report_stall_text(char *out, const report_cell *c);

/* What the canary says: stat_drift of its times, NAN if there are too few; and
 * whether that makes the results suspect. */
#define REPORT_DRIFT_BOUND 0.05
double report_drift(const report *r);
bool report_is_suspect(const report *r);

/* Says it in one line ("The canary ..."), into `out` of REPORT_CANARY bytes;
 * false, if there was none. */
enum { REPORT_CANARY = 200 };
bool report_canary_text(char *out, const report *r);

/* The same from one folder to another: the median of all its times in `fresh`
 * over that in `base`, less 1, NAN unless both have any; and whether that is
 * beyond the bound, which is said in one line likewise. */
double report_drift_between(const report *base, const report *fresh);
bool report_suspect_text(char *out, const report *base, const report *fresh);

/* Of a reference's CPU time, the share that its C interface takes: calls times
 * what each takes by itself.  An estimate: set-up and checks are in it; clears,
 * tests and root slots are not.  NAN: not known.  Beyond half the time says
 * little about memory management. */
#define REPORT_FLOOR_BOUND 0.5
double report_floor_share(const report_cell *c);

/* Whether two cells are in the same block: they differ in the collector only,
 * and are both models' or both references'. */
bool report_same_block(const report_cell *a, const report_cell *b);

#endif
