/* space.h: the space in which the objects of all models live.
 *
 * The space is one contiguous reservation of address space, so that side tables
 * can be indexed by (address - base).  One jemalloc arena hands it out.  The
 * arena's extent hooks enforce the heap limit and count the footprint page by
 * page, in the same way for every collector.  Some collectors allocate objects
 * from the arena directly, each mutator through a thread cache; others take
 * aligned blocks (blocks.h).  jemalloc is linked with prefixed names, so the
 * process's malloc is still the C library's and is not counted.
 *
 * The limit holds for pages that can hold objects, and for external memory that
 * objects own.  The arena's own metadata is part of the footprint, but not
 * limited. */
#ifndef REAPMARK_COMMON_SPACE_H
#define REAPMARK_COMMON_SPACE_H

#include "common/object.h"

/* Bytes of a granule.  Every object begins on one. */
enum { SPACE_GRANULE = 16 };

/* The largest reservation in bytes.  A reference takes 8 bytes, so a heap of
 * 2^35 bytes holds fewer than 2^32 of them besides headers: a 32-bit reference
 * count cannot overflow.  The number of a granule fits in 32 bits as well. */
#define SPACE_MOST ((uint64_t)1 << 35)

extern char *space_base;     /* the start of the reservation */
extern uint64_t space_bytes; /* its size in bytes */

/* A collector's option: 1 asks the system for pages of 2 MiB, if it has any.
 * Marking a large heap in random order then misses the TLB less often; but
 * memory becomes resident 2 MiB at a time, and each piece is cleared at once.
 */
extern uint64_t space_huge_pages;

/* Reserves the address space and makes the arena.  `limit` in bytes, 0: none.
 * Returns false if the system refuses.  There is at most one space at a time.
 */
bool space_create(uint64_t limit);
void space_destroy(void);

/* Make, flush and destroy a mutator's thread cache.  Allocations of the mutator
 * pass the flags that space_cache_create returned, which name the arena and the
 * cache.  If no cache can be made, the flags are space_uncached(). */
int space_cache_create(void);
void space_cache_flush(int flags);
void space_cache_destroy(int flags);

/* Flags that name the arena and no thread cache. */
int space_uncached(void);

/* Allocate `bytes`, aligned to 16; NULL when the limit is reached.  `flags` are
 * the calling mutator's, or space_uncached().  space_alloc is for fast paths:
 * if every allocation must take the slow path (hostile.h), it returns NULL
 * always, and the slow path calls space_alloc_slow. */
void *space_alloc(size_t bytes, int flags);
void *space_alloc_slow(size_t bytes, int flags);

/* The same, aligned to `alignment`, a power of two.  jemalloc adds a page,
 * which counts, to each allocation above 14 KiB, to spread them over cache
 * sets; not on arm64, where its pages are long. */
void *space_alloc_aligned(size_t bytes, size_t alignment, int flags);

/* The same with all bytes zero. */
void *space_alloc_zeroed(size_t bytes, int flags);

/* Frees what these functions returned.  Goes through a quarantine if freed
 * memory is poisoned (poison.h). */
void space_free(void *p, int flags);

/* Empties the quarantine and gives unused pages back to the system, so that the
 * memory can be used for other purposes under the limit. */
void space_purge(void);

/* The same, but memory in the quarantine of poisoned memory stays there, so
 * that use of it is still found.  Any thread. */
void space_trim(void);

/* Gives the pages of memory that is allocated, but not in use, back to the
 * system: they do not count any more.  `p` and `bytes` are whole pages.  The
 * contents are lost, and are not poisoned any more.  Returns false if the
 * system refuses.  Any thread. */
bool space_decommit(void *p, size_t bytes);

/* Counts so many bytes of pages again, which come by themselves when they are
 * touched.  Returns false if the limit does not allow that.  Any thread. */
bool space_commit(uint64_t bytes);

/* Take a block of external memory (external.h) under the heap limit, and give
 * it back.  The space does not hold the block, but counts it, so that both
 * together keep to the limit.  Any thread. */
void *space_external_take(size_t head, uint64_t bytes);
void space_external_give(void *head, uint64_t bytes);

/* Bytes of pages for objects and of external memory now, the most so far, and
 * bytes of the arena's metadata.  Any thread. */
uint64_t space_used(void);
uint64_t space_used_peak(void);
uint64_t space_metadata(void);

/* The first of these for pages alone.  No mutator may run meanwhile. */
uint64_t space_pages(void);

/* The footprint of a heap that holds `side` bytes beside pages for objects, as
 * gc_heap_footprint returns it: the peak is never below what was told before,
 * though lists and tables shrink.  Any thread. */
gc_footprint space_footprint(uint64_t side);

/* The exact number of allocations that were not freed, and the bytes that they
 * occupy with rounding.  All thread caches must have been flushed. */
uint64_t space_objects(void);
uint64_t space_cells(void);

/* Bytes that an allocation occupies with rounding. */
size_t space_cell(const void *p);

/* Makes a table beside the heap: `bytes` of zeroed memory of which only pages
 * that are touched become resident.  Returns NULL if the system refuses. */
void *space_table_create(size_t bytes);
void space_table_destroy(void *table, size_t bytes);

/* The number of the granule at an address, never 0 for an object; and back. */
static inline uint32_t space_granule(const void *p) {
  return (uint32_t)(((uintptr_t)p - (uintptr_t)space_base) / SPACE_GRANULE);
}

static inline void *space_address(uint32_t granule) {
  return space_base + (uint64_t)granule * SPACE_GRANULE;
}

#endif
