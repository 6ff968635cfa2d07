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
#include <stdio.h>
#include "gc.h"

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

extern PyObject *cpy_globals[GC_GLOBALS];

/* Threads that want the interpreter's lock. */
extern _Atomic unsigned cpy_wanted;

/* Slow paths, in cpython.c.  What makes objects returns NULL without memory. */
PyObject *cpy_new(gc_mutator *m, gc_shape shape, unsigned flags);
PyObject *cpy_weak_new(gc_mutator *m, PyObject *target);
PyObject *cpy_weak_get(PyObject *weak); /* a new reference, or NULL */
PyObject *cpy_finalizer_next(void);
void cpy_turn(gc_mutator *m);
_Noreturn void cpy_stack_overflow(void);

static inline void gc_safepoint(gc_mutator *m) {
  if (gc_unlikely(atomic_load_explicit(&cpy_wanted, memory_order_relaxed)))
    cpy_turn(m);
}

/* ------------------------------------------------------------------------- *
 * Places that own a reference.
 * ------------------------------------------------------------------------- */

/* *place <- o, whose count is already the place's own. */
static inline void cpy_replace(PyObject **place, PyObject *o) {
  PyObject *old = *place;
  *place = o;
  Py_XDECREF(old);
}

static inline void cpy_assign(PyObject **place, PyObject *o) {
  Py_XINCREF(o);
  cpy_replace(place, o);
}

static inline void cpy_take(PyObject **place, PyObject **from) {
  PyObject *o = *from;
  *from = NULL;
  cpy_replace(place, o);
}

static inline PyObject **cpy_slot(gc_mutator *m, gc_reg obj, uint32_t i) {
  return &((cpy_node *)m->reg[obj])->slot[i];
}

/* ------------------------------------------------------------------------- *
 * The interface.
 * ------------------------------------------------------------------------- */

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  gc_reg frame = m->top;
  if (gc_unlikely(GC_REGISTERS - frame < owning + borrowing))
    cpy_stack_overflow();
  for (uint32_t i = 0; i < owning + borrowing; i++)
    m->reg[frame + i] = NULL;
  m->top = frame + owning + borrowing;
  return frame;
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  (void)borrowing;
  for (uint32_t i = 0; i < owning; i++)
    cpy_replace(&m->reg[frame + i], NULL);
  m->top = frame;
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  PyObject *o = cpy_new(m, shape, flags);
  if (gc_likely(o != NULL))
    cpy_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  cpy_assign(&m->reg[dst], *cpy_slot(m, obj, i));
}

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  m->reg[dst] = *cpy_slot(m, obj, i);
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  m->reg[r] = NULL;
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  cpy_assign(cpy_slot(m, obj, i), m->reg[src]);
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  cpy_take(cpy_slot(m, obj, i), &m->reg[src]);
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  cpy_replace(cpy_slot(m, obj, i), NULL);
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  cpy_assign(&m->reg[dst], m->reg[src]);
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  cpy_take(&m->reg[dst], &m->reg[src]);
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  cpy_replace(&m->reg[r], NULL);
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  cpy_node *n = (cpy_node *)m->reg[obj];
  return &n->slot[n->slots];
}

static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  return !m->reg[r];
}

static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  return m->reg[a] == m->reg[b];
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  cpy_assign(&m->reg[dst], cpy_globals[g]);
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  m->reg[dst] = cpy_globals[g];
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  cpy_assign(&cpy_globals[g], m->reg[src]);
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  (void)m;
  cpy_replace(&cpy_globals[g], NULL);
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  cpy_assign(&m->reg[dst], m->tls[t]);
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  m->reg[dst] = m->tls[t];
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  cpy_assign(&m->tls[t], m->reg[src]);
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  cpy_replace(&m->tls[t], NULL);
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  PyObject *o = cpy_weak_new(m, m->reg[target]);
  if (o)
    cpy_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  PyObject *o = cpy_weak_get(m->reg[weak]);
  cpy_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  PyObject *o = cpy_finalizer_next();
  if (o)
    cpy_replace(&m->reg[dst], o);
  return o != NULL;
}

#endif
