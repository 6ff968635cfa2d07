/* refcount.c: pure reference counting, the slow paths: death and its cascade,
 * weak references, finalizers, and running into the heap limit. */
#include "gc.h"
#include "common/hostile/hostile.h"
#include "refcount/rc-internal.h"
#include <pthread.h>

/* Weak references are rare against counts: one lock serves them all, and only
 * threads need it. */
static pthread_mutex_t rc_weak_mutex = PTHREAD_MUTEX_INITIALIZER;

static void rc_weak_lock(void) {
  if (RC_ATOMIC)
    pthread_mutex_lock(&rc_weak_mutex);
}

static void rc_weak_unlock(void) {
  if (RC_ATOMIC)
    pthread_mutex_unlock(&rc_weak_mutex);
}

/* ------------------------------------------------------------------------- *
 * Weak references.
 *
 * A weak reference is a leaf object with its target and its neighbours in the
 * doubly linked list of all weak references to that target.  The lists' heads
 * stand in a hash table by target, so that objects without weak references pay
 * one flag bit.  The table is open-addressed with linear probing.
 * ------------------------------------------------------------------------- */

typedef struct rc_weak {
  uint64_t header;   /* as gc_object has it */
  gc_object *target; /* null once cleared */
  struct rc_weak *next, *previous;
} rc_weak;

_Static_assert(offsetof(rc_weak, target) == offsetof(gc_object, slots),
               "gc_weak_get reads the target as the first word");

static struct {
  rc_weak **heads; /* power of two of places; null: free */
  size_t places, used;
} rc_weak_table;

static size_t rc_weak_home(const gc_object *target) {
  /* Fibonacci hashing of the granule number. */
  uint64_t h = (uint64_t)space_granule(target) * 0x9e3779b97f4a7c15u;
  return (size_t)(h >> 32) & (rc_weak_table.places - 1);
}

/* The place of `target`'s list, or the free place where it would go. */
static rc_weak **rc_weak_place(const gc_object *target) {
  size_t i = rc_weak_home(target);
  while (rc_weak_table.heads[i] && rc_weak_table.heads[i]->target != target)
    i = (i + 1) & (rc_weak_table.places - 1);
  return &rc_weak_table.heads[i];
}

/* Keeps a quarter of the places free.  Returns false without memory. */
static bool rc_weak_reserve(void) {
  if (4 * (rc_weak_table.used + 1) <= 3 * rc_weak_table.places)
    return true;
  size_t old_places = rc_weak_table.places;
  rc_weak **old = rc_weak_table.heads;
  size_t places = old_places ? 2 * old_places : 64;
  rc_weak **heads = hostile_fails() ? NULL : calloc(places, sizeof *heads);
  if (!heads)
    return false;
  rc_weak_table.heads = heads;
  rc_weak_table.places = places;
  for (size_t i = 0; i < old_places; i++)
    if (old[i])
      *rc_weak_place(old[i]->target) = old[i];
  free(old);
  return true;
}

/* Frees a place, and moves up those that were pushed past it (Knuth 6.4 R). */
static void rc_weak_vacate(rc_weak **place) {
  size_t mask = rc_weak_table.places - 1;
  size_t hole = (size_t)(place - rc_weak_table.heads);
  rc_weak_table.heads[hole] = NULL;
  rc_weak_table.used--;
  for (size_t i = (hole + 1) & mask; rc_weak_table.heads[i];
       i = (i + 1) & mask) {
    size_t home = rc_weak_home(rc_weak_table.heads[i]->target);
    if (((i - home) & mask) >= ((i - hole) & mask)) {
      rc_weak_table.heads[hole] = rc_weak_table.heads[i];
      rc_weak_table.heads[i] = NULL;
      hole = i;
    }
  }
}

bool rc_weak_new(gc_mutator *m, gc_reg dst, gc_object *target) {
  OBJECT_CHECK(target, "weak reference to null in register", dst);
  rc_weak *w = (rc_weak *)rc_alloc(m, sizeof *w);
  if (!w)
    return false;
  uint32_t meta = OBJECT_WEAK_REFERENCE | (RC_CYCLES ? RC_BUFFERED : 0);
  object_init((gc_object *)w, rc_born(m), meta, 0);
  w->target = target;
  w->previous = NULL;
  rc_weak_lock();
  if (!rc_weak_reserve()) {
    rc_weak_unlock();
    rc_cell_free(m, w);
    return false;
  }
  rc_weak **place = rc_weak_place(target);
  w->next = *place;
  if (w->next)
    w->next->previous = w;
  else
    rc_weak_table.used++;
  *place = w;
  rc_meta_set(target, OBJECT_WEAK_TARGET);
  rc_weak_unlock();
  rc_replace(m, object_owning(m, dst), (gc_object *)w);
  return true;
}

gc_object *rc_weak_get(gc_object *weak) {
  rc_weak_lock();
  gc_object *target = ((rc_weak *)weak)->target;
  if (target) {
    /* The last count may just have been dropped by a thread that waits for the
     * lock to clear this reference: a count of zero never rises again. */
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
#if RC_BIASED
    if (target && header & RC_HIGH)
      rc_shed(target);
#endif
  }
  rc_weak_unlock();
  return target;
}

void rc_weak_clear(gc_object *target) {
  hostile_race();
  rc_weak_lock();
  rc_weak **place = rc_weak_place(target);
  rc_weak *w = *place;
  if (!w) { /* the last reference has died since the flag was seen */
    rc_weak_unlock();
    return;
  }
  rc_weak_vacate(place); /* while the list still names its target */
  while (w) {
    w->target = NULL;
    w = w->next;
  }
  rc_meta_clear(target, OBJECT_WEAK_TARGET);
  rc_weak_unlock();
}

/* A weak reference dies: it leaves its target's list, if that still is. */
static void rc_weak_unlink(rc_weak *w) {
  rc_weak_lock();
  if (w->target) {
    if (w->next)
      w->next->previous = w->previous;
    if (w->previous) {
      w->previous->next = w->next;
    } else {
      rc_weak **place = rc_weak_place(w->target);
      if (w->next) {
        *place = w->next;
      } else {
        rc_weak_vacate(place);
        if (!gc_mutant(weak_flag_stale))
          rc_meta_clear(w->target, OBJECT_WEAK_TARGET);
      }
    }
  }
  rc_weak_unlock();
}

/* ------------------------------------------------------------------------- *
 * Death.
 *
 * The dead that still hold their children form a list threaded through their
 * count words, which they need no more: each keeps the granule number of the
 * next.  A cascade of any size and shape thus takes no memory and no stack.
 * ------------------------------------------------------------------------- */

/* Whether an object whose count reached zero goes on the list.  Not if it waits
 * for its finalizer. */
static bool rc_really_dead(gc_object *o) {
  uint32_t meta = rc_meta(o);
  if (gc_likely(!(meta & (OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET))))
    return true;
  if (meta & OBJECT_WEAK_TARGET && !gc_mutant(rc_weak_uncleared))
    rc_weak_clear(o);
  if (!(meta & OBJECT_FINALIZABLE) || gc_mutant(finalizer_skipped))
    return true;
  o->meta &= ~(uint32_t)OBJECT_FINALIZABLE;
  o->word = 1; /* the queue's; of a biased object, merged */
  finalizers_push(o);
  return false;
}

#if !RC_LAZY
/* Pushes a dead object on the list. */
static void rc_list_push(uint32_t *list, gc_object *o) {
  o->word = *list;
  *list = space_granule(o);
}

/* Whether an object needs no more than being freed: nothing knows of it, and it
 * refers to nothing. */
static inline bool rc_is_bare(const gc_object *o) {
  uint32_t slots = object_slots(o), i = 0;
  if (rc_meta(o) & (RC_KNOWN | (RC_CYCLES ? RC_BUFFERED : 0)))
    return false;
  while (i < slots && !o->slots[i])
    i++;
  return i == slots;
}

/* The rest, apart, so that it costs the bare nothing. */
static void rc_cascade(gc_mutator *m, gc_object *o);
#endif

void rc_dead(gc_mutator *m, gc_object *o) {
#if RC_LAZY
  (void)m;
  if (!gc_mutant(lazy_weak_late) && !rc_really_dead(o))
    return;
  if (o->meta & OBJECT_WEAK_REFERENCE)
    rc_weak_unlink((rc_weak *)o);
  rc_bury(o);
#else
  if (gc_likely(rc_is_bare(o)) && !gc_mutant(written_after_free))
    rc_cell_free(m, o);
  else
    rc_cascade(m, o);
#endif
}

#if !RC_LAZY
__attribute__((noinline)) static void rc_cascade(gc_mutator *m, gc_object *o) {
  if (!rc_really_dead(o))
    return;
  bool nested = m->in_cascade;
  m->in_cascade = true;
  uint64_t freed = 0, begin = 0;
  uint32_t list = 0;
  rc_list_push(&list, o);
  while (list) {
    o = space_address(list);
    list = o->word;
    uint32_t slots = object_slots(o);
    for (uint32_t i = 0; i + gc_mutant(last_child_kept) < slots; i++) {
      gc_object *child = o->slots[i];
      if (gc_mutant(cascade_recurses) && child) {
        if (rc_release_in_cascade(m, child))
          rc_dead(m, child);
        continue;
      }
      if (child && rc_release_in_cascade(m, child) && rc_really_dead(child))
        rc_list_push(&list, child);
    }
    if (o->meta & OBJECT_WEAK_REFERENCE)
      rc_weak_unlink((rc_weak *)o);
    if (RC_CYCLES && slots && (o->meta & RC_BUFFERED) &&
        !gc_mutant(buffered_freed))
      o->word = 0; /* a candidate: the detector will find it dead */
    else if (!gc_mutant(weak_reference_leaked) ||
             !(o->meta & OBJECT_WEAK_REFERENCE))
      rc_cell_free(m, o);
    if (gc_mutant(written_after_free) && slots > 1)
      o->slots[1] = NULL;
    if (++freed == RC_CASCADE_TIMED)
      begin = gc_now_ns();
  }
  m->in_cascade = nested;
  if (begin) {
    m->cascades++;
    m->cascade_freed += freed;
    rc_report(m->base.heap, GC_PAUSE_CASCADE, begin);
  }
#if RC_CYCLES
  if (!nested)
    rc_detect_if_due(m);
#endif
}
#endif

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

void rc_report(gc_heap *heap, gc_pause_kind kind, uint64_t begin_ns) {
  heap->listener.pause(heap->listener.data, kind, begin_ns, gc_now_ns());
}

/* Memory for an object where the fast path had none, or was not allowed to. */
static gc_object *rc_cell_obtain(gc_mutator *m, size_t bytes) {
#if RC_JEMALLOC
  return space_alloc_slow(bytes, m->flags);
#else
  return freelists_obtain(&m->cells, bytes);
#endif
}

/* Makes what is free in some shape or place available in any other. */
static void rc_cells_reclaim(gc_mutator *m) {
#if RC_JEMALLOC
  space_cache_flush(m->flags);
  space_purge();
#else
  (void)m;
  freelists_reclaim();
#endif
}

#if RC_LAZY
/* What is torn down first when the heap is full, in bytes: a block. */
enum { RC_LAZY_LEAST = BLOCK_BYTES };
#endif

/* The heap is full: everything that can be done.  Among threads with the world
 * stopped until the object is there, or being out of memory would be a matter
 * of who is fast enough to take what was found. */
static gc_object *rc_alloc_last(gc_mutator *m, size_t bytes) {
  gc_object *o = NULL;
  while (RC_ATOMIC && !world_stop()) /* another did the same */
    if ((o = rc_cell_obtain(m, bytes)))
      return o;
#if RC_LAZY
  /* No more at once than it takes. */
  for (uint64_t budget = RC_LAZY_LEAST; rc_lazy_tear(m, budget); budget *= 2)
    if ((o = rc_cell_obtain(m, bytes)))
      return o;
#endif
  uint64_t begin = gc_now_ns();
#if RC_CYCLES
  if (!gc_mutant(detects_when_asked_only)) {
    rc_detect_stopped(m);
    o = rc_cell_obtain(m, bytes);
  }
#elif RC_BIASED
  rc_biased_collect_stopped(m);
  o = rc_cell_obtain(m, bytes);
#endif
  if (!o) {
    rc_cells_reclaim(m);
    o = rc_cell_obtain(m, bytes);
  }
  if (RC_ATOMIC)
    world_start();
  if (RC_ATOMIC || RC_CYCLES)
    rc_report(m->base.heap, RC_ATOMIC ? GC_PAUSE_STOP : GC_PAUSE_DETECT, begin);
  return o;
}

gc_object *rc_alloc_slow(gc_mutator *m, size_t bytes) {
#if RC_ATOMIC
  world_poll(); /* a loop that only allocates must come by here */
#endif
  if (hostile_allocation())
    gc_collect(m);
#if RC_LAZY
  rc_lazy_pay(m, bytes);
#endif
  gc_object *o = rc_cell_obtain(m, bytes);
  return o ? o : rc_alloc_last(m, bytes);
}

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *heap = calloc(1, sizeof *heap);
  if (!heap || !space_create(config->heap_limit)) {
    free(heap);
    return NULL;
  }
#if !RC_JEMALLOC
  if (!freelists_create()) {
    space_destroy();
    free(heap);
    return NULL;
  }
#endif
  heap->listener = config->listener;
#if RC_CYCLES
  rc_cycles_create(config);
#elif RC_BIASED
  rc_biased_create();
#endif
#if RC_LAZY
  rc_lazy_create();
#endif
  return heap;
}

void gc_heap_destroy(gc_heap *heap) {
#if RC_CYCLES
  rc_cycles_destroy();
#elif RC_BIASED
  rc_biased_destroy();
#endif
  finalizers_destroy();
  free(rc_weak_table.heads);
  memset(&rc_weak_table, 0, sizeof rc_weak_table);
  memset(object_globals, 0, sizeof object_globals);
#if !RC_JEMALLOC
  freelists_destroy();
#endif
  space_destroy();
  free(heap);
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = world_mutator_create(heap, sizeof *m);
  if (m) {
#if RC_JEMALLOC
    m->flags = space_cache_create();
#endif
#if RC_CYCLES
    rc_cycles_attach(m);
#elif RC_BIASED
    rc_biased_attach(m);
#endif
    world_join(m);
  }
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  for (uint32_t t = 0; t < GC_TLS && !gc_mutant(tls_kept); t++)
    gc_tls_clear(m, t);
#if RC_CYCLES
  rc_cycles_detach(m);
#elif RC_BIASED
  rc_biased_detach(m);
#endif
#if !RC_JEMALLOC
  freelists_leave(&m->cells);
#endif
  world_lock();
  m->base.heap->cascades += m->cascades;
  m->base.heap->cascade_freed += m->cascade_freed;
  world_unlock();
  world_leave(m);
#if RC_JEMALLOC
  space_cache_destroy(m->flags);
#endif
  world_mutator_destroy(m);
}

void gc_blocking_enter(gc_mutator *m) {
#if RC_BIASED
  rc_biased_leave(m);
#endif
  (void)m;
  if (RC_ATOMIC)
    world_blocking_enter();
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
  if (RC_ATOMIC)
    world_blocking_leave();
#if RC_BIASED
  rc_biased_return(m);
#endif
}

void gc_collect(gc_mutator *m) {
  (void)m;
#if RC_CYCLES
  rc_detect(m);
#elif RC_BIASED
  rc_biased_collect(m);
#endif
#if RC_LAZY
  rc_lazy_tear(m, UINT64_MAX);
#endif
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  uint64_t side = space_metadata() + finalizers_bytes() +
                  rc_weak_table.places * sizeof(rc_weak *);
#if RC_CYCLES
  side += rc_cycles_bytes();
#elif RC_BIASED
  side += rc_biased_bytes();
#endif
#if !RC_JEMALLOC
  side += freelists_side_bytes();
#endif
  return (gc_footprint){space_used() + side, space_used_peak() + side};
}

#if RC_JEMALLOC
static void rc_flush_all(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    space_cache_flush(m->flags);
}
#endif

uint64_t gc_heap_objects(gc_heap *heap) {
  (void)heap;
#if RC_JEMALLOC
  rc_flush_all();
  return space_objects();
#else
  return freelists_objects();
#endif
}

gc_usage gc_heap_usage(gc_heap *heap) {
  (void)heap;
#if RC_JEMALLOC
  rc_flush_all(); /* where its free cells lie, jemalloc does not tell */
  return (gc_usage){.objects = space_objects(),
                    .cells = space_cells(),
                    .pages = space_used(),
                    .free = GC_UNKNOWN,
                    .free_largest = GC_UNKNOWN};
#else
  return freelists_usage();
#endif
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  uint64_t cascades = heap->cascades, freed = heap->cascade_freed;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    cascades += m->cascades;
    freed += m->cascade_freed;
  }
  size_t n = 0;
  if (n < room)
    out[n++] = (gc_counter){"cascades", cascades};
  if (n < room)
    out[n++] = (gc_counter){"cascade-freed", freed};
#if RC_LAZY
  if (n < room)
    out[n++] = (gc_counter){"torn-down", rc_lazy_torn()};
#endif
#if RC_CYCLES
  n += rc_cycles_counters(out + n, room - n);
#elif RC_BIASED
  n += rc_biased_counters(out + n, room - n);
#endif
  return n;
}

/* ------------------------------------------------------------------------- *
 * Checking: every object that is reachable must have exactly as many counts as
 * there are references to it from reachable objects and roots, or more, if
 * garbage that has not been found refers to it too.  It is a candidate if it
 * says so, and black.
 * ------------------------------------------------------------------------- */

typedef struct rc_census {
  uint32_t *references; /* per granule: found so far, and RC_CENSUS_CANDIDATE */
  object_stack reached;
  bool free_reached;
} rc_census;

static void rc_census_count(rc_census *c, gc_object *o) {
  if (o && (c->references[space_granule(o)]++ & ~RC_CENSUS_CANDIDATE) == 0)
    object_push_or_die(&c->reached, o);
}

#if !RC_JEMALLOC
/* Nothing may refer to a free cell. */
static void rc_census_free(void *data, gc_object *cell) {
  rc_census *c = data;
  if (c->references[space_granule(cell)])
    c->free_reached = true;
}
#endif

static const char *rc_census_object(const rc_census *c, gc_object *o) {
  uint32_t found = c->references[space_granule(o)];
  if (rc_count(o) < (found & ~RC_CENSUS_CANDIDATE))
    return "an object has fewer counts than references";
  if (o->meta & OBJECT_WEAK_TARGET && !*rc_weak_place(o))
    return "a weak target has no weak references";
#if RC_CYCLES
  if (o->meta & (OBJECT_FLAG_B | OBJECT_FLAG_C))
    return "an object is not black between detections";
  if (object_slots(o) && !(o->meta & RC_BUFFERED) != !(found >> 31))
    return "an object is flagged as a candidate and is in no buffer";
#endif
  return NULL;
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  size_t bytes = space_bytes / SPACE_GRANULE * sizeof(uint32_t);
  rc_census c = {.references = space_table_create(bytes),
                 .reached = {.reliable = true}};
  if (!c.references)
    return "no memory to check in";
  for (unsigned g = 0; g < GC_GLOBALS; g++)
    rc_census_count(&c, object_globals[g]);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    for (unsigned t = 0; t < GC_TLS; t++)
      rc_census_count(&c, m->base.tls[t]);
    /* Only owning registers have counts, and which those are is not recorded;
     * so a register's count is granted, not required. */
  }
  for (size_t i = 0; i < finalizers_count(); i++)
    rc_census_count(&c, finalizers_first()[i]);
  for (size_t i = 0; i < c.reached.size; i++) {
    gc_object *o = c.reached.items[i];
    for (uint32_t s = 0; s < object_slots(o); s++)
      rc_census_count(&c, o->slots[s]);
  }
  const char *why = NULL;
#if !RC_JEMALLOC
  why = freelists_check(rc_census_free, &c);
  if (!why && c.free_reached)
    why = "a free cell is referred to";
#endif
#if RC_LAZY
  if (!why)
    why = rc_lazy_check(c.references);
#endif
#if RC_CYCLES
  if (!why)
    why = rc_cycles_check(c.references);
#elif RC_BIASED
  if (!why)
    why = rc_biased_check();
#endif
  for (size_t i = 0; i < c.reached.size && !why; i++) {
    why = rc_census_object(&c, c.reached.items[i]);
  }
  object_stack_free(&c.reached);
  space_table_destroy(c.references, bytes);
  return why;
}
