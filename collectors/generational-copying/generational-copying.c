/* generational-copying.c: a copying nursery before a mark-region old space,
 * stop-the-world, for any number of mutators.
 *
 * Memory is immix's space of lines (immix/layout.h), and a collection is
 * immix's with two changes.  A *minor* collection keeps the marks of the last
 * one, so an object that has a mark is *old*, is taken to be alive, and is not
 * visited; marking starts from the roots and the remembered sets
 * (common/remembered.h).  And the blocks that were empty when mutators took
 * them, in which all objects are young, are candidates of evacuation: what is
 * alive in them is copied, and they are empty again.  So the *nursery* is not a
 * place but those blocks, and a minor collection costs what survives of them
 * and what was stored into, whatever the size of the heap.
 *
 * Where copies go.  An object that survives for the first time goes to an
 * *aging* block and stays young; when it survives again it is *promoted*, into
 * the holes of recyclable blocks, or into empty blocks.  With the option age=0
 * the first copy is old already.  What is promoted while something that it
 * refers to stays young is remembered by the collection itself.
 *
 * There is no reserve to copy into, as a semispace needs one.  An object for
 * which there is no room stays where it is, is marked, and so is old: that is
 * always correct, and its block is one of the old space's from then on, with
 * holes.  For the same reason mutators that find no empty block go on in holes
 * of recyclable blocks, where new objects get old in place.  So all of a heap
 * limit holds objects.  If much of the nursery survives, copying does not pay:
 * then a minor collection copies nothing and promotes all in place, and
 * mutators fill holes first.  On programs without generations the collector so
 * turns into immix by itself, with full collections in place of minor ones
 * (pacing.h).
 *
 * A *full* collection clears the marks first, copies out of the nursery as
 * well, and if the old space is fragmented also out of its most fragmented
 * blocks, as immix does.  All that is alive is old after it.
 *
 * Large objects are never copied.  A young one has no mark.
 *
 * One thread marks and copies, in full collections too: immix's several markers
 * (markers.h) would need a block to age in and a list of what to remember each.
 *
 * Invariants between collections, besides those of immix.c:
 *   - An object is old if it has a mark and is in no aging block.  An old
 *     object with slots either has the flag REMEMBERED_NOT or is in exactly one
 *     remembered set; no young one has the flag.
 *   - An object with the flag refers to old objects and null only, except that
 *     slots of remembered cards may refer to young ones.
 *   - Everything young, but large objects, is in blocks that are touched or
 *     aging, so a minor collection need not look at others.
 *   - The old entries of the lists of weak references, finalizable objects and
 *     ephemerons are old, and so is all that they refer to.  The objects in the
 *     finalizer queue are old.
 *
 * Why these remembered sets: a set of slots without duplicates needs a bit for
 * each slot, and one with duplicates would hold 1.2 to 70 times as many entries
 * as there are objects and cards in these sets, counted on six workloads
 * (README.md). */
#include "gc.h"
#include "common/bookkeeping.h"
#include "common/hostile/hostile.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "immix/layout.h"

/* Allocation between collections, in KiB, at first and at least: little enough
 * to stay in a cache of the processor's own.  While much survives the nursery
 * grows, up to NURSERY_MOST times this: more time to die costs some speed of
 * the mutator, and saves more copying. */
static uint64_t option_nursery = 1024;
enum {
  NURSERY_MOST = 16,
  NURSERY_GROW = 16, /* it grows if more than one in so many bytes survived */
  FULL_MOST = 31,    /* full collections in a row in place of minor ones that
                        would not pay */
};

/* Bytes of the nursery under hostile conditions: runs are short there, and
 * would see hardly any minor collection. */
#define NURSERY_HOSTILE ((uint64_t)64 << 10)

/* How many collections an object survives before the one that promotes it. */
static uint64_t option_age = 1;

uint64_t im_option_evacuate = 1;
uint64_t im_option_headroom = 25;

enum {
  /* Minor collections copy if less than one in so many bytes of the nursery
   * survived the last one. */
  COPYING_PAYS = 3,
  /* A full collection also evacuates the old space if more than one in so many
   * lines of its blocks is free. */
  FRAGMENTED = 4,
};

static struct {
  remembered_set orphaned; /* of detached mutators, and what the last collection
                              remembered; with im.lock */
  pacing_nursery nursery;  /* when a collection is due */
  pacing pacing;           /* when a full one is */
  bool copies;             /* the next collection copies out of the nursery */
  bool evacuates;          /* the one that runs copies at all */
  uint64_t minor, full;    /* events so far */
  uint64_t in_place;       /* minor collections that did not copy */
  uint64_t promoted;       /* objects that minor collections made old */
} gen;

const gc_collector gc_this_collector = {
    .name = "generational-copying",
    .summary = "a copying nursery with aging, a mark-region old space, an "
               "object-logging write barrier",
    .source = "Ungar, SDE 1984 (aging); Blackburn, Cheng & McKinley, "
              "SIGMETRICS 2004; old space: Blackburn & McKinley, PLDI 2008; "
              "sticky marks: Demmers et al., POPL 1990",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .moving = true,
            .heap_limit = true,
            .granule = BLOCK_BYTES,
            .overhead_bytes = 128 << 10},
    .options =
        (const gc_option[]){
            {"nursery", "allocation between collections, at least, in KiB",
             &option_nursery, 64, (uint64_t)1 << 20},
            {"age",
             "minor collections that an object survives before the one that "
             "promotes it",
             &option_age, 0, 1},
            PACING_OPTIONS,
            {"growth-least",
             "the least growth that a policy decides on, in KiB, unless twice "
             "the nursery is less",
             &pacing_least, 1, (uint64_t)1 << 20},
            PACING_OPTION_OBJECTS,
            PACING_OPTION_PARTIALS,
            REMEMBERED_OPTION,
            {"headroom",
             "blocks kept for copies, per mille of the heap limit, or of the "
             "blocks in use",
             &im_option_headroom, 0, 500},
            {0}},
    .words = pacing_words,
    .events = (const char *const[]){"minor-collections",
                                    "full-collections",
                                    "futile",
                                    "in-place-collections",
                                    "objects-moved",
                                    "objects-aged",
                                    "objects-promoted",
                                    "objects-held",
                                    REMEMBERED_EVENTS,
                                    "evacuations",
                                    "desperate",
                                    "headroom-used",
                                    "headroom-spent",
                                    "blocks-refilled",
                                    "blocks-reused",
                                    "blocks-emptied",
                                    "blocks-returned",
                                    "overflowed",
                                    "unspilled",
                                    LARGE_EVENTS,
                                    PACING_EVENTS,
                                    BOOKKEEPING_EVENTS,
                                    NULL},
    .work =
        (const char *const[]){"objects-marked", "bytes-marked", "blocks-sorted",
                              "blocks-passed", REMEMBERED_WORK, LARGE_WORK,
                              BOOKKEEPING_WORK, NULL},
    .tight =
        (const char *const[]){
            "nursery=64", "nursery=64,remembered-set=2", "nursery=64,age=0",
            "nursery=64,growth=10,growth-least=64", "nursery=64,headroom=0",
            "nursery=64,headroom=500",
            "nursery=64,policy=sqrt,root=1,growth-least=64,give-back=1",
            "policy=count,objects=100,see-external=0,partials=2",
            "nursery=64,policy=balance,root=1,growth-least=64,heap-least=128,"
            "heap-most=512",
            NULL},
};

/* ------------------------------------------------------------------------- *
 * The remembered sets.
 * ------------------------------------------------------------------------- */

static void gen_rescan(gc_object *o) {
  im_rescan(o, gen.evacuates);
}

static bool gen_rescan_card(gc_object *o, uint32_t first, uint32_t end) {
  bool held = im_rescan_slots(&o->slots[first], end - first, gen.evacuates);
  return held && !gc_mutant(aging_card_cleaned);
}

/* Scans what was remembered, or forgets it if the collection is full. */
static void gen_rescan_all(bool full) {
  static const remembered_scan minor = {gen_rescan, gen_rescan_card};
  const remembered_scan *scan = full ? NULL : &minor;
  if (full && gc_mutant(full_keeps_sets))
    return;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    remembered_take(&m->remembered, scan);
  remembered_take(&gen.orphaned, scan);
}

/* After a collection: what it remembered itself is the heap's set. */
static void gen_keep_remembered(void) {
  pthread_mutex_lock(&im.lock); /* gc_heap_footprint may be called meanwhile */
  object_bag empty = gen.orphaned.objects;
  gen.orphaned.objects = im.kept;
  im.kept = empty;
  pthread_mutex_unlock(&im.lock);
}

/* ------------------------------------------------------------------------- *
 * Lists of which the old entries are the first.
 * ------------------------------------------------------------------------- */

static bool gen_finalizable_is_old(gc_object *o) {
  return !im_is_aging(o);
}

static bool gen_weak_is_old(gc_object *weak) {
  return !im_is_aging(weak) && !im_is_aging(*tracked_target(weak));
}

static bool gen_ephemeron_is_old(gc_object *o) {
  const ephemeron *e = ephemeron_at(o);
  return !im_is_aging(o) && !im_is_aging(e->key) &&
         (!e->value || !im_is_aging(e->value));
}

/* Sets how many entries are old, of which there were `old` before. */
static void gen_settle(tracked_list *list, size_t old,
                       bool (*is_old)(gc_object *o)) {
  while (old < list->stack.size && is_old(list->stack.items[old]))
    old++;
  list->old = old;
}

/* The steps of a collection that trace and that follow from what is old. */
static void gen_trace(bool full) {
  size_t weak = tracked_weak.old, finalizable = tracked_finalizable.old;
  size_t pairs = ephemerons.old, blocks = owned.old;
  listener_phase("remembered");
  gen_rescan_all(full);
  im_trace(gen.evacuates, full);
  gen_keep_remembered();
  if (full)
    return;
  if (!gc_mutant(weak_settled_early))
    gen_settle(&tracked_weak, weak, gen_weak_is_old);
  if (!gc_mutant(finalizable_settled_early))
    gen_settle(&tracked_finalizable, finalizable, gen_finalizable_is_old);
  if (!gc_mutant(ephemeron_settled_early))
    gen_settle(&ephemerons, pairs, gen_ephemeron_is_old);
  if (!gc_mutant(external_settled_early))
    owned_settle(blocks, gen_finalizable_is_old);
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Makes the blocks of the nursery candidates.  Returns whether there are any.
 */
static bool gen_choose_young(void) {
  bool any = false;
  for (uint32_t b = im.touched; b; b = im.blocks[b].next_touched)
    any |= im.blocks[b].candidate = im.blocks[b].fresh;
  for (uint32_t b = im.aging; b; b = im.blocks[b].next)
    any |= im.blocks[b].candidate = true;
  return any;
}

/* Whether so many lines of the old space are free that it should be
 * evacuated. */
static bool gen_fragmented(void) {
  return im.free_lines > im.occupied * IM_LINES / FRAGMENTED;
}

/* How much the live bytes may always grow from a full collection to the next:
 * by the smallest nursery twice, because a full collection of so little costs
 * no more than minor ones do: with a small nursery there are many of those, and
 * each promotes what the program holds at that moment. */
static uint64_t gen_growth_least(void) {
  uint64_t least = 2 * gen.nursery.least;
  return least < PACING_LEAST ? least : PACING_LEAST;
}

/* Before a collection: bytes handed out since the last one; what there is in
 * blocks that is young, aging objects included; what was alive and old; all
 * that was alive. */
typedef struct gen_before {
  uint64_t handed, young, old, live;
  bool whole; /* memory did not run out first */
} gen_before;

/* Decides when the next collection is due, whether it is full, and whether it
 * copies. */
static void gen_plan(bool full, gen_before before) {
  uint64_t kept = im.got_old + im.aged_bytes; /* what of `young` survived */
  pacing_decide(&(pacing_collection){.full = full,
                                     .used = before.live,
                                     .handed = before.handed,
                                     .live = im_kept(),
                                     .objects = im.live_objects,
                                     .growth_least = gen_growth_least()});
  if (full) {
    pacing_full(&gen.pacing);
    pacing_nursery_full(&gen.nursery, before.whole && kept < before.handed / 4);
    pacing_nursery_fit(&gen.nursery, before.handed, kept);
  } else {
    pacing_partial(&gen.pacing, before.handed);
    pacing_nursery_partial(&gen.nursery, before.handed, im_kept() - before.old,
                           im_kept());
    if (pacing_full_is_due(im_kept(), im.live_objects) && !gen.nursery.full_due)
      gen.nursery.full_due = 1;
  }
  gen.nursery.bytes =
      pacing_partial_bytes(gen.nursery.bytes, im_kept(), im.live_objects);
  if (before.young > 0)
    gen.copies = kept < before.young / COPYING_PAYS;
  im.budget = gen.nursery.bytes;
  im.empty_first = gen.copies;
  im_set_headroom(im.limit && gen.copies ? kept + kept / 4 : 0);
  if (full)
    im_give_back();
}

/* `desperate`: an allocation is about to fail. */
static void gen_collect_stopped(bool full, bool desperate) {
  gen_before before = {im_handed_out(), im.allocated - im.large + im.aged_bytes,
                       im_kept() - im.aged_bytes, im_kept(),
                       im_handed_out() >= im.budget};
  pacing_work_begins();
  listener_phase("choose");
  im.reserve = desperate ? 0 : (im_wanted_headroom() + 1) / 2;
  gen.evacuates = gen.copies && gen_choose_young();
  bool old = full && (desperate || gen_fragmented()) && im_choose(desperate);
  gen.evacuates |= old;
  listener_phase("clear");
  im_prepare(full);
  im.ages = !full && option_age > 0;
  uint64_t objects = im.live_objects;
  gen_trace(full);
  listener_phase("sweep");
  im_sort(full);
  listener_phase("plan");
  gen_plan(full, before);
  im.evacuations += old;
  im.desperate += desperate;
  *(full ? &gen.full : &gen.minor) += 1;
  gen.in_place += !full && !gen.evacuates;
  if (!full)
    gen.promoted += im.live_objects - objects - im.aged_objects;
}

/* Memory ran out before a collection was due, and partial ones yield too
 * little. */
static bool gen_dwindles(void) {
  return im_handed_out() < im.budget &&
         pacing_dwindles(&gen.pacing, im_handed_out());
}

bool im_collect(im_effort effort) {
  if (effort == IM_WHOLE && pacing_was_full(&gen.pacing))
    return false;
  gen_collect_stopped(effort != IM_DUE || gen.nursery.full_due ||
                          gen_dwindles(),
                      effort == IM_DESPERATE);
  return true;
}

static void gen_collect_now(bool full) {
  pause_begin();
  gen_collect_stopped(full, false);
  pause_end();
}

void gc_collect(gc_mutator *m) {
  (void)m;
  gen_collect_now(true);
}

/* Minor, unless a full one is due: such collections come so often that full
 * ones would leave minor ones nothing to do. */
void im_collect_hostile(gc_mutator *m) {
  (void)m;
  gen_collect_now(gen.nursery.full_due);
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

/* Objects are in bags of this table while they are remembered; the mark stack
 * uses table 0. */
enum { REMEMBERED_TABLE = 1 };

gc_heap *gc_heap_create(const gc_config *config) {
  if (!im_create(config))
    return NULL;
  uint64_t bytes = hostile_any() ? NURSERY_HOSTILE : option_nursery << 10;
  memset(&gen, 0, sizeof gen);
  gen.nursery = (pacing_nursery){.bytes = bytes,
                                 .least = bytes,
                                 .most = NURSERY_MOST * bytes,
                                 .grow = NURSERY_GROW,
                                 .full_most = FULL_MOST};
  pacing_create(pacing_chosen(config->heap_limit), gen_growth_least());
  gen.nursery.bytes = pacing_partial_bytes(bytes, 0, 0);
  gen.copies = im.empty_first = true;
  im.budget = gen.nursery.bytes;
  remembered_begin(&gen.orphaned, REMEMBERED_TABLE);
  return &im;
}

void gc_heap_destroy(gc_heap *h) {
  (void)h;
  remembered_free(&gen.orphaned);
  remembered_destroy();
  im_destroy();
}

/* The heap inherits a detaching mutator's remembered set, and the other
 * mutators its blocks. */
static void gen_detach(gc_mutator *m) {
  im_detach(&m->buffer);
  pthread_mutex_lock(&im.lock);
  remembered_inherit(&m->remembered, &gen.orphaned);
  pthread_mutex_unlock(&im.lock);
}

#define THREAD_BEGIN(m) remembered_begin(&(m)->remembered, REMEMBERED_TABLE)
#define THREAD_END(m)   gen_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

static uint64_t gen_mutator_bytes(gc_mutator *m) {
  return remembered_bytes(&m->remembered);
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  pthread_mutex_lock(&h->lock);
  uint64_t orphaned = remembered_bytes(&gen.orphaned);
  pthread_mutex_unlock(&h->lock);
  return im_footprint(orphaned + remembered_shared_bytes() +
                      world_sum(gen_mutator_bytes));
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter own[] = {{"collections", gen.minor + gen.full},
                            {"full-collections", gen.full},
                            {"minor-collections", gen.minor},
                            {"in-place-collections", gen.in_place},
                            {"desperate", h->desperate},
                            {"futile", gen.nursery.futile},
                            {"objects-aged", h->aged_so_far},
                            {"objects-promoted", gen.promoted},
                            {"objects-held", h->held},
                            {"blocks-refilled", h->refilled},
                            REMEMBERED_COUNTERS,
                            PACING_COUNTERS};
  return im_counters(out, room, own, sizeof own / sizeof *own);
}

static bool gen_is_old(const gc_object *o) {
  return im_marked(o) && !im_is_aging(o);
}

/* The answer to tracked.h: only what is old is alive. */
static gc_object *gen_old_or_null(gc_object *o) {
  return gen_is_old(o) ? o : NULL;
}

static const char *gen_check_object(const gc_object *o) {
  if (!im_is_aging(o))
    return remembered_check_object(o, gen_is_old);
  return o->meta & REMEMBERED_NOT ? "a young object has the flag of old ones"
                                  : NULL;
}

static const char *gen_check(void) {
  const char *why =
      remembered_check_set(&gen.orphaned, im_check_is, gen_is_old);
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next)
    why = remembered_check_set(&m->remembered, im_check_is, gen_is_old);
  if (!why)
    why = im_check_each(gen_check_object);
  for (size_t i = 0; i < finalizers_settled() && !why; i++)
    if (!gen_is_old(finalizers_first()[i]))
      why = "a young object in the finalizer queue is taken for an old one";
  if (!why)
    why = owned_check_old(gen_old_or_null);
  return why ? why : tracked_check_old(gen_old_or_null);
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  const char *why =
      remembered_check_begin() ? im_check(gen_check) : "no memory to check in";
  const char *clean = remembered_check_end();
  return why ? why : clean;
}
