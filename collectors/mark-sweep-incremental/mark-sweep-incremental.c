/* mark-sweep-incremental.c: mark-sweep whose marking is done in slices, by a
 * snapshot at the beginning, for any number of mutators.
 *
 * The heap is mark-sweep's (common/cells.h).  A *cycle* is
 *
 *     begin     a short stop: marks what the roots refer to; that is the
 *               snapshot, and the deletion barrier is on from here
 *     slices    marking in short stops, as allocation goes on
 *     revive    once nothing is left to be scanned: weak references to the dead
 *               are cleared, the dead that are finalizable are queued, and the
 *               queue is marked from, in slices again
 *     finish    weak references to the dead leave their list, and the blocks
 *               are sorted by what is left in them, in slices as well
 *
 * Everything that marks runs with the world stopped, in the slow path of
 * allocation, so nothing of it races with mutators.
 *
 * Marks.  While a cycle marks in its own bitmap (`black`), cells_marks still
 * says which cells are free; at the end they change places.  Objects made
 * during a cycle are born black: a run of cells gets its bits as it is handed
 * out, and while the world is stopped, the cells of it that nobody took yet
 * have theirs cleared.
 *
 * Invariants.
 *   - While the world is stopped, a bit of `black` is the start of an object.
 *   - What has a bit was scanned, or is queued to be: on the marker's stack or
 *     queue, as a wide object, or in a bag of shaded ones; or it is newer than
 *     the cycle.
 *   - *What a mutator can reach during a cycle either could be reached when it
 *     began (and so will be marked), or was made since (and so is).*  Proof:
 *     when the cycle began it held of all roots.  A mutator then gets hold of
 *     an object by a load from a root, of which it holds already, or from a
 *     slot.  What the slot holds was there when the cycle began, or stored from
 *     a register since, of which it holds.  What a weak reference gives is
 *     shaded, for it may be reached by that only.  The queue of finalizers was
 *     a root, and what joins it in `revive` is marked there, from where on the
 *     same holds with what the queue reaches included.  *And what could be
 *     reached when the cycle began is marked by its end*, since each of the
 *     references that led to it was still there when its slot was scanned, or
 *     was shaded when it was overwritten.
 *
 * So stores to roots need no barrier, nothing is scanned twice, and no roots
 * are looked at again at the end: a cycle ends when nothing is queued.  What
 * dies during a cycle stays until the next. */
#include "gc.h"
#include "common/hostile/hostile.h"
#include "common/marking.h"
#include "mark-sweep-incremental/mark-sweep-incremental.h"
#include "common/inline/blocking.h"
#include "common/inline/cells-usage.h"
#include "common/inline/reachable.h"
#include "common/inline/roots.h"
#include <pthread.h>

enum {
  /* Objects between two looks at the clock, which costs as much as a few. */
  INC_CHUNK = 128,
  /* Objects of more slots are scanned by themselves, in parts of so many. */
  INC_WIDE = 64,
  INC_PART = 256,
};

/* How long a slice may take, in microseconds. */
static uint64_t option_pause = 500;

/* Allocation between slices, in KiB, while marking keeps up. */
static uint64_t option_step = 256;

/* Without a heap limit: allocation from one end of a cycle to the next, in
 * percent of what was live, and INC_GROWTH_LEAST in any case. */
static uint64_t option_growth = 100;
#define INC_GROWTH_LEAST ((uint64_t)4 << 20)

/* A cycle begins when so much of that, in percent, is gone; marking is paced to
 * end with the rest. */
static uint64_t option_trigger = 60;

/* Entries of the mark stack; 0: as many as it takes. */
static uint64_t option_mark_stack = 0;

typedef enum inc_phase {
  INC_IDLE,
  INC_SNAPSHOT, /* marks what the roots reached when the cycle began */
  INC_REVIVED,  /* marks what objects reach that wait for their finalizer */
  INC_SORTING,  /* marks no more, and sorts the blocks */
} inc_phase;

/* There is one in a process. */
struct gc_heap {
  gc_listener listener;
  uint64_t limit; /* 0: none */
  bool each;      /* marking goes on at each allocation (hostile.h) */

  inc_phase phase;
  marking marking;      /* in `black` */
  object_stack wide;    /* marked objects with more than INC_WIDE slots, ... */
  gc_object *parted;    /* ... and the one of them that is being scanned, */
  uint32_t part;        /* from this slot on */
  object_bag orphans;   /* what mutators shaded that are gone */
  pthread_mutex_t lock; /* for the orphans */
  bool whole;           /* the last cycle was all in this stop */

  /* Pacing, in bytes handed out since the last cycle's end: */
  uint64_t next;  /* the next slice is due */
  uint64_t began; /* the cycle began */
  uint64_t end;   /* and should end */
  uint64_t work;  /* words marked so far; a slot or a header is one */
  uint64_t born;  /* bytes handed out while it marked */
  uint64_t todo;  /* at the most, by what is known of the heap */

  uint64_t cycles, slices, forced, shaded, parts; /* events so far */
};
static gc_heap inc;
bool inc_marking;

const gc_collector gc_this_collector = {
    .name = "mark-sweep-incremental",
    .summary = "mark-sweep that marks in slices, by a snapshot at the "
               "beginning",
    .source = "snapshot at the beginning, deletion barrier: Yuasa, JSS 1990; "
              "weak and strong invariants: Pirinen, ISMM 1998",
    .hostile = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .heap_limit = true},
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
            {"mark-stack", "entries of the mark stack at the most, 0: no cap",
             &option_mark_stack, 0, (uint64_t)1 << 32},
            {0}},
};

/* ------------------------------------------------------------------------- *
 * Bits that mutators set.  Atomically: the word may have bits of others.
 * ------------------------------------------------------------------------- */

void inc_shade(gc_mutator *m, gc_object *o) {
  size_t granule = space_granule(o);
  uint64_t *word = &inc.marking.marks[granule / 64];
  uint64_t bit = (uint64_t)1 << granule % 64;
  if (__atomic_load_n(word, __ATOMIC_RELAXED) & bit)
    return;
  hostile_race();
  if (!(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit))
    bag_put(&m->shaded, o);
}

/* Colours the cells from `first` to `end`, in steps of `cell` bytes. */
static void inc_colour(const char *first, const char *end, size_t cell,
                       bool black) {
  size_t step = cell / SPACE_GRANULE, n = (size_t)(end - first) / cell;
  for (size_t at = space_granule(first); n > 0;) {
    uint64_t *word = &inc.marking.marks[at / 64], bits = 0;
    for (size_t here = at / 64; n > 0 && at / 64 == here; at += step, n--)
      bits |= (uint64_t)1 << at % 64;
    if (black)
      __atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
    else
      __atomic_fetch_and(word, ~bits, __ATOMIC_RELAXED);
  }
}

/* Colours what is left of the runs in hand. */
static void inc_colour_hand(const cells_hand *hand, bool black) {
  for (unsigned c = 0; c < SIZE_CLASSES; c++)
    if (hand->runs[c].cursor != hand->runs[c].limit)
      inc_colour(hand->runs[c].cursor, hand->runs[c].limit, size_class_bytes(c),
                 black);
}

/* To be called as the first and last of what a stop does. */
static void inc_colour_hands(bool black) {
  if (inc_marking && !(gc_mutant(hand_unmarked) && black))
    for (gc_mutator *m = world_mutators(); m; m = m->base.next)
      inc_colour_hand(&m->hand, black);
}

/* ------------------------------------------------------------------------- *
 * Marking; the world is stopped.
 * ------------------------------------------------------------------------- */

/* What the marker asks of each object before it scans it. */
static inline bool inc_visit(gc_object *o) {
  uint32_t slots = object_slots(o);
  if (gc_unlikely(slots > INC_WIDE) && object_push(&inc.wide, o))
    return false;
  inc.work += 1 + slots;
  return true;
}

/* Scans the next part of a wide object.  False if there is none. */
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
  if (end == slots || gc_mutant(only_first_part_scanned))
    inc.parted = NULL;
  return true;
}

/* Queues some of what was shaded.  False if there was nothing. */
static bool inc_take_from(object_bag *shaded) {
  uint64_t before = inc.shaded;
  for (gc_object *o; inc.shaded - before < INC_CHUNK && (o = bag_take(shaded));
       inc.shaded++)
    marking_queue(&inc.marking, o);
  return inc.shaded != before;
}

static bool inc_take_shaded(void) {
  bool any = inc_take_from(&inc.orphans);
  for (gc_mutator *m = world_mutators(); m && !any; m = m->base.next) {
    any = inc_take_from(&m->shaded);
    if (gc_mutant(shaded_of_others_dropped))
      break;
  }
  return any;
}

/* How far marking should go in a stop. */
typedef struct inc_bounds {
  uint64_t due;   /* until so many words were marked in this cycle, */
  uint64_t until; /* or until then */
  uint64_t late;  /* from then on nothing is begun that cannot be divided */
  uint64_t chunk; /* objects between two looks at that */
} inc_bounds;

#define INC_NEVER UINT64_MAX
static const inc_bounds inc_all = {UINT64_MAX, INC_NEVER, INC_NEVER,
                                   MARKING_ALL};

static bool inc_is_over(const inc_bounds *b) {
  return inc.work >= b->due ||
         (b->until != INC_NEVER && gc_now_ns() >= b->until);
}

/* Returns whether nothing is left to be scanned. */
static bool inc_mark(const inc_bounds *b) {
  for (;;) {
    if (marking_drain(&inc.marking, b->chunk, inc_visit) && !inc_scan_part() &&
        !inc_take_shaded())
      return true;
    if (inc_is_over(b))
      return false;
  }
}

/* ------------------------------------------------------------------------- *
 * A cycle; the world is stopped.
 * ------------------------------------------------------------------------- */

/* Bytes handed out since the last cycle's end. */
static uint64_t inc_handed_out(void) {
  return cells.fresh + cells.holes + cells.large;
}

static void inc_root(void *data, gc_object **place) {
  if (*place)
    marking_push(data, *place);
}

static void inc_begin(void) {
  cells_clear_marks(inc.marking.marks);
  roots_each(inc_root, &inc.marking);
  inc.phase = INC_SNAPSHOT;
  inc_marking = true;
  inc.began = inc_handed_out();
  inc.work = 0;
  inc.todo = (cells.live_bytes + inc.began) / 8;
}

/* What tracked.h asks. */
static gc_object *inc_where(gc_object *o) {
  return bitmap_test(inc.marking.marks, space_granule(o)) ? o : NULL;
}

/* What could be reached when the cycle began is marked.  Weak references to
 * anything else are cleared at once, so that nothing of it can be reached any
 * more but through the queue. */
static void inc_revive(void) {
  tracked_clear_weak(inc_where, true);
  tracked_queue_dead(inc_where, true);
  for (size_t i = 0; i < finalizers_count(); i++)
    inc_root(&inc.marking, &finalizers_first()[i]);
  inc.phase = INC_REVIVED;
}

/* When the next cycle is due, and where it should end.  Up to `floating` bytes
 * of what was found alive may have died during the cycle: they are not to make
 * the heap grow.  Of a limit some is lost where no object fits. */
static void inc_plan(uint64_t floating) {
  uint64_t live = cells.live_bytes, room;
  if (inc.limit) {
    uint64_t usable = inc.limit - inc.limit / 16;
    room = usable > live ? usable - live : 0;
  } else {
    uint64_t dead = floating < live ? floating : live;
    room = (live - dead) / 100 * option_growth;
    if (room < INC_GROWTH_LEAST)
      room = INC_GROWTH_LEAST;
    room =
        room > dead + INC_GROWTH_LEAST / 4 ? room - dead : INC_GROWTH_LEAST / 4;
  }
  inc.end = room;
  inc.next = room / 100 * option_trigger;
  if (inc.next == 0) /* something is handed out first, whatever it is for */
    inc.next = 1;
}

static void inc_finish(void) {
  uint64_t *old = cells_marks;
  tracked_prune_weak(inc_where, true);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    cells_retract(&m->hand);
  /* The rest is cleared when the next cycle begins, but who would know then
   * where large objects were that are freed now? */
  for (size_t i = 0; i < large_objects.size; i++)
    bitmap_clear(old, space_granule(large_objects.items[i]));
  cells_marks = inc.marking.marks;
  inc.marking.marks = old;
  inc.born = inc_handed_out() - inc.began;
  inc.phase = INC_SORTING;
  inc_marking = false;
  cells_sort_begin();
}

/* Sorts as the bounds allow, a block being as much as a word. */
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

/* Goes on with the cycle as far as the bounds allow, and to its end if they do.
 * Steps that cannot be divided come late in no stop. */
static void inc_advance(const inc_bounds *b) {
  uint64_t before = inc.work;
  while (inc.phase != INC_SORTING && inc_mark(b)) {
    if (inc.work != before && b->late != INC_NEVER && gc_now_ns() >= b->late)
      return;
    if (inc.phase == INC_SNAPSHOT)
      inc_revive();
    else
      inc_finish();
  }
  if (inc.phase == INC_SORTING)
    inc_sort(b);
}

/* What is left of a cycle, in one. */
static void inc_complete(void) {
  if (inc.phase != INC_IDLE)
    inc_advance(&inc_all);
}

/* Begins a cycle, or goes on with it as far as it should be by now. */
static void inc_slice(void) {
  inc.slices++;
  uint64_t handed = inc_handed_out(), step = option_step << 10;
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
  if (inc.phase != INC_IDLE) /* if it is behind, at the next occasion */
    inc.next = inc_handed_out() + (inc_marking && inc.work >= b.due ? step : 1);
}

/* ------------------------------------------------------------------------- *
 * When it is done.
 * ------------------------------------------------------------------------- */

static void inc_report(gc_mutator *m, uint64_t begin_ns) {
  (void)m;
  inc.listener.pause(inc.listener.data, GC_PAUSE_STOP, begin_ns, gc_now_ns());
}

/* What died since a cycle began is found by the next only. */
void gc_collect(gc_mutator *m) {
  uint64_t begin = gc_now_ns();
  while (!world_stop())
    begin = gc_now_ns();
  inc_colour_hands(false);
  inc_complete();
  inc_begin();
  inc_complete();
  cells.untouched = true;
  world_start();
  inc_report(m, begin);
}

static bool inc_may(bool fresh, uint64_t bytes) {
  (void)fresh, (void)bytes;
  return inc_handed_out() < inc.next;
}

/* A slice if one is due.  Otherwise, or if that does not help, memory has run
 * out: the cycle must end at once, and if that does not help either, another
 * one must find what died since it began. */
static void inc_collect(gc_mutator *m, bool again) {
  (void)m;
  inc_colour_hands(false);
  if (!again)
    inc.whole = false;
  if (!again && inc_handed_out() >= inc.next) {
    inc_slice();
  } else if (!inc.whole) {
    inc.forced++;
    if (inc.phase == INC_IDLE) {
      inc_begin();
      inc.whole = true;
    }
    inc_complete();
  }
  inc_colour_hands(true);
}

/* Where hostile conditions see each allocation, a little is marked at every
 * fourth, so that a cycle is cut between any two objects.  Some cycles are
 * slow, so that much happens to what they have not reached; some come to their
 * end between two collections that are asked for. */
static void inc_hostile_step(gc_mutator *m) {
  uint64_t begin = gc_now_ns();
  if (!world_stop())
    return;
  inc_colour_hands(false);
  if (inc.phase == INC_IDLE) {
    inc_begin();
  } else {
    inc_bounds b = {.due = inc.work + ((uint64_t)1 << inc.cycles % 8 / 2 * 2),
                    .until = INC_NEVER,
                    .late = 0,
                    .chunk = 1};
    inc_advance(&b);
  }
  inc_colour_hands(true);
  world_start();
  inc_report(m, begin);
}

/* A run was handed out. */
static void inc_born(char *first, char *end, size_t cell) {
  if (inc_marking && !gc_mutant(born_white))
    inc_colour(first, end, cell, true);
}

gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {.may = inc_may,
                                      .collect = inc_collect,
                                      .attempts = 3,
                                      .report = inc_report,
                                      .handed_out = inc_born};
  if (gc_unlikely(inc.each) && hostile_saw.allocations % 4 == 0)
    inc_hostile_step(m);
  gc_object *o = cells_obtain(m, &m->hand, c, bytes, &policy);
  if (c == CELLS_LARGE && o && inc_marking)
    inc_colour((char *)o, (char *)o + SPACE_GRANULE, SPACE_GRANULE, true);
  return o;
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  if (!cells_create(config->heap_limit))
    return NULL;
  inc = (gc_heap){.listener = config->listener,
                  .limit = config->heap_limit,
                  .each = hostile_each(),
                  .marking = {.marks = cells_bitmap()}};
  pthread_mutex_init(&inc.lock, NULL);
  bag_init(&inc.orphans, 0);
  inc.marking.stack.most =
      hostile.buffers ? hostile.buffers : (size_t)option_mark_stack;
  inc.wide.most = hostile.buffers;
  inc_plan(0);
  if (inc.marking.marks)
    return &inc;
  gc_heap_destroy(&inc);
  return NULL;
}

/* A cycle may still be going on: then it ends here. */
void gc_heap_destroy(gc_heap *h) {
  inc_marking = false;
  bag_free(&h->orphans);
  bag_tables_free();
  pthread_mutex_destroy(&h->lock);
  object_stack_free(&h->marking.stack);
  object_stack_free(&h->wide);
  tracked_destroy();
  finalizers_destroy();
  memset(object_globals, 0, sizeof object_globals);
  cells_bitmap_destroy(h->marking.marks);
  cells_destroy();
}

gc_mutator *gc_thread_attach(gc_heap *h) {
  gc_mutator *m = world_mutator_create(h, sizeof *m);
  if (!m)
    return NULL;
  bag_init(&m->shaded, 0);
  world_join(m);
  return m;
}

/* While it still counts as running, so that no slice comes between.  What is
 * left of its runs is no object, and others will be handed it again. */
void gc_thread_detach(gc_mutator *m) {
  gc_heap *h = m->base.heap;
  if (inc_marking)
    inc_colour_hand(&m->hand, false);
  cells_hand_back(&m->hand);
  pthread_mutex_lock(&h->lock);
  for (gc_object *o; (o = bag_take(&m->shaded));)
    bag_put(&h->orphans, o);
  pthread_mutex_unlock(&h->lock);
  bag_free(&m->shaded);
  world_leave(m);
  world_mutator_destroy(m);
}

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  uint64_t side = object_stack_bytes(&h->marking.stack) +
                  object_stack_bytes(&h->wide) +
                  object_stack_bytes(&h->orphans.stack);
  world_lock();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    side += object_stack_bytes(&m->shaded.stack);
  world_unlock();
  return cells_footprint(side);
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->cycles},
                            {"slices", h->slices},
                            {"forced", h->forced},
                            {"objects-marked", h->marking.scanned},
                            {"objects-shaded", h->shaded},
                            {"wide-parts", h->parts},
                            {"mark-stack-room", h->marking.stack.room},
                            {"rescans", h->marking.rescans}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* What will have been marked when the cycle under way ends, if nothing happens
 * any more; between cycles, what the last one marked. */
static const uint64_t *inc_foreseen;

/* What was marked is alive; before a cycle, what was made since the last. */
static bool inc_alive(const gc_object *o) {
  return bitmap_test(inc_foreseen, space_granule(o)) ||
         (!inc_marking && !cells.untouched);
}

static void inc_foresee_bag(reachable *r, const object_bag *shaded) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(shaded, &at));)
    object_push_or_die(&r->stack, o);
}

/* Scans, in `seen`, all that is queued, and what it leads to. */
static const char *inc_foresee(uint64_t *seen) {
  reachable r = {.seen = seen, .stack = {.reliable = true}};
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  memcpy(seen, inc.marking.marks, end / 8);
  for (size_t i = 0; i < large_objects.size; i++)
    if (inc_where(large_objects.items[i]))
      bitmap_set(seen, space_granule(large_objects.items[i]));
  for (size_t i = 0; i < inc.marking.stack.size; i++)
    object_push_or_die(&r.stack, inc.marking.stack.items[i]);
  for (unsigned i = 0; i < MARKING_FIFO; i++)
    if (inc.marking.fifo[i])
      object_push_or_die(&r.stack, inc.marking.fifo[i]);
  for (size_t i = 0; i < inc.wide.size; i++)
    object_push_or_die(&r.stack, inc.wide.items[i]);
  if (inc.parted)
    object_push_or_die(&r.stack, inc.parted);
  inc_foresee_bag(&r, &inc.orphans);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    inc_foresee_bag(&r, &m->shaded);
  while (r.stack.size && !r.why) {
    gc_object *o = object_pop(&r.stack);
    if (!cells_is(o))
      r.why = "a queued reference does not refer to an object";
    else
      for (uint32_t s = 0; s < object_slots(o); s++)
        reachable_reach(&r, &o->slots[s]);
  }
  object_stack_free(&r.stack);
  return r.why;
}

/* While a cycle marks: the bits, and that everything reachable will have one.
 * Where the stack overflowed, what is queued is not known one by one. */
static const char *inc_check_cycle(void) {
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t at = 0; (at = bitmap_next(inc.marking.marks, at, end)) < end;
       at++)
    if (!cells_is(space_address((uint32_t)at)))
      return "a bit of the cycle is not at the start of a cell";
  if (cells_any_flagged())
    return NULL;
  uint64_t *seen = cells_bitmap();
  if (!seen)
    return "no memory to check in";
  const char *why = inc_foresee(seen);
  inc_foreseen = seen;
  if (!why)
    why = reachable_check(cells_is, inc_alive);
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

static gc_object *inc_marked(gc_object *o) {
  return cells_marked(o) ? o : NULL;
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  bool under_way = inc_marking;
  const char *why = cells_check(cells_hand_in, under_way);
  if (!why)
    why = tracked_check(cells_is, inc_marked, !cells.untouched);
  if (!why && !under_way && inc_is_queued())
    why = "something is queued between cycles";
  if (why || under_way)
    return why ? why : inc_check_cycle();
  inc_foreseen = cells_marks;
  return reachable_check(cells_is, inc_alive);
}
