/* cascade.h: deaths that cause deaths in a runtime that counts, of which the
 * first one's end is the end of a pause if there were enough of them to be
 * worth two looks at the clock. */
#ifndef REAPMARK_COMMON_CASCADE_H
#define REAPMARK_COMMON_CASCADE_H

#include "gc.h"

enum { CASCADE_TIMED = 128 };

/* Of one thread, or of all that take turns; zero at first. */
typedef struct cascade {
  unsigned depth;
  uint64_t freed;
  uint64_t began; /* of the death that made it long enough */
} cascade;

static inline void cascade_death_begins(cascade *c) {
  c->depth++;
}

/* Returns whether a long cascade is over, which began at c->began. */
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
