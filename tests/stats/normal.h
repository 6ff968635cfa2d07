/* normal.h: numbers that are about normally distributed, for made-up noise. */
#ifndef REAPMARK_TESTS_NORMAL_H
#define REAPMARK_TESTS_NORMAL_H

#include "harness/base/random.h"

/* Of mean 0 and variance 1: the sum of twelve uniform numbers. */
static inline double normal(uint64_t *state) {
  double sum = -6;
  for (unsigned i = 0; i < 12; i++)
    sum += (double)(random_next(state) >> 11) * 0x1p-53;
  return sum;
}

#endif
