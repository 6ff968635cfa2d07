/* trial-deletion.c: the cycle detector where it is known to be easy to get
 * wrong.  For the detector with one thread and for the one with threads. */
#include "rig.h"
#include <pthread.h>

/* Candidates that reach each other: while the first is examined the second is
 * gray with a trial count of zero, and yet alive. */
static void candidates_that_reach_each_other_live(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 4, 0);
  gc_new(m, f, (gc_shape){2, 8}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){2, 8}, GC_PLAIN);
  gc_store(m, f, 0, f + 1);
  gc_store(m, f + 1, 0, f);
  for (gc_reg r = 0; r < 2; r++) { /* both become candidates */
    gc_copy(m, f + 2, f + r);
    gc_clear(m, f + 2);
  }
  gc_clear(m, f + 1); /* the second is now held by the first only */
  assert_int_equal(rig_objects(), 2);
  gc_load(m, f + 1, f, 0);
  assert_false(gc_is_null(m, f + 1));
  gc_frame_leave(m, f, 4, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

/* A diamond inside a ring: the shared corner is reached twice and freed once.
 */
static void shared_corners_are_freed_once(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 4, 0);
  for (unsigned i = 0; i < 1000; i++) {
    for (gc_reg r = 0; r < 4; r++)
      gc_new(m, f + r, (gc_shape){2, 8}, GC_PLAIN);
    gc_store(m, f, 0, f + 1);
    gc_store(m, f, 1, f + 2);
    gc_store(m, f + 1, 0, f + 3);
    gc_store(m, f + 2, 0, f + 3);
    gc_store(m, f + 3, 0, f);
    gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN); /* a leaf, shared as well */
    gc_store(m, f + 1, 1, f);
    gc_store(m, f + 2, 1, f);
  }
  gc_frame_leave(m, f, 4, 0);
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("cycle-freed"), 4000);
  rig_close();
}

/* An object that dies while it is a candidate is freed by the detector, and its
 * children at once. */
static void a_candidate_may_die_first(void **state) {
  (void)state;
  rig_option("threshold", 1 << 20); /* nothing detects on its own */
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned i = 0; i < 1000; i++) {
    gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
    gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
    gc_store_take(m, f, 0, f + 1);
    gc_copy(m, f + 1, f);
    gc_clear(m, f + 1); /* a candidate */
    gc_clear(m, f);     /* dead */
  }
  assert_int_equal(gc_heap_objects(heap), 1000); /* the leaves are gone */
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("objects-traced"), 0);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
  rig_option("threshold", 256);
}

/* Live candidates raise the threshold, garbage lowers it again. */
static void the_threshold_follows_the_yield(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  rig_ring(f, 50000);
  for (unsigned i = 0; i < 200000; i++) {
    gc_load(m, f + 1, f, 0);
    gc_clear(m, f + 1);
    gc_load(m, f, f, 0);
  }
  uint64_t live = rig_counter("detections");
  assert_true(live > 0 && live < 60); /* 781 with a fixed threshold of 256 */
  for (unsigned i = 0; i < 100000; i++)
    rig_ring(f + 1, 10);
  uint64_t garbage = rig_counter("detections") - live;
  assert_true(garbage > 100); /* back near one for each 256 rings */
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Candidates that reach the same live objects cost one trace, however many they
 * are; so that they become more. */
static void candidates_that_share_a_trace_raise_the_threshold(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  rig_ring(f, 2000);
  for (unsigned i = 0; i < 100000; i++) {
    gc_load(m, f + 1, f, 0);
    gc_clear(m, f + 1);
    gc_load(m, f, f, 0);
  }
  /* 390 with a threshold that stays at 256. */
  assert_in_range(rig_counter("detections"), 1, 250);
  assert_true(rig_counter("objects-traced") <= 5 * 100000);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* A program that stores all over a graph which stays alive makes a candidate of
 * every object, in vain: the search becomes rare, by as much as there are
 * stores. */
static void stores_into_a_live_graph_trace_little(void **state) {
  (void)state;
  enum { NODES = 5000, STORES = 200000 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){NODES, 8}, GC_PLAIN);
  for (uint32_t i = 0; i < NODES; i++) {
    gc_new(m, f + 1, (gc_shape){4, 8}, GC_PLAIN);
    gc_store_take(m, f, i, f + 1);
  }
  uint64_t random = 1;
  for (unsigned i = 0; i < STORES; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    gc_load(m, f + 1, f, (uint32_t)((random >> 33) % NODES));
    gc_load(m, f + 2, f, (uint32_t)((random >> 13) % NODES));
    gc_store(m, f + 1, i % 4, f + 2); /* what was in the slot is a candidate */
    gc_clear(m, f + 1);
    gc_clear(m, f + 2);
  }
  /* 1.2 million where detections in vain count like others. */
  assert_in_range(rig_counter("objects-traced"), 1, STORES / 2);
  gc_frame_leave(m, f, 3, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

/* Candidates that died wait in the buffers with their memory: when they are a
 * part of the candidates that is worth looking for they are purged, although no
 * detection is due, and those that are alive stay candidates. */
static void dead_candidates_are_purged(void **state) {
  (void)state;
  enum { OBJECTS = 20000, LIVE = 100 };
  rig_option("threshold", 1 << 20); /* nothing detects on its own */
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  for (unsigned i = 0; i < LIVE; i++) { /* dead cycles that wait */
    rig_ring(f + 2, 3);
    gc_clear(m, f + 2);
  }
  for (unsigned i = 0; i < OBJECTS; i++) {
    gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
    gc_copy(m, f + 1, f);
    gc_clear(m, f + 1); /* a candidate */
    gc_clear(m, f);     /* dead */
  }
  assert_in_range(rig_counter("purges"), 1, OBJECTS / 500);
  assert_true(gc_heap_objects(heap) < 3 * LIVE + 1024 + 16);
  assert_int_equal(rig_counter("objects-traced"), 0);
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("cycle-freed"), 3 * LIVE);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
  rig_option("threshold", 256);
}

enum { MOST = 1000 };

/* What every detection traces is within the bound, and gc_collect finds what
 * that left over, whatever its size.  The heap stays so small (2.6 MiB) that it
 * asks for no full detection. */
static void a_bound_holds_and_loses_nothing(void **state) {
  (void)state;
  rig_option("most", MOST);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  rig_ring(f, 20000); /* alive, and too large */
  uint64_t detections = 0, traced = 0;
  for (unsigned i = 0; i < 3000; i++) {
    rig_ring(f + 2, i % 100 ? 7 : 2 * MOST); /* drops the one before */
    gc_load(m, f + 1, f, 0);
    gc_clear(m, f + 1); /* a candidate */
    gc_load(m, f, f, 0);
    uint64_t more = rig_counter("detections") - detections;
    assert_true(rig_counter("objects-traced") - traced <= more * MOST);
    detections += more;
    traced = rig_counter("objects-traced");
    if (i % 100 == 0)
      rig_check();
  }
  assert_true(rig_counter("bounded") > 0);
  uint64_t early = rig_counter("cycle-freed");
  assert_true(early > 0 && early % 7 == 0); /* small ones, and whole */
  gc_clear(m, f + 2);
  assert_int_equal(rig_objects(), 20000);
  gc_clear(m, f);
  assert_int_equal(rig_objects(), 0);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
  rig_option("most", 0);
}

/* A candidate that waits may die with a cycle that an earlier one led to. */
static void what_waits_may_die_with_a_cycle(void **state) {
  (void)state;
  rig_option("most", 100);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 4, 0);
  for (unsigned i = 0; i < 1000; i++) {
    rig_ring(f, 7);
    gc_load(m, f + 1, f, 0);
    for (unsigned n = 0; n < 6; n++) { /* each of them is a candidate */
      gc_copy(m, f + 2, f + 1);
      gc_clear(m, f + 2);
      gc_load(m, f + 1, f + 1, 0);
    }
    gc_clear(m, f + 1);
  }
  assert_true(rig_counter("bounded") > 0);
  rig_check();
  gc_clear(m, f);
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("cycle-freed"), 7000);
  gc_frame_leave(m, f, 4, 0);
  rig_close();
  rig_option("most", 0);
}

/* What is larger than the bound is found when the heap has doubled, and when
 * memory runs out. */
static void large_cycles_are_found_unasked(void **state) {
  (void)state;
  const uint64_t limits[] = {0, 16 << 20};
  rig_option("most", MOST);
  for (unsigned l = 0; l < 2; l++) {
    rig_open(limits[l]);
    gc_reg f = gc_frame_enter(m, 1, 0);
    for (unsigned i = 0; i < 100; i++)
      rig_ring(f, 20000); /* 640 KB */
    assert_true(gc_heap_objects(heap) < 100 * 20000 / 2);
    gc_frame_leave(m, f, 1, 0);
    assert_int_equal(rig_objects(), 0);
    rig_close();
  }
  rig_option("most", 0);
}

/* The last reference from outside moves into the cycle that it closes: no count
 * drops.  By the register that is all that holds the object, and by a borrowed
 * one for the far end of the cycle. */
static void a_reference_taken_may_close_a_cycle(void **state) {
  (void)state;
  rig_open(0);
  gc_reg r = gc_frame_enter(m, 2, 1);
  gc_new(m, r, (gc_shape){1, 8}, GC_PLAIN);
  gc_store_take(m, r, 0, r);
  assert_int_equal(rig_objects(), 0);

  gc_new(m, r, (gc_shape){1, 8}, GC_PLAIN);
  gc_new(m, r + 1, (gc_shape){1, 8}, GC_PLAIN);
  gc_store_take(m, r, 0, r + 1);
  gc_borrow(m, r + 2, r, 0);
  gc_store_take(m, r + 2, 0, r);
  gc_unborrow(m, r + 2);
  assert_int_equal(rig_objects(), 0);
  gc_frame_leave(m, r, 2, 1);
  rig_close();
}

/* What refers to nothing when it moves closes no cycle: a tree that is made
 * from the root down has no candidates, while a chain that moves below its end
 * has.
 */
static void what_refers_to_nothing_moves_unnoticed(void **state) {
  (void)state;
  enum { N = 100 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 1), fresh = f + 1, last = f + 2;
  gc_new(m, f, (gc_shape){2, 8}, GC_PLAIN);
  gc_copy(m, fresh, f);
  gc_store_take(m, fresh, 0, fresh); /* the first of them refers to itself */
  gc_borrow(m, last, f, 0);
  for (unsigned i = 0; i < N; i++) {
    gc_new(m, fresh, (gc_shape){2, 8}, GC_PLAIN);
    gc_store_take(m, last, 1, fresh);
    gc_borrow(m, last, last, 1);
  }
  assert_int_equal(rig_objects(), N + 1);
  assert_int_equal(rig_counter("candidates"), 1);
  gc_store_take(m, last, 0, f); /* all of it, into its own end */
  gc_unborrow(m, last);
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("candidates"), 2);
  gc_frame_leave(m, f, 2, 1);
  rig_close();
}

/* ------------------------------------------------------------------------- *
 * When to look: nothing that is free counts as used, and nothing that is
 * garbage waits where nobody counts it.
 * ------------------------------------------------------------------------- */

/* Of the rings that are dropped a few stay for a while, so that every block
 * keeps some: 4096 rings of 64 bytes, which is 256 KiB.  If the blocks that
 * these keep counted as heap, each detection would wait for twice the memory of
 * the one before. */
static void free_cells_are_not_heap_that_has_grown(void **state) {
  (void)state;
  enum { KEPT = 4096, RINGS = 800000 };
  rig_option("threshold", 1 << 20); /* only the heap's growth counts */
  rig_option("adaptive", 0);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){KEPT, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < RINGS; i++) {
    rig_ring(f + 1, 2);
    if (i % 200 == 0)
      gc_store_take(m, f, i / 200 % KEPT, f + 1);
  }
  gc_clear(m, f + 1);
  assert_in_range(rig_counter("full-detections"), 4, 40);
  assert_true(gc_heap_usage(heap).pages < 16 << 20);
  gc_frame_leave(m, f, 2, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

static int usual_options(void **state) {
  (void)state;
  rig_option("threshold", 256);
  rig_option("adaptive", 1);
  return 0;
}

static pthread_barrier_t together;
enum { EACH = 60, MANY_THREADS = 12 };

static void drop_rings(gc_mutator *mine, unsigned n) {
  gc_reg f = gc_frame_enter(mine, 2, 0);
  for (unsigned i = 0; i < n; i++) {
    gc_new(mine, f, (gc_shape){1, 40}, GC_PLAIN);
    gc_new(mine, f + 1, (gc_shape){1, 40}, GC_PLAIN);
    gc_store(mine, f, 0, f + 1);
    gc_store(mine, f + 1, 0, f);
    gc_clear(mine, f + 1); /* a candidate each */
    gc_clear(mine, f);
  }
  gc_frame_leave(mine, f, 2, 0);
}

static void *come_and_go(void *unused) {
  gc_mutator *mine = gc_thread_attach(heap);
  drop_rings(mine, EACH);
  gc_thread_detach(mine);
  return unused;
}

/* No thread has candidates enough for a detection, but all together have: those
 * that have ended here. */
static void candidates_of_ended_threads_count(void **state) {
  (void)state;
  if (!gc_this_collector.can.threads)
    skip();
  rig_open(0);
  uint64_t before = gc_heap_footprint(heap).bytes;
  gc_blocking_enter(m);
  for (unsigned i = 0; i < 200; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, come_and_go, NULL), 0);
    pthread_join(thread, NULL);
  }
  gc_blocking_leave(m);
  assert_in_range(gc_heap_objects(heap), 0, 512);
  assert_true(gc_heap_footprint(heap).peak_bytes < before + (512 << 10));
  assert_in_range(rig_counter("inherited"), 1, 200 * 2 * EACH);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

static void *stay(void *unused) {
  gc_mutator *mine = gc_thread_attach(heap);
  for (unsigned i = 0; i < EACH; i++) {
    drop_rings(mine, 1);
    gc_blocking_enter(mine);
    pthread_barrier_wait(&together);
    gc_blocking_leave(mine);
  }
  gc_blocking_enter(mine);
  pthread_barrier_wait(&together);
  pthread_barrier_wait(&together);
  gc_blocking_leave(mine);
  gc_thread_detach(mine);
  return unused;
}

/* The same for threads that stay. */
static void candidates_of_all_threads_count(void **state) {
  (void)state;
  if (!gc_this_collector.can.threads)
    skip();
  rig_open(0);
  pthread_t threads[MANY_THREADS];
  pthread_barrier_init(&together, NULL, MANY_THREADS + 1);
  for (unsigned i = 0; i < MANY_THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, stay, NULL), 0);
  gc_blocking_enter(m);
  for (unsigned i = 0; i <= EACH; i++)
    pthread_barrier_wait(&together);
  gc_blocking_leave(m);
  /* 1440 have become candidates; 15 of each thread may not be counted yet. */
  assert_true(rig_counter("detections") > 1);
  assert_in_range(gc_heap_objects(heap), 0, 256 + 16 * MANY_THREADS);
  rig_check();
  gc_blocking_enter(m);
  pthread_barrier_wait(&together);
  for (unsigned i = 0; i < MANY_THREADS; i++)
    pthread_join(threads[i], NULL);
  gc_blocking_leave(m);
  pthread_barrier_destroy(&together);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

/* The ephemeron is scanned first and taken for dead, and its key with it, which
 * is also its value and has no slots, so that it is no candidate.  Then an
 * object that refers to the ephemeron turns out to be alive, but the key does
 * not. */
static void
an_ephemeron_may_be_found_alive_after_its_value_was_scanned(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 4, 0), key = f, pair = f + 1;
  gc_reg holder = f + 2, again = f + 3;
  gc_new(m, holder, (gc_shape){1, 8}, GC_PLAIN);
  gc_new(m, key, (gc_shape){0, 8}, GC_PLAIN);
  gc_ephemeron_new(m, pair, key, key);
  gc_copy(m, again, holder);
  gc_clear(m, again); /* a candidate, to be examined last */
  gc_store(m, holder, 0, pair);
  gc_clear(m, pair); /* another */
  gc_clear(m, key);
  assert_int_equal(rig_objects(), 2);
  gc_frame_leave(m, f, 4, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(candidates_that_reach_each_other_live),
      cmocka_unit_test(shared_corners_are_freed_once),
      cmocka_unit_test(a_candidate_may_die_first),
      cmocka_unit_test(the_threshold_follows_the_yield),
      cmocka_unit_test(candidates_that_share_a_trace_raise_the_threshold),
      cmocka_unit_test(stores_into_a_live_graph_trace_little),
      cmocka_unit_test(dead_candidates_are_purged),
      cmocka_unit_test(a_bound_holds_and_loses_nothing),
      cmocka_unit_test(what_waits_may_die_with_a_cycle),
      cmocka_unit_test(large_cycles_are_found_unasked),
      cmocka_unit_test(a_reference_taken_may_close_a_cycle),
      cmocka_unit_test(what_refers_to_nothing_moves_unnoticed),
      cmocka_unit_test_teardown(free_cells_are_not_heap_that_has_grown,
                                usual_options),
      cmocka_unit_test(candidates_of_ended_threads_count),
      cmocka_unit_test(candidates_of_all_threads_count),
      cmocka_unit_test(
          an_ephemeron_may_be_found_alive_after_its_value_was_scanned),
  };
  return cmocka_run_group_tests_name("trial deletion", tests, NULL, NULL);
}
