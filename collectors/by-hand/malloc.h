/* by-hand/malloc.h: plain C with malloc and free, of the C library, of jemalloc
 * or of mimalloc (malloc/malloc.h).  Objects are counted, for the verdict, by
 * two counters. */
#ifndef REAPMARK_BY_HAND_MALLOC_H
#define REAPMARK_BY_HAND_MALLOC_H

#include "malloc/malloc.h"

#include <stdlib.h>

#define HAND_HEAD

#ifdef MALLOC_JEMALLOC
/* jemalloc's own, under the names that collectors/common/prefix-jemalloc.cmake
 * gives them. */
void *rmje_malloc(size_t bytes);
void rmje_free(void *p);
int rmje_mallctl(const char *name, void *old, size_t *old_bytes, void *set,
                 size_t set_bytes);
#define HAND_MALLOC rmje_malloc
#define HAND_FREE   rmje_free
#else
#define HAND_MALLOC malloc
#define HAND_FREE   free
#endif

typedef struct hand_type {
  size_t bytes;
} hand_type;

#ifdef MALLOC_JEMALLOC
/* What jemalloc holds from the system. */
gc_footprint hand_jemalloc_held(void);
#endif

extern uint64_t hand_made, hand_freed; /* objects */

static inline void *hand_new(hand_type *t) {
  void *o = HAND_MALLOC(t->bytes);
  if (gc_unlikely(!o))
    gc_out_of_memory(NULL, (gc_shape){0, (uint32_t)t->bytes});
  hand_made++;
  return o;
}

static inline void hand_free(void *o) {
  HAND_FREE(o);
  hand_freed++;
}

#define hand_leaf(t)    hand_new(t)
#define hand_built(o)   ((void)(o))
#define hand_share(o)   (o)
#define hand_drop(o)    ((void)(o))
#define hand_bytes      HAND_MALLOC
#define hand_bytes_free HAND_FREE

#include "by-hand/by-hand.h"

#endif
