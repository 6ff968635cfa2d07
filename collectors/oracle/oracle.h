/* oracle.h: the inline half of the oracle: every operation becomes a trace_op
 * and is performed out of line, because the oracle is not made to be fast. */
#ifndef REAPMARK_ORACLE_H
#define REAPMARK_ORACLE_H

/* Before gc.h, which trace.h includes. */
#define GC_EPHEMERONS 1
#define GC_EXTERNAL   1

#include "harness/trace/trace.h"

/* Performs an operation that neither allocates nor has an answer; a, b, c are
 * those of trace_op.  If gc.h forbids the operation, ends the process with one
 * line that says why; so do all functions below. */
void oracle_perform(gc_mutator *m, trace_kind kind, uint32_t a, uint32_t b,
                    uint32_t c);

gc_reg oracle_frame_enter(gc_mutator *m, uint32_t owning, uint32_t borrowing);
void oracle_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                        uint32_t borrowing);
bool oracle_new(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags);
bool oracle_weak_new(gc_mutator *m, gc_reg dst, gc_reg target);
bool oracle_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak);
bool oracle_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key, gc_reg value);
bool oracle_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair);
bool oracle_external(gc_mutator *m, gc_reg obj, uint32_t bytes);
bool oracle_finalizer_next(gc_mutator *m, gc_reg dst);
void *oracle_payload(gc_mutator *m, gc_reg obj);
bool oracle_is_null(gc_mutator *m, gc_reg r);
bool oracle_same(gc_mutator *m, gc_reg a, gc_reg b);

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  return oracle_frame_enter(m, owning, borrowing);
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  oracle_frame_leave(m, frame, owning, borrowing);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  return oracle_new(m, dst, shape, flags);
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  oracle_perform(m, TRACE_LOAD, dst, obj, i);
}

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  oracle_perform(m, TRACE_BORROW, dst, obj, i);
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  oracle_perform(m, TRACE_UNBORROW, r, 0, 0);
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  oracle_perform(m, TRACE_STORE, obj, i, src);
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  oracle_perform(m, TRACE_STORE_TAKE, obj, i, src);
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  oracle_perform(m, TRACE_STORE_NULL, obj, i, 0);
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  oracle_perform(m, TRACE_COPY, dst, src, 0);
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  oracle_perform(m, TRACE_MOVE, dst, src, 0);
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  oracle_perform(m, TRACE_CLEAR, r, 0, 0);
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  return oracle_payload(m, obj);
}

static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  return oracle_is_null(m, r);
}

static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  return oracle_same(m, a, b);
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  oracle_perform(m, TRACE_GLOBAL_LOAD, dst, g, 0);
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  oracle_perform(m, TRACE_GLOBAL_BORROW, dst, g, 0);
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  oracle_perform(m, TRACE_GLOBAL_STORE, g, src, 0);
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  oracle_perform(m, TRACE_GLOBAL_CLEAR, g, 0, 0);
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  oracle_perform(m, TRACE_TLS_LOAD, dst, t, 0);
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  oracle_perform(m, TRACE_TLS_BORROW, dst, t, 0);
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  oracle_perform(m, TRACE_TLS_STORE, t, src, 0);
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  oracle_perform(m, TRACE_TLS_CLEAR, t, 0, 0);
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  return oracle_weak_new(m, dst, target);
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  return oracle_weak_get(m, dst, weak);
}

static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  return oracle_ephemeron_new(m, dst, key, value);
}

static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  return oracle_ephemeron_get(m, dst, pair);
}

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return oracle_external(m, obj, bytes);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  return oracle_finalizer_next(m, dst);
}

static inline void gc_safepoint(gc_mutator *m) {
  oracle_perform(m, TRACE_SAFEPOINT, 0, 0, 0);
}

#endif
