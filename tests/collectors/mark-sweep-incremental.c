/* mark-sweep-incremental.c: how slices are paced.  What a cycle owes whatever
 * its slices do is tested by snapshot.c. */
#include "rig.h"

static int calm(void **state) {
  (void)state;
  hostile_reset();
  rig_option("pause-target", 100000000); /* no clock decides */
  rig_option("trigger", 0);
  rig_option("step", 256);
  rig_option("mark-stack", 0);
  return 0;
}

/* Marking is paced to end before memory does; where it is let fall behind, it
 * is finished at once when there is no memory left. */
static void only_a_late_cycle_is_forced(void **state) {
  (void)state;
  for (unsigned late = 0; late < 2; late++) {
    rig_option("trigger", 50);
    rig_option("step", late ? 1 << 20 : 256);
    rig_open(16 << 20);
    gc_reg f = gc_frame_enter(m, 2, 0);
    rig_list(f, 100000);                 /* 3.2 MB */
    for (unsigned n = 0; n < 40000; n++) /* 80 MB */
      gc_new(m, f + 1, (gc_shape){0, 2000}, GC_PLAIN);
    assert_int_equal(rig_counter("forced") > 0, late);
    if (!late)
      assert_true(rig_counter("slices") > 4 * rig_counter("collections"));
    gc_clear(m, f + 1);
    assert_int_equal(rig_objects(), 100000);
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
}

/* Cycles that end early, since large objects without slots are all there is,
 * do not follow each other at once: what they mark is a bounded multiple of
 * what is allocated. */
static void early_cycles_are_apart(void **state) {
  (void)state;
  enum { KEPT = 500, LARGE = 20000 };
  rig_option("step", 1);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){KEPT, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < KEPT; i++) {
    gc_new(m, f + 1, (gc_shape){0, LARGE}, GC_PLAIN);
    gc_store_take(m, f, i, f + 1);
  }
  gc_collect(m);
  uint64_t cycles = rig_counter("collections");
  for (uint32_t i = 0; i < KEPT; i++)
    gc_new(m, f + 1, (gc_shape){0, LARGE}, GC_PLAIN);
  assert_in_range(rig_counter("collections") - cycles, 2, 40);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

int main(void) {
#define CALM(test) cmocka_unit_test_setup(test, calm)
  const struct CMUnitTest tests[] = {
      CALM(only_a_late_cycle_is_forced),
      CALM(early_cycles_are_apart),
  };
  return cmocka_run_group_tests_name("mark-sweep-incremental", tests, NULL,
                                     NULL);
}
