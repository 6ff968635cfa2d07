/* pacing.c: see pacing.h. */
#include "common/pacing.h"
#include "common/listener.h"
#include <math.h>
#include <string.h>

uint64_t pacing_least = 4096;
uint64_t pacing_option_policy = PACING_AUTO;
uint64_t pacing_option_growth = 100;
uint64_t pacing_option_root = 400;
uint64_t pacing_option_objects = 700;
uint64_t pacing_option_partials = 100;
uint64_t pacing_option_heap_least = 0;
uint64_t pacing_option_heap_most = 0;
uint64_t pacing_option_give_back = 0;

const gc_words pacing_words[] = {
    {"policy", (const char *const[]){"auto", "limit", "percent", "sqrt",
                                     "balance", "count", NULL}},
    {0}};

/* ------------------------------------------------------------------------- *
 * The formulas.
 * ------------------------------------------------------------------------- */

enum {
  PACING_OBJECT = 64, /* bytes of an object of which nothing is known, */
  PACING_UNKNOWN = 4, /* and the share of OBJECTS that are taken to be so */
  PACING_QUARTER = 4, /* CPython's rule */
};

uint64_t pacing_bytes_of(const pacing_rules *rules, const pacing_seen *seen) {
  const double n = (double)rules->objects;
  double objects = n / PACING_UNKNOWN, bytes = objects * PACING_OBJECT;
  large_left large = seen->large;
  if (gc_mutant(mean_of_large))
    large = (large_left){0};
  if (seen->objects > large.objects && seen->live > large.bytes) {
    bytes += (double)(seen->live - large.bytes);
    objects += (double)(seen->objects - large.objects);
  }
  return (uint64_t)(n * bytes / objects);
}

/* ROOT / 100 * sqrt(L * ratio), if L is in MiB and so is the result. */
static uint64_t pacing_root(const pacing_rules *rules, uint64_t live,
                            double ratio) {
  const double mib = 1 << 20;
  double growth = (double)rules->root / 100 * sqrt(mib * (double)live * ratio);
  return growth < (double)PACING_NEVER ? (uint64_t)growth : PACING_NEVER;
}

/* By how much the heap may grow, without the bounds. */
static uint64_t pacing_growth_of(const pacing_rules *rules,
                                 const pacing_seen *seen) {
  switch (rules->policy) {
  case PACING_PERCENT:
    return seen->live / 100 * rules->growth;
  case PACING_SQRT:
    return pacing_root(rules, seen->live, 1);
  case PACING_BALANCE:
    return pacing_root(rules, seen->live,
                       !(seen->g > 0 && seen->s > 0) ? 1
                       : gc_mutant(rates_swapped)    ? seen->s / seen->g
                                                     : seen->g / seen->s);
  case PACING_COUNT:
    return pacing_bytes_of(rules, seen);
  case PACING_AUTO:
  case PACING_LIMIT:
    break;
  }
  return PACING_NEVER;
}

uint64_t pacing_goal_of(const pacing_rules *rules, const pacing_seen *seen) {
  uint64_t growth = pacing_growth_of(rules, seen);
  if (rules->policy != PACING_COUNT && growth < rules->growth_least &&
      !gc_mutant(growth_least_ignored))
    growth = rules->growth_least;
  uint64_t goal = growth < PACING_NEVER ? seen->live + growth : PACING_NEVER;
  if (rules->heap_most && goal > rules->heap_most &&
      !gc_mutant(heap_most_ignored)) {
    goal = seen->live + rules->growth_least;
    if (goal < rules->heap_most)
      goal = rules->heap_most;
  }
  if (goal < rules->heap_least && !gc_mutant(heap_least_ignored))
    goal = rules->heap_least;
  return goal;
}

/* ------------------------------------------------------------------------- *
 * The policy of the heap.
 * ------------------------------------------------------------------------- */

static struct {
  pacing_rules rules;
  uint64_t goal;    /* bytes; PACING_NEVER: none */
  uint64_t live;    /* after the last full collection: bytes, ... */
  uint64_t objects; /* ... and objects */
  uint64_t partial; /* partial collections since */
  bool by_rule;     /* not the goal but CPython's rule makes full ones due */
  double g, s;      /* for PACING_BALANCE */

  uint64_t ended;   /* when the last collection did, ns */
  uint64_t began;   /* when the work under way did; 0: there is none */
  uint64_t mutator; /* ns from the last collection to this one; 0: not begun */
  uint64_t cost;    /* ns of this one so far */
  uint64_t mutator_since; /* ns of mutators since the last full collection */

  unsigned calm;    /* full collections in a row that found a surplus, */
  uint64_t surplus; /* and the least of these, in bytes */
} pace;

pacing_policy pacing_chosen(uint64_t limit) {
  pacing_policy policy = (pacing_policy)pacing_option_policy;
  if (policy != PACING_AUTO)
    return policy;
  return limit ? PACING_LIMIT : PACING_PERCENT;
}

static pacing_rules pacing_rules_given(pacing_policy policy) {
  return (pacing_rules){.policy = policy,
                        .growth = pacing_option_growth,
                        .root = pacing_option_root,
                        .objects = pacing_option_objects,
                        .growth_least = PACING_LEAST,
                        .heap_least = pacing_option_heap_least << 10,
                        .heap_most = pacing_option_heap_most << 10};
}

/* The rules for a collection that may have a least growth of its own. */
static pacing_rules pacing_rules_with(uint64_t growth_least) {
  pacing_rules rules = pace.rules;
  if (growth_least)
    rules.growth_least = growth_least;
  return rules;
}

uint64_t pacing_given_back;

void pacing_create(pacing_policy policy, uint64_t growth_least) {
  memset(&pace, 0, sizeof pace);
  pacing_given_back = 0;
  pace.rules = pacing_rules_given(policy);
  pacing_rules rules = pacing_rules_with(growth_least);
  pace.goal = pacing_goal_of(&rules, &(pacing_seen){0});
  pace.ended = gc_now_ns();
}

void pacing_work_begins(void) {
  if (pace.began)
    return;
  pace.began = gc_now_ns();
  if (!pace.mutator)
    pace.mutator = pace.began - pace.ended + 1;
}

void pacing_work_ends(void) {
  if (pace.began)
    pace.cost += gc_now_ns() - pace.began;
  pace.began = 0;
}

uint64_t pacing_goal(void) {
  return pace.goal;
}

/* Half the new and half the old rate: `bytes` in `ns`, unless no time passed.
 */
static double pacing_smooth(double rate, uint64_t bytes, uint64_t ns) {
  if (!ns)
    return rate;
  double now = (double)bytes / (double)ns;
  return rate > 0 ? (rate + now) / 2 : now;
}

/* A full collection has ended: the next goal. */
static void pacing_decide_full(const pacing_collection *c) {
  uint64_t grew = c->used > pace.live ? c->used - pace.live : 0;
  pace.g = pacing_smooth(pace.g, grew, pace.mutator_since);
  pace.s = pacing_smooth(pace.s, c->live, pace.cost);
  uint64_t live = c->live - (c->born < c->live ? c->born : c->live);
  if (live < c->live_least)
    live = c->live_least;
  pacing_rules rules = pacing_rules_with(c->growth_least);
  uint64_t goal = pacing_goal_of(
      &rules, &(pacing_seen){live, c->objects, large_all(), pace.g, pace.s});
  if (c->held && goal < PACING_NEVER && goal < c->held + (goal - live) / 2)
    goal = c->held + (goal - live) / 2;
  if (!gc_mutant(goal_never_falls) || goal > pace.goal)
    pace.goal = goal;
  pace.live = c->held ? c->held : c->live;
  pace.objects = c->objects;
  pace.mutator_since = 0;
  pace.partial = 0;
}

/* The goal as the listener is told of it. */
static uint64_t pacing_told(uint64_t goal) {
  return goal < PACING_NEVER && !pace.by_rule ? goal : 0;
}

void pacing_decide(const pacing_collection *c) {
  pacing_work_ends();
  uint64_t due = pace.goal;
  pace.mutator_since += pace.mutator;
  if (c->full || gc_mutant(partial_sets_goal))
    pacing_decide_full(c);
  else
    pace.partial++;
  pace.ended = gc_now_ns();
  listener_paced(&(gc_paced){.at_ns = pace.ended,
                             .full = c->full,
                             .due = pacing_told(due),
                             .used = c->used,
                             .live = c->live,
                             .external = external_held(),
                             .allocated = c->handed,
                             .cost_ns = pace.cost,
                             .mutator_ns = pace.mutator,
                             .goal = pacing_told(pace.goal)});
  pace.mutator = pace.cost = 0;
}

bool pacing_full_is_due(uint64_t live, uint64_t objects) {
  if (pace.rules.policy == PACING_COUNT) {
    pace.by_rule = true;
    uint64_t old = objects > pace.objects ? objects - pace.objects : 0;
    return pace.partial >= pacing_option_partials &&
           (old > pace.objects / PACING_QUARTER || gc_mutant(quarter_ignored));
  }
  return live > pace.goal;
}

bool pacing_gives_back(void) {
  return pacing_option_give_back && pace.goal < PACING_NEVER;
}

uint64_t pacing_goal_inside(void) {
  uint64_t kept = external_kept();
  return pace.goal > kept ? pace.goal - kept : 0;
}

uint64_t pacing_surplus(uint64_t pages, uint64_t wanted) {
  uint64_t surplus = pages > wanted ? pages - wanted : 0;
  if (surplus < PACING_SURPLUS_LEAST || surplus < wanted / PACING_SURPLUS) {
    pace.calm = 0;
    return 0;
  }
  if (!pace.calm || surplus < pace.surplus)
    pace.surplus = surplus;
  if (++pace.calm < pacing_option_give_back && !gc_mutant(given_back_at_once))
    return 0;
  pace.calm = 0;
  if (gc_mutant(surplus_kept))
    return 0;
  pacing_given_back++;
  return pace.surplus;
}

/* ------------------------------------------------------------------------- *
 * Nurseries.
 * ------------------------------------------------------------------------- */

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

uint64_t pacing_partial_bytes(uint64_t bytes, uint64_t live, uint64_t objects) {
  if (pace.rules.policy != PACING_COUNT)
    return bytes;
  return pacing_bytes_of(&pace.rules,
                         &(pacing_seen){live, objects, large_all(), 0, 0});
}
