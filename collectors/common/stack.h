/* stack.h: a growable array of object pointers kept outside the heap: mark
 * stacks, candidate buffers, lists of weak references and finalizable objects.
 *
 * Growth doubles and may be refused, by the `most` entries that the owner
 * allows or by the system; what happens then is the owner's business.  Not
 * thread-safe. */
#ifndef REAPMARK_COMMON_STACK_H
#define REAPMARK_COMMON_STACK_H

#include "common/object.h"

typedef struct object_stack {
  gc_object **items;
  size_t size, room;
  size_t most; /* entries; 0: no cap */
} object_stack;

/* Makes room for one more.  Returns false if that is refused. */
bool object_stack_grow(object_stack *s);

void object_stack_free(object_stack *s);

static inline bool object_push(object_stack *s, gc_object *o) {
  if (gc_unlikely(s->size == s->room) && !object_stack_grow(s))
    return false;
  s->items[s->size++] = o;
  return true;
}

/* Pushes where refusal means that the process cannot go on: the list is what
 * keeps the collector's promise.  Ends the process with a message. */
void object_push_or_die(object_stack *s, gc_object *o);

static inline gc_object *object_pop(object_stack *s) {
  return s->items[--s->size];
}

static inline uint64_t object_stack_bytes(const object_stack *s) {
  return s->room * sizeof(gc_object *);
}

#endif
