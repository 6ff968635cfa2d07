/* generations.c: CPython's detector up to 3.13: containers are in three
 * generations, and a collection examines one and the younger ones together
 * (containers.c).
 *
 * What survives a collection of the young or the middle generation moves to the
 * next one.  The young generation is collected when more than `young`
 * containers were made than died; the middle one in its place when more than
 * `middle` young collections passed since; all of them when more than `old`
 * middle ones did.  Were that all, a program that makes objects which stay
 * would examine its whole heap again and again, for nothing and in quadratic
 * time.  So a full collection is delayed until the objects that reached the old
 * generation since the last one are a quarter of those that this one left. */
#include "gc.h"
#include "refcount/rc-internal.h"

enum { MIDDLE = RC_OLD_A, OLD = RC_OLD_B, GENERATIONS = 3 };

static uint64_t option_young = 700;
static uint64_t option_middle = 10;
static uint64_t option_old = 10;
static uint64_t option_quarter = 4;

static struct {
  uint64_t young_collections;  /* since the last one of the middle */
  uint64_t middle_collections; /* since the last full one */
  uint64_t pending; /* objects that have come to OLD since the last full one */
  uint64_t settled; /* objects that the last full one left */
  /* Counters since the heap was made. */
  uint64_t collections[GENERATIONS];
  uint64_t delayed; /* full collections that had to wait */
} generations;

static void collect_young(gc_mutator *m) {
  generations.young_collections += !gc_mutant(young_uncounted);
  rc_list_splice(RC_YOUNG, RC_EXAMINED);
  rc_examine(m, MIDDLE, false);
}

static void collect_middle(gc_mutator *m) {
  generations.middle_collections++;
  generations.young_collections = 0;
  rc_list_splice(MIDDLE, RC_EXAMINED);
  rc_list_splice(RC_YOUNG, RC_EXAMINED);
  uint64_t alive = rc_examine(m, OLD, false);
  generations.pending += gc_mutant(pending_uncounted) ? 0 : alive;
}

static void collect_full(gc_mutator *m) {
  generations.middle_collections = generations.young_collections = 0;
  rc_list_splice(OLD, RC_EXAMINED);
  if (!gc_mutant(full_skips_middle))
    rc_list_splice(MIDDLE, RC_EXAMINED);
  rc_list_splice(RC_YOUNG, RC_EXAMINED);
  generations.settled = rc_examine(m, OLD, true);
  generations.pending = 0;
}

/* Whether too little has come to the old generation since the last full
 * collection. */
static bool is_delayed(void) {
  return option_quarter &&
         generations.pending < generations.settled / option_quarter;
}

/* The oldest generation that is due. */
static unsigned oldest_due(void) {
  if (generations.middle_collections > option_old) {
    if (!is_delayed())
      return 2;
    generations.delayed++;
  }
  return generations.young_collections > option_middle ? 1 : 0;
}

static void collect(gc_mutator *m, unsigned generation) {
  static void (*const collectors[GENERATIONS])(gc_mutator *) = {
      collect_young, collect_middle, collect_full};
  rc_fresh = 0;
  generations.collections[generation]++;
  collectors[generation](m);
}

static void collect_reporting(gc_mutator *m, unsigned generation) {
  uint64_t begin = listener_begins();
  collect(m, generation);
  rc_report_detection(begin);
}

void rc_collect_due(gc_mutator *m) {
  if (!gc_mutant(collects_when_asked_only))
    collect_reporting(m, oldest_due());
}

void rc_candidates_collect(gc_mutator *m) {
  collect_reporting(m, 2);
}

bool rc_candidates_collect_stopped(gc_mutator *m) {
  if (gc_mutant(collects_when_asked_only))
    return false;
  collect(m, 2);
  return true;
}

const gc_option rc_candidates_options[] = {
    {"young",
     "containers, made less died, beyond which the detector looks; 0: never",
     &option_young, 0, UINT32_MAX},
    {"middle", "young collections beyond which the middle generation is due",
     &option_middle, 0, UINT32_MAX},
    {"old", "middle collections beyond which a full one is due", &option_old, 0,
     UINT32_MAX},
    {"quarter",
     "a full collection waits for one new old object in so many; 0: does not",
     &option_quarter, 0, UINT32_MAX},
    {0}};

void rc_candidates_create(void) {
  rc_containers_create();
  memset(&generations, 0, sizeof generations);
  rc_fresh_most = option_young ? option_young : UINT64_MAX;
}

size_t rc_candidates_counters(gc_counter *out, size_t room) {
  const gc_counter all[] = {{"young-collections", generations.collections[0]},
                            {"middle-collections", generations.collections[1]},
                            {"full-collections", generations.collections[2]},
                            {"full-delayed", generations.delayed}};
  size_t n = gc_counters_fill(out, room, all, sizeof all / sizeof *all);
  return n + rc_containers_counters(out + n, room - n, 0);
}
