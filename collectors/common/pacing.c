/* pacing.c: see pacing.h. */
#include "common/pacing.h"

uint64_t pacing_least = 4096;

void pacing_nursery_fit(pacing_nursery *n, uint64_t handed, uint64_t kept) {
  if (kept > handed / n->grow && n->bytes < n->most)
    n->bytes *= 2;
  else if (kept < handed / n->grow / 4 && n->bytes > n->least)
    n->bytes /= 2;
}

void pacing_nursery_partial(pacing_nursery *n, uint64_t handed, uint64_t kept,
                            uint64_t live) {
  pacing_nursery_fit(n, handed, kept);
  bool futile = kept > live / 3 && live <= n->most;
  n->futile += futile;
  n->full_after = futile ? 2 * n->full_after + 1 : 0;
  if (n->full_after > n->full_most)
    n->full_after = n->full_most;
  n->full_due = n->full_after;
}
