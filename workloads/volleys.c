/* volleys: threads that write beside each other at full speed.
 *
 * A round begins with objects that the first thread makes one after the other,
 * so that they are neighbours in memory, in cards, and in bitmaps of the
 * collector.  Then all threads begin at the same moment and go through them in
 * the same order, each with places of its own: every thread has one slot of
 * each object, and the slots of the table that it is responsible for.  So what
 * a barrier writes (a bit in a word, a flag in a header, a card, a log) is
 * written by several threads at nearly the same time.  The random mutator does
 * the same kinds of things, but needs a hundred times as long for each, in
 * which such races are lost.
 *
 * In turn, a volley
 *   takes      loads an object, and nulls the slot that led to it;
 *   replaces   the same, and stores a new object in its place;
 *   stores     a new object into its slot of each object;
 *   fills      one thread makes objects in the gaps between those that the
 *              others take, and may stop within any operation (ambush.h);
 *   meets      the threads come to each object in step, and each does one of
 *              several things to it that change its header, its marks or the
 *              lists that it is in: stores into its slot, gives it a weak
 *              reference, an ephemeron or external memory, takes and drops a
 *              reference to it, moves one into its neighbour, or drops the one
 *              that the maker of both put there, who is one of the threads in
 *              every other such round; or it drops a finalizable object.  At
 *              every other object all threads do the same;
 *   reads      loads what only weak references lead to.
 * What a thread has taken, it alone holds; what it has stored, one slot holds.
 * Then the collector checks its invariants, everybody makes garbage, so that
 * collections come, and looks whether all is still there.  What is not as it
 * was left is WRONG by the oracle `graph`.
 *
 * Then the threads end at the same moment, and each leaves the heap what a
 * barrier has just put down: a log, cards, a remembered set, candidates.
 *
 * Threads of the collector meet, too.  Two lists of nodes lead to the objects
 * in the same order.  If two markers follow a list each, the one that is behind
 * has less to do at each object and catches up, so both come to the same
 * objects at the same moment again and again.  Afterwards both lists must still
 * lead to the same objects.
 *
 * Survivors: a table with the objects of the last round. */
#include "acts.h"
#include "ambush.h"
#include "parts.h"

#include <inttypes.h>
#include <stdatomic.h>

enum { ROUNDS, WIDTH, LITTER };

/* Global roots. */
enum { TABLE, WEAKS, TWINS, DESKS };

enum { OWN = 4 }; /* slots of an object: at most so many threads */
#define OBJECT ((gc_shape){OWN, 16})
#define YOUNG  ((gc_shape){1, 8})

/* A node of the two lists: the next node, then so many objects. */
enum { OF_NODE = 7 };
#define NODE ((gc_shape){1 + OF_NODE, 0})
#define PAIR ((gc_shape){2, 0})

/* Old objects, so many for each thread, into which it stores before it ends. */
enum { DESK = 64 };

enum {
  AHEAD = 512, /* bytes */
  FILLED_WITHOUT_STOP = 8,
  /* Looks whether the others have come, in a volley that meets: at most so many
   * at an object before the thread gives way, which it does so often at most.
   * After that it waits for nobody, as where others have the processors. */
  LOOKS = 1 << 16,
  GIVES_WAY = 24,
  /* Threads that left at the same moment do not reach what they race for at the
   * same moment, since their ways there differ: each waits for a random number
   * of turns below a power of two, up to this one. */
  DELAYS = 9,
};

typedef enum volley {
  TAKES,
  REPLACES,
  STORES,
  FILLS,
  MEETS,
  READS,
  VOLLEYS
} volley;

typedef struct meeting {
  _Atomic unsigned arrived; /* threads that are ready */
  _Atomic unsigned done;    /* that have played their part */
  _Atomic bool checked;     /* the collector's invariants were, after that */
  unsigned threads;
  volley volley;
  uint64_t round;
  bool weak; /* the collector has weak references */
  /* While gaps are filled: who does, and where its last object is. */
  unsigned filler;
  _Atomic uintptr_t filled;
  /* Finalizable objects that were dropped. */
  _Atomic uint64_t retired;
  /* While threads meet at objects: at how many each has arrived. */
  struct {
    _Alignas(64) _Atomic uint32_t reached;
  } at[OWN];
} meeting;

/* Objects made in all. */
static _Atomic uint64_t allocated;

static void count(uint64_t n) {
  atomic_fetch_add_explicit(&allocated, n, memory_order_relaxed);
}

static uint64_t id_of(const meeting *all, uint64_t i) {
  return all->round << 32 | i;
}

static _Noreturn void lost(wl_thread *t, const meeting *all, const char *what,
                           uint64_t i) {
  char story[160];
  snprintf(story, sizeof story,
           "round %" PRIu64 ", thread %u: %s %" PRIu64 " is lost or damaged",
           all->round, t->index, what, i);
  wl_violation(t, "graph", all->round, story);
}

/* ------------------------------------------------------------------------- *
 * A thread.
 * ------------------------------------------------------------------------- */

/* Makes garbage of one size. */
static void litter(wl_thread *t, uint64_t bytes) {
  gc_mutator *m = t->m;
  gc_reg r = gc_frame_enter(m, 1, 0);
  uint64_t i = 0;
  for (uint64_t done = 0; done < bytes; i++) {
    new_stamped(t, r, OBJECT, UINT64_MAX);
    done += gc_shape_bytes(OBJECT);
  }
  count(i);
  gc_frame_leave(m, r, 1, 0);
}

/* Waits at full speed for threads that are on their way, and gives way to one
 * that has lost its processor.  `tries`: how often the caller did so before. */
static void wait_ready(wl_thread *t, unsigned tries) {
  if (tries % LOOKS < LOOKS - 1) {
    gc_safepoint(t->m);
    return;
  }
  gc_blocking_enter(t->m);
  wl_give_way(tries / LOOKS);
  gc_blocking_leave(t->m);
}

/* Waits until all threads have called this function so often. */
static void await_others(wl_thread *t, meeting *all, unsigned times) {
  atomic_fetch_add(&all->arrived, 1);
  for (unsigned n = 0; atomic_load(&all->arrived) < times * all->threads; n++)
    wait_ready(t, n);
}

/* The collector checks its invariants; nobody does anything meanwhile. */
static void check_heap(wl_thread *t, const meeting *all) {
  const char *why = gc_heap_check(t->run->heap);
  if (why)
    wl_violation(t, "check", all->round, why);
}

/* The collector checks what the barriers have written, before a collection uses
 * it. */
static void inspect(wl_thread *t, meeting *all) {
  atomic_fetch_add(&all->done, 1);
  for (unsigned n = 0; t->index == 1 && atomic_load(&all->done) < all->threads;
       n++)
    wait_a_little(t, n);
  if (t->index == 1) {
    check_heap(t, all);
    atomic_store(&all->checked, true);
  }
  for (unsigned n = 0; !atomic_load(&all->checked); n++)
    wait_a_little(t, n);
}

/* Fills gaps: makes an object for each that others take. */
static void fill(wl_thread *t, meeting *all, gc_reg first) {
  gc_mutator *m = t->m;
  const uint32_t width = (uint32_t)wl_get(t, WIDTH);
  ambush_begin(FILLED_WITHOUT_STOP, mix(wl_random(t)));
  for (uint32_t i = 0; i < width; i++) {
    ambush();
    new_stamped(t, first + i, OBJECT, id_of(all, i));
    atomic_store_explicit(&all->filled, (uintptr_t)gc_payload(m, first + i),
                          memory_order_relaxed);
  }
  ambush_end();
  atomic_store(&all->filled, UINTPTR_MAX - AHEAD);
  count(width);
}

/* Takes the thread's objects, from the last one on, and keeps a little ahead of
 * the gap that is filled now. */
static void take_beside(wl_thread *t, meeting *all, gc_reg first) {
  gc_mutator *m = t->m;
  gc_reg table = gc_frame_enter(m, 0, 1);
  gc_global_borrow(m, table, TABLE);
  for (uint32_t i = (uint32_t)wl_get(t, WIDTH); i-- > 0;) {
    if (i % all->threads != t->index - 1)
      continue;
    gc_load(m, first + i, table, i);
    for (unsigned n = 0;
         (uintptr_t)gc_payload(m, first + i) >
         atomic_load_explicit(&all->filled, memory_order_relaxed) + AHEAD;
         n++)
      wait_a_little(t, n);
    gc_store_null(m, table, i);
  }
  gc_frame_leave(m, table, 0, 1);
}

/* Arrives at object number `i`, and waits until all others have, too; but not
 * for ever, since one of them may have lost its processor.  `tries` counts how
 * long the thread waited in vain. */
static void meet_at(wl_thread *t, meeting *all, uint32_t i, unsigned *tries) {
  atomic_store(&all->at[t->index - 1].reached, i + 1);
  for (unsigned k = 0; k < all->threads; k++)
    while (*tries < LOOKS * GIVES_WAY && atomic_load(&all->at[k].reached) <= i)
      wait_ready(t, (*tries)++);
  *tries -= *tries % LOOKS;
}

/* Passes a few turns of a loop. */
static void dawdle(uint64_t random) {
  for (uint64_t n = (random >> 8) % ((uint64_t)1 << random % (DELAYS + 1)); n;
       n--)
    __asm__ volatile("");
}

/* What the thread would do to object `i` if it could use its neighbour. */
static act act_wished(const meeting *all, unsigned thread, uint32_t i) {
  return act_of(mix(id_of(all, i) * OWN + (i % 2 ? thread : 0)));
}

/* What the thread with this number does to object `i`.  The neighbour is the
 * object before, whose slot is free unless the thread has stored into it. */
static act act_at(const meeting *all, unsigned thread, uint32_t i) {
  const act which = act_wished(all, thread, i);
  if (act_needs_neighbour(which) &&
      (i == 0 || act_wished(all, thread, i - 1) == ACT_STORE))
    return ACT_HOLD;
  return which;
}

/* Does to each object what the thread is to do, all threads at the same moment.
 * The registers from `first` on get weak references and ephemerons. */
static void act_together(wl_thread *t, meeting *all, gc_reg first) {
  gc_mutator *m = t->m;
  const unsigned me = t->index - 1;
  const uint32_t width = (uint32_t)wl_get(t, WIDTH);
  gc_reg frame = gc_frame_enter(m, 1, 3), young = frame;
  gc_reg table = frame + 1, o = frame + 2, beside = frame + 3;
  unsigned tries = 0;
  uint64_t made = 0, retired = 0;
  gc_global_borrow(m, table, TABLE);
  for (uint32_t i = 0; i < width; i++) {
    const act which = act_at(all, me, i);
    const uint64_t delay = wl_random(t);
    gc_borrow(m, o, table, i);
    gc_borrow(m, beside, table, i ? i - 1 : 0);
    if (act_takes(which))
      new_stamped(t, young, YOUNG, id_of(all, i));
    made += act_takes(which) + act_prepare(m, which, o, young);
    meet_at(t, all, i, &tries);
    dawdle(delay);
    made += act_on(m, which, o, beside, me, young, first + i);
    retired += which == ACT_RETIRE;
  }
  count(made);
  atomic_fetch_add(&all->retired, retired);
  gc_frame_leave(m, frame, 1, 3);
}

/* Looks at what the thread has given to the objects, and what leads weakly to
 * them; `dead`: they may be dead. */
static void look_at_acts(wl_thread *t, const meeting *all, gc_reg first,
                         bool dead) {
  gc_mutator *m = t->m;
  const unsigned me = t->index - 1;
  gc_reg frame = gc_frame_enter(m, 1, 2), got = frame;
  gc_reg table = frame + 1, o = frame + 2;
  gc_global_borrow(m, table, TABLE);
  for (uint32_t i = 0; i < (uint32_t)wl_get(t, WIDTH); i++) {
    const act which = act_at(all, me, i);
    gc_shape shape = YOUNG;
    bool there = false;
    if (which == ACT_STORE && !dead) {
      gc_borrow(m, o, table, i);
      gc_load(m, got, o, me);
      there = !gc_is_null(m, got);
    } else if (which == ACT_WEAK || which == ACT_PAIR) {
      there = act_look(m, which, got, first + i);
      if (which == ACT_WEAK)
        shape = OBJECT;
    } else {
      continue;
    }
    if (there ? !stamp_is(m, got, shape.bytes, id_of(all, i)) : !dead)
      lost(t, all, "what a thread made for object", i);
  }
  gc_frame_leave(m, frame, 1, 2);
}

/* The thread's part of the volley.  It takes into the registers from `first`
 * on, a register for each object. */
static void shoot(wl_thread *t, meeting *all, gc_reg first) {
  if (all->volley == FILLS) {
    (all->filler == t->index ? fill : take_beside)(t, all, first);
    return;
  }
  if (all->volley == MEETS) {
    act_together(t, all, first);
    return;
  }
  gc_mutator *m = t->m;
  unsigned me = t->index - 1;
  uint32_t width = (uint32_t)wl_get(t, WIDTH);
  gc_reg frame = gc_frame_enter(m, 2, 1), young = frame, weak = frame + 1;
  gc_reg table = frame + 2;
  gc_global_borrow(m, table, all->volley == READS ? WEAKS : TABLE);
  for (uint32_t i = me; all->volley == TAKES && i < width; i += all->threads) {
    gc_load(m, first + i, table, i);
    gc_store_null(m, table, i);
  }
  for (uint32_t i = me; all->volley == REPLACES && i < width;
       i += all->threads, count(1)) {
    new_stamped(t, young, OBJECT, id_of(all, i));
    gc_load(m, first + i, table, i);
    gc_store_take(m, table, i, young);
  }
  for (uint32_t i = 0; all->volley == STORES && i < width; i++, count(1)) {
    new_stamped(t, young, YOUNG, id_of(all, i));
    gc_load(m, weak, table, i);
    gc_store_take(m, weak, me, young);
  }
  for (uint32_t i = me; all->volley == READS && i < width; i += all->threads) {
    gc_load(m, weak, table, i);
    (void)gc_weak_get(m, first + i, weak); /* it may be gone already */
  }
  gc_frame_leave(m, frame, 2, 1);
}

/* Drops the thread's share of the objects of the table. */
static void drop_own(wl_thread *t, const meeting *all) {
  gc_mutator *m = t->m;
  gc_reg table = gc_frame_enter(m, 0, 1);
  gc_global_borrow(m, table, TABLE);
  for (uint32_t i = t->index - 1; i < (uint32_t)wl_get(t, WIDTH);
       i += all->threads)
    gc_store_null(m, table, i);
  gc_frame_leave(m, table, 0, 1);
}

/* Looks at what the thread has taken and stored. */
static void look(wl_thread *t, const meeting *all, gc_reg first) {
  gc_mutator *m = t->m;
  unsigned me = t->index - 1;
  uint32_t width = (uint32_t)wl_get(t, WIDTH);
  gc_reg frame = gc_frame_enter(m, 2, 0), object = frame, young = frame + 1;
  for (uint32_t i = 0; i < width; i++) {
    if (!gc_is_null(m, first + i) &&
        !stamp_is(m, first + i, OBJECT.bytes, id_of(all, i)))
      lost(t, all, "what was taken from place", i);
    if (gc_is_null(m, first + i) && all->volley == TAKES &&
        i % all->threads == me)
      lost(t, all, "what was taken from place", i);
    if (all->volley != STORES)
      continue;
    gc_global_load(m, object, TABLE);
    gc_load(m, object, object, i);
    gc_load(m, young, object, me);
    if (gc_is_null(m, young) || !stamp_is(m, young, YOUNG.bytes, id_of(all, i)))
      lost(t, all, "what was stored into object", i);
  }
  gc_frame_leave(m, frame, 2, 0);
}

/* Puts a new table of neighbours into a global root: the last one is the first
 * in memory if there are to be gaps between them.  A collector that has marked
 * the table in its order has then not reached those that are taken first. */
static void make_table(wl_thread *t, const meeting *all, bool gaps) {
  gc_mutator *m = t->m;
  uint32_t width = (uint32_t)wl_get(t, WIDTH);
  gc_reg frame = gc_frame_enter(m, 2, 0), table = frame, o = frame + 1;
  gc_new(m, table, (gc_shape){width, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < width; i++) {
    if (gaps)
      new_stamped(t, o, OBJECT, UINT64_MAX);
    const uint32_t place = gaps ? width - 1 - i : i;
    new_stamped(t, o, OBJECT, id_of(all, place));
    gc_store_take(m, table, place, o);
  }
  count(1 + width + (gaps ? width : 0));
  gc_global_store(m, TABLE, table);
  gc_frame_leave(m, frame, 2, 0);
  if (gaps)
    gc_collect(m);
}

/* The references that the threads will drop, from neighbour to object. */
static void tie_neighbours(wl_thread *t, const meeting *all) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 2), o = frame;
  gc_reg table = frame + 1, beside = frame + 2;
  gc_global_borrow(m, table, TABLE);
  for (uint32_t i = 1; i < (uint32_t)wl_get(t, WIDTH); i++) {
    gc_borrow(m, beside, table, i - 1);
    for (unsigned k = 0; k < all->threads; k++) {
      if (act_at(all, k, i) != ACT_DROP)
        continue;
      gc_load(m, o, table, i);
      gc_store_take(m, beside, k, o);
    }
  }
  gc_frame_leave(m, frame, 1, 2);
}

/* Whether one of the threads makes the objects at which they meet.  Else their
 * maker waits for them all, and does nothing while they act. */
static bool maker_is_among(const meeting *all) {
  return all->volley == MEETS && all->round / VOLLEYS % 2;
}

/* Makes the objects of a round.  Those at which threads meet are old as a rule,
 * as most objects are. */
static void make_objects(wl_thread *t, const meeting *all) {
  make_table(t, all, all->volley == FILLS);
  if (all->volley != MEETS)
    return;
  tie_neighbours(t, all);
  if (all->round / VOLLEYS % 4 != 3)
    gc_collect(t->m);
}

/* Stores into the thread's own objects among those that all have, and waits for
 * the others, which have then met so often.  The thread ends next. */
static void leave_together(wl_thread *t, meeting *all, unsigned times) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 2), young = frame;
  gc_reg desks = frame + 1, o = frame + 2;
  gc_global_borrow(m, desks, DESKS);
  for (uint32_t i = 0; i < DESK; i++) {
    new_stamped(t, young, YOUNG, all->round);
    gc_borrow(m, o, desks, (t->index - 1) * DESK + i);
    gc_store_take(m, o, 0, young);
  }
  count(DESK);
  gc_frame_leave(m, frame, 1, 2);
  await_others(t, all, times);
}

static void take_part(wl_thread *t, void *data) {
  meeting *all = data;
  gc_mutator *m = t->m;
  uint32_t width = (uint32_t)wl_get(t, WIDTH);
  gc_reg first = gc_frame_enter(m, width, 0);
  if (maker_is_among(all) && t->index == 1)
    make_objects(t, all);
  if (all->volley != FILLS)
    litter(t, wl_random_below(t, wl_get(t, LITTER) + 1) / 4);
  await_others(t, all, 1);
  shoot(t, all, first);
  inspect(t, all);
  litter(t, wl_get(t, LITTER));
  if (all->volley == MEETS) {
    look_at_acts(t, all, first, false);
    await_others(t, all, 2);
    drop_own(t, all);
    litter(t, wl_get(t, LITTER));
    look_at_acts(t, all, first, true);
  } else {
    look(t, all, first);
  }
  gc_frame_leave(m, first, width, 0);
  leave_together(t, all, all->volley == MEETS ? 3 : 2);
}

/* ------------------------------------------------------------------------- *
 * Rounds.
 * ------------------------------------------------------------------------- */

static void make_desks(wl_thread *t) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), desks = frame, o = frame + 1;
  gc_new(m, desks, (gc_shape){OWN * DESK, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < OWN * DESK; i++) {
    new_stamped(t, o, YOUNG, 0);
    gc_store_take(m, desks, i, o);
  }
  count(1 + OWN * DESK);
  gc_global_store(m, DESKS, desks);
  gc_frame_leave(m, frame, 2, 0);
}

/* Looks whether each desk has what was stored last, and at the collector's
 * invariants, now that threads have left. */
static void look_at_desks(wl_thread *t, const meeting *all) {
  gc_mutator *m = t->m;
  check_heap(t, all);
  gc_reg frame = gc_frame_enter(m, 1, 1), o = frame, desks = frame + 1;
  gc_global_borrow(m, desks, DESKS);
  for (uint32_t i = 0; i < all->threads * DESK; i++) {
    gc_load(m, o, desks, i);
    gc_load(m, o, o, 0);
    if (gc_is_null(m, o) || !stamp_is(m, o, YOUNG.bytes, all->round))
      lost(t, all, "what a thread left in place", i);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* Puts a pair of lists that both lead to the objects of the table into a global
 * root.  They are made from the end. */
static void make_twins(wl_thread *t) {
  gc_mutator *m = t->m;
  uint32_t width = (uint32_t)wl_get(t, WIDTH);
  gc_reg frame = gc_frame_enter(m, 3, 1), pair = frame, node = frame + 1;
  gc_reg o = frame + 2, table = frame + 3;
  gc_new(m, pair, PAIR, GC_PLAIN);
  gc_global_borrow(m, table, TABLE);
  count(1);
  for (uint32_t begin = (width - 1) / OF_NODE * OF_NODE;; begin -= OF_NODE) {
    for (uint32_t twin = 0; twin < 2; twin++) {
      gc_new(m, node, NODE, GC_PLAIN);
      gc_load(m, o, pair, twin);
      gc_store_take(m, node, 0, o);
      for (uint32_t i = begin; i < width && i < begin + OF_NODE; i++) {
        gc_load(m, o, table, i);
        gc_store_take(m, node, 1 + i - begin, o);
      }
      gc_store_take(m, pair, twin, node);
    }
    count(2);
    if (begin == 0)
      break;
  }
  gc_global_store(m, TWINS, pair);
  gc_frame_leave(m, frame, 3, 1);
}

/* Looks whether both lists lead to the same objects. */
static void look_at_twins(wl_thread *t, const meeting *all) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 4, 0), one = frame, other = frame + 1;
  gc_reg a = frame + 2, b = frame + 3;
  gc_global_load(m, a, TWINS);
  gc_load(m, one, a, 0);
  gc_load(m, other, a, 1);
  for (uint64_t i = 0; !gc_is_null(m, one); i += OF_NODE) {
    for (uint32_t slot = 1; slot <= OF_NODE; slot++) {
      gc_load(m, a, one, slot);
      gc_load(m, b, other, slot);
      if (!gc_same(m, a, b) ||
          (!gc_is_null(m, a) &&
           !stamp_is(m, a, OBJECT.bytes, id_of(all, i + slot - 1))))
        lost(t, all, "what two lists lead to", i + slot - 1);
    }
    gc_load(m, one, one, 0);
    gc_load(m, other, other, 0);
  }
  gc_frame_leave(m, frame, 4, 0);
}

/* Takes the finalizable objects that were dropped: each comes once, if the
 * collector finds all that is dead. */
static void take_retired(wl_thread *t, const meeting *all) {
  gc_mutator *m = t->m;
  const gc_capabilities *can = &gc_this_collector.can;
  const bool exact = can->reclaims != GC_RECLAIMS_NOTHING && !can->conservative;
  gc_reg r = gc_frame_enter(m, 1, 0);
  const uint64_t retired = atomic_load(&all->retired);
  uint64_t taken = 0;
  for (unsigned k = 0; k < 3; k++) {
    gc_collect(m);
    while (gc_finalizer_next(m, r))
      taken++;
  }
  if (exact && taken != retired)
    lost(t, all, "a finalizable object, one of", retired);
  gc_frame_leave(m, r, 1, 0);
}

/* Lets weak references alone lead to the objects of the table. */
static void loosen(wl_thread *t) {
  gc_mutator *m = t->m;
  uint32_t width = (uint32_t)wl_get(t, WIDTH);
  gc_reg frame = gc_frame_enter(m, 3, 1), weaks = frame, weak = frame + 1;
  gc_reg o = frame + 2, table = frame + 3;
  gc_new(m, weaks, (gc_shape){width, 0}, GC_PLAIN);
  gc_global_borrow(m, table, TABLE);
  for (uint32_t i = 0; i < width; i++) {
    gc_load(m, o, table, i);
    gc_weak_new(m, weak, o);
    gc_store_take(m, weaks, i, weak);
  }
  count(1 + width);
  gc_global_store(m, WEAKS, weaks);
  litter(t, wl_get(t, LITTER) / 4);
  gc_global_clear(m, TABLE);
  gc_frame_leave(m, frame, 3, 1);
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  unsigned threads = t->run->threads;
  meeting all = {.threads = threads < 2     ? 2
                            : threads < OWN ? threads
                                            : OWN,
                 .weak = gc_this_collector.can.weak};
  atomic_store(&allocated, 0);
  make_desks(t);
  wl_begin(t);
  for (; all.round < wl_get(t, ROUNDS); all.round++) {
    all.volley = (volley)(all.round % (all.weak ? VOLLEYS : READS));
    atomic_store(&all.arrived, 0);
    atomic_store(&all.done, 0);
    atomic_store(&all.checked, false);
    all.filler = 1 + (unsigned)(all.round / VOLLEYS % all.threads);
    atomic_store(&all.filled, 0);
    for (unsigned k = 0; k < OWN; k++)
      atomic_store(&all.at[k].reached, 0);
    if (!maker_is_among(&all))
      make_objects(t, &all);
    bool twins = all.volley < FILLS;
    gc_global_clear(m, TWINS);
    if (twins) /* else they would fill the gaps, or keep what is to die */
      make_twins(t);
    if (all.volley != FILLS)
      litter(t, wl_random_below(t, wl_get(t, LITTER) + 1));
    if (all.volley == READS)
      loosen(t);
    atomic_store(&all.retired, 0);
    wl_threads(t, all.threads, 1, take_part, &all);
    look_at_desks(t, &all);
    if (twins)
      look_at_twins(t, &all);
    if (all.volley == MEETS && gc_this_collector.can.finalizers)
      take_retired(t, &all);
    gc_global_clear(m, WEAKS);
    wl_step(t, 0, 1);
  }
  wl_end(t);
  for (uint32_t root = TABLE; root <= DESKS; root++)
    gc_global_clear(m, root);
  make_table(t, &all, false);
  uint32_t width = (uint32_t)wl_get(t, WIDTH);
  wl_expectation e = {.live = 1 + width,
                      .allocated = atomic_load(&allocated),
                      .bytes = gc_shape_bytes((gc_shape){width, 0}) +
                               width * gc_shape_bytes(OBJECT)};
  wl_expect(t, e);
  gc_global_clear(m, TABLE);
  e.live = e.bytes = 0;
  wl_expect(t, e);
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  unsigned n = threads < 2 ? 2 : threads < OWN ? threads : OWN;
  uint64_t of_objects = p[WIDTH] * gc_shape_bytes(OBJECT);
  uint64_t of_lists = 2 * (p[WIDTH] / OF_NODE + 2) * gc_shape_bytes(NODE);
  uint64_t round =
      3 * of_objects + n * p[WIDTH] * gc_shape_bytes(YOUNG) + of_lists;
  uint64_t desks = OWN * DESK * (8 + 2 * gc_shape_bytes(YOUNG));
  return (wl_volume){.live = round + desks + 16 * p[WIDTH] + 4096,
                     .allocated =
                         p[ROUNDS] * (round + desks + (n + 2) * p[LITTER])};
}

const workload workload_volleys = {
    .name = "volleys",
    .summary = "threads that write into neighbouring places at the same moment",
    .source = "races of barriers, which need threads that really meet",
    .unit = "rounds",
    .steps = {"round"},
    .params = {{"rounds", "volleys", 40, 1, 1 << 20, NULL},
               {"width", "objects of a volley", 1024, 1, 16384, NULL},
               {"litter", "bytes of garbage that each thread makes", 64 << 10,
                0, 1 << 28, NULL}},
    .needs = WL_NEEDS_THREADS,
    .volume = volume,
    .run = run};
