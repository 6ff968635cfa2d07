/* mark-sweep-incremental.c: how slices are paced.  What a cycle owes whatever
 * its slices do is tested by snapshot.c. */
#include "rig.h"
#include "common/blocks.h"
#include "common/world.h"
#include <pthread.h>

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

/* Where there is no limit there is room, and no cycle is forced, whenever
 * slices are due. */
static void nothing_is_forced_where_there_is_room(void **state) {
  (void)state;
  for (unsigned trigger = 0; trigger <= 100; trigger += 50) {
    rig_option("trigger", trigger);
    rig_option("step", 1);
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 2, 0);
    rig_list(f, 20000);
    for (unsigned n = 0; n < 100000; n++)
      gc_new(m, f + 1, (gc_shape){0, n % 64 * 8}, GC_PLAIN);
    assert_true(rig_counter("slices") > 0);
    assert_int_equal(rig_counter("forced"), 0);
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
}

static const gc_shape small = {1, 8}, middle = {1, 2000};

/* What the two mutators wait for. */
enum { STARTED, ATTACHED, EMPTIED, HELD };
static _Atomic int phase;

static void await_phase(gc_mutator *who, int awaited) {
  while (phase != awaited)
    gc_safepoint(who);
}

/* Takes the only block with room, and detaches when another mutator waits for
 * this one to stop. */
static void *hold_a_block(void *data) {
  (void)data;
  gc_mutator *mine = gc_thread_attach(heap);
  assert_non_null(mine);
  gc_reg f = gc_frame_enter(mine, 1, 0);
  phase = ATTACHED;
  await_phase(mine, EMPTIED);
  gc_new(mine, f, small, GC_PLAIN);
  phase = HELD;
  while (!atomic_load(&world_stopping))
    continue;
  gc_frame_leave(mine, f, 1, 0);
  gc_thread_detach(mine);
  return NULL;
}

/* The number of the block that an object is in. */
static uintptr_t block_of(gc_reg r) {
  return (uintptr_t)gc_payload(m, r) / BLOCK_BYTES;
}

/* Fills the heap with objects of one size, and drops those in the block of the
 * newest, and every second one of the others: then there is much room, but
 * objects of another size have only that block. */
static void fill_with_gaps(gc_reg list, gc_reg item) {
  while (gc_try_new(m, item, middle, GC_PLAIN)) {
    gc_store_take(m, item, 0, list);
    gc_move(m, list, item);
  }
  for (uintptr_t last = block_of(list); block_of(list) == last;)
    gc_load(m, list, list, 0);
  gc_copy(m, item, list);
  while (!gc_is_null(m, item)) {
    gc_reg next = gc_frame_enter(m, 1, 0);
    gc_load(m, next, item, 0);
    if (!gc_is_null(m, next))
      gc_load(m, next, next, 0);
    gc_store(m, item, 0, next);
    gc_move(m, item, next);
    gc_frame_leave(m, next, 1, 0);
  }
}

/* A mutator that finds no memory stops the world; if another one detaches
 * meanwhile and leaves some, memory has not run out. */
static void what_is_left_meanwhile_is_no_shortage(void **state) {
  (void)state;
  pthread_t other;
  phase = STARTED;
  rig_option("trigger", 100);
  rig_open(1 << 20);
  gc_reg list = gc_frame_enter(m, 2, 0), item = list + 1;
  assert_int_equal(pthread_create(&other, NULL, hold_a_block, NULL), 0);
  await_phase(m, ATTACHED);
  fill_with_gaps(list, item);
  phase = EMPTIED;
  await_phase(m, HELD);
  const uint64_t forced = rig_counter("forced");
  assert_true(forced > 0);
  assert_true(gc_try_new(m, item, small, GC_PLAIN));
  assert_int_equal(rig_counter("forced"), forced);
  pthread_join(other, NULL);
  gc_frame_leave(m, list, 2, 0);
  rig_close();
}

int main(void) {
#define CALM(test) cmocka_unit_test_setup(test, calm)
  const struct CMUnitTest tests[] = {
      CALM(only_a_late_cycle_is_forced),
      CALM(early_cycles_are_apart),
      CALM(nothing_is_forced_where_there_is_room),
      CALM(what_is_left_meanwhile_is_no_shortage),
  };
  return cmocka_run_group_tests_name("mark-sweep-incremental", tests, NULL,
                                     NULL);
}
