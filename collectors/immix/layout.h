/* layout.h: how immix lays out memory: blocks, lines and holes, and the state
 * of the heap.  For immix's own sources; immix.c says what all of it means. */
#ifndef REAPMARK_IMMIX_LAYOUT_H
#define REAPMARK_IMMIX_LAYOUT_H

#include "gc.h"
#include "common/bitmap.h"
#include "common/large.h"
#include "common/hostile/mutants.h"
#include "common/hostile/poison.h"
#include "immix/immix.h"
#include <pthread.h>

enum {
  IM_LINE = 128, /* bytes of a line */
  IM_LINES = BLOCK_BYTES / IM_LINE,
  IM_WORDS = IM_LINES / 64, /* of a block's line marks */
};

/* Flags a filler; its `word` is its size in granules, as an object's. */
#define IM_FILLER OBJECT_FLAG_C

/* Options; immix.c describes them. */
extern uint64_t im_option_evacuate, im_option_headroom, im_option_conservative;

typedef enum im_state {
  IM_NONE,       /* not a block of this collector; must be 0 */
  IM_RECYCLABLE, /* has holes that no mutator took since the last collection */
  IM_TAKEN,      /* a mutator's, or filled by one since the last collection */
  IM_FULL,       /* had no holes at the last collection */
  IM_HEADROOM,   /* empty, and kept for copies */
} im_state;

typedef struct im_block {
  uint8_t state;
  bool candidate;
  uint16_t taken; /* lines from its start that were handed out already */
  /* From line `taken` on: the number of holes, of lines in all of them, and of
   * lines in the longest.  At the last collection, or when it became recyclable
   * since. */
  uint16_t holes, free, longest;
  uint16_t lines, fragmentation; /* see im_choose */
  uint32_t next;                 /* in its list, 0 at the end */
} im_block;

/* There is one per process. */
struct gc_heap {
  uint64_t limit; /* the heap limit in bytes; 0: none, the budget counts */
  bool each;      /* every allocation takes the slow path (hostile.h) */
  bool poisons;   /* free memory is poisoned (poison.h) */

  uint64_t *marks;  /* a bit per granule */
  uint64_t *lines;  /* a bit per line, IM_WORDS words per block */
  im_block *blocks; /* by block number */

  pthread_mutex_t lock; /* for what follows, for blocks and for large objects */
  uint32_t recyclable;  /* the list of recyclable blocks */
  unsigned sought;      /* none of them has a hole of this many lines */
  bool full;            /* a block was refused since the last collection */
  uint64_t allocated;   /* bytes handed out since the last collection */
  uint64_t budget; /* without a limit: the heap does not become larger once so
                      many were */
  bool untouched;  /* nothing was handed out since the last collection */

  uint32_t headroom, headroom_blocks; /* the list, and its length */
  uint32_t reserve;    /* so many of them the collection that runs must leave */
  bool spent;          /* mutators had to be given the headroom */
  im_hole copies;      /* where the next copy goes */
  object_bag grey;     /* objects marked and not scanned */
  uint64_t occupied;   /* blocks with objects after the last collection */
  uint64_t free_lines; /* in these blocks */
  uint64_t live_objects, live_bytes; /* large objects included */

  /* Events so far. */
  uint64_t collections, marked, evacuations, candidates, moved, stayed;
  uint64_t marked_bytes; /* of the objects marked */
  uint64_t unspilled;   /* objects marked that the mark stack had no room for */
  uint64_t sorted;      /* blocks that collections looked at */
  uint64_t emptied;     /* blocks in which they left nothing */
  uint64_t desperate;   /* collections because an allocation was failing */
  uint64_t copied_into; /* blocks of the headroom that took copies */
  uint64_t spent_blocks; /* blocks of the headroom that mutators were given */
  uint64_t reused;       /* recyclable blocks that mutators took */
  uint64_t passed;       /* recyclable blocks whose holes were too short */
  uint64_t returned;     /* blocks that ended threads left to others */
  uint64_t overflowed;   /* objects for which a mutator's hole was too short */
  uint64_t given_up;     /* holes given up because only such objects came */
};
extern gc_heap im;

/* ------------------------------------------------------------------------- *
 * Marks.
 * ------------------------------------------------------------------------- */

/* Bytes of a bitmap with a bit per granule. */
static inline size_t im_marks_bytes(void) {
  return space_bytes / SPACE_GRANULE / 8 + 8;
}

static inline bool im_marked(const gc_object *o) {
  return bitmap_test(im.marks, space_granule(o));
}

/* ------------------------------------------------------------------------- *
 * Lines and holes.
 * ------------------------------------------------------------------------- */

static inline uint64_t *im_lines(uint32_t b) {
  return im.lines + (size_t)b * IM_WORDS;
}

static inline char *im_line_address(uint32_t b, size_t line) {
  return block_address(b) + line * IM_LINE;
}

/* The line of block `b` that `p` is in, or IM_LINES for its end. */
static inline size_t im_line(uint32_t b, const char *p) {
  return (size_t)(p - block_address(b)) / IM_LINE;
}

/* Finds the first hole of a block from `line` on.  Returns its first line and
 * sets *end to the line behind its last; returns IM_LINES if there is none. */
static inline size_t im_find_hole(uint32_t b, size_t line, size_t *end) {
  const uint64_t *lines = im_lines(b);
  for (;;) {
    line = bitmap_next_clear(lines, line, IM_LINES);
    *end = bitmap_next(lines, line, IM_LINES);
    if (gc_mutant(end_line_lost) && line == IM_LINES - 1)
      line = IM_LINES;
    if (!im_option_conservative || gc_mutant(next_line_used) || line == 0 ||
        (gc_mutant(end_line_used) && line == IM_LINES - 1) ||
        line == IM_LINES || !bitmap_test(lines, line - 1))
      return line;
    /* A small object that begins in the marked line may end in this one. */
    if (++line < *end)
      return line;
  }
}

/* Counts the holes of a block. */
static inline void im_measure(uint32_t b) {
  im_block *block = &im.blocks[b];
  block->holes = block->free = block->longest = 0;
  size_t end, at = block->taken;
  for (; (at = im_find_hole(b, at, &end)) < IM_LINES; at = end) {
    size_t lines = end - at;
    block->holes++;
    block->free += (uint16_t)lines;
    if (lines > block->longest)
      block->longest = (uint16_t)lines;
  }
}

/* Memory in a hole, or NULL. */
static inline gc_object *im_bump(im_hole *hole, size_t bytes) {
  if ((size_t)(hole->end - hole->cursor) < bytes)
    return NULL;
  char *p = hole->cursor;
  hole->cursor += bytes;
  if (gc_unlikely(im.poisons))
    poison_take(p, bytes);
  return (gc_object *)p;
}

/* ------------------------------------------------------------------------- *
 * What the sources need of each other.
 * ------------------------------------------------------------------------- */

/* allocation.c.  Covers the rest of a hole, up to `end`, with a filler. */
void im_fill(im_hole *hole, char *end);

/* allocation.c.  The number of blocks that the headroom should have. */
uint32_t im_wanted_headroom(void);

/* allocation.c.  Fills the headroom up from empty blocks, as far as there are
 * any. With the lock. */
void im_fill_headroom(void);

/* evacuation.c.  Whether the heap is fragmented enough to evacuate. */
bool im_fragmented(void);

/* evacuation.c.  Chooses the candidates; `desperate`: by the least copying.
 * Returns whether there are any. */
bool im_choose(bool desperate);

/* evacuation.c.  Marks all that the roots can reach, copying objects out of
 * candidates if `evacuates`. */
void im_mark_reachable(bool evacuates);

/* evacuation.c.  The same, and marks the values of ephemerons that are alive
 * with all that they reach; after ephemerons_begin.  `revived`: those are meant
 * that the finalizer queue leads to. */
void im_mark_values(bool evacuates, bool revived);

/* evacuation.c.  The answer to tracked.h: where an object is now, or NULL if it
 * was not reached. */
gc_object *im_where(gc_object *o);

/* immix.c.  Collects; the world is stopped.  `desperate`: an allocation is
 * about to fail, so evacuate the blocks that are the cheapest to empty. */
void im_collect(bool desperate);

#endif
