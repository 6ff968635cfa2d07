/* node.h: GObject's memory management, the inline half.
 *
 * GObject counts references with atomic operations and has no cycle detector:
 * cycles leak, and all threads may share objects.  There is a class for each
 * object size, as a C program has one for each of its structs.  Wide objects
 * have a block beside the instance, because GObject keeps an instance's size in
 * 16 bits.  An owning register owns a reference, a borrowing one borrows it. */
#ifndef REAPMARK_GOBJECT_NODE_H
#define REAPMARK_GOBJECT_NODE_H

#define GC_EXTERNAL 1

#include <glib-object.h>
#include "common/cascade.h"
#include "common/object.h"

/* Slots, roots and registers refer to it as gc_object. */
typedef struct gob_node {
  GObject object;
  gc_object **slot; /* the slots, then the payload */
  uint32_t slots;
  bool finalizable; /* its finalizer has not run yet */
  gc_object *inside[];
} gob_node;

struct gc_mutator {
  gc_mutator_base base;
  uint64_t made, freed;
  cascade dying;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

/* Slow paths, in node.c. */
gc_object *gob_new(gc_mutator *m, gc_shape shape, unsigned flags);
gc_object *gob_weak_new(gc_mutator *m, gc_object *target);
gc_object *gob_weak_get(gc_object *weak); /* a new reference, or NULL */
gc_object *gob_finalizer_next(void);
bool gob_external(gc_object *o, uint32_t bytes);

static inline gc_object **gob_slot(gc_mutator *m, gc_reg obj, uint32_t i) {
  return &((gob_node *)m->reg[obj])->slot[i];
}

typedef gc_object counted;
#define counted_retain  g_object_ref
#define counted_release g_object_unref
#define counted_slot    gob_slot
#define counted_globals object_globals
#define COUNTED_BASE(m) (&(m)->base)
#include "common/inline/counted-operations.h"

static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  gob_node *n = (gob_node *)m->reg[obj];
  return &n->slot[n->slots];
}

/* If `o` is not NULL, register `dst` takes over its reference. */
static inline bool gob_give(gc_mutator *m, gc_reg dst, gc_object *o) {
  if (gc_likely(o != NULL))
    counted_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  return gob_give(m, dst, gob_new(m, shape, flags));
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  return gob_give(m, dst, gob_weak_new(m, m->reg[target]));
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  gc_object *o = gob_weak_get(m->reg[weak]);
  counted_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return gob_external(m->reg[obj], bytes);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  return gob_give(m, dst, gob_finalizer_next());
}

#endif
