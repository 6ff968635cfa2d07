/* mark-sweep.c: precise, non-moving, stop-the-world mark-sweep for any number
 * of mutators.
 *
 * Memory.  Small objects live in blocks of 32 KiB, aligned to their size, each
 * divided into cells of one size class; larger ones are allocated one by one
 * and listed.  Beside the heap there is one mark bit per granule of 16 bytes,
 * and one table entry per block.  A side bitmap is dense, so marking touches an
 * object only to read its slots, and an object already marked not at all.
 *
 * A collection stops the world, clears the mark bits, marks what the roots
 * reach, and classifies the blocks by counting bits.  Sweeping is lazy: a
 * mutator takes a block with free cells and allocates from one *run* of
 * unmarked cells after the other, found in the bitmap.
 *
 * Invariants.
 *   - Bits are set at the starts of objects only.
 *   - Between collections, a set bit is an object that survived the last one.
 *     Objects made since are unmarked, and lie in runs already handed out: the
 *     runs of a block are handed out once a cycle, in address order, so no cell
 *     is handed out twice.
 *   - A block is in at most one of: the list of its class's blocks with free
 *     cells, the list of empty blocks, a mutator's hands. */
#include "gc.h"
#include "common/bitmap.h"
#include "common/mutants.h"
#include "common/poison.h"
#include "common/space.h"
#include "mark-sweep/mark-sweep.h"
#include <pthread.h>

enum {
  /* Large enough that taking one is rare, small enough that one block for each
   * class in use is nothing to a heap of a few MiB. */
  MS_BLOCK = 32 * 1024,
  MS_BLOCK_GRANULES = MS_BLOCK / SPACE_GRANULE,
  /* Blocks are taken from the arena in groups of as many as this: each costs a
   * page on top, which is a sixty-fourth of a group. */
  MS_GROUP = 8,
  /* Objects whose cache lines are on their way while others are scanned.  A
   * miss costs about 100 ns and a scan a few: at 32 the misses of ordered heaps
   * are hidden; more gains nothing (Cher, Hosking & Vitek, ASPLOS 2004). */
  MS_FIFO = 32,
};

/* Without a heap limit the heap may grow by this much, in percent of what was
 * live, before the next collection, and by MS_BUDGET_LEAST in any case. */
static uint64_t option_growth = 100;
#define MS_BUDGET_LEAST ((uint64_t)4 << 20)

/* Entries of the mark stack; 0: as many as it takes. */
static uint64_t option_mark_stack = 0;

typedef enum ms_state {
  MS_NONE,   /* not a block of ours; must be 0 */
  MS_LISTED, /* has free cells nobody took since the last collection */
  MS_EMPTY,  /* has no objects and no class */
  MS_TAKEN,  /* a mutator's, or filled by one since the last collection */
  MS_FULL,   /* without free cells at the last collection */
} ms_state;

typedef struct ms_block {
  uint8_t state;
  uint8_t class;
  bool rescan;    /* holds marked objects that may not have been scanned */
  uint8_t group;  /* of the first block of a group: how many blocks it has */
  uint16_t taken; /* granules from its start that were handed out already */
  uint32_t next;  /* in its list, 0 at the end */
} ms_block;

struct gc_heap {
  gc_listener listener;
  bool limited; /* collect when the limit is reached; else when over budget */
  bool each;    /* runs of one cell, so that every allocation is seen */
  bool poisons; /* free memory is told from memory in use (poison.h) */

  uint64_t *marks;  /* bit per granule */
  ms_block *blocks; /* by block number; 0 is never a block */
  size_t marks_bytes, blocks_bytes;
  uint32_t blocks_end; /* one past the highest number in use */

  pthread_mutex_t lock; /* for what follows, up to the mark stack */
  uint32_t listed[SIZE_CLASSES];
  uint32_t empty;
  object_stack large; /* large objects; `word` is their size in granules */
  object_stack finalizable; /* objects with the flag still set */
  object_stack weak;        /* weak references */
  uint64_t allocated;       /* bytes handed out since the last collection */
  uint64_t budget;          /* bytes that may be, without a limit */
  bool untouched; /* nothing was, not even in a block that is listed */

  object_stack mark_stack;
  bool rescan;       /* some block's `rescan` is set, or: */
  bool rescan_large; /* some large object may not have been scanned */

  uint64_t live_objects, live_bytes;     /* at the last collection */
  uint64_t collections, marked, rescans; /* events so far */
};

const gc_collector gc_this_collector = {
    .name = "mark-sweep",
    .summary = "precise stop-the-world mark-sweep, allocating from the mark "
               "bits",
    .source = "McCarthy, CACM 1960; lazy sweep: Hughes, SP&E 1982; prefetch "
              "queue: Cher, Hosking & Vitek, ASPLOS 2004",
    .hostile = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .heap_limit = true},
    .options =
        (const gc_option[]){
            {"growth",
             "without a heap limit: allocation between collections, in "
             "percent of the live bytes",
             &option_growth, 10, 1000},
            {"mark-stack", "entries of the mark stack at the most, 0: no cap",
             &option_mark_stack, 0, (uint64_t)1 << 32},
            {0}},
};

static uint32_t ms_number(const void *p) {
  return (uint32_t)((uintptr_t)p / MS_BLOCK - (uintptr_t)space_base / MS_BLOCK);
}

static char *ms_address(uint32_t number) {
  return (char *)(((uintptr_t)space_base / MS_BLOCK + number) * MS_BLOCK);
}

static uint64_t ms_cells_bytes(unsigned c) {
  size_t cell = size_class_bytes(c);
  return MS_BLOCK / cell * cell;
}

/* The first bit of a block.  Reservation and blocks are aligned to pages, of
 * 256 granules each, so a word of the bitmap never belongs to two blocks. */
static size_t ms_first_granule(uint32_t number) {
  return space_granule(ms_address(number));
}

static void ms_list_push(gc_heap *h, uint32_t *list, uint32_t number) {
  h->blocks[number].next = *list;
  *list = number;
}

static uint32_t ms_list_pop(gc_heap *h, uint32_t *list) {
  uint32_t number = *list;
  if (number)
    *list = h->blocks[number].next;
  return number;
}

/* ------------------------------------------------------------------------- *
 * Allocation, slow paths.
 * ------------------------------------------------------------------------- */

static void ms_collect_stopped(gc_heap *h);
static void ms_report(gc_heap *h, uint64_t begin_ns);

/* Finds the next run of free cells in the mutator's block of class `c`. */
static bool ms_next_run(gc_mutator *m, unsigned c) {
  ms_run *run = &m->runs[c];
  const uint64_t *marks = m->base.heap->marks;
  size_t cell = size_class_bytes(c) / SPACE_GRANULE;
  size_t end = space_granule(m->blocks[c]) + ms_cells_bytes(c) / SPACE_GRANULE;
  size_t at = space_granule(run->limit); /* a marked cell, or the end */
  while (at < end && bitmap_test(marks, at))
    at += cell;
  if (at >= end)
    return false;
  run->cursor = space_address((uint32_t)at);
  if (gc_unlikely(m->base.heap->each))
    end = at + cell;
  at = bitmap_next(marks, at, end);
  if (gc_mutant(run_too_long) && at < end)
    at += cell;
  run->limit = space_address((uint32_t)at);
  if (gc_unlikely(m->base.heap->poisons))
    poison_take(run->cursor, (size_t)(run->limit - run->cursor));
  return true;
}

/* Takes a group of blocks from the arena, fewer if that is all there is. */
static void ms_grow(gc_heap *h) {
  uint32_t n = MS_GROUP;
  char *p;
  while (!(p = space_alloc_aligned(n * MS_BLOCK, MS_BLOCK, space_uncached())))
    if ((n /= 2) == 0)
      return;
  uint32_t first = ms_number(p);
  if (first + n > h->blocks_end)
    h->blocks_end = first + n;
  h->blocks[first].group = (uint8_t)n;
  if (h->poisons)
    poison_free(p, n * MS_BLOCK);
  while (n-- > 0) {
    h->blocks[first + n].state = MS_EMPTY;
    ms_list_push(h, &h->empty, first + n);
  }
}

/* A block of class `c` with free cells, or 0 if there is no memory. */
static uint32_t ms_take_block(gc_heap *h, unsigned c, bool may_grow) {
  uint32_t number = ms_list_pop(h, &h->listed[c]);
  if (!number) {
    if (!may_grow)
      return 0;
    if (!h->empty)
      ms_grow(h);
    number = ms_list_pop(h, &h->empty);
    if (!number)
      return 0;
    h->allocated += MS_BLOCK;
  }
  h->blocks[number].state = MS_TAKEN;
  h->blocks[number].class = (uint8_t)c;
  return number;
}

/* What stands for the class of large objects below. */
enum { MS_LARGE = SIZE_CLASSES };

/* A block of class `c`, or for MS_LARGE a large object of `bytes`; NULL if a
 * collection is due, or if there is no memory. */
static void *ms_obtain(gc_heap *h, unsigned c, size_t bytes) {
  void *p = NULL;
  pthread_mutex_lock(&h->lock);
  bool may_grow = h->limited || h->allocated < h->budget;
  if (c == MS_LARGE) {
    if (may_grow && object_stack_reserve(&h->large))
      p = space_alloc_slow(bytes, space_uncached());
    if (p) {
      h->allocated += bytes;
      object_push_or_die(&h->large, p);
    }
  } else {
    uint32_t number = ms_take_block(h, c, may_grow);
    p = number ? ms_address(number) : NULL;
  }
  if (p)
    h->untouched = false;
  pthread_mutex_unlock(&h->lock);
  return p;
}

/* Gives groups of empty blocks back to the arena, and everything that is unused
 * in the arena to the system, so that it can be had in another shape. */
static void ms_release_empty(gc_heap *h) {
  h->empty = 0;
  for (uint32_t b = h->blocks_end; b-- > 1;) {
    uint32_t n = h->blocks[b].group, empty = 0;
    if (!n)
      continue;
    while (empty < n && h->blocks[b + empty].state == MS_EMPTY)
      empty++;
    if (empty == n) {
      memset(&h->blocks[b], 0, n * sizeof h->blocks[b]); /* MS_NONE */
      if (h->poisons)
        poison_take(ms_address(b), n * MS_BLOCK); /* to be freed as one */
      space_free(ms_address(b), space_uncached());
      continue;
    }
    while (n-- > 0)
      if (h->blocks[b + n].state == MS_EMPTY)
        ms_list_push(h, &h->empty, b + n);
  }
  space_purge();
}

/* The same, collecting if it must.  NULL if there is no memory even then. */
static void *ms_obtain_or_collect(gc_mutator *m, unsigned c, size_t bytes) {
  gc_heap *h = m->base.heap;
  for (;;) {
    void *p = ms_obtain(h, c, bytes);
    if (p)
      return p;
    uint64_t begin = gc_now_ns();
    if (!world_stop())
      continue; /* another mutator has collected meanwhile */
    ms_collect_stopped(h);
    /* With the world still stopped, or the others might take it all again. */
    p = ms_obtain(h, c, bytes);
    if (!p) {
      ms_release_empty(h);
      p = ms_obtain(h, c, bytes);
    }
    world_start();
    ms_report(h, begin);
    return p;
  }
}

gc_object *ms_new_cell(gc_mutator *m, unsigned c) {
  if (hostile_allocation())
    gc_collect(m);
  ms_run *run = &m->runs[c];
  while (!m->blocks[c] || !ms_next_run(m, c)) {
    m->blocks[c] = ms_obtain_or_collect(m, c, 0);
    if (!m->blocks[c]) {
      run->cursor = run->limit = NULL;
      return NULL;
    }
    uint32_t number = ms_number(m->blocks[c]);
    run->cursor = run->limit =
        m->blocks[c] + m->base.heap->blocks[number].taken * SPACE_GRANULE;
  }
  gc_object *o = (gc_object *)run->cursor;
  run->cursor += size_class_bytes(c);
  return o;
}

gc_object *ms_new_large(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    gc_collect(m);
  return ms_obtain_or_collect(m, MS_LARGE, bytes);
}

static void ms_note(gc_mutator *m, object_stack *list, gc_object *o) {
  gc_heap *h = m->base.heap;
  pthread_mutex_lock(&h->lock);
  bool pushed = object_push(list, o);
  pthread_mutex_unlock(&h->lock);
  if (!pushed) /* it would never be finalized, or cleared */
    gc_out_of_memory(NULL, (gc_shape){0, 0});
}

void ms_note_finalizable(gc_mutator *m, gc_object *o) {
  ms_note(m, &m->base.heap->finalizable, o);
}

void ms_note_weak(gc_mutator *m, gc_object *o) {
  ms_note(m, &m->base.heap->weak, o);
}

/* ------------------------------------------------------------------------- *
 * Marking.  An object is marked when it is pushed, so it is pushed at most
 * once.  The stack grows as it must; when it may not, the object is left marked
 * but unscanned, its block is flagged, and once the stack has run dry all
 * marked objects of flagged blocks are scanned again.  Each such round was
 * caused by an object that had been unmarked before, so the rounds end, and a
 * stack of any capacity, even none, marks everything.
 * ------------------------------------------------------------------------- */

static void ms_overflow(gc_heap *h, gc_object *o) {
  uint32_t number = ms_number(o);
  h->rescan = true;
  if (h->blocks[number].state == MS_NONE)
    h->rescan_large = true;
  else
    h->blocks[number].rescan = true;
}

static bool ms_marked(gc_heap *h, const gc_object *o) {
  return bitmap_test(h->marks, space_granule(o));
}

static inline void ms_mark(gc_heap *h, gc_object *o) {
  if (o && bitmap_set(h->marks, space_granule(o)) &&
      gc_unlikely(!object_push(&h->mark_stack, o)))
    ms_overflow(h, o);
}

static inline void ms_scan(gc_heap *h, gc_object *o) {
  uint32_t slots = object_slots(o);
  if (gc_mutant(slots_cut_at_63) && slots > 63)
    slots = 63;
  if (gc_mutant(last_slot_unscanned) && slots > 0)
    slots--;
  gc_object **slot = o->slots, **end = slot + slots;
  while (slot < end)
    ms_mark(h, *slot++);
}

/* Scans until nothing is left.  Objects pass from the stack through a short
 * queue while their lines are fetched. */
static void ms_drain(gc_heap *h) {
  gc_object *fifo[MS_FIFO] = {0};
  unsigned at = 0;
  /* After as many turns without a new entry as the queue is long, it is empty;
   * but the last scan may have pushed again. */
  for (unsigned idle = 0; idle < MS_FIFO || h->mark_stack.size;
       at = (at + 1) % MS_FIFO) {
    gc_object *next = NULL;
    if (h->mark_stack.size) {
      next = object_pop(&h->mark_stack);
      __builtin_prefetch(next);
      idle = 0;
    } else {
      idle++;
    }
    gc_object *o = fifo[at];
    fifo[at] = next;
    if (o)
      ms_scan(h, o);
  }
}

static void ms_rescan_block(gc_heap *h, uint32_t number) {
  size_t at = ms_first_granule(number), end = at + MS_BLOCK_GRANULES;
  while ((at = bitmap_next(h->marks, at, end)) < end) {
    ms_scan(h, space_address((uint32_t)at));
    ms_drain(h);
    at++;
  }
}

static void ms_mark_all(gc_heap *h) {
  ms_drain(h);
  while (h->rescan && !gc_mutant(overflow_ignored)) {
    h->rescan = false;
    h->rescans++;
    for (uint32_t b = 1; b < h->blocks_end; b++) {
      if (h->blocks[b].rescan) {
        h->blocks[b].rescan = false;
        ms_rescan_block(h, b);
      }
    }
    if (h->rescan_large && !gc_mutant(large_rescan_forgotten)) {
      h->rescan_large = false;
      for (size_t i = 0; i < h->large.size; i++) {
        if (ms_marked(h, h->large.items[i])) {
          ms_scan(h, h->large.items[i]);
          ms_drain(h);
        }
      }
    }
  }
}

static void ms_mark_roots(gc_heap *h) {
  for (unsigned g = 0; g < GC_GLOBALS && !gc_mutant(globals_skipped); g++)
    ms_mark(h, object_globals[g]);
  for (size_t i = gc_mutant(queue_not_root) ? finalizers_count() : 0;
       i < finalizers_count(); i++)
    ms_mark(h, finalizers_first()[i]);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    for (unsigned t = 0; t < GC_TLS && !gc_mutant(tls_skipped); t++)
      ms_mark(h, m->base.tls[t]);
    for (gc_reg r = 0; r + gc_mutant(last_register_skipped) < m->base.top; r++)
      ms_mark(h, m->reg[r]);
    if (gc_mutant(other_mutators_skipped))
      break;
  }
}

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Takes all blocks out of all hands and forgets the last collection's marks. */
static void ms_prepare(gc_heap *h) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    memset(m->runs, 0, sizeof m->runs);
    memset(m->blocks, 0, sizeof m->blocks);
  }
  /* Everything below the highest block and object, in one stretch: the bits of
   * large objects lie between those of blocks. */
  size_t end = h->blocks_end ? ms_first_granule(h->blocks_end) : 0;
  for (size_t i = 0; i < h->large.size; i++) {
    size_t granule = space_granule(h->large.items[i]);
    if (granule >= end)
      bitmap_clear(h->marks, granule);
  }
  if (!gc_mutant(marks_stale))
    memset(h->marks, 0, end / 8);
}

/* Keeps of a list what `keep` says; the order stays. */
static void ms_filter(gc_heap *h, object_stack *list,
                      bool (*keep)(gc_heap *h, gc_object *o)) {
  size_t kept = 0;
  for (size_t i = 0; i < list->size; i++)
    if (keep(h, list->items[i]))
      list->items[kept++] = list->items[i];
  list->size = kept;
}

/* A weak reference to an unmarked object is cleared. */
static bool ms_weak_clear(gc_heap *h, gc_object *weak) {
  gc_object **target = ms_weak_target(weak);
  if (*target && !ms_marked(h, *target) && !gc_mutant(ms_weak_uncleared))
    *target = NULL;
  if (gc_mutant(ms_weak_hasty) && space_granule(*target) % 64 == 0)
    *target = NULL;
  return true;
}

/* Finalizable objects that are dead go to the queue. */
static bool ms_finalize(gc_heap *h, gc_object *o) {
  if (ms_marked(h, o))
    return true;
  o->meta &= ~(uint32_t)OBJECT_FINALIZABLE;
  finalizers_push(o);
  if (gc_mutant(finalized_twice))
    finalizers_push(o);
  return gc_mutant(finalizable_kept);
}

static bool ms_weak_keep(gc_heap *h, gc_object *weak) {
  return ms_marked(h, weak) && *ms_weak_target(weak);
}

/* The bug payload_threaded: a link where the payload has room for it. */
static void ms_link(gc_object *o) {
  uint64_t *payload = object_payload(o);
  if ((uint64_t *)o + 2 * (uint64_t)o->word >= payload + 6)
    payload[1] = (uintptr_t)o;
}

/* Large objects are swept at once: they are few, and worth the most. */
static bool ms_sweep_large(gc_heap *h, gc_object *o) {
  if (gc_mutant(stray_mark_bit) && ms_marked(h, o))
    bitmap_set(h->marks, space_granule(o) + 1);
  if (!ms_marked(h, o)) {
    if (!gc_mutant(large_leaked))
      space_free(o, space_uncached());
    return false;
  }
  if (gc_mutant(payload_threaded))
    ms_link(o);
  h->live_objects++;
  h->live_bytes += (uint64_t)o->word * SPACE_GRANULE;
  return true;
}

static unsigned ms_count_marks(gc_heap *h, uint32_t number) {
  size_t at = ms_first_granule(number), end = at + MS_BLOCK_GRANULES;
  unsigned n = 0;
  for (size_t w = at / 64; w < end / 64; w++)
    n += (unsigned)__builtin_popcountll(h->marks[w]);
  return n;
}

/* All that is free in a block is from now on seen to be. */
static void ms_poison_free(gc_heap *h, uint32_t number, unsigned live) {
  if (live == 0) {
    poison_free(ms_address(number), MS_BLOCK);
    return;
  }
  unsigned c = h->blocks[number].class;
  char *cell = ms_address(number), *end = cell + ms_cells_bytes(c);
  for (; cell < end; cell += size_class_bytes(c))
    if (!bitmap_test(h->marks, space_granule(cell)))
      poison_free(cell, size_class_bytes(c));
}

/* Sorts the blocks by what is left in them.  From the top, so that the lists
 * end up in address order. */
static void ms_classify(gc_heap *h) {
  memset(h->listed, 0, sizeof h->listed);
  h->empty = 0;
  for (uint32_t b = h->blocks_end; b-- > 1;) {
    ms_block *block = &h->blocks[b];
    if (block->state == MS_NONE)
      continue;
    block->taken = 0;
    unsigned live = block->state == MS_EMPTY ? 0 : ms_count_marks(h, b);
    size_t cell = size_class_bytes(block->class);
    h->live_objects += live;
    h->live_bytes += live * cell;
    if (h->poisons)
      ms_poison_free(h, b, live);
    if (live == 0) {
      block->state = MS_EMPTY;
      ms_list_push(h, &h->empty, b);
    } else if (live * cell == ms_cells_bytes(block->class)) {
      h->live_objects -= gc_mutant(live_misreported);
      block->state = MS_FULL;
    } else {
      block->state = MS_LISTED;
      ms_list_push(h, &h->listed[block->class], b);
    }
  }
}

static void ms_collect_stopped(gc_heap *h) {
  ms_prepare(h);
  ms_mark_roots(h);
  ms_mark_all(h);
  /* Weak references are cleared before finalizable objects are revived; then
   * the queue is a root once more. */
  if (!gc_mutant(ms_weak_late))
    ms_filter(h, &h->weak, ms_weak_clear);
  ms_filter(h, &h->finalizable, ms_finalize);
  ms_mark_roots(h);
  if (gc_mutant(resurrection_untraced))
    h->mark_stack.size = 0;
  ms_mark_all(h);
  if (gc_mutant(ms_weak_late))
    ms_filter(h, &h->weak, ms_weak_clear);
  ms_filter(h, &h->weak, ms_weak_keep);
  h->live_objects = h->live_bytes = 0;
  ms_filter(h, &h->large, ms_sweep_large);
  ms_classify(h);
  h->collections++;
  h->marked += h->live_objects;
  h->allocated = 0;
  h->untouched = true;
  h->budget = h->live_bytes / 100 * option_growth;
  if (h->budget < MS_BUDGET_LEAST)
    h->budget = MS_BUDGET_LEAST;
}

static void ms_report(gc_heap *h, uint64_t begin_ns) {
  h->listener.pause(h->listener.data, GC_PAUSE_STOP, begin_ns, gc_now_ns());
}

void gc_collect(gc_mutator *m) {
  gc_heap *h = m->base.heap;
  uint64_t begin = gc_now_ns();
  while (!world_stop())
    begin = gc_now_ns();
  ms_collect_stopped(h);
  world_start();
  ms_report(h, begin);
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = calloc(1, sizeof *h);
  uint64_t limit = gc_mutant(ms_limit_ignored) ? 0 : config->heap_limit;
  if (!h || !space_create(limit)) {
    free(h);
    return NULL;
  }
  h->listener = config->listener;
  h->limited = limit != 0;
  h->budget = MS_BUDGET_LEAST;
  h->mark_stack.most =
      hostile.buffers ? hostile.buffers : (size_t)option_mark_stack;
  h->poisons = poison_active();
  h->each = hostile_each() || h->poisons;
  h->marks_bytes = space_bytes / SPACE_GRANULE / 8 + 8;
  h->marks = space_table_create(h->marks_bytes);
  h->blocks_bytes = (space_bytes / MS_BLOCK + 2) * sizeof *h->blocks;
  h->blocks = space_table_create(h->blocks_bytes);
  pthread_mutex_init(&h->lock, NULL);
  if (!h->marks || !h->blocks) {
    gc_heap_destroy(h);
    return NULL;
  }
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  space_table_destroy(h->marks, h->marks_bytes);
  space_table_destroy(h->blocks, h->blocks_bytes);
  object_stack_free(&h->large);
  object_stack_free(&h->finalizable);
  object_stack_free(&h->weak);
  object_stack_free(&h->mark_stack);
  finalizers_destroy();
  memset(object_globals, 0, sizeof object_globals);
  pthread_mutex_destroy(&h->lock);
  space_destroy();
  free(h);
}

gc_mutator *gc_thread_attach(gc_heap *h) {
  gc_mutator *m = world_mutator_create(h, sizeof *m);
  if (m)
    world_join(m);
  return m;
}

/* Other mutators go on where this one left its blocks. */
void gc_thread_detach(gc_mutator *m) {
  gc_heap *h = m->base.heap;
  pthread_mutex_lock(&h->lock);
  for (unsigned c = 0; c < SIZE_CLASSES; c++) {
    uint64_t taken = (uint64_t)(m->runs[c].cursor - m->blocks[c]);
    if (!m->blocks[c] || taken >= ms_cells_bytes(c))
      continue;
    uint32_t number = ms_number(m->blocks[c]);
    h->blocks[number].state = MS_LISTED;
    h->blocks[number].taken = gc_mutant(block_reused_from_start)
                                  ? 0
                                  : (uint16_t)(taken / SPACE_GRANULE);
    ms_list_push(h, &h->listed[c], number);
  }
  pthread_mutex_unlock(&h->lock);
  memset(m->blocks, 0, sizeof m->blocks);
  world_leave(m);
  world_mutator_destroy(m);
}

void gc_blocking_enter(gc_mutator *m) {
  if (gc_mutant(blocked_forgotten))
    world_leave(m);
  else
    world_blocking_enter();
}

void gc_blocking_leave(gc_mutator *m) {
  if (gc_mutant(blocked_forgotten))
    world_join(m);
  else
    world_blocking_leave();
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  pthread_mutex_lock(&h->lock);
  /* Of the tables, the parts that describe memory in use. */
  uint64_t side =
      (uint64_t)h->blocks_end * (MS_BLOCK_GRANULES / 8 + sizeof *h->blocks);
  side += object_stack_bytes(&h->large) + object_stack_bytes(&h->weak) +
          object_stack_bytes(&h->finalizable) +
          object_stack_bytes(&h->mark_stack) + finalizers_bytes();
  pthread_mutex_unlock(&h->lock);
  side += space_metadata();
  return (gc_footprint){space_used() + side, space_used_peak() + side};
}

uint64_t gc_heap_objects(gc_heap *h) {
  return h->live_objects;
}

/* The cell of block `b` from which on no run was handed out since the last
 * collection, so that it is occupied only if it is marked, as an offset. */
static uint64_t ms_frontier(gc_heap *h, uint32_t b) {
  const ms_block *block = &h->blocks[b];
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    if (m->blocks[block->class] == ms_address(b))
      return (uint64_t)(m->runs[block->class].cursor - ms_address(b));
  return block->state == MS_TAKEN ? ms_cells_bytes(block->class)
                                  : block->taken * (uint64_t)SPACE_GRANULE;
}

typedef struct ms_survey {
  gc_usage usage;
  uint64_t stretch; /* of free bytes, up to where the survey is */
} ms_survey;

static void ms_survey_free(ms_survey *s, uint64_t bytes) {
  s->usage.free += bytes;
  s->stretch += bytes;
  if (s->stretch > s->usage.free_largest)
    s->usage.free_largest = s->stretch;
}

static void ms_survey_block(gc_heap *h, ms_survey *s, uint32_t b) {
  uint64_t cell = size_class_bytes(h->blocks[b].class), at = 0;
  uint64_t frontier = ms_frontier(h, b);
  for (; at + cell <= MS_BLOCK; at += cell) {
    if (at >= frontier &&
        !bitmap_test(h->marks, ms_first_granule(b) + at / SPACE_GRANULE)) {
      ms_survey_free(s, cell);
      continue;
    }
    s->usage.objects++;
    s->usage.cells += cell;
    s->stretch = 0;
  }
  ms_survey_free(s, MS_BLOCK - at); /* too short for a cell */
}

/* Free memory is that in blocks: what is left between large objects is the
 * arena's.  A stretch may reach over several blocks. */
gc_usage gc_heap_usage(gc_heap *h) {
  ms_survey s = {.usage.pages = space_used()};
  for (uint32_t b = 1; b < h->blocks_end; b++) {
    if (h->blocks[b].state == MS_EMPTY)
      ms_survey_free(&s, MS_BLOCK);
    else if (h->blocks[b].state == MS_NONE)
      s.stretch = 0;
    else
      ms_survey_block(h, &s, b);
  }
  s.usage.objects += h->large.size;
  for (size_t i = 0; i < h->large.size; i++)
    s.usage.cells += space_cell(h->large.items[i]);
  return s.usage;
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->collections},
                            {"objects-marked", h->marked},
                            {"mark-stack-room", h->mark_stack.room},
                            {"rescans", h->rescans}};
  size_t n = 0;
  for (; n < room && n < sizeof all / sizeof *all; n++)
    out[n] = all[n];
  return n;
}

/* ------------------------------------------------------------------------- *
 * Checking.
 * ------------------------------------------------------------------------- */

/* Whether `p` is where an object may start. */
static bool ms_is_cell(gc_heap *h, const gc_object *p) {
  uint64_t offset = (uint64_t)((const char *)p - space_base);
  if (offset >= space_bytes || offset % SPACE_GRANULE)
    return false;
  const ms_block *block = &h->blocks[ms_number(p)];
  if (block->state == MS_NONE) {
    for (size_t i = 0; i < h->large.size; i++)
      if (h->large.items[i] == p)
        return true;
    return false;
  }
  uint64_t inside = (uintptr_t)p % MS_BLOCK;
  return block->state != MS_EMPTY &&
         inside % size_class_bytes(block->class) == 0 &&
         inside < ms_cells_bytes(block->class);
}

static const char *ms_check_lists(gc_heap *h) {
  uint32_t listed = 0; /* less those that say so themselves */
  for (unsigned c = 0; c < SIZE_CLASSES; c++)
    for (uint32_t b = h->listed[c]; b; b = h->blocks[b].next, listed++)
      if (h->blocks[b].state != MS_LISTED || h->blocks[b].class != c ||
          listed > h->blocks_end)
        return "a block is on a list it does not belong to";
  for (uint32_t b = h->empty; b; b = h->blocks[b].next, listed++)
    if (h->blocks[b].state != MS_EMPTY || ms_count_marks(h, b) ||
        listed > h->blocks_end)
      return "a block on the empty list is not empty";
  for (uint32_t b = 1; b < h->blocks_end; b++) {
    if (h->blocks[b].rescan)
      return "a block waits for a rescan between collections";
    listed -= h->blocks[b].state == MS_LISTED || h->blocks[b].state == MS_EMPTY;
    if (h->blocks[b].state == MS_NONE || h->blocks[b].state == MS_EMPTY)
      continue;
    size_t at = ms_first_granule(b), end = at + MS_BLOCK_GRANULES;
    for (; (at = bitmap_next(h->marks, at, end)) < end; at++)
      if (!ms_is_cell(h, space_address((uint32_t)at)))
        return "a mark bit is not at the start of a cell";
  }
  if (listed)
    return "a listed or empty block is on no list, or on two";
  return NULL;
}

/* Right after a collection the bits are the objects, and the lists hold what is
 * alive; later, also what has died since, which is still intact. */
static const char *ms_check_objects(gc_heap *h) {
  size_t end = h->blocks_end ? ms_first_granule(h->blocks_end) : 0;
  for (size_t i = 0; i < h->large.size; i++)
    if (space_granule(h->large.items[i]) + 2 > end)
      end = space_granule(h->large.items[i]) + 2; /* and the granule after */
  uint64_t bits = 0;
  for (size_t at = 0; (at = bitmap_next(h->marks, at, end)) < end; at++)
    bits++;
  if (bits != h->live_objects && h->untouched)
    return "there are more or fewer mark bits than objects";
  const struct {
    const object_stack *list;
    uint32_t flag;
  } lists[] = {{&h->finalizable, OBJECT_FINALIZABLE},
               {&h->weak, OBJECT_WEAK_REFERENCE}};
  for (unsigned l = 0; l < 2; l++) {
    for (size_t i = 0; i < lists[l].list->size; i++) {
      gc_object *o = lists[l].list->items[i];
      if (!ms_is_cell(h, o) || !(o->meta & lists[l].flag))
        return "a finalizable object or weak reference lacks its flag";
      if (h->untouched && !ms_marked(h, o))
        return "a dead object is listed after a collection";
    }
  }
  return NULL;
}

/* Whether somebody before (m, c) has the same block in hand. */
static bool ms_shares_block(gc_mutator *m, unsigned c) {
  for (gc_mutator *n = world_mutators(); n; n = n->base.next)
    for (unsigned d = 0; d < SIZE_CLASSES; d++) {
      if (n == m && d == c)
        return false;
      if (n->blocks[d] == m->blocks[c])
        return true;
    }
  return false;
}

const char *gc_heap_check(gc_heap *h) {
  const char *why = ms_check_lists(h);
  if (!why)
    why = ms_check_objects(h);
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next) {
    for (unsigned c = 0; c < SIZE_CLASSES && !why; c++) {
      const ms_run *run = &m->runs[c];
      if (!m->blocks[c])
        continue;
      if (ms_shares_block(m, c) ||
          h->blocks[ms_number(m->blocks[c])].state != MS_TAKEN)
        why = "a block in hand is not its mutator's alone";
      if (ms_number(run->cursor) != ms_number(m->blocks[c]) &&
          run->cursor != run->limit)
        why = "a run is outside its block";
      else if (bitmap_next(h->marks, space_granule(run->cursor),
                           space_granule(run->limit)) !=
               space_granule(run->limit))
        why = "a run contains a marked cell";
    }
  }
  /* Everything reachable must lie in cells, be marked or made since. */
  object_stack reached = {.reliable = true};
  size_t bytes = h->marks_bytes;
  uint64_t *seen = space_table_create(bytes);
  if (!seen)
    return "no memory to check in";
#define REACH(o)                                                               \
  if ((o) && bitmap_set(seen, space_granule(o)))                               \
  object_push_or_die(&reached, (o))
  for (unsigned g = 0; g < GC_GLOBALS; g++)
    REACH(object_globals[g]);
  for (size_t i = 0; i < finalizers_count(); i++)
    REACH(finalizers_first()[i]);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    for (unsigned t = 0; t < GC_TLS; t++)
      REACH(m->base.tls[t]);
    for (gc_reg r = 0; r < m->base.top; r++)
      REACH(m->reg[r]);
  }
  while (reached.size && !why) {
    gc_object *o = object_pop(&reached);
    if (!ms_is_cell(h, o))
      why = "a reference does not refer to a cell";
    else if (h->untouched && !ms_marked(h, o))
      why = "a reachable object is not marked after a collection";
    else
      for (uint32_t s = 0; s < object_slots(o); s++)
        REACH(o->slots[s]);
  }
#undef REACH
  object_stack_free(&reached);
  space_table_destroy(seen, bytes);
  return why;
}
