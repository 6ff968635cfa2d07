/* sizeclass.h: the size classes of size-segregated blocks.
 *
 * Up to 256 bytes every multiple of 16 is a class; above, there are four
 * classes per doubling, so that rounding wastes at most a fifth.  For a
 * constant size the functions fold to constants. */
#ifndef REAPMARK_COMMON_SIZECLASS_H
#define REAPMARK_COMMON_SIZECLASS_H

#include <stddef.h>
#include <stdint.h>

enum {
  SIZE_CLASS_FINE = 256,  /* up to here every multiple of 16 is a class */
  SIZE_CLASS_MOST = 4096, /* the largest; an eighth of a block (blocks.h) */
  SIZE_CLASSES = SIZE_CLASS_FINE / 16 + 4 * 4,
};

/* The class of an object of `bytes`, 1 .. SIZE_CLASS_MOST. */
static inline unsigned size_class(size_t bytes) {
  if (bytes <= SIZE_CLASS_FINE)
    return (unsigned)((bytes + 15) / 16 - 1);
  /* 2^k < bytes <= 2^(k+1), k >= 8: quarters of 2^k above it. */
  unsigned k = 63 - (unsigned)__builtin_clzll(bytes - 1);
  unsigned quarter = (unsigned)((bytes - 1) >> (k - 2)) & 3;
  return SIZE_CLASS_FINE / 16 + 4 * (k - 8) + quarter;
}

/* The bytes of a cell of this class: a multiple of 16. */
static inline size_t size_class_bytes(unsigned c) {
  if (c < SIZE_CLASS_FINE / 16)
    return 16 * ((size_t)c + 1);
  unsigned k = 8 + (c - SIZE_CLASS_FINE / 16) / 4;
  unsigned quarter = (c - SIZE_CLASS_FINE / 16) % 4;
  return ((size_t)5 + quarter) << (k - 2);
}

#endif
