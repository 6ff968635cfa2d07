/* refcount-biased.c: who counts where, who merges, and what becomes of counts
 * that do not fit. */
#include "rig.h"
/* After the collector. */
#include <pthread.h>
#include "common/hostile/hostile.h"

static int open_heap(void **state) {
  (void)state;
  hostile_reset();
  rig_open(0);
  return 0;
}

static int close_heap(void **state) {
  (void)state;
  assert_int_equal(rig_objects(), 0);
  rig_close();
  return 0;
}

static bool is_merged(gc_reg r) {
  return m->reg[r]->word >> 24 == 0;
}

/* Runs `body` as another mutator, to its end; this one keeps running, as far as
 * anybody can tell, unless it is `blocking`. */
static void elsewhere(void *(*body)(void *), bool blocking) {
  pthread_t thread;
  if (blocking)
    gc_blocking_enter(m);
  assert_int_equal(pthread_create(&thread, NULL, body, NULL), 0);
  pthread_join(thread, NULL);
  if (blocking)
    gc_blocking_leave(m);
}

/* Drops what global root 0 refers to. */
static void *drop(void *unused) {
  gc_mutator *other = gc_thread_attach(heap);
  gc_global_clear(other, 0);
  gc_thread_detach(other);
  return unused;
}

static void the_maker_counts_as_far_as_it_likes(void **state) {
  (void)state;
  enum { MANY = 5000 };
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){MANY, 0}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
  for (uint32_t i = 0; i < MANY; i++)
    gc_store(m, f, i, f + 1);
  rig_check();
  assert_false(is_merged(f + 1));
  for (uint32_t i = 0; i < MANY; i++)
    gc_store_null(m, f, i);
  assert_int_equal(rig_objects(), 2);
  gc_clear(m, f + 1);
  assert_int_equal(gc_heap_objects(heap), 1);
  gc_frame_leave(m, f, 2, 0);
}

static void what_another_drops_waits_for_its_maker(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
  gc_global_store(m, 0, f);
  gc_clear(m, f);
  elsewhere(drop, false);
  assert_int_equal(rig_counter("queued"), 1);
  assert_int_equal(gc_heap_objects(heap), 1);
  rig_check();
  gc_safepoint(m);
  assert_int_equal(gc_heap_objects(heap), 0);
  gc_frame_leave(m, f, 1, 0);
}

static void nothing_waits_for_a_maker_that_is_blocked(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
  gc_global_store(m, 0, f);
  gc_clear(m, f);
  elsewhere(drop, true);
  assert_int_equal(rig_counter("queued"), 0);
  assert_int_equal(rig_counter("merged-for-absent"), 1);
  assert_int_equal(gc_heap_objects(heap), 0);
  gc_frame_leave(m, f, 1, 0);
}

/* The count that the other dropped is off the object that lives on. */
static void a_maker_comes_back_to_what_was_merged(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
  gc_global_store(m, 0, f);
  elsewhere(drop, true);
  assert_true(is_merged(f));
  assert_int_equal(m->reg[f]->word, 1);
  gc_clear(m, f);
  assert_int_equal(gc_heap_objects(heap), 0);
  gc_frame_leave(m, f, 1, 0);
}

static void *make(void *unused) {
  gc_mutator *other = gc_thread_attach(heap);
  gc_reg r = gc_frame_enter(other, 1, 0);
  gc_new(other, r, (gc_shape){1, 8}, GC_PLAIN);
  gc_global_store(other, 0, r);
  gc_frame_leave(other, r, 1, 0);
  gc_thread_detach(other);
  return unused;
}

static void what_a_dead_thread_made_dies_at_once(void **state) {
  (void)state;
  elsewhere(make, false);
  gc_global_clear(m, 0);
  assert_int_equal(gc_heap_objects(heap), 0);
  assert_int_equal(rig_counter("merged-for-absent"), 1);
}

static void the_next_thread_inherits_it(void **state) {
  (void)state;
  elsewhere(make, false);
  elsewhere(drop, false); /* which has the same number: counts as the maker */
  assert_int_equal(rig_counter("queued"), 0);
  assert_int_equal(rig_counter("merged-for-absent"), 0);
  assert_int_equal(gc_heap_objects(heap), 0);
}

enum { MOST = (1 << 23) + 1000 };

/* An array of MOST references in global root 1 to what global root 0 has. */
static void *refer(void *unused) {
  gc_mutator *other = gc_thread_attach(heap);
  gc_reg r = gc_frame_enter(other, 2, 0);
  gc_new(other, r, (gc_shape){MOST, 0}, GC_PLAIN);
  gc_global_load(other, r + 1, 0);
  for (uint32_t i = 0; i < MOST; i++)
    gc_store(other, r, i, r + 1);
  gc_global_store(other, 1, r);
  gc_frame_leave(other, r, 2, 0);
  gc_thread_detach(other);
  return unused;
}

static void counts_that_do_not_fit_are_not_lost(void **state) {
  (void)state;
  for (unsigned merged = 0; merged < 2; merged++) {
    gc_reg f = gc_frame_enter(m, 1, 0);
    gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f) = 42;
    gc_global_store(m, 0, f);
    if (merged) {
      elsewhere(drop, true);
      gc_global_store(m, 0, f);
    }
    assert_int_equal(is_merged(f), merged);
    elsewhere(refer, false);
    rig_check(); /* as many counts as references */
    gc_global_clear(m, 1);
    rig_check();
    assert_int_equal(*(uint64_t *)gc_payload(m, f), 42);
    assert_int_equal(rig_objects(), 1);
    gc_global_clear(m, 0);
    gc_frame_leave(m, f, 1, 0);
    assert_int_equal(rig_objects(), 0);
  }
}

enum { ROUNDS = 2000 };
static pthread_barrier_t given, taken, dropped;

static void *drop_beside(void *unused) {
  gc_mutator *other = gc_thread_attach(heap);
  gc_reg r = gc_frame_enter(other, 1, 0);
  for (unsigned i = 0; i < ROUNDS; i++) {
    pthread_barrier_wait(&given);
    gc_global_load(other, r, 0);
    pthread_barrier_wait(&taken);
    gc_clear(other, r);
    pthread_barrier_wait(&dropped);
  }
  gc_frame_leave(other, r, 1, 0);
  gc_thread_detach(other);
  return unused;
}

/* The maker merges while another thread is dropping what then is the last. */
static void both_drop_their_last_count(void **state) {
  (void)state;
  hostile.yield = 1000;
  pthread_barrier_init(&given, NULL, 2);
  pthread_barrier_init(&taken, NULL, 2);
  pthread_barrier_init(&dropped, NULL, 2);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, drop_beside, NULL), 0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned i = 0; i < ROUNDS; i++) {
    gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
    gc_global_store(m, 0, f);
    pthread_barrier_wait(&given);
    pthread_barrier_wait(&taken);
    gc_global_clear(m, 0);
    gc_clear(m, f);
    pthread_barrier_wait(&dropped);
  }
  gc_frame_leave(m, f, 1, 0);
  gc_blocking_enter(m);
  pthread_join(thread, NULL);
  gc_blocking_leave(m);
  assert_int_equal(rig_objects(), 0);
}

int main(void) {
#define HEAP(test) cmocka_unit_test_setup_teardown(test, open_heap, close_heap)
  const struct CMUnitTest tests[] = {
      HEAP(the_maker_counts_as_far_as_it_likes),
      HEAP(what_another_drops_waits_for_its_maker),
      HEAP(nothing_waits_for_a_maker_that_is_blocked),
      HEAP(a_maker_comes_back_to_what_was_merged),
      HEAP(what_a_dead_thread_made_dies_at_once),
      HEAP(the_next_thread_inherits_it),
      HEAP(both_drop_their_last_count),
      HEAP(counts_that_do_not_fit_are_not_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
