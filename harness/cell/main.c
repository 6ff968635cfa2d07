/* main.c: main() of every collector program.  It carries out one run, from the
 * command line to the record. */
#include "cell.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gbench.h"
#include "harness/base/say.h"
#include "harness/record/record.h"

/* The run of this process; NULL while there is no run to record. */
static cell_run *current;

/* ------------------------------------------------------------------------- *
 * Ends of a run before its workload has ended.
 * ------------------------------------------------------------------------- */

void cell_end(const cell_verdict *verdict, json_t *violation) {
  /* Other mutators still run, and may get here, too: the first one writes the
   * record, the others wait for the end of the process. */
  static bool taken;
  while (__atomic_exchange_n(&taken, true, __ATOMIC_ACQ_REL))
    pause();
  if (!current)
    cell_die("%s", verdict->reason);
  json_t *record = cell_record_short(current, verdict);
  if (violation)
    json_object_set_new(record, "violation", violation);
  cell_timeline_write(current, record);
  cell_write(record, (int)current->options->record_fd);
  _exit(0);
}

void gc_out_of_memory(gc_mutator *m, gc_shape shape) {
  if (!m)
    cell_out_of_memory("no room for the collector's own lists");
  char reason[CELL_REASON];
  size_t n = (size_t)snprintf(reason, sizeof reason,
                              "no room for an object of %" PRIu32
                              " slots and %" PRIu32 " bytes",
                              shape.slots, shape.bytes);
  if (current)
    snprintf(reason + n, sizeof reason - n,
             ", with %" PRIu64 " bytes held and a limit of %" PRIu64,
             gc_heap_footprint(current->wl.heap).bytes, current->heap_limit);
  cell_out_of_memory(reason);
}

/* ------------------------------------------------------------------------- *
 * A run.
 * ------------------------------------------------------------------------- */

/* The run as Google Benchmark sees it: one iteration that took the measured
 * time. */
static void run_body(gb_state *st, void *data) {
  cell_thread *main_thread = data;
  for (uint64_t n = gb_begin(st); n > 0; n--)
    main_thread->wl.run->workload->run(&main_thread->wl);
  gb_end(st);
  gb_set_iteration_time(st, (double)cell_measurement.wall * 1e-9);
  gb_set_counter(st, "ops", (double)main_thread->ops, GB_PLAIN);
}

static void run_workload(cell_thread *main_thread) {
  const gb_config config = {.name = main_thread->wl.run->workload->name,
                            .iterations = 1,
                            .clock = GB_MANUAL_TIME};
  const char *error = gb_register(&config, run_body, main_thread);
  if (error)
    cell_die("cannot register the run: %s", error);
  if (gb_run(NULL, NULL, NULL) != 0)
    cell_die("the timing engine failed");
  gb_unregister_all();
}

static void *run(void *data) {
  const cell_options *options = data;
  cell_run run = cell_plan_run(options);
  if (options->check) {
    cell_check_invariants();
    cell_steps_checked();
  }

  /* The thread is bound before it allocates anything that the run touches, so
   * that this memory is near its processor. */
  cell_binding_init(options->pin, run.wl.threads);
  cell_bind_self(0);
  cell_thread *main_thread = cell_threads_init(&run.wl);
  const gc_config config = {
      .heap_limit = run.heap_limit,
      .listener = options->instrument ? cell_listener(options->timeline != NULL)
                                      : GC_NULL_LISTENER};
  if (options->instrument) {
    cell_curve_open();
    cell_garbage_open(&run.wl);
    if (options->timeline)
      cell_timeline_open(options->timeline_events);
  } else {
    cell_steps_off();
  }
  run.peak_reset = cell_reset_peak();
  run.baseline = cell_read_resident().now;
  run.wl.heap = gc_heap_create(&config);
  if (!run.wl.heap)
    cell_die("cannot reserve memory for the heap");
  current = &run;
  cell_attach(main_thread);

  run_workload(main_thread);

  run.counters = cell_counters(run.wl.heap);
  cell_detach(main_thread);
  gc_heap_destroy(run.wl.heap);
  cell_expect_nothing_held();
  cell_verdict verdict = cell_verdict_now(run.heap_limit);

  json_t *record = cell_record(&run, &verdict);
  cell_timeline_write(&run, record);
  json_t *latencies =
      options->latencies ? cell_requests_write(options->latencies) : NULL;
  if (latencies)
    json_object_set_new(record, "latencies", latencies);
  cell_write(record, (int)options->record_fd);
  json_decref(record);
  json_decref(run.counters);
  cell_requests_finish();
  cell_threads_finish();
  cell_binding_finish();
  return NULL;
}

int main(int argc, char **argv) {
  say_begin();
  cell_options options = cell_read_options(argc, argv);
  /* A driver that is killed cannot stop this program, and nobody would read the
   * record: a run that hangs must not outlive the driver. */
  if (options.record_fd != STDOUT_FILENO)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  json_t *json = NULL;
  switch (options.mode) {
  case CELL_DESCRIBE:
    json = cell_describe();
    break;
  case CELL_VOLUME:
    json = cell_volumes(options.workloads, (unsigned)options.threads,
                        options.seed);
    break;
  case CELL_RUN:
    cell_main_thread(run, &options);
    break;
  case CELL_MICRO:
    cell_binding_init(options.pin, 1);
    cell_bind_self(0);
    json = cell_micro(options.primitives, options.min_time);
    cell_binding_finish();
    break;
  case CELL_MICRO_FIXED:
    cell_micro_fixed(options.primitives, options.iterations);
    break;
  case CELL_NO_MODE:
    break;
  }
  if (json)
    cell_write(json, (int)options.record_fd);
  json_decref(json);
  return 0;
}
