/* by-hand/cpython.c: the types of an extension module for CPython.  The slots
 * are the first fields of an object. */
#include "gc.h"

uint64_t hand_objects;

typedef struct object {
  PyObject_HEAD PyObject *slot[];
} object;

/* Types with more slots than the others, of which a run makes one. */
static unsigned many;

static inline int traverse(PyObject *self, unsigned slots, visitproc visit,
                           void *arg) {
  for (unsigned i = 0; i < slots; i++)
    Py_VISIT(((object *)self)->slot[i]);
  return 0;
}

static inline int clear(PyObject *self, unsigned slots) {
  for (unsigned i = 0; i < slots; i++)
    Py_CLEAR(((object *)self)->slot[i]);
  return 0;
}

static inline void die(PyObject *self, unsigned slots) {
  for (unsigned i = 0; i < slots; i++)
    Py_XDECREF(((object *)self)->slot[i]);
  PyObject_GC_Del(self);
  hand_objects--;
}

/* What a type with so many slots is made of, compiled for that number. */
#define FUNCTIONS(name, slots)                                                 \
  static int name##_traverse(PyObject *self, visitproc visit, void *arg) {     \
    return traverse(self, slots, visit, arg);                                  \
  }                                                                            \
  static int name##_clear(PyObject *self) {                                    \
    return clear(self, slots);                                                 \
  }                                                                            \
  static void name##_dealloc(PyObject *self) {                                 \
    PyObject_GC_UnTrack(self);                                                 \
    Py_TRASHCAN_BEGIN(self, name##_dealloc) die(self, slots);                  \
    Py_TRASHCAN_END                                                            \
  }
#define TYPE(name)                                                             \
  {                                                                            \
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "by_hand." #name,                 \
                                .tp_flags =                                    \
                                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,   \
                                .tp_traverse = name##_traverse,                \
                                .tp_clear = name##_clear,                      \
                                .tp_dealloc = name##_dealloc                   \
  }

FUNCTIONS(one, 1)
FUNCTIONS(two, 2)
FUNCTIONS(three, 3)
FUNCTIONS(many, many)

static void leaf_dealloc(PyObject *self) {
  PyObject_Del(self);
  hand_objects--;
}

/* Makes a type like `kind`, for objects of so many bytes. */
static void ready(hand_type *t, const PyTypeObject *kind, size_t bytes) {
  enum { TYPES = 8 };
  static PyTypeObject types[TYPES];
  static size_t count;
  if (count == TYPES)
    gc_out_of_memory(NULL, (gc_shape){0, (uint32_t)bytes});
  t->type = &types[count++];
  *t->type = *kind;
  t->type->tp_basicsize = (Py_ssize_t)bytes;
  if (PyType_Ready(t->type))
    gc_out_of_memory(NULL, (gc_shape){0, (uint32_t)bytes});
}

void hand_type_begin(hand_type *t, unsigned slots, size_t bytes) {
  static const PyTypeObject kinds[] = {TYPE(many), TYPE(one), TYPE(two),
                                       TYPE(three)};
  const unsigned known = sizeof kinds / sizeof *kinds;
  if (slots == 0 || slots >= known)
    many = slots;
  ready(t, &kinds[slots < known ? slots : 0], bytes);
}

void hand_leaf_begin(hand_type *t, size_t bytes) {
  static const PyTypeObject kind = {
      PyVarObject_HEAD_INIT(NULL, 0).tp_name = "by_hand.leaf",
      .tp_flags = Py_TPFLAGS_DEFAULT, .tp_dealloc = leaf_dealloc};
  ready(t, &kind, bytes);
}

/* What is referred to from outside of the tracked objects has references that
 * the detector does not find, and lives. */
void hand_root(void *from, size_t count) {
  (void)from, (void)count;
}
