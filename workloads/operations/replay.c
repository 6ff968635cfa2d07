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
#include "basics.h"
#include "harness/trace/reader.h"
#include "harness/trace/verify.h"
#include "operations/executor/executor.h"
#include "operations/turns.h"

enum { ORACLE };

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
  trace_text text;
  size_t at;       /* index of the operation to be performed next */
  uint64_t number; /* of the last object made */
  uint32_t threads;
  player *players;
} replay;

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
  for (uint32_t i = 0; i < r->threads; i++)
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
  for (; r->at < r->text.count; r->at++) {
    const trace_op *op = &r->text.ops[r->at];
    bool names = trace_makes_object(op);
    if (op->thread != p->number)
      return;
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
  if (next > 0 && !to->child)
    to->child = wl_thread_start(p->x.wl, next, live, to);
  turns_give(&r->turns, p->x.wl, p->number, next, true);
  join_ended(p);
}

/* The thread that the next operation belongs to; at the end the first. */
static uint32_t next_thread(const replay *r) {
  return r->at < r->text.count ? r->text.ops[r->at].thread : 0;
}

static void live(wl_thread *t, void *data) {
  player *p = data;
  replay *r = p->r;
  turns_await(&r->turns, t, p->number);
  begin(p, t);
  for (;;) {
    play(p);
    if (r->at == r->text.count)
      break;
    if (next_thread(r) == p->number) { /* its detach */
      r->at++;
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
  while (r->at < r->text.count) {
    play(p);
    if (next_thread(r) != 0)
      hand_on(p, next_thread(r));
  }
  for (uint32_t i = 1; i < r->threads; i++)
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
 * this is not such a trace. */
static void require_deaths(const replay *r, const char *path) {
  verify_counts c;
  trace_reader *reader = trace_reader_open(path);
  bool read = trace_verify(reader, false, say_problem, &path, &c);
  trace_reader_close(reader);
  if (!read || c.problems > 0)
    exit(2);
  for (size_t i = 0; i < r->text.count; i++)
    if (r->text.ops[i].kind == TRACE_WEAK_NEW ||
        r->text.ops[i].kind == TRACE_EPHEMERON_NEW ||
        r->text.ops[i].kind == TRACE_FINALIZER_NEXT) {
      fprintf(stderr,
              "replay: %s has weak references or finalizers, and collector %s "
              "none\n",
              path, gc_this_collector.name);
      exit(2);
    }
  if (c.dead >= c.deaths && c.objects <= GC_SLOTS_MAX)
    return;
  fprintf(stderr,
          "replay: %s states %llu deaths of %llu, which collector %s needs "
          "(reapmark trace annotate)\n",
          path, (unsigned long long)c.dead, (unsigned long long)c.deaths,
          gc_this_collector.name);
  exit(2);
}

static void load(replay *r, const char *path) {
  char error[TRACE_ERROR];
  if (!path) {
    fputs("replay: no trace to be replayed (give --input FILE)\n", stderr);
    exit(2);
  }
  if (!trace_load(path, TRACE_LOAD_MOST, &r->text, error)) {
    fprintf(stderr, "replay: %s\n", error);
    exit(2);
  }
  if (gc_this_collector.can.explicit_free)
    require_deaths(r, path);
  r->threads = 1;
  for (size_t i = 0; i < r->text.count; i++)
    if (r->text.ops[i].thread >= r->threads)
      r->threads = r->text.ops[i].thread + 1u;
  if (r->threads > 1 && !gc_this_collector.can.threads) {
    fprintf(stderr, "replay: %s has several threads, and collector %s none\n",
            path, gc_this_collector.name);
    exit(2);
  }
}

static void run(wl_thread *t) {
  replay r = {0};
  load(&r, t->run->input);
  executor_open(&r.x, t, executor_oracle_bits(wl_get(t, ORACLE)), 1, false);
  turns_open(&r.turns, r.threads);
  r.players = own_memory(r.threads, sizeof *r.players);
  for (uint32_t i = 0; i < r.threads; i++)
    r.players[i] = (player){.r = &r, .number = i};
  player *first = &r.players[0];

  wl_begin(t);
  begin(first, t);
  uint64_t objects = 0;
  for (size_t i = 0; i < r.text.count; i++)
    objects += r.text.ops[i].kind == TRACE_NEW;
  executor_hold(&first->x, objects);
  lead(first);
  wl_step(t, 0, r.x.clock);
  wl_end(t);
  size_t n = r.text.count;
  if (n == 0 || r.text.ops[n - 1].kind != TRACE_CHECK)
    check(first);
  bool left = drop_roots(first);
  executor_free_rest(&first->x);
  if (left)
    check(first);
  executor_conclude(&first->x, 0);

  end(first);
  executor_close(&r.x);
  turns_close(&r.turns);
  free(r.players);
  free(r.text.ops);
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)p, (void)threads;
  return (wl_volume){0}; /* the trace is not known yet */
}

const workload workload_replay = {
    .name = "replay",
    .summary =
        "the operations of a trace (--input), compared with a shadow heap",
    .source = "none",
    .unit = "operations",
    .knows_deaths = true,
    .steps = {"all"},
    .params = {{"oracle", "which comparisons are made", 0, 0, 0,
                executor_oracles}},
    .volume = volume,
    .run = run};
