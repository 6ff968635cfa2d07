/* freelists.h: cells of one size a block, each block with a free list of its
 * own: where the counting collectors' objects live.
 *
 * A list for all cells of a size would be the obvious thing, and a trap: after
 * a while its order is that in which objects happened to die, and each
 * allocation waits for a cell from anywhere in memory to say where the next one
 * is.  Cells of one block lie together whatever their order (Leijen, Zorn & de
 * Moura, "Mimalloc: Free List Sharding in Action", APLAS 2019).
 *
 * A mutator *holds* blocks.  From one block of each size class, the one *in
 * hand*, it allocates: the block's list was moved to the mutator, which pops
 * cells off it.  What the holder frees goes on the list of the cell's block,
 * what others free on a second list of the block that is atomic, so that
 * neither allocating nor freeing one's own takes an atomic operation.  When the
 * list in hand is used up it takes, of these, the first that there is:
 *
 *     what was freed in the block in hand meanwhile; the rest of the block that
 *     was never used, a page at a time; another block of its own with free
 *     cells; a block that a mutator held that is gone; an empty block.
 *
 * A block is in one of these states:
 *
 *     in hand   its cells are in use, in the mutator's list, or in its own;
 *     full      so it was when it left the hand: nobody looks for cells there
 *               until a good part of it is free again;
 *     partial   there are free cells;
 *     none's    given back as soon as the holder sees all of it free, so that
 *               cells of another size can have it.
 *
 * `left` counts down the frees until the state changes, which makes one
 * comparison of all that a free has to ask: it is 0 of what is no block of ours
 * (large objects), too.
 *
 * Before it is out of memory a mutator stops the world and takes from everybody
 * what nobody uses (freelists_reclaim): that cells are free in another one's
 * blocks is no reason to fail.
 *
 * Compiled with each collector: RC_SHARED says whether several mutators
 * free each other's objects.  The collector's struct gc_mutator has a member
 * `freelists cells`. */
#ifndef REAPMARK_FREELISTS_H
#define REAPMARK_FREELISTS_H

#include "common/blocks.h"
#include "common/sizeclass.h"

/* What a mutator holds; zero at first. */
typedef struct freelists {
  gc_object *free[SIZE_CLASSES];  /* cells of the block in hand */
  uint32_t hand[SIZE_CLASSES];    /* its number, or 0 */
  uint32_t full[SIZE_CLASSES];    /* rings of blocks, in the order in which */
  uint32_t partial[SIZE_CLASSES]; /* they are to be looked at */
} freelists;

typedef enum freelists_state {
  FREELISTS_NONE,
  FREELISTS_HAND,
  FREELISTS_FULL,
  FREELISTS_PARTIAL
} freelists_state;

/* What is known of a block.  A line of the cache each: those of blocks that
 * different threads hold do not disturb each other.  Apart from the blocks,
 * whose first lines would all fall into the same set of the cache. */
typedef struct freelists_block {
  _Alignas(64) uint32_t left;
  uint32_t due;      /* what `left` was: due - left cells are in `freed` */
  gc_object *freed;  /* by the holder */
  freelists *holder; /* or what stands for nobody */
  uint64_t remote;   /* freed by others: granule of the first, and how many of
                        them in the upper half */
  uint32_t next, previous; /* in the ring */
  uint16_t cells, carved;  /* in the block; of these, used at some time */
  uint8_t kind;            /* its class + 1, or 0: no block of ours */
  uint8_t state;
} freelists_block;

_Static_assert(sizeof(freelists_block) == 64, "one line each");

/* Address of the table of blocks, less that of the entry that address 0 would
 * have.  The second is the one that fast paths look into; where each allocation
 * and each free must take the slow path (hostile.h, poison.h) it is all zero.
 */
extern uintptr_t freelists_table, freelists_quick;

static inline freelists_block *freelists_entry(uintptr_t table, const void *p) {
  return (freelists_block *)(table + (uintptr_t)p / BLOCK_BYTES *
                                         sizeof(freelists_block));
}

/* After space_create.  False if the system refuses. */
bool freelists_create(void);
void freelists_destroy(void);

/* Hands on what a mutator that goes away holds. */
void freelists_leave(freelists *f);

/* The slow paths.  freelists_obtain gives NULL if the limit is reached, or if
 * memory is refused. */
gc_object *freelists_obtain(freelists *f, size_t bytes);
void freelists_return(freelists *f, gc_object *o);

/* Memory for an object of `bytes`, or NULL: freelists_obtain has more. */
static inline gc_object *freelists_alloc(freelists *f, size_t bytes) {
  if (bytes > SIZE_CLASS_MOST)
    return NULL;
  unsigned c = size_class(bytes);
  gc_object *o = f->free[c];
  if (gc_likely(o))
    f->free[c] = (gc_object *)o->header; /* a free cell's link */
  return o;
}

static inline void freelists_free(freelists *f, gc_object *o) {
  freelists_block *b = freelists_entry(freelists_quick, o);
  if (RC_SHARED &&
      gc_unlikely(__atomic_load_n(&b->holder, __ATOMIC_RELAXED) != f)) {
    freelists_return(f, o);
    return;
  }
  uint32_t left = b->left;
  if (gc_unlikely(left <= 1)) {
    freelists_return(f, o);
    return;
  }
  b->left = left - 1;
  o->header = (uintptr_t)b->freed;
  b->freed = o;
}

/* Gives all that is free, in whosever hands, back to where objects of every
 * size can have it.  The world is stopped. */
void freelists_reclaim(void);

/* Objects in the heap, cells and large ones; no mutator may run. */
uint64_t freelists_objects(void);
gc_usage freelists_usage(void);

/* Bytes of the tables. */
uint64_t freelists_side_bytes(void);

/* What is wrong with lists, rings and counts, or NULL.  Calls `visit` for each
 * cell that is free.  No mutator may run. */
const char *freelists_check(void (*visit)(void *data, gc_object *cell),
                            void *data);

#endif
