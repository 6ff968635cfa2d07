/* fragmentation.c: figures about memory and lifetimes. */
#include "fragmentation.h"

#include <math.h>
#include <stdlib.h>

static double ratio(double part, double whole) {
  return whole > 0 ? part / whole : NAN;
}

double stat_internal_fragmentation(double requested, double cells) {
  return 1 - ratio(requested, cells);
}

double stat_external_fragmentation(double largest, double free) {
  return free > 0 ? 1 - largest / free : 0;
}

double stat_heap_fragmentation(double live, double pages) {
  return 1 - ratio(live, pages);
}

double stat_space_overhead(double footprint, double live) {
  return ratio(footprint, live);
}

double stat_floating_garbage(double dead, double live) {
  return ratio(dead, live);
}

void stat_drag_add(stat_drag *d, uint64_t latency, uint64_t bytes) {
  d->count++;
  d->sum += latency;
  d->max = latency > d->max ? latency : d->max;
  d->drag += latency * bytes;
}

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

void stat_sort(uint64_t *values, size_t n) {
  if (n > 1)
    qsort(values, n, sizeof *values, compare);
}

uint64_t stat_rank(const uint64_t *sorted, size_t n, double p) {
  if (n == 0)
    return 0;
  size_t rank = (size_t)(p / 100 * (double)n + 0.5);
  return sorted[rank < 1 ? 0 : rank > n ? n - 1 : rank - 1];
}

uint64_t stat_mean(const uint64_t *values, size_t n) {
  unsigned __int128 sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += values[i];
  return n ? (uint64_t)((sum + n / 2) / n) : 0;
}

double stat_gini(const uint64_t *sorted, size_t n) {
  double sum = 0, weighted = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)sorted[i];
    weighted += (2 * (double)(i + 1) - (double)n - 1) * (double)sorted[i];
  }
  return sum > 0 ? weighted / ((double)n * sum) : 0;
}

double stat_time_mean(const uint64_t *at, const uint64_t *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i + 1 < n; i++)
    sum += (double)values[i] * (double)(at[i + 1] - at[i]);
  double span = n ? (double)(at[n - 1] - at[0]) : 0;
  return span > 0 ? sum / span : n ? (double)values[0] : 0;
}
