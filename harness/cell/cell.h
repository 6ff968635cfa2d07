/* cell.h: the interfaces among the files of the cell runtime, the part of every
 * collector program that does not depend on the collector: main(), the command
 * line, clocks, the verdict and the record of one run.
 *
 * Files, in the order in which a run passes through them:
 *
 *   main.c         the run from end to end
 *   options.c      the command line
 *   params.c       WORKLOAD:KEY=VALUE, heap sizes, collector options
 *   planned.c      the run that the command line asks for
 *   describe.c     --describe
 *   volumes.c      --volume
 *   binding.c      binding of threads to processing units; gc_helper_thread
 *   accounts.c     how long the threads ran, and waited to run
 *   resident.c     the resident set of the process
 *   threads.c      mutator threads, locks
 *   steps.c        the measured part and its timed steps
 *   still.c        whether the process stood still
 *   pauses.c       the pauses that the collector reports
 *   phases.c       what these consist of; times to safepoint
 *   timeline.c     --timeline
 *   utilisation.c  mutator utilisation (MMU, BMU) from the pauses
 *   requests.c     latency of requests that arrive on a schedule
 *   idle.c         stretches without work
 *   exercise.c     how often the collector collected in the measured part
 *   garbage.c      dead objects that the heap still holds
 *   curve.c        samples of memory use over time
 *   paced.c        what the heap policy saw and decided, by collections
 *   verdict.c      the verdict so far
 *   judge.c        the rules by which expectations are judged
 *   violation.c    the end of a run at its first violation; counts, coverage
 *   leak-rounds.c  what the heap holds in each round of a leak-* workload
 *   record.c       the record
 *   micro.c        --micro, which times the inline half of gc.h
 *   build.c        how the program was compiled
 *
 * All files but the last two are compiled once, for all collectors.  A json_t
 * that a function returns belongs to the caller. */
#ifndef REAPMARK_CELL_H
#define REAPMARK_CELL_H

#include <jansson.h>

#include "harness/base/capabilities.h"
#include "harness/stats/histogram.h"
#include "harness/stats/drag.h"
#include "harness/stats/mmu.h"
#include "workload.h"

/* Bytes of a reason or an error line, with the final 0. */
enum { CELL_REASON = 200 };

/* ------------------------------------------------------------------------- *
 * params.c: parsing without side effects beside the result.  The functions
 * return false and write one line to `error`, which has room for CELL_REASON
 * bytes.
 * ------------------------------------------------------------------------- */

/* Parses "NAME:KEY=VALUE,KEY=VALUE".  Finds the workload in `all`, an array
 * that ends with NULL, and sets all WL_PARAMS of `params`; parameters that the
 * text does not name get their initial values.  Fails too if they do not go
 * together. */
bool cell_parse_workload(const char *text, const workload *const *all,
                         const workload **found, uint64_t *params, char *error);

/* The words for the values of an option of collector `c`, ended by NULL; NULL
 * if these are numbers. */
const char *const *cell_option_words(const gc_collector *c, const gc_option *o);

/* Sets options of the collector from "NAME=VALUE,NAME=VALUE". */
bool cell_parse_option(const char *text, const gc_collector *c, char *error);

/* Sets hostile conditions (common/hostile/hostile.h) from
 * "KEY=VALUE,KEY=VALUE". */
bool cell_parse_hostile(const char *text, char *error);

/* Converts "64M", "3x" or "none" to bytes; none is 0.  "1x" stands for
 * `must_hold` bytes.  *coarse becomes true if it is a multiple of so little
 * that it says more about the collector's granule than about the algorithm
 * (gc_limit_is_coarse); who asks for bytes has chosen them.  Fails too if the
 * collector cannot limit its heap. */
bool cell_parse_heap(const char *text, uint64_t must_hold,
                     const gc_collector *c, uint64_t *limit, bool *coarse,
                     char *error);

/* The bits of a workload's `needs` and the capability that each bit stands for.
 * The last entry has bit 0. */
typedef struct cell_need {
  unsigned bit;
  capability capability;
} cell_need;
extern const cell_need cell_needs[];

/* The bits of what the workload needs with these parameters. */
unsigned cell_needs_of(const workload *w, const uint64_t *params);

/* What the workload needs of the collector with these parameters and the
 * collector lacks; NULL: nothing. */
const cell_need *cell_lacks(const workload *w, const uint64_t *params,
                            const gc_collector *c);

/* Whether the collector has every capability that the workload needs with these
 * parameters. */
bool cell_can_run(const workload *w, const uint64_t *params,
                  const gc_collector *c, char *error);

/* Whether what is alive fits into so many bytes of memory. */
bool cell_fits(const workload *w, const wl_volume *v, uint64_t memory,
               char *error);

/* Writes a printf-formatted line to `error` and returns false. */
bool cell_error(char *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ------------------------------------------------------------------------- *
 * options.c
 * ------------------------------------------------------------------------- */

typedef enum cell_mode {
  CELL_NO_MODE,
  CELL_DESCRIBE,
  CELL_VOLUME,
  CELL_RUN,
  CELL_MICRO,
  CELL_MICRO_FIXED
} cell_mode;

/* The parsed command line.  Strings are borrowed from argv. */
typedef struct cell_options {
  cell_mode mode;
  const char *workload;   /* --run */
  char **workloads;       /* --volume, up to NULL */
  const char *primitives; /* --micro, --micro-fixed; NULL: all */
  uint64_t iterations;    /* --micro-fixed */
  double min_time;        /* --micro, seconds */
  const char *heap;
  const char *pin;
  uint64_t threads;
  uint64_t seed;
  const char *input;        /* the file that the workload reads, or NULL */
  const char *latencies;    /* the file for the times of requests, or NULL */
  bool check;               /* call gc_heap_check at every expectation */
  bool instrument;          /* time steps and listen to pauses */
  uint64_t record_fd;       /* a file descriptor */
  const char *timeline;     /* the file that it goes to, or NULL */
  uint64_t timeline_events; /* the most that it holds */
} cell_options;

/* Reads the command line, and sets the options of the collector and the hostile
 * conditions.  Ends the process after --help (exit status 0) or a mistake (2).
 */
cell_options cell_read_options(int argc, char **argv);

/* Both end the process with one line on standard error.  cell_usage is for
 * mistakes of the user (exit status 2), cell_die for anything else that keeps
 * the program from writing a record (exit status 1). */
_Noreturn void cell_usage(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void cell_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* ------------------------------------------------------------------------- *
 * volumes.c
 * ------------------------------------------------------------------------- */

/* cell_parse_workload among all workloads of this program, and the volume with
 * so many threads, if the workload takes threads, and this seed.  Fails too if
 * what is alive does not fit into the memory of this machine. */
bool cell_plan_workload(const char *text, unsigned threads, uint64_t seed,
                        const workload **found, uint64_t *params, wl_volume *v,
                        char *error);

/* The volumes of these workloads, up to NULL, as an array of objects.  A
 * mistake ends the process by cell_usage. */
json_t *cell_volumes(char *const *texts, unsigned threads, uint64_t seed);

/* ------------------------------------------------------------------------- *
 * describe.c, micro.c
 * ------------------------------------------------------------------------- */

/* Returns the collector's description of itself (results/schema.md). */
json_t *cell_describe(void);

/* The names of the capabilities that these bits stand for, as an array. */
json_t *cell_describe_needs(unsigned needs);

/* How the program was compiled.  Defined by build.c. */
typedef struct cell_build {
  const char *compiler, *flags, *type, *sanitizer;
  bool optimised, checks;
} cell_build;
extern const cell_build cell_this_build;

/* The same as JSON (results/schema.md), with the linker's hash of the
 * program. */
json_t *cell_build_json(void);

/* The values of the collector's options, by name.  Defined by record.c. */
json_t *cell_options_json(void);

/* Defined by micro.c.  `primitives` is a list of names separated by commas,
 * NULL for all primitives.  An unknown name ends the process by cell_usage.
 * Both functions make a heap of their own.  `min_time`: seconds for each
 * primitive.  cell_micro expects that its thread is bound; cell_micro_fixed
 * prints the names of the loops that it ran. */
extern const char *const cell_primitives[]; /* ends with NULL */
json_t *cell_micro(const char *primitives, double min_time);
void cell_micro_fixed(const char *primitives, uint64_t iterations);

/* ------------------------------------------------------------------------- *
 * binding.c: each mutator thread runs on a processing unit (PU) of its own.
 * ------------------------------------------------------------------------- */

/* Reads the machine's topology and decides where `threads` mutators will run.
 * Policy "auto" spreads them over the machine, "none" leaves them to the
 * kernel, and a list of PUs ("0,2-3") hands those PUs out in turn.  Ends the
 * process by cell_usage if the policy is malformed or names a PU that this
 * process may not use. */
void cell_binding_init(const char *policy, unsigned threads);

/* Binds the calling thread, mutator number `index`, and records the binding
 * that the kernel granted.  A thread inherits the binding of the thread that
 * creates it; gc_helper_thread places a collector's own threads. */
void cell_bind_self(unsigned index);

/* The granted CPU sets of the mutators, and of helpers (NULL: there were none),
 * as arrays of strings.  Any thread. */
json_t *cell_binding_got(void);
json_t *cell_binding_helpers(void);

void cell_binding_finish(void);

/* ------------------------------------------------------------------------- *
 * resident.c
 * ------------------------------------------------------------------------- */

typedef struct cell_resident {
  uint64_t now;  /* bytes, VmRSS */
  uint64_t peak; /* bytes, VmHWM: the peak of this program alone; ru_maxrss
                    would inherit the peak of the process that started it */
} cell_resident;
cell_resident cell_read_resident(void);

/* Lowers the peak to what is resident now.  Returns false if the kernel does
 * not allow that. */
bool cell_reset_peak(void);

/* ------------------------------------------------------------------------- *
 * accounts.c.  Times are ns since the beginning of a thread or process.
 * ------------------------------------------------------------------------- */

/* The CPU time of threads that used the account one after the other. */
typedef struct cell_account cell_account;

/* What the kernel tells of a thread (schedstat). */
typedef struct cell_sched {
  uint64_t ran;
  uint64_t waited; /* ready to run, but not running: run-queue delay */
  uint64_t turns;  /* how often it got a processor */
} cell_sched;

/* The account of the calling thread, until the thread ends; NULL if the kernel
 * does not tell. */
cell_account *cell_account_open(void);

/* Reads the account of a thread that runs.  False if the kernel does not tell.
 */
bool cell_account_read(const cell_account *a, cell_sched *out);

/* For how long threads without an account ran, when the process ran for
 * `process` and the thread of the account `mine` for `ran`. */
uint64_t cell_strangers_ran(const cell_account *mine, uint64_t process,
                            uint64_t ran);

/* ------------------------------------------------------------------------- *
 * threads.c: the mutator threads.
 * ------------------------------------------------------------------------- */

/* Pauses as intervals of the clock, sorted by their ends.  The room is fixed
 * before the run.  When it is used up, the neighbours with the shortest gaps
 * between them are joined.  So no pause is lost, and figures made of the
 * intervals err on the side of too much pause. */
typedef struct cell_intervals {
  mmu_interval *items;
  size_t count, room;
  uint64_t gap; /* ns: the longest gap that was closed; 0: none */
} cell_intervals;

/* A slot for a mutator thread: the workload's view of the thread, and what the
 * thread measures.  Slots are made before the heap is, so that they belong to
 * the memory baseline.  When a thread ends, its slot goes to another thread,
 * and the totals go on adding up.  While a thread runs, only the thread itself
 * touches its slot.  All times are nanoseconds. */
typedef struct cell_thread {
  wl_thread wl; /* first, so that a wl_thread can be cast to its cell_thread */
  struct cell_thread *next;
  /* By a thread; another one may look while the first is about to go. */
  _Atomic bool taken;
  bool used;      /* has ever been taken */
  uint16_t track; /* in the timeline; 0: nothing was told of it */

  /* The run-queue delay of the owning thread. */
  cell_account *account;   /* NULL if it cannot be read */
  cell_sched sched_read;   /* at the last reading */
  uint64_t strangers_read; /* for how long strangers had run, at most */
  uint64_t delay_at;       /* the clock before the last reading */
  uint64_t delay_sum;      /* what the request clock (requests.c) stood still */

  /* From then until step_begin no two looks at the clock were more than
   * CELL_SLOW_NS apart, and no reading was taken. */
  uint64_t quick_since;

  /* The current step. */
  uint64_t step_begin;      /* the clock */
  uint64_t step_due;        /* when a reading is due; 0: one was taken */
  uint64_t step_instrument; /* time spent on readings */
  uint64_t step_delay;      /* run-queue delay seen by readings */

  uint64_t request_mark; /* the clock when a request began or ended last */

  wl_ledger published; /* wl.ledger when the last step ended; atomic */

  /* Since the slot went to this thread. */
  uint64_t instrument; /* time spent on readings */
  uint64_t skipped;    /* time discarded by wl_skip */

  /* Totals of the run. */
  uint64_t ops;
  uint64_t delayed;   /* run-queue delay subtracted from steps */
  uint64_t own_delay; /* run-queue delay that was left where it was, because
                         threads of this process ran meanwhile */
  hist *steps;        /* one histogram for each kind of step */
  hist *pauses; /* one for each gc_pause_kind, as reported; then one for all,
                   without run-queue delay */
  cell_intervals stops; /* world stops, which halt every mutator, that this
                           thread reported */
  cell_intervals own;   /* pauses of this thread alone */
} cell_thread;

enum { CELL_PAUSES_ALL = GC_PAUSE_KINDS, CELL_PAUSE_HISTS };

/* The calling thread's slot; NULL in a thread that is no mutator. */
extern _Thread_local cell_thread *cell_self;

/* Makes slots for the run's mutator threads and the main thread.  Returns the
 * slot of the calling thread, the main mutator, not yet attached. */
cell_thread *cell_threads_init(wl_run *run);

/* Attaches the calling thread to the heap, which must exist, and detaches it. A
 * thread that cannot be attached for want of memory ends the run as OOM. */
void cell_attach(cell_thread *c);
void cell_detach(cell_thread *c);

/* Runs `body(data)`, the main mutator's part of the run, and returns when it
 * has ended.  It runs on a thread of its own if hostile.stack asks for a stack
 * size. */
void cell_main_thread(void *(*body)(void *), void *data);

/* Whether at most one slot is in use, so that no other thread of the workload
 * runs. */
bool cell_thread_is_alone(void);

/* The first slot; the others follow by cell_thread.next.  Any thread; a slot
 * that is made meanwhile may be missing. */
cell_thread *cell_threads(void);

void cell_threads_finish(void);

/* ------------------------------------------------------------------------- *
 * steps.c
 * ------------------------------------------------------------------------- */

/* What was measured between wl_begin and wl_end.  Times are nanoseconds, and
 * memory is bytes. */
typedef struct cell_measured {
  bool begun, ended;
  bool apart;          /* wl_apart */
  uint64_t own_memory; /* wl_own_memory */
  uint64_t replayer;   /* wl_replayed; 0: nothing */
  uint64_t begin, end; /* the clock */
  uint64_t wall, cpu, user, system, instrument, skipped;
  uint64_t minor_faults, major_faults, voluntary, involuntary, run_delay;
  cell_resident resident;
  gc_footprint footprint;
  gc_external_usage external; /* zero if the collector has no gc_external */
  gc_usage usage; /* at wl_end; all GC_UNKNOWN if the collector does not tell */
  stat_drag reclamation; /* of objects whose time of death is known */
  uint64_t deaths;       /* deaths of such objects */
} cell_measured;
extern cell_measured cell_measurement;

/* gc_heap_external, or zero if the collector does not define it. */
gc_external_usage cell_heap_external(gc_heap *heap);

/* gc_heap_usage, or all GC_UNKNOWN if the collector does not define it. */
gc_usage cell_heap_usage(gc_heap *heap);

/* Whether the measured part runs.  Mutators are blocked while the flag changes;
 * a collector's own threads may see the change late. */
extern bool cell_measuring_flag;
static inline bool cell_measuring(void) {
  return __atomic_load_n(&cell_measuring_flag, __ATOMIC_ACQUIRE);
}

/* From now on steps are counted, but not timed. */
void cell_steps_off(void);

/* Whether steps are timed. */
bool cell_steps_timed(void);

/* From now on cell_garbage_check runs at many steps. */
void cell_steps_checked(void);

/* Starts a step of the thread at `now`.  The time before `now` belongs to no
 * step, and nothing is known of a delay in it that was not read. */
void cell_start_step(cell_thread *c, uint64_t now);

/* Takes a reading at `now` and starts a step behind it. */
void cell_start_afresh(cell_thread *c, uint64_t now);

/* Begins the accounting of the calling thread's run-queue delay, the time in
 * which the thread is ready to run and waits for a processor. */
void cell_delay_open(cell_thread *c);

/* Reads the run-queue delay of the calling thread since the last reading, less
 * what threads of this process may have caused (accounts.c), and books the time
 * since `now` as instrument time.  What must lie in the current step is added
 * to the step.  Returns what must lie between `begin` and `end`, which are not
 * after `now`. */
uint64_t cell_delay_within(cell_thread *c, uint64_t begin, uint64_t end,
                           uint64_t now);

/* Takes a reading at `now`. */
void cell_delay_look(cell_thread *c, uint64_t now);

/* Takes a reading if the last one is older than CELL_SLOW_NS. */
void cell_delay_renew(cell_thread *c);

/* Whether every thread so far could read its run-queue delay. */
bool cell_delay_known(void);

/* Run-queue delay is read for intervals longer than this.  On an idle machine a
 * thread that only reads the clock meets hundreds of gaps above 20 us a second,
 * from interrupts and the hypervisor, and tens above 50 us; shorter gaps are
 * hardly mistaken for a pause.  A reading costs 1 to 2 us, 2 to 4 % of the
 * shortest interval it is made for, and is booked as instrument time, not as
 * time of the run. */
enum { CELL_SLOW_NS = 50000 };

/* ------------------------------------------------------------------------- *
 * still.c: whether the process stood still in the measured part, because it was
 * stopped from outside.  `now` is the clock.  Any thread.
 * ------------------------------------------------------------------------- */

/* Begin and end the account.  In between cell_still_look goes on with it if
 * that is due, every 100 ms; it is called where a step took long. */
void cell_still_begin(uint64_t now);
void cell_still_look(uint64_t now);
void cell_still_end(uint64_t now);

/* The only thread of the run has slept for so long, as it meant to. */
void cell_still_slept(uint64_t ns);

/* The calling thread ends. */
void cell_still_left(void);

/* The longest time that the process stood still between two looks, in ns.
 * False if it is not known.  After the run. */
bool cell_still(uint64_t *ns);

/* ------------------------------------------------------------------------- *
 * pauses.c
 * ------------------------------------------------------------------------- */

/* The listener that records the pauses of the measured part; `slow`: and slow
 * paths, which costs more. */
gc_listener cell_listener(bool slow);

/* Adds the pauses that threads other than mutators reported to `into`, an array
 * of CELL_PAUSE_HISTS histograms. */
void cell_foreign_pauses(hist *into);

/* The world stops among those pauses, borrowed.  To be called after the run. */
const cell_intervals *cell_foreign_stops(void);

/* Whether a stop or a search for dead cycles has been reported in the measured
 * part.  Any thread. */
bool cell_collected(void);

/* ------------------------------------------------------------------------- *
 * exercise.c
 * ------------------------------------------------------------------------- */

/* The most counters of a collector that are looked at. */
enum { CELL_COUNTERS = 64 };

/* Read the collector's counters at both ends of the measured part, while no
 * mutator runs. */
void cell_exercise_begin(gc_heap *heap);
void cell_exercise_end(gc_heap *heap);

/* The record's `exercise`. */
typedef struct cell_run cell_run;
json_t *cell_exercise(const cell_run *run);

/* ------------------------------------------------------------------------- *
 * utilisation.c
 * ------------------------------------------------------------------------- */

/* Makes room for intervals and touches that memory, so that no page fault comes
 * later.  A list without room ignores cell_intervals_add. */
void cell_intervals_init(cell_intervals *list);
void cell_intervals_free(cell_intervals *list);
void cell_intervals_add(cell_intervals *list, uint64_t begin, uint64_t end);

/* The record's `mmu` (results/schema.md), for the measured part that has
 * ended. */
json_t *cell_utilisation(const cell_thread *threads,
                         const cell_intervals *foreign);

/* ------------------------------------------------------------------------- *
 * requests.c
 * ------------------------------------------------------------------------- */

/* Whether requests arrive on a schedule of their own, so that nothing may hold
 * up the thread that serves them. */
bool cell_requests_scheduled(void);

/* Bytes that the times of requests took after the baseline was read. */
uint64_t cell_requests_bytes(void);

/* The record's `latency`; NULL if there were no requests. */
json_t *cell_latency(void);

/* Writes the times of the requests to a file as CSV, when the measured part is
 * over.  Of more requests than the file has lines for, a line is the slowest of
 * several that follow each other.  Returns what the record says of the file as
 * `latencies`, new; NULL if there were no requests. */
json_t *cell_requests_write(const char *path);

void cell_requests_finish(void);

/* ------------------------------------------------------------------------- *
 * garbage.c: for workloads that state what is alive (workload.knows_live).  Of
 * another workload, and before cell_garbage_open, the functions do nothing.
 * ------------------------------------------------------------------------- */

/* Lets other threads read what the calling thread has stated. */
void cell_ledger_publish(cell_thread *c);

/* What all threads have stated so far.  `stopped`: no other thread of the
 * workload runs; else their numbers are those of their last steps.  Any thread.
 */
wl_ledger cell_ledger(bool stopped);

/* Begins to follow the run, whose heap is not made yet, from its beginning on:
 * what a collection leaves before the measured part is held in it, too.  To be
 * called before the baseline is read. */
void cell_garbage_open(const wl_run *run);

/* Dead objects that were held at the beginning and the end of a pause;
 * UINT64_MAX: not known. */
typedef struct cell_garbage_change {
  uint64_t before, after;
} cell_garbage_change;

/* gc_listener.reclaims; and a pause was reported, other than of a cascade:
 * the workload has stated nothing in between. */
void cell_garbage_reclaims(void *data);
cell_garbage_change cell_garbage_paused(void);

/* The measured part begins; it has ended, and its last sample was taken. */
void cell_garbage_begin(void);
void cell_garbage_end(void);

/* A sample at the time `now` in the measured part, at which the heap's
 * footprint is given; one thread at a time.  UINT64_MAX: not known. */
typedef struct cell_garbage {
  uint64_t live_objects, live_bytes;
  uint64_t objects; /* dead objects that the heap holds */
  uint64_t most;    /* the most of them since the sample before */
  double area;      /* their number times ns, since the first sample */
} cell_garbage;
cell_garbage cell_garbage_sample(uint64_t now, uint64_t footprint);

/* Gives back the `most` of a sample that was dropped. */
void cell_garbage_most(uint64_t objects);

/* Whether garbage is followed; *objects becomes whether in objects. */
bool cell_garbage_known(bool *objects);

/* The record's `garbage`, but for the curve; NULL if it is not followed. */
json_t *cell_garbage_json(void);

/* Make the run WRONG if what the workload stated as it went differs from its
 * expectation, or what the collector told as it went from what the heap holds:
 * after a collection that left `objects`; and at a step, which may take long,
 * but for what was stated in one step.  cell_garbage_stated is called at the
 * end of each step for that. */
void cell_garbage_stated(const cell_thread *c);
void cell_garbage_expect(wl_expectation e, uint64_t objects);
void cell_garbage_check(gc_heap *heap);

/* ------------------------------------------------------------------------- *
 * curve.c
 * ------------------------------------------------------------------------- */

/* Makes sampling possible; to be called before the baseline is read.  Without
 * this call the other functions do nothing. */
void cell_curve_open(void);

/* Take the samples at the beginning and the end of the measured part. */
void cell_curve_begin(gc_heap *heap, uint64_t now);
void cell_curve_end(gc_heap *heap, uint64_t now);

/* Takes a sample if one is due.  Returns the time that it took, in ns.  Any
 * mutator thread. */
uint64_t cell_curve_sample(gc_heap *heap, uint64_t now);

/* Adds the fields `curve`, `curve_interval` and `curve_cost` to `memory`, and
 * `garbage` and `stability` to the record.  `baseline`: bytes that were
 * resident before the heap was made. */
void cell_curve_record(json_t *record, json_t *memory, uint64_t baseline);

/* ------------------------------------------------------------------------- *
 * paced.c
 * ------------------------------------------------------------------------- */

/* For the listener: keeps what the collector tells of a collection in the
 * measured part.  Any thread. */
void cell_paced(void *data, const gc_paced *paced);

/* Adds the fields `pacing`, `pacing_dropped` and `pacing_over`, if the
 * collector has told of a collection.  After the run. */
void cell_paced_record(json_t *record);

/* ------------------------------------------------------------------------- *
 * phases.c
 * ------------------------------------------------------------------------- */

/* Begins the account, before the baseline is read. */
void cell_phases_open(void);

/* The collector has reported a span, in the measured part. */
void cell_phases_span(const gc_span *s);

/* The calling mutator ends. */
void cell_phases_left(void);

/* The collector has reported a pause, which was asked for at `asked_ns` and of
 * which the last `took` ns are in the measured part.  Returns how many phases
 * it had; *of becomes the first, valid until the thread reports another span.
 */
size_t cell_phases_pause(gc_pause_kind kind, uint64_t asked_ns, uint64_t end_ns,
                         uint64_t took, const gc_span **of);

/* Adds the fields `phases` and `safepoint`, if the collector reports spans. */
void cell_phases_record(json_t *record);

/* ------------------------------------------------------------------------- *
 * timeline.c: what happened when in the measured part, as a file for viewers of
 * traces (docs/timeline.md).  Without cell_timeline_open the other functions do
 * nothing.
 * ------------------------------------------------------------------------- */

/* Makes room for `most` events; before the baseline is read. */
void cell_timeline_open(uint64_t most);

/* What the collector reported in the measured part, as for phases.c.  Any
 * thread. */
void cell_timeline_span(const gc_span *s);
void cell_timeline_pause(gc_pause_kind kind, uint64_t begin_ns, uint64_t end_ns,
                         const gc_span *phases, size_t n,
                         cell_garbage_change garbage);

/* Writes the file, whole or not at all, and adds the field `timeline` to the
 * record.  Once, at the end of the run; other mutators may still run. */
void cell_timeline_write(const cell_run *run, json_t *record);

/* ------------------------------------------------------------------------- *
 * judge.c: the rules of the verdict, as pure functions.  Numbers are objects.
 * ------------------------------------------------------------------------- */

typedef enum cell_status {
  CELL_OK,
  CELL_LEAK,
  CELL_OVER_LIMIT,
  CELL_WRONG,
  CELL_OOM
} cell_status;

typedef struct cell_verdict {
  cell_status status;
  bool declared; /* whether the collector declares this outcome */
  uint64_t leaked;
  char reason[CELL_REASON];
} cell_verdict;

/* How many of `garbage` dead objects a collector may keep beyond its
 * declaration: 0, unless it is conservative.  There a stale word may keep an
 * object with all that the object reaches, so no number is certain; this one is
 * large enough for a few structures and far too small for a leak. */
uint64_t cell_spare(gc_capabilities can, uint64_t garbage);

/* The same for a workload in rounds (leak-rounds.c): the objects of one round,
 * all of which a single stale word can keep if they hang together. */
uint64_t cell_spare_of_round(void);

/* For a conservative collector: overwrites the stale words that finished calls
 * have left below the caller's frame.  A function that collects calls this
 * first, and does its work in a function of its own: otherwise such words are
 * inside its frame, where the collector takes them for references. */
void cell_clear_stack(void);

/* Judges a heap that holds `objects` after a collection, when `e` says what
 * should be alive and `spare` dead objects more are allowed. */
cell_verdict cell_judge(gc_reclaims reclaims, wl_expectation e, uint64_t spare,
                        uint64_t objects);

/* How many dead objects a collector may hold between two collections: those
 * that died since its last collection, when the expectation was `before`, and
 * that it does not reclaim at once.  The expectation now is `e`. */
uint64_t cell_late(gc_capabilities can, wl_expectation before,
                   wl_expectation e);

/* Judges a heap that holds `objects` at a moment when nobody asked for a
 * collection: `late` objects beyond those of `e` are allowed. */
cell_verdict cell_judge_late(gc_reclaims reclaims, wl_expectation e,
                             uint64_t late, uint64_t objects);

/* Judges a heap with the limit `limit` (0: none) whose footprint was `peak` at
 * most.  A collector that holds more than it may (gc_footprint_most) would be
 * compared with others that have less. */
cell_verdict cell_judge_limit(const gc_capabilities *can, uint64_t limit,
                              uint64_t peak);

/* The worse one of the verdict so far, `old`, and of `next`.  Of two failures
 * the earlier one, of two verdicts as declared the later one. */
cell_verdict cell_worse(cell_verdict old, cell_verdict next);

/* How many objects (or bytes) a collector keeps of a heap, by its declaration,
 * when `live` can be reached and `cyclic` are in dead cycles, of `allocated` in
 * all. */
uint64_t cell_remains(gc_reclaims reclaims, uint64_t live, uint64_t cyclic,
                      uint64_t allocated);

/* What the collector is held to in this workload: GC_RECLAIMS_ACYCLIC instead
 * of GC_RECLAIMS_ALL if the workload's cyclic garbage is what ephemerons with
 * weak keys keep. */
gc_reclaims cell_reclaims(gc_capabilities can, const workload *w);

/* How many of `acyclic` and `cyclic` garbage a collector reclaims. */
uint64_t cell_reclaimed(gc_reclaims reclaims, uint64_t acyclic,
                        uint64_t cyclic);

/* ------------------------------------------------------------------------- *
 * verdict.c
 * ------------------------------------------------------------------------- */

/* To be called after gc_heap_destroy: a model that still holds external memory
 * is WRONG.  Production runtimes may leave some to the end of the process. */
void cell_expect_nothing_held(void);

/* The run's verdict at its end, when the heap's limit was `heap_limit` (0:
 * none).  A run that measured nothing or stated no expectation is WRONG.  Any
 * thread. */
cell_verdict cell_verdict_now(uint64_t heap_limit);

/* What the heap held right after the collection of the first expectation that
 * followed the measured part, and that expectation.  False if there was
 * none. */
bool cell_settled(gc_usage *usage, wl_expectation *e);

/* Makes the run's verdict the worse one of itself and `next`.  Any thread. */
void cell_add_verdict(cell_verdict next);

/* Makes the run WRONG, for the reason that is printed.  Any thread. */
void cell_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on gc_heap_check runs at every expectation. */
void cell_check_invariants(void);

/* ------------------------------------------------------------------------- *
 * violation.c
 * ------------------------------------------------------------------------- */

/* The record's `counts` (wl_count); NULL if there are none. */
json_t *cell_counts(void);

/* The record's `coverage` (wl_covered); NULL if there is none. */
json_t *cell_coverage(void);

/* ------------------------------------------------------------------------- *
 * leak-rounds.c
 * ------------------------------------------------------------------------- */

/* Whether a collector that declares prompt = GC_PROMPT_NO reclaimed at once in
 * every one of at least three rounds, which its declaration denies. */
bool cell_reclaims_unasked(void);

/* The record's `leaks`; NULL if the workload has no rounds. */
json_t *cell_leak_rounds(void);

/* ------------------------------------------------------------------------- *
 * planned.c
 * ------------------------------------------------------------------------- */

/* The run that the options ask for.  Ends the process by cell_usage if this
 * collector cannot do such a run. */
cell_run cell_plan_run(const cell_options *options);

/* ------------------------------------------------------------------------- *
 * record.c
 * ------------------------------------------------------------------------- */

/* The facts of a run for its record, filled in by planned.c and main.c. */
struct cell_run {
  wl_run wl;
  const cell_options *options;
  uint64_t heap_limit, must_hold;
  bool coarse; /* the limit, for this collector (cell_parse_heap) */
  wl_volume volume;
  uint64_t baseline; /* bytes, VmRSS before the heap was made */
  bool peak_reset;
  json_t *counters;
};

/* The record of a run that ended (cell_record), and of a run that was cut short
 * because memory ran out or an oracle found a violation (cell_record_short). */
json_t *cell_record(const cell_run *run, const cell_verdict *verdict);
json_t *cell_record_short(const cell_run *run, const cell_verdict *verdict);

/* What the collector counts (gc_heap_counters), by name.  The caller owns it.
 */
json_t *cell_counters(gc_heap *heap);

/* Writes a record with status OOM and ends the process.  Any thread. */
_Noreturn void cell_out_of_memory(const char *reason);

/* Writes `json` as one line.  The text is composed in memory first.  Ends the
 * process by cell_die if writing fails. */
void cell_write(const json_t *json, int fd);

/* ------------------------------------------------------------------------- *
 * main.c
 * ------------------------------------------------------------------------- */

/* Writes a short record with this verdict and ends the process.  Adds
 * `violation`, unless it is NULL, and takes over the caller's reference to it.
 * Any thread. */
_Noreturn void cell_end(const cell_verdict *verdict, json_t *violation);

#endif
