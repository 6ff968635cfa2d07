/* deferred.c: deferred reference counting with coalescing, and marking to find
 * cycles; stop-the-world, non-moving, for any number of mutators.
 *
 * A count is the number of slots of other objects that refer to an object.
 * Roots are not counted (Deutsch & Bobrow, CACM 1976), so an object whose count
 * is zero need not be dead: it waits in the *zero-count table* (`zct`) until
 * the next collection sees whether a root refers to it.  Stores are not counted
 * either: the first one into an object in each epoch logs what the object held
 * (Levanoni & Petrank, TOPLAS 2006).  Objects made in the epoch have no counts
 * until they survive it, and most do not (Shahriyar, Blackburn & Frampton, ISMM
 * 2012).
 *
 * The heap is that of common/cells.h.  Here a mark bit means that the object is
 * *old*: it survived a collection and has a count.  A collection takes four
 * steps:
 *
 *   1. Count up: one for each root, until step 4, and one for each reference
 *      that a logged object holds now.  The queue of finalizers is no root: its
 *      objects are counted once, when they enter it.  A young object that gets
 * a count becomes old, and its own references are counted up too.
 *   2. Queue finalizable objects that are still young: they are dead.
 *   3. Count down: one for each reference that a logged object held when the
 *      epoch began.  An object whose count is now zero, or that was in the
 *      zero-count table and gained none, is dead: it loses its bit, and its
 *      references are counted down too.
 *   4. Count the roots down again.  The objects whose count becomes zero are
 * the new zero-count table.
 *
 * An object that dies young costs nothing: its cell has no bit and is handed
 * out again.  Objects that died old in a cycle are not found by counting.  When
 * many may have piled up, or when gc_collect is called, a *full* collection
 * clears all bits first.  Then everything is young, step 1 marks and counts the
 * whole heap, and step 3 has nothing to do.  The counter `traces` counts full
 * collections.
 *
 * An old ephemeron counts its value, as if by a slot, until it or its key dies
 * (`counted`): step 1 counts the value up once both are known to be alive, and
 * step 3 counts it down.  So a value that leads to its key is a dead cycle that
 * a full collection finds.
 *
 * Invariants of every old object, between collections:
 *   - Its count is the number of references to it that old objects held when
 *     the epoch began: those in slots that are not logged, those in logs, and
 *     those of old ephemerons.  The queue of finalizers counts as an old object
 *     that is logged when something is taken from it.
 *   - If its count is zero, it is in the zero-count table.
 *   - It is flagged DC_UNLOGGED if and only if it is in no log.  Each part of a
 *     large object instead has a bit in dc_parts, set when it is in a log.
 *   - What it referred to when the epoch began is old. */
#include "gc.h"
#include "common/bookkeeping.h"
#include "common/ephemerons.h"
#include "common/finalizers.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/owned.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "common/prefetch.h"
#include "common/tracked.h"
#include "refcount-deferred/deferred.h"
#include "common/inline/cells-heap.h"
#include "common/inline/roots.h"
#include <pthread.h>
#include <sched.h>

/* Allocation in an epoch, in KiB: little enough to stay in a cache, enough that
 * most of it is dead by the collection. */
static uint64_t option_epoch = 8192;

/* Logs that have this many entries together end the epoch. */
static uint64_t option_log = 1 << 16;

enum {
  /* References that wait to be counted while their objects are fetched. */
  DC_FIFO = 16,
  /* An object with more than 2 * DC_PART slots is *large*: logged in parts of
   * DC_PART slots, the last one of up to twice as many. */
  DC_PART = 32,
  /* A mutator counts so many entries of its log by itself, or fewer if logs may
   * not be much longer. */
  DC_BATCH = 64,
  /* The flags of objects for whose death old entries of the lists of tracked.h
   * must be looked at. */
  DC_KNOWN = OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET | OBJECT_WEAK_REFERENCE,
};

/* There is one per process. */
struct gc_heap {
  pthread_mutex_t lock;  /* for `orphaned`, while mutators run */
  object_stack orphaned; /* the logs of detached mutators */
  _Atomic bool lost;     /* a log is incomplete: the next collection is full */
  /* Entries of all logs, but for less than DC_BATCH of each mutator. */
  _Atomic uint64_t entries_now;

  object_bag zct;   /* the zero-count table: old objects whose count is zero */
  object_bag young; /* objects that became old whose slots were not counted */
  void *fifo[DC_FIFO]; /* references that wait to be counted, a ring, */
  prefetch_ends ends;  /* and its ends (prefetch.h) */
  uint32_t dead; /* the granule of the first object in the list of the dead, 0:
                    none */
  bool pairs;    /* ephemerons may wait for objects that get counts, ... */
  bool parting;  /* ... or for objects that die */
  uint64_t parted; /* ephemerons whose keys died old, so far */

  bool known_died; /* in this collection, an old object with such a flag */

  uint64_t budget; /* bytes to be handed out in an epoch */
  pacing pacing;
  bool full_due; /* the next collection is full */

  /* Counters since the heap was made. */
  uint64_t epochs;    /* collections that ended an epoch */
  uint64_t traces;    /* full collections */
  uint64_t by_log;    /* of both: because the logs were long */
  uint64_t logged;    /* objects and parts of large objects in logs */
  uint64_t parts;     /* of these, parts of large objects */
  uint64_t entries;   /* of logs, references included */
  uint64_t inherited; /* of these, from mutators that had detached */
  uint64_t overflows; /* times that a log was found to be incomplete */
  uint64_t survivors; /* objects that became old */
  uint64_t died;      /* objects that died old */
  uint64_t zeros;     /* objects put in the zero-count table */
  uint64_t roots;     /* places of roots that were looked at */
  uint64_t queued_young, queued_old; /* objects found dead to be finalized */
};
static gc_heap dc_heap;
/* The logs have reached their length. */
static _Atomic bool dc_due;

/* Whether a part of a large object is logged: a bit per 256 bytes of heap.  Two
 * parts never share a bit, because a part has at least 256 bytes. */
static uint64_t *dc_parts;
enum { DC_PART_GRANULES = DC_PART * sizeof(gc_object *) / SPACE_GRANULE };

const gc_collector gc_this_collector = {
    .name = "refcount-deferred",
    .summary = "deferred and coalesced reference counting by epochs, tracing "
               "for cycles",
    .source = "Deutsch & Bobrow, CACM 1976; Levanoni & Petrank, TOPLAS 2006; "
              "Shahriyar, Blackburn & Frampton, ISMM 2012",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true,
            .granule = BLOCK_BYTES,
            .overhead_bytes = 128 << 10},
    .events = (const char *const[]){"epochs", "traces", "ended-by-log",
                                    "logged", "logged-parts", "logs-inherited",
                                    "logs-incomplete", "survivors", "died-old",
                                    "zero-counts", "queued-young", "queued-old",
                                    "ephemerons-parted", CELLS_EVENTS,
                                    PACING_EVENTS, BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"log-entries", "survivors", "died-old",
                                  "zero-counts", "roots-visited", CELLS_WORK,
                                  BOOKKEEPING_WORK, NULL},
    /* Epochs that end because their logs are long, soon and at once; and
     * because of allocation alone. */
    .tight =
        (const char *const[]){
            "epoch=64,log=16", "epoch=64,log=1", "epoch=1,growth=10",
            "epoch=16,policy=sqrt,root=1,growth-least=64,give-back=1",
            "policy=count,objects=100,see-external=0,partials=2",
            "epoch=16,policy=balance,root=1,growth-least=64,heap-least=128,"
            "heap-most=512",
            NULL},
    .partial = {"epoch=64,log=16,growth-least=1048576", GC_RECLAIMS_ACYCLIC},
    .options =
        (const gc_option[]){
            {"epoch", "allocation between collections, in KiB", &option_epoch,
             1, (uint64_t)1 << 20},
            {"log", "entries of all logs from which on a collection is due",
             &option_log, 1, (uint64_t)1 << 32},
            PACING_OPTIONS,
            PACING_OPTION_LEAST,
            PACING_OPTION_OBJECTS,
            PACING_OPTION_PARTIALS,
            {0}},
    .words = pacing_words,
};

/* ------------------------------------------------------------------------- *
 * Logs.
 *
 * A log is a sequence of entries.  An entry is an object tagged DC_OBJECT, or
 * an object tagged DC_LARGE followed by the number of the part, a multiple of
 * 16; then come the references that the object or part held when the epoch
 * began, untagged and without nulls.  A reference may also come before or after
 * all of those, from the queue of finalizers.  Tags are in the low bits:
 * objects are aligned to 16 bytes.
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

/* Slots `first` to `end` - 1 of an object. */
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

/* Atomic: another mutator may be setting a bit of the same word. */
static bool dc_part_logged(size_t bit) {
  return __atomic_load_n(&dc_parts[bit / 64], __ATOMIC_ACQUIRE) >> bit % 64 & 1;
}

/* Locks an object, to log it or the part of it with this bit; returns false if
 * that has been logged meanwhile.  Two mutators may store into different slots
 * of an object at the same time, and neither may before the old values are
 * logged. */
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
      if (!large || !dc_part_logged(bit) || gc_mutant(part_logged_twice))
        return true;
      __atomic_fetch_and(&o->meta, ~DC_LOCKED, __ATOMIC_RELEASE);
      return false;
    }
  }
  return false;
}

/* Marks the object or part as logged, and unlocks. */
static void dc_unlock(gc_object *o, bool large, size_t bit) {
  if (large)
    __atomic_fetch_or(&dc_parts[bit / 64], (uint64_t)1 << bit % 64,
                      __ATOMIC_RELEASE);
  __atomic_fetch_and(&o->meta, ~(DC_LOCKED | (large ? 0 : DC_UNLOGGED)),
                     __ATOMIC_RELEASE);
}

/* Adds what a mutator logged to the entries of all logs. */
static void dc_count_entries(gc_heap *h, gc_mutator *m) {
  h->entries_now += m->log.size - m->counted;
  m->counted = m->log.size;
}

/* The epoch ends if the logs are long, whoever's they are: otherwise threads
 * that come and go, or many that stay, could fill memory with logs. */
static void dc_log_grew(gc_mutator *m) {
  uint64_t batch = option_log / DC_BATCH + 1;
  if (m->log.size - m->counted >= (batch < DC_BATCH ? batch : DC_BATCH))
    dc_count_entries(&dc_heap, m);
  uint64_t others = gc_mutant(others_logs_uncounted)
                        ? m->counted
                        : (uint64_t)dc_heap.entries_now;
  if (others + (m->log.size - m->counted) >= option_log)
    dc_due = m->due = true;
}

static void dc_empty_logs(gc_heap *h) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    m->log.size = m->counted = 0;
  h->orphaned.size = 0;
  if (!gc_mutant(entries_stay))
    h->entries_now = 0;
}

void dc_log(gc_mutator *m, gc_object *o, gc_object **place) {
  bool large = dc_is_large(o);
  uint32_t part = large ? dc_part_of(o, (uint32_t)(place - o->slots)) : 0;
  size_t bit = large ? dc_part_bit(o, part) : 0;
  if (gc_mutant(last_part_unlogged) && large && part + 1 == dc_parts_of(o))
    return;
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
    dc_heap.lost = !gc_mutant(lost_log_untold);
  }
  dc_unlock(o, large, bit);
  dc_log_grew(m);
}

void dc_log_taken(gc_mutator *m, gc_object *o) {
  if (gc_mutant(taken_not_logged))
    return;
  if (!object_push(&m->log, o))
    dc_heap.lost = true;
  dc_log_grew(m);
}

/* The heap inherits a detaching mutator's log. */
static void dc_orphan(gc_heap *h, gc_mutator *m) {
  pthread_mutex_lock(&h->lock);
  for (size_t i = 0; i < m->log.size && !gc_mutant(log_not_inherited); i++)
    if (!object_push(&h->orphaned, m->log.items[i])) {
      h->lost = true;
      break;
    }
  h->inherited += m->log.size;
  pthread_mutex_unlock(&h->lock);
  object_stack_free(&m->log);
}

/* Calls `entry` for each entry of a log, with its range of slots, and `old` for
 * each reference that an entry held; either may be NULL. */
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
 * Counting up.  A young object that gets a count becomes old.
 * ------------------------------------------------------------------------- */

/* No part of a large object in this range of slots is logged any more. */
static void dc_clear_parts(gc_object *o, dc_range range) {
  if (!dc_is_large(o) || gc_mutant(parts_logged_for_good))
    return;
  for (uint32_t p = dc_part_of(o, range.first); p < dc_parts_of(o); p++) {
    if (dc_part_range(o, p).first >= range.end)
      break;
    bitmap_clear(dc_parts, dc_part_bit(o, p));
  }
}

/* The next epoch begins with what these slots hold now: they are not logged. */
static void dc_unlog(gc_object *o, dc_range range) {
  if (!object_slots(o))
    return;
  o->meta |= DC_UNLOGGED;
  dc_clear_parts(o, range);
}

/* Counts one reference to `o`. */
static void dc_count(gc_heap *h, gc_object *o) {
  if (bitmap_set(cells_marks, space_granule(o))) {
    o->word = 0;
    h->survivors++;
    if (gc_unlikely(h->pairs))
      ephemerons_reached(o);
    if (object_slots(o)) {
      dc_unlog(o, (dc_range){0, object_slots(o)});
      bag_put(&h->young, o);
    }
  }
  o->word++;
}

/* The same, once the object has been fetched. */
static void dc_count_later(gc_heap *h, gc_object *o) {
  __builtin_prefetch(o, 1);
  gc_object *due = prefetch_turn(h->fifo, DC_FIFO, &h->ends, o);
  if (due)
    dc_count(h, due);
}

static void dc_count_slots(gc_heap *h, gc_object *o, dc_range range) {
  for (uint32_t i = range.first; i < range.end; i++)
    if (o->slots[i])
      dc_count_later(h, o->slots[i]);
}

/* The ephemeron that has this place of a value. */
static ephemeron *dc_pair_of(gc_object **value) {
  return (ephemeron *)((char *)value - offsetof(ephemeron, value));
}

/* Counts all waiting references, and the references of all objects that become
 * old by that. */
static void dc_drain(gc_heap *h) {
  for (gc_object *o;;) {
    if ((o = bag_take(&h->young)))
      dc_count_slots(h, o, (dc_range){0, object_slots(o)});
    else if ((o = prefetch_take(h->fifo, DC_FIFO, &h->ends)))
      dc_count(h, o);
    else
      return;
  }
}

/* The same, and counts the values of ephemerons that are alive.  After
 * ephemerons_begin. */
static void dc_drain_pairs(gc_heap *h) {
  for (bool more = true; more;) {
    more = false;
    dc_drain(h);
    for (gc_object **value; (value = ephemerons_next(cells_where));) {
      dc_pair_of(value)->counted = true;
      dc_count_later(h, *value);
      more = true;
    }
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
  h->parts += dc_is_large(o);
}

/* ------------------------------------------------------------------------- *
 * Counting down, and death.  Dead objects whose references were not counted
 * down yet form a list, linked through their count words, which they no longer
 * need.
 * ------------------------------------------------------------------------- */

static void dc_dies(gc_heap *h, gc_object *o) {
  o->word = h->dead;
  h->dead = space_granule(o);
}

static void dc_count_down(gc_heap *h, gc_object *o) {
  if (--o->word == 0)
    dc_dies(h, o);
}

/* An old ephemeron dies, or is cleared: it lets its value go. */
static void dc_let_go(gc_heap *h, ephemeron *e) {
  if (e->counted && !gc_mutant(ephemeron_count_kept))
    dc_count_down(h, e->value);
  e->counted = false;
}

/* The key of an ephemeron dies. */
static void dc_part(gc_heap *h, gc_object *o) {
  ephemeron *e = ephemeron_at(o);
  dc_let_go(h, e);
  e->key = e->value = NULL;
  dc_heap.parted++;
}

/* Empties the list of the dead.  They lose their bits, so that tracked.h takes
 * them for dead.  A finalizable object keeps its references: it is about to be
 * queued. */
static void dc_bury_all(gc_heap *h) {
  while (h->dead) {
    gc_object *o = space_address(h->dead);
    h->dead = o->word;
    bitmap_clear(cells_marks, space_granule(o));
    if (!gc_mutant(died_old_untold))
      cells_died(o);
    h->died++;
    if (o->meta & DC_KNOWN)
      h->known_died = true;
    if (gc_unlikely((o->meta & OBJECT_EPHEMERON) == OBJECT_EPHEMERON)) {
      bool counted = ephemeron_at(o)->counted;
      dc_let_go(h, ephemeron_at(o)); /* which may wait for its key's death */
      ephemeron_at(o)->counted = counted && gc_mutant(dead_pair_lets_go_twice);
    }
    if (gc_unlikely(h->parting))
      for (gc_object *e; (e = ephemerons_take(o));)
        dc_part(h, e);
    if (o->meta & OBJECT_FINALIZABLE && !gc_mutant(finalizable_lets_go))
      continue;
    for (uint32_t i = 0, slots = object_slots(o); i < slots; i++)
      if (o->slots[i])
        dc_count_down(h, o->slots[i]);
  }
}

/* Objects have died: parts the ephemerons of dead keys, and goes on with what
 * dies by that.  Ephemerons of living keys wait for the deaths of these, so
 * that each is looked at once. */
static void dc_part_all(gc_heap *h) {
  for (size_t i = 0; i < ephemerons.stack.size; i++) {
    gc_object *o = ephemerons.stack.items[i], *key = ephemeron_at(o)->key;
    if (!key || !cells_marked(o))
      continue;
    if (cells_marked(key))
      ephemerons_wait(key, o);
    else
      dc_part(h, o);
  }
  h->parting = true;
  dc_bury_all(h);
  h->parting = false;
  for (size_t i = 0; i < ephemerons.stack.size; i++) {
    gc_object *key = ephemeron_at(ephemerons.stack.items[i])->key;
    if (key)
      ephemerons_waiting[space_granule(key)] = 0;
  }
}

/* Step 3.  The zero-count table comes first: no logged reference leads to one
 * of its objects, or its count would not be zero, so no object dies twice. */
static void dc_find_dead(gc_heap *h) {
  for (gc_object *o; (o = bag_take(&h->zct));)
    if (o->word == 0 && !gc_mutant(zero_counts_kept))
      dc_dies(h, o);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    dc_walk(h, &m->log, NULL, dc_count_down);
  dc_walk(h, &h->orphaned, NULL, dc_count_down);
  dc_bury_all(h);
}

/* Step 4 for one root. */
static void dc_uncount_root(void *data, gc_object **place) {
  gc_heap *h = data;
  h->roots++;
  if (*place && --(*place)->word == 0 && !gc_mutant(zero_count_forgotten)) {
    bag_put(&h->zct, *place);
    h->zeros++;
  }
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Makes everything young: a full collection begins.  Counts and logs are of no
 * use then. */
static void dc_forget(gc_heap *h) {
  cells_clear_marks(cells_marks);
  dc_empty_logs(h);
  while (bag_take(&h->zct))
    continue;
  for (size_t i = 0; i < ephemerons.stack.size; i++)
    ephemeron_at(ephemerons.stack.items[i])->counted &=
        gc_mutant(counted_not_forgotten);
  h->lost = false;
}

/* Step 2.  The queue of finalizers counts what it holds. */
static void dc_queue_dead_young(gc_heap *h, bool all) {
  size_t before = finalizers_count();
  h->pairs = ephemerons_begin(cells_where, all);
  if (h->pairs) {
    dc_drain_pairs(h);
    ephemerons_clear(cells_where, all);
  }
  tracked_clear_weak(cells_where, all);
  tracked_queue_dead(cells_where, all);
  for (size_t i = before; i < finalizers_count(); i++)
    dc_count_later(h, finalizers_first()[i]);
  h->queued_young += finalizers_count() - before;
  if (h->pairs)
    dc_drain_pairs(h);
  else
    dc_drain(h);
  h->pairs = false;
}

/* The same for objects that died old.  Their references are counted already. */
static void dc_queue_dead_old(gc_heap *h) {
  size_t before = finalizers_count();
  tracked_clear_weak(cells_where, true);
  tracked_queue_dead(cells_where, true);
  for (size_t i = before; i < finalizers_count(); i++) {
    gc_object *o = finalizers_first()[i];
    bitmap_set(cells_marks, space_granule(o));
    o->word = 1;
  }
  h->queued_old += finalizers_count() - before;
}

static void dc_plan(gc_heap *h, bool full, uint64_t handed, uint64_t before);

static void dc_collect_stopped(gc_heap *h, bool full) {
  uint64_t handed = cells_handed_out(), before = cells_kept();
  pacing_work_begins();
  h->by_log += dc_due;
  h->overflows += h->lost;
  dc_due = false;
  full |= h->lost;
  listener_phase("clear");
  if (full)
    dc_forget(h);
  cells_reset_all();
  listener_phase("logs");
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    dc_walk(h, &m->log, dc_count_logged, NULL);
    h->entries += m->log.size;
  }
  dc_walk(h, &h->orphaned, dc_count_logged, NULL);
  h->entries += h->orphaned.size;
  listener_phase("roots");
  if (full)
    roots_queue(0, dc_count_root, h);
  if (!gc_mutant(roots_not_counted))
    roots_outside_queue(dc_count_root, h);
  listener_phase("count up");
  dc_drain(h);
  listener_phase("weak");
  dc_queue_dead_young(h, full);
  listener_phase("count down");
  dc_find_dead(h);
  listener_phase("weak");
  if (h->known_died) {
    dc_part_all(h);
    dc_queue_dead_old(h);
  }
  tracked_prune_weak(cells_where, full || h->known_died);
  ephemerons_prune(cells_where, full || h->known_died);
  owned_prune(cells_where, full || h->known_died);
  h->known_died = false;
  listener_phase("roots");
  if (!gc_mutant(roots_not_counted))
    roots_outside_queue(dc_uncount_root, h);
  listener_phase("sweep");
  dc_empty_logs(h);
  cells_sort(full);
  listener_phase("plan");
  *(full ? &h->traces : &h->epochs) += 1;
  dc_plan(h, full, handed, before);
}

/* Decides whether the next collection is full.  `handed`: bytes handed out
 * before this one.  `before`: live bytes before it. */
static void dc_plan(gc_heap *h, bool full, uint64_t handed, uint64_t before) {
  uint64_t live = cells_kept();
  pacing_decide(&(pacing_collection){.full = full,
                                     .used = before,
                                     .handed = handed,
                                     .live = live,
                                     .objects = cells.live_objects});
  if (full) {
    pacing_full(&h->pacing);
    cells_give_back();
  } else {
    pacing_partial(&h->pacing, handed);
  }
  h->full_due = !full && pacing_full_is_due(live, cells.live_objects);
  h->budget =
      pacing_partial_bytes(option_epoch << 10, live, cells.live_objects);
}

void dc_collect_due(gc_mutator *m) {
  m->due = false;
  if (!pause_try())
    return; /* another mutator has collected */
  if (dc_due)
    dc_collect_stopped(m->base.heap, m->base.heap->full_due);
  pause_end();
}

/* ------------------------------------------------------------------------- *
 * When to collect.
 * ------------------------------------------------------------------------- */

#define PARTIAL_HEAP             (&dc_heap)
#define PARTIAL_IS_DUE(h)        (cells_handed_out() >= (h)->budget || dc_due)
#define PARTIAL_FULL_DUE(h)      ((h)->full_due)
#define PARTIAL_COLLECT(h, full) dc_collect_stopped(h, full)
#include "common/inline/partial-collections.h"

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
  listener_set(config->listener);
  pacing_create(pacing_chosen(config->heap_limit), 0);
  *h = (gc_heap){.orphaned = {.most = hostile.buffers},
                 .budget = pacing_partial_bytes(option_epoch << 10, 0, 0)};
  dc_due = false;
  pthread_mutex_init(&h->lock, NULL);
  bag_init(&h->young, 0);
  bag_init(&h->zct, 1);
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  bag_free(&h->young);
  bag_free(&h->zct);
  object_stack_free(&h->orphaned);
  pthread_mutex_destroy(&h->lock);
  space_table_destroy(dc_parts, dc_parts_bytes());
  bookkeeping_destroy();
  cells_destroy();
}

/* A thread ends the epoch itself if the logs are long by what it logged:
 * otherwise they would wait for another thread to log or to allocate. */
static void dc_detach(gc_mutator *m) {
  dc_count_entries(m->base.heap, m);
  dc_log_grew(m);
  dc_poll(m);
  cells_buffer_return(&m->buffer);
  dc_orphan(m->base.heap, m);
}

#define THREAD_BEGIN(m) ((m)->log.most = hostile.buffers)
#define THREAD_END(m)   dc_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

static uint64_t dc_mutator_bytes(gc_mutator *m) {
  return object_stack_bytes(&m->log);
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  return cells_footprint(
      object_stack_bytes(&h->orphaned) + object_stack_bytes(&h->zct.stack) +
      object_stack_bytes(&h->young.stack) + world_sum(dc_mutator_bytes));
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->epochs + h->traces},
                            {"epochs", h->epochs},
                            {"traces", h->traces},
                            {"ended-by-log", h->by_log},
                            {"logged", h->logged},
                            {"logged-parts", h->parts},
                            {"log-entries", h->entries},
                            {"logs-inherited", h->inherited},
                            {"logs-incomplete", h->overflows},
                            {"survivors", h->survivors},
                            {"died-old", h->died},
                            {"zero-counts", h->zeros},
                            {"queued-young", h->queued_young},
                            {"ephemerons-parted", h->parted},
                            {"queued-old", h->queued_old},
                            {"roots-visited", h->roots},
                            CELLS_COUNTERS,
                            PACING_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* Right after a collection everything alive is old; later an object may be
 * newer, and then is not flagged. */
static bool dc_alive(const gc_object *o) {
  return cells_marked(o) || (!cells.untouched && !(o->meta & DC_UNLOGGED));
}

/* During a check, by granule: the number of references to an old object that
 * were found, and DC_CENSUS_ZERO if it is in the zero-count table. */
static uint32_t *dc_census;
#define DC_CENSUS_ZERO ((uint32_t)1 << 31)

static void dc_census_old(gc_heap *h, gc_object *o) {
  (void)h;
  dc_census[space_granule(o)]++;
}

/* Counts what an old object holds in slots that are not logged.  Returns what
 * is wrong, or NULL. */
static const char *dc_census_object(const gc_object *o) {
  if (o->meta & DC_LOCKED)
    return "an object is locked, but no mutator logs it";
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

/* Compares every old object's count with a census of all references. */
static const char *dc_check_counts(gc_heap *h) {
  if (h->lost) /* counts are wrong, and will be made anew before they are used
                */
    return NULL;
  uint64_t entries = h->orphaned.size;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    entries += m->counted;
  if (h->entries_now != entries)
    return "the entries of all logs are miscounted";
  size_t bytes = space_bytes / SPACE_GRANULE * sizeof *dc_census;
  dc_census = space_table_create(bytes);
  if (!dc_census)
    return "no memory to check in";
  const char *why = cells_check_marked(dc_census_object);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    dc_walk(h, &m->log, NULL, dc_census_old);
  dc_walk(h, &h->orphaned, NULL, dc_census_old);
  for (size_t i = 0; i < finalizers_count(); i++)
    dc_census_old(h, finalizers_first()[i]);
  for (size_t i = 0; i < ephemerons.stack.size; i++)
    if (ephemeron_at(ephemerons.stack.items[i])->counted)
      dc_census_old(h, ephemeron_at(ephemerons.stack.items[i])->value);
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&h->zct, &at));)
    dc_census[space_granule(o)] |= DC_CENSUS_ZERO;
  if (!why)
    why = cells_check_marked(dc_census_compare);
  space_table_destroy(dc_census, bytes);
  return why;
}

/* Whatever something is to be done for when it dies is flagged. */
static const char *dc_check_flags(void) {
  bool flagged = true;
  for (size_t i = 0; i < tracked_weak.stack.size; i++) {
    const gc_object *target = *tracked_target(tracked_weak.stack.items[i]);
    flagged &= !target || target->meta & OBJECT_WEAK_TARGET;
  }
  for (size_t i = 0; i < ephemerons.stack.size; i++) {
    const gc_object *key = ephemeron_at(ephemerons.stack.items[i])->key;
    flagged &= !key || key->meta & OBJECT_WEAK_TARGET;
  }
  for (size_t i = 0; i < owned.size; i++)
    flagged &= (owned.items[i].owner->meta & OBJECT_WEAK_TARGET) != 0;
  return flagged ? NULL
                 : "an object with a weak reference, an ephemeron or external "
                   "memory is not flagged";
}

const char *gc_heap_check(gc_heap *h) {
  const char *why = cells_heap_check(dc_alive);
  if (!why)
    why = dc_check_flags();
  if (!why && h->entries_now >= option_log && !dc_due)
    why = "the logs have reached their length and no collection is due";
  return why ? why : dc_check_counts(h);
}
