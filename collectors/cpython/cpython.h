/* cpython.h: CPython's memory management, the inline half.
 *
 * Objects are instances of extension types, written as C extensions write them:
 * heap types with tp_traverse, tp_clear and a list of weak references, stores
 * that count.  Leaves are of types that the cycle detector does not track, as
 * str and bytes are not.  A register owns a reference; a borrowing one borrows
 * it.  No Python code runs.
 *
 * CPYTHON_PLAIN makes the variant in which no type is tracked: counting alone,
 * so that cycles leak.
 *
 * All threads take turns: whoever is attached holds the interpreter's lock, but
 * for blocking stretches, and gives it up at a safepoint if another has waited
 * for the interpreter's switch interval. */
#ifndef REAPMARK_CPYTHON_H
#define REAPMARK_CPYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>
#include "common/object.h"

/* As PyVarObject has it, then what our types add. */
typedef struct cpy_node {
  PyObject_VAR_HEAD /* ob_size: words of slots and payload together */
      PyObject *weak_list;
  uint32_t slots;
  bool finalizable; /* not yet handed to its finalizer */
  PyObject *slot[];
} cpy_node;

struct gc_mutator {
  gc_heap *heap;
  gc_reg top;
  PyGILState_STATE gil;  /* of the Ensure that spans its life */
  PyThreadState *parked; /* in a blocking stretch */
  unsigned polls;
  uint64_t since; /* when it got the lock */
  PyObject *tls[GC_TLS];
  PyObject *reg[];
};
#define GC_MUTATOR_DEFINED

extern PyObject *cpy_globals[GC_GLOBALS];

/* Threads that want the interpreter's lock. */
extern _Atomic unsigned cpy_wanted;

/* Slow paths, in cpython.c.  What makes objects returns NULL without memory. */
PyObject *cpy_new(gc_mutator *m, gc_shape shape, unsigned flags);
PyObject *cpy_weak_new(gc_mutator *m, PyObject *target);
PyObject *cpy_weak_get(PyObject *weak); /* a new reference, or NULL */
PyObject *cpy_finalizer_next(void);
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

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  PyObject *o = cpy_finalizer_next();
  if (o)
    counted_replace(&m->reg[dst], o);
  return o != NULL;
}

#endif
