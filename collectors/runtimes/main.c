/* main.c: main() of the launchers: one run of a runtime that cannot be
 * embedded, from the command line to the record.
 *
 * The cell runtime (harness/cell) does the rest, as in all collector programs:
 * this file puts what the replayer printed where the cell runtime keeps what it
 * measured itself. */
#include "harness/cell/cell.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/say.h"
#include "harness/record/record.h"
#include "launch.h"
#include "trace.h"

/* Memory of a runtime that is no heap: the code of its compiler, and the memory
 * of the compiler while it compiles. */
enum { CODE_BYTES = 128 << 20 };

/* ------------------------------------------------------------------------- *
 * The heap, which is in another process.  Here is what was told of it.
 * ------------------------------------------------------------------------- */

struct gc_heap {
  uint64_t objects;
  gc_footprint footprint;
  gc_counter counters[CELL_COUNTERS];
  size_t counters_count;
};
static gc_heap heap;

gc_heap *gc_heap_create(const gc_config *config) {
  (void)config;
  return &heap;
}

void gc_heap_destroy(gc_heap *h) {
  (void)h;
}

uint64_t gc_heap_objects(gc_heap *h) {
  return h->objects;
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  return h->footprint;
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  size_t n = h->counters_count < room ? h->counters_count : room;
  memcpy(out, h->counters, n * sizeof *out);
  return n;
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  return NULL;
}

/* No mutator is in this process. */
gc_mutator *gc_thread_attach(gc_heap *h) {
  (void)h;
  return NULL;
}

void gc_thread_detach(gc_mutator *m) {
  (void)m;
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

void gc_collect(gc_mutator *m) {
  (void)m;
}

/* ------------------------------------------------------------------------- *
 * What the replayer prints.
 * ------------------------------------------------------------------------- */

enum { NAMES = 64 }; /* of phases; those of a runtime are far fewer */

/* A pause, or a phase of the next pause. */
typedef struct told {
  gc_span span;
  bool is_pause;
} told;

typedef struct sink {
  cell_thread *slot;
  gc_listener pauses;
  /* Pauses are told when the beginning of the measured part is known. */
  told *items;
  size_t count, room;
  const char *names[NAMES];
} sink;

static void on_step(void *data, uint64_t ns) {
  sink *s = data;
  hist_add(&s->slot->steps[0], ns);
}

static void keep(sink *s, told item) {
  if (s->count == s->room) {
    s->room = 2 * s->room + 1024;
    s->items = realloc(s->items, s->room * sizeof *s->items);
    if (!s->items)
      cell_die("no memory for pauses");
  }
  s->items[s->count++] = item;
}

static void on_pause(void *data, uint64_t begin, uint64_t end) {
  keep(data, (told){{.begin_ns = begin, .end_ns = end}, true});
}

/* The name, for as long as the process lasts. */
static const char *lasting(sink *s, const char *name) {
  size_t i = 0;
  while (i + 1 < NAMES && s->names[i] && strcmp(s->names[i], name) != 0)
    i++;
  if (!s->names[i] && !(s->names[i] = strdup(name)))
    cell_die("no memory for names of phases");
  return s->names[i];
}

static void on_phase(void *data, uint64_t begin, uint64_t end,
                     const char *name) {
  const gc_span_kind kind =
      strcmp(name, "stopping") ? GC_SPAN_PHASE : GC_SPAN_STOPPING;
  keep(data, (told){{.kind = kind,
                     .name = lasting(data, name),
                     .begin_ns = begin,
                     .end_ns = end},
                    false});
}

static void on_counter(void *data, const char *name, uint64_t value) {
  (void)data;
  if (heap.counters_count < CELL_COUNTERS)
    heap.counters[heap.counters_count++] = (gc_counter){name, value};
}

static void on_wrong(void *data, const char *text) {
  (void)data;
  cell_wrong("%s", text);
}

/* Of a pause that began or ended outside the measured part, the rest counts,
 * and so of its phases. */
static void tell_pauses(sink *s, const replay *r) {
  for (size_t i = 0; i < s->count && s->pauses.pause; i++) {
    gc_span span = s->items[i].span;
    if (span.begin_ns >= r->clock_end || span.end_ns <= r->clock_begin)
      continue;
    if (span.end_ns > r->clock_end)
      span.end_ns = r->clock_end;
    if (s->items[i].is_pause)
      s->pauses.pause(s->pauses.data, GC_PAUSE_STOP, span.begin_ns,
                      span.end_ns);
    else if (s->pauses.span)
      s->pauses.span(s->pauses.data, &span);
  }
  free(s->items);
}

/* Of two readings, the second less the first. */
static void take_state(cell_measured *x, const replay *r) {
  const process_state *a = &r->begin, *b = &r->end;
  x->cpu = b->cpu - a->cpu;
  x->system = b->system - a->system;
  x->system = x->system < x->cpu ? x->system : x->cpu;
  x->user = x->cpu - x->system;
  x->minor_faults = b->minor_faults - a->minor_faults;
  x->major_faults = b->major_faults - a->major_faults;
  /* Those of threads that have ended are gone. */
  x->voluntary = b->voluntary > a->voluntary ? b->voluntary - a->voluntary : 0;
  x->involuntary =
      b->involuntary > a->involuntary ? b->involuntary - a->involuntary : 0;
  x->resident = (cell_resident){b->resident, b->peak};
  /* What reclaims nothing still has the garbage of the warm-up. */
  uint64_t grown =
      a->resident > r->ready.resident ? a->resident - r->ready.resident : 0;
  if (gc_this_collector.can.reclaims == GC_RECLAIMS_NOTHING)
    x->resident.peak -= grown < b->peak - r->ready.resident
                            ? grown
                            : b->peak - r->ready.resident;
}

static void take_replay(const replay *r, const trace_prepared *head, sink *s) {
  cell_measured *x = &cell_measurement;
  x->begun = x->ended = true;
  x->own_memory = CODE_BYTES;
  x->begin = r->clock_begin;
  x->end = r->clock_end;
  x->instrument = r->instrument;
  x->skipped = r->skipped;
  x->wall = r->clock_end - r->clock_begin - r->instrument - r->skipped;
  x->footprint = heap.footprint =
      (gc_footprint){r->footprint, r->footprint_peak};
  x->usage =
      (gc_usage){GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN};
  x->run_delay = r->delayed + r->own_delay;
  take_state(x, r);
  s->slot->ops = head->operations;
  s->slot->delayed = r->delayed;
  s->slot->own_delay = r->own_delay;
  __atomic_store_n(&cell_measuring_flag, true, __ATOMIC_RELEASE);
  tell_pauses(s, r);
  __atomic_store_n(&cell_measuring_flag, false, __ATOMIC_RELEASE);
}

/* ------------------------------------------------------------------------- *
 * A run.
 * ------------------------------------------------------------------------- */

/* The run of this process; NULL while there is no run to record. */
static cell_run *current;

void cell_end(const cell_verdict *verdict, json_t *violation) {
  if (!current)
    cell_die("%s", verdict->reason);
  json_decref(violation);
  cell_write(cell_record_short(current, verdict),
             (int)current->options->record_fd);
  exit(0);
}

void gc_out_of_memory(gc_mutator *m, gc_shape shape) {
  (void)m, (void)shape;
  cell_out_of_memory("no room");
}

/* The short record of a run whose runtime had no room. */
_Noreturn static void end_without_room(const replay *r) {
  const cell_verdict v = {.status = CELL_OOM,
                          .reason = "the runtime found no room for an object"};
  current->baseline = r->ready.resident;
  json_t *record = cell_record_short(current, &v);
  json_object_set_new(json_object_get(record, "memory"), "peak",
                      record_integer(r->peak));
  cell_write(record, (int)current->options->record_fd);
  exit(0);
}

/* The replayer ended before it had printed everything: of want of memory, or as
 * a crash, which this process repeats, so that the driver sees it. */
_Noreturn static void end_early(const replay *r) {
  if (runtime_ran_out(r->status, r->errors))
    end_without_room(r);
  char *last = strdup(r->errors);
  size_t n = last ? strlen(last) : 0;
  while (n && last[n - 1] == '\n')
    last[--n] = 0;
  const char *line = n && strrchr(last, '\n') ? strrchr(last, '\n') + 1 : last;
  if (line && *line)
    say("%s", line);
  if (WIFSIGNALED(r->status)) {
    signal(WTERMSIG(r->status), SIG_DFL);
    raise(WTERMSIG(r->status));
  }
  if (!line || !*line)
    say("the replayer ended early, with status %d", WEXITSTATUS(r->status));
  exit(EXIT_SOME_FAILED);
}

static void judge(wl_thread *t, const replay *r, const trace_prepared *head) {
  bool reclaims = gc_this_collector.can.reclaims != GC_RECLAIMS_NOTHING;
  wl_check(t, r->payloads == head->payloads,
           "payloads add up to %" PRIu64 ", not %" PRIu64, r->payloads,
           head->payloads);
  wl_check(t, r->lost == 0, "%" PRIu64 " of the watched objects are lost",
           r->lost);
  heap.objects = reclaims ? head->end_objects + r->left : head->objects;
  wl_expectation e = {.live = head->end_objects,
                      .cyclic = head->cyclic_objects,
                      .allocated = head->objects,
                      .bytes = head->end_bytes};
  wl_expect(t, e);
  heap.objects = reclaims ? r->kept : head->objects;
  e.live = 0;
  e.cyclic += head->end_cyclic_objects;
  wl_expect(t, e);
}

/* The slots of the trace's threads: as many as run at a time. */
static cell_thread *make_slots(cell_run *run, uint64_t mutators) {
  unsigned threads = run->wl.threads;
  run->wl.threads = (unsigned)mutators;
  cell_thread *first = cell_threads_init(&run->wl);
  run->wl.threads = threads;
  cell_thread *c = cell_threads();
  for (uint64_t i = 0; c && i < mutators; i++, c = c->next)
    c->used = true;
  return first;
}

/* The runtime places its threads: it may use all processors of this process, or
 * those that --pin lists. */
static void place(const char *pin) {
  bool listed = strcmp(pin, "auto") && strcmp(pin, "none");
  cell_binding_init(listed ? pin : "none", 1);
  cell_bind_self(0);
}

static void run(const cell_options *options) {
  cell_run run = cell_plan_run(options);
  char error[TRACE_ERROR];
  static compiled words;
  if (!compile_trace(trace_path(&run.wl), true, &words, error))
    cell_usage("%s", error);
  place(options->pin);
  cell_thread *slot = make_slots(&run, words.head.mutators);
  if (!options->instrument)
    cell_steps_off();
  else
    cell_delay_open(slot);
  run.wl.heap = &heap;
  current = &run;

  sink s = {.slot = slot};
  if (options->instrument)
    s.pauses = cell_listener(false);
  const replay_listener listener = {.step = on_step,
                                    .pause = on_pause,
                                    .phase = on_phase,
                                    .counter = on_counter,
                                    .wrong = on_wrong,
                                    .data = &s};
  replay r = {0};
  command c = {0};
  runtime_command(&c, run.heap_limit, &words.head, options->instrument);
  cell_exercise_begin(&heap);
  launch(&c, &words, options->instrument, &r, &listener);
  if (!r.done)
    end_early(&r);
  take_replay(&r, &words.head, &s);
  run.baseline = r.ready.resident;
  run.peak_reset = r.peak_reset;
  cell_exercise_end(&heap);
  judge(&slot->wl, &r, &words.head);

  run.counters = cell_counters(&heap);
  cell_verdict verdict = cell_verdict_now(run.heap_limit);
  json_t *record = cell_record(&run, &verdict);
  cell_write(record, (int)options->record_fd);
  json_decref(record);
  json_decref(run.counters);
}

int main(int argc, char **argv) {
  say_begin();
  cell_options options = cell_read_options(argc, argv);
  if (options.record_fd != STDOUT_FILENO)
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* as harness/cell/main.c */
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
    run(&options);
    break;
  case CELL_MICRO:
  case CELL_MICRO_FIXED:
    cell_micro(NULL, 0);
  case CELL_NO_MODE:
    break;
  }
  if (json)
    cell_write(json, (int)options.record_fd);
  json_decref(json);
  return 0;
}
