/* cells.c: see cells.h. */
#include "common/cells.h"
#include "common/bookkeeping.h"
#include "common/hostile/mutants.h"
#include "common/hostile/poison.h"
#include "common/pause.h"
#include "common/survey.h"
#include <pthread.h>

typedef enum cells_state {
  CELLS_NONE,     /* not a block of ours; must be 0 */
  CELLS_LISTED,   /* has free cells nobody took since the last collection */
  CELLS_TAKEN,    /* a mutator's, or filled by one since the last collection */
  CELLS_FULL,     /* without free cells at the last collection */
  CELLS_UNSORTED, /* as the last collection left it; nobody may take it */
} cells_state;

typedef struct cells_block {
  uint8_t state;
  uint8_t class;
  bool flagged;   /* holds marked objects that may not have been scanned */
  bool touched;   /* some of it was handed out since the last collection */
  uint16_t taken; /* granules from its start that were handed out already */
  uint16_t free;  /* granules that were not counted as handed out yet */
  uint16_t live;  /* objects, after the last collection */
  uint32_t next;  /* in its list, 0 at the end */
  uint32_t next_touched;
} cells_block;

cells_figures cells;
uint64_t *cells_marks;
static unsigned cells_bitmaps; /* cells_marks, and those of cells_bitmap */

static cells_block *cells_blocks; /* by block number */
static bool cells_poisons;        /* free memory is told from memory in use */
static bool cells_each; /* runs of one cell, so that every one is seen */
/* By class: bit 0, and on from it a bit for each start of a cell. */
static uint64_t cells_starts[SIZE_CLASSES];

/* For the lists, the large objects, the arena and the figures, while mutators
 * run. */
static pthread_mutex_t cells_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t cells_listed[SIZE_CLASSES];
static uint32_t cells_touched; /* list, the last one first */

static uint32_t cells_unsorted; /* blocks below are yet to be sorted; 0: none */
static size_t cells_large_kept; /* large objects after the last collection */

/* What the marker left unscanned. */
static struct {
  uint32_t blocks; /* so many are flagged */
  uint32_t at;     /* the search goes on here */
  bool large;
} cells_unscanned;

static uint64_t cells_bytes(unsigned c) {
  size_t cell = size_class_bytes(c);
  return BLOCK_BYTES / cell * cell;
}

static size_t cells_marks_bytes(void) {
  return space_bytes / SPACE_GRANULE / 8 + 8;
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
  memset(&cells_unscanned, 0, sizeof cells_unscanned);
  memset(cells_listed, 0, sizeof cells_listed);
  cells_touched = 0;
  cells_large_kept = cells_unsorted = 0;
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
  blocks_destroy();
  large_destroy();
  space_destroy();
}

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

static void cells_list(uint32_t number) {
  uint32_t *list = &cells_listed[cells_blocks[number].class];
  cells_blocks[number].state = CELLS_LISTED;
  cells_blocks[number].next = *list;
  *list = number;
}

/* The first free cell of class `c` at `at`, which is the start of one, or
 * behind; from `end` on if there is none.  A word of marks at a time: how many
 * survivors lie in a row is nothing that a processor could guess. */
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

/* Finds the next run of free cells in the block in hand of class `c`. */
static bool cells_next_span(cells_buffer *buffer, unsigned c,
                            const cells_policy *policy) {
  cells_span *span = &buffer->spans[c];
  size_t cell = size_class_bytes(c) / SPACE_GRANULE;
  size_t end =
      space_granule(buffer->blocks[c]) + cells_bytes(c) / SPACE_GRANULE;
  /* The limit of the last one is a marked cell, or the end. */
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

/* A block of class `c` with free cells, or 0.  `may` is NULL where it is not to
 * be asked. */
static uint32_t cells_take(unsigned c, bool (*may)(bool, uint64_t)) {
  uint32_t number = cells_listed[c];
  if (number) {
    uint64_t bytes = cells_blocks[number].free * (uint64_t)SPACE_GRANULE;
    if (may && !may(false, bytes))
      return 0;
    cells_listed[c] = cells_blocks[number].next;
    cells.holes += bytes;
  } else {
    if (may && !may(true, BLOCK_BYTES))
      return 0;
    number = blocks_take();
    if (!number)
      return 0;
    cells_blocks[number] = (cells_block){.class = (uint8_t)c};
    cells.fresh += BLOCK_BYTES;
  }
  cells_block *block = &cells_blocks[number];
  block->state = CELLS_TAKEN;
  if (!block->touched) {
    block->touched = true;
    block->next_touched = cells_touched;
    cells_touched = number;
  }
  return number;
}

/* A block of class `c`, or for CELLS_LARGE a large object of `bytes`; NULL if a
 * collection is due, or if there is no memory. */
static void *cells_get(unsigned c, size_t bytes, bool (*may)(bool, uint64_t)) {
  void *p = NULL;
  pthread_mutex_lock(&cells_lock);
  if (c != CELLS_LARGE) {
    uint32_t number = cells_take(c, may);
    p = number ? block_address(number) : NULL;
  } else if (!may || may(true, bytes)) {
    p = large_new(bytes);
    if (p)
      cells.large += bytes;
  }
  if (p)
    cells.untouched = false;
  pthread_mutex_unlock(&cells_lock);
  return p;
}

/* What cells_get is asked for in one allocation. */
typedef struct cells_request {
  unsigned c;
  size_t bytes;
  const cells_policy *policy;
} cells_request;

static void *cells_try(gc_mutator *m, void *request) {
  (void)m;
  const cells_request *r = request;
  return cells_get(r->c, r->bytes, r->policy->may);
}

static void *cells_collect(gc_mutator *m, void *request) {
  const cells_request *r = request;
  const cells_policy *policy = r->policy;
  void *p = NULL;
  for (unsigned n = 1; !p && n <= policy->attempts; n++) {
    policy->collect(m, n > 1);
    p = cells_get(r->c, r->bytes, n < policy->attempts ? policy->may : NULL);
  }
  if (!p) {
    blocks_release();
    p = cells_get(r->c, r->bytes, NULL);
  }
  return p;
}

gc_object *cells_obtain(gc_mutator *m, cells_buffer *buffer, unsigned c,
                        size_t bytes, const cells_policy *policy) {
  if (hostile_allocation())
    (policy->hostile ? policy->hostile : gc_collect)(m);
  cells_request request = {c, bytes, policy};
  if (c == CELLS_LARGE)
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
    cells_blocks[number].free = 0; /* all of it was counted */
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
  /* Everything below the highest block, in one stretch: the bits of large
   * objects lie between those of blocks. */
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t i = 0; i < large_objects.size; i++) {
    size_t granule = space_granule(large_objects.items[i]);
    if (granule >= end)
      bitmap_clear(marks, granule);
  }
  if (!gc_mutant(marks_stale))
    memset(marks, 0, end / 8);
}

void cells_flag(const gc_object *o) {
  cells_block *block = &cells_blocks[block_number(o)];
  if (block->state == CELLS_NONE) {
    cells_unscanned.large = true;
  } else if (!block->flagged) {
    block->flagged = true;
    cells_unscanned.blocks++;
  }
}

bool cells_any_flagged(void) {
  return cells_unscanned.blocks || cells_unscanned.large;
}

/* The next block that is flagged, with its flag taken; 0 if none is. */
static uint32_t cells_unflag(void) {
  if (!cells_unscanned.blocks)
    return 0;
  while (!cells_blocks[cells_unscanned.at].flagged)
    cells_unscanned.at = (cells_unscanned.at + 1) % blocks_end;
  cells_blocks[cells_unscanned.at].flagged = false;
  cells_unscanned.blocks--;
  return cells_unscanned.at;
}

bool cells_flagged(const uint64_t *marks,
                   void (*scan)(void *data, gc_object *o), void *data) {
  uint32_t number = cells_unflag();
  if (number) {
    size_t at = block_granule(number), end = at + BLOCK_GRANULES;
    for (; (at = bitmap_next(marks, at, end)) < end; at++)
      scan(data, space_address((uint32_t)at));
    return true;
  }
  if (!cells_unscanned.large || gc_mutant(large_rescan_forgotten))
    return false;
  cells_unscanned.large = false;
  for (size_t i = 0; i < large_objects.size; i++)
    if (bitmap_test(marks, space_granule(large_objects.items[i])))
      scan(data, large_objects.items[i]);
  return true;
}

static unsigned cells_count(uint32_t number) {
  size_t at = block_granule(number), end = at + BLOCK_GRANULES;
  unsigned n = 0;
  for (size_t w = at / 64; w < end / 64; w++)
    n += (unsigned)__builtin_popcountll(cells_marks[w]);
  return n;
}

/* All that is free in a block is from now on seen to be. */
static void cells_poison_free(uint32_t number) {
  unsigned c = cells_blocks[number].class;
  char *cell = block_address(number), *end = cell + cells_bytes(c);
  for (; cell < end; cell += size_class_bytes(c))
    if (!bitmap_test(cells_marks, space_granule(cell)))
      poison_free(cell, size_class_bytes(c));
}

static bool cells_large_alive(gc_object *o) {
  if (gc_mutant(stray_mark_bit) && cells_marked(o))
    bitmap_set(cells_marks, space_granule(o) + 1);
  return cells_marked(o);
}

/* Sees what is left in a block, and puts it where it belongs. */
static void cells_sort_block(uint32_t b) {
  cells_block *block = &cells_blocks[b];
  size_t cell = size_class_bytes(block->class);
  unsigned live = cells_count(b);
  uint64_t bytes = live * cell, all = cells_bytes(block->class);
  cells.live_objects += live - (uint64_t)block->live;
  cells.live_bytes += bytes - block->live * cell;
  block->live = (uint16_t)live;
  block->touched = false;
  block->taken = 0;
  block->free = (uint16_t)((all - bytes) / SPACE_GRANULE);
  if (live == 0) {
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

/* Of the list of large objects, from number `first` on. */
static void cells_sort_large(size_t first) {
  large_left left = large_sweep_from(first, cells_large_alive);
  cells.live_objects += left.objects;
  cells.live_bytes += left.bytes;
  cells_large_kept = large_objects.size;
}

void cells_sort_begin(void) {
  cells = (cells_figures){.untouched = false};
  cells_sort_large(0);
  memset(cells_listed, 0, sizeof cells_listed);
  for (uint32_t b = 1; b < blocks_end; b++) {
    cells_blocks[b].live = cells_blocks[b].taken = 0;
    if (cells_blocks[b].state != CELLS_NONE)
      cells_blocks[b].state = CELLS_UNSORTED;
  }
  cells_touched = 0;
  cells_unsorted = blocks_end;
}

/* From the top, so that the lists end up in address order. */
bool cells_sort_more(uint32_t most) {
  for (; cells_unsorted > 1 && most > 0; most--)
    if (cells_blocks[--cells_unsorted].state == CELLS_UNSORTED)
      cells_sort_block(cells_unsorted);
  return cells_unsorted <= 1;
}

static void cells_sort_touched(void) {
  cells = (cells_figures){.live_objects = cells.live_objects,
                          .live_bytes = cells.live_bytes,
                          .untouched = true};
  cells_sort_large(cells_large_kept);
  /* Of a list's blocks, those that were taken and handed back come first. */
  for (unsigned c = 0; c < SIZE_CLASSES; c++)
    while (cells_blocks[cells_listed[c]].touched)
      cells_listed[c] = cells_blocks[cells_listed[c]].next;
  /* The one that was taken last first, so that it is taken last again. */
  for (uint32_t b = cells_touched; b; b = cells_blocks[b].next_touched)
    cells_sort_block(b);
}

void cells_sort(bool all) {
  if (all) {
    cells_sort_begin();
    cells_sort_more(UINT32_MAX);
    cells.untouched = true;
  } else {
    cells_sort_touched();
  }
  cells_touched = 0;
}

/* ------------------------------------------------------------------------- *
 * Figures.
 * ------------------------------------------------------------------------- */

gc_footprint cells_footprint(uint64_t side) {
  pthread_mutex_lock(&cells_lock);
  /* Of the tables, the parts that describe memory in use. */
  side += blocks_side_bytes(cells_bitmaps * BLOCK_GRANULES / 8 +
                            sizeof *cells_blocks) +
          large_list_bytes();
  pthread_mutex_unlock(&cells_lock);
  return bookkeeping_footprint(side);
}

/* The cell of block `b` from which on no run was handed out since the last
 * collection, so that it is occupied only if it is marked, as an offset. */
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
        !bitmap_test(cells_marks, block_granule(b) + at / SPACE_GRANULE)) {
      survey_free(s, cell);
      continue;
    }
    survey_object(s, cell);
  }
  survey_free(s, BLOCK_BYTES - at); /* too short for a cell */
}

/* Free memory is that in blocks: what is left between large objects is the
 * arena's.  A stretch may reach over several blocks. */
gc_usage cells_usage(cells_buffer_of buffer_of) {
  survey s = {.usage.pages = space_used()};
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

static const char *cells_check_lists(void) {
  uint32_t listed = 0; /* less those that say so themselves */
  for (unsigned c = 0; c < SIZE_CLASSES; c++)
    for (uint32_t b = cells_listed[c]; b; b = cells_blocks[b].next, listed++)
      if (cells_blocks[b].state != CELLS_LISTED || cells_blocks[b].class != c ||
          listed > blocks_end)
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
  return blocks_check();
}

/* Right after a collection the bits are the objects. */
static const char *cells_check_bits(void) {
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t i = 0; i < large_objects.size; i++)
    if (space_granule(large_objects.items[i]) + 2 > end)
      end = space_granule(large_objects.items[i]) + 2; /* and the next one */
  uint64_t bits = 0;
  for (size_t at = 0; (at = bitmap_next(cells_marks, at, end)) < end; at++)
    bits++;
  if (bits != cells.live_objects && cells.untouched)
    return "there are more or fewer mark bits than objects";
  return NULL;
}

/* Whether somebody before (m, c) has the same block in hand. */
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
