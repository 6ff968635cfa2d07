/* steps.c: the measured part of a run, and the timed steps in it.
 *
 * A step costs one clock read and one histogram entry.  Only long steps are
 * examined: scheduler noise looks just like a pause, so the thread's run-queue
 * delay is read and subtracted from them, as far as the collector's own threads
 * did not cause it and it cannot have been before the step. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RUSAGE_THREAD */
#endif
#include "cell.h"

#include "basics.h"
#include "common/hostile/mutants.h"

#include <sys/resource.h>

/* Fast steps take no reading, and their small delays pile up.  So that they do
 * not hide those of a slow step much later, a reading is taken at least this
 * often.  It costs at most 20 us. */
enum { REFRESH_NS = 10000000 };

cell_measured cell_measurement;
bool cell_measuring_flag;
static bool untimed, checked;
static bool unusual; /* either */

void cell_steps_off(void) {
  untimed = unusual = true;
}

bool cell_steps_timed(void) {
  return !untimed;
}

void cell_steps_checked(void) {
  checked = unusual = true;
}

/* ------------------------------------------------------------------------- *
 * Run-queue delay.
 * ------------------------------------------------------------------------- */

static bool delay_unknown; /* of at least one thread */

static uint64_t cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What a reading told of the time since the reading before. */
typedef struct window {
  uint64_t from, until;       /* the clock before that one and after this one */
  uint64_t quick, step_begin; /* as in cell_thread */
  uint64_t delay;             /* that others caused */
  uint64_t turns;             /* in so many pieces, at most */
} window;

/* The least of the delay that can lie between `begin` and `end`: what is left
 * if the time outside was all delay, including the readings, which are
 * instrument time.  Quick time was not all delay, as each piece of delay in it
 * took at most CELL_SLOW_NS.  When there is more delay than fits outside, one
 * piece at least lies inside, and so one less outside: no piece can lie across
 * `begin` or `end`, where the thread ran.  The kernel's clock and ours may run
 * apart by a few millionths. */
static uint64_t within(const window *w, uint64_t begin, uint64_t end) {
  begin = max_u64(begin, w->quick);
  uint64_t quick = min_u64(begin, max_u64(w->step_begin, w->quick)) - w->quick;
  uint64_t outside = begin - w->from - quick + (w->until - end);
  uint64_t most = min_u64(quick, w->turns * CELL_SLOW_NS);
  if (w->delay <= outside + most)
    return 0;
  return min_u64(w->delay - outside -
                     min_u64(most, (w->turns - 1) * CELL_SLOW_NS),
                 end > begin ? end - begin : 0);
}

/* Takes a reading.  Tells the run-queue delay since the reading before, less
 * what strangers (accounts.c) may have caused, which is added to c->own_delay.
 * The clock of the process is read first: that brings the kernel's account of
 * this thread up to date.  What other mutators run after that, because this
 * thread is interrupted, makes a reading of strangers too low, never too high:
 * the highest one so far is what the next one is compared with. */
static void read_delay(cell_thread *c, window *w) {
  uint64_t process = cpu_ns();
  cell_sched s;
  if (!c->account || !cell_account_read(c->account, &s))
    return;
  w->until = gc_now_ns();
  uint64_t strangers = cell_strangers_ran(c->account, process, s.ran);
  uint64_t delay = s.waited - c->sched_read.waited, own = 0;
  w->turns = s.turns - c->sched_read.turns;
  c->sched_read = s;
  if (strangers > c->strangers_read) {
    own = min_u64(strangers - c->strangers_read, delay);
    c->strangers_read = strangers;
  }
  c->own_delay += own;
  w->delay = delay - own;
}

/* Takes a reading at `now`. */
static window look(cell_thread *c, uint64_t now) {
  window w = {.from = c->delay_at,
              .quick = c->quick_since,
              .step_begin = c->step_begin};
  read_delay(c, &w);
  c->delay_at = now;
  c->quick_since = gc_now_ns();
  /* If the thread lost its processor meanwhile, that would be much time of the
   * next window of which little is known. */
  if (c->quick_since - now > CELL_SLOW_NS) {
    window lost;
    uint64_t own = c->own_delay;
    c->delay_at = c->quick_since;
    read_delay(c, &lost);
    c->quick_since = gc_now_ns();
    c->own_delay = own;
  }
  c->step_due = c->quick_since + REFRESH_NS;
  return w;
}

void cell_delay_open(cell_thread *c) {
  c->account = cell_account_open();
  if (!c->account)
    __atomic_store_n(&delay_unknown, true, __ATOMIC_RELAXED);
  uint64_t own = c->own_delay; /* of earlier threads; what was before is none */
  c->sched_read = (cell_sched){0};
  c->strangers_read = 0;
  look(c, gc_now_ns());
  c->own_delay = own;
}

bool cell_delay_known(void) {
  return !__atomic_load_n(&delay_unknown, __ATOMIC_RELAXED);
}

uint64_t cell_delay_within(cell_thread *c, uint64_t begin, uint64_t end,
                           uint64_t now) {
  if (cell_measuring())
    cell_still_look(now);
  window w = look(c, now);
  c->step_delay += within(&w, c->step_begin, now);
  /* What is known of requests stays as it is. */
  c->delay_sum += within(&w, c->request_mark, now);
  c->step_instrument += c->quick_since - now;
  c->instrument += c->quick_since - now;
  return within(&w, begin, end);
}

void cell_delay_look(cell_thread *c, uint64_t now) {
  cell_delay_within(c, now, now, now);
}

void cell_delay_renew(cell_thread *c) {
  uint64_t now = gc_now_ns();
  if (now - c->delay_at <= CELL_SLOW_NS)
    return;
  cell_delay_look(c, now);
  c->step_due = 0;
}

/* ------------------------------------------------------------------------- *
 * Steps.
 * ------------------------------------------------------------------------- */

void cell_start_step(cell_thread *c, uint64_t now) {
  c->step_begin = c->quick_since = now;
  c->step_instrument = 0;
  c->step_delay = 0;
}

void cell_start_afresh(cell_thread *c, uint64_t now) {
  uint64_t instrument = c->instrument;
  cell_delay_look(c, now);
  cell_start_step(c, now + (c->instrument - instrument));
}

/* Ends at `now` a step that took long, or in which a reading was taken or came
 * due, and starts the next one.  Returns the corrected duration. */
__attribute__((noinline)) static uint64_t
correct_step(cell_thread *c, uint64_t took, uint64_t now) {
  /* step_instrument is larger only if the collector reports a pause of the
   * future. */
  took -= c->step_instrument < took ? c->step_instrument : took;
  uint64_t instrument = c->instrument;
  if (took > CELL_SLOW_NS || c->step_due)
    cell_delay_look(c, now);
  else
    c->step_due = c->delay_at + REFRESH_NS;
  if (!cell_requests_scheduled())
    c->instrument += cell_curve_sample(c->wl.run->heap, now);
  if (took > CELL_SLOW_NS) {
    uint64_t delay = c->step_delay < took ? c->step_delay : took;
    c->delayed += delay;
    took -= delay;
  }
  cell_start_step(c, now + (c->instrument - instrument));
  return took;
}

/* What a check costs is no time of the workload's. */
static void check_step(cell_thread *c) {
  static uint64_t steps; /* of all threads: near enough, as each is checked */
  enum { ALL = 64, SOME = 61 };
  uint64_t n = __atomic_fetch_add(&steps, 1, __ATOMIC_RELAXED);
  if (cell_thread_is_alone())
    cell_garbage_stated(c);
  if (n >= ALL && n % SOME)
    return;
  uint64_t begin = gc_now_ns();
  cell_garbage_check(c->wl.run->heap);
  uint64_t took = gc_now_ns() - begin;
  c->instrument += took;
  c->step_instrument += took;
}

void wl_step(wl_thread *t, unsigned kind, uint64_t ops) {
  if (!cell_measuring())
    return;
  cell_thread *c = (cell_thread *)t;
  c->ops += ops;
  if (gc_unlikely(unusual)) {
    if (checked)
      check_step(c);
    if (untimed)
      return;
  }
  cell_ledger_publish(c);
  uint64_t now = gc_now_ns();
  uint64_t took = now - c->step_begin;
  if (gc_unlikely(took > CELL_SLOW_NS || now > c->step_due))
    took = correct_step(c, took, now);
  else
    c->step_begin = now;
  hist_add(&c->steps[kind], took);
}

void wl_skip(wl_thread *t) {
  /* If untimed, the end of the last step is unknown, and nothing is skipped. */
  if (!cell_measuring() || untimed)
    return;
  cell_thread *c = (cell_thread *)t;
  uint64_t now = gc_now_ns();
  c->skipped += now - c->step_begin - c->step_instrument;
  uint64_t own = c->own_delay;
  cell_start_afresh(c, now);
  c->own_delay = own;
}

void wl_waited(wl_thread *t) {
  if (!cell_measuring() || untimed)
    return;
  cell_thread *c = (cell_thread *)t;
  uint64_t own = c->own_delay;
  cell_start_afresh(c, gc_now_ns());
  c->own_delay = own;
}

/* ------------------------------------------------------------------------- *
 * The measured part.
 * ------------------------------------------------------------------------- */

static uint64_t timeval_ns(struct timeval t) {
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

/* Adds the running totals (sign 1) or subtracts them (-1, in unsigned
 * arithmetic).  Subtracting at the beginning and adding at the end gives the
 * difference. */
static void add_totals(cell_measured *x, cell_thread *c, uint64_t sign) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  cell_sched s = {0};
  if (c->account)
    cell_account_read(c->account, &s);
  x->cpu += sign * cpu_ns();
  x->user += sign * timeval_ns(u.ru_utime);
  x->system += sign * timeval_ns(u.ru_stime);
  x->minor_faults += sign * (uint64_t)u.ru_minflt;
  x->major_faults += sign * (uint64_t)u.ru_majflt;
  x->voluntary += sign * (uint64_t)u.ru_nvcsw;
  x->involuntary += sign * (uint64_t)u.ru_nivcsw;
  x->run_delay += sign * s.waited;
}

void wl_begin(wl_thread *t) {
  cell_thread *c = (cell_thread *)t;
  if (gc_this_collector.can.reclaims != GC_RECLAIMS_NOTHING)
    gc_collect(t->m);
  cell_measurement = (cell_measured){.begun = true};
  if (gc_mutant(peak_read_early))
    cell_measurement.resident = cell_read_resident();
  if (gc_mutant(footprint_read_early))
    cell_measurement.footprint = gc_heap_footprint(t->run->heap);
  cell_exercise_begin(t->run->heap);
  add_totals(&cell_measurement, c, (uint64_t)-1);
  cell_still_begin(gc_now_ns());
  if (!untimed)
    cell_curve_begin(t->run->heap, gc_now_ns());
  cell_ledger_publish(c);
  cell_start_afresh(c, gc_now_ns());
  c->instrument = c->skipped = c->own_delay = 0;
  cell_measurement.begin = c->step_begin;
  __atomic_store_n(&cell_measuring_flag, true, __ATOMIC_RELEASE);
}

void wl_aside(wl_thread *t, void (*work)(void *data), void *data) {
  struct rusage before, after;
  struct timespec begin, end;
  getrusage(RUSAGE_THREAD, &before);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
  work(data);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  getrusage(RUSAGE_THREAD, &after);
  if (!cell_measuring())
    return;
  cell_measured *x = &cell_measurement;
  x->cpu -= (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000u +
            (uint64_t)end.tv_nsec - (uint64_t)begin.tv_nsec;
  x->user -= timeval_ns(after.ru_utime) - timeval_ns(before.ru_utime);
  x->system -= timeval_ns(after.ru_stime) - timeval_ns(before.ru_stime);
  x->minor_faults -= (uint64_t)(after.ru_minflt - before.ru_minflt);
  x->major_faults -= (uint64_t)(after.ru_majflt - before.ru_majflt);
  wl_skip(t);
}

void wl_replayed(wl_thread *t, uint64_t ns) {
  (void)t;
  cell_measurement.replayer = ns;
}

void wl_apart(wl_thread *t) {
  (void)t;
  cell_measurement.apart = true;
}

void wl_own_memory(wl_thread *t, uint64_t bytes) {
  (void)t;
  cell_measurement.own_memory = bytes;
}

void wl_end(wl_thread *t) {
  cell_thread *c = (cell_thread *)t;
  uint64_t now = gc_now_ns();
  __atomic_store_n(&cell_measuring_flag, false, __ATOMIC_RELEASE);
  cell_measured *x = &cell_measurement;
  add_totals(x, c, 1);
  x->end = now;
  x->instrument = c->instrument;
  x->skipped = c->skipped;
  x->wall = now - x->begin - c->instrument - c->skipped;
  if (!untimed)
    cell_curve_end(t->run->heap, now);
  cell_still_end(now);
  if (!gc_mutant(peak_read_early))
    x->resident = cell_read_resident();
  if (!gc_mutant(footprint_read_early))
    x->footprint = gc_heap_footprint(t->run->heap);
  x->external = cell_heap_external(t->run->heap);
  x->usage = cell_heap_usage(t->run->heap);
  cell_exercise_end(t->run->heap);
  x->ended = x->begun;
}

void wl_died(wl_thread *t) {
  (void)t;
  if (cell_measuring())
    cell_measurement.deaths++;
}

void wl_reclaimed(wl_thread *t, uint64_t ops, uint64_t bytes) {
  (void)t;
  if (cell_measuring())
    stat_drag_add(&cell_measurement.reclamation, ops, bytes);
}

gc_external_usage cell_heap_external(gc_heap *heap) {
  return gc_heap_external ? gc_heap_external(heap) : (gc_external_usage){0};
}

gc_usage cell_heap_usage(gc_heap *heap) {
  if (gc_heap_usage)
    return gc_heap_usage(heap);
  return (gc_usage){GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN};
}
