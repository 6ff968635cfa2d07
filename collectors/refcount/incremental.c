/* incremental.c: the detector of CPython 3.14.0 to 3.14.4, which examines the
 * old containers by increments (containers.c), beside all young ones.
 *
 * Old objects are in two spaces: *pending*, what this *scavenge* has yet to
 * look at, and *visited*, what it has found alive.  Survivors of an increment
 * are visited.  When nothing is pending the scavenge is over, and the spaces
 * change roles.
 *
 * A scavenge begins with a *marking*, which is not incremental: whatever the
 * roots lead to is alive, and visited.  Each increment first marks what the
 * registers lead to by then.  To what it examines, the young objects, it adds
 * pending objects, each together with all pending ones to which it leads: a
 * dead cycle that began in one increment is in it as a whole.  A visited object
 * that dies waits for the next scavenge.
 *
 * The work.  An increment is due when more than `young` containers were made
 * than died.  It is to examine as many objects, and as many more as follow from
 * the size of the heap (work_of), and what earlier increments left to do.  What
 * was marked counts as done: with the option `twice` two times, as in 3.14.0 to
 * 3.14.4.  A large live heap thus earns a debt at each marking, during which
 * increments look at no more than what is young in 3.14.0, and at nothing since
 * 3.14.1 (the option `early`).
 *
 * One thing is different.  In CPython something is always pending after a
 * marking, since C code holds objects to which no known root leads.  So a
 * scavenge goes on until the debt is paid.  Here a marking may
 * leave nothing pending; the scavenge goes on all the same.  Otherwise every
 * second increment would mark all of a live heap.
 *
 * The registers stand for the stacks of CPython's threads, global roots for
 * its modules. */
#include "gc.h"
#include "refcount/rc-internal.h"

static uint64_t option_young = 2000;
static uint64_t option_scale = 10;
static uint64_t option_divisor = 10;
static uint64_t option_debt = 5000;
static uint64_t option_early = 1;
static uint64_t option_twice = 1;

static struct {
  unsigned visited, pending; /* numbers of lists */
  bool begins;               /* the next increment begins a scavenge */
  int64_t work;              /* objects to examine; negative: a debt */
  /* Counters since the heap was made. */
  uint64_t increments;
  uint64_t markings;
  uint64_t scavenges; /* that came to an end */
  uint64_t full;      /* full collections */
  uint64_t early;     /* increments that looked at nothing, for a debt */
  uint64_t marked;    /* objects */
  uint64_t joined;    /* pending objects that came into an increment */
} scavenge;

/* ------------------------------------------------------------------------- *
 * Marking.
 * ------------------------------------------------------------------------- */

/* Moves a container that was not visited to the end of a list. */
static inline void move(gc_object *o, unsigned list) {
  rc_list_remove(o);
  rc_list_append(list, o);
}

static inline void mark(gc_object *o) {
  if (!o || object_slots(o) == 0)
    return;
  unsigned list = rc_container_of(o)->list;
  if (list == RC_YOUNG || list == scavenge.pending) {
    move(o, RC_MARKED);
    scavenge.marked++;
  }
}

/* Marks what the marked objects lead to.  A value is not marked by its
 * ephemeron: whether the key is alive is not known. */
static void mark_on(void) {
  while (rc_lists[RC_MARKED].first) {
    gc_object *o = space_address(rc_lists[RC_MARKED].first);
    move(o, scavenge.visited);
    if (o->meta & OBJECT_WEAK_REFERENCE)
      continue;
    for (uint32_t i = 0; i < object_slots(o); i++)
      mark(o->slots[i]);
  }
}

static void mark_registers(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    for (unsigned t = 0; t < GC_TLS; t++)
      mark(m->base.tls[t]);
    for (gc_reg r = 0; r < m->base.top; r++)
      mark(m->reg[r]);
  }
  mark_on();
}

static void mark_all(void) {
  for (unsigned g = 0; g < GC_GLOBALS; g++)
    mark(object_globals[g]);
  for (size_t i = 0; i < finalizers_count(); i++)
    mark(finalizers_first()[i]);
  mark_registers();
}

/* Calls `marks`; returns how many objects it marked. */
static int64_t count_marked(void (*marks)(void)) {
  listener_phase("mark");
  uint64_t before = scavenge.marked;
  marks();
  return (int64_t)(scavenge.marked - before);
}

/* ------------------------------------------------------------------------- *
 * Increments.
 * ------------------------------------------------------------------------- */

/* A part of the heap, in objects. */
static int64_t part_of_heap(void) {
  uint64_t scale = option_scale < 2 ? 2 : option_scale;
  return (int64_t)(rc_containers() / option_divisor / scale);
}

/* Objects to be examined for `made` new ones. */
static int64_t work_of(uint64_t made) {
  int64_t most = (int64_t)(option_early ? 2 * made : made * 3 / 2);
  int64_t part = part_of_heap();
  return (int64_t)made + (part < most ? part : most);
}

static inline void join(gc_object *o) {
  if (o && object_slots(o) > 0 &&
      rc_container_of(o)->list == scavenge.pending) {
    move(o, RC_EXAMINED);
    scavenge.joined++;
  }
}

/* Takes the first pending object into the increment, with all pending ones to
 * which it leads, by ephemerons as well. */
static void join_first(void) {
  gc_object *o = space_address(rc_lists[scavenge.pending].first);
  join(o);
  for (uint32_t g = space_granule(o); g; g = rc_container_at(g)->next) {
    o = space_address(g);
    for (uint32_t i = 0; i < object_slots(o) && !gc_mutant(joined_alone); i++)
      join(o->slots[i]);
    if (o->meta & OBJECT_WEAK_TARGET)
      for (rc_pair *p = rc_pairs_of(o); p;
           p = p->link.next ? rc_pair_of(p->link.next) : NULL)
        join(p->value);
  }
}

/* The scavenge is over: what was visited is pending. */
static void end_scavenge(void) {
  if (!gc_mutant(spaces_stay)) {
    unsigned visited = scavenge.visited;
    scavenge.visited = scavenge.pending;
    scavenge.pending = visited;
  }
  scavenge.scavenges++;
  scavenge.work = 0;
  scavenge.begins = true;
}

static void begin_scavenge(void) {
  int64_t marked = count_marked(mark_all);
  scavenge.work -= option_twice ? 2 * marked : marked;
  scavenge.begins = false;
  scavenge.markings++;
}

static void increment(gc_mutator *m) {
  uint64_t made = rc_fresh;
  rc_fresh = 0;
  scavenge.increments++;
  if (!gc_mutant(debt_unpaid) || scavenge.work >= 0)
    scavenge.work += work_of(made);
  if (option_early && scavenge.work < 0) {
    scavenge.early++;
    return;
  }
  if (scavenge.begins) {
    begin_scavenge();
    return;
  }
  scavenge.work -= count_marked(mark_registers);
  listener_phase("join");
  rc_list_splice(RC_YOUNG, RC_EXAMINED);
  while ((int64_t)rc_lists[RC_EXAMINED].size < scavenge.work &&
         rc_lists[scavenge.pending].first)
    join_first();
  int64_t size = (int64_t)rc_lists[RC_EXAMINED].size;
  rc_examine(m, scavenge.visited, false);
  if (!option_early)
    scavenge.work += part_of_heap();
  scavenge.work -= size;
  if (!rc_lists[scavenge.pending].first && scavenge.work >= 0)
    end_scavenge();
}

static void collect_full(gc_mutator *m) {
  rc_list_splice(scavenge.visited, RC_EXAMINED);
  rc_list_splice(scavenge.pending, RC_EXAMINED);
  rc_list_splice(RC_YOUNG, RC_EXAMINED);
  rc_examine(m, scavenge.visited, true);
  rc_fresh = 0;
  scavenge.full++;
  end_scavenge();
}

void rc_collect_due(gc_mutator *m) {
  uint64_t begin = listener_begins();
  increment(m);
  rc_report_detection(begin);
}

void rc_candidates_collect(gc_mutator *m) {
  uint64_t begin = listener_begins();
  collect_full(m);
  rc_report_detection(begin);
}

bool rc_candidates_collect_stopped(gc_mutator *m) {
  collect_full(m);
  return true;
}

/* ------------------------------------------------------------------------- *
 * The rest of the collector.
 * ------------------------------------------------------------------------- */

const gc_option rc_candidates_options[] = {
    {"young",
     "containers, made less died, beyond which an increment is due; 0: never",
     &option_young, 0, UINT32_MAX},
    {"divisor",
     "an increment adds heap / divisor / scale objects to the new ones",
     &option_divisor, 1, UINT32_MAX},
    {"scale", "see divisor; CPython's threshold1", &option_scale, 0,
     UINT32_MAX},
    {"debt", "objects that the first increments need not examine", &option_debt,
     0, UINT32_MAX},
    {"twice", "1: what the marking finds counts twice as work done",
     &option_twice, 0, 1},
    {"early",
     "1: as after 3.14.0, increments with a debt look at nothing, not even at "
     "what is young",
     &option_early, 0, 1},
    {0}};

void rc_candidates_create(void) {
  rc_containers_create();
  memset(&scavenge, 0, sizeof scavenge);
  scavenge.visited = RC_OLD_A;
  scavenge.pending = RC_OLD_B;
  scavenge.begins = true;
  scavenge.work = -(int64_t)option_debt;
  rc_fresh_most = option_young ? option_young : UINT64_MAX;
}

size_t rc_candidates_counters(gc_counter *out, size_t room) {
  const gc_counter all[] = {
      {"collections", scavenge.increments + scavenge.full},
      {"increments", scavenge.increments},
      {"markings", scavenge.markings},
      {"scavenges", scavenge.scavenges},
      {"full-collections", scavenge.full},
      {"returned-early", scavenge.early},
      {"objects-marked", scavenge.marked},
      {"objects-joined", scavenge.joined}};
  size_t n = gc_counters_fill(out, room, all, sizeof all / sizeof *all);
  return n + rc_containers_counters(out + n, room - n, scavenge.marked);
}
