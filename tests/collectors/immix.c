/* immix.c: what the mark-region collector promises beyond the interface: which
 * lines it keeps, what goes into holes, what is copied, and that copying never
 * fails. */
#include "rig.h"
#include "pages.h"
/* After the collector. */
#include "common/blocks.h"

enum { LINE = 128, LINES = BLOCK_BYTES / LINE };

/* Of a leaf. */
static char *address(gc_reg r) {
  return (char *)gc_payload(m, r) - 8;
}

/* A leaf of `bytes`, header included. */
static void leaf(gc_reg dst, uint32_t bytes) {
  gc_new(m, dst, (gc_shape){0, bytes - 8}, GC_PLAIN);
}

/* table <- a large object that holds `n` leaves of `bytes` each, numbered, of
 * which those that are not a multiple of `keep` are dropped again. */
static void scatter(gc_reg table, uint32_t n, uint32_t bytes, uint32_t keep) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, table, (gc_shape){n, BLOCK_BYTES / 4}, GC_PLAIN);
  for (uint32_t i = 0; i < n; i++) {
    leaf(f, bytes);
    *(uint64_t *)gc_payload(m, f) = i;
    gc_store_take(m, table, i, f);
  }
  for (uint32_t i = 0; i < n; i++)
    if (i % keep)
      gc_store_null(m, table, i);
  gc_frame_leave(m, f, 1, 0);
}

static void assert_intact(gc_reg table, uint32_t n, uint32_t keep) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (uint32_t i = 0; i < n; i += keep) {
    gc_load(m, f, table, i);
    assert_int_equal(*(uint64_t *)gc_payload(m, f), i);
  }
  gc_frame_leave(m, f, 1, 0);
}

static void options(uint64_t evacuate, uint64_t headroom,
                    uint64_t conservative) {
  rig_option("evacuate", evacuate);
  rig_option("headroom", headroom);
  rig_option("conservative", conservative);
}

/* ------------------------------------------------------------------------- */

/* Which lines of a block are free follows from where the living are; each can
 * be had again, once. */
static void holes_are_the_lines_without_the_living(void **state) {
  (void)state;
  enum { SIZE = 112, N = BLOCK_BYTES / SIZE, KEEP = 7 };
  for (unsigned conservative = 0; conservative < 2; conservative++) {
    options(0, 25, conservative);
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 2, 0);
    scatter(f, N, SIZE, KEEP);
    gc_load(m, f + 1, f, 0);
    uint32_t block = block_number(address(f + 1));
    bool used[LINES + 1] = {0};
    for (uint32_t i = 0; i < N; i += KEEP) {
      gc_load(m, f + 1, f, i);
      assert_int_equal(block_number(address(f + 1)), block);
      size_t at = (size_t)(address(f + 1) - block_address(block));
      used[at / LINE] = true;
      used[conservative ? at / LINE + 1 : (at + SIZE - 1) / LINE] = true;
    }
    gc_collect(m);
    for (unsigned line = 0; line < LINES; line++) {
      if (used[line])
        continue;
      leaf(f + 1, LINE);
      assert_ptr_equal(address(f + 1), block_address(block) + line * LINE);
    }
    leaf(f + 1, LINE); /* that was all */
    assert_int_not_equal(block_number(address(f + 1)), block);
    assert_intact(f, N, KEEP);
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
}

/* An object of several lines may have all of them to itself: the last one of a
 * live object must not be handed out. */
static void every_line_of_a_long_object_is_kept(void **state) {
  (void)state;
  options(0, 25, 0);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  for (uint32_t bytes = 16; bytes <= BLOCK_BYTES / 4; bytes += 1008) {
    leaf(f, bytes);
    memset(gc_payload(m, f), 0x5a, bytes - 8);
    gc_collect(m);
    const char *begin = address(f);
    for (unsigned i = 0; i < 3 * LINES; i++) {
      leaf(f + 1, LINE);
      assert_true(address(f + 1) >= begin + bytes ||
                  address(f + 1) + LINE <= begin);
      memset(gc_payload(m, f + 1), 0, LINE - 8);
    }
    for (uint32_t b = 0; b < bytes - 8; b++)
      assert_int_equal(((char *)gc_payload(m, f))[b], 0x5a);
    rig_check();
  }
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* What does not fit into a hole leaves it to what does; but not for ever. */
static void a_hole_waits_for_small_objects(void **state) {
  (void)state;
  enum { PATIENCE = 4 };
  options(0, 25, 0);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  scatter(f, LINES, LINE, 2); /* every other line is a hole */
  gc_collect(m);
  gc_load(m, f + 1, f, 0);
  uint32_t block = block_number(address(f + 1));
  leaf(f + 1, 32);
  assert_ptr_equal(address(f + 1), block_address(block) + LINE);
  for (unsigned i = 0; i < PATIENCE; i++) {
    leaf(f + 2, 2 * LINE);
    assert_int_not_equal(block_number(address(f + 2)), block);
  }
  leaf(f + 1, 48);
  assert_ptr_equal(address(f + 1), block_address(block) + LINE + 32);
  for (unsigned i = 0; i <= PATIENCE; i++)
    leaf(f + 2, 2 * LINE);
  leaf(f + 1, 48);
  assert_int_not_equal(block_number(address(f + 1)), block);
  gc_usage u = gc_heap_usage(heap); /* fillers are no objects */
  assert_int_equal(u.objects, 1 + LINES / 2 + 3 + 2 * PATIENCE + 1);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
}

/* What others have in a block is known to the byte, dead or alive. */
static void figures_are_exact(void **state) {
  (void)state;
  enum { N = 600, SIZE = 48, KEEP = 3, KEPT = N / KEEP };
  options(0, 25, 0);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  scatter(f, N, SIZE, KEEP);
  gc_usage u = gc_heap_usage(heap);
  uint64_t large = u.cells - N * SIZE;
  assert_int_equal(u.objects, N + 1);
  uint64_t all = u.free + N * SIZE;
  gc_collect(m);
  u = gc_heap_usage(heap);
  assert_int_equal(u.objects, KEPT + 1);
  assert_int_equal(u.cells, large + KEPT * SIZE);
  assert_int_equal(u.free, all - KEPT * SIZE);
  leaf(f + 1, 2000);
  u = gc_heap_usage(heap);
  assert_int_equal(u.objects, KEPT + 2);
  assert_int_equal(u.cells, large + KEPT * SIZE + 2000);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* A few objects in each of many blocks are brought together, each once, and
 * all references to them follow. */
static void fragmented_blocks_are_emptied(void **state) {
  (void)state;
  enum {
    GROUP = 8,
    BLOCKS = 16,
    N = BLOCKS * LINES,
    KEEP = 16,
    KEPT = N / KEEP
  };
  options(1, 500, 0);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 5, 0);
  scatter(f, N, LINE, KEEP);
  gc_load(m, f + 1, f, 0); /* a register, */
  gc_new(m, f + 2, (gc_shape){2, 0}, GC_PLAIN);
  gc_store(m, f + 2, 0, f + 1); /* slots, */
  gc_store(m, f + 2, 1, f + 1);
  gc_weak_new(m, f + 3, f + 1); /* and a weak reference */
  char *before = address(f + 1);
  gc_collect(m); /* nothing is known of the blocks yet */
  assert_int_equal(rig_counter("objects-moved"), 0);
  assert_ptr_equal(address(f + 1), before);
  gc_collect(m);
  assert_true(rig_counter("candidates") >= BLOCKS);
  assert_int_equal(rig_counter("objects-stayed"), 0);
  assert_int_equal(rig_counter("objects-moved"), KEPT + 2);
  assert_ptr_not_equal(address(f + 1), before);
  for (uint32_t slot = 0; slot < 2; slot++) {
    gc_load(m, f + 4, f + 2, slot);
    assert_true(gc_same(m, f + 1, f + 4));
  }
  assert_true(gc_weak_get(m, f + 4, f + 3));
  assert_true(gc_same(m, f + 1, f + 4));
  gc_load(m, f + 4, f, 0);
  assert_true(gc_same(m, f + 1, f + 4));
  assert_intact(f, N, KEEP);
  assert_int_equal(gc_heap_objects(heap), KEPT + 3);
  /* All blocks of some group are empty now, and perhaps of its neighbours. */
  gc_usage u = gc_heap_usage(heap);
  assert_true(u.free_largest >= GROUP * BLOCK_BYTES);
  assert_int_equal(u.free_largest % (GROUP * BLOCK_BYTES), 0);
  rig_check();
  gc_frame_leave(m, f, 5, 0);
  rig_close();
}

static void nothing_moves_where_that_is_switched_off(void **state) {
  (void)state;
  enum { N = 16 * LINES, KEEP = 16 };
  options(0, 500, 0);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  scatter(f, N, LINE, KEEP);
  gc_collect(m);
  gc_collect(m);
  assert_int_equal(rig_counter("candidates"), 0);
  assert_int_equal(rig_counter("objects-moved"), 0);
  assert_int_equal(rig_counter("headroom"), 0);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

/* The holes of most blocks are filled with what lives on: far more has to be
 * copied than was reckoned with, and what finds no room stays.  Half of the
 * headroom is left, without which nothing could ever be copied again. */
static void what_finds_no_room_stays(void **state) {
  (void)state;
  enum { BLOCKS = 40, N = BLOCKS * LINES, KEEP = 4 };
  enum { MORE = (BLOCKS - 2) * LINES / KEEP * (KEEP - 1) };
  options(1, 25, 0);
  rig_open(8 << 20);
  gc_reg f = gc_frame_enter(m, 3, 0);
  scatter(f, N, LINE, KEEP);
  gc_collect(m);
  assert_int_equal(rig_counter("headroom"), 7); /* of 256 blocks */
  scatter(f + 1, MORE, LINE, 1);
  gc_collect(m);
  uint64_t candidates = rig_counter("candidates");
  assert_true(candidates > 3);
  assert_true(rig_counter("headroom") >= 7 / 2 + 1);
  uint64_t moved = rig_counter("objects-moved");
  uint64_t stayed = rig_counter("objects-stayed");
  assert_true(moved >= 3 * LINES);
  assert_true(stayed > 0);
  assert_true(moved + stayed >= (candidates - 2) * LINES);
  assert_int_equal(gc_heap_objects(heap), 2 + N / KEEP + MORE);
  rig_check();
  assert_intact(f, N, KEEP);
  assert_intact(f + 1, MORE, 1);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
}

/* Of each line one small object is left.  The lines are all in use, but there
 * is room for twice as much again. */
static void half_empty_lines_are_not_lost(void **state) {
  (void)state;
  enum { LIMIT = 9 << 19, SIZE = 32, KEEP = LINE / SIZE, N = 3 << 15 };
  options(1, 25, 0);
  rig_open(LIMIT);
  gc_reg f = gc_frame_enter(m, 2, 0);
  scatter(f, N, SIZE, KEEP); /* 3 MiB of lines; the table is most of one */
  uint64_t n = 0;
  for (; gc_try_new(m, f + 1, (gc_shape){1, 48}, GC_PLAIN); n++) {
    gc_reg g = gc_frame_enter(m, 1, 0);
    gc_load(m, g, f, 1);
    gc_store_take(m, f + 1, 0, g);
    gc_store_take(m, f, 1, f + 1);
    gc_frame_leave(m, g, 1, 0);
  }
  assert_intact(f, N, KEEP);
  assert_true(n * 64 > (uint64_t)LIMIT / 4);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

static void nearly_all_of_the_limit_holds_objects(void **state) {
  (void)state;
  uint64_t limit = 16 << 20, n = 0;
  options(1, 25, 0);
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

/* One object is left in every other block, so that no group of blocks is empty.
 * Objects that stay where they are leave half of the memory to large ones;
 * those that move, nearly all of it. */
static void large_objects_can_have_what_is_free(void **state) {
  (void)state;
  enum { SIZE = BLOCK_BYTES / 4, KEEP = 8 };
  /* Where pages are long, what else is allocated takes a group's place. */
  const bool coarse = pages_are_long();
  const uint32_t limit = coarse ? 3 << 20 : 3 << 18;
  const uint32_t n =
      limit / SIZE - KEEP - 2 - (coarse ? 8 * BLOCK_BYTES / SIZE : 0);
  for (unsigned evacuate = 0; evacuate < 2; evacuate++) {
    options(evacuate, 25, 0);
    rig_open(limit);
    gc_reg f = gc_frame_enter(m, 2, 0);
    scatter(f, n, SIZE, KEEP);
    uint32_t bytes = evacuate ? limit / 3 * 2 : limit / 5 * 2;
    leaf(f + 1, bytes);
    assert_true(gc_heap_usage(heap).pages <= limit);
    memset(gc_payload(m, f + 1), 0x5a, bytes - 8);
    assert_intact(f, n, KEEP);
    gc_clear(m, f + 1);
    for (unsigned i = 0; i < 10 * KEEP; i++)
      leaf(f + 1, SIZE);
    assert_intact(f, n, KEEP);
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
}

/* Others go on in the block of a thread that ended, where it stopped. */
static void a_dead_threads_block_is_gone_on_with(void **state) {
  (void)state;
  options(1, 25, 0);
  rig_open(0);
  gc_mutator *mine = m;
  m = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(m, 1, 0);
  leaf(f, 48);
  char *first = address(f);
  gc_frame_leave(m, f, 1, 0);
  gc_thread_detach(m);
  m = mine;
  f = gc_frame_enter(m, 1, 0);
  leaf(f, 48);
  assert_ptr_equal(address(f), first + LINE); /* the line is not shared */
  assert_int_equal(gc_heap_usage(heap).objects, 2);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(holes_are_the_lines_without_the_living),
      cmocka_unit_test(every_line_of_a_long_object_is_kept),
      cmocka_unit_test(a_hole_waits_for_small_objects),
      cmocka_unit_test(figures_are_exact),
      cmocka_unit_test(fragmented_blocks_are_emptied),
      cmocka_unit_test(nothing_moves_where_that_is_switched_off),
      cmocka_unit_test(what_finds_no_room_stays),
      cmocka_unit_test(half_empty_lines_are_not_lost),
      cmocka_unit_test(nearly_all_of_the_limit_holds_objects),
      cmocka_unit_test(large_objects_can_have_what_is_free),
      cmocka_unit_test(a_dead_threads_block_is_gone_on_with),
  };
  return cmocka_run_group_tests_name("immix", tests, NULL, NULL);
}
