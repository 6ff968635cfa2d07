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
 * allocation would fail otherwise.  How much of a candidate is alive is an
 * estimate, unless a collection has just been made.  Copies of a candidate that
 * has more use up blocks and empty none, and without an empty block there is no
 * evacuation ever again.  So a collection with estimates leaves half of the
 * headroom to those that know.
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
 * This file has the collector's description, the steps of a collection, and the
 * heap.  allocation.c has the slow paths of allocation, evacuation.c marking
 * and copying, checks.c the walks over the heap; layout.h is what they share.
 *
 * Source: Blackburn & McKinley, PLDI 2008. */
#include "gc.h"
#include "common/bookkeeping.h"
#include "common/ephemerons.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "common/tracked.h"
#include "immix/layout.h"

gc_heap im;

/* Without a heap limit: how much the heap may grow before the next collection,
 * in percent of the live bytes (pacing.h). */
static uint64_t option_growth = 100;

uint64_t im_option_evacuate = 1;
uint64_t im_option_headroom = 25;
uint64_t im_option_conservative = 0;

const gc_collector gc_this_collector = {
    .name = "immix",
    .summary = "precise mark-region, evacuating fragmented blocks",
    .source = "Blackburn & McKinley, PLDI 2008; prefetch queue: Cher, Hosking "
              "& Vitek, ASPLOS 2004",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .moving = true,
            .heap_limit = true,
            .granule = BLOCK_BYTES,
            .overhead_bytes = 128 << 10},
    .options =
        (const gc_option[]){
            {"growth",
             "without a heap limit: allocation between collections, in "
             "percent of the live bytes",
             &option_growth, 10, 1000},
            PACING_OPTION,
            {"evacuate", "copy objects out of fragmented blocks",
             &im_option_evacuate, 0, 1},
            {"headroom",
             "blocks kept for copies, per mille of the heap limit, or of the "
             "blocks in use",
             &im_option_headroom, 0, 500},
            {"conservative",
             "mark only the line that a small object begins in, and keep the "
             "next",
             &im_option_conservative, 0, 1},
            {0}},
    /* "objects-stayed" is no event: where no list is bounded (im_copy_room), an
     * object stays only where much more of a block is alive than was reckoned
     * with, which a million operations need not bring about. */
    .events =
        (const char *const[]){
            "collections", "evacuations", "objects-moved", "desperate",
            "headroom-used", "headroom-spent", "blocks-reused",
            "blocks-emptied", "blocks-returned", "overflowed", "holes-given-up",
            "unspilled", LARGE_EVENTS, BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"objects-marked", "bytes-marked",
                                  "blocks-sorted", "blocks-passed", LARGE_WORK,
                                  BOOKKEEPING_WORK, NULL},
    .tight =
        (const char *const[]){"growth-least=32,growth=10",
                              "growth-least=32,growth=10,conservative=1",
                              "growth-least=32,growth=10,evacuate=0",
                              "growth-least=32,growth=10,headroom=0",
                              "growth-least=32,growth=10,headroom=500", NULL},
};

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Takes all blocks from all mutators, and clears the last collection's marks.
 */
static void im_prepare(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    m->hole = (im_hole){0};
    if (!gc_mutant(overflow_kept))
      m->overflow = (im_hole){0};
    m->limit = NULL;
  }
  for (uint32_t b = 1; b < blocks_end; b++) {
    if (im.blocks[b].state == IM_NONE)
      continue;
    memset(im.marks + block_granule(b) / 64, 0, BLOCK_GRANULES / 8);
    if (!gc_mutant(lines_stale))
      memset(im_lines(b), 0, IM_LINES / 8);
  }
  for (size_t i = 0; i < large_objects.size && !gc_mutant(large_stale); i++)
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
  if (!gc_mutant(sought_stays))
    im.sought = IM_LINES + 1;
  im.full = false;
  im.occupied = im.free_lines = 0;
  for (uint32_t b = blocks_end; b-- > 1;) {
    im_block *block = &im.blocks[b];
    if (block->state == IM_NONE || block->state == IM_HEADROOM)
      continue;
    block->taken = 0;
    if (!gc_mutant(evacuated_unmeasured) || !block->candidate)
      im_measure(b);
    block->candidate = false;
    im.sorted++;
    if (block->free == IM_LINES) {
      im.emptied++;
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
  if (!gc_mutant(headroom_unfilled))
    im_fill_headroom();
  pthread_mutex_unlock(&im.lock);
}

/* `desperate`: an allocation is about to fail, so evacuate the blocks that are
 * the cheapest to empty. */
void im_collect(bool desperate) {
  im.reserve = desperate ? 0 : (im_wanted_headroom() + 1) / 2;
  bool evacuates = im_option_evacuate && (desperate || im_fragmented()) &&
                   im_choose(desperate);
  im_prepare();
  im_mark_reachable(evacuates);
  bool pairs = ephemerons_begin(im_where, true);
  if (pairs)
    im_mark_values(evacuates, false);
  tracked_clear_weak(im_where, true);
  if (pairs)
    ephemerons_clear(im_where, true);
  tracked_queue_dead(im_where, true);
  if (pairs)
    im_mark_values(evacuates, true);
  else
    im_mark_reachable(evacuates);
  tracked_prune_weak(im_where, true);
  ephemerons_prune(im_where, true);
  if (!gc_mutant(copies_go_on))
    im.copies = (im_hole){0};
  large_sweep(im_alive);
  im_sort();
  im.collections++;
  im.evacuations += evacuates;
  im.desperate += desperate;
  im.marked += im.live_objects;
  im.marked_bytes += im.live_bytes;
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
  size_t line = im_line(
      b, hole->cursor + (gc_mutant(returned_line_too_early) ? 0 : IM_LINE - 1));
  im_fill(hole, im_line_address(b, line));
  if (!gc_mutant(returned_unlocked))
    pthread_mutex_lock(&im.lock);
  block->taken = (uint16_t)line;
  im_measure(b);
  if (block->free) {
    im.returned++;
    if (!gc_mutant(returned_budgeted))
      im.allocated -= block->free * (uint64_t)IM_LINE;
    block->state = IM_RECYCLABLE;
    block->next = im.recyclable;
    im.recyclable = b;
    if (!gc_mutant(returned_unsought))
      im.sought = IM_LINES + 1;
  }
  if (!gc_mutant(returned_unlocked))
    pthread_mutex_unlock(&im.lock);
}

static void im_detach(gc_mutator *m) {
  im_return(&m->hole);
  if (!gc_mutant(overflow_unreturned))
    im_return(&m->overflow);
  m->hole = m->overflow = (im_hole){0};
  pthread_mutex_lock(&im.lock);
  im.overflowed += m->overflowed;
  im.given_up += m->given_up;
  pthread_mutex_unlock(&im.lock);
  m->overflowed = m->given_up = 0;
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
  uint64_t overflowed = h->overflowed, given_up = h->given_up;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    overflowed += m->overflowed;
    given_up += m->given_up;
  }
  const gc_counter all[] = {{"collections", h->collections},
                            {"objects-marked", h->marked},
                            {"bytes-marked", h->marked_bytes},
                            {"evacuations", h->evacuations},
                            {"candidates", h->candidates},
                            {"objects-moved", h->moved},
                            {"objects-stayed", h->stayed},
                            {"desperate", h->desperate},
                            {"headroom", h->headroom_blocks},
                            {"headroom-used", h->copied_into},
                            {"headroom-spent", h->spent_blocks},
                            {"blocks-reused", h->reused},
                            {"blocks-passed", h->passed},
                            {"blocks-emptied", h->emptied},
                            {"blocks-returned", h->returned},
                            {"blocks-sorted", h->sorted},
                            {"overflowed", overflowed},
                            {"holes-given-up", given_up},
                            {"unspilled", h->unspilled},
                            LARGE_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}
