/* freelists.h: the memory of the counting collectors' objects: blocks of heap
 * cells of one size, each block with a free list of its own.
 *
 * One list for all cells of a size would be simpler, and a trap: after a while
 * its order is the order in which objects happened to die, and each allocation
 * waits for a cell from anywhere in memory to say where the next one is.  The
 * cells of one block lie together whatever their order (Leijen, Zorn & de
 * Moura, "Mimalloc: Free List Sharding in Action", APLAS 2019).
 *
 * A mutator *holds* blocks.  In each size class it allocates from one of them,
 * its *allocation buffer*: the block's list was moved to the mutator, which
 * pops cells off it.  A cell that the holder frees goes on the list of its
 * block.  A cell that another mutator frees goes on a second, atomic list of
 * the block, so that neither allocating nor freeing one's own cells takes an
 * atomic operation.  When the allocation buffer is used up, it is refilled from
 * the first of these that exists:
 *
 *     cells freed in the buffer's block meanwhile;
 *     the part of the block that was never used, a page at a time;
 *     another block of the mutator's own with free cells;
 *     a block with free cells whose mutator is gone;
 *     an empty block.
 *
 * The state of a block is one of these:
 *
 *     none      no mutator holds it: it is empty, and may become a block of any
 *               cell size.  The holder gives a block back once it sees that all
 *               of it is free; if the holder is gone, whoever frees the last
 *               cell does;
 *     buffer    it is an allocation buffer: its cells are in use, on the
 *               mutator's list, or on its own;
 *     full      nothing was free when it stopped being an allocation buffer.
 *               It is not searched for cells until a good part of it is free;
 *     partial   it has free cells.
 *
 * The field `left` counts down the frees until the state changes, so that a
 * free makes one comparison for all questions.  It is 0 where no block of ours
 * is (large objects), which the same comparison catches.
 *
 * Before a mutator is out of memory it stops the world and takes what nobody
 * uses from every mutator (freelists_reclaim): free cells in another mutator's
 * blocks are no reason to fail.
 *
 * Compiled with each collector, since the part `threads` says whether several
 * mutators free each other's objects (RC_SHARED). */
#ifndef REAPMARK_FREELISTS_H
#define REAPMARK_FREELISTS_H

#include "common/blocks.h"
#include "common/sizeclass.h"
#include "refcount/parts.h"

/* What a mutator did in the slow paths, so far. */
typedef struct freelists_counts {
  uint64_t partial;    /* full blocks of which a good part became free */
  uint64_t given_back; /* blocks that became empty */
  uint64_t adopted;    /* blocks taken over from mutators that are gone */
  uint64_t remote;     /* cells taken that other mutators had freed */
  uint64_t searched;   /* blocks that were searched for free cells */
} freelists_counts;

/* What a mutator holds, for each size class.  All zero at first.  The lists of
 * full and partial blocks are rings, in the order in which the blocks are to be
 * searched; a ring is the number of its first block, or 0. */
typedef struct freelists {
  gc_object *free[SIZE_CLASSES]; /* cells of the allocation buffer */
  uint32_t buffer[SIZE_CLASSES]; /* the number of its block, or 0 */
  uint32_t full[SIZE_CLASSES];   /* rings */
  uint32_t partial[SIZE_CLASSES];
  freelists_counts counts;
} freelists;

typedef enum freelists_state {
  FREELISTS_NONE,
  FREELISTS_BUFFER,
  FREELISTS_FULL,
  FREELISTS_PARTIAL
} freelists_state;

/* What is known of a block.  Each entry fills a line of the cache, so that the
 * entries of different threads' blocks do not disturb each other.  The entries
 * are in a table and not in the blocks, whose first lines would all fall into
 * the same set of the cache. */
typedef struct freelists_block {
  _Alignas(64) uint32_t left; /* frees by the holder until the state changes */
  uint32_t due;               /* `left` and the number of cells in `freed` */
  gc_object *freed;           /* cells freed by the holder */
  freelists *holder; /* a mutator's, or that of blocks without a mutator */
  uint64_t remote;   /* cells freed by others: the granule of the first, and
                        their number in the upper half */
  uint32_t next, previous; /* in the ring */
  uint16_t cells;          /* how many fit in the block */
  uint16_t carved;         /* of these, how many were ever on a list */
  uint8_t kind;            /* size class + 1, or 0: no block of ours */
  uint8_t state;           /* freelists_state */
  /* The number of cells in `remote` with which all of the block is free, if its
   * mutator is gone; otherwise 0. */
  _Atomic uint32_t remote_all;
} freelists_block;

_Static_assert(sizeof(freelists_block) == 64, "one line each");

/* The address that the entry of address 0 would have in the table of blocks, so
 * that an object's address gives its entry without a subtraction.  Fast paths
 * use freelists_quick.  Where every allocation and every free must take the
 * slow path (hostile.h, poison.h), that table is all zero. */
extern uintptr_t freelists_table, freelists_quick;

/* The entry of the block that `p` lies in. */
static inline freelists_block *freelists_entry(uintptr_t table, const void *p) {
  return (freelists_block *)(table + (uintptr_t)p / BLOCK_BYTES *
                                         sizeof(freelists_block));
}

/* To be called after space_create.  Returns false if the system refuses. */
bool freelists_create(void);
void freelists_destroy(void);

/* A mutator detaches: other mutators may take over the blocks it holds.  Any
 * thread. */
void freelists_leave(freelists *f);

/* The slow paths of allocating and freeing.  freelists_obtain returns NULL if
 * the heap limit is reached or the system refuses memory. */
gc_object *freelists_obtain(freelists *f, size_t bytes);
void freelists_return(freelists *f, gc_object *o);

/* Memory for an object of `bytes`, or NULL: then try freelists_obtain. */
static inline gc_object *freelists_alloc(freelists *f, size_t bytes) {
  if (bytes > SIZE_CLASS_MOST)
    return NULL;
  unsigned c = size_class(bytes);
  gc_object *o = f->free[c];
  if (gc_likely(o))
    f->free[c] = (gc_object *)o->header; /* the link to the next free cell */
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

/* Takes the free cells of all mutators and makes empty blocks available to
 * objects of every size.  The world is stopped. */
void freelists_reclaim(void);

/* The number of objects in the heap, large ones included, and where memory is
 * used and free.  No mutator may run. */
uint64_t freelists_objects(void);
/* Bytes of the cells of these objects, and perhaps of some free ones that are
 * on the lists of allocation buffers.  No mutator may run. */
uint64_t freelists_object_bytes(void);
gc_usage freelists_usage(void);

/* The counters: the fields of freelists_counts, summed over all mutators.  No
 * mutator may run. */
size_t freelists_counters(gc_counter *out, size_t room);

/* Bytes of the tables beside the heap. */
uint64_t freelists_side_bytes(void);

/* Calls `visit` for each cell of a block that was ever on a list, free or not.
 * Returns false if freed cells are in quarantine (poison.h), where they are on
 * no list.  freelists_large counts the objects that are in no block.  No
 * mutator may run. */
bool freelists_each(void (*visit)(void *data, gc_object *cell), void *data);
uint64_t freelists_large(void);

/* Returns what is wrong with lists, rings and counts, or NULL.  Calls `visit`
 * for each free cell.  No mutator may run. */
const char *freelists_check(void (*visit)(void *data, gc_object *cell),
                            void *data);

#endif
