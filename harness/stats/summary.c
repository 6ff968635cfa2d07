/* summary.c: see summary.h. */
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

stat_summary stat_summarize(double *values, size_t n) {
  stat_summary s = {.n = n};
  if (n == 0)
    return s;
  qsort(values, n, sizeof *values, ascending);
  s.min = values[0];
  s.max = values[n - 1];
  s.median = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  if (fabs(s.median) > 0)
    s.spread = (s.max - s.min) / fabs(s.median);
  return s;
}
