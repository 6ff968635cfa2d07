/* biased.c: biased counting, the slow paths: counts that do not fit the header,
 * merging, the owners' queues, and the owners.  The layout of the count word
 * and its invariants are in counts-biased.h. */
#include "gc.h"
#include "common/hostile/hostile.h"
#include "common/stack.h"
#include "refcount/rc-internal.h"
#include <pthread.h>

/* Owners are numbered from 1; 0 is the owner's byte of a merged object, and 255
 * is no owner's (RC_OWNS_NOTHING).  A thread that finds no number left makes
 * merged objects and counts atomically. */
enum { RC_OWNERS = 255 };

/* An owner outlives its thread: the next thread takes over the number and the
 * objects that bear it.  The queue of an owner that is away is empty: whoever
 * would put an object there merges it at once instead. */
typedef struct rc_owner {
  /* For all fields, and for merging this owner's objects while it is away. */
  _Alignas(64) pthread_mutex_t lock;
  _Atomic bool away;
  gc_mutator *mutator; /* null while away */
  object_bag queue;
  uint64_t queued; /* objects put in the queue so far */
  uint64_t merged; /* objects merged for others while it was away, so far */
  uint64_t own;    /* objects merged by the owner when its counts came to zero,
                      so far.  Without the lock: only the owner counts here */
} rc_owner;

static struct {
  pthread_mutex_t lock; /* for the other fields, not for the owners' own */
  rc_owner owners[RC_OWNERS];
  unsigned made;                    /* the least number that was never used */
  uint8_t free[RC_OWNERS], nr_free; /* numbers that have no thread now */
  /* A mutator came to an owner that was not away: two threads count for it, and
   * that may show much later.  For rc_counts_check. */
  bool early;
} biased = {.lock = PTHREAD_MUTEX_INITIALIZER, .made = 1};

static bool rc_is_merged(uint64_t header) {
  return (uint32_t)header >> 24 == 0;
}

/* The counts in the header, without the table of surplus. */
static int64_t rc_total(uint64_t header) {
  uint32_t word = (uint32_t)header;
  if (rc_is_merged(header))
    return word;
  return (int64_t)(word >> 16 & RC_LOCAL_MOST) +
         (int64_t)(word & RC_SHARED_MASK) - RC_SHARED_ZERO;
}

/* ------------------------------------------------------------------------- *
 * Surplus: counts for which the header has no room.
 *
 * When a shared half is half full, or a merged count is, some of its counts
 * move to a table; they move back when the header has run out.  An object needs
 * 32,512 references counted by other threads to get there, so the table has few
 * entries.
 * ------------------------------------------------------------------------- */

enum {
  /* Counts are moved to the table from *_MANY on, *_SHED at a time.  *_MANY is
   * half of what fits: between two looks many threads may add a count.  *_SHED
   * is a half of that, so that the next move is far in both directions. */
  RC_SHARED_MANY = RC_HIGH,
  RC_SHARED_SHED = 1 << 14,
  RC_COUNT_MANY = 1 << 23,
  RC_COUNT_SHED = 1 << 22,
};

static struct {
  pthread_mutex_t lock;
  object_stack objects;
  uint64_t *counts;    /* of each object, in the same order */
  _Atomic size_t room; /* of `counts` */
  /* So far: times that counts were moved, either way, and entries that were
   * looked at. */
  uint64_t moves, searched;
} surplus = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The index of the object's entry, or objects.size if it has none. */
static size_t rc_surplus_find(const gc_object *o) {
  size_t i = 0;
  while (i < surplus.objects.size && surplus.objects.items[i] != o)
    i++;
  surplus.searched += i + 1;
  return i;
}

/* The object's entry, which may be new.  Ends the process if there is no memory
 * for it: references would be forgotten. */
static uint64_t *rc_surplus_entry(gc_object *o) {
  size_t i = rc_surplus_find(o);
  if (i < surplus.objects.size)
    return &surplus.counts[i];
  object_push_or_die(&surplus.objects, o);
  if (surplus.room < surplus.objects.room) {
    size_t room = surplus.objects.room;
    uint64_t *counts =
        hostile_fails() ? NULL : realloc(surplus.counts, room * sizeof *counts);
    if (!counts)
      gc_out_of_memory(NULL, (gc_shape){0, 0});
    surplus.counts = counts;
    surplus.room = room;
  }
  surplus.counts[i] = 0;
  return &surplus.counts[i];
}

/* How many counts an object with this header moves to the table. */
static uint32_t rc_excess(uint64_t header) {
  uint32_t word = (uint32_t)header;
  if (rc_is_merged(header))
    return word >= RC_COUNT_MANY ? RC_COUNT_SHED : 0;
  return (word & RC_SHARED_MASK) >= RC_SHARED_MANY ? RC_SHARED_SHED : 0;
}

/* Called after a count was added, without haste: the header has room for as
 * many counts again. */
void rc_shed(gc_object *o) {
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_RELAXED);
  if (!rc_excess(header))
    return;
  pthread_mutex_lock(&surplus.lock);
  uint64_t *entry = rc_surplus_entry(o), flag = (uint64_t)RC_SURPLUS << 32;
  header = __atomic_load_n(&o->header, __ATOMIC_RELAXED);
  uint32_t excess;
  while ((excess = rc_excess(header)) != 0)
    if (__atomic_compare_exchange_n(&o->header, &header,
                                    (header - excess) | flag, true,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      *entry += excess;
      surplus.moves++;
      break;
    }
  pthread_mutex_unlock(&surplus.lock);
}

/* The header has run out of counts: moves some back from the table. */
static void rc_refill(gc_object *o) {
  pthread_mutex_lock(&surplus.lock);
  size_t i = rc_surplus_find(o);
  if (i < surplus.objects.size) {
    uint64_t most = RC_SHARED_SHED, *entry = &surplus.counts[i];
    uint64_t part = *entry < most ? *entry : most;
    *entry -= part;
    if (gc_mutant(surplus_short) && *entry)
      part--;
    surplus.moves++;
    __atomic_fetch_add(&o->header, part, __ATOMIC_RELAXED);
    if (*entry == 0) {
      rc_meta_clear(o, RC_SURPLUS);
      *entry = surplus.counts[--surplus.objects.size];
      surplus.objects.items[i] = surplus.objects.items[surplus.objects.size];
    }
  }
  pthread_mutex_unlock(&surplus.lock);
}

/* One count is added to the owner's 255: 128 move to the shared half, 128 stay.
 */
void rc_local_full(gc_object *o) {
  const uint64_t part = (RC_LOCAL_MOST + 1) / 2;
  uint64_t old = __atomic_fetch_add(&o->header, part - ((part - 1) << 16),
                                    __ATOMIC_RELAXED);
  if (gc_mutant(full_half_loses))
    __atomic_fetch_sub(&o->header, 1, __ATOMIC_RELAXED);
  if (old & RC_HIGH)
    rc_shed(o);
}

/* ------------------------------------------------------------------------- *
 * Merging, and dropping counts of other threads' objects.
 * ------------------------------------------------------------------------- */

bool rc_merge(gc_object *o, uint32_t drop) {
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_RELAXED), next;
  do {
    while ((uint32_t)(header >> 32) & RC_SURPLUS && rc_total(header) <= drop) {
      rc_refill(o);
      header = __atomic_load_n(&o->header, __ATOMIC_RELAXED);
    }
    hostile_race();
    int64_t total = rc_total(header);
    if (gc_mutant(merge_forgets_shared) && !rc_is_merged(header))
      total = (uint32_t)header >> 16 & RC_LOCAL_MOST;
    next = (header >> 32 << 32) | (uint32_t)(total - drop);
  } while (!__atomic_compare_exchange_n(&o->header, &header, next, true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  return (uint32_t)next == 0;
}

bool rc_merge_own(gc_mutator *m, gc_object *o) {
  m->counts.owner->own++;
  return rc_merge(o, 1);
}

/* A count of an object that is flagged RC_QUEUED goes to its owner's queue, or
 * is dropped if the owner is away; returns whether it was the last.  The caller
 * holds the owner's lock. */
static bool rc_deliver(rc_owner *owner, gc_object *o) {
  if (owner->away && !gc_mutant(away_owner_waits)) {
    owner->merged++;
    return rc_merge(o, 1);
  }
  owner->queued++;
  bag_put(&owner->queue, o);
  if (owner->mutator && !owner->mutator->counts.asked &&
      !gc_mutant(owner_unasked))
    owner->mutator->counts.asked = true;
  return false;
}

/* Delivers the object at the mutator's next safepoint, with others: a queue's
 * lock passes from one processor to another, which costs less once for many
 * objects.  Delivers it at once if `outgoing` is full.  Returns whether that
 * dropped its last count. */
static bool rc_send(gc_mutator *m, gc_object *o, unsigned number) {
  if (m->counts.nr_outgoing < RC_OUTGOING) {
    m->counts.outgoing[m->counts.nr_outgoing].object = o;
    m->counts.outgoing[m->counts.nr_outgoing].owner = (uint8_t)number;
    if (++m->counts.nr_outgoing == RC_OUTGOING)
      m->counts.asked = true;
    return false;
  }
  rc_owner *owner = &biased.owners[number];
  hostile_race();
  pthread_mutex_lock(&owner->lock);
  bool last = rc_deliver(owner, o);
  pthread_mutex_unlock(&owner->lock);
  return last;
}

/* Merges an object whose owner seems to be away, and drops a count; *last says
 * whether it was the last.  From then on everybody counts the object by single
 * atomic operations.  Returns false, having done nothing, if the owner is back.
 */
static bool rc_drop_absent(rc_owner *owner, gc_object *o, bool *last) {
  hostile_race();
  pthread_mutex_lock(&owner->lock);
  bool away = owner->away;
  if (away) {
    owner->merged++;
    *last = rc_merge(o, 1);
  }
  pthread_mutex_unlock(&owner->lock);
  return away;
}

bool rc_drop_shared(gc_mutator *m, gc_object *o) {
  const uint64_t flag = (uint64_t)RC_QUEUED << 32;
  hostile_race();
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_RELAXED), next;
  do {
    uint32_t word = (uint32_t)header, meta = (uint32_t)(header >> 32);
    bool merged = rc_is_merged(header), last;
    if (merged && !(meta & RC_SURPLUS)) /* merged since rc_drop looked */
      return (uint32_t)__atomic_fetch_sub(&o->header, 1, __ATOMIC_ACQ_REL) == 1;
    rc_owner *owner = &biased.owners[word >> 24];
    if (!merged && atomic_load_explicit(&owner->away, memory_order_relaxed) &&
        !gc_mutant(away_owner_waits) && rc_drop_absent(owner, o, &last))
      return last;
    bool out = merged ? word == 1 : (word & RC_SHARED_MASK) == RC_SHARED_ZERO;
    if (out && meta & RC_SURPLUS) {
      rc_refill(o);
      next = header = __atomic_load_n(&o->header, __ATOMIC_RELAXED);
      continue;
    }
    hostile_race();
    next = out && !(meta & RC_QUEUED)
               ? (header - gc_mutant(queue_counts_nothing)) | flag
               : header - 1;
  } while (next == header ||
           !__atomic_compare_exchange_n(&o->header, &header, next, true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  return (next ^ header) & flag ? rc_send(m, o, (uint32_t)header >> 24) : false;
}

/* ------------------------------------------------------------------------- *
 * Queues.
 * ------------------------------------------------------------------------- */

/* Delivers the outgoing objects of `from`.  Mutator `m` tears down those that
 * are dead then; it is `from`, or has stopped the world.  Returns whether there
 * were any objects. */
static bool rc_flush(gc_mutator *m, gc_mutator *from) {
  rc_outgoing some[RC_OUTGOING];
  unsigned n = from->counts.nr_outgoing, dead = 0;
  memcpy(some, from->counts.outgoing, n * sizeof *some);
  from->counts.nr_outgoing = 0;
  rc_owner *locked = NULL;
  for (unsigned i = 0; i < n; i++) {
    rc_owner *owner = &biased.owners[some[i].owner];
    if (owner != locked) {
      if (locked)
        pthread_mutex_unlock(&locked->lock);
      hostile_race();
      pthread_mutex_lock(&owner->lock);
      locked = owner;
    }
    if (rc_deliver(owner, some[i].object))
      some[dead++] = some[i];
  }
  if (locked)
    pthread_mutex_unlock(&locked->lock);
  /* Without a lock: the children of the dead may go to any queue. */
  for (unsigned i = 0; i < dead; i++)
    rc_dead(m, some[i].object);
  return n != 0;
}

/* Takes some objects out of an owner's queue, and drops the queue's counts of
 * them.  The owner is the caller, or is stopped.  With `leaving`, an owner
 * whose queue is empty is away from then on.  Returns whether there were any
 * objects.
 */
static bool rc_serve_some(gc_mutator *m, rc_owner *owner, bool leaving) {
  gc_object *some[RC_OUTGOING];
  unsigned n = 0;
  pthread_mutex_lock(&owner->lock);
  while (n < RC_OUTGOING && (some[n] = bag_take(&owner->queue)))
    n++;
  if (n < RC_OUTGOING && owner->mutator)
    owner->mutator->counts.asked = false;
  if (n == 0 && leaving) {
    owner->away = true;
    owner->mutator = NULL;
  }
  pthread_mutex_unlock(&owner->lock);
  for (unsigned i = 0; i < n; i++)
    if (rc_merge(some[i], 1 + gc_mutant(queue_counts_twice)))
      rc_dead(m, some[i]);
  return n != 0;
}

void rc_serve(gc_mutator *m) {
  m->counts.asked = false;
  while (m->counts.owner && rc_serve_some(m, m->counts.owner, false) &&
         !gc_mutant(served_in_part))
    continue;
  rc_flush(m, m);
}

/* Serves the queues of all mutators with the world stopped.  The queues of
 * owners that are away are empty. */
static void rc_serve_all(gc_mutator *m) {
  for (bool more = true; more;) {
    more = false;
    for (gc_mutator *n = world_mutators(); n; n = n->base.next) {
      if (gc_mutant(others_unserved) && n != m)
        continue;
      while (rc_flush(m, n))
        more = true;
      while (n->counts.owner && rc_serve_some(m, n->counts.owner, false))
        more = true;
    }
  }
}

bool rc_counts_collect_stopped(gc_mutator *m) {
  rc_serve_all(m);
  return true;
}

void rc_counts_collect(gc_mutator *m) {
  pause_begin();
  listener_phase("counts");
  rc_serve_all(m);
  pause_end();
}

void rc_counts_leave(gc_mutator *m) {
  do
    while (!gc_mutant(outgoing_dropped) && rc_flush(m, m) &&
           !gc_mutant(outgoing_sent_once))
      continue;
  while (m->counts.owner && rc_serve_some(m, m->counts.owner, true));
}

void rc_counts_return(gc_mutator *m) {
  if (!m->counts.owner)
    return;
  hostile_race();
  pthread_mutex_lock(&m->counts.owner->lock);
  if (!m->counts.owner->away)
    __atomic_store_n(&biased.early, true, __ATOMIC_RELAXED);
  m->counts.owner->away = false;
  if (!gc_mutant(returned_unasked))
    m->counts.owner->mutator = m;
  pthread_mutex_unlock(&m->counts.owner->lock);
}

/* ------------------------------------------------------------------------- *
 * Owners.
 * ------------------------------------------------------------------------- */

void rc_counts_create(void) {
  biased.made = 1;
  biased.nr_free = 0;
  biased.early = false;
}

void rc_counts_destroy(void) {
  for (unsigned i = 1; i < biased.made; i++) {
    bag_free(&biased.owners[i].queue);
    pthread_mutex_destroy(&biased.owners[i].lock);
  }
  bag_tables_free();
  object_stack_free(&surplus.objects);
  free(surplus.counts);
  surplus.counts = NULL;
  surplus.room = 0;
  surplus.moves = surplus.searched = 0;
}

void rc_counts_attach(gc_mutator *m) {
  unsigned number = 0;
  pthread_mutex_lock(&biased.lock);
  if (biased.nr_free) {
    number = biased.free[--biased.nr_free];
  } else if (biased.made < RC_OWNERS) {
    number = biased.made;
    rc_owner *owner = &biased.owners[number];
    pthread_mutex_init(&owner->lock, NULL);
    owner->away = true;
    owner->mutator = NULL;
    owner->queued = owner->merged = owner->own = 0;
    bag_init(&owner->queue, 0);
    __atomic_store_n(&biased.made, number + 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&biased.lock);
  m->counts.mine = number ? (uint16_t)(number << 8) : RC_OWNS_NOTHING;
  m->counts.born =
      number ? (uint32_t)(number << 24 | 1 << 16 | RC_SHARED_ZERO) : 1;
  m->counts.owner = number ? &biased.owners[number] : NULL;
  rc_counts_return(m);
  if (gc_mutant(returned_unasked) && number)
    m->counts.owner->mutator = m;
}

/* From now on the next thread may take over the number of this one. */
static void rc_give_number(gc_mutator *m) {
  pthread_mutex_lock(&biased.lock);
  biased.free[biased.nr_free++] = (uint8_t)(m->counts.mine >> 8);
  pthread_mutex_unlock(&biased.lock);
}

void rc_counts_detach(gc_mutator *m) {
  const bool early = gc_mutant(number_free_early) && m->counts.owner;
  if (early)
    rc_give_number(m);
  rc_counts_leave(m);
  if (m->counts.owner && !early)
    rc_give_number(m);
}

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

uint64_t rc_counts_bytes(void) {
  uint64_t bytes = object_stack_bytes(&surplus.objects) +
                   surplus.room * sizeof *surplus.counts;
  unsigned made = __atomic_load_n(&biased.made, __ATOMIC_ACQUIRE);
  for (unsigned i = 1; i < made; i++)
    bytes += object_stack_bytes(&biased.owners[i].queue.stack);
  return bytes;
}

size_t rc_counts_counters(gc_counter *out, size_t room) {
  uint64_t queued = 0, merged = 0, own = 0;
  for (unsigned i = 1; i < biased.made; i++) {
    queued += biased.owners[i].queued;
    merged += biased.owners[i].merged;
    own += biased.owners[i].own;
  }
  const gc_counter all[] = {{"queued", queued},
                            {"merged-for-absent", merged},
                            {"merged-by-owner", own},
                            {"surplus-moves", surplus.moves},
                            {"surplus-searched", surplus.searched}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

uint64_t rc_count(const gc_object *o) {
  uint64_t count = (uint64_t)rc_total(o->header);
  if (o->meta & RC_SURPLUS)
    count += surplus.counts[rc_surplus_find(o)];
  return count;
}

const char *rc_counts_check(uint32_t *census) {
  if (biased.early)
    return "a mutator took over an owner that was not away yet";
  for (unsigned i = 1; i < biased.made; i++) {
    const object_bag *queue = &biased.owners[i].queue;
    uint64_t at = 0;
    for (gc_object *o; (o = bag_next(queue, &at));) {
      if (biased.owners[i].away)
        return "an object is in the queue of an owner that is away";
      if (!(o->meta & RC_QUEUED) || rc_total(o->header) < 1)
        return "an object in a queue is not flagged, or not counted";
      if (!rc_is_merged(o->header) && o->word >> 24 != i)
        return "an object is in the queue of another owner";
      census[space_granule(o)]++;
    }
  }
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    for (unsigned i = 0; i < m->counts.nr_outgoing; i++) {
      const gc_object *o = m->counts.outgoing[i].object;
      if (!(o->meta & RC_QUEUED))
        return "an object is on its way to a queue and not flagged";
      census[space_granule(o)]++;
    }
  for (size_t i = 0; i < surplus.objects.size; i++)
    if (!(surplus.objects.items[i]->meta & RC_SURPLUS) || !surplus.counts[i])
      return "an object has surplus counts and does not say so";
  return NULL;
}
