/* tracked-operations.h, a template (include it after struct gc_mutator and
 * plain-operations.h): allocation, weak references, ephemerons, finalizers and
 * safepoints of a collector that lists its weak references and finalizable
 * objects (common/tracked.h) and its ephemerons (common/ephemerons.h).
 *
 * To be defined before:
 *   OBJECT_NEW(m, shape)  memory for an object, or NULL when out of memory; may
 *                         collect
 *   OBJECT_EXTERNAL(m, bytes)  a block of external memory (owned.h), likewise
 *   OBJECT_WEAK_BARRIER(m, target)  optional: runs on the target that a weak
 *                         reference is about to give, null included
 *   OBJECT_EPHEMERON_BARRIER(m, value)  optional: the same for the value of an
 *                         ephemeron
 *   OBJECT_WEAK_MADE(m, target)  optional: runs when an object gets a weak
 *                         reference, or becomes the key of an ephemeron
 *   OBJECT_EXTERNAL_MADE(m, o)  optional: runs when an object gets such a block
 *   OBJECT_TAKEN(m, o)    optional: runs on an object that has left the
 *                         finalizer queue, before a register has it
 *   OBJECT_POLL(m)        optional: further work of gc_safepoint */
#ifndef REAPMARK_COMMON_INLINE_TRACKED_OPERATIONS_H
#define REAPMARK_COMMON_INLINE_TRACKED_OPERATIONS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/ephemerons.h"
#include "common/finalizers.h"
#include "common/forwarding.h"
#include "common/inline/registers.h"
#include "common/owned.h"
#include "common/tracked.h"
#include "common/world.h"

#ifndef OBJECT_WEAK_BARRIER
#define OBJECT_WEAK_BARRIER(m, target) ((void)0)
#endif
#ifndef OBJECT_WEAK_MADE
#define OBJECT_WEAK_MADE(m, target) ((void)0)
#endif
#ifndef OBJECT_EXTERNAL_MADE
#define OBJECT_EXTERNAL_MADE(m, o) ((void)0)
#endif
#ifndef OBJECT_TAKEN
#define OBJECT_TAKEN(m, o) ((void)0)
#endif
#ifndef OBJECT_EPHEMERON_BARRIER
#define OBJECT_EPHEMERON_BARRIER(m, value) OBJECT_WEAK_BARRIER(m, value)
#endif
#ifndef OBJECT_POLL
#define OBJECT_POLL(m) ((void)(m))
#endif

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  gc_object *o = OBJECT_NEW(m, shape);
  if (gc_unlikely(!o))
    return false;
  object_init(o, forwarding_word(shape), object_meta(shape, flags),
              shape.slots);
  *object_owning(m, dst) = o;
  if (flags & GC_FINALIZABLE)
    tracked_note_finalizable(o);
  return true;
}

/* Reads the target after allocating, which may have moved it. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  gc_object *o = OBJECT_NEW(m, GC_WEAK_SHAPE);
  if (gc_unlikely(!o))
    return false;
  object_init(o, forwarding_word(GC_WEAK_SHAPE), OBJECT_WEAK_REFERENCE, 0);
  OBJECT_WEAK_MADE(m, object_read(m, target));
  *tracked_target(o) = object_read(m, target);
  *object_owning(m, dst) = o;
  tracked_note_weak(o);
  return true;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  gc_object *target = *tracked_target(object_read(m, weak));
  OBJECT_WEAK_BARRIER(m, target);
  *object_owning(m, dst) = target;
  return target != NULL;
}

#define GC_EPHEMERONS 1

/* Reads key and value after allocating, too. */
static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  gc_object *o = OBJECT_NEW(m, GC_EPHEMERON_SHAPE);
  if (gc_unlikely(!o))
    return false;
  object_init(o, forwarding_word(GC_EPHEMERON_SHAPE), OBJECT_EPHEMERON, 0);
  ephemeron *e = ephemeron_at(o);
  e->key = object_read(m, key);
  OBJECT_WEAK_MADE(m, e->key);
  e->value = object_read(m, value);
  e->next = e->counted = 0;
  *object_owning(m, dst) = o;
  ephemerons_note(o);
  return true;
}

/* Keys are cleared only while the world is stopped. */
static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg e) {
  const ephemeron *pair = ephemeron_at(object_read(m, e));
  bool alive = pair->key != NULL;
  gc_object *value = pair->value;
  OBJECT_EPHEMERON_BARRIER(m, value);
  *object_owning(m, dst) = value;
  return alive;
}

#define GC_EXTERNAL 1

/* Reads the owner after taking the block, which may have moved it. */
static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  OBJECT_CHECK(bytes > 0 && bytes <= GC_BYTES_MAX,
               "external memory of so many bytes:", bytes);
  void *memory = OBJECT_EXTERNAL(m, bytes);
  if (gc_unlikely(!memory))
    return false;
  gc_object *o = object_read(m, obj);
  OBJECT_EXTERNAL_MADE(m, o);
  return owned_note(o, memory, bytes);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  gc_object *o = finalizers_pop();
  if (o) {
    OBJECT_TAKEN(m, o);
    *object_owning(m, dst) = o;
  }
  return o != NULL;
}

static inline void gc_safepoint(gc_mutator *m) {
  OBJECT_POLL(m);
  world_poll();
}

#endif
