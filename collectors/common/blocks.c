/* blocks.c: see blocks.h. */
#include "common/blocks.h"
#include "common/hostile/poison.h"

enum {
  /* Blocks per group.  The page that the arena adds to each group is then a
   * sixty-fourth of it. */
  BLOCKS_GROUP = 8,
};

typedef struct block {
  uint8_t taken; /* not empty */
  uint8_t group; /* of the first block of a group: the blocks in it; else 0 */
  uint32_t next; /* in the list of empty blocks, 0 at the end */
} block;

static block *blocks;        /* by number; 0 is never a block */
static uint32_t blocks_list; /* the list of empty blocks */
uint32_t blocks_end;
_Atomic uint32_t blocks_spare;

bool blocks_create(void) {
  blocks_end = blocks_list = 0;
  blocks_spare = 0;
  blocks = blocks_table(sizeof *blocks);
  return blocks != NULL;
}

void blocks_destroy(void) {
  blocks_table_destroy(blocks, sizeof *blocks);
}

/* Adds a block to the list of empty ones. */
static void blocks_push(uint32_t number) {
  blocks[number].next = blocks_list;
  blocks_list = number;
  blocks_spare++;
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
  if (poison_active())
    poison_free(p, n * BLOCK_BYTES);
  while (n-- > 0)
    blocks_push(first + n);
}

uint32_t blocks_take(void) {
  if (!blocks_list)
    blocks_grow();
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
    blocks_grow();
  }
  return blocks_spare >= n;
}

void blocks_release_but(uint32_t keep) {
  uint32_t surplus = blocks_spare > keep ? blocks_spare - keep : 0;
  blocks_list = 0;
  blocks_spare = 0;
  /* From the top, so that the list ends up in address order. */
  for (uint32_t b = blocks_end; b-- > 1;) {
    uint32_t n = blocks[b].group, empty = 0;
    if (!n)
      continue;
    while (empty < n && !blocks[b + empty].taken)
      empty++;
    if (empty == n && n <= surplus) {
      surplus -= n;
      blocks[b].group = 0;
      if (poison_active())
        poison_take(block_address(b), n * BLOCK_BYTES); /* to be freed as one */
      space_free(block_address(b), space_uncached());
      continue;
    }
    while (n-- > 0)
      if (!blocks[b + n].taken)
        blocks_push(b + n);
  }
  space_purge();
}

bool blocks_taken(uint32_t number) {
  return number < blocks_end && blocks[number].taken;
}

bool blocks_empty(uint32_t number) {
  if (number >= blocks_end || blocks[number].taken)
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

const char *blocks_check(void) {
  uint32_t listed = 0;
  for (uint32_t b = blocks_list; b; b = blocks[b].next, listed++)
    if (blocks[b].taken || listed > blocks_end)
      return "a block on the empty list is not empty";
  return listed == blocks_spare ? NULL : "empty blocks are miscounted";
}
