/* refcount-deferred.c: what an epoch logs, counts and frees, exactly. */
#include "rig.h"
/* After the collector. */
#include "common/finalizers.h"
#include "common/space.h"
#include <pthread.h>

static int open_heap(void **state) {
  (void)state;
  hostile_reset();
  rig_option("epoch", 64);
  rig_option("log", 1 << 16);
  rig_open(0);
  return 0;
}

static int close_heap(void **state) {
  (void)state;
  rig_close();
  hostile_reset();
  return 0;
}

/* Ends the epoch as allocation does, without a trace. */
static void end_epoch(void) {
  uint64_t traces = rig_counter("traces"), all = rig_counter("collections");
  gc_reg f = gc_frame_enter(m, 1, 0);
  while (rig_counter("collections") == all) {
    gc_clear(m, f); /* or it would survive */
    gc_new(m, f, (gc_shape){1, 100}, GC_PLAIN);
  }
  gc_frame_leave(m, f, 1, 0);
  assert_int_equal(rig_counter("traces"), traces);
  rig_check();
}

static void an_object_is_logged_once_an_epoch(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){8, 0}, GC_PLAIN);
  for (unsigned i = 0; i < 100; i++)
    gc_store(m, f, i % 8, f); /* young: not at all */
  end_epoch();
  assert_int_equal(rig_counter("logged"), 0);
  for (unsigned epoch = 1; epoch <= 3; epoch++) {
    for (unsigned i = 0; i < 100; i++)
      gc_store(m, f, i % 8, f);
    end_epoch();
    assert_int_equal(rig_counter("logged"), epoch);
  }
  gc_frame_leave(m, f, 2, 0);
}

static void what_was_there_in_between_is_never_counted(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){1, 0}, GC_PLAIN);
  end_epoch();
  uint64_t survivors = rig_counter("survivors");
  for (unsigned i = 0; i < 50; i++) {
    gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
    gc_store_take(m, f, 0, f + 1);
  }
  end_epoch();
  assert_int_equal(rig_counter("survivors"), survivors + 1);
  assert_int_equal(rig_counter("died-old"), 0);
  gc_frame_leave(m, f, 2, 0);
}

static void the_young_dead_are_not_looked_at(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_list(f, 100);
  gc_clear(m, f);
  rig_ring(f, 100);
  gc_clear(m, f);
  end_epoch();
  assert_int_equal(rig_counter("survivors"), 0);
  assert_int_equal(rig_counter("died-old"), 0);
  gc_frame_leave(m, f, 1, 0);
}

static void what_died_old_is_freed_without_a_trace(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){1, 0}, GC_PLAIN);
  rig_list(f + 1, 300);
  gc_store_take(m, f, 0, f + 1);
  end_epoch();
  gc_store_null(m, f, 0);
  end_epoch();
  assert_int_equal(rig_counter("died-old"), 300);
  gc_frame_leave(m, f, 2, 0);
}

/* An epoch looks at the blocks in which something died or was made, however
 * many others there are. */
static void an_epoch_pays_for_where_something_died(void **state) {
  (void)state;
  enum { LONG = 20000, HELD = 60 };
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){HELD, 0}, GC_PLAIN);
  rig_list(f + 1, LONG); /* of 20 blocks or more */
  for (uint32_t i = 0; i < HELD; i++) {
    gc_new(m, f + 2, (gc_shape){0, i % 2 ? 8 : 5000}, GC_PLAIN);
    gc_store_take(m, f, i, f + 2);
  }
  gc_collect(m);
  uint64_t objects = gc_heap_objects(heap);
  for (uint32_t i = 0; i < HELD; i++) {
    gc_store_null(m, f, i * 7 % HELD);
    uint64_t sorted = rig_counter("blocks-sorted");
    uint64_t visited = rig_counter("large-visited");
    end_epoch();
    assert_int_equal(gc_heap_objects(heap), --objects);
    assert_in_range(rig_counter("blocks-sorted") - sorted, 1, 4);
    assert_in_range(rig_counter("large-visited") - visited, 0, 1);
  }
  assert_int_equal(rig_counter("large-freed"), HELD / 2);
  assert_int_equal(rig_counter("died-old"), HELD);
  gc_frame_leave(m, f, 3, 0);
}

static void an_old_cycle_waits_for_a_trace(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_ring(f, 30);
  end_epoch();
  gc_clear(m, f);
  end_epoch();
  end_epoch();
  assert_int_equal(rig_counter("died-old"), 0);
  assert_true(gc_heap_objects(heap) >= 30);
  assert_int_equal(rig_objects(), 0);
  gc_frame_leave(m, f, 1, 0);
}

/* Nothing but a register refers to it: the table of zero counts keeps it. */
static void an_object_without_counts_lives_as_long_as_its_register(void **s) {
  (void)s;
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){1, 0}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
  *(uint64_t *)gc_payload(m, f + 1) = 42;
  gc_store_take(m, f, 0, f + 1);
  end_epoch();
  gc_load(m, f + 1, f, 0);
  gc_store_null(m, f, 0);
  for (unsigned i = 0; i < 3; i++) {
    end_epoch();
    assert_int_equal(rig_counter("died-old"), 0);
    assert_int_equal(*(uint64_t *)gc_payload(m, f + 1), 42);
  }
  gc_store_take(m, f, 0, f + 1); /* and back */
  end_epoch();
  assert_int_equal(rig_counter("died-old"), 0);
  gc_store_null(m, f, 0);
  end_epoch();
  assert_int_equal(rig_counter("died-old"), 1);
  gc_frame_leave(m, f, 2, 0);
}

static void a_large_object_is_logged_in_parts(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (uint32_t slots = 65; slots < 3000; slots += 97) {
    gc_new(m, f, (gc_shape){slots, 0}, GC_PLAIN);
    gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
    for (uint32_t i = 0; i < slots; i++)
      gc_store(m, f, i, f + 1);
    end_epoch();
    uint64_t logged = rig_counter("logged"), died = rig_counter("died-old");
    for (unsigned i = 0; i < 10; i++) {
      gc_store_null(m, f, i);
      gc_store_null(m, f, slots - 1 - i);
    }
    end_epoch();
    assert_int_equal(rig_counter("logged"), logged + 2);
    gc_clear(m, f + 1);
    for (uint32_t i = 0; i < slots; i++)
      gc_store_null(m, f, i);
    end_epoch();
    assert_int_equal(rig_counter("logged"), logged + 2 + slots / 32);
    assert_int_equal(rig_counter("died-old"), died + 1);
  }
  gc_frame_leave(m, f, 2, 0);
}

static void an_incomplete_log_makes_the_next_collection_a_trace(void **state) {
  (void)state;
  rig_close();
  hostile.buffers = 2;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){2, 0}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){2, 0}, GC_PLAIN);
  gc_new(m, f + 2, (gc_shape){0, 8}, GC_PLAIN);
  end_epoch();
  gc_store(m, f, 0, f + 2); /* takes one entry, and then two */
  end_epoch();
  gc_store(m, f, 0, f + 1);
  gc_store_take(m, f + 1, 0, f + 2); /* no room for this one */
  uint64_t traces = rig_counter("traces"), all = rig_counter("collections");
  gc_reg g = gc_frame_enter(m, 1, 0);
  while (rig_counter("collections") == all)
    gc_new(m, g, (gc_shape){1, 100}, GC_PLAIN);
  gc_frame_leave(m, g, 1, 0);
  assert_int_equal(rig_counter("traces"), traces + 1);
  rig_check();
  gc_frame_leave(m, f, 3, 0);
}

static void a_long_log_ends_the_epoch_at_a_safepoint(void **state) {
  (void)state;
  rig_option("log", 20);
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){30, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < 30; i++) {
    gc_new(m, f + 1, (gc_shape){1, 0}, GC_PLAIN);
    gc_store(m, f, i, f + 1);
  }
  end_epoch();
  uint64_t all = rig_counter("collections");
  for (uint32_t i = 0; i < 20; i++) {
    gc_safepoint(m);
    assert_int_equal(rig_counter("collections"), all);
    gc_load(m, f + 1, f, i);
    gc_store_null(m, f + 1, 0);
  }
  gc_safepoint(m);
  assert_int_equal(rig_counter("collections"), all + 1);
  gc_frame_leave(m, f, 3, 0);
}

/* Epochs do not look at what waits for its finalizer, nor at what is alive and
 * finalizable or weakly referred to. */
static void what_waits_costs_an_epoch_nothing(void **state) {
  (void)state;
  enum { WAITING = 2000, ALIVE = 1000 };
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f + 1, (gc_shape){2 * ALIVE, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < ALIVE; i++) {
    gc_new(m, f, (gc_shape){1, 8}, GC_FINALIZABLE);
    gc_store(m, f + 1, 2 * i, f);
    gc_weak_new(m, f + 2, f);
    gc_store_take(m, f + 1, 2 * i + 1, f + 2);
  }
  for (unsigned i = 0; i < WAITING; i++)
    gc_new(m, f, (gc_shape){1, 8}, GC_FINALIZABLE);
  gc_clear(m, f);
  gc_collect(m);
  assert_int_equal(finalizers_count(), WAITING);
  uint64_t roots = rig_counter("roots-visited");
  uint64_t queue = rig_counter("queue-visited");
  uint64_t tracked = rig_counter("tracked-visited");
  uint64_t zeros = rig_counter("zero-counts");
  for (unsigned i = 0; i < 10; i++) {
    rig_list(f, 10);
    gc_global_store(m, 0, f);
    end_epoch(); /* in which the list before this one dies old */
  }
  assert_int_equal(rig_counter("died-old"), 90);
  assert_int_equal(rig_counter("queue-visited"), queue);
  assert_int_equal(rig_counter("tracked-visited"), tracked);
  assert_in_range(rig_counter("zero-counts") - zeros, 10, 30);
  assert_in_range(rig_counter("roots-visited") - roots, 10,
                  10 * (GC_GLOBALS + GC_TLS + 10));
  gc_global_clear(m, 0);
  gc_frame_leave(m, f, 3, 0);
}

/* The queue's count is taken off in the epoch in which the object leaves it. */
static void what_is_taken_from_the_queue_may_live_on(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned i = 0; i < 3; i++) {
    rig_list(f, 5);
    gc_new(m, f + 1, (gc_shape){1, 8}, GC_FINALIZABLE);
    gc_store_take(m, f + 1, 0, f);
    gc_clear(m, f + 1);
  }
  end_epoch();
  assert_int_equal(finalizers_count(), 3);
  assert_true(gc_finalizer_next(m, f));
  assert_true(gc_finalizer_next(m, f + 1));
  rig_check(); /* with the two in the log */
  gc_clear(m, f + 1);
  end_epoch();
  assert_int_equal(rig_counter("died-old"), 6);
  gc_clear(m, f);
  end_epoch();
  assert_int_equal(rig_counter("died-old"), 12);
  assert_int_equal(rig_counter("traces"), 0);
  assert_int_equal(rig_objects(), 6); /* the one that waits still */
  assert_true(gc_finalizer_next(m, f));
  gc_frame_leave(m, f, 2, 0);
}

/* Weak references and finalizers of what died old are found all the same. */
static void the_old_dead_are_told_of(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
  gc_weak_new(m, f + 1, f);
  end_epoch();
  end_epoch();
  gc_clear(m, f);
  end_epoch();
  assert_false(gc_weak_get(m, f, f + 1));
  gc_new(m, f, (gc_shape){1, 8}, GC_FINALIZABLE);
  gc_weak_new(m, f + 1, f);
  end_epoch();
  gc_clear(m, f);
  end_epoch();
  assert_false(gc_weak_get(m, f, f + 1));
  assert_true(gc_finalizer_next(m, f));
  assert_int_equal(rig_counter("queued-old"), 1);
  gc_frame_leave(m, f, 3, 0);
}

/* Stores into one object of its own each, of those that global 0 lists. */
static void *log_one(void *number) {
  gc_mutator *other = gc_thread_attach(heap);
  gc_reg r = gc_frame_enter(other, 2, 0);
  gc_global_load(other, r, 0);
  gc_load(other, r + 1, r, (uint32_t)(uintptr_t)number);
  gc_store(other, r + 1, 0, r);
  gc_frame_leave(other, r, 2, 0);
  gc_thread_detach(other);
  return NULL;
}

/* Each thread logs one object and ends.  Together they fill a log, and the
 * thread that fills it ends the epoch and leaves nothing. */
static void logs_of_ended_threads_end_the_epoch(void **state) {
  (void)state;
  enum { THREADS = 30 };
  rig_option("log", 20);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){THREADS, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < THREADS; i++) {
    gc_new(m, f + 1, (gc_shape){1, 0}, GC_PLAIN);
    gc_store_take(m, f, i, f + 1);
  }
  gc_global_store(m, 0, f);
  end_epoch();
  uint64_t all = rig_counter("ended-by-log");
  for (uintptr_t i = 0; i < THREADS; i++) {
    pthread_t thread;
    gc_blocking_enter(m);
    assert_int_equal(pthread_create(&thread, NULL, log_one, (void *)i), 0);
    pthread_join(thread, NULL);
    gc_blocking_leave(m);
    rig_check(); /* with logs of threads that have ended */
  }
  assert_int_equal(rig_counter("ended-by-log"), all + 1);
  assert_int_equal(rig_counter("logs-inherited"), THREADS - 1);
  gc_global_clear(m, 0);
  gc_frame_leave(m, f, 2, 0);
}

int main(void) {
#define HEAP(test) cmocka_unit_test_setup_teardown(test, open_heap, close_heap)
  const struct CMUnitTest tests[] = {
      HEAP(an_object_is_logged_once_an_epoch),
      HEAP(what_was_there_in_between_is_never_counted),
      HEAP(the_young_dead_are_not_looked_at),
      HEAP(what_died_old_is_freed_without_a_trace),
      HEAP(an_epoch_pays_for_where_something_died),
      HEAP(an_old_cycle_waits_for_a_trace),
      HEAP(an_object_without_counts_lives_as_long_as_its_register),
      HEAP(a_large_object_is_logged_in_parts),
      HEAP(an_incomplete_log_makes_the_next_collection_a_trace),
      HEAP(a_long_log_ends_the_epoch_at_a_safepoint),
      HEAP(what_waits_costs_an_epoch_nothing),
      HEAP(what_is_taken_from_the_queue_may_live_on),
      HEAP(the_old_dead_are_told_of),
      HEAP(logs_of_ended_threads_end_the_epoch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
