/* pauses.c: the pauses that the collector reports. */
#include "cell.h"

#include "common/hostile/mutants.h"

#include <inttypes.h>
#include <pthread.h>

/* Pauses reported by threads other than mutators, such as a collector's own. */
static hist foreign[CELL_PAUSE_HISTS];
static cell_intervals foreign_stops;
static pthread_mutex_t foreign_lock = PTHREAD_MUTEX_INITIALIZER;
static bool collected; /* atomic */

static void add(hist *into, gc_pause_kind kind, uint64_t took, uint64_t delay) {
  hist_add(&into[kind], took);
  if (gc_mutant(longest_pause_dropped) &&
      took - delay > into[CELL_PAUSES_ALL].max &&
      into[CELL_PAUSES_ALL].count > 0)
    return;
  hist_add(&into[CELL_PAUSES_ALL], took - delay);
}

/* A pause is reported when it is over.  Whether its times can be so. */
static bool is_possible(uint64_t begin_ns, uint64_t end_ns) {
  uint64_t now = gc_now_ns();
  if (end_ns < begin_ns)
    cell_wrong("the collector reports a pause that ends %" PRIu64
               " ns before it begins",
               begin_ns - end_ns);
  else if (end_ns > now)
    cell_wrong("the collector reports a pause that ends %" PRIu64
               " ns after the report",
               end_ns - now);
  return begin_ns <= end_ns && end_ns <= now;
}

/* What the thread waited for before the pause is none of it. */
static void on_begin(void *data) {
  (void)data;
  if (cell_self && cell_measuring())
    cell_delay_renew(cell_self);
}

static void on_pause(void *data, gc_pause_kind kind, uint64_t begin_ns,
                     uint64_t end_ns) {
  (void)data;
  cell_garbage_change garbage = {UINT64_MAX, UINT64_MAX};
  uint64_t asked_ns = begin_ns;
  if (kind != GC_PAUSE_CASCADE)
    garbage = cell_garbage_paused();
  if (!cell_measuring() || !is_possible(begin_ns, end_ns))
    return;
  /* Of a pause that began before the measured part, only the rest counts. */
  if (begin_ns < cell_measurement.begin)
    begin_ns = cell_measurement.begin;
  if (end_ns < begin_ns)
    return;
  uint64_t took = end_ns - begin_ns;
  const gc_span *phases;
  size_t n = cell_phases_pause(kind, asked_ns, end_ns, took, &phases);
  cell_timeline_pause(kind, begin_ns, end_ns, phases, n, garbage);
  if (kind != GC_PAUSE_CASCADE)
    __atomic_store_n(&collected, true, __ATOMIC_RELAXED);
  cell_thread *c = cell_self;
  if (!c) {
    pthread_mutex_lock(&foreign_lock);
    add(foreign, kind, took, 0);
    /* Other work on a collector's own threads, beside the mutators, keeps no
     * mutator from running. */
    if (kind == GC_PAUSE_STOP)
      cell_intervals_add(&foreign_stops, begin_ns, end_ns);
    pthread_mutex_unlock(&foreign_lock);
    return;
  }
  uint64_t delay = 0;
  if (took > CELL_SLOW_NS)
    delay = cell_delay_within(c, begin_ns, end_ns, gc_now_ns());
  add(c->pauses, kind, took, delay);
  cell_intervals_add(kind == GC_PAUSE_STOP ? &c->stops : &c->own, begin_ns,
                     end_ns - delay);
}

/* Without a look at the clock, which would cost as much as the report. */
static void on_span(void *data, const gc_span *s) {
  (void)data;
  if (!cell_measuring())
    return;
  if (s->kind >= GC_SPAN_KINDS || s->end_ns < s->begin_ns ||
      (s->kind == GC_SPAN_STOOD && s->begin_ns < s->asked_ns)) {
    cell_wrong("the collector reports a span that cannot be: kind %u, asked "
               "for at %" PRIu64 ", from %" PRIu64 " to %" PRIu64,
               (unsigned)s->kind, s->asked_ns, s->begin_ns, s->end_ns);
    return;
  }
  cell_phases_span(s);
  cell_timeline_span(s);
}

bool cell_collected(void) {
  return __atomic_load_n(&collected, __ATOMIC_RELAXED);
}

gc_listener cell_listener(bool slow) {
  for (unsigned i = 0; i < CELL_PAUSE_HISTS; i++)
    hist_reset(&foreign[i]);
  if (!foreign_stops.items)
    cell_intervals_init(&foreign_stops);
  foreign_stops.count = 0;
  collected = false;
  cell_phases_open();
  return (gc_listener){.pause = on_pause,
                       .paced = cell_paced,
                       .reclaims = cell_garbage_reclaims,
                       .span = on_span,
                       .begins = on_begin,
                       .slow = slow};
}

void cell_foreign_pauses(hist *into) {
  pthread_mutex_lock(&foreign_lock);
  for (unsigned i = 0; i < CELL_PAUSE_HISTS; i++)
    hist_merge(&into[i], &foreign[i]);
  pthread_mutex_unlock(&foreign_lock);
}

const cell_intervals *cell_foreign_stops(void) {
  return &foreign_stops;
}
