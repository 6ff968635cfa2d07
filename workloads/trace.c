/* trace: the operations of a program that was recorded, at speed.
 *
 * The file is a prepared trace (docs/trace-format.md), which does the same on
 * every collector, so that the replay needs no model of the heap: it decodes
 * the lines beforehand (trace/tape.h), window by window and outside the
 * measured time, and performs them in a loop (trace/play.h).  The decoded form
 * takes a few megabytes, whatever the length of the trace.
 *
 * Stresses: what the program stresses.  An op is an operation of the trace.
 *
 * Threads of the trace are threads here.  They take turns in the order of the
 * file, so that every replay does the same; a thread that waits for its turn is
 * in a blocking stretch.
 *
 * Survivors: what the trace says is alive at its end, exactly so many objects,
 * and each one in its place with its number (trace/survivors.h); then, with the
 * roots dropped, nothing.  The numbers that the operations `payload` have read
 * must come to the sum that the trace says.
 *
 * Limits: finalizers do nothing.  What the loop itself costs is measured
 * without a collector in the same run, and tables show the share. */
#define PLAY_STEP(t, ops) wl_step(t, 0, ops)
#include "trace/play.h"

#include <pthread.h>

#include "basics.h"
#include "trace/dry.h"
#include "trace/facts.h"
#include "trace/survivors.h"

enum { FILE_NAME };
enum { SPARE, SPARES }; /* the register that no operation names */

struct replay;

/* A thread of the trace. */
typedef struct player {
  struct replay *r;
  uint32_t number;
  wl_child *child; /* NULL: not running */
  bool ended;      /* and is to be joined */
  pthread_cond_t turn;
} player;

typedef struct replay {
  const tape_file *file;
  tape *tape;
  const uint64_t *at; /* the word that comes next; NULL: the trace has ended */
  uint64_t dry;       /* ns of all windows without a collector */
  gc_reg spare;       /* of thread 0, and of the others too */
  wl_lock lock;       /* the one of the trace */
  uint64_t payloads, finalized;

  /* Who has the turn works on all of this; `turn` itself is guarded. */
  pthread_mutex_t guard;
  uint32_t turn;
  player **players; /* by number */
  size_t room;
  player *done; /* the thread that ended last, until it is joined */
} replay;

/* ------------------------------------------------------------------------- *
 * Turns.
 * ------------------------------------------------------------------------- */

static player *player_of(replay *r, uint32_t number) {
  if (number >= r->room) {
    size_t room = 2 * (size_t)number + 8;
    player **more = own_memory(room, sizeof(player *));
    for (size_t i = 0; i < r->room; i++)
      more[i] = r->players[i];
    free(r->players);
    r->players = more;
    r->room = room;
  }
  if (!r->players[number]) {
    player *p = own_memory(1, sizeof *p);
    *p = (player){.r = r, .number = number};
    pthread_cond_init(&p->turn, NULL);
    r->players[number] = p;
  }
  return r->players[number];
}

static void give(replay *r, uint32_t number) {
  pthread_mutex_lock(&r->guard);
  r->turn = number;
  pthread_cond_signal(&r->players[number]->turn);
  pthread_mutex_unlock(&r->guard);
}

/* Waits for the turn, after giving it to `next`.  The thread is in its blocking
 * stretch before another one can have the turn. */
static void wait_for_turn(player *p, wl_thread *t, uint32_t next) {
  replay *r = p->r;
  gc_blocking_enter(t->m);
  if (next != p->number)
    give(r, next);
  pthread_mutex_lock(&r->guard);
  while (r->turn != p->number)
    pthread_cond_wait(&p->turn, &r->guard);
  pthread_mutex_unlock(&r->guard);
  gc_blocking_leave(t->m);
  wl_waited(t);
}

/* Joins the thread that has ended, if there is one. */
static void join_ended(replay *r, wl_thread *t) {
  player *p = r->done;
  if (!p)
    return;
  r->done = NULL;
  wl_thread_join(t, p->child);
  p->child = NULL;
}

static void live(wl_thread *t, void *data);

/* Gives the turn to a thread, which is started if it does not run. */
static void hand_on(player *p, wl_thread *t, uint32_t next) {
  player *to = player_of(p->r, next);
  if (next > 0 && !to->child)
    to->child = wl_thread_start(t, next, live, to);
  wait_for_turn(p, t, next);
  join_ended(p->r, t);
}

/* ------------------------------------------------------------------------- *
 * Windows.
 * ------------------------------------------------------------------------- */

static void decode(void *data) {
  replay *r = data;
  r->at = tape_next(r->tape);
  if (r->at)
    r->dry += trace_dry_pass(r->at);
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

static playing begin(replay *r, wl_thread *t) {
  return (playing){.t = t,
                   .spare = r->spare,
                   .lock = &r->lock,
                   .finalizes = r->file->is.finalizable > 0};
}

/* Performs words while it is the thread's turn. */
static void perform(replay *r, playing *x) {
  r->at = play(x, r->at + 1); /* behind TAPE_TURN */
}

/* Thread 0: has the turn at the beginning and at the end, and whenever a window
 * is to be decoded. */
static void lead(player *p, wl_thread *t, playing *x) {
  replay *r = p->r;
  while (r->at) {
    if (word_code(*r->at) == TAPE_WINDOW)
      wl_aside(t, decode, r);
    else if (word_a(*r->at) == 0)
      perform(r, x);
    else
      hand_on(p, t, word_a(*r->at));
  }
}

/* Any other thread, from its `attach` to its `detach`. */
static void live(wl_thread *t, void *data) {
  player *p = data;
  replay *r = p->r;
  wait_for_turn(p, t, p->number);
  gc_reg spare = gc_frame_enter(t->m, SPARES, 0);
  wl_check(t, spare == r->spare, "threads have other registers");
  playing x = begin(r, t);
  for (;;) {
    perform(r, &x);
    if (x.detached)
      break;
    bool turn = word_code(*r->at) == TAPE_TURN;
    hand_on(p, t, turn ? word_a(*r->at) : 0);
  }
  r->payloads += x.payloads;
  r->finalized += x.finalized;
  gc_frame_leave(t->m, spare, SPARES, 0);
  r->done = p;
  give(r, 0);
}

/* ------------------------------------------------------------------------- *
 * The run.
 * ------------------------------------------------------------------------- */

/* Takes all objects that wait for their finalizers, and what these lead to. */
static void finalize_all(replay *r, wl_thread *t, playing *x) {
  while (r->file->is.finalizable > 0) {
    uint64_t before = x->finalized;
    gc_collect(t->m);
    while (play_finalizer(x)) {
    }
    if (x->finalized == before)
      return;
  }
}

static void compare_sums(const replay *r, wl_thread *t) {
  const trace_prepared *is = &r->file->is;
  wl_check(t, r->payloads == is->payloads,
           "the numbers in payloads come to %llu, and not to %llu",
           (unsigned long long)r->payloads, (unsigned long long)is->payloads);
}

/* What must be there at the end, and after the roots were dropped. */
static void expect(replay *r, wl_thread *t, playing *x) {
  const trace_prepared *is = &r->file->is;
  finalize_all(r, t, x);
  wl_expect(t, (wl_expectation){.live = is->end_objects,
                                .cyclic = is->cyclic_objects,
                                .allocated = is->objects,
                                .bytes = is->end_bytes});
  survivors_compare(t, r->file, r->spare + SPARES);
  wl_dropped(t, is->end_objects, is->end_bytes);
  for (tape_frame f; tape_leave(r->tape, &f);)
    gc_frame_leave(t->m, f.first, f.owning, f.borrowing);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    gc_global_clear(t->m, g);
  for (uint32_t l = 0; l < GC_TLS; l++)
    gc_tls_clear(t->m, l);
  finalize_all(r, t, x);
  wl_expect(
      t, (wl_expectation){.cyclic = is->cyclic_objects + is->end_cyclic_objects,
                          .allocated = is->objects});
}

/* The file of the run, which has been checked. */
static const tape_file *file_of(const uint64_t *params) {
  const tape_file *file;
  const char *path = wl_path(params, FILE_NAME);
  return path && !tape_check(path, &file) ? file : NULL;
}

static void run(wl_thread *t) {
  replay r = {.file = file_of(t->run->params), .lock = WL_LOCK_INIT};
  pthread_mutex_init(&r.guard, NULL);
  player *first = player_of(&r, 0);
  r.spare = gc_frame_enter(t->m, SPARES, 0);
  r.tape = tape_open(r.file, r.spare + SPARES);
  decode(&r);
  playing x = begin(&r, t);

  wl_begin(t);
  wl_own_memory(t, TAPE_MEMORY + survivors_memory(r.file));
  lead(first, t, &x);
  wl_end(t);
  wl_replayed(t, r.dry);

  r.payloads += x.payloads;
  compare_sums(&r, t);
  expect(&r, t, &x);
  gc_frame_leave(t->m, r.spare, SPARES, 0);
  tape_close(r.tape);
  for (size_t i = 0; i < r.room; i++)
    free(r.players[i]);
  free(r.players);
  pthread_mutex_destroy(&r.guard);
}

static const char *check(const uint64_t *params) {
  const tape_file *file;
  const char *path = wl_path(params, FILE_NAME);
  if (!path)
    return "which trace is to be replayed? (trace:file=FILE)";
  const char *wrong = tape_check(path, &file);
  if (wrong)
    return wrong;
  return file->is.registers + SURVIVORS_REGISTERS > GC_REGISTERS
             ? "the trace has too many registers"
             : NULL;
}

static wl_volume volume(const uint64_t *params, unsigned threads) {
  (void)threads;
  const tape_file *file = file_of(params);
  return file ? trace_volume(&file->is) : (wl_volume){0};
}

static unsigned needs_of(const uint64_t *params) {
  const tape_file *file = file_of(params);
  return file ? trace_needs(&file->is) : 0;
}

const workload workload_trace = {
    .name = "trace",
    .summary = "a recorded program, replayed at speed (reapmark trace prepare)",
    .source = "none",
    .unit = "operations",
    .steps = {"operations"},
    .params = {{.name = "file",
                .help = "the prepared trace",
                .choices = WL_FILE}},
    .knows_live = true,
    .needs_of = needs_of,
    .check = check,
    .volume = volume,
    .run = run,
};
