/* evacuation.c: immix's marking and opportunistic evacuation: which blocks to
 * copy objects out of, where to, and the traversal that does it.  The world is
 * stopped. */
#include "gc.h"
#include "common/ephemerons.h"
#include "common/markers.h"
#include "common/prefetch.h"
#include "immix/layout.h"
#include "common/inline/roots.h"

enum {
  /* The length of the prefetch queue, and the byte of an object whose cache
   * line is fetched besides that of the first (marking.h says why). */
  IM_FIFO = 64,
  IM_AHEAD = 63,
  /* Several markers copy only if there are so many blocks for each. */
  IM_ROOMY = 2,
};

/* A marker.  Number 0 is the thread that collects. */
typedef struct im_marker {
  object_bag grey;     /* objects marked and not scanned, */
  void *fifo[IM_FIFO]; /* and those of them that are being fetched */
  prefetch_ends ends;  /* (prefetch.h) */
  im_hole copies;      /* where the next copy goes */
  uint64_t asked;      /* times that it wanted room, where lists are bounded */
  /* Not yet counted in the heap: */
  uint64_t objects, bytes, moved, stayed, copied_twice, unspilled;
} im_marker;
static im_marker im_markers[MARKERS_MOST];

void im_markers_create(void) {
  markers_create(MARKERS_MOST);
  for (unsigned n = 0; n < MARKERS_MOST; n++)
    bag_init(&im_markers[n].grey, 0);
}

void im_markers_destroy(void) {
  markers_destroy();
  for (unsigned n = 0; n < MARKERS_MOST; n++) {
    bag_free(&im_markers[n].grey);
    im_markers[n] = (im_marker){0};
  }
}

uint64_t im_markers_bytes(void) {
  uint64_t bytes = 0;
  for (unsigned n = 0; n < MARKERS_MOST; n++)
    bytes += object_stack_bytes(&im_markers[n].grey.stack);
  return bytes;
}

void im_markers_leave_blocks(void) {
  for (unsigned n = 0; n < MARKERS_MOST; n++)
    im_markers[n].copies = (im_hole){0};
}

/* Adds what a marker counted to the figures of the heap. */
static void im_count(im_marker *k, bool shared) {
  im.live_objects += k->objects;
  im.live_bytes += k->bytes;
  im.moved += k->moved;
  im.moved_together += shared ? k->moved : 0;
  im.stayed += k->stayed;
  im.staying |= shared && k->stayed;
  im.copied_twice += k->copied_twice;
  im.unspilled += k->unspilled;
  k->objects = k->bytes = k->moved = k->stayed = 0;
  k->copied_twice = k->unspilled = 0;
}

/* Sets bits of a word.  `shared`, here and below: there are several markers. */
static inline void im_set_bits(uint64_t *word, uint64_t bits, bool shared) {
  if (!shared)
    *word |= bits;
  else if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bits) != bits) {
    if (gc_mutant(lines_not_atomic))
      (void)mutant_set_bits(word, bits);
    else
      __atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
  }
}

/* Marks the lines of an object. */
static inline void im_mark_lines(const gc_object *o, size_t bytes,
                                 bool shared) {
  uintptr_t at = (uintptr_t)o - (uintptr_t)block_address(0);
  if (im_option_conservative && bytes <= IM_LINE)
    bytes = 1;
  size_t line = at / IM_LINE, last = (at + bytes - 1) / IM_LINE;
  if (gc_mutant(last_line_unmarked) && last > line)
    last--;
  for (; line / 64 < last / 64; line = (line / 64 + 1) * 64)
    im_set_bits(&im.lines[line / 64], UINT64_MAX << (line % 64), shared);
  im_set_bits(&im.lines[line / 64],
              UINT64_MAX >> (63 - (last - line)) << (line % 64), shared);
}

/* ------------------------------------------------------------------------- *
 * Evacuation: what to copy, and where to.  The world is stopped.
 * ------------------------------------------------------------------------- */

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

/* Whether the heap is fragmented enough to evacuate (paper, section 2.4): holes
 * were left unused, because memory of another shape was wanted; or the last
 * collection yielded little, so that more than half of the limit is in marked
 * lines. */
bool im_fragmented(void) {
  uint64_t in_use = im.occupied * IM_LINES - im.free_lines;
  return im.free_lines > 0 &&
         (im.recyclable || (im.limit && in_use * IM_LINE > im.limit / 2));
}

/* Takes a block to copy into; 0 if there is no more room. */
static uint32_t im_copy_block(void) {
  uint32_t b = 0;
  if (im.headroom_blocks > im.reserve) {
    b = im.headroom;
    im.headroom = im.blocks[b].next;
    im.headroom_blocks--;
    im.copied_into++;
  } else if (blocks_spare) {
    b = blocks_take();
  }
  if (b)
    im.blocks[b] = (im_block){.state = IM_TAKEN};
  return b;
}

/* Memory for a copy; NULL if there is no more room.  Where lists are bounded
 * (hostile.h), no more than so many objects of a marker in a row find room: it
 * is seldom that an object has to stay otherwise. */
static gc_object *im_copy_room(im_marker *k, size_t bytes) {
  if (gc_unlikely(hostile.buffers) &&
      k->asked++ % (hostile.buffers + 1) == hostile.buffers)
    return NULL;
  if (gc_mutant(copies_in_one_block))
    k = &im_markers[0];
  gc_object *to = im_bump(&k->copies, bytes);
  if (to)
    return to;
  if (gc_mutant(headroom_overrun) && k->copies.block)
    return (gc_object *)(k->copies.end - bytes);
  pthread_mutex_lock(&im.lock);
  uint32_t b = im_copy_block();
  pthread_mutex_unlock(&im.lock);
  if (!b)
    return NULL;
  k->copies = (im_hole){block_address(b), block_address(b) + BLOCK_BYTES, b};
  return im_bump(&k->copies, bytes);
}

static inline void im_mark(im_marker *k, gc_object *o, bool shared) {
  size_t granule = space_granule(o);
  if (shared ? bitmap_set_shared(im.marks, granule)
             : bitmap_set(im.marks, granule))
    bag_put(&k->grey, o);
}

/* Copies an object of a candidate, unless that was done or there is no room,
 * and marks it.  Returns where it is from now on. */
static __attribute__((noinline)) gc_object *
im_evacuate(im_marker *k, gc_object *o, bool pairs) {
  if (forwarding_moved(o))
    return gc_mutant(second_reference_stale) ? o : forwarding_copy(o);
  if (im_marked(o) && !gc_mutant(stayed_copied_later))
    return o;
  gc_object *to = im_copy_room(k, forwarding_bytes(o));
  if (to) {
    if (pairs && !gc_mutant(moved_key_unwoken))
      ephemerons_reached(o);
    if (gc_mutant(evacuated_lines_marked))
      im_mark_lines(o, forwarding_bytes(o), false);
    o = forwarding_move(o, to);
    k->moved++;
  } else {
    k->stayed++;
  }
  im_mark(k, o, false);
  return o;
}

/* Takes the marker's last copy back. */
static void im_take_back(im_marker *k, gc_object *to, size_t bytes) {
  k->copies.cursor = (char *)to;
  k->copied_twice++;
  if (im.poisons)
    poison_free(to, bytes);
}

/* The same as im_evacuate, with several markers and without ephemerons.  That
 * an object stays may have been decided before there were several. */
static __attribute__((noinline)) gc_object *im_evacuate_shared(im_marker *k,
                                                               gc_object *o) {
  uint64_t header = forwarding_header(o);
  if (forwarding_decided(header) ||
      bitmap_test_shared(im.marks, space_granule(o)))
    return forwarding_decision(o, header);
  size_t bytes = forwarding_header_bytes(header);
  gc_object *to = im_copy_room(k, bytes);
  if (to)
    forwarding_copy_to(o, header, to);
  hostile_race();
  if (!forwarding_decide(o, &header, to)) {
    if (to)
      im_take_back(k, to, bytes);
    return forwarding_decision(o, header);
  }
  *(to ? &k->moved : &k->stayed) += 1;
  o = to ? to : o;
  im_mark(k, o, true);
  return o;
}

void im_unflag(uint32_t b) {
  size_t at = block_granule(b), end = at + BLOCK_GRANULES;
  for (; (at = bitmap_next(im.marks, at, end)) < end; at++)
    ((gc_object *)space_address((uint32_t)at))->meta &= ~FORWARDING_STAYS;
}

/* The answer to tracked.h: where an object is now, or NULL if it was not
 * reached.
 */
gc_object *im_where(gc_object *o) {
  if (im.blocks[block_number(o)].candidate && forwarding_moved(o) &&
      !gc_mutant(moved_seem_dead))
    return gc_mutant(target_not_followed) ? o : forwarding_copy(o);
  return im_marked(o) ? o : NULL;
}

/* ------------------------------------------------------------------------- *
 * Marking.  An object is marked when the first reference to it is followed, and
 * scanned once, after it has passed through a queue while its header is
 * fetched. Objects for which the mark stack has no room stay in the bag, so
 * none is lost. `evacuates` is a constant wherever these functions are inlined,
 * and so are `pairs`: ephemerons may wait for the objects (ephemerons.h), and
 * `shared`.  Ephemerons wait for old addresses: an object that moves wakes them
 * when it is copied, any other when it is scanned.  One marker alone marks when
 * ephemerons may wait.
 * ------------------------------------------------------------------------- */

/* Follows the reference at `place`, which may be null. */
static inline __attribute__((always_inline)) void
im_reach(im_marker *k, gc_object **place, bool evacuates, bool pairs,
         bool shared) {
  gc_object *o = *place;
  if (!o)
    return;
  if (evacuates && im.blocks[block_number(o)].candidate)
    *(gc_mutant(slot_not_updated) ? &o : place) =
        shared ? im_evacuate_shared(k, o) : im_evacuate(k, o, pairs);
  else
    im_mark(k, o, shared);
}

/* No bound on the objects scanned. */
#define IM_ALL UINT64_MAX

/* Scans grey objects and what they lead to, at most `most` of them; returns
 * whether none is left.  The top of the stack is kept in a register, if the
 * stack has room for all slots of an object; else, and while evacuating,
 * objects are marked through the bag. */
static inline __attribute__((always_inline)) bool
im_drain(im_marker *k, uint64_t most, bool evacuates, bool pairs, bool shared) {
  prefetch_ends ends = k->ends;
  object_stack *stack = &k->grey.stack;
  gc_object **bottom = stack->items;
  gc_object **top = object_stack_place(stack, stack->size);
  gc_object **limit = object_stack_place(stack, stack->room);
  uint64_t *marks = im.marks, objects = 0, live = 0;
  bool left = true;
  while (most == IM_ALL || objects < most) {
    gc_object *next = NULL, *o;
    if (gc_likely(top > bottom))
      next = *--top;
    else if (gc_unlikely(k->grey.spilled)) {
      next = bag_unspill(&k->grey);
      k->unspilled++;
    }
    if (gc_likely(next)) {
      __builtin_prefetch(next);
      __builtin_prefetch((char *)next + IM_AHEAD);
      o = prefetch_turn(k->fifo, IM_FIFO, &ends, next);
      if (!o)
        continue;
    } else {
      o = prefetch_take(k->fifo, IM_FIFO, &ends);
      if (!o) {
        left = false;
        break;
      }
    }
    size_t bytes = forwarding_bytes(o);
    if (bytes <= IM_MOST)
      im_mark_lines(o, bytes, shared);
    objects++;
    if (bytes <= IM_MOST || !gc_mutant(live_without_large))
      live += bytes;
    if (pairs)
      ephemerons_reached(o);
    uint32_t slots = object_slots(o);
    gc_object **slot = o->slots, **end = slot + slots;
    if (!evacuates && gc_likely((size_t)(limit - top) >= slots)) {
      for (; slot < end; slot++)
        if (*slot && (shared ? bitmap_set_shared(marks, space_granule(*slot))
                             : bitmap_set(marks, space_granule(*slot))))
          *top++ = *slot;
      continue;
    }
    stack->size = (size_t)(top - bottom);
    for (; slot < end; slot++)
      im_reach(k, slot, evacuates, pairs, shared);
    bottom = stack->items;
    top = object_stack_place(stack, stack->size);
    limit = object_stack_place(stack, stack->room);
  }
  stack->size = (size_t)(top - bottom);
  k->ends = ends;
  k->objects += objects;
  k->bytes += live;
  return !left;
}

/* Gets objects that other markers gave away.  Returns false if nothing is left
 * for any marker. */
static bool im_take_given(im_marker *k) {
  gc_object *taken[MARKERS_POOL];
  int n = markers_take((unsigned)(k - im_markers), taken, MARKERS_POOL, NULL);
  for (int i = 0; i < n; i++)
    bag_put(&k->grey, taken[i]);
  return n > 0;
}

/* What each of several markers does. */
static inline __attribute__((always_inline)) void im_help_as(unsigned number,
                                                             bool evacuates) {
  im_marker *k = &im_markers[number];
  do {
    while (!im_drain(k, markers_batch, evacuates, false, true)) {
      hostile_race();
      if (markers_wanted() && markers_have_many(&k->grey.stack, k->ends))
        markers_give(&k->grey.stack, &k->ends);
    }
  } while (im_take_given(k));
}

static void im_help(unsigned number) {
  im_help_as(number, false);
}

static void im_help_evacuating(unsigned number) {
  im_help_as(number, true);
}

/* Scans all grey objects and what they lead to, by several markers if there are
 * many, and they offer work for more than one. */
static inline __attribute__((always_inline)) void
im_drain_together(bool evacuates, void (*help)(unsigned number)) {
  im_marker *k = &im_markers[0];
  unsigned markers = evacuates ? im.evacuators : markers_most();
  uint64_t most = markers_alone;
  while (markers > 1 && !im_drain(k, most, evacuates, false, false)) {
    most = markers_batch;
    if (!markers_have_many(&k->grey.stack, k->ends))
      continue;
    im_count(k, false);
    markers_begin(help);
    help(0);
    for (unsigned n = 0; n < MARKERS_MOST; n++) {
      markers_counted.scanned += n ? im_markers[n].objects : 0;
      im_count(&im_markers[n], true);
    }
    return;
  }
  im_drain(k, IM_ALL, evacuates, false, false);
  im_count(k, false);
}

static void im_visit(void *data, gc_object **place) {
  im_reach(data, place, false, false, false);
}

static void im_visit_evacuating(void *data, gc_object **place) {
  im_reach(data, place, true, false, false);
}

static void im_visit_evacuating_pairs(void *data, gc_object **place) {
  im_reach(data, place, true, true, false);
}

void im_mark_reachable(bool evacuates) {
  if (evacuates) {
    roots_each(im_visit_evacuating, &im_markers[0]);
    im_drain_together(true, im_help_evacuating);
  } else {
    roots_each(im_visit, &im_markers[0]);
    im_drain_together(false, im_help);
  }
}

void im_mark_values(bool evacuates, bool revived) {
  im_marker *k = &im_markers[0];
  roots_each(evacuates ? im_visit_evacuating_pairs : im_visit, k);
  for (bool more = true; more;) {
    more = false;
    if (evacuates)
      im_drain(k, IM_ALL, true, true, false);
    else
      im_drain(k, IM_ALL, false, true, false);
    for (gc_object **value; (value = ephemerons_next(im_where));) {
      gc_object *moved = *value;
      bool stale = gc_mutant(ephemeron_value_unmoved) ||
                   (gc_mutant(revived_value_unmoved) && revived);
      im_reach(k, stale ? &moved : value, evacuates, true, false);
      more = true;
    }
  }
  im_count(k, false);
}
