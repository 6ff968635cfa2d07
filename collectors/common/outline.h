/* outline.h: the mutator interface as functions, for code that is not timed.
 *
 * The inline half of gc.h is compiled into every workload once per collector.
 * The causes of leaks (workloads/leaks) need not be: they are compiled once,
 * with this file as their GC_COLLECTOR_HEADER, and each collector program
 * brings one file, outline.c, that defines the functions by its own inline
 * half. */
#ifndef REAPMARK_COMMON_OUTLINE_H
#define REAPMARK_COMMON_OUTLINE_H

#include "gc.h"

/* Every operation of the inline half: NOTHING(name, parameters, arguments) for
 * those that return nothing, VALUE(type, name, parameters, arguments) for the
 * others.  gc_free is not among them, because what is compiled once cannot
 * state deaths: to it, gc_free is gc_clear. */
/* clang-format off */
#define OUTLINE_OPERATIONS(NOTHING, VALUE)                                     \
  VALUE(gc_reg, frame_enter, (gc_mutator *m, uint32_t owning, uint32_t borrowing), (m, owning, borrowing)) \
  NOTHING(frame_leave, (gc_mutator *m, gc_reg frame, uint32_t owning, uint32_t borrowing), (m, frame, owning, borrowing)) \
  VALUE(bool, try_new, (gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags), (m, dst, shape, flags)) \
  NOTHING(load, (gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i), (m, dst, obj, i)) \
  NOTHING(borrow, (gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i), (m, dst, obj, i)) \
  NOTHING(unborrow, (gc_mutator *m, gc_reg r), (m, r))                         \
  NOTHING(store, (gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src), (m, obj, i, src)) \
  NOTHING(store_take, (gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src), (m, obj, i, src)) \
  NOTHING(store_null, (gc_mutator *m, gc_reg obj, uint32_t i), (m, obj, i))    \
  NOTHING(copy, (gc_mutator *m, gc_reg dst, gc_reg src), (m, dst, src))        \
  NOTHING(move, (gc_mutator *m, gc_reg dst, gc_reg src), (m, dst, src))        \
  NOTHING(clear, (gc_mutator *m, gc_reg r), (m, r))                            \
  VALUE(void *, payload, (gc_mutator *m, gc_reg obj), (m, obj))                \
  VALUE(bool, is_null, (gc_mutator *m, gc_reg r), (m, r))                      \
  VALUE(bool, same, (gc_mutator *m, gc_reg a, gc_reg b), (m, a, b))            \
  NOTHING(global_load, (gc_mutator *m, gc_reg dst, uint32_t g), (m, dst, g))   \
  NOTHING(global_borrow, (gc_mutator *m, gc_reg dst, uint32_t g), (m, dst, g)) \
  NOTHING(global_store, (gc_mutator *m, uint32_t g, gc_reg src), (m, g, src))  \
  NOTHING(global_clear, (gc_mutator *m, uint32_t g), (m, g))                   \
  NOTHING(tls_load, (gc_mutator *m, gc_reg dst, uint32_t t), (m, dst, t))      \
  NOTHING(tls_borrow, (gc_mutator *m, gc_reg dst, uint32_t t), (m, dst, t))    \
  NOTHING(tls_store, (gc_mutator *m, uint32_t t, gc_reg src), (m, t, src))     \
  NOTHING(tls_clear, (gc_mutator *m, uint32_t t), (m, t))                      \
  VALUE(bool, try_weak_new, (gc_mutator *m, gc_reg dst, gc_reg target), (m, dst, target)) \
  VALUE(bool, weak_get, (gc_mutator *m, gc_reg dst, gc_reg weak), (m, dst, weak)) \
  VALUE(bool, try_ephemeron_new, (gc_mutator *m, gc_reg dst, gc_reg key, gc_reg value), (m, dst, key, value)) \
  VALUE(bool, ephemeron_get, (gc_mutator *m, gc_reg dst, gc_reg pair), (m, dst, pair)) \
  VALUE(bool, try_external, (gc_mutator *m, gc_reg obj, uint32_t bytes), (m, obj, bytes)) \
  VALUE(bool, finalizer_next, (gc_mutator *m, gc_reg dst), (m, dst))           \
  NOTHING(safepoint, (gc_mutator *m), (m))
/* clang-format on */

/* The functions, defined by outline.c. */
#define OUTLINE_DECLARE_NOTHING(name, parameters, arguments)                   \
  void outline_##name parameters;
#define OUTLINE_DECLARE_VALUE(type, name, parameters, arguments)               \
  type outline_##name parameters;
OUTLINE_OPERATIONS(OUTLINE_DECLARE_NOTHING, OUTLINE_DECLARE_VALUE)

#endif
