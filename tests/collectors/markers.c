/* markers.c: what collectors with several markers promise: the same result as
 * one marker, help where there is work for more than one, and none elsewhere.
 * Compiled against each of them.  How work is divided depends on the kernel, so
 * nothing here counts on a helper that is in time, but where a test waits for
 * one. */
#include "rig.h"
#include "common/markers.h"
#include <dirent.h>

enum { NODES = 20000, SLOTS = 4 };

/* table <- a large object that holds a random graph of numbered nodes, in which
 * every node is referred to by the table, and by others.  Some nodes are large
 * objects. */
static void graph(gc_reg table, uint64_t seed) {
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, table, (gc_shape){NODES, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < NODES; i++) {
    uint32_t slots = i % 500 == 499 ? 3000 : SLOTS;
    gc_new(m, f, (gc_shape){slots, 8}, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f) = i;
    for (uint32_t s = 0; i > 0 && s < slots; s += 1 + slots / SLOTS) {
      gc_load(m, f + 1, table, (uint32_t)(rig_random(&seed) % i));
      gc_store(m, f, s, f + 1);
      gc_store(m, f + 1, s % SLOTS, f);
    }
    gc_store_take(m, table, i, f);
  }
  gc_frame_leave(m, f, 2, 0);
}

/* Drops every node that `keep` does not divide from the table, and from all
 * nodes: what is left is the others. */
static void thin_out(gc_reg table, uint32_t keep) {
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (uint32_t i = 0; i < NODES; i += keep) {
    gc_load(m, f, table, i);
    uint32_t slots = i % 500 == 499 ? 3000 : SLOTS;
    for (uint32_t s = 0; s < slots; s++) {
      gc_load(m, f + 1, f, s);
      if (!gc_is_null(m, f + 1) &&
          *(uint64_t *)gc_payload(m, f + 1) % keep != 0)
        gc_store_null(m, f, s);
    }
  }
  for (uint32_t i = 0; i < NODES; i++)
    if (i % keep)
      gc_store_null(m, table, i);
  gc_frame_leave(m, f, 2, 0);
}

static void assert_numbered(gc_reg table, uint32_t keep) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (uint32_t i = 0; i < NODES; i += keep) {
    gc_load(m, f, table, i);
    assert_int_equal(*(uint64_t *)gc_payload(m, f), i);
  }
  gc_frame_leave(m, f, 1, 0);
}

/* So that the smallest heap is enough for several markers. */
static void several(uint64_t markers) {
  rig_option("markers", markers);
  rig_option("markers-least", 1);
}

/* Sets an option of immix's; others do not have it. */
static void evacuate(uint64_t value) {
  if (!strcmp(gc_this_collector.name, "immix"))
    rig_option("evacuate", value);
}

static unsigned threads(void) {
  unsigned n = 0;
  DIR *tasks = opendir("/proc/self/task");
  assert_non_null(tasks);
  for (struct dirent *e; (e = readdir(tasks));)
    n += e->d_name[0] != '.';
  closedir(tasks);
  return n;
}

static void several_markers_find_what_one_finds(void **state) {
  (void)state;
  for (uint64_t markers = 1; markers <= MARKERS_MOST; markers *= 2) {
    several(markers);
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 1, 0);
    for (uint64_t round = 0; round < 5; round++) {
      graph(f, round);
      assert_int_equal(rig_objects(), NODES + 1);
      assert_numbered(f, 1);
      thin_out(f, 7);
      assert_int_equal(rig_objects(), (NODES + 6) / 7 + 1);
      assert_numbered(f, 7);
      gc_clear(m, f);
      assert_int_equal(rig_objects(), 0);
    }
    assert_int_equal(rig_counter("parallel-phases") > 0, markers > 1);
    gc_frame_leave(m, f, 1, 0);
    rig_close();
  }
}

/* Helpers come, work, and end with the heap; as often as heaps are made. */
static void helpers_join_and_end_with_the_heap(void **state) {
  (void)state;
  unsigned before = threads();
  evacuate(0); /* for which it may have room for one marker only */
  for (unsigned heaps = 0; heaps < 5; heaps++) {
    several(3);
    rig_open(0);
    assert_int_equal(threads(), before); /* none before they are needed */
    gc_reg f = gc_frame_enter(m, 1, 0);
    graph(f, heaps);
    /* A helper may be late every time but not for ever. */
    while (rig_counter("helpers-took") == 0 ||
           rig_counter("helpers-scanned") == 0)
      assert_int_equal(rig_objects(), NODES + 1);
    assert_in_range(threads(), before + 1, before + 2);
    gc_frame_leave(m, f, 1, 0);
    rig_close();
    assert_int_equal(threads(), before);
  }
  evacuate(1);
}

/* A list has one grey object at a time: nothing that a second marker could do,
 * and nothing that may go to and fro between two. */
static void a_list_wakes_nobody(void **state) {
  (void)state;
  several(2);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_list(f, 50000);
  for (unsigned i = 0; i < 3; i++)
    assert_int_equal(rig_objects(), 50000);
  assert_int_equal(rig_counter("parallel-phases"), 0);
  assert_int_equal(rig_counter("objects-given"), 0);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

static void a_small_heap_wakes_nobody(void **state) {
  (void)state;
  several(4);
  rig_option("markers-least", 2 * NODES);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  graph(f, 1);
  for (unsigned i = 0; i < 3; i++)
    assert_int_equal(rig_objects(), NODES + 1);
  assert_int_equal(rig_counter("parallel-phases"), 0);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

/* Where a helper cannot be made, and where lists have no room, the others do
 * everything. */
static void fewer_helpers_and_less_room_suffice(void **state) {
  (void)state;
  for (unsigned i = 0; i < 8; i++) {
    hostile_reset();
    hostile.fail_every = i < 4 ? i + 1 : 0;
    hostile.buffers = i < 4 ? 0 : (uint64_t[]){1, 2, 8, 100}[i - 4];
    hostile.yield = 200;
    several(3);
    bool fails = hostile.fail_every;
    hostile.fail_every = 0; /* not while the heap is made and filled */
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 1, 0);
    graph(f, i);
    hostile.fail_every = fails ? i + 1 : 0;
    for (unsigned again = 0; again < 3; again++)
      gc_collect(m);
    hostile.fail_every = 0;
    assert_int_equal(rig_objects(), NODES + 1);
    assert_numbered(f, 1);
    gc_frame_leave(m, f, 1, 0);
    rig_close();
  }
  hostile_reset();
}

/* Several markers under a limit: what fits, fits again and again, up to the
 * share of the limit that the collector declares. */
static void a_full_heap_has_room_for_all_markers(void **state) {
  (void)state;
  const uint64_t limit = 24 << 20;
  several(4);
  rig_open(limit);
  gc_reg f = gc_frame_enter(m, 2, 0);
  uint64_t first = 0;
  for (unsigned round = 0; round < 4; round++) {
    uint64_t bytes = 0;
    for (uint32_t i = 0;; i++) {
      gc_shape shape = {2, 16 + i % 3 * 300};
      if (!gc_try_new(m, f + 1, shape, GC_PLAIN))
        break;
      gc_store_take(m, f + 1, 0, f);
      gc_load(m, f, f + 1, 0);
      if (!gc_is_null(m, f)) { /* a second way to every other node */
        gc_load(m, f, f, 0);
        gc_store(m, f + 1, 1, f);
      }
      gc_move(m, f, f + 1);
      bytes += gc_shape_bytes(shape);
    }
    first = first ? first : bytes;
    assert_true(bytes >= first / 100 * 97);
    assert_true(bytes >= limit / 100 * (90 - gc_this_collector.can.reserve));
    gc_clear(m, f);
    assert_int_equal(rig_objects(), 0);
  }
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(several_markers_find_what_one_finds),
      cmocka_unit_test(helpers_join_and_end_with_the_heap),
      cmocka_unit_test(a_list_wakes_nobody),
      cmocka_unit_test(a_small_heap_wakes_nobody),
      cmocka_unit_test(fewer_helpers_and_less_room_suffice),
      cmocka_unit_test(a_full_heap_has_room_for_all_markers),
  };
  return cmocka_run_group_tests_name("markers", tests, NULL, NULL);
}
