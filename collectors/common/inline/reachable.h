/* reachable.h: the check that every tracing collector owes: what can be reached
 * from the roots is an object, and alive.  For gc_heap_check; no mutator runs.
 *
 * To be included where roots.h may be. */
#ifndef REAPMARK_COMMON_REACHABLE_H
#define REAPMARK_COMMON_REACHABLE_H

#include "common/bitmap.h"
#include "common/inline/roots.h"
#include "common/space.h"
#include "common/stack.h"

typedef struct reachable {
  uint64_t *seen;
  object_stack stack;
  const char *why;
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

/* Walks from the roots.  `is`: whether there may be an object at an address
 * within the reservation.  `alive`: whether this object is there as far as the
 * collector knows; it is asked of objects only.  Returns what is wrong, or
 * NULL.
 */
static inline const char *reachable_check(bool (*is)(const gc_object *o),
                                          bool (*alive)(const gc_object *o)) {
  reachable r = {.stack = {.reliable = true}};
  size_t bytes = space_bytes / SPACE_GRANULE / 8 + 8;
  r.seen = space_table_create(bytes);
  if (!r.seen)
    return "no memory to check in";
  roots_walk(reachable_reach, &r, false);
  while (r.stack.size && !r.why) {
    gc_object *o = object_pop(&r.stack);
    if (!is(o))
      r.why = "a reference does not refer to an object";
    else if (!alive(o))
      r.why = "a reachable object is not marked after a collection";
    else
      for (uint32_t s = 0; s < object_slots(o); s++)
        reachable_reach(&r, &o->slots[s]);
  }
  object_stack_free(&r.stack);
  space_table_destroy(r.seen, bytes);
  return r.why;
}

#endif
