/* common.c: size classes, bitmaps and the prefetch queue, against their
 * definitions, and what the space does with freed memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "common/bitmap.h"
#include "common/blocks.h"
#include "common/hostile/poison.h"
#include "common/prefetch.h"
#include "common/sizeclass.h"
#include "common/space.h"

static void every_size_has_the_smallest_class_that_holds_it(void **state) {
  (void)state;
  for (size_t bytes = 1; bytes <= SIZE_CLASS_MOST; bytes++) {
    unsigned c = size_class(bytes);
    assert_true(c < SIZE_CLASSES);
    assert_true(size_class_bytes(c) >= bytes);
    assert_int_equal(size_class_bytes(c) % 16, 0);
    if (c > 0)
      assert_true(size_class_bytes(c - 1) < bytes);
    /* At most a granule, or a fifth, is wasted. */
    size_t waste = size_class_bytes(c) - bytes;
    assert_true(waste < 16 || 5 * waste <= size_class_bytes(c));
  }
  assert_int_equal(size_class_bytes(SIZE_CLASSES - 1), SIZE_CLASS_MOST);
}

static void next_set_bit_is_what_a_scan_finds(void **state) {
  (void)state;
  uint64_t bits[5] = {0};
  const size_t set[] = {0, 63, 64, 130, 255, 319};
  for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
    assert_true(bitmap_set(bits, set[i]));
    assert_false(bitmap_set(bits, set[i]));
  }
  for (size_t from = 0; from <= 320; from++) {
    for (size_t end = from; end <= 320; end++) {
      size_t expected = from;
      while (expected < end && !bitmap_test(bits, expected))
        expected++;
      assert_int_equal(bitmap_next(bits, from, end), expected);
    }
  }
  bitmap_clear(bits, 64);
  assert_int_equal(bitmap_next(bits, 64, 320), 130);
}

/* Neighbours that are freed together become one extent.  Small parts of such an
 * extent are used before the footprint grows. */
static void what_was_freed_together_is_used_again(void **state) {
  (void)state;
  enum { PIECES = 512, PIECE = 20 << 10 };
  static void *pieces[PIECES];
  assert_true(space_create(0));
  uint64_t used = 0;
  for (unsigned round = 0; round < 3; round++) {
    for (size_t i = 0; i < PIECES; i++) {
      pieces[i] = space_alloc_slow(PIECE, space_uncached());
      assert_non_null(pieces[i]);
      assert_true(round == 0 || space_used() == used);
    }
    used = space_used();
    for (size_t i = 0; i < PIECES; i++)
      space_free(pieces[i], space_uncached());
  }
  space_destroy();
}

/* A list beside the pages grows and shrinks while no page is added. */
static void the_peak_of_a_footprint_is_never_below_what_was_told(void **state) {
  (void)state;
  assert_true(space_create(0));
  gc_footprint before = space_footprint(100), more = space_footprint(5000),
               after = space_footprint(10);
  assert_int_equal(more.bytes, before.bytes + 4900);
  assert_int_equal(more.peak_bytes, before.peak_bytes + 4900);
  assert_int_equal(after.bytes, before.bytes - 90);
  assert_int_equal(after.peak_bytes, more.peak_bytes);
  space_destroy();
}

enum { LIMIT = 4 << 20, BLOCKS = LIMIT / BLOCK_BYTES };

static void use(uint32_t number, int byte) {
  poison_take(block_address(number), BLOCK_BYTES);
  memset(block_address(number), byte, BLOCK_BYTES);
}

/* Takes blocks until the limit is reached; returns how many. */
static uint32_t take_all(uint32_t taken[BLOCKS]) {
  uint32_t n = 0;
  while (n < BLOCKS && (taken[n] = blocks_take()))
    use(taken[n++], 0x5a);
  assert_true(n > BLOCKS / 10 * 9 && space_used() <= LIMIT);
  assert_false(blocks_take());
  return n;
}

/* Half of the memory is free, but no group of blocks is: a large object can
 * have it all the same, and blocks can again when the object has gone. */
static void the_pages_of_empty_blocks_can_be_had_for_anything(void **state) {
  (void)state;
  assert_true(space_create(LIMIT) && blocks_create());
  uint32_t taken[BLOCKS], n = take_all(taken), given = 0;
  for (uint32_t i = 0; i < n; i += 2, given++)
    blocks_give(taken[i]);
  const size_t bytes = (size_t)given * BLOCK_BYTES;
  assert_null(space_alloc(bytes / 8 * 7, space_uncached()));
  uint64_t used = space_used();
  blocks_release();
  assert_true(space_used() <= used - bytes);
  assert_int_equal(blocks_spare, 0);
  assert_null(blocks_check());
  void *p = space_alloc(bytes / 8 * 7, space_uncached());
  assert_non_null(p);
  assert_true(space_used() <= LIMIT);
  assert_false(blocks_hold(given / 2));
  space_free(p, space_uncached());
  space_purge();
  assert_true(blocks_hold(given));
  assert_true(space_used() <= LIMIT);
  assert_null(blocks_check());
  for (uint32_t b; (b = blocks_take()); given--)
    use(b, 0);
  assert_int_equal(given, 0);
  for (uint32_t i = 1; i < n; i += 2)
    assert_int_equal(*(uint8_t *)block_address(taken[i]), 0x5a);
  blocks_destroy();
  space_destroy();
}

/* A group that is given up has all of its pages, or lacks some. */
static void empty_groups_are_given_up_whatever_they_lack(void **state) {
  (void)state;
  assert_true(space_create(LIMIT) && blocks_create());
  uint32_t taken[BLOCKS], n = take_all(taken);
  for (uint32_t i = 0; i < n; i += 2)
    blocks_give(taken[i]);
  blocks_release_but(n / 4); /* half of them keep their pages */
  assert_int_equal(blocks_spare, n / 4);
  for (uint32_t i = 1; i < n; i += 2)
    blocks_give(taken[i]);
  blocks_release();
  assert_int_equal(space_used(), 0);
  assert_null(blocks_check());
  assert_int_equal(take_all(taken), n);
  blocks_destroy();
  space_destroy();
}

/* References leave in the order in which they came; each costs one turn when it
 * arrives and at most one more, however few there are. */
static void a_queue_that_prefetches_costs_two_turns_a_reference(void **state) {
  (void)state;
  enum { LENGTH = 8, REFERENCES = 1000 };
  char heap[REFERENCES + 1];
  for (unsigned most = 1; most <= 2 * LENGTH; most++) {
    void *ring[LENGTH];
    prefetch_ends ends = {0, 0};
    unsigned in = 0, out = 0;
    while (out < REFERENCES) {
      /* At most `most` wait, as where few are known. */
      void *due = in < REFERENCES && in - out < most
                      ? prefetch_turn(ring, LENGTH, &ends, &heap[in++])
                      : prefetch_take(ring, LENGTH, &ends);
      assert_true(!due || due == &heap[out]);
      out += due != NULL;
      assert_int_equal(ends.size, in - out);
      if (ends.size)
        assert_ptr_equal(prefetch_waiting(ring, LENGTH, ends, ends.size - 1),
                         &heap[in - 1]);
    }
    assert_null(prefetch_take(ring, LENGTH, &ends));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_has_the_smallest_class_that_holds_it),
      cmocka_unit_test(a_queue_that_prefetches_costs_two_turns_a_reference),
      cmocka_unit_test(next_set_bit_is_what_a_scan_finds),
      cmocka_unit_test(the_pages_of_empty_blocks_can_be_had_for_anything),
      cmocka_unit_test(empty_groups_are_given_up_whatever_they_lack),
      cmocka_unit_test(what_was_freed_together_is_used_again),
      cmocka_unit_test(the_peak_of_a_footprint_is_never_below_what_was_told),
  };
  return cmocka_run_group_tests_name("common", tests, NULL, NULL);
}
