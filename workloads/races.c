/* races: threads that do the same to the same objects at the same time, as fast
 * as they can.
 *
 * The random mutator finds races where a collector marks its racy points
 * (hostile.h), or where a step is long.  Here steps are short and hardly
 * anything is compared in between, so that threads meet within the few
 * instructions between, say, the drop of a count and what is done after it; and
 * a thread is made to sleep after any instruction while the others go on
 * (ambush.h), so that one processor is enough.
 *
 * A shape consists of phases.  In each, threads begin, do their rounds and end;
 * then the collector checks its invariants.  Whatever is read must have its
 * stamp.  In the end exactly the right objects must be there: a count, a cell
 * or an entry of a log that was lost shows as an object too many or too few.
 *
 *   drops      threads hold the same objects, and drop them in the same order
 *   handover   threads make objects for each other, which keep and wrap some
 *   slots      threads store into their own slots of common old objects
 *   visitors   threads come and go, and leave what they made to others
 *   guests     threads attach, make a few objects and detach, all the time
 *   weak       (races-weak) threads ask weak references and ephemerons for
 *              objects that another thread is just dropping
 *
 * Survivors: a table in a global root, and in `slots` what it holds.
 *
 * Limits: slots are handed over by atomic variables, as by programs with queues
 * that have no locks.  Not timed; compiled once for all collectors. */
#include "ambush.h"
#include "parts.h"

#include <stdatomic.h>

enum { SHAPE, ROUNDS, AMBUSH };

enum {
  PHASES = 3,
  BATCH = 2000,  /* objects to which threads do the same */
  IN_STEP = 100, /* of these, how many they drop in step */
  HANDED = 400,  /* objects that a thread hands over in a round */
  LANE = 32,     /* objects on their way from one thread to the next */
  KEPT = 24,     /* objects of others that a thread holds */
  POOL = 6,      /* chains that wait for visitors */
  LONGEST = 10,  /* objects of a chain, about */
  RINGS = 8,     /* one in so many objects that are handed over is a ring */
  LAST = 12,     /* chains that a visitor drops when it ends */
  MOST = 16,     /* threads, at most */
  SMALL = 40,    /* small tables of `slots`, beside a large one */
  FEW = 6,       /* slots of a small one */
  MANY = 200,    /* slots of the large one */
};

/* Global roots.  From CHAINS on, POOL of them, which the shapes use as they
 * like.  Rounds take turns with them: one that ends still clears its own. */
enum { TABLE, CHAINS };

/* Slots of an item. */
enum { NEXT, OTHER, SLOTS };

/* Threads that wait for each other. */
typedef struct meeting {
  _Atomic unsigned arrived, held;
} meeting;

/* What threads share outside the heap. */
typedef struct play {
  unsigned threads;
  uint64_t rounds, one_in;
  bool large; /* all objects of the phase are */
  meeting meeting;
  wl_lock lock;
  /* Of the objects that are dropped in step: how many the leader has begun and
   * ended to drop, how often others have dropped one, and the naps before. */
  _Atomic uint64_t begun, ended, followed, naps;
  _Atomic uint64_t made;          /* objects so far */
  _Atomic uint64_t cyclic;        /* of these, in rings that were dropped */
  _Atomic bool full[MOST * LANE]; /* whether a slot of a lane is taken */
} play;

/* ------------------------------------------------------------------------- *
 * Parts.
 * ------------------------------------------------------------------------- */

/* Returns when all threads of the play are here. */
static void meet(wl_thread *t, play *p) {
  meeting *all = &p->meeting;
  unsigned held = atomic_load(&all->held);
  if (atomic_fetch_add(&all->arrived, 1) + 1 == p->threads) {
    atomic_store(&all->arrived, 0);
    atomic_fetch_add(&all->held, 1);
    return;
  }
  for (unsigned tries = 0; atomic_load(&all->held) == held; tries++)
    wait_a_little(t, tries);
}

/* From now on the thread may be stopped within any operation. */
static void await_ambush(wl_thread *t, const play *p) {
  ambush_begin(p->one_in, mix(wl_random(t)));
}

/* Some objects are large, in some phases all, so that few of them fit into a
 * block and blocks fill and empty often.  The lowest bit tells them. */
static gc_shape shape_of(uint64_t id) {
  uint32_t bytes = id & 1 ? 1200 : 24 + (uint32_t)(id % 8 * 8);
  return (gc_shape){SLOTS, bytes};
}

/* dst <- a new object, whose id tells its shape. */
static void new_item(wl_thread *t, play *p, gc_reg dst, unsigned flags) {
  uint64_t number = atomic_fetch_add(&p->made, 1) + 1;
  uint64_t id = 2 * number + (p->large || number % 7 == 0);
  gc_new(t->m, dst, shape_of(id), flags);
  stamp(t->m, dst, shape_of(id).bytes, id);
}

/* dst <- an object of null slots and no payload. */
static void new_table(wl_thread *t, play *p, gc_reg dst, uint32_t slots) {
  atomic_fetch_add(&p->made, 1);
  gc_new(t->m, dst, (gc_shape){slots, 0}, GC_PLAIN);
}

/* What is in register `r` must be an item. */
static void look(wl_thread *t, play *p, gc_reg r) {
  uint64_t id = stamp_id(t->m, r);
  wl_check(t,
           id && id / 2 <= atomic_load(&p->made) &&
               stamp_whole(t->m, r, shape_of(id).bytes),
           "an object is damaged: it begins with %#jx", (uintmax_t)id);
}

/* Ends a stretch without other mutators. */
static void inspect(wl_thread *t) {
  const char *why = gc_heap_check(t->run->heap);
  if (why)
    wl_violation(t, "check", 0, why);
}

static bool is_ring(uint64_t id) {
  return id % RINGS == 0;
}

/* Makes a ring of the new item in `r`, of which nothing else has a reference.
 * Only rings refer to themselves. */
static void close_ring(wl_thread *t, play *p, gc_reg r) {
  gc_reg other = gc_frame_enter(t->m, 1, 0);
  new_item(t, p, other, GC_PLAIN);
  gc_store(t->m, other, OTHER, r);
  gc_store_take(t->m, r, OTHER, other);
  gc_frame_leave(t->m, other, 1, 0);
  atomic_fetch_add(&p->cyclic, 2);
}

/* ------------------------------------------------------------------------- *
 * drops: each thread has an array with the same objects.
 * ------------------------------------------------------------------------- */

/* Global root `g` <- a table with an array for each thread.  All arrays hold
 * the same items, which never lost a reference: a collector may do something
 * else for the first that they lose.  Some lead to the item before. */
static void make_batch(wl_thread *t, play *p, uint32_t g) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 3, 1), all = frame, item = frame + 1;
  gc_reg before = frame + 2, array = frame + 3;
  new_table(t, p, all, p->threads);
  for (uint32_t k = 0; k < p->threads; k++) {
    new_table(t, p, item, BATCH);
    gc_store_take(m, all, k, item);
  }
  for (uint32_t i = 0; i < BATCH; i++) {
    new_item(t, p, item, GC_PLAIN);
    if (i % 4 == 1) {
      gc_load(m, before, array, i - 1);
      gc_store_take(m, item, NEXT, before);
    }
    for (uint32_t k = 0; k < p->threads; k++) {
      gc_borrow(m, array, all, k);
      if (k + 1 < p->threads)
        gc_store(m, array, i, item);
      else
        gc_store_take(m, array, i, item);
    }
  }
  gc_global_store(m, g, all);
  gc_frame_leave(m, frame, 3, 1);
}

/* Drops the first objects of an array in step with the other threads: one
 * leads, and is stopped often; the others drop an object when the leader was
 * stopped while it dropped the same, or has dropped it.  `turn`: how often that
 * was done before. */
static void drop_in_step(wl_thread *t, play *p, gc_reg mine, uint64_t turn) {
  const bool leads = turn % p->threads + 1 == t->index;
  if (p->one_in)
    ambush_begin(1 + p->one_in / 32, mix(wl_random(t)));
  for (uint32_t i = 0; i < IN_STEP; i++) {
    const uint64_t n = turn * IN_STEP + i;
    unsigned tries = 0;
    if (leads) {
      while (atomic_load(&p->followed) < n * (p->threads - 1))
        wait_a_little(t, tries++);
      atomic_store(&p->naps, ambush_naps());
      atomic_store(&p->begun, n + 1);
      ambush();
      gc_store_null(t->m, mine, i);
      atomic_store(&p->ended, n + 1);
    } else {
      while (atomic_load(&p->ended) <= n &&
             (atomic_load(&p->begun) <= n ||
              atomic_load(&p->naps) == ambush_naps()))
        wait_a_little(t, tries++);
      gc_store_null(t->m, mine, i);
      atomic_fetch_add(&p->followed, 1);
    }
  }
  await_ambush(t, p);
}

/* Drops what an array holds, one by one or all at once. */
static void drop_array(wl_thread *t, play *p, gc_reg mine, uint64_t round) {
  gc_mutator *m = t->m;
  gc_reg item = gc_frame_enter(m, 1, 0);
  for (uint32_t i = 0; i < BATCH && round % 4 != 3; i++) {
    if (round % 4 == 1) {
      gc_load(m, item, mine, i);
      look(t, p, item);
    }
    ambush();
    gc_store_null(m, mine, i);
  }
  ambush();
  gc_clear(m, mine);
  gc_frame_leave(m, item, 1, 0);
}

static void drops(wl_thread *t, play *p) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), mine = frame, all = frame + 1;
  for (uint64_t round = 0; round < p->rounds; round++) {
    const bool maker = round % p->threads + 1 == t->index;
    const uint32_t g = CHAINS + (uint32_t)(round % 2);
    if (maker)
      make_batch(t, p, g);
    meet(t, p);
    gc_global_borrow(m, all, g);
    gc_load(m, mine, all, t->index - 1);
    gc_unborrow(m, all);
    meet(t, p);
    if (maker)
      gc_global_clear(m, g);
    if (round % 4 == 0)
      drop_in_step(t, p, mine, round / 4);
    drop_array(t, p, mine, round);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* ------------------------------------------------------------------------- *
 * handover: from each thread to the next, and from the last to the first.
 * ------------------------------------------------------------------------- */

/* The slot of the table, and of `full`, for the `n`th object from a thread. */
static uint32_t lane_slot(unsigned from, uint64_t n) {
  return from * LANE + (uint32_t)(n % LANE);
}

/* Waits for a slot of a lane to be taken or free. */
static void await(wl_thread *t, play *p, uint32_t slot, bool full) {
  for (unsigned tries = 0;
       atomic_load_explicit(&p->full[slot], memory_order_acquire) != full;
       tries++)
    wait_a_little(t, tries);
}

/* Puts a new item into the lane, or a ring, or what this thread got before with
 * a new item around it. */
static void hand_over(wl_thread *t, play *p, gc_reg lanes, gc_reg kept,
                      uint64_t n) {
  gc_mutator *m = t->m;
  const uint32_t slot = lane_slot(t->index - 1, n);
  gc_reg frame = gc_frame_enter(m, 2, 0), item = frame, old = frame + 1;
  ambush();
  new_item(t, p, item, GC_PLAIN);
  if (is_ring(n)) {
    close_ring(t, p, item);
  } else if (n % 3 == 0) {
    gc_load(m, old, kept, (uint32_t)(n % KEPT));
    gc_store_null(m, kept, (uint32_t)(n % KEPT));
    gc_store_take(m, item, NEXT, old);
  }
  await(t, p, slot, false);
  gc_store_take(m, lanes, slot, item);
  atomic_store_explicit(&p->full[slot], true, memory_order_release);
  gc_frame_leave(m, frame, 2, 0);
}

/* Takes an object out of the lane of the thread before, and keeps it in place
 * of an older one; chains do not grow without bound. */
static void take_over(wl_thread *t, play *p, gc_reg lanes, gc_reg kept,
                      uint64_t n) {
  gc_mutator *m = t->m;
  const unsigned from = (t->index - 1 + p->threads - 1) % p->threads;
  const uint32_t slot = lane_slot(from, n);
  gc_reg frame = gc_frame_enter(m, 1, 0), item = frame;
  await(t, p, slot, true);
  gc_load(m, item, lanes, slot);
  gc_store_null(m, lanes, slot);
  atomic_store_explicit(&p->full[slot], false, memory_order_release);
  look(t, p, item);
  if (n % 16 == 5)
    gc_store_null(m, item, NEXT);
  ambush();
  gc_store_take(m, kept, (uint32_t)(n * 5 % KEPT), item);
  gc_frame_leave(m, frame, 1, 0);
}

static void handover(wl_thread *t, play *p) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), kept = frame, lanes = frame + 1;
  new_table(t, p, kept, KEPT);
  for (uint64_t n = 0; n < p->rounds * HANDED; n++) {
    gc_global_borrow(m, lanes, TABLE);
    hand_over(t, p, lanes, kept, n);
    /* Half a lane behind, so that no thread waits for every object. */
    if (n >= LANE / 2)
      take_over(t, p, lanes, kept, n - LANE / 2);
  }
  gc_global_borrow(m, lanes, TABLE);
  for (uint64_t n = p->rounds * HANDED - LANE / 2; n < p->rounds * HANDED; n++)
    take_over(t, p, lanes, kept, n);
  gc_frame_leave(m, frame, 1, 1);
}

/* ------------------------------------------------------------------------- *
 * slots: a large and many small old objects, whose slots belong to the threads
 * by their numbers.
 * ------------------------------------------------------------------------- */

static uint32_t slots_of(uint32_t array) {
  return array ? FEW : MANY;
}

static void make_arrays(wl_thread *t, play *p, gc_reg all) {
  gc_reg array = gc_frame_enter(t->m, 1, 0);
  for (uint32_t k = 0; k <= SMALL; k++) {
    new_table(t, p, array, slots_of(k));
    gc_store_take(t->m, all, k, array);
  }
  gc_frame_leave(t->m, array, 1, 0);
}

/* Stores a new object into a slot of the thread; or moves what is in it to the
 * thread's slot after it. */
static void store_slot(wl_thread *t, play *p, gc_reg array, uint32_t slot,
                       uint32_t slots, uint64_t round) {
  gc_mutator *m = t->m;
  gc_reg item = gc_frame_enter(m, 1, 0);
  gc_load(m, item, array, slot);
  if (!gc_is_null(m, item))
    look(t, p, item);
  if (round % 4 == 2 && slot + p->threads < slots) {
    gc_store_null(m, array, slot);
    gc_store_take(m, array, slot + p->threads, item);
    new_item(t, p, item, GC_PLAIN);
  } else {
    new_item(t, p, item, GC_PLAIN);
  }
  ambush();
  gc_store_take(m, array, slot, item);
  gc_frame_leave(m, item, 1, 0);
}

/* After a collection each thread stores into a few objects, and ends: what they
 * have remembered or logged is little for each, and much together. */
static void end_with_few_stores(wl_thread *t, play *p, gc_reg all,
                                gc_reg array) {
  enum { EACH = SMALL / MOST };
  gc_mutator *m = t->m;
  gc_reg item = gc_frame_enter(m, 1, 0);
  meet(t, p);
  if (t->index == 1)
    gc_collect(m);
  meet(t, p);
  gc_global_borrow(m, all, TABLE);
  for (uint32_t k = 0; k < EACH; k++) {
    gc_borrow(m, array, all, 1 + (t->index - 1) * EACH + k);
    gc_load(m, item, array, 0);
    gc_store_take(m, array, 0, item);
  }
  gc_frame_leave(m, item, 1, 0);
}

static void slots(wl_thread *t, play *p) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 0, 2), all = frame, array = frame + 1;
  for (uint64_t round = 0; round < p->rounds; round++) {
    meet(t, p);
    if (round % 4 == 3 && round / 4 % p->threads + 1 == t->index)
      gc_collect(m);
    gc_global_borrow(m, all, TABLE);
    for (uint32_t k = 0; k <= SMALL; k++) {
      gc_borrow(m, array, all, k);
      for (uint32_t s = t->index - 1; s < slots_of(k); s += p->threads)
        store_slot(t, p, array, s, slots_of(k), round);
    }
  }
  end_with_few_stores(t, p, all, array);
  gc_frame_leave(m, frame, 0, 2);
}

/* ------------------------------------------------------------------------- *
 * visitors: threads of a few operations each.
 * ------------------------------------------------------------------------- */

/* chain <- the chain of a pool entry, which becomes null; or the other way
 * round: what the entry had is dropped then. */
static void swap_chain(wl_thread *t, play *p, uint32_t g, gc_reg chain,
                       bool take) {
  wl_lock_acquire(t, &p->lock);
  if (take) {
    gc_global_load(t->m, chain, CHAINS + g);
    gc_global_clear(t->m, CHAINS + g);
  } else {
    gc_global_store(t->m, CHAINS + g, chain);
    gc_clear(t->m, chain);
  }
  wl_lock_release(t, &p->lock);
}

static unsigned length_of(wl_thread *t, play *p, gc_reg chain) {
  gc_reg at = gc_frame_enter(t->m, 1, 0), next = chain;
  unsigned n = 0;
  for (; !gc_is_null(t->m, next) && n <= LONGEST; n++, next = at) {
    look(t, p, next);
    gc_load(t->m, at, next, NEXT);
  }
  gc_frame_leave(t->m, at, 1, 0);
  return n;
}

/* Takes chains of others, puts an object of its own in front of them, and
 * leaves them to others; those that are long enough it drops, the last of them
 * as it ends. */
static void visit_chains(wl_thread *t, play *p) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2 + LAST, 0), chain = frame;
  gc_reg item = frame + 1, dropped = frame + 2;
  for (uint32_t n = 0; n < 4 * POOL; n++) {
    uint32_t g = (uint32_t)wl_random_below(t, POOL);
    gc_reg last = dropped + n % LAST;
    ambush();
    swap_chain(t, p, g, chain, true);
    if (length_of(t, p, chain) > LONGEST)
      gc_move(m, last, chain);
    else if (n % 4 == 1 && !gc_is_null(m, chain)) /* all but the first */
      gc_load(m, last, chain, NEXT);
    new_item(t, p, item, GC_PLAIN);
    gc_store_take(m, item, NEXT, chain);
    if (n % 8 == 3) {
      gc_reg leaf = gc_frame_enter(m, 1, 0);
      new_item(t, p, leaf, GC_PLAIN);
      gc_store_take(m, item, OTHER, leaf);
      gc_frame_leave(m, leaf, 1, 0);
    }
    swap_chain(t, p, g, item, false);
    if (t->index > p->threads || n % 8 == 2)
      wl_yield(t);
  }
  for (gc_reg r = dropped; r < dropped + LAST; r++) {
    ambush();
    gc_clear(m, r);
  }
  gc_frame_leave(m, frame, 2 + LAST, 0);
}

static void visit(wl_thread *t, void *data) {
  play *p = data;
  await_ambush(t, p);
  visit_chains(t, p);
  ambush_end();
}

static void visitors(wl_thread *t, play *p) {
  for (uint64_t round = 0; round < 2 * p->rounds; round++) {
    ambush_end();
    wl_child *child = wl_thread_start(t, p->threads + t->index, visit, p);
    await_ambush(t, p);
    visit_chains(t, p);
    wl_thread_join(t, child);
  }
}

/* ------------------------------------------------------------------------- *
 * guests: threads that come back as new mutators again and again.  A thread
 * that really ends blocks signals, and cannot be stopped while it detaches; one
 * that detaches and goes on can.
 * ------------------------------------------------------------------------- */

enum { STAYS = 40 }; /* in a round */

/* Puts a new object in front of a chain, or drops a long one. */
static void stay(wl_thread *t, play *p) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), chain = frame, item = frame + 1;
  uint32_t g = (uint32_t)wl_random_below(t, POOL);
  swap_chain(t, p, g, chain, true);
  if (length_of(t, p, chain) > LONGEST)
    gc_clear(m, chain);
  ambush();
  new_item(t, p, item, GC_PLAIN);
  gc_store_take(m, item, NEXT, chain);
  swap_chain(t, p, g, item, false);
  gc_frame_leave(m, frame, 2, 0);
}

/* A collection makes lists anew, so what is wrong with one must be seen before.
 */
static void guests(wl_thread *t, play *p) {
  for (uint64_t round = 0; round < p->rounds; round++) {
    for (int n = 0; n < STAYS; n++) {
      stay(t, p);
      ambush();
      gc_thread_detach(t->m);
      ambush();
      t->m = gc_thread_attach(t->run->heap);
    }
    meet(t, p);
    if (t->index == 1)
      inspect(t);
    meet(t, p);
  }
}

/* ------------------------------------------------------------------------- *
 * weak: one thread drops what the others ask for.
 * ------------------------------------------------------------------------- */

/* Global roots `strong` <- an array of items, `to` <- an array of weak
 * references to them or, for each second one, of ephemerons whose keys they
 * are. */
static void make_weaks(wl_thread *t, play *p, uint32_t strong, uint32_t to) {
  const gc_capabilities *can = &gc_this_collector.can;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 4, 0), all = frame, item = frame + 1;
  gc_reg weaks = frame + 2, weak = frame + 3;
  new_table(t, p, all, BATCH);
  new_table(t, p, weaks, BATCH);
  for (uint32_t i = 0; i < BATCH; i++) {
    bool finalizable = can->finalizers && i % 16 == 7;
    new_item(t, p, item, finalizable ? GC_FINALIZABLE : GC_PLAIN);
    gc_store(m, all, i, item);
    atomic_fetch_add(&p->made, 1);
    if (i % 2 && can->ephemerons) {
      gc_reg value = gc_frame_enter(m, 1, 0);
      new_item(t, p, value, GC_PLAIN);
      gc_ephemeron_new(m, weak, item, value);
      gc_frame_leave(m, value, 1, 0);
    } else {
      gc_weak_new(m, weak, item);
    }
    gc_store_take(m, weaks, i, weak);
  }
  gc_clear(m, item);
  gc_global_store(m, strong, all);
  gc_global_store(m, to, weaks);
  gc_frame_leave(m, frame, 4, 0);
}

static void ask_weaks(wl_thread *t, play *p, gc_reg weaks) {
  const bool pairs = gc_this_collector.can.ephemerons;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), got = frame, weak = frame + 1;
  for (uint32_t i = 0; i < BATCH; i++) {
    gc_borrow(m, weak, weaks, i);
    ambush();
    if (i % 2 && pairs ? gc_ephemeron_get(m, got, weak)
                       : gc_weak_get(m, got, weak))
      look(t, p, got);
    ambush();
    gc_clear(m, got);
  }
  gc_frame_leave(m, frame, 1, 1);
}

static void take_finalizers(wl_thread *t, play *p) {
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  while (gc_this_collector.can.finalizers && gc_finalizer_next(t->m, r)) {
    look(t, p, r);
    gc_clear(t->m, r);
  }
  gc_frame_leave(t->m, r, 1, 0);
}

static void weak(wl_thread *t, play *p) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), mine = frame, weaks = frame + 1;
  for (uint64_t round = 0; round < p->rounds; round++) {
    const bool maker = round % p->threads + 1 == t->index;
    const uint32_t strong = CHAINS + (uint32_t)(round % 2), to = strong + 2;
    if (maker)
      make_weaks(t, p, strong, to);
    meet(t, p);
    gc_global_load(m, weaks, to);
    meet(t, p);
    if (maker) {
      gc_global_load(m, mine, strong);
      gc_global_clear(m, strong);
      gc_global_clear(m, to);
      drop_array(t, p, mine, round);
    } else {
      ask_weaks(t, p, weaks);
      ask_weaks(t, p, weaks);
    }
    take_finalizers(t, p);
    gc_clear(m, weaks);
  }
  gc_frame_leave(m, frame, 2, 0);
}

/* ------------------------------------------------------------------------- *
 * A run.
 * ------------------------------------------------------------------------- */

/* What all threads of a phase do; the slots of the table; and, about, how many
 * operations a round of a thread has in which the thread may be stopped. */
typedef struct shape {
  void (*play)(wl_thread *t, play *p);
  uint32_t slots, operations;
} shape;

typedef struct phase {
  const shape *shape;
  play *play;
} phase;

static void take_part(wl_thread *t, void *data) {
  const phase *now = data;
  await_ambush(t, now->play);
  now->shape->play(t, now->play);
  ambush_end();
}

static unsigned threads_of(unsigned asked) {
  return (unsigned)min_u64(max_u64(asked, 2), MOST);
}

static void drop_roots(wl_thread *t, uint32_t first) {
  for (uint32_t g = first; g < CHAINS + POOL; g++)
    gc_global_clear(t->m, g);
}

/* Collects until no finalizer waits. */
static void settle(wl_thread *t, play *p) {
  for (int i = 0; i < 3; i++) {
    gc_collect(t->m);
    take_finalizers(t, p);
  }
}

static void run_shape(wl_thread *t, const shape *s) {
  play *p = own_memory(1, sizeof *p);
  gc_reg table = gc_frame_enter(t->m, 1, 0);
  p->threads = threads_of(t->run->threads);
  p->rounds = wl_get(t, ROUNDS);
  if (wl_get(t, AMBUSH))
    p->one_in = 1 + p->rounds * s->operations / wl_get(t, AMBUSH);
  new_table(t, p, table, s->slots);
  uint64_t live = 1;
  if (s->play == slots) {
    make_arrays(t, p, table);
    live += 1 + SMALL + MANY + (uint64_t)SMALL * FEW;
  }
  gc_global_store(t->m, TABLE, table);
  gc_frame_leave(t->m, table, 1, 0);
  wl_begin(t);
  for (int i = 0; i < PHASES; i++) {
    p->large = i == 1;
    p->begun = p->ended = p->followed = 0;
    wl_threads(t, p->threads, 1, take_part, &(phase){s, p});
    wl_step(t, 0, p->rounds);
    inspect(t);
  }
  wl_end(t);
  drop_roots(t, CHAINS);
  settle(t, p);
  wl_expectation e = {.live = live, .cyclic = p->cyclic, .allocated = p->made};
  wl_expect(t, e);
  inspect(t);
  drop_roots(t, TABLE);
  settle(t, p);
  e.live = 0;
  wl_expect(t, e);
  free(p);
}

/* Upper bounds: who meets whom decides how much is alive. */
static wl_volume volume_of(const shape *s, const uint64_t *p,
                           unsigned threads) {
  const uint64_t object = gc_shape_bytes(shape_of(7));
  const uint64_t round =
      (BATCH + s->operations) * object * 2 * threads_of(threads);
  return (wl_volume){.live = 4 * round,
                     .cyclic = round * p[ROUNDS] * PHASES,
                     .allocated = round * p[ROUNDS] * PHASES};
}

/* A workload of these shapes, as in growth.c. */
#define SHAPE_NAME(identifier, slots, operations) #identifier,
#define SHAPE_ENTRY(identifier, slots, operations)                             \
  {identifier, slots, operations},
#define WORKLOAD(identifier, title, about, requires, SHAPES)                   \
  static const char *const identifier##_names[] = {SHAPES(SHAPE_NAME) NULL};   \
  static const shape identifier##_shapes[] = {SHAPES(SHAPE_ENTRY)};            \
  static wl_volume identifier##_volume(const uint64_t *p, unsigned threads) {  \
    return volume_of(&identifier##_shapes[p[SHAPE]], p, threads);              \
  }                                                                            \
  static void identifier##_run(wl_thread *t) {                                 \
    run_shape(t, &identifier##_shapes[wl_get(t, SHAPE)]);                      \
  }                                                                            \
  const workload workload_##identifier = {                                     \
      .name = title,                                                           \
      .summary = about,                                                        \
      .source = "races of collectors that counts, lists and logs have had",    \
      .unit = "rounds",                                                        \
      .steps = {"phase"},                                                      \
      .params = {{"shape", "what threads do", 0, 0, 0, identifier##_names},    \
                 {"rounds", "rounds of each thread in each of 3 phases", 8, 1, \
                  65536, NULL},                                                \
                 {"ambush",                                                    \
                  "stops of each thread within an operation, in each phase",   \
                  0, 0, 1 << 20, NULL}},                                       \
      .needs = requires,                                                       \
      .volume = identifier##_volume,                                           \
      .run = identifier##_run}

#define PLAIN_SHAPES(X)                                                        \
  X(drops, 1, BATCH)                                                           \
  X(handover, MOST *LANE, 2 * HANDED)                                          \
  X(slots, SMALL + 1, (MANY + SMALL * FEW) / 2)                                \
  X(visitors, 1, 8 * POOL + 2 * LAST)                                          \
  X(guests, 1, 3 * STAYS)
#define WEAK_SHAPES(X) X(weak, 1, 4 * BATCH)

WORKLOAD(races, "races", "threads that race for the same objects",
         WL_NEEDS_THREADS | WL_TAKES_THREADS, PLAIN_SHAPES);
WORKLOAD(races_weak, "races-weak",
         "threads that race for what others drop, by weak references",
         WL_NEEDS_THREADS | WL_TAKES_THREADS | WL_NEEDS_WEAK, WEAK_SHAPES);
