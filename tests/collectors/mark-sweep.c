/* mark-sweep.c: what mark-sweep promises beyond the interface: a mark stack of
 * any capacity marks everything, and memory goes to objects. */
#include "rig.h"
#include "common/cells.h"
#include "common/finalizers.h"
#include "common/space.h"
#include "common/tracked.h"
#include <sys/mman.h>

/* A wide node over lists, rings and a large object with both: what a stack of
 * one entry cannot hold. */
static uint64_t build(gc_reg dst) {
  enum { WIDE = 3000, LARGE = 2000 };
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, dst, (gc_shape){WIDE, 0}, GC_PLAIN);
  uint64_t n = 1;
  for (uint32_t i = 0; i < WIDE; i++) {
    if (i % 2)
      rig_list(f, i % 7 + 1);
    else
      rig_ring(f, i % 7 + 1);
    n += i % 7 + 1;
    gc_store_take(m, dst, i, f);
  }
  gc_new(m, f, (gc_shape){LARGE, 0}, GC_PLAIN);
  n++;
  for (uint32_t i = 0; i < LARGE; i++) {
    gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
    n++;
    gc_store_take(m, f, i, f + 1);
  }
  gc_store_take(m, dst, 0, f); /* instead of the first, a ring of one */
  gc_frame_leave(m, f, 2, 0);
  return n - 1;
}

static void nothing(void *data, gc_object *o) {
  (void)data, (void)o;
}

static void every_capacity_marks_everything(void **state) {
  (void)state;
  const uint64_t capacities[] = {1, 2, 8, 0};
  for (unsigned i = 0; i < 16; i++) {
    rig_option("mark-stack", capacities[i % 4]);
    rig_option("markers", i / 4 + 1);
    rig_option("markers-least", 1);
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 1, 0);
    uint64_t live = build(f);
    assert_int_equal(rig_objects(), live);
    /* The rare path was taken, where there is one. */
    assert_int_equal(rig_counter("rescans") > 0, capacities[i % 4] != 0);
    if (capacities[i % 4])
      assert_true(rig_counter("mark-stack-room") <= capacities[i % 4]);
    gc_frame_leave(m, f, 1, 0);
    assert_int_equal(rig_objects(), 0);
    rig_close();
  }
  rig_option("markers-least", 16384);
}

/* Blocks must not cost more than they hold: an allocator that pads each of them
 * by a page takes an eighth of the heap away. */
/* A list has one grey object at a time, and nothing to fetch ahead: the marker
 * must not turn its whole queue for it. */
static void a_list_costs_two_turns_an_object(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_list(f, 10000);
  uint64_t turns = rig_counter("marker-turns"),
           scanned = rig_counter("objects-scanned");
  gc_collect(m);
  scanned = rig_counter("objects-scanned") - scanned;
  assert_true(scanned >= 10000);
  assert_in_range(rig_counter("marker-turns") - turns, scanned,
                  2 * scanned + 2);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

static void nearly_all_of_the_limit_holds_objects(void **state) {
  (void)state;
  uint64_t limit = 16 << 20, n = 0;
  rig_open(limit);
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (; gc_try_new(m, f + 1, (gc_shape){1, 48}, GC_PLAIN); n++) {
    gc_store_take(m, f + 1, 0, f);
    gc_move(m, f, f + 1);
  }
  assert_true(n * 64 > limit / 100 * 97);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* A block full of objects, of which every other one dies: what is known of its
 * memory before and after a collection. */
static void free_memory_is_found_where_it_is(void **state) {
  (void)state;
  enum { BLOCK = 32 * 1024, CELL = 32, N = BLOCK / CELL, GROUP = 8 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){N, 0}, GC_PLAIN); /* large: in no block */
  uint64_t large = gc_heap_usage(heap).cells;
  assert_true(large >= 8 * N);
  for (uint32_t i = 0; i < N; i++) {
    gc_new(m, f + 1, (gc_shape){1, 16}, GC_PLAIN);
    gc_store_take(m, f, i, f + 1);
    if (i == 9) { /* a free span is free from its cursor on */
      gc_usage u = gc_heap_usage(heap);
      assert_int_equal(u.objects, 11);
      assert_int_equal(u.free, GROUP * BLOCK - 10 * CELL);
      assert_int_equal(u.free_largest, u.free);
    }
  }
  for (uint32_t i = 1; i < N; i += 2)
    gc_store_null(m, f, i);
  gc_usage u = gc_heap_usage(heap);
  assert_int_equal(u.objects, N + 1);
  assert_int_equal(u.cells, large + BLOCK);
  assert_int_equal(u.free, (GROUP - 1) * BLOCK);
  assert_int_equal(u.free_largest, u.free);
  gc_collect(m);
  u = gc_heap_usage(heap);
  assert_int_equal(u.objects, N / 2 + 1);
  assert_int_equal(u.cells, large + BLOCK / 2);
  assert_int_equal(u.free, (GROUP - 1) * BLOCK + BLOCK / 2);
  /* The last cell of the block is free, and what follows it. */
  assert_int_equal(u.free_largest, (GROUP - 1) * BLOCK + CELL);
  /* The first run that is taken up again is one cell. */
  gc_new(m, f + 1, (gc_shape){1, 16}, GC_PLAIN);
  u = gc_heap_usage(heap);
  assert_int_equal(u.objects, N / 2 + 2);
  assert_int_equal(u.free, (GROUP - 1) * BLOCK + BLOCK / 2 - CELL);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Whatever passes through the finalizer queue, its memory follows what waits,
 * and it stays first in, first out. */
static void the_finalizer_queue_follows_the_backlog(void **state) {
  (void)state;
  enum { EACH = 1000, ROUNDS = 100 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  uint64_t made = 0, taken = 0;
  for (unsigned round = 0; round <= ROUNDS; round++) {
    /* One more than is taken in the first round, so that one always waits. */
    for (unsigned i = 0; i < EACH + !round; i++) {
      gc_new(m, f, (gc_shape){1, 8}, GC_FINALIZABLE);
      *(uint64_t *)gc_payload(m, f) = made++;
    }
    gc_clear(m, f);
    gc_collect(m);
    rig_check();
    assert_int_equal(finalizers_count(), EACH + 1);
    assert_true(finalizers_bytes() <= 64 * EACH);
    for (unsigned i = 0; i < EACH; i++) {
      assert_true(gc_finalizer_next(m, f));
      assert_int_equal(*(uint64_t *)gc_payload(m, f), taken++);
    }
    rig_check();
    assert_true(finalizers_bytes() <= 2048);
  }
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

/* Lists beside the heap shrink when what they list dies. */
static void lists_give_memory_back(void **state) {
  (void)state;
  enum { N = 100000 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_collect(m);
  uint64_t least = gc_heap_footprint(heap).bytes - gc_heap_usage(heap).pages;
  gc_new(m, f, (gc_shape){N, 0}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){0, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < N; i++) {
    gc_weak_new(m, f + 2, f + 1);
    gc_store_take(m, f, i, f + 2);
  }
  gc_collect(m);
  assert_true(tracked_bytes() >= N * sizeof(void *));
  gc_clear(m, f);
  for (unsigned i = 0; i < 20 * STACK_CALM; i++)
    gc_collect(m);
  assert_true(tracked_bytes() <= 2 * STACK_LEAST * sizeof(void *));
  uint64_t now = gc_heap_footprint(heap).bytes - gc_heap_usage(heap).pages;
  assert_true(now < least + N * sizeof(void *));
  assert_true(rig_counter("mark-stack-room") <= STACK_LEAST);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
}

/* However many mutators there are and in whatever order they leave, each of
 * them counts, and what they leave is used by others. */
static void mutators_come_and_go(void **state) {
  (void)state;
  enum { N = 1500, ROUNDS = 3 };
  static gc_mutator *all[N];
  rig_open(0);
  uint64_t pages = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    gc_blocking_enter(m); /* one of them runs at a time */
    for (unsigned i = 0; i < N; i++) {
      all[i] = gc_thread_attach(heap);
      assert_non_null(all[i]);
      gc_reg f = gc_frame_enter(all[i], 1, 0);
      gc_new(all[i], f, (gc_shape){0, 40}, GC_PLAIN);
      gc_tls_store(all[i], 0, f);
      gc_frame_leave(all[i], f, 1, 0);
      gc_blocking_enter(all[i]);
    }
    gc_blocking_leave(m);
    assert_int_equal(rig_objects(), N);
    for (unsigned i = 0; i < N; i++) {
      unsigned leaves = round == 0   ? i
                        : round == 1 ? N - 1 - i
                                     : (unsigned)(i * 7 % N);
      gc_blocking_leave(all[leaves]);
      gc_thread_detach(all[leaves]);
      if (i % 100 == 0)
        assert_int_equal(rig_objects(), N - 1 - i);
    }
    if (round == 0)
      pages = gc_heap_usage(heap).pages;
    assert_int_equal(gc_heap_usage(heap).pages, pages);
  }
  rig_close();
}

/* The check finds each of these in a heap that is being used. */
static void the_check_finds_what_is_broken_between_collections(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 4, 0);
  rig_list(f, 3);
  gc_new(m, f + 1, (gc_shape){0, 8}, GC_FINALIZABLE);
  gc_weak_new(m, f + 2, f);
  gc_collect(m);
  gc_new(m, f + 3, (gc_shape){0, 100}, GC_PLAIN); /* in another block */
  rig_check();

  /* A survivor whose cell is free, although it can be reached. */
  gc_object *survivor = object_read(m, f)->slots[0]->slots[0];
  bitmap_clear(cells_marks, space_granule(survivor));
  rig_broken("does not refer to an object");
  bitmap_set(cells_marks, space_granule(survivor));

  gc_object *finalizable = object_read(m, f + 1);
  finalizers_push(finalizable);
  rig_broken("finalizable still");
  (void)finalizers_pop();
  finalizers_push(survivor);
  finalizers_push(survivor);
  rig_broken("waits for its finalizer twice");
  (void)finalizers_pop();
  (void)finalizers_pop();
  tracked_note_finalizable(finalizable);
  rig_broken("listed twice");
  tracked_finalizable.stack.size--;
  cells_flag(survivor);
  rig_broken("waits for a rescan");
  while (cells_flagged(cells_marks, nothing, NULL))
    continue;
  rig_check();
  gc_frame_leave(m, f, 4, 0);
  rig_close();
}

/* Whether the system was asked for huge pages at this address ("hg" among the
 * flags of the mapping). */
static bool huge_pages_are_wished(const void *at) {
  FILE *maps = fopen("/proc/self/smaps", "r");
  assert_non_null(maps);
  char line[512];
  unsigned long from, to;
  bool here = false, wished = false;
  while (fgets(line, sizeof line, maps)) {
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
      here = from <= (uintptr_t)at && (uintptr_t)at < to;
    else if (here && !strncmp(line, "VmFlags:", 8))
      wished = strstr(line, " hg") != NULL;
  }
  fclose(maps);
  return wished;
}

static void huge_pages_come_by_option_only(void **state) {
  (void)state;
  /* Not every kernel has them, and an emulator does not tell. */
  size_t bytes = 4 << 20;
  void *probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(probe, MAP_FAILED);
  bool told =
      !madvise(probe, bytes, MADV_HUGEPAGE) && huge_pages_are_wished(probe);
  munmap(probe, bytes);
  if (!told)
    skip();
  for (uint64_t wish = 0; wish <= 1; wish++) {
    rig_option("huge-pages", wish);
    rig_open(0);
    assert_int_equal(huge_pages_are_wished(space_base), wish);
    rig_close();
  }
  rig_option("huge-pages", 0);
}

/* Looks at ephemerons in a collection of a chain of n, each of whose values is
 * the next key, or the key before. */
static uint64_t looks_at_chain(uint32_t n, bool backwards) {
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 5, 0);
  gc_new(m, f, (gc_shape){n, 0}, GC_PLAIN);
  gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
  gc_copy(m, f + 4, f + 1);
  for (uint32_t i = 0; i < n; i++) {
    gc_new(m, f + 2, (gc_shape){0, 8}, GC_PLAIN);
    gc_ephemeron_new(m, f + 3, f + 1 + backwards, f + 2 - backwards);
    gc_store_take(m, f, i, f + 3);
    gc_move(m, f + 1, f + 2);
  }
  gc_clear(m, backwards ? f + 4 : f + 1);
  assert_int_equal(rig_objects(), 2 * n + 2);
  uint64_t before = rig_counter("ephemerons-visited");
  assert_int_equal(rig_objects(), 2 * n + 2);
  uint64_t looks = rig_counter("ephemerons-visited") - before;
  gc_frame_leave(m, f, 5, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
  return looks;
}

static void chains_of_ephemerons_take_linear_time(void **state) {
  (void)state;
  for (int backwards = 0; backwards < 2; backwards++) {
    uint64_t once = looks_at_chain(2000, backwards);
    assert_true(once >= 2000);
    assert_true(looks_at_chain(4000, backwards) <= 2 * once + 8);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_capacity_marks_everything),
      cmocka_unit_test(a_list_costs_two_turns_an_object),
      cmocka_unit_test(nearly_all_of_the_limit_holds_objects),
      cmocka_unit_test(free_memory_is_found_where_it_is),
      cmocka_unit_test(the_finalizer_queue_follows_the_backlog),
      cmocka_unit_test(lists_give_memory_back),
      cmocka_unit_test(mutators_come_and_go),
      cmocka_unit_test(the_check_finds_what_is_broken_between_collections),
      cmocka_unit_test(huge_pages_come_by_option_only),
      cmocka_unit_test(chains_of_ephemerons_take_linear_time),
  };
  return cmocka_run_group_tests_name("mark-sweep", tests, NULL, NULL);
}
