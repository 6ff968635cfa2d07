/* deferred.c: deferred reference counting with coalescing, and tracing for
 * cycles; stop-the-world, non-moving, for any number of mutators.
 *
 * A count is the number of slots of other objects that refer to an object.
 * Roots own none (Deutsch & Bobrow, CACM 1976), so an object without counts is
 * not dead yet: it waits in the table of zero counts (`zct`) for the next
 * collection to see whether a root refers to it.  Stores are not counted
 * either, but logged once per object and epoch (Levanoni & Petrank, TOPLAS
 * 2006), and objects made in the epoch are not counted at all before they have
 * survived it (Shahriyar, Blackburn & Frampton, ISMM 2012): most never do.
 *
 * The heap is common/cells.h's, whose mark bits are here the *old* objects:
 * those that survived a collection, and have counts.  A collection
 *
 *   1. adds a count for each root, for now, and for each reference that a
 * logged object holds; whatever is not old and gets a count becomes old, and so
 *      does what it refers to, each reference being a count;
 *   2. finds finalizable objects that did not, and keeps them for their queue;
 *   3. takes off a count for each reference that a logged object held when the
 *      epoch began; what has none then, or had none before and got none, is
 *      dead, loses its bit, and takes a count off what it refers to;
 *   4. takes the roots' counts off again: what has none then is the new zct.
 *
 * What was young and dead costs nothing: its cell has no bit, and is handed out
 * again.  Garbage that died old in a cycle is not found in this way.  Where it
 * piles up, or gc_collect asks for it, the collection clears all bits first:
 * then everything is young, step 1 is a trace that counts everything anew, and
 * step 3 has nothing left to do.
 *
 * Invariants, between collections, of every old object:
 *   - Its count is the number of references to it that old objects held when
 *     the epoch began: in slots that are not logged, now, else in the logs.
 *   - If that is none, it is in the zct.
 *   - It is in no log and flagged DC_UNLOGGED, or in one and not; if it is
 *     large, the same of each of its parts and dc_parts.
 *   - What it referred to when the epoch began is old. */
#include "gc.h"
#include "common/finalizers.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "refcount-deferred/deferred.h"
#include "common/inline/blocking.h"
#include "common/inline/cells-usage.h"
#include "common/inline/reachable.h"
#include "common/inline/roots.h"
#include "common/tracked.h"
#include <pthread.h>
#include <sched.h>

/* Allocation in an epoch, in KiB: small enough to stay in a cache, large enough
 * that most of it is dead by then. */
static uint64_t option_epoch = 8192;

/* Entries of a mutator's log from which on the epoch ends. */
static uint64_t option_log = 1 << 16;

/* Without a heap limit the heap may grow by this much, in percent of what was
 * live after the last trace, before the next one, and by DC_GROWTH_LEAST in any
 * case. */
static uint64_t option_growth = 100;
#define DC_GROWTH_LEAST ((uint64_t)4 << 20)

enum {
  /* References on their way to be counted, while their objects are fetched. */
  DC_FIFO = 16,
  /* Objects with more slots than twice this are large: logged in parts of so
   * many slots, the last one of up to twice as many. */
  DC_PART = 32,
};

/* There is one in a process. */
struct gc_heap {
  gc_listener listener;
  bool limited;

  pthread_mutex_t lock;
  object_stack orphaned; /* the logs of mutators that are gone */
  _Atomic bool lost;     /* a log is not complete: the next one must trace */

  object_bag zct;   /* old objects without counts */
  object_bag young; /* that became old and whose slots were not counted yet */
  gc_object *fifo[DC_FIFO];
  unsigned at;
  uint32_t dead; /* granule of the first of the dead that hold their children */

  uint64_t budget;    /* bytes to be handed out in this epoch */
  uint64_t yield;     /* bytes handed out between the last trace and the
                         collection after it, and 1; 0: the last one traced */
  uint64_t live_most; /* live bytes from which on, without a limit, ... */
  bool trace_due;     /* the next collection traces */

  uint64_t epochs, traces, logged, survivors, died; /* events so far */
};
static gc_heap dc_heap;
_Atomic bool dc_due;

/* Of each part of a large object: it is logged.  A bit per 256 bytes of heap:
 * two parts never share one, since a part is 256 bytes at least. */
static uint64_t *dc_parts;
enum { DC_PART_GRANULES = DC_PART * sizeof(gc_object *) / SPACE_GRANULE };

const gc_collector gc_this_collector = {
    .name = "refcount-deferred",
    .summary = "deferred and coalesced reference counting by epochs, tracing "
               "for cycles",
    .source = "Deutsch & Bobrow, CACM 1976; Levanoni & Petrank, TOPLAS 2006; "
              "Shahriyar, Blackburn & Frampton, ISMM 2012",
    .hostile = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .heap_limit = true},
    .options =
        (const gc_option[]){
            {"epoch", "allocation between collections, in KiB", &option_epoch,
             64, (uint64_t)1 << 20},
            {"log", "entries of a log from which on a collection is due",
             &option_log, 1, (uint64_t)1 << 32},
            {"growth",
             "without a heap limit: growth between traces, in percent of the "
             "live bytes",
             &option_growth, 10, 1000},
            {0}},
};

/* ------------------------------------------------------------------------- *
 * Logs.
 *
 * An entry of a log is an object, tagged, or a large object, tagged, and the
 * number of the part; then come the references that were there, without nulls.
 * Addresses are multiples of 16.
 * ------------------------------------------------------------------------- */

enum { DC_TAGS = 15, DC_OBJECT = 1, DC_LARGE = 2 };

static gc_object *dc_tag(const gc_object *o, uintptr_t tag) {
  return (gc_object *)((uintptr_t)o | tag);
}

static gc_object *dc_untag(const gc_object *o) {
  return (gc_object *)((uintptr_t)o & ~(uintptr_t)DC_TAGS);
}

static uintptr_t dc_tag_of(const gc_object *item) {
  return (uintptr_t)item & DC_TAGS;
}

/* Slots first .. end - 1 of an object. */
typedef struct dc_range {
  uint32_t first, end;
} dc_range;

static bool dc_is_large(const gc_object *o) {
  return object_slots(o) > 2 * DC_PART;
}

static uint32_t dc_parts_of(const gc_object *o) {
  return object_slots(o) / DC_PART;
}

static dc_range dc_part_range(const gc_object *o, uint32_t part) {
  uint32_t first = part * DC_PART;
  bool last = part + 1 == dc_parts_of(o);
  return (dc_range){first, last ? object_slots(o) : first + DC_PART};
}

static uint32_t dc_part_of(const gc_object *o, uint32_t slot) {
  uint32_t part = slot / DC_PART, last = dc_parts_of(o) - 1;
  return part < last ? part : last;
}

static size_t dc_part_bit(const gc_object *o, uint32_t part) {
  return space_granule(o) / DC_PART_GRANULES + part;
}

static size_t dc_parts_bytes(void) {
  return space_bytes / SPACE_GRANULE / DC_PART_GRANULES / 8 + 8;
}

/* Another mutator may be setting a bit of the same word. */
static bool dc_part_logged(size_t bit) {
  return __atomic_load_n(&dc_parts[bit / 64], __ATOMIC_ACQUIRE) >> bit % 64 & 1;
}

/* Whether this object, or the part of it, must still be logged; then nobody
 * else may do that until dc_unlock.  Two mutators may store into different
 * slots at the same time, and neither before the old values are safe. */
static bool dc_lock(gc_object *o, bool large, size_t bit) {
  uint32_t meta = __atomic_load_n(&o->meta, __ATOMIC_ACQUIRE);
  while (large ? !dc_part_logged(bit) : meta & DC_UNLOGGED) {
    hostile_race();
    if (meta & DC_LOCKED) {
      sched_yield();
      meta = __atomic_load_n(&o->meta, __ATOMIC_ACQUIRE);
    } else if (__atomic_compare_exchange_n(&o->meta, &meta, meta | DC_LOCKED,
                                           false, __ATOMIC_ACQUIRE,
                                           __ATOMIC_ACQUIRE)) {
      if (!large || !dc_part_logged(bit))
        return true;
      __atomic_fetch_and(&o->meta, ~DC_LOCKED, __ATOMIC_RELEASE);
      return false;
    }
  }
  return false;
}

static void dc_unlock(gc_object *o, bool large, size_t bit) {
  if (large)
    __atomic_fetch_or(&dc_parts[bit / 64], (uint64_t)1 << bit % 64,
                      __ATOMIC_RELEASE);
  __atomic_fetch_and(&o->meta, ~(DC_LOCKED | (large ? 0 : DC_UNLOGGED)),
                     __ATOMIC_RELEASE);
}

void dc_log(gc_mutator *m, gc_object *o, gc_object **place) {
  bool large = dc_is_large(o);
  uint32_t part = large ? dc_part_of(o, (uint32_t)(place - o->slots)) : 0;
  size_t bit = large ? dc_part_bit(o, part) : 0;
  if (!dc_lock(o, large, bit))
    return;
  dc_range range = {0, object_slots(o)};
  object_stack *log = &m->log;
  size_t before = log->size;
  bool pushed;
  if (large) {
    range = dc_part_range(o, part);
    pushed = object_push(log, dc_tag(o, DC_LARGE)) &&
             object_push(log, (gc_object *)((uintptr_t)part * (DC_TAGS + 1)));
  } else {
    pushed = object_push(log, dc_tag(o, DC_OBJECT));
  }
  for (uint32_t i = range.first; i < range.end && pushed; i++)
    if (o->slots[i])
      pushed = object_push(log, o->slots[i]);
  if (!pushed) {
    log->size = before;
    dc_heap.lost = true;
  }
  dc_unlock(o, large, bit);
  if (log->size >= option_log)
    dc_due = true;
}

/* The mutator counts as running, so that no collection comes between. */
static void dc_orphan(gc_heap *h, gc_mutator *m) {
  pthread_mutex_lock(&h->lock);
  for (size_t i = 0; i < m->log.size && !gc_mutant(log_not_inherited); i++)
    if (!object_push(&h->orphaned, m->log.items[i])) {
      h->lost = true;
      break;
    }
  pthread_mutex_unlock(&h->lock);
  object_stack_free(&m->log);
}

/* Calls `entry` for each object or part of one that a log holds, and `old` for
 * each reference that it held; either may be NULL. */
static inline __attribute__((always_inline)) void
dc_walk(gc_heap *h, const object_stack *log,
        void (*entry)(gc_heap *h, gc_object *o, dc_range range),
        void (*old)(gc_heap *h, gc_object *o)) {
  for (size_t i = 0; i < log->size; i++) {
    gc_object *item = log->items[i], *o = dc_untag(item);
    if (i + DC_FIFO < log->size)
      __builtin_prefetch(dc_untag(log->items[i + DC_FIFO]));
    switch (dc_tag_of(item)) {
    case DC_OBJECT:
      if (entry)
        entry(h, o, (dc_range){0, object_slots(o)});
      break;
    case DC_LARGE:
      i++;
      if (entry)
        entry(h, o,
              dc_part_range(
                  o, (uint32_t)((uintptr_t)log->items[i] / (DC_TAGS + 1))));
      break;
    default:
      if (old)
        old(h, o);
    }
  }
}

/* ------------------------------------------------------------------------- *
 * Counting up: what gets a count and is not old becomes it.
 * ------------------------------------------------------------------------- */

static void dc_clear_parts(gc_object *o, dc_range range) {
  if (!dc_is_large(o))
    return;
  for (uint32_t p = dc_part_of(o, range.first); p < dc_parts_of(o); p++) {
    if (dc_part_range(o, p).first >= range.end)
      break;
    bitmap_clear(dc_parts, dc_part_bit(o, p));
  }
}

/* Its slots hold from now on what it refers to when the next epoch begins. */
static void dc_unlog(gc_object *o, dc_range range) {
  if (!object_slots(o))
    return;
  o->meta |= DC_UNLOGGED;
  dc_clear_parts(o, range);
}

static void dc_count(gc_heap *h, gc_object *o) {
  if (bitmap_set(cells_marks, space_granule(o))) {
    o->word = 0;
    h->survivors++;
    if (object_slots(o)) {
      dc_unlog(o, (dc_range){0, object_slots(o)});
      bag_put(&h->young, o);
    }
  }
  o->word++;
}

/* The same, in a while. */
static void dc_count_later(gc_heap *h, gc_object *o) {
  gc_object *first = h->fifo[h->at];
  __builtin_prefetch(o, 1);
  h->fifo[h->at] = o;
  h->at = (h->at + 1) % DC_FIFO;
  if (first)
    dc_count(h, first);
}

static void dc_count_slots(gc_heap *h, gc_object *o, dc_range range) {
  for (uint32_t i = range.first; i < range.end; i++)
    if (o->slots[i])
      dc_count_later(h, o->slots[i]);
}

/* Counts what is on its way and what that leads to. */
static void dc_drain(gc_heap *h) {
  for (unsigned idle = 0; idle < DC_FIFO;) {
    gc_object *o = bag_take(&h->young);
    if (o) {
      dc_count_slots(h, o, (dc_range){0, object_slots(o)});
      idle = 0;
      continue;
    }
    gc_object *first = h->fifo[h->at];
    h->fifo[h->at] = NULL;
    h->at = (h->at + 1) % DC_FIFO;
    if (first)
      dc_count(h, first);
    idle = first ? 0 : idle + 1;
  }
}

static void dc_count_root(void *data, gc_object **place) {
  if (*place)
    dc_count_later(data, *place);
}

static void dc_count_logged(gc_heap *h, gc_object *o, dc_range range) {
  if (!gc_mutant(logged_for_good))
    dc_unlog(o, range);
  dc_count_slots(h, o, range);
  h->logged++;
}

/* ------------------------------------------------------------------------- *
 * Counting down, and death.  The dead that still hold their children form a
 * list threaded through their count words, which they need no more.
 * ------------------------------------------------------------------------- */

static void dc_dies(gc_heap *h, gc_object *o) {
  o->word = h->dead;
  h->dead = space_granule(o);
}

static void dc_count_down(gc_heap *h, gc_object *o) {
  if (--o->word == 0)
    dc_dies(h, o);
}

/* What has no bit is dead to tracked.h.  A finalizable object keeps what it
 * refers to, for its queue. */
static void dc_bury_all(gc_heap *h) {
  while (h->dead) {
    gc_object *o = space_address(h->dead);
    h->dead = o->word;
    bitmap_clear(cells_marks, space_granule(o));
    h->died++;
    if (o->meta & OBJECT_FINALIZABLE)
      continue;
    for (uint32_t i = 0, slots = object_slots(o); i < slots; i++)
      if (o->slots[i])
        dc_count_down(h, o->slots[i]);
  }
}

/* The zct first: none of its objects is referred to by a slot whose count is to
 * be taken off, so no object dies twice. */
static void dc_find_dead(gc_heap *h) {
  for (gc_object *o; (o = bag_take(&h->zct));)
    if (o->word == 0)
      dc_dies(h, o);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    dc_walk(h, &m->log, NULL, dc_count_down);
  dc_walk(h, &h->orphaned, NULL, dc_count_down);
  dc_bury_all(h);
}

/* A root's count goes. */
static void dc_uncount_root(void *data, gc_object **place) {
  gc_heap *h = data;
  if (*place && --(*place)->word == 0 && !gc_mutant(zero_count_forgotten))
    bag_put(&h->zct, *place);
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

static gc_object *dc_where(gc_object *o) {
  return cells_marked(o) ? o : NULL;
}

/* Everything is young again, and its logs are of no use. */
static void dc_forget(gc_heap *h) {
  cells_clear_marks(cells_marks);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    m->log.size = 0;
  h->orphaned.size = 0;
  while (bag_take(&h->zct))
    continue;
  h->lost = false;
}

/* Finalizable objects that are dead go to their queue, whose count they get. */
static void dc_queue_dead_young(gc_heap *h, bool all) {
  size_t before = finalizers_count();
  tracked_clear_weak(dc_where, all);
  tracked_queue_dead(dc_where, all);
  for (size_t i = before; i < finalizers_count(); i++)
    dc_count_later(h, finalizers_first()[i]);
  dc_drain(h);
}

/* The same of those that died old, and have counted what they refer to. */
static void dc_queue_dead_old(void) {
  size_t before = finalizers_count();
  tracked_clear_weak(dc_where, true);
  tracked_queue_dead(dc_where, true);
  for (size_t i = before; i < finalizers_count(); i++) {
    gc_object *o = finalizers_first()[i];
    bitmap_set(cells_marks, space_granule(o));
    o->word = 1;
  }
}

static uint64_t dc_handed_out(void) {
  return cells.fresh + cells.holes + cells.large;
}

static void dc_plan(gc_heap *h, bool traced, uint64_t handed);

static void dc_collect_stopped(gc_heap *h, bool trace) {
  uint64_t handed = dc_handed_out(), died = h->died;
  dc_due = false;
  trace |= h->lost;
  if (trace)
    dc_forget(h);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    cells_retract(&m->hand);
    dc_walk(h, &m->log, dc_count_logged, NULL);
  }
  dc_walk(h, &h->orphaned, dc_count_logged, NULL);
  if (!gc_mutant(roots_not_counted))
    roots_each(dc_count_root, h);
  dc_drain(h);
  dc_queue_dead_young(h, trace);
  dc_find_dead(h);
  bool old_died = h->died != died;
  if (old_died)
    dc_queue_dead_old();
  tracked_prune_weak(dc_where, trace || old_died);
  if (!gc_mutant(roots_not_counted))
    roots_each(dc_uncount_root, h);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    m->log.size = 0;
  h->orphaned.size = 0;
  cells_sort(trace || old_died);
  *(trace ? &h->traces : &h->epochs) += 1;
  dc_plan(h, trace, handed);
}

/* When the next collection is due, and which. */
static void dc_plan(gc_heap *h, bool traced, uint64_t handed) {
  uint64_t live = cells.live_bytes;
  if (traced) {
    uint64_t growth = live / 100 * option_growth;
    h->live_most = live + (growth > DC_GROWTH_LEAST ? growth : DC_GROWTH_LEAST);
    h->yield = 0;
  } else if (!h->yield) {
    h->yield = handed + 1;
  }
  h->trace_due = !traced && !h->limited && live > h->live_most;
}

static void dc_report(gc_mutator *m, uint64_t begin_ns) {
  gc_listener *listener = &m->base.heap->listener;
  listener->pause(listener->data, GC_PAUSE_STOP, begin_ns, gc_now_ns());
}

static void dc_collect_now(gc_mutator *m, bool trace) {
  uint64_t begin = gc_now_ns();
  while (!world_stop())
    begin = gc_now_ns();
  dc_collect_stopped(m->base.heap, trace);
  world_start();
  dc_report(m, begin);
}

void gc_collect(gc_mutator *m) {
  dc_collect_now(m, true);
}

void dc_collect_due(gc_mutator *m) {
  uint64_t begin = gc_now_ns();
  if (!world_stop())
    return; /* another mutator has collected */
  if (dc_due)
    dc_collect_stopped(m->base.heap, m->base.heap->trace_due);
  world_start();
  dc_report(m, begin);
}

/* ------------------------------------------------------------------------- *
 * Allocation, slow path.
 * ------------------------------------------------------------------------- */

static bool dc_may(bool fresh, uint64_t bytes) {
  (void)fresh, (void)bytes;
  return dc_handed_out() < dc_heap.budget && !dc_due;
}

/* Memory may have run out before the epoch's budget did.  Counting gives back
 * less and less then, if there are cycles: once it is half of what a trace did,
 * another one is worth it. */
static void dc_collect(gc_mutator *m, bool again) {
  gc_heap *h = m->base.heap;
  if (again && !h->yield)
    return; /* it was a trace */
  uint64_t handed = dc_handed_out();
  bool little = handed < h->budget && !dc_due && handed < h->yield / 2;
  dc_collect_stopped(h, again || little || h->trace_due);
}

/* Hostile conditions collect too often for traces to leave much to counting. */
static void dc_hostile(gc_mutator *m) {
  dc_collect_now(m, m->base.heap->trace_due);
}

/* The second attempt is always a trace. */
gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {.may = dc_may,
                                      .collect = dc_collect,
                                      .attempts = 2,
                                      .hostile = dc_hostile,
                                      .report = dc_report};
  return cells_obtain(m, &m->hand, c, bytes, &policy);
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = &dc_heap;
  if (!cells_create(config->heap_limit))
    return NULL;
  dc_parts = space_table_create(dc_parts_bytes());
  if (!dc_parts) {
    cells_destroy();
    return NULL;
  }
  *h = (gc_heap){.listener = config->listener,
                 .limited = config->heap_limit != 0,
                 .orphaned = {.most = hostile.buffers},
                 .budget = option_epoch << 10,
                 .live_most = DC_GROWTH_LEAST};
  dc_due = false;
  pthread_mutex_init(&h->lock, NULL);
  bag_init(&h->young, 0);
  bag_init(&h->zct, 1);
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  bag_free(&h->young);
  bag_free(&h->zct);
  bag_tables_free();
  object_stack_free(&h->orphaned);
  pthread_mutex_destroy(&h->lock);
  space_table_destroy(dc_parts, dc_parts_bytes());
  tracked_destroy();
  finalizers_destroy();
  memset(object_globals, 0, sizeof object_globals);
  cells_destroy();
}

gc_mutator *gc_thread_attach(gc_heap *h) {
  gc_mutator *m = world_mutator_create(h, sizeof *m);
  if (!m)
    return NULL;
  m->log.most = hostile.buffers;
  world_join(m);
  return m;
}

/* While it still counts as running, so that no collection comes between. */
void gc_thread_detach(gc_mutator *m) {
  cells_hand_back(&m->hand);
  dc_orphan(m->base.heap, m);
  world_leave(m);
  world_mutator_destroy(m);
}

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  uint64_t side = object_stack_bytes(&h->orphaned) +
                  object_stack_bytes(&h->zct.stack) +
                  object_stack_bytes(&h->young.stack);
  world_lock();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    side += object_stack_bytes(&m->log);
  world_unlock();
  return cells_footprint(side);
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->epochs + h->traces},
                            {"traces", h->traces},
                            {"logged", h->logged},
                            {"survivors", h->survivors},
                            {"died-old", h->died}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* Right after a collection, what is alive is old; later, it may be newer, and
 * then is not flagged. */
static bool dc_alive(const gc_object *o) {
  return cells_marked(o) || (!cells.untouched && !(o->meta & DC_UNLOGGED));
}

/* By granule: the references to an old object that were found, and whether it
 * is in the zct. */
static uint32_t *dc_census;
#define DC_CENSUS_ZERO ((uint32_t)1 << 31)

static void dc_census_old(gc_heap *h, gc_object *o) {
  (void)h;
  dc_census[space_granule(o)]++;
}

/* What the object's slots hold that are not logged. */
static const char *dc_census_object(const gc_object *o) {
  if (o->meta & DC_LOCKED)
    return "an object is locked, and nobody logs it";
  bool large = dc_is_large(o);
  if (!(o->meta & DC_UNLOGGED)) {
    if (large)
      return "a large object is not flagged";
    return NULL;
  }
  for (uint32_t i = 0; i < object_slots(o); i++) {
    if (!o->slots[i] ||
        (large && dc_part_logged(dc_part_bit(o, dc_part_of(o, i)))))
      continue;
    if (!cells_marked(o->slots[i]))
      return "an old object that is not logged refers to a young one";
    dc_census_old(NULL, o->slots[i]);
  }
  return NULL;
}

static const char *dc_census_compare(const gc_object *o) {
  uint32_t found = dc_census[space_granule(o)];
  if (o->word != (found & ~DC_CENSUS_ZERO))
    return "an old object's count is not its references";
  if (o->word == 0 && !(found & DC_CENSUS_ZERO))
    return "an object without counts is not in the table of zero counts";
  return NULL;
}

/* Calls `look` for every old object until it finds something wrong. */
static const char *dc_each_old(const char *(*look)(const gc_object *o)) {
  const char *why = NULL;
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t at = 0; (at = bitmap_next(cells_marks, at, end)) < end && !why;
       at++)
    why = look(space_address((uint32_t)at));
  for (size_t i = 0; i < large_objects.size && !why; i++)
    if (space_granule(large_objects.items[i]) >= end &&
        cells_marked(large_objects.items[i]))
      why = look(large_objects.items[i]);
  return why;
}

static const char *dc_check_counts(gc_heap *h) {
  if (h->lost) /* counts are wrong, and made anew before they are used */
    return NULL;
  size_t bytes = space_bytes / SPACE_GRANULE * sizeof *dc_census;
  dc_census = space_table_create(bytes);
  if (!dc_census)
    return "no memory to check in";
  const char *why = dc_each_old(dc_census_object);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    dc_walk(h, &m->log, NULL, dc_census_old);
  dc_walk(h, &h->orphaned, NULL, dc_census_old);
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&h->zct, &at));)
    dc_census[space_granule(o)] |= DC_CENSUS_ZERO;
  if (!why)
    why = dc_each_old(dc_census_compare);
  space_table_destroy(dc_census, bytes);
  return why;
}

const char *gc_heap_check(gc_heap *h) {
  const char *why = cells_check(cells_hand_in, false);
  if (!why)
    why = tracked_check(cells_is, dc_where, !cells.untouched);
  if (!why)
    why = reachable_check(cells_is, dc_alive);
  return why ? why : dc_check_counts(h);
}
