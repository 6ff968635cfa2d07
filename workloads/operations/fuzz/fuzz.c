/* fuzz.c: the workload `fuzz`: random operations over the whole mutator
 * interface, compared in step with a shadow heap (executor.h).
 *
 * Operations and short programs of them are drawn by weights (actions.h). Every
 * `every` operations finalizers run and everything is compared (checkpoint.h).
 *
 * schedule=turns: one of the threads works at a time, and the generator decides
 * which one, so that a seed repeats a run whatever the scheduler of the
 * operating system does.  schedule=free: threads run beside each other, and a
 * run does not repeat; which thread may touch which object is described in
 * ownership.h.
 *
 * With --input, choices are read from a file instead of a random generator, and
 * the run ends with the file: the form that fuzzing engines mutate (fuzz.h).
 *
 * Not for measuring: the shadow heap and the comparisons cost far more than the
 * collector. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "actions.h"
#include "basics.h"
#include "loans.h"
#include "mutators.h"

enum {
  OPS,
  SCHEDULE,
  EVERY,
  LIVE,
  FINALIZABLE,
  WEAK,
  DEEPEST,
  COLLECTIONS,
  INSPECT,
  ORACLE,
  SCARCE
};
enum { TURNS, FREE };
static const char *const schedules[] = {"turns", "free", NULL};

/* ------------------------------------------------------------------------- *
 * One run, from an empty heap to one in which nothing can be reached.
 * ------------------------------------------------------------------------- */

/* The settings are in `f`. */
static void open_fuzz(fuzz *f, wl_thread *t, unsigned oracles,
                      uint64_t inspect) {
  f->run = t->run;
  executor_open(&f->x, t, oracles, inspect, f->parallel);
  turns_open(&f->turns, f->threads);
  turns_admit(&f->turns, f->threads - 1);
  f->actors = own_memory(f->threads, sizeof *f->actors);
  f->sources = own_memory(f->threads, sizeof *f->sources);
  for (unsigned i = 0; i < f->threads; i++)
    f->actors[i] = (actor){
        .f = f, .number = i, .source = &f->sources[f->parallel ? i : 0]};
  f->sources[0].random = t;
  f->to_check = (int64_t)f->every;
  f->alive = 1;
}

static void run_fuzz(fuzz *f, wl_thread *t) {
  actor *a = &f->actors[0];
  mutator_begin(a, t);
  program_commons(a);
  if (f->deepest)
    program_list(a, (uint32_t)f->deepest);
  if (f->parallel)
    turns_give_up(&f->turns, TURNS_NOBODY);
  while (f->alive < f->threads && !f->quit)
    action_start(a);
  if (f->parallel)
    mutator_run_beside(a);
  else
    mutator_take_turns(a);
  mutator_end_others(a);

  executor_stand(&a->x, true);
  f->parallel = f->x.parallel = false;
  mutator_drop_frames(a);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    if (shadow_global(f->x.shadow, g))
      emit1(a, TRACE_GLOBAL_CLEAR, g);
  for (uint32_t l = 0; l < GC_TLS; l++)
    if (shadow_tls(a->x.shadow, l))
      emit1(a, TRACE_TLS_CLEAR, l);
  emit1(a, TRACE_CHECK, 0);
  executor_check(&a->x, turns_each, &(turns_call){&f->turns, t, 0});
}

static void close_fuzz(fuzz *f) {
  turns_sit(&f->turns, 0, NULL);
  executor_detach(&f->actors[0].x);
  executor_close(&f->x);
  turns_close(&f->turns);
  free(f->sources);
  free(f->actors);
}

void fuzz_bytes(wl_thread *t, const uint8_t *bytes, size_t n) {
  fuzz f = {.every = 200,
            .live = 500,
            .finalizable = 60,
            .weak = 60,
            .collections = true,
            .left = INT64_MAX,
            .threads = 1};
  static const uint8_t none;
  open_fuzz(&f, t, ORACLE_ALL, 50);
  f.sources[0].next = n ? bytes : &none; /* engines may pass NULL */
  f.sources[0].end = f.sources[0].next + n;
  run_fuzz(&f, t);
  close_fuzz(&f);
}

/* ------------------------------------------------------------------------- *
 * The run.
 * ------------------------------------------------------------------------- */

/* The bytes of a file, to be freed.  Exits with 2 if it cannot be read. */
static uint8_t *read_bytes(const char *path, size_t *n) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = NULL;
  size_t room = 0, got;
  *n = 0;
  do {
    room = 2 * room + 4096;
    bytes = realloc(bytes, room);
    if (!file || !bytes)
      break;
    got = fread(bytes + *n, 1, room - *n, file);
    *n += got;
  } while (got > 0);
  if (!file || !bytes || ferror(file)) {
    fprintf(stderr, "fuzz: --input %s: %s\n", path, strerror(errno));
    exit(2);
  }
  fclose(file);
  return bytes;
}

/* The kinds of operations that must occur, a bit each: in a long run all that
 * the collector and the parameters allow. */
static uint64_t expected(const fuzz *f, uint64_t operations) {
  const gc_capabilities *can = &gc_this_collector.can;
  if (operations < 200000 || f->sources[0].end)
    return 0;
  uint64_t kinds = ((uint64_t)1 << TRACE_DEAD) - 1;
#define WITHOUT(NAME) kinds &= ~((uint64_t)1 << TRACE_##NAME)
  if (f->threads == 1) {
    WITHOUT(ATTACH);
    WITHOUT(DETACH);
  }
  if (f->schedule == TURNS) {
    WITHOUT(LOCK);
    WITHOUT(UNLOCK);
  }
  if (!can->weak || f->weak == 0) {
    WITHOUT(WEAK_NEW);
    WITHOUT(WEAK_GET);
  }
  if (!can->ephemerons || f->weak == 0) {
    WITHOUT(EPHEMERON_NEW);
    WITHOUT(EPHEMERON_GET);
  }
  if (!can->finalizers)
    WITHOUT(FINALIZER_NEXT);
  if (!can->external)
    WITHOUT(EXTERNAL);
#undef WITHOUT
  return kinds;
}

/* Leaves external memory of a live object to the end of the heap, if there is
 * room. */
static void leave_owner(gc_mutator *m) {
  gc_reg r = gc_frame_enter(m, 1, 0);
  if (gc_this_collector.can.external &&
      gc_try_new(m, r, (gc_shape){1, 8}, GC_PLAIN) && gc_try_external(m, r, 1))
    gc_global_store(m, 0, r);
  gc_frame_leave(m, r, 1, 0);
}

static void run(wl_thread *t) {
  fuzz f = {.ops = wl_get(t, OPS),
            .schedule = wl_get(t, SCHEDULE),
            .every = wl_get(t, EVERY),
            .live = wl_get(t, LIVE),
            .finalizable = wl_get(t, FINALIZABLE),
            .weak = wl_get(t, WEAK),
            .deepest = wl_get(t, DEEPEST),
            .collections = wl_get(t, COLLECTIONS),
            .left = (int64_t)wl_get(t, OPS),
            .threads = t->run->threads};
  f.parallel = f.schedule == FREE && f.threads > 1;
  uint8_t *bytes = NULL;
  open_fuzz(&f, t, executor_oracle_bits(wl_get(t, ORACLE)), wl_get(t, INSPECT));
  if (t->run->input) {
    size_t n;
    if (f.parallel) {
      fputs("fuzz: --input is for schedule=turns\n", stderr);
      exit(2);
    }
    bytes = read_bytes(t->run->input, &n);
    f.sources[0].next = bytes;
    f.sources[0].end = bytes + n;
    f.left = INT64_MAX;
  }
  wl_begin(t);
  run_fuzz(&f, t);
  wl_step(t, 0, f.x.clock);
  wl_end(t);
  executor_conclude(&f.actors[0].x, expected(&f, f.x.clock));
  executor_judge_failed(&f.x, t, wl_get(t, SCARCE));
  for (unsigned i = 0; i < f.threads; i++)
    actions_record(t, &f.sources[i]);
  close_fuzz(&f);
  leave_owner(t->m);
  free(bytes);
}

/* An estimate, since the choices decide how much is alive. */
static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t object = 400;
  return (wl_volume){.live = 2 * p[LIVE] * object + (8 << 20),
                     .cyclic = p[OPS] / 8 * object,
                     .allocated = p[OPS] / 3 * object + (32 << 20)};
}

const workload workload_fuzz = {
    .name = "fuzz",
    .cyclic_pairs = true,
    .summary =
        "random operations compared with a shadow heap (for correctness)",
    .source = "model-based random testing; swarm testing (ISSTA 2012)",
    .unit = "operations",
    .steps = {"all"},
    .params =
        {{"ops", "operations", 200000, 0, 1ull << 40, NULL},
         {"schedule", "threads take turns, or run freely beside each other",
          TURNS, 0, 0, schedules},
         {"every", "operations between checks", 5000, 10, 1 << 30, NULL},
         {"live", "objects that may be alive after a check, about", 4000, 10,
          1 << 22, NULL},
         {"finalizable", "finalizable objects, per mille of new objects", 20, 0,
          500, NULL},
         {"weak", "weak references and ephemerons, per mille of new objects",
          60, 0, 500, NULL},
         {"deep",
          "objects of the longest lists, the first of which is made at "
          "once; 0: by `ops`",
          0, 0, 1 << 20, NULL},
         {"collections",
          "1: some collections are requested between checks; 0: none", 1, 0, 1,
          NULL},
         {"inspect",
          "operations between two calls of gc_heap_check, at least, while "
          "threads take turns; 0: at checks only",
          300, 0, 1 << 30, NULL},
         {"oracle", "which comparisons are made", 0, 0, 0, executor_oracles},
         {"scarce",
          "1: allocations may fail for want of room; 0: the verdict is OOM "
          "then",
          0, 0, 1, NULL}},
    .needs = WL_TAKES_THREADS,
    .volume = volume,
    .run = run};
