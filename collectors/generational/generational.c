/* generational.c: two generations that share one heap, by sticky mark bits:
 * non-moving, stop-the-world, for any number of mutators.
 *
 * The heap is mark-sweep's (common/cells.h).  A *minor* collection keeps the
 * mark bits of the last collection: an object that has a bit is *old* and is
 * taken to be alive.  Marking starts from the roots and the remembered sets and
 * visits young objects only; those that it marks are old from then on.  So a
 * minor collection costs what survives of the nursery and what was stored into,
 * whatever the size of the heap.  A *full* collection clears the bits first,
 * like mark-sweep.
 *
 * The nursery is not a place but an amount: the bytes handed out between two
 * collections.  They are in blocks that the last collection found empty, the
 * same ones again while most objects die young, so they stay in the cache.
 *
 * Invariants, between collections:
 *   - An object with slots is old if it has a mark bit.  An old object with
 *     slots either has the flag GEN_OLD or is in exactly one remembered set.
 *   - An object with the flag refers to old objects and null only.
 *   - Old weak references have old targets, old ephemerons old keys and
 * values, and the old entries are the first of the lists of weak references,
 * finalizable objects (tracked.h) and ephemerons (ephemerons.h). The
 * barrier keeps the second invariant by remembering an object, which takes its
 * flag off, before the first store into it.  A collection makes everything
 * alive old, and so may set the flag again. */
#include "gc.h"
#include "common/bookkeeping.h"
#include "common/hostile/hostile.h"
#include "common/marking.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "generational/generational.h"
#include "common/inline/cells-heap.h"
#include "common/inline/tracing.h"
#include <pthread.h>

/* Allocation between collections, in KiB: little enough to stay in a cache,
 * enough that most of it is dead by the collection.  While more survives, the
 * nursery grows, up to GEN_NURSERY_MOST times this. */
static uint64_t option_nursery = 8192;
#define GEN_NURSERY_MOST 2

/* Bytes of the nursery under hostile conditions: runs are short there, and
 * would see hardly any minor collection. */
#define GEN_NURSERY_HOSTILE ((uint64_t)64 << 10)

/* Without a heap limit: how much the live bytes may grow from one full
 * collection to the next, in percent (pacing.h). */
static uint64_t option_growth = 100;

/* The most full collections in a row that take the place of minor ones. */
enum { GEN_FULL_MOST = 7 };

/* There is one per process. */
struct gc_heap {
  bool limited; /* there is a heap limit */
  marking marking;

  pthread_mutex_t lock; /* for `orphaned`, while mutators run */
  object_bag orphaned;  /* the remembered sets of detached mutators */

  uint64_t nursery; /* bytes to be handed out until the next collection */
  uint64_t least;   /* the smallest and first value of `nursery` */
  pacing pacing;    /* when a full collection is due */
  /* Back-off: how many full collections follow a futile minor one (0, 1, 3,
   * 7), and how many of these are still to come. */
  unsigned full_after, full_due;

  uint64_t minor, full, marked, remembered; /* events so far */
};
static gc_heap gen_heap;

const gc_collector gc_this_collector = {
    .name = "generational",
    .summary = "two generations by sticky mark bits, an object-logging write "
               "barrier, nothing moves",
    .source = "sticky mark bits: Demmers et al., POPL 1990; logging objects "
              "once: Blackburn & McKinley, ISMM 2002",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true,
            .overhead_bytes = 128 << 10},
    .options =
        (const gc_option[]){
            {"nursery", "allocation between collections, in KiB",
             &option_nursery, 64, (uint64_t)1 << 20},
            {"growth",
             "without a heap limit: what may get old between full "
             "collections, in percent of the live bytes",
             &option_growth, 10, 1000},
            MARKING_OPTION,
            {0}},
};

/* ------------------------------------------------------------------------- *
 * The remembered sets.
 * ------------------------------------------------------------------------- */

/* Two mutators may store into one object at the same time; only the one that
 * takes the flag off remembers the object. */
void gen_remember(gc_mutator *m, gc_object *o) {
  hostile_race();
  if (!(__atomic_fetch_and(&o->meta, ~GEN_OLD, __ATOMIC_RELAXED) & GEN_OLD))
    return;
  if (gc_mutant(remembered_overflow_lost))
    (void)object_push(&m->remembered.stack, o);
  else
    bag_put(&m->remembered, o);
}

/* Empties a remembered set and queues its objects, which are marked, to be
 * scanned again.  In a full collection they are only forgotten: everything will
 * be scanned. */
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

/* Every object that is scanned is old from now on and in no remembered set. */
static inline bool gen_visit(gc_object *o) {
  if (!(o->meta & GEN_OLD) && object_slots(o))
    o->meta |= GEN_OLD;
  return true;
}

/* The same once ephemerons wait (ephemerons.h). */
static inline bool gen_reached(gc_object *o) {
  ephemerons_reached(o);
  return gen_visit(o);
}

static void gen_plan(gc_heap *h, bool full, uint64_t handed, uint64_t before);

static void gen_collect_stopped(gc_heap *h, bool full) {
  uint64_t handed = cells_handed_out(), before = cells.live_bytes;
  uint64_t objects = full ? 0 : cells.live_objects;
  if (full)
    cells_clear_marks(cells_marks);
  cells_reset_all();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    gen_rescan(h, &m->remembered, full);
  gen_rescan(h, &h->orphaned, full);
  tracing_mark(&h->marking, full, gen_visit, gen_reached);
  cells_sort(full);
  *(full ? &h->full : &h->minor) += 1;
  h->marked += cells.live_objects - objects;
  gen_plan(h, full, handed, before);
}

/* Decides when the next collection is due, and whether it is full.  `handed`:
 * bytes handed out before this collection.  `before`: live bytes before it.
 *
 * A minor collection is *futile* if much of all that is alive was young until
 * then: a full one would have cost little more, and would have found what died
 * old.  Then full collections take the place of the next minor ones, of more
 * each time, until the collector works like mark-sweep.  Only in small heaps:
 * a full collection must not take longer than a minor one can. */
static void gen_plan(gc_heap *h, bool full, uint64_t handed, uint64_t before) {
  uint64_t live = cells.live_bytes, least = h->least;
  if (full) {
    pacing_full(&h->pacing, live, option_growth);
    h->full_due -= h->full_due > 0;
    return;
  }
  uint64_t kept = live - before;
  pacing_partial(&h->pacing, handed);
  if (kept > handed / 4 && h->nursery < least * GEN_NURSERY_MOST)
    h->nursery *= 2;
  else if (kept < handed / 16 && h->nursery > least)
    h->nursery /= 2;
  bool futile = kept > live / 3 && live <= least * GEN_NURSERY_MOST;
  h->full_after = !futile                         ? 0
                  : h->full_after < GEN_FULL_MOST ? 2 * h->full_after + 1
                                                  : GEN_FULL_MOST;
  h->full_due = h->full_after;
  if (!h->limited && live > h->pacing.most && !h->full_due)
    h->full_due = 1;
}

/* ------------------------------------------------------------------------- *
 * When to collect.
 * ------------------------------------------------------------------------- */

#define PARTIAL_HEAP             (&gen_heap)
#define PARTIAL_IS_DUE(h)        (cells_handed_out() >= (h)->nursery)
#define PARTIAL_COLLECT(h, full) gen_collect_stopped(h, full)
#include "common/inline/partial-collections.h"

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = &gen_heap;
  if (!cells_create(config->heap_limit))
    return NULL;
  pause_listen(config->listener);
  uint64_t least = hostile_any() ? GEN_NURSERY_HOSTILE : option_nursery << 10;
  *h = (gc_heap){.limited = config->heap_limit != 0,
                 .nursery = least,
                 .least = least,
                 .pacing = {.most = PACING_LEAST},
                 .marking = marking_init(cells_marks)};
  pthread_mutex_init(&h->lock, NULL);
  bag_init(&h->orphaned, 0);
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  bag_free(&h->orphaned);
  pthread_mutex_destroy(&h->lock);
  object_stack_free(&h->marking.stack);
  bookkeeping_destroy();
  cells_destroy();
}

/* The heap inherits a detaching mutator's remembered set, and the other
 * mutators its blocks. */
static void gen_detach(gc_mutator *m) {
  gc_heap *h = m->base.heap;
  cells_buffer_return(&m->buffer);
  if (gc_mutant(remembered_not_inherited))
    bag_free(&m->remembered);
  pthread_mutex_lock(&h->lock);
  bag_pour(&m->remembered, &h->orphaned);
  pthread_mutex_unlock(&h->lock);
}

#define THREAD_BEGIN(m) bag_init(&(m)->remembered, 0)
#define THREAD_END(m)   gen_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

static uint64_t gen_mutator_bytes(gc_mutator *m) {
  return object_stack_bytes(&m->remembered.stack);
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  return cells_footprint(object_stack_bytes(&h->marking.stack) +
                         object_stack_bytes(&h->orphaned.stack) +
                         world_sum(gen_mutator_bytes));
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

/* Right after a collection everything alive is marked; later an object may be
 * newer than the marks, and then is not flagged. */
static bool gen_alive(const gc_object *o) {
  return cells_marked(o) || (!cells.untouched && !(o->meta & GEN_OLD));
}

/* During a check: a bit per granule of every remembered object. */
static uint64_t *gen_remembered;

static const char *gen_check_set(const object_bag *set) {
  uint64_t at = 0;
  for (const gc_object *o; (o = bag_next(set, &at));) {
    if (!cells_is(o) || !cells_marked(o))
      return "a remembered object is not old";
    if (!bitmap_set(gen_remembered, space_granule(o)))
      return "an object is remembered twice";
  }
  return NULL;
}

/* Checks an old object. */
static const char *gen_check_object(const gc_object *o) {
  uint32_t slots = object_slots(o);
  bool remembered = bitmap_test(gen_remembered, space_granule(o));
  if (remembered == !!(o->meta & GEN_OLD) && slots > 0)
    return "an old object is neither flagged nor remembered, or both";
  for (uint32_t s = 0; s < slots && !remembered; s++)
    if (o->slots[s] && !cells_marked(o->slots[s]))
      return "an old object that is not remembered refers to a young one";
  return NULL;
}

static const char *gen_check_old(gc_heap *h) {
  gen_remembered = cells_bitmap();
  if (!gen_remembered)
    return "no memory to check in";
  const char *why = gen_check_set(&h->orphaned);
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next)
    why = gen_check_set(&m->remembered);
  if (!why)
    why = cells_check_marked(gen_check_object);
  cells_bitmap_destroy(gen_remembered);
  return why;
}

const char *gc_heap_check(gc_heap *h) {
  const char *why = cells_heap_check(gen_alive);
  return why ? why : gen_check_old(h);
}
