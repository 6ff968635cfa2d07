/* common.c: size classes and bitmaps, against their definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "common/bitmap.h"
#include "common/sizeclass.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_has_the_smallest_class_that_holds_it),
      cmocka_unit_test(next_set_bit_is_what_a_scan_finds),
  };
  return cmocka_run_group_tests_name("common", tests, NULL, NULL);
}
