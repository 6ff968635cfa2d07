/* freelists.c: the slow paths of freelists.h, which describes the blocks and
 * their states: refilling allocation buffers, changing the states of blocks,
 * and taking blocks back from mutators; figures and checks. */
#include "gc.h"
#include "common/bitmap.h"
#include "common/hostile/hostile.h"
#include "common/hostile/poison.h"
#include <pthread.h>

enum {
  /* A full block becomes partial when 1/16 of it is free: a new allocation
   * buffer should last for some allocations. */
  FREELISTS_PART = 16,
  /* Bytes of a block that are put on its list at once: few enough that they are
   * still in the cache when they are used. */
  FREELISTS_CARVED = 4096,
  /* Full blocks, oldest first, that are searched for cells freed by other
   * mutators before an empty block is taken. */
  FREELISTS_LOOKS = 8,
};

uintptr_t freelists_table, freelists_quick;

/* Holds the blocks without a mutator: the mutator is gone, or had to give them
 * up (freelists_reclaim). */
static freelists orphans;

static struct {
  freelists_block *blocks; /* by number */
  freelists_block *none;   /* a table as long, all zero (freelists_quick) */
  /* Where freed memory must stay as it is (poison.h), the links of free cells
   * are here, one for each granule.  NULL otherwise. */
  uint32_t *links;
  _Atomic uint64_t large, large_bytes;   /* large objects */
  _Atomic uint64_t buried, buried_bytes; /* cells in quarantine */
} heap;

/* For `orphans` and the functions of blocks.h. */
static pthread_mutex_t freelists_mutex = PTHREAD_MUTEX_INITIALIZER;

/* Whether every allocation and every free takes the slow path. */
static bool freelists_watched(void) {
  return hostile_each() || poison_active();
}

static size_t links_bytes(void) {
  return space_bytes / SPACE_GRANULE * sizeof *heap.links;
}

bool freelists_create(void) {
  memset(&orphans, 0, sizeof orphans);
  memset(&heap, 0, sizeof heap);
  heap.blocks = blocks_table(sizeof *heap.blocks);
  heap.none = blocks_table(sizeof *heap.none);
  if (freelists_watched())
    heap.links = space_table_create(links_bytes());
  if (!blocks_create() || !heap.blocks || !heap.none ||
      (freelists_watched() && !heap.links)) {
    freelists_destroy();
    return false;
  }
  uintptr_t before =
      (uintptr_t)space_base / BLOCK_BYTES * sizeof(freelists_block);
  freelists_table = (uintptr_t)heap.blocks - before;
  freelists_quick =
      freelists_watched() ? (uintptr_t)heap.none - before : freelists_table;
  return true;
}

void freelists_destroy(void) {
  space_table_destroy(heap.links, heap.links ? links_bytes() : 0);
  blocks_table_destroy(heap.none, sizeof *heap.none);
  blocks_table_destroy(heap.blocks, sizeof *heap.blocks);
  blocks_destroy();
}

static freelists_block *block_of(const void *p) {
  return freelists_entry(freelists_table, p);
}

static size_t cell_bytes(const freelists_block *b) {
  return size_class_bytes(b->kind - 1u);
}

/* ------------------------------------------------------------------------- *
 * Lists of cells, and rings of blocks.
 * ------------------------------------------------------------------------- */

static gc_object *link_get(const gc_object *cell) {
  if (!heap.links)
    return (gc_object *)cell->header;
  uint32_t granule = heap.links[space_granule(cell)];
  return granule ? space_address(granule) : NULL;
}

static void link_set(gc_object *cell, const gc_object *next) {
  if (heap.links)
    heap.links[space_granule(cell)] = next ? space_granule(next) : 0;
  else
    cell->header = (uintptr_t)next;
}

/* The number of cells in b->freed. */
static uint32_t freed_count(const freelists_block *b) {
  return b->due - b->left;
}

static void freed_push(freelists_block *b, gc_object *cell) {
  link_set(cell, b->freed);
  b->freed = cell;
  b->left--;
}

/* Makes `left` count the frees until all of the block is free. */
static void count_to_empty(freelists_block *b) {
  b->left = b->carved - freed_count(b);
  b->due = b->carved;
}

static void ring_add(uint32_t *ring, uint32_t number) {
  freelists_block *b = &heap.blocks[number];
  if (!*ring) {
    b->next = b->previous = *ring = number;
    return;
  }
  freelists_block *first = &heap.blocks[*ring];
  b->next = *ring;
  b->previous = first->previous;
  heap.blocks[b->previous].next = number;
  first->previous = number;
}

static void ring_remove(uint32_t *ring, uint32_t number) {
  freelists_block *b = &heap.blocks[number];
  heap.blocks[b->previous].next = b->next;
  heap.blocks[b->next].previous = b->previous;
  if (*ring == number)
    *ring = b->next == number ? 0 : b->next;
}

/* The ring that a full or partial block is in. */
static uint32_t *ring_of(const freelists_block *b) {
  unsigned c = b->kind - 1u;
  return b->state == FREELISTS_FULL ? &b->holder->full[c]
                                    : &b->holder->partial[c];
}

static void hold(freelists_block *b, freelists *holder) {
  __atomic_store_n(&b->holder, holder, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------------- *
 * Cells freed by mutators that do not hold the block.
 * ------------------------------------------------------------------------- */

static uint32_t remote_count(const freelists_block *b) {
  return (uint32_t)(__atomic_load_n(&b->remote, __ATOMIC_SEQ_CST) >> 32);
}

/* Returns how many there are now. */
static uint32_t remote_push(freelists_block *b, gc_object *cell) {
  if (gc_mutant(remote_free_lost))
    return 0;
  uint64_t old = __atomic_load_n(&b->remote, __ATOMIC_RELAXED), pushed;
  do {
    link_set(cell, (uint32_t)old ? space_address((uint32_t)old) : NULL);
    hostile_race();
    pushed = ((old >> 32) + 1) << 32 | space_granule(cell);
  } while (!__atomic_compare_exchange_n(&b->remote, &old, pushed, true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
  return (uint32_t)(pushed >> 32);
}

/* Moves the cells that others freed to b->freed, which must be empty.  Returns
 * whether there were any. */
static bool remote_take(freelists_block *b) {
  if (!remote_count(b))
    return false;
  hostile_race();
  uint64_t all = b->remote;
  if (gc_mutant(remote_taken_in_two))
    __atomic_store_n(&b->remote, 0, __ATOMIC_RELAXED);
  else if (!gc_mutant(remote_cells_twice))
    all = __atomic_exchange_n(&b->remote, 0, __ATOMIC_ACQUIRE);
  b->freed = space_address((uint32_t)all);
  b->left -= (uint32_t)(all >> 32);
  b->holder->counts.remote += all >> 32;
  return true;
}

/* ------------------------------------------------------------------------- *
 * Freeing.
 * ------------------------------------------------------------------------- */

/* An empty block returns to blocks.h.  The caller holds the lock. */
static void give_back(uint32_t number) {
  freelists_block *b = &heap.blocks[number];
  hold(b, NULL);
  b->freed = NULL;
  b->left = b->due = 0;
  b->cells = b->carved = b->kind = b->state = 0;
  __atomic_exchange_n(&b->remote, 0, __ATOMIC_ACQUIRE);
  b->remote_all = 0;
  blocks_give(number);
  orphans.counts.given_back++;
}

/* Frees a cell of a block that the caller holds. */
static void put(freelists_block *b, gc_object *cell) {
  freed_push(b, cell);
  if (b->left > gc_mutant(block_given_early) || b->state == FREELISTS_BUFFER)
    return;
  if (gc_mutant(full_block_kept) && b->state == FREELISTS_FULL) {
    b->due += b->cells; /* it waits for as many again */
    b->left = b->cells;
    return;
  }
  uint32_t number = (uint32_t)(b - heap.blocks);
  ring_remove(ring_of(b), number);
  if (b->state == FREELISTS_FULL) {
    count_to_empty(b);
    b->state = FREELISTS_PARTIAL;
    ring_add(ring_of(b), number);
    b->holder->counts.partial++;
    return;
  }
  rc_lock(&freelists_mutex);
  give_back(number);
  rc_unlock(&freelists_mutex);
}

/* If no mutator holds the block and all of it is free, gives it back.  The
 * caller holds the lock. */
static void give_back_orphan(freelists_block *b) {
  if (__atomic_load_n(&b->holder, __ATOMIC_RELAXED) != &orphans ||
      remote_count(b) != b->remote_all)
    return;
  uint32_t number = (uint32_t)(b - heap.blocks);
  ring_remove(ring_of(b), number);
  give_back(number);
}

/* Frees a cell of a block that another mutator holds, or none. */
static void put_remote(freelists_block *b, gc_object *cell) {
  uint32_t n = remote_push(b, cell);
  if (gc_likely(n != b->remote_all) || gc_mutant(orphan_kept))
    return;
  hostile_race();
  rc_lock(&freelists_mutex);
  give_back_orphan(b); /* unless somebody has adopted it or given it back */
  rc_unlock(&freelists_mutex);
}

/* A cell leaves the quarantine.  Any thread. */
static void release(void *cell) {
  freelists_block *b = block_of(cell);
  atomic_fetch_sub(&heap.buried, 1);
  atomic_fetch_sub(&heap.buried_bytes, cell_bytes(b));
  if (RC_SHARED)
    put_remote(b, cell);
  else
    put(b, cell);
}

void freelists_return(freelists *f, gc_object *o) {
  freelists_block *b = block_of(o);
  if (poison_active() && poison_refuses(o))
    return;
  if (!b->kind) {
    atomic_fetch_sub(&heap.large, 1);
    atomic_fetch_sub(&heap.large_bytes, space_cell(o));
    space_free(o, space_uncached());
    return;
  }
  if (hostile.poison != HOSTILE_NO_POISON) {
    atomic_fetch_add(&heap.buried, 1);
    atomic_fetch_add(&heap.buried_bytes, cell_bytes(b));
    poison_bury(o, cell_bytes(b), release);
    return;
  }
  if (poison_active())
    poison_free(o, cell_bytes(b));
  if (RC_SHARED && __atomic_load_n(&b->holder, __ATOMIC_RELAXED) != f)
    put_remote(b, o);
  else
    put(b, o);
}

/* ------------------------------------------------------------------------- *
 * Allocating.
 * ------------------------------------------------------------------------- */

/* Puts cells on b->freed for the allocation buffer, unless there are some.
 * Returns whether there are. */
static bool fill(freelists_block *b) {
  if (b->freed || remote_take(b))
    return true;
  size_t bytes = cell_bytes(b);
  uint32_t n = (uint32_t)(FREELISTS_CARVED / bytes);
  if (n > (uint32_t)(b->cells - b->carved))
    n = b->cells - b->carved;
  char *first = block_address((uint32_t)(b - heap.blocks)) + b->carved * bytes;
  for (uint32_t i = n; i-- > 0;) {
    gc_object *cell = (gc_object *)(first + i * bytes);
    link_set(cell, b->freed);
    b->freed = cell;
  }
  b->carved = (uint16_t)(b->carved + n);
  b->due += n; /* `left` stays: due - left is the length of b->freed */
  return n > 0;
}

/* Takes a block out of its ring and makes it an allocation buffer of `f`.
 * Returns its number; number 0 is no block and stays 0. */
static uint32_t take_buffer(freelists *f, uint32_t number) {
  freelists_block *b = &heap.blocks[number];
  if (!number)
    return 0;
  ring_remove(ring_of(b), number);
  b->remote_all = 0;
  hold(b, f);
  count_to_empty(b);
  b->state = FREELISTS_BUFFER;
  return number;
}

/* The first block with free cells among the first `tries` of a ring, or 0.
 * Blocks that were searched in vain go to the end of the ring.  Mutator `f`
 * looks. */
static uint32_t look(freelists *f, uint32_t *ring, uint32_t tries) {
  for (uint32_t first = *ring, b = first; b && tries-- > 0;) {
    f->counts.searched++;
    if (freed_count(&heap.blocks[b]) || remote_count(&heap.blocks[b]))
      return b;
    b = heap.blocks[b].next;
    if (!gc_mutant(search_from_start))
      *ring = b;
    if (b == first)
      break;
  }
  return 0;
}

/* A block with room for cells of class `c`, which `f` holds from now on; or 0.
 */
static uint32_t next_block(freelists *f, unsigned c) {
  uint32_t number = f->partial[c];
  if (!number && RC_SHARED)
    number = look(f, &f->full[c], FREELISTS_LOOKS);
  if (number)
    return take_buffer(f, number);
  hostile_race();
  rc_lock(&freelists_mutex);
  number = gc_mutant(orphans_unsought) ? 0 : orphans.partial[c];
  if (!number && !gc_mutant(orphans_unsought))
    number = look(f, &orphans.full[c], FREELISTS_LOOKS);
  if (number) {
    take_buffer(f, number);
    f->counts.adopted++;
  } else if ((number = blocks_take()) != 0) {
    freelists_block *b = &heap.blocks[number];
    b->cells = (uint16_t)(BLOCK_BYTES / size_class_bytes(c));
    b->kind = (uint8_t)(c + 1);
    b->state = FREELISTS_BUFFER;
    hold(b, f);
  }
  if (!number)
    number = take_buffer(f, look(f, &orphans.full[c], UINT32_MAX));
  rc_unlock(&freelists_mutex);
  if (!number)
    number = take_buffer(f, look(f, &f->full[c], UINT32_MAX));
  return number;
}

/* The allocation buffer is used up: its block becomes full. */
static void put_away(freelists *f, unsigned c) {
  uint32_t number = f->buffer[c];
  freelists_block *b = &heap.blocks[number];
  b->state = FREELISTS_FULL;
  b->due = b->left = b->cells / FREELISTS_PART + 1u;
  ring_add(&f->full[c], number);
  f->buffer[c] = 0;
}

static gc_object *large(size_t bytes) {
  gc_object *o = space_alloc_slow(bytes, space_uncached());
  if (o) {
    atomic_fetch_add(&heap.large, 1);
    atomic_fetch_add(&heap.large_bytes, space_cell(o));
  }
  return o;
}

gc_object *freelists_obtain(freelists *f, size_t bytes) {
  if (bytes > SIZE_CLASS_MOST)
    return large(bytes);
  unsigned c = size_class(bytes);
  while (!f->buffer[c] || !fill(&heap.blocks[f->buffer[c]])) {
    if (f->buffer[c])
      put_away(f, c);
    if (!(f->buffer[c] = next_block(f, c)))
      return NULL;
  }
  freelists_block *b = &heap.blocks[f->buffer[c]];
  gc_object *cell = b->freed;
  if (freelists_watched()) { /* one cell at a time: the buffer stays empty */
    b->freed = link_get(cell);
    b->left++;
    if (poison_active())
      poison_take(cell, cell_bytes(b));
    return cell;
  }
  f->free[c] = link_get(cell);
  b->freed = NULL;
  b->left = b->due;
  return cell;
}

/* ------------------------------------------------------------------------- *
 * Giving up blocks.
 * ------------------------------------------------------------------------- */

/* The block, which is in no ring, goes to `orphans`, or back to blocks.h if it
 * is empty.  The caller holds the lock. */
static void let_go(uint32_t number) {
  freelists_block *b = &heap.blocks[number];
  count_to_empty(b);
  uint64_t all = __atomic_exchange_n(&b->remote, 0, __ATOMIC_ACQUIRE);
  gc_object *cell = (uint32_t)all ? space_address((uint32_t)all) : NULL;
  for (gc_object *next; cell; cell = next) {
    next = link_get(cell);
    freed_push(b, cell);
  }
  if (b->left == 0) {
    give_back(number);
    return;
  }
  hold(b, &orphans);
  uint32_t rest = b->left; /* cells that are in use */
  bool partial =
      b->freed || (b->carved < b->cells && !gc_mutant(uncarved_forgotten));
  b->state = partial ? FREELISTS_PARTIAL : FREELISTS_FULL;
  if (!partial)
    b->due = b->left = b->cells / FREELISTS_PART + 1u;
  ring_add(ring_of(b), number);
  b->remote_all = rest - (gc_mutant(orphan_given_early) && rest > 1);
  /* All of these may have been freed before anybody could see that number. */
  give_back_orphan(b);
}

/* let_go for all blocks of a ring, which may be a ring of `orphans`. */
static void let_go_ring(uint32_t *ring) {
  uint32_t all = 0;
  for (uint32_t number; (number = *ring);) {
    ring_remove(ring, number);
    ring_add(&all, number);
  }
  for (uint32_t number; (number = all);) {
    ring_remove(&all, number);
    let_go(number);
  }
}

static void let_go_all(freelists *f) {
  for (unsigned c = 0; c < SIZE_CLASSES; c++) {
    uint32_t number = f->buffer[c];
    while (f->free[c]) {
      gc_object *cell = f->free[c];
      f->free[c] = link_get(cell);
      freed_push(&heap.blocks[number], cell);
    }
    f->buffer[c] = 0;
    if (number)
      let_go(number);
    let_go_ring(&f->full[c]);
    let_go_ring(&f->partial[c]);
  }
}

static void counts_add(freelists_counts *sum, const freelists_counts *c) {
  sum->partial += c->partial;
  sum->given_back += c->given_back;
  sum->adopted += c->adopted;
  sum->remote += c->remote;
  sum->searched += c->searched;
}

void freelists_leave(freelists *f) {
  hostile_race();
  rc_lock(&freelists_mutex);
  counts_add(&orphans.counts, &f->counts);
  memset(&f->counts, 0, sizeof f->counts);
  if (!gc_mutant(blocks_abandoned))
    let_go_all(f);
  rc_unlock(&freelists_mutex);
}

void freelists_reclaim(void) {
  poison_exhume();
  rc_lock(&freelists_mutex);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    let_go_all(&m->cells);
  let_go_all(&orphans);
  blocks_release();
  rc_unlock(&freelists_mutex);
}

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

/* Calls visit(data, cell) for each cell of a list.  Returns the number of
 * cells, or `most` + 1 if there are more. */
static uint32_t each_in_list(gc_object *cell, uint32_t most,
                             void (*visit)(void *data, gc_object *cell),
                             void *data) {
  uint32_t n = 0;
  for (; cell && n <= most; cell = link_get(cell), n++)
    if (visit)
      visit(data, cell);
  return n;
}

/* The same for the free cells of a block, without the mutator's list. */
static uint32_t each_in_block(const freelists_block *b,
                              void (*visit)(void *data, gc_object *cell),
                              void *data) {
  uint32_t remote = (uint32_t)b->remote;
  return each_in_list(b->freed, b->carved, visit, data) +
         each_in_list(remote ? space_address(remote) : NULL, b->carved, visit,
                      data);
}

uint64_t freelists_objects(void) {
  uint64_t n = atomic_load(&heap.large) - atomic_load(&heap.buried);
  for (uint32_t i = 1; i < blocks_end; i++) {
    const freelists_block *b = &heap.blocks[i];
    n += b->carved - freed_count(b) - remote_count(b);
  }
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    for (unsigned c = 0; c < SIZE_CLASSES; c++)
      n -= each_in_list(m->cells.free[c], UINT16_MAX, NULL, NULL);
  return n;
}

uint64_t freelists_object_bytes(void) {
  uint64_t bytes =
      atomic_load(&heap.large_bytes) - atomic_load(&heap.buried_bytes);
  for (uint32_t i = 1; i < blocks_end; i++) {
    const freelists_block *b = &heap.blocks[i];
    if (b->kind)
      bytes += (b->carved - freed_count(b) - remote_count(b)) * cell_bytes(b);
  }
  return bytes;
}

typedef struct survey {
  gc_usage usage;
  uint64_t span; /* bytes of the free span that ends where the survey is */
} survey;

static void survey_free(survey *s, uint64_t bytes) {
  s->usage.free += bytes;
  s->span += bytes;
  if (s->span > s->usage.free_largest)
    s->usage.free_largest = s->span;
}

static void survey_block(survey *s, uint32_t number, const uint64_t *is_free) {
  const freelists_block *b = &heap.blocks[number];
  size_t bytes = cell_bytes(b), at = 0;
  for (uint32_t i = 0; i < b->cells; i++, at += bytes) {
    if (i >= b->carved ||
        bitmap_test(is_free, block_granule(number) + at / SPACE_GRANULE)) {
      survey_free(s, bytes);
      continue;
    }
    s->usage.cells += bytes;
    s->span = 0;
  }
  survey_free(s, BLOCK_BYTES - at); /* the end is too short for a cell */
}

static void note_free(void *bits, gc_object *cell) {
  bitmap_set(bits, space_granule(cell));
}

/* Free memory is counted in blocks only: what lies between large objects
 * belongs to the arena.  A free span may reach over several blocks. */
gc_usage freelists_usage(void) {
  survey s = {.usage = {.objects = freelists_objects(),
                        .cells = atomic_load(&heap.large_bytes),
                        .pages = space_pages()}};
  size_t bytes = space_bytes / SPACE_GRANULE / 8 + 8;
  uint64_t *is_free = space_table_create(bytes);
  if (!is_free) {
    s.usage.cells = s.usage.free = s.usage.free_largest = GC_UNKNOWN;
    return s.usage;
  }
  for (uint32_t i = 1; i < blocks_end; i++)
    each_in_block(&heap.blocks[i], note_free, is_free);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    for (unsigned c = 0; c < SIZE_CLASSES; c++)
      each_in_list(m->cells.free[c], UINT16_MAX, note_free, is_free);
  for (uint32_t i = 1; i < blocks_end; i++) {
    if (heap.blocks[i].kind)
      survey_block(&s, i, is_free);
    else if (blocks_empty(i))
      survey_free(&s, BLOCK_BYTES);
    else
      s.span = 0;
  }
  space_table_destroy(is_free, bytes);
  s.usage.cells -= atomic_load(&heap.buried_bytes);
  return s.usage;
}

size_t freelists_counters(gc_counter *out, size_t room) {
  freelists_counts sum = orphans.counts;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    counts_add(&sum, &m->cells.counts);
  const gc_counter all[] = {{"blocks-partial", sum.partial},
                            {"blocks-given-back", sum.given_back},
                            {"blocks-adopted", sum.adopted},
                            {"remote-freed", sum.remote},
                            {"blocks-searched", sum.searched}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

uint64_t freelists_side_bytes(void) {
  return blocks_side_bytes(sizeof *heap.blocks);
}

bool freelists_each(void (*visit)(void *data, gc_object *cell), void *data) {
  if (poison_active())
    return false;
  for (uint32_t i = 1; i < blocks_end; i++) {
    const freelists_block *b = &heap.blocks[i];
    for (uint32_t n = 0; n < b->carved; n++)
      visit(data, (gc_object *)(block_address(i) + n * cell_bytes(b)));
  }
  return true;
}

uint64_t freelists_large(void) {
  return atomic_load(&heap.large);
}

/* What freelists_check is looking at, and what it found. */
typedef struct examination {
  void (*visit)(void *data, gc_object *cell);
  void *data;
  const freelists_block *block; /* the cells must lie in it */
  const char *why;
  uint32_t blocks; /* found to be held by somebody */
} examination;

static void check_cell(void *data, gc_object *cell) {
  examination *e = data;
  size_t offset = (uintptr_t)cell % BLOCK_BYTES, bytes = cell_bytes(e->block);
  if (block_of(cell) != e->block || offset % bytes ||
      offset / bytes >= e->block->carved)
    e->why = "a free cell is not where it should be";
  e->visit(e->data, cell);
}

static void check_block(examination *e, const freelists *f, uint32_t number,
                        freelists_state state, unsigned c) {
  const freelists_block *b = e->block = &heap.blocks[number];
  e->blocks++;
  if (b->holder != f || b->state != state || b->kind != c + 1 ||
      !blocks_taken(number) || b->carved > b->cells) {
    e->why = "a block is not what its holder takes it for";
    return;
  }
  uint32_t in_use = b->carved - freed_count(b);
  bool whole = f != &orphans ? b->remote_all == 0
               : RC_SHARED
                   ? b->remote_all == in_use && remote_count(b) < b->remote_all
                   : in_use > 0;
  if (!whole)
    e->why = "an empty block without a mutator was not given back";
  uint32_t listed = each_in_block(b, check_cell, e);
  if (!e->why && listed != freed_count(b) + remote_count(b))
    e->why = "a block's free cells are miscounted";
}

static void check_ring(examination *e, const freelists *f, uint32_t ring,
                       freelists_state state, unsigned c) {
  uint32_t number = ring;
  if (ring)
    do {
      check_block(e, f, number, state, c);
      number = heap.blocks[number].next;
    } while (number != ring && !e->why);
}

static void check_holder(examination *e, const freelists *f) {
  for (unsigned c = 0; c < SIZE_CLASSES && !e->why; c++) {
    check_ring(e, f, f->full[c], FREELISTS_FULL, c);
    check_ring(e, f, f->partial[c], FREELISTS_PARTIAL, c);
    if (!f->buffer[c])
      continue;
    check_block(e, f, f->buffer[c], FREELISTS_BUFFER, c);
    each_in_list(f->free[c], UINT16_MAX, check_cell, e);
  }
}

const char *freelists_check(void (*visit)(void *data, gc_object *cell),
                            void *data) {
  examination e = {.visit = visit, .data = data, .why = blocks_check()};
  check_holder(&e, &orphans);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    check_holder(&e, &m->cells);
  for (uint32_t i = 1; i < blocks_end; i++)
    e.blocks -= heap.blocks[i].kind != 0;
  if (!e.why && e.blocks)
    e.why = "a block is held by nobody";
  return e.why;
}
