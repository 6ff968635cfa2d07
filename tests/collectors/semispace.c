/* semispace.c: what the copying collector promises beyond the interface: what
 * it copies, where to, and that there is always room. */
#include "rig.h"
/* After the collector. */
#include "common/finalizers.h"
#include "common/forwarding.h"
#include "common/tracked.h"

enum { BLOCK = 32 * 1024, LARGEST = BLOCK / 32 };

static void only_the_living_are_copied_and_once(void **state) {
  (void)state;
  enum { N = 3000 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  rig_list(f, N);
  for (unsigned i = 0; i < 20; i++)
    rig_list(f + 1, N); /* the last one lives as well */
  gc_copy(m, f + 2, f + 1);
  gc_collect(m);
  assert_int_equal(rig_counter("objects-copied"), 2 * N);
  assert_int_equal(rig_counter("bytes-copied"), 2 * N * 32);
  gc_clear(m, f + 1);
  gc_collect(m);
  assert_int_equal(rig_counter("objects-copied"), 4 * N);
  gc_clear(m, f + 2);
  gc_clear(m, f);
  assert_int_equal(rig_objects(), 0);
  assert_int_equal(rig_counter("objects-copied"), 4 * N);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
}

/* Node i of a binary tree has children 2i + 1 and 2i + 2. */
static void tree(gc_reg dst, uint32_t i, uint32_t n) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, dst, (gc_shape){2, 8}, GC_PLAIN);
  *(uint64_t *)gc_payload(m, dst) = i;
  for (uint32_t c = 0; c < 2 && 2 * i + 1 + c < n; c++) {
    tree(f, 2 * i + 1 + c, n);
    gc_store_take(m, dst, c, f);
  }
  gc_frame_leave(m, f, 1, 0);
}

/* So a tree that was built depth first lies level by level afterwards. */
static void copies_lie_breadth_first(void **state) {
  (void)state;
  enum { N = 1000, BYTES = 32 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 2);
  tree(f, 0, N);
  gc_collect(m);
  char *root = gc_payload(m, f);
  for (uint32_t i = 1; i < N; i++) {
    gc_reg at = f;
    unsigned level = 31 - (unsigned)__builtin_clz(i + 1);
    while (level-- > 0) {
      gc_borrow(m, f + 1, at, (i + 1) >> level & 1);
      at = f + 1;
    }
    assert_int_equal(*(uint64_t *)gc_payload(m, at), i);
    assert_int_equal((char *)gc_payload(m, at) - root, i * BYTES);
  }
  gc_frame_leave(m, f, 1, 2);
  rig_close();
}

/* On both sides of the border; what is large refers to what is not. */
static void only_large_objects_stay_where_they_are(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (uint32_t bytes = LARGEST - 32; bytes <= LARGEST + 32; bytes += 8) {
    gc_new(m, f, (gc_shape){1, bytes - 16}, GC_PLAIN);
    gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f + 1) = bytes;
    void *small = gc_payload(m, f + 1), *other = gc_payload(m, f);
    gc_store_take(m, f, 0, f + 1);
    uint64_t scanned = rig_counter("large-scanned");
    gc_collect(m);
    bool large = bytes > LARGEST;
    assert_int_equal(rig_counter("large-scanned"), scanned + large);
    assert_int_equal(gc_payload(m, f) == other, large);
    gc_load(m, f + 1, f, 0);
    assert_ptr_not_equal(gc_payload(m, f + 1), small);
    assert_int_equal(*(uint64_t *)gc_payload(m, f + 1), bytes);
    assert_int_equal(rig_objects(), 2);
  }
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* A chain that is reached through large objects alone, alternately. */
static void large_and_copied_objects_lead_to_each_other(void **state) {
  (void)state;
  enum { N = 200 };
  for (uint64_t most = 0; most < 3; most++) {
    hostile_reset();
    hostile.buffers = most;
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 2, 0);
    for (uint32_t i = 0; i < N; i++) {
      gc_new(m, f + 1, (gc_shape){20, i % 2 ? 8 : LARGEST}, GC_PLAIN);
      for (uint32_t s = 0; s < 20; s++)
        gc_store(m, f + 1, s, f);
      gc_move(m, f, f + 1);
    }
    assert_int_equal(rig_objects(), N);
    assert_int_equal(rig_objects(), N);
    assert_int_equal(rig_counter("large-scanned"), N);
    gc_frame_leave(m, f, 2, 0);
    assert_int_equal(rig_objects(), 0);
    rig_close();
  }
  hostile_reset();
}

/* Blocks that are full to the last byte, of 31 objects of a kibibyte and 64 of
 * a granule, reached in the order that leaves most at the end of each: one of a
 * granule, 31 of a kibibyte, and so on.  At the limit, too. */
static void the_worst_packing_finds_room(void **state) {
  (void)state;
  enum { MOST = 200, BIG = 31, SMALL = 64, EACH = BIG + SMALL };
  const gc_shape big = {0, LARGEST - 8}, small = {0, 8};
  const uint64_t limit = 8 << 20;
  rig_open(limit);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){MOST * EACH, 0}, GC_PLAIN);
  uint32_t blocks = 0, bigs = 0, smalls = 0;
  bool room = true;
  for (; blocks < MOST && room; blocks += room) {
    for (uint32_t i = 0; i < EACH && room; i++) {
      room = gc_try_new(m, f + 1, i < BIG ? big : small, GC_PLAIN);
      uint32_t n = i < BIG ? bigs++ : smalls++;
      uint32_t at = i < BIG    ? n / BIG * (BIG + 1) + 1 + n % BIG
                    : n < MOST ? n * (BIG + 1)
                               : n + MOST * BIG;
      if (room)
        gc_store_take(m, f, at, f + 1);
    }
  }
  assert_false(room);
  /* Nearly half of the limit, as it declares. */
  uint64_t percent = 100u - gc_this_collector.can.reserve;
  assert_true((blocks + 16) * (uint64_t)BLOCK > percent * limit / 100);
  uint64_t live = gc_heap_usage(heap).objects;
  gc_collect(m);
  for (unsigned i = 0; i < 3; i++)
    assert_true(rig_objects() <= live && gc_heap_objects(heap) >= live - 1);
  gc_frame_leave(m, f, 2, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

/* A block that was taken for an object which did not fit, and no other to be
 * had: what is left of it is all there is for the next ones.  Each refusal is
 * two collections, so the heap is small. */
static void a_refused_object_leaves_the_rest_of_the_block(void **state) {
  (void)state;
  rig_open(1 << 20);
  gc_reg f = gc_frame_enter(m, 2, 0);
  while (gc_try_new(m, f + 1, (gc_shape){1, 16}, GC_PLAIN)) {
    gc_store(m, f + 1, 0, f);
    gc_move(m, f, f + 1);
  }
  for (unsigned i = 0; i < 100; i++) {
    gc_load(m, f, f, 0);
    gc_try_new(m, f + 1, (gc_shape){0, LARGEST - 32}, GC_PLAIN);
    for (unsigned k = 0; k < 1000; k++)
      if (!gc_try_new(m, f + 1, (gc_shape){1, 16}, GC_PLAIN))
        break;
  }
  assert_null(gc_heap_check(heap));
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Threads that come and go fill one block one after the other. */
static void a_block_is_handed_on(void **state) {
  (void)state;
  enum { N = 200 };
  rig_open(0);
  gc_mutator *main = m;
  for (uint32_t i = 0; i < N; i++) {
    m = gc_thread_attach(heap);
    gc_reg f = gc_frame_enter(m, 1, 0);
    gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f) = i;
    gc_global_load(m, f, 0);
    gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f) = i;
    if (i % 8 == 0)
      gc_global_store(m, (i / 8) % GC_GLOBALS, f);
    gc_frame_leave(m, f, 1, 0);
    gc_thread_detach(m);
  }
  m = main;
  gc_usage u = gc_heap_usage(heap);
  assert_int_equal(u.objects, 2 * N);
  assert_int_equal(u.cells, 2 * N * 32);
  assert_true(u.free_largest >= BLOCK - 2 * N * 32);
  gc_reg f = gc_frame_enter(m, 1, 0);
  assert_int_equal(rig_objects(), N / 8);
  for (uint32_t i = 0; i < N / 8; i++) {
    gc_global_load(m, f, i);
    assert_int_equal(*(uint64_t *)gc_payload(m, f), 8 * i);
    gc_global_clear(m, i);
  }
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

/* Mutators that were there at the same time leave a block each, and those that
 * come after them go on there.  Nothing is alive, and no collection is due. */
static void all_blocks_of_those_that_left_are_reused(void **state) {
  (void)state;
  enum { N = 20, ROUNDS = 50 };
  rig_open(0);
  gc_mutator *main = m, *all[N];
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned i = 0; i < N; i++) {
      m = all[i] = gc_thread_attach(heap);
      gc_reg f = gc_frame_enter(m, 1, 0);
      gc_new(m, f, (gc_shape){1, 40}, GC_PLAIN);
      gc_frame_leave(m, f, 1, 0);
    }
    for (unsigned i = 0; i < N; i++)
      gc_thread_detach(all[i]);
    m = main;
    rig_check();
    assert_int_equal(
        rig_counter("blocks-taken") - rig_counter("blocks-reopened"), N);
  }
  assert_int_equal(rig_counter("collections"), 0);
  assert_int_equal(gc_heap_usage(heap).objects, N * ROUNDS);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

/* The same within a limit that holds few blocks: there is always room to copy
 * into, also when most open blocks are nearly empty. */
static void open_blocks_leave_room_to_copy_into(void **state) {
  (void)state;
  enum { N = 8, ROUNDS = 30 };
  rig_open(32 * BLOCK);
  gc_mutator *main = m, *all[N];
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned i = 0; i < N; i++)
      all[i] = gc_thread_attach(heap);
    for (unsigned i = 0; i < N; i++)
      gc_blocking_enter(all[i]);
    for (unsigned i = 0; i < N; i++) {
      m = all[i];
      gc_blocking_leave(m);
      gc_reg f = gc_frame_enter(m, 1, 0);
      if (gc_try_new(m, f, (gc_shape){1, round % 2 ? 900 : 8}, GC_PLAIN))
        gc_tls_store(m, 0, f);
      gc_frame_leave(m, f, 1, 0);
      gc_blocking_enter(m);
      m = main;
      rig_check();
    }
    for (unsigned i = 0; i < N; i++) {
      gc_blocking_leave(all[i]);
      gc_thread_detach(all[i]);
      rig_check();
    }
    if (round % 3 == 0)
      assert_int_equal(rig_objects(), 0);
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
  gc_new(m, f + 3, (gc_shape){1, 8}, GC_PLAIN);
  rig_check();
  gc_object *o = object_read(m, f + 3), *old = object_read(m, f);
  object_read(m, f)->slots[0] = o + 2; /* into the middle of an object */
  rig_broken("does not refer to an object");
  old->slots[0] = NULL;
  o->meta |= FORWARDING_STAYS;
  rig_broken("forwarded or flagged");
  o->meta &= ~FORWARDING_STAYS;
  finalizers_push(old);
  finalizers_push(old);
  rig_broken("waits for its finalizer twice");
  (void)finalizers_pop();
  (void)finalizers_pop();
  tracked_note_weak(object_read(m, f + 2));
  rig_broken("listed twice");
  tracked_weak.stack.size--;
  m->cursor -= 16; /* the last object ends behind the fill of its block */
  rig_broken("not as large as it says");
  m->cursor += 16;
  rig_check();
  gc_frame_leave(m, f, 4, 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_the_living_are_copied_and_once),
      cmocka_unit_test(copies_lie_breadth_first),
      cmocka_unit_test(only_large_objects_stay_where_they_are),
      cmocka_unit_test(large_and_copied_objects_lead_to_each_other),
      cmocka_unit_test(the_worst_packing_finds_room),
      cmocka_unit_test(a_refused_object_leaves_the_rest_of_the_block),
      cmocka_unit_test(a_block_is_handed_on),
      cmocka_unit_test(all_blocks_of_those_that_left_are_reused),
      cmocka_unit_test(open_blocks_leave_room_to_copy_into),
      cmocka_unit_test(the_check_finds_what_is_broken_between_collections),
  };
  return cmocka_run_group_tests_name("semispace", tests, NULL, NULL);
}
