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
 * nursery grows, up to GEN_NURSERY_MOST times this. */
static uint64_t option_nursery = 8192;
#define GEN_NURSERY_MOST 2

/* Bytes of the nursery under hostile conditions: runs are short there, and
 * would see hardly any minor collection. */
#define GEN_NURSERY_HOSTILE ((uint64_t)64 << 10)

/* How many entries a mutator's remembered set has room for; 0: it grows as
 * needed. */
static uint64_t option_remembered = 0;

/* Without a heap limit: how much the live bytes may grow from one full
 * collection to the next, in percent (pacing.h). */
static uint64_t option_growth = 100;

/* The most full collections in a row that take the place of minor ones. */
enum { GEN_FULL_MOST = 7 };

/* There is one per process. */
struct gc_heap {
  bool limited; /* there is a heap limit */
  marking marking;

  pthread_mutex_t lock; /* for `orphaned` and `orphaned_cards`, while mutators
                           run */
  object_bag orphaned;  /* the remembered sets of detached mutators, */
  object_stack orphaned_cards; /* and their cards */

  uint64_t nursery; /* bytes to be handed out until the next collection */
  uint64_t least;   /* the smallest and first value of `nursery` */
  pacing pacing;    /* when a full collection is due */
  /* Back-off: how many full collections follow a futile minor one (0, 1, 3,
   * 7), and how many of these are still to come. */
  unsigned full_after, full_due;

  uint64_t minor, full, marked; /* events so far */
  uint64_t remembered, cards;   /* objects and cards that were remembered */
  uint64_t rescanned;           /* slots scanned because of that */
  uint64_t inherited; /* mutators that left something remembered behind */
  uint64_t futile;    /* minor collections that were */
};
static gc_heap gen_heap;

/* A bit for each GEN_CARD words of the heap: a card that begins there is
 * remembered.  NULL until the first one is. */
static uint64_t *_Atomic gen_dirty;
enum { GEN_CARD_GRANULES = GEN_CARD * sizeof(gc_object *) / SPACE_GRANULE };

static size_t gen_dirty_bytes(void) {
  return space_bytes / SPACE_GRANULE / GEN_CARD_GRANULES / 8 + 8;
}

const gc_collector gc_this_collector = {
    .name = "generational",
    .summary = "two generations by sticky mark bits, an object-logging write "
               "barrier, nothing moves",
    .source = "sticky mark bits: Demmers et al., POPL 1990; logging objects "
              "once: Blackburn & McKinley, ISMM 2002; cards in remembered "
              "sets: Hosking & Hudson, OOPSLA GC workshop 1993",
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
            {"nursery", "allocation between collections, in KiB",
             &option_nursery, 64, (uint64_t)1 << 20},
            {"growth",
             "without a heap limit: what may get old between full "
             "collections, in percent of the live bytes",
             &option_growth, 10, 1000},
            PACING_OPTION,
            {"remembered-set",
             "most entries of a thread's remembered set before it spills into "
             "a table, 0: no cap",
             &option_remembered, 0, (uint64_t)1 << 32},
            MARKING_OPTION,
            MARKERS_OPTIONS,
            {0}},
    .events = (const char *const[]){"minor-collections", "full-collections",
                                    "futile", "objects-remembered",
                                    "cards-remembered", "remembered-inherited",
                                    "spilled", "rescans", MARKERS_EVENTS,
                                    CELLS_EVENTS, BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"objects-scanned", "slots-rescanned",
                                  "objects-remembered", "cards-remembered",
                                  CELLS_WORK, BOOKKEEPING_WORK, NULL},
    .tight =
        (const char *const[]){
            "nursery=64", "nursery=64,remembered-set=2",
            "nursery=64,growth=10,growth-least=64,mark-stack=1",
            "nursery=64,growth=10,growth-least=64,markers=2,markers-least=1",
            "nursery=64,growth=10,growth-least=64,markers=3,markers-least=1,"
            "mark-stack=2",
            NULL},
};

/* ------------------------------------------------------------------------- *
 * The remembered sets.
 * ------------------------------------------------------------------------- */

/* Two mutators may store into one object at the same time; only the one that
 * takes the flag off remembers the object. */
static void gen_remember_whole(object_bag *set, gc_object *o) {
  hostile_race();
  if (!(__atomic_fetch_and(&o->meta, ~GEN_OLD, __ATOMIC_RELAXED) & GEN_OLD) &&
      !gc_mutant(remembered_by_both))
    return;
  if (gc_mutant(remembered_overflow_lost))
    (void)object_push(&set->stack, o);
  else
    bag_put(set, o);
}

/* The number of the card that slot `i` of a wide object is in.  What is left
 * over at the end belongs to the last card, so that all have GEN_CARD slots or
 * more, and no two begin in the same GEN_CARD words of the heap. */
static uint32_t gen_card_of(const gc_object *o, uint32_t i) {
  uint32_t card = i / GEN_CARD, last = object_slots(o) / GEN_CARD - 1;
  return card < last ? card : last;
}

/* The number of the bit in gen_dirty of card `card` of `o`. */
static size_t gen_card_bit(const gc_object *o, uint32_t card) {
  return (space_granule(o) + (size_t)card * GEN_CARD_GRANULES) /
         GEN_CARD_GRANULES;
}

/* Makes the table of cards when it is first needed; NULL if the system refuses
 * memory. */
static uint64_t *gen_dirty_table(void) {
  uint64_t *table = gen_dirty;
  if (table)
    return table;
  pthread_mutex_lock(&gen_heap.lock);
  table = gen_dirty;
  if (!table)
    gen_dirty = table = space_table_create(gen_dirty_bytes());
  pthread_mutex_unlock(&gen_heap.lock);
  return table;
}

/* Makes sure that both halves of a pair can be pushed. */
static bool gen_cards_reserve(object_stack *cards) {
  return cards->room - cards->size >= 2 ||
         (object_stack_grow(cards) && cards->room - cards->size >= 2);
}

/* Remembers card `card` of `o`.  Returns false if there is no memory for
 * that. */
static bool gen_remember_card(object_stack *cards, gc_object *o,
                              uint32_t card) {
  uint64_t *dirty = gen_dirty_table();
  if (!dirty || !gen_cards_reserve(cards))
    return false;
  size_t bit = gen_card_bit(o, card);
  uint64_t mask = (uint64_t)1 << bit % 64;
  hostile_race();
  if (gc_mutant(card_not_atomic)
          ? (mutant_set_bits(&dirty[bit / 64], mask) ? 0 : mask)
          : __atomic_fetch_or(&dirty[bit / 64], mask, __ATOMIC_RELAXED) & mask)
    return true; /* another mutator was faster */
  cards->items[cards->size++] = o;
  cards->items[cards->size++] = (gc_object *)(uintptr_t)card;
  return true;
}

/* Whether card `card` of `o` is remembered. */
static bool gen_is_dirty(const gc_object *o, uint32_t card) {
  const uint64_t *dirty = gen_dirty;
  size_t bit = gen_card_bit(o, card);
  return dirty &&
         __atomic_load_n(&dirty[bit / 64], __ATOMIC_RELAXED) >> bit % 64 & 1;
}

void gen_remember(gc_mutator *m, gc_object *o, gc_object **place) {
  if (gc_unlikely(object_slots(o) > GEN_WIDE)) {
    uint32_t card = gen_card_of(o, (uint32_t)(place - o->slots));
    if (gen_is_dirty(o, card) || gen_remember_card(&m->cards, o, card) ||
        gc_mutant(card_overflow_lost))
      return;
  }
  gen_remember_whole(&m->remembered, o);
}

/* Empties a remembered set and queues its objects, which are marked, to be
 * scanned again.  In a full collection they are only forgotten: everything will
 * be scanned. */
static void gen_rescan(gc_heap *h, object_bag *set, bool full) {
  for (gc_object *o; (o = bag_take(set)); h->remembered++) {
    h->rescanned += full ? 0 : object_slots(o);
    if (gc_mutant(flag_not_restored) && !full)
      marking_scan(&h->marking, o, MARKING_ALONE);
    else if (!full)
      marking_queue(&h->marking, o);
  }
  object_stack_rest(&set->stack);
}

/* Scans a card of `o`. */
static void gen_scan_card(gc_heap *h, gc_object *o, uint32_t card) {
  uint32_t slots = object_slots(o), first = card * GEN_CARD;
  uint32_t end = card == gen_card_of(o, slots - 1) ? slots : first + GEN_CARD;
  if (gc_mutant(last_card_short) && end == slots)
    end = first + GEN_CARD;
  h->rescanned += end - first;
  for (uint32_t i = first; i < end; i++)
    if (o->slots[i])
      marking_push(&h->marking, o->slots[i]);
}

/* The same as gen_rescan for remembered cards. */
static void gen_rescan_cards(gc_heap *h, object_stack *cards, bool full) {
  while (cards->size) {
    uint32_t card = (uint32_t)(uintptr_t)object_pop(cards);
    gc_object *o = object_pop(cards);
    if (!gc_mutant(card_stays_dirty) && !(gc_mutant(full_keeps_cards) && full))
      bitmap_clear(gen_dirty, gen_card_bit(o, card));
    h->cards++;
    if (!full)
      gen_scan_card(h, o, card);
    if (gc_mutant(one_card_scanned))
      full = true;
  }
  object_stack_rest(cards);
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Every object that is scanned is old from now on and in no remembered set.
 * Two markers may be scanning an object (marking.h), but both write the same.
 */
static inline bool gen_visit(gc_object *o) {
  uint32_t meta = __atomic_load_n(&o->meta, __ATOMIC_RELAXED);
  if (!(meta & GEN_OLD) && meta & OBJECT_SLOTS)
    __atomic_store_n(&o->meta, meta | GEN_OLD, __ATOMIC_RELAXED);
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
  uint64_t handed = cells_handed_out(), before = cells.live_bytes;
  uint64_t objects = full ? 0 : cells.live_objects;
  if (full)
    cells_clear_marks(cells_marks);
  cells_reset_all();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    gen_rescan(h, &m->remembered, full);
    gen_rescan_cards(h, &m->cards, full);
  }
  gen_rescan(h, &h->orphaned, full);
  if (full || !gc_mutant(orphaned_cards_wait))
    gen_rescan_cards(h, &h->orphaned_cards, full);
  tracing_mark(&h->marking, full, gen_visit, gen_reached, gen_help);
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
    h->full_due -= h->full_due > 0 && !gc_mutant(back_off_for_good);
    return;
  }
  uint64_t kept = live - before;
  pacing_partial(&h->pacing, handed);
  if (kept > handed / 4 && h->nursery < least * GEN_NURSERY_MOST)
    h->nursery *= 2;
  else if (kept < handed / 16 && h->nursery > least)
    h->nursery /= 2;
  bool futile = kept > live / 3 && live <= least * GEN_NURSERY_MOST;
  h->futile += futile;
  h->full_after = !futile                         ? 0
                  : h->full_after < GEN_FULL_MOST ? 2 * h->full_after + 1
                                                  : GEN_FULL_MOST;
  h->full_due = h->full_after;
  if (!h->limited && live > h->pacing.most && !h->full_due &&
      !gc_mutant(full_never_due))
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

static void gen_begin_set(object_bag *remembered, object_stack *cards) {
  bag_init(remembered, 0);
  if (!remembered->stack.most)
    remembered->stack.most = option_remembered;
  cards->most = remembered->stack.most;
}

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = &gen_heap;
  if (!cells_create(config->heap_limit))
    return NULL;
  pause_listen(config->listener);
  markers_create(MARKERS_MOST);
  uint64_t least = hostile_any() ? GEN_NURSERY_HOSTILE : option_nursery << 10;
  *h = (gc_heap){.limited = config->heap_limit != 0,
                 .nursery = least,
                 .least = least,
                 .pacing = {.most = PACING_LEAST},
                 .marking = marking_init(cells_marks)};
  pthread_mutex_init(&h->lock, NULL);
  gen_begin_set(&h->orphaned, &h->orphaned_cards);
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  bag_free(&h->orphaned);
  object_stack_free(&h->orphaned_cards);
  space_table_destroy(gen_dirty, gen_dirty_bytes());
  gen_dirty = NULL;
  pthread_mutex_destroy(&h->lock);
  marking_helpers_free();
  object_stack_free(&h->marking.stack);
  bookkeeping_destroy();
  cells_destroy();
}

/* Moves a detaching mutator's cards to the heap, with the lock.  Where there is
 * no room, the object is remembered as a whole, which always succeeds; the card
 * then is clean again. */
static void gen_pour_cards(gc_heap *h, object_stack *cards) {
  if (gc_mutant(empty_cards_leak) && !cards->size)
    return;
  while (cards->size && !gc_mutant(cards_not_inherited)) {
    uint32_t card = (uint32_t)(uintptr_t)object_pop(cards);
    gc_object *o = object_pop(cards);
    if (gen_cards_reserve(&h->orphaned_cards)) {
      (void)object_push(&h->orphaned_cards, o);
      (void)object_push(&h->orphaned_cards, (gc_object *)(uintptr_t)card);
      continue;
    }
    size_t bit = gen_card_bit(o, card);
    __atomic_fetch_and(&gen_dirty[bit / 64], ~((uint64_t)1 << bit % 64),
                       __ATOMIC_RELAXED);
    gen_remember_whole(&h->orphaned, o);
  }
  object_stack_free(cards);
}

/* The heap inherits a detaching mutator's remembered set, and the other
 * mutators its blocks. */
static void gen_detach(gc_mutator *m) {
  gc_heap *h = m->base.heap;
  cells_buffer_return(&m->buffer);
  if (gc_mutant(remembered_not_inherited))
    bag_free(&m->remembered);
  pthread_mutex_lock(&h->lock);
  h->inherited += !bag_empty(&m->remembered) || m->cards.size;
  bag_pour(&m->remembered, &h->orphaned);
  gen_pour_cards(h, &m->cards);
  pthread_mutex_unlock(&h->lock);
}

#define THREAD_BEGIN(m) gen_begin_set(&(m)->remembered, &(m)->cards)
#define THREAD_END(m)   gen_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

/* Of the table of cards, the part that describes blocks in use. */
static uint64_t gen_dirty_used(void) {
  return gen_dirty ? (uint64_t)__atomic_load_n(&blocks_end, __ATOMIC_RELAXED) *
                         (BLOCK_GRANULES / GEN_CARD_GRANULES / 8)
                   : 0;
}

static uint64_t gen_mutator_bytes(gc_mutator *m) {
  return object_stack_bytes(&m->remembered.stack) +
         object_stack_bytes(&m->cards);
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  return cells_footprint(object_stack_bytes(&h->marking.stack) +
                         marking_helpers_bytes() +
                         object_stack_bytes(&h->orphaned.stack) +
                         object_stack_bytes(&h->orphaned_cards) +
                         gen_dirty_used() + world_sum(gen_mutator_bytes));
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->minor + h->full},
                            {"full-collections", h->full},
                            {"minor-collections", h->minor},
                            {"futile", h->futile},
                            {"objects-marked", h->marked},
                            {"objects-remembered", h->remembered},
                            {"cards-remembered", h->cards},
                            {"slots-rescanned", h->rescanned},
                            {"remembered-inherited", h->inherited},
                            {"spilled", bag_spills},
                            MARKING_COUNTERS(&h->marking),
                            MARKERS_COUNTERS,
                            CELLS_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* Right after a collection everything alive is marked; later an object may be
 * newer than the marks, and then is not flagged. */
static bool gen_alive(const gc_object *o) {
  return cells_marked(o) || (!cells.untouched && !(o->meta & GEN_OLD));
}

/* During a check: a bit per granule of every remembered object, a bit for every
 * card that is listed, and how many listed cards were not found dirty yet. */
static uint64_t *gen_remembered, *gen_listed;
static uint64_t gen_clean;

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

static const char *gen_check_cards(const object_stack *cards) {
  for (size_t i = 0; i + 1 < cards->size; i += 2) {
    const gc_object *o = cards->items[i];
    uintptr_t card = (uintptr_t)cards->items[i + 1];
    if (!cells_is(o) || !cells_marked(o) || object_slots(o) <= GEN_WIDE ||
        card >= object_slots(o) / GEN_CARD)
      return "a remembered card is not in an old wide object";
    if (!bitmap_set(gen_listed, gen_card_bit(o, (uint32_t)card)))
      return "a card is remembered twice";
    gen_clean++;
  }
  return NULL;
}

/* Whether the collector will look at slot `s` of an old object again. */
static bool gen_is_remembered(const gc_object *o, uint32_t s) {
  return bitmap_test(gen_remembered, space_granule(o)) ||
         (object_slots(o) > GEN_WIDE && gen_is_dirty(o, gen_card_of(o, s)));
}

/* Checks an old object. */
static const char *gen_check_object(const gc_object *o) {
  uint32_t slots = object_slots(o);
  bool remembered = bitmap_test(gen_remembered, space_granule(o));
  if (remembered == !!(o->meta & GEN_OLD) && slots > 0)
    return "an old object is neither flagged nor remembered, or both";
  for (uint32_t s = 0; s < slots; s++)
    if (o->slots[s] && !cells_marked(o->slots[s]) && !gen_is_remembered(o, s))
      return "an old object that is not remembered refers to a young one";
  for (uint32_t c = 0; slots > GEN_WIDE && c < slots / GEN_CARD; c++) {
    if (gen_is_dirty(o, c) != bitmap_test(gen_listed, gen_card_bit(o, c)))
      return "a card is dirty and not remembered, or the reverse";
    gen_clean -= gen_is_dirty(o, c);
  }
  return NULL;
}

static const char *gen_check_old(gc_heap *h) {
  const char *why = gen_check_set(&h->orphaned);
  if (!why)
    why = gen_check_cards(&h->orphaned_cards);
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next) {
    why = gen_check_set(&m->remembered);
    if (!why)
      why = gen_check_cards(&m->cards);
  }
  if (!why)
    why = cells_check_marked(gen_check_object);
  if (!why && gen_clean)
    why = "a remembered card is not dirty";
  for (size_t i = 0; i < finalizers_settled() && !why; i++)
    if (!cells_marked(finalizers_first()[i]))
      why = "a young object in the finalizer queue is taken for an old one";
  return why ? why : tracked_check_old(cells_where);
}

const char *gc_heap_check(gc_heap *h) {
  const char *why = cells_heap_check(gen_alive);
  gen_remembered = cells_bitmap();
  gen_listed = cells_bitmap();
  gen_clean = 0;
  if (!why)
    why = gen_remembered && gen_listed ? gen_check_old(h)
                                       : "no memory to check in";
  cells_bitmap_destroy(gen_remembered);
  cells_bitmap_destroy(gen_listed);
  return why;
}
