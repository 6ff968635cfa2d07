/* evacuation.c: evacuation in a space of lines: which blocks to copy objects
 * out of, where to, and the copying.  The world is stopped. */
#include "immix/evacuation.h"
#include "common/ephemerons.h"

enum {
  /* Several markers copy only if there are so many blocks for each. */
  IM_ROOMY = 2,
};

im_marker im_markers[IM_MARKERS];

void im_mark_words(uint64_t *lines, size_t line, size_t last, bool shared) {
  for (; line / 64 < last / 64; line = (line / 64 + 1) * 64)
    im_set_bits(&lines[line / 64], UINT64_MAX << (line % 64), shared);
  im_set_bits(&lines[line / 64],
              UINT64_MAX >> (63 - (last - line)) << (line % 64), shared);
}

void im_markers_leave_blocks(void) {
  for (unsigned n = 0; n < IM_MARKERS; n++)
    im_markers[n].copies = (im_hole){0};
}

/* Lines that the objects of a block would take elsewhere.  Counts what the
 * block held after the last collection: most of what filled its holes since is
 * dead.  Where it is not, a candidate is not emptied although blocks were used
 * up for its copies; therefore such a collection leaves part of the headroom
 * (im_collect).  An estimate for `desperate` is exact.
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

/* Blocks that can be copied into. */
static uint64_t im_room_blocks(void) {
  uint64_t blocks = blocks_spare;
  if (im.headroom_blocks > im.reserve)
    blocks += im.headroom_blocks - im.reserve;
  return blocks;
}

/* Lines that can certainly be filled with copies.  At the end of each block but
 * the last, an object may not fit any more; of the last blocks of all markers
 * but one, nothing may be used. */
static uint64_t im_room(void) {
  uint64_t blocks = im_room_blocks() - (im.evacuators - 1);
  return blocks ? blocks * IM_LINES - (blocks - 1) * (IM_MOST / IM_LINE) : 0;
}

/* Chooses the candidates: the most fragmented blocks, as many as there is room
 * to copy into.  A block's fragmentation is its number of holes, as in the
 * paper; if memory is short (`desperate`), the lines that need not be copied to
 * empty it.  Returns whether there are candidates. */
bool im_choose(bool desperate) {
  unsigned most = markers_most();
  im.evacuators =
      desperate || im_room_blocks() < IM_ROOMY * (uint64_t)most ? 1 : most;
  uint64_t left = im_room();
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

/* An empty block to copy into, which stays young if `ages`; 0 if there is no
 * more room. */
static uint32_t im_copy_block(bool ages) {
  uint32_t b = 0;
  pthread_mutex_lock(&im.lock);
  if (im.headroom_blocks > im.reserve) {
    b = im.headroom;
    im.headroom = im.blocks[b].next;
    im.headroom_blocks--;
    im.copied_into++;
  } else if (blocks_spare) {
    b = blocks_take();
  }
  if (b && ages) {
    im.blocks[b] = (im_block){.state = IM_AGING, .next = im.aging};
    im.aging = b;
  } else if (b) {
    im.blocks[b] = (im_block){.state = IM_TAKEN};
    im_touch(b);
  }
  pthread_mutex_unlock(&im.lock);
  return b;
}

/* Memory for a copy in an empty block, or what is left of the last one; NULL if
 * there is no more room. */
static gc_object *im_copy_room(im_marker *k, size_t bytes) {
  if (gc_mutant(copies_in_one_block))
    k = &im_markers[0];
  gc_object *to = im_bump(&k->copies, bytes);
  if (to)
    return to;
  if (gc_mutant(headroom_overrun) && k->copies.block)
    return (gc_object *)(k->copies.end - bytes);
  uint32_t b = im_copy_block(false);
  if (!b)
    return NULL;
  k->copies = (im_hole){block_address(b), block_address(b) + BLOCK_BYTES, b};
  return im_bump(&k->copies, bytes);
}

/* Generations: memory for a copy in a hole of a recyclable block; NULL if there
 * is none.  Only in partial collections: they keep the marks of lines, so holes
 * are known.  Only for objects that fit into any hole, because a hole that is
 * left is lost until the next collection. */
static gc_object *im_refill_room(size_t bytes) {
  gc_object *to = NULL;
  if (!im.partial || bytes > IM_LINE)
    return NULL;
  do
    to = im_bump(&im.filled, bytes);
  while (!to &&
         (im_next_hole(&im.filled) || im_take_recyclable(&im.filled, 1)));
  return to;
}

/* Generations: the same in a block that stays young. */
static gc_object *im_aged_room(size_t bytes) {
  gc_object *to = im_bump(&im.aged, bytes);
  uint32_t b = to ? 0 : im_copy_block(true);
  if (b) {
    im.aged = (im_hole){block_address(b), block_address(b) + BLOCK_BYTES, b};
    to = im_bump(&im.aged, bytes);
  }
  if (to) {
    im.aged_objects++;
    im.aged_bytes += bytes;
    im.aged_so_far++;
  }
  return to;
}

/* Memory for a copy of an object of block `from`, wherever there is some. Where
 * lists are bounded (hostile.h), no more than so many objects of a marker in a
 * row find room: it is seldom that an object has to stay otherwise. */
static gc_object *im_room_for(im_marker *k, uint32_t from, size_t bytes) {
  if (gc_unlikely(hostile.buffers) &&
      k->asked++ % (hostile.buffers + 1) == hostile.buffers)
    return NULL;
  gc_object *to = NULL;
  if (IM_GENERATIONS) {
    if (im.ages && im.blocks[from].fresh)
      to = im_aged_room(bytes);
    if (!to)
      to = im_refill_room(bytes);
  }
  return to ? to : im_copy_room(k, bytes);
}

gc_object *im_copy(im_marker *k, gc_object *o, bool pairs) {
  gc_object *to = im_room_for(k, block_number(o), forwarding_bytes(o));
  if (!to) {
    k->stayed++;
    return o;
  }
  if (pairs && !gc_mutant(moved_key_unwoken))
    ephemerons_reached(o);
  if (gc_mutant(evacuated_lines_marked))
    im_mark_lines(im.lines, (uintptr_t)block_address(0), o, forwarding_bytes(o),
                  false);
  k->moved++;
  return forwarding_move(o, to);
}

/* Takes the marker's last copy back. */
static void im_take_back(im_marker *k, gc_object *to, size_t bytes) {
  k->copies.cursor = (char *)to;
  k->copied_twice++;
  if (im.poisons)
    poison_free(to, bytes);
}

gc_object *im_copy_shared(im_marker *k, gc_object *o, uint64_t header) {
  size_t bytes = forwarding_header_bytes(header);
  gc_object *to = im_room_for(k, block_number(o), bytes);
  if (to)
    forwarding_copy_to(o, header, to);
  hostile_race();
  if (!forwarding_decide(o, &header, to)) {
    if (to)
      im_take_back(k, to, bytes);
    return forwarding_decision(o, header);
  }
  *(to ? &k->moved : &k->stayed) += 1;
  return to ? to : o;
}

void im_unflag(uint32_t b) {
  size_t at = block_granule(b), end = at + BLOCK_GRANULES;
  for (; (at = bitmap_next(im.marks, at, end)) < end; at++)
    ((gc_object *)space_address((uint32_t)at))->meta &= ~IM_STAYS;
}

gc_object *im_where(gc_object *o) {
  if (im.blocks[block_number(o)].candidate && forwarding_moved(o) &&
      !gc_mutant(moved_seem_dead))
    return gc_mutant(target_not_followed) ? o : forwarding_copy(o);
  return im_marked(o) ? o : NULL;
}
