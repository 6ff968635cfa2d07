/* node.c: GObject, the out-of-line half. */
#include "gobject/node.h"
#include "common/external.h"
#include "common/finalizers.h"
#include "common/listener.h"
#include "common/world.h"

#include <malloc.h>
#include <pthread.h>

struct gc_heap {
  uint64_t objects; /* made less freed, by mutators that have detached */
  uint64_t freed;   /* likewise */
  _Atomic uint64_t cascades;
  uint64_t at_start; /* bytes that malloc held before the heap was made */
  _Atomic uint64_t peak;
};

const gc_collector gc_this_collector = {
    .name = "gobject",
    .runtime = "GLib " GOBJECT_VERSION,
    .summary = "GObject of GLib " GOBJECT_VERSION
               ", counting by atomic operations alone",
    .source = "GLib; Collins, CACM 1960",
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = GC_RECLAIMS_ACYCLIC,
            .prompt = GC_PROMPT_ALL,
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .shallow = true},
    .options = (const gc_option[]){{0}},
};

static gc_heap the_heap;

/* The calling thread's mutator, if it has one.  g_object_unref does not pass a
 * mutator on. */
static _Thread_local gc_mutator *self;

/* ------------------------------------------------------------------------- *
 * The classes.
 * ------------------------------------------------------------------------- */

/* The most words of slots and payload inside an instance. */
enum { INSIDE = 64 };

static GType plain_types[INSIDE + 1], finalizable_types[INSIDE + 1], weak_type;
static GObjectClass *parent; /* the parent class of all of them */

static void count_death(void) {
  if (self)
    __atomic_store_n(&self->freed, self->freed + 1, __ATOMIC_RELAXED);
  else
    the_heap.objects--, the_heap.freed++;
}

/* Recursive, like every class that owns references: a long list overflows the
 * stack. */
static void node_finalize(GObject *object) {
  gob_node *n = (gob_node *)object;
  if (self)
    cascade_death_begins(&self->dying);
  for (uint32_t i = 0; i < n->slots; i++)
    if (n->slot[i])
      g_object_unref(n->slot[i]);
  if (n->slot != n->inside)
    g_free(n->slot);
  parent->finalize(object);
  count_death();
  if (self && cascade_death_ends(&self->dying)) {
    the_heap.cascades++;
    listener_pause_of(GC_PAUSE_CASCADE, "free", self->dying.began);
  }
}

/* Runs after weak references were cleared.  The queue's reference resurrects
 * the object. */
static void finalizable_dispose(GObject *object) {
  gob_node *n = (gob_node *)object;
  if (!n->finalizable) {
    parent->dispose(object);
    return;
  }
  n->finalizable = false;
  g_object_ref(object);
  finalizers_push((gc_object *)object);
}

static void plain_class(void *class, void *data) {
  (void)data;
  G_OBJECT_CLASS(class)->finalize = node_finalize;
}

static void finalizable_class(void *class, void *data) {
  plain_class(class, data);
  G_OBJECT_CLASS(class)->dispose = finalizable_dispose;
}

typedef struct gob_weak {
  GObject object;
  GWeakRef reference;
} gob_weak;

static void weak_finalize(GObject *object) {
  g_weak_ref_clear(&((gob_weak *)object)->reference);
  parent->finalize(object);
  count_death();
}

static void weak_class(void *class, void *data) {
  (void)data;
  G_OBJECT_CLASS(class)->finalize = weak_finalize;
}

static GType make_type(const char *name, size_t bytes, GClassInitFunc init) {
  return g_type_register_static_simple(G_TYPE_OBJECT, name,
                                       sizeof(GObjectClass), init, (guint)bytes,
                                       NULL, G_TYPE_FLAG_FINAL);
}

static void make_types(void) {
  for (size_t words = 0; words <= INSIDE; words++) {
    size_t bytes = sizeof(gob_node) + words * sizeof(gc_object *);
    char name[40];
    snprintf(name, sizeof name, "reapmark-plain-%zu", words);
    plain_types[words] = make_type(name, bytes, plain_class);
    snprintf(name, sizeof name, "reapmark-finalizable-%zu", words);
    finalizable_types[words] = make_type(name, bytes, finalizable_class);
  }
  weak_type = make_type("reapmark-weak", sizeof(gob_weak), weak_class);
  parent = g_type_class_ref(G_TYPE_OBJECT);
}

/* ------------------------------------------------------------------------- *
 * Objects.
 * ------------------------------------------------------------------------- */

gc_object *gob_new(gc_mutator *m, gc_shape shape, unsigned flags) {
  bool finalizable = flags & GC_FINALIZABLE;
  size_t words = shape.slots + ((size_t)shape.bytes + 7) / 8;
  gc_object **beside = NULL;
  if (words > INSIDE) {
    beside = g_try_malloc_n(words, sizeof *beside);
    if (!beside)
      return NULL;
    memset(beside, 0, shape.slots * sizeof *beside);
    words = 0;
  }
  gob_node *n = g_object_new(
      finalizable ? finalizable_types[words] : plain_types[words], NULL);
  n->slot = beside ? beside : n->inside; /* which GObject has zeroed */
  n->slots = shape.slots;
  n->finalizable = finalizable;
  m->made++;
  return (gc_object *)n;
}

gc_object *gob_weak_new(gc_mutator *m, gc_object *target) {
  gob_weak *w = g_object_new(weak_type, NULL);
  g_weak_ref_init(&w->reference, target);
  m->made++;
  return (gc_object *)w;
}

gc_object *gob_weak_get(gc_object *weak) {
  return g_weak_ref_get(&((gob_weak *)weak)->reference);
}

gc_object *gob_finalizer_next(void) {
  return finalizers_pop();
}

/* ------------------------------------------------------------------------- *
 * External memory: data that GObject keeps for an object by a key, and destroys
 * with the object.
 * ------------------------------------------------------------------------- */

static GQuark external_key;
static pthread_mutex_t external_lock = PTHREAD_MUTEX_INITIALIZER;

static void destroy_external(void *data) {
  external_block *blocks = data;
  external_give_all(&blocks, &external_malloc);
}

/* The key has the newest block.  It is taken off the object meanwhile, so that
 * GObject does not destroy it. */
bool gob_external(gc_object *o, uint32_t bytes) {
  GObject *object = (GObject *)o;
  pthread_mutex_lock(&external_lock);
  external_block *blocks = g_object_steal_qdata(object, external_key);
  bool added = external_add(&blocks, bytes, &external_malloc);
  g_object_set_qdata_full(object, external_key, blocks, destroy_external);
  pthread_mutex_unlock(&external_lock);
  return added;
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

static uint64_t malloc_held(void) {
  struct mallinfo2 info = mallinfo2();
  return info.arena + info.hblkhd;
}

gc_heap *gc_heap_create(const gc_config *config) {
  if (!weak_type)
    make_types();
  external_key = g_quark_from_static_string("reapmark-external");
  external_reset();
  the_heap = (gc_heap){.at_start = malloc_held()};
  listener_set(config->listener);
  return &the_heap;
}

/* Objects in cycles stay allocated until the process ends. */
void gc_heap_destroy(gc_heap *heap) {
  (void)heap;
  listener_set(GC_NULL_LISTENER);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    counted_replace(&object_globals[g], NULL);
  for (gc_object *o; (o = finalizers_pop());)
    g_object_unref(o);
  finalizers_destroy();
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = world_mutator_create(heap, sizeof *m);
  if (!m)
    return NULL;
  world_join(m);
  self = m;
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  for (uint32_t t = 0; t < GC_TLS; t++)
    gc_tls_clear(m, t);
  world_lock();
  m->base.heap->objects += m->made - m->freed;
  m->base.heap->freed += m->freed;
  world_unlock();
  world_leave(m);
  world_mutator_destroy(m);
  self = NULL;
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

void gc_collect(gc_mutator *m) {
  (void)m;
}

/* The C library keeps no peak.  The peak here is the largest size seen by a
 * call of this function. */
gc_footprint gc_heap_footprint(gc_heap *heap) {
  uint64_t bytes = malloc_held(), peak = heap->peak;
  bytes -= bytes < heap->at_start ? bytes : heap->at_start;
  while (bytes > peak &&
         !atomic_compare_exchange_weak(&heap->peak, &peak, bytes)) {
  }
  return (gc_footprint){bytes, bytes > peak ? bytes : peak};
}

uint64_t gc_heap_objects(gc_heap *heap) {
  uint64_t n = heap->objects;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    n += m->made - m->freed; /* may be below zero: a mutator also frees objects
                                that others made */
  return n;
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
  return (gc_usage){gc_heap_objects(heap), GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN,
                    GC_UNKNOWN};
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"cascades", heap->cascades}, EXTERNAL_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  return NULL; /* a debug build of GLib checks itself */
}
