/* pacing.h: how far a heap without a limit may grow before the next collection,
 * and whether the next one should look at the whole heap. */
#ifndef REAPMARK_COMMON_PACING_H
#define REAPMARK_COMMON_PACING_H

#include "common/hostile/mutants.h"
#include <stdbool.h>
#include <stdint.h>

/* In KiB: a heap may always grow by this much.  A collection of a smaller one
 * costs little, but many of them would be needed. */
extern uint64_t pacing_least;
#define PACING_LEAST (pacing_least << 10)

/* The option of collectors that use it. */
#define PACING_OPTION                                                          \
  {                                                                            \
    "growth-least",                                                            \
        "without a heap limit: allocation between collections is never less, " \
        "in KiB",                                                              \
        &pacing_least, 1, (uint64_t)1 << 20                                    \
  }

/* Bytes that a heap with `live` live bytes may grow by, if that is `percent`
 * of them. */
static inline uint64_t pacing_growth(uint64_t live, uint64_t percent) {
  uint64_t growth = live / 100 * percent;
  return growth > PACING_LEAST ? growth : PACING_LEAST;
}

/* State of a collector that has full collections, which look at the whole heap,
 * and partial ones, which look at what changed.  Zero at first, but for `most`:
 * PACING_LEAST. */
typedef struct pacing {
  uint64_t most;  /* without a heap limit, the next collection is full once more
                     bytes than these are alive */
  uint64_t yield; /* 1 + the bytes handed out between the last full collection
                     and the one after it; 0: the last collection was full */
} pacing;

/* To be called after a full collection that left `live` bytes alive. */
static inline void pacing_full(pacing *p, uint64_t live, uint64_t percent) {
  p->most = live + pacing_growth(live, percent);
  p->yield = 0;
}

/* To be called after a partial collection, before which `handed` bytes had been
 * handed out since the last collection. */
static inline void pacing_partial(pacing *p, uint64_t handed) {
  if (!p->yield)
    p->yield = handed + 1;
}

static inline bool pacing_was_full(const pacing *p) {
  return !p->yield;
}

/* Whether another full collection is worth it when memory runs out after
 * `handed` bytes: partial collections give back less and less where garbage is
 * old, and this one has less than half of what the last full one gave. */
static inline bool pacing_dwindles(const pacing *p, uint64_t handed) {
  return handed < p->yield / 2;
}

/* State of a collector whose partial collections look at a *nursery*: at what
 * was handed out since the last collection of any kind. */
typedef struct pacing_nursery {
  uint64_t bytes; /* to be handed out until the next collection */
  uint64_t least,
      most;      /* the smallest and first value of `bytes`; the largest */
  unsigned grow; /* `bytes` doubles if more than one in so many bytes survived;
                    it halves if fewer than one in four times as many did */
  /* Back-off: how many full collections follow a futile partial one (0, 1, 3,
   * 7, ...), how many of these are still to come, and the most there may be. */
  unsigned full_after, full_due, full_most;
  uint64_t futile; /* partial collections that were, so far */
} pacing_nursery;

/* To be called after a full collection.  `pays`: it is known that a partial one
 * would not have been futile. */
static inline void pacing_nursery_full(pacing_nursery *n, bool pays) {
  n->full_due -= n->full_due > 0 && !gc_mutant(back_off_for_good);
  if (pays)
    n->full_due = n->full_after = 0;
}

/* Fits the nursery to a collection of `handed` bytes, of which `kept`
 * survived. */
void pacing_nursery_fit(pacing_nursery *n, uint64_t handed, uint64_t kept);

/* To be called after a partial collection of `handed` bytes, of which `kept`
 * survived; `live` bytes are alive.
 *
 * A partial collection is *futile* if much of all that is alive was young until
 * then: a full one would have cost little more, and would have found what died
 * old.  Then full collections take the place of the next partial ones, of more
 * each time, until the collector works as one without generations.  Only in
 * small heaps: a full collection must not take longer than a partial one
 * can. */
void pacing_nursery_partial(pacing_nursery *n, uint64_t handed, uint64_t kept,
                            uint64_t live);

#endif
