/* refcount.c: pure reference counting, the slow paths that all collectors of
 * the family share: weak references, finalizers, running into the heap limit,
 * the life of heap and mutators, and the check of the heap.  What the
 * collectors do differently is in their parts (parts.h), whose functions are
 * called here. */
#include "gc.h"
#include "common/hostile/hostile.h"
#include "common/pause.h"
#include "refcount/rc-internal.h"
#include <pthread.h>

/* ------------------------------------------------------------------------- *
 * Weak references, ephemerons, and external memory.
 *
 * A weak reference holds its target and its neighbours in the doubly linked
 * list of all weak references to that target; an ephemeron likewise, with its
 * key for a target, and a block of external memory (external.h), with its
 * owner. The heads of the lists are in a hash table by target, one for weak
 * references, one for ephemerons and one for blocks, so that objects without
 * them pay one flag bit, OBJECT_WEAK_TARGET.  The tables are open-addressed
 * with linear probing.
 *
 * An ephemeron has one slot, which the mutator does not see: its value, of
 * which it owns a count.  So the value is let go with a dead ephemeron as any
 * child is.  When the key dies first, the ephemeron goes to the list of the
 * *parted*, and whoever found the key dead drops the values of these, one by
 * one, so that a chain of ephemerons, each of whose values is the next key,
 * takes no stack.
 * ------------------------------------------------------------------------- */

/* For the tables and all lists: weak references are rare compared with counts,
 * so that one lock serves them all. */
static pthread_mutex_t rc_weak_mutex = PTHREAD_MUTEX_INITIALIZER;

typedef struct rc_weak {
  uint64_t header; /* as in gc_object */
  rc_link link;
} rc_weak;

_Static_assert(offsetof(rc_weak, link.target) == offsetof(gc_object, slots),
               "rc_weak_read reads the target as the first word");

/* A target stands beside its list, so that a search reads no list but the one
 * that it is for: each is in a cache line of its own. */
typedef struct rc_weak_place {
  const gc_object *target; /* null: a free place */
  rc_link *head;
} rc_weak_place;

typedef struct rc_weak_table {
  rc_weak_place *places;
  size_t size; /* a power of two */
  size_t used;
  uint64_t cleared; /* lists of dead targets, so far */
} rc_weak_table;
static rc_weak_table rc_weaks, rc_pairs, rc_externals;

/* The first of the parted, and how many there are. */
static rc_link *rc_parted;
_Atomic size_t rc_parted_count;

static size_t rc_weak_home(const rc_weak_table *t, const gc_object *target) {
  /* Fibonacci hashing of the granule number. */
  uint64_t h = (uint64_t)space_granule(target) * 0x9e3779b97f4a7c15u;
  return (size_t)(h >> 32) & (t->size - 1);
}

/* The place of the list of `target`, or the free place where it would go. */
static rc_weak_place *rc_weak_find(const rc_weak_table *t,
                                   const gc_object *target) {
  size_t i = rc_weak_home(t, target);
  while (t->places[i].target && t->places[i].target != target)
    i = (i + 1) & (t->size - 1);
  return &t->places[i];
}

/* The first of the list of `target`, or NULL. */
static rc_link *rc_weak_first(const rc_weak_table *t, const gc_object *target) {
  return t->used ? rc_weak_find(t, target)->head : NULL;
}

/* Whether there is room for one more list: a quarter of the places stays free.
 */
static inline bool rc_weak_has_room(const rc_weak_table *t) {
  return 4 * (t->used + 1) <= 3 * t->size;
}

/* Makes room for more lists.  Returns false without memory. */
static bool rc_weak_grow(rc_weak_table *t) {
  rc_weak_table old = *t;
  size_t size = old.size ? 2 * old.size : 64;
  rc_weak_place *places = hostile_fails() ? NULL : calloc(size, sizeof *places);
  if (!places)
    return false;
  t->places = places;
  t->size = size;
  for (size_t i = 0; i < old.size; i++)
    if (old.places[i].target)
      *rc_weak_find(t, old.places[i].target) = old.places[i];
  free(old.places);
  return true;
}

/* Frees a place, and moves up the lists that were pushed past it (Knuth, The
 * Art of Computer Programming, 6.4, algorithm R). */
static void rc_weak_vacate(rc_weak_table *t, rc_weak_place *place) {
  size_t mask = t->size - 1;
  size_t hole = (size_t)(place - t->places);
  t->used -= !gc_mutant(dead_targets_count);
  for (size_t i = (hole + 1) & mask; t->places[i].target; i = (i + 1) & mask) {
    size_t home = rc_weak_home(t, t->places[i].target);
    if (((i - home) & mask) >= ((i - hole) & mask)) {
      t->places[hole] = t->places[i];
      hole = i;
    }
  }
  t->places[hole] = (rc_weak_place){0};
}

/* Takes the list of `target` out of the table.  Returns its first, or NULL. */
static rc_link *rc_weak_take(rc_weak_table *t, const gc_object *target) {
  if (t->used == 0)
    return NULL;
  rc_weak_place *place = rc_weak_find(t, target);
  rc_link *first = place->head;
  if (first) {
    rc_weak_vacate(t, place);
    t->cleared++;
  }
  return first;
}

/* The head of a list is read without the mutex as well (rc_any_parted). */
static void rc_link_set_head(rc_link **list, rc_link *l) {
  __atomic_store_n(list, l, __ATOMIC_RELAXED);
}

static void rc_link_push(rc_link **list, rc_link *l) {
  l->previous = NULL;
  l->next = *list;
  if (l->next)
    l->next->previous = l;
  rc_link_set_head(list, l);
}

static void rc_link_remove(rc_link **list, rc_link *l) {
  if (l->next)
    l->next->previous = l->previous;
  if (l->previous)
    l->previous->next = l->next;
  else
    rc_link_set_head(list, l->next);
}

/* Enters a new weak reference or ephemeron into the table.  Returns false
 * without memory. */
static bool rc_weak_enter(rc_weak_table *t, rc_link *l, gc_object *target) {
  l->target = target;
  rc_lock(&rc_weak_mutex);
  bool reserved = rc_weak_has_room(t) || rc_weak_grow(t);
  if (reserved) {
    rc_weak_place *place = rc_weak_find(t, target);
    t->used += !place->head;
    place->target = target;
    rc_link_push(&place->head, l);
    rc_meta_set(target, OBJECT_WEAK_TARGET);
  }
  rc_unlock(&rc_weak_mutex);
  return reserved;
}

bool rc_weak_new(gc_mutator *m, gc_reg dst, gc_object *target) {
  OBJECT_CHECK(target, "weak reference to null in register", dst);
  rc_weak *w = (rc_weak *)rc_alloc(m, 0, sizeof *w);
  if (!w)
    return false;
  uint32_t meta = OBJECT_WEAK_REFERENCE | RC_BUFFERED;
  object_init((gc_object *)w, rc_born(m), meta, 0);
  if (!rc_weak_enter(&rc_weaks, &w->link, target)) {
    rc_cell_free(m, w);
    return false;
  }
  rc_replace(m, object_owning(m, dst), (gc_object *)w);
  return true;
}

bool rc_pair_new(gc_mutator *m, gc_reg dst, gc_object *key, gc_object *value) {
  OBJECT_CHECK(key, "ephemeron with a null key in register", dst);
  rc_before_new(m);
  rc_pair *p = (rc_pair *)rc_alloc(m, RC_PREFIX, sizeof *p);
  if (!p)
    return false;
  object_init((gc_object *)p, rc_born(m), OBJECT_WEAK_REFERENCE | 1, 1);
  p->subtracted = false;
  rc_track((gc_object *)p);
  if (!rc_weak_enter(&rc_pairs, &p->link, key)) {
    rc_object_free(m, (gc_object *)p);
    return false;
  }
  if (value) {
    rc_retain(m, value);
    p->value = value;
  }
  rc_replace(m, object_owning(m, dst), (gc_object *)p);
  return true;
}

gc_object *rc_weak_get(gc_object *weak) {
  if (!gc_mutant(weak_get_unlocked))
    rc_lock(&rc_weak_mutex);
  gc_object *target = ((rc_weak *)weak)->link.target;
  if (target) {
    /* Another thread may just have dropped the last count, and wait for the
     * lock to clear this reference: a count of zero must not rise again. */
    uint64_t header = __atomic_load_n(&target->header, __ATOMIC_RELAXED);
    hostile_race();
    do {
      if ((uint32_t)header == 0) {
        target = NULL;
        break;
      }
    } while (!__atomic_compare_exchange_n(
        &target->header, &header, header + !gc_mutant(weak_get_uncounted), true,
        __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    if (target)
      rc_raised(target, header);
  }
  if (!gc_mutant(weak_get_unlocked))
    rc_unlock(&rc_weak_mutex);
  return target;
}

/* The ephemeron owns a count of its value for as long as the lock is held. */
bool rc_pair_get(gc_mutator *m, gc_object *pair, gc_object **value) {
  const rc_pair *p = (const rc_pair *)pair;
  rc_lock(&rc_weak_mutex);
  const gc_object *key = p->link.target;
  /* A key whose last count was dropped just now is dead. */
  bool alive =
      key && (uint32_t)__atomic_load_n(&key->header, __ATOMIC_RELAXED) != 0;
  hostile_race();
  *value = alive ? p->value : NULL;
  if (*value)
    rc_retain(m, *value);
  rc_unlock(&rc_weak_mutex);
  return alive;
}

/* The ephemerons of a dead key part with their values.  A value that the cycle
 * detector has subtracted is no longer counted.  With the lock. */
static void rc_part_all(rc_link *first) {
  for (rc_link *l = first, *next; l; l = next) {
    rc_pair *p = rc_pair_of(l);
    next = l->next;
    l->target = NULL;
    if (p->subtracted)
      p->value = NULL;
    p->subtracted = false;
    if (p->value) {
      rc_link_push(&rc_parted, l);
      rc_parted_count++;
    }
  }
}

void rc_weak_clear(gc_object *target) {
  hostile_race();
  rc_lock(&rc_weak_mutex);
  rc_link *weaks = rc_weak_take(&rc_weaks, target);
  rc_link *pairs = rc_weak_take(&rc_pairs, target);
  for (rc_link *w = weaks; w; w = w->next)
    w->target = NULL;
  rc_part_all(pairs);
  /* There are none if the last has died since the flag was seen. */
  if ((weaks || pairs) && (!rc_weak_first(&rc_externals, target) ||
                           gc_mutant(external_flag_cleared)))
    rc_meta_clear(target, OBJECT_WEAK_TARGET);
  rc_unlock(&rc_weak_mutex);
}

void rc_weak_unlink(gc_object *weak) {
  bool pair = rc_is_pair(weak);
  rc_weak_table *t = pair ? &rc_pairs : &rc_weaks;
  rc_link *l = pair ? &((rc_pair *)weak)->link : &((rc_weak *)weak)->link;
  rc_lock(&rc_weak_mutex);
  gc_object *target = l->target;
  if (target) {
    rc_weak_place *place = rc_weak_find(t, target);
    if (place->head == l && !l->next) {
      rc_weak_vacate(t, place);
      if (!rc_weak_first(pair ? &rc_weaks : &rc_pairs, target) &&
          !rc_weak_first(&rc_externals, target) && !gc_mutant(weak_flag_stale))
        rc_meta_clear(target, OBJECT_WEAK_TARGET);
    } else {
      rc_link_remove(&place->head, l);
    }
    if (pair && gc_mutant(pair_value_kept))
      ((rc_pair *)weak)->value = NULL;
  } else if (pair && ((rc_pair *)weak)->value &&
             !gc_mutant(dead_pair_drops_twice)) {
    rc_link_remove(&rc_parted, l);
    rc_parted_count--;
  }
  l->target = NULL;
  rc_unlock(&rc_weak_mutex);
}

gc_object *rc_parted_value(void) {
  gc_object *value = NULL;
  rc_lock(&rc_weak_mutex);
  rc_link *l = rc_parted;
  if (l) {
    rc_link_remove(&rc_parted, l);
    rc_parted_count--;
    value = rc_pair_of(l)->value;
    rc_pair_of(l)->value = NULL;
    if (gc_mutant(pair_value_twice))
      value->word--;
  }
  rc_unlock(&rc_weak_mutex);
  return value;
}

rc_pair *rc_pairs_of(const gc_object *key) {
  rc_link *l = rc_weak_first(&rc_pairs, key);
  return l ? rc_pair_of(l) : NULL;
}

bool rc_any_pairs(void) {
  return rc_pairs.used > 0;
}

void rc_each_pair(void (*visit)(void *data, gc_object *key, gc_object *pair),
                  void *data) {
  for (size_t i = 0; rc_pairs.used && i < rc_pairs.size; i++)
    for (rc_link *l = rc_pairs.places[i].head; l; l = l->next)
      visit(data, l->target, (gc_object *)rc_pair_of(l));
}

/* The head of a block of external memory. */
typedef struct rc_external {
  rc_link link;
  uint64_t bytes; /* of the block */
} rc_external;

static rc_external *rc_external_of(rc_link *l) {
  return (rc_external *)((char *)l - offsetof(rc_external, link));
}

static void *rc_external_take(uint64_t bytes) {
  return RC_EXTERNAL == GC_EXTERNALS_COUNTED
             ? space_external_take(sizeof(rc_external), bytes)
             : external_take(sizeof(rc_external), bytes);
}

static void rc_external_give(rc_external *e, uint64_t bytes) {
  if (RC_EXTERNAL == GC_EXTERNALS_COUNTED)
    space_external_give(e, bytes);
  else
    external_give(e, bytes);
}

static void rc_external_give_all(rc_link *first) {
  for (rc_link *l = first, *next; l; l = next) {
    rc_external *e = rc_external_of(l);
    next = l->next;
    if (!gc_mutant(external_lost))
      rc_external_give(e, e->bytes);
    if (gc_mutant(external_given_twice))
      rc_external_give(e, e->bytes);
  }
}

static void *rc_external_obtain(gc_mutator *m, size_t bytes) {
  (void)m;
  return rc_external_take(bytes);
}

static void *rc_obtain(gc_mutator *m, size_t bytes,
                       void *(*source)(gc_mutator *m, size_t bytes));

bool rc_external_new(gc_mutator *m, gc_object *owner, size_t bytes) {
  OBJECT_CHECK(owner, "external memory of null, bytes:", (uint32_t)bytes);
  rc_detect_if_due(m); /* a loop may do nothing else */
  rc_external *e = rc_obtain(m, bytes, rc_external_obtain);
  if (!e)
    return false;
  e->bytes = bytes;
  bool entered = rc_weak_enter(&rc_externals, &e->link, owner);
  if (!entered)
    rc_external_give(e, bytes);
  return entered;
}

bool rc_external_any(const gc_object *o) {
  rc_lock(&rc_weak_mutex);
  bool any = rc_weak_first(&rc_externals, o) != NULL;
  rc_unlock(&rc_weak_mutex);
  return any;
}

void rc_external_die(gc_object *o) {
  rc_lock(&rc_weak_mutex);
  rc_link *first = rc_weak_take(&rc_externals, o);
  rc_meta_clear(o, OBJECT_WEAK_TARGET);
  rc_unlock(&rc_weak_mutex);
  rc_external_give_all(first);
}

static void rc_externals_destroy(void) {
  for (size_t i = 0; i < rc_externals.size && !gc_mutant(external_outlives);
       i++)
    rc_external_give_all(rc_externals.places[i].head);
}

/* ------------------------------------------------------------------------- *
 * Death (cascade.c, lazy.c).
 * ------------------------------------------------------------------------- */

static _Atomic uint64_t rc_finalizers_queued; /* so far */

void rc_queue_for_finalizer(gc_object *o) {
  rc_finalizers_queued++;
  finalizers_push(o);
}

bool rc_known_really_dead(gc_object *o, uint32_t meta) {
  if (meta & OBJECT_WEAK_TARGET && !gc_mutant(rc_weak_uncleared))
    rc_weak_clear(o);
  bool dead = !(meta & OBJECT_FINALIZABLE) || gc_mutant(finalizer_skipped);
  /* With the flag that is left there is external memory. */
  if ((dead || gc_mutant(external_given_early)) &&
      rc_meta(o) & OBJECT_WEAK_TARGET)
    rc_external_die(o);
  if (dead)
    return true;
  o->meta &= ~(uint32_t)OBJECT_FINALIZABLE;
  o->word = 1; /* the queue's count; a biased object is merged by this */
  rc_queue_for_finalizer(o);
  return false;
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

/* A phase of what follows, which is reported as a pause only where it is a stop
 * of the world. */
static void rc_last_phase(const char *name) {
  if (RC_SHARED)
    listener_phase(name);
}

/* The heap is full: does everything that can be done.  The world stays stopped
 * until the object has its memory: otherwise other threads could take what was
 * found, and running out of memory would depend on who is fastest. */
static void *rc_obtain_last(gc_mutator *m, size_t bytes,
                            void *(*source)(gc_mutator *m, size_t bytes)) {
  void *p = NULL;
  uint64_t begin = listener_begins();
  while (!rc_world_stop()) /* another mutator did the same */
    if ((p = source(m, bytes)))
      return p;
  rc_last_phase("free");
  if (rc_death_make_room(m, bytes))
    p = source(m, bytes);
  if (!p) {
    rc_last_phase("counts");
    bool collected = rc_counts_collect_stopped(m);
    collected |= rc_candidates_collect_stopped(m);
    if (collected)
      p = source(m, bytes);
  }
  if (!p) {
    rc_last_phase("sweep");
    rc_cells_reclaim(m);
    p = source(m, bytes);
  }
  rc_world_start();
  rc_candidates_report(begin);
  return p;
}

/* Memory from `source`, after everything that can be done to get some. */
static void *rc_obtain(gc_mutator *m, size_t bytes,
                       void *(*source)(gc_mutator *m, size_t bytes)) {
  uint64_t begin = listener_slow_clock();
  rc_world_poll(); /* a loop may do nothing but allocate */
  if (hostile_allocation())
    gc_collect(m);
  rc_death_pay(m, bytes);
  void *p = source(m, bytes);
  if (!p)
    p = rc_obtain_last(m, bytes, source);
  listener_slow("refill", begin);
  return p;
}

static void *rc_object_obtain(gc_mutator *m, size_t bytes) {
  return rc_cell_obtain(m, bytes);
}

/* An object that became a candidate while it was built is buffered already when
 * its last outside reference goes, so that no drop looks whether a detection is
 * due.  Where all that dies is so, only this place does. */
gc_object *rc_alloc_slow(gc_mutator *m, size_t bytes) {
  if (!gc_mutant(detects_at_drops_only))
    rc_detect_if_due(m);
  return rc_obtain(m, bytes, rc_object_obtain);
}

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *heap = calloc(1, sizeof *heap);
  if (!heap || !space_create(config->heap_limit)) {
    free(heap);
    return NULL;
  }
  if (!rc_cells_create()) {
    space_destroy();
    free(heap);
    return NULL;
  }
  listener_set(config->listener);
  rc_candidates_create();
  rc_counts_create();
  rc_death_create();
  return heap;
}

void gc_heap_destroy(gc_heap *heap) {
  rc_candidates_destroy();
  rc_counts_destroy();
  finalizers_destroy();
  rc_finalizers_queued = 0;
  free(rc_weaks.places);
  free(rc_pairs.places);
  rc_externals_destroy();
  free(rc_externals.places);
  rc_weaks = rc_pairs = rc_externals = (rc_weak_table){0};
  rc_parted = NULL;
  rc_parted_count = 0;
  memset(object_globals, 0, sizeof object_globals);
  rc_cells_destroy();
  space_destroy();
  free(heap);
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = world_mutator_create(heap, sizeof *m);
  if (m) {
    rc_cells_attach(m);
    rc_candidates_attach(m);
    rc_counts_attach(m);
    world_join(m);
  }
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  for (uint32_t t = 0; t < GC_TLS && !gc_mutant(tls_kept); t++)
    gc_tls_clear(m, t);
  rc_candidates_detach(m);
  rc_counts_detach(m);
  rc_cells_detach(m);
  world_lock();
  m->base.heap->cascades += m->cascades;
  m->base.heap->cascade_freed += m->cascade_freed;
  m->base.heap->freed += m->freed;
  world_unlock();
  world_leave(m);
  rc_cells_left(m);
  world_mutator_destroy(m);
}

void gc_blocking_enter(gc_mutator *m) {
  rc_counts_leave(m);
  rc_blocking_enter();
}

void gc_blocking_leave(gc_mutator *m) {
  rc_blocking_leave();
  rc_counts_return(m);
}

void gc_collect(gc_mutator *m) {
  rc_candidates_collect(m);
  rc_counts_collect(m);
  rc_death_collect(m);
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  uint64_t side = space_metadata() + finalizers_bytes() +
                  (rc_weaks.size + rc_pairs.size + rc_externals.size) *
                      sizeof(rc_weak_place) +
                  rc_cells_bytes() + rc_candidates_bytes() + rc_counts_bytes();
  return space_footprint(side);
}

uint64_t gc_heap_objects(gc_heap *heap) {
  (void)heap;
  return rc_cells_objects();
}

gc_tally gc_heap_tally(gc_heap *heap) {
  world_lock();
  uint64_t freed = heap->freed;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    freed += __atomic_load_n(&m->freed, __ATOMIC_RELAXED);
  world_unlock();
  return (gc_tally){.freed = freed};
}

gc_usage gc_heap_usage(gc_heap *heap) {
  (void)heap;
  return rc_cells_usage();
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  uint64_t cascades = heap->cascades, freed = heap->cascade_freed;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    cascades += m->cascades;
    freed += m->cascade_freed;
  }
  const gc_counter all[] = {{"cascades", cascades},
                            {"cascade-freed", freed},
                            {"finalizers-queued", rc_finalizers_queued},
                            {"weak-cleared", rc_weaks.cleared},
                            {"ephemerons-cleared", rc_pairs.cleared},
                            EXTERNAL_COUNTERS};
  size_t n = gc_counters_fill(out, room, all, sizeof all / sizeof *all);
  n += rc_cells_counters(out + n, room - n);
  n += rc_death_counters(out + n, room - n);
  n += rc_candidates_counters(out + n, room - n);
  n += rc_counts_counters(out + n, room - n);
  return n;
}

/* ------------------------------------------------------------------------- *
 * Checking.  An object has a count for each reference from another object, from
 * a root and from the queue of finalizers, for each entry in a queue of counts
 * (biased.c), and for each owning register.  Which registers own is not
 * recorded, so it has no fewer counts than the former, and no more than these
 * and all registers together.  This holds at any time at which no operation is
 * under way, for garbage that has not been found as well.  The parts check
 * their own invariants.
 * ------------------------------------------------------------------------- */

typedef struct rc_census {
  uint32_t *found;     /* for each granule (RC_CENSUS_REFERENCES) */
  uint32_t *registers; /* likewise: registers that refer to the object */
  object_stack seen;   /* objects, each once */
  const char *why;     /* what is wrong, or NULL */
} rc_census;

/* The object is there: what it refers to will be counted. */
static void rc_census_see(rc_census *c, gc_object *o) {
  uint32_t *found = &c->found[space_granule(o)];
  if (*found & RC_CENSUS_SEEN)
    return;
  *found |= RC_CENSUS_SEEN;
  object_push_or_die(&c->seen, o);
}

static void rc_census_count(rc_census *c, gc_object *o) {
  if (!o)
    return;
  c->found[space_granule(o)]++;
  rc_census_see(c, o);
}

/* Counts what is in the slots of the objects seen, from number `i` on, and of
 * those that are seen by that. */
static void rc_census_scan(rc_census *c, size_t i) {
  for (; i < c->seen.size; i++) {
    gc_object *o = c->seen.items[i];
    for (uint32_t s = 0; s < object_slots(o); s++)
      rc_census_count(c, o->slots[s]);
  }
}

/* Nothing refers to a free cell, which is in one list only. */
static void rc_census_free(void *data, gc_object *cell) {
  rc_census *c = data;
  uint32_t *found = &c->found[space_granule(cell)];
  if (*found & RC_CENSUS_FREE)
    c->why = "a cell is free twice";
  else if (*found)
    c->why = "a free cell is referred to";
  *found |= RC_CENSUS_FREE;
}

/* A cell that is not free has an object, found or not.  A candidate that has
 * died has let go of what is in its slots. */
static void rc_census_garbage(void *data, gc_object *cell) {
  rc_census *c = data;
  if (c->found[space_granule(cell)] & RC_CENSUS_FREE)
    return;
  gc_object *o = rc_cell_object(cell);
  uint32_t found = c->found[space_granule(o)];
  if (found & RC_CENSUS_SEEN)
    return;
  if (found & RC_CENSUS_DEAD || rc_count(o))
    rc_census_see(c, o);
  else if (!(found & RC_CENSUS_CANDIDATE))
    c->why = "an object without counts has not been freed";
}

/* `whole`: every object was seen. */
static const char *rc_census_object(const rc_census *c, gc_object *o,
                                    bool whole) {
  uint32_t found = c->found[space_granule(o)];
  uint64_t references = found & RC_CENSUS_REFERENCES;
  if (c->found[space_granule(rc_object_cell(o))] & RC_CENSUS_FREE)
    return "a free cell is referred to";
  if (found & RC_CENSUS_DEAD)
    return references ? "a dead object is referred to" : NULL;
  if (rc_count(o) < references)
    return "an object has fewer counts than references";
  if (whole && rc_count(o) > references + c->registers[space_granule(o)])
    return "an object has more counts than references";
  bool listed = rc_weak_first(&rc_weaks, o) || rc_weak_first(&rc_pairs, o) ||
                rc_weak_first(&rc_externals, o);
  if (!(o->meta & OBJECT_WEAK_TARGET) != !listed)
    return listed ? "an object with a weak reference, an ephemeron or external "
                    "memory is not flagged"
                  : "a weak target has no weak references";
  if (rc_is_pair(o) && ((const rc_pair *)o)->subtracted)
    return "the value of an ephemeron is subtracted between detections";
  return rc_candidates_check_object(o, found & RC_CENSUS_CANDIDATE);
}

static void rc_census_roots(rc_census *c) {
  for (unsigned g = 0; g < GC_GLOBALS; g++)
    rc_census_count(c, object_globals[g]);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    for (unsigned t = 0; t < GC_TLS; t++)
      rc_census_count(c, m->base.tls[t]);
    for (gc_reg r = 0; r < m->base.top; r++)
      if (m->reg[r])
        c->registers[space_granule(m->reg[r])]++;
  }
  for (size_t i = 0; i < finalizers_count(); i++)
    rc_census_count(c, finalizers_first()[i]);
}

/* Every block has an owner, and the blocks are all that is held.  `whole`:
 * every object was seen. */
static const char *rc_census_externals(const rc_census *c, bool whole) {
  uint64_t bytes = 0, blocks = 0;
  for (size_t i = 0; i < rc_externals.size; i++) {
    const gc_object *owner = rc_externals.places[i].target;
    uint32_t found = owner ? c->found[space_granule(owner)] : 0;
    if (owner && (found & (RC_CENSUS_FREE | RC_CENSUS_DEAD) ||
                  (whole && !(found & RC_CENSUS_SEEN))))
      return "what owns external memory is not an object";
    for (rc_link *l = rc_externals.places[i].head; l; l = l->next, blocks++)
      bytes += rc_external_of(l)->bytes;
  }
  return bytes == external_held() && blocks == external.blocks
             ? NULL
             : "external memory is held that no object owns";
}

static const char *rc_census_take(rc_census *c) {
  rc_census_roots(c);
  const char *why = rc_counts_check(c->found);
  if (rc_parted)
    return "the ephemeron of a dead key has not let go of its value";
  rc_census_scan(c, 0);
  if (!why)
    why = rc_cells_check(rc_census_free, c);
  if (!why)
    why = c->why;
  if (!why)
    why = rc_death_check(c->found);
  if (!why)
    why = rc_candidates_check(c->found);
  if (why)
    return why;
  size_t reached = c->seen.size;
  bool whole = rc_cells_each(rc_census_garbage, c);
  if (whole)
    rc_census_scan(c, reached);
  uint64_t large = 0;
  for (size_t i = 0; i < c->seen.size; i++)
    large += rc_cell_is_large(c->seen.items[i]);
  whole = whole && large == rc_cells_large(); /* these are in no list */
  why = c->why;
  for (size_t i = 0; i < c->seen.size && !why; i++)
    why = rc_census_object(c, c->seen.items[i], whole);
  return why ? why : rc_census_externals(c, whole);
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  size_t bytes = space_bytes / SPACE_GRANULE * sizeof(uint32_t);
  rc_census c = {.found = space_table_create(bytes),
                 .registers = space_table_create(bytes),
                 .seen = {.reliable = true}};
  const char *why =
      c.found && c.registers ? rc_census_take(&c) : "no memory to check in";
  object_stack_free(&c.seen);
  space_table_destroy(c.found, c.found ? bytes : 0);
  space_table_destroy(c.registers, c.registers ? bytes : 0);
  return why;
}
