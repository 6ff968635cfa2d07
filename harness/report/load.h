/* load.h: the records of a results directory, gathered by cell of the plan.
 *
 * Texts, and what grows with the number of cells, live in the arena
 * (harness/base/arena.h); what grows with the number of records does not. */
#ifndef REAPMARK_REPORT_LOAD_H
#define REAPMARK_REPORT_LOAD_H

#include "builds.h"
#include "metrics.h"
#include "harness/record/exercised.h"
#include "harness/record/results.h"
#include "harness/record/round-set.h"
#include "harness/stats/histogram.h"

#include <stdbool.h>
#include <stddef.h>

/* From good to bad: the verdict of a cell is the worst of its invocations'. */
typedef enum verdict {
  VERDICT_NOT_APPLICABLE, /* the collector cannot run the workload */
  VERDICT_OK,
  VERDICT_LEAK_DECLARED,
  VERDICT_BELOW_GRANULE, /* the heap is too small to tell of the algorithm */
  VERDICT_NOT_RUN,       /* no record yet */
  VERDICT_SUSPECT,       /* as declared, but the run was disturbed */
  VERDICT_LEAK,
  VERDICT_OVER_LIMIT,
  VERDICT_OOM,
  VERDICT_WRONG,
  VERDICT_ERROR,
  VERDICT_TIMEOUT,
  VERDICT_CRASH
} verdict;

/* The verdict of a record, which has been judged (record_judge). */
verdict verdict_of_record(const json_t *record);

/* VERDICT_SUSPECT and all after it are failures. */
bool verdict_is_failure(verdict v);

/* The windows at which mutator utilisation is shown, 10 us to 100 ms. */
enum { REPORT_WINDOWS = 13 };
extern const long long report_windows_ns[REPORT_WINDOWS];

/* One invocation. */
typedef struct report_sample {
  int invocation;
  size_t machine; /* its place in the report's `machines` */
  verdict verdict;
  long long leaked;
  const char *reason;
  double values[METRICS]; /* NAN: not available */
  exercise exercise;

  /* The time that is certainly the collector's, in ns.  Of the wall time: stops
   * of all mutators, and pauses of single mutators divided by the number of
   * threads.  Of the CPU time: what the threads that reported the pauses spent
   * in them, because the other threads only waited. */
  double gc_wall, gc_cpu;
  double clock; /* ns of the measured part with the instruments' own time and
                   the stretches that the workload leaves out */
  double mmu[REPORT_WINDOWS], bmu[REPORT_WINDOWS]; /* of the worst thread */

  /* Of the step that exceeds the typical step of its kind by most: the excess,
   * and its length; and the longest pause reported.  In ns; the excess is NAN
   * where steps cannot be compared.  `lone`: it is a long stall of which one is
   * enough, and the pauses are all together. */
  double stall, stall_step, stall_pause;
  bool stall_lone;

  const char *wrapped; /* the command within which it ran (run --wrap), in the
                          arena; NULL: none, or the run was repeated without */
} report_sample;

/* An invocation without instruments. */
typedef struct report_untimed {
  int invocation;
  double wall; /* ns */
} report_untimed;

typedef struct report_cell {
  /* Borrowed from the plan. */
  const char *id, *workload, *collector, *heap;
  int threads;
  bool reference; /* no model: stands in groups of its own */
  bool turns;     /* only one of its threads runs at a time */
  bool paced;     /* requests arrive on a schedule: its wall time is that of
                     the schedule */
  double floor;   /* ns that the runtime's C interface takes; or NAN */
  const char *missing; /* why the pair cannot run, or NULL */

  report_sample *samples; /* by invocation */
  size_t count;
  bool *seen; /* by invocation, from 1: whether it has a sample */
  size_t seen_room;
  const char *ops; /* what the workload counts; NULL until a record says it */
  report_untimed *untimed;
  size_t untimed_count;
  hist_sparse pauses; /* of all invocations; empty if none was measured */
  bool uncorrected;   /* maxima are withheld: the run-queue delay is unknown */
  double own_delay;   /* the most of an invocation, ns, of delay that its own
                         threads may have caused; 0: too little to matter */
  verdict verdict;
  double values[METRICS]; /* all NAN when the verdict is not good */
} report_cell;

/* What the records tell of the machine, in sums over them: ns. */
typedef struct report_surroundings {
  double elapsed, others, stolen; /* of the processes; CPU time beside them */
  double clock, waited;           /* of the measured parts */
  json_t *machine; /* the first record's; the field in which a later one's
                      differs from it, and both values, or NULL */
  const char *other_field, *other_text;
} report_surroundings;

/* A machine, and the rounds that it ran; NULL: all. */
typedef struct report_machine {
  const char *id; /* "" if the results do not tell */
  const round_set *rounds;
} report_machine;

typedef struct report {
  json_t *plan, *machine;
  const char *dir;
  report_cell *cells; /* in the order of the plan */
  size_t count;
  json_t *ids;        /* indices of the cells, by identity */
  size_t invocations; /* planned for each cell */
  /* Of a plan whose rounds stand alone: those that are planned here.  NULL: all
   * invocations are. */
  const round_set *rounds;
  report_machine *machines; /* machines.h; several after `reapmark merge` */
  size_t machines_count;    /* at least 1 */
  bool only;                /* of the one machine that was asked for */
  bool open_ended;          /* --until-ci may have planned more */
  size_t planned, found;    /* runs */
  double *canary;           /* wall times of the canary, by run; NAN: failed */
  size_t canary_count;
  report_builds builds; /* of the programs that made the records */
  report_surroundings surroundings;
  size_t strays; /* records that match no planned cell, or duplicates */
  results_state state;
  const struct goal_list *goals; /* the user's (goals.h); NULL: none */
  void *gathered; /* of the table's own visitor, in the arena; NULL: nothing */
  void *traces;   /* of report_gather_traces, likewise */
  void *phases;   /* of report_gather_phases, likewise */
} report;

/* Is called with every record that becomes a sample of the cell, once it has
 * become one, for what samples do not keep.  The log is read once only. */
typedef void report_visitor(report *r, const report_cell *c,
                            const json_t *record);

/* Reads the results directory `dir`; `visit` may be NULL.  NULL, with one line
 * in `why`, if it holds no results. */
report *report_load(const char *dir, report_visitor *visit, char *why,
                    size_t room);

/* The same of the rounds that the machine of this id ran; NULL: of all. */
report *report_load_machine(const char *dir, const char *machine,
                            report_visitor *visit, char *why, size_t room);

/* The cell of this identity, or NULL. */
report_cell *report_find_cell(const report *r, const char *id);

/* Releases what is not in the arena. */
void report_free(report *r);
void report_free_traces(report *r); /* by report_free */

/* The cell's verdict in words: "ok", "LEAK 2000 (declared)", "suspect",
 * "CRASH SIGABRT", "n/a: needs threads". */
const char *report_verdict_text(const report_cell *c);

/* The first invocation that has the cell's verdict, or NULL if that is good. */
const report_sample *report_worst(const report_cell *c);

/* Why that invocation failed, without the words that the verdict says already;
 * "" if there is nothing to add. */
const char *report_failure_reason(const report_cell *c);

/* Whether the cell was run and its numbers may be shown. */
bool report_is_good(const report_cell *c);

/* Whether the collector reports shorter pauses than the workload met; *shown
 * becomes the invocation that shows it best.  There are two signs:
 *
 * - Many short stalls: in more than half of the cell's invocations the worst
 *   step exceeded the typical step of its kind by more than the noise floor of
 *   1 ms, and the longest reported pause is less than 78 % of that excess.
 *   Only kinds of steps are compared of which there are at least 100 and that
 *   typically take less than 50 us, because a long step may hold several
 *   pauses.
 * - A few long stalls: in any invocation a step exceeded the typical step of
 *   its kind by more than 50 ms, far beyond what the machine does to a process
 *   that is not suspect, and ten times over, and all reported pauses together
 *   are less than 78 % of that excess.  Five steps of the kind are enough. */
bool report_under_reports(const report_cell *c, const report_sample **shown);

/* Reads what that follows from. */
void report_read_stall(report_sample *s, const json_t *record);

/* The same in words: "a step took ...", or NULL. */
const char *report_stall_text(const report_cell *c);

/* How much the machine changed by the canary's times (stat_drift); NAN if there
 * are too few.  Of several machines, the one that changed most.  Beyond the
 * bound the results are suspect. */
#define REPORT_DRIFT_BOUND 0.05
double report_drift(const report *r);
bool report_is_suspect(const report *r);

/* The same in one line ("The canary ..."), or NULL if no canary was run. */
const char *report_canary_text(const report *r);

/* Which programs were compiled otherwise than the driver of `base`, in one line
 * (builds_text), or NULL.  `base` may be the report itself. */
const char *report_builds_text(const report *r, const report *base);

/* Adds what a record tells of the machine. */
void report_add_surroundings(report *r, const json_t *record);

/* One line each, or NULL: that an emulator ran the programs; that the machine
 * was busy with other things; that the runs were made on different machines. */
const char *report_emulated_text(const report *r);
const char *report_busy_text(const report *r);
const char *report_machines_text(const report *r);

/* How much the machine changed from one directory to another: the median of the
 * canary's times in `fresh` over that in `base`, less 1; NAN unless both have
 * some.  In words, if the change is beyond the bound; otherwise NULL. */
double report_drift_between(const report *base, const report *fresh);
const char *report_suspect_text(const report *base, const report *fresh);

/* The share of an adapter's CPU time that calls of the production runtime's C
 * interface take: the number of calls times the time of each by itself.  An
 * estimate: set-up and checks are counted; clears, tests and root slots are
 * not.  NAN: not known.  Where it is beyond the bound, the time says little
 * about memory management. */
#define REPORT_FLOOR_BOUND 0.5
double report_floor_share(const report_cell *c);

/* Whether two cells stand in the same group of the main table: they differ in
 * the collector only, and both are models or both are adapters. */
bool report_same_block(const report_cell *a, const report_cell *b);

#endif
