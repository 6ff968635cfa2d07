/* histogram.c: see histogram.h. */
#include "harness/stats/histogram.h"

#include <math.h>
#include <stdlib.h>
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

/* The rank of a percentile among `n` values; 0 if they cannot tell it. */
static uint64_t rank_of(uint64_t n, double p) {
  /* A little slack for percentiles that binary fractions miss: 1000 values do
   * support 99.9. */
  if ((double)n * (100 - p) < 100 * (1 - 1e-9))
    return 0;
  uint64_t rank = (uint64_t)floor(p / 100 * (double)n + 0.5);
  return rank ? rank : 1;
}

static uint64_t highest(unsigned index, uint64_t max) {
  return hist_high(index) < max ? hist_high(index) : max;
}

bool hist_percentile(const hist *h, double p, uint64_t *value) {
  const uint64_t rank = rank_of(h->count, p);
  if (!rank)
    return false;
  uint64_t seen = 0;
  unsigned i = 0;
  while ((seen += h->buckets[i]) < rank)
    i++;
  *value = highest(i, h->max);
  return true;
}

bool hist_sparse_percentile(const hist_sparse *h, double p, uint64_t *value) {
  const uint64_t rank = rank_of(h->count, p);
  if (!rank)
    return false;
  uint64_t seen = 0;
  size_t i = 0;
  while ((seen += h->buckets[i].count) < rank)
    i++;
  *value = highest(hist_index(h->buckets[i].low), h->max);
  return true;
}

size_t hist_sparse_merge(const hist_sparse *a, const hist_sparse *b,
                         hist_bucket *out) {
  size_t i = 0, k = 0, n = 0;
  while (i < a->occupied || k < b->occupied) {
    const hist_bucket *x = i < a->occupied ? &a->buckets[i] : NULL;
    const hist_bucket *y = k < b->occupied ? &b->buckets[k] : NULL;
    const bool takes_x = x && (!y || x->low <= y->low);
    const bool takes_y = y && (!x || y->low <= x->low);
    out[n++] =
        (hist_bucket){takes_x ? x->low : y->low,
                      (takes_x ? x->count : 0) + (takes_y ? y->count : 0)};
    i += takes_x;
    k += takes_y;
  }
  return n;
}

bool hist_sparse_add(hist_sparse *into, const hist_sparse *from) {
  if (!from->count)
    return true;
  hist_bucket *merged =
      malloc((into->occupied + from->occupied) * sizeof *merged);
  if (!merged)
    return false;
  const size_t occupied = hist_sparse_merge(into, from, merged);
  const bool first = !into->count;
  free(into->buckets);
  *into = (hist_sparse){
      .count = into->count + from->count,
      .sum = into->sum + from->sum,
      .min = first || from->min < into->min ? from->min : into->min,
      .max = first || from->max > into->max ? from->max : into->max,
      .buckets = merged,
      .occupied = occupied};
  return true;
}

bool hist_sparse_valid(const hist_sparse *h) {
  const size_t n = h->occupied;
  const hist_bucket *buckets = h->buckets;
  if (!n)
    return !h->count;
  bool good = h->min <= h->max &&
              hist_index(h->min) == hist_index(buckets[0].low) &&
              hist_index(h->max) == hist_index(buckets[n - 1].low);
  uint64_t count = 0;
  for (size_t k = 0; good && k < n; k++) {
    good = hist_low(hist_index(buckets[k].low)) == buckets[k].low &&
           buckets[k].count > 0 &&
           (k == 0 || buckets[k].low > buckets[k - 1].low);
    count += buckets[k].count;
  }
  return good && count == h->count;
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

bool hist_rebuild(hist *h, const hist_sparse *from) {
  hist_reset(h);
  if (!hist_sparse_valid(from))
    return false;
  if (!from->occupied)
    return true;
  for (size_t k = 0; k < from->occupied; k++)
    h->buckets[hist_index(from->buckets[k].low)] = from->buckets[k].count;
  h->count = from->count;
  h->sum = from->sum;
  h->min = from->min;
  h->max = from->max;
  return true;
}
