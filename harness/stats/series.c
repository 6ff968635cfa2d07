/* series.c: see series.h. */
#include "harness/stats/series.h"
#include "harness/stats/interval.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Up to here, all slopes are written down. */
enum { FEW = 100 };

static double median_slope_of_few(const double *values, size_t n) {
  double slopes[FEW * (FEW - 1) / 2];
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t k = i + 1; k < n; k++)
      slopes[count++] = (values[k] - values[i]) / (double)(k - i);
  return stat_summarize(slopes, count).median;
}

/* Sorts, and returns how many pairs i < k have w[k] <= w[i]. */
static uint64_t count_falls(double *w, size_t n, double *room) {
  if (n < 2)
    return 0;
  const size_t half = n / 2;
  uint64_t falls =
      count_falls(w, half, room) + count_falls(w + half, n - half, room);
  size_t i = 0, k = half, at = 0;
  while (i < half || k < n) {
    const bool right = k < n && (i == half || w[k] <= w[i]);
    falls += right ? half - i : 0;
    room[at++] = right ? w[k++] : w[i++];
  }
  memcpy(w, room, n * sizeof *w);
  return falls;
}

/* The slope of this rank, from 1, by bisection: a slope from i to k is at most
 * s if values[k] - s k <= values[i] - s i.  `room` is for 2 n values. */
static double slope_of_rank(const double *values, size_t n, uint64_t rank,
                            double *room) {
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 1; i < n; i++) { /* all others are means of these */
    low = fmin(low, values[i] - values[i - 1]);
    high = fmax(high, values[i] - values[i - 1]);
  }
  const double precise = 1e-13 * fmax(fabs(low), fabs(high));
  while (high - low > precise) {
    const double middle = low + (high - low) / 2;
    for (size_t i = 0; i < n; i++)
      room[i] = values[i] - middle * (double)i;
    if (count_falls(room, n, room + n) < rank)
      low = middle;
    else
      high = middle;
  }
  return high;
}

double stat_theil_sen(const double *values, size_t n) {
  if (n < 2)
    return NAN;
  if (n <= FEW)
    return median_slope_of_few(values, n);
  const uint64_t count = (uint64_t)n * (n - 1) / 2;
  double *room = malloc(2 * n * sizeof *room);
  double slope = room ? slope_of_rank(values, n, (count + 1) / 2, room) : NAN;
  if (room && count % 2 == 0)
    slope = (slope + slope_of_rank(values, n, count / 2 + 1, room)) / 2;
  free(room);
  return slope;
}

size_t stat_steady(const double *values, size_t n, size_t window, double limit,
                   double *mean) {
  for (size_t end = window; end <= n; end++) {
    stat_moments m = stat_moments_of(values + end - window, window);
    if (m.deviation <= limit * fabs(m.mean)) {
      *mean = m.mean;
      return end;
    }
  }
  return 0;
}

double stat_time_mean(const uint64_t *at, const uint64_t *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i + 1 < n; i++)
    sum += (double)values[i] * (double)(at[i + 1] - at[i]);
  double span = n ? (double)(at[n - 1] - at[0]) : 0;
  return span > 0 ? sum / span : n ? (double)values[0] : 0;
}

/* Adds an index unless it was the last one. */
static size_t choose(size_t *chosen, size_t count, size_t index) {
  if (count && chosen[count - 1] >= index)
    return count;
  chosen[count] = index;
  return count + 1;
}

size_t stat_thin(const double *values, size_t n, size_t parts, size_t *chosen) {
  size_t count = 0;
  if (!n)
    return 0;
  count = choose(chosen, count, 0);
  for (size_t k = 0; k < parts; k++) {
    const size_t begin = k * n / parts, end = (k + 1) * n / parts;
    size_t least = begin, most = begin;
    for (size_t i = begin; i < end; i++) {
      least = values[i] < values[least] ? i : least;
      most = values[i] > values[most] ? i : most;
    }
    if (begin == end)
      continue;
    count = choose(chosen, count, least < most ? least : most);
    count = choose(chosen, count, least < most ? most : least);
  }
  return choose(chosen, count, n - 1);
}
