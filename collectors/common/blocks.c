/* blocks.c: see blocks.h. */
#include "common/blocks.h"
#include "common/hostile/mutants.h"
#include "common/hostile/poison.h"
#include <string.h>

enum {
  /* Blocks per group.  The page that the arena adds to each group is then a
   * sixty-fourth of it. */
  BLOCKS_GROUP = 8,
};

typedef struct block {
  uint8_t taken; /* not empty */
  uint8_t group; /* of the first block of a group: the blocks in it; else 0 */
  bool bare;     /* empty, and its pages were given back to the system */
  uint32_t next; /* in its list, 0 at the end */
} block;

static block *blocks;        /* by number; 0 is never a block */
static uint32_t blocks_list; /* the list of empty blocks with pages */
static uint32_t blocks_bare; /* the list of those without */
/* How many blocks have pages, and the most that ever had.  Groups come only
 * when no block lacks pages, so there are never more blocks than that. */
static uint32_t blocks_paged, blocks_most;
uint32_t blocks_end;
_Atomic uint32_t blocks_spare;

bool blocks_create(void) {
  blocks_end = blocks_list = blocks_bare = 0;
  blocks_paged = blocks_most = 0;
  blocks_spare = 0;
  blocks = blocks_table(sizeof *blocks);
  return blocks != NULL;
}

void blocks_destroy(void) {
  blocks_table_destroy(blocks, sizeof *blocks);
}

/* Adds an empty block to its list. */
static void blocks_push(uint32_t number) {
  uint32_t *list = blocks[number].bare ? &blocks_bare : &blocks_list;
  blocks[number].next = *list;
  *list = number;
  blocks_spare += !blocks[number].bare;
}

static void blocks_page(uint32_t n) {
  blocks_paged += n;
  if (blocks_paged > blocks_most)
    blocks_most = blocks_paged;
}

/* Takes a group from the arena, a smaller one if there is no room for a whole
 * one.  Its blocks will be taken in address order. */
static void blocks_grow(void) {
  uint32_t n = BLOCKS_GROUP;
  char *p;
  while (!(
      p = space_alloc_aligned(n * BLOCK_BYTES, BLOCK_BYTES, space_uncached())))
    if ((n /= 2) == 0)
      return;
  uint32_t first = block_number(p);
  if (first + n > blocks_end)
    __atomic_store_n(&blocks_end, first + n, __ATOMIC_RELAXED);
  blocks[first].group = (uint8_t)n;
  blocks_page(n);
  if (poison_active())
    poison_free(p, n * BLOCK_BYTES);
  while (n-- > 0)
    blocks_push(first + n);
}

/* Gets at least one more empty block, if the limit allows.  Bare ones come
 * first: they need no page for a new group. */
static void blocks_get(void) {
  uint32_t number = gc_mutant(bare_never_taken) ? 0 : blocks_bare;
  if (!number) {
    blocks_grow();
  } else if (space_commit(BLOCK_BYTES)) {
    blocks_bare = blocks[number].next;
    blocks[number].bare = false;
    blocks_page(1);
    if (poison_active())
      poison_free(block_address(number), BLOCK_BYTES);
    blocks_push(number);
  }
}

uint32_t blocks_take(void) {
  if (!blocks_list)
    blocks_get();
  uint32_t number = blocks_list;
  if (number) {
    blocks_list = blocks[number].next;
    blocks_spare--;
    blocks[number].taken = true;
  }
  return number;
}

void blocks_give(uint32_t number) {
  if (poison_active())
    poison_free(block_address(number), BLOCK_BYTES);
  blocks[number].taken = false;
  blocks_push(number);
}

bool blocks_hold(uint32_t n) {
  for (uint32_t before = UINT32_MAX;
       blocks_spare < n && blocks_spare != before;) {
    before = blocks_spare;
    blocks_get();
  }
  return blocks_spare >= n;
}

/* Returns a group, of which all blocks are empty, to the arena, which takes it
 * only with all of its pages: so those that `bare` blocks of it lack count
 * until then.  Returns false if the limit does not allow that. */
static bool blocks_free(uint32_t first, uint32_t bare) {
  uint32_t n = blocks[first].group;
  if (bare && !gc_mutant(bare_freed_uncounted) &&
      !space_commit((uint64_t)bare * BLOCK_BYTES))
    return false;
  memset(&blocks[first], 0, n * sizeof *blocks);
  blocks_paged -= n - bare;
  if (poison_active()) /* to be freed as one */
    poison_take(block_address(first), n * BLOCK_BYTES);
  space_free(block_address(first), space_uncached());
  return true;
}

/* Does what blocks_release_but does, but leaves unused pages to the arena. */
static void blocks_return_but(uint32_t keep) {
  uint32_t surplus = blocks_spare > keep ? blocks_spare - keep : 0;
  blocks_list = blocks_bare = 0;
  blocks_spare = 0;
  /* From the top, so that the lists end up in address order. */
  for (uint32_t b = blocks_end; b-- > 1;) {
    uint32_t n = blocks[b].group, empty = 0, bare = 0;
    for (uint32_t i = 0; i < n; i++) {
      empty += !blocks[b + i].taken;
      bare += blocks[b + i].bare;
    }
    if (n && empty == n && n - bare <= surplus && blocks_free(b, bare)) {
      surplus -= n - bare;
      continue;
    }
    while (n-- > 0) {
      block *one = &blocks[b + n];
      if (one->taken)
        continue;
      if (surplus && !one->bare &&
          space_decommit(block_address(b + n), BLOCK_BYTES)) {
        one->bare = true;
        blocks_paged--;
        surplus--;
      }
      blocks_push(b + n);
    }
  }
}

void blocks_release_but(uint32_t keep) {
  blocks_return_but(keep);
  space_purge();
}

void blocks_shrink(uint64_t pages, uint32_t least) {
  space_trim();
  uint64_t now = space_pages();
  uint64_t n = now > pages ? (now - pages) / BLOCK_BYTES : 0;
  uint64_t keep = blocks_spare > n ? blocks_spare - n : 0;
  if (n)
    blocks_return_but(keep > least ? (uint32_t)keep : least);
  space_trim();
}

bool blocks_taken(uint32_t number) {
  return number < blocks_end && blocks[number].taken;
}

bool blocks_empty(uint32_t number) {
  if (number >= blocks_end || blocks[number].taken || blocks[number].bare)
    return false;
  /* Look for the first block of its group, which is less than a group away. */
  for (uint32_t b = number; b > 0 && number - b < BLOCKS_GROUP; b--)
    if (blocks[b].group)
      return number - b < blocks[b].group;
  return false;
}

static size_t blocks_table_bytes(size_t bytes) {
  return (space_bytes / BLOCK_BYTES + 2) * bytes;
}

void *blocks_table(size_t bytes) {
  return space_table_create(blocks_table_bytes(bytes));
}

void blocks_table_destroy(void *table, size_t bytes) {
  space_table_destroy(table, blocks_table_bytes(bytes));
}

uint64_t blocks_side_bytes(size_t bytes) {
  /* Atomic: another thread may be taking a group. */
  uint32_t end = __atomic_load_n(&blocks_end, __ATOMIC_RELAXED);
  return (uint64_t)end * (sizeof *blocks + bytes);
}

uint64_t blocks_bytes(void) {
  return blocks_paged * (uint64_t)BLOCK_BYTES;
}

const char *blocks_check(void) {
  uint32_t listed = 0, bare = 0, all = 0;
  for (uint32_t b = blocks_list; b; b = blocks[b].next, listed++)
    if (blocks[b].taken || blocks[b].bare || listed > blocks_end)
      return "a block on the empty list is not empty, or has no pages";
  for (uint32_t b = blocks_bare; b; b = blocks[b].next, bare++)
    if (blocks[b].taken || !blocks[b].bare || bare > blocks_end)
      return "a block on the list of those without pages is taken, or has some";
  for (uint32_t b = 1; b < blocks_end; b++) {
    bare -= blocks[b].bare;
    all += blocks[b].group;
  }
  if (all > blocks_most)
    return "there are more blocks than ever had pages at a time";
  return listed == blocks_spare && !bare ? NULL : "empty blocks are miscounted";
}
