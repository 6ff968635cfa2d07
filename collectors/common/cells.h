/* cells.h: a heap of size-segregated blocks that does not move objects, marked
 * in a bitmap.  mark-sweep, mark-sweep-incremental, mark-sweep-concurrent,
 * generational and refcount-deferred allocate from it.
 *
 * Small objects live in blocks (blocks.h), each divided into cells of one size
 * class; larger ones are allocated one by one (large.h).  Beside the heap lies
 * one mark bit per granule.  A side bitmap is dense, so marking touches an
 * object only to read its slots, and an object that is already marked not at
 * all.
 *
 * There is no free list and no sweep phase.  A mutator takes a block with free
 * cells into its *allocation buffer* and allocates from one *free span* after
 * the other: a span is a stretch of unmarked cells, found in the bitmap, so
 * allocating is bumping a cursor.
 *
 * Invariants.
 *   - Bits are set only where objects begin.
 *   - Between collections, a set bit is an object that survived the last one.
 *     Newer objects are unmarked and lie in spans that were handed out already.
 *     The spans of a block are handed out once between two collections, in
 *     address order, so no cell is handed out twice.
 *   - A block is in at most one of these: the list of its class's blocks with
 *     free cells, the list of empty blocks, one mutator's allocation buffer.
 *
 * A collection does this, with the world stopped:
 *
 *     cells_buffer_reset  for each mutator: its buffer no longer has blocks
 *     cells_clear_marks   unless the last collection's marks are kept
 *     ... marks (marking.h) and takes the steps of tracked.h ...
 *     cells_sort          frees large objects, and sorts blocks by what is left
 *                         in them; if marks were kept, only those blocks that
 *                         were handed out since the last collection, or in
 *                         which old objects died (cells_died)
 *
 * Sources: lazy sweeping, Hughes, SP&E 1982; allocating from a mark bitmap span
 * by span, as Boehm's collector builds its free lists, and as Immix (Blackburn
 * & McKinley, PLDI 2008) does with lines in place of cells. */
#ifndef REAPMARK_COMMON_CELLS_H
#define REAPMARK_COMMON_CELLS_H

#include "common/bitmap.h"
#include "common/blocks.h"
#include "common/external.h"
#include "common/large.h"
#include "common/sizeclass.h"
#include "common/world.h"

typedef struct cells_span {
  char *cursor, *limit; /* the next free cell, and the end of the last one */
} cells_span;

/* A mutator's allocation buffer: the member `buffer` of its struct.  Zero at
 * first. */
typedef struct cells_buffer {
  cells_span spans[SIZE_CLASSES];
  char *blocks[SIZE_CLASSES]; /* the blocks the spans are in, or NULL */
} cells_buffer;

/* Stand for the size classes of large objects, and of external memory, which is
 * asked for as if it were one (owned.h). */
enum { CELLS_LARGE = SIZE_CLASSES, CELLS_EXTERNAL };

typedef struct cells_figures {
  uint64_t live_objects, live_bytes; /* at the last cells_sort */
  /* Bytes of free memory handed out since the last cells_sort: in blocks that
   * were empty, in blocks with survivors, in large objects.  A block counts as
   * a whole as soon as a mutator takes it. */
  uint64_t fresh, holes, large;
  bool untouched; /* nothing was handed out since the last cells_sort */
} cells_figures;

/* For the collector to read.  There is one heap of cells per process. */
extern cells_figures cells;
extern uint64_t *cells_marks; /* a bit per granule */

/* gc_heap_tally, from the beginning of a sort until the next one.  Any thread.
 */
gc_tally cells_tally(void);

/* Counts of events and of work so far, for gc_heap_counters; see
 * CELLS_COUNTERS. */
typedef struct cells_counts {
  uint64_t reused;   /* blocks with survivors that mutators took */
  uint64_t emptied;  /* blocks in which a collection left nothing */
  uint64_t returned; /* blocks that a detaching mutator gave back */
  uint64_t sorted;   /* blocks that collections looked at */
} cells_counts;
extern cells_counts cells_counted;
#define CELLS_EVENTS                                                           \
  "blocks-reused", "blocks-emptied", "blocks-returned", LARGE_EVENTS
#define CELLS_WORK "blocks-sorted", LARGE_WORK
#define CELLS_COUNTERS                                                         \
  {"blocks-reused", cells_counted.reused},                                     \
      {"blocks-emptied", cells_counted.emptied},                               \
      {"blocks-returned", cells_counted.returned},                             \
      {"blocks-sorted", cells_counted.sorted}, LARGE_COUNTERS

/* Bytes of memory handed out since the last cells_sort, external memory
 * included. */
static inline uint64_t cells_handed_out(void) {
  return cells.fresh + cells.holes + cells.large + external_added();
}

/* Bytes that were alive at the last cells_sort, external memory included. */
static inline uint64_t cells_kept(void) {
  return cells.live_bytes + external_kept();
}

/* Makes the heap with its space and blocks.  `limit` in bytes, 0: none.
 * Returns false if the system refuses memory. */
bool cells_create(uint64_t limit);
void cells_destroy(void);

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

/* A cell of class `c` from the allocation buffer; NULL if the span is used up:
 * call cells_obtain. */
static inline gc_object *cells_bump(cells_buffer *buffer, unsigned c) {
  cells_span *span = &buffer->spans[c];
  char *cell = span->cursor; /* both are null at first: compared as numbers */
  if (gc_unlikely((uintptr_t)cell + size_class_bytes(c) >
                  (uintptr_t)span->limit))
    return NULL;
  span->cursor = cell + size_class_bytes(c);
  return (gc_object *)cell;
}

/* What a collector does in the slow path of allocation. */
typedef struct cells_policy {
  /* Whether memory may be handed out now; if not, a collection is due.  `fresh`
   * is true for an empty block and for a large object, false for a block with
   * survivors; `bytes` is the free memory in it.  The lock of the cells is
   * held. */
  bool (*may)(bool fresh, uint64_t bytes);
  /* Collects; the world is stopped.  `again`: the last collection in this
   * allocation did not help, so do all that can be done. */
  void (*collect)(gc_mutator *m, bool again);
  /* The most calls of `collect` in one allocation before it is out of memory:
   * 1, or more if a second call does more than the first.  After the last one
   * `may` is not asked, so all the memory there is can be used. */
  unsigned attempts;
  /* Collects where hostile conditions ask for it.  NULL: gc_collect does. */
  void (*hostile)(gc_mutator *m);
  /* Called when a free span was handed out: cells from `first` to `end`, in
   * steps of `cell` bytes.  May be NULL.  Not called for large objects. */
  void (*handed_out)(char *first, char *end, size_t cell);
} cells_policy;

/* The slow path of allocation.  Returns memory for an object of size class `c`,
 * or of `bytes` if `c` is CELLS_LARGE; NULL when out of memory.  Goes to the
 * buffer's next free span, takes another block, collects, and gives empty
 * blocks back where that helps.  Calls hostile_allocation.  `buffer` is that of
 * `m`.  (S) */
gc_object *cells_obtain(gc_mutator *m, cells_buffer *buffer, unsigned c,
                        size_t bytes, const cells_policy *policy);

/* Gives a detaching mutator's blocks back: other mutators go on allocating in
 * each of them where this one stopped. */
void cells_buffer_return(cells_buffer *buffer);

/* ------------------------------------------------------------------------- *
 * Collections; the world is stopped.
 * ------------------------------------------------------------------------- */

/* Takes all blocks from an allocation buffer. */
void cells_buffer_reset(cells_buffer *buffer);

/* Clears all bits of `marks`, which is cells_marks or a bitmap that
 * cells_bitmap returned. */
void cells_clear_marks(uint64_t *marks);

/* Tells cells_sort(false) that an object which survived the last collection has
 * lost its bit.  It may get the bit back before. */
void cells_died(const gc_object *o);

/* Frees the large objects that cells_marks has no bit for, sorts the blocks by
 * what is left in them, and sets the figures.  `all`: the marks were cleared
 * before marking.  If not, what survived the last collection has survived this
 * one too, but for what cells_died was told of, and only memory handed out
 * since and blocks in which something died are looked at. */
void cells_sort(bool all);

/* Gives back what the heap holds beyond the goal of its policy (pacing.h).
 * After a full collection has sorted all, and pacing_decide.  Mutators may run.
 */
void cells_give_back(void);

/* The same as cells_sort(true), in parts.  cells_sort_begin takes all free
 * memory from the lists.  `more`, unless it is NULL, has bits that are added to
 * cells_marks as the sorting goes on; it keeps those of objects in blocks. Each
 * cells_sort_more looks at up to `most` large
 * objects and blocks and returns whether none is left.  Any thread may call it
 * while mutators run; these sort what they need before they take new memory.
 * The figures are incomplete until all is sorted. */
void cells_sort_begin(uint64_t *more);
bool cells_sort_more(uint32_t most);

/* Makes a bitmap like cells_marks, all clear; NULL if the system refuses. */
uint64_t *cells_bitmap(void);
void cells_bitmap_destroy(uint64_t *marks);

static inline bool cells_marked(const gc_object *o) {
  return bitmap_test(cells_marks, space_granule(o));
}

/* The answer to tracked.h: objects do not move, and what has no bit is dead. */
static inline gc_object *cells_where(gc_object *o) {
  return cells_marked(o) ? o : NULL;
}

/* ------------------------------------------------------------------------- *
 * What a marker does when its stack is full (marking.h): it flags the block of
 * an object that is marked but was not scanned.  All marked objects of flagged
 * blocks are scanned again later.  Large objects share one flag.
 * ------------------------------------------------------------------------- */

/* Flags the block of `o`. */
void cells_flag(const gc_object *o);

/* Whether anything is flagged. */
bool cells_any_flagged(void);

/* Takes the flag off one block, or if no block has one off the large objects,
 * and calls `scan` for each object of it that is marked in `marks`.  Returns
 * false if nothing was flagged. */
bool cells_flagged(const uint64_t *marks,
                   void (*scan)(void *data, gc_object *o), void *data);

/* Calls `look` for each object that cells_flagged would; changes no flag. */
void cells_flagged_look(const uint64_t *marks,
                        void (*look)(void *data, gc_object *o), void *data);

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

/* Returns a mutator's allocation buffer. */
typedef cells_buffer *(*cells_buffer_of)(gc_mutator *m);

/* What gc_heap_usage returns. */
gc_usage cells_usage(cells_buffer_of buffer_of);

/* What gc_heap_footprint returns, if the collector holds `side` bytes of its
 * own beside the heap.  Any thread. */
gc_footprint cells_footprint(uint64_t side);

/* Whether an object may begin at `p`. */
bool cells_is(const gc_object *p);

/* Whether an object is at `o`, for which cells_is holds: its cell was handed
 * out and has not been found free since. */
bool cells_occupied(cells_buffer_of buffer_of, const gc_object *o);

/* Checks lists, bits and buffers; returns what is wrong, or NULL.  Does not
 * check what objects refer to: reachable.h does.  `marking`: a marker has not
 * finished, so blocks may be flagged. */
const char *cells_check(cells_buffer_of buffer_of, bool marking);

/* Calls `look` for every marked object until it returns what is wrong, and
 * returns that; or NULL. */
const char *cells_check_marked(const char *(*look)(const gc_object *o));

#endif
