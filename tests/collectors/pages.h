/* pages.h: how long the pages of the heap are.  Debian's jemalloc for arm64 has
 * pages of 64 KiB: there what small limits hold, and what a footprint comes to,
 * is coarser than where they have 4 KiB. */
#ifndef REAPMARK_TESTS_PAGES_H
#define REAPMARK_TESTS_PAGES_H

#include "common/jemalloc-prefixed.h"

static inline bool pages_are_long(void) {
  size_t bytes = 0, size = sizeof bytes;
  assert_int_equal(rmje_mallctl("arenas.page", &bytes, &size, NULL, 0), 0);
  return bytes > 4096;
}

#endif
