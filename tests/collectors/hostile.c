/* hostile.c: each hostile condition fires exactly when it should, finds what it
 * is there for, and does the mutator no harm.  Compiled against a collector
 * that reclaims. */
#include "rig.h"
/* After the collector. */
#include "common/space.h"
#include "common/stack.h"

static int calm(void **state) {
  (void)state;
  hostile_reset();
  return 0;
}

/* A hundred allocations of both kinds and sizes small and large. */
static void allocate_a_hundred(void) {
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (uint32_t i = 0; i < 100; i++) {
    if (i % 10 == 9)
      gc_weak_new(m, f + 1, f);
    else
      gc_new(m, f, (gc_shape){i % 3, i % 10 == 8 ? 20000 : i}, GC_PLAIN);
  }
  gc_frame_leave(m, f, 2, 0);
}

static void collections_come_at_every_kth_allocation(void **state) {
  (void)state;
  for (uint64_t k = 1; k <= 12; k += 1 + k / 3) {
    hostile_reset();
    hostile.collect_every = k;
    rig_open(0);
    allocate_a_hundred();
    assert_int_equal(hostile_saw.allocations, 100);
    assert_int_equal(hostile_fired[HOSTILE_COLLECT_EVERY], 100 / k);
    rig_close();
  }
}

/* Whatever is not rooted when the k-th object is about to be made is lost. */
static void the_collection_comes_before_the_object_is_made(void **state) {
  (void)state;
  for (uint64_t k = 1; k <= 20; k++) {
    hostile_reset();
    hostile.collect_at = k;
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 4, 0);
    for (uint32_t i = 1; i <= 20; i += 2) {
      rig_ring(f, 1); /* one allocation; dead once the next takes its place */
      gc_weak_new(m, f + 1, f);
      gc_clear(m, f);
      if (k == i + 2) { /* the next one collects, before it is made */
        gc_new(m, f + 2, (gc_shape){1, 8}, GC_PLAIN);
        assert_int_equal(gc_weak_get(m, f + 3, f + 1),
                         gc_this_collector.can.reclaims != GC_RECLAIMS_ALL);
        break;
      }
    }
    gc_frame_leave(m, f, 4, 0);
    rig_close();
    assert_int_equal(hostile_fired[HOSTILE_COLLECT_AT],
                     hostile_saw.allocations >= k);
  }
}

static void nothing_is_counted_where_nothing_is_asked_for(void **state) {
  (void)state;
  rig_open(0);
  allocate_a_hundred();
  rig_close();
  for (unsigned k = 0; k < HOSTILE_KINDS; k++)
    assert_int_equal(hostile_fired[k], 0);
  assert_int_equal(hostile_saw.allocations, 0);
  assert_int_equal(hostile_saw.checked, 0);
}

/* A dead object's payload, by address. */
static uint64_t *dead_payload(uint32_t bytes) {
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f + 1, (gc_shape){1, bytes}, GC_PLAIN); /* keeps the block in use */
  gc_new(m, f, (gc_shape){1, bytes}, GC_PLAIN);
  uint64_t *payload = gc_payload(m, f);
  hostile_clock = 77;
  gc_clear(m, f);
  gc_collect(m);
  hostile_clock = 0;
  gc_frame_leave(m, f, 2, 0);
  return payload;
}

static void freed_memory_tells_when_it_was_freed(void **state) {
  (void)state;
  hostile.poison = 10;
  rig_open(0);
  uint64_t *dead = dead_payload(40), when;
  ASAN_UNPOISON_MEMORY_REGION(dead, 8);
  assert_true(hostile_is_pattern(*dead, &when));
  assert_int_equal(when, 77);
  assert_true(hostile_fired[HOSTILE_POISON] > 0);
  ASAN_POISON_MEMORY_REGION(dead, 8);
  rig_close();
  assert_null(hostile_violation());
}

static void a_write_to_freed_memory_is_a_violation(void **state) {
  (void)state;
  for (unsigned large = 0; large < 2; large++) {
    hostile_reset();
    hostile.poison = 10;
    rig_open(0);
    uint64_t *dead = dead_payload(large ? 30000 : 40);
    ASAN_UNPOISON_MEMORY_REGION(dead, 8);
    *dead = 1;
    ASAN_POISON_MEMORY_REGION(dead, 8);
    rig_close();
    assert_int_equal(hostile_saw.violations, 1);
    assert_non_null(strstr(hostile_violation(), "freed during operation 77"));
  }
}

/* Reuse looks at the memory as well, without a check of all.  Some objects
 * survive and need memory, and no block is kept for copies alone: else a
 * generational collector need not use that memory again. */
static void reuse_finds_the_write(void **state) {
  (void)state;
  hostile.poison = 0;
  for (const gc_option *o = gc_this_collector.options; o->name; o++)
    if (!strcmp(o->name, "headroom"))
      *o->value = 0;
  rig_open(0);
  uint64_t *dead = dead_payload(40);
  ASAN_UNPOISON_MEMORY_REGION(dead, 8);
  *dead = 1;
  ASAN_POISON_MEMORY_REGION(dead, 8);
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (unsigned i = 0; i < 100000 && !hostile_violation(); i++) {
    gc_new(m, f, (gc_shape){1, 40}, GC_PLAIN);
    if (i % 8 == 0) {
      gc_store(m, f, 0, f + 1);
      gc_copy(m, f + 1, f);
    }
  }
  assert_int_equal(hostile_saw.violations, 1);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

static void the_quarantine_keeps_as_many_as_it_should(void **state) {
  (void)state;
  hostile.poison = 5;
  rig_open(0);
  for (unsigned i = 0; i < 20; i++) {
    void *p = space_alloc_slow(64, space_uncached());
    assert_non_null(p);
    space_free(p, space_uncached());
    assert_int_equal(poison_kept(false), i < 5 ? i + 1 : 5);
  }
  space_purge();
  assert_int_equal(poison_kept(false), 0);
  void *p = space_alloc_slow(64, space_uncached());
  space_free(p, space_uncached());
  space_free(p, space_uncached());
  assert_non_null(strstr(hostile_violation(), "freed twice"));
  rig_close();
}

/* Every internal allocation is numbered, and the one asked for is refused. */
static void internal_allocations_fail_as_numbered(void **state) {
  (void)state;
  hostile.fail_at = 3;
  for (unsigned i = 1; i <= 5; i++)
    assert_int_equal(hostile_fails(), i == 3);
  hostile_reset();
  hostile.fail_every = 4;
  for (unsigned i = 1; i <= 40; i++)
    assert_int_equal(hostile_fails(), i % 4 == 0);
  assert_int_equal(hostile_fired[HOSTILE_FAIL_EVERY], 10);
  assert_int_equal(hostile_saw.internal, 40);
}

static void a_refused_stack_stays_as_it_was(void **state) {
  (void)state;
  object_stack s = {0};
  hostile.fail_at = 2;
  for (unsigned i = 0; i < 256; i++)
    assert_true(object_push(&s, NULL));
  assert_false(object_push(&s, NULL));
  assert_int_equal(s.size, 256);
  assert_true(object_push(&s, NULL)); /* that was the one */
  assert_int_equal(hostile_fired[HOSTILE_FAIL_AT], 1);
  object_stack_free(&s);
}

/* Whatever the cap, a bag gives back what was put in. */
static void a_bag_loses_nothing(void **state) {
  (void)state;
  enum { N = 1000 };
  const uint64_t caps[] = {0, 1, 2, 8};
  for (unsigned c = 0; c < 4; c++) {
    hostile_reset();
    hostile.buffers = caps[c];
    rig_open(0);
    object_bag bag;
    bag_init(&bag, 0);
    uint64_t at = 0, walked = 0, sum = 0;
    for (uint32_t i = 1; i <= N; i++)
      bag_put(&bag, space_address(256 + i));
    for (gc_object *o; (o = bag_next(&bag, &at)); walked++)
      sum += space_granule(o) - 256;
    assert_int_equal(walked, N);
    assert_int_equal(sum, N * (N + 1) / 2);
    for (gc_object *o; (o = bag_take(&bag));)
      sum -= space_granule(o) - 256;
    assert_int_equal(sum, 0);
    assert_int_equal(hostile_fired[HOSTILE_BUFFERS], caps[c] ? N - caps[c] : 0);
    bag_free(&bag);
    bag_tables_free();
    rig_close();
  }
}

static void yields_come_as_often_as_asked(void **state) {
  (void)state;
  hostile.yield = 1000;
  for (unsigned i = 0; i < 500; i++)
    hostile_race();
  assert_int_equal(hostile_fired[HOSTILE_YIELD], 500);
  hostile_reset();
  hostile.yield = 100;
  for (unsigned i = 0; i < 10000; i++)
    hostile_race();
  assert_in_range(hostile_fired[HOSTILE_YIELD], 800, 1200);
}

int main(void) {
#define CALM(test) cmocka_unit_test_setup(test, calm)
  const struct CMUnitTest tests[] = {
      CALM(collections_come_at_every_kth_allocation),
      CALM(the_collection_comes_before_the_object_is_made),
      CALM(nothing_is_counted_where_nothing_is_asked_for),
      CALM(freed_memory_tells_when_it_was_freed),
      CALM(a_write_to_freed_memory_is_a_violation),
      CALM(reuse_finds_the_write),
      CALM(the_quarantine_keeps_as_many_as_it_should),
      CALM(internal_allocations_fail_as_numbered),
      CALM(a_refused_stack_stays_as_it_was),
      CALM(a_bag_loses_nothing),
      CALM(yields_come_as_often_as_asked),
  };
  return cmocka_run_group_tests_name(gc_this_collector.name, tests, NULL, NULL);
}
