/* stability.c: see stability.h. */
#include "stability.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

const char *const stability_names[STABILITY_VERDICTS] = {"too short to tell",
                                                         "stable", "growing"};

enum { PAIRS = STABILITY_BLOCKS * (STABILITY_BLOCKS - 1) / 2 };

#define GROWTH_RATE  0.7 /* % a second: what must be excluded to be stable */
#define GROWTH_TAIL  1.0 /* % over the tail: less is no growth */
#define QUANTILE     1.959964 /* of the normal distribution, for 95 % */
#define LEFT_OUT     (1.0 / 3)
#define SIMILAR_MOST 0.8 /* correlation of neighbouring blocks that counts */

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_of(double *values, size_t n) {
  qsort(values, n, sizeof *values, by_value);
  return n ? (values[(n - 1) / 2] + values[n / 2]) / 2 : NAN;
}

/* One number of each block, and its time. */
typedef struct blocks {
  double at[STABILITY_BLOCKS], values[STABILITY_BLOCKS];
  size_t n;
} blocks;

typedef struct slope {
  double slope, low, high;
} slope;

/* How much wider the interval is to be because neighbours resemble each other:
 * n values with correlation r tell as much as n (1 - r) / (1 + r) independent
 * ones. */
static double widening(const blocks *b, double slope_of_all) {
  double rest[STABILITY_BLOCKS], mean = 0, square = 0, product = 0;
  for (size_t i = 0; i < b->n; i++)
    mean += rest[i] = b->values[i] - slope_of_all * b->at[i];
  mean /= (double)b->n;
  for (size_t i = 0; i < b->n; i++) {
    square += (rest[i] - mean) * (rest[i] - mean);
    if (i > 0)
      product += (rest[i] - mean) * (rest[i - 1] - mean);
  }
  /* Of a short series the estimate is too low (Kendall 1954). */
  double n = (double)b->n;
  double r = square > 0 ? (n * product / square + 1) / (n - 4) : 0;
  r = fmin(fmax(r, 0), SIMILAR_MOST);
  return sqrt((1 + r) / (1 - r));
}

/* The median of the slopes of all pairs, and Sen's interval: the slopes of the
 * ranks (N -+ z sqrt(n (n - 1) (2n + 5) / 18)) / 2 of N. */
static slope slope_of(const blocks *b) {
  double slopes[PAIRS];
  size_t pairs = 0;
  for (size_t j = 1; j < b->n; j++)
    for (size_t i = 0; i < j; i++)
      slopes[pairs++] = (b->values[j] - b->values[i]) / (b->at[j] - b->at[i]);
  slope s = {.slope = median_of(slopes, pairs)}; /* sorts them */
  double n = (double)b->n;
  double half = QUANTILE * sqrt(n * (n - 1) * (2 * n + 5) / 18) / 2 *
                widening(b, s.slope);
  double last = (double)(pairs - 1);
  double low = floor((double)pairs / 2 - half), high = last - low;
  s.low = low < 0 ? -INFINITY : slopes[(size_t)low];
  s.high = high > last ? INFINITY : slopes[(size_t)high];
  return s;
}

/* The points of one block, from number *i on. */
static void add_block(const stability_point *points, size_t n, size_t *i,
                      double end, bool last, blocks *most, blocks *median) {
  double max = 0, at = 0;
  size_t first = *i, count;
  while (*i < n && (last || points[*i].at < end)) {
    max = fmax(max, points[*i].most);
    at += points[*i].at;
    ++*i;
  }
  count = *i - first;
  if (count == 0)
    return;
  at /= (double)count;
  /* Of more points than this, so many of them, evenly spread, will do. */
  double values[64];
  size_t kept = 0, room = sizeof values / sizeof *values;
  size_t step = (count + room - 1) / room;
  for (size_t k = first; k < *i; k += step)
    values[kept++] = points[k].value;
  most->at[most->n] = median->at[median->n] = at;
  most->values[most->n++] = max;
  median->values[median->n++] = median_of(values, kept);
}

static double level_of(const blocks *most, const double *levels, size_t first,
                       size_t n) {
  double sorted[STABILITY_BLOCKS], sum = 0;
  if (levels) {
    for (size_t i = first; i < n; i++)
      sum += levels[i];
    return sum / (double)(n - first);
  }
  for (size_t i = 0; i < most->n; i++)
    sorted[i] = most->values[i];
  return median_of(sorted, most->n);
}

static stability_verdict judge(const stability *s, const slope *median) {
  double grown = GROWTH_TAIL / s->seconds;
  if (s->low > 0 && s->slope >= grown && median->slope > 0)
    return STABILITY_GROWING;
  bool fills = median->low > 0 && median->slope >= grown;
  return s->high < GROWTH_RATE && !fills ? STABILITY_STABLE
                                         : STABILITY_TOO_SHORT;
}

stability stability_of(const stability_point *points, size_t n,
                       const double *levels) {
  stability s = {.verdict = STABILITY_TOO_SHORT};
  if (n < 2)
    return s;
  double begin = points[0].at, end = points[n - 1].at;
  begin += (end - begin) * LEFT_OUT;
  s.seconds = end - begin;
  size_t first = 0;
  while (points[first].at < begin)
    first++;
  size_t count = (n - first) / STABILITY_POINTS;
  count = count < STABILITY_BLOCKS ? count : STABILITY_BLOCKS;
  if (count < STABILITY_BLOCKS_LEAST)
    return s;
  blocks most = {.n = 0}, median = {.n = 0};
  size_t next = first;
  for (size_t k = 1; k <= count; k++)
    add_block(points, n, &next, begin + s.seconds * (double)k / (double)count,
              k == count, &most, &median);
  if (most.n < STABILITY_BLOCKS_LEAST)
    return s;
  s.blocks = most.n;
  double level = level_of(&most, levels, first, n);
  if (level <= 0) {
    s.verdict = STABILITY_STABLE;
    return s;
  }
  slope of_most = slope_of(&most), of_median = slope_of(&median);
  double share = 100 / level;
  s.slope = of_most.slope * share;
  s.low = of_most.low * share;
  s.high = of_most.high * share;
  of_median.slope *= share;
  of_median.low *= share;
  s.verdict = judge(&s, &of_median);
  return s;
}
