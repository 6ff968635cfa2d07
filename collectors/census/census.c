/* census.c: a collector that measures the program instead of serving it: it
 * counts every operation and knows when each object died, in bytes allocated.
 *
 * Deaths are exact.  An object whose last reference goes dies at once, and with
 * it what only it kept.  What dead cycles keep is found by a trace, later; when
 * it died is known even so, by Merlin's argument (Hertz et al., SIGMETRICS
 * 2002): an object becomes unreachable when some reference is dropped, either
 * its own or one to an object that leads to it.  So every object remembers when
 * it last lost a reference, and a dead object died at the latest such time of
 * all dead objects from which it can be reached.
 *
 * Time is the number of allocations so far; lifetimes are told in the bytes
 * that were allocated between an object's allocation and its death.  To know
 * the peak of what was reachable, deaths are noted by the instant in which they
 * happened, and added up after the next trace, which knows all of them.
 *
 * Two limits, both by the nature of things.  Dead cycles with finalizers live
 * again when they are found, so their second life depends on when that is.  And
 * a weak reference into a dead cycle still leads to it until it is found; if
 * the program makes use of that, the cycle was alive after all.
 *
 * One lock guards everything. */
#include GC_COLLECTOR_HEADER

#include "harness/stats/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct object {
  size_t at; /* its index in `all` */
  gc_shape shape;
  uint64_t count;        /* references from slots, owning registers and roots */
  uint64_t recount;      /* the same, by gc_heap_check */
  uint64_t birth;        /* bytes allocated, itself included */
  uint64_t loss;         /* instant at which it last lost a reference */
  struct object *work;   /* the next to die, or to be marked */
  struct object *queued; /* the next that waits to be finalized */
  struct object *target; /* of a weak reference, null if cleared */
  struct object *weaks;  /* the weak references to this */
  struct object *weak_next;
  uint32_t maker; /* number of the mutator */
  bool weak;
  bool finalizable; /* and was not queued yet */
  bool marked;
  bool elsewhere; /* was used by another mutator than its maker */
  struct object *slots[];
} object;

struct gc_mutator {
  gc_mutator *next;
  uint32_t number, top;
  object *reg[GC_REGISTERS];
  bool owning[GC_REGISTERS];
  object *tls[GC_TLS];
};

struct gc_heap {
  uint64_t bytes; /* nominal, of what is in `all` */
  uint64_t bytes_peak;
};

/* What happened between an allocation and the next one. */
typedef struct instant {
  uint64_t bytes; /* allocated so far */
  uint64_t died_bytes, died_objects;
} instant;

/* Numbers, one for each object. */
typedef struct numbers {
  uint64_t *values;
  size_t count, room;
} numbers;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static gc_heap the_heap;
static gc_mutator *mutators;
static object *globals[GC_GLOBALS];
static object *queue, **queue_end = &queue;

/* Objects that are not known to be dead. */
static object **all;
static size_t all_count, all_room;

/* The instants since the last trace.  The first one is the trace's own. */
static instant *instants;
static size_t instants_count, instants_room;
static uint64_t first_instant; /* its number */

/* The program so far. */
static struct {
  uint64_t operations[MODEL_PLACES][MODEL_PLACES]; /* copies: to, from */
  uint64_t null_stores; /* to slots: of null, in whatever way */
  uint64_t frames, payloads, tests, safepoints, collections;
  uint64_t slots; /* of all objects */
  uint64_t weak_made, weak_read, weak_cleared, finalizable, finalized;
  uint64_t mutators, freed_elsewhere, used_elsewhere;
  uint64_t cyclic_objects, cyclic_bytes;
  uint64_t live_bytes, live_objects; /* at the first instant */
  uint64_t peak_bytes, peak_objects;
  uint64_t last_death, last_deaths; /* the latest instant of one; how many */
} seen;
static numbers sizes, lifetimes;

/* A trace is due after so many allocations: often enough that what is dead does
 * not pile up, rarely enough that traces cost a constant per allocation. */
enum { TRACE_LEAST = 1 << 16 };
static size_t trace_due = TRACE_LEAST;

const gc_collector gc_this_collector = {
    .name = "census",
    .summary = "counts what a workload does; for reapmark describe",
    .source = "deaths as by Hertz et al., Error-free garbage collection traces "
              "(Merlin), SIGMETRICS 2002",
    .kind = GC_KIND_DIAGNOSTIC,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true},
    .options = (const gc_option[]){{0}}};

_Noreturn static void stop(const char *why) {
  fprintf(stderr, "census: %s\n", why);
  abort();
}

/* The array, with room for one more element. */
static void *grown(void *array, size_t count, size_t *room, size_t size) {
  if (count < *room)
    return array;
  *room = 2 * *room + 1024;
  array = realloc(array, *room * size);
  if (!array)
    stop("no memory for its notes");
  return array;
}

static void note(numbers *n, uint64_t value) {
  n->values = grown(n->values, n->count, &n->room, sizeof *n->values);
  n->values[n->count++] = value;
}

static uint64_t nominal(const object *o) {
  return gc_shape_bytes(o->weak ? GC_WEAK_SHAPE : o->shape);
}

/* ------------------------------------------------------------------------- *
 * Time.
 * ------------------------------------------------------------------------- */

static uint64_t now(void) {
  return first_instant + instants_count - 1;
}

static uint64_t bytes_now(void) {
  return instants[instants_count - 1].bytes;
}

static void begin_instant(uint64_t bytes) {
  instants = grown(instants, instants_count, &instants_room, sizeof *instants);
  instants[instants_count++] = (instant){.bytes = bytes};
}

/* All deaths up to now are known: finds the peak, and starts afresh. */
static void close_instants(void) {
  for (size_t i = 0; i < instants_count; i++) {
    const instant *t = &instants[i];
    if (i > 0) { /* an allocation */
      seen.live_bytes += t->bytes - instants[i - 1].bytes;
      seen.live_objects++;
    }
    if (seen.live_bytes > seen.peak_bytes)
      seen.peak_bytes = seen.live_bytes;
    if (seen.live_objects > seen.peak_objects)
      seen.peak_objects = seen.live_objects;
    seen.live_bytes -= t->died_bytes;
    seen.live_objects -= t->died_objects;
  }
  uint64_t bytes = bytes_now();
  first_instant = now();
  instants_count = 0;
  begin_instant(bytes);
}

/* Takes the object, which died at instant `when`, out of the books. */
static void bury(object *o, uint64_t when) {
  uint64_t bytes = nominal(o);
  instant *t = &instants[when - first_instant];
  t->died_bytes += bytes;
  t->died_objects++;
  note(&lifetimes, t->bytes - o->birth);
  if (when > seen.last_death) {
    seen.last_death = when;
    seen.last_deaths = 0;
  }
  seen.last_deaths += when == seen.last_death;
  the_heap.bytes -= bytes;
  all[o->at] = all[--all_count];
  all[o->at]->at = o->at;
  if (!o->target)
    return;
  object **at = &o->target->weaks;
  while (*at != o)
    at = &(*at)->weak_next;
  *at = o->weak_next;
}

/* ------------------------------------------------------------------------- *
 * Counting.
 * ------------------------------------------------------------------------- */

static object *dying;

static void retain(object *o) {
  if (o)
    o->count++;
}

static void drop(object *o) {
  if (!o)
    return;
  o->loss = now();
  if (--o->count > 0)
    return;
  o->work = dying;
  dying = o;
}

static void clear_weaks(object *o) {
  for (object *w = o->weaks; w; w = w->weak_next)
    w->target = NULL;
  o->weaks = NULL;
}

static void enqueue(object *o) {
  o->finalizable = false;
  o->queued = NULL;
  *queue_end = o;
  queue_end = &o->queued;
  retain(o);
}

/* Drops a reference held by mutator `m`. */
static void release(gc_mutator *m, object *o) {
  drop(o);
  while ((o = dying) != NULL) {
    dying = o->work;
    clear_weaks(o);
    if (o->finalizable) {
      enqueue(o);
      continue;
    }
    for (uint32_t i = 0; i < o->shape.slots; i++)
      drop(o->slots[i]);
    seen.freed_elsewhere += o->maker != m->number;
    bury(o, now());
    free(o);
  }
}

/* ------------------------------------------------------------------------- *
 * Tracing.
 * ------------------------------------------------------------------------- */

static object *marking;

static void mark(object *o) {
  if (!o || o->marked)
    return;
  o->marked = true;
  o->work = marking;
  marking = o;
}

/* Marks all that can be reached from what is marked, and gives it the loss of
 * that, if that is later. */
static void mark_through(uint64_t loss) {
  object *o;
  while ((o = marking) != NULL) {
    marking = o->work;
    if (o->loss < loss)
      o->loss = loss;
    for (uint32_t i = 0; i < o->shape.slots; i++)
      mark(o->slots[i]);
  }
}

static void mark_roots(void) {
  for (uint32_t i = 0; i < GC_GLOBALS; i++)
    mark(globals[i]);
  for (gc_mutator *m = mutators; m; m = m->next) {
    for (uint32_t r = 0; r < m->top; r++)
      if (m->owning[r])
        mark(m->reg[r]);
    for (uint32_t i = 0; i < GC_TLS; i++)
      mark(m->tls[i]);
  }
  for (object *o = queue; o; o = o->queued)
    mark(o);
  mark_through(0);
}

static int later_loss_first(const void *a, const void *b) {
  uint64_t x = (*(object *const *)a)->loss, y = (*(object *const *)b)->loss;
  return (x < y) - (x > y);
}

/* Dates the deaths of these objects: each passes its loss on to what it leads
 * to, the latest loss first. */
static void date_deaths(object **dead, size_t n) {
  qsort(dead, n, sizeof *dead, later_loss_first);
  for (size_t i = 0; i < n; i++) {
    mark(dead[i]);
    mark_through(dead[i]->loss);
  }
}

static void trace(void) {
  for (size_t i = 0; i < all_count; i++)
    all[i]->marked = false;
  mark_roots();
  for (size_t i = 0; i < all_count; i++)
    if (!all[i]->marked)
      clear_weaks(all[i]);
  for (size_t i = 0; i < all_count; i++)
    if (!all[i]->marked && all[i]->finalizable) {
      enqueue(all[i]);
      mark(all[i]);
    }
  mark_through(0);

  object **dead = malloc((all_count + 1) * sizeof *dead);
  if (!dead)
    stop("no memory for a trace");
  size_t n = 0;
  for (size_t i = 0; i < all_count; i++)
    if (!all[i]->marked)
      dead[n++] = all[i];
  /* What lives has lost the references from the dead, but that was no loss. */
  for (size_t k = 0; k < n; k++)
    for (uint32_t i = 0; i < dead[k]->shape.slots; i++)
      if (dead[k]->slots[i] && dead[k]->slots[i]->marked)
        dead[k]->slots[i]->count--;
  date_deaths(dead, n);
  for (size_t k = 0; k < n; k++) {
    seen.cyclic_objects++;
    seen.cyclic_bytes += nominal(dead[k]);
    bury(dead[k], dead[k]->loss);
  }
  for (size_t k = 0; k < n; k++)
    free(dead[k]);
  free(dead);
  close_instants();
  trace_due = TRACE_LEAST + 2 * all_count;
}

/* ------------------------------------------------------------------------- *
 * Registers and places.
 * ------------------------------------------------------------------------- */

/* The object that an operation of `m` is about. */
static object *used(gc_mutator *m, gc_reg r) {
  object *o = m->reg[r];
  if (o && o->maker != m->number && !o->elsewhere) {
    o->elsewhere = true;
    seen.used_elsewhere++;
  }
  return o;
}

static object **place(gc_mutator *m, model_place p) {
  switch (p.where) {
  case MODEL_SLOT:
    return &used(m, p.reg)->slots[p.index];
  case MODEL_GLOBAL:
    return &globals[p.index];
  case MODEL_TLS:
    return &m->tls[p.index];
  default:
    return &m->reg[p.reg];
  }
}

void model_copy(gc_mutator *m, model_place to, model_place from) {
  pthread_mutex_lock(&lock);
  seen.operations[to.where][from.where]++;
  object **source = from.where == MODEL_NULL ? NULL : place(m, from);
  object *o = source ? *source : NULL;
  object **at = place(m, to);
  object *old = *at;
  seen.null_stores += to.where == MODEL_SLOT && !o;
  if (to.where == MODEL_BORROWED)
    *at = o;
  else {
    if (from.where == MODEL_TAKEN)
      *source = NULL; /* the count moves */
    else
      retain(o);
    *at = o;
    release(m, old);
  }
  pthread_mutex_unlock(&lock);
}

gc_reg model_frame_enter(gc_mutator *m, uint32_t owning, uint32_t borrowing) {
  pthread_mutex_lock(&lock);
  seen.frames++;
  gc_reg frame = m->top;
  if (owning + borrowing > GC_REGISTERS - m->top)
    stop("the shadow stack overflows");
  for (uint32_t i = 0; i < owning + borrowing; i++) {
    m->reg[m->top] = NULL;
    m->owning[m->top++] = i < owning;
  }
  pthread_mutex_unlock(&lock);
  return frame;
}

void model_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                       uint32_t borrowing) {
  (void)borrowing;
  pthread_mutex_lock(&lock);
  for (uint32_t i = 0; i < owning; i++) {
    object *o = m->reg[frame + i];
    m->reg[frame + i] = NULL;
    release(m, o);
  }
  m->top = frame;
  pthread_mutex_unlock(&lock);
}

bool model_is_null(gc_mutator *m, gc_reg r) {
  pthread_mutex_lock(&lock);
  seen.tests++;
  bool null = m->reg[r] == NULL;
  pthread_mutex_unlock(&lock);
  return null;
}

bool model_same(gc_mutator *m, gc_reg a, gc_reg b) {
  pthread_mutex_lock(&lock);
  seen.tests++;
  bool same = m->reg[a] == m->reg[b];
  pthread_mutex_unlock(&lock);
  return same;
}

void *model_payload(gc_mutator *m, gc_reg obj) {
  pthread_mutex_lock(&lock);
  seen.payloads++;
  object *o = used(m, obj);
  pthread_mutex_unlock(&lock);
  return &o->slots[o->shape.slots];
}

void model_safepoint(gc_mutator *m) {
  (void)m;
  pthread_mutex_lock(&lock);
  seen.safepoints++;
  pthread_mutex_unlock(&lock);
}

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

/* Gives the register a count that the object has already. */
static void hand_over(gc_mutator *m, gc_reg dst, object *o) {
  object *old = m->reg[dst];
  m->reg[dst] = o;
  release(m, old);
}

/* A new object with a count of one. */
static object *allocate(gc_mutator *m, gc_shape shape, bool weak) {
  if (instants_count > trace_due)
    trace();
  uint64_t bytes = gc_shape_bytes(weak ? GC_WEAK_SHAPE : shape);
  object *o = calloc(1, sizeof *o + bytes);
  if (!o)
    stop("no memory for an object");
  begin_instant(bytes_now() + bytes);
  all = grown(all, all_count, &all_room, sizeof *all);
  o->at = all_count;
  all[all_count++] = o;
  o->shape = shape;
  o->weak = weak;
  o->count = 1;
  o->birth = bytes_now();
  o->loss = now();
  o->maker = m->number;
  seen.slots += shape.slots;
  note(&sizes, bytes);
  the_heap.bytes += bytes;
  if (the_heap.bytes > the_heap.bytes_peak)
    the_heap.bytes_peak = the_heap.bytes;
  return o;
}

bool model_new(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags) {
  pthread_mutex_lock(&lock);
  object *o = allocate(m, shape, false);
  o->finalizable = flags & GC_FINALIZABLE;
  seen.finalizable += o->finalizable;
  hand_over(m, dst, o);
  pthread_mutex_unlock(&lock);
  return true;
}

bool model_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  pthread_mutex_lock(&lock);
  object *w = allocate(m, (gc_shape){0, 0}, true);
  seen.weak_made++;
  w->target = used(m, target);
  w->weak_next = w->target->weaks;
  w->target->weaks = w;
  hand_over(m, dst, w);
  pthread_mutex_unlock(&lock);
  return true;
}

bool model_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  pthread_mutex_lock(&lock);
  object *target = used(m, weak)->target;
  seen.weak_read++;
  seen.weak_cleared += target == NULL;
  retain(target);
  hand_over(m, dst, target);
  pthread_mutex_unlock(&lock);
  return target != NULL;
}

bool model_finalizer_next(gc_mutator *m, gc_reg dst) {
  pthread_mutex_lock(&lock);
  object *o = queue;
  if (o) {
    queue = o->queued;
    if (!queue)
      queue_end = &queue;
    seen.finalized++;
    hand_over(m, dst, o);
  }
  pthread_mutex_unlock(&lock);
  return o != NULL;
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  (void)config;
  begin_instant(0);
  return &the_heap;
}

void gc_heap_destroy(gc_heap *heap) {
  for (size_t i = 0; i < all_count; i++)
    free(all[i]);
  free(all);
  free(instants);
  free(sizes.values);
  free(lifetimes.values);
  all = NULL;
  instants = NULL;
  all_count = all_room = instants_count = instants_room = 0;
  first_instant = 0;
  trace_due = TRACE_LEAST;
  queue = NULL;
  queue_end = &queue;
  memset(globals, 0, sizeof globals);
  memset(&seen, 0, sizeof seen);
  memset(&sizes, 0, sizeof sizes);
  memset(&lifetimes, 0, sizeof lifetimes);
  memset(heap, 0, sizeof *heap);
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  pthread_mutex_lock(&lock);
  gc_footprint f = {heap->bytes, heap->bytes_peak};
  pthread_mutex_unlock(&lock);
  return f;
}

uint64_t gc_heap_objects(gc_heap *heap) {
  (void)heap;
  return all_count;
}

static void recount(object *o) {
  if (o)
    o->recount++;
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  for (size_t i = 0; i < all_count; i++)
    all[i]->recount = 0;
  for (size_t i = 0; i < all_count; i++)
    for (uint32_t k = 0; k < all[i]->shape.slots; k++)
      recount(all[i]->slots[k]);
  for (uint32_t i = 0; i < GC_GLOBALS; i++)
    recount(globals[i]);
  for (object *o = queue; o; o = o->queued)
    recount(o);
  for (gc_mutator *m = mutators; m; m = m->next) {
    for (uint32_t r = 0; r < m->top; r++)
      if (m->owning[r])
        recount(m->reg[r]);
    for (uint32_t i = 0; i < GC_TLS; i++)
      recount(m->tls[i]);
  }
  for (size_t i = 0; i < all_count; i++)
    if (all[i]->count != all[i]->recount)
      return "a count is wrong";
  return NULL;
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  (void)heap;
  gc_mutator *m = calloc(1, sizeof *m);
  if (!m)
    return NULL;
  pthread_mutex_lock(&lock);
  m->number = (uint32_t)seen.mutators++;
  m->next = mutators;
  mutators = m;
  pthread_mutex_unlock(&lock);
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  pthread_mutex_lock(&lock);
  for (uint32_t i = 0; i < GC_TLS; i++)
    release(m, m->tls[i]);
  gc_mutator **at = &mutators;
  while (*at != m)
    at = &(*at)->next;
  *at = m->next;
  pthread_mutex_unlock(&lock);
  free(m);
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

void gc_collect(gc_mutator *m) {
  (void)m;
  pthread_mutex_lock(&lock);
  seen.collections++;
  trace();
  pthread_mutex_unlock(&lock);
}

/* ------------------------------------------------------------------------- *
 * The figures.
 * ------------------------------------------------------------------------- */

/* How many are less than `bound`, of numbers in ascending order. */
static uint64_t count_below(const numbers *n, uint64_t bound) {
  size_t low = 0, high = n->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (n->values[middle] < bound)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  (void)heap;
  trace();
  /* What is still alive lives to the end. */
  size_t died = lifetimes.count;
  for (size_t i = 0; i < all_count; i++)
    note(&lifetimes, bytes_now() - all[i]->birth);
  uint64_t to_end =
      all_count + (seen.last_death == now() ? seen.last_deaths : 0);
  stat_sort(sizes.values, sizes.count);
  stat_sort(lifetimes.values, lifetimes.count);
  const uint64_t *size = sizes.values, *life = lifetimes.values;
  size_t n = sizes.count;
  uint64_t(*op)[MODEL_PLACES] = seen.operations;
  uint64_t stores = op[MODEL_SLOT][MODEL_REGISTER] +
                    op[MODEL_SLOT][MODEL_TAKEN] + op[MODEL_SLOT][MODEL_NULL];

  const gc_counter figures[] = {
      {"objects", n},
      {"bytes", bytes_now()},
      {"slots", seen.slots},
      {"peak-objects", seen.peak_objects},
      {"peak-bytes", seen.peak_bytes},
      {"size-p10", stat_rank(size, n, 10)},
      {"size-p50", stat_rank(size, n, 50)},
      {"size-p90", stat_rank(size, n, 90)},
      {"size-max", stat_rank(size, n, 100)},
      {"lifetime-mean", stat_mean(life, n)},
      {"lifetime-p10", stat_rank(life, n, 10)},
      {"lifetime-p50", stat_rank(life, n, 50)},
      {"lifetime-p90", stat_rank(life, n, 90)},
      {"lifetime-p99", stat_rank(life, n, 99)},
      {"lifetime-max", stat_rank(life, n, 100)},
      {"lifetime-gini-millionths", (uint64_t)(1e6 * stat_gini(life, n) + 0.5)},
      {"died-within-64K", count_below(&lifetimes, 64 << 10)},
      {"died-within-1M", count_below(&lifetimes, 1 << 20)},
      {"died-within-16M", count_below(&lifetimes, 16 << 20)},
      {"lived-to-the-end", to_end},
      {"cyclic-objects", seen.cyclic_objects},
      {"cyclic-bytes", seen.cyclic_bytes},
      {"stores", stores},
      {"stores-of-null", seen.null_stores},
      {"loads", op[MODEL_OWNING][MODEL_SLOT]},
      {"borrows", op[MODEL_BORROWED][MODEL_SLOT]},
      {"copies", op[MODEL_OWNING][MODEL_REGISTER]},
      {"moves", op[MODEL_OWNING][MODEL_TAKEN]},
      {"clears", op[MODEL_OWNING][MODEL_NULL]},
      {"unborrows", op[MODEL_BORROWED][MODEL_NULL]},
      {"tests", seen.tests},
      {"frames", seen.frames},
      {"payload-accesses", seen.payloads},
      {"safepoints", seen.safepoints},
      {"collections-asked", seen.collections},
      {"global-stores",
       op[MODEL_GLOBAL][MODEL_REGISTER] + op[MODEL_GLOBAL][MODEL_NULL]},
      {"global-reads",
       op[MODEL_OWNING][MODEL_GLOBAL] + op[MODEL_BORROWED][MODEL_GLOBAL]},
      {"thread-local-stores",
       op[MODEL_TLS][MODEL_REGISTER] + op[MODEL_TLS][MODEL_NULL]},
      {"thread-local-reads",
       op[MODEL_OWNING][MODEL_TLS] + op[MODEL_BORROWED][MODEL_TLS]},
      {"weak-references", seen.weak_made},
      {"weak-reads", seen.weak_read},
      {"weak-reads-cleared", seen.weak_cleared},
      {"finalizable", seen.finalizable},
      {"finalized", seen.finalized},
      {"mutators", seen.mutators},
      {"used-elsewhere", seen.used_elsewhere},
      {"freed-elsewhere", seen.freed_elsewhere},
  };
  lifetimes.count = died;
  size_t count = sizeof figures / sizeof *figures;
  if (count > room)
    count = room;
  memcpy(out, figures, count * sizeof *out);
  return count;
}
