/* poison.h: poisons free memory, so that its use is detected.
 *
 * Under the hostile condition `poison`, free memory is filled with a pattern
 * that is no address and tells when the memory was freed (hostile.h); a bit per
 * granule notes that it was filled.  When the memory is used again, the pattern
 * must be unchanged, so writes to dead objects are found.  In a build with
 * AddressSanitizer free memory is also poisoned in its shadow, with or without
 * the condition, so reads are found too.
 *
 * space_free does both for memory that goes back to the arena.  A collector
 * that manages cells or blocks of its own calls the functions below. */
#ifndef REAPMARK_COMMON_POISON_H
#define REAPMARK_COMMON_POISON_H

#include "common/hostile/hostile.h"

#ifdef __SANITIZE_ADDRESS__
#define POISON_SHADOWS true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_SHADOWS true
#endif
#endif
/* clang may be installed without the header, which is of its sanitizers. */
#ifdef POISON_SHADOWS
#include <sanitizer/asan_interface.h>
#else
#define POISON_SHADOWS                        false
#define ASAN_POISON_MEMORY_REGION(p, bytes)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, bytes) ((void)0)
#endif

/* Make and destroy the notes of what is poisoned in the space; space.c calls
 * these.  poison_create returns false if the system refuses memory. */
bool poison_create(void);
void poison_destroy(void);

/* Whether free memory is poisoned in either way. */
static inline bool poison_active(void) {
  return POISON_SHADOWS || hostile.poison != HOSTILE_NO_POISON;
}

/* What the next two functions do about the pattern; nothing if the condition is
 * not set. */
void poison_fill(void *p, size_t bytes);
void poison_check(void *p, size_t bytes);

/* These bytes, whole granules, are free from now on.  Those that were free
 * already stay as they are.  Any thread. */
static inline void poison_free(void *p, size_t bytes) {
  poison_fill(p, bytes);
  ASAN_POISON_MEMORY_REGION(p, bytes);
}

/* These bytes are in use from now on.  Reports a violation if they were changed
 * while they were free.  Any thread. */
static inline void poison_take(void *p, size_t bytes) {
  ASAN_UNPOISON_MEMORY_REGION(p, bytes);
  poison_check(p, bytes);
}

/* The contents of these bytes were given back to the system, pattern included.
 */
void poison_forget(void *p, size_t bytes);

/* Whether the granule at `p` is filled with the pattern. */
bool poison_is_free(const void *p);

/* Checks the pattern of all free memory.  No other mutator may run. */
void poison_check_all(void);

/* Whether memory that is about to be freed is free already; reports that. */
bool poison_refuses(const void *p);

/* Puts freed memory into the quarantine, a queue; `release` is called with it
 * when it leaves the queue and may be used again.  Any thread; the caller must
 * not hold a lock that `release` takes, also for other entries. */
void poison_bury(void *p, size_t bytes, void (*release)(void *p));

/* Releases all entries of the quarantine. */
void poison_exhume(void);

/* The number of entries in the quarantine, or their bytes. */
uint64_t poison_kept(bool bytes);

#endif
