/* histogram.h: durations in a log-linear histogram of fixed size.
 *
 * A value falls into a bucket by its leading one bit and the HIST_BITS bits
 * after it, as in HdrHistogram: buckets below 2^(HIST_BITS + 1) hold one value
 * each, and above that no bucket is wider than 1/128 of its lowest value, so
 * that a percentile is at most 0.8 % too high.  Count, sum, smallest and
 * largest value are exact.
 *
 * All memory is in the struct: adding a value never allocates, and a histogram
 * whose pages have been touched (hist_reset does) takes no page fault.  No
 * function locks: one thread at a time per histogram. */
#ifndef REAPMARK_HISTOGRAM_H
#define REAPMARK_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  HIST_BITS = 7,
  HIST_SUB = 1 << HIST_BITS, /* buckets per power of two */
  HIST_BUCKETS = (64 - HIST_BITS + 1) * HIST_SUB
};

typedef struct hist {
  uint64_t count;
  uint64_t sum; /* modulo 2^64 */
  uint64_t min; /* UINT64_MAX while empty */
  uint64_t max; /* 0 while empty */
  uint64_t buckets[HIST_BUCKETS];
} hist;

/* An occupied bucket, by the lowest value that falls into it. */
typedef struct hist_bucket {
  uint64_t low;
  uint64_t count;
} hist_bucket;

/* A histogram as its occupied buckets, in ascending order: some hundred bytes
 * instead of 58 KiB.  `min` and `max` mean nothing while it is empty. */
typedef struct hist_sparse {
  uint64_t count, sum, min, max; /* as above */
  hist_bucket *buckets;
  size_t occupied;
} hist_sparse;

/* Makes the histogram empty, and touches all of its memory. */
void hist_reset(hist *h);

/* The bucket of a value.  Shifting the value right until HIST_BITS + 1
 * significant bits are left keeps neighbouring powers of two adjacent, so the
 * linear part below needs no branch of its own. */
static inline unsigned hist_index(uint64_t value) {
  unsigned log2 = 63 - (unsigned)__builtin_clzll(value | HIST_SUB);
  unsigned shift = log2 - HIST_BITS;
  return shift * HIST_SUB + (unsigned)(value >> shift);
}

static inline void hist_add(hist *h, uint64_t value) {
  h->count++;
  h->sum += value;
  h->min = value < h->min ? value : h->min;
  h->max = value > h->max ? value : h->max;
  h->buckets[hist_index(value)]++;
}

/* Adds the same value `times` times. */
static inline void hist_add_times(hist *h, uint64_t value, uint64_t times) {
  if (times == 0)
    return;
  h->count += times;
  h->sum += value * times;
  h->min = value < h->min ? value : h->min;
  h->max = value > h->max ? value : h->max;
  h->buckets[hist_index(value)] += times;
}

/* The lowest and highest value of bucket `index` < HIST_BUCKETS. */
uint64_t hist_low(unsigned index);
uint64_t hist_high(unsigned index);

/* Adds all of `from` to `into`: the same as adding every value of both. */
void hist_merge(hist *into, const hist *from);

/* Adds to `into` the values of `from`, and for each value v above `interval`
 * the values that further requests would have had if one had come every
 * `interval` > 0 meanwhile: v - interval, v - 2 interval, ... down to
 * `interval`.  This is HdrHistogram's correction for coordinated omission, for
 * closed loops that were meant to keep a rate.  Values of an open loop need no
 * correction, and nothing must be corrected twice.  A value is taken to be the
 * highest of its bucket, clipped to the maximum. */
void hist_correct(hist *into, const hist *from, uint64_t interval);

/* The nearest-rank percentile 0 <= p <= 100: the value of rank max(1,
 * floor(p/100 * n + 0.5)) in ascending order, given as its bucket's highest
 * value clipped to the maximum.  Returns false, with *value unchanged, if
 * fewer than one value is expected above it (n * (1 - p/100) < 1): such a
 * percentile is the maximum under another name. */
bool hist_percentile(const hist *h, double p, uint64_t *value);

bool hist_sparse_percentile(const hist_sparse *h, double p, uint64_t *value);

/* Writes the buckets of both to `out`, which has room for as many as both
 * have.  Returns how many they are. */
size_t hist_sparse_merge(const hist_sparse *a, const hist_sparse *b,
                         hist_bucket *out);

/* Adds all of `from` to `into`, whose buckets are to be freed.  Returns false,
 * with `into` as it was, if there is no memory. */
bool hist_sparse_add(hist_sparse *into, const hist_sparse *from);

/* Whether there is such a histogram, apart from its sum: the buckets are in
 * order, begin at the lowest values of buckets, hold `count` values in all,
 * each at least one, and min and max are in the first and the last of them. */
bool hist_sparse_valid(const hist_sparse *h);

/* Visits the occupied buckets in ascending order: start with *cursor = 0 and
 * call until it returns false. */
bool hist_next(const hist *h, unsigned *cursor, hist_bucket *bucket);

/* Makes `h` the histogram of which hist_next gave these buckets.  Returns
 * false, with `h` empty, if there is no such histogram (hist_sparse_valid). */
bool hist_rebuild(hist *h, const hist_sparse *from);

#endif
