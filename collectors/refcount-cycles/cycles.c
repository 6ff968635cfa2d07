/* cycles.c: finds and frees dead cycles by synchronous trial deletion (Bacon &
 * Rajan, Concurrent Cycle Collection in Reference Counted Systems, ECOOP 2001,
 * section 3).
 *
 * A cycle can only become garbage when a count drops to other than zero, or
 * when the last reference from outside is moved into it: every object to which
 * the one happens, or may be happening, is buffered as a candidate root.  From
 * time to time all candidates are examined together, in three passes over what
 * they reach:
 *
 *   mark gray  subtract every reference inside the reached subgraph from the
 *              counts: what is left of a count comes from outside;
 *   scan       an object with a count left is live, and everything it reaches
 *              gets its counts back (black); the others are white;
 *   collect    the white objects are the dead cycles: free them.
 *
 * Nothing here is lost for want of memory: candidates and work lists are bags,
 * which have room for every object of the heap.
 *
 * Invariants.  Between detections every object is black.  An object's count is
 * the number of references to it, less those from gray and white objects.  A
 * buffered object is freed by nobody but the detector; if its count drops to
 * zero it stays, childless, with a count of zero.  No pass recurses: what is
 * yet to be visited waits in a bag.
 *
 * Differences to the paper.  (1) Incrementing does not recolour: a buffered
 * object stays a candidate although it was retained since, because clearing the
 * mark would cost every increment, and the typical program drops again what it
 * retained.  That examines more, and frees no live object: mark gray and scan
 * never trust the colour.  (2) Objects without slots are never visited: they
 * are let go when the cycle that owned them is freed.  (3) White objects are
 * gathered on a list before any is freed, as freeing while walking would follow
 * pointers into freed objects. */
#include "common/hostile.h"
#include "common/mutants.h"
#include "refcount/rc-internal.h"

/* Colours, in two flag bits of the header. */
#define COLOR_MASK (OBJECT_FLAG_B | OBJECT_FLAG_C)
#define BLACK      0u
#define GRAY       OBJECT_FLAG_B
#define WHITE      OBJECT_FLAG_C
#define DOOMED     COLOR_MASK /* white, and gathered on the list of the dead */

/* ------------------------------------------------------------------------- *
 * When to look.  No fixed threshold is right: live candidates make detection
 * cost and find nothing, and then it should be rare; rings dropped one after
 * the other make it pay off at once, and then it should be frequent, while they
 * are in the cache.  So the threshold follows the yield.
 * ------------------------------------------------------------------------- */

static uint64_t option_threshold = 256;
static uint64_t option_adaptive = 1;

enum {
  /* Raise when more is traced than this many times what is freed, plus what
   * the candidates themselves cost... */
  RAISE_TRACED_PER_FREED = 4,
  RAISE_TRACED_PER_CANDIDATE = 16,
  /* ...and lower when less than this many times what is freed is traced: then
   * most of the work pays. */
  LOWER_TRACED_PER_FREED = 2,
  /* With more candidates than this, a detection is longer than any cache. */
  THRESHOLD_MOST = 1 << 24,
};

/* Heap pressure: look also when the heap has doubled since the last detection,
 * however few the candidates: one may hold a huge cycle. */
#define PRESSURE_LEAST ((uint64_t)4 << 20)

/* Which bags share a table (stack.h): an object is in at most one at a time of
 * each group. */
enum { TABLE_CANDIDATES, TABLE_WORK, TABLE_BLACK };

static struct {
  uint64_t threshold;
  uint64_t pressure;  /* bytes in use at which to look */
  object_bag orphans; /* candidates of mutators that have detached */
  object_bag roots;   /* candidates under examination */
  object_bag work;    /* what mark gray and scan have yet to visit */
  object_bag doomed;  /* white objects, to be freed, when those are through */
  object_bag black;   /* what the others have yet to visit */
  uint64_t detections, candidates, traced, freed; /* events so far */
} cycles;

static uint32_t color(const gc_object *o) {
  return o->meta & COLOR_MASK;
}

static void set_color(gc_object *o, uint32_t c) {
  o->meta = (o->meta & ~COLOR_MASK) | c;
}

/* ------------------------------------------------------------------------- *
 * Candidates.
 * ------------------------------------------------------------------------- */

/* What is rare stands apart, so that its calls cost the rest no registers. */
__attribute__((noinline)) static bool buffer(gc_mutator *m, gc_object *o) {
  if (!gc_mutant(self_loops_skipped) || o->slots[0] != o)
    bag_put(&m->candidates, o);
  return false;
}

#if RC_ATOMIC
/* rc_release_buffering; with `race`, others may come between (hostile.h). */
static inline bool drop_and_buffer(gc_mutator *m, gc_object *o, bool race) {
  const uint64_t mark = (uint64_t)RC_BUFFERED << 32;
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_RELAXED), dropped;
  bool last;
  do {
    if (header & mark)
      return rc_drop(m, o);
    if (race)
      hostile_race();
    last = (uint32_t)header == 1;
    dropped = last ? header - 1 : (header - 1) | mark;
  } while (!__atomic_compare_exchange_n(&o->header, &header, dropped, true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  return last ? true : buffer(m, o);
}

__attribute__((noinline)) static bool drop_in_a_race(gc_mutator *m,
                                                     gc_object *o) {
  return drop_and_buffer(m, o, true);
}
#endif

bool rc_release_buffering(gc_mutator *m, gc_object *o) {
#if RC_ATOMIC
  return gc_unlikely(hostile.yield) ? drop_in_a_race(m, o)
                                    : drop_and_buffer(m, o, false);
#else
  if (rc_drop(m, o))
    return true;
  if (o->meta & RC_BUFFERED)
    return false;
  o->meta |= RC_BUFFERED;
  return buffer(m, o);
#endif
}

void rc_candidate(gc_mutator *m, gc_object *o) {
#if RC_ATOMIC
  const uint64_t buffered = (uint64_t)RC_BUFFERED << 32;
  if (__atomic_fetch_or(&o->header, buffered, __ATOMIC_RELAXED) & buffered)
    return;
#else
  if (o->meta & RC_BUFFERED)
    return;
  o->meta |= RC_BUFFERED;
#endif
  bag_put(&m->candidates, o);
}

void rc_release_candidate(gc_mutator *m, gc_object *o) {
  if (rc_release_buffering(m, o))
    rc_dead(m, o);
  else
    rc_detect_if_due(m);
}

void rc_detect_if_due(gc_mutator *m) {
  /* A cascade's list is threaded through counts: not a time to look at them. */
  if (m->in_cascade || m->candidates.stack.size == 0 ||
      gc_mutant(detects_when_asked_only))
    return;
  if (m->candidates.stack.size >= cycles.threshold ||
      space_used() >= cycles.pressure)
    rc_detect(m);
}

/* ------------------------------------------------------------------------- *
 * The three passes.
 * ------------------------------------------------------------------------- */

/* Calls `visit(child)` for each child of `o` that may be part of a cycle. */
#define EACH_CHILD(o, child)                                                   \
  for (gc_object **slot_ = (o)->slots, **end_ = slot_ + object_slots(o),       \
                 *child;                                                       \
       slot_ < end_; slot_++)                                                  \
    if ((child = *slot_) != NULL && object_slots(child) != 0)

static void visit(gc_object *o, uint32_t c, object_bag *later) {
  set_color(o, c);
  bag_put(later, o);
}

/* Takes the references inside the subgraph off the counts. */
static void mark_gray(gc_object *root) {
  if (color(root) == GRAY)
    return;
  visit(root, GRAY, &cycles.work);
  for (gc_object *o; (o = bag_take(&cycles.work));) {
    cycles.traced++;
    EACH_CHILD(o, child) {
      child->word--;
      if (color(child) != GRAY)
        visit(child, GRAY, &cycles.work);
    }
  }
}

/* Gives them back to everything that a live object reaches. */
static void scan_black(gc_object *root) {
  visit(root, BLACK, &cycles.black);
  for (gc_object *o; (o = bag_take(&cycles.black));) {
    EACH_CHILD(o, child) {
      if (!gc_mutant(black_restores_once) || color(child) != BLACK)
        child->word++;
      if (color(child) != BLACK)
        visit(child, BLACK, &cycles.black);
    }
  }
}

/* Tells the live from the dead. */
static void scan(gc_object *root) {
  bag_put(&cycles.work, root);
  for (gc_object *o; (o = bag_take(&cycles.work));) {
    if (color(o) != GRAY)
      continue;
    if (o->word > gc_mutant(external_ignored)) {
      scan_black(o);
      continue;
    }
    set_color(o, WHITE);
    EACH_CHILD(o, child)
    if (color(child) == GRAY)
      bag_put(&cycles.work, child);
  }
}

/* Gathers the white objects among the doomed. */
static void gather(gc_object *root) {
  if (color(root) != WHITE)
    return;
  visit(root, DOOMED, &cycles.black);
  for (gc_object *o; (o = bag_take(&cycles.black));) {
    bag_put(&cycles.doomed, o);
    EACH_CHILD(o, child)
    if (color(child) == WHITE)
      visit(child, DOOMED, &cycles.black);
  }
}

/* Finalizable objects are not freed but queued, and keep what they reach. */
static void spare_finalizable(void) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.doomed, &at));) {
    if (!(o->meta & OBJECT_FINALIZABLE) || gc_mutant(cycle_not_finalized))
      continue;
    if (o->meta & OBJECT_WEAK_TARGET)
      rc_weak_clear(o);
    o->meta &= ~(uint32_t)OBJECT_FINALIZABLE;
    o->word++; /* the queue's */
    finalizers_push(o);
    /* It may have been spared already, as part of another's subgraph. */
    if (color(o) == DOOMED)
      scan_black(o);
  }
}

/* Frees the doomed.  Their references to live objects were taken off when they
 * were marked gray; those to objects without slots were not. */
static void free_doomed(gc_mutator *m) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.doomed, &at));) {
    if (color(o) != DOOMED)
      continue; /* spared */
    if (o->meta & OBJECT_WEAK_TARGET && !gc_mutant(cycle_weak_uncleared))
      rc_weak_clear(o);
    if (gc_mutant(freed_while_walking))
      rc_cell_free(m, o);
    for (uint32_t s = 0; s < object_slots(o); s++) {
      gc_object *leaf = o->slots[s];
      if (leaf && object_slots(leaf) == 0 && rc_drop(m, leaf))
        rc_dead(m, leaf);
    }
  }
  /* Only now: until here a doomed object's slots had to name objects whose slot
   * count could be read. */
  for (gc_object *o; (o = bag_take(&cycles.doomed));) {
    if (color(o) != DOOMED || gc_mutant(freed_while_walking))
      continue;
    rc_cell_free(m, o);
    cycles.freed++;
  }
}

/* ------------------------------------------------------------------------- *
 * A detection.
 * ------------------------------------------------------------------------- */

/* Moves a buffer's candidates to the roots.  Those that died meanwhile gave up
 * their children then and are only freed.  This must be through before anything
 * is marked gray: a gray object may have a count of zero and be alive. */
static void take_candidates(gc_mutator *m, object_bag *buffer) {
  for (gc_object *o; (o = bag_take(buffer));) {
    if (o->word == 0) {
      rc_cell_free(m, o);
      continue;
    }
    if (!gc_mutant(candidate_stays_marked))
      o->meta &= ~(uint32_t)RC_BUFFERED;
    bag_put(&cycles.roots, o);
    cycles.candidates++;
  }
}

/* Calls `pass` for each candidate under examination. */
static void each_root(void (*pass)(gc_object *root)) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.roots, &at));)
    pass(o);
}

static void adapt(uint64_t candidates, uint64_t traced, uint64_t freed) {
  if (traced > RAISE_TRACED_PER_FREED * freed +
                   RAISE_TRACED_PER_CANDIDATE * candidates) {
    if (cycles.threshold < THRESHOLD_MOST)
      cycles.threshold *= 4;
  } else if (traced < LOWER_TRACED_PER_FREED * freed) {
    cycles.threshold /= 2;
    if (cycles.threshold < option_threshold)
      cycles.threshold = option_threshold;
  }
}

void rc_detect_stopped(gc_mutator *m) {
  uint64_t traced = cycles.traced, freed = cycles.freed;
  uint64_t candidates = cycles.candidates;
  take_candidates(m, &cycles.orphans);
  for (gc_mutator *other = world_mutators(); other; other = other->base.next)
    take_candidates(m, &other->candidates);
  m->in_cascade = true; /* leaves die below: no detection within detection */
  each_root(mark_gray);
  each_root(scan);
  each_root(gather);
  spare_finalizable();
  free_doomed(m);
  m->in_cascade = false;
  while (bag_take(&cycles.roots))
    continue;
  cycles.detections++;
  if (option_adaptive && !hostile.buffers)
    adapt(cycles.candidates - candidates, cycles.traced - traced,
          cycles.freed - freed);
  cycles.pressure = 2 * space_used();
  if (cycles.pressure < PRESSURE_LEAST)
    cycles.pressure = PRESSURE_LEAST;
}

void rc_detect(gc_mutator *m) {
  uint64_t begin = gc_now_ns();
  /* Another thread that stopped the world first has examined this one's
   * candidates too. */
  if (RC_ATOMIC && !world_stop())
    return;
  rc_detect_stopped(m);
  if (RC_ATOMIC)
    world_start();
  rc_report(m->base.heap, RC_ATOMIC ? GC_PAUSE_STOP : GC_PAUSE_DETECT, begin);
}

/* ------------------------------------------------------------------------- *
 * The rest of the collector.
 * ------------------------------------------------------------------------- */

const gc_collector gc_this_collector = {
#if RC_ATOMIC
    .name = "refcount-cycles-atomic",
    .summary = "atomic reference counting with a cycle detector that stops "
               "the world",
#elif RC_JEMALLOC
    .name = "refcount-cycles-jemalloc",
    .summary = "refcount-cycles with objects straight from jemalloc",
#else
    .name = "refcount-cycles",
    .summary = "reference counting with a synchronous cycle detector",
#endif
    .source = "trial deletion: Bacon & Rajan, ECOOP 2001, section 3",
    .hostile = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .prompt = GC_PROMPT_CONTENTS, /* the dead among the candidates */
            .threads = RC_ATOMIC,
            .weak = true,
            .finalizers = true,
            .heap_limit = true},
    .options =
        (const gc_option[]){
            {"threshold",
             "candidates at which to look for cycles, at the least",
             &option_threshold, 1, THRESHOLD_MOST},
            {"adaptive", "1: the threshold follows what detection yields",
             &option_adaptive, 0, 1},
            {0}},
};

void rc_cycles_create(const gc_config *config) {
  (void)config;
  memset(&cycles, 0, sizeof cycles);
  bag_init(&cycles.orphans, TABLE_CANDIDATES);
  bag_init(&cycles.roots, TABLE_CANDIDATES);
  bag_init(&cycles.work, TABLE_WORK);
  bag_init(&cycles.doomed, TABLE_WORK);
  bag_init(&cycles.black, TABLE_BLACK);
  cycles.threshold = option_threshold;
  if (hostile.buffers && hostile.buffers < option_threshold)
    cycles.threshold = hostile.buffers; /* look as soon as it is full */
  cycles.pressure = PRESSURE_LEAST;
}

void rc_cycles_destroy(void) {
  bag_free(&cycles.orphans);
  bag_free(&cycles.roots);
  bag_free(&cycles.work);
  bag_free(&cycles.doomed);
  bag_free(&cycles.black);
  bag_tables_free();
}

void rc_cycles_attach(gc_mutator *m) {
  bag_init(&m->candidates, TABLE_CANDIDATES);
}

void rc_cycles_detach(gc_mutator *m) {
  hostile_race();
  world_lock();
  for (gc_object *o; (o = bag_take(&m->candidates));)
    if (!gc_mutant(orphans_forgotten))
      bag_put(&cycles.orphans, o);
  world_unlock();
  bag_free(&m->candidates);
}

static const char *check_buffer(const object_bag *buffer, uint32_t *census) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(buffer, &at));) {
    uint32_t *found = &census[space_granule(o)];
    if (!(o->meta & RC_BUFFERED) || !object_slots(o))
      return "an object in a candidate buffer is no candidate";
    if (*found & RC_CENSUS_CANDIDATE)
      return "an object is in the candidate buffers twice";
    *found |= RC_CENSUS_CANDIDATE;
  }
  return NULL;
}

const char *rc_cycles_check(uint32_t *census) {
  const char *why = check_buffer(&cycles.orphans, census);
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next)
    why = check_buffer(&m->candidates, census);
  return why;
}

uint64_t rc_cycles_bytes(void) {
  const object_bag *bags[] = {&cycles.orphans, &cycles.roots, &cycles.work,
                              &cycles.doomed, &cycles.black};
  uint64_t bytes = 0;
  for (unsigned i = 0; i < sizeof bags / sizeof *bags; i++)
    bytes += object_stack_bytes(&bags[i]->stack);
  world_lock();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    bytes += object_stack_bytes(&m->candidates.stack);
  world_unlock();
  return bytes;
}

size_t rc_cycles_counters(gc_counter *out, size_t room) {
  const gc_counter all[] = {{"detections", cycles.detections},
                            {"candidates", cycles.candidates},
                            {"objects-traced", cycles.traced},
                            {"cycle-freed", cycles.freed}};
  size_t n = 0;
  for (; n < room && n < sizeof all / sizeof *all; n++)
    out[n] = all[n];
  return n;
}
