/* malloc.h: explicit freeing, the inline half.
 *
 * It does what a program does that knows when its objects die: gc_new is
 * malloc, gc_free is free, and nothing else ever dies.  Hertz & Berger (OOPSLA
 * 2005) compare collectors with such a program; here the program states the
 * deaths itself, instead of an oracle.
 *
 * MALLOC_BY_HAND makes the program whose workloads are in collectors/by-hand
 * and do not use this half.  One source makes three allocators, by macros:
 *   (none)           the C library's malloc
 *   MALLOC_JEMALLOC  the jemalloc under the models (common/space.h), through a
 *                    thread cache of each mutator
 *   MALLOC_MIMALLOC  mimalloc, linked in place of the C library's malloc, so
 *                    that the harness's few blocks come from it too */
#ifndef REAPMARK_MALLOC_H
#define REAPMARK_MALLOC_H

#define GC_EXTERNAL 1

#include "common/external.h"
#include "common/space.h"
#include "common/world.h"

#define GC_EXPLICIT_FREE 1

struct gc_mutator {
  gc_mutator_base base;
  int flags; /* MALLOC_JEMALLOC: flags that select the thread cache */
  uint64_t made, freed;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  size_t bytes = 8 + 8 * (size_t)shape.slots + shape.bytes;
#ifdef MALLOC_JEMALLOC
  gc_object *o = space_alloc(bytes, m->flags);
#else
  gc_object *o = malloc(bytes);
#endif
  if (gc_unlikely(!o))
    return false;
  object_init(o, 0, object_meta(shape, flags), shape.slots);
  m->made++;
  *object_owning(m, dst) = o;
  return true;
}

/* An object with external memory has the flag that is for weak targets
 * elsewhere. */
bool malloc_external(gc_object *o, uint32_t bytes);
void malloc_external_die(gc_object *o);

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return malloc_external(object_read(m, obj), bytes);
}

static inline void gc_free(gc_mutator *m, gc_reg r) {
  gc_object **place = object_owning(m, r);
  OBJECT_CHECK(*place, "null object operand in register", r);
  if (gc_unlikely((*place)->meta & OBJECT_WEAK_TARGET))
    malloc_external_die(*place);
#ifdef MALLOC_JEMALLOC
  space_free(*place, m->flags);
#else
  free(*place);
#endif
  __atomic_store_n(&m->freed, m->freed + 1, __ATOMIC_RELAXED);
  *place = NULL;
}

/* Declared missing: nothing would learn that a target is dead. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  (void)m, (void)dst, (void)target;
  return false;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  (void)weak;
  gc_clear(m, dst);
  return false;
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  (void)m, (void)dst;
  return false;
}

static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

#endif
