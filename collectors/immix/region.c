/* region.c: a space of lines: how it is made, the steps of a collection before
 * and after marking, and what becomes of the blocks of a mutator that
 * detaches. */
#include "gc.h"
#include "common/bookkeeping.h"
#include "common/pause.h"
#include "common/remembered.h"
#include "common/pacing.h"
#include "immix/layout.h"

gc_heap im;

/* ------------------------------------------------------------------------- *
 * The space.
 * ------------------------------------------------------------------------- */

bool im_create(const gc_config *config) {
  listener_set(config->listener);
  im = (gc_heap){.limit = config->heap_limit,
                 .sought = IM_LINES + 1,
                 .poisons = poison_active(),
                 .each = hostile_each() || poison_active()};
  if (!space_create(config->heap_limit))
    return false;
  pthread_mutex_init(&im.lock, NULL);
  im_markers_create();
  bag_init(&im.kept, 1);
  bool made = blocks_create();
  if (made) {
    im.marks = space_table_create(im_marks_bytes());
    im.lines = blocks_table(IM_LINES / 8);
    im.blocks = blocks_table(sizeof *im.blocks);
  }
  if (im.marks && im.lines && im.blocks)
    return true;
  im_destroy();
  return false;
}

void im_destroy(void) {
  space_table_destroy(im.marks, im_marks_bytes());
  blocks_table_destroy(im.lines, IM_LINES / 8);
  blocks_table_destroy(im.blocks, sizeof *im.blocks);
  blocks_destroy();
  im_markers_destroy();
  bag_free(&im.kept);
  large_destroy();
  bookkeeping_destroy();
  pthread_mutex_destroy(&im.lock);
  space_destroy();
}

/* ------------------------------------------------------------------------- *
 * Before marking.
 * ------------------------------------------------------------------------- */

static void im_clear_block(uint32_t b) {
  memset(im.marks + block_granule(b) / 64, 0, BLOCK_GRANULES / 8);
  if (!gc_mutant(lines_stale))
    memset(im_lines(b), 0, IM_LINES / 8);
}

/* Objects in aging blocks are young: they lose their marks as well. */
static void im_clear_aging(void) {
  for (uint32_t b = im.aging; b; b = im.blocks[b].next) {
    if (!gc_mutant(aging_marks_kept))
      im_clear_block(b);
    im.blocks[b].state = IM_TAKEN;
    im_touch(b);
  }
  im.live_objects -= im.aged_objects;
  im.live_bytes -= im.aged_bytes;
}

static void im_clear_all(void) {
  for (uint32_t b = 1; b < blocks_end; b++)
    if (im.blocks[b].state != IM_NONE)
      im_clear_block(b);
  for (size_t i = 0; i < large_objects.size && !gc_mutant(large_stale); i++)
    bitmap_clear(im.marks, space_granule(large_objects.items[i]));
  im.live_objects = im.live_bytes = 0;
}

void im_prepare(bool all) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    m->buffer.hole = (im_hole){0};
    if (!gc_mutant(overflow_kept))
      m->buffer.overflow = (im_hole){0};
    m->buffer.limit = NULL;
  }
  if (IM_GENERATIONS)
    im_clear_aging();
  if (all)
    im_clear_all();
  im.aging = 0;
  im.aged_objects = im.aged_bytes = im.got_old = 0;
  im.partial = !all;
}

/* ------------------------------------------------------------------------- *
 * After marking.
 * ------------------------------------------------------------------------- */

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

static void im_sort_block(uint32_t b) {
  im_block *block = &im.blocks[b];
  if (block->counted) {
    im.occupied--;
    im.free_lines -= block->counted - 1u;
  }
  uint32_t next_touched = block->next_touched;
  im_block before = *block;
  if (before.candidate && im.staying && !gc_mutant(stay_flag_kept))
    im_unflag(b);
  *block = (im_block){.state = IM_FULL};
  if (gc_mutant(evacuated_unmeasured) && before.candidate) {
    block->holes = before.holes;
    block->free = before.free;
    block->longest = before.longest;
  } else {
    im_measure(b);
  }
  im.sorted++;
  if (block->free == IM_LINES) {
    im.emptied++;
    *block = (im_block){.next_touched = next_touched};
    blocks_give(b);
    return;
  }
  if (im.poisons)
    im_poison(b);
  im.occupied++;
  im.free_lines += block->free;
  block->counted = (uint16_t)(block->free + 1);
  block->next_touched = next_touched;
  if (block->free > 0) {
    block->state = IM_RECYCLABLE;
    block->next = im.recyclable;
    im.recyclable = b;
  }
}

/* From the highest down, so that the lists end up in address order. */
static void im_sort_all(void) {
  im.recyclable = 0;
  for (uint32_t b = blocks_end; b-- > 1;)
    if (im.blocks[b].state != IM_NONE && im.blocks[b].state != IM_HEADROOM)
      im_sort_block(b);
}

/* The newest first, so that empty blocks are taken in the same order again. */
static void im_sort_touched(void) {
  for (uint32_t b = im.touched; b; b = im.blocks[b].next_touched)
    im_sort_block(b);
}

void im_sort(bool all) {
  if (!gc_mutant(copies_go_on))
    im_markers_leave_blocks();
  if (!gc_mutant(aged_hole_kept))
    im.aged = (im_hole){0};
  if (!gc_mutant(filled_hole_kept))
    im.filled = (im_hole){0};
  large_sweep_from(all ? 0 : im.large_old, im_alive);
  im.large_old = large_objects.size;
  im.returned = 0; /* all of those are touched */
  if (all)
    im_sort_all();
  else
    im_sort_touched();
  im.touched = 0;
  if (!gc_mutant(sought_stays))
    im.sought = IM_LINES + 1;
  im.full = im.spent = im.partial = im.staying = false;
  im.allocated = im.large = 0;
  external_collected();
  im.untouched = true;
  im.tally.collections++;
  im.tally.left = im.live_objects;
}

void im_give_back(void) {
  if (!pacing_gives_back())
    return;
  pthread_mutex_lock(&im.lock); /* as below */
  uint64_t wanted = pacing_goal_inside() + im.free_lines * IM_LINE +
                    im.headroom_blocks * (uint64_t)BLOCK_BYTES;
  uint64_t pages = space_pages(), surplus = pacing_surplus(pages, wanted);
  if (surplus)
    blocks_shrink(pages - surplus, 0);
  pthread_mutex_unlock(&im.lock);
}

void im_set_headroom(uint64_t expected) {
  pthread_mutex_lock(&im.lock); /* gc_heap_footprint may be called meanwhile */
  im.expected = (uint32_t)((expected + BLOCK_BYTES - 1) / BLOCK_BYTES);
  if (!gc_mutant(headroom_unfilled))
    im_fill_headroom();
  pthread_mutex_unlock(&im.lock);
}

/* ------------------------------------------------------------------------- *
 * Mutators that detach.
 * ------------------------------------------------------------------------- */

/* Other mutators go on from the next line. */
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
    im.returns++;
    if (!gc_mutant(returned_budgeted))
      im.allocated -= block->free * (uint64_t)IM_LINE;
    block->state = IM_RECYCLABLE;
    block->next = im.returned;
    im.returned = b;
    if (!gc_mutant(returned_unsought))
      im.sought = IM_LINES + 1;
  }
  if (!gc_mutant(returned_unlocked))
    pthread_mutex_unlock(&im.lock);
}

void im_detach(im_buffer *buffer) {
  im_return(&buffer->hole);
  if (!gc_mutant(overflow_unreturned))
    im_return(&buffer->overflow);
  pthread_mutex_lock(&im.lock);
  im.overflowed += buffer->overflowed;
  im.given_up += buffer->given_up;
  pthread_mutex_unlock(&im.lock);
  *buffer = (im_buffer){0};
}

/* ------------------------------------------------------------------------- *
 * Figures.
 * ------------------------------------------------------------------------- */

gc_footprint im_footprint(uint64_t side) {
  pthread_mutex_lock(&im.lock);
  /* Of the tables, only the parts that describe blocks in use. */
  side +=
      blocks_side_bytes(BLOCK_GRANULES / 8 + IM_LINES / 8 + sizeof(im_block)) +
      large_list_bytes() + object_stack_bytes(&im.kept.stack);
  pthread_mutex_unlock(&im.lock);
  return bookkeeping_footprint(side + im_markers_bytes());
}

uint64_t gc_heap_objects(gc_heap *h) {
  return h->live_objects;
}

gc_tally gc_heap_tally(gc_heap *h) {
  return h->tally;
}

size_t im_counters(gc_counter *out, size_t room, const gc_counter *own,
                   size_t count) {
  uint64_t overflowed = im.overflowed, given_up = im.given_up;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    overflowed += m->buffer.overflowed;
    given_up += m->buffer.given_up;
  }
  const gc_counter all[] = {{"objects-marked", im.marked},
                            {"bytes-marked", im.marked_bytes},
                            {"evacuations", im.evacuations},
                            {"candidates", im.candidates},
                            {"objects-moved", im.moved},
                            {"objects-stayed", im.stayed},
                            {"headroom", im.headroom_blocks},
                            {"headroom-used", im.copied_into},
                            {"headroom-spent", im.spent_blocks},
                            {"blocks-reused", im.reused},
                            {"blocks-passed", im.passed},
                            {"blocks-emptied", im.emptied},
                            {"blocks-returned", im.returns},
                            {"blocks-sorted", im.sorted},
                            {"overflowed", overflowed},
                            {"holes-given-up", given_up},
                            {"unspilled", im.unspilled},
                            LARGE_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  size_t n = gc_counters_fill(out, room, own, count);
  return n + gc_counters_fill(out + n, room - n, all, sizeof all / sizeof *all);
}
