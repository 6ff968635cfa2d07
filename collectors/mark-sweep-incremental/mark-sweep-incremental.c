/* mark-sweep-incremental.c: mark-sweep that marks in slices, by a snapshot at
 * the beginning, for any number of mutators.
 *
 * The heap is mark-sweep's (common/cells.h).  A *cycle* has these phases:
 *
 *     begin     in a short stop, marks the objects that roots refer to.  All
 *               that these reach is the snapshot.  From now on the deletion
 *               barrier is on.
 *     slices    mark the snapshot in short stops, while allocation goes on
 *     pairs     once nothing is left to be scanned: looks at all ephemerons,
 *               and marks the values of those whose keys are marked, with what
 *               they lead to, again in slices (common/ephemerons.h)
 *     revive    clears weak references to the dead and ephemerons of dead keys,
 * queues dead finalizable objects, and marks what the queue reaches, again in
 * slices finish    takes dead weak references off their list, then sorts the
 * blocks by what is left in them, also in slices
 *
 * All marking runs with the world stopped, in the slow path of allocation, so
 * it never races with mutators.
 *
 * Marks.  A cycle marks in a bitmap of its own, `marking.marks`.  Meanwhile
 * cells_marks still tells which cells are free; at the end of marking the two
 * bitmaps change places.  Objects made during a cycle are born marked: the
 * cells of a free span get their bits when the span is handed out.  While the
 * world is stopped, cells of a span that are not allocated yet have their bits
 * cleared.
 *
 * Invariants.
 *   - While the world is stopped, each bit of the cycle is an object.
 *   - An object with a bit was scanned, or is queued to be scanned (on the
 *     marker's stack or queue, as a wide object, or in a bag of shaded
 * objects), or is newer than the cycle.
 *   - *Every object that a mutator can reach during a cycle was either in the
 *     snapshot, and so will be marked, or was made since, and so is marked.*
 *     Proof.  When the cycle began, this was true of all roots.  A mutator gets
 *     hold of an object by loading a root, for which it is true, or a slot.
 *     What a slot holds was there when the cycle began, or was stored from a
 *     register since, for which it is true.  A target that a weak reference
 *     gives, or the value of an ephemeron, is shaded, since nothing else may
 *     lead to it.  The finalizer queue
 *     was a root, and what joins it in `revive` is marked there; from then on
 *     the same argument holds with what the queue reaches added.
 *   - *Every object of the snapshot is marked by the end of the cycle*: each
 *     reference on the path to it was still there when its slot was scanned, or
 *     was shaded when it was overwritten.
 *
 * So stores to roots need no barrier, no object is scanned twice, and the roots
 * are not visited again at the end: a cycle ends when nothing is queued.  What
 * dies during a cycle is found by the next one. */
#include "gc.h"
#include "common/bookkeeping.h"
#include "common/ephemerons.h"
#include "common/hostile/hostile.h"
#include "common/marking.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "mark-sweep-incremental/mark-sweep-incremental.h"
#include "common/inline/cells-heap.h"
#include "common/inline/reachable.h"
#include "common/inline/roots.h"
#include <pthread.h>

enum {
  /* Objects scanned between two looks at the clock.  A look costs as much as
   * scanning a few objects. */
  INC_CHUNK = 128,
  /* Objects with more than INC_WIDE slots are *wide*: scanned INC_PART slots at
   * a time, so that a slice can end within one. */
  INC_WIDE = 64,
  INC_PART = 256,
  /* A cycle begins no sooner than when this share of the live bytes was handed
   * out since the cycle before began, or of what there is room for if that is
   * less: a cycle that finds few slots to scan ends early, and if the next one
   * began at once, marking would cost far more than allocation pays for. */
  INC_APART = 16,
};

/* How long a slice may take, in microseconds. */
static uint64_t option_pause = 500;

/* Allocation between slices, in KiB, while marking keeps up. */
static uint64_t option_step = 256;

/* Without a heap limit: allocation from the end of one cycle to the end of the
 * next, in percent of the live bytes (pacing.h). */
static uint64_t option_growth = 100;

/* A cycle begins when this percentage of that allocation is done, or a little
 * later (INC_APART).  Marking is paced to be finished when the rest is. */
static uint64_t option_trigger = 60;

typedef enum inc_phase {
  INC_IDLE,     /* no cycle */
  INC_SNAPSHOT, /* marks the snapshot */
  INC_PAIRS,    /* marks the values of ephemerons */
  INC_REVIVED,  /* marks what the finalizer queue reaches */
  INC_SORTING,  /* no longer marks; sorts the blocks */
} inc_phase;

/* There is one per process. */
struct gc_heap {
  uint64_t limit; /* the heap limit in bytes; 0: none */
  bool each;      /* marking advances at each allocation (hostile.h) */

  inc_phase phase;
  marking marking;      /* in the cycle's bitmap */
  object_stack wide;    /* marked wide objects that were not scanned yet */
  gc_object *parted;    /* the wide object that is being scanned, or NULL */
  uint32_t part;        /* the first slot of `parted` that was not scanned */
  object_bag orphans;   /* what detached mutators had shaded */
  pthread_mutex_t lock; /* for `orphans`, while mutators run */
  bool pairs;           /* ephemerons may wait for objects (ephemerons.h) */
  bool whole;           /* the last cycle began and ended in the present stop */

  /* Pacing.  Of cells_handed_out(), the values at which ... */
  uint64_t next;  /* ... the next slice is due, */
  uint64_t began; /* ... the cycle began, */
  uint64_t end;   /* ... and should end */
  uint64_t born;  /* bytes handed out while the last cycle marked */
  uint64_t work;  /* words scanned in this cycle: headers and slots */
  uint64_t todo;  /* an upper bound of `work` at the cycle's end */

  /* Events so far.  A slice is late if marking is behind when it ends. */
  uint64_t cycles, slices, late, forced, shaded, parts;
  uint64_t inherited; /* shaded objects that detaching mutators left */
};
static gc_heap inc;
bool inc_marking;

const gc_collector gc_this_collector = {
    .name = "mark-sweep-incremental",
    .summary = "mark-sweep that marks in slices, by a snapshot at the "
               "beginning",
    .source = "snapshot at the beginning, deletion barrier: Yuasa, JSS 1990; "
              "weak and strong invariants: Pirinen, ISMM 1998",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true,
            .granule = BLOCK_BYTES,
            .overhead_bytes = 128 << 10},
    .options =
        (const gc_option[]){
            {"pause-target", "how long a slice of marking may take, in us",
             &option_pause, 10, 100000000},
            {"step", "allocation between slices, in KiB, if marking keeps up",
             &option_step, 1, (uint64_t)1 << 20},
            {"growth",
             "without a heap limit: allocation between ends of cycles, in "
             "percent of the live bytes",
             &option_growth, 10, 1000},
            {"trigger", "percent of that, or of free memory, when one begins",
             &option_trigger, 0, 100},
            PACING_OPTION,
            MARKING_OPTION,
            {0}},
    .events = (const char *const[]){"collections", "slices", "forced",
                                    "objects-shaded", "spilled", "orphans",
                                    "wide-parts", "rescans", CELLS_EVENTS,
                                    BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"objects-scanned", "wide-parts", CELLS_WORK,
                                  BOOKKEEPING_WORK, NULL},
    /* With a long pause-target the clock decides nothing.  With a long step a
     * cycle is under way most of the time, and what mutators shade stays with
     * them. */
    .tight =
        (const char *const[]){
            "growth-least=64,step=1,trigger=0,pause-target=100000000",
            "growth-least=64,step=256,trigger=0,mark-stack=1",
            "growth=10,growth-least=64,step=1,trigger=40,pause-target=10",
            NULL},
};

/* ------------------------------------------------------------------------- *
 * Bits that mutators set, atomically: other mutators may be setting bits of the
 * same word.
 * ------------------------------------------------------------------------- */

void inc_shade(gc_mutator *m, gc_object *o) {
  size_t granule = space_granule(o);
  uint64_t *word = &inc.marking.marks[granule / 64];
  uint64_t bit = (uint64_t)1 << granule % 64;
  if (__atomic_load_n(word, __ATOMIC_RELAXED) & bit)
    return;
  hostile_race();
  if (gc_mutant(shade_not_atomic)
          ? mutant_set_bits(word, bit)
          : !(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit))
    bag_put(&m->shaded, o);
}

/* Sets (`black`) or clears the bits of the cells from `first` to `end`, in
 * steps of `cell` bytes. */
static void inc_colour(const char *first, const char *end, size_t cell,
                       bool black) {
  size_t step = cell / SPACE_GRANULE, n = (size_t)(end - first) / cell;
  for (size_t at = space_granule(first); n > 0;) {
    uint64_t *word = &inc.marking.marks[at / 64], bits = 0;
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
static void inc_colour_buffer(const cells_buffer *buffer, bool black) {
  for (unsigned c = 0; c < SIZE_CLASSES; c++)
    if (buffer->spans[c].cursor != buffer->spans[c].limit)
      inc_colour(buffer->spans[c].cursor, buffer->spans[c].limit,
                 size_class_bytes(c), black);
}

/* Every stop in a cycle begins with `black` false, so that only objects have
 * bits, and ends with `black` true, so that what mutators allocate next is born
 * marked. */
static void inc_colour_buffers(bool black) {
  if (inc_marking && !(gc_mutant(hand_unmarked) && black))
    for (gc_mutator *m = world_mutators(); m; m = m->base.next)
      if (!gc_mutant(last_buffer_white) || m->base.next || !black)
        inc_colour_buffer(&m->buffer, black);
}

/* ------------------------------------------------------------------------- *
 * Marking; the world is stopped.
 * ------------------------------------------------------------------------- */

/* The answer to tracked.h during a cycle. */
static gc_object *inc_where(gc_object *o) {
  return bitmap_test(inc.marking.marks, space_granule(o)) ? o : NULL;
}

/* Called by the marker before it scans an object.  Sets wide objects aside. */
static inline bool inc_visit(gc_object *o) {
  uint32_t slots = object_slots(o);
  if (gc_unlikely(slots > INC_WIDE) && object_push(&inc.wide, o))
    return false;
  inc.work += 1 + slots;
  return true;
}

/* The same while ephemerons may wait for the object. */
static inline bool inc_reached(gc_object *o) {
  ephemerons_reached(o);
  return inc_visit(o);
}

/* Marks up to INC_CHUNK values of ephemerons.  Returns false if there are none.
 */
static bool inc_take_values(void) {
  uint64_t n = 0;
  for (gc_object **value;
       inc.pairs && n < INC_CHUNK && (value = ephemerons_next(inc_where)); n++)
    marking_push(&inc.marking, *value);
  return n > 0;
}

static bool inc_drain(uint64_t chunk) {
  return inc.pairs ? marking_drain(&inc.marking, chunk, inc_reached)
                   : marking_drain(&inc.marking, chunk, inc_visit);
}

/* Scans the next part of a wide object.  Returns false if there is none. */
static bool inc_scan_part(void) {
  if (!inc.parted) {
    if (!inc.wide.size)
      return false;
    inc.parted = object_pop(&inc.wide);
    inc.part = 0;
  }
  gc_object *o = inc.parted;
  uint32_t slots = object_slots(o), end = slots;
  if (slots - inc.part > INC_PART)
    end = inc.part + INC_PART;
  inc.work += 1 + end - inc.part;
  inc.parts++;
  for (; inc.part < end; inc.part++)
    if (o->slots[inc.part])
      marking_push(&inc.marking, o->slots[inc.part]);
  if (gc_mutant(part_skips_slot) && end < slots)
    inc.part++;
  if (end == slots || gc_mutant(only_first_part_scanned))
    inc.parted = NULL;
  return true;
}

/* Queues up to INC_CHUNK objects of a bag.  Returns false if it was empty. */
static bool inc_take_from(object_bag *shaded) {
  uint64_t before = inc.shaded;
  for (gc_object *o; inc.shaded - before < INC_CHUNK && (o = bag_take(shaded));
       inc.shaded++)
    marking_queue(&inc.marking, o);
  return inc.shaded != before;
}

/* The same for all bags of shaded objects. */
static bool inc_take_shaded(void) {
  bool any = inc_take_from(&inc.orphans);
  for (gc_mutator *m = world_mutators(); m && !any; m = m->base.next) {
    any = inc_take_from(&m->shaded);
    if (gc_mutant(shaded_of_others_dropped))
      break;
  }
  return any;
}

/* How far a cycle may advance in one stop.  Times are gc_now_ns. */
typedef struct inc_bounds {
  uint64_t due;   /* stop once `work` is this, */
  uint64_t until; /* or at this time */
  uint64_t late;  /* begin no indivisible step after this time */
  uint64_t chunk; /* objects, or blocks to sort, between two looks at these */
} inc_bounds;

#define INC_NEVER UINT64_MAX
static const inc_bounds inc_all = {UINT64_MAX, INC_NEVER, INC_NEVER,
                                   MARKING_ALL};

static bool inc_is_over(const inc_bounds *b) {
  return inc.work >= b->due ||
         (b->until != INC_NEVER && gc_now_ns() >= b->until);
}

/* Marks within the bounds.  Returns whether nothing is left to be scanned. */
static bool inc_mark(const inc_bounds *b) {
  for (;;) {
    if (inc_drain(b->chunk) && !inc_scan_part() &&
        ((inc.phase != INC_SNAPSHOT && gc_mutant(late_shades_left)) ||
         !inc_take_shaded()) &&
        !inc_take_values())
      return true;
    if (inc_is_over(b))
      return false;
  }
}

/* ------------------------------------------------------------------------- *
 * A cycle; the world is stopped.
 * ------------------------------------------------------------------------- */

static void inc_root(void *data, gc_object **place) {
  if (*place)
    marking_push(data, *place);
}

static void inc_begin(void) {
  cells_clear_marks(inc.marking.marks);
  roots_each(inc_root, &inc.marking);
  inc.phase = INC_SNAPSHOT;
  inc_marking = true;
  inc.began = cells_handed_out();
  inc.work = 0;
  inc.todo = (cells.live_bytes + inc.began) / 8;
}

/* The snapshot is marked, with the values of ephemerons.  All weak references
 * to other objects are cleared at once, so that these can be reached through
 * the finalizer queue only. */
static void inc_revive(void) {
  size_t waited = finalizers_count();
  tracked_clear_weak(inc_where, true);
  if (inc.pairs)
    ephemerons_clear(inc_where, true);
  tracked_queue_dead(inc_where, true);
  if (!gc_mutant(revived_unmarked))
    roots_queue(waited, inc_root, &inc.marking);
  inc.phase = INC_REVIVED;
}

/* Decides when the next cycle begins and should end.  `floating`: of the live
 * bytes, up to this many were handed out during the cycle.  They may have died
 * since, and must not let the heap grow.  A sixteenth of a heap limit is left
 * out, because some memory is lost where no object fits. */
static void inc_plan(uint64_t floating) {
  uint64_t live = cells.live_bytes, room;
  if (inc.limit) {
    uint64_t usable = inc.limit - inc.limit / 16;
    room = usable > live ? usable - live : 0;
  } else {
    uint64_t dead = floating < live ? floating : live;
    room = pacing_growth(live - dead, option_growth);
    room = room > dead + PACING_LEAST / 4 ? room - dead : PACING_LEAST / 4;
  }
  inc.end = room;
  inc.next = room / 100 * option_trigger;
  uint64_t apart = (live < room ? live : room) / INC_APART;
  if (inc.next + floating < apart)
    inc.next = apart - floating;
  if (inc.next == 0) /* or no memory could be handed out between cycles */
    inc.next = 1;
}

static void inc_finish(void) {
  uint64_t *old = cells_marks;
  tracked_prune_weak(inc_where, true);
  ephemerons_prune(inc_where, true);
  inc.pairs = false;
  cells_reset_all();
  /* inc_begin clears this bitmap for the next cycle, but by then the large
   * objects that are freed now will have left the list. */
  for (size_t i = 0; i < large_objects.size && !gc_mutant(large_bit_stale); i++)
    bitmap_clear(old, space_granule(large_objects.items[i]));
  cells_marks = inc.marking.marks;
  inc.marking.marks = old;
  inc.born = cells_handed_out() - inc.began;
  inc.phase = INC_SORTING;
  inc_marking = false;
  object_stack_rest(&inc.marking.stack);
  object_stack_rest(&inc.wide);
  object_stack_rest(&inc.orphans.stack);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    object_stack_rest(&m->shaded.stack);
  cells_sort_begin();
}

/* Sorts blocks within the bounds; a block counts as one word of work. */
static void inc_sort(const inc_bounds *b) {
  uint32_t most = b->chunk < UINT32_MAX ? (uint32_t)b->chunk : UINT32_MAX;
  while (!cells_sort_more(most)) {
    inc.work += most;
    if (inc_is_over(b))
      return;
  }
  inc.phase = INC_IDLE;
  inc.cycles++;
  inc_plan(inc.born);
}

/* Advances the cycle within the bounds, at most to its end.  The indivisible
 * steps, inc_revive and inc_finish, are not begun late in a stop. */
static void inc_advance(const inc_bounds *b) {
  uint64_t before = inc.work;
  while (inc.phase != INC_SORTING && inc_mark(b)) {
    if (inc.work != before && b->late != INC_NEVER && gc_now_ns() >= b->late)
      return;
    if (inc.phase == INC_SNAPSHOT && gc_mutant(revived_early))
      tracked_clear_weak(inc_where, true);
    if (inc.phase == INC_SNAPSHOT && ephemerons_begin(inc_where, true)) {
      inc.phase = INC_PAIRS;
      inc.pairs = true;
    } else if (inc.phase != INC_REVIVED)
      inc_revive();
    else
      inc_finish();
  }
  if (inc.phase == INC_SORTING)
    inc_sort(b);
}

/* Ends the cycle, if there is one, at once. */
static void inc_complete(void) {
  if (inc.phase != INC_IDLE)
    inc_advance(&inc_all);
}

/* Begins a cycle, or advances it in proportion to the allocation since then. */
static void inc_slice(void) {
  inc.slices++;
  uint64_t handed = cells_handed_out(), step = option_step << 10;
  if (inc.phase == INC_IDLE) {
    inc_begin();
    inc.next = handed + step;
    return;
  }
  uint64_t room = inc.end > inc.began ? inc.end - inc.began : 0;
  if (room < step)
    room = step;
  double gone = (double)(handed - inc.began) / (double)room;
  uint64_t now = gc_now_ns();
  inc_bounds b = {.due = (uint64_t)((double)inc.todo * gone) + 1,
                  .until = now + option_pause * 1000,
                  .late = now + option_pause * 500,
                  .chunk = INC_CHUNK};
  if (inc.phase == INC_SORTING)
    b.due = UINT64_MAX;
  inc_advance(&b);
  if (inc.phase == INC_IDLE)
    return;
  /* If it is behind, at the next slow path. */
  bool late = !inc_marking || inc.work < b.due;
  inc.late += inc_marking && late;
  inc.next = cells_handed_out() + (late ? 1 : step);
}

/* ------------------------------------------------------------------------- *
 * When a cycle advances.
 * ------------------------------------------------------------------------- */

/* Ends the cycle under way, then makes a whole one, which finds what died since
 * the first began. */
void gc_collect(gc_mutator *m) {
  (void)m;
  pause_begin();
  inc_colour_buffers(false);
  inc_complete();
  inc_begin();
  inc_complete();
  cells.untouched = true;
  pause_end();
}

static bool inc_may(bool fresh, uint64_t bytes) {
  (void)fresh, (void)bytes;
  return cells_handed_out() < inc.next;
}

/* The first attempt is a slice, if one is due.  If none is, or it did not help,
 * memory has run out: the cycle must end at once.  If that does not help
 * either, another whole cycle must find what died since this one began. */
static void inc_collect(gc_mutator *m, bool again) {
  (void)m;
  inc_colour_buffers(false);
  if (!again && !gc_mutant(whole_kept))
    inc.whole = false;
  if (!again && cells_handed_out() >= inc.next) {
    inc_slice();
  } else if (!inc.whole) {
    inc.forced++;
    if (inc.phase == INC_IDLE) {
      inc_begin();
      inc.whole = true;
    }
    inc_complete();
  }
  inc_colour_buffers(true);
}

/* Under hostile conditions that see each allocation, every fourth one marks a
 * little, so that cycles are interrupted between any two objects: 1, 4, 16 or
 * 64 words, the next of these every second cycle.  Slow cycles leave mutators
 * much time to change what was not reached yet; fast ones end before the next
 * collection that is asked for. */
static void inc_hostile_step(void) {
  if (!pause_try())
    return;
  inc_colour_buffers(false);
  if (inc.phase == INC_IDLE) {
    inc_begin();
  } else {
    inc_bounds b = {.due = inc.work + ((uint64_t)1 << inc.cycles % 8 / 2 * 2),
                    .until = INC_NEVER,
                    .late = 0,
                    .chunk = 1};
    inc_advance(&b);
  }
  inc_colour_buffers(true);
  pause_end();
}

/* Objects are born marked during a cycle. */
static void inc_born(char *first, char *end, size_t cell) {
  if (inc_marking && !gc_mutant(born_white))
    inc_colour(first, end, cell, true);
}

gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {.may = inc_may,
                                      .collect = inc_collect,
                                      .attempts = 3,
                                      .handed_out = inc_born};
  if (gc_unlikely(inc.each) && hostile_saw.allocations % 4 == 0)
    inc_hostile_step();
  gc_object *o = cells_obtain(m, &m->buffer, c, bytes, &policy);
  if (c == CELLS_LARGE && o && inc_marking && !gc_mutant(large_born_white))
    inc_colour((char *)o, (char *)o + SPACE_GRANULE, SPACE_GRANULE, true);
  return o;
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  if (!cells_create(config->heap_limit))
    return NULL;
  pause_listen(config->listener);
  inc = (gc_heap){.limit = config->heap_limit,
                  .each = hostile_each(),
                  .marking = marking_init(cells_bitmap())};
  pthread_mutex_init(&inc.lock, NULL);
  bag_init(&inc.orphans, 0);
  inc.wide.most = hostile.buffers;
  inc_plan(0);
  if (inc.marking.marks)
    return &inc;
  gc_heap_destroy(&inc);
  return NULL;
}

/* A cycle may be under way; it is abandoned. */
void gc_heap_destroy(gc_heap *h) {
  inc_marking = false;
  bag_free(&h->orphans);
  pthread_mutex_destroy(&h->lock);
  object_stack_free(&h->marking.stack);
  object_stack_free(&h->wide);
  bookkeeping_destroy();
  cells_bitmap_destroy(h->marking.marks);
  cells_destroy();
}

/* The cells of a detaching mutator's free spans that are not allocated are no
 * objects, and are handed out to other mutators again. */
static void inc_detach(gc_mutator *m) {
  gc_heap *h = m->base.heap;
  if (inc_marking && !gc_mutant(span_stays_marked))
    inc_colour_buffer(&m->buffer, false);
  cells_buffer_return(&m->buffer);
  pthread_mutex_lock(&h->lock);
  h->inherited += !bag_empty(&m->shaded);
  if (gc_mutant(shaded_left_dropped))
    bag_free(&m->shaded);
  bag_pour(&m->shaded, &h->orphans);
  pthread_mutex_unlock(&h->lock);
}

#define THREAD_BEGIN(m) bag_init(&(m)->shaded, 0)
#define THREAD_END(m)   inc_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

static uint64_t inc_mutator_bytes(gc_mutator *m) {
  return object_stack_bytes(&m->shaded.stack);
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  return cells_footprint(
      object_stack_bytes(&h->marking.stack) + object_stack_bytes(&h->wide) +
      object_stack_bytes(&h->orphans.stack) + world_sum(inc_mutator_bytes));
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {
      {"collections", h->cycles},    {"slices", h->slices},
      {"forced", h->forced},         {"late-slices", h->late},
      {"objects-shaded", h->shaded}, {"spilled", bag_spills},
      {"orphans", h->inherited},     {"wide-parts", h->parts},
      MARKING_COUNTERS(&h->marking), CELLS_COUNTERS,
      BOOKKEEPING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* A bit per granule.  During a cycle: everything that will be marked when it
 * ends, if no mutator runs any more.  Between cycles: what the last one marked.
 */
static const uint64_t *inc_foreseen;

/* Alive is what has a bit there; between cycles also what is newer than the
 * last one. */
static bool inc_alive(const gc_object *o) {
  return bitmap_test(inc_foreseen, space_granule(o)) ||
         (!inc_marking && !cells.untouched);
}

/* Takes a queued object into account; `data` is the reachable. */
static void inc_foresee_queued(void *data, gc_object *o) {
  reachable *r = data;
  if (!cells_is_object(o))
    r->why = "a queued reference does not refer to an object";
  else if (!inc_where(o))
    r->why = "a queued object is not marked";
  else
    object_push_or_die(&r->stack, o);
}

/* The same for what is marked in a flagged block, which may be a free cell that
 * is marked for the object to come. */
static void inc_foresee_flagged(void *data, gc_object *o) {
  if (cells_is_object(o))
    inc_foresee_queued(data, o);
}

static void inc_foresee_bag(reachable *r, const object_bag *shaded) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(shaded, &at));)
    inc_foresee_queued(r, o);
}

static void inc_foresee_stack(reachable *r, const object_stack *s) {
  for (size_t i = 0; i < s->size; i++)
    inc_foresee_queued(r, s->items[i]);
}

/* Computes inc_foreseen into `seen`: starts from the marks and scans all that
 * is queued and what that leads to.  Returns what is wrong, or NULL. */
static const char *inc_foresee(uint64_t *seen) {
  reachable r = {.seen = seen, .stack = {.reliable = true}};
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  memcpy(seen, inc.marking.marks, end / 8);
  for (size_t i = 0; i < large_objects.size; i++)
    if (inc_where(large_objects.items[i]))
      bitmap_set(seen, space_granule(large_objects.items[i]));
  inc_foresee_stack(&r, &inc.marking.stack);
  const marking *k = &inc.marking;
  for (unsigned i = 0; i < k->ends.size; i++)
    inc_foresee_queued(&r, prefetch_waiting(k->fifo, MARKING_FIFO, k->ends, i));
  inc_foresee_stack(&r, &inc.wide);
  if (inc.parted)
    inc_foresee_queued(&r, inc.parted);
  inc_foresee_bag(&r, &inc.orphans);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    inc_foresee_bag(&r, &m->shaded);
  /* Where the mark stack overflowed, flagged blocks are scanned again. */
  cells_flagged_look(inc.marking.marks, inc_foresee_flagged, &r);
  reachable_reach_values(&r);
  while (r.stack.size && !r.why) {
    gc_object *o = object_pop(&r.stack);
    if (!cells_is_object(o))
      r.why = "a reference in the snapshot does not refer to an object";
    else
      for (uint32_t s = 0; s < object_slots(o); s++)
        reachable_reach(&r, &o->slots[s]);
    if (!r.stack.size && !r.why)
      reachable_reach_values(&r);
  }
  object_stack_free(&r.stack);
  return r.why;
}

/* Checks that what mutators allocate next is born marked. */
static const char *inc_check_colours(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
      const cells_span *span = &m->buffer.spans[c];
      for (char *p = span->cursor; p < span->limit; p += size_class_bytes(c))
        if (!inc_where((gc_object *)p))
          return "a free cell would be an unmarked object in this cycle";
    }
  return NULL;
}

/* Checks a cycle that marks: that bits are at cells, that new objects will have
 * one, and that everything reachable will. */
static const char *inc_check_cycle(void) {
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t at = 0; (at = bitmap_next(inc.marking.marks, at, end)) < end;
       at++)
    if (!cells_is(space_address((uint32_t)at)))
      return "a bit of the cycle is not at the start of a cell";
  const char *why = inc_check_colours();
  if (why)
    return why;
  uint64_t *seen = cells_bitmap();
  if (!seen)
    return "no memory to check in";
  why = inc_foresee(seen);
  inc_foreseen = seen;
  if (!why)
    why = reachable_check(cells_is_object, inc_alive);
  cells_bitmap_destroy(seen);
  return why;
}

static bool inc_is_queued(void) {
  uint64_t at = 0;
  bool any = !marking_idle(&inc.marking) || inc.wide.size || inc.parted ||
             bag_next(&inc.orphans, &at);
  for (gc_mutator *m = world_mutators(); m && !any; m = m->base.next)
    any = bag_next(&m->shaded, &at);
  return any;
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  bool under_way = inc_marking;
  const char *why = cells_check_all(under_way);
  if (!why && !under_way && inc_is_queued())
    why = "something is queued between cycles";
  if (why || under_way)
    return why ? why : inc_check_cycle();
  inc_foreseen = cells_marks;
  return reachable_check(cells_is_object, inc_alive);
}
