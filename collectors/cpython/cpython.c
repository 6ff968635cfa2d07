/* cpython.c: CPython, the out-of-line half.
 *
 * A process has one interpreter, which is started once.  A second heap in the
 * same process (tests make several) is the same interpreter, emptied. */
#include "cpython/cpython.h"
#include "common/cascade.h"
#include "common/external.h"
#include "common/finalizers.h"
#include "common/listener.h"
#include <malloc.h>
#include <structmember.h>
#include <sys/mman.h>

#ifndef CPYTHON_PLAIN
#define CPYTHON_PLAIN 0
#endif
#ifndef CPYTHON_NAME
#define CPYTHON_NAME "cpython"
#endif

struct gc_heap {
  bool listens;
  uint64_t collections, cascades;
};

/* The runtime's own defaults.  What the figures mean changed with the detector:
 * from 3.14.0 to 3.14.4 it was incremental, threshold1 set how much an
 * increment examines, and threshold2 had no meaning. */
enum {
  INCREMENTAL = PY_VERSION_HEX >= 0x030e0000 && PY_VERSION_HEX < 0x030e0500
};
static uint64_t threshold0 = PY_VERSION_HEX >= 0x030d0000 ? 2000 : 700;
static uint64_t threshold1 = 10, threshold2 = INCREMENTAL ? 0 : 10;

const gc_collector gc_this_collector = {
#if defined CPYTHON_BY_HAND
    .name = "by-hand-cpython",
    .summary = "diagnostic: an extension module for CPython " PY_VERSION
               ", without the interface",
#elif CPYTHON_PLAIN
    .name = "cpython-refcount",
    .summary = "CPython " PY_VERSION ", types that its cycle detector does "
               "not track; threads take turns",
#else
    .name = CPYTHON_NAME,
    .summary = "CPython " PY_VERSION ", counting and a detector of dead "
               "cycles; threads take turns",
#endif
    .runtime = "CPython " PY_VERSION,
    .source = "Python/C API; Schemenauer's cycle detector, Python 2.0",
#ifdef CPYTHON_BY_HAND
    .kind = GC_KIND_DIAGNOSTIC,
    .can = {.reclaims = GC_RECLAIMS_ALL, .prompt = GC_PROMPT_ALL},
#else
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = CPYTHON_PLAIN ? GC_RECLAIMS_ACYCLIC : GC_RECLAIMS_ALL,
            .prompt = GC_PROMPT_ALL,
            .external =
                CPYTHON_PLAIN ? GC_EXTERNALS_COUNTED : GC_EXTERNALS_UNSEEN,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .weak_keys = true,
            .finalizers = true,
            .turns = true},
#endif
    .options =
        (const gc_option[]){
#if !CPYTHON_PLAIN
            {"threshold0",
             "tracked objects, made less freed, that start the detector; 0: "
             "never",
             &threshold0, 0, INT32_MAX},
            {"threshold1",
             "young collections before a middle one; 3.14.0 to 3.14.4: divides "
             "what an increment examines",
             &threshold1, 1, INT32_MAX},
            {"threshold2", "middle collections before an old one", &threshold2,
             INCREMENTAL ? 0 : 1, INT32_MAX},
#endif
            {0}},
};

static gc_heap the_heap;
static uint64_t made, freed; /* objects, guarded by the interpreter's lock */
PyObject *cpy_globals[GC_GLOBALS];

/* ------------------------------------------------------------------------- *
 * Memory.  CPython takes small objects from arenas, and large objects and its
 * own raw memory from malloc.  Both are counted where they are taken.
 * ------------------------------------------------------------------------- */

static struct { _Atomic uint64_t now, peak; } held;

static void hold(size_t bytes) {
  uint64_t now = atomic_fetch_add(&held.now, bytes) + bytes;
  uint64_t peak = held.peak;
  while (now > peak && !atomic_compare_exchange_weak(&held.peak, &peak, now)) {
  }
}

static void *arena_take(void *data, size_t bytes) {
  (void)data;
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return NULL;
  hold(bytes);
  return p;
}

static void arena_give(void *data, void *p, size_t bytes) {
  (void)data;
  held.now -= bytes;
  munmap(p, bytes);
}

static void *raw_held(void *p) {
  if (p)
    hold(malloc_usable_size(p));
  return p;
}

static void *raw_malloc(void *data, size_t bytes) {
  (void)data;
  return raw_held(malloc(bytes ? bytes : 1));
}

static void *raw_calloc(void *data, size_t n, size_t bytes) {
  (void)data;
  return raw_held(n && bytes ? calloc(n, bytes) : calloc(1, 1));
}

static void *raw_realloc(void *data, void *p, size_t bytes) {
  (void)data;
  size_t before = malloc_usable_size(p);
  void *q = realloc(p, bytes ? bytes : 1);
  if (q)
    held.now -= before;
  return raw_held(q);
}

static void raw_free(void *data, void *p) {
  (void)data;
  held.now -= malloc_usable_size(p);
  free(p);
}

static void count_memory(void) {
  PyMemAllocatorEx raw = {NULL, raw_malloc, raw_calloc, raw_realloc, raw_free};
  PyObjectArenaAllocator arenas = {NULL, arena_take, arena_give};
  PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &raw);
  PyObject_SetArenaAllocator(&arenas);
}

/* ------------------------------------------------------------------------- *
 * Pauses: collections of the cycle detector, by gc.callbacks, and cascades of
 * deaths outside of them that are long enough to justify two clock reads.
 *
 * The callbacks tell the generation.  That the detector has found the dead is
 * seen when it calls the first finalizer; that it lets go of them, when it
 * calls the first tp_clear.
 * ------------------------------------------------------------------------- */

static struct {
  bool collecting, finalizing, clearing;
  uint64_t began;
  cascade dying;
} stop;

/* The name of the search: a generation's. */
static const char *search_of(PyObject *information) {
  static const char *const names[] = {"generation 0", "generation 1",
                                      "generation 2"};
  enum { NAMES = sizeof names / sizeof *names };
  PyObject *number = PyDict_GetItemString(information, "generation");
  const long n = number ? PyLong_AsLong(number) : -1;
  return n >= 0 && n < NAMES ? names[n] : "search";
}

static PyObject *on_collection(PyObject *self, PyObject *args) {
  (void)self;
  PyObject *phase = PyTuple_GetItem(args, 0); /* "start" or "stop" */
  stop.collecting = !PyUnicode_CompareWithASCIIString(phase, "start");
  stop.finalizing = stop.clearing = false;
  if (stop.collecting) {
    stop.began = listener_begins();
    listener_reclaims();
    listener_phase(search_of(PyTuple_GetItem(args, 1)));
  } else {
    the_heap.collections++;
    listener_pause(GC_PAUSE_STOP, stop.began);
  }
  Py_RETURN_NONE;
}

/* The detector calls a finalizer. */
static void finalizing(void) {
  if (stop.collecting && !stop.finalizing)
    listener_phase("finalizers");
  stop.finalizing = true;
}

/* The detector calls tp_clear. */
static void clearing(void) {
  if (stop.collecting && !stop.clearing)
    listener_phase("clear");
  stop.clearing = true;
}

static void death_begins(void) {
  cascade_death_begins(&stop.dying);
}

static void death_ends(void) {
  if (cascade_death_ends(&stop.dying) && !stop.collecting) {
    the_heap.cascades++;
    listener_pause_of(GC_PAUSE_CASCADE, "free", stop.dying.began);
  }
}

/* ------------------------------------------------------------------------- *
 * The types.
 * ------------------------------------------------------------------------- */

static int node_traverse(PyObject *self, visitproc visit, void *arg) {
  cpy_node *n = (cpy_node *)self;
  Py_VISIT(Py_TYPE(self));
  for (uint32_t i = 0; i < n->slots; i++)
    Py_VISIT(n->slot[i]);
  return 0;
}

static int node_clear(PyObject *self) {
  cpy_node *n = (cpy_node *)self;
  for (uint32_t i = 0; i < n->slots; i++)
    Py_CLEAR(n->slot[i]);
  return 0;
}

static int node_clear_dead(PyObject *self) {
  clearing();
  return node_clear(self);
}

/* External memory comes from the allocator that CPython has for buffers outside
 * its heap, and the detector's thresholds count objects only. */
static const external_source raw_memory = {PyMem_RawMalloc, PyMem_RawFree};

bool cpy_external(PyObject *o, uint32_t bytes) {
  bool added = external_own(o, bytes, &raw_memory);
  ((cpy_node *)o)->external |= added;
  return added;
}

/* The object is dead for good. */
static void node_disown(cpy_node *n) {
  if (n->external)
    external_disown(n, &raw_memory);
}

static bool dies_by_count; /* the finalizer is not called by the detector */
static bool resurrected;   /* dead cycles, since pairs were last looked at */

/* The queue's count resurrects the object. */
static void node_finalize(PyObject *self) {
  cpy_node *n = (cpy_node *)self;
  if (!n->finalizable)
    return;
  if (!dies_by_count) {
    finalizing();
    resurrected = true;
  }
  n->finalizable = false;
  Py_INCREF(self);
  finalizers_push((gc_object *)self);
}

/* Clears weak references and calls the finalizer, in this order.  Returns false
 * if the finalizer resurrected the object. */
static bool node_dies(PyObject *self) {
  cpy_node *n = (cpy_node *)self;
  if (n->weak_list)
    PyObject_ClearWeakRefs(self);
  if (!n->finalizable)
    return true;
  dies_by_count = true;
  bool dies = PyObject_CallFinalizerFromDealloc(self) == 0;
  dies_by_count = false;
  return dies;
}

static void tracked_dealloc(PyObject *self) {
  if (!node_dies(self))
    return;
  PyTypeObject *type = Py_TYPE(self);
  death_begins();
  PyObject_GC_UnTrack(self);
  Py_TRASHCAN_BEGIN(self, tracked_dealloc) node_clear(self);
  node_disown((cpy_node *)self);
  PyObject_GC_Del(self);
  Py_DECREF(type);
  freed++;
  Py_TRASHCAN_END death_ends();
}

/* CPython's trashcan serves tracked types only.  Here the dead wait in a list,
 * linked through the field of their weak references, and the outermost call
 * frees them all, so that a long chain takes no stack. */
static void plain_dealloc(PyObject *self) {
  static cpy_node *dead;
  static bool freeing;
  if (!node_dies(self))
    return;
  death_begins();
  ((cpy_node *)self)->weak_list = (PyObject *)dead;
  dead = (cpy_node *)self;
  bool first = !freeing;
  freeing = true;
  while (first && dead) {
    cpy_node *n = dead;
    dead = (cpy_node *)n->weak_list;
    PyTypeObject *type = Py_TYPE(n);
    node_clear((PyObject *)n);
    node_disown(n);
    PyObject_Free(n);
    Py_DECREF(type);
    freed++;
  }
  if (first)
    freeing = false;
  death_ends();
}

static PyMemberDef node_members[] = {{"__weaklistoffset__", T_PYSSIZET,
                                      offsetof(cpy_node, weak_list), READONLY,
                                      NULL},
                                     {NULL, 0, 0, 0, NULL}};

/* A weak reference is an object of its own that refers to the interpreter's
 * weak reference, which all weak references to one target share. */
typedef struct cpy_weak {
  PyObject_HEAD PyObject *reference;
} cpy_weak;

static void weak_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(((cpy_weak *)self)->reference);
  PyObject_Free(self);
  Py_DECREF(type);
  freed++;
}

/* An ephemeron is what WeakKeyDictionary has for an entry: a weak reference to
 * the key, of a type of its own (compare weakref.KeyedRef), a strong reference
 * to the value, and a callback that drops the value when the key dies.  So the
 * value keeps a key that it refers to (gc_capabilities.weak_keys).  All pairs
 * are in a list. */
typedef struct cpy_pair {
  PyWeakReference reference;
  PyObject *value;
  struct cpy_pair *next, *previous;
  struct cpy_pair *next_released;
} cpy_pair;

static cpy_pair pairs = {.next = &pairs, .previous = &pairs};
static uint64_t released;  /* pairs whose key died */
static PyObject *key_died; /* the callback of all pairs */

/* Drops the values of pairs whose keys died.  A value that dies may be the key
 * of the next pair: such pairs wait in a list, so that a long chain takes no
 * stack. */
static void pair_release(cpy_pair *p) {
  static cpy_pair *waiting;
  static bool releasing;
  Py_INCREF(p);
  p->next_released = waiting;
  waiting = p;
  if (releasing)
    return;
  releasing = true;
  while (waiting) {
    cpy_pair *q = waiting;
    waiting = q->next_released;
    released++;
    Py_CLEAR(q->value);
    Py_DECREF(q);
  }
  releasing = false;
}

static PyObject *on_key_died(PyObject *self, PyObject *pair) {
  (void)self;
  pair_release((cpy_pair *)pair);
  Py_RETURN_NONE;
}

/* What an interpreter's weak reference refers to, a new reference, or NULL. */
static PyObject *target_of(PyObject *reference) {
  PyObject *o;
#if PY_VERSION_HEX >= 0x030d0000
  PyWeakref_GetRef(reference, &o);
#else
  o = PyWeakref_GET_OBJECT(reference);
  if (o == Py_None)
    return NULL;
  Py_INCREF(o);
#endif
  return o;
}

static bool pair_is_cleared(cpy_pair *p) {
  PyObject *key = target_of((PyObject *)p);
  bool cleared = !key;
  Py_XDECREF(key);
  return cleared;
}

/* The detector calls no callback of a pair that it found dead together with the
 * key.  If a finalizer brought the pair back, its value is dropped here. */
static void release_resurrected(void) {
  if (!resurrected)
    return;
  resurrected = false;
  for (cpy_pair *p = pairs.next, *next; p != &pairs; p = next) {
    if (!p->value || !pair_is_cleared(p)) {
      next = p->next;
      continue;
    }
    Py_INCREF(p);
    pair_release(p);
    next = p->next; /* what follows may have died with the value */
    Py_DECREF(p);
  }
}

static int pair_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(((cpy_pair *)self)->value);
  return _PyWeakref_RefType.tp_traverse(self, visit, arg);
}

static int pair_clear(PyObject *self) {
  clearing();
  Py_CLEAR(((cpy_pair *)self)->value);
  return _PyWeakref_RefType.tp_clear(self);
}

static void pair_dealloc(PyObject *self) {
  cpy_pair *p = (cpy_pair *)self;
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  p->next->previous = p->previous;
  p->previous->next = p->next;
  Py_CLEAR(p->value);
  _PyWeakref_RefType.tp_dealloc(self);
  Py_DECREF(type);
  freed++;
}

/* Index: tracked, finalizable. */
static PyTypeObject *node_types[2][2], *weak_type, *pair_type;

static PyTypeObject *make_type(bool tracked, bool finalizable) {
  PyType_Slot slots[8];
  unsigned n = 0;
  slots[n++] = (PyType_Slot){Py_tp_members, node_members};
  if (tracked) {
    slots[n++] = (PyType_Slot){Py_tp_traverse, (void *)node_traverse};
    slots[n++] = (PyType_Slot){Py_tp_clear, (void *)node_clear_dead};
    slots[n++] = (PyType_Slot){Py_tp_dealloc, (void *)tracked_dealloc};
  } else {
    slots[n++] = (PyType_Slot){Py_tp_dealloc, (void *)plain_dealloc};
  }
  if (finalizable)
    slots[n++] = (PyType_Slot){Py_tp_finalize, (void *)node_finalize};
  slots[n] = (PyType_Slot){0, NULL};
  PyType_Spec spec = {.name = "reapmark.node",
                      .basicsize = offsetof(cpy_node, slot),
                      .itemsize = sizeof(PyObject *),
                      .flags = Py_TPFLAGS_DEFAULT |
                               (tracked ? Py_TPFLAGS_HAVE_GC : 0),
                      .slots = slots};
  return (PyTypeObject *)PyType_FromSpec(&spec);
}

static bool make_pair_type(void) {
  static PyMethodDef method = {"key_died", on_key_died, METH_O, NULL};
  PyType_Slot slots[] = {{Py_tp_traverse, (void *)pair_traverse},
                         {Py_tp_clear, (void *)pair_clear},
                         {Py_tp_dealloc, (void *)pair_dealloc},
                         {0, NULL}};
  PyType_Spec pair = {.name = "reapmark.pair",
                      .basicsize = sizeof(cpy_pair),
                      .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                      .slots = slots};
  pair_type = (PyTypeObject *)PyType_FromSpecWithBases(
      &pair, (PyObject *)&_PyWeakref_RefType);
  key_died = PyCFunction_New(&method, NULL);
  return pair_type && key_died;
}

static bool make_types(void) {
  PyType_Slot slots[] = {{Py_tp_dealloc, (void *)weak_dealloc}, {0, NULL}};
  PyType_Spec weak = {.name = "reapmark.weak",
                      .basicsize = sizeof(cpy_weak),
                      .flags = Py_TPFLAGS_DEFAULT,
                      .slots = slots};
  weak_type = (PyTypeObject *)PyType_FromSpec(&weak);
  bool good = weak_type && make_pair_type();
  for (int tracked = 0; tracked < 2; tracked++)
    for (int finalizable = 0; finalizable < 2; finalizable++) {
      node_types[tracked][finalizable] = make_type(tracked, finalizable);
      good = good && node_types[tracked][finalizable];
    }
  return good;
}

/* ------------------------------------------------------------------------- *
 * Objects.
 * ------------------------------------------------------------------------- */

PyObject *cpy_new(gc_mutator *m, gc_shape shape, unsigned flags) {
  gc_safepoint(m);
  bool tracked = !CPYTHON_PLAIN && shape.slots > 0;
  if (tracked)
    cpy_collect_due();
  PyTypeObject *type = node_types[tracked][flags & GC_FINALIZABLE];
  Py_ssize_t words = (Py_ssize_t)shape.slots + (shape.bytes + 7) / 8;
  cpy_node *n = tracked ? PyObject_GC_NewVar(cpy_node, type, words)
                        : PyObject_NewVar(cpy_node, type, words);
  if (gc_unlikely(!n)) {
    PyErr_Clear();
    return NULL;
  }
  n->weak_list = NULL;
  n->slots = shape.slots;
  n->finalizable = flags & GC_FINALIZABLE;
  n->external = false;
  for (uint32_t i = 0; i < shape.slots; i++)
    n->slot[i] = NULL;
  if (tracked)
    PyObject_GC_Track(n);
  made++;
  return (PyObject *)n;
}

PyObject *cpy_weak_new(gc_mutator *m, PyObject *target) {
  gc_safepoint(m);
  PyObject *reference = PyWeakref_NewRef(target, NULL);
  cpy_weak *w = reference ? PyObject_New(cpy_weak, weak_type) : NULL;
  if (!w) {
    Py_XDECREF(reference);
    PyErr_Clear();
    return NULL;
  }
  w->reference = reference;
  made++;
  return (PyObject *)w;
}

PyObject *cpy_weak_get(PyObject *weak) {
  return target_of(((cpy_weak *)weak)->reference);
}

PyObject *cpy_pair_new(gc_mutator *m, PyObject *key, PyObject *value) {
  gc_safepoint(m);
  cpy_collect_due();
  cpy_pair *p = (cpy_pair *)PyObject_CallFunctionObjArgs((PyObject *)pair_type,
                                                         key, key_died, NULL);
  if (!p) {
    PyErr_Clear();
    return NULL;
  }
  if (CPYTHON_PLAIN)
    PyObject_GC_UnTrack(p);
  Py_XINCREF(value);
  p->value = value;
  p->next = pairs.next;
  p->previous = &pairs;
  p->next->previous = p->previous->next = p;
  made++;
  return (PyObject *)p;
}

bool cpy_pair_get(PyObject *pair, PyObject **value) {
  cpy_pair *p = (cpy_pair *)pair;
  bool alive = !pair_is_cleared(p);
  *value = alive ? p->value : NULL;
  Py_XINCREF(*value);
  return alive;
}

PyObject *cpy_finalizer_next(void) {
  release_resurrected();
  return (PyObject *)finalizers_pop();
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

_Atomic unsigned cpy_wanted;

static void get_lock(gc_mutator *m) {
  cpy_wanted++;
  PyEval_RestoreThread(m->parked);
  cpy_wanted--;
  m->since = gc_now_ns();
}

enum {
  SWITCH_NS = 5000000, /* the interpreter's switch interval */
  POLLS = 64           /* safepoints between clock reads */
};

/* A Python program gives the lock up in the interpreter's loop when another
 * thread asks for it; C code must check for itself. */
void cpy_turn(gc_mutator *m) {
  if (++m->polls % POLLS || gc_now_ns() - m->since < SWITCH_NS)
    return;
  m->parked = PyEval_SaveThread();
  get_lock(m);
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  size_t bytes = sizeof(gc_mutator) + GC_REGISTERS * sizeof(PyObject *);
  gc_mutator *m = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED)
    return NULL;
  m->heap = heap;
  cpy_wanted++;
  m->gil = PyGILState_Ensure(); /* its thread state lasts until detached */
  cpy_wanted--;
  m->since = gc_now_ns();
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  for (uint32_t t = 0; t < GC_TLS; t++)
    gc_tls_clear(m, t);
  PyGILState_Release(m->gil);
  munmap(m, sizeof(gc_mutator) + GC_REGISTERS * sizeof(PyObject *));
}

void gc_blocking_enter(gc_mutator *m) {
  m->parked = PyEval_SaveThread();
}

void gc_blocking_leave(gc_mutator *m) {
  get_lock(m);
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

static bool start(void) {
  count_memory();
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.site_import = 0;
  PyStatus status =
      PyConfig_SetBytesString(&config, &config.home, CPYTHON_HOME);
  if (!PyStatus_Exception(status))
    status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) {
    fprintf(stderr, "%s: the interpreter does not start: %s\n",
            gc_this_collector.name, status.err_msg);
    return false;
  }
  if (!make_types())
    return false;
  PyEval_SaveThread(); /* gc_thread_attach takes the lock, here as well */
  return true;
}

/* Sets the thresholds, and a callback if anyone listens. */
static bool set_up(void) {
  static PyMethodDef method = {"on_collection", on_collection, METH_VARARGS,
                               NULL};
  PyObject *gc = PyImport_ImportModule("gc");
  PyObject *callbacks = gc ? PyObject_GetAttrString(gc, "callbacks") : NULL;
  PyObject *listen = PyCFunction_New(&method, NULL);
  PyObject *done =
      callbacks
          ? PyObject_CallMethod(gc, "set_threshold", "iii", (int)threshold0,
                                (int)threshold1, (int)threshold2)
          : NULL;
  bool good = done && listen &&
              !PyList_SetSlice(callbacks, 0, PyList_Size(callbacks), NULL) &&
              (!the_heap.listens || !PyList_Append(callbacks, listen));
  Py_XDECREF(done);
  Py_XDECREF(listen);
  Py_XDECREF(callbacks);
  Py_XDECREF(gc);
  PyErr_Clear();
  return good;
}

gc_heap *gc_heap_create(const gc_config *config) {
  static bool started;
  if (!started && !start())
    return NULL;
  started = true;
  external_reset();
  listener_set(config->listener);
  the_heap = (gc_heap){.listens = config->listener.pause != gc_null_pause};
  PyGILState_STATE gil = PyGILState_Ensure();
  bool good = set_up();
  PyGILState_Release(gil);
  return good ? &the_heap : NULL;
}

void gc_heap_destroy(gc_heap *heap) {
  PyGILState_STATE gil = PyGILState_Ensure();
  (void)heap;
  listener_set(GC_NULL_LISTENER);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    Py_CLEAR(cpy_globals[g]);
  for (PyObject *o; (o = cpy_finalizer_next());)
    Py_DECREF(o);
  PyGC_Collect();
  finalizers_destroy();
  freed = made; /* cycles that no detector can find stay allocated */
  PyGILState_Release(gil);
}

/* Values that are let go may be in dead cycles, which are found next. */
void gc_collect(gc_mutator *m) {
  (void)m;
  for (uint64_t before = released + 1; !CPYTHON_PLAIN && before != released;) {
    before = released;
    PyGC_Collect();
  }
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  return (gc_footprint){held.now, held.peak};
}

uint64_t gc_heap_objects(gc_heap *heap) {
  (void)heap;
#ifdef CPYTHON_BY_HAND
  return hand_objects;
#else
  return made - freed;
#endif
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
  const gc_counter all[] = {{"collections", heap->collections},
                            {"cascades", heap->cascades},
                            EXTERNAL_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  return NULL; /* a debug build of the interpreter checks itself */
}
