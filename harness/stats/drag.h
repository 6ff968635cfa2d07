/* drag.h: how long dead objects stay in memory.
 *
 * The latency of an object is the time from its death to its reclamation, in
 * any unit.  Objects that are never reclaimed have none and are not counted. */
#ifndef REAPMARK_DRAG_H
#define REAPMARK_DRAG_H

#include <stdint.h>

typedef struct stat_drag {
  uint64_t count;    /* of objects */
  uint64_t sum, max; /* of their latencies */
  uint64_t drag; /* sum of bytes times latency (Röjemo & Runciman, ICFP 1996) */
} stat_drag;

/* Adds an object of this latency and size. */
void stat_drag_add(stat_drag *d, uint64_t latency, uint64_t bytes);

#endif
