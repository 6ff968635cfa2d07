/* stack.c: see stack.h. */
#include "common/stack.h"

bool object_stack_grow(object_stack *s) {
  size_t room = s->room ? 2 * s->room : 256;
  if (s->most && room > s->most)
    room = s->most;
  if (room <= s->room)
    return false;
  /* Large blocks are remapped by the C library, not copied. */
  gc_object **items = realloc(s->items, room * sizeof *items);
  if (!items)
    return false;
  s->items = items;
  s->room = room;
  return true;
}

void object_stack_free(object_stack *s) {
  free(s->items);
  s->items = NULL;
  s->size = s->room = 0;
}

void object_push_or_die(object_stack *s, gc_object *o) {
  if (!object_push(s, o)) {
    fputs("collector: no memory for its own lists\n", stderr);
    abort();
  }
}
