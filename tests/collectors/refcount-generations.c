/* refcount-generations.c: when the generations are collected, and what is found
 * by that. */
#include "rig.h"

static void options(uint64_t young, uint64_t middle, uint64_t old,
                    uint64_t quarter) {
  rig_option("young", young);
  rig_option("middle", middle);
  rig_option("old", old);
  rig_option("quarter", quarter);
}

/* Makes and drops `n` objects that refer to themselves. */
static void drop_loops(unsigned n) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned i = 0; i < n; i++) {
    gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
    gc_store(m, f, 0, f);
  }
  gc_frame_leave(m, f, 1, 0);
}

/* A collection is due beyond 700, a middle one in place of the eleventh after
 * it, a full one after eleven middle ones. */
static void thresholds(void **state) {
  (void)state;
  rig_open(0);
  drop_loops(700);
  assert_int_equal(rig_counter("young-collections"), 0);
  drop_loops(1);
  assert_int_equal(rig_counter("young-collections"), 1);
  assert_int_equal(rig_counter("cycle-freed"), 700);
  while (rig_counter("middle-collections") == 0)
    drop_loops(1);
  assert_int_equal(rig_counter("young-collections"), 11);
  while (rig_counter("full-collections") == 0)
    drop_loops(1);
  assert_int_equal(rig_counter("young-collections"), 11 * 11);
  assert_int_equal(rig_counter("middle-collections"), 11);
  assert_int_equal(rig_counter("full-delayed"), 0);
  rig_close();
}

/* What dies makes room for as many new objects before a collection is due. */
static void the_dead_are_taken_off(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned i = 0; i < 100000; i++)
    gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
  gc_frame_leave(m, f, 1, 0);
  assert_int_equal(rig_counter("young-collections"), 0);
  rig_close();
}

/* A ring that dies old is garbage until a full collection. */
static void old_garbage_waits_for_a_full_collection(void **state) {
  (void)state;
  options(10, 1, 1000, 4);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_ring(f, 100);
  drop_loops(100); /* the ring becomes old */
  gc_clear(m, f);
  drop_loops(1000);
  assert_in_range(gc_heap_objects(heap), 100, 150);
  assert_int_equal(rig_counter("full-collections"), 0);
  assert_int_equal(rig_objects(), 0);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
  options(700, 10, 10, 4);
}

/* f <- a table of n objects that stay; f + 1 is used. */
static void keep(gc_reg f, uint32_t n) {
  gc_new(m, f, (gc_shape){n, 8}, GC_PLAIN);
  for (uint32_t i = 0; i < n; i++) {
    gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
    gc_store_take(m, f, i, f + 1);
  }
}

/* While a heap grows, each full collection waits for a quarter: their work is
 * no more than five times the objects.  Without the rule it is quadratic. */
static void full_collections_wait_for_a_quarter(void **state) {
  (void)state;
  enum { KEPT = 100000 };
  uint64_t visited[2];
  for (unsigned rule = 0; rule < 2; rule++) {
    options(100, 2, 2, rule ? 4 : 0);
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 2, 0);
    keep(f, KEPT);
    visited[rule] = rig_counter("objects-visited");
    assert_int_equal(rig_counter("full-delayed") > 0, rule);
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
  options(700, 10, 10, 4);
  /* Each object is in a young and a middle collection, too. */
  assert_true(visited[1] < 8 * KEPT);
  assert_true(visited[0] > 30 * (uint64_t)KEPT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(thresholds),
      cmocka_unit_test(the_dead_are_taken_off),
      cmocka_unit_test(old_garbage_waits_for_a_full_collection),
      cmocka_unit_test(full_collections_wait_for_a_quarter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
