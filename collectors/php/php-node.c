/* php-node.c: PHP, the out-of-line half.
 *
 * A process has one interpreter, which is started once.  A second heap in the
 * same process (tests make several) is the same interpreter, emptied. */
#define object_init php_object_init /* common/object.h has one, too */
#include <php.h>
#include <sapi/embed/php_embed.h>
#include <zend_weakrefs.h>
#undef object_init

#include "common/external.h"
#include "common/finalizers.h"
#include "common/listener.h"
#include "common/signals.h"
#include "php/php-node.h"
#include <sys/mman.h>

_Static_assert(sizeof(php_slot) == sizeof(zval) &&
                   offsetof(php_slot, type) == offsetof(zval, u1) &&
                   PHP_NULL == IS_NULL && PHP_OBJECT == IS_OBJECT_EX,
               "slots");
_Static_assert(offsetof(php_node, slots) == sizeof(zend_object) &&
                   offsetof(php_node, info) == offsetof(zend_object, gc.u) &&
                   (uint32_t)PHP_NO_CANDIDATE ==
                       (GC_INFO_MASK | GC_NOT_COLLECTABLE << GC_FLAGS_SHIFT),
               "objects");

struct gc_heap {
  uint64_t cascades;
};

static uint64_t threshold = 0;

const gc_collector gc_this_collector = {
    .name = "php",
    .runtime = "PHP " PHP_VERSION,
    .summary = "PHP " PHP_VERSION ", counting and a buffer of possible roots",
    .source = "Bacon & Rajan, ECOOP 2001, without concurrency",
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .prompt = GC_PROMPT_ALL,
            .external = GC_EXTERNALS_UNSEEN,
            .weak = true,
            .ephemerons = true,
            .weak_keys = PHP_VERSION_ID < 80300,
            .finalizers = true,
            .shallow = true,
            .long_weak = true},
    .options =
        (const gc_option[]){
            {"threshold",
             "possible roots in the buffer that start the search for dead "
             "cycles; 0: PHP's own number, which starts at 10000 and adapts",
             &threshold, 0, 1 << 30},
            {0}},
};

static gc_heap the_heap;
static uint64_t made, freed; /* objects */
php_node *php_globals[GC_GLOBALS];

static zend_class_entry *node_class;
static zend_object_handlers plain, finalizable;

/* ------------------------------------------------------------------------- *
 * Pauses: searches for dead cycles, and cascades of deaths outside of them that
 * are long enough to justify two clock reads.
 *
 * PHP 8.2 tells nothing of a search.  What it does is seen by the handlers that
 * it calls: of a dead object first the finalizer, if the object has one, and
 * then, when all finalizers have run, free_obj.
 * ------------------------------------------------------------------------- */

enum { CASCADE_TIMED = 128 };

static struct {
  bool searching, finalizing;
  unsigned depth; /* nesting of deaths that cause deaths */
  uint64_t freed, cascade_began;
} stop;

static void node_free(zend_object *self);

static void set_free(void (*free_obj)(zend_object *)) {
  plain.free_obj = finalizable.free_obj = free_obj;
}

/* The free_obj of the first object that a search frees. */
static void node_free_first(zend_object *self) {
  listener_phase("free");
  set_free(node_free);
  node_free(self);
}

/* Replaces PHP's function, wherever PHP calls it. */
static int search(void) {
  uint64_t began = listener_begins();
  listener_reclaims();
  stop.searching = true;
  set_free(node_free_first);
  listener_phase("search");
  int found = zend_gc_collect_cycles();
  set_free(node_free);
  stop.searching = stop.finalizing = false;
  listener_pause(GC_PAUSE_STOP, began);
  return found;
}

/* Objects that died meanwhile have left the buffer and do not count. */
static uint64_t buffered(void) {
  zend_gc_status status;
  zend_gc_get_status(&status);
  return status.num_roots;
}

void php_candidate(php_node *o) {
  gc_possible_root((zend_refcounted *)o);
  if (threshold && !stop.searching && buffered() >= threshold)
    gc_collect_cycles();
}

/* ------------------------------------------------------------------------- *
 * Classes.
 * ------------------------------------------------------------------------- */

enum { MAP, KEY }; /* slots of an ephemeron */
static zend_class_entry *weak_map;
static zend_function *weak_create, *weak_target;

static HashTable *node_get_gc(zend_object *self, zval **table, int *n) {
  php_node *o = (php_node *)self;
  *table = (zval *)o->slot;
  *n = (int)o->slots;
  return NULL;
}

/* The object is dead, but still complete.  The queue's count resurrects it.
 * PHP would clear weak references only when the object is freed, so they are
 * cleared here. */
static void node_destroy(zend_object *self) {
  if (stop.searching && !stop.finalizing) {
    stop.finalizing = true;
    listener_phase("finalizers");
  }
  if (GC_FLAGS(self) & IS_OBJ_WEAKLY_REFERENCED) {
    zend_weakrefs_notify(self);
    GC_TYPE_INFO(self) &= ~(uint32_t)IS_OBJ_WEAKLY_REFERENCED;
  }
  GC_ADDREF(self);
  finalizers_push((gc_object *)self);
}

/* External memory is that of PHP's own allocator: it counts as memory of the
 * script, but the search for dead cycles begins by a number of roots. */
static void *php_take(size_t bytes) {
  return emalloc(bytes);
}

static void php_give(void *p) {
  efree(p);
}

static const external_source php_memory = {php_take, php_give};

bool php_external(php_node *o, uint32_t bytes) {
  bool added = external_own(o, bytes, &php_memory);
  o->external |= added;
  return added;
}

/* Recursive, as PHP's own classes are: a long list overflows the stack. */
static void node_free(zend_object *self) {
  php_node *o = (php_node *)self;
  stop.depth++;
  for (uint32_t i = 0; i < o->slots; i++)
    zval_ptr_dtor((zval *)&o->slot[i]);
  zend_object_std_dtor(self);
  if (o->external)
    external_disown(o, &php_memory);
  freed++;
  if (++stop.freed == CASCADE_TIMED)
    stop.cascade_began = gc_now_ns();
  if (--stop.depth > 0)
    return;
  if (stop.freed >= CASCADE_TIMED && !stop.searching) {
    the_heap.cascades++;
    listener_pause_of(GC_PAUSE_CASCADE, "free", stop.cascade_began);
  }
  stop.freed = 0;
}

/* PHP lets modules register classes while modules start, not later. */
static int make_class(int type, int module) {
  (void)type, (void)module;
  zend_class_entry template;
  INIT_CLASS_ENTRY(template, "ReapmarkNode", NULL);
  node_class = zend_register_internal_class(&template);
  plain = std_object_handlers;
  plain.get_gc = node_get_gc;
  plain.free_obj = node_free;
  finalizable = plain;
  finalizable.dtor_obj = node_destroy;
  return SUCCESS;
}

static zend_module_entry module = {STANDARD_MODULE_HEADER, .name = "reapmark",
                                   .module_startup_func = make_class,
                                   STANDARD_MODULE_PROPERTIES_EX};

static int start_modules(sapi_module_struct *sapi) {
  return php_module_startup(sapi, &module);
}

/* ------------------------------------------------------------------------- *
 * Objects.
 * ------------------------------------------------------------------------- */

php_node *php_new(gc_shape shape, unsigned flags) {
  php_node *o =
      emalloc(sizeof *o + shape.slots * sizeof *o->slot + shape.bytes);
  zend_object *self = (zend_object *)o;
  zend_object_std_init(self, node_class);
  self->handlers = flags & GC_FINALIZABLE ? &finalizable : &plain;
  if (shape.slots == 0)
    GC_ADD_FLAGS(self, GC_NOT_COLLECTABLE); /* as PHP's strings have it */
  o->slots = shape.slots;
  o->external = false;
  for (uint32_t i = 0; i < shape.slots; i++)
    o->slot[i] = (php_slot){NULL, PHP_NULL, 0};
  made++;
  return o;
}

/* A weak reference is an object of its own that refers to PHP's weak reference,
 * which all weak references to one target share. */
php_node *php_weak_new(php_node *target) {
  zval argument, reference;
  ZVAL_OBJ(&argument, (zend_object *)target);
  zend_call_known_function(weak_create, NULL, zend_ce_weakref, &reference, 1,
                           &argument, NULL);
  php_node *weak = php_new((gc_shape){1, 0}, GC_PLAIN);
  GC_ADD_FLAGS((zend_object *)weak, GC_NOT_COLLECTABLE); /* in no cycle */
  ZVAL_COPY_VALUE((zval *)&weak->slot[0], &reference);
  return weak;
}

php_node *php_weak_get(php_node *weak) {
  zval target;
  zend_call_known_function(weak_target, (zend_object *)weak->slot[0].object,
                           zend_ce_weakref, &target, 0, NULL, NULL);
  return Z_TYPE(target) == IS_OBJECT ? (php_node *)Z_OBJ(target) : NULL;
}

/* An ephemeron is an object of its own that refers to a WeakMap with one entry
 * and to a weak reference to the key.  Until PHP 8.3 the search for dead cycles
 * took the map's values for references like others (weak_keys). */
php_node *php_pair_new(php_node *key, php_node *value) {
  php_node *pair = php_new((gc_shape){2, 0}, GC_PLAIN);
  zval map, k, v;
#if PHP_VERSION_ID >= 80300
  /* The key refers to the value as far as the search for dead cycles sees it,
   * so that a key without slots may be in one, too. */
  GC_TYPE_INFO((zend_object *)key) &=
      ~((uint32_t)GC_NOT_COLLECTABLE << GC_FLAGS_SHIFT);
#endif
  object_init_ex(&map, weak_map);
  ZVAL_OBJ(&k, (zend_object *)key);
  ZVAL_NULL(&v);
  if (value)
    ZVAL_OBJ(&v, (zend_object *)value);
  Z_OBJ_HANDLER(map, write_dimension)(Z_OBJ(map), &k, &v);
  ZVAL_COPY_VALUE((zval *)&pair->slot[MAP], &map);
  zend_call_known_function(weak_create, NULL, zend_ce_weakref,
                           (zval *)&pair->slot[KEY], 1, &k, NULL);
  return pair;
}

bool php_pair_get(php_node *pair, php_node **value) {
  zval key, room;
  *value = NULL;
  zend_call_known_function(weak_target, (zend_object *)pair->slot[KEY].object,
                           zend_ce_weakref, &key, 0, NULL, NULL);
  if (Z_TYPE(key) != IS_OBJECT)
    return false;
  zend_object *map = (zend_object *)pair->slot[MAP].object;
  zval *v = map->handlers->read_dimension(map, &key, BP_VAR_IS, &room);
  if (v && Z_TYPE_P(v) == IS_OBJECT) {
    *value = (php_node *)Z_OBJ_P(v);
    php_retain(*value);
  }
  php_release((php_node *)Z_OBJ(key));
  return true;
}

php_node *php_finalizer_next(void) {
  return (php_node *)finalizers_pop();
}

_Noreturn void php_stack_overflow(void) {
  fprintf(stderr, "shadow stack overflow: more than %d registers\n",
          GC_REGISTERS);
  abort();
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

static zend_function *method(const char *name) {
  return zend_hash_str_find_ptr(&zend_ce_weakref->function_table, name,
                                strlen(name));
}

/* Overrides settings that the user may have made for other programs. */
static bool start(void) {
  signals before;
  signals_save(&before);
  unsetenv("USE_ZEND_ALLOC");
  unsetenv("USE_ZEND_ALLOC_HUGE_PAGES");
  php_embed_module.startup = start_modules;
  php_embed_module.php_ini_ignore = 1;
  bool good = php_embed_init(0, NULL) == SUCCESS;
  signals_restore(&before);
  if (!good) {
    fprintf(stderr, "php: the interpreter does not start\n");
    return false;
  }
  zend_string *limit = zend_string_init("memory_limit", 12, 0);
  zend_alter_ini_entry_chars(limit, "-1", 2, PHP_INI_SYSTEM,
                             PHP_INI_STAGE_RUNTIME);
  zend_string_release(limit);
  weak_create = method("create");
  weak_target = method("get");
  gc_collect_cycles = search;
  weak_map = zend_hash_str_find_ptr(CG(class_table), "weakmap", 7);
  return weak_create && weak_target && weak_map;
}

gc_heap *gc_heap_create(const gc_config *config) {
  static bool started;
  listener_set(config->listener);
  the_heap = (gc_heap){0};
  external_reset();
  if (!started && !start())
    return NULL;
  started = true;
  /* PHP's own trigger, which adapts.  The buffer is filled either way. */
  gc_enable(threshold == 0);
  return &the_heap;
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED)
    return NULL;
  m->heap = heap;
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  for (uint32_t t = 0; t < GC_TLS; t++)
    gc_tls_clear(m, t);
  munmap(m, sizeof *m);
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

/* Destructors may change the graph, so a search that calls some leaves the
 * objects that they reach to the next search. */
void gc_collect(gc_mutator *m) {
  (void)m;
  while (gc_collect_cycles() > 0) {
  }
}

void gc_heap_destroy(gc_heap *heap) {
  (void)heap;
  listener_set(GC_NULL_LISTENER);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    php_replace(&php_globals[g], NULL);
  do { /* again if destructors resurrected objects */
    for (php_node *o; (o = php_finalizer_next());)
      php_release(o);
    gc_collect(NULL);
  } while (finalizers_count());
  finalizers_destroy();
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  return (gc_footprint){zend_memory_usage(true), zend_memory_peak_usage(true)};
}

uint64_t gc_heap_objects(gc_heap *heap) {
  (void)heap;
  return made - freed;
}

gc_tally gc_heap_tally(gc_heap *heap) {
  (void)heap;
  return (gc_tally){.freed = freed};
}

gc_usage gc_heap_usage(gc_heap *heap) {
  return (gc_usage){gc_heap_objects(heap), GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN,
                    GC_UNKNOWN};
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  zend_gc_status status;
  zend_gc_get_status(&status);
  const gc_counter all[] = {{"collections", status.runs},
                            {"collected", status.collected},
                            {"threshold", status.threshold},
                            {"cascades", heap->cascades},
                            EXTERNAL_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  return NULL; /* a debug build of the interpreter checks itself */
}
