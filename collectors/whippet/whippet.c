/* whippet.c: Whippet's collectors, the out-of-line half.
 *
 * WHIPPET_NAME is Whippet's name of the collector, WHIPPET_VERSION the commit
 * of the checkout that it comes from. */
#include "whippet/whippet.h"

#include "common/finalizers.h"
#include "common/listener.h"
#include "common/world.h"
#include "whippet/heap.h"

#include "whippet/names.h"
#include "gc-ephemeron.h"
#include "gc-finalizer.h"
#include "whippet/names-end.h"
#include <errno.h>
#include <pthread.h>

/* WHIPPET_COPIES is 1 for pcc, which keeps half of its memory to copy into. Its
 * unit is a block of two halves; that of mmc is a block. */
enum { BLOCK = WHIPPET_COPIES ? 128 << 10 : 64 << 10 };

/* generational-pcc loses finalizers, and ends in a deadlock with several
 * markers: see README.md. */
#define BROKEN (WHIPPET_COPIES && GC_GENERATIONAL)

_Static_assert(WHIPPET_SLOTS == OBJECT_SLOTS, "of object.h");
_Static_assert(WHIPPET_EPHEMERON == OBJECT_WEAK_REFERENCE, "of object.h");
_Static_assert(WHIPPET_FINALIZER == OBJECT_FLAG_B &&
                   WHIPPET_TOKEN == OBJECT_FLAG_C,
               "of object.h");

/* Of a weak reference or an ephemeron: its key is a token.  Of a token: the
 * object that it stands for was found dead. */
#define WATCHES OBJECT_FLAG_A
#define SPENT   OBJECT_FLAG_A

struct gc_heap {
  struct whippet_heap *whippet;
  struct gc_heap_roots roots;
  uint64_t began;                   /* of the pause in progress */
  uint64_t most;                    /* the largest footprint seen */
  uint64_t minor, full, compacting; /* collections */
  bool stalled;                     /* see whippet_heap_stalled */
  uint64_t stalls;
  uint64_t asked; /* `minor + full` when gc_collect ended last */
};

#if GC_PARALLEL && !BROKEN
static uint64_t markers = 1;
#endif

const gc_collector gc_this_collector = {
    .name = "whippet-" WHIPPET_NAME,
    .runtime = "Whippet " WHIPPET_VERSION,
    .summary = "Whippet's " WHIPPET_NAME " at " WHIPPET_VERSION,
    .source = "Wingo, https://github.com/wingo/whippet",
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = !BROKEN,
            .moving = true,
            .heap_limit = true,
            .long_weak = true,
            .reserve = WHIPPET_COPIES ? 50 : 0,
            .granule = BLOCK,
            /* pcc takes up to 16 blocks more while it collects. */
            .overhead_bytes = WHIPPET_COPIES ? 16 * BLOCK : 0},
    .options =
        (const gc_option[]){
#if GC_PARALLEL && !BROKEN
            {"markers", "number of threads that trace", &markers, 1, 16},
#endif
            {0}},
};

static gc_heap the_heap;

/* Collections that this thread has made for the large object that it is about
 * to allocate, and how many are enough: the first ones may well free, and the
 * second ones bring free blocks together. */
static _Thread_local unsigned tries;
static _Thread_local bool large;
enum { ENOUGH_TRIES = 4 };
whippet_range whippet_nursery;
bool whippet_waiting;

/* Whippet's sources are compiled with this function in place of pthread_create:
 * its threads are helpers like those of other collectors. */
typedef struct helper {
  void *(*run)(void *);
  void *data;
} helper;

static void *run_helper(void *data) {
  helper h = *(helper *)data;
  free(data);
  gc_helper_thread();
  return h.run(h.data);
}

int whippet_thread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *data);
int whippet_thread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *data) {
  helper *h = malloc(sizeof *h);
  if (!h)
    return ENOMEM;
  *h = (helper){run, data};
  int error = pthread_create(thread, attributes, run_helper, h);
  if (error)
    free(h);
  return error;
}

/* ------------------------------------------------------------------------- *
 * Finalizers.  Whippet keeps a list of those that are due and hands them out
 * one by one.  When a weak reference has to know which objects were found dead,
 * all of them go to the queue of finalizers.h.
 * ------------------------------------------------------------------------- */

static void on_finalizers(struct whippet_heap *heap, size_t count) {
  (void)heap, (void)count;
  __atomic_store_n(&whippet_waiting, true, __ATOMIC_RELAXED);
}

/* Held while a finalizer is due neither in Whippet's list nor in the queue.  No
 * safepoint is in between. */
static pthread_mutex_t due_lock = PTHREAD_MUTEX_INITIALIZER;

/* The object of the next finalizer of Whippet's list, or NULL. */
static gc_object *next_due(gc_mutator *m) {
  struct gc_finalizer *f = gc_pop_finalizable(m->whippet);
  if (!f)
    return NULL;
  gc_object *o = gc_ref_heap_object(gc_finalizer_object(f));
  gc_object **token = whippet_token(o);
  if (*token)
    __atomic_fetch_or(&(*token)->meta, SPENT, __ATOMIC_RELAXED);
  *token = NULL;
  __atomic_fetch_and(&o->meta, ~(uint32_t)OBJECT_FINALIZABLE, __ATOMIC_RELAXED);
  return o;
}

static void queue_all_due(gc_mutator *m) {
  pthread_mutex_lock(&due_lock);
  for (gc_object *o; (o = next_due(m));)
    finalizers_push(o);
  pthread_mutex_unlock(&due_lock);
}

static size_t queue(void ***first) {
  *first = (void **)finalizers_first();
  return finalizers_count();
}

/* No collection, which could make finalizers due, runs before this mutator's
 * next safepoint. */
bool whippet_finalizer_next_waiting(gc_mutator *m, gc_reg dst) {
  pthread_mutex_lock(&due_lock);
  gc_object *o = finalizers_pop();
  if (!o)
    o = next_due(m);
  if (o)
    *object_owning(m, dst) = o;
  else
    __atomic_store_n(&whippet_waiting, false, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&due_lock);
  return o != NULL;
}

bool whippet_finalizable(gc_mutator *m, gc_reg dst, gc_object *o) {
  m->roots.held = o;
  struct gc_finalizer *f = gc_allocate_finalizer(m->whippet);
  if (!f)
    f = gc_allocate_finalizer(m->whippet);
  o = m->roots.held;
  m->roots.held = NULL;
  if (!f)
    return false;
  *(uint64_t *)f =
      whippet_header((gc_finalizer_size() + 7) & ~(size_t)7, WHIPPET_FINALIZER);
  gc_finalizer_attach(m->whippet, f, 0, gc_ref_from_heap_object(o),
                      gc_ref_null());
  *object_owning(m, dst) = o;
  return true;
}

/* ------------------------------------------------------------------------- *
 * Weak references and ephemerons: Whippet's ephemerons.
 *
 * Whippet takes what a finalizer will see for alive, the finalizable object
 * itself included; to gc.h that one is dead.  So the key is not the finalizable
 * object but its *token*, a small object that only the finalizable one refers
 * to, in a hidden slot.  When the object is found dead it loses the token, and
 * the next collection clears the ephemerons; until then the token says so.
 * ------------------------------------------------------------------------- */

static bool is_finalizable(gc_object *o) {
  return __atomic_load_n(&o->meta, __ATOMIC_RELAXED) & OBJECT_FINALIZABLE;
}

/* The objects that were found dead are no longer finalizable: the caller sees
 * their tokens spent, also if another mutator has spent the last one just now
 * and says by whippet_waiting that it was. */
static void see_deaths(gc_mutator *m) {
  if (__atomic_load_n(&whippet_waiting, __ATOMIC_ACQUIRE))
    queue_all_due(m);
}

/* Gives the finalizable object in a register a token if it has none; false if
 * memory runs out. */
static bool make_token(gc_mutator *m, gc_reg object) {
  if (*whippet_token(object_read(m, object)))
    return true;
  gc_object *token =
      whippet_allocate(m, sizeof *token, GC_ALLOCATION_TAGGED_POINTERLESS);
  if (!token)
    return false;
  token->header = whippet_header(sizeof *token, WHIPPET_TOKEN);
  gc_object *o = object_read(m, object), **place = whippet_token(o);
  whippet_barrier(m, o, place, token);
  *place = token;
  return true;
}

/* The value of an ephemeron whose value is null. */
#define NO_VALUE gc_ref_immediate(1)

bool whippet_pair_new(gc_mutator *m, gc_reg dst, gc_reg key, gc_reg value) {
  OBJECT_CHECK(object_read(m, key), "null key or target in register", key);
  see_deaths(m);
  if (is_finalizable(object_read(m, key)) && !make_token(m, key))
    return false;
  struct gc_ephemeron *e = gc_allocate_ephemeron(m->whippet);
  if (!e)
    e = gc_allocate_ephemeron(m->whippet);
  if (!e)
    return false;
  see_deaths(m);
  gc_object *k = object_read(m, key), *v = object_read(m, value);
  bool watches = is_finalizable(k);
  if (watches)
    k = *whippet_token(k);
  *(uint64_t *)e = whippet_header((gc_ephemeron_size() + 7) & ~(size_t)7,
                                  WHIPPET_EPHEMERON | (watches ? WATCHES : 0));
  gc_ephemeron_init(m->whippet, e, gc_ref_from_heap_object(k),
                    v ? gc_ref_from_heap_object(v) : NO_VALUE);
  *object_owning(m, dst) = (gc_object *)e;
  return true;
}

bool whippet_pair_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  gc_object *p = object_read(m, pair);
  struct gc_ephemeron *e = (struct gc_ephemeron *)p;
  if (p->meta & WATCHES)
    see_deaths(m);
  struct gc_ref key = gc_ephemeron_key(e), value = gc_ref_null();
  bool alive = !gc_ref_is_null(key);
  if (alive && p->meta & WATCHES) {
    gc_object *token = gc_ref_heap_object(key);
    alive = !(__atomic_load_n(&token->meta, __ATOMIC_RELAXED) & SPENT);
  }
  if (alive)
    value = gc_ephemeron_value(e);
  *object_owning(m, dst) = gc_ref_is_null(value) || gc_ref_is_immediate(value)
                               ? NULL
                               : gc_ref_heap_object(value);
  return alive;
}

/* ------------------------------------------------------------------------- *
 * Events.  A pause lasts from the request to stop until mutators may go on.
 * ------------------------------------------------------------------------- */

static void on_stop(void *data) {
  ((gc_heap *)data)->began = listener_begins();
  listener_asks();
}

static void on_stopped(void *data) {
  gc_heap *h = data;
  listener_stopped(h->began);
  h->stalled = !whippet_heap_progress(h->whippet);
  if (large && ++tries >= ENOUGH_TRIES)
    whippet_heap_last_try(h->whippet);
}

static void on_kind(void *data, enum gc_collection_kind kind,
                    uint64_t allocated) {
  gc_heap *h = data;
  (void)allocated;
  bool minor = kind == GC_COLLECTION_MINOR;
  h->stalled &= minor;
  h->minor += minor;
  h->full += !minor;
  h->compacting += kind == GC_COLLECTION_COMPACTING;
  listener_phase("roots");
}

/* Each of these events is the end of what it names. */
static void on_roots_traced(void *data) {
  (void)data;
  listener_phase("trace");
}

static void on_heap_traced(void *data) {
  (void)data;
  listener_phase("ephemerons");
}

static void on_ephemerons_traced(void *data) {
  (void)data;
  listener_phase("finalizers");
}

static void on_finalizers_traced(void *data) {
  (void)data;
  listener_phase("finish");
}

static void on_restart(void *data) {
  gc_heap *h = data;
  if (h->stalled)
    whippet_heap_stalled(h->whippet);
  h->stalls += h->stalled;
  listener_pause(GC_PAUSE_STOP, h->began);
}

static void on_size(void *data, size_t size) {
  (void)data, (void)size;
}

static void on_nothing(void *data) {
  (void)data;
}

static void *on_mutator(void *data) {
  return data;
}

static const struct gc_event_listener events = {
    .init = on_size,
    .requesting_stop = on_stop,
    .waiting_for_stop = on_nothing,
    .mutators_stopped = on_stopped,
    .prepare_gc = on_kind,
    .roots_traced = on_roots_traced,
    .heap_traced = on_heap_traced,
    .ephemerons_traced = on_ephemerons_traced,
    .finalizers_traced = on_finalizers_traced,
    .restarting_mutators = on_restart,
    .mutator_added = on_mutator,
    .mutator_cause_gc = on_nothing,
    .mutator_stopping = on_nothing,
    .mutator_stopped = on_nothing,
    .mutator_restarted = on_nothing,
    .mutator_removed = on_nothing,
    .heap_resized = on_size,
    .live_data_size = on_size,
};

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

/* The footprint grows with each block that is used for the first time, and
 * falls only in the tasks of Whippet's background thread.  So the peak is exact
 * if the footprint is noted before those tasks, and whenever it is asked for.
 */
static void note_footprint(void *data) {
  gc_heap *h = data;
  uint64_t now = whippet_heap_footprint(h->whippet);
  uint64_t most = __atomic_load_n(&h->most, __ATOMIC_RELAXED);
  while (most < now &&
         !__atomic_compare_exchange_n(&h->most, &most, now, true,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
}

void *whippet_allocate_large(gc_mutator *m, size_t bytes,
                             enum gc_allocation_kind kind) {
  large = true;
  tries = 0;
  void *p = gc_allocate_slow(m->whippet, bytes, kind);
  if (!p)
    p = gc_allocate_slow(m->whippet, bytes, kind);
  large = false;
  return p;
}

/* Whippet asks when a collection has not found enough room. */
static void *no_room(struct whippet_heap *heap, size_t bytes) {
  whippet_heap_refused(heap, bytes);
  return NULL;
}

void whippet_out_of_memory(void) {
  gc_out_of_memory(NULL, (gc_shape){0, 0});
}

gc_heap *gc_heap_create(const gc_config *config) {
  struct gc_options *o = gc_allocate_options();
  if (!o)
    return NULL;
  gc_options_set_int(o, GC_OPTION_HEAP_SIZE_POLICY,
                     config->heap_limit ? GC_HEAP_SIZE_FIXED
                                        : GC_HEAP_SIZE_GROWABLE);
  if (config->heap_limit)
    gc_options_set_size(o, GC_OPTION_HEAP_SIZE,
                        whippet_heap_size(config->heap_limit));
#if GC_PARALLEL && !BROKEN
  gc_options_set_int(o, GC_OPTION_PARALLELISM, (int)markers);
#else
  gc_options_set_int(o, GC_OPTION_PARALLELISM, 1);
#endif
  gc_heap *h = &the_heap;
  listener_set(config->listener);
  *h = (gc_heap){.roots = {(void **)object_globals, GC_GLOBALS, queue}};
  struct whippet_mutator *first;
  bool made = gc_init(o, gc_empty_stack_addr(), &h->whippet, &first, events, h);
  free(o);
  if (!made)
    return NULL;
  gc_heap_set_roots(h->whippet, &h->roots);
  gc_heap_set_allocation_failure_handler(h->whippet, no_room);
  gc_set_finalizer_callback(h->whippet, on_finalizers);
  if (WHIPPET_COPIES && GC_GENERATIONAL)
    whippet_nursery =
        (whippet_range){gc_small_object_nursery_low_address(h->whippet),
                        gc_small_object_nursery_high_address(h->whippet)};
  whippet_heap_begin(h->whippet, note_footprint, h);
  gc_finish_for_thread(first); /* mutators attach when they come */
  return h;
}

void gc_heap_destroy(gc_heap *heap) {
  whippet_heap_end(heap->whippet);
  memset(object_globals, 0, sizeof object_globals);
  finalizers_destroy();
  whippet_waiting = false;
  listener_set(GC_NULL_LISTENER);
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = world_mutator_create(heap, sizeof *m);
  if (!m)
    return NULL;
  m->roots = (struct gc_mutator_roots){.top = &m->base.top,
                                       .reg = (void **)m->reg,
                                       .tls = (void **)m->base.tls,
                                       .tls_count = GC_TLS};
  m->whippet = gc_init_for_thread(gc_empty_stack_addr(), heap->whippet);
  gc_mutator_set_roots(m->whippet, &m->roots);
  m->stop = gc_safepoint_flag_loc(m->whippet);
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  gc_finish_for_thread(m->whippet);
  world_mutator_destroy(m);
}

void gc_blocking_enter(gc_mutator *m) {
  gc_deactivate(m->whippet);
}

void gc_blocking_leave(gc_mutator *m) {
  gc_reactivate(m->whippet);
}

void gc_collect(gc_mutator *m) {
  gc_heap *h = m->base.heap;
  whippet_collect(m->whippet, GC_COLLECTION_MAJOR);
  h->asked = h->minor + h->full;
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  note_footprint(heap);
  return (gc_footprint){whippet_heap_footprint(heap->whippet),
                        __atomic_load_n(&heap->most, __ATOMIC_RELAXED)};
}

uint64_t gc_heap_objects(gc_heap *heap) {
  const char *wrong;
  return whippet_heap_objects(heap->whippet, &wrong);
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  const gc_counter all[] = {
    {"collections", heap->minor + heap->full},
    {"minor-collections", heap->minor},
    {"full-collections", heap->full},
    {"compactions", heap->compacting},
    {"stalls", heap->stalls},
#if GC_PARALLEL && !BROKEN
    {"markers", markers},
#endif
  };
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* What a whole collection left can be looked at until the next collection. */
const char *gc_heap_check(gc_heap *heap) {
  const char *wrong = NULL;
  if (heap->asked == heap->minor + heap->full && heap->asked > 0)
    whippet_heap_objects(heap->whippet, &wrong);
  return wrong;
}
