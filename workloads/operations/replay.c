/* replay.c: the workload `replay`: performs the operations of a trace
 * (docs/trace-format.md), read from --input, and compares them in step with a
 * shadow heap (executor.h).
 *
 * Operations that make no sense where they stand are skipped and counted, so
 * that a trace from which lines were removed is still a trace.  What only the
 * collector knows, such as whether a weak reference is cleared, is taken from
 * the collector that runs the trace.  Everything is compared at `check` lines
 * and at the end.
 *
 * Each thread of the trace is a thread here.  They take turns in the order of
 * the file, so that a trace repeats a run.
 *
 * Not for measuring. */
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "basics.h"
#include "common/hostile/hostile.h"
#include "harness/trace/reader.h"
#include "harness/trace/verify.h"
#include "operations/executor/executor.h"
#include "operations/turns.h"

enum { SCARCE, ORACLE };

/* A thread of the trace. */
typedef struct player {
  executor_thread x;
  struct replay *r;
  uint32_t number;
  wl_child *child; /* NULL: not running */
  bool ended;      /* and is to be joined */
} player;

typedef struct replay {
  executor x;
  turns turns;
  trace_reader *reader;
  bool over;       /* the trace has ended */
  trace_op op;     /* else the operation to be performed next */
  trace_kind last; /* the kind of the operation before it */
  uint64_t number; /* of the last object made */
  player *players; /* by number */
} replay;

/* ------------------------------------------------------------------------- *
 * The trace, read as it is performed, so that the memory of a replay does not
 * depend on its length.
 * ------------------------------------------------------------------------- */

/* Ends the process because the trace cannot be replayed by this collector. */
_Noreturn __attribute__((format(printf, 1, 2))) static void
refuse(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("replay: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  exit(2);
}

/* Reads the next operation. */
static void advance(replay *r) {
  r->last = r->op.kind;
  trace_status status = trace_read(r->reader, &r->op);
  if (status == TRACE_READ_FAILED)
    refuse("%s", trace_reader_error(r->reader));
  r->over = status == TRACE_READ_END;
  if (!r->over && r->op.thread > 0 && !gc_this_collector.can.threads)
    refuse("%s has several threads, and collector %s none", r->x.run->input,
           gc_this_collector.name);
}

/* ------------------------------------------------------------------------- *
 * One thread's part.
 * ------------------------------------------------------------------------- */

static void begin(player *p, wl_thread *t) {
  executor_attach(&p->x, &p->r->x, t, (uint16_t)p->number);
  turns_sit(&p->r->turns, p->number, &p->x);
}

static void end(player *p) {
  shadow_frame f;
  while (shadow_innermost(p->x.shadow, &f))
    executor_perform(&p->x, &(trace_op){.kind = TRACE_LEAVE}, 0);
  turns_sit(&p->r->turns, p->number, NULL);
  executor_detach(&p->x);
}

/* Joins the threads that have ended; called by the next one that works. */
static void join_ended(player *p) {
  replay *r = p->r;
  for (uint32_t i = 1; i < r->turns.count; i++)
    if (r->players[i].ended) {
      wl_thread_join(p->x.wl, r->players[i].child);
      r->players[i].child = NULL;
      r->players[i].ended = false;
    }
}

static void check(player *p) {
  executor_check(&p->x, turns_each,
                 &(turns_call){&p->r->turns, p->x.wl, p->number});
}

/* Performs operations up to one of another thread, or the one that ends this
 * thread. */
static void play(player *p) {
  replay *r = p->r;
  for (; !r->over && r->op.thread == p->number; advance(r)) {
    const trace_op *op = &r->op;
    bool names = trace_makes_object(op);
    if (op->kind == TRACE_DETACH && p->number > 0)
      return;
    if (op->kind == TRACE_DEAD)
      executor_dead(&p->x, op->a);
    else if (op->kind != TRACE_ATTACH && op->kind != TRACE_DETACH)
      executor_perform(&p->x, op, r->number + names);
    r->number += names;
    if (op->kind == TRACE_CHECK)
      check(p);
  }
}

static void live(wl_thread *t, void *data);

/* Gives the turn to thread `next`, which is started if it does not run yet. */
static void hand_on(player *p, uint32_t next) {
  replay *r = p->r;
  player *to = &r->players[next];
  turns_admit(&r->turns, next);
  if (next > 0 && !to->child) {
    *to = (player){.r = r, .number = next};
    to->child = wl_thread_start(p->x.wl, next, live, to);
  }
  turns_give(&r->turns, p->x.wl, p->number, next, true);
  join_ended(p);
}

/* The thread that the next operation belongs to; at the end the first. */
static uint32_t next_thread(const replay *r) {
  return r->over ? 0 : r->op.thread;
}

static void live(wl_thread *t, void *data) {
  player *p = data;
  replay *r = p->r;
  turns_await(&r->turns, t, p->number);
  begin(p, t);
  for (;;) {
    play(p);
    if (r->over)
      break;
    if (next_thread(r) == p->number) { /* its detach */
      advance(r);
      break;
    }
    hand_on(p, next_thread(r));
  }
  end(p);
  p->ended = true;
  turns_give_up(&r->turns, 0);
}

/* The first thread performs its operations and gives the turn to the others for
 * theirs; at the end, it lets each of them end. */
static void lead(player *p) {
  replay *r = p->r;
  while (!r->over) {
    play(p);
    if (next_thread(r) != 0)
      hand_on(p, next_thread(r));
  }
  for (uint32_t i = 1; i < r->turns.count; i++)
    if (r->players[i].child)
      hand_on(p, i);
}

/* ------------------------------------------------------------------------- *
 * The run.
 * ------------------------------------------------------------------------- */

/* Drops what the trace has left alive.  Returns whether there was anything. */
static bool drop_roots(player *p) {
  uint64_t before = p->x.counts.operations;
  shadow_frame f;
  while (shadow_innermost(p->x.shadow, &f))
    executor_perform(&p->x, &(trace_op){.kind = TRACE_LEAVE}, 0);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    if (shadow_global(p->r->x.shadow, g))
      executor_perform(&p->x, &(trace_op){.kind = TRACE_GLOBAL_CLEAR, .a = g},
                       0);
  for (uint32_t l = 0; l < GC_TLS; l++)
    if (shadow_tls(p->x.shadow, l))
      executor_perform(&p->x, &(trace_op){.kind = TRACE_TLS_CLEAR, .a = l}, 0);
  return p->x.counts.operations != before;
}

static void say_problem(void *data, uint64_t line, const char *what) {
  const char *const *path = data;
  fprintf(stderr, "replay: %s:%llu: %s\n", *path, (unsigned long long)line,
          what);
}

/* A collector that is told of deaths needs a trace that states them all, and
 * rightly, and that has no weak references and no finalizers.  Exits with 2 if
 * this is not such a trace.  Returns the number of its objects. */
static uint64_t require_deaths(const char *path) {
  const char *name = gc_this_collector.name;
  struct stat about;
  if (!strcmp(path, "-") || (!stat(path, &about) && !S_ISREG(about.st_mode)))
    refuse("%s is no file, and collector %s needs one to read it twice", path,
           name);
  verify_counts c;
  trace_reader *reader = trace_reader_open(path);
  if (!trace_verify(reader, false, say_problem, &path, &c))
    refuse("%s", trace_reader_error(reader));
  trace_reader_close(reader);
  if (c.problems > 0)
    exit(2);
  reader = trace_reader_open(path);
  for (trace_op op; trace_read(reader, &op) == TRACE_READ_OP;)
    if (op.kind == TRACE_WEAK_NEW || op.kind == TRACE_EPHEMERON_NEW ||
        op.kind == TRACE_FINALIZER_NEXT)
      refuse("%s has weak references or finalizers, and collector %s none",
             path, name);
  trace_reader_close(reader);
  if (c.dead < c.deaths || c.objects > GC_SLOTS_MAX)
    refuse("%s states %llu deaths of %llu, which collector %s needs (reapmark "
           "trace annotate)",
           path, (unsigned long long)c.dead, (unsigned long long)c.deaths,
           name);
  return c.objects;
}

static void run(wl_thread *t) {
  const char *path = t->run->input;
  if (!path)
    refuse("no trace to be replayed (give --input FILE)");
  replay r = {0};
  uint64_t objects =
      gc_this_collector.can.explicit_free ? require_deaths(path) : 0;
  r.reader = trace_reader_open(path);
  executor_open(&r.x, t, executor_oracle_bits(wl_get(t, ORACLE)), 1, false);
  advance(&r);
  turns_open(&r.turns, TRACE_THREADS);
  r.players = own_memory(TRACE_THREADS, sizeof *r.players);
  player *first = &r.players[0];
  first->r = &r;

  wl_begin(t);
  begin(first, t);
  executor_hold(&first->x, objects);
  lead(first);
  wl_step(t, 0, r.x.clock);
  wl_end(t);
  if (r.last != TRACE_CHECK)
    check(first);
  bool left = drop_roots(first);
  executor_free_rest(&first->x);
  if (left)
    check(first);
  executor_conclude(&first->x, 0);
  executor_judge_failed(&r.x, t, wl_get(t, SCARCE));

  end(first);
  executor_close(&r.x);
  turns_close(&r.turns);
  free(r.players);
  trace_reader_close(r.reader);
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)p, (void)threads;
  return (wl_volume){0}; /* the trace is not known yet */
}

const workload workload_replay = {
    .name = "replay",
    .cyclic_pairs = true,
    .summary =
        "the operations of a trace (--input), compared with a shadow heap",
    .source = "none",
    .unit = "operations",
    .knows_deaths = true,
    .steps = {"all"},
    .params = {{"scarce",
                "1: allocations may fail for want of room; 0: the verdict is "
                "OOM then",
                0, 0, 1, NULL},
               {"oracle", "which comparisons are made", 0, 0, 0,
                executor_oracles}},
    .volume = volume,
    .run = run};
