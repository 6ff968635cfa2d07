/* tracing.c: marking in a space of lines, which copies on the way what lies in
 * candidates (evacuation.h).  The world is stopped. */
#include "immix/evacuation.h"
#include "common/ephemerons.h"
#include "common/listener.h"
#include "common/remembered.h"
#include "common/tracked.h"
#include "common/inline/roots.h"

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

/* Sets the mark bit of a granule; returns whether it was clear. */
static inline bool im_set_mark(uint64_t *marks, size_t granule, bool shared) {
  return shared ? bitmap_set_shared(marks, granule)
                : bitmap_set(marks, granule);
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
 * not when they are scanned.  With generations all that is young is copied, so
 * a collection that evacuates fetches what an object refers to a while before
 * the object is scanned.  Immix copies one in some hundreds, and would fetch
 * all the others in vain. */
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
    if (evacuates && IM_GENERATIONS) {
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
 * `queued` on.  `revived`: those are meant that the finalizer queue leads to.
 */
static void im_mark_reachable(bool evacuates, size_t queued, bool revived) {
  im_marker *k = &im_markers[0];
  if (evacuates) {
    roots_outside_queue(im_visit_evacuating, k);
    roots_queue(queued, im_visit_evacuating, k);
    listener_phase(revived ? "finalizers" : "evacuate");
    im_drain_together(true, im_help_evacuating);
  } else {
    roots_outside_queue(im_visit, k);
    roots_queue(queued, im_visit, k);
    listener_phase(revived ? "finalizers" : "mark");
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
  listener_phase("roots");
  im_mark_reachable(evacuates, all ? 0 : finalizers_settled(), false);
  listener_phase("ephemerons");
  size_t waited = finalizers_count();
  bool pairs = ephemerons_begin(im_where, all);
  if (pairs)
    im_mark_values(evacuates, waited, false);
  listener_phase("weak");
  tracked_clear_weak(im_where, all);
  if (pairs)
    ephemerons_clear(im_where, all);
  if (gc_mutant(external_pruned_early))
    owned_prune(im_where, all);
  listener_phase("finalizers");
  tracked_queue_dead(im_where, all);
  im.ages = im.ages && gc_mutant(queue_ages);
  if (pairs)
    im_mark_values(evacuates, waited, true);
  else
    im_mark_reachable(evacuates, waited, true);
  listener_phase("weak");
  finalizers_settle();
  tracked_prune_weak(im_where, all);
  ephemerons_prune(im_where, all);
  owned_prune(im_where, all);
}
