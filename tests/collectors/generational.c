/* generational.c: what collectors with two generations promise beyond the
 * interface: what a minor collection marks, what it remembers, and when a full
 * one comes.  generational-copying has tests of its own besides, and here makes
 * old what survives once. */
#include "rig-generations.h"
/* After the collector. */
#include "common/finalizers.h"
#include "common/tracked.h"
#ifdef IM_GENERATIONS
#include "immix/layout.h"
#else
#include "common/cells.h"
#endif
#include <pthread.h>

/* The mark bits. */
static uint64_t *marks(void) {
#ifdef IM_GENERATIONS
  return im.marks;
#else
  return cells_marks;
#endif
}

static bool is_old(gc_reg r) {
  return bitmap_test(marks(), space_granule(object_read(m, r)));
}

static void a_minor_collection_marks_what_is_young(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  rig_list(f + 1, 1000);
  gc_collect(m);
  uint64_t marked = rig_counter("objects-marked");
  rig_list(f + 2, 10);
  assert_false(is_old(f + 2));
  until_minor();
  assert_int_equal(rig_counter("objects-marked"), marked + 10);
  assert_true(is_old(f + 2));
  until_minor();
  assert_int_equal(rig_counter("objects-marked"), marked + 10);
  assert_int_equal(rig_counter("objects-remembered"), 0);
  close_old(f);
}

/* What died old is found by a full collection only. */
static void the_old_are_taken_to_be_alive(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  rig_list(f + 1, 10);
  gc_weak_new(m, f + 2, f + 1);
  until_minor();
  gc_clear(m, f + 1);
  until_minor();
  assert_true(gc_weak_get(m, f + 1, f + 2));
  gc_clear(m, f + 1);
  gc_collect(m);
  assert_false(gc_weak_get(m, f + 1, f + 2));
  close_old(f);
}

/* An old object, stored into by each operation in turn, is remembered once and
 * keeps what it refers to. */
static void each_store_remembers_once(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  gc_new(m, f + 1, (gc_shape){3, 0}, GC_PLAIN);
  gc_collect(m);
  for (unsigned round = 1; round <= 3; round++) {
    rig_list(f + 2, 5);
    gc_store(m, f + 1, 0, f + 2);
    rig_check(); /* and says so in a heap that is being used */
    rig_list(f + 2, 6);
    gc_store_take(m, f + 1, 2, f + 2);
    gc_store_null(m, f + 1, 1);
    uint64_t marked = rig_counter("objects-marked");
    until_minor();
    rig_check();
    assert_int_equal(rig_counter("objects-remembered"), round);
    assert_int_equal(rig_counter("objects-marked"), marked + 11);
  }
  /* Stores of null are no reason to. */
  gc_clear(m, f + 2);
  for (uint32_t i = 0; i < 3; i++) {
    gc_store(m, f + 1, i, f + 2);
    gc_store_null(m, f + 1, i);
  }
  until_minor();
  assert_int_equal(rig_counter("objects-remembered"), 3);
  close_old(f);
}

/* Initialising a young object, or storing into roots, is free. */
static void the_young_and_roots_are_not_remembered(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  gc_new(m, f + 1, (gc_shape){100, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < 100; i++) {
    rig_list(f + 2, 1);
    gc_store_take(m, f + 1, i, f + 2);
  }
  rig_list(f + 2, 7);
  gc_tls_store(m, 0, f + 2);
  rig_list(f + 2, 8);
  gc_global_store(m, 0, f + 2);
  gc_clear(m, f + 2);
  uint64_t marked = rig_counter("objects-marked");
  until_minor();
  assert_int_equal(rig_counter("objects-marked"), marked + 101 + 7 + 8);
  assert_int_equal(rig_counter("objects-remembered"), 0);
  gc_tls_clear(m, 0);
  gc_global_clear(m, 0);
  close_old(f);
}

/* Stores into the last slot of the global, which has *slots of them. */
static void *store_and_leave(void *slots) {
  gc_mutator *mine = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(mine, 2, 0);
  gc_global_load(mine, f, 0);
  gc_new(mine, f + 1, (gc_shape){0, 8}, GC_PLAIN);
  *(uint64_t *)gc_payload(mine, f + 1) = 4711;
  gc_store_take(mine, f, *(uint32_t *)slots - 1, f + 1);
  gc_frame_leave(mine, f, 2, 0);
  gc_thread_detach(mine);
  return NULL;
}

static void what_a_dead_thread_stored_is_found(void **state) {
  (void)state;
  uint32_t sizes[] = {1, 1000}; /* remembered as a whole, and as a card */
  for (unsigned i = 0; i < 2; i++) {
    gc_reg f = open_old(0);
    gc_new(m, f + 1, (gc_shape){sizes[i], 0}, GC_PLAIN);
    gc_global_store(m, 0, f + 1);
    gc_collect(m);
    pthread_t thread;
    gc_blocking_enter(m);
    assert_int_equal(pthread_create(&thread, NULL, store_and_leave, &sizes[i]),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    gc_blocking_leave(m);
    rig_check();
    until_minor();
    assert_int_equal(rig_counter("objects-remembered"), i == 0);
    assert_int_equal(rig_counter("cards-remembered"), i == 1);
    assert_int_equal(rig_counter("remembered-inherited"), 1);
    gc_load(m, f + 2, f + 1, sizes[i] - 1);
    assert_true(is_old(f + 2));
    assert_int_equal(*(uint64_t *)gc_payload(m, f + 2), 4711);
    gc_global_clear(m, 0);
    close_old(f);
  }
}

/* Large objects get old in place as well, and are remembered as a whole. */
static void large_objects_have_generations(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  gc_new(m, f + 1, (gc_shape){2000, 0}, GC_PLAIN);
  gc_new(m, f + 2, (gc_shape){2000, 0}, GC_PLAIN);
  gc_weak_new(m, f + 3, f + 2);
  gc_clear(m, f + 2);
  until_minor();
  assert_true(is_old(f + 1));
  assert_false(gc_weak_get(m, f + 2, f + 3)); /* died young */
  rig_list(f + 2, 9);
  gc_store_take(m, f + 1, 1999, f + 2);
  uint64_t marked = rig_counter("objects-marked");
  until_minor();
  assert_int_equal(rig_counter("objects-marked"), marked + 9);
  close_old(f);
}

/* A store into an old wide object makes the next collection look at one card,
 * whatever the size of the object, and what is stored is found wherever it
 * is. */
static void a_wide_object_is_remembered_in_parts(void **state) {
  (void)state;
  for (uint32_t slots = REMEMBERED_WIDE + 1; slots < 200000;
       slots = slots * 5 + 7) {
    gc_reg f = open_old(0);
    gc_new(m, f + 1, (gc_shape){slots, 8}, GC_PLAIN);
    gc_collect(m);
    const uint32_t places[] = {
        0,         REMEMBERED_CARD - 1,         REMEMBERED_CARD,
        slots / 2, slots - REMEMBERED_CARD - 1, slots - 1};
    for (unsigned i = 0; i < 6; i++) {
      uint64_t scanned = rig_counter("slots-rescanned");
      rig_list(f + 2, 3);
      gc_store(m, f + 1, places[i], f + 2);
      gc_store_take(m, f + 1, places[i], f + 2); /* the same card */
      rig_check();
      until_minor();
      rig_check();
      assert_int_equal(rig_counter("cards-remembered"), i + 1);
      assert_in_range(rig_counter("slots-rescanned") - scanned, REMEMBERED_CARD,
                      2 * REMEMBERED_CARD);
      gc_load(m, f + 2, f + 1, places[i]);
      assert_true(is_old(f + 2));
      gc_clear(m, f + 2);
    }
    assert_int_equal(rig_counter("objects-remembered"), 0);
    close_old(f);
  }
}

/* Cards for which there is no room are remembered with their objects. */
static void what_no_set_has_room_for_is_remembered(void **state) {
  (void)state;
  enum { ARRAYS = 5, SLOTS = 1000 };
  for (uint64_t room = 1; room <= 4; room++) {
    rig_option("remembered-set", room);
    gc_reg f = open_old(0);
    for (gc_reg a = 1; a <= ARRAYS; a++)
      gc_new(m, f + a, (gc_shape){SLOTS, 0}, GC_PLAIN);
    gc_collect(m);
    for (uint32_t s = 3; s < SLOTS; s += 50)
      for (gc_reg a = 1; a <= ARRAYS; a++) {
        rig_list(f + 6, 1);
        gc_store_take(m, f + a, s, f + 6);
        rig_check();
      }
    uint64_t marked = rig_counter("objects-marked");
    until_minor();
    rig_check();
    assert_int_equal(rig_counter("objects-marked"), marked + ARRAYS * 20);
    assert_true(rig_counter("objects-remembered") >= ARRAYS - room / 2);
    assert_true(rig_counter("spilled") > 0);
    close_old(f);
  }
  rig_option("remembered-set", 0);
}

/* Objects that wait for a finalizer that nobody asks for are looked at when
 * they come, and by full collections. */
static void what_waits_costs_minor_collections_nothing(void **state) {
  (void)state;
  enum { WAITING = 5000 };
  gc_reg f = open_old(0);
  for (unsigned i = 0; i < WAITING; i++)
    gc_new(m, f + 1, (gc_shape){1, 8}, GC_FINALIZABLE);
  gc_clear(m, f + 1);
  gc_collect(m);
  assert_int_equal(rig_counter("finalizers-queued"), WAITING);
  for (unsigned i = 0; i < 20; i++) {
    uint64_t visited = rig_counter("queue-visited");
    gc_new(m, f + 1, (gc_shape){1, 8}, GC_FINALIZABLE); /* one more each time */
    rig_list(f + 2, 4);
    gc_store_take(m, f + 1, 0, f + 2);
    gc_clear(m, f + 1);
    until_minor();
    rig_check();
    assert_int_equal(rig_counter("queue-visited"), visited + 1);
    assert_true(gc_finalizer_next(m, f + 1)); /* and one fewer */
  }
  for (unsigned i = 0; i < WAITING; i++)
    assert_true(gc_finalizer_next(m, f + 1));
  assert_false(gc_finalizer_next(m, f + 2));
  gc_load(m, f + 2, f + 1, 0); /* the last of them, with what hangs on it */
  gc_load(m, f + 2, f + 2, 0);
  assert_true(is_old(f + 2));
  close_old(f);
}

/* The same for weak references and finalizable objects that are alive. */
static void old_tracked_objects_cost_minor_collections_nothing(void **state) {
  (void)state;
  enum { EACH = 2000 };
  gc_reg f = open_old(0);
  gc_new(m, f + 1, (gc_shape){EACH, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < EACH; i++) {
    if (i % 2)
      gc_weak_new(m, f + 2, f + 1);
    else
      gc_new(m, f + 2, (gc_shape){0, 8}, GC_FINALIZABLE);
    gc_store_take(m, f + 1, i, f + 2);
  }
  gc_collect(m);
  uint64_t visited = rig_counter("tracked-visited");
  until_minor();
  until_minor();
  assert_int_equal(rig_counter("tracked-visited"), visited);
  gc_clear(m, f + 1);
  gc_collect(m);
  while (gc_finalizer_next(m, f + 1))
    continue;
  close_old(f);
}

/* The check finds each of these in a heap that is being used. */
static void the_check_finds_what_is_broken_between_collections(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  gc_new(m, f + 1, (gc_shape){200, 0}, GC_PLAIN); /* wide */
  gc_new(m, f + 2, (gc_shape){1, 0}, GC_PLAIN);
  gc_new(m, f + 3, (gc_shape){0, 0}, GC_FINALIZABLE);
  gc_weak_new(m, f + 4, f + 2);
  gc_collect(m);
  gc_new(m, f + 5, (gc_shape){0, 0}, GC_PLAIN);
  gc_object *wide = object_read(m, f + 1), *small = object_read(m, f + 2);
  gc_object *young = object_read(m, f + 5);
  rig_check();

  wide->slots[199] = young; /* as if the barrier were missing */
  rig_broken("not remembered refers to a young one");
  wide->slots[199] = NULL;
  small->slots[0] = young;
  rig_broken("not remembered refers to a young one");
  small->slots[0] = NULL;

  gc_store(m, f + 1, 70, f + 5);
  rig_check();
  size_t cards = m->remembered.cards.size;
  assert_int_equal(cards, 2);
  m->remembered.cards.size = 0; /* dirty and forgotten */
  rig_broken("dirty and not remembered");
  m->remembered.cards.size = cards;
  m->remembered.cards.items[cards - 1] = NULL; /* card 0 in place of card 2 */
  rig_broken("dirty and not remembered");
  m->remembered.cards.items[cards - 1] = (gc_object *)(uintptr_t)2;

  gc_store(m, f + 2, 0, f + 5);
  rig_check();
  m->remembered.objects.stack.size--;
  rig_broken("neither flagged nor remembered");
  m->remembered.objects.stack.size++;
  object_push_or_die(&m->remembered.objects.stack, small);
  rig_broken("remembered twice");
  (void)object_pop(&m->remembered.objects.stack);

  tracked_finalizable.stack.items[0] = young;
  rig_broken("lacks its flag");
  tracked_finalizable.stack.items[0] = object_read(m, f + 3);
  gc_weak_new(m, f + 6, f + 5);
  tracked_weak.old++;
  rig_broken("is listed as old");
  tracked_weak.old--;
  bitmap_clear(marks(), space_granule(object_read(m, f + 4)));
  rig_broken("");
  bitmap_set(marks(), space_granule(object_read(m, f + 4)));

  gc_new(m, f + 6, (gc_shape){0, 0}, GC_PLAIN);
  finalizers_push(object_read(m, f + 6));
  rig_check();
  finalizers_settle();
  rig_broken("young object in the finalizer queue");
  (void)finalizers_pop();
  rig_check();
  gc_clear(m, f + 3);
  gc_collect(m);
  assert_true(gc_finalizer_next(m, f + 3));
  close_old(f);
}

/* Weak references and finalizable objects: the young by minor collections. */
static void the_young_are_finalized_and_cleared(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  gc_new(m, f + 1, (gc_shape){1, 0}, GC_FINALIZABLE);
  gc_weak_new(m, f + 2, f + 1);
  until_minor();
  gc_clear(m, f + 1); /* died old: waits */
  gc_new(m, f + 3, (gc_shape){1, 0}, GC_FINALIZABLE);
  rig_list(f + 5, 3);
  gc_store_take(m, f + 3, 0, f + 5);
  gc_weak_new(m, f + 4, f + 3);
  gc_clear(m, f + 3); /* died young */
  until_minor();
  assert_false(gc_weak_get(m, f + 3, f + 4));
  assert_true(gc_weak_get(m, f + 1, f + 2));
  gc_clear(m, f + 1);
  assert_true(gc_finalizer_next(m, f + 3));
  gc_load(m, f + 5, f + 3, 0);
  assert_true(is_old(f + 5)); /* with all that hangs on it */
  assert_false(gc_finalizer_next(m, f + 3));
  gc_collect(m);
  assert_false(gc_weak_get(m, f + 1, f + 2));
  assert_true(gc_finalizer_next(m, f + 1));
  close_old(f);
}

/* The nursery of a program whose objects die young is the same memory again and
 * again. */
static void the_nursery_is_reused(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  until_minor();
  uint64_t pages = gc_heap_usage(heap).pages;
  for (unsigned i = 0; i < 50; i++)
    until_minor();
  assert_int_equal(gc_heap_usage(heap).pages, pages);
  close_old(f);
}

/* Old garbage fills the heap: it is never out of memory for want of a full
 * collection. */
static void the_limit_brings_a_full_collection(void **state) {
  (void)state;
  enum { LIMIT = 4 << 20, LONG = 20000 };
  rig_option("nursery", 64);
  rig_open(LIMIT);
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned i = 0; i < 100; i++) /* 48 MB, of which 0.5 live */
    rig_list(f + i % 2, LONG);
  assert_true(rig_counter("full-collections") > 0);
  assert_true(rig_counter("full-collections") < rig_counter("collections"));
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Without a limit the old may double, no more. */
static void growth_brings_a_full_collection(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  for (unsigned i = 0; i < 50; i++) {
    rig_list(f + 1, 40000); /* gets old: larger than the nursery becomes */
    assert_true(gc_heap_usage(heap).pages < (uint64_t)16 << 20);
  }
  assert_true(rig_counter("full-collections") > 1);
  close_old(f);
}

#ifndef IM_GENERATIONS /* whose nursery grows instead, so that most is dead */
/* Where most of what is alive is young each time, minor collections are left
 * out. */
static void full_collections_replace_minor_ones_that_do_not_pay(void **state) {
  (void)state;
  rig_option("nursery", 64);
  rig_open((uint64_t)1 << 20);
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned i = 0; i < 2000; i++)
    rig_list(f + i % 2, 500);
  assert_true(rig_counter("full-collections") >
              rig_counter("collections") / 4 * 3);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}
#endif

int main(void) {
#ifdef IM_GENERATIONS
  rig_option("age", 0);
#endif
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_minor_collection_marks_what_is_young),
      cmocka_unit_test(the_old_are_taken_to_be_alive),
      cmocka_unit_test(each_store_remembers_once),
      cmocka_unit_test(the_young_and_roots_are_not_remembered),
      cmocka_unit_test(what_a_dead_thread_stored_is_found),
      cmocka_unit_test(large_objects_have_generations),
      cmocka_unit_test(a_wide_object_is_remembered_in_parts),
      cmocka_unit_test(what_no_set_has_room_for_is_remembered),
      cmocka_unit_test(what_waits_costs_minor_collections_nothing),
      cmocka_unit_test(old_tracked_objects_cost_minor_collections_nothing),
      cmocka_unit_test(the_check_finds_what_is_broken_between_collections),
      cmocka_unit_test(the_young_are_finalized_and_cleared),
      cmocka_unit_test(the_nursery_is_reused),
      cmocka_unit_test(the_limit_brings_a_full_collection),
      cmocka_unit_test(growth_brings_a_full_collection),
#ifndef IM_GENERATIONS
      cmocka_unit_test(full_collections_replace_minor_ones_that_do_not_pay),
#endif
  };
  return cmocka_run_group_tests_name("generational", tests, NULL, NULL);
}
