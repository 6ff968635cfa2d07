/* summary.c: see summary.h. */
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>

int stat_ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

stat_summary stat_summarize(double *values, size_t n) {
  stat_summary s = {.n = n};
  if (n == 0)
    return s;
  qsort(values, n, sizeof *values, stat_ascending);
  s.min = values[0];
  s.max = values[n - 1];
  s.median = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  if (fabs(s.median) > 0)
    s.spread = (s.max - s.min) / fabs(s.median);
  return s;
}

static int whole_ascending(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

void stat_sort(uint64_t *values, size_t n) {
  if (n > 1)
    qsort(values, n, sizeof *values, whole_ascending);
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
