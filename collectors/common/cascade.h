/* cascade.h: times cascades for adapters to counting runtimes.  A cascade is
 * the death of an object with all the deaths that it causes; it is reported as
 * a pause (GC_PAUSE_CASCADE) if it is long enough to be worth two clock reads.
 */
#ifndef REAPMARK_COMMON_CASCADE_H
#define REAPMARK_COMMON_CASCADE_H

#include "gc.h"

enum { CASCADE_TIMED = 128 }; /* deaths in a cascade that is timed */

/* The state of one thread, or of threads that take turns.  Zero at first. */
typedef struct cascade {
  unsigned depth; /* deaths that have begun and not ended */
  uint64_t freed; /* deaths in this cascade that have ended */
  uint64_t began; /* when number CASCADE_TIMED of them ended */
} cascade;

/* Call when an object begins to die. */
static inline void cascade_death_begins(cascade *c) {
  c->depth++;
}

/* Call when it has died.  Returns true at the end of a timed cascade, whose
 * pause began at c->began. */
static inline bool cascade_death_ends(cascade *c) {
  if (++c->freed == CASCADE_TIMED)
    c->began = gc_now_ns();
  if (--c->depth > 0)
    return false;
  bool was_long = c->freed >= CASCADE_TIMED;
  c->freed = 0;
  return was_long;
}

#endif
