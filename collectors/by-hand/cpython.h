/* by-hand/cpython.h: an extension module for CPython, as one writes it in C:
 * static types whose objects the cycle detector tracks, with tp_traverse,
 * tp_clear and a tp_dealloc that uses the trashcan; and plain types for objects
 * without slots. */
#ifndef REAPMARK_BY_HAND_CPYTHON_H
#define REAPMARK_BY_HAND_CPYTHON_H

#include "cpython/cpython.h"

#define HAND_HEAD PyObject_HEAD

typedef struct hand_type {
  PyTypeObject *type;
} hand_type;

extern uint64_t hand_objects; /* that are alive */

static inline void *hand_new(hand_type *t) {
  cpy_collect_due();
  void *o = PyObject_GC_New(PyObject, t->type);
  if (gc_unlikely(!o))
    gc_out_of_memory(NULL, (gc_shape){0, (uint32_t)t->type->tp_basicsize});
  hand_objects++;
  return o;
}

/* A leaf is no object of the detector. */
static inline void *hand_leaf(hand_type *t) {
  void *o = PyObject_New(PyObject, t->type);
  if (gc_unlikely(!o))
    gc_out_of_memory(NULL, (gc_shape){0, (uint32_t)t->type->tp_basicsize});
  hand_objects++;
  return o;
}

#define hand_built(o) PyObject_GC_Track(o)
#define hand_drop(o)  Py_DECREF(o)
#define hand_free(o)  ((void)(o))

static inline void *hand_share(void *o) {
  Py_INCREF((PyObject *)o);
  return o;
}

#define hand_bytes      PyMem_RawMalloc
#define hand_bytes_free PyMem_RawFree

#include "by-hand/by-hand.h"

#endif
