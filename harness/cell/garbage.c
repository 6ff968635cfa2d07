/* garbage.c: the dead objects that the heap still holds, over time.
 *
 * The workload states what it made and what it dropped (wl_made, wl_dropped),
 * the collector what it reclaimed (gc_heap_tally).  A heap holds what the
 * latest collection left, and what was made since, less what was freed since;
 * that less what is alive is garbage:
 *
 *     left + (made - made then) - freed - (made - dropped)
 *     = (left - made then) + dropped - freed
 *
 * where `made then` is what was made before the stop of that collection.  So
 * the number is known at any time without a look at the heap, and is read at
 * four kinds of moments: right before something is reclaimed, where it is
 * largest; right after; at each sample of the curve; at both ends of the
 * measured part.  Between them it is taken to grow evenly. */
#include "cell.h"

#include "harness/record/record.h"

#include <inttypes.h>
#include <pthread.h>

#define UNKNOWN UINT64_MAX

/* A number that changes over time, in the measured part. */
typedef struct track {
  hist *values; /* over time: a value counts once for each ns */
  double integral;
  uint64_t max, last, at; /* `last` is UNKNOWN at a gap */
} track;

static hist object_values, byte_values;

static struct {
  const wl_run *run; /* NULL: nothing is followed */
  pthread_mutex_t lock;
  /* Of the collection that the collector last told of. */
  uint64_t collections;
  uint64_t base; /* what it left, less what was made before; modulo 2^64 */
  bool counted;  /* whether `base` is known: the collector has counted */
  uint64_t made_then, dropped_then, freed_then, then;
  /* Of the latest stop in which something was about to be reclaimed. */
  wl_ledger noted;
  bool fresh; /* the pause of that stop has not been reported */
  bool blind; /* some stop came when objects may have been made that were
                 neither stated nor shown */
  track objects, bytes;
  uint64_t most; /* since the last sample; UNKNOWN: nothing was read */
  uint64_t seen; /* times right before something was reclaimed */
  uint64_t live_objects, live_bytes; /* the most */
  uint64_t cost;
  gc_tally began; /* when the measured part began */
  bool exact;
  uint64_t most_stated; /* objects, in a step; for checks */
} garbage = {.lock = PTHREAD_MUTEX_INITIALIZER,
             .counted = true,
             .objects.values = &object_values,
             .bytes.values = &byte_values};

/* ------------------------------------------------------------------------- *
 * Tracks.
 * ------------------------------------------------------------------------- */

static void track_begin(track *t) {
  hist_reset(t->values);
  t->integral = 0;
  t->max = 0;
  t->last = UNKNOWN;
}

/* The number is `value` at the time `at`, or UNKNOWN. */
static void track_add(track *t, uint64_t at, uint64_t value) {
  enum { PIECES = 8 }; /* in which the number grows between two readings */
  if (value != UNKNOWN && t->last != UNKNOWN && at > t->at) {
    double took = (double)(at - t->at), step = (double)value - (double)t->last;
    t->integral += took * ((double)t->last + step / 2);
    for (unsigned i = 0; i < PIECES; i++)
      hist_add_times(t->values,
                     (uint64_t)((double)t->last + step * (i + 0.5) / PIECES),
                     (at - t->at) / PIECES);
  }
  if (value != UNKNOWN && value > t->max)
    t->max = value;
  t->last = value;
  t->at = at;
}

static json_t *track_json(const track *t) {
  uint64_t median;
  json_t *json = json_pack("{s:o}", "max", record_integer(t->max));
  if (hist_percentile(t->values, 50, &median))
    json_object_set_new(json, "median", record_integer(median));
  json_object_set_new(json, "integral", json_real(t->integral * 1e-6));
  if (t->last != UNKNOWN)
    json_object_set_new(json, "end", record_integer(t->last));
  return json;
}

/* ------------------------------------------------------------------------- *
 * What is known now.
 * ------------------------------------------------------------------------- */

void cell_ledger_publish(cell_thread *c) {
  const wl_ledger *from = &c->wl.ledger;
  wl_ledger *to = &c->published;
  __atomic_store_n(&to->made, from->made, __ATOMIC_RELAXED);
  __atomic_store_n(&to->dropped, from->dropped, __ATOMIC_RELAXED);
  __atomic_store_n(&to->bytes, from->bytes, __ATOMIC_RELAXED);
  __atomic_store_n(&to->lent_bytes, from->lent_bytes, __ATOMIC_RELAXED);
}

wl_ledger cell_ledger(bool stopped) {
  wl_ledger sum = {0};
  for (cell_thread *c = cell_threads(); c; c = c->next) {
    wl_ledger l;
    if (stopped || c == cell_self)
      l = c->wl.ledger;
    else
      l = (wl_ledger){
          .made = __atomic_load_n(&c->published.made, __ATOMIC_RELAXED),
          .dropped = __atomic_load_n(&c->published.dropped, __ATOMIC_RELAXED),
          .bytes = __atomic_load_n(&c->published.bytes, __ATOMIC_RELAXED),
          .lent_bytes =
              __atomic_load_n(&c->published.lent_bytes, __ATOMIC_RELAXED)};
    sum.made += l.made + (stopped && l.unstated ? *l.unstated : 0);
    sum.dropped += l.dropped;
    sum.bytes += l.bytes;
    sum.lent_bytes += l.lent_bytes;
  }
  return sum;
}

/* Another thread may have added to one number and not yet to the other. */
static uint64_t not_below_zero(uint64_t difference) {
  return (int64_t)difference < 0 ? 0 : difference;
}

/* Bytes that are alive, with what live objects own outside the heap. */
static uint64_t live_bytes(const wl_ledger *l) {
  return not_below_zero(l->bytes) + not_below_zero(l->lent_bytes);
}

/* Bytes outside the heap that are not part of the footprint. */
static uint64_t uncounted_bytes(gc_heap *heap) {
  return gc_this_collector.can.external == GC_EXTERNALS_COUNTED
             ? 0
             : cell_heap_external(heap).bytes;
}

/* A collection has been told of that began in the stop last noted. */
static void next_collection(uint64_t collections, uint64_t freed,
                            uint64_t now) {
  garbage.collections = collections;
  garbage.counted = false;
  garbage.made_then = garbage.noted.made;
  garbage.dropped_then = garbage.noted.dropped;
  garbage.freed_then = freed;
  garbage.then = now;
}

static uint64_t garbage_of(uint64_t dropped, uint64_t freed) {
  return not_below_zero(garbage.base + dropped - freed);
}

static void note_most(uint64_t objects) {
  if (objects != UNKNOWN && (garbage.most == UNKNOWN || objects > garbage.most))
    garbage.most = objects;
}

/* Brings the base up to date, and returns how many dead objects are held; or
 * UNKNOWN.  `measured`: in the measured part.  With the lock. */
static uint64_t look(const gc_tally *t, const wl_ledger *l, uint64_t now,
                     bool measured) {
  if (t->collections != garbage.collections)
    next_collection(t->collections, t->freed, now);
  if (!garbage.counted && t->left != GC_UNKNOWN) {
    garbage.counted = true;
    garbage.base = t->left - garbage.made_then;
    /* What was left is known now for the moment when it was left, too. */
    if (measured && garbage.then < now)
      track_add(&garbage.objects, garbage.then,
                garbage_of(garbage.dropped_then, garbage.freed_then));
  }
  return garbage.counted ? garbage_of(l->dropped, t->freed) : UNKNOWN;
}

/* The same, with all that follows in the measured part. */
static uint64_t follow(const gc_tally *t, const wl_ledger *l, uint64_t now,
                       bool measured) {
  uint64_t objects = look(t, l, now, measured);
  uint64_t live = not_below_zero(l->made - l->dropped);
  uint64_t bytes = live_bytes(l);
  if (!measured)
    return objects;
  garbage.live_objects =
      live > garbage.live_objects ? live : garbage.live_objects;
  garbage.live_bytes = bytes > garbage.live_bytes ? bytes : garbage.live_bytes;
  track_add(&garbage.objects, now, objects);
  note_most(objects);
  return objects;
}

/* ------------------------------------------------------------------------- *
 * What the collector tells.
 * ------------------------------------------------------------------------- */

/* Dead objects that were held when the calling thread was about to reclaim. */
static _Thread_local uint64_t before_pause = UNKNOWN;

/* Whether every thread shows what it has made and not stated. */
static bool all_show(void) {
  bool all = true;
  for (cell_thread *c = cell_threads(); c; c = c->next)
    all &= !c->taken || c->wl.ledger.unstated;
  return all;
}

/* Returns how many dead objects were held, or UNKNOWN if none could be counted
 * for this event. */
static uint64_t on_event(bool before) {
  uint64_t objects = UNKNOWN;
  if (!garbage.run || !gc_heap_tally)
    return objects;
  uint64_t now = gc_now_ns();
  /* First: this may wait for a stop, in which the lock is taken. */
  gc_tally tally = gc_heap_tally(garbage.run->heap);
  pthread_mutex_lock(&garbage.lock);
  if (before) {
    wl_ledger ledger = cell_ledger(true);
    objects = follow(&tally, &ledger, now, cell_measuring());
    garbage.noted = ledger;
    garbage.blind |= cell_measuring() && !all_show();
    garbage.seen += cell_measuring();
  } else if (garbage.fresh) {
    objects = follow(&tally, &garbage.noted, now, cell_measuring());
  }
  garbage.fresh = before;
  garbage.cost += gc_now_ns() - now;
  pthread_mutex_unlock(&garbage.lock);
  return objects;
}

void cell_garbage_reclaims(void *data) {
  (void)data;
  before_pause = on_event(true);
}

cell_garbage_change cell_garbage_paused(void) {
  cell_garbage_change change = {before_pause, on_event(false)};
  before_pause = UNKNOWN;
  return change;
}

/* ------------------------------------------------------------------------- *
 * The measured part.
 * ------------------------------------------------------------------------- */

void cell_garbage_open(const wl_run *run) {
#ifndef REAPMARK_NO_LEDGER
  track_begin(&garbage.objects); /* no page fault later */
  track_begin(&garbage.bytes);
  if (run->workload->knows_live)
    garbage.run = run;
#else
  (void)run;
#endif
}

/* Whether no garbage can have been overlooked between two samples, nor counted
 * in vain: it was read whenever something was about to be reclaimed; or only
 * what is dropped was reclaimed, at once, or nothing, so that garbage never
 * became less.  A collector that tells what it left leaves objects that are not
 * stated yet as well: the workload must show how many they are. */
static bool is_exact(void) {
  gc_capabilities can = gc_this_collector.can;
  gc_tally now = gc_heap_tally(garbage.run->heap), then = garbage.began;
  if (now.collections == then.collections && now.freed == then.freed)
    return true;
  if (now.collections > 0)
    return garbage.seen > 0 && !garbage.blind;
  return garbage.seen > 0 || can.prompt == GC_PROMPT_ALL || can.explicit_free;
}

void cell_garbage_begin(void) {
  if (!garbage.run)
    return;
  track_begin(&garbage.objects);
  track_begin(&garbage.bytes);
  garbage.most = UNKNOWN;
  garbage.seen = garbage.cost = 0;
  garbage.blind = false;
  garbage.live_objects = garbage.live_bytes = 0;
  if (gc_heap_tally)
    garbage.began = gc_heap_tally(garbage.run->heap);
}

void cell_garbage_end(void) {
  if (garbage.run && gc_heap_tally)
    garbage.exact = is_exact();
}

cell_garbage cell_garbage_sample(uint64_t now, uint64_t footprint) {
  cell_garbage g = {.objects = UNKNOWN, .most = UNKNOWN};
  if (!garbage.run)
    return g;
  gc_tally tally = {.left = GC_UNKNOWN, .collections = UNKNOWN};
  if (gc_heap_tally)
    tally = gc_heap_tally(garbage.run->heap);
  pthread_mutex_lock(&garbage.lock);
  wl_ledger ledger = cell_ledger(false);
  g.objects = follow(&tally, &ledger, now, true);
  g.most = garbage.most;
  g.area = garbage.objects.integral;
  garbage.most = UNKNOWN;
  g.live_objects = not_below_zero(ledger.made - ledger.dropped);
  g.live_bytes = live_bytes(&ledger);
  uint64_t all = footprint + uncounted_bytes(garbage.run->heap);
  uint64_t over = all > g.live_bytes ? all - g.live_bytes : 0;
  track_add(&garbage.bytes, now, over);
  pthread_mutex_unlock(&garbage.lock);
  return g;
}

void cell_garbage_most(uint64_t objects) {
  pthread_mutex_lock(&garbage.lock);
  note_most(objects);
  pthread_mutex_unlock(&garbage.lock);
}

bool cell_garbage_known(bool *objects) {
  *objects = garbage.run && gc_heap_tally;
  return garbage.run;
}

json_t *cell_garbage_json(void) {
  if (!garbage.run)
    return NULL;
  json_t *json = json_pack(
      "{s:o,s:{s:o,s:o},s:o}", "bytes", track_json(&garbage.bytes), "live",
      "objects", record_integer(garbage.live_objects), "bytes",
      record_integer(garbage.live_bytes), "cost", record_integer(garbage.cost));
  if (!gc_heap_tally)
    return json;
  json_object_set_new(json, "objects", track_json(&garbage.objects));
  json_object_set_new(json, "collections", record_integer(garbage.seen));
  json_object_set_new(json, "exact", json_boolean(garbage.exact));
  return json;
}

/* ------------------------------------------------------------------------- *
 * Checks.
 * ------------------------------------------------------------------------- */

/* How many objects the heap holds by what is told here, or more, if objects
 * were not stated when a collection left them, and are stated by now; UNKNOWN
 * while the collector counts. */
static uint64_t held(const wl_ledger *l) {
  gc_tally tally = gc_heap_tally(garbage.run->heap);
  pthread_mutex_lock(&garbage.lock);
  look(&tally, l, gc_now_ns(), cell_measuring());
  uint64_t n = garbage.counted ? garbage.base + l->made - tally.freed : UNKNOWN;
  pthread_mutex_unlock(&garbage.lock);
  return n;
}

static void check_held(const wl_ledger *l, uint64_t objects, const char *when) {
  uint64_t told = garbage.run && gc_heap_tally ? held(l) : UNKNOWN;
  uint64_t slack = garbage.collections > 0 ? garbage.most_stated : 0;
  if (told != UNKNOWN && (told < objects || told - objects > slack))
    cell_wrong("the heap holds %" PRIu64 " objects %s, but %" PRIu64
               " by what was made and reclaimed",
               objects, when, told);
}

void cell_garbage_expect(wl_expectation e, uint64_t objects) {
#ifndef REAPMARK_NO_LEDGER
  if (!garbage.run)
    return;
  wl_ledger l = cell_ledger(true);
  uint64_t live = l.made - l.dropped;
  /* Where the collector never finds some of the dead, fewer come back to life
   * by their finalizers than are expected, and are garbage instead. */
  bool fewer = garbage.run->workload->needs & WL_NEEDS_FINALIZERS &&
               gc_this_collector.can.reclaims != GC_RECLAIMS_ALL;
  if (fewer && live < e.live) {
    e.bytes = 0;
    e.live = live;
  }
  if (l.made != e.allocated || live != e.live)
    cell_wrong("the workload states %" PRIu64 " objects made and %" PRIu64
               " alive as it goes, but expects %" PRIu64 " and %" PRIu64,
               l.made, live, e.allocated, e.live);
  if (e.bytes && l.bytes != e.bytes)
    cell_wrong("the workload states %" PRIu64
               " live bytes as it goes, but expects %" PRIu64,
               l.bytes, e.bytes);
  uint64_t owned = cell_heap_external(garbage.run->heap).bytes;
  if (gc_this_collector.can.external && l.lent_bytes > owned)
    cell_wrong("the workload states %" PRIu64
               " external bytes alive as it goes, but %" PRIu64 " are held",
               l.lent_bytes, owned);
  check_held(&l, objects, "after a collection");
#else
  (void)e, (void)objects;
#endif
}

void cell_garbage_stated(const cell_thread *c) {
  uint64_t n = c->wl.ledger.made - c->published.made;
  garbage.most_stated = n > garbage.most_stated ? n : garbage.most_stated;
}

/* Only while no other thread of the workload may run. */
void cell_garbage_check(gc_heap *heap) {
  if (!garbage.run || !cell_thread_is_alone())
    return;
  wl_ledger l = cell_ledger(true);
  if (gc_heap_usage) {
    uint64_t objects = gc_heap_usage(heap).objects;
    if (objects != GC_UNKNOWN)
      check_held(&l, objects, "at a step");
  }
  if (!gc_heap_reachable)
    return;
  gc_reachable r = gc_heap_reachable(heap);
  if (r.objects != l.made - l.dropped || r.bytes != l.bytes)
    cell_wrong("%" PRIu64 " objects of %" PRIu64
               " bytes can be reached at a step, but the workload states "
               "%" PRIu64 " of %" PRIu64,
               r.objects, r.bytes, l.made - l.dropped, l.bytes);
}
