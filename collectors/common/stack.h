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
  bool
      reliable; /* of a check's: injected failures are not for it (hostile.h) */
} object_stack;

/* Makes room for more.  Returns false if that is refused. */
bool object_stack_grow(object_stack *s);

/* Makes sure that the next push is not refused; false if it would be. */
static inline bool object_stack_reserve(object_stack *s) {
  return s->size < s->room || object_stack_grow(s);
}

void object_stack_free(object_stack *s);

static inline bool object_push(object_stack *s, gc_object *o) {
  if (gc_unlikely(s->size == s->room) && !object_stack_grow(s))
    return false;
  s->items[s->size++] = o;
  return true;
}

/* Pushes where refusal means that the process cannot go on: the list is what
 * keeps the collector's promise.  Ends it by gc_out_of_memory, so no lock may
 * be held that gc_heap_footprint takes. */
void object_push_or_die(object_stack *s, gc_object *o);

static inline gc_object *object_pop(object_stack *s) {
  return s->items[--s->size];
}

/* Entry number n, or the end; null while there is no room: C does not let one
 * add to null, not even nothing. */
static inline gc_object **object_stack_place(const object_stack *s, size_t n) {
  return s->items ? s->items + n : NULL;
}

static inline uint64_t object_stack_bytes(const object_stack *s) {
  /* Asked by the footprint while the owner may be pushing. */
  return __atomic_load_n(&s->room, __ATOMIC_RELAXED) * sizeof(gc_object *);
}

/* ------------------------------------------------------------------------- *
 * A bag takes what its stack refuses as well: that forms a list threaded
 * through a table beside the heap, a link for each granule, which is mapped
 * when it is first needed.  So nothing that is put in is ever lost for want of
 * memory.  Of the bags that share a table an object may be in one only; to put
 * it in again is allowed, and may or may not have it come out again.  The order
 * is any.  Bags that share a table may belong to different threads.
 * ------------------------------------------------------------------------- */

enum { BAG_TABLES = 3 };

typedef struct object_bag {
  object_stack stack;
  unsigned table;   /* below BAG_TABLES */
  uint32_t spilled; /* granule of the list's first object, 0: none */
} object_bag;

/* Empty, its stack capped where hostile conditions say so. */
void bag_init(object_bag *b, unsigned table);

void bag_spill(object_bag *b, gc_object *o);
gc_object *bag_unspill(object_bag *b);
gc_object *bag_next_spilled(const object_bag *b, uint64_t *at);

static inline void bag_put(object_bag *b, gc_object *o) {
  if (gc_unlikely(!object_push(&b->stack, o)))
    bag_spill(b, o);
}

/* Takes out an object; NULL if there is none. */
static inline gc_object *bag_take(object_bag *b) {
  if (b->stack.size)
    return object_pop(&b->stack);
  return gc_unlikely(b->spilled) ? bag_unspill(b) : NULL;
}

static inline bool bag_empty(const object_bag *b) {
  return b->stack.size == 0 && !b->spilled;
}

/* Walks the objects that are in the bag, which stays as it is: at *at = 0 the
 * first, at what is left there the next, and NULL after the last. */
static inline gc_object *bag_next(const object_bag *b, uint64_t *at) {
  if (*at < b->stack.size)
    return b->stack.items[(*at)++];
  return gc_unlikely(b->spilled) ? bag_next_spilled(b, at) : NULL;
}

/* Empties it, and gives its memory back. */
void bag_free(object_bag *b);

/* Gives back the tables, whose bags must all be empty. */
void bag_tables_free(void);

#endif
