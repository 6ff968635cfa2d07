/* poison.h: freed memory that can be told from memory in use.
 *
 * With the hostile condition `poison`, memory that is free is filled with a
 * pattern that is no address and says when it was freed; a bit for each granule
 * remembers that it was.  When the memory is used again, the pattern must be
 * what it was: whoever wrote to a dead object is found.  In a build under
 * AddressSanitizer free memory is shadowed as well, with or without the
 * condition, which finds reads too.
 *
 * `space_free` does both for what goes back to the arena; a collector with
 * cells of its own calls what is below. */
#ifndef REAPMARK_COMMON_POISON_H
#define REAPMARK_COMMON_POISON_H

#include "common/hostile/hostile.h"
#include <sanitizer/asan_interface.h>

#ifdef __SANITIZE_ADDRESS__
#define POISON_SHADOWS true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_SHADOWS true
#endif
#endif
#ifndef POISON_SHADOWS
#define POISON_SHADOWS false
#endif

/* Makes and ends the record of what is poisoned, for the reservation that is
 * there (space.h, which calls these).  False if the system refuses. */
bool poison_create(void);
void poison_destroy(void);

/* Whether free memory is marked as such in any way. */
static inline bool poison_active(void) {
  return POISON_SHADOWS || hostile.poison != HOSTILE_NO_POISON;
}

/* The pattern's half of the two functions after them; nothing where the
 * condition is not set. */
void poison_fill(void *p, size_t bytes);
void poison_check(void *p, size_t bytes);

/* These bytes, a number of granules, are free from now on; what of them was
 * already stays as it is.  They are in use from now on: reports a violation
 * unless they are as they were left.  Any thread. */
static inline void poison_free(void *p, size_t bytes) {
  poison_fill(p, bytes);
  ASAN_POISON_MEMORY_REGION(p, bytes);
}
static inline void poison_take(void *p, size_t bytes) {
  ASAN_UNPOISON_MEMORY_REGION(p, bytes);
  poison_check(p, bytes);
}

/* The system has taken back what was in these bytes. */
void poison_forget(void *p, size_t bytes);

/* Whether the granule at `p` is filled with the pattern. */
bool poison_is_free(const void *p);

/* Looks at all free memory.  No other mutator may run. */
void poison_check_all(void);

/* Whether memory that is to be freed is free already, which is reported. */
bool poison_refuses(const void *p);

/* What is freed goes through a quarantine, first in, first out, before it is
 * `release`d to be used again.  Any thread may free, and any thread may be the
 * one that releases; it must hold no lock that `release` takes. */
void poison_bury(void *p, size_t bytes, void (*release)(void *p));
/* Releases all that is there. */
void poison_exhume(void);
/* How much is there, or how many bytes it takes. */
uint64_t poison_kept(bool bytes);

#endif
