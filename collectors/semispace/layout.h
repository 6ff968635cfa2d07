/* layout.h: what the sources of semispace share: the space and its blocks, the
 * state of the heap, and the steps of copying. */
#ifndef REAPMARK_SEMISPACE_LAYOUT_H
#define REAPMARK_SEMISPACE_LAYOUT_H

#include "gc.h"
#include "common/hostile/mutants.h"
#include "common/hostile/poison.h"
#include "semispace/semispace.h"
#include <pthread.h>

/* A block of the space; the table is indexed by block number. */
typedef struct semi_block {
  uint32_t next;      /* in the space, 0 at the end */
  uint32_t next_open; /* in the list of open blocks, 0 at the end */
  uint32_t fill;      /* bytes from its start that are objects */
} semi_block;

/* A list of blocks, in the order in which they were taken. */
typedef struct semi_space {
  uint32_t first, last, count;
} semi_space;

struct gc_heap {
  bool each;    /* every allocation takes the slow path (hostile.h) */
  bool poisons; /* free memory is poisoned (poison.h) */

  pthread_mutex_t lock; /* for what follows, and for blocks and large objects */
  semi_block *blocks;
  semi_space space;
  uint32_t open;      /* the list of blocks with room that no mutator allocates
                         in, 0 if there is none */
  uint64_t charged;   /* bytes in the space that objects have or may get, ... */
  uint64_t left;      /* ... and of these, what mutators left unused at the
                         ends of blocks since the last collection */
  uint64_t allocated; /* bytes handed out since the last collection */
  uint64_t budget;    /* how many may be before the next one, with external
                         ones */
  uint64_t live;      /* bytes that the last collection left */

  uint64_t live_objects; /* after the last collection */
  /* So far: */
  uint64_t collections, copied, copied_bytes, large_scanned;
  uint64_t copied_twice;    /* objects of which a copy was taken back */
  uint64_t taken, reopened; /* taken by mutators; of these, open ones */
};

extern gc_heap semi; /* there is one per process */

/* Adds a block to a list. */
static inline void semi_append(semi_space *s, uint32_t number) {
  semi.blocks[number] = (semi_block){0};
  if (s->last)
    semi.blocks[s->last].next = number;
  else
    s->first = number;
  s->last = number;
  s->count++;
}

/* ------------------------------------------------------------------------- *
 * copying.c.  But for the first two and the last, the world is stopped.
 * ------------------------------------------------------------------------- */

/* Make and free what markers keep for themselves.  `limit` is that of the heap,
 * which decides how many markers there may be. */
void semi_markers_create(uint64_t limit);
void semi_markers_destroy(void);

/* Copies all objects that the roots reach.  Objects that join the finalizer
 * queue later are left to semi_copy_queue. */
void semi_copy_roots(void);

/* Copies the values of ephemerons that are alive, and what they reach; after
 * ephemerons_begin.  `revived`: what the finalizer queue leads to. */
void semi_copy_values(bool revived);

/* Copies the objects of the finalizer queue from number `first` on, and what
 * they reach.  `pairs`: ephemerons_begin returned true. */
void semi_copy_queue(size_t first, bool pairs);

/* Makes the blocks with the copies the space, and returns how many objects were
 * copied. */
uint64_t semi_finish(void);

/* Bytes that markers hold.  Any thread. */
uint64_t semi_markers_bytes(void);

#endif
