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
 *     slots either has the flag REMEMBERED_NOT or is in exactly one remembered
 * set.
 *   - An object with the flag refers to old objects and null only, except that
 *     slots of remembered cards of a wide object may refer to young ones.
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
 * nursery grows, up to GEN_NURSERY_MOST times this (pacing.h). */
static uint64_t option_nursery = 8192;
enum { GEN_NURSERY_MOST = 2 };

/* Bytes of the nursery under hostile conditions: runs are short there, and
 * would see hardly any minor collection. */
#define GEN_NURSERY_HOSTILE ((uint64_t)64 << 10)

/* There is one per process. */
struct gc_heap {
  marking marking;

  pthread_mutex_t lock;    /* for `orphaned`, while mutators run */
  remembered_set orphaned; /* what detached mutators remembered */

  pacing_nursery nursery; /* when a collection is due */
  pacing pacing;          /* when a full one is */

  uint64_t minor, full, marked; /* events so far */
};
static gc_heap gen_heap;

const gc_collector gc_this_collector = {
    .name = "generational",
    .summary = "two generations by sticky mark bits, an object-logging write "
               "barrier, nothing moves",
    .source = "sticky mark bits: Demmers et al., POPL 1990; logging objects "
              "once: Blackburn & McKinley, ISMM 2002; cards in remembered "
              "sets: Hosking & Hudson, OOPSLA GC workshop 1993",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true,
            .granule = BLOCK_BYTES,
            .overhead_bytes = 128 << 10},
    .options = (const gc_option[]){{"nursery",
                                    "allocation between collections, in KiB",
                                    &option_nursery, 64, (uint64_t)1 << 20},
                                   PACING_OPTIONS,
                                   PACING_OPTION_LEAST,
                                   PACING_OPTION_OBJECTS,
                                   PACING_OPTION_PARTIALS,
                                   REMEMBERED_OPTION,
                                   MARKING_OPTION,
                                   MARKERS_OPTIONS,
                                   {0}},
    .words = pacing_words,
    .events = (const char *const[]){"minor-collections", "full-collections",
                                    "futile", REMEMBERED_EVENTS, "rescans",
                                    MARKERS_EVENTS, CELLS_EVENTS, PACING_EVENTS,
                                    BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"objects-scanned", REMEMBERED_WORK,
                                  CELLS_WORK, BOOKKEEPING_WORK, NULL},
    .tight =
        (const char *const[]){
            "nursery=64", "nursery=64,remembered-set=2",
            "nursery=64,growth=10,growth-least=64,mark-stack=1",
            "nursery=64,growth=10,growth-least=64,markers=2,markers-least=1",
            "nursery=64,growth=10,growth-least=64,markers=3,markers-least=1,"
            "mark-stack=2",
            "nursery=64,policy=sqrt,root=1,growth-least=64,give-back=1",
            "policy=count,objects=100,see-external=0,partials=2",
            "nursery=64,policy=balance,root=1,growth-least=64,heap-least=128,"
            "heap-most=512",
            NULL},
};

/* ------------------------------------------------------------------------- *
 * The remembered sets.  What is in them is marked, and scanned again.
 * ------------------------------------------------------------------------- */

static void gen_rescan(gc_object *o) {
  if (gc_mutant(flag_not_restored))
    marking_scan(&gen_heap.marking, o, MARKING_ALONE);
  else
    marking_queue(&gen_heap.marking, o);
}

static bool gen_rescan_card(gc_object *o, uint32_t first, uint32_t end) {
  for (uint32_t i = first; i < end; i++)
    if (o->slots[i])
      marking_push(&gen_heap.marking, o->slots[i]);
  return false;
}

static const remembered_scan gen_scan = {gen_rescan, gen_rescan_card};

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Every object that is scanned is old from now on and in no remembered set.
 * Two markers may be scanning an object (marking.h), but both write the same.
 */
static inline bool gen_visit(gc_object *o) {
  uint32_t meta = __atomic_load_n(&o->meta, __ATOMIC_RELAXED);
  if (!(meta & REMEMBERED_NOT) && meta & OBJECT_SLOTS)
    __atomic_store_n(&o->meta, meta | REMEMBERED_NOT, __ATOMIC_RELAXED);
  return true;
}

static void gen_help(unsigned number) {
  marking_help(number ? marking_helper(number) : &gen_heap.marking, gen_visit);
}

/* The same once ephemerons wait (ephemerons.h). */
static inline bool gen_reached(gc_object *o) {
  ephemerons_reached(o);
  return gen_visit(o);
}

static void gen_plan(gc_heap *h, bool full, uint64_t handed, uint64_t before);

static void gen_collect_stopped(gc_heap *h, bool full) {
  uint64_t handed = cells_handed_out(), before = cells_kept();
  uint64_t objects = full ? 0 : cells.live_objects;
  pacing_work_begins();
  listener_phase("clear");
  if (full)
    cells_clear_marks(cells_marks);
  cells_reset_all();
  listener_phase("remembered");
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    remembered_take(&m->remembered, full ? NULL : &gen_scan);
  if (full || !gc_mutant(orphaned_cards_wait))
    remembered_take(&h->orphaned, full ? NULL : &gen_scan);
  tracing_mark(&h->marking, full, gen_visit, gen_reached, gen_help);
  listener_phase("sweep");
  cells_sort(full);
  listener_phase("plan");
  *(full ? &h->full : &h->minor) += 1;
  h->marked += cells.live_objects - objects;
  gen_plan(h, full, handed, before);
}

/* Decides when the next collection is due, and whether it is full.  `handed`:
 * bytes handed out before this collection.  `before`: live bytes before it. */
static void gen_plan(gc_heap *h, bool full, uint64_t handed, uint64_t before) {
  uint64_t live = cells_kept();
  pacing_decide(&(pacing_collection){.full = full,
                                     .used = before,
                                     .handed = handed,
                                     .live = live,
                                     .objects = cells.live_objects});
  if (full) {
    pacing_full(&h->pacing);
    pacing_nursery_full(&h->nursery, false);
    cells_give_back();
  } else {
    pacing_partial(&h->pacing, handed);
    pacing_nursery_partial(&h->nursery, handed, live - before, live);
    if (pacing_full_is_due(live, cells.live_objects) && !h->nursery.full_due &&
        !gc_mutant(full_never_due))
      h->nursery.full_due = 1;
  }
  h->nursery.bytes =
      pacing_partial_bytes(h->nursery.bytes, live, cells.live_objects);
}

/* ------------------------------------------------------------------------- *
 * When to collect.
 * ------------------------------------------------------------------------- */

#define PARTIAL_HEAP             (&gen_heap)
#define PARTIAL_IS_DUE(h)        (cells_handed_out() >= (h)->nursery.bytes)
#define PARTIAL_FULL_DUE(h)      ((h)->nursery.full_due)
#define PARTIAL_COLLECT(h, full) gen_collect_stopped(h, full)
#include "common/inline/partial-collections.h"

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = &gen_heap;
  if (!cells_create(config->heap_limit))
    return NULL;
  listener_set(config->listener);
  markers_create(MARKERS_MOST);
  uint64_t least = hostile_any() ? GEN_NURSERY_HOSTILE : option_nursery << 10;
  pacing_create(pacing_chosen(config->heap_limit), 0);
  *h = (gc_heap){.nursery = {.bytes = least,
                             .least = least,
                             .most = GEN_NURSERY_MOST * least,
                             .grow = 4,
                             .full_most = 7},
                 .marking = marking_init(cells_marks)};
  h->nursery.bytes = pacing_partial_bytes(least, 0, 0);
  pthread_mutex_init(&h->lock, NULL);
  remembered_begin(&h->orphaned, 0);
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  remembered_free(&h->orphaned);
  remembered_destroy();
  pthread_mutex_destroy(&h->lock);
  marking_helpers_free();
  object_stack_free(&h->marking.stack);
  bookkeeping_destroy();
  cells_destroy();
}

/* The heap inherits a detaching mutator's remembered set, and the other
 * mutators its blocks. */
static void gen_detach(gc_mutator *m) {
  gc_heap *h = m->base.heap;
  cells_buffer_return(&m->buffer);
  pthread_mutex_lock(&h->lock);
  remembered_inherit(&m->remembered, &h->orphaned);
  pthread_mutex_unlock(&h->lock);
}

#define THREAD_BEGIN(m) remembered_begin(&(m)->remembered, 0)
#define THREAD_END(m)   gen_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

static uint64_t gen_mutator_bytes(gc_mutator *m) {
  return remembered_bytes(&m->remembered);
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  return cells_footprint(
      object_stack_bytes(&h->marking.stack) + marking_helpers_bytes() +
      remembered_bytes(&h->orphaned) + remembered_shared_bytes() +
      world_sum(gen_mutator_bytes));
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->minor + h->full},
                            {"full-collections", h->full},
                            {"minor-collections", h->minor},
                            {"futile", h->nursery.futile},
                            {"objects-marked", h->marked},
                            REMEMBERED_COUNTERS,
                            MARKING_COUNTERS(&h->marking),
                            MARKERS_COUNTERS,
                            CELLS_COUNTERS,
                            PACING_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* Right after a collection everything alive is marked; later an object may be
 * newer than the marks, and then is not flagged. */
static bool gen_alive(const gc_object *o) {
  return cells_marked(o) || (!cells.untouched && !(o->meta & REMEMBERED_NOT));
}

static const char *gen_check_object(const gc_object *o) {
  return remembered_check_object(o, cells_marked);
}

static const char *gen_check_old(gc_heap *h) {
  const char *why = remembered_check_set(&h->orphaned, cells_is, cells_marked);
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next)
    why = remembered_check_set(&m->remembered, cells_is, cells_marked);
  if (!why)
    why = cells_check_marked(gen_check_object);
  for (size_t i = 0; i < finalizers_settled() && !why; i++)
    if (!cells_marked(finalizers_first()[i]))
      why = "a young object in the finalizer queue is taken for an old one";
  if (!why)
    why = owned_check_old(cells_where);
  return why ? why : tracked_check_old(cells_where);
}

const char *gc_heap_check(gc_heap *h) {
  const char *why = cells_heap_check(gen_alive);
  if (why)
    return why;
  why = remembered_check_begin() ? gen_check_old(h) : "no memory to check in";
  const char *clean = remembered_check_end();
  return why ? why : clean;
}
