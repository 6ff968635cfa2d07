/* conformance.c: what gc.h promises, for whichever collector this is compiled
 * against.  What differs between collectors is what they declare. */
#include "common/hostile/hostile.h"
#include "rig.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CAN (gc_this_collector.can)

/* Of what these tests drop without saying so. */
#define RECLAIMS (CAN.explicit_free ? GC_RECLAIMS_NOTHING : CAN.reclaims)

/* How many objects are left of `acyclic` dead objects and `cyclic` objects of
 * dead cycles. */
static uint64_t left(uint64_t acyclic, uint64_t cyclic) {
  return (RECLAIMS < GC_RECLAIMS_ACYCLIC ? acyclic : 0) +
         (RECLAIMS < GC_RECLAIMS_ALL ? cyclic : 0);
}

/* A conservative collector may keep a few more than it should. */
static void assert_objects(uint64_t expected) {
  uint64_t objects = rig_objects();
  assert_true(objects >= expected);
  assert_true(objects <= expected + (CAN.conservative ? 64 : 0));
}

static int open_heap(void **state) {
  (void)state;
  rig_open(0);
  return 0;
}

static int close_heap(void **state) {
  (void)state;
  rig_close();
  return 0;
}

/* ------------------------------------------------------------------------- */

static void slots_of_a_new_object_are_null(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 1, 1);
  for (uint32_t slots = 0; slots < 70; slots++) {
    for (unsigned again = 0; again < 40; again++) {
      gc_new(m, f, (gc_shape){slots, 24}, GC_PLAIN);
      for (uint32_t i = 0; i < slots; i++) {
        gc_borrow(m, f + 1, f, i);
        assert_true(gc_is_null(m, f + 1));
        gc_store(m, f, i, f); /* dirt for the next */
      }
      for (uint32_t i = 0; i < slots; i++)
        gc_store_null(m, f, i);
      memset(gc_payload(m, f), 0xff, 24);
    }
  }
  gc_frame_leave(m, f, 1, 1);
  assert_objects(left(70 * 40, 0));
}

static void objects_of_every_size_keep_their_payload(void **state) {
  (void)state;
  enum { N = 700 };
  gc_reg f = gc_frame_enter(m, 2, 1);
  gc_new(m, f, (gc_shape){2 * N, 0}, GC_PLAIN);
  for (unsigned round = 0; round < 3; round++) {
    for (uint32_t i = 0; i < N; i++) {
      /* Across class boundaries, and some large ones. */
      uint32_t bytes = i < 600 ? i : (i - 599) * 1000;
      gc_new(m, f + 1, (gc_shape){1, bytes}, GC_PLAIN);
      memset(gc_payload(m, f + 1), (int)(i & 0xff), bytes);
      gc_store(m, f, i, f + 1);
      gc_store(m, f, N + i, f + 1);
      gc_store(m, f + 1, 0, f); /* survives collections as part of a cycle */
    }
    gc_collect(m);
    rig_check();
    for (uint32_t i = 0; i < N; i++) {
      gc_borrow(m, f + 2, f, N + i);
      uint32_t bytes = i < 600 ? i : (i - 599) * 1000;
      const uint8_t *p = gc_payload(m, f + 2);
      assert_int_equal((uintptr_t)p % 8, 0);
      for (uint32_t b = 0; b < bytes; b++)
        if (p[b] != (i & 0xff))
          fail_msg("byte %u of object %u changed", b, i);
    }
    gc_unborrow(m, f + 2);
    for (uint32_t i = 0; i < N; i++) { /* break the cycles */
      gc_load(m, f + 1, f, i);
      gc_store_null(m, f + 1, 0);
    }
    gc_clear(m, f + 1);
  }
  gc_frame_leave(m, f, 2, 1);
  assert_objects(left(3 * N + 1, 0));
}

static void every_move_moves(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 4, 1);
  gc_new(m, f, (gc_shape){2, 0}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){0, 0}, GC_PLAIN);
  gc_store(m, f, 0, f + 1);
  gc_load(m, f + 2, f, 0);
  assert_true(gc_same(m, f + 1, f + 2));
  gc_borrow(m, f + 4, f, 0);
  assert_true(gc_same(m, f + 1, f + 4));
  gc_unborrow(m, f + 4);
  assert_true(gc_is_null(m, f + 4));
  gc_move(m, f + 3, f + 2);
  assert_true(gc_is_null(m, f + 2));
  assert_true(gc_same(m, f + 3, f + 1));
  gc_store_take(m, f, 1, f + 3);
  assert_true(gc_is_null(m, f + 3));
  gc_load(m, f + 3, f, 1);
  assert_true(gc_same(m, f + 3, f + 1));
  gc_store_null(m, f, 1);
  gc_load(m, f + 3, f, 1);
  assert_true(gc_is_null(m, f + 3));
  gc_copy(m, f + 2, f + 1);
  assert_true(gc_same(m, f + 2, f + 1));
  gc_global_store(m, 3, f + 2);
  gc_tls_store(m, 2, f + 2);
  gc_global_load(m, f + 3, 3);
  assert_true(gc_same(m, f + 3, f + 1));
  gc_tls_load(m, f + 3, 2);
  assert_true(gc_same(m, f + 3, f + 1));
  gc_global_borrow(m, f + 4, 3);
  assert_true(gc_same(m, f + 4, f + 1));
  gc_tls_borrow(m, f + 4, 2);
  assert_true(gc_same(m, f + 4, f + 1));
  gc_frame_leave(m, f, 4, 1);
  assert_objects(1 + left(1, 0)); /* the roots hold one */
  gc_global_clear(m, 3);
  gc_tls_clear(m, 2);
  assert_objects(left(2, 0));
}

/* Classic mistakes of counting: an object is kept alive by nothing but the
 * place that is being overwritten. */
static void assigning_a_place_to_itself_is_safe(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 1);
  gc_new(m, f, (gc_shape){1, 0}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
  *(uint64_t *)gc_payload(m, f + 1) = 42;
  gc_store_take(m, f, 0, f + 1);
  gc_borrow(m, f + 2, f, 0);
  gc_store(m, f, 0, f + 2); /* x.f = x.f */
  gc_unborrow(m, f + 2);
  gc_copy(m, f, f);
  gc_load(m, f + 1, f, 0);
  assert_int_equal(*(uint64_t *)gc_payload(m, f + 1), 42);
  gc_load(m, f, f, 0); /* x = x.f: the container dies */
  assert_true(gc_same(m, f, f + 1));
  assert_int_equal(*(uint64_t *)gc_payload(m, f), 42);
  gc_frame_leave(m, f, 2, 1);
  assert_objects(left(2, 0));
}

static void what_is_freed_is_gone(void **state) {
  (void)state;
  assert_int_equal(CAN.explicit_free, GC_EXPLICIT_FREE);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
  for (unsigned i = 0; i < 100; i++) {
    gc_new(m, f + 1, (gc_shape){i, i}, GC_PLAIN);
    gc_free(m, f + 1);
    assert_true(gc_is_null(m, f + 1));
  }
  assert_objects(CAN.explicit_free ? 1 : 1 + left(100, 0));
  gc_free(m, f);
  gc_frame_leave(m, f, 2, 0);
}

static void drop_deep_list(void) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_list(f, 300000);
  gc_clear(m, f);
  gc_collect(m);
  gc_frame_leave(m, f, 1, 0);
}

/* With a small stack; NULL if only the first thread can be a mutator. */
static void *drop_deep_list_there(void *data) {
  m = gc_thread_attach(heap);
  if (!m)
    return NULL;
  drop_deep_list();
  gc_thread_detach(m);
  return data;
}

/* Recursion would need megabytes: many even, so that the stack of the first
 * thread would not do either. */
static void dropping_a_long_list_takes_no_stack(void **state) {
  (void)state;
  if (CAN.shallow)
    return;
  gc_mutator *mine = m;
  gc_blocking_enter(mine);
  pthread_attr_t small;
  pthread_attr_init(&small);
  /* From 3.12 on, CPython's trashcan lets 10,000 deaths nest. */
  bool reference = gc_this_collector.kind == GC_KIND_REFERENCE;
  pthread_attr_setstacksize(&small, (reference ? 4096 : 256) * 1024);
  pthread_t thread;
  void *dropped;
  assert_int_equal(pthread_create(&thread, &small, drop_deep_list_there, mine),
                   0);
  pthread_join(thread, &dropped);
  pthread_attr_destroy(&small);
  gc_blocking_leave(mine);
  m = mine;
  if (!dropped) {
    assert_false(CAN.threads);
    drop_deep_list();
  }
  assert_objects(left(300000, 0));
}

static void dead_cycles_are_found_or_declared(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned n = 1; n < 40; n++) {
    rig_ring(f, n);
    gc_new(m, f + 1, (gc_shape){2, 0}, GC_PLAIN); /* refers into the ring */
    gc_store(m, f + 1, 0, f);
    gc_store_take(m, f + 1, 1, f);
  }
  gc_frame_leave(m, f, 2, 0);
  assert_objects(left(39, 39 * 40 / 2));
}

static void one_reference_into_a_ring_keeps_it_all(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned n = 1; n < 20; n++) {
    rig_ring(f, n);
    for (unsigned i = 0; i < n; i++) { /* from each of its nodes in turn */
      assert_true(rig_objects() >= n);
      gc_load(m, f, f, 0);
    }
    gc_store_null(m, f, 0); /* opened */
    gc_clear(m, f);
  }
  gc_frame_leave(m, f, 2, 0);
  assert_objects(left(19 * 20 / 2, 0));
}

/* ------------------------------------------------------------------------- */

static void weak_references_do_not_keep_and_are_cleared(void **state) {
  (void)state;
  if (!CAN.weak)
    return;
  gc_reg f = gc_frame_enter(m, 4, 0);
  gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
  gc_weak_new(m, f + 1, f);
  gc_weak_new(m, f + 2, f);
  gc_collect(m);
  assert_true(gc_weak_get(m, f + 3, f + 1));
  assert_true(gc_same(m, f + 3, f));
  gc_clear(m, f + 1); /* the reference dies before its target */
  gc_collect(m);
  assert_true(gc_weak_get(m, f + 3, f + 2));
  gc_clear(m, f + 3);
  gc_clear(m, f);
  gc_collect(m);
  bool alive = RECLAIMS == GC_RECLAIMS_NOTHING;
  assert_int_equal(gc_weak_get(m, f + 3, f + 2), alive);
  assert_int_equal(gc_is_null(m, f + 3), !alive);
  gc_frame_leave(m, f, 4, 0);
  assert_objects(left(3, 0));
}

/* The weak reference takes the place of what it refers to. */
static void a_weak_reference_may_replace_its_target(void **state) {
  (void)state;
  if (!CAN.weak)
    return;
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
  gc_weak_new(m, f, f);
  assert_int_equal(rig_objects(), 1 + left(1, 0));
  assert_int_equal(gc_weak_get(m, f + 1, f),
                   CAN.reclaims == GC_RECLAIMS_NOTHING);
  gc_frame_leave(m, f, 2, 0);
}

static void many_weak_references_to_many_targets(void **state) {
  (void)state;
  if (!CAN.weak)
    return;
  enum { N = 300 };
  gc_reg f = gc_frame_enter(m, 4, 0);
  gc_new(m, f, (gc_shape){N, 0}, GC_PLAIN);     /* targets */
  gc_new(m, f + 1, (gc_shape){N, 0}, GC_PLAIN); /* references */
  for (uint32_t i = 0; i < N; i++) {
    gc_new(m, f + 2, (gc_shape){i % 3, 8}, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f + 2) = i;
    gc_store(m, f, i, f + 2);
    gc_weak_new(m, f + 3, f + 2);
    gc_store_take(m, f + 1, i, f + 3);
  }
  gc_clear(m, f + 2);
  for (uint32_t i = 0; i < N; i += 2)
    gc_store_null(m, f, i); /* every other target dies */
  for (uint32_t i = 0; i < N; i += 3)
    gc_store_null(m, f + 1, i); /* every third reference */
  gc_collect(m);
  for (uint32_t i = 0; i < N; i++) {
    gc_load(m, f + 2, f + 1, i);
    if (gc_is_null(m, f + 2)) {
      assert_int_equal(i % 3, 0);
      continue;
    }
    bool alive = i % 2 || RECLAIMS == GC_RECLAIMS_NOTHING;
    assert_int_equal(gc_weak_get(m, f + 3, f + 2), alive);
    if (alive)
      assert_int_equal(*(uint64_t *)gc_payload(m, f + 3), i);
  }
  gc_frame_leave(m, f, 4, 0);
  assert_objects(left(2 + 2 * N, 0));
}

static void a_weak_reference_in_a_dead_cycle_goes_with_it(void **state) {
  (void)state;
  if (!CAN.weak)
    return;
  gc_reg f = gc_frame_enter(m, 3, 0);
  rig_ring(f, 5);
  gc_new(m, f + 1, (gc_shape){2, 0}, GC_PLAIN);
  gc_load(m, f + 2, f, 0);
  gc_store_take(m, f + 1, 0, f + 2); /* f+1 -> second of the ring */
  gc_store(m, f, 0, f + 1);          /* first -> f+1: now a ring of six */
  gc_weak_new(m, f + 2, f);
  gc_store(m, f + 1, 1, f + 2); /* which holds a weak reference to itself */
  gc_clear(m, f);
  gc_clear(m, f + 1);
  gc_collect(m);
  bool alive = RECLAIMS != GC_RECLAIMS_ALL;
  assert_int_equal(gc_weak_get(m, f, f + 2), alive);
  gc_frame_leave(m, f, 3, 0);
  assert_objects(left(0, 7));
}

/* ------------------------------------------------------------------------- */

static void a_finalizer_runs_once(void **state) {
  (void)state;
  if (!CAN.weak || !CAN.finalizers)
    return;
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){1, 8}, GC_FINALIZABLE);
  *(uint64_t *)gc_payload(m, f) = 7;
  gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
  *(uint64_t *)gc_payload(m, f + 1) = 8;
  gc_store_take(m, f, 0, f + 1);
  gc_weak_new(m, f + 1, f);
  gc_collect(m);
  assert_false(gc_finalizer_next(m, f + 2)); /* still reachable */
  gc_clear(m, f);
  gc_collect(m);
  bool dies = RECLAIMS != GC_RECLAIMS_NOTHING;
  assert_int_equal(gc_weak_get(m, f, f + 1), !dies);
  gc_clear(m, f);
  assert_int_equal(gc_finalizer_next(m, f + 2), dies);
  if (dies) {
    gc_collect(m);
    assert_int_equal(*(uint64_t *)gc_payload(m, f + 2), 7);
    gc_load(m, f, f + 2, 0); /* what it reaches was kept */
    assert_int_equal(*(uint64_t *)gc_payload(m, f), 8);
    assert_objects(3);
  }
  gc_clear(m, f + 2); /* dies for good */
  gc_collect(m);
  assert_false(gc_finalizer_next(m, f + 2));
  gc_frame_leave(m, f, 3, 0);
  assert_objects(left(3, 0));
}

/* What the heap held at any time, its peak tells from then on. */
static void assert_peak(uint64_t *most) {
  gc_footprint foot = gc_heap_footprint(heap);
  *most = foot.bytes > *most ? foot.bytes : *most;
  assert_true(foot.peak_bytes >= *most);
  *most = foot.peak_bytes;
}

/* Objects, the queue of finalizers, and lists of the collector's own grow and
 * shrink. */
static void the_peak_of_the_footprint_never_falls(void **state) {
  (void)state;
  enum { ROUNDS = 3, N = 20000 };
  uint64_t most = 0;
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned i = 0; i < N; i++) {
      gc_new(m, f + 1, (gc_shape){1, 8},
             CAN.finalizers ? GC_FINALIZABLE : GC_PLAIN);
      gc_store_take(m, f + 1, 0, f);
      gc_move(m, f, f + 1);
    }
    assert_peak(&most);
    gc_clear(m, f);
    gc_collect(m);
    assert_peak(&most);
    for (unsigned i = 0; CAN.finalizers && gc_finalizer_next(m, f); i++) {
      gc_clear(m, f);
      if (i % 1000 == 0)
        assert_peak(&most);
    }
    for (unsigned i = 0; i < 3; i++) {
      gc_collect(m);
      assert_peak(&most);
    }
  }
  gc_frame_leave(m, f, 2, 0);
}

/* To Lua a weak reference that is itself dead needs no clearing, even if a
 * finalizer will see it. */
static void a_finalizer_sees_a_weak_reference_to_its_object_cleared(void **s) {
  (void)s;
  if (!CAN.weak || !CAN.finalizers || RECLAIMS == GC_RECLAIMS_NOTHING)
    return;
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){1, 8}, GC_FINALIZABLE);
  gc_weak_new(m, f + 1, f);
  gc_store_take(m, f, 0, f + 1);
  gc_clear(m, f);
  gc_collect(m);
  assert_true(gc_finalizer_next(m, f));
  gc_load(m, f + 1, f, 0);
  assert_false(gc_weak_get(m, f + 2, f + 1));
  gc_frame_leave(m, f, 3, 0);
  assert_objects(0);
}

/* ------------------------------------------------------------------------- *
 * Ephemerons.
 * ------------------------------------------------------------------------- */

static void
an_ephemeron_keeps_its_value_as_long_as_the_key_lives(void **state) {
  (void)state;
  if (!CAN.ephemerons)
    skip();
  gc_reg f = gc_frame_enter(m, 4, 0), key = f, value = f + 1, pair = f + 2;
  gc_new(m, key, (gc_shape){1, 8}, GC_PLAIN);
  gc_new(m, value, (gc_shape){1, 8}, GC_PLAIN);
  memset(gc_payload(m, value), 7, 8);
  gc_ephemeron_new(m, pair, key, value);
  gc_clear(m, value);
  assert_objects(3);
  assert_true(gc_ephemeron_get(m, value, pair));
  assert_int_equal(*(char *)gc_payload(m, value), 7);
  gc_clear(m, value);
  gc_clear(m, key);
  assert_objects(1 + left(2, 0));
  bool alive = RECLAIMS == GC_RECLAIMS_NOTHING;
  assert_int_equal(gc_ephemeron_get(m, value, pair), alive);
  assert_int_equal(gc_is_null(m, value), !alive);
  gc_frame_leave(m, f, 4, 0);
  assert_objects(left(3, 0));
}

static void an_ephemeron_that_dies_first_lets_its_value_go(void **state) {
  (void)state;
  if (!CAN.ephemerons)
    skip();
  gc_reg f = gc_frame_enter(m, 4, 0), key = f, value = f + 1, pair = f + 2;
  gc_new(m, key, (gc_shape){1, 8}, GC_PLAIN);
  gc_new(m, value, (gc_shape){1, 8}, GC_PLAIN);
  gc_ephemeron_new(m, pair, key, value);
  gc_ephemeron_new(m, f + 3, key, value);
  gc_clear(m, value);
  gc_clear(m, pair);
  assert_objects(3 + left(1, 0));
  gc_clear(m, f + 3);
  assert_objects(1 + left(3, 0));
  /* Another pair in its place, and a weak reference beside it. */
  gc_new(m, value, (gc_shape){1, 8}, GC_PLAIN);
  gc_ephemeron_new(m, pair, key, value);
  gc_weak_new(m, f + 3, key);
  assert_objects(4 + left(3, 0));
  gc_frame_leave(m, f, 4, 0);
  assert_objects(left(7, 0));
}

static void the_value_of_an_ephemeron_may_be_null(void **state) {
  (void)state;
  if (!CAN.ephemerons)
    skip();
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
  gc_ephemeron_new(m, f + 1, f, f + 2);
  gc_copy(m, f + 2, f);
  assert_true(gc_ephemeron_get(m, f + 2, f + 1));
  assert_true(gc_is_null(m, f + 2));
  gc_clear(m, f);
  assert_objects(1 + left(1, 0));
  assert_int_equal(gc_ephemeron_get(m, f + 2, f + 1),
                   RECLAIMS == GC_RECLAIMS_NOTHING);
  gc_frame_leave(m, f, 3, 0);
  assert_objects(left(2, 0));
}

/* What a weak table of attributes leaks whose values are held strongly. */
static void a_value_that_refers_to_its_key_keeps_neither(void **state) {
  (void)state;
  if (!CAN.ephemerons)
    skip();
  for (uint32_t slots = 0; slots < 2; slots++) { /* of the key */
    uint64_t before = rig_objects();
    gc_reg f = gc_frame_enter(m, 4, 0), key = f, value = f + 1, pair = f + 2;
    gc_new(m, key, (gc_shape){slots, 8}, GC_PLAIN);
    gc_new(m, value, (gc_shape){2, 8}, GC_PLAIN);
    gc_store(m, value, 1, key);
    gc_ephemeron_new(m, pair, key, value);
    gc_clear(m, value);
    assert_objects(before + 3);
    gc_clear(m, key);
    bool kept = RECLAIMS < GC_RECLAIMS_ALL || CAN.weak_keys;
    assert_objects(before + 1 + (kept ? 2 : 0));
    assert_int_equal(gc_ephemeron_get(m, value, pair), kept);
    gc_frame_leave(m, f, 4, 0);
    assert_objects(before + left(3, 0));
  }
}

/* Each value is the next key, and refers to its own key if `back`. */
static void chain_of_ephemerons(unsigned n, bool backwards, bool back) {
  gc_reg f = gc_frame_enter(m, 5, 1), key = f, value = f + 1, pair = f + 2;
  gc_reg table = f + 3, first = f + 4;
  gc_new(m, table, (gc_shape){n, 0}, GC_PLAIN);
  gc_new(m, key, (gc_shape){1, 8}, GC_PLAIN);
  gc_copy(m, first, key);
  for (unsigned i = 0; i < n; i++) {
    gc_new(m, value, (gc_shape){1, 8}, GC_PLAIN);
    gc_reg from = backwards ? value : key, to = backwards ? key : value;
    gc_ephemeron_new(m, pair, from, to);
    if (back)
      gc_store(m, to, 0, from);
    gc_store_take(m, table, i, pair);
    gc_move(m, key, value);
  }
  if (backwards)
    gc_move(m, first, key);
  gc_clear(m, key);
  assert_objects(2 * n + 2);
  gc_clear(m, first);
  bool kept = RECLAIMS < GC_RECLAIMS_ALL || CAN.weak_keys;
  assert_objects(1 + n + (back && kept ? n + 1 : 0));
  gc_frame_leave(m, f, 5, 1);
  assert_objects(left(2 * n + 2, 0));
}

static void chains_of_ephemerons_live_and_die_as_one(void **state) {
  (void)state;
  if (!CAN.ephemerons)
    skip();
  if (RECLAIMS == GC_RECLAIMS_NOTHING)
    return; /* the counts are those of an empty heap */
  for (unsigned i = 0; i < 4; i++)
    chain_of_ephemerons(300, i & 1, i & 2);
}

static void many_ephemerons_may_have_one_key(void **state) {
  (void)state;
  if (!CAN.ephemerons)
    skip();
  enum { N = 300 };
  gc_reg f = gc_frame_enter(m, 4, 0);
  gc_new(m, f, (gc_shape){N, 0}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
  for (unsigned i = 0; i < N; i++) {
    gc_new(m, f + 2, (gc_shape){i % 3, 8}, GC_PLAIN);
    gc_ephemeron_new(m, f + 3, f + 1, f + 2);
    gc_store_take(m, f, i, f + 3);
  }
  gc_clear(m, f + 2);
  assert_objects(2 + 2 * N);
  for (unsigned i = 0; i < N; i += 2)
    gc_store_null(m, f, i);
  assert_objects(2 + N + left(N, 0));
  gc_clear(m, f + 1);
  assert_objects(1 + N / 2 + left(N + N / 2 + 1, 0));
  gc_frame_leave(m, f, 4, 0);
  assert_objects(left(2 + 2 * N, 0));
}

static void ephemerons_are_cleared_before_the_key_is_finalized(void **state) {
  (void)state;
  if (!CAN.ephemerons || !CAN.finalizers || RECLAIMS == GC_RECLAIMS_NOTHING)
    skip();
  gc_reg f = gc_frame_enter(m, 4, 0), key = f, value = f + 1, pair = f + 2;
  gc_new(m, key, (gc_shape){1, 8}, GC_FINALIZABLE);
  gc_new(m, value, (gc_shape){1, 8}, GC_PLAIN);
  gc_ephemeron_new(m, pair, key, value);
  gc_store(m, key, 0, pair); /* the finalizer will see the pair */
  gc_clear(m, value);
  gc_clear(m, key);
  gc_collect(m);
  assert_true(gc_finalizer_next(m, key));
  assert_false(gc_ephemeron_get(m, value, pair));
  gc_clear(m, pair);
  assert_objects(2);
  gc_load(m, pair, key, 0);
  assert_false(gc_ephemeron_get(m, value, pair));
  gc_frame_leave(m, f, 4, 0);
  assert_objects(0);
}

/* The pair dies with its finalizable owner while the key lives: it is brought
 * back whole. */
static void a_finalizer_sees_an_ephemeron_with_its_value(void **state) {
  (void)state;
  if (!CAN.ephemerons || !CAN.finalizers || RECLAIMS == GC_RECLAIMS_NOTHING)
    skip();
  gc_reg f = gc_frame_enter(m, 4, 0), key = f, value = f + 1, pair = f + 2;
  gc_new(m, key, (gc_shape){1, 8}, GC_PLAIN);
  gc_new(m, value, (gc_shape){1, 8}, GC_PLAIN);
  memset(gc_payload(m, value), 9, 8);
  gc_ephemeron_new(m, pair, key, value);
  gc_new(m, f + 3, (gc_shape){1, 8}, GC_FINALIZABLE);
  gc_store_take(m, f + 3, 0, pair);
  gc_clear(m, value);
  gc_clear(m, f + 3);
  gc_collect(m);
  rig_check();
  assert_true(gc_finalizer_next(m, f + 3));
  gc_load(m, pair, f + 3, 0);
  assert_true(gc_ephemeron_get(m, value, pair));
  assert_int_equal(*(char *)gc_payload(m, value), 9);
  gc_frame_leave(m, f, 4, 0);
  assert_objects(0);
}

/* A dead ring of which one object has a finalizer: weak references to the
 * others are cleared too, or one could take hold of what is handed out.  Not so
 * "long" ones. */
static void
weak_references_to_what_a_finalizer_keeps_are_cleared(void **state) {
  (void)state;
  if (!CAN.weak || !CAN.finalizers || RECLAIMS != GC_RECLAIMS_ALL ||
      CAN.long_weak)
    return;
  gc_reg f = gc_frame_enter(m, 4, 0);
  rig_ring(f, 5);
  gc_new(m, f + 1, (gc_shape){1, 8}, GC_FINALIZABLE);
  gc_load(m, f + 2, f, 0);
  gc_store_take(m, f + 1, 0, f + 2);
  gc_store(m, f, 0, f + 1); /* now a ring of six */
  gc_weak_new(m, f + 2, f);
  gc_clear(m, f);
  gc_clear(m, f + 1);
  gc_collect(m);
  assert_false(gc_weak_get(m, f, f + 2));
  assert_true(gc_finalizer_next(m, f + 3));
  assert_false(gc_weak_get(m, f, f + 2));
  gc_load(m, f + 3, f + 3, 0); /* what it reaches was kept */
  assert_false(gc_is_null(m, f + 3));
  gc_frame_leave(m, f, 4, 0);
  assert_objects(left(0, 7));
}

static void finalizers_in_dead_cycles_run_once(void **state) {
  (void)state;
  if (!CAN.finalizers)
    return;
  enum { N = 50 };
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned i = 0; i < N;
       i++) { /* two that refer to each other, and a tail */
    gc_new(m, f, (gc_shape){2, 8}, GC_FINALIZABLE);
    gc_new(m, f + 1, (gc_shape){2, 8}, i % 2 ? GC_FINALIZABLE : GC_PLAIN);
    gc_store(m, f, 0, f + 1);
    gc_store(m, f + 1, 0, f);
    gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
    gc_store_take(m, f, 1, f + 1);
  }
  gc_clear(m, f);
  gc_collect(m);
  unsigned finalized = 0;
  while (gc_finalizer_next(m, f)) {
    gc_collect(m); /* in the middle of it */
    finalized++;
  }
  gc_clear(m, f);
  gc_collect(m);
  assert_false(gc_finalizer_next(m, f));
  assert_int_equal(finalized, RECLAIMS == GC_RECLAIMS_ALL ? N + N / 2 : 0);
  gc_frame_leave(m, f, 2, 0);
  assert_objects(left(0, 3 * N));
}

/* ------------------------------------------------------------------------- */

static void the_heap_limit_is_hard_and_can_be_left_again(void **state) {
  (void)state;
  if (!CAN.heap_limit)
    return;
  /* It ends the process where it has no room to copy into. */
  if (!strcmp(gc_this_collector.name, "whippet-generational-pcc"))
    skip();
  uint64_t limit = 8 << 20;
  rig_open(limit);
  gc_reg f = gc_frame_enter(m, 2, 0);
  bool frees = RECLAIMS != GC_RECLAIMS_NOTHING;
  /* A manager that grows its heap piece by piece has no larger piece, and what
   * it has in each object is its own affair. */
  bool reference = gc_this_collector.kind == GC_KIND_REFERENCE;
  uint32_t large = reference ? 1 << 20 : 5 << 20;
  for (unsigned round = 0; round < (frees ? 3 : 1); round++) {
    uint64_t n = 0;
    while (gc_try_new(m, f + 1, (gc_shape){1, 48}, GC_PLAIN)) {
      gc_store_take(m, f + 1, 0, f);
      gc_move(m, f, f + 1);
      n++;
    }
    assert_false(gc_is_null(m, f)); /* unchanged by the failure */
    gc_footprint foot = gc_heap_footprint(heap);
    /* Metadata is not limited, but it is not the heap either. */
    assert_true(foot.peak_bytes < limit + (4 << 20));
    /* 16 bytes beside each object are a fifth of the cells. */
    assert_true(n * 64 > limit / 100 * (reference ? 50 : 75) *
                             (100 - CAN.reserve) / 100);
    assert_false(gc_try_new(m, f + 1, (gc_shape){0, 16 << 20}, GC_PLAIN));
    /* Another size must be able to have the memory. */
    gc_clear(m, f);
    gc_collect(m);
    assert_int_equal(gc_try_new(m, f + 1, (gc_shape){0, large}, GC_PLAIN),
                     frees);
    gc_clear(m, f + 1);
    gc_collect(m);
  }
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Whatever a refused allocation costs, there must not be too many of them. */
static void a_heap_may_be_full_often(void **state) {
  (void)state;
  if (!CAN.heap_limit || gc_this_collector.kind == GC_KIND_REFERENCE)
    return;
  rig_open(8 << 20);
  gc_reg f = gc_frame_enter(m, 2, 0);
  while (gc_try_new(m, f + 1, (gc_shape){1, 512 << 10}, GC_PLAIN)) {
    gc_store_take(m, f + 1, 0, f);
    gc_move(m, f, f + 1);
  }
  for (unsigned i = 0; i < 500; i++)
    assert_false(gc_try_new(m, f + 1, (gc_shape){1, 1 << 20}, GC_PLAIN));
  gc_clear(m, f);
  gc_collect(m);
  assert_int_equal(gc_try_new(m, f + 1, (gc_shape){0, 5 << 20}, GC_PLAIN),
                   RECLAIMS != GC_RECLAIMS_NOTHING);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

static void garbage_is_found_when_the_limit_is_reached(void **state) {
  (void)state;
  if (!CAN.heap_limit)
    return;
  if (RECLAIMS != GC_RECLAIMS_ALL)
    return;
  rig_open(4 << 20);
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned i = 0; i < 20000; i++) /* 20 times the limit, in rings */
    rig_ring(f, 100);
  gc_frame_leave(m, f, 1, 0);
  assert_objects(0);
  rig_close();
}

/* ------------------------------------------------------------------------- *
 * Random operations against a shadow heap: a plain array of ids.
 * ------------------------------------------------------------------------- */

enum { NODES = 64, SLOTS = 3, ROOTS = 6, NOBODY = -1 };

typedef struct shadow {
  int root[ROOTS];
  /* Of each node ever made: its slots, by id. */
  int (*slot)[SLOTS];
  int made;
} shadow;

static uint64_t shadow_reachable(const shadow *g) {
  bool *seen = test_calloc((size_t)g->made + 1, sizeof *seen);
  int *stack = test_malloc(((size_t)g->made + 1) * sizeof *stack);
  int n = 0;
  uint64_t count = 0;
  for (int r = 0; r < ROOTS; r++)
    if (g->root[r] != NOBODY && !seen[g->root[r]])
      seen[stack[n++] = g->root[r]] = true;
  while (n) {
    int id = stack[--n];
    count++;
    for (int s = 0; s < SLOTS; s++) {
      int child = g->slot[id][s];
      if (child != NOBODY && !seen[child])
        seen[stack[n++] = child] = true;
    }
  }
  test_free(seen);
  test_free(stack);
  return count;
}

static void random_graphs_agree_with_a_model(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    enum { STEPS = 4000 };
    rig_open(0);
    shadow g = {.slot = test_calloc(STEPS, sizeof *g.slot)};
    gc_reg f = gc_frame_enter(m, ROOTS + 2, 0);
    for (int r = 0; r < ROOTS; r++)
      g.root[r] = NOBODY;
    uint64_t random = seed;
    for (int step = 0; step < STEPS; step++) {
      uint64_t x = rig_random(&random);
      gc_reg a = (gc_reg)(x % ROOTS), b = (gc_reg)(x >> 8) % ROOTS;
      uint32_t i = (uint32_t)(x >> 16) % SLOTS;
      switch (x >> 24 & 15) {
      case 0:
      case 1:
      case 2:
        gc_new(m, f + a, (gc_shape){SLOTS, 8}, GC_PLAIN);
        *(int *)gc_payload(m, f + a) = g.made;
        for (int s = 0; s < SLOTS; s++)
          g.slot[g.made][s] = NOBODY;
        g.root[a] = g.made++;
        break;
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
        if (g.root[a] == NOBODY)
          break;
        gc_store(m, f + a, i, f + b);
        g.slot[g.root[a]][i] = g.root[b];
        break;
      case 8:
        if (g.root[a] == NOBODY || a == b)
          break;
        gc_store_take(m, f + a, i, f + b);
        g.slot[g.root[a]][i] = g.root[b];
        g.root[b] = NOBODY;
        break;
      case 9:
      case 10:
      case 11:
        if (g.root[a] == NOBODY)
          break;
        gc_load(m, f + b, f + a, i);
        g.root[b] = g.slot[g.root[a]][i];
        break;
      case 12:
        gc_copy(m, f + b, f + a);
        g.root[b] = g.root[a];
        break;
      case 13:
        gc_clear(m, f + a);
        g.root[a] = NOBODY;
        break;
      case 14:
        if (g.root[a] == NOBODY)
          break;
        gc_store_null(m, f + a, i);
        g.slot[g.root[a]][i] = NOBODY;
        break;
      default: {
        if (x >> 40 & 15)
          break;
        uint64_t live = shadow_reachable(&g), objects = rig_objects();
        if (RECLAIMS == GC_RECLAIMS_ALL)
          assert_true(objects >= live &&
                      objects <= live + (CAN.conservative ? 64 : 0));
        else
          assert_true(objects >= live && objects <= (uint64_t)g.made);
      }
      }
      for (int r = 0; r < ROOTS; r++) {
        assert_int_equal(gc_is_null(m, f + (gc_reg)r), g.root[r] == NOBODY);
        if (g.root[r] != NOBODY)
          assert_int_equal(*(int *)gc_payload(m, f + (gc_reg)r), g.root[r]);
      }
    }
    gc_frame_leave(m, f, ROOTS + 2, 0);
    if (RECLAIMS == GC_RECLAIMS_ALL)
      assert_objects(0);
    test_free(g.slot);
    rig_close();
  }
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

enum { THREADS = 4, PER_THREAD = 20000 };
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

static void lock_shared(gc_mutator *mine) {
  gc_blocking_enter(mine);
  pthread_mutex_lock(&shared_lock);
  gc_blocking_leave(mine);
}

/* Makes garbage of its own, keeps a list in its thread-local roots, and swaps
 * objects with the others through a global root. */
static void *churn(void *data) {
  uint64_t random = (uint64_t)(uintptr_t)data;
  gc_mutator *mine = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(mine, 3, 0);
  for (unsigned i = 0; i < PER_THREAD; i++) {
    gc_new(mine, f, (gc_shape){2, 16}, GC_PLAIN);
    *(uint64_t *)gc_payload(mine, f) = 0xfeed;
    gc_tls_load(mine, f + 1, 0);
    gc_store_take(mine, f, 0, f + 1);
    if (i % 64)
      gc_tls_store(mine, 0, f);
    else
      gc_tls_clear(mine, 0); /* drops a list of 63 */
    if (rig_random(&random) % 16 == 0) {
      lock_shared(mine);
      gc_global_load(mine, f + 1, 0);
      if (!gc_is_null(mine, f + 1))
        assert_int_equal(*(uint64_t *)gc_payload(mine, f + 1), 0xfeed);
      gc_store_null(mine, f, 0);
      gc_global_store(mine, 0, f);
      pthread_mutex_unlock(&shared_lock);
    }
    if (rig_random(&random) % 4096 == 0)
      gc_collect(mine);
    if (i % 8 == 0) /* any thread may ask, at any time: no race */
      gc_heap_footprint(heap);
    gc_safepoint(mine);
  }
  gc_frame_leave(mine, f, 3, 0);
  gc_thread_detach(mine);
  return NULL;
}

static void threads_share_and_die(void **state) {
  (void)state;
  if (!CAN.threads)
    return;
  for (unsigned round = 0; round < 3; round++) {
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
      pthread_create(&threads[i], NULL, churn, (void *)(i + 1));
    gc_blocking_enter(m);
    for (unsigned i = 0; i < THREADS; i++)
      pthread_join(threads[i], NULL);
    gc_blocking_leave(m);
  }
  gc_global_clear(m, 0);
  assert_objects(left(3 * THREADS * PER_THREAD, 0));
}

/* Small lists that die at once, by threads that live off what the others'
 * collections free. */
static void *churn_tightly(void *data) {
  (void)data;
  gc_mutator *mine = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(mine, 2, 0);
  for (unsigned i = 0; i < PER_THREAD; i++) {
    /* Of many sizes, so that no thread's blocks serve another. */
    gc_new(mine, f, (gc_shape){1, (i * 61) % 2000}, GC_PLAIN);
    gc_store(mine, f, 0, f + 1);
    gc_store_null(mine, f, 0);
    gc_move(mine, f + 1, f);
  }
  gc_frame_leave(mine, f, 2, 0);
  gc_thread_detach(mine);
  return NULL;
}

/* Being out of memory is a property of the heap, not of who was faster: what a
 * thread's collection frees must not be gone before it can have some. */
static void threads_share_a_tight_heap(void **state) {
  (void)state;
  if (!CAN.threads || RECLAIMS == GC_RECLAIMS_NOTHING || !CAN.heap_limit)
    return;
  uint64_t limit =
      3 << 19; /* a block of each size for each would be twice it */
  while (gc_limit_is_coarse(&CAN, limit))
    limit += 1 << 19;
  rig_open(limit);
  pthread_t threads[THREADS];
  for (unsigned i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, churn_tightly, NULL);
  gc_blocking_enter(m);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL); /* running out ends the process */
  gc_blocking_leave(m);
  assert_objects(0);
  rig_close();
}

static _Atomic bool hot_go;

/* Counts one shared object up and down, holding what it counted for a while. */
static void *count_hot(void *data) {
  (void)data;
  gc_mutator *mine = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(mine, 33, 0);
  while (!hot_go)
    gc_safepoint(mine);
  for (unsigned i = 0; i < 3000; i++) {
    for (gc_reg r = 0; r < 32; r++)
      gc_global_load(mine, f + r, 1); /* nobody writes it */
    for (gc_reg r = 0; r < 32; r++)
      gc_clear(mine, f + r);
    gc_safepoint(mine);
  }
  gc_frame_leave(mine, f, 33, 0);
  gc_thread_detach(mine);
  return NULL;
}

static void counts_of_a_shared_object_are_exact(void **state) {
  (void)state;
  if (!CAN.threads)
    return;
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
  gc_global_store(m, 1, f);
  gc_clear(m, f);
  hot_go = false;
  pthread_t threads[THREADS];
  for (unsigned i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, count_hot, NULL);
  hot_go = true;
  gc_blocking_enter(m);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  gc_blocking_leave(m);
  assert_objects(1);
  gc_global_clear(m, 1);
  gc_frame_leave(m, f, 1, 0);
  assert_objects(left(1, 0));
}

/* ------------------------------------------------------------------------- */

/* Of collectors that tell what their memory is used for. */
static void usage_is_what_is_there(void **state) {
  (void)state;
  enum { N = 1000, LARGE = 100000 };
  if (!gc_heap_usage)
    return;
  uint64_t nominal = N * gc_shape_bytes((gc_shape){1, 8}) +
                     gc_shape_bytes((gc_shape){0, LARGE});
  gc_reg f = gc_frame_enter(m, 2, 0);
  rig_list(f, N);
  gc_new(m, f + 1, (gc_shape){0, LARGE}, GC_PLAIN);
  assert_int_equal(gc_heap_usage(heap).objects, N + 1);
  assert_int_equal(rig_objects(), N + 1);
  gc_usage full = gc_heap_usage(heap);
  assert_int_equal(full.objects, N + 1);
  if (full.cells != GC_UNKNOWN)
    assert_true(full.cells >= nominal && full.cells <= 2 * nominal);
  assert_true(full.pages >= full.cells);
  if (full.free != GC_UNKNOWN) {
    assert_true(full.free <= full.pages);
    assert_true(full.free_largest <= full.free);
  }
  gc_frame_leave(m, f, 2, 0);
  /* Dead, whether that is known already or not. */
  assert_true(gc_heap_usage(heap).objects <= N + 1);
  assert_int_equal(rig_objects(), left(N + 1, 0));
  gc_usage empty = gc_heap_usage(heap);
  assert_int_equal(empty.objects, left(N + 1, 0));
  if (full.cells != GC_UNKNOWN)
    assert_int_equal(empty.cells, left(full.cells, 0));
}

/* ------------------------------------------------------------------------- *
 * External memory.
 * ------------------------------------------------------------------------- */

static uint64_t external_bytes(void) {
  return gc_heap_external(heap).bytes;
}

/* A conservative collector may keep some of the dead. */
static void assert_external(uint64_t expected, uint64_t dead) {
  uint64_t bytes = external_bytes();
  assert_true(bytes >= expected);
  assert_true(bytes <= expected + (CAN.conservative ? dead : 0));
}

static void external_memory_goes_with_its_owner(void **state) {
  (void)state;
  assert_int_equal(CAN.external != GC_EXTERNALS_NONE, GC_EXTERNAL);
  if (!CAN.external)
    return;
  enum { N = 50 };
  uint64_t before = external_bytes(), all = 0, kept = 0;
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){N, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < N; i++) {
    gc_new(m, f + 1, (gc_shape){i % 3, 8}, GC_PLAIN);
    gc_store(m, f, i, f + 1);
    for (uint32_t block = 0; block <= i % 3; block++) {
      gc_external(m, f + 1, 1 + i * 1000 + block);
      all += 1 + i * 1000 + block;
      kept += i % 2 ? 1 + i * 1000 + block : 0;
    }
  }
  gc_clear(m, f + 1);
  gc_collect(m);
  rig_check();
  assert_int_equal(external_bytes(), before + all);
  assert_true(gc_heap_external(heap).peak_bytes >= before + all);
  if (gc_this_collector.kind == GC_KIND_MODEL &&
      CAN.external == GC_EXTERNALS_COUNTED)
    assert_true(gc_heap_footprint(heap).bytes >= all);
  if (gc_heap_usage && gc_heap_usage(heap).pages != GC_UNKNOWN)
    assert_true(gc_heap_usage(heap).pages <= gc_heap_footprint(heap).bytes);
  for (uint32_t i = 0; i < N; i += 2) {
    gc_load(m, f + 1, f, i);
    gc_store_null(m, f, i);
    gc_free(m, f + 1);
  }
  gc_collect(m);
  rig_check();
  if (CAN.explicit_free || RECLAIMS != GC_RECLAIMS_NOTHING)
    assert_external(before + kept, all - kept);
  else
    assert_int_equal(external_bytes(), before + all);
  for (uint32_t i = 1; i < N; i += 2) {
    gc_load(m, f + 1, f, i);
    gc_store_null(m, f, i);
    gc_free(m, f + 1);
  }
  gc_free(m, f);
  gc_frame_leave(m, f, 2, 0);
  gc_collect(m);
  if (CAN.explicit_free || RECLAIMS != GC_RECLAIMS_NOTHING)
    assert_external(before, all);
}

/* Two rings, one with an owner that has no slots; the registers are dropped
 * last. */
static void external_memory_of_dead_cycles_is_found(void **state) {
  (void)state;
  if (!CAN.external || RECLAIMS != GC_RECLAIMS_ALL)
    return;
  uint64_t before = external_bytes();
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned ring = 0; ring < 20; ring++) {
    gc_new(m, f, (gc_shape){2, 8}, GC_PLAIN);
    gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
    gc_store(m, f, 0, f + 1);
    gc_store(m, f + 1, 0, f);
    gc_external(m, f, 100);
    gc_external(m, f + 1, 2000);
    gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
    gc_external(m, f + 1, 30000);
    gc_store_take(m, f, 1, f + 1);
    gc_clear(m, f);
  }
  gc_collect(m);
  rig_check();
  assert_external(before, (uint64_t)20 * 32100);
  gc_frame_leave(m, f, 2, 0);
}

/* Whether a weak reference to the object is made or not, which a counting
 * collector keeps in the same table: the owner waits, is kept, and dies. */
static void external_memory_waits_for_the_finalizer(void **state) {
  (void)state;
  if (!CAN.external || !CAN.finalizers || RECLAIMS == GC_RECLAIMS_NOTHING)
    return;
  uint64_t before = external_bytes();
  for (unsigned weak = 0; weak < 2; weak++) {
    gc_reg f = gc_frame_enter(m, 2, 0);
    gc_new(m, f, (gc_shape){1, 16}, GC_FINALIZABLE);
    gc_external(m, f, 5000);
    if (weak && CAN.weak)
      gc_weak_new(m, f + 1, f);
    gc_clear(m, f);
    gc_collect(m);
    rig_check();
    assert_int_equal(external_bytes(), before + 5000); /* it waits */
    assert_true(gc_finalizer_next(m, f));
    gc_external(m, f, 70);
    gc_collect(m);
    rig_check();
    assert_int_equal(external_bytes(), before + 5070); /* it was kept */
    gc_clear(m, f);
    gc_collect(m);
    rig_check();
    assert_external(before, 5070);
    gc_frame_leave(m, f, 2, 0);
  }
}

/* Few and small objects with blocks of a megabyte die: the collector must see
 * to that by itself, with a limit and without.  Production runtimes sweep late,
 * or collect when the heap has grown by a share of what it was before. */
static void external_memory_makes_collections_due(void **state) {
  (void)state;
  enum { BLOCK = 1 << 20, BLOCKS = 400, MOST = 64, MOST_ELSEWHERE = 256 };
  const bool model = gc_this_collector.kind == GC_KIND_MODEL;
  const uint64_t most = (model ? MOST : MOST_ELSEWHERE) * (uint64_t)BLOCK;
  if (CAN.external != GC_EXTERNALS_COUNTED || RECLAIMS == GC_RECLAIMS_NOTHING)
    return;
  for (unsigned limited = 0; limited <= CAN.heap_limit; limited++) {
    rig_open(limited ? most : 0);
    gc_reg f = gc_frame_enter(m, 2, 0);
    for (unsigned i = 0; i < BLOCKS; i++) {
      gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
      if (RECLAIMS == GC_RECLAIMS_ALL)
        gc_store(m, f, 0, f); /* a dead cycle, for those that count */
      gc_external(m, f, BLOCK);
    }
    assert_true(gc_heap_external(heap).peak_bytes <= most);
    gc_frame_leave(m, f, 2, 0);
    gc_collect(m);
    rig_close();
  }
}

/* What live owners have when the heap is destroyed, too. */
static void external_memory_ends_with_the_heap(void **state) {
  (void)state;
  if (!CAN.external || gc_this_collector.kind != GC_KIND_MODEL)
    return;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned i = 0; i < 10; i++) {
    gc_new(m, f, (gc_shape){1, 8}, i % 2 ? GC_FINALIZABLE : GC_PLAIN);
    gc_external(m, f, 1000 + i);
    gc_global_store(m, i, f);
  }
  gc_frame_leave(m, f, 1, 0);
  assert_int_equal(gc_heap_external(heap).blocks, 10);
  rig_close();
  assert_int_equal(gc_heap_external(NULL).bytes, 0);
  assert_int_equal(gc_heap_external(NULL).blocks, 0);
}

/* Live owners up to the limit: the next block is refused, until some die. */
static void external_memory_keeps_to_the_limit(void **state) {
  (void)state;
  enum { BLOCK = 1 << 18, LIMIT = 16 << 20, PLACES = LIMIT / BLOCK + 1 };
  if (CAN.external != GC_EXTERNALS_COUNTED || !CAN.heap_limit)
    return;
  rig_open(LIMIT);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){PLACES, 0}, GC_PLAIN);
  uint32_t n = 0;
  for (bool room = true; room && n < PLACES; n += room) {
    gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
    room = gc_try_external(m, f + 1, BLOCK);
    if (room)
      gc_store(m, f, n, f + 1);
  }
  assert_in_range(n, PLACES / 2, PLACES - 1);
  rig_check();
  assert_true(gc_heap_footprint(heap).peak_bytes <=
              gc_footprint_most(&CAN, LIMIT));
  gc_clear(m, f + 1);
  if (RECLAIMS != GC_RECLAIMS_NOTHING) {
    for (uint32_t i = 0; i < n; i += 2)
      gc_store_null(m, f, i);
    assert_true(gc_try_external(m, f, BLOCK));
    rig_check();
  }
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* ------------------------------------------------------------------------- */

/* Arguments are hostile conditions, KEY=VALUE. */
static void set_hostile(const char *argument) {
  for (const gc_option *o = hostile_options; o->name; o++) {
    size_t n = strlen(o->name);
    if (!strncmp(o->name, argument, n) && argument[n] == '=') {
      *o->value = strtoull(argument + n + 1, NULL, 10);
      return;
    }
  }
  fprintf(stderr, "no hostile condition '%s'\n", argument);
  exit(2);
}

/* What a listener hears on the thread of the only mutator. */
static struct {
  gc_span phases[128]; /* that no pause has taken yet */
  size_t waiting;
  unsigned pauses, unnamed; /* other than cascades; those without a phase */
  uint64_t told_ns;         /* when a pause was said to begin; 0: none was */
} heard;

static void hear_begins(void *data) {
  (void)data;
  heard.told_ns = gc_now_ns();
}

static void hear_span(void *data, const gc_span *s) {
  (void)data;
  if (s->kind != GC_SPAN_PHASE && s->kind != GC_SPAN_STOPPING)
    return;
  assert_true(s->begin_ns <= s->end_ns);
  assert_true((s->name != NULL) == (s->kind == GC_SPAN_PHASE));
  assert_true(heard.waiting < 128);
  heard.phases[heard.waiting++] = *s;
}

/* The phases of a pause lie in it, one after the other. */
static void hear_pause(void *data, gc_pause_kind kind, uint64_t begin_ns,
                       uint64_t end_ns) {
  (void)data;
  unsigned named = 0;
  for (uint64_t end = end_ns;
       heard.waiting && heard.phases[heard.waiting - 1].begin_ns >= begin_ns;
       heard.waiting--) {
    const gc_span *s = &heard.phases[heard.waiting - 1];
    assert_true(s->end_ns <= end);
    end = s->begin_ns;
    named += s->kind == GC_SPAN_PHASE;
  }
  if (kind == GC_PAUSE_CASCADE)
    return;
  assert_in_range(heard.told_ns, 1, begin_ns);
  heard.told_ns = 0;
  assert_int_equal(heard.waiting, 0); /* every phase is of a pause */
  heard.pauses++;
  heard.unnamed += !named;
}

static void pauses_of_models_consist_of_phases(void **state) {
  (void)state;
  if (gc_this_collector.kind != GC_KIND_MODEL)
    return;
  memset(&heard, 0, sizeof heard);
  heap = gc_heap_create(&(gc_config){0,
                                     {.pause = hear_pause,
                                      .span = hear_span,
                                      .slow = true,
                                      .begins = hear_begins}});
  assert_non_null(heap);
  m = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(m, 3, 0);
  for (unsigned i = 0; i < 300; i++) {
    rig_ring(f, 100);
    rig_list(f + 1, 300); /* long enough for a cascade that is timed */
    if (CAN.finalizers)
      gc_new(m, f + 2, (gc_shape){1, 8}, GC_FINALIZABLE);
  }
  heard.pauses = heard.unnamed = 0;
  gc_collect(m);
  if (CAN.reclaims == GC_RECLAIMS_ALL)
    assert_true(heard.pauses > 0);
  assert_int_equal(heard.unnamed, 0);
  assert_int_equal(heard.waiting, 0);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
}

static void no_violation_was_found(void **state) {
  (void)state;
  if (hostile_violation())
    fail_msg("%s", hostile_violation());
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    set_hostile(argv[i]);
#define ON_HEAP(test)                                                          \
  cmocka_unit_test_setup_teardown(test, open_heap, close_heap)
  const struct CMUnitTest tests[] = {
      /* First: runtimes that cannot be ended keep their heap. */
      cmocka_unit_test(the_heap_limit_is_hard_and_can_be_left_again),
      cmocka_unit_test(a_heap_may_be_full_often),
      cmocka_unit_test(garbage_is_found_when_the_limit_is_reached),
      cmocka_unit_test(external_memory_keeps_to_the_limit),
      cmocka_unit_test(external_memory_makes_collections_due),
      ON_HEAP(slots_of_a_new_object_are_null),
      ON_HEAP(objects_of_every_size_keep_their_payload),
      ON_HEAP(every_move_moves),
      ON_HEAP(assigning_a_place_to_itself_is_safe),
      ON_HEAP(what_is_freed_is_gone),
      ON_HEAP(dropping_a_long_list_takes_no_stack),
      ON_HEAP(dead_cycles_are_found_or_declared),
      ON_HEAP(one_reference_into_a_ring_keeps_it_all),
      ON_HEAP(weak_references_do_not_keep_and_are_cleared),
      ON_HEAP(a_weak_reference_may_replace_its_target),
      ON_HEAP(many_weak_references_to_many_targets),
      ON_HEAP(a_weak_reference_in_a_dead_cycle_goes_with_it),
      ON_HEAP(an_ephemeron_keeps_its_value_as_long_as_the_key_lives),
      ON_HEAP(an_ephemeron_that_dies_first_lets_its_value_go),
      ON_HEAP(the_value_of_an_ephemeron_may_be_null),
      ON_HEAP(a_value_that_refers_to_its_key_keeps_neither),
      ON_HEAP(chains_of_ephemerons_live_and_die_as_one),
      ON_HEAP(many_ephemerons_may_have_one_key),
      ON_HEAP(ephemerons_are_cleared_before_the_key_is_finalized),
      ON_HEAP(a_finalizer_sees_an_ephemeron_with_its_value),
      ON_HEAP(the_peak_of_the_footprint_never_falls),
      ON_HEAP(a_finalizer_runs_once),
      ON_HEAP(a_finalizer_sees_a_weak_reference_to_its_object_cleared),
      ON_HEAP(finalizers_in_dead_cycles_run_once),
      ON_HEAP(weak_references_to_what_a_finalizer_keeps_are_cleared),
      cmocka_unit_test(random_graphs_agree_with_a_model),
      ON_HEAP(threads_share_and_die),
      cmocka_unit_test(threads_share_a_tight_heap),
      ON_HEAP(counts_of_a_shared_object_are_exact),
      ON_HEAP(usage_is_what_is_there),
      ON_HEAP(external_memory_goes_with_its_owner),
      ON_HEAP(external_memory_of_dead_cycles_is_found),
      ON_HEAP(external_memory_waits_for_the_finalizer),
      cmocka_unit_test(external_memory_ends_with_the_heap),
      cmocka_unit_test(pauses_of_models_consist_of_phases),
      cmocka_unit_test(no_violation_was_found),
  };
  return cmocka_run_group_tests_name(gc_this_collector.name, tests, NULL, NULL);
}
