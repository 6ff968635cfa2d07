/* counted.c: that what a production runtime is said to have collected is what
 * happened.  A weak reference to a dead object, which only a collection can
 * clear, tells of collections from outside: as the object is renewed each time,
 * no collection clears two. */
#include "rig.h"

#define CAN (gc_this_collector.can)

/* All collections, as the harness counts them (harness/cell/exercise.c). */
static uint64_t collections(bool *known) {
  gc_counter counters[64];
  const size_t n = gc_heap_counters(heap, counters, 64);
  static const char kind[] = "-collections";
  const size_t tail = strlen(kind);
  uint64_t sum = 0;
  *known = false;
  for (size_t i = 0; i < n; i++) {
    const char *name = counters[i].name;
    const size_t length = strlen(name);
    if (!strcmp(name, "collections")) {
      *known = true;
      return counters[i].value;
    }
    if (length > tail && !strcmp(name + length - tail, kind)) {
      *known = true;
      sum += counters[i].value;
    }
  }
  return sum;
}

/* dst <- an object that refers to itself: counting alone does not free it. */
static void make_cycle(gc_reg dst) {
  gc_new(m, dst, (gc_shape){1, 32}, GC_PLAIN);
  gc_store(m, dst, 0, dst);
}

/* A function of its own, so that a stack that is scanned holds fewer traces. */
__attribute__((noinline)) static void renew(gc_reg weak, gc_reg spare) {
  make_cycle(spare);
  assert_true(gc_try_weak_new(m, weak, spare));
  gc_clear(m, spare);
}

/* OCaml 5 keeps what weak references refer to when it collects the nursery. The
 * rest of its heap is collected as fast as objects get there, and what is read
 * from a weak reference meanwhile is kept for another cycle.  So there garbage
 * has to get old, and looks have to be rare. */
static bool only_the_old_die(void) {
  const char *runtime = gc_this_collector.runtime;
  return runtime && !strncmp(runtime, "OCaml 5", 7);
}

enum { OLD = 1000, RARE = 200000 };

/* Makes cyclic garbage until `wanted` collections were seen, or `most` objects
 * were made. */
static unsigned see_collections(unsigned wanted, unsigned most) {
  const gc_reg f = gc_frame_enter(m, 4, 0), weak = f, junk = f + 1,
               held = f + 3;
  const bool old = only_the_old_die();
  unsigned seen = 0;
  renew(weak, junk);
  if (old)
    gc_new(m, held, (gc_shape){OLD, 0}, GC_PLAIN);
  for (unsigned i = 1; i <= most && seen < wanted; i++) {
    make_cycle(junk);
    if (old)
      gc_store(m, held, i % OLD, junk);
    gc_clear(m, junk);
    if (old && i % RARE)
      continue;
    if (!gc_weak_get(m, f + 2, weak)) {
      seen++;
      renew(weak, junk);
    }
    gc_clear(m, f + 2);
  }
  gc_frame_leave(m, f, 4, 0);
  return seen;
}

/* Counting alone: nothing is collected, and nothing is counted. */
static void counting_collects_nothing(void) {
  bool known;
  assert_int_equal(see_collections(1, 50000), 0);
  gc_collect(m);
  assert_int_equal(collections(&known), 0);
}

static void asked_collections_are_counted(void) {
  bool known;
  const gc_reg f = gc_frame_enter(m, 1, 0);
  const uint64_t before = collections(&known);
  for (unsigned i = 0; i < 3; i++) {
    make_cycle(f); /* without a candidate PHP does nothing */
    gc_clear(m, f);
    gc_collect(m);
  }
  assert_true(collections(&known) >= before + 3);
  gc_frame_leave(m, f, 1, 0);
}

static void own_collections_are_counted(void) {
  bool known;
  const uint64_t before = collections(&known);
  assert_true(known);
  const unsigned seen = see_collections(30, 3000000);
  const uint64_t found = collections(&known) - before;
  print_message("%u seen, %llu counted\n", seen, (unsigned long long)found);
  assert_true(seen >= 10);
  assert_true(found + 1 >= seen); /* the last may not have come to its end */
  /* Collections of the old objects besides; a conservative collector may keep
   * the object for some time. */
  if (!CAN.conservative && !only_the_old_die())
    assert_true(found <= 2 * seen + 4);
}

static void collections_are_counted(void **state) {
  (void)state;
  rig_open(0);
  if (CAN.reclaims == GC_RECLAIMS_ALL) {
    own_collections_are_counted();
    asked_collections_are_counted();
  } else
    counting_collects_nothing();
  rig_close();
}

int main(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2)
    rig_option(argv[i], strtoull(argv[i + 1], NULL, 10));
  const struct CMUnitTest tests[] = {cmocka_unit_test(collections_are_counted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
