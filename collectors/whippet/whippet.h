/* whippet.h: Whippet's collectors (Andy Wingo), the inline half.
 *
 * Whippet is a library of collectors that a language implementation compiles
 * into itself: mmc marks in regions and evacuates where they are fragmented,
 * pcc copies, and both have a variant with generations.  Each is a program
 * here.
 *
 * Allocation and the write barrier are Whippet's own inline functions.  In
 * Whippet's build, link-time optimisation inlines three more, which tell
 * constants of a heap: where the flag of a stop lies, and the limits of the
 * nursery of generational-pcc.  The first is kept in the mutator, the others in
 * whippet_nursery; gc-barrier.h invites embedders to do so.
 *
 * Objects without slots are allocated as "pointerless", which mmc marks without
 * looking at them.  Whippet's memory is zero, so slots are null at first. */
#ifndef REAPMARK_WHIPPET_H
#define REAPMARK_WHIPPET_H

#define GC_EPHEMERONS 1

#include "common/object.h"
#include "whippet/layout.h"

/* The addresses between which the nursery of generational-pcc lies. */
typedef struct whippet_range {
  uintptr_t low, high;
} whippet_range;
extern whippet_range whippet_nursery;

#include <sys/types.h> /* ssize_t for gc-barrier.h */
#include "whippet/names.h"
#include "gc-api.h"
#define gc_mutator_heap(mutator)                   ((struct gc_heap *)NULL)
#define gc_small_object_nursery_low_address(heap)  whippet_nursery.low
#define gc_small_object_nursery_high_address(heap) whippet_nursery.high
#include "gc-allocate.h"
#include "gc-barrier.h"
#undef gc_mutator_heap
#undef gc_small_object_nursery_low_address
#undef gc_small_object_nursery_high_address
#include "gc-safepoint.h"
#include "whippet/names-end.h"

struct gc_mutator {
  gc_mutator_base base;
  struct whippet_mutator *whippet;
  const int *stop; /* not 0 while a thread wants the world stopped */
  struct gc_mutator_roots roots;
  gc_object *reg[];
};
#define GC_MUTATOR_DEFINED

/* Before `*place`, a slot of `o`, becomes `value`. */
static inline void whippet_barrier(gc_mutator *m, gc_object *o,
                                   gc_object **place, gc_object *value) {
  if (GC_GENERATIONAL && value)
    gc_write_barrier(m->whippet, gc_ref_from_heap_object(o),
                     whippet_size(o->header), gc_edge(place),
                     gc_ref_from_heap_object(value));
}
#define OBJECT_BARRIER whippet_barrier

#include "common/inline/plain-operations.h"

/* The hidden slot of an object that was made finalizable, the last one. */
static inline gc_object **whippet_token(gc_object *o) {
  return &o->slots[object_slots(o) - 1];
}

/* Slow paths, in whippet.c; NULL or false where memory runs out.
 * whippet_finalizable takes the object that was just made, gives it a finalizer
 * and puts it into register `dst`.  Weak references are ephemerons with the
 * target as value. */
void *whippet_allocate_large(gc_mutator *m, size_t bytes,
                             enum gc_allocation_kind kind);
bool whippet_finalizable(gc_mutator *m, gc_reg dst, gc_object *o);
bool whippet_pair_new(gc_mutator *m, gc_reg dst, gc_reg key, gc_reg value);
bool whippet_pair_get(gc_mutator *m, gc_reg dst, gc_reg pair);
bool whippet_finalizer_next_waiting(gc_mutator *m, gc_reg dst);

/* Whether objects may wait for their finalizers. */
extern bool whippet_waiting;

/* Memory for an object, or NULL.  Whippet gives up after a collection before
 * which too little was allocated, whatever that collection has found; so it is
 * asked twice. */
static inline void *whippet_allocate(gc_mutator *m, size_t bytes,
                                     enum gc_allocation_kind kind) {
  if (gc_unlikely(bytes > gc_allocator_large_threshold()))
    return whippet_allocate_large(m, bytes, kind);
  void *p = gc_allocate(m->whippet, bytes, kind);
  return gc_likely(p != NULL) ? p : gc_allocate_slow(m->whippet, bytes, kind);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  if (flags & GC_FINALIZABLE)
    shape.slots++;
  size_t bytes = (8 + 8 * (size_t)shape.slots + shape.bytes + 7) & ~(size_t)7;
  gc_object *o = whippet_allocate(
      m, bytes,
      shape.slots ? GC_ALLOCATION_TAGGED : GC_ALLOCATION_TAGGED_POINTERLESS);
  if (gc_unlikely(!o))
    return false;
  o->header = whippet_header(bytes, object_meta(shape, flags));
  if (flags & GC_FINALIZABLE)
    return whippet_finalizable(m, dst, o);
  *object_owning(m, dst) = o;
  return true;
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  return whippet_pair_new(m, dst, target, target);
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  return whippet_pair_get(m, dst, weak);
}

static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  return whippet_pair_new(m, dst, key, value);
}

static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  return whippet_pair_get(m, dst, pair);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  return gc_unlikely(__atomic_load_n(&whippet_waiting, __ATOMIC_RELAXED)) &&
         whippet_finalizer_next_waiting(m, dst);
}

static inline void gc_safepoint(gc_mutator *m) {
  if (gc_unlikely(__atomic_load_n(m->stop, __ATOMIC_RELAXED)))
    gc_safepoint_slow(m->whippet);
}

#endif
