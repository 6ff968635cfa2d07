/* stack.c: see stack.h. */
#include "common/stack.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/space.h"
#include <pthread.h>

bool object_stack_grow(object_stack *s) {
  size_t room = s->room ? 2 * s->room : STACK_LEAST;
  if (s->most && room > s->most)
    room = s->most;
  if (room <= s->room) {
    if (hostile.buffers)
      hostile_fire(HOSTILE_BUFFERS);
    return false;
  }
  if (!s->reliable && hostile_fails())
    return false;
  /* Large blocks are remapped by the C library, not copied. */
  gc_object **items = realloc(s->items, room * sizeof *items);
  if (!items)
    return false;
  s->items = items;
  __atomic_store_n(&s->room, room, __ATOMIC_RELAXED);
  return true;
}

void object_stack_trim(object_stack *s) {
  size_t room = s->room / 2;
  if (s->size >= s->room / 4 || room < STACK_LEAST)
    return;
  gc_object **items = gc_mutant(trim_leaks)
                          ? malloc(room * sizeof *items)
                          : realloc(s->items, room * sizeof *items);
  if (!items) /* then it stays as it is */
    return;
  if (gc_mutant(trim_leaks))
    memcpy(items, s->items, s->size * sizeof *items);
  s->items = items;
  __atomic_store_n(&s->room, room, __ATOMIC_RELAXED);
}

void object_stack_rest(object_stack *s) {
  if (s->room == s->rested && ++s->calm < STACK_CALM)
    return;
  if (s->room == s->rested)
    object_stack_trim(s);
  s->rested = s->room;
  s->calm = 0;
}

void object_stack_free(object_stack *s) {
  free(s->items);
  s->items = NULL;
  s->size = 0;
  __atomic_store_n(&s->room, 0, __ATOMIC_RELAXED);
}

void object_push_or_die(object_stack *s, gc_object *o) {
  if (!object_push(s, o))
    gc_out_of_memory(NULL, (gc_shape){0, 0});
}

/* ------------------------------------------------------------------------- *
 * Bags.
 * ------------------------------------------------------------------------- */

/* A table entry is 0 for an object that is in no list, else the granule of the
 * next object in the list.  BAG_LAST ends a list: no object is in the first
 * page of the reservation. */
enum { BAG_LAST = 1 };

_Atomic uint64_t bag_spills;
static _Atomic(uint32_t *) bag_tables[BAG_TABLES];
static pthread_mutex_t bag_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t bag_table_bytes(void) {
  return space_bytes / SPACE_GRANULE * sizeof(uint32_t);
}

static uint32_t *bag_table(unsigned n) {
  uint32_t *table = bag_tables[n];
  if (table)
    return table;
  pthread_mutex_lock(&bag_lock);
  table = bag_tables[n];
  if (!table)
    bag_tables[n] = table = space_table_create(bag_table_bytes());
  pthread_mutex_unlock(&bag_lock);
  if (!table)
    gc_out_of_memory(NULL, (gc_shape){0, 0});
  return table;
}

void bag_init(object_bag *b, unsigned table) {
  *b = (object_bag){.stack = {.most = hostile.buffers}, .table = table};
}

void bag_spill(object_bag *b, gc_object *o) {
  uint32_t granule = space_granule(o), *link = &bag_table(b->table)[granule];
  if (*link)
    return;
  *link = b->spilled && !gc_mutant(spill_forgets) ? b->spilled : BAG_LAST;
  b->spilled = granule;
  atomic_fetch_add_explicit(&bag_spills, 1, memory_order_relaxed);
}

gc_object *bag_unspill(object_bag *b) {
  uint32_t granule = b->spilled, *link = &bag_table(b->table)[granule];
  b->spilled = *link == BAG_LAST ? 0 : *link;
  *link = 0;
  return space_address(granule);
}

/* *at is an index into the stack's entries while there are some, then 2^32 plus
 * the granule of the next object in the list. */
gc_object *bag_next_spilled(const object_bag *b, uint64_t *at) {
  const uint64_t list = (uint64_t)1 << 32;
  uint32_t granule = b->spilled;
  if (*at & list)
    granule = (uint32_t)*at == BAG_LAST ? 0 : (uint32_t)*at;
  if (!granule)
    return NULL;
  *at = list | bag_table(b->table)[granule];
  return space_address(granule);
}

void bag_pour(object_bag *from, object_bag *to) {
  for (gc_object *o; (o = bag_take(from));)
    if (from->stack.size || !gc_mutant(spilled_not_inherited))
      bag_put(to, o);
  bag_free(from);
}

void bag_free(object_bag *b) {
  while (b->spilled)
    bag_unspill(b);
  object_stack_free(&b->stack);
}

void bag_tables_free(void) {
  for (unsigned n = 0; n < BAG_TABLES; n++) {
    space_table_destroy(bag_tables[n], bag_table_bytes());
    bag_tables[n] = NULL;
  }
  bag_spills = 0;
}
