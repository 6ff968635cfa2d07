/* cells.c: see cells.h: blocks of cells of one size, allocation from their free
 * spans, and what becomes of them in collections. */
#include "common/cells.h"
#include "common/bookkeeping.h"
#include "common/hostile/mutants.h"
#include "common/hostile/poison.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "common/survey.h"
#include <pthread.h>

typedef enum cells_state {
  CELLS_NONE,     /* not divided into cells; must be 0 */
  CELLS_LISTED,   /* has free cells that no mutator took */
  CELLS_TAKEN,    /* a mutator's, or filled by one since the last collection */
  CELLS_FULL,     /* had no free cells at the last collection */
  CELLS_UNSORTED, /* was marked but is not sorted; no mutator may take it */
} cells_state;

typedef struct cells_block {
  uint8_t state;
  uint8_t class;
  bool flagged;   /* holds marked objects that may not have been scanned */
  bool touched;   /* since the last collection a mutator took it, or something
                     old died in it */
  uint16_t taken; /* granules from its start that were handed out already */
  uint16_t free;  /* granules to be counted as handed out when it is taken */
  uint16_t live;  /* objects after the last collection */
  uint32_t next;  /* in its list, 0 at the end, */
  uint32_t last;  /* and the one before, 0 at the beginning */
  uint32_t next_touched; /* in the list of touched blocks, 0 at the end */
} cells_block;

cells_figures cells;
cells_counts cells_counted;
uint64_t *cells_marks;
static unsigned cells_bitmaps; /* how many bitmaps there are */

static cells_block *cells_blocks; /* by block number */
static bool cells_poisons;        /* free memory is poisoned (poison.h) */
/* Free spans have one cell, so that every allocation takes the slow path. */
static bool cells_each;
/* By size class: a word of a bitmap with a bit where a cell begins, if one
 * begins at bit 0. */
static uint64_t cells_starts[SIZE_CLASSES];

/* Guards the lists, the blocks, the large objects and the figures while
 * mutators run. */
static pthread_mutex_t cells_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t cells_listed[SIZE_CLASSES]; /* lists of blocks, by class */
static uint32_t cells_touched; /* the list of touched blocks, newest first */

static uint32_t cells_unsorted; /* blocks below this are not sorted; 0: none */
static size_t cells_unswept;    /* large objects below this are not swept yet */
static uint64_t *cells_more;    /* bits to be added until then, or NULL */
static size_t cells_large_kept; /* large objects after the last collection */

/* Of these, what is needed to find one in the list.  The table has an entry for
 * every SIZE_CLASS_MOST bytes, in which no two large objects begin, and exists
 * only if some old large object ever died (cells_died). */
typedef struct cells_large {
  uint32_t place;     /* in the list of large objects */
  uint32_t next_died; /* the entry of the next one that died, 0 at the end */
} cells_large;
static cells_large *cells_larges;
static uint32_t cells_large_died; /* the entry of the first one that died */

/* What markers have flagged. */
static struct {
  pthread_mutex_t lock; /* for all of it, and for the flags of blocks */
  uint32_t blocks;      /* how many blocks */
  uint32_t at;          /* the search for the next one goes on here */
  bool large;           /* the large objects */
  _Atomic bool any;     /* there is something */
} cells_unscanned = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Bytes of a block that are cells. */
static uint64_t cells_bytes(unsigned c) {
  size_t cell = size_class_bytes(c);
  return BLOCK_BYTES / cell * cell;
}

static size_t cells_marks_bytes(void) {
  return space_bytes / SPACE_GRANULE / 8 + 8;
}

static size_t cells_larges_bytes(void) {
  return (space_bytes / SIZE_CLASS_MOST + 1) * sizeof *cells_larges;
}

uint64_t *cells_bitmap(void) {
  uint64_t *marks = space_table_create(cells_marks_bytes());
  cells_bitmaps += marks != NULL;
  return marks;
}

void cells_bitmap_destroy(uint64_t *marks) {
  cells_bitmaps -= marks != NULL;
  space_table_destroy(marks, cells_marks_bytes());
}

bool cells_create(uint64_t limit) {
  if (!space_create(limit))
    return false;
  memset(&cells, 0, sizeof cells);
  cells_counted = (cells_counts){0};
  cells_unscanned.blocks = cells_unscanned.at = 0;
  cells_unscanned.large = false;
  cells_unscanned.any = false;
  memset(cells_listed, 0, sizeof cells_listed);
  cells_touched = 0;
  cells_large_kept = cells_unsorted = 0;
  cells_unswept = 0;
  cells_more = NULL;
  cells_large_died = 0;
  cells_poisons = poison_active();
  cells_each = hostile_each() || cells_poisons;
  for (unsigned c = 0; c < SIZE_CLASSES; c++) {
    cells_starts[c] = 0;
    for (size_t at = 0; at < 64; at += size_class_bytes(c) / SPACE_GRANULE)
      cells_starts[c] |= (uint64_t)1 << at;
  }
  cells_marks = cells_bitmap();
  cells_blocks = blocks_table(sizeof *cells_blocks);
  if (blocks_create() && cells_marks && cells_blocks)
    return true;
  cells_destroy();
  return false;
}

void cells_destroy(void) {
  cells_bitmap_destroy(cells_marks);
  blocks_table_destroy(cells_blocks, sizeof *cells_blocks);
  space_table_destroy(cells_larges, cells_larges_bytes());
  cells_larges = NULL;
  blocks_destroy();
  large_destroy();
  space_destroy();
}

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

/* Adds a block to the list of its class. */
static void cells_list(uint32_t number) {
  uint32_t *list = &cells_listed[cells_blocks[number].class];
  cells_blocks[number].state = CELLS_LISTED;
  cells_blocks[number].next = *list;
  cells_blocks[number].last = 0;
  if (*list)
    cells_blocks[*list].last = number;
  *list = number;
}

/* Takes a block off the list of its class. */
static void cells_unlist(uint32_t number) {
  const cells_block *block = &cells_blocks[number];
  if (block->last)
    cells_blocks[block->last].next = block->next;
  else
    cells_listed[block->class] = block->next;
  if (block->next)
    cells_blocks[block->next].last = block->last;
}

/* Adds a block to the list of touched ones, unless it is there. */
static void cells_touch(uint32_t number) {
  cells_block *block = &cells_blocks[number];
  if (block->touched)
    return;
  block->touched = true;
  block->next_touched = cells_touched;
  cells_touched = number;
}

/* Returns the first free cell of class `c` from granule `at`, the start of a
 * cell, on; `end` or more if there is none.  Looks at a word of marks at a
 * time, because the number of survivors in a row is a branch that processors
 * cannot predict. */
static size_t cells_next_free(unsigned c, size_t at, size_t end) {
  while (at < end) {
    uint64_t starts = cells_starts[c] << at % 64;
    uint64_t free = starts & ~cells_marks[at / 64];
    if (free)
      return at / 64 * 64 + (unsigned)__builtin_ctzll(free);
    at += (unsigned)__builtin_popcountll(starts) *
          (size_class_bytes(c) / SPACE_GRANULE);
  }
  return end;
}

/* Goes on to the next free span in the buffer's block of class `c`.  Returns
 * false if there is none. */
static bool cells_next_span(cells_buffer *buffer, unsigned c,
                            const cells_policy *policy) {
  cells_span *span = &buffer->spans[c];
  size_t cell = size_class_bytes(c) / SPACE_GRANULE;
  size_t end =
      space_granule(buffer->blocks[c]) + cells_bytes(c) / SPACE_GRANULE;
  /* The last span ended at a marked cell, or at the end of the block. */
  size_t at = cells_next_free(c, space_granule(span->limit), end);
  if (at >= end)
    return false;
  span->cursor = space_address((uint32_t)at);
  if (gc_unlikely(cells_each))
    end = at + cell;
  at = bitmap_next(cells_marks, at, end);
  if (gc_mutant(run_too_long) && at < end)
    at += cell;
  span->limit = space_address((uint32_t)at);
  if (gc_unlikely(cells_poisons))
    poison_take(span->cursor, (size_t)(span->limit - span->cursor));
  if (policy->handed_out)
    policy->handed_out(span->cursor, span->limit, size_class_bytes(c));
  return true;
}

static bool cells_sort_some(uint32_t most);

enum {
  /* Blocks, or large objects, that a mutator sorts before it looks again
   * whether that gave it memory, */
  CELLS_HELP = 32,
  /* and how often it does so before it takes an empty block instead: otherwise
   * it might sort the whole heap for one block. */
  CELLS_TRIES = 8,
};

/* Takes a block with free cells of class `c`; 0 if a collection is due or there
 * is no memory.  Blocks that are not sorted yet are sorted if need be.  `may`
 * is that of the policy, or NULL: do not ask.  With the lock. */
static uint32_t cells_take(unsigned c, bool (*may)(bool, uint64_t)) {
  for (unsigned n = 0; n < CELLS_TRIES && !cells_listed[c]; n++)
    if (cells_sort_some(CELLS_HELP))
      break;
  uint32_t number = cells_listed[c];
  if (number) {
    uint64_t bytes = cells_blocks[number].free * (uint64_t)SPACE_GRANULE;
    if (may && !may(false, bytes))
      return 0;
    cells_unlist(number);
    cells.holes += gc_mutant(holes_uncounted) ? 0 : bytes;
    cells_counted.reused += cells_blocks[number].live > 0;
  } else {
    if (may && !may(true, BLOCK_BYTES))
      return 0;
    number = blocks_take();
    if (!number)
      return cells_unsorted > 1 ? cells_take(c, may) : 0;
    cells_blocks[number] = (cells_block){.class = (uint8_t)c};
    cells.fresh += BLOCK_BYTES;
  }
  cells_blocks[number].state = CELLS_TAKEN;
  cells_touch(number);
  return number;
}

/* A block of class `c`, or if that is CELLS_LARGE a large object of `bytes`;
 * NULL if a collection is due or there is no memory. */
static void *cells_get(unsigned c, size_t bytes, bool (*may)(bool, uint64_t)) {
  void *p = NULL;
  pthread_mutex_lock(&cells_lock);
  if (c != CELLS_LARGE) {
    uint32_t number = cells_take(c, may);
    p = number ? block_address(number) : NULL;
  } else if (!may || may(true, bytes)) {
    p = large_new(bytes);
    while (!p && cells_unswept) {
      cells_sort_some(CELLS_HELP);
      p = large_new(bytes);
    }
    if (p)
      cells.large += space_cell(p);
    if (p && gc_mutant(large_born_old))
      bitmap_set(cells_marks, space_granule(p));
  }
  if (p)
    cells.untouched = false;
  pthread_mutex_unlock(&cells_lock);
  return p;
}

/* The same for external memory, which is touched without the lock. */
static void *cells_get_external(size_t bytes, bool (*may)(bool, uint64_t)) {
  for (bool unswept = true; unswept;) {
    pthread_mutex_lock(&cells_lock);
    bool refused = may && !may(true, bytes);
    pthread_mutex_unlock(&cells_lock);
    void *p = refused ? NULL : space_external_take(0, bytes);
    if (p || refused)
      return p;
    pthread_mutex_lock(&cells_lock);
    unswept = cells_unswept > 0;
    if (unswept)
      cells_sort_some(CELLS_HELP);
    pthread_mutex_unlock(&cells_lock);
  }
  return NULL;
}

/* What cells_get is asked for in one allocation. */
typedef struct cells_request {
  unsigned c;
  size_t bytes;
  const cells_policy *policy;
} cells_request;

static void *cells_answer(const cells_request *r, bool (*may)(bool, uint64_t)) {
  return r->c == CELLS_EXTERNAL ? cells_get_external(r->bytes, may)
                                : cells_get(r->c, r->bytes, may);
}

static void *cells_try(gc_mutator *m, void *request) {
  (void)m;
  const cells_request *r = request;
  return cells_answer(r, r->policy->may);
}

static void *cells_collect(gc_mutator *m, void *request) {
  const cells_request *r = request;
  const cells_policy *policy = r->policy;
  void *p = NULL;
  external.due += r->c == CELLS_EXTERNAL;
  unsigned attempts =
      policy->attempts - (policy->attempts > 2 && gc_mutant(one_attempt_less));
  for (unsigned n = 1; !p && n <= attempts; n++) {
    policy->collect(m, n > 1);
    p = cells_answer(r, n < attempts ? policy->may : NULL);
  }
  if (!p) {
    pthread_mutex_lock(&cells_lock);
    if (!gc_mutant(empty_blocks_kept))
      blocks_release();
    pthread_mutex_unlock(&cells_lock);
    p = cells_answer(r, NULL);
  }
  return p;
}

gc_object *cells_obtain(gc_mutator *m, cells_buffer *buffer, unsigned c,
                        size_t bytes, const cells_policy *policy) {
  if (hostile_allocation())
    (policy->hostile ? policy->hostile : gc_collect)(m);
  cells_request request = {c, bytes, policy};
  if (c >= CELLS_LARGE)
    return pause_obtain(m, &request, cells_try, cells_collect);
  cells_span *span = &buffer->spans[c];
  while (!buffer->blocks[c] || !cells_next_span(buffer, c, policy)) {
    char *block = pause_obtain(m, &request, cells_try, cells_collect);
    buffer->blocks[c] = block;
    if (!block) {
      span->cursor = span->limit = NULL;
      return NULL;
    }
    span->cursor = span->limit =
        block + cells_blocks[block_number(block)].taken * SPACE_GRANULE;
  }
  gc_object *o = (gc_object *)span->cursor;
  span->cursor += size_class_bytes(c);
  return o;
}

void cells_buffer_return(cells_buffer *buffer) {
  pthread_mutex_lock(&cells_lock);
  for (unsigned c = 0; c < SIZE_CLASSES; c++) {
    uint64_t taken = (uint64_t)(buffer->spans[c].cursor - buffer->blocks[c]);
    if (!buffer->blocks[c] || taken >= cells_bytes(c))
      continue;
    uint32_t number = block_number(buffer->blocks[c]);
    cells_blocks[number].taken = gc_mutant(block_reused_from_start)
                                     ? 0
                                     : (uint16_t)(taken / SPACE_GRANULE);
    cells_blocks[number].free = 0; /* was counted when the block was taken */
    cells_counted.returned++;
    if (!gc_mutant(returned_unlisted))
      cells_list(number);
  }
  pthread_mutex_unlock(&cells_lock);
  cells_buffer_reset(buffer);
}

/* ------------------------------------------------------------------------- *
 * Collections.
 * ------------------------------------------------------------------------- */

void cells_buffer_reset(cells_buffer *buffer) {
  memset(buffer, 0, sizeof *buffer);
}

void cells_clear_marks(uint64_t *marks) {
  /* All bits up to the highest block at once, including those of large objects
   * between blocks. */
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t i = 0; i < large_objects.size; i++) {
    size_t granule = space_granule(large_objects.items[i]);
    if (granule >= end)
      bitmap_clear(marks, granule);
  }
  if (!gc_mutant(marks_stale))
    memset(marks, 0, end / 8);
}

/* Whether something is flagged can be asked without the lock. */
static void cells_note_flagged(void) {
  atomic_store_explicit(&cells_unscanned.any,
                        cells_unscanned.blocks || cells_unscanned.large,
                        memory_order_relaxed);
}

void cells_flag(const gc_object *o) {
  cells_block *block = &cells_blocks[block_number(o)];
  pthread_mutex_lock(&cells_unscanned.lock);
  if (block->state == CELLS_NONE) {
    cells_unscanned.large = true;
  } else if (!block->flagged) {
    block->flagged = true;
    cells_unscanned.blocks++;
  }
  cells_note_flagged();
  pthread_mutex_unlock(&cells_unscanned.lock);
}

bool cells_any_flagged(void) {
  return atomic_load_explicit(&cells_unscanned.any, memory_order_relaxed);
}

/* Takes the flag off the next flagged block and returns its number; 0 if there
 * is none: then takes the flag off the large objects, and *large tells whether
 * they had it. */
static uint32_t cells_unflag(bool *large) {
  uint32_t number = 0;
  pthread_mutex_lock(&cells_unscanned.lock);
  *large = !cells_unscanned.blocks && cells_unscanned.large;
  if (cells_unscanned.blocks) {
    while (!cells_blocks[cells_unscanned.at].flagged)
      cells_unscanned.at = (cells_unscanned.at + 1) % blocks_end;
    number = cells_unscanned.at;
    cells_blocks[number].flagged = false;
    cells_unscanned.blocks--;
  } else {
    cells_unscanned.large = false;
  }
  cells_note_flagged();
  pthread_mutex_unlock(&cells_unscanned.lock);
  return number;
}

/* Calls `scan` for each marked object of a block, or for each large one.  Other
 * markers may be setting bits; they flag the block again if they have to. */
static void cells_scan_block(uint32_t number, const uint64_t *marks,
                             void (*scan)(void *data, gc_object *o),
                             void *data) {
  size_t at = block_granule(number), end = at + BLOCK_GRANULES;
  for (; at < end; at += 64) {
    uint64_t word = __atomic_load_n(&marks[at / 64], __ATOMIC_RELAXED);
    if (gc_mutant(first_cell_not_rescanned) && at == block_granule(number))
      word &= ~(uint64_t)1;
    for (; word; word &= word - 1)
      scan(data, space_address((uint32_t)at + (uint32_t)__builtin_ctzll(word)));
  }
}

static void cells_scan_large(const uint64_t *marks,
                             void (*scan)(void *data, gc_object *o),
                             void *data) {
  for (size_t i = 0; i < large_objects.size; i++)
    if (bitmap_test_shared(marks, space_granule(large_objects.items[i])))
      scan(data, large_objects.items[i]);
}

/* What seeded bugs do to flags after a block or the large objects were scanned.
 */
static void cells_lose_flags(uint32_t number, bool large) {
  pthread_mutex_lock(&cells_unscanned.lock);
  if (gc_mutant(block_unflagged_late) && cells_blocks[number].flagged) {
    cells_blocks[number].flagged = false;
    cells_unscanned.blocks--;
  }
  if (gc_mutant(one_block_rescanned) && number)
    cells_unscanned.blocks = 0;
  if (gc_mutant(large_unflagged_late) && large)
    cells_unscanned.large = false;
  cells_note_flagged();
  pthread_mutex_unlock(&cells_unscanned.lock);
}

bool cells_flagged(const uint64_t *marks,
                   void (*scan)(void *data, gc_object *o), void *data) {
  bool large;
  uint32_t number = cells_unflag(&large);
  if (number)
    cells_scan_block(number, marks, scan, data);
  else if (large && !gc_mutant(large_rescan_forgotten))
    cells_scan_large(marks, scan, data);
  if (gc_mutant(block_unflagged_late) || gc_mutant(large_unflagged_late) ||
      gc_mutant(one_block_rescanned))
    cells_lose_flags(number, large);
  return number || (large && !gc_mutant(large_rescan_forgotten));
}

void cells_flagged_look(const uint64_t *marks,
                        void (*look)(void *data, gc_object *o), void *data) {
  for (uint32_t b = 1; b < blocks_end && cells_unscanned.blocks; b++)
    if (cells_blocks[b].flagged)
      cells_scan_block(b, marks, look, data);
  if (cells_unscanned.large)
    cells_scan_large(marks, look, data);
}

/* Whether there is a bit at a granule, or will be when all is sorted. */
static bool cells_has_bit(size_t at) {
  return bitmap_test(cells_marks, at) ||
         (cells_more && bitmap_test(cells_more, at));
}

/* Adds the bits of a block that are to be added. */
static void cells_add_bits(uint32_t number) {
  size_t at = block_granule(number), end = at + BLOCK_GRANULES;
  for (size_t w = at / 64; w < end / 64; w++)
    cells_marks[w] |= cells_more[w];
}

/* The number of bits in a block. */
static unsigned cells_count(uint32_t number) {
  size_t at = block_granule(number), end = at + BLOCK_GRANULES;
  unsigned n = 0;
  for (size_t w = at / 64; w < end / 64; w++)
    n += (unsigned)__builtin_popcountll(cells_marks[w]);
  return n;
}

/* Poisons the free cells of a block. */
static void cells_poison_free(uint32_t number) {
  unsigned c = cells_blocks[number].class;
  char *cell = block_address(number), *end = cell + cells_bytes(c);
  for (; cell < end; cell += size_class_bytes(c))
    if (!bitmap_test(cells_marks, space_granule(cell)))
      poison_free(cell, size_class_bytes(c));
}

static bool cells_large_alive(gc_object *o) {
  if (cells_more && bitmap_test(cells_more, space_granule(o))) {
    bitmap_set(cells_marks, space_granule(o));
    bitmap_clear(cells_more, space_granule(o));
  }
  if (gc_mutant(stray_mark_bit) && cells_marked(o))
    bitmap_set(cells_marks, space_granule(o) + 1);
  return cells_marked(o);
}

/* Counts what is left in a block and lists it accordingly. */
static void cells_sort_block(uint32_t b) {
  cells_block *block = &cells_blocks[b];
  size_t cell = size_class_bytes(block->class);
  if (cells_more && !gc_mutant(others_not_added))
    cells_add_bits(b);
  unsigned live = cells_count(b);
  cells_counted.sorted++;
  uint64_t bytes = live * cell, all = cells_bytes(block->class);
  cells.live_objects += live - (uint64_t)block->live;
  cells.live_bytes += bytes - block->live * cell * !gc_mutant(live_bytes_kept);
  block->live = (uint16_t)live;
  block->touched = false;
  if (!gc_mutant(taken_for_good))
    block->taken = 0;
  block->free = (uint16_t)((all - bytes) / SPACE_GRANULE);
  if (live == 0) {
    cells_counted.emptied++;
    block->state = CELLS_NONE;
    blocks_give(b);
    return;
  }
  if (cells_poisons)
    cells_poison_free(b);
  if (bytes < all) {
    cells_list(b);
  } else {
    cells.live_objects -= gc_mutant(live_misreported);
    block->state = CELLS_FULL;
  }
}

/* The entry of cells_larges for a large object. */
static uint32_t cells_large_of(const gc_object *o) {
  return (uint32_t)((uint64_t)((const char *)o - space_base) / SIZE_CLASS_MOST);
}

/* Notes the places in the list of large objects from number `first` on. */
static void cells_note_places(size_t first) {
  for (size_t i = first; i < large_objects.size; i++)
    cells_larges[cells_large_of(large_objects.items[i])].place = (uint32_t)i;
}

/* Frees dead large objects from number `first` of the list on. */
static void cells_sort_large(size_t first) {
  large_left left = large_sweep_from(first, cells_large_alive);
  cells.live_objects += left.objects;
  cells.live_bytes += left.bytes;
  cells_large_kept = large_objects.size;
  if (cells_larges)
    cells_note_places(first);
}

/* Puts the old large objects that died behind the other old ones in the list,
 * where cells_sort_large finds them among the new ones.  Some may have been
 * marked again, for their finalizers. */
static void cells_part_large(void) {
  for (; cells_large_died;
       cells_large_died = cells_larges[cells_large_died].next_died) {
    uint32_t place = cells_larges[cells_large_died].place;
    gc_object **items = large_objects.items, *dead = items[place];
    if (cells_marked(dead))
      continue;
    gc_object *other = items[--cells_large_kept];
    items[cells_large_kept] = dead;
    items[place] = other;
    cells_larges[cells_large_of(other)].place = place;
    cells.live_objects--;
    cells.live_bytes -= space_cell(dead);
  }
}

/* ------------------------------------------------------------------------- *
 * What collections left, for gc_heap_tally.  Both are atomic: a sampler may
 * read them while blocks are sorted.
 * ------------------------------------------------------------------------- */

static uint64_t cells_sorts; /* begun */
static uint64_t cells_left;  /* by the latest one; GC_UNKNOWN: not done yet */

static void cells_tally_begin(void) {
  __atomic_store_n(&cells_left, GC_UNKNOWN, __ATOMIC_RELAXED);
  __atomic_store_n(&cells_sorts, cells_sorts + 1, __ATOMIC_RELEASE);
}

static void cells_tally_end(void) {
  __atomic_store_n(&cells_left, cells.live_objects, __ATOMIC_RELEASE);
}

gc_tally cells_tally(void) {
  gc_tally t = {0};
  do {
    t.collections = __atomic_load_n(&cells_sorts, __ATOMIC_ACQUIRE);
    t.left = __atomic_load_n(&cells_left, __ATOMIC_ACQUIRE);
  } while (t.collections != __atomic_load_n(&cells_sorts, __ATOMIC_RELAXED));
  return t;
}

/* ------------------------------------------------------------------------- *
 * Sorting.
 * ------------------------------------------------------------------------- */

void cells_sort_begin(uint64_t *more) {
  cells_tally_begin();
  cells_more = more;
  cells = (cells_figures){.untouched = false};
  external_collected();
  cells_unswept = cells_large_kept = large_objects.size;
  cells_large_died = 0;
  memset(cells_listed, 0, sizeof cells_listed);
  for (uint32_t b = 1; b < blocks_end; b++) {
    cells_blocks[b].live = 0;
    if (!gc_mutant(taken_for_good))
      cells_blocks[b].taken = 0;
    if (cells_blocks[b].state != CELLS_NONE)
      cells_blocks[b].state = CELLS_UNSORTED;
  }
  cells_touched = 0;
  cells_unsorted = blocks_end;
}

/* Sweeps and sorts at most so many large objects and blocks, and returns
 * whether none is left.  From the highest block down, so that the lists end up
 * in address order.  With the lock. */
static bool cells_sort_some(uint32_t most) {
  if (gc_mutant(left_told_early) && cells_left == GC_UNKNOWN)
    cells_tally_end();
  large_left left = {0, 0};
  for (; cells_unswept > 0 && most > 0; most--) {
    size_t before = large_objects.size;
    large_sweep_one(--cells_unswept, &cells_large_kept, cells_large_alive,
                    &left);
    if (gc_mutant(after_freed_unswept) && large_objects.size < before)
      cells_unswept -= cells_unswept > 0;
  }
  if (left.objects) { /* else the figures may be complete, and be read */
    cells.live_objects += left.objects;
    cells.live_bytes += left.bytes;
  }
  for (; cells_unsorted > 1 && most > 0; most--)
    if (cells_blocks[--cells_unsorted].state == CELLS_UNSORTED)
      cells_sort_block(cells_unsorted);
  if (cells_unswept || cells_unsorted > 1)
    return false;
  if (cells_more)
    cells_more = NULL;
  if (cells_left == GC_UNKNOWN)
    cells_tally_end();
  return true;
}

bool cells_sort_more(uint32_t most) {
  pthread_mutex_lock(&cells_lock);
  bool done = cells_sort_some(most);
  pthread_mutex_unlock(&cells_lock);
  return done;
}

/* An object that is newer than the last collection will be looked at in any
 * case. */
static void cells_large_dies(const gc_object *o) {
  if (!cells_larges) {
    cells_larges = space_table_create(cells_larges_bytes());
    if (!cells_larges)
      gc_out_of_memory(NULL, (gc_shape){0, 0});
    cells_note_places(0);
  }
  uint32_t entry = cells_large_of(o), place = cells_larges[entry].place;
  if (place >= cells_large_kept || large_objects.items[place] != o)
    return;
  cells_larges[entry].next_died = cells_large_died;
  cells_large_died = entry;
}

void cells_died(const gc_object *o) {
  uint32_t number = block_number(o);
  if (gc_likely(cells_blocks[number].touched))
    return;
  if (cells_blocks[number].state == CELLS_NONE)
    cells_large_dies(o);
  else
    cells_touch(number);
}

/* Sorts after a collection that kept the marks. */
static void cells_sort_touched(void) {
  cells_tally_begin();
  cells = (cells_figures){.live_objects = cells.live_objects,
                          .live_bytes = cells.live_bytes,
                          .untouched = true};
  external_collected();
  cells_part_large();
  cells_sort_large(cells_large_kept);
  /* The newest first, so that blocks are taken in the same order again.  On a
   * list are those that mutators returned, and those with free cells that
   * nobody took. */
  for (uint32_t b = cells_touched; b; b = cells_blocks[b].next_touched) {
    if (cells_blocks[b].state == CELLS_LISTED)
      cells_unlist(b);
    cells_sort_block(b);
  }
  cells_tally_end();
}

void cells_sort(bool all) {
  if (all) {
    cells_sort_begin(NULL);
    cells_unswept = 0;
    cells_sort_large(0);
    cells_sort_more(UINT32_MAX);
    cells.untouched = true;
  } else {
    cells_sort_touched();
  }
  cells_touched = 0;
}

/* What cannot be given back is not wanted less: free cells among survivors. */
void cells_give_back(void) {
  if (!pacing_gives_back())
    return;
  pthread_mutex_lock(&cells_lock);
  uint64_t pages = space_pages();
  uint64_t held =
      blocks_bytes() - blocks_spare * (uint64_t)BLOCK_BYTES + large_cells();
  uint64_t lost = held > cells.live_bytes ? held - cells.live_bytes : 0;
  uint64_t surplus = pacing_surplus(pages, pacing_goal_inside() + lost);
  if (surplus)
    blocks_shrink(pages - surplus, 0);
  pthread_mutex_unlock(&cells_lock);
}

/* ------------------------------------------------------------------------- *
 * Figures.
 * ------------------------------------------------------------------------- */

gc_footprint cells_footprint(uint64_t side) {
  pthread_mutex_lock(&cells_lock);
  /* Of the tables, only the parts that describe blocks in use. */
  size_t larges = cells_larges ? BLOCK_BYTES / SIZE_CLASS_MOST : 0;
  side +=
      blocks_side_bytes(cells_bitmaps * BLOCK_GRANULES / 8 +
                        sizeof *cells_blocks + larges * sizeof *cells_larges) +
      large_list_bytes();
  pthread_mutex_unlock(&cells_lock);
  return bookkeeping_footprint(side);
}

/* The offset in block `b` from which on nothing was handed out since the last
 * collection: there, a cell is occupied only if it is marked. */
static uint64_t cells_frontier(uint32_t b, cells_buffer_of buffer_of) {
  const cells_block *block = &cells_blocks[b];
  for (gc_mutator *m = world_mutators(); m; m = world_base(m)->next)
    if (buffer_of(m)->blocks[block->class] == block_address(b))
      return (uint64_t)(buffer_of(m)->spans[block->class].cursor -
                        block_address(b));
  return block->state == CELLS_TAKEN ? cells_bytes(block->class)
                                     : block->taken * (uint64_t)SPACE_GRANULE;
}

static void cells_survey_block(survey *s, uint32_t b,
                               cells_buffer_of buffer_of) {
  uint64_t cell = size_class_bytes(cells_blocks[b].class), at = 0;
  uint64_t frontier = cells_frontier(b, buffer_of);
  for (; at + cell <= BLOCK_BYTES; at += cell) {
    if (at >= frontier &&
        !cells_has_bit(block_granule(b) + at / SPACE_GRANULE)) {
      survey_free(s, cell);
      continue;
    }
    survey_object(s, cell);
  }
  survey_free(s, BLOCK_BYTES - at); /* too short for a cell */
}

/* Free memory is what is free in blocks: memory between large objects belongs
 * to the arena.  A free stretch may reach over several blocks. */
gc_usage cells_usage(cells_buffer_of buffer_of) {
  survey s = {.usage.pages = space_pages()};
  pthread_mutex_lock(&cells_lock);
  for (uint32_t b = 1; b < blocks_end; b++) {
    if (cells_blocks[b].state != CELLS_NONE)
      cells_survey_block(&s, b, buffer_of);
    else if (blocks_empty(b))
      survey_free(&s, BLOCK_BYTES);
    else
      survey_gap(&s);
  }
  s.usage.objects += large_objects.size;
  s.usage.cells += large_cells();
  pthread_mutex_unlock(&cells_lock);
  return s.usage;
}

/* ------------------------------------------------------------------------- *
 * Checking.
 * ------------------------------------------------------------------------- */

bool cells_is(const gc_object *p) {
  uint64_t offset = (uint64_t)((const char *)p - space_base);
  if (offset >= space_bytes || offset % SPACE_GRANULE)
    return false;
  const cells_block *block = &cells_blocks[block_number(p)];
  if (block->state == CELLS_NONE)
    return large_is(p);
  uint64_t inside = (uintptr_t)p % BLOCK_BYTES;
  return inside % size_class_bytes(block->class) == 0 &&
         inside < cells_bytes(block->class);
}

bool cells_occupied(cells_buffer_of buffer_of, const gc_object *o) {
  uint32_t number = block_number(o);
  if (cells_has_bit(space_granule(o)) ||
      cells_blocks[number].state == CELLS_NONE)
    return true;
  return (uint64_t)((const char *)o - block_address(number)) <
         cells_frontier(number, buffer_of);
}

static const char *cells_check_lists(void) {
  uint32_t listed = 0; /* on lists, less those whose state says so */
  for (unsigned c = 0; c < SIZE_CLASSES; c++)
    for (uint32_t b = cells_listed[c], last = 0; b;
         last = b, b = cells_blocks[b].next, listed++)
      if (cells_blocks[b].state != CELLS_LISTED || cells_blocks[b].class != c ||
          cells_blocks[b].last != last || listed > blocks_end)
        return "a block is on a list it does not belong to";
  for (uint32_t b = 1; b < blocks_end; b++) {
    const cells_block *block = &cells_blocks[b];
    if (block->state != CELLS_NONE && !blocks_taken(b))
      return "a block with cells is an empty one";
    if (block->state == CELLS_NONE && blocks_empty(b) && cells_count(b))
      return "an empty block has mark bits";
    listed -= block->state == CELLS_LISTED;
    if (block->state == CELLS_NONE)
      continue;
    size_t at = block_granule(b), end = at + BLOCK_GRANULES;
    for (; (at = bitmap_next(cells_marks, at, end)) < end; at++)
      if (!cells_is(space_address((uint32_t)at)))
        return "a mark bit is not at the start of a cell";
  }
  if (listed)
    return "a block with free cells is on no list, or on two";
  for (size_t i = 0; cells_larges && i < cells_large_kept; i++)
    if (cells_larges[cells_large_of(large_objects.items[i])].place != i)
      return "an old large object is not in its place in the list";
  if (blocks_bytes() + large_cells() > space_pages())
    return "the heap counts fewer bytes than its blocks and large objects have";
  return blocks_check();
}

/* Right after a collection there is one bit per object.  The bytes are those
 * of the blocks and of the large objects that the last one left. */
static const char *cells_check_bits(void) {
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t i = 0; i < large_objects.size; i++)
    if (space_granule(large_objects.items[i]) + 2 > end)
      end = space_granule(large_objects.items[i]) + 2; /* one more granule */
  uint64_t bits = 0, bytes = 0;
  for (uint32_t b = 1; b < blocks_end; b++)
    bytes += cells_blocks[b].live * size_class_bytes(cells_blocks[b].class);
  for (size_t i = cells_unswept; i < cells_large_kept; i++)
    bytes += space_cell(large_objects.items[i]);
  if (cells.live_bytes != bytes)
    return "the bytes of what is alive are miscounted";
  for (size_t at = 0; (at = bitmap_next(cells_marks, at, end)) < end; at++)
    bits++;
  if (bits != cells.live_objects && cells.untouched)
    return "there are more or fewer mark bits than objects";
  return NULL;
}

/* Whether the block of mutator `m` and class `c` is in another buffer, or in
 * this one for another class; looks only at those before (m, c). */
static bool cells_shared(cells_buffer_of buffer_of, gc_mutator *m, unsigned c) {
  for (gc_mutator *n = world_mutators(); n; n = world_base(n)->next)
    for (unsigned d = 0; d < SIZE_CLASSES; d++) {
      if (n == m && d == c)
        return false;
      if (buffer_of(n)->blocks[d] == buffer_of(m)->blocks[c])
        return true;
    }
  return false;
}

static const char *cells_check_buffer(cells_buffer_of buffer_of,
                                      gc_mutator *m) {
  for (unsigned c = 0; c < SIZE_CLASSES; c++) {
    const cells_span *span = &buffer_of(m)->spans[c];
    const char *block = buffer_of(m)->blocks[c];
    if (!block)
      continue;
    if (cells_shared(buffer_of, m, c) ||
        cells_blocks[block_number(block)].state != CELLS_TAKEN)
      return "a block that a mutator allocates in is not its alone";
    if (block_number(span->cursor) != block_number(block) &&
        span->cursor != span->limit)
      return "a free span is outside its block";
    size_t end = space_granule(span->limit);
    if (bitmap_next(cells_marks, space_granule(span->cursor), end) != end)
      return "a free span contains a marked cell";
  }
  return NULL;
}

const char *cells_check(cells_buffer_of buffer_of, bool marking) {
  if (!marking && cells_any_flagged())
    return "a block waits for a rescan between collections";
  const char *why = cells_check_lists();
  if (!why)
    why = cells_check_bits();
  for (gc_mutator *m = world_mutators(); m && !why; m = world_base(m)->next)
    why = cells_check_buffer(buffer_of, m);
  return why;
}

const char *cells_check_marked(const char *(*look)(const gc_object *o)) {
  const char *why = NULL;
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t at = 0; (at = bitmap_next(cells_marks, at, end)) < end && !why;
       at++)
    why = look(space_address((uint32_t)at));
  for (size_t i = 0; i < large_objects.size && !why; i++)
    if (space_granule(large_objects.items[i]) >= end &&
        cells_marked(large_objects.items[i]))
      why = look(large_objects.items[i]);
  return why;
}
