/* by-hand/bdwgc.h: plain C on libgc.
 *
 * A type is one of libgc's kinds of objects, whose descriptor says that the
 * slots at the start are all that must be marked.  Objects are taken from free
 * lists that libgc fills (GC_generic_malloc_many), as the macros of gc_inline.h
 * do. */
#ifndef REAPMARK_BY_HAND_BDWGC_H
#define REAPMARK_BY_HAND_BDWGC_H

#include "bdwgc/bdwgc.h"

#define HAND_HEAD

typedef struct hand_type {
  void *free; /* heap cells, zero but for the link in their first word */
  size_t bytes;
  unsigned slots;
  int kind;
  struct hand_type *next;
} hand_type;

void *hand_refill(hand_type *t);

static inline void *hand_new(hand_type *t) {
  void *o = t->free;
  if (gc_unlikely(!o))
    return hand_refill(t);
  t->free = *(void **)o;
  return o;
}

#define hand_leaf(t)       hand_new(t)
#define hand_built(o)      ((void)(o))
#define hand_share(o)      (o)
#define hand_drop(o)       ((void)(o))
#define hand_free(o)       ((void)(o))
#define hand_bytes_free(p) ((void)(p))
void *hand_bytes(size_t bytes);

/* For bdwgc.c: roots and free lists are marked, free lists are given up before
 * a collection that is asked for, and whether a heap cell is an object. */
void hand_push_roots(void);
void hand_give_up(void);
bool hand_owns(const void *cell);

#include "by-hand/by-hand.h"

#endif
