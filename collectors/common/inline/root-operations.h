/* root-operations.h, a template (include it after struct gc_mutator): registers
 * and root slots of an adapter to which they are plain variables, because its
 * production runtime scans them at each collection or never collects.
 *
 * The mutator has the arrays `reg` and `tls`.  To be defined before:
 *   ROOT_NULL     what such a variable holds for null
 *   ROOT_GLOBALS  the array of global roots
 * The adapter still defines access to objects (gc_load, gc_store,
 * gc_store_null, gc_payload) and allocation. */
#ifndef REAPMARK_COMMON_INLINE_ROOT_OPERATIONS_H
#define REAPMARK_COMMON_INLINE_ROOT_OPERATIONS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "gc.h"

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  gc_load(m, dst, obj, i);
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  m->reg[r] = ROOT_NULL;
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  gc_store(m, obj, i, src);
  m->reg[src] = ROOT_NULL;
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  m->reg[dst] = m->reg[src];
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  m->reg[dst] = m->reg[src];
  m->reg[src] = ROOT_NULL;
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  m->reg[r] = ROOT_NULL;
}

static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  return m->reg[r] == ROOT_NULL;
}

static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  return m->reg[a] == m->reg[b];
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  m->reg[dst] = ROOT_GLOBALS[g];
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  m->reg[dst] = ROOT_GLOBALS[g];
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  ROOT_GLOBALS[g] = m->reg[src];
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  (void)m;
  ROOT_GLOBALS[g] = ROOT_NULL;
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  m->reg[dst] = m->tls[t];
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  m->reg[dst] = m->tls[t];
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  m->tls[t] = m->reg[src];
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  m->tls[t] = ROOT_NULL;
}

#endif
