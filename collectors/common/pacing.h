/* pacing.h: the heap policy: how far a heap may grow before the next collection
 * of all of it, and when memory that it does not need goes back to the system.
 *
 * A collector tells what a collection saw (pacing_collection) and gets a *goal*
 * for the next one: bytes of the heap, with external bytes (external.h) if they
 * are seen.  What counts towards the goal, and how near to it the collector
 * comes, is the collector's affair (collectors/README.md, "Heap policies").
 * The listener (gc.h) hears of every collection, what was seen and what was
 * decided.
 *
 * Live bytes L, an option in capital letters, MiB as unit of the square roots:
 *
 *   auto     percent without a heap limit, limit with one.
 *   limit    no goal: only a heap limit, or HEAP-MOST, ends growth.
 *   percent  L + L * GROWTH / 100, as GOGC of Go.
 *   sqrt     L + ROOT / 100 * sqrt(L), as Whippet's growable heap: what a
 *            collection costs grows with L, so the square root makes the sum of
 *            memory and collection work over several heaps the least.
 *   balance  L + ROOT / 100 * sqrt(L * g / s): MemBalancer (Kirisame, Shen &
 *            Panchekha, OOPSLA 2022, section 3), with g the bytes by which the
 *            heap grows in a nanosecond of the mutator and s the bytes that
 *            survive in one of a collection.  Both are smoothed, half the new
 *            and half the old figure.  The paper samples g every second; here
 *            it is known at collections only.
 *   count    L + OBJECTS objects: the first threshold of CPython's collector.
 *            Allocation is counted in bytes, since fast paths count nothing.
 *            Objects to come are taken to be as large on average as those that
 *            are alive and OBJECTS / 4 of 64 bytes: while few are alive, these
 *            may be the program's tables and say little.  Large objects are
 *            left out of the mean, which one of them would decide.
 *            Collectors with partial collections make one after so many
 *            objects, and a full one by CPython's other rules: after PARTIALS
 *            of them (10 times 10 there), if the objects that became old since
 *            the last full one are more than a quarter of those that it left.
 *
 * A goal is at least GROWTH-LEAST above L (but for count), at least HEAP-LEAST,
 * and at most HEAP-MOST, or GROWTH-LEAST above L if that is more: HEAP-MOST is
 * soft, as GOMEMLIMIT of Go.  If HEAP-LEAST is above HEAP-MOST, it wins.
 *
 * Giving back.  Freed memory stays in the heap for reuse.  With GIVE-BACK = N,
 * what N collections in a row found the heap to hold beyond the goal is given
 * back to the system: the least of these surpluses, if it is worth a call
 * (PACING_SURPLUS).  N = 0, the default: never. */
#ifndef REAPMARK_COMMON_PACING_H
#define REAPMARK_COMMON_PACING_H

#include "gc.h"
#include "common/external.h"
#include "common/hostile/mutants.h"
#include "common/large.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum pacing_policy {
  PACING_AUTO,
  PACING_LIMIT,
  PACING_PERCENT,
  PACING_SQRT,
  PACING_BALANCE,
  PACING_COUNT
} pacing_policy;

/* A goal that is never reached; so large that bytes can be added to it. */
#define PACING_NEVER ((uint64_t)1 << 62)

enum {
  /* A surplus is given back if it is at least this share of the goal, and so
   * many bytes: less would come again soon. */
  PACING_SURPLUS = 8,
  PACING_SURPLUS_LEAST = 1 << 17,
};

/* ------------------------------------------------------------------------- *
 * The formulas, as pure functions.
 * ------------------------------------------------------------------------- */

typedef struct pacing_rules {
  pacing_policy policy;           /* not PACING_AUTO */
  uint64_t growth;                /* percent */
  uint64_t root;                  /* growth of a heap of 1 MiB, percent */
  uint64_t objects;               /* for PACING_COUNT */
  uint64_t growth_least;          /* bytes */
  uint64_t heap_least, heap_most; /* bytes; 0: none */
} pacing_rules;

typedef struct pacing_seen {
  uint64_t live, objects; /* bytes and objects alive, */
  large_left large;       /* and of these, large ones */
  double g, s;            /* see above, for PACING_BALANCE; 0: unknown */
} pacing_seen;

/* The goal in bytes; PACING_NEVER: none. */
uint64_t pacing_goal_of(const pacing_rules *rules, const pacing_seen *seen);

/* Bytes of OBJECTS objects (PACING_COUNT). */
uint64_t pacing_bytes_of(const pacing_rules *rules, const pacing_seen *seen);

/* ------------------------------------------------------------------------- *
 * Options.
 * ------------------------------------------------------------------------- */

/* In KiB: a heap may always grow by this much.  A collection of a smaller one
 * costs little, but many of them would be needed. */
extern uint64_t pacing_least;
#define PACING_LEAST (pacing_least << 10)

extern uint64_t pacing_option_policy, pacing_option_growth, pacing_option_root,
    pacing_option_objects, pacing_option_heap_least, pacing_option_heap_most,
    pacing_option_give_back;

#define PACING_OPTION_LEAST                                                    \
  {                                                                            \
    "growth-least", "the least growth that a policy decides on, in KiB",       \
        &pacing_least, 1, (uint64_t)1 << 20                                    \
  }

/* What all collectors with a policy have.  Tracing ones also have growth-least
 * and `objects`.  A collector sets .words to pacing_words, or to a list of its
 * own. */
#define PACING_OPTIONS                                                         \
  {"policy", "what decides when the heap is collected", &pacing_option_policy, \
   PACING_AUTO, PACING_COUNT},                                                 \
      {"growth",                                                               \
       "policy percent: growth between (full) collections, in percent of the " \
       "live bytes",                                                           \
       &pacing_option_growth, 10, 1000},                                       \
      {"root",                                                                 \
       "policies sqrt and balance: growth of a heap with 1 MiB alive, in "     \
       "percent",                                                              \
       &pacing_option_root, 1, 100000},                                        \
      {"heap-least", "the least goal of a policy, in KiB",                     \
       &pacing_option_heap_least, 0, (uint64_t)1 << 25},                       \
      {"heap-most",                                                            \
       "the largest goal of a policy while growth-least fits, in KiB; 0: "     \
       "none",                                                                 \
       &pacing_option_heap_most, 0, (uint64_t)1 << 25},                        \
      {"give-back",                                                            \
       "full collections in a row that must find a surplus before it goes "    \
       "back to the system; 0: it never does",                                 \
       &pacing_option_give_back, 0, 1000},                                     \
      EXTERNAL_OPTION

#define PACING_OPTION_OBJECTS                                                  \
  {                                                                            \
    "objects", "policy count: new objects between collections",                \
        &pacing_option_objects, 1, (uint64_t)1 << 32                           \
  }

/* For collectors with partial collections. */
extern uint64_t pacing_option_partials;
#define PACING_OPTION_PARTIALS                                                 \
  {                                                                            \
    "partials",                                                                \
        "policy count: partial collections before a full one, at the least",   \
        &pacing_option_partials, 1, (uint64_t)1 << 32                          \
  }

extern const gc_words pacing_words[];

/* ------------------------------------------------------------------------- *
 * The policy of the heap.  There is one per process.  Only one thread collects
 * at a time; it alone calls these functions.
 * ------------------------------------------------------------------------- */

/* What happened in a collection.  Bytes include external ones, if the collector
 * sees them. */
typedef struct pacing_collection {
  bool full;        /* it looked at the whole heap */
  uint64_t used;    /* bytes that counted towards the goal when it began */
  uint64_t handed;  /* bytes handed out since the collection before */
  uint64_t live;    /* bytes that it left, */
  uint64_t objects; /* and objects */
  uint64_t born;    /* of `live`: handed out while it ran.  They may have died
                       since, and must not let the heap grow */
  uint64_t held; /* bytes that the heap holds where it counts what it holds, not
                    what it handed out: the goal leaves it half the growth
                    beyond these.  0: it does not */
  uint64_t live_least;   /* the goal is that of so many live bytes, if fewer are
                            alive */
  uint64_t growth_least; /* in place of the option, in bytes; 0: the option */
} pacing_collection;

/* The policy that the option chooses, not PACING_AUTO, in a heap with this
 * limit in bytes; 0: none. */
pacing_policy pacing_chosen(uint64_t limit);

/* The options have been set, and a heap is made: decides on the first goal, by
 * `policy`, which is not PACING_AUTO.  `growth_least`: as in pacing_collection.
 */
void pacing_create(pacing_policy policy, uint64_t growth_least);

/* Work for a collection begins, unless it has, and ends: the time in between is
 * its cost.  A collection in steps calls both for each step.  The first call of
 * a collection also ends the time of the mutator. */
void pacing_work_begins(void);
void pacing_work_ends(void);

/* The collection has ended: pacing_work_ends, decides on the goal, and tells
 * the listener (listener.h).  After a partial collection the goal stays. */
void pacing_decide(const pacing_collection *c);

/* The goal in bytes.  PACING_NEVER: none. */
uint64_t pacing_goal(void);

/* Bytes that may be handed out if `live` are alive: up to the goal, but at
 * least `least`. */
static inline uint64_t pacing_room(uint64_t live, uint64_t least) {
  uint64_t goal = pacing_goal();
  return goal > live + least ? goal - live : least;
}

/* Whether anything is ever given back: a surplus need not be looked for
 * otherwise. */
bool pacing_gives_back(void);

/* How often something was, so far, as a counter of gc_heap_counters. */
extern uint64_t pacing_given_back;
#define PACING_COUNTERS                                                        \
  { "given-back", pacing_given_back }
#define PACING_EVENTS "given-back"

/* The goal without external bytes: what the heap itself may hold. */
uint64_t pacing_goal_inside(void);

/* After a full collection that left a heap of `pages` bytes, of which `wanted`
 * are wanted for the goal: how many to give back now, or 0. */
uint64_t pacing_surplus(uint64_t pages, uint64_t wanted);

/* ------------------------------------------------------------------------- *
 * Full and partial collections.
 * ------------------------------------------------------------------------- */

/* State of a collector that has full collections, which look at the whole heap,
 * and partial ones, which look at what changed.  Zero at first. */
typedef struct pacing {
  uint64_t yield; /* 1 + the bytes handed out between the last full collection
                     and the one after it; 0: the last collection was full */
} pacing;

/* To be called after a full collection. */
static inline void pacing_full(pacing *p) {
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

/* Whether the next collection is to be full, by the policy, if so many bytes
 * and objects are alive after a partial one. */
bool pacing_full_is_due(uint64_t live, uint64_t objects);

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

/* Bytes to be handed out until the next collection, of any kind: OBJECTS
 * objects with policy count, else `bytes`.  `live` bytes and so many objects
 * are alive. */
uint64_t pacing_partial_bytes(uint64_t bytes, uint64_t live, uint64_t objects);

#endif
