/* mark-sweep.c: what mark-sweep promises beyond the interface: a mark stack of
 * any capacity marks everything, and memory goes to objects. */
#include "rig.h"

/* A wide node over lists, rings and a large object with both: what a stack of
 * one entry cannot hold. */
static uint64_t build(gc_reg dst) {
  enum { WIDE = 3000, LARGE = 2000 };
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, dst, (gc_shape){WIDE, 0}, GC_PLAIN);
  uint64_t n = 1;
  for (uint32_t i = 0; i < WIDE; i++) {
    if (i % 2)
      rig_list(f, i % 7 + 1);
    else
      rig_ring(f, i % 7 + 1);
    n += i % 7 + 1;
    gc_store_take(m, dst, i, f);
  }
  gc_new(m, f, (gc_shape){LARGE, 0}, GC_PLAIN);
  n++;
  for (uint32_t i = 0; i < LARGE; i++) {
    gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
    n++;
    gc_store_take(m, f, i, f + 1);
  }
  gc_store_take(m, dst, 0, f); /* instead of the first, a ring of one */
  gc_frame_leave(m, f, 2, 0);
  return n - 1;
}

static void every_capacity_marks_everything(void **state) {
  (void)state;
  const uint64_t capacities[] = {1, 2, 8, 0};
  for (unsigned i = 0; i < 4; i++) {
    rig_option("mark-stack", capacities[i]);
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 1, 0);
    uint64_t live = build(f);
    assert_int_equal(rig_objects(), live);
    /* The rare path was taken, where there is one. */
    assert_int_equal(rig_counter("rescans") > 0, capacities[i] != 0);
    if (capacities[i])
      assert_true(rig_counter("mark-stack-room") <= capacities[i]);
    gc_frame_leave(m, f, 1, 0);
    assert_int_equal(rig_objects(), 0);
    rig_close();
  }
}

/* Blocks must not cost more than they hold: an allocator that pads each of them
 * by a page takes an eighth of the heap away. */
static void nearly_all_of_the_limit_holds_objects(void **state) {
  (void)state;
  uint64_t limit = 16 << 20, n = 0;
  rig_open(limit);
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (; gc_try_new(m, f + 1, (gc_shape){1, 48}, GC_PLAIN); n++) {
    gc_store_take(m, f + 1, 0, f);
    gc_move(m, f, f + 1);
  }
  assert_true(n * 64 > limit / 100 * 97);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_capacity_marks_everything),
      cmocka_unit_test(nearly_all_of_the_limit_holds_objects),
  };
  return cmocka_run_group_tests_name("mark-sweep", tests, NULL, NULL);
}
