/* place-operations.h: the mutator interface for collectors that are models:
 * slow and exact, with nothing inlined.
 *
 * Almost every operation copies a reference from one place to another, so a
 * model defines that one function, and tells operations apart, if it cares, by
 * the kinds of the two places. */
#ifndef REAPMARK_PLACE_OPERATIONS_H
#define REAPMARK_PLACE_OPERATIONS_H

#include "gc.h"

gc_reg model_frame_enter(gc_mutator *m, uint32_t owning, uint32_t borrowing);
void model_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                       uint32_t borrowing);
bool model_new(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags);
bool model_weak_new(gc_mutator *m, gc_reg dst, gc_reg target);
bool model_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak);
bool model_finalizer_next(gc_mutator *m, gc_reg dst);
void model_safepoint(gc_mutator *m);
void *model_payload(gc_mutator *m, gc_reg obj);
bool model_is_null(gc_mutator *m, gc_reg r);
bool model_same(gc_mutator *m, gc_reg a, gc_reg b);

/* A place is a register, a slot of the object in a register, or a root slot. */
typedef enum model_where {
  MODEL_NULL,     /* a source only */
  MODEL_OWNING,   /* register */
  MODEL_BORROWED, /* register, as a destination */
  MODEL_REGISTER, /* register of either kind, as a source */
  MODEL_TAKEN,    /* owning register, as a source that becomes null */
  MODEL_SLOT,
  MODEL_GLOBAL,
  MODEL_TLS,
  MODEL_PLACES
} model_where;

typedef struct model_place {
  model_where where;
  gc_reg reg;
  uint32_t index;
} model_place;

void model_copy(gc_mutator *m, model_place to, model_place from);

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  return model_frame_enter(m, owning, borrowing);
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  model_frame_leave(m, frame, owning, borrowing);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  return model_new(m, dst, shape, flags);
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  model_copy(m, (model_place){MODEL_OWNING, dst, 0},
             (model_place){MODEL_SLOT, obj, i});
}

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  model_copy(m, (model_place){MODEL_BORROWED, dst, 0},
             (model_place){MODEL_SLOT, obj, i});
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  model_copy(m, (model_place){MODEL_BORROWED, r, 0}, (model_place){0});
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  model_copy(m, (model_place){MODEL_SLOT, obj, i},
             (model_place){MODEL_REGISTER, src, 0});
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  model_copy(m, (model_place){MODEL_SLOT, obj, i},
             (model_place){MODEL_TAKEN, src, 0});
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  model_copy(m, (model_place){MODEL_SLOT, obj, i}, (model_place){0});
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  model_copy(m, (model_place){MODEL_OWNING, dst, 0},
             (model_place){MODEL_REGISTER, src, 0});
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  model_copy(m, (model_place){MODEL_OWNING, dst, 0},
             (model_place){MODEL_TAKEN, src, 0});
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  model_copy(m, (model_place){MODEL_OWNING, r, 0}, (model_place){0});
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  return model_payload(m, obj);
}

static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  return model_is_null(m, r);
}

static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  return model_same(m, a, b);
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  model_copy(m, (model_place){MODEL_OWNING, dst, 0},
             (model_place){MODEL_GLOBAL, 0, g});
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  model_copy(m, (model_place){MODEL_BORROWED, dst, 0},
             (model_place){MODEL_GLOBAL, 0, g});
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  model_copy(m, (model_place){MODEL_GLOBAL, 0, g},
             (model_place){MODEL_REGISTER, src, 0});
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  model_copy(m, (model_place){MODEL_GLOBAL, 0, g}, (model_place){0});
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  model_copy(m, (model_place){MODEL_OWNING, dst, 0},
             (model_place){MODEL_TLS, 0, t});
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  model_copy(m, (model_place){MODEL_BORROWED, dst, 0},
             (model_place){MODEL_TLS, 0, t});
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  model_copy(m, (model_place){MODEL_TLS, 0, t},
             (model_place){MODEL_REGISTER, src, 0});
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  model_copy(m, (model_place){MODEL_TLS, 0, t}, (model_place){0});
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  return model_weak_new(m, dst, target);
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  return model_weak_get(m, dst, weak);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  return model_finalizer_next(m, dst);
}

static inline void gc_safepoint(gc_mutator *m) {
  model_safepoint(m);
}

#endif
