/* cycles.c: finds and frees dead cycles by synchronous trial deletion (Bacon &
 * Rajan, Concurrent Cycle Collection in Reference Counted Systems, ECOOP 2001,
 * section 3).
 *
 * A cycle can only become garbage when one of its objects loses a count and
 * keeps others, or when the last reference from outside moves into the cycle.
 * Every object to which one of these happens, or may be happening, is buffered
 * as a candidate root.  From time to time all candidates are examined together,
 * in three passes over the objects that they reach:
 *
 *   mark gray  subtracts every reference inside the reached subgraph from the
 *              counts: what is left of a count comes from outside;
 *   scan       takes an object with a count left to be alive, and gives
 *              everything it reaches its counts back (black); the other
 *              objects become white;
 *   gather     lists the white objects, which are the dead cycles, to be freed.
 *
 * Invariants.
 *   - Between detections every object is black.
 *   - An object's count is the number of references to it, without those from
 *     gray and white objects.
 *   - Only this file frees a buffered object, when the object is taken out of
 *     the buffer.  A buffered object that dies stays, without children, with a
 *     count of zero; when many have, they are purged from the buffers.
 *   - A dead cycle to which nothing refers contains a candidate.
 *   - No pass recurses: the objects that it has yet to visit wait in a bag.
 *   - Nothing is lost for want of memory: candidates and work lists are bags,
 *     which have room for every object of the heap (stack.h).
 *
 * The option `most` bounds the objects that one detection marks gray.
 * Candidates are marked gray one after the other.  At the bound no further
 * candidate is begun, and the one under way is undone: what it reaches counts
 * as alive.  It and the rest wait for the next detection, or for a full one if
 * the candidate alone exceeds the bound.  So a dead cycle is found later, but
 * it is found: detection is full in gc_collect, when the heap has doubled since
 * all candidates were examined, and when memory runs out.
 *
 *   The bound holds for detections that began because candidates were many:
 *   each pass visits at most `most` objects.
 *   The bound does not hold for full detections.  An object counts as one
 *   whatever its slots.  Not counted are objects without slots that die with a
 *   cycle, candidates that have died, and the moving of candidates that wait.
 *
 * Ephemerons.  An ephemeron owns a count of its value, but the value is alive
 * by it only if the ephemeron *and* the key are.  So the count is treated as a
 * reference from both: it is subtracted once, when the first of the two is
 * marked gray, and given back when the last of the two is known to be alive
 * (`subtracted`).  An object that was never marked gray counts as alive.  If
 * one of the two turns out to be alive and the other is not known yet, the
 * value is still to be scanned, and no path of white objects need lead to it:
 * it is put `apart`, to be gathered from there.  A dead key clears the
 * ephemeron, whose value then has no count of it any more; a value that was not
 * subtracted is dropped after everything else. An object without slots may be a
 * key, and then it is visited like any other; but it never becomes a candidate.
 * Instead a full detection takes the ephemerons of such keys for candidates.
 *
 * Differences to the paper.
 *   (1) Incrementing does not change the colour.  A buffered object stays a
 *       candidate although it was retained since, because clearing the flag
 *       would cost every increment, and a typical program soon drops what it
 *       retained.  More objects are examined for that, but no live object is
 *       freed: mark gray and scan never trust the colour.
 *   (2) Objects without slots are never visited, keys apart: they lose their
 *       counts when the cycle that owned them is freed.
 *   (3) All white objects are gathered before any is freed: freeing them during
 *       the walk would follow references into freed objects. */
#include "gc.h"
#include "common/blocks.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/pacing.h"
#include "refcount/rc-internal.h"

/* Colours, in two flag bits of the header. */
#define COLOR_MASK (OBJECT_FLAG_B | OBJECT_FLAG_C)
#define BLACK      0u
#define GRAY       OBJECT_FLAG_B
#define WHITE      OBJECT_FLAG_C
#define DOOMED     COLOR_MASK /* white, and gathered to be freed */

/* ------------------------------------------------------------------------- *
 * When to look.  No fixed threshold is right.  Where candidates are alive,
 * detection costs and finds nothing, so it should be rare.  Where rings are
 * dropped one after the other, detection pays off at once, so it should be
 * frequent, while the rings are in the cache.  The threshold follows the yield.
 * ------------------------------------------------------------------------- */

static uint64_t option_threshold = 256;
static uint64_t option_adaptive = 1;
static uint64_t option_most = 0;
static uint64_t option_least = 4096;
static uint64_t option_purge = 1024;

enum {
  /* The threshold rises when more objects are marked gray than the sum of these
   * factors, times the objects freed, the new candidates, and the candidates
   * that no other candidate had reached before their turn.  Candidates that
   * reach the same live objects are marked in one go, so that waiting for more
   * of them costs nothing. */
  RAISE_TRACED_PER_FREED = 4,
  RAISE_TRACED_PER_CANDIDATE = 4,
  RAISE_TRACED_PER_TRACE = 12,
  /* After a detection in vain the last two factors are divided by this one.  In
   * vain is a detection that frees less than one object in
   * VAIN_TRACED_PER_FREED that it marks gray.  An object that lives on is a
   * candidate once however often it loses a count, so a program that stores all
   * over a live graph has fewer candidates than objects, and would be searched
   * for nothing again and again; the doubling of the heap still makes a full
   * detection due. */
  VAIN_WORTH_LESS = 4,
  VAIN_TRACED_PER_FREED = 32,
  /* The threshold falls when fewer objects are marked gray than this factor
   * times the objects freed: then most of the work pays off. */
  LOWER_TRACED_PER_FREED = 2,
  /* Dead candidates are purged when they are at least option_purge, and at
   * least one in this many of all: so many candidates are read for each that is
   * freed. */
  PURGE_BUFFERED_PER_DEAD = 8,
  /* Policy `count`: a detection frees few if it frees less than one in so many
   * of the least threshold. */
  COUNT_FREED_PART = 100,
  /* With more candidates than this their objects fit no cache, so that waiting
   * for still more saves nothing. */
  THRESHOLD_MOST = 1 << 24,
};

/* A full detection is due when the heap has doubled since the last one, however
 * few the candidates are, since one may hold a huge cycle; but not in a heap
 * smaller than option_least, in KiB. */
static uint64_t pressure_least(void) {
  return option_least << 10;
}

/* Bytes of blocks in use, and of external memory if it is seen.  Spare blocks
 * do not count: detection itself frees blocks, and the heap would seem to
 * double again and again. */
static uint64_t bytes_in_use(void) {
  /* Read before space_used(), or a concurrent growth could make the difference
   * negative. */
  uint64_t spare = (uint64_t)blocks_spare * BLOCK_BYTES;
  uint64_t unseen = external_is_seen() ? 0 : external_held();
  uint64_t used = space_used();
  return used > spare + unseen ? used - spare - unseen : 0;
}

/* The bags that share a table (stack.h): an object is in at most one bag of
 * each group at a time. */
enum { TABLE_CANDIDATES, TABLE_WORK, TABLE_BLACK, TABLE_APART };

#define UNBOUNDED UINT64_MAX

/* A detection that marks at most `most` objects gray, or is full if UNBOUNDED.
 * (S) */
static void detect(gc_mutator *m, uint64_t most);

/* Frees the candidates that have died.  (S) */
static void purge(gc_mutator *m);

/* A mutator counts so many new candidates by itself before it adds them to
 * those of all mutators, which takes an atomic operation on a shared line. */
enum { FRESH_MOST = 16 };

static struct {
  /* Candidates that were buffered since the last detection, by mutators that
   * are there and by others that have detached: together they make a detection
   * due.  On a line of its own: all mutators write it. */
  _Alignas(64) _Atomic uint64_t fresh;
  _Atomic uint64_t died;      /* candidates in the buffers that have died */
  _Atomic uint64_t left_over; /* candidates that the last detection left */
  _Alignas(64) uint64_t threshold; /* candidates at which to look */
  uint64_t in_use;                 /* after the last detection: bytes */
  object_bag waiting; /* candidates that were put off, or whose mutators have
                         detached */
  object_bag large;   /* candidates that exceed the bound alone */
  object_bag roots;   /* candidates under examination */
  object_bag work;    /* objects that mark gray and scan have yet to visit */
  object_bag doomed;  /* white objects that are to be freed */
  object_bag black;   /* objects that scan_black and gather have yet to visit */
  uint64_t left;      /* objects that this detection may still mark gray */
  object_bag apart;   /* values of ephemerons to be gathered (see above) */
  bool pairs;         /* there are ephemerons */
  bool undoing;       /* what scan_black reaches counts as alive */
  gc_object *undone;  /* the candidate that exceeded the bound, or NULL */
  /* Counters since the heap was made. */
  uint64_t detections;
  uint64_t full;       /* detections that were due because the heap had grown */
  uint64_t bounded;    /* detections that left candidates waiting */
  uint64_t put_off;    /* candidates that exceeded the bound alone */
  uint64_t inherited;  /* candidates of mutators that have detached */
  uint64_t candidates; /* examined */
  uint64_t dead;       /* candidates found to have died before */
  uint64_t purges;     /* of dead candidates alone */
  uint64_t traces;     /* candidates that no other had reached before */
  uint64_t traced;     /* objects marked gray */
  uint64_t scanned;    /* objects scanned */
  uint64_t restored;   /* objects that got their children's counts back */
  uint64_t freed;      /* objects of dead cycles */
  uint64_t spared;     /* finalizable objects of dead cycles */
} cycles;

/* What the option `policy` says: PACING_AUTO is `yield`. */
static bool policy_is(pacing_policy policy) {
  return pacing_option_policy == policy;
}

static uint32_t color(const gc_object *o) {
  return o->meta & COLOR_MASK;
}

static void set_color(gc_object *o, uint32_t c) {
  o->meta = (o->meta & ~COLOR_MASK) | c;
}

/* ------------------------------------------------------------------------- *
 * Candidates.
 * ------------------------------------------------------------------------- */

/* Adds what the mutator counted by itself to the candidates of all mutators. */
static void count_fresh(gc_mutator *m) {
  cycles.fresh += m->candidates.fresh;
  cycles.died += m->candidates.died;
  m->candidates.fresh = m->candidates.died = 0;
}

void rc_candidate_died(gc_mutator *m) {
  if (++m->candidates.died == FRESH_MOST && RC_SHARED)
    count_fresh(m);
}

static void put(gc_mutator *m, gc_object *o) {
  bag_put(&m->candidates.bag, o);
  if (++m->candidates.fresh == FRESH_MOST && RC_SHARED)
    count_fresh(m);
}

/* The object, whose flag was just set, enters the buffer.  Returns false, for
 * rc_release_buffering.  A function of its own, because it is rare and its
 * calls would cost the callers registers. */
__attribute__((noinline)) static bool buffer(gc_mutator *m, gc_object *o) {
  if (!gc_mutant(self_loops_skipped) || o->slots[0] != o)
    put(m, o);
  return false;
}

/* The object's count was dropped: buffers the object if it is to be.  Returns
 * whether that was the last count. */
static inline bool dropped_last(gc_mutator *m, gc_object *o, rc_dropped how) {
  if (how == RC_DROPPED_FLAGGED)
    return buffer(m, o);
  return how == RC_DROPPED_LAST;
}

/* Dropping counts where other threads are to come between (hostile.h), apart
 * for the same reason. */
__attribute__((noinline)) static rc_dropped drop_in_a_race(gc_object *o) {
  return rc_word_down_or_flag(o, RC_BUFFERED, hostile_race);
}

__attribute__((noinline)) static bool release_in_a_race(gc_mutator *m,
                                                        gc_object *o) {
  return dropped_last(m, o, drop_in_a_race(o));
}

bool rc_release_buffering(gc_mutator *m, gc_object *o) {
  if (gc_unlikely(RC_SHARED && hostile.yield))
    return release_in_a_race(m, o);
  return dropped_last(m, o, rc_word_down_or_flag(o, RC_BUFFERED, NULL));
}

void rc_candidate(gc_mutator *m, gc_object *o) {
  if (!rc_meta_raise(o, RC_BUFFERED))
    put(m, o);
}

void rc_release_candidate(gc_mutator *m, gc_object *o) {
  rc_dropped how = gc_unlikely(RC_SHARED && hostile.yield)
                       ? drop_in_a_race(o)
                       : rc_word_down_or_flag(o, RC_BUFFERED, NULL);
  if (how == RC_DROPPED_LAST) {
    rc_dead(m, o);
    return;
  }
  if (how == RC_DROPPED_FLAGGED)
    buffer(m, o);
  rc_detect_if_due(m);
}

static bool is_purge_due(const gc_mutator *m) {
  uint64_t died = cycles.died + m->candidates.died;
  return died >= option_purge &&
         PURGE_BUFFERED_PER_DEAD * died >=
             cycles.fresh + m->candidates.fresh + cycles.left_over;
}

/* Looks if the heap has grown or if there are candidates enough, whoever has
 * buffered them. */
static void detect_if_many(gc_mutator *m) {
  if (is_purge_due(m))
    purge(m);
  bool waits = gc_mutant(full_put_off) && !bag_empty(&cycles.large);
  if (bytes_in_use() >= pacing_goal() && !waits) {
    __atomic_fetch_add(&cycles.full, 1, __ATOMIC_RELAXED);
    detect(m, UNBOUNDED);
  } else if (cycles.fresh + m->candidates.fresh >= cycles.threshold) {
    detect(m, option_most ? option_most : UNBOUNDED);
  }
}

void rc_detect_if_due(gc_mutator *m) {
  /* In a cascade, counts are used as the links of its list. */
  if (m->in_cascade || m->candidates.bag.stack.size == 0 ||
      gc_mutant(detects_when_asked_only))
    return;
  detect_if_many(m);
}

/* ------------------------------------------------------------------------- *
 * The three passes.
 * ------------------------------------------------------------------------- */

/* Whether an object may be part of a cycle.  During a detection the answer
 * stays the same. */
static inline bool is_visited(const gc_object *o) {
  return object_slots(o) != 0 ||
         (gc_unlikely(cycles.pairs) && o->meta & OBJECT_WEAK_TARGET);
}

/* The slots that a pass follows: not those of ephemerons. */
static inline uint32_t followed_slots(const gc_object *o) {
  return gc_unlikely(o->meta & OBJECT_WEAK_REFERENCE) ? 0 : object_slots(o);
}

/* Loops over the children of `o` that may be part of a cycle. */
#define EACH_CHILD(o, child)                                                   \
  for (gc_object **slot_ = (o)->slots, **end_ = slot_ + followed_slots(o),     \
                 *child;                                                       \
       slot_ < end_; slot_++)                                                  \
    if ((child = *slot_) != NULL && is_visited(child))

/* Whether `o` may be an ephemeron or a key. */
static inline bool is_paired(const gc_object *o) {
  return gc_unlikely(cycles.pairs) &&
         o->meta & (OBJECT_WEAK_REFERENCE | OBJECT_WEAK_TARGET);
}

/* Calls step(p, other) for the ephemeron `o` or for each of which `o` is the
 * key; `other` is the other end, the key or the ephemeron.  Ephemerons that
 * were cleared or whose values are not visited are left out. */
static void each_pair(gc_object *o,
                      void (*step)(rc_pair *p, const gc_object *other)) {
  if (rc_is_pair(o)) {
    rc_pair *p = (rc_pair *)o;
    if (p->link.target && p->value && is_visited(p->value))
      step(p, p->link.target);
    return;
  }
  for (rc_pair *p = rc_pairs_of(o); p;
       p = p->link.next ? rc_pair_of(p->link.next) : NULL)
    if (p->value && is_visited(p->value))
      step(p, (gc_object *)p);
}

/* Gives an object its colour, and puts it in the bag of objects to visit. */
static void visit(gc_object *o, uint32_t c, object_bag *later) {
  set_color(o, c);
  bag_put(later, o);
}

enum {
  /* So many objects are visited as they come, but not more than half of a
   * bound: a small graph is in the cache, and is over before fetching ahead
   * would pay.
   */
  TRAVERSE_PLAIN = 4096,
  /* Later objects wait in a queue of this length while their children are
   * fetched, at most TRAVERSE_FETCH of each. */
  TRAVERSE_AHEAD = 16,
  TRAVERSE_FETCH = 8,
};

/* Marks what a pass does with an object that it visits. */
#define STEP inline __attribute__((always_inline))

/* Calls step(o) for at most `most` objects of `bag`, where step puts further
 * objects; returns how many were visited.  A step reads the headers of the
 * object's children, each of which is a cache miss in a large graph. */
static inline __attribute__((always_inline)) uint64_t
traverse(object_bag *bag, uint64_t most, void (*step)(gc_object *o)) {
  uint64_t n = 0;
  uint64_t plain = most / 2 < TRAVERSE_PLAIN ? most / 2 : TRAVERSE_PLAIN;
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
    } else if (idle++ == TRAVERSE_AHEAD) { /* the queue is empty */
      break;
    }
    queue[at] = next;
    if (!o)
      continue;
    step(o);
    n++;
  }
  for (unsigned i = 0; i < TRAVERSE_AHEAD; i++)
    if (queue[i] && !gc_mutant(queue_lost_at_bound))
      bag_put(bag, queue[i]);
  return n;
}

/* One end of an ephemeron is alive: gives the value its count back if the other
 * is, too. */
static void restore_value(rc_pair *p, const gc_object *other) {
  gc_object *value = p->value;
  if (!p->subtracted)
    return;
  if (color(other) != BLACK && !cycles.undoing &&
      !gc_mutant(pair_edge_strong)) {
    if (color(value) == GRAY)
      bag_put(&cycles.work, value);
    if (color(value) == GRAY || color(value) == WHITE)
      bag_put(&cycles.apart, value);
    return;
  }
  p->subtracted = false;
  value->word++;
  if (color(value) != BLACK)
    visit(value, BLACK, &cycles.black);
}

/* Gives the children of a live object the counts of its references back. */
static STEP void restore_children(gc_object *o) {
  if (is_paired(o))
    each_pair(o, restore_value);
  EACH_CHILD(o, child) {
    if (!gc_mutant(black_restores_once) || color(child) != BLACK)
      child->word++;
    if (color(child) != BLACK)
      visit(child, BLACK, &cycles.black);
  }
}

__attribute__((noinline)) static void scan_black(gc_object *root) {
  visit(root, BLACK, &cycles.black);
  cycles.restored += traverse(&cycles.black, UNBOUNDED, restore_children);
}

static void subtract_value(rc_pair *p, const gc_object *other) {
  gc_object *value = p->value;
  (void)other;
  if (p->subtracted && !gc_mutant(pair_subtracted_twice))
    return;
  p->subtracted = true;
  value->word--;
  if (color(value) != GRAY)
    visit(value, GRAY, &cycles.work);
}

/* Subtracts the references to the children from their counts. */
static STEP void subtract_children(gc_object *o) {
  if (is_paired(o))
    each_pair(o, subtract_value);
  EACH_CHILD(o, child) {
    child->word--;
    if (color(child) != GRAY)
      visit(child, GRAY, &cycles.work);
  }
}

/* Marks gray what a candidate reaches.  Returns false, with everything undone,
 * if that exceeds the bound. */
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
  /* Objects that were reached and not visited have subtracted nothing from
   * their children, so they become black as they are; from the root, scan_black
   * restores what the visited ones subtracted.  It also restores objects that
   * earlier candidates had marked gray.  No dead cycle is lost by that: if
   * these objects are dead and the root reaches them, the root stays a
   * candidate. */
  for (; o; o = bag_take(&cycles.work))
    if (!gc_mutant(frontier_gray))
      set_color(o, BLACK);
  cycles.undoing = true;
  if (!gc_mutant(undone_not_restored))
    scan_black(root);
  cycles.undoing = false;
  return false;
}

static void scan_value(rc_pair *p, const gc_object *other) {
  (void)other;
  if (color(p->value) == GRAY)
    bag_put(&cycles.work, p->value);
}

/* Blackens an object with a count from outside; otherwise whitens it. */
static STEP void scan_object(gc_object *o) {
  if (color(o) != GRAY)
    return;
  if (o->word > gc_mutant(external_ignored)) {
    scan_black(o);
    return;
  }
  set_color(o, WHITE);
  if (is_paired(o))
    each_pair(o, scan_value);
  EACH_CHILD(o, child)
  if (color(child) == GRAY)
    bag_put(&cycles.work, child);
}

static void scan(gc_object *root) {
  bag_put(&cycles.work, root);
  cycles.scanned += traverse(&cycles.work, UNBOUNDED, scan_object);
}

static void gather_value(rc_pair *p, const gc_object *other) {
  (void)other;
  if (color(p->value) == WHITE)
    visit(p->value, DOOMED, &cycles.black);
}

/* Puts a white object among the doomed, and goes on to its white children. */
static STEP void gather_object(gc_object *o) {
  bag_put(&cycles.doomed, o);
  if (is_paired(o))
    each_pair(o, gather_value);
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

/* Clears the weak references to the doomed, including those to objects that a
 * finalizer is going to see: otherwise a program could get such an object back
 * while the finalizer uses it. */
static void clear_weak(void) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.doomed, &at));)
    if (o->meta & OBJECT_WEAK_TARGET && !gc_mutant(cycle_weak_uncleared))
      rc_weak_clear(o);
  /* The flag of a key without slots stays until the doomed are freed, because
   * it tells that references to the key were subtracted (is_visited). */
  at = 0;
  for (gc_object *o; cycles.pairs && (o = bag_next(&cycles.doomed, &at));)
    if (object_slots(o) == 0)
      o->meta |= OBJECT_WEAK_TARGET;
}

/* Finalizable objects among the doomed are queued for their finalizers and not
 * freed; nor is anything that they reach. */
static void spare_finalizable(void) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.doomed, &at));) {
    if (!(o->meta & OBJECT_FINALIZABLE) || gc_mutant(cycle_not_finalized))
      continue;
    o->meta &= ~(uint32_t)OBJECT_FINALIZABLE;
    o->word += !gc_mutant(cycle_queue_uncounted); /* the queue's count */
    rc_queue_for_finalizer(o);
    cycles.spared++;
    /* Another finalizable object may have spared it already. */
    if (color(o) == DOOMED && gc_mutant(spared_contents_freed))
      set_color(o, BLACK);
    else if (color(o) == DOOMED)
      scan_black(o);
  }
}

/* Takes the references out of the doomed that marking gray has subtracted.  It
 * must be done before any object dies: by that, a flag may change that tells
 * which objects were visited. */
static void forget_subtracted(void) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.doomed, &at));) {
    if (color(o) != DOOMED)
      continue;
    for (uint32_t s = 0; s < object_slots(o); s++)
      if (o->slots[s] && is_visited(o->slots[s]))
        o->slots[s] = NULL;
  }
}

/* Drops the values of ephemerons whose keys died and which were not subtracted:
 * the counts are whole again. */
static void drop_parted(gc_mutator *m) {
  while (rc_any_parted()) {
    gc_object *value = rc_parted_value();
    if (value && rc_release_in_cascade(m, value))
      rc_dead(m, value);
  }
}

/* Frees the doomed.  Marking gray has subtracted their references to live
 * objects, but not those to objects without slots. */
static void free_doomed(gc_mutator *m) {
  uint64_t at = 0;
  if (cycles.pairs)
    forget_subtracted();
  for (gc_object *o; (o = bag_next(&cycles.doomed, &at));) {
    if (color(o) != DOOMED)
      continue; /* spared */
    if (gc_mutant(freed_while_walking))
      rc_free(m, o);
    if (o->meta & OBJECT_WEAK_REFERENCE)
      rc_weak_unlink(o);
    for (uint32_t s = 0; s < object_slots(o); s++) {
      gc_object *leaf = o->slots[s];
      if (leaf && object_slots(leaf) == 0 && !gc_mutant(cycle_leaf_kept) &&
          rc_drop(m, leaf))
        rc_dead(m, leaf);
    }
  }
  /* Freed only now: the loop above reads the slot counts of the objects that
   * the doomed refer to, which may be doomed as well. */
  for (gc_object *o; (o = bag_take(&cycles.doomed));) {
    if (object_slots(o) == 0 && !rc_external_any(o))
      rc_meta_clear(o, OBJECT_WEAK_TARGET);
    if (color(o) != DOOMED || gc_mutant(freed_while_walking))
      continue;
    if (o->meta & OBJECT_WEAK_TARGET && !gc_mutant(cycle_external_kept))
      rc_external_die(o);
    cycles.freed++;
    if (object_slots(o) && o->meta & RC_BUFFERED)
      set_color(o, BLACK); /* a candidate that waits: freed by `examine` */
    else
      rc_free(m, o);
  }
}

/* ------------------------------------------------------------------------- *
 * A detection.
 * ------------------------------------------------------------------------- */

/* Frees a candidate that was taken out of its buffer if it has died; it gave up
 * its children then.  Returns whether it had.  It is told by being black: a
 * gray object with a count of zero may be alive. */
static inline bool free_if_dead(gc_mutator *m, gc_object *o) {
  if (o->word != 0 || color(o) != BLACK)
    return false;
  if (!gc_mutant(dead_candidate_kept))
    rc_free(m, o);
  cycles.dead++;
  return true;
}

/* Frees the dead of a buffer; but not those for which its stack had no room. */
static void purge_buffer(gc_mutator *m, object_bag *buffer) {
  object_stack *s = &buffer->stack;
  size_t alive = 0;
  for (size_t i = 0; i < s->size; i++)
    if (!free_if_dead(m, s->items[i]) &&
        !(gc_mutant(purge_drops_living) && i % 2))
      s->items[alive++] = s->items[i];
  s->size = alive;
}

static void purge_stopped(gc_mutator *m) {
  uint64_t dead = cycles.dead;
  purge_buffer(m, &cycles.waiting);
  for (gc_mutator *other = world_mutators(); other; other = other->base.next) {
    count_fresh(other);
    purge_buffer(m, &other->candidates.bag);
  }
  dead = cycles.dead - dead; /* need not be examined any more */
  cycles.fresh -= dead < cycles.fresh ? dead : cycles.fresh;
  cycles.died = 0;
  cycles.purges++;
}

static void purge(gc_mutator *m) {
  uint64_t begin = listener_begins();
  if (!rc_world_stop())
    return; /* another thread's purge or detection comes first */
  listener_phase("purge");
  purge_stopped(m);
  rc_world_start();
  rc_report_detection(begin);
}

/* Marks gray what the candidates of a buffer reach, up to the bound. */
static void examine(gc_mutator *m, object_bag *buffer) {
  for (gc_object *o; cycles.left && (o = bag_take(buffer));) {
    if (free_if_dead(m, o))
      continue;
    cycles.candidates++;
    if (!mark_gray(o)) { /* the bound is reached */
      cycles.undone = o;
      return;
    }
    if (!gc_mutant(candidate_stays_marked))
      o->meta &= ~(uint32_t)RC_BUFFERED;
    bag_put(&cycles.roots, o);
  }
}

/* Examines an ephemeron whose key has no slots. */
static void examine_pair(void *data, gc_object *key, gc_object *pair) {
  (void)data;
  if (object_slots(key) != 0)
    return;
  mark_gray(pair);
  bag_put(&cycles.roots, pair);
}

/* Marks gray what the candidates reach, as many of them as the bound allows.
 * The others wait, and the candidate that was undone is the first next time.
 * Returns whether none waits that was not too large. */
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
  if (most == UNBOUNDED && cycles.pairs)
    rc_each_pair(examine_pair, NULL);
  if (cycles.undone) {
    bool alone = cycles.traces == traces + 1; /* exceeds the bound alone */
    cycles.put_off += alone;
    if (!gc_mutant(undone_dropped))
      bag_put(alone && !gc_mutant(undone_tried_for_ever) ? &cycles.large
                                                         : &cycles.waiting,
              cycles.undone);
  }
  return !cycles.undone && bag_empty(&cycles.waiting);
}

/* Calls `pass` for each candidate under examination. */
static void each_root(void (*pass)(gc_object *root)) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(&cycles.roots, &at));)
    pass(o);
}

/* Sets the threshold after a detection.  `new`: candidates since the detection
 * before; `examined`, `traces`, `traced`, `freed`: what this one added to the
 * fields of these names (traces: candidates that no other had reached, traced:
 * objects marked gray); `all`: no candidate waits. */
static void adapt(uint64_t new, uint64_t examined, uint64_t traces,
                  uint64_t traced, uint64_t freed, bool all) {
  uint64_t least = option_threshold;
  uint64_t worth =
      RAISE_TRACED_PER_CANDIDATE * new + RAISE_TRACED_PER_TRACE *traces;
  if (VAIN_TRACED_PER_FREED * freed < traced)
    worth /= VAIN_WORTH_LESS;
  worth += RAISE_TRACED_PER_FREED * freed;
  if (traced > worth) {
    if (cycles.threshold < THRESHOLD_MOST)
      cycles.threshold *= traced > 4 * worth ? 4 : 2;
  } else if (traced < LOWER_TRACED_PER_FREED * freed) {
    cycles.threshold /= gc_mutant(threshold_stays) ? 1 : 2;
    /* Candidates that wait are worth examining: catch up with them, examining
     * two for each new one. */
    if (!all && examined / 2 < least)
      least = 1 + examined / 2;
  } else if (!all) {
    least = cycles.threshold;
  }
  if (cycles.threshold < least)
    cycles.threshold = least;
}

/* The same by the rule of PHP's collector, gc_adjust_threshold in zend_gc.c of
 * PHP 8.2, where the least threshold is 10001: it rises by that if few objects
 * were freed, or if as many candidates wait, and else falls by it. */
static void adapt_count(uint64_t freed) {
  if (freed * COUNT_FREED_PART < option_threshold ||
      cycles.left_over >= cycles.threshold) {
    if (cycles.threshold < THRESHOLD_MOST)
      cycles.threshold += option_threshold;
  } else if (cycles.threshold > option_threshold) {
    cycles.threshold -= option_threshold;
  }
}

/* Decides on the bytes in use at which the next full detection is due: what the
 * policy allows for the bytes of the objects that are there now, external
 * memory included; by default twice these.  Free cells between objects do not
 * count, or each detection that leaves blocks nearly empty would double what
 * the next one waits for.  Nor should they make detections follow each other
 * closely, so the blocks may always grow by half of what a heap of the objects'
 * size might
 * (`held`). */
static void decide(gc_mutator *m, bool full, uint64_t used) {
  uint64_t before = cycles.in_use, now = bytes_in_use();
  pacing_collection c = {.full = full,
                         .used = used,
                         .handed = used > before ? used - before : 0,
                         .live = now,
                         .held = now,
                         .live_least = pressure_least() / 2,
                         .growth_least = pressure_least() / 2};
  if (full)
    c.live = rc_cells_object_bytes(m) + external_kept();
  pacing_decide(&c);
  cycles.in_use = now;
  if (full && pacing_gives_back() &&
      pacing_surplus(space_pages(), pacing_goal_inside()))
    rc_cells_reclaim(m);
}

static void detect_stopped(gc_mutator *m, uint64_t most) {
  uint64_t examined = cycles.candidates, traces = cycles.traces;
  uint64_t traced = cycles.traced, freed = cycles.freed, used = bytes_in_use();
  pacing_work_begins();
  for (gc_mutator *other = world_mutators(); other; other = other->base.next)
    count_fresh(other);
  uint64_t new = cycles.fresh;
  cycles.fresh = 0;
  cycles.died = 0;
  cycles.pairs = rc_any_pairs();
  listener_phase("mark gray");
  bool all = examine_all(m, most);
  m->in_cascade = true; /* objects die below: no detection within this one */
  listener_phase("scan");
  each_root(scan);
  listener_phase("gather");
  each_root(gather);
  for (gc_object *o; (o = bag_take(&cycles.apart));)
    gather(o);
  listener_phase("weak");
  clear_weak();
  listener_phase("finalizers");
  spare_finalizable();
  listener_phase("free");
  free_doomed(m);
  drop_parted(m);
  m->in_cascade = false;
  listener_phase("plan");
  while (bag_take(&cycles.roots))
    continue;
  cycles.left_over = cycles.waiting.stack.size + cycles.large.stack.size;
  external_collected();
  cycles.detections++;
  cycles.bounded += !all;
  if (option_adaptive && !hostile.buffers && policy_is(PACING_COUNT))
    adapt_count(cycles.freed - freed);
  else if (option_adaptive && !hostile.buffers && policy_is(PACING_AUTO))
    adapt(new, cycles.candidates - examined, cycles.traces - traces,
          cycles.traced - traced, cycles.freed - freed, all);
  decide(m, all && bag_empty(&cycles.large), used);
}

static void detect(gc_mutator *m, uint64_t most) {
  uint64_t begin = listener_begins();
  /* Another thread that stopped the world first has examined the candidates of
   * this one as well; but not all of them if its detection had a bound. */
  while (!rc_world_stop())
    if (most != UNBOUNDED || !option_most)
      return;
  detect_stopped(m, most);
  rc_world_start();
  rc_report_detection(begin);
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
    {"least",
     "heap, in KiB, below which doubling is no reason for a full detection",
     &option_least, 64, (uint64_t)1 << 32},
    {"purge", "dead candidates at which they are purged, at the least",
     &option_purge, 1, THRESHOLD_MOST},
    PACING_OPTIONS,
    {0}};

const gc_words rc_candidates_words[] = {
    {"policy", (const char *const[]){"yield", "limit", "percent", "sqrt",
                                     "balance", "count", NULL}},
    {0}};

void rc_candidates_create(void) {
  memset(&cycles, 0, sizeof cycles);
  bag_init(&cycles.waiting, TABLE_CANDIDATES);
  bag_init(&cycles.large, TABLE_CANDIDATES);
  bag_init(&cycles.roots, TABLE_CANDIDATES);
  bag_init(&cycles.work, TABLE_WORK);
  bag_init(&cycles.doomed, TABLE_WORK);
  bag_init(&cycles.black, TABLE_BLACK);
  bag_init(&cycles.apart, TABLE_APART);
  cycles.threshold = policy_is(PACING_AUTO) || policy_is(PACING_COUNT)
                         ? option_threshold
                         : UINT64_MAX; /* candidates alone make none due */
  if (hostile.buffers && hostile.buffers < cycles.threshold)
    cycles.threshold = hostile.buffers; /* look as soon as it is full */
  pacing_create(policy_is(PACING_AUTO)    ? PACING_PERCENT
                : policy_is(PACING_COUNT) ? PACING_LIMIT
                                          : pacing_chosen(0),
                pressure_least());
}

void rc_candidates_destroy(void) {
  bag_free(&cycles.waiting);
  bag_free(&cycles.large);
  bag_free(&cycles.roots);
  bag_free(&cycles.work);
  bag_free(&cycles.doomed);
  bag_free(&cycles.black);
  bag_free(&cycles.apart);
  bag_tables_free();
}

void rc_candidates_attach(gc_mutator *m) {
  bag_init(&m->candidates.bag, TABLE_CANDIDATES);
}

/* Those who are left may never buffer a candidate themselves, so the last
 * chance to look at these is here. */
void rc_candidates_detach(gc_mutator *m) {
  if (!gc_mutant(fresh_left_behind))
    count_fresh(m);
  if (cycles.fresh && !gc_mutant(detects_when_asked_only))
    detect_if_many(m);
  hostile_race();
  if (!gc_mutant(inherited_unlocked))
    world_lock();
  for (gc_object *o; (o = bag_take(&m->candidates.bag)); cycles.inherited++)
    if (!gc_mutant(orphans_forgotten))
      bag_put(&cycles.waiting, o);
  if (!gc_mutant(inherited_unlocked))
    world_unlock();
  bag_free(&m->candidates.bag);
}

static const char *check_buffer(const object_bag *buffer, uint32_t *census) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(buffer, &at));) {
    uint32_t *found = &census[space_granule(o)];
    if (!(o->meta & RC_BUFFERED) || !object_slots(o))
      return "an object in a candidate buffer is no candidate";
    if (*found & RC_CENSUS_FREE)
      return "a candidate's cell is free";
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
                              &cycles.work,    &cycles.doomed, &cycles.black,
                              &cycles.apart};
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
  const gc_counter all[] = {{"detections", cycles.detections},
                            {"full-detections", cycles.full},
                            {"bounded", cycles.bounded},
                            {"put-off", cycles.put_off},
                            {"inherited", cycles.inherited},
                            {"candidates", cycles.candidates},
                            {"dead-candidates", cycles.dead},
                            {"purges", cycles.purges},
                            {"traces", cycles.traces},
                            {"objects-traced", cycles.traced},
                            {"objects-scanned", cycles.scanned},
                            {"objects-restored", cycles.restored},
                            {"cycle-freed", cycles.freed},
                            {"cycle-spared", cycles.spared},
                            PACING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}
