/* allocation.c: the slow paths of allocation in a space of lines: the next
 * hole, the next block, a collection. */
#include "gc.h"
#include "common/pause.h"
#include "immix/layout.h"

/* How many objects in a row may go to the overflow block before the hole that
 * they did not fit into is given up. */
enum { IM_PATIENCE = 4 };

/* See im_may_recycle. */
enum { IM_NURSERY_PART = 8 };

void im_fill(im_hole *hole, char *end) {
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

bool im_next_hole(im_hole *hole) {
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
  im_touch(b);
  char *at = im_line_address(b, im.blocks[b].taken);
  *hole = (im_hole){at, at, b};
  return true;
}

/* Takes the first block with a hole of at least `lines` off a list; 0 if there
 * is none. */
static uint32_t im_pop(uint32_t *link, unsigned lines) {
  while (*link && im.blocks[*link].longest < lines) {
    link = &im.blocks[*link].next;
    im.passed++;
  }
  uint32_t b = *link;
  if (b)
    *link = im.blocks[b].next;
  return b;
}

/* The same for a mutator. */
static uint32_t im_pop_for_mutator(uint32_t *list, unsigned lines) {
  uint32_t b = lines < im.sought ? im_pop(list, lines) : 0;
  if (b) {
    im.allocated += im.blocks[b].free * (uint64_t)IM_LINE;
    im.reused++;
  }
  return b;
}

/* A recyclable block for a mutator that nobody returned. */
static uint32_t im_pop_recyclable(unsigned lines) {
  uint32_t b = im_pop_for_mutator(&im.recyclable, lines);
  if (!b && lines < im.sought && !gc_mutant(search_repeated))
    im.sought = lines;
  return b;
}

bool im_take_recyclable(im_hole *hole, unsigned lines) {
  uint32_t b = lines < im.sought ? im_pop(&im.recyclable, lines) : 0;
  im.refilled += b != 0;
  if (b && gc_mutant(refilled_untouched))
    im.blocks[b].touched = true;
  return im_take(hole, b);
}

/* Whether memory may be handed out that is not in recyclable blocks.  If not, a
 * collection is due.  What is in these counts against the budget as well: if
 * only what makes the heap larger did, a heap whose blocks all keep some
 * survivor would grow by the budget with each collection, for ever. */
static bool im_may_grow(void) {
  return im_handed_out() < im.budget;
}

/* Generations: whether nothing may be handed out at all. */
static bool im_nursery_is_full(void) {
  return IM_GENERATIONS && !im_may_grow();
}

/* Generations: whether recyclable blocks may be handed out.  Where survivors of
 * the nursery are copied, what is made in holes gets old in place, so empty
 * blocks never become many again; a collection is better, unless it would find
 * too small a nursery to be worth while. */
static bool im_may_recycle(bool empty_first) {
  return !IM_GENERATIONS || !empty_first ||
         im_handed_out() < im.budget / IM_NURSERY_PART;
}

uint32_t im_wanted_headroom(void) {
  uint64_t of = im.limit ? im.limit / BLOCK_BYTES : im.occupied;
  return im_option_evacuate ? (uint32_t)((of * im_option_headroom + 999) / 1000)
                            : 0;
}

void im_fill_headroom(void) {
  uint32_t b, wanted = im_wanted_headroom() + im.expected;
  while (im.headroom_blocks < wanted && (b = blocks_take())) {
    im.blocks[b] = (im_block){.state = IM_HEADROOM, .next = im.headroom};
    im.headroom = b;
    im.headroom_blocks++;
  }
}

/* Sets the headroom aside before the limit is reached for the first time: up to
 * then no collection has done so.  The next block must not be the last one. */
static void im_keep_headroom(void) {
  uint64_t kept =
      (uint64_t)(im_wanted_headroom() + im.expected + 2) * BLOCK_BYTES;
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
    im.blocks[b] = (im_block){.fresh = true};
    im.allocated += BLOCK_BYTES;
  }
  im.full = !b;
  return b;
}

/* Gives a mutator a block with a hole for `bytes`: one that an ended thread
 * returned, an empty one, or a recyclable one; `empty_first`: in this order.
 * Returns false if there is none. */
static bool im_take_block(im_hole *hole, size_t bytes, bool empty_first) {
  unsigned lines = (unsigned)((bytes + IM_LINE - 1) / IM_LINE);
  uint32_t b = 0;
  pthread_mutex_lock(&im.lock);
  bool may = !im_nursery_is_full();
  if (may)
    b = im_pop_for_mutator(&im.returned, lines);
  if (may && !b)
    b = empty_first ? im_pop_empty() : im_pop_recyclable(lines);
  if (may && !b && im_may_recycle(empty_first))
    b = empty_first ? im_pop_recyclable(lines) : im_pop_empty();
  bool taken = im_take(hole, b);
  pthread_mutex_unlock(&im.lock);
  return taken;
}

/* Whether an object larger than a line, for which the hole is too short, may go
 * to the overflow block, so that smaller objects can use what is left of the
 * hole.  If no smaller ones come, the hole only keeps the fast path from being
 * taken. */
static bool im_may_overflow(im_buffer *buffer) {
  if (buffer->waits != buffer->hole.cursor)
    buffer->waited = 0;
  buffer->waits = buffer->hole.cursor;
  bool may = buffer->waited++ < IM_PATIENCE;
  *(may ? &buffer->overflowed : &buffer->given_up) += 1;
  return may;
}

/* Memory for an object that goes into a block, from the mutator's holes or from
 * another block; NULL if a collection is due or there is no memory. */
static gc_object *im_obtain_small(im_buffer *buffer, size_t bytes) {
  gc_object *o = im_bump(&buffer->hole, bytes);
  if (!o && buffer->hole.cursor == buffer->hole.end &&
      im_next_hole(&buffer->hole))
    o = im_bump(&buffer->hole, bytes);
  if (!o && buffer->hole.cursor < buffer->hole.end && bytes > IM_LINE &&
      im_may_overflow(buffer)) {
    do
      o = im_bump(&buffer->overflow, bytes);
    while (!o && (im_next_hole(&buffer->overflow) ||
                  im_take_block(&buffer->overflow, bytes, true)));
  }
  while (!o && (im_next_hole(&buffer->hole) ||
                im_take_block(&buffer->hole, bytes, im.empty_first)))
    o = im_bump(&buffer->hole, bytes);
  return o;
}

static gc_object *im_obtain_large(size_t bytes) {
  pthread_mutex_lock(&im.lock);
  im_keep_headroom();
  gc_object *o = im_may_grow() ? large_new(bytes) : NULL;
  if (o) {
    im.allocated += bytes;
    im.large += bytes;
    im.untouched = false;
  }
  pthread_mutex_unlock(&im.lock);
  return o;
}

/* Touches the memory without the lock. */
static void *im_obtain_external(size_t bytes) {
  pthread_mutex_lock(&im.lock);
  im_keep_headroom();
  bool may = im_may_grow();
  pthread_mutex_unlock(&im.lock);
  return may ? space_external_take(0, bytes) : NULL;
}

/* What is asked for: an object of any size, or external memory. */
typedef struct im_request {
  size_t bytes;
  bool external;
} im_request;

static void *im_obtain(gc_mutator *m, void *request) {
  const im_request *r = request;
  if (r->external)
    return im_obtain_external(r->bytes);
  return r->bytes > IM_MOST ? im_obtain_large(r->bytes)
                            : im_obtain_small(&m->buffer, r->bytes);
}

/* Collects, and does all that can be done to get memory for an object.  The
 * world is stopped. */
static void *im_collect_for(gc_mutator *m, void *request) {
  const im_request *r = request;
  void *o = NULL;
  external.due += r->external;
  for (im_effort effort = IM_DUE; effort < IM_DESPERATE; effort++)
    if (im_collect(effort) && (o = im_obtain(m, request)))
      return o;
  uint64_t occupied;
  do {
    if (o)
      return o;
    blocks_release();
    im.full = false;
    if ((o = im_obtain(m, request)))
      return o;
    /* Evacuate the blocks that take the least copying, as long as that frees
     * blocks.  All memory that was not enough is room to copy into. */
    occupied = im.occupied;
    blocks_hold((uint32_t)occupied);
    im_collect(IM_DESPERATE);
    o = im_obtain(m, request);
  } while (im.occupied < occupied);
  if (o || (gc_mutant(headroom_kept) && r->bytes <= IM_MOST))
    return o;
  im.spent = true;
  while (im.headroom) {
    uint32_t b = im.headroom;
    im.headroom = im.blocks[b].next;
    im.headroom_blocks--;
    im.spent_blocks++;
    im.blocks[b] = (im_block){0};
    blocks_give(b);
  }
  blocks_release();
  im.full = false;
  return im_obtain(m, request);
}

gc_object *im_new_slow(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    im_collect_hostile(m);
  im_request request = {bytes, false};
  gc_object *o = pause_obtain(m, &request, im_obtain, im_collect_for);
  m->buffer.limit = im.each ? NULL : m->buffer.hole.end;
  return o;
}

void *im_external(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    im_collect_hostile(m);
  im_request request = {bytes, true};
  return pause_obtain(m, &request, im_obtain, im_collect_for);
}
