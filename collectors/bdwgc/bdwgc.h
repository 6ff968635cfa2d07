/* bdwgc.h: the Boehm-Demers-Weiser collector (libgc), the inline half.
 *
 * libgc is a conservative, non-moving mark-sweep collector with lazy sweeping.
 * It scans stacks and CPU registers for words that look like references.
 * Objects are marked exactly.  Each number of slots up to BDWGC_FEW has a kind
 * of its own, whose descriptor says how many words are scanned, as a C program
 * would have it for its structs.  Objects with more slots have a mark
 * procedure, as language implementations do it, which takes twice as long.  The
 * interface's registers and root slots are pushed as roots.
 *
 * Allocation takes from free lists of the mutator, as gc_inline.h does.
 * bdwgc.c marks the heap cells on these lists, as libgc marks those of its own
 * threads.
 *
 * BDWGC_BY_HAND makes the program whose workloads are in collectors/by-hand and
 * do not use this half.  BDWGC_EXACT makes the variant whose only roots are the
 * interface's: no stack is scanned.  The variant is sound for one thread only,
 * as other threads are suspended anywhere and may hold a new object that no
 * root refers to yet. */
#ifndef REAPMARK_BDWGC_H
#define REAPMARK_BDWGC_H

#define GC_EXTERNAL 1

#include "common/object.h"

#ifndef BDWGC_BY_HAND
#define BDWGC_BY_HAND 0
#endif
#ifndef BDWGC_EXACT
#define BDWGC_EXACT 0
#endif

/* Kinds of objects.  Leaves are not scanned; those with few slots have their
 * number as the kind.  Wide objects are left to libgc, which can scan them in
 * pieces: a mark procedure must not push hundreds of references at a time. */
enum { BDWGC_LEAF, BDWGC_FEW = 4, BDWGC_NODE, BDWGC_WIDE, BDWGC_KINDS };

enum {
  BDWGC_GRANULE = 16,
  BDWGC_SMALL = 25, /* objects of fewer granules come from free lists */
  BDWGC_WIDE_SLOTS = 128,
  /* The word that marks an object's header.  A heap cell on a free list has a
   * link there instead, which is aligned and so never odd. */
  BDWGC_OBJECT = 0x0b3a57ed
};

struct gc_mutator {
  gc_mutator_base base;
  /* Free lists by kind and granules; their heap cells are zero but for the
   * link. */
  void *free[BDWGC_WIDE][BDWGC_SMALL];
  gc_object *held; /* a root that keeps an object while it is made */
  bool registered; /* we registered the thread with libgc */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

/* Slow paths, in bdwgc.c.  bdwgc_refill refills a free list and returns an
 * object of its kind and size; bdwgc_large makes an object that no free list
 * serves.  Both return NULL, and the functions with a bool return false, when
 * memory runs out. */
gc_object *bdwgc_refill(gc_mutator *m, unsigned kind, size_t granules);
gc_object *bdwgc_large(size_t bytes, unsigned kind);
bool bdwgc_finalizable(gc_mutator *m, gc_object *o);
bool bdwgc_weak_new(gc_mutator *m, gc_reg dst, gc_object *target);
gc_object *bdwgc_weak_get(gc_object *weak);
gc_object *bdwgc_finalizer_next(void);
bool bdwgc_external(gc_mutator *m, gc_object *o, uint32_t bytes);

static inline gc_object *bdwgc_new(gc_mutator *m, gc_shape shape,
                                   uint32_t meta) {
  size_t bytes = object_bytes(shape), granules = bytes / BDWGC_GRANULE;
  unsigned kind = shape.slots <= BDWGC_FEW         ? shape.slots
                  : shape.slots < BDWGC_WIDE_SLOTS ? BDWGC_NODE
                                                   : BDWGC_WIDE;
  gc_object *o;
  if (gc_likely(granules < BDWGC_SMALL && kind != BDWGC_WIDE)) {
    void **list = &m->free[kind][granules];
    o = *list;
    if (gc_likely(o != NULL))
      *list = *(void **)o;
    else
      o = bdwgc_refill(m, kind, granules);
  } else {
    o = bdwgc_large(bytes, kind);
  }
  if (gc_likely(o != NULL)) /* libgc returns zeroed memory */
    o->header = (uint64_t)meta << 32 | BDWGC_OBJECT;
  return o;
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  gc_object *o = bdwgc_new(m, shape, object_meta(shape, flags));
  if (gc_unlikely(!o))
    return false;
  if (flags & GC_FINALIZABLE && !bdwgc_finalizable(m, o))
    return false;
  *object_owning(m, dst) = o;
  return true;
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  return bdwgc_weak_new(m, dst, object_read(m, target));
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  gc_object *target = bdwgc_weak_get(object_read(m, weak));
  *object_owning(m, dst) = target;
  return target != NULL;
}

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return bdwgc_external(m, object_read(m, obj), bytes);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  gc_object *o = bdwgc_finalizer_next();
  if (o)
    *object_owning(m, dst) = o;
  return o != NULL;
}

/* Nothing to do: libgc stops threads by signals, wherever they are. */
static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

#endif
