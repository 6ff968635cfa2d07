/* space.h: where the objects of all our collectors live.
 *
 * One contiguous reservation of address space, so that a side table is indexed
 * by (address - base), handed out by one jemalloc arena whose extent hooks
 * enforce the heap limit and count the footprint, page by page, for every
 * collector alike.  The counting collectors allocate objects from the arena
 * directly, each mutator through a thread cache of its own; the block-based
 * ones take aligned blocks.  jemalloc is linked with its names prefixed: the
 * process's own malloc stays the C library's, and is not charged.
 *
 * The limit is on pages that may hold objects.  The arena's own metadata is
 * reported in the footprint, but not limited. */
#ifndef REAPMARK_COMMON_SPACE_H
#define REAPMARK_COMMON_SPACE_H

#include "common/object.h"

enum { SPACE_GRANULE = 16 }; /* every object starts on one */

/* The largest reservation.  Each reference to an object is a slot of 8 bytes,
 * so a heap of 2^35 bytes holds fewer than 2^32 of them: a 32-bit reference
 * count cannot overflow, and a granule's number fits in 32 bits as well. */
#define SPACE_MOST ((uint64_t)1 << 35)

extern char *space_base;     /* start of the reservation */
extern uint64_t space_bytes; /* its size */

/* For a collector's option: 1 asks the system for pages of 2 MiB where it has
 * them to give.  Marking in no order of a large heap then misses the TLB less;
 * but memory is resident in steps of 2 MiB, and each is cleared at once. */
extern uint64_t space_huge_pages;

/* Reserves the address space and makes the arena.  `limit` in bytes, 0 for
 * none.  Returns false if the system refuses.  Once per process at a time. */
bool space_create(uint64_t limit);
void space_destroy(void);

/* Allocation flags of a mutator: this arena through a thread cache of its own
 * (made and destroyed here), or through none. */
int space_cache_create(void);
void space_cache_flush(int flags);
void space_cache_destroy(int flags);
int space_uncached(void);

/* `bytes` from the arena, aligned to 16, or NULL when the limit is reached.
 * `flags` must be the calling mutator's own, or space_uncached().  space_alloc
 * is for fast paths: where every allocation must take the slow one
 * (hostile.h), it returns NULL always, and space_alloc_slow does the work. */
void *space_alloc(size_t bytes, int flags);
void *space_alloc_slow(size_t bytes, int flags);

/* The same aligned to `alignment`, a power of two.  jemalloc adds a page to
 * each allocation above 14 KiB, to shift them against each other in the cache,
 * and that page is charged: take blocks in groups. */
void *space_alloc_aligned(size_t bytes, size_t alignment, int flags);

/* The same with all bytes zero. */
void *space_alloc_zeroed(size_t bytes, int flags);

/* Where freed memory is poisoned (poison.h), it goes through a quarantine. */
void space_free(void *p, int flags);

/* Empties the quarantine, and gives pages that hold nothing back to the
 * system, so that they can serve another purpose under the limit. */
void space_purge(void);

/* Bytes of object pages now and at the most, and of the arena's metadata. */
uint64_t space_used(void);
uint64_t space_used_peak(void);
uint64_t space_metadata(void);

/* Objects allocated from the arena and not freed, and the bytes of their cells,
 * exactly, provided that every thread cache was flushed. */
uint64_t space_objects(void);
uint64_t space_cells(void);

/* Bytes of the cell of one object. */
size_t space_cell(const void *p);

/* A table beside the heap: `bytes` of zeroed memory of which only the pages
 * touched cost anything.  Returns NULL if the system refuses. */
void *space_table_create(size_t bytes);
void space_table_destroy(void *table, size_t bytes);

/* Number of an object's granule, never 0, and back. */
static inline uint32_t space_granule(const void *p) {
  return (uint32_t)(((uintptr_t)p - (uintptr_t)space_base) / SPACE_GRANULE);
}

static inline void *space_address(uint32_t granule) {
  return space_base + (uint64_t)granule * SPACE_GRANULE;
}

#endif
