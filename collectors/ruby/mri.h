/* mri.h: Ruby's memory management (MRI), the inline half.
 *
 * MRI is a generational mark-sweep collector that marks in slices, sweeps
 * lazily and moves nothing.  Objects are made as C extensions make them: a
 * typed data object of the heap, with memory from Ruby's malloc, behind a write
 * barrier.  The interface's registers and root slots are marked by one object
 * without a write barrier, which Ruby therefore marks in every collection.
 *
 * Ruby's headers are full of macros and stay in mri.c.  The declarations that
 * the fast paths need are repeated here and checked there.  (This file cannot
 * be called ruby/ruby.h, the name of one of Ruby's headers.) */
#ifndef REAPMARK_MRI_H
#define REAPMARK_MRI_H

#define GC_EXTERNAL 1

#include <stdio.h>
#include "gc.h"

/* Ruby's VALUE.  Null is false, which is zero. */
typedef unsigned long mri_value;

/* The memory of an object, from Ruby's malloc. */
typedef struct mri_node {
  uint32_t slots;
  uint32_t external; /* whether the object has external memory */
  mri_value slot[];  /* then payload */
} mri_node;

/* The layout of struct RTypedData. */
typedef struct mri_object {
  mri_value flags, class;
  const void *type;
  mri_value typed;
  mri_node *node;
} mri_object;

struct gc_mutator {
  gc_heap *heap;
  gc_reg top;
  mri_value tls[GC_TLS];
  mri_value reg[GC_REGISTERS];
};
#define GC_MUTATOR_DEFINED

extern mri_value mri_globals[GC_GLOBALS];

/* Slow paths, in mri.c.  They end the process when memory runs out. */
mri_value mri_new(gc_shape shape);
mri_value mri_weak_new(gc_mutator *m, gc_reg target);
mri_value mri_weak_get(mri_value weak);
bool mri_external(mri_node *n, uint32_t bytes);
_Noreturn void mri_stack_overflow(void);

/* A function of Ruby: the write barrier for a store of `o` into `into`. */
void rb_gc_writebarrier(mri_value into, mri_value o);

static inline mri_node *mri_at(gc_mutator *m, gc_reg obj) {
  return ((mri_object *)m->reg[obj])->node;
}

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  gc_reg frame = m->top;
  if (gc_unlikely(GC_REGISTERS - frame < owning + borrowing))
    mri_stack_overflow();
  for (uint32_t i = 0; i < owning + borrowing; i++)
    m->reg[frame + i] = 0;
  m->top = frame + owning + borrowing;
  return frame;
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  (void)owning, (void)borrowing;
  m->top = frame;
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  (void)flags; /* finalizers are not offered */
  m->reg[dst] = mri_new(shape);
  return true;
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  m->reg[dst] = mri_at(m, obj)->slot[i];
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  mri_value o = m->reg[src];
  mri_at(m, obj)->slot[i] = o;
  if (o)
    rb_gc_writebarrier(m->reg[obj], o);
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  mri_at(m, obj)->slot[i] = 0;
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  mri_node *n = mri_at(m, obj);
  return &n->slot[n->slots];
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  m->reg[dst] = mri_weak_new(m, target);
  return true;
}

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return mri_external(mri_at(m, obj), bytes);
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  m->reg[dst] = mri_weak_get(m->reg[weak]);
  return m->reg[dst] != 0;
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  (void)m, (void)dst;
  return false;
}

/* Nothing to do: there is one thread. */
static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

#define ROOT_NULL    ((mri_value)0)
#define ROOT_GLOBALS mri_globals
#include "common/inline/root-operations.h"

#endif
