/* growth: shapes of programs whose cost must grow no faster than they do.
 *
 * A shape does n times the same thing, beside live data that is fixed or that
 * grows with n.  The stress conditions `growth-SHAPE` run a shape at n and at
 * 2n and compare what is deterministic: the collector's own counts of its work,
 * its collections, and its footprint.  So a list that is walked for each of its
 * entries is found, or a buffer that only ever grows, however fast the machine
 * is.  In a shape that is flat, nothing that is alive depends on n, so that the
 * footprint must not grow at all.
 *
 * What grows with n takes at least 4 MiB at the sizes that the conditions use.
 * A collector may let every heap grow by that much, and below it the number of
 * collections depends on n alone: with live data that grows too, the work would
 * be quadratic for a reason.
 *
 * There are six workloads, because a workload declares what it needs: `growth`,
 * `growth-finalizers`, `growth-weak`, `growth-ephemerons`, `growth-external`
 * and `growth-threads`.  They are not timed, so they are compiled once for all
 * collectors.  Some shapes are in growth-alone.c and growth-external.c.
 *
 * Survivors: each shape states beside its code what it makes and keeps.
 *
 * Limits: no shape needs more than one thread that runs at a time. */
#include "growth.h"

#include <malloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { SHAPE, N };

enum {
  QUEUE = 1000, /* length of the queue that nodes pass through */
  RING = 3,     /* nodes of a ring */
};

/* ------------------------------------------------------------------------- *
 * The account of work.
 * ------------------------------------------------------------------------- */

enum { COUNTERS = 64 };

/* The work that the collector says it has done so far. */
static uint64_t count_work(wl_thread *t) {
  gc_counter counters[COUNTERS];
  size_t n = gc_heap_counters(t->run->heap, counters, COUNTERS);
  uint64_t work = 0;
  for (const char *const *w = gc_this_collector.work; w && *w; w++)
    for (size_t i = 0; i < n; i++)
      if (!strcmp(counters[i].name, *w))
        work += counters[i].value;
  return work;
}

/* The most work between two steps, which bounds that of a pause. */
static uint64_t work_before, work_longest;

void growth_account(wl_thread *t) {
  uint64_t work = count_work(t);
  work_longest = max_u64(work_longest, work - work_before);
  work_before = work;
}

/* Bytes that the process has from the C library, which may be more than any
 * footprint tells.  All threads but one have ended. */
static uint64_t outside_bytes(void) {
  struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

/* ------------------------------------------------------------------------- *
 * Shapes.  Beside each, what it makes and keeps.
 * ------------------------------------------------------------------------- */

/* Nodes die at once: flat. */
static totals of_churn(uint64_t n) {
  return keeps(nodes(0), nodes(n * LITTER));
}

static void churn(wl_thread *t, uint64_t n) {
  work_on(t, n);
}

/* A long list beside which nodes die. */
static totals of_list(uint64_t n) {
  return keeps(nodes(n * STEP), nodes(n * LITTER));
}

static void list(wl_thread *t, uint64_t n) {
  make_list(t, KEPT, n * STEP);
  work_on(t, n);
}

/* The same list: a reference to each of its nodes is taken and dropped. */
static totals of_visits(uint64_t n) {
  return keeps(nodes(n * STEP), nodes(0));
}

static void visits(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_list(t, KEPT, n * STEP);
  gc_reg frame = gc_frame_enter(m, 2, 0), at = frame, next = frame + 1;
  gc_global_load(m, at, KEPT);
  for (uint64_t i = 0; !gc_is_null(m, at); i++) {
    gc_load(m, next, at, NEXT);
    gc_move(m, at, next);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 2, 0);
}

/* One object to which all slots of wide arrays refer. */
static totals of_one_target(uint64_t n) {
  return keeps(sum(nodes(1), array(n * 2 * STEP)), nodes(n * LITTER));
}

static void one_target(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_array(m, KEPT, n * 2 * STEP);
  gc_reg frame = gc_frame_enter(m, 1, 1), one = frame, all = frame + 1;
  new_node(m, one);
  gc_global_borrow(m, all, KEPT);
  for (uint64_t i = 0; i < n * 2 * STEP; i++) {
    gc_store(m, all, (uint32_t)i, one);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 1, 1);
  work_on(t, n);
}

/* An old array.  For each unit of garbage a young object is stored into it,
 * somewhere else each time. */
enum { SLOTS_PER_STORE = 2048 };

static totals of_old_array(uint64_t n) {
  return keeps(sum(array(n * SLOTS_PER_STORE), nodes(n)), nodes(n * LITTER));
}

static void old_array(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_array(m, KEPT, n * SLOTS_PER_STORE);
  gc_collect(m);
  gc_reg frame = gc_frame_enter(m, 1, 1), node = frame, all = frame + 1;
  for (uint64_t i = 0; i < n; i++) {
    litter(m, LITTER);
    new_node(m, node);
    gc_global_borrow(m, all, KEPT);
    gc_store_take(m, all, (uint32_t)(i * SLOTS_PER_STORE), node);
    step(t, 1);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* An old list, into each of whose nodes a young object is stored. */
static totals of_old_nodes(uint64_t n) {
  return keeps(nodes(2 * n * STEP), nodes(0));
}

static void old_nodes(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_list(t, KEPT, n * STEP);
  gc_reg frame = gc_frame_enter(m, 1, 1), node = frame, at = frame + 1;
  gc_global_borrow(m, at, KEPT);
  for (uint64_t i = 0; !gc_is_null(m, at); i++) {
    new_node(m, node);
    gc_store_take(m, at, OTHER, node);
    gc_borrow(m, at, at, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* Nodes pass through a queue of fixed length, so that it wanders through old
 * memory: what is dead and old must not keep what is young.  Flat. */
static totals of_queue(uint64_t n) {
  return keeps(nodes(QUEUE), nodes(n * STEP));
}

static void queue(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), node = frame, first = frame + 1;
  for (uint64_t i = 0; i < QUEUE + n * STEP; i++) {
    new_node(m, node);
    gc_reg last = gc_frame_enter(m, 1, 0);
    gc_global_load(m, last, MORE);
    if (gc_is_null(m, last))
      gc_global_store(m, KEPT, node);
    else
      gc_store(m, last, NEXT, node);
    gc_global_store(m, MORE, node);
    gc_frame_leave(m, last, 1, 0);
    gc_clear(m, node);
    if (i >= QUEUE) {
      gc_global_load(m, first, KEPT);
      gc_load(m, node, first, NEXT);
      gc_global_store(m, KEPT, node);
      gc_clear(m, node);
      gc_clear(m, first);
    }
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 2, 0);
}

/* Large and small objects in turn replace those of a table: flat. */
enum { PLACES = 16 };

static totals of_large_small(uint64_t n) {
  uint64_t kept = min_u64(n, PLACES);
  totals s = keeps(sum(array(PLACES), larges(n - kept, kept)),
                   sum(larges(0, n - kept), nodes(n * (LITTER / 4))));
  /* One more is alive while it is put into its place, and sizes vary. */
  s.live += CHUNK + 4 * 4096;
  return s;
}

static void large_small(wl_thread *t, uint64_t n) {
  replace_larges(t, n, PLACES, LITTER / 4);
}

/* The same, but all large objects stay. */
static totals of_large_kept(uint64_t n) {
  return keeps(sum(array(n), larges(0, n)), nodes(n * (LITTER / 4)));
}

static void large_kept(wl_thread *t, uint64_t n) {
  replace_larges(t, n, n, LITTER / 4);
}

/* A binary tree, from which pieces are cut and grown again. */
enum { PIECE_DEPTH = 6, PIECE = (1 << PIECE_DEPTH) - 1 };

static void grow(gc_mutator *m, gc_reg dst, unsigned depth) {
  gc_reg child = gc_frame_enter(m, 1, 0);
  new_node(m, dst);
  for (uint32_t side = 0; side < 2 && depth > 1; side++) {
    grow(m, child, depth - 1);
    gc_store_take(m, dst, side, child);
  }
  gc_frame_leave(m, child, 1, 0);
}

static totals of_tree_pieces(uint64_t n) {
  uint64_t pieces = 4 * n;
  return keeps(sum(array(pieces), nodes(pieces * PIECE)),
               nodes(pieces * PIECE));
}

/* The upper part of the tree is an array: a piece hangs in each slot. */
static void tree_pieces(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  uint64_t pieces = 4 * n;
  make_array(m, KEPT, pieces);
  gc_reg frame = gc_frame_enter(m, 1, 1), piece = frame, all = frame + 1;
  for (uint64_t i = 0; i < 2 * pieces; i++) {
    gc_global_borrow(m, all, KEPT);
    gc_store_null(m, all, (uint32_t)(i % pieces));
    gc_unborrow(m, all);
    grow(m, piece, PIECE_DEPTH);
    gc_global_borrow(m, all, KEPT);
    gc_store_take(m, all, (uint32_t)(i % pieces), piece);
    step(t, 1);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* dst <- a new ring of RING nodes. */
static void make_ring(gc_mutator *m, gc_reg dst) {
  gc_reg frame = gc_frame_enter(m, 2, 0), last = frame, node = frame + 1;
  new_node(m, dst);
  gc_copy(m, last, dst);
  for (int i = 1; i < RING; i++) {
    new_node(m, node);
    gc_store(m, last, NEXT, node);
    gc_move(m, last, node);
  }
  gc_store(m, last, NEXT, dst);
  gc_frame_leave(m, frame, 2, 0);
}

/* Objects of many slots die at once, with what only they refer to: flat. */
enum { FAN = 100, FANS = 4 /* a unit of n */ };

static totals of_fans(uint64_t n) {
  amount fans = {n * FANS, n * FANS * array(FAN).bytes};
  totals s = keeps(nodes(0), sum(fans, nodes(n * FANS * FAN)));
  s.live += 2 * array(FAN).bytes + nodes(FAN + 1).bytes;
  return s;
}

static void fans(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), fan = frame, node = frame + 1;
  for (uint64_t i = 0; i < n * FANS; i++) {
    gc_new(m, fan, (gc_shape){FAN, 0}, GC_PLAIN);
    for (uint32_t k = 0; k < FAN; k++) {
      new_node(m, node);
      gc_store_take(m, fan, k, node);
    }
    step(t, 1);
  }
  gc_frame_leave(m, frame, 2, 0);
}

/* Rings die, and nothing else is alive: flat. */
static totals of_rings(uint64_t n) {
  totals s = keeps(nodes(0), nodes(n * STEP * RING));
  s.cyclic = s.made;
  return s;
}

static void rings(wl_thread *t, uint64_t n) {
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < n * STEP; i++) {
    make_ring(t->m, r);
    step_at(t, i);
  }
  gc_frame_leave(t->m, r, 1, 0);
}

/* Rings die beside a large list. */
static totals of_rings_beside(uint64_t n) {
  totals s = keeps(nodes(n * STEP), nodes(n * STEP / 2 * RING));
  s.cyclic = nodes(n * STEP / 2 * RING);
  return s;
}

static void rings_beside(wl_thread *t, uint64_t n) {
  make_list(t, KEPT, n * STEP);
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < n * STEP / 2; i++) {
    make_ring(t->m, r);
    step_at(t, i);
  }
  gc_frame_leave(t->m, r, 1, 0);
}

/* Rings die beside a larger one that lives, and of which one object after the
 * other is looked at, so that it is a candidate all the time: flat.  The others
 * must not have to wait for it. */
enum { PINNED = 300 };

static totals of_rings_pinned(uint64_t n) {
  totals s = keeps(nodes(PINNED), nodes(n * STEP * RING));
  s.cyclic = nodes(n * STEP * RING);
  return s;
}

static void rings_pinned(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_list(t, KEPT, PINNED);
  gc_reg frame = gc_frame_enter(m, 3, 0), r = frame, at = frame + 1;
  gc_reg next = frame + 2;
  gc_global_load(m, at, KEPT);
  for (gc_load(m, next, at, NEXT); !gc_is_null(m, next);) {
    gc_move(m, at, next);
    gc_load(m, next, at, NEXT);
  }
  gc_global_load(m, next, KEPT);
  gc_store_take(m, at, NEXT, next);
  for (uint64_t i = 0; i < n * STEP; i++) {
    gc_load(m, next, at, NEXT);
    gc_move(m, at, next);
    make_ring(m, r);
    step_at(t, i);
  }
  gc_load(m, next, at, NEXT); /* it becomes a list again */
  gc_global_store(m, KEPT, next);
  gc_store_null(m, at, NEXT);
  gc_frame_leave(m, frame, 3, 0);
}

/* Each ring takes the place of the one before in a borrowed object, and nothing
 * of it lost a reference until then: flat.  A ring may close around its last
 * count as it is taken, so that it is a candidate already when it is dropped,
 * and no drop makes one. */
static totals of_rings_taken(uint64_t n) {
  totals s = keeps(nodes(1), nodes(n * STEP * RING));
  s.cyclic = nodes(n * STEP * RING);
  s.live += nodes(RING).bytes;
  return s;
}

static void make_ring_by_takes(gc_mutator *m, gc_reg dst) {
  gc_reg frame = gc_frame_enter(m, 1, 1), node = frame, last = frame + 1;
  new_node(m, dst);
  gc_reg tail = dst;
  for (int i = 1; i < RING; i++) {
    new_node(m, node);
    gc_store_take(m, tail, NEXT, node);
    gc_borrow(m, last, tail, NEXT);
    tail = last;
  }
  gc_store(m, tail, NEXT, dst);
  gc_frame_leave(m, frame, 1, 1);
}

static void rings_taken(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_list(t, KEPT, 1);
  gc_reg frame = gc_frame_enter(m, 1, 1), r = frame, place = frame + 1;
  gc_global_borrow(m, place, KEPT);
  for (uint64_t i = 0; i < n * STEP; i++) {
    make_ring_by_takes(m, r);
    gc_store_take(m, place, OTHER, r);
    step_at(t, i);
  }
  gc_store_null(m, place, OTHER);
  gc_frame_leave(m, frame, 1, 1);
}

/* ------------------------------------------------------------------------- *
 * Shapes with finalizers.
 * ------------------------------------------------------------------------- */

enum { FINALIZABLES = 200 };

/* Finalizable objects die and are taken, but never the last one: flat. */
static totals of_backlog(uint64_t n) {
  return (totals){.live = nodes(FINALIZABLES + 1).bytes + MOMENTARY,
                  .made = nodes(1 + n * FINALIZABLES)};
}

static void backlog(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg r = gc_frame_enter(m, 1, 0);
  new_finalizable(m, r);
  gc_clear(m, r);
  for (uint64_t i = 0; i < n; i++) {
    for (int k = 0; k < FINALIZABLES; k++) {
      new_finalizable(m, r);
      gc_clear(m, r);
    }
    gc_collect(m);
    take_finalizers(m, FINALIZABLES);
    step(t, FINALIZABLES);
  }
  gc_frame_leave(m, r, 1, 0);
}

/* Finalizable objects wait and nobody asks for them, beside garbage. */
static totals of_waiting(uint64_t n) {
  return of_dead_finalizables(n);
}

static void waiting(wl_thread *t, uint64_t n) {
  drop_finalizables(t, n);
  gc_collect(t->m);
  work_on(t, n);
}

/* The finalizable objects are alive. */
static totals of_finalizable(uint64_t n) {
  return keeps(nodes(n * STEP), nodes(n * LITTER));
}

static void finalizable(wl_thread *t, uint64_t n) {
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_finalizable(t->m, r);
    push(t->m, KEPT, r, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(t->m, r, 1, 0);
  work_on(t, n);
}

/* A list of finalizable objects dies, and they are taken one by one with
 * garbage in between. */
static totals of_one_by_one(uint64_t n) {
  return (totals){.live = nodes(n * STEP).bytes + MOMENTARY,
                  .made = nodes(n * STEP + n * LITTER)};
}

static void one_by_one(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg r = gc_frame_enter(m, 1, 0);
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_finalizable(m, r);
    push(m, KEPT, r, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(m, r, 1, 0);
  gc_global_clear(m, KEPT);
  gc_collect(m);
  for (uint64_t i = 0; i < n; i++) {
    take_finalizers(m, STEP);
    litter(m, LITTER);
    step(t, STEP);
  }
}

/* Finalizable objects of a table die, each holding an object, and are taken
 * whenever some wait; nobody asks for a collection: flat. */
enum { TURNING = 64 }; /* places of a table whose objects come and go */

static totals of_finalized(uint64_t n) {
  totals s = keeps(array(TURNING), nodes(2 * n * STEP));
  s.live += nodes(2 * TURNING).bytes;
  return s;
}

static void finalized(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_array(m, KEPT, TURNING);
  gc_reg frame = gc_frame_enter(m, 2, 1), r = frame, held = frame + 1;
  gc_reg all = frame + 2;
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_finalizable(m, r);
    new_node(m, held);
    gc_store_take(m, r, NEXT, held);
    gc_global_borrow(m, all, KEPT);
    gc_store_take(m, all, (uint32_t)(i * 7 % TURNING), r);
    gc_unborrow(m, all);
    take_finalizers(m, UINT64_MAX);
    step_at(t, i);
  }
  empty_array(m, KEPT, TURNING);
  gc_frame_leave(m, frame, 2, 1);
}

/* ------------------------------------------------------------------------- *
 * Shapes with weak references.
 * ------------------------------------------------------------------------- */

/* Makes n weak references to the object in `target`, kept by nodes. */
static void keep_weaks(wl_thread *t, uint64_t n, gc_reg target, bool same) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), weak = frame, node = frame + 1;
  for (uint64_t i = 0; i < n; i++) {
    if (!same)
      new_node(m, target);
    gc_weak_new(m, weak, target);
    new_node(m, node);
    gc_store_take(m, node, OTHER, weak);
    push(m, KEPT, node, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 2, 0);
}

/* Many weak references to one object. */
static totals of_weak_one(uint64_t n) {
  return keeps(sum(nodes(1 + n * STEP), weaks(n * STEP)), nodes(n * LITTER));
}

static void weak_one(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg target = gc_frame_enter(m, 1, 0);
  new_node(m, target);
  gc_global_store(m, MORE, target);
  keep_weaks(t, n * STEP, target, true);
  gc_frame_leave(m, target, 1, 0);
  work_on(t, n);
}

/* Many weak references whose targets are dead. */
static totals of_weak_dead(uint64_t n) {
  return keeps(sum(nodes(n * STEP), weaks(n * STEP)),
               nodes(n * STEP + n * LITTER));
}

static void weak_dead(wl_thread *t, uint64_t n) {
  gc_reg target = gc_frame_enter(t->m, 1, 0);
  keep_weaks(t, n * STEP, target, false);
  gc_frame_leave(t->m, target, 1, 0);
  work_on(t, n);
}

/* Weak references to one object that die at once: flat. */
static totals of_weak_dropped(uint64_t n) {
  return keeps(nodes(1), weaks(n * STEP));
}

static void weak_dropped(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), target = frame, weak = frame + 1;
  new_node(m, target);
  gc_global_store(m, MORE, target);
  for (uint64_t i = 0; i < n * STEP; i++) {
    gc_weak_new(m, weak, target);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 2, 0);
}

/* Targets and weak references of two tables come and go, in different orders,
 * so that now the one dies first and now the other; some targets have two weak
 * references: flat. */
static totals of_weak_turnover(uint64_t n) {
  totals s = keeps(sum(array(TURNING), array(TURNING)),
                   sum(nodes(n * STEP), weaks(n * STEP + n * STEP / 4)));
  s.live += nodes(TURNING).bytes + weaks(TURNING).bytes;
  return s;
}

static void weak_turnover(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_array(m, KEPT, TURNING);
  make_array(m, MORE, TURNING);
  gc_reg frame = gc_frame_enter(m, 2, 0), target = frame, weak = frame + 1;
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_node(m, target);
    if (i % 4 == 0)
      gc_weak_new(m, weak, target);
    gc_weak_new(m, weak, target);
    put_into(m, MORE, i * 11 % TURNING, weak);
    put_into(m, KEPT, i * 5 % (TURNING - 1), target);
    step_at(t, i);
  }
  empty_array(m, KEPT, TURNING);
  empty_array(m, MORE, TURNING);
  gc_frame_leave(m, frame, 2, 0);
}

/* ------------------------------------------------------------------------- *
 * Shapes with ephemerons.
 * ------------------------------------------------------------------------- */

/* Ephemerons of one key; of keys each of which is the value before; and the
 * other way round. */
typedef enum pairing { OF_ONE_KEY, FORWARDS, BACKWARDS } pairing;

/* Makes n ephemerons, kept by nodes.  A global root holds the one key that is
 * not a value. */
static void keep_pairs(wl_thread *t, uint64_t n, pairing how) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 4, 0), key = frame, value = frame + 1;
  gc_reg pair = frame + 2, node = frame + 3;
  new_node(m, key);
  gc_global_store(m, MORE, key);
  for (uint64_t i = 0; i < n; i++) {
    new_node(m, value);
    if (how == BACKWARDS) {
      gc_ephemeron_new(m, pair, value, key);
      gc_global_store(m, MORE, value);
    } else {
      gc_ephemeron_new(m, pair, key, value);
    }
    if (how != OF_ONE_KEY)
      gc_move(m, key, value);
    new_node(m, node);
    gc_store_take(m, node, OTHER, pair);
    push(m, KEPT, node, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 4, 0);
  work_on(t, n / STEP);
}

static totals of_pairs(uint64_t n) {
  return keeps(sum(nodes(1 + 2 * n * STEP), weaks(n * STEP)),
               nodes(n * LITTER));
}

static totals of_pairs_one_key(uint64_t n) {
  return of_pairs(n);
}

static void pairs_one_key(wl_thread *t, uint64_t n) {
  keep_pairs(t, n * STEP, OF_ONE_KEY);
}

static totals of_pairs_forwards(uint64_t n) {
  return of_pairs(n);
}

static void pairs_forwards(wl_thread *t, uint64_t n) {
  keep_pairs(t, n * STEP, FORWARDS);
}

static totals of_pairs_backwards(uint64_t n) {
  return of_pairs(n);
}

static void pairs_backwards(wl_thread *t, uint64_t n) {
  keep_pairs(t, n * STEP, BACKWARDS);
}

/* Ephemerons and their keys come and go as above; every other value is the key
 * of the next ephemeron: flat. */
static totals of_pairs_turnover(uint64_t n) {
  totals s = keeps(sum(array(TURNING), array(TURNING)),
                   sum(nodes(n * STEP + (n * STEP + 1) / 2), weaks(n * STEP)));
  s.live += nodes(3 * TURNING).bytes + weaks(TURNING).bytes;
  return s;
}

static void pairs_turnover(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_array(m, KEPT, TURNING);
  make_array(m, MORE, TURNING);
  gc_reg frame = gc_frame_enter(m, 3, 0), key = frame, value = frame + 1;
  gc_reg pair = frame + 2;
  for (uint64_t i = 0; i < n * STEP; i++) {
    if (i % 2)
      gc_move(m, key, value);
    else
      new_node(m, key);
    new_node(m, value);
    gc_ephemeron_new(m, pair, key, value);
    put_into(m, MORE, i * 11 % TURNING, pair);
    put_into(m, KEPT, i * 5 % (TURNING - 1), key);
    step_at(t, i);
  }
  gc_clear(m, value);
  empty_array(m, KEPT, TURNING);
  empty_array(m, MORE, TURNING);
  gc_frame_leave(m, frame, 3, 0);
}

/* Values that hold the next key and its ephemeron, so that these die together
 * and find each other dead in any order; somebody else holds the value of that
 * one as well: flat. */
static totals of_pairs_nested(uint64_t n) {
  totals s = keeps(sum(array(TURNING), array(TURNING)),
                   sum(nodes(5 * n * STEP), weaks(2 * n * STEP)));
  s.live += nodes(6 * TURNING).bytes + weaks(2 * TURNING).bytes;
  return s;
}

/* value.NEXT <- a new key, value.OTHER <- its ephemeron, or the other way
 * round; node.OTHER <- the value of that, with stamp `id`. */
static void nest_pair(gc_mutator *m, gc_reg value, gc_reg node, uint64_t id) {
  const bool swapped = id % 2;
  gc_reg frame = gc_frame_enter(m, 3, 0), key = frame, held = frame + 1;
  gc_reg pair = frame + 2;
  new_node(m, key);
  new_node(m, held);
  stamp(m, held, NODE.bytes, id);
  gc_ephemeron_new(m, pair, key, held);
  gc_store_take(m, node, OTHER, held);
  gc_store_take(m, value, swapped ? OTHER : NEXT, key);
  gc_store_take(m, value, swapped ? NEXT : OTHER, pair);
  gc_frame_leave(m, frame, 3, 0);
}

/* The value that place `i` of MORE has kept must have its stamp still. */
static void look_at_nested(wl_thread *t, uint64_t i, uint64_t id) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), r = frame, all = frame + 1;
  gc_global_borrow(m, all, MORE);
  gc_load(m, r, all, (uint32_t)i);
  gc_load(m, r, r, OTHER);
  if (!stamp_is(m, r, NODE.bytes, id))
    wl_violation(t, "graph", id, "the value of an ephemeron is damaged");
  gc_frame_leave(m, frame, 1, 1);
}

static void pairs_nested(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_array(m, KEPT, TURNING);
  make_array(m, MORE, TURNING);
  gc_reg frame = gc_frame_enter(m, 4, 0), key = frame, value = frame + 1;
  gc_reg pair = frame + 2, node = frame + 3;
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_node(m, key);
    new_node(m, value);
    new_node(m, node);
    nest_pair(m, value, node, i + 1);
    gc_ephemeron_new(m, pair, key, value);
    gc_clear(m, value);
    gc_store_take(m, node, NEXT, pair);
    if (i >= TURNING)
      look_at_nested(t, i * 11 % TURNING, i + 1 - TURNING);
    put_into(m, MORE, i * 11 % TURNING, node);
    put_into(m, KEPT, i * 5 % (TURNING - 1), key);
    step_at(t, i);
  }
  empty_array(m, KEPT, TURNING);
  empty_array(m, MORE, TURNING);
  gc_frame_leave(m, frame, 4, 0);
}

/* Ephemerons live on whose values lead to their keys, which nothing else does:
 * key and value are dead.  A key here has no slots, so that a collector that
 * looks at objects with slots only does not come past it. */
#define BARE ((gc_shape){0, 24})

static totals of_pairs_bare(uint64_t n) {
  const amount keys = {n * STEP, n * STEP * gc_shape_bytes(BARE)};
  const amount dead = sum(keys, nodes(n * STEP));
  totals s = keeps(sum(nodes(n * STEP), weaks(n * STEP)),
                   sum(dead, nodes(n * LITTER)));
  s.cyclic = s.paired = dead;
  return s;
}

static void pairs_bare(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 4, 0), key = frame, value = frame + 1;
  gc_reg pair = frame + 2, node = frame + 3;
  for (uint64_t i = 0; i < n * STEP; i++) {
    gc_new(m, key, BARE, GC_PLAIN);
    new_node(m, value);
    gc_store(m, value, i % 2 ? OTHER : NEXT, key);
    gc_ephemeron_new(m, pair, key, value);
    new_node(m, node);
    gc_store_take(m, node, OTHER, pair);
    push(m, KEPT, node, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 4, 0);
  work_on(t, n);
}

/* ------------------------------------------------------------------------- *
 * Shapes with threads.
 * ------------------------------------------------------------------------- */

enum { THREAD_STORES = 64, THREAD_LITTER = 256, IDLE_LITTER = 256 };

/* Threads that come and go leave a dead pair each, so few that a cycle detector
 * would not even add them to those of others before the thread ends: flat. */
enum { PAIR_LITTER = 160 };
#define PARTNER ((gc_shape){2, 1000})

static totals of_threads_pairs(uint64_t n) {
  amount pairs = {2 * n, 2 * n * gc_shape_bytes(PARTNER)};
  totals s = keeps(nodes(0), sum(pairs, nodes(n * PAIR_LITTER)));
  s.cyclic = pairs;
  s.live += 4 * gc_shape_bytes(PARTNER);
  return s;
}

static void leave_pair(wl_thread *t, void *data) {
  (void)data;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), a = frame, b = frame + 1;
  gc_new(m, a, PARTNER, GC_PLAIN);
  gc_new(m, b, PARTNER, GC_PLAIN);
  gc_store(m, a, NEXT, b);
  gc_store(m, b, NEXT, a);
  gc_frame_leave(m, frame, 2, 0);
  litter(m, PAIR_LITTER);
}

static void threads_pairs(wl_thread *t, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    wl_threads(t, 1, 1, leave_pair, NULL);
    step(t, 1);
  }
}

/* Threads that come and go store young objects into an old array: flat. */
static totals of_threads_stores(uint64_t n) {
  return keeps(sum(array(THREAD_STORES), nodes(THREAD_STORES)),
               nodes(n * (THREAD_STORES + THREAD_LITTER) - THREAD_STORES));
}

static void store_young(wl_thread *t, void *data) {
  (void)data;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), node = frame, all = frame + 1;
  litter(m, THREAD_LITTER);
  for (uint32_t i = 0; i < THREAD_STORES; i++) {
    new_node(m, node);
    gc_global_borrow(m, all, KEPT);
    gc_store_take(m, all, i, node);
  }
  gc_frame_leave(m, frame, 1, 1);
}

static void threads_stores(wl_thread *t, uint64_t n) {
  make_array(t->m, KEPT, THREAD_STORES);
  gc_collect(t->m);
  for (uint64_t i = 0; i < n; i++) {
    wl_threads(t, 1, 1, store_young, NULL);
    step(t, 1);
  }
}

/* One thread makes objects, and another that is there all the time drops them;
 * both have blocked before, and neither does again, so that what is dropped
 * must find its way to whoever may free it: flat. */
enum { PARTNER_PLACES = 4096, PARTNER_LIST = 8192 };

static totals of_threads_partner(uint64_t n) {
  totals s =
      keeps(sum(array(PARTNER_PLACES), nodes(PARTNER_LIST)), nodes(n * STEP));
  s.live += nodes(PARTNER_PLACES < n * STEP ? PARTNER_PLACES : n * STEP).bytes;
  return s;
}

typedef struct partnership {
  _Atomic uint64_t filled, emptied; /* times */
  _Atomic bool over;
} partnership;

/* Waits without a blocking stretch, but not in the way of others. */
static void poll(wl_thread *t) {
  gc_safepoint(t->m);
  sched_yield();
}

static void empty_again(wl_thread *t, void *data) {
  partnership *both = data;
  wl_yield(t);
  for (;;) {
    uint64_t n = atomic_load(&both->emptied);
    while (atomic_load(&both->filled) == n && !atomic_load(&both->over))
      poll(t);
    if (atomic_load(&both->filled) == n)
      return;
    empty_array(t->m, KEPT, PARTNER_PLACES);
    gc_safepoint(t->m);
    atomic_fetch_add(&both->emptied, 1);
  }
}

static void threads_partner(wl_thread *t, uint64_t n) {
  partnership both = {0};
  make_list(t, MORE, PARTNER_LIST);
  make_array(t->m, KEPT, PARTNER_PLACES);
  wl_child *child = wl_thread_start(t, 1, empty_again, &both);
  wl_yield(t);
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_node(t->m, r);
    put_into(t->m, KEPT, i % PARTNER_PLACES, r);
    if (i % PARTNER_PLACES != PARTNER_PLACES - 1 && i + 1 < n * STEP)
      continue;
    uint64_t filled = atomic_fetch_add(&both.filled, 1) + 1;
    while (atomic_load(&both.emptied) < filled)
      poll(t);
    wl_step(t, 0, PARTNER_PLACES); /* no counts while the other thread runs */
  }
  gc_frame_leave(t->m, r, 1, 0);
  atomic_store(&both.over, true);
  wl_thread_join(t, child);
}

/* Threads that are attached and wait, each with an object of its own, beside
 * garbage whose volume does not depend on their number. */
static totals of_threads_idle(uint64_t n) {
  totals s = keeps(nodes(0), nodes(n + IDLE_LITTER * LITTER));
  s.live += nodes(n).bytes;
  return s;
}

typedef struct idling {
  wl_lock lock; /* held until they may go */
  _Atomic uint64_t ready;
} idling;

static void idle(wl_thread *t, void *data) {
  idling *all = data;
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  new_node(t->m, r);
  atomic_fetch_add(&all->ready, 1);
  wl_lock_acquire(t, &all->lock);
  wl_lock_release(t, &all->lock);
  gc_frame_leave(t->m, r, 1, 0);
}

static void threads_idle(wl_thread *t, uint64_t n) {
  idling all = {.lock = WL_LOCK_INIT};
  wl_child **children = own_memory(n, sizeof(wl_child *));
  wl_lock_acquire(t, &all.lock);
  for (uint64_t i = 0; i < n; i++)
    children[i] = wl_thread_start(t, (unsigned)i + 1, idle, &all);
  while (atomic_load(&all.ready) < n)
    wl_yield(t);
  litter(t->m, IDLE_LITTER * LITTER);
  wl_lock_release(t, &all.lock);
  for (uint64_t i = 0; i < n; i++)
    wl_thread_join(t, children[i]);
  free(children);
  step(t, n);
}

/* ------------------------------------------------------------------------- *
 * A run.
 * ------------------------------------------------------------------------- */

static wl_volume volume_of(const shape *s, const uint64_t *p) {
  totals x = s->of(p[N]);
  return (wl_volume){.live = NODE_BYTES + x.live,
                     .cyclic = x.cyclic.bytes,
                     .allocated = NODE_BYTES + x.made.bytes,
                     .set_up = NODE_BYTES};
}

static void run_shape(wl_thread *t, const shape *s) {
  uint64_t n = wl_get(t, N);
  totals x = s->of(n);
  make_list(t, PROGRAM, 1); /* one object that is alive to the end */
  wl_begin(t);
  const uint64_t outside_before = outside_bytes();
  work_before = count_work(t);
  work_longest = 0;
  s->play(t, n);
  wl_end(t);
  wl_count(t, "longest-work", work_longest);
  settle(t->m);
  const uint64_t outside = outside_bytes();
  wl_count(t, "outside-bytes",
           outside > outside_before ? outside - outside_before : 0);
  wl_expectation e = {.live = 1 + x.kept.objects,
                      .cyclic = x.cyclic.objects,
                      .allocated = 1 + x.made.objects,
                      .bytes = NODE_BYTES + x.kept.bytes};
  wl_expect(t, e);
  for (uint32_t g = 0; g < ROOTS; g++)
    gc_global_clear(t->m, g);
  settle(t->m);
  e.live = e.bytes = 0;
  e.cyclic -= x.paired.objects;
  wl_expect(t, e);
}

/* A workload of these shapes: SHAPES(X) has a row X(identifier, name) for each.
 */
#define SHAPE_NAME(identifier, name)  name,
#define SHAPE_ENTRY(identifier, name) {identifier, of_##identifier},
#define WORKLOAD(identifier, title, about, requires, SHAPES)                   \
  static const char *const identifier##_names[] = {SHAPES(SHAPE_NAME) NULL};   \
  static const shape identifier##_shapes[] = {SHAPES(SHAPE_ENTRY)};            \
  static wl_volume identifier##_volume(const uint64_t *p, unsigned threads) {  \
    (void)threads;                                                             \
    return volume_of(&identifier##_shapes[p[SHAPE]], p);                       \
  }                                                                            \
  static void identifier##_run(wl_thread *t) {                                 \
    run_shape(t, &identifier##_shapes[wl_get(t, SHAPE)]);                      \
  }                                                                            \
  const workload workload_##identifier = {                                     \
      .name = title,                                                           \
      .summary = about,                                                        \
      .source = "public reports of costs that grew faster than programs",      \
      .unit = "things",                                                        \
      .steps = {"step"},                                                       \
      .params = {{"shape", "what is done", 0, 0, 0, identifier##_names},       \
                 {"n", "how often, or to how many", 256, 1, 16384, NULL}},     \
      .needs = requires,                                                       \
      .cyclic_pairs = ((requires) & WL_NEEDS_EPHEMERONS) != 0,                 \
      .volume = identifier##_volume,                                           \
      .run = identifier##_run}

#define PLAIN_SHAPES(X)                                                        \
  X(churn, "churn")                                                            \
  X(list, "list")                                                              \
  X(visits, "visits")                                                          \
  X(one_target, "one-target")                                                  \
  X(old_array, "old-array")                                                    \
  X(old_nodes, "old-nodes")                                                    \
  X(queue, "queue")                                                            \
  X(large_small, "large-small")                                                \
  X(large_kept, "large-kept")                                                  \
  X(tree_pieces, "tree-pieces")                                                \
  X(fans, "fans")                                                              \
  X(rings, "rings")                                                            \
  X(rings_beside, "rings-beside")                                              \
  X(rings_pinned, "rings-pinned")                                              \
  X(rings_taken, "rings-taken")                                                \
  X(alone_large, "large-alone")                                                \
  X(alone_sizes, "sizes")                                                      \
  X(alone_crannies, "crannies")

#define FINALIZER_SHAPES(X)                                                    \
  X(backlog, "backlog")                                                        \
  X(waiting, "waiting")                                                        \
  X(finalizable, "alive")                                                      \
  X(one_by_one, "one-by-one")                                                  \
  X(finalized, "turnover")                                                     \
  X(alone_queued, "queued")                                                    \
  X(alone_taken, "taken")

#define WEAK_SHAPES(X)                                                         \
  X(weak_one, "one-target")                                                    \
  X(weak_dead, "dead")                                                         \
  X(weak_dropped, "dropped")                                                   \
  X(weak_turnover, "turnover")                                                 \
  X(alone_weaks, "alive")

#define EPHEMERON_SHAPES(X)                                                    \
  X(pairs_one_key, "one-key")                                                  \
  X(pairs_forwards, "forwards")                                                \
  X(pairs_backwards, "backwards")                                              \
  X(pairs_turnover, "turnover")                                                \
  X(pairs_nested, "nested")                                                    \
  X(pairs_bare, "bare")                                                        \
  X(alone_pairs, "dropped")

#define EXTERNAL_SHAPES(X)                                                     \
  X(external_buffers, "buffers")                                               \
  X(external_alive, "alive")                                                   \
  X(external_turnover, "turnover")

#define THREAD_SHAPES(X)                                                       \
  X(threads_pairs, "pairs")                                                    \
  X(threads_stores, "stores")                                                  \
  X(threads_idle, "idle")                                                      \
  X(threads_partner, "partner")                                                \
  X(alone_threads, "brief")                                                    \
  X(alone_sizes_of_threads, "sizes")                                           \
  X(alone_spent, "spent")                                                      \
  X(alone_left, "left")

WORKLOAD(growth, "growth", "shapes whose cost must be linear", WL_NEEDS_DEPTH,
         PLAIN_SHAPES);
WORKLOAD(growth_finalizers, "growth-finalizers",
         "shapes with finalizers whose cost must be linear",
         WL_NEEDS_DEPTH | WL_NEEDS_FINALIZERS, FINALIZER_SHAPES);
WORKLOAD(growth_weak, "growth-weak",
         "shapes with weak references whose cost must be linear",
         WL_NEEDS_DEPTH | WL_NEEDS_WEAK, WEAK_SHAPES);
WORKLOAD(growth_ephemerons, "growth-ephemerons",
         "shapes with ephemerons whose cost must be linear",
         WL_NEEDS_DEPTH | WL_NEEDS_EPHEMERONS, EPHEMERON_SHAPES);
WORKLOAD(growth_external, "growth-external",
         "shapes with memory outside the heap whose cost must be linear",
         WL_NEEDS_DEPTH | WL_NEEDS_EXTERNAL, EXTERNAL_SHAPES);
WORKLOAD(growth_threads, "growth-threads",
         "shapes with threads whose cost must be linear",
         WL_NEEDS_DEPTH | WL_NEEDS_THREADS, THREAD_SHAPES);
