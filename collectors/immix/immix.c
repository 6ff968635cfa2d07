/* immix.c: mark-region collection with opportunistic evacuation,
 * stop-the-world, for any number of mutators.
 *
 * Memory.  Objects of up to IM_MOST bytes live in blocks (blocks.h), each
 * divided into IM_LINES lines; larger ones are allocated one by one (large.h).
 * Objects of all sizes share blocks; an object may span lines but not blocks.
 * Beside the heap there are a mark bit per granule, a mark bit per line, and a
 * table entry per block.
 *
 * An object's mark bit tells, without touching the object, that it was reached
 * already, which pays where several references lead to it.  Its lines are
 * marked when it is scanned, because then its header, and so its size, is at
 * hand. Therefore a line is marked exactly if a live object has a byte in it.
 * The paper instead marks only the line in which a small object begins, and
 * takes the next one for marked as well (option `conservative`); that saves a
 * look at the size, which here costs nothing.
 *
 * Allocation.  A stretch of unmarked lines between two marked ones is a *hole*.
 * A mutator bumps a cursor through the holes of one *recyclable* block after
 * the other, in address order, then through empty blocks.  An object larger
 * than a line that does not fit into the hole goes to an overflow block, so
 * that holes are not given up in search of a large one.
 *
 * Collection.  Stops the world, marks, and counts lines: a block without marked
 * lines is empty, one with some unmarked lines is recyclable.  If the heap is
 * fragmented, the most fragmented blocks are *candidates*, as many as there is
 * room to copy into: their objects are copied elsewhere when they are reached.
 * An object for which there is no room stays and is marked in place, which is
 * always correct; so a collection needs no memory and never fails.
 *
 * The room to copy into is the blocks that are empty when the collection
 * begins, and the *headroom*: empty blocks that mutators are given only when an
 * allocation would fail otherwise.
 *
 * Invariants between collections.
 *   - An object has a mark bit if and only if it survived the last collection.
 *     Every line in which such an object has a byte is marked (`conservative`:
 *     that line or the one before).
 *   - Newer objects lie one behind the other in holes that were handed out. The
 *     rest of a hole that its mutator has left is covered by a *filler*, which
 *     has the header of an object.  So all objects can be found.
 *   - The holes of a block are handed out once between two collections, in
 *     address order, to one mutator; after that one has detached, from where it
 *     stopped.
 *   - No object is flagged as moved.
 * While a collection runs:
 *   - A block is a source of copies or a target, never both: a candidate's
 * lines become free only after the collection, and targets were empty.
 *   - From the first reference to it that is followed, an object in a candidate
 *     either is marked, and stays, or its header tells where its copy is.
 *
 * Source: Blackburn & McKinley, PLDI 2008. */
#include "gc.h"
#include "common/bitmap.h"
#include "common/bookkeeping.h"
#include "common/large.h"
#include "common/hostile/mutants.h"
#include "common/hostile/poison.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "common/survey.h"
#include "immix/immix.h"
#include "common/inline/reachable.h"
#include "common/inline/roots.h"
#include <pthread.h>

enum {
  IM_LINE = 128, /* bytes */
  IM_LINES = BLOCK_BYTES / IM_LINE,
  IM_WORDS = IM_LINES / 64, /* of a block's line marks */
  /* The length of the prefetch queue, and the byte of an object whose cache
   * line is fetched besides that of the first (marking.h says why). */
  IM_FIFO = 64,
  IM_AHEAD = 63,
  /* How many objects in a row may go to the overflow block before the hole that
   * they did not fit into is given up. */
  IM_PATIENCE = 4,
};

/* Flags a filler; its `word` is its size in granules, as an object's. */
#define IM_FILLER OBJECT_FLAG_C

/* Without a heap limit: how much the heap may grow before the next collection,
 * in percent of the live bytes (pacing.h). */
static uint64_t option_growth = 100;

static uint64_t option_evacuate = 1;
static uint64_t option_headroom = 25;
static uint64_t option_conservative = 0;

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
  uint64_t allocated;   /* bytes handed out since the last collection, without
                           those in recyclable blocks */
  uint64_t budget; /* without a limit: how many may be before the next one */
  bool untouched;  /* nothing was handed out since the last collection */

  uint32_t headroom, headroom_blocks; /* the list, and its length */
  bool spent;          /* mutators had to be given the headroom */
  im_hole copies;      /* where the next copy goes */
  object_bag grey;     /* objects marked and not scanned */
  uint64_t occupied;   /* blocks with objects after the last collection */
  uint64_t free_lines; /* in these blocks */
  uint64_t live_objects, live_bytes; /* large objects included */

  /* Events so far. */
  uint64_t collections, marked, evacuations, candidates, moved, stayed;
};
static gc_heap im;

const gc_collector gc_this_collector = {
    .name = "immix",
    .summary = "precise mark-region, evacuating fragmented blocks",
    .source = "Blackburn & McKinley, PLDI 2008; prefetch queue: Cher, Hosking "
              "& Vitek, ASPLOS 2004",
    .hostile = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .moving = true,
            .heap_limit = true},
    .options =
        (const gc_option[]){
            {"growth",
             "without a heap limit: allocation between collections, in "
             "percent of the live bytes",
             &option_growth, 10, 1000},
            {"evacuate", "copy objects out of fragmented blocks",
             &option_evacuate, 0, 1},
            {"headroom",
             "blocks kept for copies, per mille of the heap limit, or of the "
             "blocks in use",
             &option_headroom, 0, 500},
            {"conservative",
             "mark only the line that a small object begins in, and keep the "
             "next",
             &option_conservative, 0, 1},
            {0}},
};

/* ------------------------------------------------------------------------- *
 * Lines and holes.
 * ------------------------------------------------------------------------- */

static uint64_t *im_lines(uint32_t b) {
  return im.lines + (size_t)b * IM_WORDS;
}

static char *im_line_address(uint32_t b, size_t line) {
  return block_address(b) + line * IM_LINE;
}

/* The line of block `b` that `p` is in, or IM_LINES for its end. */
static size_t im_line(uint32_t b, const char *p) {
  return (size_t)(p - block_address(b)) / IM_LINE;
}

/* Finds the first hole of a block from `line` on.  Returns its first line and
 * sets *end to the line behind its last; returns IM_LINES if there is none. */
static size_t im_find_hole(uint32_t b, size_t line, size_t *end) {
  const uint64_t *lines = im_lines(b);
  for (;;) {
    line = bitmap_next_clear(lines, line, IM_LINES);
    *end = bitmap_next(lines, line, IM_LINES);
    if (!option_conservative || line == 0 || line == IM_LINES ||
        !bitmap_test(lines, line - 1))
      return line;
    /* A small object that begins in the marked line may end in this one. */
    if (++line < *end)
      return line;
  }
}

/* Counts the holes of a block. */
static void im_measure(uint32_t b) {
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

/* Marks the lines of an object. */
static inline void im_mark_lines(const gc_object *o, size_t bytes) {
  uintptr_t at = (uintptr_t)o - (uintptr_t)block_address(0);
  if (option_conservative && bytes <= IM_LINE)
    bytes = 1;
  size_t line = at / IM_LINE, last = (at + bytes - 1) / IM_LINE;
  if (gc_mutant(last_line_unmarked) && last > line)
    last--;
  for (; line / 64 < last / 64; line = (line / 64 + 1) * 64)
    im.lines[line / 64] |= UINT64_MAX << (line % 64);
  im.lines[line / 64] |= UINT64_MAX >> (63 - (last - line)) << (line % 64);
}

/* ------------------------------------------------------------------------- *
 * Allocation, slow paths.
 * ------------------------------------------------------------------------- */

/* Memory in a hole, or NULL. */
static gc_object *im_bump(im_hole *hole, size_t bytes) {
  if ((size_t)(hole->end - hole->cursor) < bytes)
    return NULL;
  char *p = hole->cursor;
  hole->cursor += bytes;
  if (gc_unlikely(im.poisons))
    poison_take(p, bytes);
  return (gc_object *)p;
}

/* Covers the rest of a hole, up to `end`, with a filler. */
static void im_fill(im_hole *hole, char *end) {
  size_t bytes = (size_t)(end - hole->cursor);
  if (bytes == 0)
    return;
  if (gc_unlikely(im.poisons))
    poison_take(hole->cursor, SPACE_GRANULE);
  gc_object *filler = (gc_object *)hole->cursor;
  filler->word = (uint32_t)(bytes / SPACE_GRANULE);
  filler->meta = IM_FILLER;
  hole->cursor = end;
}

/* Goes on to the next hole of the same block; false if there is none. */
static bool im_next_hole(im_hole *hole) {
  if (!hole->block)
    return false;
  im_fill(hole, hole->end);
  size_t end,
      at = im_find_hole(hole->block, im_line(hole->block, hole->end), &end);
  if (at == IM_LINES) {
    *hole = (im_hole){0};
    return false;
  }
  hole->cursor = im_line_address(hole->block, at);
  hole->end = im_line_address(
      hole->block, end + (gc_mutant(hole_too_long) && end < IM_LINES));
  return true;
}

/* Gives block `b` to a mutator, which still has to go on to its first hole.
 * Returns false if `b` is 0.  With the lock. */
static bool im_take(im_hole *hole, uint32_t b) {
  if (!b)
    return false;
  im.untouched = false;
  im.blocks[b].state = IM_TAKEN;
  char *at = im_line_address(b, im.blocks[b].taken);
  *hole = (im_hole){at, at, b};
  return true;
}

/* Takes the first recyclable block with a hole of at least `lines` off the
 * list; 0 if there is none. */
static uint32_t im_pop_recyclable(unsigned lines) {
  if (lines >= im.sought)
    return 0;
  uint32_t *link = &im.recyclable;
  while (*link && im.blocks[*link].longest < lines)
    link = &im.blocks[*link].next;
  uint32_t b = *link;
  if (b)
    *link = im.blocks[b].next;
  else
    im.sought = lines;
  return b;
}

/* Whether memory may be handed out that is not in recyclable blocks.  If not, a
 * collection is due. */
static bool im_may_grow(void) {
  return im.limit || im.allocated < im.budget;
}

/* Fills the headroom up from empty blocks, as far as there are any.  With the
 * lock. */
static void im_fill_headroom(void) {
  uint64_t of = im.limit ? im.limit / BLOCK_BYTES : im.occupied;
  uint64_t wanted = option_evacuate ? (of * option_headroom + 999) / 1000 : 0;
  uint32_t b;
  while (im.headroom_blocks < wanted && (b = blocks_take())) {
    im.blocks[b] = (im_block){.state = IM_HEADROOM, .next = im.headroom};
    im.headroom = b;
    im.headroom_blocks++;
  }
}

/* Sets the headroom aside before the limit is reached for the first time: up to
 * then no collection has done so. */
static void im_keep_headroom(void) {
  uint64_t kept = im.limit / 1000 * option_headroom;
  if (im.limit && !im.spent && space_used() + kept > im.limit / 16 * 15)
    im_fill_headroom();
}

/* Takes an empty block; 0 if a collection is due or there is none. */
static uint32_t im_pop_empty(void) {
  if (im.full || !im_may_grow())
    return 0;
  im_keep_headroom();
  uint32_t b = blocks_take();
  if (b) {
    im.blocks[b] = (im_block){0};
    im.allocated += BLOCK_BYTES;
  }
  im.full = !b;
  return b;
}

/* Gives a mutator a block with a hole for `bytes`; `empty_first`: rather an
 * empty one than a recyclable one.  Returns false if there is none. */
static bool im_take_block(im_hole *hole, size_t bytes, bool empty_first) {
  unsigned lines = (unsigned)((bytes + IM_LINE - 1) / IM_LINE);
  pthread_mutex_lock(&im.lock);
  uint32_t b = empty_first ? im_pop_empty() : im_pop_recyclable(lines);
  if (!b)
    b = empty_first ? im_pop_recyclable(lines) : im_pop_empty();
  bool taken = im_take(hole, b);
  pthread_mutex_unlock(&im.lock);
  return taken;
}

/* Whether an object larger than a line, for which the hole is too short, may go
 * to the overflow block, so that smaller objects can use what is left of the
 * hole.  If no smaller ones come, the hole only keeps the fast path from being
 * taken. */
static bool im_may_overflow(gc_mutator *m) {
  if (m->waits != m->hole.cursor)
    m->waited = 0;
  m->waits = m->hole.cursor;
  return m->waited++ < IM_PATIENCE;
}

/* Memory for an object that goes into a block, from the mutator's holes or from
 * another block; NULL if a collection is due or there is no memory. */
static gc_object *im_obtain_small(gc_mutator *m, size_t bytes) {
  gc_object *o = im_bump(&m->hole, bytes);
  if (!o && m->hole.cursor == m->hole.end && im_next_hole(&m->hole))
    o = im_bump(&m->hole, bytes);
  if (!o && m->hole.cursor < m->hole.end && bytes > IM_LINE &&
      im_may_overflow(m)) {
    do
      o = im_bump(&m->overflow, bytes);
    while (!o && (im_next_hole(&m->overflow) ||
                  im_take_block(&m->overflow, bytes, true)));
  }
  while (!o &&
         (im_next_hole(&m->hole) || im_take_block(&m->hole, bytes, false)))
    o = im_bump(&m->hole, bytes);
  return o;
}

static gc_object *im_obtain_large(size_t bytes) {
  pthread_mutex_lock(&im.lock);
  im_keep_headroom();
  gc_object *o = im_may_grow() ? large_new(bytes) : NULL;
  if (o) {
    im.allocated += bytes;
    im.untouched = false;
  }
  pthread_mutex_unlock(&im.lock);
  return o;
}

/* The same for an object of any size.  `request`: its size in bytes. */
static void *im_obtain(gc_mutator *m, void *request) {
  size_t bytes = *(size_t *)request;
  return bytes > IM_MOST ? im_obtain_large(bytes) : im_obtain_small(m, bytes);
}

static void im_collect(bool desperate);

/* Collects, and does all that can be done to get memory for an object.  The
 * world is stopped. */
static void *im_collect_for(gc_mutator *m, void *request) {
  im_collect(false);
  gc_object *o = im_obtain(m, request);
  uint64_t occupied;
  do {
    if (o)
      return o;
    blocks_release();
    im.full = false;
    if ((o = im_obtain(m, request)))
      return o;
    /* Evacuate the blocks that take the least copying, as long as that frees
     * blocks. */
    occupied = im.occupied;
    im_collect(true);
    o = im_obtain(m, request);
  } while (im.occupied < occupied);
  if (o)
    return o;
  im.spent = true;
  while (im.headroom) {
    uint32_t b = im.headroom;
    im.headroom = im.blocks[b].next;
    im.headroom_blocks--;
    im.blocks[b] = (im_block){0};
    blocks_give(b);
  }
  blocks_release();
  im.full = false;
  return im_obtain(m, request);
}

gc_object *im_new_slow(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    gc_collect(m);
  gc_object *o = pause_obtain(m, &bytes, im_obtain, im_collect_for);
  m->limit = im.each ? NULL : m->hole.end;
  return o;
}

/* ------------------------------------------------------------------------- *
 * Evacuation: what to copy, and where to.  The world is stopped.
 * ------------------------------------------------------------------------- */

/* Lines that the objects of a block would take elsewhere.  Counts what the
 * block held after the last collection: most of what filled its holes since is
 * dead.
 */
static unsigned im_lines_to_copy(uint32_t b, bool desperate) {
  if (!desperate)
    return IM_LINES - im.blocks[b].free;
  /* The last collection was just now, so the marked objects are all there are.
   * Their bytes count, not their lines, of which they may use little. */
  size_t bytes = 0, at = block_granule(b), end = at + BLOCK_GRANULES;
  for (; (at = bitmap_next(im.marks, at, end)) < end; at++)
    bytes += forwarding_bytes(space_address((uint32_t)at));
  return (unsigned)((bytes + IM_LINE - 1) / IM_LINE);
}

/* Chooses the candidates: the most fragmented blocks, as many as there is room
 * to copy into.  A block's fragmentation is its number of holes, as in the
 * paper; if memory is short (`desperate`), the lines that need not be copied to
 * empty it.  Returns whether there are candidates. */
static bool im_choose(bool desperate) {
  uint64_t left = ((uint64_t)im.headroom_blocks + blocks_spare) * IM_LINES;
  /* A histogram: the lines to copy from all blocks with this fragmentation. */
  uint64_t lines_of[IM_LINES + 1] = {0};
  for (uint32_t b = 1; b < blocks_end; b++) {
    im_block *block = &im.blocks[b];
    block->lines = block->fragmentation = 0;
    if (block->state == IM_NONE || block->state == IM_HEADROOM)
      continue;
    block->lines = (uint16_t)im_lines_to_copy(b, desperate);
    block->fragmentation =
        (uint16_t)(desperate ? IM_LINES - block->lines : block->holes);
    lines_of[block->fragmentation] += block->lines;
  }
  unsigned least = IM_LINES;
  while (least > 1 && lines_of[least] <= left)
    left -= lines_of[least--];
  bool any = false;
  for (uint32_t b = 1; b < blocks_end; b++) {
    im_block *block = &im.blocks[b];
    if (block->fragmentation < least || block->fragmentation == 0)
      continue;
    if (block->fragmentation ==
        least) { /* of these, as many as there is room */
      if (block->lines > left)
        continue;
      left -= block->lines;
    }
    block->candidate = any = true;
    im.candidates++;
  }
  return any;
}

/* Whether the heap is fragmented enough to evacuate (paper, section 2.4): holes
 * were left unused, because memory of another shape was wanted; or the last
 * collection yielded little, so that more than half of the limit is in marked
 * lines. */
static bool im_fragmented(void) {
  uint64_t in_use = im.occupied * IM_LINES - im.free_lines;
  return im.free_lines > 0 &&
         (im.recyclable || (im.limit && in_use * IM_LINE > im.limit / 2));
}

/* Memory for a copy; NULL if there is no more room. */
static gc_object *im_copy_room(size_t bytes) {
  gc_object *to = im_bump(&im.copies, bytes);
  if (to)
    return to;
  if (gc_mutant(headroom_overrun) && im.copies.block)
    return (gc_object *)(im.copies.end - bytes);
  uint32_t b = im.headroom;
  if (b) {
    im.headroom = im.blocks[b].next;
    im.headroom_blocks--;
  } else if (blocks_spare) {
    b = blocks_take();
  } else {
    return NULL;
  }
  im.blocks[b] = (im_block){.state = IM_TAKEN};
  im.copies = (im_hole){block_address(b), block_address(b) + BLOCK_BYTES, b};
  return im_bump(&im.copies, bytes);
}

static bool im_marked(const gc_object *o) {
  return bitmap_test(im.marks, space_granule(o));
}

static inline void im_mark(gc_object *o) {
  if (bitmap_set(im.marks, space_granule(o)))
    bag_put(&im.grey, o);
}

/* Copies an object of a candidate, unless that was done or there is no room,
 * and marks it.  Returns where it is from now on. */
static __attribute__((noinline)) gc_object *im_evacuate(gc_object *o) {
  if (forwarding_moved(o))
    return gc_mutant(second_reference_stale) ? o : forwarding_copy(o);
  if (im_marked(o))
    return o;
  gc_object *to = im_copy_room(forwarding_bytes(o));
  if (to) {
    o = forwarding_move(o, to);
    im.moved++;
  } else {
    im.stayed++;
  }
  im_mark(o);
  return o;
}

/* The answer to tracked.h: where an object is now, or NULL if it was not
 * reached.
 */
static gc_object *im_where(gc_object *o) {
  if (im.blocks[block_number(o)].candidate && forwarding_moved(o))
    return forwarding_copy(o);
  return im_marked(o) ? o : NULL;
}

/* ------------------------------------------------------------------------- *
 * Marking.  An object is marked when the first reference to it is followed, and
 * scanned once, after it has passed through a queue while its header is
 * fetched. Objects for which the mark stack has no room stay in the bag, so
 * none is lost. `evacuates` is a constant wherever these functions are inlined.
 * ------------------------------------------------------------------------- */

/* Follows the reference at `place`, which may be null. */
static inline __attribute__((always_inline)) void im_reach(gc_object **place,
                                                           bool evacuates) {
  gc_object *o = *place;
  if (!o)
    return;
  if (evacuates && im.blocks[block_number(o)].candidate)
    *(gc_mutant(slot_not_updated) ? &o : place) = im_evacuate(o);
  else
    im_mark(o);
}

/* Scans all grey objects and what they lead to.  The top of the stack is kept
 * in a register, if the stack has room for all slots of an object; else, and
 * while evacuating, objects are marked through the bag. */
static inline __attribute__((always_inline)) void im_drain(bool evacuates) {
  gc_object *fifo[IM_FIFO] = {0}; /* null where nothing is queued */
  object_stack *stack = &im.grey.stack;
  gc_object **bottom = stack->items;
  gc_object **top = object_stack_place(stack, stack->size);
  gc_object **limit = object_stack_place(stack, stack->room);
  uint64_t *marks = im.marks, objects = 0, live = 0;
  unsigned at = 0;
  /* After a whole round without a new entry the queue is empty. */
  for (unsigned idle = 0; idle <= IM_FIFO; at = (at + 1) % IM_FIFO) {
    gc_object *next = NULL, *o = fifo[at];
    idle++;
    if (gc_likely(top > bottom))
      next = *--top;
    else if (gc_unlikely(im.grey.spilled))
      next = bag_unspill(&im.grey);
    if (next) {
      __builtin_prefetch(next);
      __builtin_prefetch((char *)next + IM_AHEAD);
      idle = 0;
    }
    fifo[at] = next;
    if (!o)
      continue;
    size_t bytes = forwarding_bytes(o);
    if (bytes <= IM_MOST)
      im_mark_lines(o, bytes);
    objects++;
    live += bytes;
    uint32_t slots = object_slots(o);
    gc_object **slot = o->slots, **end = slot + slots;
    if (!evacuates && gc_likely((size_t)(limit - top) >= slots)) {
      for (; slot < end; slot++)
        if (*slot && bitmap_set(marks, space_granule(*slot)))
          *top++ = *slot;
      continue;
    }
    stack->size = (size_t)(top - bottom);
    for (; slot < end; slot++)
      im_reach(slot, evacuates);
    bottom = stack->items;
    top = object_stack_place(stack, stack->size);
    limit = object_stack_place(stack, stack->room);
  }
  stack->size = 0;
  im.live_objects += objects;
  im.live_bytes += live;
}

static void im_visit(void *data, gc_object **place) {
  (void)data;
  im_reach(place, false);
}

static void im_visit_evacuating(void *data, gc_object **place) {
  (void)data;
  im_reach(place, true);
}

/* Marks all that the roots can reach. */
static void im_mark_reachable(bool evacuates) {
  if (evacuates) {
    roots_each(im_visit_evacuating, NULL);
    im_drain(true);
  } else {
    roots_each(im_visit, NULL);
    im_drain(false);
  }
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Takes all blocks from all mutators, and clears the last collection's marks.
 */
static void im_prepare(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    m->hole = m->overflow = (im_hole){0};
    m->limit = NULL;
  }
  for (uint32_t b = 1; b < blocks_end; b++) {
    if (im.blocks[b].state == IM_NONE)
      continue;
    memset(im.marks + block_granule(b) / 64, 0, BLOCK_GRANULES / 8);
    if (!gc_mutant(lines_stale))
      memset(im_lines(b), 0, IM_LINES / 8);
  }
  for (size_t i = 0; i < large_objects.size; i++)
    bitmap_clear(im.marks, space_granule(large_objects.items[i]));
  im.live_objects = im.live_bytes = 0;
}

static bool im_alive(gc_object *o) {
  return im_marked(o);
}

/* Poisons the memory of a block in which no live object lies. */
static void im_poison(uint32_t b) {
  size_t at = block_granule(b), end = at + BLOCK_GRANULES;
  while (at < end) {
    size_t object = bitmap_next(im.marks, at, end);
    poison_free(space_address((uint32_t)at), (object - at) * SPACE_GRANULE);
    if (object == end)
      break;
    gc_object *o = space_address((uint32_t)object);
    at = object + o->word;
  }
}

/* Sorts the blocks by what is left in them, from the highest down, so that the
 * lists end up in address order. */
static void im_sort(void) {
  im.recyclable = 0;
  im.sought = IM_LINES + 1;
  im.full = false;
  im.occupied = im.free_lines = 0;
  for (uint32_t b = blocks_end; b-- > 1;) {
    im_block *block = &im.blocks[b];
    if (block->state == IM_NONE || block->state == IM_HEADROOM)
      continue;
    block->candidate = false;
    block->taken = 0;
    im_measure(b);
    if (block->free == IM_LINES) {
      im.blocks[b] = (im_block){0};
      blocks_give(b);
      continue;
    }
    if (im.poisons)
      im_poison(b);
    im.occupied++;
    if (block->free == 0) {
      block->state = IM_FULL;
      continue;
    }
    im.free_lines += block->free;
    block->state = IM_RECYCLABLE;
    block->next = im.recyclable;
    im.recyclable = b;
  }
  im.spent = false;
  pthread_mutex_lock(&im.lock); /* gc_heap_footprint may be called meanwhile */
  im_fill_headroom();
  pthread_mutex_unlock(&im.lock);
}

/* `desperate`: an allocation is about to fail, so evacuate the blocks that are
 * the cheapest to empty. */
static void im_collect(bool desperate) {
  bool evacuates =
      option_evacuate && (desperate || im_fragmented()) && im_choose(desperate);
  im_prepare();
  im_mark_reachable(evacuates);
  tracked_clear_weak(im_where, true);
  tracked_queue_dead(im_where, true);
  im_mark_reachable(evacuates);
  tracked_prune_weak(im_where, true);
  im.copies = (im_hole){0};
  large_sweep(im_alive);
  im_sort();
  im.collections++;
  im.evacuations += evacuates;
  im.marked += im.live_objects;
  im.allocated = 0;
  im.untouched = true;
  im.budget = pacing_growth(im.live_bytes, option_growth);
}

void gc_collect(gc_mutator *m) {
  (void)m;
  pause_begin();
  im_collect(false);
  pause_end();
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

static size_t im_marks_bytes(void) {
  return space_bytes / SPACE_GRANULE / 8 + 8;
}

gc_heap *gc_heap_create(const gc_config *config) {
  pause_listen(config->listener);
  im = (gc_heap){.limit = config->heap_limit,
                 .budget = PACING_LEAST,
                 .sought = IM_LINES + 1,
                 .poisons = poison_active(),
                 .each = hostile_each() || poison_active()};
  if (!space_create(config->heap_limit))
    return NULL;
  pthread_mutex_init(&im.lock, NULL);
  bag_init(&im.grey, 0);
  bool made = blocks_create();
  if (made) {
    im.marks = space_table_create(im_marks_bytes());
    im.lines = blocks_table(IM_LINES / 8);
    im.blocks = blocks_table(sizeof *im.blocks);
  }
  if (!im.marks || !im.lines || !im.blocks) {
    gc_heap_destroy(&im);
    return NULL;
  }
  return &im;
}

void gc_heap_destroy(gc_heap *h) {
  space_table_destroy(h->marks, im_marks_bytes());
  blocks_table_destroy(h->lines, IM_LINES / 8);
  blocks_table_destroy(h->blocks, sizeof *h->blocks);
  blocks_destroy();
  bag_free(&h->grey);
  large_destroy();
  bookkeeping_destroy();
  pthread_mutex_destroy(&h->lock);
  space_destroy();
}

/* Gives a detaching mutator's block back: other mutators go on from the next
 * line. */
static void im_return(im_hole *hole) {
  uint32_t b = hole->block;
  if (!b)
    return;
  im_block *block = &im.blocks[b];
  size_t line = im_line(b, hole->cursor + IM_LINE - 1);
  im_fill(hole, im_line_address(b, line));
  pthread_mutex_lock(&im.lock);
  block->taken = (uint16_t)line;
  im_measure(b);
  if (block->free) {
    block->state = IM_RECYCLABLE;
    block->next = im.recyclable;
    im.recyclable = b;
    im.sought = IM_LINES + 1;
  }
  pthread_mutex_unlock(&im.lock);
}

static void im_detach(gc_mutator *m) {
  im_return(&m->hole);
  im_return(&m->overflow);
  m->hole = m->overflow = (im_hole){0};
}

#define THREAD_END(m) im_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  pthread_mutex_lock(&h->lock);
  /* Of the tables, only the parts that describe blocks in use. */
  uint64_t side =
      blocks_side_bytes(BLOCK_GRANULES / 8 + IM_LINES / 8 + sizeof(im_block)) +
      large_list_bytes();
  pthread_mutex_unlock(&h->lock);
  return bookkeeping_footprint(side + object_stack_bytes(&h->grey.stack));
}

uint64_t gc_heap_objects(gc_heap *h) {
  return h->live_objects;
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {
      {"collections", h->collections}, {"objects-marked", h->marked},
      {"evacuations", h->evacuations}, {"candidates", h->candidates},
      {"objects-moved", h->moved},     {"objects-stayed", h->stayed},
      {"headroom", h->headroom_blocks}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* The hole of some mutator that is in block `b`, or NULL. */
static const im_hole *im_hole_in(uint32_t b) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    if (m->hole.block == b)
      return &m->hole;
    if (m->overflow.block == b)
      return &m->overflow;
  }
  return NULL;
}

/* Adds the objects that were made in a block since the last collection to
 * `starts`, a bit per granule.  Returns what is wrong with them, or NULL. */
static const char *im_add_young(uint64_t *starts, uint32_t b) {
  const im_hole *hole = im_hole_in(b);
  const im_block *block = &im.blocks[b];
  char *stop =
      hole ? hole->cursor
           : im_line_address(b, block->state == IM_RECYCLABLE ? block->taken
                                                              : IM_LINES);
  size_t end, line = 0;
  for (; (line = im_find_hole(b, line, &end)) < IM_LINES; line = end) {
    char *p = im_line_address(b, line), *past = im_line_address(b, end);
    if (past > stop)
      past = stop;
    while (p < past) {
      gc_object *o = (gc_object *)p;
      if (o->word == 0 || o->word > (size_t)(past - p) / SPACE_GRANULE)
        return "objects do not fill the hole that they were made in";
      if (!(o->meta & IM_FILLER))
        bitmap_set(starts, space_granule(o));
      p += forwarding_bytes(o);
    }
  }
  return NULL;
}

/* Makes a bitmap, which the caller destroys, of all places where an object
 * begins, including objects that died since the last collection.  Or returns
 * NULL and sets *why to what is wrong. */
static uint64_t *im_find_all(const char **why) {
  uint64_t *starts = space_table_create(im_marks_bytes());
  *why = starts ? NULL : "no memory to check in";
  for (uint32_t b = 1; b < blocks_end && !*why; b++) {
    if (im.blocks[b].state == IM_NONE || im.blocks[b].state == IM_HEADROOM)
      continue;
    size_t at = block_granule(b) / 64;
    memcpy(starts + at, im.marks + at, BLOCK_GRANULES / 8);
    if (im.blocks[b].state != IM_FULL)
      *why = im_add_young(starts, b);
  }
  if (*why) {
    space_table_destroy(starts, im_marks_bytes());
    return NULL;
  }
  for (size_t i = 0; i < large_objects.size; i++)
    bitmap_set(starts, space_granule(large_objects.items[i]));
  return starts;
}

static void im_survey_block(survey *s, const uint64_t *starts, uint32_t b) {
  size_t at = block_granule(b), end = at + BLOCK_GRANULES;
  while (at < end) {
    size_t object = bitmap_next(starts, at, end);
    survey_free(s, (object - at) * SPACE_GRANULE);
    if (object == end)
      break;
    gc_object *o = space_address((uint32_t)object);
    survey_object(s, forwarding_bytes(o));
    at = object + o->word;
  }
}

/* Free memory is what no object occupies in blocks, even if it lies in a line
 * that is marked for another object.  What is free between large objects
 * belongs to the arena.  A free stretch may reach over several blocks. */
gc_usage gc_heap_usage(gc_heap *h) {
  (void)h;
  survey s = {.usage.pages = space_used()};
  const char *why;
  uint64_t *starts = im_find_all(&why);
  if (!starts) {
    s.usage.objects = s.usage.cells = GC_UNKNOWN;
    s.usage.free = s.usage.free_largest = GC_UNKNOWN;
    return s.usage;
  }
  for (uint32_t b = 1; b < blocks_end; b++) {
    if (im.blocks[b].state == IM_HEADROOM || blocks_empty(b))
      survey_free(&s, BLOCK_BYTES);
    else if (im.blocks[b].state == IM_NONE)
      survey_gap(&s);
    else
      im_survey_block(&s, starts, b);
  }
  space_table_destroy(starts, im_marks_bytes());
  s.usage.objects += large_objects.size;
  s.usage.cells += large_cells();
  return s.usage;
}

/* ------------------------------------------------------------------------- *
 * Checking.
 * ------------------------------------------------------------------------- */

static const char *im_check_lists(void) {
  uint32_t listed = 0; /* on lists, less those whose state says so */
  for (uint32_t b = im.recyclable; b; b = im.blocks[b].next, listed++)
    if (im.blocks[b].state != IM_RECYCLABLE || listed > blocks_end)
      return "a block on the list of the recyclable is not";
  for (uint32_t b = im.headroom; b; b = im.blocks[b].next, listed++)
    if (im.blocks[b].state != IM_HEADROOM || listed > blocks_end)
      return "a block on the list of the headroom is not";
  uint32_t headroom = 0;
  for (uint32_t b = 1; b < blocks_end; b++) {
    const im_block *block = &im.blocks[b];
    if ((block->state != IM_NONE) != blocks_taken(b))
      return "a block is in use and empty, or neither";
    if (block->candidate)
      return "a block is to be evacuated between collections";
    headroom += block->state == IM_HEADROOM;
    listed -= block->state == IM_RECYCLABLE || block->state == IM_HEADROOM;
  }
  if (listed || headroom != im.headroom_blocks)
    return "a recyclable block or one of the headroom is on no list";
  return blocks_check();
}

/* The marks of a block's lines follow from the marks of its objects, exactly or
 * conservatively. */
static const char *im_check_lines(uint32_t b) {
  uint64_t expected[IM_WORDS] = {0};
  size_t first = block_granule(b), end = first + BLOCK_GRANULES, past = 0;
  for (size_t at = first; (at = bitmap_next(im.marks, at, end)) < end; at++) {
    const gc_object *o = space_address((uint32_t)at);
    size_t inside = (at - first) * SPACE_GRANULE, bytes = forwarding_bytes(o);
    if (bytes == 0 || inside < past || inside + bytes > BLOCK_BYTES)
      return "a marked object overlaps another, or leaves its block";
    past = inside + bytes;
    if (o->meta & (FORWARDING_MOVED | IM_FILLER))
      return "a marked object has moved, or is a filler";
    size_t last = (past - 1) / IM_LINE;
    if (option_conservative && bytes <= IM_LINE)
      last = inside / IM_LINE;
    for (size_t line = inside / IM_LINE; line <= last; line++)
      bitmap_set(expected, line);
  }
  return memcmp(expected, im_lines(b), sizeof expected) == 0
             ? NULL
             : "lines are marked that have no live object, or the reverse";
}

static const char *im_check_hole(const im_hole *hole) {
  if (!hole->block)
    return hole->cursor == hole->end ? NULL : "a hole is in no block";
  uint32_t b = hole->block;
  if (im.blocks[b].state != IM_TAKEN || (im_hole_in(b) != hole && hole->cursor))
    return "a block that a mutator allocates in is not its alone";
  if (hole->cursor > hole->end || hole->cursor < block_address(b) ||
      hole->end > block_address(b) + BLOCK_BYTES)
    return "a hole is outside its block";
  size_t end = im_line(b, hole->end);
  if (hole->cursor < hole->end &&
      bitmap_next(im_lines(b), im_line(b, hole->cursor), end) != end)
    return "a hole contains a marked line";
  return NULL;
}

/* During a check: what im_find_all returned. */
static const uint64_t *im_check_starts;

static bool im_check_is(const gc_object *o) {
  return bitmap_test(im_check_starts, space_granule(o));
}

static bool im_check_alive(const gc_object *o) {
  return !im.untouched || im_marked(o);
}

static const char *im_check_objects(void) {
  uint64_t objects = 0;
  for (uint32_t b = 1; b < blocks_end; b++) {
    if (im.blocks[b].state == IM_NONE)
      continue;
    size_t at = block_granule(b), end = at + BLOCK_GRANULES;
    for (; (at = bitmap_next(im.marks, at, end)) < end; at++)
      objects++;
    const char *why = im_check_lines(b);
    if (why)
      return why;
  }
  if (im.untouched && objects + large_objects.size != im.live_objects)
    return "there are more or fewer mark bits than objects";
  return NULL;
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  const char *why = im_check_lists();
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next)
    if (!(why = im_check_hole(&m->hole)))
      why = im_check_hole(&m->overflow);
  if (!why)
    why = im_check_objects();
  if (why)
    return why;
  uint64_t *starts = im_find_all(&why);
  if (!starts)
    return why;
  im_check_starts = starts;
  why = tracked_check(im_check_is, im_where, !im.untouched);
  if (!why)
    why = reachable_check(im_check_is, im_check_alive);
  space_table_destroy(starts, im_marks_bytes());
  return why;
}
