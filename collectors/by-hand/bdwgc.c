/* by-hand/bdwgc.c: types and roots of plain C on libgc. */
#include "gc.h"

#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>
#include <gc/gc_inline.h>
#include <gc/gc_mark.h>

enum { ROOTS = 8 };

static hand_type *types;
static struct {
  void *from;
  size_t count;
} roots[ROOTS];

/* Types with as many slots share a kind: libgc has room for few. */
static int kind_of(unsigned slots) {
  for (const hand_type *t = types; t; t = t->next)
    if (t->slots == slots)
      return t->kind;
  return (int)GC_new_kind(GC_new_free_list(),
                          slots * sizeof(void *) | GC_DS_LENGTH, 0, 1);
}

void hand_type_begin(hand_type *t, unsigned slots, size_t bytes) {
  const size_t granules = (bytes + BDWGC_GRANULE - 1) / BDWGC_GRANULE;
  *t = (hand_type){.bytes = granules * BDWGC_GRANULE,
                   .slots = slots,
                   .kind = kind_of(slots),
                   .next = types};
  types = t;
}

void hand_leaf_begin(hand_type *t, size_t bytes) {
  hand_type_begin(t, 0, bytes);
}

void hand_root(void *from, size_t count) {
  size_t i = 0;
  while (i < ROOTS && roots[i].from)
    i++;
  if (i == ROOTS)
    gc_out_of_memory(NULL, (gc_shape){0, 0});
  roots[i].from = from;
  roots[i].count = count;
}

/* The first call may fail although a collection would find room. */
void *hand_refill(hand_type *t) {
  for (unsigned tries = 0; tries < 2 && !t->free; tries++) {
    if (tries)
      GC_gcollect();
    GC_generic_malloc_many(t->bytes, t->kind, &t->free);
  }
  void *o = t->free;
  if (!o)
    gc_out_of_memory(NULL, (gc_shape){0, (uint32_t)t->bytes});
  t->free = *(void **)o;
  return o;
}

void *hand_bytes(size_t bytes) {
  return GC_malloc_atomic_ignore_off_page(bytes);
}

void hand_push_roots(void) {
  for (size_t i = 0; i < ROOTS && roots[i].from; i++)
    GC_push_all(roots[i].from, (void **)roots[i].from + roots[i].count);
  for (hand_type *t = types; t; t = t->next)
    for (void *cell = t->free; cell; cell = *(void **)cell)
      GC_set_mark_bit(cell);
}

void hand_give_up(void) {
  for (hand_type *t = types; t; t = t->next)
    t->free = NULL;
}

bool hand_owns(const void *cell) {
  const int kind = GC_get_kind_and_size(cell, NULL);
  const hand_type *t = types;
  while (t && t->kind != kind)
    t = t->next;
  return t != NULL;
}
