/* detectors.c: the detectors that keep lists of all containers, each compiled
 * against both: what they have in common (containers.c), by exact counts. */
#include "rig.h"

/* Options under which nothing is collected but by gc_collect. */
static void open_quiet(void) {
  rig_option("young", 0);
  rig_open(0);
}

static void new_node(gc_reg r, uint32_t slots) {
  gc_new(m, r, (gc_shape){slots, 8}, GC_PLAIN);
}

/* Objects whose only way to a root leads through what was made after them are
 * moved out and back. */
static void what_is_alive_is_moved_back(void **state) {
  (void)state;
  enum { LENGTH = 1000 };
  open_quiet();
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_list(f, LENGTH); /* the first is the last that was made */
  assert_int_equal(rig_objects(), LENGTH);
  assert_int_equal(rig_counter("objects-examined"), LENGTH);
  assert_int_equal(rig_counter("objects-moved-back"), LENGTH - 1);
  /* Now the list is in an order in which nothing has to move. */
  assert_int_equal(rig_objects(), LENGTH);
  assert_int_equal(rig_counter("objects-moved-back"), LENGTH - 1);
  gc_frame_leave(m, f, 1, 0);
  assert_int_equal(gc_heap_objects(heap), 0); /* by its counts */
  assert_int_equal(rig_counter("cycle-freed"), 0);
  rig_close();
}

/* Objects without slots are in no list; they die with the cycle that owns them.
 */
static void bare_objects_are_not_examined(void **state) {
  (void)state;
  open_quiet();
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned i = 0; i < 100; i++) {
    new_node(f, 2);
    new_node(f + 1, 0);
    gc_store(m, f, 0, f);
    gc_store_take(m, f, 1, f + 1);
  }
  gc_clear(m, f);
  assert_int_equal(gc_heap_objects(heap), 200);
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("objects-examined"), 100);
  assert_int_equal(rig_counter("cycle-freed"), 100);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* What a finalizable object of a dead cycle leads to is spared, and the rest of
 * the garbage is not; the finalizer runs once. */
static void a_finalizer_spares_what_it_leads_to(void **state) {
  (void)state;
  open_quiet();
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){2, 8}, GC_FINALIZABLE);
  new_node(f + 1, 2);
  new_node(f + 2, 2);
  gc_store(m, f, 0, f + 1); /* finalizable -> node -> finalizable */
  gc_store(m, f + 1, 0, f);
  gc_store(m, f + 2, 0, f + 2); /* only this one leads to the others */
  gc_store(m, f + 2, 1, f);
  gc_weak_new(m, f, f + 1);
  gc_clear(m, f + 1);
  gc_clear(m, f + 2);
  assert_int_equal(rig_objects(), 3); /* with the weak reference */
  assert_false(gc_weak_get(m, f + 1, f));
  assert_int_equal(rig_counter("cycle-freed"), 1);
  assert_int_equal(rig_counter("cycle-spared"), 2);
  assert_true(gc_finalizer_next(m, f + 1));
  assert_false(gc_finalizer_next(m, f + 2));
  gc_load(m, f + 2, f + 1, 0);
  assert_false(gc_is_null(m, f + 2));
  gc_frame_leave(m, f, 3, 0);
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("finalizers-queued"), 1);
  rig_close();
}

/* f <- an ephemeron whose value is a ring that leads to the key; the key has
 * `slots` and is in f + 1, the value in f + 2. */
static void new_pair(gc_reg f, uint32_t slots) {
  new_node(f + 1, slots);
  new_node(f + 2, 2);
  gc_store(m, f + 2, 0, f + 2);
  gc_store(m, f + 2, 1, f + 1);
  gc_ephemeron_new(m, f, f + 1, f + 2);
}

/* A value that leads to its key is dead with it, whether the key is in a list
 * or not. */
static void a_value_keeps_no_key(void **state) {
  (void)state;
  for (uint32_t slots = 0; slots < 3; slots++) {
    open_quiet();
    gc_reg f = gc_frame_enter(m, 3, 0);
    new_pair(f, slots);
    gc_clear(m, f + 2);
    assert_int_equal(rig_objects(), 3); /* the key is in a register */
    assert_true(gc_ephemeron_get(m, f + 2, f));
    gc_clear(m, f + 1);
    assert_int_equal(rig_objects(), 3); /* the value is, and leads to it */
    gc_clear(m, f + 2);
    assert_int_equal(rig_objects(), 1);
    assert_false(gc_ephemeron_get(m, f + 2, f));
    assert_int_equal(rig_counter("ephemerons-cleared"), 1);
    gc_frame_leave(m, f, 3, 0);
    rig_close();
  }
}

/* A chain of ephemerons, each of whose values is the next key, is found alive
 * from its first key, and dead without it; with bare keys as well. */
static void chains_of_ephemerons(void **state) {
  (void)state;
  enum { LENGTH = 300 };
  for (uint32_t slots = 0; slots < 2; slots++) {
    open_quiet();
    gc_reg f = gc_frame_enter(m, 5, 0);
    new_node(f, LENGTH); /* holds the ephemerons */
    new_node(f + 1, slots);
    gc_copy(m, f + 2, f + 1); /* the first key */
    for (uint32_t i = 0; i < LENGTH; i++) {
      new_node(f + 3, slots);
      gc_ephemeron_new(m, f + 4, f + 2, f + 3);
      gc_store_take(m, f, LENGTH - 1 - i, f + 4);
      gc_move(m, f + 2, f + 3);
    }
    gc_clear(m, f + 2);
    assert_int_equal(rig_objects(), 2 + 2 * LENGTH);
    gc_clear(m, f + 1);
    assert_int_equal(rig_objects(), 1 + LENGTH);
    gc_frame_leave(m, f, 5, 0);
    assert_int_equal(rig_objects(), 0);
    rig_close();
  }
}

/* Containers cost 16 bytes more than objects without slots, for their links. */
static void links_take_sixteen_bytes(void **state) {
  (void)state;
  open_quiet();
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){0, 24}, GC_PLAIN);
  assert_int_equal(gc_heap_usage(heap).cells, 32);
  gc_new(m, f + 1, (gc_shape){1, 16}, GC_PLAIN);
  assert_int_equal(gc_heap_usage(heap).cells, 32 + 48);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Collections in a full heap find dead cycles before memory is refused. */
static void a_full_heap_is_searched(void **state) {
  (void)state;
  rig_option("young", 0);
  rig_open(1 << 20);
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned i = 0; i < 100000; i++)
    rig_ring(f, 10);
  assert_in_range(rig_counter("full-collections"), 10, 1000);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

/* A list of which an object is missing is noticed. */
static void a_broken_list_is_noticed(void **state) {
  (void)state;
  open_quiet();
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_list(f, 3);
  gc_store_null(m, f, 0);
  gc_new(m, f, (gc_shape){1, 16}, GC_PLAIN);
  uint32_t *links = (uint32_t *)gc_payload(m, f) - 2 - 2 - 4;
  uint32_t list = links[1];
  rig_check();
  links[1] = list + 1;
  rig_broken("numbered or linked wrongly");
  links[1] = list;
  links[2] ^= 1;
  rig_broken("numbered or linked wrongly");
  links[2] ^= 1;
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_alive_is_moved_back),
      cmocka_unit_test(bare_objects_are_not_examined),
      cmocka_unit_test(a_finalizer_spares_what_it_leads_to),
      cmocka_unit_test(a_value_keeps_no_key),
      cmocka_unit_test(chains_of_ephemerons),
      cmocka_unit_test(links_take_sixteen_bytes),
      cmocka_unit_test(a_full_heap_is_searched),
      cmocka_unit_test(a_broken_list_is_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
