/* generational-copying.c: what the collector with a copying nursery promises
 * beyond generational.c: what it copies, when an object gets old, and what it
 * does where copying does not pay. */
#include "rig-generations.h"
/* After the collector. */
#include "immix/layout.h"

static const gc_shape node = {2, 8};

static bool is_old(gc_reg r) {
  gc_object *o = object_read(m, r);
  return im_marked(o) && !im_is_aging(o);
}

/* An object is copied at the first collection that it survives and, with
 * age=1, at the second; then it is old and stays. */
static void an_object_gets_old_by_surviving(void **state) {
  (void)state;
  for (uint64_t age = 0; age <= 1; age++) {
    rig_option("age", age);
    gc_reg f = open_old(0);
    gc_new(m, f + 1, node, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f + 1) = 4711;
    for (unsigned n = 1; n <= 4; n++) {
      void *was = gc_payload(m, f + 1);
      uint64_t moved = rig_counter("objects-moved");
      until_minor();
      bool moves = n <= age + 1;
      assert_int_equal(rig_counter("objects-moved"), moved + moves);
      assert_int_equal(gc_payload(m, f + 1) != was, moves);
      assert_int_equal(*(uint64_t *)gc_payload(m, f + 1), 4711);
      assert_int_equal(is_old(f + 1), n > age);
      assert_int_equal(rig_counter("objects-promoted"), n > age);
    }
    assert_int_equal(rig_counter("objects-aged"), age);
    close_old(f);
  }
  rig_option("age", 1);
}

/* Objects die in the aging blocks as well, and cost nothing then. */
static void what_dies_aging_is_not_promoted(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  rig_list(f + 1, 100);
  until_minor();
  assert_int_equal(rig_counter("objects-aged"), 100);
  gc_clear(m, f + 1);
  until_minor();
  assert_int_equal(rig_counter("objects-promoted"), 0);
  assert_int_equal(rig_counter("objects-moved"), 100);
  close_old(f);
}

/* The collection itself remembers an object that gets old before what it
 * refers to does, for as long as that is so. */
static void the_old_may_refer_to_the_aging(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  gc_new(m, f + 1, node, GC_PLAIN);
  until_minor(); /* it is aging */
  gc_new(m, f + 2, node, GC_PLAIN);
  *(uint64_t *)gc_payload(m, f + 2) = 77;
  gc_store_take(m, f + 1, 1, f + 2);
  until_minor(); /* it is old, and what it refers to is aging */
  assert_true(is_old(f + 1));
  gc_load(m, f + 2, f + 1, 1);
  assert_false(is_old(f + 2));
  assert_int_equal(rig_counter("objects-held"), 1);
  gc_clear(m, f + 2);
  until_minor();
  gc_load(m, f + 2, f + 1, 1);
  assert_true(is_old(f + 2));
  assert_int_equal(*(uint64_t *)gc_payload(m, f + 2), 77);
  assert_int_equal(rig_counter("objects-remembered"), 1);
  assert_int_equal(rig_counter("objects-held"), 1);
  close_old(f);
}

/* So does a card of a wide object stay remembered, and no other one. */
static void a_card_may_refer_to_the_aging(void **state) {
  (void)state;
  enum { SLOTS = 5000 };
  gc_reg f = open_old(0);
  gc_new(m, f + 1, (gc_shape){SLOTS, 8}, GC_PLAIN);
  gc_collect(m);
  gc_new(m, f + 2, node, GC_PLAIN);
  gc_store_take(m, f + 1, SLOTS - 1, f + 2);
  uint64_t scanned = rig_counter("slots-rescanned");
  for (unsigned n = 1; n <= 3; n++) {
    until_minor();
    assert_int_equal(rig_counter("cards-remembered"), n < 2 ? n : 2);
    gc_load(m, f + 2, f + 1, SLOTS - 1);
    assert_int_equal(is_old(f + 2), n >= 2);
    gc_clear(m, f + 2);
  }
  assert_true(rig_counter("slots-rescanned") - scanned <= 4 * REMEMBERED_CARD);
  close_old(f);
}

/* A weak reference, an ephemeron and a finalizable object that are aging are
 * looked at again, and only then count as old. */
static void lists_know_what_is_aging(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  gc_new(m, f + 1, node, GC_FINALIZABLE);
  *(uint64_t *)gc_payload(m, f + 1) = 5;
  gc_weak_new(m, f + 2, f + 1);
  gc_ephemeron_new(m, f + 3, f + 1, f + 1);
  for (unsigned n = 1; n <= 3; n++) {
    until_minor();
    assert_int_equal(tracked_weak.old, n >= 2);
    assert_int_equal(tracked_finalizable.old, n >= 2);
    assert_int_equal(ephemerons.old, n >= 2);
    assert_true(gc_weak_get(m, f + 4, f + 2));
    assert_int_equal(*(uint64_t *)gc_payload(m, f + 4), 5);
    assert_true(gc_ephemeron_get(m, f + 4, f + 3));
    assert_int_equal(*(uint64_t *)gc_payload(m, f + 4), 5);
    gc_clear(m, f + 4);
  }
  gc_clear(m, f + 1);
  gc_collect(m);
  assert_false(gc_weak_get(m, f + 4, f + 2));
  assert_false(gc_ephemeron_get(m, f + 4, f + 3));
  assert_true(gc_finalizer_next(m, f + 4));
  assert_int_equal(*(uint64_t *)gc_payload(m, f + 4), 5);
  close_old(f);
}

/* Where most of the nursery survives nothing is copied: what is there gets old
 * in place. */
static void what_mostly_survives_is_not_copied(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  rig_list(f + 1, 6000);
  uint64_t moved = rig_counter("objects-moved");
  for (unsigned i = 0; i < 5; i++) {
    rig_list(f + 2 + i, 20000); /* all alive, larger than any nursery so far */
    rig_check();
  }
  assert_true(rig_counter("in-place-collections") > 0);
  assert_true(rig_counter("objects-moved") - moved < 20000);
  assert_int_equal(rig_objects(), 1 + 6000 + 5 * 20000);
  close_old(f);
}

/* Where there is no room to copy into, objects stay; nothing is lost, and
 * nearly all of the limit holds objects. */
static void what_finds_no_room_stays(void **state) {
  (void)state;
  enum { LIMIT = 4096 * KIB };
  rig_option("headroom", 0);
  gc_reg f = open_old(LIMIT);
  uint64_t made = 0;
  gc_reg list = f + 1;
  while (gc_try_new(m, f + 2, node, GC_PLAIN)) {
    gc_store_take(m, f + 2, 0, list);
    gc_move(m, list, f + 2);
    made++;
  }
  assert_true(made * 32 + 1000 * KIB > (uint64_t)LIMIT / 100 * 95);
  assert_true(
      rig_counter("objects-stayed") + rig_counter("in-place-collections") > 0);
  assert_int_equal(rig_objects(), made + 1);
  rig_option("headroom", 25);
  close_old(f);
}

/* The nursery grows where much survives and shrinks where little does: fewer
 * collections for as many bytes. */
static void the_nursery_follows_its_survivors(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  uint64_t least = im.budget;
  for (unsigned i = 0; i < 20; i++) /* some survive for a while */
    rig_list(f + 1 + i % 2, 1000);
  assert_true(im.budget > least);
  gc_clear(m, f + 1);
  gc_clear(m, f + 2);
  for (unsigned i = 0; i < 8; i++)
    until_minor();
  assert_int_equal(im.budget, least);
  close_old(f);
}

/* Young objects that were promoted lie in holes between old ones. */
static void the_promoted_fill_holes(void **state) {
  (void)state;
  enum { N = 20000 };
  gc_reg f = open_old(0);
  gc_new(m, f + 1, (gc_shape){N, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < N; i++) {
    gc_new(m, f + 2, (gc_shape){0, 120}, GC_PLAIN);
    gc_store_take(m, f + 1, i, f + 2);
  }
  gc_collect(m);
  for (uint32_t i = 0; i < N; i++)
    if (i % 8) /* not enough to evacuate what is left */
      continue;
    else
      gc_store_null(m, f + 1, i);
  gc_collect(m);
  uint64_t refilled = rig_counter("blocks-refilled");
  for (unsigned i = 0; i < 10; i++) {
    rig_list(f + 2 + i % 4, 200);
    until_minor();
  }
  assert_true(rig_counter("blocks-refilled") > refilled);
  close_old(f);
}

/* The check finds each of these in a heap that is being used. */
static void the_check_finds_what_is_broken(void **state) {
  (void)state;
  gc_reg f = open_old(0);
  gc_new(m, f + 1, node, GC_PLAIN);
  gc_collect(m);
  gc_new(m, f + 2, node, GC_PLAIN);
  until_minor();
  gc_object *old = object_read(m, f + 1), *aging = object_read(m, f + 2);
  rig_check();
  aging->meta |= REMEMBERED_NOT;
  rig_broken("a young object has the flag");
  aging->meta &= ~REMEMBERED_NOT;
  old->slots[0] = aging; /* as if the barrier were missing */
  rig_broken("not remembered refers to a young one");
  old->slots[0] = NULL;
  old->meta |= FORWARDING_MOVED;
  rig_broken("");
  old->meta &= ~FORWARDING_MOVED;
  gc_new(m, f + 3, node, GC_PLAIN);
  object_read(m, f + 3)->word = 0;
  rig_broken("objects do not fill the hole");
  object_read(m, f + 3)->word = 2;
  uint32_t touched = im.touched;
  im.touched = im.blocks[touched].next_touched;
  rig_broken("touched");
  im.touched = touched;
  close_old(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_object_gets_old_by_surviving),
      cmocka_unit_test(what_dies_aging_is_not_promoted),
      cmocka_unit_test(the_old_may_refer_to_the_aging),
      cmocka_unit_test(a_card_may_refer_to_the_aging),
      cmocka_unit_test(lists_know_what_is_aging),
      cmocka_unit_test(what_mostly_survives_is_not_copied),
      cmocka_unit_test(what_finds_no_room_stays),
      cmocka_unit_test(the_nursery_follows_its_survivors),
      cmocka_unit_test(the_promoted_fill_holes),
      cmocka_unit_test(the_check_finds_what_is_broken),
  };
  return cmocka_run_group_tests_name("generational-copying", tests, NULL, NULL);
}
