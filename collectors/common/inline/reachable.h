/* reachable.h, a template (include it after struct gc_mutator): the check that
 * every tracing collector makes in gc_heap_check: whatever the roots reach is
 * an object, and alive.  No mutator may run meanwhile. */
#ifndef REAPMARK_COMMON_INLINE_REACHABLE_H
#define REAPMARK_COMMON_INLINE_REACHABLE_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/bitmap.h"
#include "common/ephemerons.h"
#include "common/inline/roots.h"
#include "common/space.h"
#include "common/stack.h"

typedef struct reachable {
  uint64_t *seen;     /* a bit per granule: an object there was reached */
  object_stack stack; /* objects that were reached and not scanned yet */
  const char *why;    /* what is wrong; NULL so far */
} reachable;

static inline void reachable_reach(void *data, gc_object **place) {
  reachable *r = data;
  gc_object *o = *place;
  if (!o)
    return;
  uint64_t offset = (uintptr_t)o - (uintptr_t)space_base;
  if (offset >= space_bytes || offset % SPACE_GRANULE)
    r->why = "a reference leads out of the heap";
  else if (bitmap_set(r->seen, space_granule(o)))
    object_push_or_die(&r->stack, o);
}

/* Reaches the value of ephemeron number `i` if ephemeron and key were reached.
 */
static inline void reachable_reach_value(reachable *r, size_t i) {
  gc_object *o = ephemerons.stack.items[i];
  ephemeron *e = ephemeron_at(o);
  if (e->key && bitmap_test(r->seen, space_granule(o)) &&
      bitmap_test(r->seen, space_granule(e->key)))
    reachable_reach(r, &e->value);
}

/* Reaches the values of all ephemerons whose keys were reached, in the order in
 * which the ephemerons were made, and then the other way, since values mostly
 * form chains in one of the two. */
static inline void reachable_reach_values(reachable *r) {
  size_t n = ephemerons.stack.size;
  for (size_t i = 0; i < n; i++)
    reachable_reach_value(r, i);
  for (size_t i = n; i-- > 0;)
    reachable_reach_value(r, i);
}

/* Walks the heap from the roots.  `is` tells whether an object may begin at an
 * address within the reservation.  `alive` tells whether the collector takes
 * an object for alive; it is called with addresses that passed `is` only.
 * Returns what is wrong, or NULL. */
static inline const char *reachable_check(bool (*is)(const gc_object *o),
                                          bool (*alive)(const gc_object *o)) {
  reachable r = {.stack = {.reliable = true}};
  size_t bytes = space_bytes / SPACE_GRANULE / 8 + 8;
  r.seen = space_table_create(bytes);
  if (!r.seen)
    return "no memory to check in";
  mutants_suspend(); /* a check sees the heap as it is */
  finalizers_counts counted = finalizers_counted; /* a check is no work */
  roots_each(reachable_reach, &r);
  finalizers_counted = counted;
  mutants_resume();
  while (r.stack.size && !r.why) {
    gc_object *o = object_pop(&r.stack);
    if (!is(o))
      r.why = "a reference does not refer to an object";
    else if (!alive(o))
      r.why = "a reachable object is not marked after a collection";
    else
      for (uint32_t s = 0; s < object_slots(o); s++)
        reachable_reach(&r, &o->slots[s]);
    if (!r.stack.size && !r.why)
      reachable_reach_values(&r);
  }
  object_stack_free(&r.stack);
  space_table_destroy(r.seen, bytes);
  return r.why;
}

#endif
