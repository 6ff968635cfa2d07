/* recorder.c: records what a Python program does to its memory, an extension
 * module for CPython 3.13.3 and later, which tells of every birth and every
 * death (PyRefTracer_SetTracer).  scripts/record-python builds and uses it;
 * `reapmark trace infer` makes a trace of what it writes.
 *
 * A recording is a text with a line for each event.  Objects are numbered from
 * 1 in the order of the lines `b`.
 *
 *   b               an object was born
 *   d N SIZE K T... object N died: its bytes, buffers included, and the objects
 *                   that it referred to when its deallocation began
 *   e N K T...      at this snapshot, object N refers to these K objects; an
 *                   object without a line refers to the same ones as before
 *   x N F           at this snapshot, F is 1 if somebody else than known
 * objects has a count of object N, and 0 if not; without a line the same as
 * before, and at first 0 s               a snapshot is complete ( and ) the
 * cycle detector begins, and ends l N SIZE        at the end, object N is alive
 *   end LOST        the recording is whole; LOST deaths were noticed only when
 *                   the memory was freed
 *
 * No content of any object is written: numbers and sizes only.
 *
 * Snapshots call tp_traverse of all objects that are initialised: of tracked
 * ones, and of tuples and dictionaries, which the detector may have left out;
 * and code is asked as well, which has none. Immortal objects have no number,
 * since nobody counts references to them. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What is known of an address.  Entries of dead objects stay: the block may be
 * in a free list, and then the next object there has its size. */
typedef struct known {
  uintptr_t address; /* 0: the entry is free */
  uint64_t edges;    /* hash of the references that were last written */
  uint32_t number;   /* 0: no object is alive here */
  uint32_t block;    /* bytes of the block, 0: not known */
  uint32_t buffers;  /* bytes that the object has in other blocks, at most */
  uint32_t internal; /* during a snapshot: references from known objects */
  bool outside;      /* as last written by `x` */
} known;

static struct {
  FILE *out;
  known *table;
  size_t size, used; /* size: a power of two */
  uint32_t born;
  uint64_t every, until; /* births between snapshots, and to the next one */
  uint64_t lost;
  PyObject *fresh; /* the object that is being born: not initialised yet */
  PyObject *moved; /* the object that was resized last, and is born again */
  bool busy;       /* the recorder's own objects are not recorded */
  PyMemAllocatorEx below; /* the allocator of objects that was there */
  uintptr_t block;        /* the last block that it gave */
  size_t block_bytes;
  uint32_t *targets; /* of the object that is traversed */
  size_t targets_count, targets_room;
} recorder;

/* ------------------------------------------------------------------------- *
 * The table.
 * ------------------------------------------------------------------------- */

static size_t place_of(uintptr_t address) {
  size_t at = (size_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15)) >> 20;
  while (recorder.table[at & (recorder.size - 1)].address &&
         recorder.table[at & (recorder.size - 1)].address != address)
    at++;
  return at & (recorder.size - 1);
}

static void *more(void *old, size_t bytes) {
  void *p = realloc(old, bytes);
  if (!p)
    Py_FatalError("record-python: no memory for the recording");
  return p;
}

static void grow(void) {
  known *old = recorder.table;
  size_t size = recorder.size;
  recorder.size = size ? 2 * size : 1 << 16;
  recorder.table = more(NULL, recorder.size * sizeof *old);
  memset(recorder.table, 0, recorder.size * sizeof *old);
  for (size_t i = 0; i < size; i++)
    if (old[i].address)
      recorder.table[place_of(old[i].address)] = old[i];
  free(old);
}

/* The entry of an object that is alive, or NULL. */
static known *find(const void *object) {
  known *k = &recorder.table[place_of((uintptr_t)object)];
  return k->number ? k : NULL;
}

static known *enter(const void *object) {
  if (2 * (recorder.used + 1) > recorder.size)
    grow();
  known *k = &recorder.table[place_of((uintptr_t)object)];
  recorder.used += !k->address;
  k->address = (uintptr_t)object;
  return k;
}

/* ------------------------------------------------------------------------- *
 * Sizes.
 * ------------------------------------------------------------------------- */

static size_t block_of(PyObject *o, const known *k) {
  uintptr_t at = (uintptr_t)o;
  if (at >= recorder.block && at < recorder.block + recorder.block_bytes)
    return recorder.block_bytes;
  if (k->block)
    return k->block;
  PyTypeObject *t = Py_TYPE(o);
  return (size_t)t->tp_basicsize + (PyType_IS_GC(t) ? 2 * sizeof(void *) : 0);
}

/* Types whose objects have bytes in other blocks, and their __sizeof__, which
 * is C, only reads, and can be asked of an object that is about to die. */
static struct {
  PyTypeObject *type;
  PyCFunction size;
} buffered[] = {{&PyList_Type, NULL},
                {&PyDict_Type, NULL},
                {&PySet_Type, NULL},
                {&PyFrozenSet_Type, NULL},
                {&PyByteArray_Type, NULL}};
enum { BUFFERED = sizeof buffered / sizeof *buffered };

static bool find_buffered(void) {
  for (int i = 0; i < BUFFERED; i++) {
    PyObject *method =
        PyObject_GetAttrString((PyObject *)buffered[i].type, "__sizeof__");
    if (!method)
      return false;
    buffered[i].size = ((PyMethodDescrObject *)method)->d_method->ml_meth;
    Py_DECREF(method); /* the type keeps it */
  }
  return true;
}

static void measure(PyObject *o, known *k) {
  int i = 0;
  while (i < BUFFERED && Py_TYPE(o) != buffered[i].type)
    i++;
  if (i == BUFFERED)
    return;
  bool busy = recorder.busy;
  recorder.busy = true;
  PyObject *error = PyErr_GetRaisedException();
  PyObject *size = buffered[i].size(o, NULL);
  long bytes = size ? PyLong_AsLong(size) - (long)Py_TYPE(o)->tp_basicsize : 0;
  Py_XDECREF(size);
  PyErr_Clear();
  PyErr_SetRaisedException(error);
  recorder.busy = busy;
  if (bytes > (long)k->buffers)
    k->buffers = (uint32_t)bytes;
}

/* ------------------------------------------------------------------------- *
 * References.
 * ------------------------------------------------------------------------- */

static int see(PyObject *target, void *unused) {
  (void)unused;
  known *k = find(target);
  if (!k)
    return 0;
  if (recorder.targets_count == recorder.targets_room) {
    recorder.targets_room = 2 * recorder.targets_room + 64;
    recorder.targets =
        more(recorder.targets, recorder.targets_room * sizeof(uint32_t));
  }
  recorder.targets[recorder.targets_count++] = k->number;
  k->internal++;
  return 0;
}

/* Other objects may be half made, and their fields undefined. */
static bool is_initialised(PyObject *o) {
  return o != recorder.fresh && PyObject_IS_GC(o) &&
         (PyObject_GC_IsTracked(o) || PyTuple_CheckExact(o) ||
          PyDict_CheckExact(o));
}

/* Code has references, but no tp_traverse, since it is in no cycle. */
static void visit_code(const PyCodeObject *c, visitproc visit) {
  PyObject *const fields[] = {c->co_consts,         c->co_names,
                              c->co_exceptiontable, c->co_filename,
                              c->co_name,           c->co_localsplusnames,
                              c->co_qualname,       c->co_linetable};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (fields[i])
      visit(fields[i], NULL);
}

/* Visits what the object refers to. */
static void visit_all(PyObject *o, visitproc visit) {
  if (is_initialised(o) && Py_TYPE(o)->tp_traverse)
    Py_TYPE(o)->tp_traverse(o, visit, NULL);
  else if (PyCode_Check(o) && o != recorder.fresh)
    visit_code((const PyCodeObject *)o, visit);
}

/* Fills recorder.targets, and returns a hash of them that is not 0. */
static uint64_t look(PyObject *o) {
  uint64_t hash = 1469598103934665603u;
  recorder.targets_count = 0;
  visit_all(o, see);
  for (size_t i = 0; i < recorder.targets_count; i++)
    hash = (hash ^ recorder.targets[i]) * 1099511628211u;
  return hash | 1;
}

static void put_targets(void) {
  fprintf(recorder.out, " %zu", recorder.targets_count);
  for (size_t i = 0; i < recorder.targets_count; i++)
    fprintf(recorder.out, " %u", recorder.targets[i]);
  putc('\n', recorder.out);
}

static void snapshot(void) {
  known *end = recorder.table + recorder.size;
  for (known *k = recorder.table; k < end; k++)
    k->internal = 0;
  for (known *k = recorder.table; k < end; k++) {
    PyObject *o = (PyObject *)k->address;
    if (!k->number)
      continue;
    uint64_t hash = look(o);
    if (hash == k->edges || (!k->edges && !recorder.targets_count))
      continue;
    k->edges = hash;
    measure(o, k);
    fprintf(recorder.out, "e %u", k->number);
    put_targets();
  }
  for (known *k = recorder.table; k < end; k++) {
    if (!k->number)
      continue;
    bool outside = Py_REFCNT((PyObject *)k->address) > (Py_ssize_t)k->internal;
    if (outside == k->outside)
      continue;
    k->outside = outside;
    fprintf(recorder.out, "x %u %d\n", k->number, outside);
  }
  fputs("s\n", recorder.out);
}

/* ------------------------------------------------------------------------- *
 * Births and deaths.
 * ------------------------------------------------------------------------- */

static known *birth(PyObject *o) {
  known *k = enter(o);
  k->number = ++recorder.born;
  k->edges = 0;
  k->buffers = 0;
  k->outside = false;
  k->block = (uint32_t)block_of(o, k);
  fputs("b\n", recorder.out);
  return k;
}

static void death(known *k) {
  fprintf(recorder.out, "d %u %u", k->number, k->block + k->buffers);
  put_targets();
  k->number = 0;
}

/* Nobody told of this death: the memory is free, or another object is there. */
static void late_death(known *k) {
  recorder.lost++;
  recorder.targets_count = 0;
  death(k);
}

static int on_event(PyObject *o, PyRefTracerEvent event, void *unused) {
  (void)unused;
  if (recorder.busy)
    return 0;
  known *k = find(o);
  if (event == PyRefTracer_CREATE && k && o != recorder.moved) {
    late_death(k);
    k = NULL;
  }
  if (event == PyRefTracer_CREATE && !k && !_Py_IsImmortal(o)) {
    birth(o);
    recorder.fresh = o;
    if (--recorder.until == 0) {
      recorder.until = recorder.every;
      snapshot();
    }
  } else if (event == PyRefTracer_DESTROY && k) {
    if (recorder.fresh == o)
      recorder.targets_count = 0;
    else
      look(o);
    measure(o, k);
    death(k);
  }
  if (event == PyRefTracer_DESTROY)
    recorder.fresh = NULL;
  return 0;
}

/* ------------------------------------------------------------------------- *
 * The allocator tells sizes, objects that move, and deaths that nobody told.
 * An object is 0 to 4 words behind the begin of its block.
 * ------------------------------------------------------------------------- */

enum { HEADER_MOST = 4 * sizeof(void *), HEADER_STEP = 2 * sizeof(void *) };

static known *inhabitant(void *block) {
  for (unsigned header = 0; block && header <= HEADER_MOST;
       header += HEADER_STEP) {
    known *k = find((char *)block + header);
    if (k)
      return k;
  }
  return NULL;
}

static void *gave(void *p, size_t bytes) {
  if (!recorder.busy && p) {
    recorder.block = (uintptr_t)p;
    recorder.block_bytes = bytes;
  }
  return p;
}

static void *object_malloc(void *unused, size_t bytes) {
  (void)unused;
  return gave(recorder.below.malloc(recorder.below.ctx, bytes), bytes);
}

static void *object_calloc(void *unused, size_t n, size_t bytes) {
  (void)unused;
  return gave(recorder.below.calloc(recorder.below.ctx, n, bytes), n * bytes);
}

static void *object_realloc(void *unused, void *p, size_t bytes) {
  (void)unused;
  known *k = inhabitant(p);
  void *q = recorder.below.realloc(recorder.below.ctx, p, bytes);
  if (!q || !k) /* an object stays what it was if there is no memory */
    return gave(q, bytes);
  known was = *k;
  k->number = 0;
  known *now = enter((char *)q + (was.address - (uintptr_t)p));
  was.address = now->address;
  *now = was;
  now->block = (uint32_t)bytes;
  recorder.moved = (PyObject *)now->address;
  return q;
}

static void object_free(void *unused, void *p) {
  (void)unused;
  known *k = recorder.busy ? NULL : inhabitant(p);
  if (k)
    late_death(k);
  recorder.below.free(recorder.below.ctx, p);
}

/* ------------------------------------------------------------------------- *
 * The module.
 * ------------------------------------------------------------------------- */

/* Makes known what is there already, by what containers lead to. */
static int know(PyObject *o, void *unused) {
  (void)unused;
  if (find(o) || _Py_IsImmortal(o))
    return 0;
  known *k = birth(o);
  measure(o, k);
  PyObject *size = PyObject_CallOneArg(PySys_GetObject("getsizeof"), o);
  if (size)
    k->block = (uint32_t)PyLong_AsUnsignedLong(size) - k->buffers;
  Py_XDECREF(size);
  PyErr_Clear();
  visit_all(o, know);
  return 0;
}

static PyObject *on_collection(PyObject *self, PyObject *const *args,
                               Py_ssize_t count) {
  (void)self;
  bool begins =
      count > 0 && !PyUnicode_CompareWithASCIIString(args[0], "start");
  if (recorder.out) /* it goes on being called when the recording has ended */
    fputs(begins ? "(\n" : ")\n", recorder.out);
  Py_RETURN_NONE;
}

/* start(path, every): begins to record. */
static PyObject *start(PyObject *self, PyObject *args) {
  (void)self;
  static PyMethodDef method = {
      "on_collection", (PyCFunction)(void *)on_collection, METH_FASTCALL, NULL};
  const char *path;
  unsigned long long every;
  if (!PyArg_ParseTuple(args, "sK", &path, &every))
    return NULL;
  recorder.out = fopen(path, "w");
  if (!recorder.out)
    return PyErr_SetFromErrnoWithFilename(PyExc_OSError, path);
  static char buffer[1 << 20];
  setvbuf(recorder.out, buffer, _IOFBF, sizeof buffer);
  recorder.every = recorder.until = every ? every : 1;
  fputs("python-recording 1\n", recorder.out);
  grow();
  if (!find_buffered())
    return NULL;
  PyObject *gc = PyImport_ImportModule("gc");
  PyObject *callbacks = gc ? PyObject_GetAttrString(gc, "callbacks") : NULL;
  PyObject *callback = PyCFunction_New(&method, NULL);
  bool listens = callbacks && callback && !PyList_Append(callbacks, callback);
  Py_XDECREF(callback);
  Py_XDECREF(callbacks);
  PyObject *all = listens ? PyObject_CallMethod(gc, "get_objects", NULL) : NULL;
  Py_XDECREF(gc);
  if (!all)
    return NULL;
  /* The list itself is not in it. */
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all); i++)
    know(PyList_GET_ITEM(all, i), NULL);
  Py_DECREF(all);
  snapshot();
  PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &recorder.below);
  PyMemAllocatorEx above = {NULL, object_malloc, object_calloc, object_realloc,
                            object_free};
  PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &above);
  if (PyRefTracer_SetTracer(on_event, &recorder) < 0)
    return NULL;
  Py_RETURN_NONE;
}

/* stop(): a last snapshot, and the end of the recording. */
static PyObject *stop(PyObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  void *data;
  bool ours = PyRefTracer_GetTracer(&data) == on_event;
  recorder.busy = true;
  recorder.fresh = NULL;
  PyRefTracer_SetTracer(NULL, NULL);
  PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &recorder.below);
  snapshot();
  for (known *k = recorder.table; k < recorder.table + recorder.size; k++)
    if (k->number) {
      measure((PyObject *)k->address, k);
      fprintf(recorder.out, "l %u %u\n", k->number, k->block + k->buffers);
    }
  if (ours)
    fprintf(recorder.out, "end %llu\n", (unsigned long long)recorder.lost);
  bool good = !ferror(recorder.out);
  good = !fclose(recorder.out) && good;
  recorder.out = NULL;
  if (!good)
    return PyErr_SetFromErrno(PyExc_OSError);
  if (!ours)
    PyErr_SetString(PyExc_RuntimeError,
                    "another tool has taken the tracer away");
  return ours ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef methods[] = {{"start", start, METH_VARARGS, NULL},
                                {"stop", stop, METH_NOARGS, NULL},
                                {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT,
                                    "recorder",
                                    NULL,
                                    -1,
                                    methods,
                                    NULL,
                                    NULL,
                                    NULL,
                                    NULL};

PyMODINIT_FUNC PyInit_recorder(void) {
  return PyModule_Create(&module);
}
