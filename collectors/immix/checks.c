/* checks.c: walks over a space of lines: what memory is used for, and whether
 * the invariants hold.  No mutator runs. */
#include "gc.h"
#include "common/ephemerons.h"
#include "common/survey.h"
#include "common/tracked.h"
#include "immix/layout.h"
#include "common/inline/reachable.h"

/* The hole of some mutator that is in block `b`, or NULL. */
static const im_hole *im_hole_in(uint32_t b) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    if (m->buffer.hole.block == b)
      return &m->buffer.hole;
    if (m->buffer.overflow.block == b)
      return &m->buffer.overflow;
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
    if (im.blocks[b].state != IM_FULL && im.blocks[b].state != IM_AGING)
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
  survey s = {.usage.pages = space_pages()};
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
  uint32_t touched = 0;
  for (uint32_t b = im.recyclable; b; b = im.blocks[b].next, listed++)
    if (im.blocks[b].state != IM_RECYCLABLE || listed > blocks_end)
      return "a block on the list of the recyclable is not";
    else if (im.blocks[b].longest >= im.sought)
      return "a hole is believed to be in no recyclable block, and is in one";
  for (uint32_t b = im.headroom; b; b = im.blocks[b].next, listed++)
    if (im.blocks[b].state != IM_HEADROOM || listed > blocks_end)
      return "a block on the list of the headroom is not";
  for (uint32_t b = im.returned; b; b = im.blocks[b].next, listed++)
    if (im.blocks[b].state != IM_RECYCLABLE || listed > blocks_end)
      return "a block on the list of the returned is not recyclable";
  for (uint32_t b = im.aging; b; b = im.blocks[b].next, listed++)
    if (im.blocks[b].state != IM_AGING || listed > blocks_end)
      return "a block on the list of the aging is not";
  for (uint32_t b = im.touched; b; b = im.blocks[b].next_touched, touched++)
    if (!im.blocks[b].touched || touched > blocks_end)
      return "a block on the list of the touched is not";
  uint32_t headroom = 0;
  for (uint32_t b = 1; b < blocks_end; b++) {
    const im_block *block = &im.blocks[b];
    if ((block->state != IM_NONE) != blocks_taken(b))
      return "a block is in use and empty, or neither";
    if (block->candidate)
      return "a block is to be evacuated between collections";
    if (block->state == IM_TAKEN && !block->touched)
      return "a block that a mutator took is not touched";
    touched -= block->touched;
    headroom += block->state == IM_HEADROOM;
    listed -= block->state == IM_RECYCLABLE || block->state == IM_HEADROOM ||
              block->state == IM_AGING;
  }
  if (listed || touched || headroom != im.headroom_blocks)
    return "a recyclable, aging or touched block or one of the headroom is on "
           "no list";
  if (im.untouched && !im.spent && headroom < im_wanted_headroom() &&
      blocks_spare)
    return "a collection has left the headroom short, though blocks are empty";
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
    if (o->meta & (FORWARDING_MOVED | IM_STAYS | IM_FILLER))
      return "a marked object has moved or stays, or is a filler";
    size_t last = (past - 1) / IM_LINE;
    if (IM_CONSERVATIVE && bytes <= IM_LINE)
      last = inside / IM_LINE;
    for (size_t line = inside / IM_LINE; line <= last; line++)
      bitmap_set(expected, line);
  }
  return memcmp(expected, im_lines(b), sizeof expected) == 0
             ? NULL
             : "lines are marked that have no live object, or the reverse";
}

/* Whether line `line` of a block may be handed out: no object that is marked
 * has a byte in it, and the conservative marker can tell. */
static bool im_is_free(uint32_t b, size_t line) {
  const uint64_t *lines = im_lines(b);
  return !bitmap_test(lines, line) &&
         !(IM_CONSERVATIVE && line && bitmap_test(lines, line - 1));
}

/* The holes that are found in a block consist of all its free lines and no
 * others, up to the last line, and the figures of a block that waits to be
 * taken are those of its holes. */
static const char *im_check_holes(uint32_t b) {
  im_block block = im.blocks[b];
  size_t line = 0, end, at;
  do {
    at = im_find_hole(b, line, &end);
    for (; line < at; line++)
      if (im_is_free(b, line))
        return "a free line is in no hole";
    for (; line < IM_LINES && line < end; line++)
      if (!im_is_free(b, line))
        return "a hole has a line that is not free";
  } while (at < IM_LINES);
  if (block.state == IM_FULL && im_find_hole(b, 0, &end) < IM_LINES)
    return "a full block has a hole";
  im_measure(b);
  if (block.state == IM_RECYCLABLE &&
      memcmp(&block, &im.blocks[b], sizeof block))
    return "the holes of a recyclable block are miscounted";
  im.blocks[b] = block;
  return NULL;
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

bool im_check_is(const gc_object *o) {
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
    if (!why)
      why = im_check_holes(b);
    if (why)
      return why;
  }
  if (im.untouched && objects + large_objects.size != im.live_objects)
    return "there are more or fewer mark bits than objects";
  return NULL;
}

const char *im_check_each(const char *(*look)(const gc_object *o)) {
  const char *why = NULL;
  for (uint32_t b = 1; b < blocks_end && !why; b++) {
    if (im.blocks[b].state == IM_NONE)
      continue;
    size_t at = block_granule(b), end = at + BLOCK_GRANULES;
    for (; (at = bitmap_next(im.marks, at, end)) < end && !why; at++)
      why = look(space_address((uint32_t)at));
  }
  for (size_t i = 0; i < large_objects.size && !why; i++)
    if (im_marked(large_objects.items[i]))
      why = look(large_objects.items[i]);
  return why;
}

const char *im_check(const char *(*own)(void)) {
  const char *why = im_check_lists();
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next)
    if (!(why = im_check_hole(&m->buffer.hole)))
      why = im_check_hole(&m->buffer.overflow);
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
    why = ephemerons_check(im_check_is, im_where, !im.untouched);
  if (!why)
    why = owned_check(im_check_is, im_where, !im.untouched);
  if (!why)
    why = reachable_check(im_check_is, im_check_alive);
  if (!why && own)
    why = own();
  space_table_destroy(starts, im_marks_bytes());
  return why;
}
