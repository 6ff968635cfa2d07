/* evacuation.c: marking and evacuation in a space of lines: which blocks to
 * copy objects out of, where to, and the traversal that does it.  The world is
 * stopped. */
#include "gc.h"
#include "common/ephemerons.h"
#include "common/markers.h"
#include "common/prefetch.h"
#include "common/remembered.h"
#include "common/tracked.h"
#include "immix/layout.h"
#include "common/inline/roots.h"

enum {
  /* The length of the prefetch queue, and the byte of an object whose cache
   * line is fetched besides that of the first (marking.h says why). */
  IM_FIFO = 64,
  IM_AHEAD = 63,
  /* While objects are copied: the objects that wait for what they refer to, and
   * of how many references that is fetched. */
  IM_PARENTS = 16,
  IM_FETCHED = 8,
  /* Markers at the most.  With generations there is one: most collections are
   * partial, and too short for help. */
  IM_MARKERS = IM_GENERATIONS ? 1 : MARKERS_MOST,
  /* Several markers copy only if there are so many blocks for each. */
  IM_ROOMY = 2,
};

/* A marker.  Number 0 is the thread that collects. */
typedef struct im_marker {
  object_bag grey;           /* objects marked and not scanned, */
  void *fifo[IM_FIFO];       /* those of them that are being fetched, and */
  void *parents[IM_PARENTS]; /* those whose references are */
  prefetch_ends ends, parent_ends; /* (prefetch.h) */
  im_hole copies;                  /* where the next copy goes */
  uint64_t asked; /* times that it wanted room, where lists are bounded */
  /* Not yet counted in the heap: */
  uint64_t objects, bytes, got_old, moved, stayed, copied_twice, unspilled;
} im_marker;
static im_marker im_markers[IM_MARKERS];

void im_markers_create(void) {
  markers_create(IM_MARKERS);
  for (unsigned n = 0; n < IM_MARKERS; n++)
    bag_init(&im_markers[n].grey, 0);
}

void im_markers_destroy(void) {
  markers_destroy();
  for (unsigned n = 0; n < IM_MARKERS; n++) {
    bag_free(&im_markers[n].grey);
    im_markers[n] = (im_marker){0};
  }
}

uint64_t im_markers_bytes(void) {
  uint64_t bytes = 0;
  for (unsigned n = 0; n < IM_MARKERS; n++)
    bytes += object_stack_bytes(&im_markers[n].grey.stack);
  return bytes;
}

void im_markers_leave_blocks(void) {
  for (unsigned n = 0; n < IM_MARKERS; n++)
    im_markers[n].copies = (im_hole){0};
}

/* Adds what a marker counted to the figures of the heap. */
static void im_count(im_marker *k, bool shared) {
  im.live_objects += k->objects;
  im.live_bytes += k->bytes;
  im.marked += k->objects;
  im.marked_bytes += k->bytes;
  im.got_old += k->got_old;
  im.moved += k->moved;
  im.moved_together += shared ? k->moved : 0;
  im.stayed += k->stayed;
  im.staying |= shared && k->stayed;
  im.copied_twice += k->copied_twice;
  im.unspilled += k->unspilled;
  k->objects = k->bytes = k->got_old = k->moved = k->stayed = 0;
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

/* Sets the mark bit of a granule; returns whether it was clear. */
static inline bool im_set_mark(uint64_t *marks, size_t granule, bool shared) {
  return shared ? bitmap_set_shared(marks, granule)
                : bitmap_set(marks, granule);
}

/* Marks the lines of an object; `lines` is im.lines, and `base` the address of
 * block 0. */
static inline void im_mark_lines(uint64_t *lines, uintptr_t base,
                                 const gc_object *o, size_t bytes,
                                 bool shared) {
  uintptr_t at = (uintptr_t)o - base;
  if (IM_CONSERVATIVE && bytes <= IM_LINE)
    bytes = 1;
  size_t line = at / IM_LINE, last = (at + bytes - 1) / IM_LINE;
  if (gc_mutant(last_line_unmarked) && last > line)
    last--;
  if (gc_likely(line == last)) {
    im_set_bits(&lines[line / 64], (uint64_t)1 << line % 64, shared);
    return;
  }
  for (; line / 64 < last / 64; line = (line / 64 + 1) * 64)
    im_set_bits(&lines[line / 64], UINT64_MAX << (line % 64), shared);
  im_set_bits(&lines[line / 64],
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

/* Copies an object of a candidate that was not reached before, unless there is
 * no room.  Returns where it is from now on; the caller marks it. */
static __attribute__((noinline)) gc_object *im_copy(im_marker *k, gc_object *o,
                                                    bool pairs) {
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

/* Where an object of a candidate is from now on. */
static inline gc_object *im_evacuate(im_marker *k, gc_object *o, bool pairs) {
  if (forwarding_moved(o))
    return gc_mutant(second_reference_stale) ? o : forwarding_copy(o);
  return im_marked(o) && !gc_mutant(stayed_copied_later) ? o
                                                         : im_copy(k, o, pairs);
}

/* Takes the marker's last copy back. */
static void im_take_back(im_marker *k, gc_object *to, size_t bytes) {
  k->copies.cursor = (char *)to;
  k->copied_twice++;
  if (im.poisons)
    poison_free(to, bytes);
}

/* The same as im_copy with several markers, of which the first decides, and
 * without ephemerons. */
static __attribute__((noinline)) gc_object *
im_copy_shared(im_marker *k, gc_object *o, uint64_t header) {
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

/* The same as im_evacuate.  That an object stays may have been decided before
 * there were several markers, which its mark tells. */
static inline gc_object *im_evacuate_shared(im_marker *k, gc_object *o) {
  uint64_t header = forwarding_header(o);
  return forwarding_decided(header) ||
                 bitmap_test_shared(im.marks, space_granule(o))
             ? forwarding_decision(o, header)
             : im_copy_shared(k, o, header);
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

/* Follows the reference at `place`, which is not null: returns the object, with
 * the reference updated if it has moved; the caller marks it. */
static inline __attribute__((always_inline)) gc_object *
im_reach(im_marker *k, gc_object **place, bool evacuates, bool pairs,
         bool shared) {
  gc_object *o = *place;
  if (evacuates && im.blocks[block_number(o)].candidate)
    o = *(gc_mutant(slot_not_updated) ? &o : place) =
        shared ? im_evacuate_shared(k, o) : im_evacuate(k, o, pairs);
  return o;
}

/* The same from outside im_drain, with a reference that may be null, and marks
 * the object.  Generations: returns whether it is young from now on, which
 * copying alone can bring about. */
static inline __attribute__((always_inline)) bool
im_visit_as(im_marker *k, gc_object **place, bool evacuates, bool pairs,
            bool shared) {
  if (!*place)
    return false;
  gc_object *o = im_reach(k, place, evacuates, pairs, shared);
  if (im_set_mark(im.marks, space_granule(o), shared))
    bag_put(&k->grey, o);
  return evacuates && im_is_aging(o);
}

/* Generations: an object was scanned, whose header had this `meta`.  If it is
 * old from now on the barrier has to know, or if it refers to a young object
 * (`held`) the next collection.  Returns whether it was young, and is old. */
static inline bool im_scanned(gc_object *o, uint32_t meta, bool evacuates,
                              bool held) {
  if (!IM_GENERATIONS || meta & REMEMBERED_NOT || (evacuates && im_is_aging(o)))
    return false;
  if (held && !gc_mutant(held_forgotten)) {
    bag_put(&im.kept, o);
    im.held++;
  } else if (evacuates || !gc_mutant(in_place_unflagged)) {
    o->meta = meta | REMEMBERED_NOT;
  }
  return true;
}

bool im_rescan_slots(gc_object **slot, uint32_t slots, bool evacuates) {
  bool held = false;
  im_marker *k = &im_markers[0];
  for (gc_object **end = slot + slots; slot < end; slot++)
    held |= evacuates ? im_visit_as(k, slot, true, false, false)
                      : im_visit_as(k, slot, false, false, false);
  return held;
}

void im_rescan(gc_object *o, bool evacuates) {
  uint32_t meta = o->meta;
  bool held = im_rescan_slots(o->slots, meta & OBJECT_SLOTS, evacuates);
  if (!gc_mutant(rescanned_unflagged))
    im_scanned(o, meta, evacuates, held);
}

/* Objects that are copied are looked at when a reference to them is followed,
 * not when they are scanned: so a collection that evacuates fetches what an
 * object refers to a while before it is scanned. */
static inline void im_fetch_children(const gc_object *o) {
  uint32_t slots = object_slots(o);
  if (slots > IM_FETCHED)
    slots = IM_FETCHED;
  for (gc_object *const *slot = o->slots, *const *end = slot + slots;
       slot < end; slot++) {
    __builtin_prefetch(*slot);
    __builtin_prefetch((const char *)*slot + IM_AHEAD);
  }
}

/* No bound on the objects scanned. */
#define IM_ALL UINT64_MAX

/* Scans grey objects and what they lead to, at most `most` of them; returns
 * whether none is left.  The top of the stack is kept in a register, if the
 * stack has room for all slots of an object; else objects are marked through
 * the bag. */
static inline __attribute__((always_inline)) bool
im_drain(im_marker *k, uint64_t most, bool evacuates, bool pairs, bool shared) {
  prefetch_ends ends = k->ends, parent_ends = k->parent_ends;
  object_stack *stack = &k->grey.stack;
  gc_object **bottom = stack->items;
  gc_object **top = object_stack_place(stack, stack->size);
  gc_object **limit = object_stack_place(stack, stack->room);
  uint64_t *marks = im.marks, *lines = im.lines, objects = 0, live = 0,
           got_old = 0;
  /* Copies, because the compiler would load globals again after each store. */
  const uintptr_t lines_base = (uintptr_t)block_address(0);
  const char *base = space_base;
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
    }
    if (evacuates) {
      if (o)
        im_fetch_children(o);
      o = o ? prefetch_turn(k->parents, IM_PARENTS, &parent_ends, o)
            : prefetch_take(k->parents, IM_PARENTS, &parent_ends);
      if (!o && parent_ends.size)
        continue;
    }
    if (!o) {
      left = false;
      break;
    }
    uint64_t header = o->header;
    uint32_t meta = (uint32_t)(header >> 32), slots = meta & OBJECT_SLOTS;
    size_t bytes = (size_t)(uint32_t)header * SPACE_GRANULE;
    if (gc_likely(bytes <= IM_MOST))
      im_mark_lines(lines, lines_base, o, bytes, shared);
    objects++;
    if (bytes <= IM_MOST || !gc_mutant(live_without_large))
      live += bytes;
    if (pairs)
      ephemerons_reached(o);
    gc_object **slot = o->slots, **end = slot + slots;
    bool held = false;
    if (gc_likely((size_t)(limit - top) >= slots)) {
      for (; slot < end; slot++) {
        if (!*slot)
          continue;
        gc_object *to = im_reach(k, slot, evacuates, pairs, shared);
        size_t granule = (size_t)((char *)to - base) / SPACE_GRANULE;
        if (im_set_mark(marks, granule, shared))
          *top++ = to;
        held |= evacuates && im_is_aging(to);
      }
      if (im_scanned(o, meta, evacuates, held) && bytes <= IM_MOST)
        got_old += bytes;
      continue;
    }
    stack->size = (size_t)(top - bottom);
    for (; slot < end; slot++)
      held |= im_visit_as(k, slot, evacuates, pairs, shared);
    if (im_scanned(o, meta, evacuates, held) && bytes <= IM_MOST)
      got_old += bytes;
    bottom = stack->items;
    top = object_stack_place(stack, stack->size);
    limit = object_stack_place(stack, stack->room);
  }
  stack->size = (size_t)(top - bottom);
  k->ends = ends;
  k->parent_ends = parent_ends;
  k->objects += objects;
  k->bytes += live;
  k->got_old += got_old;
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
  while (IM_MARKERS > 1 && markers > 1 &&
         !im_drain(k, most, evacuates, false, false)) {
    most = markers_batch;
    if (!markers_have_many(&k->grey.stack, k->ends))
      continue;
    im_count(k, false);
    markers_begin(help);
    help(0);
    for (unsigned n = 0; n < IM_MARKERS; n++) {
      markers_counted.scanned += n ? im_markers[n].objects : 0;
      im_count(&im_markers[n], true);
    }
    return;
  }
  im_drain(k, IM_ALL, evacuates, false, false);
  im_count(k, false);
}

static void im_visit(void *data, gc_object **place) {
  im_visit_as(data, place, false, false, false);
}

static void im_visit_evacuating(void *data, gc_object **place) {
  im_visit_as(data, place, true, false, false);
}

static void im_visit_evacuating_pairs(void *data, gc_object **place) {
  im_visit_as(data, place, true, true, false);
}

/* Marks what roots reach, and entries of the finalizer queue from number
 * `queued` on. */
static void im_mark_reachable(bool evacuates, size_t queued) {
  im_marker *k = &im_markers[0];
  if (evacuates) {
    roots_outside_queue(im_visit_evacuating, k);
    roots_queue(queued, im_visit_evacuating, k);
    im_drain_together(true, im_help_evacuating);
  } else {
    roots_outside_queue(im_visit, k);
    roots_queue(queued, im_visit, k);
    im_drain_together(false, im_help);
  }
}

/* The same, and marks the values of ephemerons that are alive with all that
 * they reach; after ephemerons_begin.  `revived`: those are meant that the
 * finalizer queue leads to. */
static void im_mark_values(bool evacuates, size_t queued, bool revived) {
  im_marker *k = &im_markers[0];
  roots_outside_queue(evacuates ? im_visit_evacuating_pairs : im_visit, k);
  roots_queue(queued, evacuates ? im_visit_evacuating_pairs : im_visit, k);
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
      im_visit_as(k, stale ? &moved : value, evacuates, true, false);
      more = true;
    }
  }
  im_count(k, false);
}

/* What the finalizer queue leads to gets old at once, so that the next partial
 * collection need not look at the queue's old entries. */
void im_trace(bool evacuates, bool all) {
  im_mark_reachable(evacuates, all ? 0 : finalizers_settled());
  size_t waited = finalizers_count();
  bool pairs = ephemerons_begin(im_where, all);
  if (pairs)
    im_mark_values(evacuates, waited, false);
  tracked_clear_weak(im_where, all);
  if (pairs)
    ephemerons_clear(im_where, all);
  if (gc_mutant(external_pruned_early))
    owned_prune(im_where, all);
  tracked_queue_dead(im_where, all);
  im.ages = im.ages && gc_mutant(queue_ages);
  if (pairs)
    im_mark_values(evacuates, waited, true);
  else
    im_mark_reachable(evacuates, waited);
  finalizers_settle();
  tracked_prune_weak(im_where, all);
  ephemerons_prune(im_where, all);
  owned_prune(im_where, all);
}
