/* micro.c: the cost of each primitive of the mutator interface.  Compiled once
 * per collector, because the inline half is what it times.
 *
 * A primitive is one line of the table below and becomes a function that holds
 * nothing but its loop.  --micro times the loops with Google Benchmark;
 * --micro-fixed runs them a fixed number of times, for a tool outside that
 * counts instructions. */
#include "cell.h"

#include <stdio.h>
#include <string.h>

#include "gbench.h"
#include "harness/record/record.h"
#include "harness/stats/summary.h"
#include "harness/base/words.h"

/* The registers of the frame that the loops use. */
enum {
  HOLDER,  /* an object that holds VALUE in slot 0 */
  VALUE,   /* another object, alive throughout */
  OTHER,   /* refers to VALUE as well */
  WEAK,    /* a weak reference to VALUE, if the collector has weak references */
  SCRATCH, /* null at first */
  OWNING,  /* number of owning registers */
  BORROWED = OWNING, /* null at first */
  BORROWING = 1
};

/* Allocates an object into `r` and drops the object that was there. */
static inline void allocate(gc_mutator *m, gc_reg r, gc_shape shape) {
  if (GC_EXPLICIT_FREE && !gc_is_null(m, r))
    gc_free(m, r);
  gc_new(m, r, shape, GC_PLAIN);
}

/* One line for each primitive, X(symbol, name, per, weak, slots, bytes,
 * operation):
 *   per            operations in one iteration
 *   weak           whether it needs weak references
 *   slots, bytes   `shape`, what an operation allocates; 0, 0: nothing
 *   operation      the code, on mutator m and frame f
 * `loop` is the loop without an operation; its cost is part of all the others.
 * An operation that allocates drops the previous object, so that death is part
 * of the cost.  An operation that empties its operand comes with one that
 * refills it: a copy for store-take, a move back for move. */
#define PRIMITIVES(X)                                                          \
  X(loop, "loop", 1, false, 0, 0, (void)0)                                     \
  X(alloc, "alloc", 1, false, 2, 8, allocate(m, f + SCRATCH, shape))           \
  X(alloc_leaf, "alloc-leaf", 1, false, 0, 16,                                 \
    allocate(m, f + SCRATCH, shape))                                           \
  X(alloc_256, "alloc-256", 1, false, 4, 216, allocate(m, f + SCRATCH, shape)) \
  X(load, "load", 1, false, 0, 0, gc_load(m, f + SCRATCH, f + HOLDER, 0))      \
  X(borrow, "borrow", 1, false, 0, 0,                                          \
    gc_borrow(m, f + BORROWED, f + HOLDER, 0))                                 \
  X(store, "store", 1, false, 0, 0, gc_store(m, f + HOLDER, 0, f + VALUE))     \
  X(copy, "copy", 1, false, 0, 0, gc_copy(m, f + SCRATCH, f + VALUE))          \
  X(store_take, "copy-store-take", 1, false, 0, 0,                             \
    gc_copy(m, f + SCRATCH, f + VALUE);                                        \
    gb_clobber(); gc_store_take(m, f + HOLDER, 0, f + SCRATCH))                \
  X(move, "move", 2, false, 0, 0, gc_move(m, f + SCRATCH, f + OTHER);          \
    gb_clobber(); gc_move(m, f + OTHER, f + SCRATCH))                          \
  X(weak_get, "weak-get", 1, true, 0, 0,                                       \
    gc_weak_get(m, f + SCRATCH, f + WEAK))                                     \
  X(weak_new, "weak-new", 1, true, 0, 24,                                      \
    gc_weak_new(m, f + SCRATCH, f + VALUE))                                    \
  X(frame, "frame", 1, false, 0, 0, gc_reg g = gc_frame_enter(m, 2, 1);        \
    gb_clobber(); gc_frame_leave(m, g, 2, 1))                                  \
  X(safepoint, "safepoint", 1, false, 0, 0, gc_safepoint(m))

typedef void loop(gc_mutator *m, gc_reg f, uint64_t n);

typedef struct primitive {
  const char *name;
  loop *run;
  unsigned per;
  bool weak;
  gc_shape shape;
} primitive;

/* The empty loop is subtracted from the others (programs/floor.c), so none of
 * them may be unrolled: from gcc 13 on the empty one would be, and they not. */
#ifdef __clang__
#define KEEP_ROLLED _Pragma("nounroll")
#else
#define KEEP_ROLLED _Pragma("GCC unroll 1")
#endif

/* The clobber tells the compiler that memory may have changed, so each
 * iteration reads and writes memory anew.  It costs no instruction. */
#define DEFINE_LOOP(symbol, name, per, weak, slots, bytes, operation)          \
  static void run_##symbol(gc_mutator *m, gc_reg f, uint64_t n) {              \
    const gc_shape shape = {slots, bytes};                                     \
    (void)shape, (void)m, (void)f;                                             \
    KEEP_ROLLED                                                                \
    for (; n > 0; n--) {                                                       \
      operation;                                                               \
      gb_clobber();                                                            \
    }                                                                          \
  }
PRIMITIVES(DEFINE_LOOP)

#define ENTRY(symbol, name, per, weak, slots, bytes, operation)                \
  {name, run_##symbol, per, weak, {slots, bytes}},
static const primitive primitives[] = {PRIMITIVES(ENTRY)};
enum { COUNT = sizeof primitives / sizeof primitives[0] };

#define NAME(symbol, name, ...) name,
const char *const cell_primitives[] = {PRIMITIVES(NAME) NULL};

/* ------------------------------------------------------------------------- *
 * The choice of primitives, and their heap.
 * ------------------------------------------------------------------------- */

/* Marks the primitives that a list names; NULL names all. */
static void choose(const char *list, bool *chosen) {
  for (size_t i = 0; i < COUNT; i++)
    chosen[i] = !list;
  word_list words = list ? words_split(list) : (word_list){0};
  for (size_t k = 0; k < words.count; k++) {
    const char *word = words.words[k];
    size_t i = 0;
    while (i < COUNT && strcmp(primitives[i].name, word) != 0)
      i++;
    if (i == COUNT) {
      char hint[400];
      cell_usage(
          "unknown primitive '%s'%s", word,
          words_choices(hint, sizeof hint, word, cell_primitives, COUNT));
    }
    chosen[i] = true;
  }
}

/* Why this collector cannot run a primitive, or NULL. */
static const char *missing(const primitive *p) {
  return p->weak && !gc_this_collector.can.weak ? "no weak references" : NULL;
}

/* Nominal bytes that an operation allocates. */
static uint64_t allocates(const primitive *p) {
  return p->shape.slots || p->shape.bytes ? gc_shape_bytes(p->shape) : 0;
}

static gc_mutator *make_mutator(gc_heap **heap) {
  *heap = gc_heap_create(&(gc_config){.listener = GC_NULL_LISTENER});
  gc_mutator *m = *heap ? gc_thread_attach(*heap) : NULL;
  if (!m)
    cell_die("cannot reserve memory for the heap");
  return m;
}

static void end_mutator(gc_heap *heap, gc_mutator *m) {
  gc_thread_detach(m);
  gc_heap_destroy(heap);
}

static gc_reg enter(gc_mutator *m) {
  const gc_shape shape = {2, 8};
  gc_reg f = gc_frame_enter(m, OWNING, BORROWING);
  gc_new(m, f + HOLDER, shape, GC_PLAIN);
  gc_new(m, f + VALUE, shape, GC_PLAIN);
  gc_store(m, f + HOLDER, 0, f + VALUE);
  gc_copy(m, f + OTHER, f + VALUE);
  if (gc_this_collector.can.weak)
    gc_weak_new(m, f + WEAK, f + VALUE);
  return f;
}

static void leave(gc_mutator *m, gc_reg f) {
  gc_frame_leave(m, f, OWNING, BORROWING);
}

/* ------------------------------------------------------------------------- *
 * --micro
 * ------------------------------------------------------------------------- */

enum { REPETITIONS = 5 };

/* Nominal bytes that all loops together may allocate in a collector that
 * reclaims nothing. */
static const uint64_t allocation_max = 256 << 20;

/* A primitive being timed. */
typedef struct timing {
  const primitive *p;
  gc_mutator *m;
  uint64_t iterations;    /* of a repetition */
  double ns[REPETITIONS]; /* for one operation */
} timing;

static void time_loop(gb_state *st, void *data) {
  timing *t = data;
  gc_reg f = enter(t->m);
  uint64_t n = gb_begin(st);
  t->p->run(t->m, f, n);
  gb_end(st);
  leave(t->m, f);
}

static void take_row(const gb_row *row, void *data) {
  timing *t = data;
  if (row->error)
    cell_die("%s: %s", row->name, row->error);
  if (row->aggregate)
    return;
  t->iterations = row->iterations;
  t->ns[row->repetition] = row->cpu_ns / t->p->per;
}

/* Measures CPU time of all threads: it includes the work that the collector
 * does on other threads, and excludes waiting for a processor. */
static void measure(timing *t, double min_time) {
  gb_config config = {.name = t->p->name,
                      .repetitions = REPETITIONS,
                      .clock = GB_CPU_TIME,
                      .process_cpu = true};
  uint64_t each = allocates(t->p);
  if (each && gc_this_collector.can.reclaims == GC_RECLAIMS_NOTHING)
    config.iterations = allocation_max / COUNT / REPETITIONS / each;
  else
    config.min_time = min_time / REPETITIONS;
  const char *problem = gb_register(&config, time_loop, t);
  if (problem)
    cell_die("%s: %s", t->p->name, problem);
  if (gb_run(take_row, t, NULL) != 0)
    cell_die("the timing engine failed");
  gb_unregister_all();
}

static json_t *describe(const primitive *p, gc_mutator *m, double min_time) {
  const char *reason = missing(p);
  if (reason)
    return json_pack("{s:s,s:s}", "name", p->name, "missing", reason);
  timing t = {.p = p, .m = m};
  measure(&t, min_time);
  stat_summary ns = stat_summarize(t.ns, REPETITIONS);
  return json_pack("{s:s,s:o,s:f,s:f,s:f}", "name", p->name, "iterations",
                   record_integer(t.iterations), "ns_min", ns.min, "ns_median",
                   ns.median, "spread", ns.spread);
}

json_t *cell_micro(const char *list, double min_time) {
  bool chosen[COUNT];
  choose(list, chosen);
  gc_heap *heap;
  gc_mutator *m = make_mutator(&heap);
  json_t *rows = json_array();
  for (size_t i = 0; i < COUNT; i++)
    if (chosen[i])
      json_array_append_new(rows, describe(&primitives[i], m, min_time));
  end_mutator(heap, m);
  return json_pack("{s:i,s:s,s:o,s:o,s:f,s:i,s:o}", "schema", RECORD_SCHEMA,
                   "collector", gc_this_collector.name, "options",
                   cell_options_json(), "build", cell_build_json(), "min_time",
                   min_time, "repetitions", REPETITIONS, "primitives", rows);
}

/* ------------------------------------------------------------------------- *
 * --micro-fixed
 * ------------------------------------------------------------------------- */

/* Called right before and right after each loop, as marks for a tool that
 * counts instructions.  noinline keeps the calls, and the clobber keeps the
 * compiler from dropping them as calls without effect. */
__attribute__((noinline)) void reapmark_count_begin(void);
__attribute__((noinline)) void reapmark_count_end(void);
void reapmark_count_begin(void) {
  gb_clobber();
}
void reapmark_count_end(void) {
  gb_clobber();
}

void cell_micro_fixed(const char *list, uint64_t iterations) {
  bool chosen[COUNT];
  choose(list, chosen);
  gc_heap *heap;
  gc_mutator *m = make_mutator(&heap);
  for (size_t i = 0; i < COUNT; i++) {
    const primitive *p = &primitives[i];
    if (!chosen[i] || missing(p))
      continue;
    gc_reg f = enter(m);
    reapmark_count_begin();
    p->run(m, f, iterations / p->per);
    reapmark_count_end();
    leave(m, f);
    puts(p->name);
  }
  end_mutator(heap, m);
  if (fflush(stdout) != 0)
    cell_die("cannot write to stdout");
}
