/* toy.h: the inline half of a collector that marks and sweeps a list of
 * objects, for one mutator. */
#include "common/object.h"

struct gc_mutator {
  gc_mutator_base base;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

/* A new object, or NULL if it does not fit under the limit. */
gc_object *toy_new(gc_mutator *m, gc_shape shape);

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  (void)flags; /* it has no finalizers */
  gc_object *o = toy_new(m, shape);
  if (o)
    *object_owning(m, dst) = o;
  return o != NULL;
}

/* It has no weak references either. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  (void)m, (void)dst, (void)target;
  return false;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  (void)m, (void)dst, (void)weak;
  return false;
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  (void)m, (void)dst;
  return false;
}

static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}
