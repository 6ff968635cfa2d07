/* cells.h: a heap of cells of one size a block, that does not move: where the
 * objects of mark-sweep, of its incremental form and of the generational
 * collector live.
 *
 * Small objects live in blocks (blocks.h) divided into cells of one size class;
 * larger ones in large.h.  Beside the heap there is one mark bit per granule. A
 * side bitmap is dense, so marking touches an object only to read its slots,
 * and an object already marked not at all.
 *
 * There is no free list and no sweep phase.  A mutator takes a block with free
 * cells and allocates from one *run* of unmarked cells after the other, found
 * in the bitmap: allocating is bumping a cursor.
 *
 * Invariants.
 *   - Bits are set at the starts of objects only.
 *   - Between collections, a set bit is an object that survived the last one.
 *     Objects made since are unmarked, and lie in runs already handed out: the
 *     runs of a block are handed out once a cycle, in address order, so no cell
 *     is handed out twice.
 *   - A block is in at most one of: the list of its class's blocks with free
 *     cells, the list of empty blocks, a mutator's hands.
 *
 * A collection is, with the world stopped:
 *
 *     cells_retract       takes all blocks out of all hands
 *     cells_clear_marks   unless it keeps those of the last one
 *     ... mark (marking.h), tracked.h's steps ...
 *     cells_sort          frees large objects, and sorts the blocks by what is
 *                         left in them; those touched since the last collection
 *                         only, if its marks were kept
 *
 * Sources: lazy sweeping, Hughes, SP&E 1982; allocating from a mark bitmap by
 * runs, as in Boehm's free-list builder, Blackburn & McKinley's Immix (PLDI
 * 2008) with cells for lines. */
#ifndef REAPMARK_COMMON_CELLS_H
#define REAPMARK_COMMON_CELLS_H

#include "common/bitmap.h"
#include "common/blocks.h"
#include "common/large.h"
#include "common/sizeclass.h"
#include "common/world.h"

typedef struct cells_run {
  char *cursor, *limit; /* the next free cell, and the end of the last one */
} cells_run;

/* What a mutator has in hand; a member `hand` of its struct, zero at first. */
typedef struct cells_hand {
  cells_run runs[SIZE_CLASSES];
  char *blocks[SIZE_CLASSES]; /* the blocks the runs are in, or NULL */
} cells_hand;

/* What stands for the class of large objects. */
enum { CELLS_LARGE = SIZE_CLASSES };

typedef struct cells_figures {
  uint64_t live_objects, live_bytes; /* at the last cells_sort */
  /* Bytes of free memory handed out since the last cells_sort: of blocks that
   * were empty, of blocks that were not, of large objects.  A block counts as a
   * whole when a mutator takes it. */
  uint64_t fresh, holes, large;
  bool untouched; /* nothing was handed out since */
} cells_figures;

/* One heap of cells a process.  For the collector to read. */
extern cells_figures cells;
extern uint64_t *cells_marks; /* bit per granule */

/* Makes it, `limit` in bytes, 0 for none, with the arena and its blocks.  False
 * if the system refuses. */
bool cells_create(uint64_t limit);
void cells_destroy(void);

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

/* A cell for an object of class `c` from what is in hand, or NULL: take
 * cells_obtain's path. */
static inline gc_object *cells_bump(cells_hand *hand, unsigned c) {
  cells_run *run = &hand->runs[c];
  char *cell = run->cursor; /* both are null at first: compared as numbers */
  if (gc_unlikely((uintptr_t)cell + size_class_bytes(c) >
                  (uintptr_t)run->limit))
    return NULL;
  run->cursor = cell + size_class_bytes(c);
  return (gc_object *)cell;
}

/* What a collector does about allocation in the slow path. */
typedef struct cells_policy {
  /* With the lock of the cells held: whether a block that was empty (`fresh`),
   * one with free cells, or a large object (`fresh` as well), each with `bytes`
   * to be handed out, may be; if not, a collection is due. */
  bool (*may)(bool fresh, uint64_t bytes);
  /* Collects; the world is stopped.  `again`: the last one in this allocation
   * did not help, so do all that can be done. */
  void (*collect)(gc_mutator *m, bool again);
  /* How often `collect` is called in one allocation at the most before it is
   * out of memory: 1, or more where another one does more.  After the last one
   * `may` is not asked: what there is, is handed out. */
  unsigned attempts;
  /* Collects where hostile conditions ask for it; NULL: gc_collect does. */
  void (*hostile)(gc_mutator *m);
  /* The world runs again; it was stopped, or this mutator waiting for that,
   * since `begin_ns`. */
  void (*report)(gc_mutator *m, uint64_t begin_ns);
  /* A run was handed out: cells from `first` to `end`, in steps of `cell`
   * bytes.  NULL: nothing to do.  A large object is not told: see the list. */
  void (*handed_out)(char *first, char *end, size_t cell);
} cells_policy;

/* Memory for an object of `bytes`, its class `c` or CELLS_LARGE, when what is
 * in hand does not serve: finds the next run, takes another block, collects,
 * gives empty blocks back where that helps.  Calls hostile_allocation.  `hand`
 * is the mutator's.  Returns NULL when out of memory.  (S) */
gc_object *cells_obtain(gc_mutator *m, cells_hand *hand, unsigned c,
                        size_t bytes, const cells_policy *policy);

/* A dying mutator's blocks: others go on where it left them. */
void cells_hand_back(cells_hand *hand);

/* ------------------------------------------------------------------------- *
 * Collections; the world is stopped.
 * ------------------------------------------------------------------------- */

/* Takes all blocks out of a mutator's hands.  To be called for each. */
void cells_retract(cells_hand *hand);

/* Clears the bits of everything in `marks`, cells_marks or another bitmap of
 * cells_bitmap. */
void cells_clear_marks(uint64_t *marks);

/* Frees the large objects that are not marked in cells_marks, and sorts the
 * blocks by what is left in them; sets the figures.  `all`: the marks were
 * cleared.  If they were not, what survived the last collection survived this
 * one, and only what was handed out since is looked at. */
void cells_sort(bool all);

/* The same as cells_sort(true), in parts.  The first frees the large objects;
 * each other sorts `most` blocks, and returns whether that was the last.  In
 * between mutators may run, but they find no memory in blocks that were not
 * sorted, and the figures are not whole. */
void cells_sort_begin(void);
bool cells_sort_more(uint32_t most);

/* A bitmap like cells_marks, for a collector that needs a second one. */
uint64_t *cells_bitmap(void);
void cells_bitmap_destroy(uint64_t *marks);

static inline bool cells_marked(const gc_object *o) {
  return bitmap_test(cells_marks, space_granule(o));
}

/* ------------------------------------------------------------------------- *
 * The block of an object, for the marker when its stack is full: marked objects
 * of flagged blocks, and all large ones if one of them is, are scanned again.
 * ------------------------------------------------------------------------- */

void cells_flag(const gc_object *o);
/* Whether any is flagged. */
bool cells_any_flagged(void);
/* Takes the flag of some block, or if no block has one of the large objects,
 * and calls `scan` for each object of it that is marked in `marks`.  False if
 * there was none. */
bool cells_flagged(const uint64_t *marks,
                   void (*scan)(void *data, gc_object *o), void *data);

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

/* As gc_heap_usage has it, `hand` giving each mutator's.  As gc_heap_footprint
 * has it, with tracked.h's lists and the queue of finalizers, `side` being
 * bytes of the collector's own; any thread. */
typedef cells_hand *(*cells_hand_of)(gc_mutator *m);
gc_usage cells_usage(cells_hand_of hand);
gc_footprint cells_footprint(uint64_t side);

/* Whether `p` is where an object may start. */
bool cells_is(const gc_object *p);

/* Checks lists, bits and hands.  Returns what is wrong, or NULL.  That
 * everything reachable lies in cells is for reachable.h.  `marking`: a marker
 * has not finished yet, so blocks may be flagged. */
const char *cells_check(cells_hand_of hand, bool marking);

#endif
