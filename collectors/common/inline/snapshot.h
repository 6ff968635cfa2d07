/* snapshot.h, a template (include it after struct gc_mutator): mark-sweep in
 * steps, from a snapshot at the beginning, for a collector over cells.h.
 * mark-sweep-incremental takes the steps with the world stopped,
 * mark-sweep-concurrent beside the mutators.  The barrier is in
 * snapshot-operations.h.
 *
 * A *cycle* has these phases:
 *
 *     begin     in a stop, copies the roots.  All that they reach is the
 *               snapshot.  From now on the deletion barrier is on.
 *     snapshot  marks the roots and what they reach, while allocation goes on
 *     pairs     once nothing is left to be scanned: looks at all ephemerons,
 *               and marks the values of those whose keys are marked, with what
 *               they lead to (common/ephemerons.h)
 *     revived   clears weak references to the dead and ephemerons of dead keys,
 *               queues dead finalizable objects, and marks what the queue
 *               reaches
 *     sorting   takes dead weak references off their list, then frees large
 *               objects, sorts the blocks by what is left in them, and clears
 *               the bitmap for the next cycle
 *
 * From one phase to the next a cycle goes with the world stopped.
 *
 * Marks.  A cycle marks in a bitmap of its own, `marking.marks`.  Meanwhile
 * cells_marks still tells which cells are free; at the end of marking the two
 * bitmaps change places.  What mutators mark, they mark in a bitmap `others`,
 * which is the same one if the world is stopped whenever the marker runs;
 * otherwise it is added to the cycle's when blocks are sorted (marking.h says
 * why).  Objects made during a cycle are born marked: the cells of a free span
 * get their bits when the span is handed out.  While the
 * world is stopped, cells of a span that are not allocated yet have their bits
 * cleared.
 *
 * Invariants.
 *   - While the world is stopped, each bit of the cycle is an object.
 *   - An object with a bit was scanned, or is queued to be scanned (on the
 *     marker's stack or queue, as a wide object, or in a bag), or is newer than
 *     the cycle.
 *   - *Every object that a mutator can reach during a cycle was either in the
 *     snapshot, and so will be marked, or was made since, and so is marked.*
 *     Proof.  When the cycle began, this was true of all roots.  A mutator gets
 *     hold of an object by loading a root, for which it is true, or a slot.
 *     What a slot holds was there when the cycle began, or was stored from a
 *     register since, for which it is true.  A target that a weak reference
 *     gives, or the value of an ephemeron, is shaded, since nothing else may
 *     lead to it.  The finalizer queue was a root, and what joins it in
 *     snapshot_revive is marked there; from then on the same argument holds
 *     with what the queue reaches added.
 *   - *Every object of the snapshot is marked by the end of the cycle*: each
 *     reference on the path to it was still there when its slot was scanned, or
 *     was shaded when it was overwritten.
 *
 * So stores to roots need no barrier, no object is scanned twice, and the roots
 * are not visited again at the end: marking ends when nothing is queued.  What
 * dies during a cycle is found by the next one.
 *
 * The argument does not say when slots are scanned.  So a marker may also run
 * beside mutators (SNAPSHOT_BESIDE), if it reads each slot and sets each bit
 * atomically.  Only one thread marks at a time, whoever it is; it must not
 * scan an object that is newer than the cycle, which may not have its header
 * yet: the store that publishes such an object releases its bit.
 *
 * To be defined before:
 *   SNAPSHOT_BESIDE     1 if the marker runs beside mutators, 0 if the world is
 *                       stopped whenever it runs
 *
 * To be defined after:
 *   snapshot_began()    called when a cycle begins
 *   snapshot_ended()    called when a cycle has ended, before the next can
 *                       begin; the figures of cells.h are complete */
#ifndef REAPMARK_COMMON_INLINE_SNAPSHOT_H
#define REAPMARK_COMMON_INLINE_SNAPSHOT_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "gc.h"
#include "common/bookkeeping.h"
#include "common/ephemerons.h"
#include "common/hostile/hostile.h"
#include "common/listener.h"
#include "common/marking.h"
#include "common/owned.h"
#include "common/inline/cells-heap.h"
#include "common/inline/reachable.h"
#include "common/inline/roots.h"
#include <pthread.h>

#define SNAPSHOT_MODE (SNAPSHOT_BESIDE ? MARKING_BESIDE : MARKING_ALONE)

enum {
  /* Objects scanned between two looks at the bounds.  A look at the clock costs
   * as much as scanning a few objects. */
  SNAPSHOT_CHUNK = 128,
  /* Objects with more than SNAPSHOT_WIDE slots are *wide*: scanned
   * SNAPSHOT_PART slots at a time, so that a step can end within one. */
  SNAPSHOT_WIDE = 64,
  SNAPSHOT_PART = 256,
  /* Bytes of the bitmap that are cleared at a time: a few microseconds. */
  SNAPSHOT_CLEARED = 64 << 10,
  /* A mutator keeps up to so many objects that it shaded, if the marker runs
   * beside it.  Then it hands them all to the marker, under a lock. */
  SNAPSHOT_KEPT = 256,
};

typedef enum snapshot_phase {
  SNAPSHOT_IDLE, /* no cycle */
  SNAPSHOT_FIRST,
  SNAPSHOT_PAIRS,
  SNAPSHOT_REVIVED,
  SNAPSHOT_SORTING,
} snapshot_phase;

/* There is one per process.  What is not atomic belongs to whoever marks. */
static struct {
  _Atomic snapshot_phase phase;
  marking marking;      /* in the cycle's bitmap */
  uint64_t *others;     /* the bitmap of mutators, which may be the same */
  object_bag overflow;  /* of the mark stack, if the marker runs beside */
  object_stack roots;   /* copies of roots that were not marked yet */
  object_stack wide;    /* marked wide objects that were not scanned yet */
  gc_object *parted;    /* the wide object that is being scanned, or NULL */
  uint32_t part;        /* the first slot of `parted` that was not scanned */
  object_bag shaded;    /* what mutators handed on, or had when they detached */
  pthread_mutex_t lock; /* for `shaded`, while mutators run */
  bool pairs;           /* ephemerons may wait for objects (ephemerons.h) */

  size_t cleared, clear; /* bytes of both bitmaps that are, and are to be,
                            clear before the next cycle */
  uint64_t began;        /* cells_handed_out() when the cycle began */
  uint64_t born;         /* bytes handed out while the last cycle marked */
  uint64_t work;         /* words scanned in this cycle: headers and slots */
  uint64_t marked;       /* the same, when marking had ended */

  /* Events so far. */
  uint64_t cycles, taken, parts; /* `taken`: shaded objects */
  uint64_t inherited;            /* times that a detaching mutator left some */
} snap;
bool snapshot_marking;

#define SNAPSHOT_EVENTS                                                        \
  "collections", "objects-shaded", "spilled", "orphans", "wide-parts"
#define SNAPSHOT_COUNTERS                                                      \
  {"collections", snap.cycles}, {"objects-shaded", snap.taken},                \
      {"spilled", bag_spills}, {"orphans", snap.inherited}, {                  \
    "wide-parts", snap.parts                                                   \
  }

static void snapshot_began(void);
static void snapshot_ended(void);

/* ------------------------------------------------------------------------- *
 * Bits that mutators set, atomically: other mutators may be setting bits of the
 * same word.
 * ------------------------------------------------------------------------- */

/* Whether an object is marked: the answer to tracked.h during a cycle. */
static gc_object *snapshot_where(gc_object *o) {
  size_t granule = space_granule(o);
  bool marked = bitmap_test_shared(snap.marking.marks, granule) ||
                (SNAPSHOT_BESIDE && bitmap_test_shared(snap.others, granule));
  return marked ? o : NULL;
}

/* Hands what a mutator shaded to the marker. */
static void snapshot_hand_on(gc_mutator *m) {
  pthread_mutex_lock(&snap.lock);
  for (gc_object *o; (o = bag_take(&m->shaded));)
    bag_put(&snap.shaded, o);
  pthread_mutex_unlock(&snap.lock);
}

/* Keeps a shaded object for the marker. */
static void snapshot_keep(gc_mutator *m, gc_object *o) {
  if (!gc_mutant(shaded_not_queued))
    bag_put(&m->shaded, o);
}

void snapshot_shade(gc_mutator *m, gc_object *o) {
  size_t granule = space_granule(o);
  uint64_t *word = &snap.others[granule / 64];
  uint64_t bit = (uint64_t)1 << granule % 64;
  if (snapshot_where(o))
    return;
  hostile_race();
  if (gc_mutant(shade_not_atomic)
          ? mutant_set_bits(word, bit)
          : !(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit))
    snapshot_keep(m, o);
  if (SNAPSHOT_BESIDE && m->shaded.stack.size >= SNAPSHOT_KEPT)
    snapshot_hand_on(m);
}

/* Sets (`black`) or clears the bits of the cells from `first` to `end`, in
 * steps of `cell` bytes. */
static void snapshot_colour(const char *first, const char *end, size_t cell,
                            bool black) {
  size_t step = cell / SPACE_GRANULE, n = (size_t)(end - first) / cell;
  for (size_t at = space_granule(first); n > 0;) {
    uint64_t *word = &snap.others[at / 64], bits = 0;
    for (size_t here = at / 64; n > 0 && at / 64 == here; at += step, n--)
      bits |= (uint64_t)1 << at % 64;
    if (black && gc_mutant(span_not_atomic))
      __atomic_store_n(word, *word | bits, __ATOMIC_RELAXED);
    else if (black)
      __atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
    else
      __atomic_fetch_and(word, ~bits, __ATOMIC_RELAXED);
  }
}

/* Colours the cells of a buffer that are not allocated yet. */
static void snapshot_colour_buffer(const cells_buffer *buffer, bool black) {
  for (unsigned c = 0; c < SIZE_CLASSES; c++)
    if (buffer->spans[c].cursor != buffer->spans[c].limit)
      snapshot_colour(buffer->spans[c].cursor, buffer->spans[c].limit,
                      size_class_bytes(c), black);
}

/* Every stop in a cycle begins with `black` false, so that only objects have
 * bits, and ends with `black` true, so that what mutators allocate next is born
 * marked. */
static void snapshot_colour_buffers(bool black) {
  listener_phase("buffers");
  if (snapshot_marking && !(gc_mutant(hand_unmarked) && black))
    for (gc_mutator *m = world_mutators(); m; m = m->base.next)
      if (!gc_mutant(last_buffer_white) || m->base.next || !black)
        snapshot_colour_buffer(&m->buffer, black);
}

/* Objects are born marked during a cycle: to be called when a free span was
 * handed out, and for each new large object. */
static void snapshot_born(char *first, char *end, size_t cell) {
  if (snapshot_marking && !gc_mutant(born_white))
    snapshot_colour(first, end, cell, true);
}

static void snapshot_born_large(gc_object *o) {
  if (snapshot_marking && !gc_mutant(large_born_white))
    snapshot_colour((char *)o, (char *)o + SPACE_GRANULE, SPACE_GRANULE, true);
}

/* ------------------------------------------------------------------------- *
 * Marking.
 * ------------------------------------------------------------------------- */

/* How far a cycle may advance in one step.  Times are gc_now_ns. */
typedef struct snapshot_bounds {
  uint64_t due;   /* end once `work` is this, */
  uint64_t until; /* or at this time, */
  uint64_t late;  /* and do not go on to another phase after this time */
  uint64_t chunk; /* objects, or blocks to sort, between two looks at these */
  bool beside;    /* mutators run */
} snapshot_bounds;

#define SNAPSHOT_NEVER UINT64_MAX
static const snapshot_bounds snapshot_all = {
    UINT64_MAX, SNAPSHOT_NEVER, SNAPSHOT_NEVER, MARKING_ALL, false};

static bool snapshot_is_over(const snapshot_bounds *b) {
  return snap.work >= b->due ||
         (b->until != SNAPSHOT_NEVER && gc_now_ns() >= b->until);
}

static void snapshot_push(gc_object *o) {
  marking *k = &snap.marking;
  if (marking_mark(k->marks, k->others, o, SNAPSHOT_MODE))
    marking_queue(k, o);
}

/* Called by the marker before it scans an object.  Sets wide objects aside. */
static inline bool snapshot_visit(gc_object *o) {
  uint32_t slots = object_slots(o);
  if (gc_unlikely(slots > SNAPSHOT_WIDE) && object_push(&snap.wide, o))
    return false;
  snap.work += 1 + slots;
  return true;
}

/* The same while ephemerons may wait for the object. */
static inline bool snapshot_reached(gc_object *o) {
  ephemerons_reached(o);
  return snapshot_visit(o);
}

static bool snapshot_drain(uint64_t chunk) {
  marking *k = &snap.marking;
#if SNAPSHOT_BESIDE
  return snap.pairs ? marking_drain_beside(k, chunk, snapshot_reached)
                    : marking_drain_beside(k, chunk, snapshot_visit);
#else
  return snap.pairs ? marking_drain(k, chunk, snapshot_reached)
                    : marking_drain(k, chunk, snapshot_visit);
#endif
}

/* Scans the next part of a wide object.  Returns false if there is none. */
static bool snapshot_scan_part(void) {
  if (!snap.parted) {
    if (!snap.wide.size)
      return false;
    snap.parted = object_pop(&snap.wide);
    snap.part = 0;
  }
  gc_object *o = snap.parted;
  uint32_t slots = object_slots(o), end = slots;
  if (slots - snap.part > SNAPSHOT_PART)
    end = snap.part + SNAPSHOT_PART;
  snap.work += 1 + end - snap.part;
  snap.parts++;
  for (; snap.part < end; snap.part++) {
    gc_object *to = marking_load(&o->slots[snap.part], SNAPSHOT_MODE);
    if (to)
      snapshot_push(to);
  }
  if (gc_mutant(part_skips_slot) && end < slots)
    snap.part++;
  if (end == slots || gc_mutant(only_first_part_scanned))
    snap.parted = NULL;
  return true;
}

/* Marks up to SNAPSHOT_CHUNK roots.  Returns false if there were none. */
static bool snapshot_take_roots(void) {
  unsigned n = 0;
  for (; n < SNAPSHOT_CHUNK && snap.roots.size; n++) {
    gc_object *o = object_pop(&snap.roots);
    if (!gc_mutant(first_root_dropped) || snap.roots.size)
      snapshot_push(o);
  }
  snap.work += n;
  return n > 0;
}

/* Marks up to SNAPSHOT_CHUNK values of ephemerons.  Returns false if there were
 * none. */
static bool snapshot_take_values(void) {
  unsigned n = 0;
  if (gc_mutant(values_unmarked))
    return false;
  for (gc_object **value; snap.pairs && n < SNAPSHOT_CHUNK &&
                          (value = ephemerons_next(snapshot_where));
       n++)
    snapshot_push(*value);
  return n > 0;
}

/* Queues up to SNAPSHOT_CHUNK objects of a bag.  Returns false if it was empty.
 * If the marker marked one at the same moment, it has queued that already. */
static bool snapshot_take_from(object_bag *shaded) {
  unsigned n = 0;
  for (gc_object *o; n < SNAPSHOT_CHUNK && (o = bag_take(shaded)); n++)
    if (!SNAPSHOT_BESIDE ||
        bitmap_set_read(snap.marking.marks, space_granule(o)))
      marking_queue(&snap.marking, o);
  snap.taken += n;
  return n > 0;
}

/* The same for all bags of shaded objects; beside mutators, for what these
 * handed on. */
static bool snapshot_take_shaded(bool beside) {
  pthread_mutex_lock(&snap.lock);
  bool any = snapshot_take_from(&snap.shaded);
  pthread_mutex_unlock(&snap.lock);
  beside |= gc_mutant(last_shades_unscanned);
  for (gc_mutator *m = beside ? NULL : world_mutators(); m && !any;
       m = m->base.next) {
    any = snapshot_take_from(&m->shaded);
    if (gc_mutant(shaded_of_others_dropped))
      break;
  }
  return any;
}

/* Marks within the bounds.  Returns whether nothing is left to be scanned that
 * the marker may take. */
static bool snapshot_mark(const snapshot_bounds *b) {
  for (;;) {
    if (snapshot_drain(b->chunk) && !snapshot_scan_part() &&
        !snapshot_take_roots() &&
        ((snap.phase != SNAPSHOT_FIRST && gc_mutant(late_shades_left)) ||
         !snapshot_take_shaded(b->beside)) &&
        !snapshot_take_values())
      return true;
    if (snapshot_is_over(b))
      return false;
  }
}

/* ------------------------------------------------------------------------- *
 * The steps of a cycle.
 * ------------------------------------------------------------------------- */

static void snapshot_root(void *data, gc_object **place) {
  (void)data;
  if (*place && !object_push(&snap.roots, *place))
    snapshot_push(*place);
}

/* Copies the roots instead of marking them, which would take several times as
 * long: a shadow stack may be deep.  The world is stopped. */
static void snapshot_begin(void) {
  listener_phase("roots");
  roots_each(snapshot_root, NULL);
  snap.phase = SNAPSHOT_FIRST;
  snapshot_marking = true;
  snap.began = cells_handed_out();
  snap.work = 0;
  snapshot_began();
}

/* The snapshot is marked, with the values of ephemerons.  All weak references
 * to other objects are cleared at once, so that these can be reached through
 * the finalizer queue only.  The world is stopped. */
static void snapshot_revive(void) {
  listener_phase("weak");
  size_t waited = finalizers_count();
  tracked_clear_weak(snapshot_where, true);
  if (snap.pairs)
    ephemerons_clear(snapshot_where, true);
  listener_phase("finalizers");
  tracked_queue_dead(snapshot_where, true);
  if (gc_mutant(external_pruned_early))
    owned_prune(snapshot_where, true);
  if (!gc_mutant(revived_unmarked))
    roots_queue(waited, snapshot_root, NULL);
  snap.phase = SNAPSHOT_REVIVED;
}

/* Marking ends.  The world is stopped. */
static void snapshot_finish(void) {
  uint64_t *old = cells_marks;
  listener_phase("weak");
  tracked_prune_weak(snapshot_where, true);
  ephemerons_prune(snapshot_where, true);
  owned_prune(snapshot_where, true);
  snap.pairs = false;
  listener_phase("sweep");
  cells_reset_all();
  /* The rest of this bitmap is cleared while blocks are sorted, but large
   * objects that are freed then may lie behind all blocks. */
  for (size_t i = 0; i < large_objects.size && !gc_mutant(large_bit_stale); i++)
    bitmap_clear(old, space_granule(large_objects.items[i]));
  snap.cleared = 0;
  snap.clear = blocks_end ? block_granule(blocks_end) / 8 : 0;
  cells_marks = snap.marking.marks;
  snap.marking.marks = old;
  if (!SNAPSHOT_BESIDE)
    snap.others = old;
  snap.born = cells_handed_out() - snap.began;
  snap.marked = snap.work;
  snap.phase = SNAPSHOT_SORTING;
  snapshot_marking = false;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    object_stack_rest(&m->shaded.stack);
  cells_sort_begin(SNAPSHOT_BESIDE ? snap.others : NULL);
}

/* Sorts blocks and clears the bitmap within the bounds; a block counts as one
 * word of work.  Mutators may run. */
static void snapshot_sort(const snapshot_bounds *b) {
  uint32_t most = b->chunk < UINT32_MAX ? (uint32_t)b->chunk : UINT32_MAX;
  while (!cells_sort_more(most)) {
    snap.work += most;
    if (snapshot_is_over(b))
      return;
  }
  while (snap.cleared < snap.clear) {
    size_t n = snap.clear - snap.cleared;
    n = n < SNAPSHOT_CLEARED ? n : SNAPSHOT_CLEARED;
    if (!gc_mutant(next_bits_stale))
      memset((char *)snap.marking.marks + snap.cleared, 0, n);
    if (SNAPSHOT_BESIDE)
      memset((char *)snap.others + snap.cleared, 0, n);
    snap.cleared += n;
    snap.work += SNAPSHOT_CHUNK;
    if (snapshot_is_over(b))
      return;
  }
  object_stack_rest(&snap.marking.stack);
  object_stack_rest(&snap.wide);
  object_stack_rest(&snap.roots);
  object_stack_rest(&snap.overflow.stack);
  snap.cycles++;
  snapshot_ended();
  snap.phase = SNAPSHOT_IDLE;
}

/* Goes on with marking within the bounds, from phase to phase, at most until
 * blocks are to be sorted.  The indivisible steps, snapshot_revive and
 * snapshot_finish, are not begun late in a stop.  The world is stopped. */
static void snapshot_mark_phases(const snapshot_bounds *b) {
  static const char *const names[] = {[SNAPSHOT_FIRST] = "mark",
                                      [SNAPSHOT_PAIRS] = "ephemerons",
                                      [SNAPSHOT_REVIVED] = "finalizers"};
  uint64_t before = snap.work;
  while (snap.phase != SNAPSHOT_SORTING) {
    listener_phase(names[snap.phase]);
    if (!snapshot_mark(b))
      return;
    if (snap.work != before && b->late != SNAPSHOT_NEVER &&
        gc_now_ns() >= b->late)
      return;
    if (snap.phase == SNAPSHOT_FIRST && gc_mutant(revived_early))
      tracked_clear_weak(snapshot_where, true);
    if (snap.phase == SNAPSHOT_FIRST &&
        ephemerons_begin(snapshot_where, true)) {
      snap.phase = SNAPSHOT_PAIRS;
      snap.pairs = true;
    } else if (snap.phase != SNAPSHOT_REVIVED)
      snapshot_revive();
    else
      snapshot_finish();
  }
}

/* Advances the cycle within the bounds, at most to its end.  The world is
 * stopped. */
static void snapshot_advance(const snapshot_bounds *b) {
  snapshot_mark_phases(b);
  if (snap.phase == SNAPSHOT_SORTING) {
    listener_phase("sweep");
    snapshot_sort(b);
  }
}

/* Ends the cycle, if there is one, at once.  The world is stopped. */
static void snapshot_complete(void) {
  if (gc_mutant(wide_forgotten))
    snap.wide.size = 0;
  if (snap.phase != SNAPSHOT_IDLE)
    snapshot_advance(&snapshot_all);
}

/* A whole cycle in one stop, after the one that is under way: finds what died
 * since that began.  Exact figures follow. */
static void snapshot_whole(void) {
  snapshot_colour_buffers(false);
  snapshot_complete();
  snapshot_begin();
  snapshot_complete();
  cells.untouched = true;
}

/* How many words the next step marks under hostile conditions that see each
 * allocation, so that cycles are interrupted between any two objects: 1, 4, 16
 * or 64, the next of these every second cycle.  Slow cycles leave mutators much
 * time to change what was not reached yet; fast ones end before the next
 * collection that is asked for. */
static snapshot_bounds snapshot_hostile(void) {
  return (snapshot_bounds){.due = snap.work +
                                  ((uint64_t)1 << snap.cycles % 8 / 2 * 2),
                           .until = SNAPSHOT_NEVER,
                           .late = 0,
                           .chunk = 1};
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

/* cells_create was called.  Returns false if the system refuses memory. */
static bool snapshot_create(void) {
  memset(&snap, 0, sizeof snap);
  snap.marking = marking_init(cells_bitmap());
  pthread_mutex_init(&snap.lock, NULL);
  bag_init(&snap.shaded, 0);
  bag_init(&snap.overflow, 1);
  snap.others = snap.marking.marks;
  if (SNAPSHOT_BESIDE) {
    snap.others = cells_bitmap();
    snap.marking.others = snap.others;
    snap.overflow.stack.most = snap.marking.stack.most;
    snap.marking.overflow = &snap.overflow;
  }
  snap.roots.most = snap.marking.stack.most;
  snap.wide.most = hostile.buffers;
  return snap.marking.marks && snap.others;
}

/* A cycle may be under way; it is abandoned. */
static void snapshot_destroy(void) {
  snapshot_marking = false;
  bag_free(&snap.shaded);
  bag_free(&snap.overflow);
  pthread_mutex_destroy(&snap.lock);
  object_stack_free(&snap.marking.stack);
  object_stack_free(&snap.roots);
  object_stack_free(&snap.wide);
  bookkeeping_destroy();
  cells_bitmap_destroy(snap.marking.marks);
  if (SNAPSHOT_BESIDE)
    cells_bitmap_destroy(snap.others);
  cells_destroy();
}

/* The cells of a detaching mutator's free spans that are not allocated are no
 * objects, and are handed out to other mutators again. */
static void snapshot_detach(gc_mutator *m) {
  if (snapshot_marking && !gc_mutant(span_stays_marked))
    snapshot_colour_buffer(&m->buffer, false);
  cells_buffer_return(&m->buffer);
  pthread_mutex_lock(&snap.lock);
  snap.inherited += !bag_empty(&m->shaded);
  if (gc_mutant(shaded_left_dropped))
    bag_free(&m->shaded);
  bag_pour(&m->shaded, &snap.shaded);
  pthread_mutex_unlock(&snap.lock);
}

static uint64_t snapshot_mutator_bytes(gc_mutator *m) {
  return object_stack_bytes(&m->shaded.stack);
}

/* Bytes of lists beside the heap.  Any thread. */
static uint64_t snapshot_bytes(void) {
  return object_stack_bytes(&snap.marking.stack) +
         object_stack_bytes(&snap.roots) + object_stack_bytes(&snap.wide) +
         object_stack_bytes(&snap.shaded.stack) +
         object_stack_bytes(&snap.overflow.stack) +
         world_sum(snapshot_mutator_bytes);
}

#include "common/inline/snapshot-check.h"

#endif
