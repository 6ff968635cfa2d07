/* stack.h: growable stacks of object pointers outside the heap, for mark
 * stacks, candidate buffers, and lists of weak references and finalizable
 * objects; and bags, which never lose an object for want of memory.
 *
 * A stack doubles its room.  Growth may be refused, by the owner's limit `most`
 * or by the system; the owner decides what happens then.  Not thread-safe. */
#ifndef REAPMARK_COMMON_STACK_H
#define REAPMARK_COMMON_STACK_H

#include "common/object.h"
#include <stdatomic.h>

typedef struct object_stack {
  gc_object **items;
  size_t size, room;
  size_t most;   /* the most entries; 0: no limit */
  bool reliable; /* no failure is injected into it (hostile.h): it belongs to a
                    check */
  size_t rested; /* room at the last object_stack_rest, */
  unsigned calm; /* and calls in a row that found it unchanged */
} object_stack;

/* Makes room for more entries.  Returns false if that is refused. */
bool object_stack_grow(object_stack *s);

/* Makes sure that the next push succeeds.  Returns false if it would not. */
static inline bool object_stack_reserve(object_stack *s) {
  return s->size < s->room || object_stack_grow(s);
}

/* Gives memory back that the stack has not needed lately: halves its room if
 * less than a quarter is in use.  Room for STACK_LEAST entries stays, so small
 * stacks never shrink and large ones do not shrink and grow in turn. */
enum { STACK_LEAST = 256 };
void object_stack_trim(object_stack *s);

/* The same for a stack that one collection after the other fills and empties:
 * called when the stack is empty, trims at every STACK_CALMth call in a row
 * between which the stack did not grow. */
enum { STACK_CALM = 16 };
void object_stack_rest(object_stack *s);

/* Empties the stack and frees its memory. */
void object_stack_free(object_stack *s);

/* Returns false, without a change, if there is no room. */
static inline bool object_push(object_stack *s, gc_object *o) {
  if (gc_unlikely(s->size == s->room) && !object_stack_grow(s))
    return false;
  s->items[s->size++] = o;
  return true;
}

/* Pushes onto a list that must be complete for the collector to be correct.  If
 * there is no room, ends the process by gc_out_of_memory; so the caller must
 * not hold a lock that gc_heap_footprint takes. */
void object_push_or_die(object_stack *s, gc_object *o);

/* The stack must not be empty. */
static inline gc_object *object_pop(object_stack *s) {
  return s->items[--s->size];
}

/* The place of entry `n`, or the end of the entries; null for a stack without
 * room, because adding even 0 to a null pointer is undefined in C. */
static inline gc_object **object_stack_place(const object_stack *s, size_t n) {
  return s->items ? s->items + n : NULL;
}

/* Bytes of memory that the stack holds.  Any thread. */
static inline uint64_t object_stack_bytes(const object_stack *s) {
  /* Atomic: the owner may be pushing. */
  return __atomic_load_n(&s->room, __ATOMIC_RELAXED) * sizeof(gc_object *);
}

/* ------------------------------------------------------------------------- *
 * Bags.  A bag is a stack that also takes the objects for which the stack has
 * no room: these form a list threaded through a table beside the heap, which
 * has a link for each granule and is mapped when it is first needed.  So no
 * object that is put in is lost for want of memory.
 *
 * Several bags can share a table, even bags of different threads, but an object
 * may be in only one bag of a table.  An object that is put in twice comes out
 * once or twice.  Objects come out in any order.
 * ------------------------------------------------------------------------- */

enum { BAG_TABLES = 4 };

typedef struct object_bag {
  object_stack stack;
  unsigned table;   /* below BAG_TABLES */
  uint32_t spilled; /* the granule of the list's first object; 0: none */
} object_bag;

/* Makes an empty bag.  Hostile conditions may limit its stack. */
void bag_init(object_bag *b, unsigned table);

/* How many objects were put in for which the stack of a bag had no room. */
extern _Atomic uint64_t bag_spills;

/* The slow halves of the functions that follow. */
void bag_spill(object_bag *b, gc_object *o);
gc_object *bag_unspill(object_bag *b);
gc_object *bag_next_spilled(const object_bag *b, uint64_t *at);

static inline void bag_put(object_bag *b, gc_object *o) {
  if (gc_unlikely(!object_push(&b->stack, o)))
    bag_spill(b, o);
}

/* Takes an object out; NULL if the bag is empty. */
static inline gc_object *bag_take(object_bag *b) {
  if (b->stack.size)
    return object_pop(&b->stack);
  return gc_unlikely(b->spilled) ? bag_unspill(b) : NULL;
}

static inline bool bag_empty(const object_bag *b) {
  return b->stack.size == 0 && !b->spilled;
}

/* Iterates over the objects of a bag without changing it: starts with *at == 0
 * and returns the next object, or NULL after the last. */
static inline gc_object *bag_next(const object_bag *b, uint64_t *at) {
  if (*at < b->stack.size)
    return b->stack.items[(*at)++];
  return gc_unlikely(b->spilled) ? bag_next_spilled(b, at) : NULL;
}

/* Moves all objects of one bag into another and frees the memory of the first.
 */
void bag_pour(object_bag *from, object_bag *to);

/* Empties a bag and frees its memory. */
void bag_free(object_bag *b);

/* Frees the tables.  All bags must be empty. */
void bag_tables_free(void);

#endif
