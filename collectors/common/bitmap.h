/* bitmap.h: bitmaps beside the heap, mostly with a bit per granule.  A bitmap
 * is an array of 64-bit words; bit i is bit i % 64 of word i / 64.  Not
 * thread-safe, but for the functions that say so. */
#ifndef REAPMARK_COMMON_BITMAP_H
#define REAPMARK_COMMON_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/hostile/mutants.h"

static inline bool bitmap_test(const uint64_t *bits, size_t i) {
  return bits[i / 64] >> (i % 64) & 1;
}

/* Sets bit `i`; returns whether it was clear. */
static inline bool bitmap_set(uint64_t *bits, size_t i) {
  uint64_t *word = &bits[i / 64];
  uint64_t bit = (uint64_t)1 << (i % 64);
  if (*word & bit)
    return false;
  *word |= bit;
  return true;
}

/* The same while other threads read the bitmap, but do not write to it. */
static inline bool bitmap_set_read(uint64_t *bits, size_t i) {
  uint64_t *word = &bits[i / 64];
  uint64_t bit = (uint64_t)1 << (i % 64), old = *word;
  if (old & bit)
    return false;
  __atomic_store_n(word, old | bit, __ATOMIC_RELAXED);
  return true;
}

/* Whether a bit is set, while other threads write to the bitmap. */
static inline bool bitmap_test_shared(const uint64_t *bits, size_t i) {
  return __atomic_load_n(&bits[i / 64], __ATOMIC_RELAXED) >> (i % 64) & 1;
}

/* Sets a bit like bitmap_set while other threads set bits: of those that set a
 * bit, one finds it clear.  A bit that is set needs no atomic operation. */
static inline bool bitmap_set_shared(uint64_t *bits, size_t i) {
  uint64_t *word = &bits[i / 64];
  uint64_t bit = (uint64_t)1 << (i % 64);
  if (bitmap_test_shared(bits, i))
    return false;
  if (gc_mutant(shared_bit_not_atomic))
    return mutant_set_bits(word, bit);
  return !(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit);
}

static inline void bitmap_clear(uint64_t *bits, size_t i) {
  bits[i / 64] &= ~((uint64_t)1 << (i % 64));
}

/* The number of the first set bit in [i, end), or end. */
static inline size_t bitmap_next(const uint64_t *bits, size_t i, size_t end) {
  if (i >= end)
    return end;
  size_t w = i / 64;
  uint64_t word = bits[w] >> (i % 64) << (i % 64);
  while (word == 0) {
    if (++w * 64 >= end)
      return end;
    word = bits[w];
  }
  i = w * 64 + (unsigned)__builtin_ctzll(word);
  return i < end ? i : end;
}

/* The number of the first clear bit in [i, end), or end. */
static inline size_t bitmap_next_clear(const uint64_t *bits, size_t i,
                                       size_t end) {
  if (i >= end)
    return end;
  size_t w = i / 64;
  uint64_t word = ~bits[w] >> (i % 64) << (i % 64);
  while (word == 0) {
    if (++w * 64 >= end)
      return end;
    word = ~bits[w];
  }
  i = w * 64 + (unsigned)__builtin_ctzll(word);
  return i < end ? i : end;
}

#endif
