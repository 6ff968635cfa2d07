/* semispace.c: Cheney's copying collector, stop-the-world, for any number of
 * mutators.
 *
 * Objects of up to SEMI_LARGEST bytes lie one behind the other in blocks.  The
 * list of these blocks is the *space*.  A collection stops the world, copies
 * the objects that roots refer to into other blocks, then the objects that the
 * copies refer to, in the order in which they were copied, and gives the old
 * blocks back.  The copies that were not scanned yet are themselves the queue
 * of the traversal, so it needs no stack.  The header of an old object tells
 * where its copy is (forwarding.h).  Larger objects are not copied: they are
 * flagged when they are first reached, and wait in a bag to be scanned.
 *
 * Several markers (markers.h) copy at the same time, each into blocks of its
 * own, which it scans itself.  A marker that has many copies to scan gives some
 * of them away one by one when another has nothing, and goes on behind them.
 * One compare-and-swap of an object's header decides which marker's copy is the
 * object from now on; the other marker takes its own back.
 *
 * A collection costs what is alive, and nothing for what died.  The price is
 * memory: there must always be blocks to copy into.
 *
 * Invariants.
 *   - Objects tile each block of the space from its start up to its `fill`.  Of
 *     a block that a mutator allocates in, the cursor is the fill.
 *   - References lead to objects in blocks of the space or to large objects. No
 *     object is flagged or forwarded between collections.
 *   - A collection never runs out of blocks: see semi_needed.
 *
 * This file has the description, allocation, the steps of a collection, the
 * heap and its checks; copying.c has the traversal; layout.h is what they
 * share.
 */
#include "gc.h"
#include "common/bitmap.h"
#include "common/bookkeeping.h"
#include "common/ephemerons.h"
#include "common/large.h"
#include "common/markers.h"
#include "common/owned.h"
#include "common/hostile/mutants.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "common/survey.h"
#include "semispace/layout.h"
#include "common/inline/reachable.h"
#include "common/inline/roots.h"

gc_heap semi;

const gc_collector gc_this_collector = {
    .name = "semispace",
    .summary = "precise stop-the-world copying, breadth first",
    .source = "Minsky, MIT AI memo 58, 1963; Cheney, CACM 1970",
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
            .reserve = 52,
            .overhead_bytes = 128 << 10},
    .options = (const gc_option[]){PACING_OPTIONS,
                                   PACING_OPTION_LEAST,
                                   PACING_OPTION_OBJECTS,
                                   MARKERS_OPTIONS,
                                   {0}},
    .words = pacing_words,
    .events =
        (const char *const[]){"collections", "objects-copied", "large-scanned",
                              "large-spilled", "blocks-reopened",
                              MARKERS_EVENTS, LARGE_EVENTS, PACING_EVENTS,
                              BOOKKEEPING_EVENTS, NULL},
    .work =
        (const char *const[]){"objects-copied", "bytes-copied", "large-scanned",
                              LARGE_WORK, BOOKKEEPING_WORK, NULL},
    .tight =
        (const char *const[]){
            "growth=10,growth-least=64",
            "growth=10,growth-least=64,markers=2,markers-least=1",
            "growth=10,growth-least=64,markers=3,markers-least=1",
            "policy=sqrt,root=1,growth-least=64,give-back=1",
            "policy=count,objects=100,see-external=0",
            "policy=balance,root=1,growth-least=64,heap-least=128,heap-most="
            "512",
            NULL},
};

/* Brings the fill of a mutator's block up to its cursor. */
static void semi_note_fill(gc_mutator *m) {
  if (m->block)
    semi.blocks[m->block].fill =
        (uint32_t)(m->cursor - block_address(m->block));
}

/* ------------------------------------------------------------------------- *
 * Allocation, slow paths.
 * ------------------------------------------------------------------------- */

static void semi_collect_stopped(void);

/* The most blocks that objects of `bytes` in all can need, in whatever order
 * they come.  A block is left when the next object does not fit, so every block
 * but the last of each marker lacks less than SEMI_LARGEST bytes of being full.
 *
 * The copies of a collection need at most this many blocks, so there must never
 * be fewer empty ones (blocks_spare).  After the collection the space may be
 * that large, so that as many empty ones are needed for the next.  Both
 * together must therefore always have twice as many:
 *
 *     blocks_spare >= semi_needed(charged)
 *     blocks_spare + space.count >= 2 * semi_needed(charged)
 *
 * The second says more, unless open blocks make the space larger than its
 * objects need. */
static uint32_t semi_needed(uint64_t bytes) {
  const uint64_t full = BLOCK_BYTES - SEMI_LARGEST + SPACE_GRANULE;
  return bytes ? (uint32_t)(bytes / full) + markers_most() : 0;
}

/* The least blocks_spare if `charged` bytes are charged. */
static uint32_t semi_reserve(uint64_t charged) {
  uint32_t needed = semi_needed(charged), count = semi.space.count;
  return count < needed ? 2 * needed - count : needed;
}

/* Whether memory may be handed out before the next collection. */
static bool semi_may(void) {
  return semi.allocated + external_added() < semi.budget;
}

/* Takes a block with room for a mutator and charges all of its room.  Returns 0
 * if a collection is due or there is no memory.  With the lock. */
static uint32_t semi_take_block(void) {
  uint32_t number = semi.open, fill = number ? semi.blocks[number].fill : 0;
  uint64_t charged = semi.charged + BLOCK_BYTES -
                     (gc_mutant(reopened_charged_whole) ? 0 : fill);
  uint32_t hold = semi_reserve(charged);
  if (!semi_may() || !blocks_hold(gc_mutant(reserve_spent) ? 1 : hold))
    return 0;
  if (!number) {
    number = blocks_take();
    semi_append(&semi.space, number);
  } else {
    if (!gc_mutant(open_block_twice))
      semi.open = semi.blocks[number].next_open;
    semi.reopened++;
  }
  semi.taken++;
  semi.charged = charged;
  semi.allocated += BLOCK_BYTES - fill;
  return number;
}

/* Memory for an object in the mutator's block or another; NULL as above.  With
 * the lock. */
static gc_object *semi_try_small(gc_mutator *m, size_t bytes) {
  while (!m->block ||
         bytes > (size_t)(block_address(m->block + 1) - m->cursor)) {
    semi_note_fill(m);
    uint64_t left = m->block ? BLOCK_BYTES - semi.blocks[m->block].fill : 0;
    uint32_t number = semi_take_block();
    if (!number)
      return NULL;
    semi.left += left;
    m->block = number;
    /* The loop tests whether the block has enough room. */
    m->cursor = m->limit = block_address(number) + semi.blocks[number].fill;
  }
  char *p = m->cursor;
  m->cursor += bytes;
  m->limit = semi.each ? m->cursor : block_address(m->block + 1);
  if (semi.poisons)
    poison_take(p, bytes);
  return (gc_object *)p;
}

static gc_object *semi_try_large(size_t bytes) {
  gc_object *o = semi_may() ? large_new(bytes) : NULL;
  if (o && !gc_mutant(large_unpaced))
    semi.allocated += bytes;
  return o;
}

/* What is asked for: an object, or external memory. */
typedef struct semi_request {
  size_t bytes;
  bool external;
} semi_request;

static void *semi_try(gc_mutator *m, void *request) {
  const semi_request *r = request;
  pthread_mutex_lock(&semi.lock);
  bool may = semi_may();
  void *p = NULL;
  if (!r->external)
    p = r->bytes > SEMI_LARGEST ? semi_try_large(r->bytes)
                                : semi_try_small(m, r->bytes);
  pthread_mutex_unlock(&semi.lock);
  if (r->external && may) /* which is touched without the lock */
    p = space_external_take(0, r->bytes);
  return p;
}

static void *semi_collect(gc_mutator *m, void *request) {
  external.due += ((const semi_request *)request)->external;
  semi_collect_stopped();
  void *o = semi_try(m, request);
  if (!o) {
    blocks_release_but(gc_mutant(spare_released) ? 0
                                                 : semi_reserve(semi.charged));
    o = semi_try(m, request);
  }
  return o;
}

gc_object *semi_new_slow(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    gc_collect(m);
  return pause_obtain(m, &(semi_request){bytes, false}, semi_try, semi_collect);
}

void *semi_external(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    gc_collect(m);
  return pause_obtain(m, &(semi_request){bytes, true}, semi_try, semi_collect);
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Whether a large object was reached.  Takes its flag off. */
static bool semi_large_reached(gc_object *o) {
  bool reached = o->meta & FORWARDING_STAYS;
  if (!gc_mutant(large_flag_kept))
    o->meta &= ~FORWARDING_STAYS;
  return reached;
}

/* Gives back what the heap holds beyond its goal and a space to copy into. */
static void semi_give_back(void) {
  if (!pacing_gives_back())
    return;
  uint32_t space = semi_needed(semi.charged + semi.budget);
  uint64_t wanted = 2 * (uint64_t)space * BLOCK_BYTES + large_cells();
  uint64_t pages = space_pages(), surplus = pacing_surplus(pages, wanted);
  if (surplus)
    blocks_shrink(pages - surplus, semi_reserve(semi.charged));
}

static void semi_collect_stopped(void) {
  pacing_collection c = {.full = true,
                         .used = semi.live + semi.allocated + external_added(),
                         .handed = semi.allocated + external_added()};
  pacing_work_begins();
  if (blocks_spare < semi_needed(semi.charged)) { /* never; see semi_needed */
    fputs("semispace: too few blocks to copy into\n", stderr);
    abort();
  }
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    semi_note_fill(m);
    m->cursor = m->limit = NULL;
    m->block = 0;
  }
  listener_phase("roots");
  semi_copy_roots();
  /* The objects that were in the finalizer queue before were roots.  Those that
   * join it now are copied here, with all that they reach. */
  listener_phase("ephemerons");
  size_t waited = finalizers_count();
  bool pairs = ephemerons_begin(forwarding_where, true);
  if (pairs)
    semi_copy_values(false);
  listener_phase("weak");
  tracked_clear_weak(forwarding_where, true);
  if (pairs)
    ephemerons_clear(forwarding_where, true);
  if (gc_mutant(weak_pruned_early))
    tracked_prune_weak(forwarding_where, true);
  if (gc_mutant(external_pruned_early))
    owned_prune(forwarding_where, true);
  listener_phase("finalizers");
  tracked_queue_dead(forwarding_where, true);
  semi_copy_queue(waited, pairs);
  listener_phase("weak");
  tracked_prune_weak(forwarding_where, true);
  ephemerons_prune(forwarding_where, true);
  owned_prune(forwarding_where, true);
  listener_phase("sweep");
  external_collected();
  large_left large = large_sweep(semi_large_reached);

  for (uint32_t b = semi.space.first, next; b; b = next) {
    next = semi.blocks[b].next;
    blocks_give(b);
  }
  uint64_t bytes = 0, objects = semi_finish();
  for (uint32_t b = semi.space.first; b; b = semi.blocks[b].next)
    bytes += semi.blocks[b].fill;

  listener_phase("plan");
  semi.charged = bytes;
  semi.left = 0;
  semi.allocated = 0;
  semi.live = bytes + external_kept() +
              (gc_mutant(budget_without_large) ? 0 : large.bytes);
  semi.live_objects = objects + large.objects;
  c.live = semi.live;
  c.objects = semi.live_objects;
  pacing_decide(&c);
  semi.budget = pacing_room(semi.live, 0);
  semi_give_back();
  semi.collections++;
  semi.copied += objects;
  semi.copied_bytes += bytes;
}

void gc_collect(gc_mutator *m) {
  (void)m;
  pause_begin();
  semi_collect_stopped();
  pause_end();
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  if (!space_create(config->heap_limit))
    return NULL;
  listener_set(config->listener);
  pacing_create(pacing_chosen(config->heap_limit), 0);
  semi = (gc_heap){.each = hostile_each() || poison_active(),
                   .poisons = poison_active(),
                   .budget = pacing_room(0, 0)};
  semi_markers_create(config->heap_limit);
  pthread_mutex_init(&semi.lock, NULL);
  if (blocks_create())
    semi.blocks = blocks_table(sizeof *semi.blocks);
  if (semi.blocks)
    return &semi;
  gc_heap_destroy(&semi);
  return NULL;
}

void gc_heap_destroy(gc_heap *h) {
  semi_markers_destroy();
  large_destroy();
  bookkeeping_destroy();
  blocks_table_destroy(h->blocks, sizeof *h->blocks);
  blocks_destroy();
  pthread_mutex_destroy(&h->lock);
  space_destroy();
}

/* Other mutators go on in a detaching one's block. */
static void semi_detach(gc_mutator *m) {
  if (!gc_mutant(open_list_unlocked))
    pthread_mutex_lock(&semi.lock);
  if (!gc_mutant(fill_forgotten))
    semi_note_fill(m);
  uint32_t room = m->block ? BLOCK_BYTES - semi.blocks[m->block].fill : 0;
  if (room) {
    semi.blocks[m->block].next_open = semi.open;
    if (!gc_mutant(open_block_lost))
      semi.open = m->block;
    if (!gc_mutant(detached_room_charged))
      semi.charged -= room;
    if (!gc_mutant(detached_room_budgeted))
      semi.allocated -= room;
  }
  m->block = 0;
  if (!gc_mutant(open_list_unlocked))
    pthread_mutex_unlock(&semi.lock);
}

#define THREAD_END(m) semi_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  pthread_mutex_lock(&h->lock);
  uint64_t side = blocks_side_bytes(sizeof *h->blocks) + large_list_bytes() +
                  semi_markers_bytes();
  pthread_mutex_unlock(&h->lock);
  return bookkeeping_footprint(side);
}

uint64_t gc_heap_objects(gc_heap *h) {
  return h->live_objects;
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->collections},
                            {"objects-copied", h->copied},
                            {"bytes-copied", h->copied_bytes},
                            {"large-scanned", h->large_scanned},
                            {"large-spilled", bag_spills},
                            {"copied-twice", h->copied_twice},
                            MARKERS_COUNTERS,
                            {"blocks-taken", h->taken},
                            {"blocks-reopened", h->reopened},
                            LARGE_COUNTERS,
                            PACING_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

static void semi_note_fills(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    semi_note_fill(m);
}

/* The end of the objects in a block. */
static char *semi_end(uint32_t number) {
  return block_address(number) + semi.blocks[number].fill;
}

gc_tally gc_heap_tally(gc_heap *h) {
  return (gc_tally){.collections = h->collections, .left = h->live_objects};
}

gc_usage gc_heap_usage(gc_heap *h) {
  survey s = {.usage.pages = space_pages()};
  semi_note_fills();
  for (uint32_t b = 1; b < blocks_end; b++) {
    if (blocks_taken(b)) {
      for (char *p = block_address(b); p < semi_end(b);) {
        survey_object(&s, forwarding_bytes((gc_object *)p));
        p += forwarding_bytes((gc_object *)p);
      }
      survey_free(&s, BLOCK_BYTES - h->blocks[b].fill);
    } else if (blocks_empty(b)) {
      survey_free(&s, BLOCK_BYTES);
    } else {
      survey_gap(&s);
    }
  }
  s.usage.objects += large_objects.size;
  s.usage.cells += large_cells();
  return s.usage;
}

/* Whether some mutator allocates in the block. */
static bool semi_allocates_in(uint32_t number) {
  gc_mutator *m = world_mutators();
  while (m && m->block != number)
    m = m->base.next;
  return m != NULL;
}

/* The bytes that are charged are those of objects, the room that mutators still
 * have in their blocks, and what they left at the ends of others, to the byte:
 * what is charged besides makes the heap seem full, what is not charged lets a
 * collection run out of blocks. */
static const char *semi_check_blocks(void) {
  uint32_t count = 0;
  uint64_t charged = semi.left;
  for (uint32_t b = semi.space.first; b; b = semi.blocks[b].next) {
    if (!blocks_taken(b) || ++count > semi.space.count)
      return "a block of the space is not taken, or is there twice";
    charged += semi.blocks[b].fill;
  }
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    charged += m->block ? BLOCK_BYTES - semi.blocks[m->block].fill : 0;
  if (count != semi.space.count || charged != semi.charged)
    return "blocks or bytes of the space are miscounted";
  count = 0;
  for (uint32_t b = semi.open; b; b = semi.blocks[b].next_open)
    if (!blocks_taken(b) || ++count > semi.space.count ||
        semi.blocks[b].fill == BLOCK_BYTES || semi_allocates_in(b))
      return "an open block is full or a mutator's, or is listed twice";
  if (blocks_spare < semi_reserve(semi.charged))
    return "there might be too few blocks to copy into";
  return blocks_check();
}

/* During a check: a bit per granule where an object begins. */
static uint64_t *semi_starts;

static const char *semi_check_object(gc_object *o, const char *end) {
  if (o->meta & (FORWARDING_MOVED | FORWARDING_STAYS))
    return "an object is forwarded or flagged between collections";
  if (forwarding_bytes(o) < sizeof *o + 8 * (size_t)object_slots(o) ||
      forwarding_bytes(o) > (size_t)(end - (char *)o))
    return "an object is not as large as it says";
  bitmap_set(semi_starts, space_granule(o));
  return NULL;
}

static const char *semi_check_objects(void) {
  const char *why = NULL;
  for (size_t i = 0; i < large_objects.size && !why; i++) {
    gc_object *o = large_objects.items[i];
    why = semi_check_object(o, (char *)o + space_cell(o));
  }
  for (uint32_t b = semi.space.first; b && !why; b = semi.blocks[b].next)
    for (char *p = block_address(b); p < semi_end(b) && !why;
         p += forwarding_bytes((gc_object *)p))
      why = semi_check_object((gc_object *)p, semi_end(b));
  return why;
}

static bool semi_is_object(const gc_object *o) {
  return bitmap_test(semi_starts, space_granule(o));
}

static gc_object *semi_itself(gc_object *o) {
  return o;
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  size_t bytes = space_bytes / SPACE_GRANULE / 8 + 8;
  semi_starts = space_table_create(bytes);
  if (!semi_starts)
    return "no memory to check in";
  semi_note_fills();
  const char *why = semi_check_blocks();
  if (!why)
    why = semi_check_objects();
  if (!why)
    why = reachable_check(semi_is_object, semi_is_object);
  if (!why)
    why = tracked_check(semi_is_object, semi_itself, true);
  if (!why)
    why = finalizers_check(semi_is_object);
  if (!why)
    why = ephemerons_check(semi_is_object, semi_itself, true);
  space_table_destroy(semi_starts, bytes);
  return why;
}
