/* histogram.c: see histogram.h. */
#include "harness/stats/histogram.h"

#include <math.h>
#include <string.h>

void hist_reset(hist *h) {
  memset(h, 0, sizeof *h);
  h->min = UINT64_MAX;
}

uint64_t hist_low(unsigned index) {
  /* The first two powers of two have buckets of width one. */
  if (index < 2 * HIST_SUB)
    return index;
  unsigned shift = index / HIST_SUB - 1;
  return (uint64_t)(index - shift * HIST_SUB) << shift;
}

uint64_t hist_high(unsigned index) {
  return index + 1 < HIST_BUCKETS ? hist_low(index + 1) - 1 : UINT64_MAX;
}

void hist_merge(hist *into, const hist *from) {
  into->count += from->count;
  into->sum += from->sum;
  if (from->min < into->min)
    into->min = from->min;
  if (from->max > into->max)
    into->max = from->max;
  for (unsigned i = 0; i < HIST_BUCKETS; i++)
    into->buckets[i] += from->buckets[i];
}

void hist_correct(hist *into, const hist *from, uint64_t interval) {
  hist_bucket bucket;
  hist_merge(into, from);
  for (unsigned cursor = 0; hist_next(from, &cursor, &bucket);) {
    uint64_t value = hist_high(hist_index(bucket.low));
    value = value < from->max ? value : from->max;
    for (; value >= 2 * interval; value -= interval) {
      uint64_t missed = value - interval;
      into->count += bucket.count;
      into->sum += bucket.count * missed;
      into->min = missed < into->min ? missed : into->min;
      into->buckets[hist_index(missed)] += bucket.count;
    }
  }
}

bool hist_percentile(const hist *h, double p, uint64_t *value) {
  double n = (double)h->count;
  /* A little slack for percentiles that binary fractions miss: 1000 values do
   * support 99.9. */
  if (n * (100 - p) < 100 * (1 - 1e-9))
    return false;
  uint64_t rank = (uint64_t)floor(p / 100 * n + 0.5);
  if (rank == 0)
    rank = 1;
  uint64_t seen = 0;
  unsigned i = 0;
  while ((seen += h->buckets[i]) < rank)
    i++;
  *value = hist_high(i) < h->max ? hist_high(i) : h->max;
  return true;
}

bool hist_next(const hist *h, unsigned *cursor, hist_bucket *bucket) {
  while (*cursor < HIST_BUCKETS) {
    unsigned i = (*cursor)++;
    if (h->buckets[i]) {
      *bucket = (hist_bucket){hist_low(i), h->buckets[i]};
      return true;
    }
  }
  return false;
}

bool hist_rebuild(hist *h, const hist_bucket *buckets, size_t n, uint64_t sum,
                  uint64_t min, uint64_t max) {
  hist_reset(h);
  if (n == 0)
    return true;
  bool good = min <= max && hist_index(min) == hist_index(buckets[0].low) &&
              hist_index(max) == hist_index(buckets[n - 1].low);
  for (size_t k = 0; good && k < n; k++) {
    unsigned i = hist_index(buckets[k].low);
    good = hist_low(i) == buckets[k].low && buckets[k].count > 0 &&
           (k == 0 || buckets[k].low > buckets[k - 1].low);
    h->buckets[i] = buckets[k].count;
    h->count += buckets[k].count;
  }
  if (!good) {
    hist_reset(h);
    return false;
  }
  h->sum = sum;
  h->min = min;
  h->max = max;
  return true;
}
