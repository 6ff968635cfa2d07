/* cpython.h: CPython's memory management, the inline half.
 *
 * Objects are instances of extension types, as C extensions write them: heap
 * types with tp_traverse, tp_clear and a list of weak references, and stores
 * that count references.  Leaf types are not tracked by the cycle detector,
 * just as str and bytes are not.  An owning register owns a reference, a
 * borrowing one borrows it.  No Python code runs.
 *
 * CPYTHON_PLAIN makes the variant whose types are all untracked: counting
 * alone, so that cycles leak.
 *
 * Threads take turns: an attached thread holds the interpreter's lock except in
 * blocking stretches, and gives the lock up at a safepoint if another thread
 * has waited for the interpreter's switch interval. */
#ifndef REAPMARK_CPYTHON_H
#define REAPMARK_CPYTHON_H

#define GC_EPHEMERONS 1
#define GC_EXTERNAL   1

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>

/* Runs the detector if it is due.  From 3.12 on the interpreter's loop does so,
 * between two instructions, and long-running C code is to ask for it: here,
 * before each object of the detector.  Until 3.11 allocation itself does. */
static inline void cpy_collect_due(void) {
#if PY_VERSION_HEX >= 0x030c0000
  PyErr_CheckSignals();
#endif
}

#include "common/object.h"

/* A PyVarObject with the fields of our types. */
typedef struct cpy_node {
  PyObject_VAR_HEAD /* ob_size: words of slots and payload together */
      PyObject *weak_list;
  uint32_t slots;
  bool finalizable; /* its finalizer has not run yet */
  bool external;    /* it has external memory */
  PyObject *slot[];
} cpy_node;

struct gc_mutator {
  gc_heap *heap;
  gc_reg top;
  PyGILState_STATE gil;  /* of a PyGILState_Ensure for the mutator's life */
  PyThreadState *parked; /* the thread state during a blocking stretch */
  unsigned polls;
  uint64_t since; /* when the thread got the lock */
  PyObject *tls[GC_TLS];
  PyObject *reg[];
};
#define GC_MUTATOR_DEFINED

extern PyObject *cpy_globals[GC_GLOBALS];

/* Number of threads that wait for the interpreter's lock. */
extern _Atomic unsigned cpy_wanted;

/* Slow paths, in cpython.c.  Functions that make objects return NULL when
 * memory runs out. */
PyObject *cpy_new(gc_mutator *m, gc_shape shape, unsigned flags);
PyObject *cpy_weak_new(gc_mutator *m, PyObject *target);
PyObject *cpy_weak_get(PyObject *weak); /* a new reference, or NULL */
PyObject *cpy_pair_new(gc_mutator *m, PyObject *key, PyObject *value);
/* Whether the key is alive; *value: a new reference, or NULL. */
bool cpy_pair_get(PyObject *pair, PyObject **value);
PyObject *cpy_finalizer_next(void);
bool cpy_external(PyObject *o, uint32_t bytes);
void cpy_turn(gc_mutator *m);

static inline void gc_safepoint(gc_mutator *m) {
  if (gc_unlikely(atomic_load_explicit(&cpy_wanted, memory_order_relaxed)))
    cpy_turn(m);
}

static inline PyObject **cpy_slot(gc_mutator *m, gc_reg obj, uint32_t i) {
  return &((cpy_node *)m->reg[obj])->slot[i];
}

typedef PyObject counted;
#define counted_retain  Py_INCREF
#define counted_release Py_DECREF
#define counted_slot    cpy_slot
#define counted_globals cpy_globals
#define COUNTED_BASE(m) (m)
#include "common/inline/counted-operations.h"

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  PyObject *o = cpy_new(m, shape, flags);
  if (gc_likely(o != NULL))
    counted_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  cpy_node *n = (cpy_node *)m->reg[obj];
  return &n->slot[n->slots];
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  PyObject *o = cpy_weak_new(m, m->reg[target]);
  if (o)
    counted_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  PyObject *o = cpy_weak_get(m->reg[weak]);
  counted_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  PyObject *o = cpy_pair_new(m, m->reg[key], m->reg[value]);
  if (o)
    counted_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  PyObject *o;
  bool alive = cpy_pair_get(m->reg[pair], &o);
  counted_replace(&m->reg[dst], o);
  return alive;
}

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  gc_safepoint(m);
  return cpy_external(m->reg[obj], bytes);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  PyObject *o = cpy_finalizer_next();
  if (o)
    counted_replace(&m->reg[dst], o);
  return o != NULL;
}

#endif
