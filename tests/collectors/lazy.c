/* lazy.c: dropping costs one object; what it leaves is torn down by as much as
 * is allocated, and all of it when it is asked for or the heap is full. */
#include "rig.h"

#include "common/space.h"

static const gc_shape node = {2, 16}; /* 40 bytes, in a cell of 48 */

/* dst <- a list of n nodes. */
static void list(gc_reg dst, uint32_t n) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_clear(m, dst);
  for (uint32_t i = 0; i < n; i++) {
    gc_new(m, f, node, GC_PLAIN);
    gc_store_take(m, f, 0, dst);
    gc_move(m, dst, f);
  }
  gc_frame_leave(m, f, 1, 0);
}

static void dropping_tears_nothing_down(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  list(f, 10000);
  gc_clear(m, f);
  rig_check();
  assert_int_equal(rig_counter("torn-down"), 0);
  assert_int_equal(gc_heap_objects(heap), 10000);
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("torn-down"), 10000);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

/* A new object of the same size takes a dead one's place, one for one, and what
 * that referred to is the next. */
static void the_dead_are_replaced_one_by_one(void **state) {
  (void)state;
  if (freelists_quick != freelists_table)
    return; /* every allocation takes the slow path (hostile.h, asan) */
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  list(f, 10000);
  gc_clear(m, f);
  list(f + 1, 4000);
  assert_int_equal(rig_counter("torn-down"), 0);
  assert_int_equal(gc_heap_objects(heap), 10000);
  assert_int_equal(rig_objects(), 4000);
  assert_int_equal(rig_counter("torn-down"), 6000);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Objects of another size do not make the heap grow while there are dead ones.
 */
static void other_sizes_pay_for_what_they_get(void **state) {
  (void)state;
  enum { N = 100000, LARGER = 480 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  list(f, N);
  uint64_t before = space_used_peak();
  gc_clear(m, f);
  for (uint32_t i = 0; i < N * 48 / LARGER * 9 / 10; i++) {
    gc_new(m, f, (gc_shape){1, LARGER - 16}, GC_PLAIN);
    gc_store_take(m, f, 0, f + 1);
    gc_move(m, f + 1, f);
  }
  assert_true(space_used_peak() <= before + before / 16);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* 100000 slots are not dropped at once, nor twice. */
static void a_large_array_goes_in_parts(void **state) {
  (void)state;
  enum { N = 100000 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){N, 0}, GC_PLAIN);
  gc_new(m, f + 1, node, GC_PLAIN);
  for (uint32_t i = 0; i < N; i++)
    gc_store(m, f, i, f + 1);
  gc_clear(m, f);
  gc_object *shared = object_read(m, f + 1);
  uint32_t counts = shared->word, parts = 0;
  assert_int_equal(counts, N + 1);
  for (uint32_t i = 0; shared->word > 1 && i < N; i++) { /* all are kept */
    gc_new(m, f, (gc_shape){1, 1000}, GC_PLAIN);
    gc_global_load(m, f + 2, 0);
    gc_store_take(m, f, 0, f + 2);
    gc_global_store(m, 0, f);
    assert_true(counts - shared->word <= 4096 / 8 + 1);
    parts += shared->word != counts;
    counts = shared->word;
  }
  assert_true(parts >= N / (4096 / 8 + 1));
  assert_int_equal(counts, 1);
  gc_global_clear(m, 0);
  gc_frame_leave(m, f, 3, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

/* A part of the array is what the object pays for, and frees nothing. */
static void a_full_heap_is_drained_first(void **state) {
  (void)state;
  rig_open(4 << 20);
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, f, (gc_shape){400000, 0}, GC_PLAIN);
  gc_clear(m, f);
  assert_true(gc_try_new(m, f, (gc_shape){0, 1 << 20}, GC_PLAIN));
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

/* Objects of two sizes in turn: were only some of the dead torn down, those of
 * the size of the dead would take the places of others, a few in each block,
 * and blocks for the other size would run out. */
static void the_dead_leave_no_gaps_in_a_full_heap(void **state) {
  (void)state;
  enum { LIMIT = 2 << 20 };
  const gc_shape other = {1, 440};
  uint64_t bytes = 0;
  rig_open(LIMIT);
  gc_reg f = gc_frame_enter(m, 2, 0);
  while (gc_try_new(m, f, node, GC_PLAIN)) {
    gc_store_take(m, f, 0, f + 1);
    gc_move(m, f + 1, f);
  }
  gc_clear(m, f + 1);
  for (uint32_t i = 0; gc_try_new(m, f, i % 2 ? other : node, GC_PLAIN); i++) {
    gc_store_take(m, f, 0, f + 1);
    gc_move(m, f + 1, f);
    bytes += gc_shape_bytes(i % 2 ? other : node);
  }
  assert_true(bytes > LIMIT / 4 * 3);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

static void weak_references_do_not_wait(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 4, 0);
  gc_new(m, f, node, GC_FINALIZABLE);
  gc_new(m, f + 1, node, GC_PLAIN);
  gc_weak_new(m, f + 2, f + 1);
  gc_store_take(m, f + 1, 0, f);
  gc_clear(m, f + 1);
  assert_false(gc_weak_get(m, f + 3, f + 2));
  assert_false(gc_finalizer_next(m, f + 3)); /* it is not known to be dead */
  gc_collect(m);
  assert_true(gc_finalizer_next(m, f + 3));
  gc_frame_leave(m, f, 4, 0);
  rig_close();
}

static void the_dead_outlive_their_mutator(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  list(f, 1000);
  gc_frame_leave(m, f, 1, 0);
  gc_thread_detach(m);
  m = gc_thread_attach(heap);
  assert_non_null(m);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dropping_tears_nothing_down),
      cmocka_unit_test(the_dead_are_replaced_one_by_one),
      cmocka_unit_test(other_sizes_pay_for_what_they_get),
      cmocka_unit_test(a_large_array_goes_in_parts),
      cmocka_unit_test(a_full_heap_is_drained_first),
      cmocka_unit_test(the_dead_leave_no_gaps_in_a_full_heap),
      cmocka_unit_test(weak_references_do_not_wait),
      cmocka_unit_test(the_dead_outlive_their_mutator),
  };
  return cmocka_run_group_tests_name("lazy counting", tests, NULL, NULL);
}
