/* semispace.c: Cheney's copying collector for any number of mutators.
 *
 * Objects of up to SEMI_LARGEST bytes lie one behind the other in blocks; which
 * blocks they are is the space.  A collection stops the world, copies what the
 * roots refer to into other blocks, then what the copies refer to, in the order
 * in which they were copied, and gives the old blocks back.  The copies that
 * were not yet looked at are the queue of the traversal, so it needs no stack.
 * Where an object went stands in its old header (forwarding.h).  Larger objects
 * are not copied: they are flagged when they are first reached, and wait in a
 * bag to be looked at.
 *
 * Collecting costs what is alive and nothing for what died.  The price is
 * memory: there must be blocks to copy into.
 *
 * Invariants.
 *   - Objects tile each block of the space from its start up to its `fill`,
 *     which of a block in a mutator's hands is the cursor.
 *   - References lead to objects in blocks of the space, or to large ones.  No
 *     object is flagged or forwarded between collections.
 *   - A collection never runs out of blocks: see semi_needed. */
#include "gc.h"
#include "common/bitmap.h"
#include "common/large.h"
#include "common/hostile/mutants.h"
#include "common/hostile/poison.h"
#include "semispace/semispace.h"
#include "common/inline/blocking.h"
#include "common/inline/reachable.h"
#include "common/inline/roots.h"
#include <pthread.h>

enum {
  /* References on their way to be forwarded, while what they refer to is
   * fetched (Cher, Hosking & Vitek, ASPLOS 2004). */
  SEMI_FIFO = 32,
};

/* Without a heap limit the heap may grow by this much, in percent of what was
 * live, before the next collection, and by SEMI_BUDGET_LEAST in any case. */
static uint64_t option_growth = 100;
#define SEMI_BUDGET_LEAST ((uint64_t)4 << 20)

/* By block number, of blocks that are in the space. */
typedef struct semi_block {
  uint32_t next; /* in the space, 0 at the end */
  uint32_t fill; /* bytes from its start that are objects */
} semi_block;

/* A list of blocks, in the order in which they were taken. */
typedef struct semi_space {
  uint32_t first, last, count;
} semi_space;

struct gc_heap {
  gc_listener listener;
  bool limited; /* collect when the limit is reached; else when over budget */
  bool each;    /* mutators see their blocks object by object */
  bool poisons; /* free memory is told from memory in use (poison.h) */

  pthread_mutex_t lock; /* for what follows, and for blocks and large objects */
  semi_block *blocks;
  semi_space space;
  uint32_t open;    /* a block of the space with room in nobody's hands, or 0 */
  uint64_t charged; /* bytes that objects in the space may take */
  uint64_t allocated; /* bytes handed out since the last collection */
  uint64_t budget;    /* bytes that may be, without a limit */

  object_bag gray;       /* large objects that were reached, to be looked at */
  uint64_t live_objects; /* at the last collection */
  uint64_t collections, copied, copied_bytes, large_scanned; /* so far */
};

static struct gc_heap semi; /* there is one in a process */

const gc_collector gc_this_collector = {
    .name = "semispace",
    .summary = "precise stop-the-world copying, breadth first",
    .source = "Minsky, MIT AI memo 58, 1963; Cheney, CACM 1970",
    .hostile = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .moving = true,
            .heap_limit = true,
            .reserve = 52},
    .options =
        (const gc_option[]){
            {"growth",
             "without a heap limit: allocation between collections, in "
             "percent of the live bytes",
             &option_growth, 10, 1000},
            {0}},
};

static void semi_append(semi_space *s, uint32_t number) {
  semi.blocks[number] = (semi_block){0};
  if (s->last)
    semi.blocks[s->last].next = number;
  else
    s->first = number;
  s->last = number;
  s->count++;
}

/* The fill of a mutator's block is where its cursor is. */
static void semi_note_fill(gc_mutator *m) {
  if (m->block)
    semi.blocks[m->block].fill =
        (uint32_t)(m->cursor - block_address(m->block));
}

/* ------------------------------------------------------------------------- *
 * Allocation, slow paths.
 * ------------------------------------------------------------------------- */

static void semi_collect_stopped(void);
static void semi_report(uint64_t begin_ns);

/* Blocks that objects of `bytes` may fill, in whatever order they come.  A
 * block is left when the next object does not fit, so it is full but for less
 * than SEMI_LARGEST; but for the last.
 *
 * What is alive has this bound, too, so blocks_spare must never be less.  And
 * as it may take as many blocks after the collection, though fewer before, both
 * spaces together must always have twice as many:
 *
 *     space.count <= semi_needed(charged)
 *     space.count + blocks_spare >= 2 * semi_needed(charged) */
static uint32_t semi_needed(uint64_t bytes) {
  const uint64_t full = BLOCK_BYTES - SEMI_LARGEST + SPACE_GRANULE;
  return bytes ? (uint32_t)(bytes / full + 1) : 0;
}

/* Whether more may be handed out before the next collection. */
static bool semi_may(void) {
  return semi.limited || semi.allocated < semi.budget;
}

/* A block with room, all of it charged, or 0: a collection is due, or there is
 * no memory. */
static uint32_t semi_take_block(void) {
  uint32_t number = semi.open, fill = number ? semi.blocks[number].fill : 0;
  uint64_t charged = semi.charged + BLOCK_BYTES - fill;
  uint32_t hold = 2 * semi_needed(charged) - semi.space.count;
  if (!semi_may() || !blocks_hold(gc_mutant(reserve_spent) ? 1 : hold))
    return 0;
  if (!number) {
    number = blocks_take();
    semi_append(&semi.space, number);
  }
  semi.open = 0;
  semi.charged = charged;
  semi.allocated += BLOCK_BYTES - fill;
  return number;
}

/* Room for `bytes` in the mutator's block or another, or NULL. */
static gc_object *semi_try_small(gc_mutator *m, size_t bytes) {
  while (!m->block ||
         bytes > (size_t)(block_address(m->block + 1) - m->cursor)) {
    semi_note_fill(m);
    uint32_t number = semi_take_block();
    if (!number)
      return NULL;
    m->block = number;
    /* No room, until it is known that this is enough of it. */
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
  if (o)
    semi.allocated += bytes;
  return o;
}

static gc_object *semi_try(gc_mutator *m, size_t bytes) {
  pthread_mutex_lock(&semi.lock);
  gc_object *o =
      bytes > SEMI_LARGEST ? semi_try_large(bytes) : semi_try_small(m, bytes);
  pthread_mutex_unlock(&semi.lock);
  return o;
}

gc_object *semi_new_slow(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    gc_collect(m);
  for (;;) {
    gc_object *o = semi_try(m, bytes);
    if (o)
      return o;
    uint64_t begin = gc_now_ns();
    if (!world_stop())
      continue; /* another mutator has collected meanwhile */
    semi_collect_stopped();
    /* With the world still stopped, or the others might take it all again. */
    o = semi_try(m, bytes);
    if (!o) {
      blocks_release_but(2 * semi_needed(semi.charged) - semi.space.count);
      o = semi_try(m, bytes);
    }
    world_start();
    semi_report(begin);
    return o;
  }
}

/* ------------------------------------------------------------------------- *
 * Copying.
 * ------------------------------------------------------------------------- */

typedef struct semi_copying {
  semi_space to;
  char *cursor, *limit; /* free part of its last block */
  char *scan;           /* copies before this one were looked at, */
  char *scan_end;       /* copies before this address are complete, */
  uint32_t scan_block;  /* in this block */
  gc_object **fifo[SEMI_FIFO];
  unsigned at;      /* place in the queue */
  uint64_t objects; /* that were copied */
} semi_copying;

/* The last block is as full as it is. */
static void semi_leave_block(semi_copying *c) {
  if (c->to.last)
    semi.blocks[c->to.last].fill =
        (uint32_t)(c->cursor - block_address(c->to.last));
}

/* Another block to copy into: there is one. */
static void semi_next_block(semi_copying *c) {
  semi_leave_block(c);
  uint32_t number = blocks_take();
  semi_append(&c->to, number);
  c->cursor = block_address(number);
  c->limit = c->cursor + BLOCK_BYTES;
  if (!c->scan_block) {
    c->scan_block = number;
    c->scan = c->scan_end = c->cursor;
  }
}

static gc_object *semi_copy(semi_copying *c, gc_object *o) {
  size_t bytes = forwarding_bytes(o);
  if (gc_unlikely(bytes > (size_t)(c->limit - c->cursor)))
    semi_next_block(c);
  char *to = c->cursor;
  c->cursor += bytes;
  c->objects++;
  if (gc_unlikely(semi.poisons))
    poison_take(to, bytes);
  return forwarding_move(o, to);
}

/* Has the reference at `place`, which is not null, lead to where the object is
 * from now on. */
static inline void semi_forward(semi_copying *c, gc_object **place) {
  gc_object *o = *place;
  if (forwarding_moved(o) && !gc_mutant(forwarding_ignored)) {
    *place = forwarding_copy(o);
  } else if (gc_likely(forwarding_bytes(o) <= SEMI_LARGEST)) {
    *place = semi_copy(c, o);
  } else if (!(o->meta & FORWARDING_STAYS)) {
    o->meta |= FORWARDING_STAYS;
    if (!gc_mutant(large_unscanned))
      bag_put(&semi.gray, o);
  }
}

/* The same, a little later, when what it refers to has been fetched.  `data` is
 * the semi_copying. */
static inline void semi_visit(void *data, gc_object **place) {
  semi_copying *c = data;
  if (!*place)
    return;
  __builtin_prefetch(*place);
  gc_object **due = c->fifo[c->at];
  c->fifo[c->at] = place;
  c->at = (c->at + 1) % SEMI_FIFO;
  if (due)
    semi_forward(c, due);
}

static inline void semi_visit_root(void *data, gc_object **place) {
  gc_object *stale = *place;
  if (gc_mutant(global_stale) && stale && place >= object_globals &&
      place < object_globals + GC_GLOBALS)
    semi_forward(data, &stale);
  else
    semi_visit(data, place);
}

/* Forwards what is still on its way.  Returns whether there was any. */
static bool semi_flush(semi_copying *c) {
  bool any = false;
  for (unsigned i = 0; i < SEMI_FIFO; i++, c->at = (c->at + 1) % SEMI_FIFO) {
    gc_object **due = c->fifo[c->at];
    c->fifo[c->at] = NULL;
    if (due)
      semi_forward(c, due), any = true;
  }
  return any;
}

/* The next object that has not been looked at: the oldest copy, or a large one.
 * NULL if there is none so far. */
static inline gc_object *semi_next(semi_copying *c) {
  while (gc_unlikely(c->scan == c->scan_end)) {
    bool last = c->scan_block == c->to.last;
    const semi_block *block = &semi.blocks[c->scan_block];
    char *end = last ? c->cursor : block_address(c->scan_block) + block->fill;
    if (c->scan != end) {
      c->scan_end = end;
    } else if (last) {
      gc_object *o = bag_take(&semi.gray);
      semi.large_scanned += o != NULL;
      return o;
    } else {
      c->scan_block = block->next;
      c->scan = c->scan_end = block_address(c->scan_block);
    }
  }
  gc_object *o = (gc_object *)c->scan;
  c->scan += forwarding_bytes(o);
  return o;
}

/* Copies all that is reached by what was copied so far. */
static void semi_trace(semi_copying *c) {
  do {
    for (gc_object *o; (o = semi_next(c));) {
      gc_object **slot = o->slots, **end = slot + object_slots(o);
      while (slot < end)
        semi_visit(c, slot++);
    }
  } while (semi_flush(c));
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Whether a large object was reached; it is no longer flagged. */
static bool semi_large_reached(gc_object *o) {
  bool reached = o->meta & FORWARDING_STAYS;
  if (!gc_mutant(large_flag_kept))
    o->meta &= ~FORWARDING_STAYS;
  return reached;
}

static void semi_collect_stopped(void) {
  if (blocks_spare < semi_needed(semi.charged)) { /* half-way is too late */
    fputs("semispace: too few blocks to copy into\n", stderr);
    abort();
  }
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    semi_note_fill(m);
    m->cursor = m->limit = NULL;
    m->block = 0;
  }
  semi_copying c = {0};
  roots_each(semi_visit_root, &c);
  semi_trace(&c);
  /* Those that waited for their finalizer before were roots; now those that
   * are found dead, with all that they reach. */
  size_t waited = finalizers_count();
  tracked_clear_weak(forwarding_where, true);
  tracked_queue_dead(forwarding_where, true);
  for (size_t i = waited; i < finalizers_count() && !gc_mutant(queue_stale);
       i++)
    semi_visit(&c, &finalizers_first()[i]);
  semi_trace(&c);
  tracked_prune_weak(forwarding_where, true);
  large_left large = large_sweep(semi_large_reached);
  semi_leave_block(&c);

  for (uint32_t b = semi.space.first, next; b; b = next) {
    next = semi.blocks[b].next;
    blocks_give(b);
  }
  semi.space = c.to;
  semi.open = c.cursor < c.limit ? c.to.last : 0;
  uint64_t bytes = 0;
  for (uint32_t b = c.to.first; b; b = semi.blocks[b].next)
    bytes += semi.blocks[b].fill;

  semi.charged = bytes;
  semi.allocated = 0;
  semi.budget = (bytes + large.bytes) / 100 * option_growth;
  if (semi.budget < SEMI_BUDGET_LEAST)
    semi.budget = SEMI_BUDGET_LEAST;
  semi.live_objects = c.objects + large.objects;
  semi.collections++;
  semi.copied += c.objects;
  semi.copied_bytes += bytes;
}

static void semi_report(uint64_t begin_ns) {
  semi.listener.pause(semi.listener.data, GC_PAUSE_STOP, begin_ns, gc_now_ns());
}

void gc_collect(gc_mutator *m) {
  (void)m;
  uint64_t begin = gc_now_ns();
  while (!world_stop())
    begin = gc_now_ns();
  semi_collect_stopped();
  world_start();
  semi_report(begin);
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  if (!space_create(config->heap_limit))
    return NULL;
  semi = (gc_heap){.listener = config->listener,
                   .limited = config->heap_limit != 0,
                   .each = hostile_each() || poison_active(),
                   .poisons = poison_active(),
                   .budget = SEMI_BUDGET_LEAST};
  bag_init(&semi.gray, 0);
  pthread_mutex_init(&semi.lock, NULL);
  if (blocks_create())
    semi.blocks = blocks_table(sizeof *semi.blocks);
  if (semi.blocks)
    return &semi;
  gc_heap_destroy(&semi);
  return NULL;
}

void gc_heap_destroy(gc_heap *h) {
  bag_free(&h->gray);
  bag_tables_free();
  large_destroy();
  tracked_destroy();
  finalizers_destroy();
  memset(object_globals, 0, sizeof object_globals);
  blocks_table_destroy(h->blocks, sizeof *h->blocks);
  blocks_destroy();
  pthread_mutex_destroy(&h->lock);
  space_destroy();
}

gc_mutator *gc_thread_attach(gc_heap *h) {
  gc_mutator *m = world_mutator_create(h, sizeof *m);
  if (m)
    world_join(m);
  return m;
}

/* Another mutator goes on in its block, if there is no other with room. */
void gc_thread_detach(gc_mutator *m) {
  pthread_mutex_lock(&semi.lock);
  if (!gc_mutant(fill_forgotten))
    semi_note_fill(m);
  if (m->block && !semi.open) {
    uint32_t room = BLOCK_BYTES - semi.blocks[m->block].fill;
    semi.open = room ? m->block : 0;
    semi.charged -= room;
    semi.allocated -= room;
  }
  m->block = 0;
  pthread_mutex_unlock(&semi.lock);
  world_leave(m);
  world_mutator_destroy(m);
}

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  pthread_mutex_lock(&h->lock);
  uint64_t side = blocks_side_bytes(sizeof *h->blocks) + large_list_bytes() +
                  object_stack_bytes(&h->gray.stack) + tracked_bytes() +
                  finalizers_bytes();
  pthread_mutex_unlock(&h->lock);
  side += space_metadata();
  return (gc_footprint){space_used() + side, space_used_peak() + side};
}

uint64_t gc_heap_objects(gc_heap *h) {
  return h->live_objects;
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->collections},
                            {"objects-copied", h->copied},
                            {"bytes-copied", h->copied_bytes},
                            {"large-scanned", h->large_scanned}};
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

gc_usage gc_heap_usage(gc_heap *h) {
  gc_usage u = {.objects = large_objects.size,
                .cells = large_cells(),
                .pages = space_used()};
  uint64_t stretch = 0; /* of free bytes, up to the end of block b */
  semi_note_fills();
  for (uint32_t b = 1; b < blocks_end; b++) {
    uint32_t fill = BLOCK_BYTES; /* if it is not ours */
    if (blocks_taken(b)) {
      fill = h->blocks[b].fill;
      u.cells += fill;
      for (char *p = block_address(b); p < semi_end(b); u.objects++)
        p += forwarding_bytes((gc_object *)p);
    } else if (blocks_empty(b)) {
      fill = 0;
    }
    u.free += BLOCK_BYTES - fill;
    stretch = (fill ? 0 : stretch) + BLOCK_BYTES - fill;
    if (stretch > u.free_largest)
      u.free_largest = stretch;
  }
  return u;
}

static const char *semi_check_blocks(void) {
  uint32_t count = 0;
  uint64_t bytes = 0;
  for (uint32_t b = semi.space.first; b; b = semi.blocks[b].next) {
    if (!blocks_taken(b) || ++count > semi.space.count)
      return "a block of the space is nobody's, or there twice";
    bytes += semi.blocks[b].fill;
  }
  if (count != semi.space.count || bytes > semi.charged)
    return "blocks or bytes of the space are miscounted";
  if (count > semi_needed(semi.charged) ||
      count + blocks_spare < 2 * semi_needed(semi.charged))
    return "there might be too few blocks to copy into";
  return blocks_check();
}

static uint64_t *semi_starts; /* of objects, a bit per granule; in a check */

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
  space_table_destroy(semi_starts, bytes);
  return why;
}
