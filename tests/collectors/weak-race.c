/* weak-race.c: the last reference to an object and the last weak reference to
 * it are dropped by two threads at the same time, again and again.  Whichever
 * comes first, the table of weak references must stay in order: it used to lose
 * count, until no place in it was free and the next search in it never ended.
 */
#include "rig.h"

#include <pthread.h>
#include <unistd.h>

#include "common/hostile/hostile.h"

enum { ROUNDS = 3000, TARGETS = 200, STRONG = 0, WEAK = 1 };

static pthread_barrier_t ready, done;

static void *drop_weak(void *unused) {
  (void)unused;
  gc_mutator *other = gc_thread_attach(heap);
  gc_reg r = gc_frame_enter(other, 1, 0);
  for (int i = 0; i < ROUNDS; i++) {
    pthread_barrier_wait(&ready);
    gc_global_load(other, r, WEAK);
    gc_global_clear(other, WEAK);
    pthread_barrier_wait(&done);
    gc_clear(other, r);
  }
  gc_frame_leave(other, r, 1, 0);
  gc_thread_detach(other);
  return NULL;
}

static void dying_together(void **state) {
  (void)state;
  alarm(100); /* a search without end */
  hostile_reset();
  hostile.yield = 1000;
  rig_open(0);
  pthread_barrier_init(&ready, NULL, 2);
  pthread_barrier_init(&done, NULL, 2);
  pthread_t other;
  assert_int_equal(pthread_create(&other, NULL, drop_weak, NULL), 0);
  gc_reg r = gc_frame_enter(m, 2, 0);
  for (int i = 0; i < ROUNDS; i++) {
    gc_new(m, r, (gc_shape){1, 8}, GC_PLAIN);
    gc_weak_new(m, r + 1, r);
    gc_global_store(m, WEAK, r + 1);
    gc_clear(m, r + 1);
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&done);
    gc_clear(m, r);
  }
  pthread_join(other, NULL);
  assert_int_equal(rig_objects(), 0);

  gc_new(m, r, (gc_shape){2 * TARGETS, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < 2 * TARGETS; i += 2) {
    gc_new(m, r + 1, (gc_shape){1, 8}, GC_PLAIN);
    gc_store(m, r, i, r + 1);
    gc_weak_new(m, r + 1, r + 1);
    gc_store_take(m, r, i + 1, r + 1);
  }
  assert_int_equal(rig_objects(), 1 + 2 * TARGETS);
  gc_frame_leave(m, r, 2, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
  hostile_reset();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(dying_together)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
