/* cycles.c: finds and frees dead cycles by synchronous trial deletion (Bacon &
 * Rajan, Concurrent Cycle Collection in Reference Counted Systems, ECOOP 2001,
 * section 3).
 *
 * A cycle can only become garbage when a count drops to other than zero, so
 * every object to which that happens is buffered as a candidate root.  From
 * time to time all candidates are examined together, in three passes over what
 * they reach:
 *
 *   mark gray  subtract every reference inside the reached subgraph from the
 *              counts: what is left of a count comes from outside;
 *   scan       an object with a count left is live, and everything it reaches
 *              gets its counts back (black); the others are white;
 *   collect    the white objects are the dead cycles: free them.
 *
 * Invariants.  Between detections every object is black.  An object's count is
 * the number of references to it, less those from gray and white objects.  A
 * buffered object is freed by nobody but the detector; if its count drops to
 * zero it stays, childless, with a count of zero.  All passes use one explicit
 * stack, on which an object is at most once per pass.
 *
 * Differences to the paper.  (1) Incrementing does not recolour: a buffered
 * object stays a candidate although it was retained since, because clearing the
 * mark would cost every increment, and the typical program drops again what it
 * retained.  That examines more, and frees no live object: mark gray and scan
 * never trust the colour.  (2) Objects without slots are never visited: they
 * are let go when the cycle that owned them is freed.  (3) White objects are
 * gathered on a list before any is freed, as freeing while walking would follow
 * pointers into freed objects. */
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

static struct {
  uint64_t threshold;
  uint64_t pressure;    /* bytes in use at which to look */
  object_stack orphans; /* candidates of mutators that have detached */
  object_stack roots;   /* candidates under examination */
  object_stack work;    /* what a pass has yet to visit */
  object_stack doomed;  /* white objects, to be freed */
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

bool rc_release_buffering(gc_mutator *m, gc_object *o) {
#if RC_ATOMIC
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_RELAXED), dropped;
  bool last;
  do {
    if (header & (uint64_t)RC_BUFFERED << 32)
      return rc_drop(o);
    last = (uint32_t)header == 1;
    dropped = header - 1;
    if (!last)
      dropped |= (uint64_t)RC_BUFFERED << 32;
  } while (!__atomic_compare_exchange_n(&o->header, &header, dropped, true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  if (last)
    return true;
#else
  if (rc_drop(o))
    return true;
  if (o->meta & RC_BUFFERED)
    return false;
  o->meta |= RC_BUFFERED;
#endif
  object_push_or_die(&m->candidates, o);
  return false;
}

void rc_release_candidate(gc_mutator *m, gc_object *o) {
  if (rc_release_buffering(m, o))
    rc_dead(m, o);
  else
    rc_detect_if_due(m);
}

void rc_detect_if_due(gc_mutator *m) {
  /* A cascade's list is threaded through counts: not a time to look at them. */
  if (m->in_cascade || m->candidates.size == 0)
    return;
  if (m->candidates.size >= cycles.threshold || space_used() >= cycles.pressure)
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

static void visit(gc_object *o, uint32_t c) {
  set_color(o, c);
  object_push_or_die(&cycles.work, o);
}

/* Takes the references inside the subgraph off the counts. */
static void mark_gray(gc_object *root) {
  if (color(root) == GRAY)
    return;
  visit(root, GRAY);
  while (cycles.work.size) {
    gc_object *o = object_pop(&cycles.work);
    cycles.traced++;
    EACH_CHILD(o, child) {
      child->word--;
      if (color(child) != GRAY)
        visit(child, GRAY);
    }
  }
}

/* Gives them back to everything that a live object reaches.  May be called with
 * entries on the work stack, and leaves those alone. */
static void scan_black(gc_object *root) {
  size_t bottom = cycles.work.size;
  visit(root, BLACK);
  while (cycles.work.size > bottom) {
    gc_object *o = object_pop(&cycles.work);
    EACH_CHILD(o, child) {
      child->word++;
      if (color(child) != BLACK)
        visit(child, BLACK);
    }
  }
}

/* Tells the live from the dead. */
static void scan(gc_object *root) {
  object_push_or_die(&cycles.work, root);
  while (cycles.work.size) {
    gc_object *o = object_pop(&cycles.work);
    if (color(o) != GRAY)
      continue;
    if (o->word > 0) {
      scan_black(o);
      continue;
    }
    set_color(o, WHITE);
    EACH_CHILD(o, child)
    if (color(child) == GRAY)
      object_push_or_die(&cycles.work, child);
  }
}

/* Gathers the white objects on the list of the doomed. */
static void gather(gc_object *root) {
  size_t next = cycles.doomed.size;
  if (color(root) != WHITE)
    return;
  set_color(root, DOOMED);
  object_push_or_die(&cycles.doomed, root);
  for (; next < cycles.doomed.size; next++) {
    EACH_CHILD(cycles.doomed.items[next], child) {
      if (color(child) == WHITE) {
        set_color(child, DOOMED);
        object_push_or_die(&cycles.doomed, child);
      }
    }
  }
}

/* Finalizable objects are not freed but queued, and keep what they reach. */
static void spare_finalizable(void) {
  for (size_t i = 0; i < cycles.doomed.size; i++) {
    gc_object *o = cycles.doomed.items[i];
    if (!(o->meta & OBJECT_FINALIZABLE))
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
  size_t kept = 0;
  for (size_t i = 0; i < cycles.doomed.size; i++) {
    gc_object *o = cycles.doomed.items[i];
    if (color(o) == DOOMED)
      cycles.doomed.items[kept++] = o;
  }
  cycles.doomed.size = kept;
  cycles.freed += kept;
  for (size_t i = 0; i < kept; i++) {
    gc_object *o = cycles.doomed.items[i];
    if (o->meta & OBJECT_WEAK_TARGET)
      rc_weak_clear(o);
    for (uint32_t s = 0; s < object_slots(o); s++) {
      gc_object *leaf = o->slots[s];
      if (leaf && object_slots(leaf) == 0 && rc_drop(leaf))
        rc_dead(m, leaf);
    }
  }
  /* Only now: until here a doomed object's slots had to name objects whose slot
   * count could be read. */
  for (size_t i = 0; i < kept; i++)
    space_free(cycles.doomed.items[i], m->flags);
  cycles.doomed.size = 0;
}

/* ------------------------------------------------------------------------- *
 * A detection.
 * ------------------------------------------------------------------------- */

/* Moves a buffer's candidates to the roots.  Those that died meanwhile gave up
 * their children then and are only freed.  This must be through before anything
 * is marked gray: a gray object may have a count of zero and be alive. */
static void take_candidates(gc_mutator *m, object_stack *buffer) {
  while (buffer->size) {
    gc_object *o = object_pop(buffer);
    if (o->word == 0) {
      space_free(o, m->flags);
      continue;
    }
    o->meta &= ~(uint32_t)RC_BUFFERED;
    object_push_or_die(&cycles.roots, o);
  }
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

void rc_detect(gc_mutator *m) {
  uint64_t begin = gc_now_ns();
  /* Another thread that stopped the world first has examined this one's
   * candidates too. */
  if (RC_ATOMIC && !world_stop())
    return;
  uint64_t traced = cycles.traced, freed = cycles.freed;
  take_candidates(m, &cycles.orphans);
  for (gc_mutator *other = world_mutators(); other; other = other->base.next)
    take_candidates(m, &other->candidates);
  m->in_cascade = true; /* leaves die below: no detection within detection */
  object_stack *roots = &cycles.roots;
  for (size_t i = 0; i < roots->size; i++)
    mark_gray(roots->items[i]);
  for (size_t i = 0; i < roots->size; i++)
    scan(roots->items[i]);
  for (size_t i = 0; i < roots->size; i++)
    gather(roots->items[i]);
  spare_finalizable();
  free_doomed(m);
  m->in_cascade = false;
  cycles.detections++;
  cycles.candidates += roots->size;
  if (option_adaptive)
    adapt(roots->size, cycles.traced - traced, cycles.freed - freed);
  roots->size = 0;
  cycles.pressure = 2 * space_used();
  if (cycles.pressure < PRESSURE_LEAST)
    cycles.pressure = PRESSURE_LEAST;
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
#else
    .name = "refcount-cycles",
    .summary = "reference counting with a synchronous cycle detector",
#endif
    .source = "trial deletion: Bacon & Rajan, ECOOP 2001, section 3",
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
  cycles.threshold = option_threshold;
  cycles.pressure = PRESSURE_LEAST;
}

void rc_cycles_destroy(void) {
  object_stack_free(&cycles.orphans);
  object_stack_free(&cycles.roots);
  object_stack_free(&cycles.work);
  object_stack_free(&cycles.doomed);
}

void rc_cycles_detach(gc_mutator *m) {
  world_lock();
  while (m->candidates.size)
    object_push_or_die(&cycles.orphans, object_pop(&m->candidates));
  world_unlock();
  object_stack_free(&m->candidates);
}

uint64_t rc_cycles_bytes(void) {
  uint64_t bytes =
      object_stack_bytes(&cycles.orphans) + object_stack_bytes(&cycles.roots) +
      object_stack_bytes(&cycles.work) + object_stack_bytes(&cycles.doomed);
  world_lock();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    bytes += object_stack_bytes(&m->candidates);
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
