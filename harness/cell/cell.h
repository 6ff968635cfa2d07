/* cell.h: the contract among the files of the cell runtime, which is what runs
 * inside a collector program: main(), the command line, clocks, the verdict and
 * the record.
 *
 * Files, in the order in which a run passes through them:
 *
 *   main.c      the run from end to end
 *   options.c   the command line
 *   params.c    WORKLOAD:KEY=VALUE, heap sizes, collector options
 *   describe.c  --describe
 *   binding.c   threads to processing units
 *   memory.c    resident set, page faults
 *   threads.c   mutator threads, locks
 *   steps.c     timed steps, the measured part
 *   pauses.c    what the collector reports
 *   utilisation.c  what is left to the mutators
 *   requests.c  requests on a schedule, and what they took
 *   curve.c     memory over time
 *   verdict.c   what had to survive
 *   judge.c     its decisions
 *   violation.c a run that ends with the first thing wrong; counts
 *   leaks.c     what was held of things that were dropped
 *   record.c    the record
 *   micro.c     --micro: times the inline half, so compiled per collector
 *
 * All but micro.c are compiled once, for all collectors. */
#ifndef REAPMARK_CELL_H
#define REAPMARK_CELL_H

#include <jansson.h>

#include "harness/base/capabilities.h"
#include "harness/stats/histogram.h"
#include "harness/stats/drag.h"
#include "harness/stats/mmu.h"
#include "workload.h"

enum { CELL_REASON = 200 }; /* longest reason or error line */

/* ------------------------------------------------------------------------- *
 * params.c: pure functions.  They return false with one line in `error`, which
 * has room for CELL_REASON bytes.
 * ------------------------------------------------------------------------- */

/* "NAME:KEY=VALUE,KEY=VALUE": finds the workload in `all` and sets every one of
 * its parameters, those not mentioned to their initial values. */
bool cell_parse_workload(const char *text, const workload *const *all,
                         const workload **found, uint64_t *params, char *error);

/* "NAME=VALUE,NAME=VALUE": sets options of the collector. */
bool cell_parse_option(const char *text, const gc_collector *c, char *error);

/* "KEY=VALUE,KEY=VALUE": sets hostile conditions (common/hostile.h). */
bool cell_parse_hostile(const char *text, char *error);

/* "64M", "3x" or "none" to bytes, 0 for none.  `must_hold` is what "1x" is. */
bool cell_parse_heap(const char *text, uint64_t must_hold,
                     const gc_collector *c, uint64_t *limit, char *error);

/* The bits of a workload's `needs` and the capabilities that they stand for, up
 * to a bit of 0. */
typedef struct cell_need {
  unsigned bit;
  capability capability;
} cell_need;
extern const cell_need cell_needs[];

/* Whether the collector has what the workload needs. */
bool cell_can_run(const workload *w, const gc_collector *c, char *error);

/* Writes a printf-formatted line to `error` and returns false. */
bool cell_error(char *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ------------------------------------------------------------------------- *
 * options.c
 * ------------------------------------------------------------------------- */

typedef enum cell_mode {
  CELL_NO_MODE,
  CELL_DESCRIBE,
  CELL_RUN,
  CELL_MICRO,
  CELL_MICRO_FIXED
} cell_mode;

/* The command line.  Strings are borrowed from argv. */
typedef struct cell_options {
  cell_mode mode;
  const char *workload;   /* --run */
  const char *primitives; /* --micro, --micro-fixed; NULL: all */
  uint64_t iterations;    /* --micro-fixed */
  double min_time;        /* --micro, seconds */
  const char *heap;
  const char *pin;
  uint64_t threads;
  uint64_t seed;
  const char *input;  /* for the workload, or NULL */
  bool check;         /* gc_heap_check at every expectation */
  bool instrument;    /* time steps and listen to pauses */
  uint64_t record_fd; /* a file descriptor */
} cell_options;

/* Reads the command line, and sets the options of the collector and the hostile
 * conditions.  Ends the process after --help (exit status 0) or a mistake (2).
 */
cell_options cell_read_options(int argc, char **argv);

/* Both end the process with one line on standard error: cell_usage after a
 * mistake of the user (exit status 2), cell_die after anything else that keeps
 * the program from writing a record (1). */
_Noreturn void cell_usage(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void cell_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* ------------------------------------------------------------------------- *
 * describe.c, micro.c
 * ------------------------------------------------------------------------- */

/* Returns the collector's description of itself; the caller frees it. */
json_t *cell_describe(void);

/* Defined by micro.c.  Both name primitives by a list separated by commas, NULL
 * for all, end the process by cell_usage for one that does not exist, and make
 * a heap of their own.  main.c has bound the thread that calls cell_micro. */
extern const char *const cell_primitives[]; /* up to NULL */
json_t *cell_micro(const char *primitives, double min_time);
void cell_micro_fixed(const char *primitives, uint64_t iterations);

/* ------------------------------------------------------------------------- *
 * binding.c: each mutator thread on a processing unit of its own.
 * ------------------------------------------------------------------------- */

/* Reads the topology and decides where `threads` mutators will run, by the
 * policy: "auto" spreads them over the machine, "none" leaves them to the
 * kernel, and a list of PUs ("0,2-3") hands those out in turn.  Ends the
 * process by cell_usage if the policy is nonsense here. */
void cell_binding_init(const char *policy, unsigned threads);

/* Binds the calling thread, mutator number `index`, and reads back what was
 * obtained.  Threads that it creates inherit its binding: a collector with
 * threads of its own has to place them itself. */
void cell_bind_self(unsigned index);

/* The CPU sets read back, by mutator; to be freed by the caller. */
json_t *cell_binding_got(void);

void cell_binding_finish(void);

/* ------------------------------------------------------------------------- *
 * memory.c
 * ------------------------------------------------------------------------- */

typedef struct cell_resident {
  uint64_t now;  /* VmRSS */
  uint64_t peak; /* VmHWM, of this program alone: unlike ru_maxrss it does not
                    inherit the peak of the process that started it */
} cell_resident;
cell_resident cell_read_resident(void);

/* Makes the peak what is resident now; false if the kernel does not let us. */
bool cell_reset_peak(void);

/* ------------------------------------------------------------------------- *
 * threads.c: the mutator threads.
 * ------------------------------------------------------------------------- */

/* Pauses as intervals of the clock, by their ends.  The room is fixed before
 * the run; when it is used up, neighbours with the shortest gaps between them
 * are joined, so that none is lost and what is made of them errs on the side of
 * too much pause. */
typedef struct cell_intervals {
  mmu_interval *items;
  size_t count, room;
  uint64_t gap; /* no longer gap was closed; 0: none */
} cell_intervals;

/* A slot for a mutator thread: the workload's view of it, and what it measures.
 * Slots are made before the heap is, so that they belong to the memory
 * baseline, and go to other threads when theirs have ended; what they measured
 * adds up.  Only the owning thread touches a slot while it runs. */
typedef struct cell_thread {
  wl_thread wl; /* first, so that the one can be cast to the other */
  struct cell_thread *next;
  bool taken;
  bool used; /* has ever been taken */

  /* The run-queue delay of the owning thread. */
  int delay_fd;           /* its schedstat, -1 if it cannot be read */
  uint64_t delay_read;    /* the delay at the last reading */
  uint64_t delay_refresh; /* the time when the next one is due */

  /* The current step. */
  uint64_t step_begin;      /* the clock */
  uint64_t step_instrument; /* time spent on readings */
  uint64_t step_delay;      /* run-queue delay seen by readings */

  /* Since the slot went to this thread. */
  uint64_t instrument; /* time spent on readings */
  uint64_t skipped;    /* discarded by wl_skip */

  /* Totals of the run. */
  uint64_t ops;
  uint64_t delayed; /* run-queue delay taken off steps */
  hist *steps;      /* one for each kind of step of the workload */
  hist *pauses;     /* by kind as reported, then all with the delay taken off */
  cell_intervals stops; /* of all mutators, that this thread reported */
  cell_intervals own;   /* of this thread alone */
} cell_thread;

enum { CELL_PAUSES_ALL = GC_PAUSE_KINDS, CELL_PAUSE_HISTS };

/* The calling thread's slot; NULL if it is none of ours. */
extern _Thread_local cell_thread *cell_self;

/* Makes slots for `threads` mutators beside the main thread, and gives the
 * calling thread its own, not yet attached. */
cell_thread *cell_threads_init(wl_run *run);

/* Attaches and detaches the calling thread's slot.  The heap must exist. */
void cell_attach(cell_thread *c);
void cell_detach(cell_thread *c);

/* Runs `body(data)`, the main mutator's part of the run: on a thread of its own
 * where hostile.stack asks for it, whose end it awaits. */
void cell_main_thread(void *(*body)(void *), void *data);

/* The slots, by cell_thread.next. */
cell_thread *cell_threads(void);

void cell_threads_finish(void);

/* ------------------------------------------------------------------------- *
 * steps.c
 * ------------------------------------------------------------------------- */

/* What wl_begin and wl_end found. */
typedef struct cell_measured {
  bool begun, ended;
  uint64_t begin, end; /* the clock */
  uint64_t wall, cpu, user, system, instrument, skipped;
  uint64_t minor_faults, major_faults, voluntary, involuntary, run_delay;
  cell_resident resident;
  gc_footprint footprint;
  gc_usage usage;        /* in the end; all GC_UNKNOWN if it is not told */
  stat_drag reclamation; /* of objects whose deaths were known */
  uint64_t deaths;       /* of such objects */
} cell_measured;
extern cell_measured cell_measurement;

/* gc_heap_usage, all GC_UNKNOWN if the collector does not have it. */
gc_usage cell_heap_usage(gc_heap *heap);

/* Whether the measured part runs.  Threads that can see it change are blocked
 * meanwhile; others (a collector's own) may see it late. */
extern bool cell_measuring_flag;
static inline bool cell_measuring(void) {
  return __atomic_load_n(&cell_measuring_flag, __ATOMIC_ACQUIRE);
}

/* From now on steps are counted but not timed. */
void cell_steps_off(void);

/* Starts a step of the thread at `now`: what came before belongs to none. */
void cell_start_step(cell_thread *c, uint64_t now);

/* Begins and ends the run-queue accounting of the calling thread. */
void cell_delay_open(cell_thread *c);
void cell_delay_close(cell_thread *c);

/* Reads the delay that the calling thread has met since the last reading, adds
 * it to the current step, and charges the time since `now` to the instrument.
 * Returns the delay. */
uint64_t cell_delay_since(cell_thread *c, uint64_t now);

/* Whether the delay could be read by every thread so far. */
bool cell_delay_known(void);

/* Intervals longer than this are worth a reading.  On an idle machine a thread
 * that only reads the clock meets hundreds of gaps above 20 us a second, from
 * interrupts and the hypervisor, and tens above 50 us; below that there is
 * little to be mistaken for a pause.  A reading costs 1 to 2 us, so that it
 * takes 2 to 4 % beside the shortest interval it is made for; that time is
 * accounted to the instrument, not to the run. */
enum { CELL_SLOW_NS = 50000 };

/* ------------------------------------------------------------------------- *
 * pauses.c
 * ------------------------------------------------------------------------- */

/* The listener that records pauses in the measured part. */
gc_listener cell_listener(void);

/* Adds pauses reported by threads that are none of ours to `into`, an array of
 * CELL_PAUSE_HISTS. */
void cell_foreign_pauses(hist *into);

/* The stops among those, borrowed.  After the run. */
const cell_intervals *cell_foreign_stops(void);

/* ------------------------------------------------------------------------- *
 * utilisation.c
 * ------------------------------------------------------------------------- */

/* Room for intervals, touched; a list without it keeps nothing. */
void cell_intervals_init(cell_intervals *list);
void cell_intervals_free(cell_intervals *list);
void cell_intervals_add(cell_intervals *list, uint64_t begin, uint64_t end);

/* The record's `mmu` (results/schema.md) of the measured part that has ended;
 * to be freed by the caller. */
json_t *cell_utilisation(const cell_thread *threads,
                         const cell_intervals *foreign);

/* ------------------------------------------------------------------------- *
 * requests.c
 * ------------------------------------------------------------------------- */

/* Whether requests arrive whenever they do: their thread must not be held up.
 */
bool cell_requests_scheduled(void);

/* Memory that the times of requests took after the baseline was read. */
uint64_t cell_requests_bytes(void);

/* The record's `latency`, new; NULL if there were no requests. */
json_t *cell_latency(void);

void cell_requests_finish(void);

/* ------------------------------------------------------------------------- *
 * curve.c
 * ------------------------------------------------------------------------- */

/* Makes sampling possible, before the baseline is read.  Without this call the
 * others do nothing. */
void cell_curve_open(void);

/* Samples at the beginning and the end of the measured part. */
void cell_curve_begin(gc_heap *heap, uint64_t now);
void cell_curve_end(gc_heap *heap, uint64_t now);

/* Samples if that is due.  Returns the time it took.  Any mutator thread. */
uint64_t cell_curve_sample(gc_heap *heap, uint64_t now);

/* Adds memory.curve and what belongs to it. */
void cell_curve_record(json_t *memory);

/* ------------------------------------------------------------------------- *
 * judge.c: pure functions.
 * ------------------------------------------------------------------------- */

typedef enum cell_status {
  CELL_OK,
  CELL_LEAK,
  CELL_WRONG,
  CELL_OOM
} cell_status;

typedef struct cell_verdict {
  cell_status status;
  bool declared; /* whether that is what the collector declares */
  uint64_t leaked;
  char reason[CELL_REASON];
} cell_verdict;

/* How many of `garbage` dead objects a collector may keep beyond its
 * declaration: none, unless it is conservative.  Then a stale word may keep an
 * object with all that it reaches, so no number is sure; this one is large
 * enough for a few structures, and far too small for a leak. */
uint64_t cell_spare(gc_capabilities can, uint64_t garbage);

/* As many again where there are rounds: those of one, which a single word can
 * keep if they hang together. */
uint64_t cell_spare_of_round(void);

/* Of a heap that should hold what `e` says, and may hold `spare` dead objects
 * more, and holds `objects`. */
cell_verdict cell_judge(gc_reclaims reclaims, wl_expectation e, uint64_t spare,
                        uint64_t objects);

/* How many dead objects a collector may still hold, of those that died since
 * it collected last: `before` was so then, `e` is so now. */
uint64_t cell_late(gc_capabilities can, wl_expectation before,
                   wl_expectation e);

/* Of a heap with `objects` at a moment when nobody has asked for a collection:
 * it may hold so many `late` ones beside what `e` says. */
cell_verdict cell_judge_late(gc_reclaims reclaims, wl_expectation e,
                             uint64_t late, uint64_t objects);

/* Of a run so far that earned `old`, and `next` just now: what is worse, the
 * earlier of two failures, the later of two verdicts as declared. */
cell_verdict cell_worse(cell_verdict old, cell_verdict next);

/* What a collector keeps of a heap's objects or bytes, by its declaration. */
uint64_t cell_remains(gc_reclaims reclaims, uint64_t live, uint64_t cyclic,
                      uint64_t allocated);

/* How many of `acyclic` and `cyclic` garbage it reclaims. */
uint64_t cell_reclaimed(gc_reclaims reclaims, uint64_t acyclic,
                        uint64_t cyclic);

/* ------------------------------------------------------------------------- *
 * verdict.c
 * ------------------------------------------------------------------------- */

/* The run's verdict so far; any thread.  A run that was never measured, or
 * never held to an expectation, is WRONG. */
cell_verdict cell_verdict_now(void);

/* What the heap held once the first expectation after the measured part had
 * collected, and that expectation; false if there was none. */
bool cell_settled(gc_usage *usage, wl_expectation *e);

/* Adds to it.  Any thread. */
void cell_add_verdict(cell_verdict next);

/* Fails the run.  Any thread. */
void cell_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Holds the collector to gc_heap_check at every expectation from now on. */
void cell_check_invariants(void);

/* ------------------------------------------------------------------------- *
 * violation.c
 * ------------------------------------------------------------------------- */

/* The record's `counts`; NULL if there are none.  To be freed by the caller. */
json_t *cell_counts(void);

/* ------------------------------------------------------------------------- *
 * leaks.c
 * ------------------------------------------------------------------------- */

/* Whether the collector reclaimed at once, in every one of several rounds, what
 * it declares to reclaim at collections only. */
bool cell_reclaims_unasked(void);

/* The record's `leaks`, new; NULL if the workload has no rounds. */
json_t *cell_leaks(void);

/* ------------------------------------------------------------------------- *
 * record.c
 * ------------------------------------------------------------------------- */

/* What the record needs to know of the run, filled in by main.c. */
typedef struct cell_run {
  wl_run wl;
  const cell_options *options;
  uint64_t heap_limit, must_hold;
  wl_volume volume;
  uint64_t baseline; /* VmRSS before the heap */
  bool peak_reset;
  json_t *counters;
} cell_run;

/* The record of a run that went through; of one that was cut short: out of
 * memory, or by a violation.  To be freed by the caller. */
json_t *cell_record(const cell_run *run, const cell_verdict *verdict);
json_t *cell_record_short(const cell_run *run, const cell_verdict *verdict);

/* Writes it, composed in memory first, as one line; ends the process by
 * cell_die if that fails. */
void cell_write(const json_t *json, int fd);

/* ------------------------------------------------------------------------- *
 * main.c
 * ------------------------------------------------------------------------- */

/* Ends the run with an OOM record, from any thread. */
_Noreturn void cell_out_of_memory(const char *reason);

/* Ends the run with the record of a run cut short, from any thread; `violation`
 * (NULL: none) is added to it and stolen. */
_Noreturn void cell_end(const cell_verdict *verdict, json_t *violation);

#endif
