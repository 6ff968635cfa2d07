/* steps.c: the measured part of a run, and the timed steps in it.
 *
 * A step costs one clock read and one histogram entry.  Only long steps are
 * examined: scheduler noise looks just like a pause, so the thread's run-queue
 * delay is read and subtracted from them. */
#include "cell.h"

#include "common/hostile/mutants.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* The kernel reports the sum of all delays so far, so a reading gives the delay
 * since the previous reading.  Fast steps take no reading, and their small
 * delays must not pile up and be subtracted from one slow step much later.
 * Therefore a reading is taken at least this often.  It costs at most 20 us. */
enum { REFRESH_NS = 10000000 };

cell_measured cell_measurement;
bool cell_measuring_flag;
static bool untimed;

void cell_steps_off(void) {
  untimed = true;
}

/* ------------------------------------------------------------------------- *
 * Run-queue delay.
 * ------------------------------------------------------------------------- */

static bool delay_unknown; /* of at least one thread */

/* The second number of schedstat: ns for which the thread was ready to run, but
 * not running. */
static bool read_delay(const cell_thread *c, uint64_t *delay) {
  char text[96];
  ssize_t n = pread(c->delay_fd, text, sizeof text - 1, 0);
  if (n <= 0)
    return false;
  text[n] = 0;
  char *at;
  strtoull(text, &at, 10);
  *delay = strtoull(at, NULL, 10);
  return true;
}

void cell_delay_open(cell_thread *c) {
  c->delay_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  c->delay_read = 0;
  if (c->delay_fd < 0 || !read_delay(c, &c->delay_read)) {
    cell_delay_close(c);
    __atomic_store_n(&delay_unknown, true, __ATOMIC_RELAXED);
  }
  c->delay_refresh = gc_now_ns() + REFRESH_NS;
}

void cell_delay_close(cell_thread *c) {
  if (c->delay_fd >= 0)
    close(c->delay_fd);
  c->delay_fd = -1;
}

bool cell_delay_known(void) {
  return !__atomic_load_n(&delay_unknown, __ATOMIC_RELAXED);
}

uint64_t cell_delay_since(cell_thread *c, uint64_t now) {
  uint64_t total = c->delay_read;
  if (c->delay_fd >= 0)
    read_delay(c, &total);
  uint64_t delay = total - c->delay_read;
  c->delay_read = total;
  c->step_delay += delay;
  uint64_t after = gc_now_ns();
  c->step_instrument += after - now;
  c->instrument += after - now;
  c->delay_refresh = after + REFRESH_NS;
  return delay;
}

/* ------------------------------------------------------------------------- *
 * Steps.
 * ------------------------------------------------------------------------- */

void cell_start_step(cell_thread *c, uint64_t now) {
  c->step_begin = now;
  c->step_instrument = 0;
  c->step_delay = 0;
}

/* Ends at `now` a step that took long or in which a reading came due, and
 * starts the next one.  Returns the corrected duration. */
__attribute__((noinline)) static uint64_t
correct_step(cell_thread *c, uint64_t took, uint64_t now) {
  /* step_instrument is larger only if the collector reports a pause of the
   * future. */
  took -= c->step_instrument < took ? c->step_instrument : took;
  uint64_t instrument = c->instrument;
  cell_delay_since(c, now);
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

void wl_step(wl_thread *t, unsigned kind, uint64_t ops) {
  if (!cell_measuring())
    return;
  cell_thread *c = (cell_thread *)t;
  c->ops += ops;
  if (gc_unlikely(untimed))
    return;
  uint64_t now = gc_now_ns();
  uint64_t took = now - c->step_begin;
  c->step_begin = now;
  /* Readings occur only in slow steps, so a fast one has nothing to subtract or
   * to reset. */
  if (gc_unlikely(took > CELL_SLOW_NS || now > c->delay_refresh))
    took = correct_step(c, took, now);
  hist_add(&c->steps[kind], took);
}

void wl_skip(wl_thread *t) {
  /* If untimed, the end of the last step is unknown, and nothing is skipped. */
  if (!cell_measuring() || untimed)
    return;
  cell_thread *c = (cell_thread *)t;
  uint64_t now = gc_now_ns();
  c->skipped += now - c->step_begin - c->step_instrument;
  /* Delays in the skipped time do not belong to the next step. */
  uint64_t instrument = c->instrument;
  cell_delay_since(c, now);
  cell_start_step(c, now + (c->instrument - instrument));
}

/* ------------------------------------------------------------------------- *
 * The measured part.
 * ------------------------------------------------------------------------- */

static uint64_t cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t timeval_ns(struct timeval t) {
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

/* Adds the running totals (sign 1) or subtracts them (-1, in unsigned
 * arithmetic).  Subtracting at the beginning and adding at the end gives the
 * difference. */
static void add_totals(cell_measured *x, cell_thread *c, uint64_t sign) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  uint64_t delay = 0;
  if (c->delay_fd >= 0)
    read_delay(c, &delay);
  x->cpu += sign * cpu_ns();
  x->user += sign * timeval_ns(u.ru_utime);
  x->system += sign * timeval_ns(u.ru_stime);
  x->minor_faults += sign * (uint64_t)u.ru_minflt;
  x->major_faults += sign * (uint64_t)u.ru_majflt;
  x->voluntary += sign * (uint64_t)u.ru_nvcsw;
  x->involuntary += sign * (uint64_t)u.ru_nivcsw;
  x->run_delay += sign * delay;
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
  cell_delay_since(c, gc_now_ns());
  if (!untimed)
    cell_curve_begin(t->run->heap, gc_now_ns());
  c->instrument = c->skipped = 0;
  cell_start_step(c, gc_now_ns());
  cell_measurement.begin = c->step_begin;
  __atomic_store_n(&cell_measuring_flag, true, __ATOMIC_RELEASE);
}

void wl_apart(wl_thread *t) {
  (void)t;
  cell_measurement.apart = true;
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
  if (!gc_mutant(peak_read_early))
    x->resident = cell_read_resident();
  if (!gc_mutant(footprint_read_early))
    x->footprint = gc_heap_footprint(t->run->heap);
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

gc_usage cell_heap_usage(gc_heap *heap) {
  if (gc_heap_usage)
    return gc_heap_usage(heap);
  return (gc_usage){GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN};
}
