/* bdwgc.h: the Boehm-Demers-Weiser collector (libgc), the inline half.
 *
 * Conservative, non-moving mark-sweep with lazy sweeping.  It scans stacks and
 * CPU registers for what looks like a reference; objects it marks exactly,
 * since they are of a kind of their own with a mark procedure, as language
 * implementations make it (this is several times faster than scanning them).
 * The interface's registers and root slots are pushed as roots.
 *
 * Allocation takes from free lists of the mutator's own, as gc_inline.h does:
 * bdwgc.c marks what is on them, as libgc marks those of its own threads.
 *
 * BDWGC_EXACT makes the variant whose only roots are the interface's: no stack
 * is scanned.  That is sound for one thread alone, as others
 * are suspended anywhere, with fresh objects that no root has yet. */
#ifndef REAPMARK_BDWGC_H
#define REAPMARK_BDWGC_H

#include "common/object.h"

#ifndef BDWGC_EXACT
#define BDWGC_EXACT 0
#endif

/* Kinds of objects.  Leaves are never looked into; wide ones are left to libgc
 * to scan, which can do it in pieces, as a mark procedure must not push
 * hundreds of references at a time. */
enum { BDWGC_LEAF, BDWGC_NODE, BDWGC_WIDE, BDWGC_KINDS };

enum {
  BDWGC_GRANULE = 16,
  BDWGC_SMALL = 25, /* objects of fewer granules come from free lists */
  BDWGC_WIDE_SLOTS = 128,
  /* The header's word of an object.  Cells on a free list have a link there,
   * which is aligned: no odd number. */
  BDWGC_OBJECT = 0x0b3a57ed
};

struct gc_mutator {
  gc_mutator_base base;
  void *free[BDWGC_WIDE][BDWGC_SMALL]; /* by kind and granules; zero but link */
  gc_object *held;                     /* a root while an object is made */
  bool registered;                     /* with libgc by us */
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

#include "common/inline/plain-operations.h"

/* Slow paths, in bdwgc.c: an object of a free list's kind and size, after it
 * was refilled; or one that no free list serves.  NULL without memory. */
gc_object *bdwgc_refill(gc_mutator *m, unsigned kind, size_t granules);
gc_object *bdwgc_large(size_t bytes, unsigned kind);
bool bdwgc_finalizable(gc_mutator *m, gc_object *o);
bool bdwgc_weak_new(gc_mutator *m, gc_reg dst, gc_object *target);
gc_object *bdwgc_weak_get(gc_object *weak);
gc_object *bdwgc_finalizer_next(void);

static inline gc_object *bdwgc_new(gc_mutator *m, gc_shape shape,
                                   uint32_t meta) {
  size_t bytes = object_bytes(shape), granules = bytes / BDWGC_GRANULE;
  unsigned kind = shape.slots == 0                 ? BDWGC_LEAF
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
  if (gc_likely(o != NULL)) /* the slots are zero already */
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

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  gc_object *o = bdwgc_finalizer_next();
  if (o)
    *object_owning(m, dst) = o;
  return o != NULL;
}

/* Threads are stopped by signals, wherever they are. */
static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

#endif
