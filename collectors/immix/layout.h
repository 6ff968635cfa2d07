/* layout.h: a space of blocks, lines and holes, in which two collectors keep
 * their objects: immix and generational-copying.  For their own sources, which
 * are compiled for each of the two; immix.c says what all of it means.
 *
 * A collector whose header defines IM_GENERATIONS as 1 keeps the marks in some
 * of its collections, which are *partial*: an object without a mark is *young*
 * then.  It has the additions that are marked "generations" here; in immix they
 * fold away. */
#ifndef REAPMARK_IMMIX_LAYOUT_H
#define REAPMARK_IMMIX_LAYOUT_H

#include "gc.h"
#include "common/bitmap.h"
#include "common/external.h"
#include "common/large.h"
#include "common/hostile/mutants.h"
#include "common/hostile/poison.h"
#include "immix/holes.h"
#include <pthread.h>

#ifndef IM_GENERATIONS
#define IM_GENERATIONS 0
#endif

enum {
  IM_LINE = 128, /* bytes of a line */
  IM_LINES = BLOCK_BYTES / IM_LINE,
  IM_WORDS = IM_LINES / 64, /* of a block's line marks */
};

/* Flags a filler; its `word` is its size in granules, as an object's. */
#define IM_FILLER OBJECT_FLAG_C

/* Flags an object that stays in a candidate, if there are several markers.
 * With generations there is one, and the flag means something else. */
#define IM_STAYS (IM_GENERATIONS ? 0 : FORWARDING_STAYS)

/* Options; the collectors describe them. */
extern uint64_t im_option_evacuate, im_option_headroom, im_option_conservative;
#define IM_CONSERVATIVE (!IM_GENERATIONS && im_option_conservative)

typedef enum im_state {
  IM_NONE,       /* not a block of this collector; must be 0 */
  IM_RECYCLABLE, /* has holes that no mutator took since the last collection */
  IM_TAKEN,      /* a mutator's, or filled by one since the last collection */
  IM_FULL,       /* had no holes at the last collection */
  IM_HEADROOM,   /* empty, and kept for copies */
  IM_AGING,      /* generations: filled with copies of young objects, which stay
                    young until they survive again */
} im_state;

/* Of 32 bytes, because tracing looks blocks up by number all the time. */
typedef struct __attribute__((aligned(32))) im_block {
  uint8_t state;
  bool candidate;
  bool fresh;     /* was empty when a mutator took it: all in it is young */
  bool touched;   /* is in the list of touched blocks */
  uint16_t taken; /* lines from its start that were handed out already */
  /* From line `taken` on: the number of holes, of lines in all of them, and of
   * lines in the longest.  At the last collection, or when it became recyclable
   * since. */
  uint16_t holes, free, longest;
  uint16_t lines, fragmentation; /* see im_choose */
  uint16_t counted; /* 1 + its free lines, as they are part of free_lines; 0: it
                       is not among the occupied */
  uint32_t next;    /* in its list, 0 at the end */
  uint32_t next_touched; /* in the list of touched blocks, 0 at the end */
} im_block;

/* There is one per process. */
struct gc_heap {
  uint64_t limit; /* the heap limit in bytes; 0: none */
  bool each;      /* every allocation takes the slow path (hostile.h) */
  bool poisons;   /* free memory is poisoned (poison.h) */

  uint64_t *marks;  /* a bit per granule */
  uint64_t *lines;  /* a bit per line, IM_WORDS words per block */
  im_block *blocks; /* by block number */

  pthread_mutex_t lock; /* for what follows, for blocks and for large objects */
  uint32_t recyclable;  /* the list of recyclable blocks, */
  uint32_t returned;    /* and of those that ended threads returned */
  uint32_t touched;     /* the list of blocks that were taken since the last
                           collection, newest first: the only ones in which it
                           changed anything if it was partial */
  unsigned sought;      /* no recyclable block has a hole of so many lines */
  bool full;            /* a block was refused since the last collection */
  uint64_t allocated;   /* bytes handed out since the last collection */
  uint64_t budget; /* the heap does not become larger once so many were, with
                      external ones.  Generations: the nursery; nothing is
                      handed out once so many bytes were */
  bool untouched;  /* nothing was handed out since the last collection */

  uint32_t headroom, headroom_blocks; /* the list, and its length */
  uint32_t reserve;    /* so many of them the collection that runs must leave */
  bool spent;          /* mutators had to be given the headroom */
  unsigned evacuators; /* markers that copy in the collection that runs */
  bool staying;        /* objects are flagged because they stay */

  /* Generations: */
  bool empty_first; /* mutators take empty blocks rather than recyclable ones */
  bool partial;     /* the collection that runs is partial */
  bool ages;        /* copies of objects in fresh blocks stay young */
  uint32_t aging;   /* the list of aging blocks */
  im_hole aged;     /* where the next copy that stays young goes, */
  im_hole filled;   /* and the next small one that is old */
  uint32_t expected; /* blocks that the next collection may need for copies of
                        young objects, part of the headroom until then */
  object_bag kept;   /* old objects that refer to young ones after all */
  uint64_t aged_objects, aged_bytes; /* of the living: the young copies */
  uint64_t got_old; /* bytes of young objects that the last collection made
                       old, large ones apart */
  uint64_t large;   /* of `allocated`: bytes of large objects */
  size_t
      large_old; /* large objects that are not young: the first in the list */

  uint64_t occupied;   /* blocks with objects after the last collection */
  uint64_t free_lines; /* in these blocks */
  uint64_t live_objects, live_bytes; /* large objects included */

  gc_tally tally; /* gc_heap_tally */

  /* Events so far. */
  uint64_t collections, marked, evacuations, candidates, moved, stayed;
  uint64_t marked_bytes;   /* of the objects marked */
  uint64_t moved_together; /* of the objects moved: with several markers */
  uint64_t copied_twice;   /* objects of which a copy was taken back */
  uint64_t unspilled;   /* objects marked that the mark stack had no room for */
  uint64_t sorted;      /* blocks that collections looked at */
  uint64_t emptied;     /* blocks in which they left nothing */
  uint64_t desperate;   /* collections because an allocation was failing */
  uint64_t copied_into; /* blocks of the headroom that took copies */
  uint64_t spent_blocks; /* blocks of the headroom that mutators were given */
  uint64_t reused;       /* recyclable blocks that mutators took */
  uint64_t passed;       /* recyclable blocks whose holes were too short */
  uint64_t returns;      /* blocks that ended threads left to others */
  uint64_t overflowed;   /* objects for which a mutator's hole was too short */
  uint64_t given_up;     /* holes given up because only such objects came */
  uint64_t aged_so_far;  /* objects moved that stayed young */
  uint64_t held;         /* old objects that refer to young ones after all */
  uint64_t refilled;     /* recyclable blocks that took copies */
};
extern gc_heap im;

/* Bytes handed out since the last collection, and bytes that it left alive,
 * external memory included. */
static inline uint64_t im_handed_out(void) {
  return im.allocated + external_added();
}
static inline uint64_t im_kept(void) {
  return im.live_bytes + external_kept();
}

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

/* Generations: whether a marked object is young nevertheless. */
static inline bool im_is_aging(const gc_object *o) {
  return IM_GENERATIONS && im.blocks[block_number(o)].state == IM_AGING;
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
    if (!IM_CONSERVATIVE || gc_mutant(next_line_used) || line == 0 ||
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

/* Notes that a block may not be as the last collection left it.  With the lock,
 * or while the world is stopped. */
static inline void im_touch(uint32_t b) {
  im_block *block = &im.blocks[b];
  if (block->touched)
    return;
  block->touched = true;
  block->next_touched = im.touched;
  im.touched = b;
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
 * allocation.c
 * ------------------------------------------------------------------------- */

/* Covers the rest of a hole, up to `end`, with a filler. */
void im_fill(im_hole *hole, char *end);

/* Goes on to the next hole of the same block; false if there is none. */
bool im_next_hole(im_hole *hole);

/* Goes on to a recyclable block that has a hole of `lines`; the caller then
 * goes on to its first hole.  Returns false if there is none.  With the lock,
 * or while the world is stopped. */
bool im_take_recyclable(im_hole *hole, unsigned lines);

/* The number of blocks that the headroom should have. */
uint32_t im_wanted_headroom(void);

/* Fills the headroom up from empty blocks, as far as there are any. With the
 * lock. */
void im_fill_headroom(void);

/* ------------------------------------------------------------------------- *
 * evacuation.c
 * ------------------------------------------------------------------------- */

/* Chooses the candidates; `desperate`: by the least copying. Returns whether
 * there are any. */
bool im_choose(bool desperate);

/* Puts an end to the blocks that markers copy into. */
void im_markers_leave_blocks(void);

/* Takes the flags off objects that stay in a candidate. */
void im_unflag(uint32_t b);

/* The answer to tracked.h: where an object is now, or NULL if it was not
 * reached. */
gc_object *im_where(gc_object *o);

/* ------------------------------------------------------------------------- *
 * tracing.c
 * ------------------------------------------------------------------------- */

/* Make and free what markers keep for themselves; bytes that they hold. */
void im_markers_create(void);
void im_markers_destroy(void);
uint64_t im_markers_bytes(void);

/* Marks all that the roots can reach, copying objects out of candidates if
 * `evacuates`, and takes the steps of tracked.h and ephemerons.h.  `all`: false
 * if the collection is partial. */
void im_trace(bool evacuates, bool all);

/* Generations: scan a remembered object, or some of its slots, before im_trace.
 * im_rescan sees to it that what is stored into the object from now on is
 * noticed; im_rescan_slots returns whether a slot leads to a young object. */
void im_rescan(gc_object *o, bool evacuates);
bool im_rescan_slots(gc_object **slot, uint32_t slots, bool evacuates);

/* ------------------------------------------------------------------------- *
 * region.c
 * ------------------------------------------------------------------------- */

/* Makes the space, and the heap with it; returns false if the system refuses
 * memory.  im_destroy also frees what im_create has made before it failed. */
bool im_create(const gc_config *config);
void im_destroy(void);

/* The parts of a collection, but for im_trace.  im_prepare takes all blocks
 * from all mutators, and clears the last collection's marks.  im_sort sorts the
 * blocks by what is left in them; a partial collection, those that were
 * touched. */
void im_prepare(bool all);
void im_sort(bool all);

/* Keeps empty blocks for copies: those of the headroom, and enough for
 * `expected` bytes more.  Called at the end of a collection. */
void im_set_headroom(uint64_t expected);

/* Gives back what the heap holds beyond the goal of its policy (pacing.h),
 * after pacing_decide. */
void im_give_back(void);

/* Gives the blocks of a detaching mutator to others, which go on in each where
 * this one stopped. */
void im_detach(im_buffer *buffer);

/* What gc_heap_footprint returns, if the collector holds `side` bytes of its
 * own.  Any thread. */
gc_footprint im_footprint(uint64_t side);

/* Counters of the space, and those of its own that a collector adds. */
size_t im_counters(gc_counter *out, size_t room, const gc_counter *own,
                   size_t count);

/* ------------------------------------------------------------------------- *
 * checks.c
 * ------------------------------------------------------------------------- */

/* Checks the space, and that whatever the roots reach is alive in it.  `own`,
 * which may be NULL, checks the rest; it returns what is wrong, or NULL. */
const char *im_check(const char *(*own)(void));

/* For `own`: whether there is an object at `o`; and a call of `look` for each
 * marked object, until it returns what is wrong, which is returned. */
bool im_check_is(const gc_object *o);
const char *im_check_each(const char *(*look)(const gc_object *o));

/* ------------------------------------------------------------------------- *
 * What the collector defines.
 * ------------------------------------------------------------------------- */

/* How much a collection is to do: what is due; the whole heap; the whole heap
 * and, because an allocation is about to fail, evacuate the blocks that are the
 * cheapest to empty. */
typedef enum im_effort { IM_DUE, IM_WHOLE, IM_DESPERATE } im_effort;

/* Collects; the world is stopped.  Returns false, without doing anything, if
 * the last collection in the same allocation has done as much. */
bool im_collect(im_effort effort);

/* Collects where hostile conditions ask for it.  (S) */
void im_collect_hostile(gc_mutator *m);

#endif
