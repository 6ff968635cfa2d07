/* pacing.c: see pacing.h. */
#include "common/pacing.h"

uint64_t pacing_least = 4096;

void pacing_nursery_partial(pacing_nursery *n, uint64_t handed, uint64_t kept,
                            uint64_t live) {
  if (kept > handed / n->grow && n->bytes < n->most)
    n->bytes *= 2;
  else if (kept < handed / n->grow / 4 && n->bytes > n->least)
    n->bytes /= 2;
  bool futile = kept > live / 3 && live <= n->most;
  n->futile += futile;
  n->full_after = !futile                            ? 0
                  : n->full_after < PACING_FULL_MOST ? 2 * n->full_after + 1
                                                     : PACING_FULL_MOST;
  n->full_due = n->full_after;
}
