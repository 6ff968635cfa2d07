/* refcount-deferred.c: what an epoch logs, counts and frees, exactly. */
#include "rig.h"
/* After the collector. */
#include "common/space.h"

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

int main(void) {
#define HEAP(test) cmocka_unit_test_setup_teardown(test, open_heap, close_heap)
  const struct CMUnitTest tests[] = {
      HEAP(an_object_is_logged_once_an_epoch),
      HEAP(what_was_there_in_between_is_never_counted),
      HEAP(the_young_dead_are_not_looked_at),
      HEAP(what_died_old_is_freed_without_a_trace),
      HEAP(an_old_cycle_waits_for_a_trace),
      HEAP(an_object_without_counts_lives_as_long_as_its_register),
      HEAP(a_large_object_is_logged_in_parts),
      HEAP(an_incomplete_log_makes_the_next_collection_a_trace),
      HEAP(a_long_log_ends_the_epoch_at_a_safepoint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
