/* common.c: size classes and bitmaps, against their definitions, and what the
 * space does with freed memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "common/bitmap.h"
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_has_the_smallest_class_that_holds_it),
      cmocka_unit_test(next_set_bit_is_what_a_scan_finds),
      cmocka_unit_test(what_was_freed_together_is_used_again),
  };
  return cmocka_run_group_tests_name("common", tests, NULL, NULL);
}
