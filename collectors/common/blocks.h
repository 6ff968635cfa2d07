/* blocks.h: aligned blocks of one size, which the collectors divide as they
 * like: cells of one size (cells.h), lines, a stretch to copy into.
 *
 * Blocks come from the arena in groups and go back in groups, so that what the
 * arena adds to each allocation is little.  A table by block number says to
 * whom a block belongs; what else there is to know of it, its owner keeps in a
 * table of its own, by the same number (blocks_table).
 *
 * Not thread-safe: whoever takes and gives blocks while mutators run has a
 * lock around it. */
#ifndef REAPMARK_COMMON_BLOCKS_H
#define REAPMARK_COMMON_BLOCKS_H

#include "common/space.h"

enum {
  /* Large enough that taking one is rare, small enough that one block for each
   * class in use is nothing to a heap of a few MiB. */
  BLOCK_BYTES = 32 * 1024,
  BLOCK_GRANULES = BLOCK_BYTES / SPACE_GRANULE,
};

/* After space_create, and before space_destroy.  False if the system refuses.
 */
bool blocks_create(void);
void blocks_destroy(void);

/* A block with nothing in it, its contents undefined, or 0: the limit is
 * reached.  Where free memory is told from memory in use (poison.h) it is free:
 * whoever uses a part of it says so by poison_take. */
uint32_t blocks_take(void);

/* It is empty again, and the next to be taken. */
void blocks_give(uint32_t number);

/* Makes sure that at least `n` blocks are there that nobody has, so that as
 * many can be taken.  False if they are not to be had. */
bool blocks_hold(uint32_t n);

/* Gives groups of blocks that nobody has back to the arena, all but `keep`
 * blocks, and everything that is unused in the arena to the system, so that it
 * can be had in another shape. */
void blocks_release_but(uint32_t keep);
static inline void blocks_release(void) {
  blocks_release_but(0);
}

/* One past the highest number that was ever taken, and how many blocks are
 * there that nobody has: that may be read by any thread. */
extern uint32_t blocks_end;
extern _Atomic uint32_t blocks_spare;

/* Whether somebody has this block.  0 is never a block, nor is what an address
 * outside any block gives. */
bool blocks_taken(uint32_t number);

/* Whether this is a block that nobody has.  For figures and checks: slow. */
bool blocks_empty(uint32_t number);

/* A zeroed table with an entry of `bytes` for each block that there can be;
 * NULL if the system refuses. */
void *blocks_table(size_t bytes);
void blocks_table_destroy(void *table, size_t bytes);

/* Bytes of the tables that describe blocks in use, with `bytes` an entry in
 * those of the owner. */
uint64_t blocks_side_bytes(size_t bytes);

/* What is wrong with the list of empty blocks, or NULL. */
const char *blocks_check(void);

static inline uint32_t block_number(const void *p) {
  return (uint32_t)((uintptr_t)p / BLOCK_BYTES -
                    (uintptr_t)space_base / BLOCK_BYTES);
}

static inline char *block_address(uint32_t number) {
  return (char *)(((uintptr_t)space_base / BLOCK_BYTES + number) * BLOCK_BYTES);
}

/* The number of a block's first granule.  Reservation and blocks are aligned to
 * pages, of 256 granules each, so that a word of a bitmap by granule never
 * belongs to two blocks. */
static inline uint32_t block_granule(uint32_t number) {
  return space_granule(block_address(number));
}

#endif
