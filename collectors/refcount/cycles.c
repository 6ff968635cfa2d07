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
 * The option `most` bounds what one detection traces.  Candidates are marked
 * gray one after the other; when that many objects were, no more candidates are
 * begun, and the one under way is undone: what it reaches is taken for live.
 * It and the others wait for the next detection, those whose trace alone
 * exceeds the bound for a full one.  So a dead cycle is found later, but found:
 * detection is full in gc_collect, when the heap has doubled since all
 * candidates were examined, and when memory runs out.
 *
 *   The bound holds for detections begun because candidates were many: each
 *   pass visits `most` objects at the most.
 *   It does not hold for full detections, nor for what is no tracing: an object
 *   counts as one whatever its slots; leaves that die with a cycle, candidates
 *   that have died, and the moving of those that wait are not counted.
 *
 * Invariants.  Between detections every object is black.  An object's count is
 * the number of references to it, less those from gray and white objects.  A
 * buffered object is freed by nobody but the detector, when it takes it out of
 * the buffer; if it dies it stays, childless, with a count of zero.  A dead
 * cycle that nothing refers to has a candidate in it.  No pass recurses: what
 * is yet to be visited waits in a bag.
 *
 * Differences to the paper.  (1) Incrementing does not recolour: a buffered
 * object stays a candidate although it was retained since, because clearing the
 * mark would cost every increment, and the typical program drops again what it
 * retained.  That examines more, and frees no live object: mark gray and scan
 * never trust the colour.  (2) Objects without slots are never visited: they
 * are let go when the cycle that owned them is freed.  (3) White objects are
 * gathered on a list before any is freed, as freeing while walking would follow
 * pointers into freed objects. */
#include "gc.h"
#include "common/blocks.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
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
static uint64_t option_most = 0;

enum {
  /* Raise when more is traced than this many times what is freed, plus what
   * the candidates themselves cost: little for each, and more for each that was
   * not reached from another before its turn.  Candidates that reach the same
   * live objects share one trace, so there more of them cost no more... */
  RAISE_TRACED_PER_FREED = 4,
  RAISE_TRACED_PER_CANDIDATE = 4,
  RAISE_TRACED_PER_TRACE = 12,
  /* ...and lower when less than this many times what is freed is traced: then
   * most of the work pays. */
  LOWER_TRACED_PER_FREED = 2,
  /* With more candidates than this, a detection is longer than any cache. */
  THRESHOLD_MOST = 1 << 24,
};

/* Heap pressure: look also when the heap has doubled since the last detection,
 * however few the candidates: one may hold a huge cycle. */
#define PRESSURE_LEAST ((uint64_t)4 << 20)

/* Blocks that nobody has are not in use: with them the heap would seem to
 * double again and again by what detection itself has freed. */
static uint64_t bytes_in_use(void) {
  uint64_t spare = (uint64_t)blocks_spare * BLOCK_BYTES; /* before what it is
                                                            part of grows */
  return space_used() - spare;
}

/* Which bags share a table (stack.h): an object is in at most one at a time of
 * each group. */
enum { TABLE_CANDIDATES, TABLE_WORK, TABLE_BLACK };

#define UNBOUNDED UINT64_MAX

/* A detection that traces `most` objects at the most, or is full if UNBOUNDED.
 * (S) */
static void detect(gc_mutator *m, uint64_t most);

static struct {
  uint64_t threshold;
  uint64_t pressure;  /* bytes in use at which to look at everything */
  object_bag waiting; /* candidates that were put off, or whose mutators have
                         detached */
  object_bag large;   /* those with more to trace than the bound */
  object_bag roots;   /* candidates under examination */
  object_bag work;    /* what mark gray and scan have yet to visit */
  object_bag doomed;  /* white objects, to be freed, when those are through */
  object_bag black;   /* what the others have yet to visit */
  uint64_t left;      /* objects that this detection may yet trace */
  gc_object *undone;  /* the candidate at which it stopped, or NULL */
  /* Events so far: bounded are detections that stopped early, traces are of
   * candidates that were not reached before their turn. */
  uint64_t detections, bounded, candidates, traces, traced, freed;
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
    bag_put(&m->candidates.bag, o);
  return false;
}

/* rc_release_buffering; another thread may come where `between` is called. */
static inline bool drop_and_buffer(gc_mutator *m, gc_object *o,
                                   void (*between)(void)) {
  switch (rc_word_down_or_flag(o, RC_BUFFERED, between)) {
  case RC_DROPPED_LAST:
    return true;
  case RC_DROPPED_BEFORE:
    return false;
  default:
    return buffer(m, o);
  }
}

__attribute__((noinline)) static bool drop_in_a_race(gc_mutator *m,
                                                     gc_object *o) {
  return drop_and_buffer(m, o, hostile_race);
}

bool rc_release_buffering(gc_mutator *m, gc_object *o) {
  return gc_unlikely(RC_SHARED && hostile.yield) ? drop_in_a_race(m, o)
                                                 : drop_and_buffer(m, o, NULL);
}

void rc_candidate(gc_mutator *m, gc_object *o) {
  if (!rc_meta_raise(o, RC_BUFFERED))
    bag_put(&m->candidates.bag, o);
}

void rc_release_candidate(gc_mutator *m, gc_object *o) {
  if (rc_release_buffering(m, o))
    rc_dead(m, o);
  else
    rc_detect_if_due(m);
}

void rc_detect_if_due(gc_mutator *m) {
  /* A cascade's list is threaded through counts: not a time to look at them. */
  if (m->in_cascade || m->candidates.bag.stack.size == 0 ||
      gc_mutant(detects_when_asked_only))
    return;
  if (bytes_in_use() >= cycles.pressure)
    detect(m, UNBOUNDED);
  else if (m->candidates.bag.stack.size >= cycles.threshold)
    detect(m, option_most ? option_most : UNBOUNDED);
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

enum {
  TRAVERSE_PLAIN = 4096, /* objects visited as they come: they are in a cache */
  TRAVERSE_AHEAD = 16,   /* later ones wait while their children are fetched */
  TRAVERSE_FETCH = 8,    /* children of each, at the most */
};

/* Of a pass: what it does with an object that it visits. */
#define STEP inline __attribute__((always_inline))

/* Visits what is in `bag` and what step(o) puts there, `most` objects at the
 * most; returns how many.  A step reads its children's headers, and in a large
 * graph each is a miss; a small one is over before fetching would pay. */
static inline __attribute__((always_inline)) uint64_t
traverse(object_bag *bag, uint64_t most, void (*step)(gc_object *o)) {
  uint64_t n = 0, plain = most < TRAVERSE_PLAIN ? most : TRAVERSE_PLAIN;
  for (; n < plain; n++) {
    gc_object *o = bag_take(bag);
    if (!o)
      return n;
    step(o);
  }
  gc_object *queue[TRAVERSE_AHEAD] = {NULL};
  for (unsigned at = 0, idle = 0; n < most; at = (at + 1) % TRAVERSE_AHEAD) {
    gc_object *next = bag_take(bag), *o = queue[at];
    if (next) {
      uint32_t slots = object_slots(next);
      for (uint32_t i = 0; i < slots && i < TRAVERSE_FETCH; i++)
        if (next->slots[i])
          __builtin_prefetch(next->slots[i]);
      idle = 0;
    } else if (idle++ == TRAVERSE_AHEAD) { /* nothing came for a whole round */
      break;
    }
    queue[at] = next;
    if (!o)
      continue;
    step(o);
    n++;
  }
  for (unsigned i = 0; i < TRAVERSE_AHEAD; i++)
    if (queue[i])
      bag_put(bag, queue[i]);
  return n;
}

/* Gives the references back to everything that a live object reaches. */
static STEP void restore_children(gc_object *o) {
  EACH_CHILD(o, child) {
    if (!gc_mutant(black_restores_once) || color(child) != BLACK)
      child->word++;
    if (color(child) != BLACK)
      visit(child, BLACK, &cycles.black);
  }
}

__attribute__((noinline)) static void scan_black(gc_object *root) {
  visit(root, BLACK, &cycles.black);
  traverse(&cycles.black, UNBOUNDED, restore_children);
}

/* Takes the references inside the subgraph off the counts. */
static STEP void subtract_children(gc_object *o) {
  EACH_CHILD(o, child) {
    child->word--;
    if (color(child) != GRAY)
      visit(child, GRAY, &cycles.work);
  }
}

/* Returns false if that passed the bound, and is undone. */
static bool mark_gray(gc_object *root) {
  if (color(root) == GRAY)
    return true;
  visit(root, GRAY, &cycles.work);
  uint64_t traced = traverse(&cycles.work, cycles.left, subtract_children);
  cycles.traces++;
  cycles.traced += traced;
  cycles.left -= traced;
  gc_object *o = bag_take(&cycles.work);
  if (!o)
    return true;
  /* What was reached and not visited has taken nothing off its children: it is
   * black, and what was visited is what black is to be scanned from.  That
   * restores what the root shares with earlier ones too, who need it no more:
   * if that is dead, so is the root, which stays a candidate. */
  for (; o; o = bag_take(&cycles.work))
    set_color(o, BLACK);
  scan_black(root);
  return false;
}

/* Tells the live from the dead. */
static STEP void scan_object(gc_object *o) {
  if (color(o) != GRAY)
    return;
  if (o->word > gc_mutant(external_ignored)) {
    scan_black(o);
    return;
  }
  set_color(o, WHITE);
  EACH_CHILD(o, child)
  if (color(child) == GRAY)
    bag_put(&cycles.work, child);
}

static void scan(gc_object *root) {
  bag_put(&cycles.work, root);
  traverse(&cycles.work, UNBOUNDED, scan_object);
}

/* Gathers the white objects among the doomed. */
static STEP void gather_object(gc_object *o) {
  bag_put(&cycles.doomed, o);
  EACH_CHILD(o, child)
  if (color(child) == WHITE)
    visit(child, DOOMED, &cycles.black);
}

static void gather(gc_object *root) {
  if (color(root) != WHITE)
    return;
  visit(root, DOOMED, &cycles.black);
  traverse(&cycles.black, UNBOUNDED, gather_object);
}

/* Weak references to the doomed become null: to those as well that a finalizer
 * is going to see, or it would see what somebody else got hold of. */
static void clear_weak(void) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.doomed, &at));)
    if (o->meta & OBJECT_WEAK_TARGET && !gc_mutant(cycle_weak_uncleared))
      rc_weak_clear(o);
}

/* Finalizable objects are not freed but queued, and keep what they reach. */
static void spare_finalizable(void) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.doomed, &at));) {
    if (!(o->meta & OBJECT_FINALIZABLE) || gc_mutant(cycle_not_finalized))
      continue;
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
    cycles.freed++;
    if (o->meta & RC_BUFFERED)
      set_color(o, BLACK); /* a candidate that waits: found dead there */
    else
      rc_cell_free(m, o);
  }
}

/* ------------------------------------------------------------------------- *
 * A detection.
 * ------------------------------------------------------------------------- */

/* Marks gray from a buffer's candidates while something is left to be traced.
 * Those that have died gave up their children then and are only freed: they are
 * black, while a gray object with a count of zero may be alive. */
static void examine(gc_mutator *m, object_bag *buffer) {
  for (gc_object *o; cycles.left && (o = bag_take(buffer));) {
    if (o->word == 0 && color(o) == BLACK) {
      rc_cell_free(m, o);
      continue;
    }
    cycles.candidates++;
    if (!mark_gray(o)) { /* and nothing is left */
      cycles.undone = o;
      return;
    }
    if (!gc_mutant(candidate_stays_marked))
      o->meta &= ~(uint32_t)RC_BUFFERED;
    bag_put(&cycles.roots, o);
  }
}

/* Marks gray from as many candidates as the bound allows; the others wait, the
 * one that was undone so that it is the first next time.  Returns false if any
 * do. */
static bool examine_all(gc_mutator *m, uint64_t most) {
  uint64_t traces = cycles.traces;
  cycles.left = most;
  cycles.undone = NULL;
  if (most == UNBOUNDED)
    examine(m, &cycles.large);
  examine(m, &cycles.waiting);
  for (gc_mutator *other = world_mutators(); other; other = other->base.next) {
    examine(m, &other->candidates.bag);
    for (gc_object *o; (o = bag_take(&other->candidates.bag));)
      bag_put(&cycles.waiting, o);
  }
  if (cycles.undone) {
    bool alone = cycles.traces == traces + 1; /* it had the whole bound */
    bag_put(alone ? &cycles.large : &cycles.waiting, cycles.undone);
  }
  return !cycles.undone && bag_empty(&cycles.waiting);
}

/* Calls `pass` for each candidate under examination. */
static void each_root(void (*pass)(gc_object *root)) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.roots, &at));)
    pass(o);
}

/* After a detection, of which these are the events, that was begun because of
 * so many new candidates. */
static void adapt(uint64_t new, uint64_t examined, uint64_t traces,
                  uint64_t traced, uint64_t freed, bool all) {
  uint64_t least = option_threshold;
  uint64_t worth = RAISE_TRACED_PER_FREED * freed +
                   RAISE_TRACED_PER_CANDIDATE * new +
                   RAISE_TRACED_PER_TRACE *traces;
  if (traced > worth) {
    if (cycles.threshold < THRESHOLD_MOST)
      cycles.threshold *= traced > 4 * worth ? 4 : 2;
  } else if (traced < LOWER_TRACED_PER_FREED * freed) {
    cycles.threshold /= 2;
    /* What waits pays: catch up with it, examining two for each new one. */
    if (!all && examined / 2 < least)
      least = 1 + examined / 2;
  } else if (!all) {
    least = cycles.threshold;
  }
  if (cycles.threshold < least)
    cycles.threshold = least;
}

static void detect_stopped(gc_mutator *m, uint64_t most) {
  uint64_t examined = cycles.candidates, traces = cycles.traces;
  uint64_t traced = cycles.traced, freed = cycles.freed, new = 0;
  for (gc_mutator *other = world_mutators(); other; other = other->base.next)
    new += other->candidates.bag.stack.size;
  bool all = examine_all(m, most);
  m->in_cascade = true; /* leaves die below: no detection within detection */
  each_root(scan);
  each_root(gather);
  clear_weak();
  spare_finalizable();
  free_doomed(m);
  m->in_cascade = false;
  while (bag_take(&cycles.roots))
    continue;
  cycles.detections++;
  cycles.bounded += !all;
  if (option_adaptive && !hostile.buffers)
    adapt(new, cycles.candidates - examined, cycles.traces - traces,
          cycles.traced - traced, cycles.freed - freed, all);
  if (!all || !bag_empty(&cycles.large))
    return;
  cycles.pressure = 2 * bytes_in_use();
  if (cycles.pressure < PRESSURE_LEAST)
    cycles.pressure = PRESSURE_LEAST;
}

static void detect(gc_mutator *m, uint64_t most) {
  uint64_t begin = gc_now_ns();
  /* Another thread that stopped the world first has examined this one's
   * candidates too, though perhaps not all of them. */
  while (!rc_world_stop())
    if (most != UNBOUNDED || !option_most)
      return;
  detect_stopped(m, most);
  rc_world_start(m, begin);
  rc_report_detection(m, begin);
}

void rc_candidates_collect(gc_mutator *m) {
  detect(m, UNBOUNDED);
}

bool rc_candidates_collect_stopped(gc_mutator *m) {
  if (gc_mutant(detects_when_asked_only))
    return false;
  detect_stopped(m, UNBOUNDED);
  return true;
}

/* ------------------------------------------------------------------------- *
 * The rest of the collector.
 * ------------------------------------------------------------------------- */

const gc_option rc_candidates_options[] = {
    {"threshold", "candidates at which to look for cycles, at the least",
     &option_threshold, 1, THRESHOLD_MOST},
    {"adaptive", "1: the threshold follows what detection yields",
     &option_adaptive, 0, 1},
    {"most", "objects traced by one detection, but for full ones; 0: no bound",
     &option_most, 0, UINT32_MAX},
    {0}};

void rc_candidates_create(void) {
  memset(&cycles, 0, sizeof cycles);
  bag_init(&cycles.waiting, TABLE_CANDIDATES);
  bag_init(&cycles.large, TABLE_CANDIDATES);
  bag_init(&cycles.roots, TABLE_CANDIDATES);
  bag_init(&cycles.work, TABLE_WORK);
  bag_init(&cycles.doomed, TABLE_WORK);
  bag_init(&cycles.black, TABLE_BLACK);
  cycles.threshold = option_threshold;
  if (hostile.buffers && hostile.buffers < option_threshold)
    cycles.threshold = hostile.buffers; /* look as soon as it is full */
  cycles.pressure = PRESSURE_LEAST;
}

void rc_candidates_destroy(void) {
  bag_free(&cycles.waiting);
  bag_free(&cycles.large);
  bag_free(&cycles.roots);
  bag_free(&cycles.work);
  bag_free(&cycles.doomed);
  bag_free(&cycles.black);
  bag_tables_free();
}

void rc_candidates_attach(gc_mutator *m) {
  bag_init(&m->candidates.bag, TABLE_CANDIDATES);
}

void rc_candidates_detach(gc_mutator *m) {
  hostile_race();
  world_lock();
  for (gc_object *o; (o = bag_take(&m->candidates.bag));)
    if (!gc_mutant(orphans_forgotten))
      bag_put(&cycles.waiting, o);
  world_unlock();
  bag_free(&m->candidates.bag);
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

const char *rc_candidates_check_object(const gc_object *o, bool buffered) {
  if (color(o) != BLACK)
    return "an object is not black between detections";
  if (object_slots(o) && !(o->meta & RC_BUFFERED) != !buffered)
    return "an object is flagged as a candidate and is in no buffer";
  return NULL;
}

const char *rc_candidates_check(uint32_t *census) {
  const char *why = check_buffer(&cycles.waiting, census);
  if (!why)
    why = check_buffer(&cycles.large, census);
  for (gc_mutator *m = world_mutators(); m && !why; m = m->base.next)
    why = check_buffer(&m->candidates.bag, census);
  return why;
}

uint64_t rc_candidates_bytes(void) {
  const object_bag *bags[] = {&cycles.waiting, &cycles.large,  &cycles.roots,
                              &cycles.work,    &cycles.doomed, &cycles.black};
  uint64_t bytes = 0;
  for (unsigned i = 0; i < sizeof bags / sizeof *bags; i++)
    bytes += object_stack_bytes(&bags[i]->stack);
  world_lock();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    bytes += object_stack_bytes(&m->candidates.bag.stack);
  world_unlock();
  return bytes;
}

size_t rc_candidates_counters(gc_counter *out, size_t room) {
  const gc_counter all[] = {
      {"detections", cycles.detections}, {"bounded", cycles.bounded},
      {"candidates", cycles.candidates}, {"traces", cycles.traces},
      {"objects-traced", cycles.traced}, {"cycle-freed", cycles.freed}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}
