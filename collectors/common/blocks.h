/* blocks.h: aligned blocks of one size, which collectors divide as they like:
 * into cells of one size (cells.h), into lines, or into objects to copy.
 *
 * Blocks are taken from the arena (space.h) in groups and given back in groups,
 * because the arena adds a page to each allocation.  When memory is short, the
 * pages of empty blocks go back to the system even if others of their group are
 * taken, so that large objects can have as many bytes as are free, wherever
 * they are: the heap limit counts pages.  A table by block number
 * tells which blocks are taken; a collector keeps everything else about its
 * blocks in a table of its own, by the same number (blocks_table).
 *
 * Not thread-safe: a collector that takes and gives blocks while mutators run
 * guards its calls with a lock. */
#ifndef REAPMARK_COMMON_BLOCKS_H
#define REAPMARK_COMMON_BLOCKS_H

#include "common/space.h"

enum {
  /* Large enough that taking one is rare; small enough that a block for each
   * size class in use is little to a heap of a few MiB. */
  BLOCK_BYTES = 32 * 1024,
  BLOCK_GRANULES = BLOCK_BYTES / SPACE_GRANULE,
};

/* Make and destroy the table of blocks; the space must exist.  blocks_create
 * returns false if the system refuses memory. */
bool blocks_create(void);
void blocks_destroy(void);

/* Takes an empty block and returns its number; its contents are undefined.
 * Returns 0 if the heap limit is reached.  If free memory is poisoned
 * (poison.h) the block is: call poison_take for each part before it is used. */
uint32_t blocks_take(void);

/* Gives a block back: it is empty, and the next one to be taken. */
void blocks_give(uint32_t number);

/* Makes sure that at least `n` empty blocks can be taken.  Returns false if
 * they cannot be had. */
bool blocks_hold(uint32_t n);

/* Returns groups of empty blocks to the arena, all but `keep` blocks, the pages
 * of further empty blocks to the system, and unused pages of the arena too, so
 * that the memory can be used for other purposes under the heap limit.  For
 * when memory is short: it costs system calls, and the pages are new when
 * their blocks are taken again. */
void blocks_release_but(uint32_t keep);
static inline void blocks_release(void) {
  blocks_release_but(0);
}

/* For when memory is not short, but the space holds more than it needs: makes
 * its pages as few as `pages` bytes, if they become so few by giving back
 * unused pages of the arena and empty blocks, all but `least` of these.  The
 * quarantine of poisoned memory stays (space_trim). */
void blocks_shrink(uint64_t pages, uint32_t least);

/* One past the highest number that was ever taken. */
extern uint32_t blocks_end;

/* The number of empty blocks that can certainly be taken: those with pages. Any
 * thread may read it. */
extern _Atomic uint32_t blocks_spare;

/* Whether a block is taken.  False for 0, which is never a block, and for the
 * number of an address outside all blocks. */
bool blocks_taken(uint32_t number);

/* Whether this is an empty block with pages.  For figures and checks: slow. */
bool blocks_empty(uint32_t number);

/* Makes a zeroed table with an entry of `bytes` for every block that the space
 * can hold; NULL if the system refuses. */
void *blocks_table(size_t bytes);
void blocks_table_destroy(void *table, size_t bytes);

/* Bytes of side tables that describe the blocks up to blocks_end, if the
 * collector's tables have `bytes` per block. */
uint64_t blocks_side_bytes(size_t bytes);

/* Bytes of the blocks that have pages. */
uint64_t blocks_bytes(void);

/* Checks the list of empty blocks; returns what is wrong, or NULL. */
const char *blocks_check(void);

/* The number of the block that has this address. */
static inline uint32_t block_number(const void *p) {
  return (uint32_t)((uintptr_t)p / BLOCK_BYTES -
                    (uintptr_t)space_base / BLOCK_BYTES);
}

static inline char *block_address(uint32_t number) {
  return (char *)(((uintptr_t)space_base / BLOCK_BYTES + number) * BLOCK_BYTES);
}

/* The number of a block's first granule.  The reservation and the blocks are
 * aligned to pages, of 256 granules each, so no word of a bitmap with a bit per
 * granule belongs to two blocks. */
static inline uint32_t block_granule(uint32_t number) {
  return space_granule(block_address(number));
}

#endif
