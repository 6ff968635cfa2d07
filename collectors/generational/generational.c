/* generational.c: two generations without moving anything, by sticky mark bits,
 * stop-the-world, for any number of mutators.
 *
 * The heap is mark-sweep's (common/cells.h).  A *minor* collection does not
 * clear the mark bits of the last one: what has a bit is old, and taken to be
 * alive.  It starts from the roots and from the remembered set, and marks only
 * what is young and alive, which thereby is old.  So it costs what survives of
 * the nursery and what was stored into, whatever the size of the heap.  A
 * *full* collection clears the bits first, and is mark-sweep's.  The nursery is
 * no place, but a number of bytes handed out: of blocks that the last
 * collection found empty, the same again and again while most objects die
 * young, so that they stay in the cache.
 *
 * Invariants, between collections:
 *   - An object with slots is old if it has a mark bit, and then it either has
 *     the flag GEN_OLD or is in one remembered set.
 *   - Whatever has the flag refers to old objects and null only.
 *   - Old weak references have old targets; old finalizable objects and weak
 *     references are the first in their lists (tracked.h).
 * Stores into an object break the second unless they remember it; and a
 * collection, after which everything alive is old, restores it. */
#include "gc.h"
#include "common/hostile/hostile.h"
#include "generational/generational.h"
#include "common/inline/blocking.h"
#include "common/inline/cells-usage.h"
#include "common/inline/reachable.h"
#include "common/inline/tracing.h"
#include <pthread.h>

/* Allocation between collections, in KiB: small enough to stay in a cache,
 * large enough that most of it is dead by then.  While it is not, up to
 * GEN_NURSERY_MOST times as much. */
static uint64_t option_nursery = 8192;
#define GEN_NURSERY_MOST 2
/* Under hostile conditions, which would meet hardly any minor collection
 * otherwise. */
#define GEN_NURSERY_HOSTILE ((uint64_t)64 << 10)

/* Without a heap limit the old may grow by this much, in percent of what was
 * live after the last full collection, before the next full one, and by
 * GEN_GROWTH_LEAST in any case. */
static uint64_t option_growth = 100;
#define GEN_GROWTH_LEAST ((uint64_t)4 << 20)

/* Full collections in a row at the most that take the place of minor ones. */
enum { GEN_FULL_MOST = 7 };

/* Entries of the mark stack; 0: as many as it takes. */
static uint64_t option_mark_stack = 0;

/* There is one in a process. */
struct gc_heap {
  gc_listener listener;
  bool limited;
  marking marking;

  pthread_mutex_t lock;
  object_bag orphaned; /* what mutators remembered that are gone */

  uint64_t nursery;    /* bytes to be handed out till the next collection */
  uint64_t least;      /* what these are at first */
  uint64_t old_most;   /* live bytes from which on, without a limit, the next
                          one is full */
  unsigned full_due;   /* so many full ones come next */
  unsigned full_after; /* so many came after the last minor one */
  uint64_t yield;      /* bytes handed out between the last full one and the
                          one after it, and 1; 0: the last one was full */

  uint64_t minor, full, marked, remembered; /* events so far */
};
static gc_heap gen_heap;

const gc_collector gc_this_collector = {
    .name = "generational",
    .summary = "two generations by sticky mark bits, an object-logging write "
               "barrier, nothing moves",
    .source = "sticky mark bits: Demmers et al., POPL 1990; logging objects "
              "once: Blackburn & McKinley, ISMM 2002",
    .hostile = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .heap_limit = true},
    .options =
        (const gc_option[]){
            {"nursery", "allocation between collections, in KiB",
             &option_nursery, 64, (uint64_t)1 << 20},
            {"growth",
             "without a heap limit: what may get old between full "
             "collections, in percent of the live bytes",
             &option_growth, 10, 1000},
            {"mark-stack", "entries of the mark stack at the most, 0: no cap",
             &option_mark_stack, 0, (uint64_t)1 << 32},
            {0}},
};

/* ------------------------------------------------------------------------- *
 * The remembered sets.
 * ------------------------------------------------------------------------- */

/* Two mutators may store into the same object at once; one takes the flag. */
void gen_remember(gc_mutator *m, gc_object *o) {
  hostile_race();
  if (!(__atomic_fetch_and(&o->meta, ~GEN_OLD, __ATOMIC_RELAXED) & GEN_OLD))
    return;
  if (gc_mutant(remembered_overflow_lost))
    (void)object_push(&m->remembered.stack, o);
  else
    bag_put(&m->remembered, o);
}

static void gen_orphan(gc_heap *h, gc_mutator *m) {
  gc_object *o;
  pthread_mutex_lock(&h->lock);
  while ((o = bag_take(&m->remembered)))
    if (!gc_mutant(remembered_not_inherited))
      bag_put(&h->orphaned, o);
  pthread_mutex_unlock(&h->lock);
  bag_free(&m->remembered);
}

/* What is in a remembered set is marked, but must be scanned again.  If all is
 * to be scanned anyway, it is only forgotten. */
static void gen_rescan(gc_heap *h, object_bag *set, bool full) {
  for (gc_object *o; (o = bag_take(set)); h->remembered++)
    if (gc_mutant(flag_not_restored) && !full)
      marking_scan(&h->marking, o);
    else if (!full)
      marking_queue(&h->marking, o);
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Everything that is scanned is old from now on, and remembered no more. */
static inline bool gen_visit(gc_object *o) {
  if (!(o->meta & GEN_OLD) && object_slots(o))
    o->meta |= GEN_OLD;
  return true;
}

static uint64_t gen_handed_out(void) {
  return cells.fresh + cells.holes + cells.large;
}

static void gen_plan(gc_heap *h, bool full, uint64_t handed, uint64_t before);

static void gen_collect_stopped(gc_heap *h, bool full) {
  uint64_t handed = gen_handed_out(), before = cells.live_bytes;
  uint64_t objects = full ? 0 : cells.live_objects;
  if (full)
    cells_clear_marks(cells_marks);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    cells_retract(&m->hand);
    gen_rescan(h, &m->remembered, full);
  }
  gen_rescan(h, &h->orphaned, full);
  tracing_run(&h->marking, full, gen_visit);
  cells_sort(full);
  *(full ? &h->full : &h->minor) += 1;
  h->marked += cells.live_objects - objects;
  gen_plan(h, full, handed, before);
}

/* When the next collection is due, and which.  Where much of all that is alive
 * was young until now, a full collection costs little more than this one did,
 * and finds what died old: one takes the place of the next minor one, and more
 * each time that it is so again, until the heap lives as mark-sweep does.  It
 * must not be large for that: a full collection may not take longer than a
 * minor one can. */
static void gen_plan(gc_heap *h, bool full, uint64_t handed, uint64_t before) {
  uint64_t live = cells.live_bytes, least = h->least;
  if (full) {
    uint64_t growth = live / 100 * option_growth;
    h->old_most =
        live + (growth > GEN_GROWTH_LEAST ? growth : GEN_GROWTH_LEAST);
    h->full_due -= h->full_due > 0;
    h->yield = 0;
    return;
  }
  uint64_t kept = live - before;
  if (!h->yield)
    h->yield = handed + 1;
  if (kept > handed / 4 && h->nursery < least * GEN_NURSERY_MOST)
    h->nursery *= 2;
  else if (kept < handed / 16 && h->nursery > least)
    h->nursery /= 2;
  bool futile = kept > live / 3 && live <= least * GEN_NURSERY_MOST;
  h->full_after = !futile                         ? 0
                  : h->full_after < GEN_FULL_MOST ? 2 * h->full_after + 1
                                                  : GEN_FULL_MOST;
  h->full_due = h->full_after;
  if (!h->limited && live > h->old_most && !h->full_due)
    h->full_due = 1;
}

static void gen_report(gc_mutator *m, uint64_t begin_ns) {
  gc_listener *listener = &m->base.heap->listener;
  listener->pause(listener->data, GC_PAUSE_STOP, begin_ns, gc_now_ns());
}

static void gen_collect_now(gc_mutator *m, bool full) {
  uint64_t begin = gc_now_ns();
  while (!world_stop())
    begin = gc_now_ns();
  gen_collect_stopped(m->base.heap, full);
  world_start();
  gen_report(m, begin);
}

void gc_collect(gc_mutator *m) {
  gen_collect_now(m, true);
}

/* ------------------------------------------------------------------------- *
 * Allocation, slow path.
 * ------------------------------------------------------------------------- */

static bool gen_may(bool fresh, uint64_t bytes) {
  (void)fresh, (void)bytes;
  return gen_handed_out() < gen_heap.nursery;
}

/* Memory may have run out before the nursery did.  A minor collection gives
 * back less and less then: once it is half of what a full one did, another full
 * one is worth it. */
static void gen_collect(gc_mutator *m, bool again) {
  gc_heap *h = m->base.heap;
  if (again && !h->yield)
    return; /* it was a full one */
  uint64_t handed = gen_handed_out();
  bool little = handed < h->nursery && handed < h->yield / 2;
  gen_collect_stopped(h, again || little || h->full_due);
}

/* Hostile conditions collect too often for full collections to leave much to
 * the others, where the bugs of generations are. */
static void gen_hostile(gc_mutator *m) {
  gen_collect_now(m, m->base.heap->full_due);
}

/* The second attempt is always a full collection. */
gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {.may = gen_may,
                                      .collect = gen_collect,
                                      .attempts = 2,
                                      .hostile = gen_hostile,
                                      .report = gen_report};
  return cells_obtain(m, &m->hand, c, bytes, &policy);
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = &gen_heap;
  if (!cells_create(config->heap_limit))
    return NULL;
  uint64_t least = hostile_any() ? GEN_NURSERY_HOSTILE : option_nursery << 10;
  *h = (gc_heap){.listener = config->listener,
                 .limited = config->heap_limit != 0,
                 .nursery = least,
                 .least = least,
                 .old_most = GEN_GROWTH_LEAST,
                 .marking = {.marks = cells_marks}};
  h->marking.stack.most =
      hostile.buffers ? hostile.buffers : (size_t)option_mark_stack;
  pthread_mutex_init(&h->lock, NULL);
  bag_init(&h->orphaned, 0);
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  bag_free(&h->orphaned);
  bag_tables_free();
  pthread_mutex_destroy(&h->lock);
  object_stack_free(&h->marking.stack);
  tracked_destroy();
  finalizers_destroy();
  memset(object_globals, 0, sizeof object_globals);
  cells_destroy();
}

gc_mutator *gc_thread_attach(gc_heap *h) {
  gc_mutator *m = world_mutator_create(h, sizeof *m);
  if (!m)
    return NULL;
  bag_init(&m->remembered, 0);
  world_join(m);
  return m;
}

/* While it still counts as running, so that no collection comes between. */
void gc_thread_detach(gc_mutator *m) {
  cells_hand_back(&m->hand);
  gen_orphan(m->base.heap, m);
  world_leave(m);
  world_mutator_destroy(m);
}

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  uint64_t side = object_stack_bytes(&h->marking.stack) +
                  object_stack_bytes(&h->orphaned.stack);
  world_lock();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    side += object_stack_bytes(&m->remembered.stack);
  world_unlock();
  return cells_footprint(side);
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->minor + h->full},
                            {"full-collections", h->full},
                            {"objects-marked", h->marked},
                            {"objects-remembered", h->remembered},
                            {"mark-stack-room", h->marking.stack.room},
                            {"rescans", h->marking.rescans}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* Right after a collection, what is alive is marked; later, it may be newer,
 * and then is not flagged. */
static bool gen_alive(const gc_object *o) {
  return cells_marked(o) || (!cells.untouched && !(o->meta & GEN_OLD));
}

static const char *gen_check_set(const object_bag *set, uint64_t *remembered) {
  uint64_t at = 0;
  for (const gc_object *o; (o = bag_next(set, &at));) {
    if (!cells_is(o) || !cells_marked(o))
      return "what is remembered is not old";
    if (!bitmap_set(remembered, space_granule(o)))
      return "an object is remembered twice";
  }
  return NULL;
}

/* An old object. */
static const char *gen_check_object(const gc_object *o, bool remembered) {
  uint32_t slots = object_slots(o);
  if (remembered == !!(o->meta & GEN_OLD) && slots > 0)
    return "an old object is neither flagged nor remembered, or both";
  for (uint32_t s = 0; s < slots && !remembered; s++)
    if (o->slots[s] && !cells_marked(o->slots[s]))
      return "an old object that is not remembered refers to a young one";
  return NULL;
}

static const char *gen_check_old(gc_heap *h) {
  uint64_t *remembered = cells_bitmap();
  if (!remembered)
    return "no memory to check in";
  const char *why = gen_check_set(&h->orphaned, remembered);
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next)
    why = gen_check_set(&m->remembered, remembered);
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t at = 0; (at = bitmap_next(cells_marks, at, end)) < end && !why;
       at++)
    why = gen_check_object(space_address((uint32_t)at),
                           bitmap_test(remembered, at));
  for (size_t i = 0; i < large_objects.size && !why; i++) {
    const gc_object *o = large_objects.items[i];
    if (cells_marked(o))
      why = gen_check_object(o, bitmap_test(remembered, space_granule(o)));
  }
  cells_bitmap_destroy(remembered);
  return why;
}

const char *gc_heap_check(gc_heap *h) {
  const char *why = cells_check(cells_hand_in, false);
  if (!why)
    why = tracked_check(cells_is, tracing_where, !cells.untouched);
  if (!why)
    why = reachable_check(cells_is, gen_alive);
  return why ? why : gen_check_old(h);
}
