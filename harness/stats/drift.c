/* drift.c: see drift.h. */
#include "harness/stats/drift.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double median(const double *values, size_t n) {
  double *sorted = malloc(n * sizeof *sorted);
  if (!sorted)
    return NAN;
  memcpy(sorted, values, n * sizeof *sorted);
  double m = stat_summarize(sorted, n).median;
  free(sorted);
  return m;
}

double stat_drift(const double *values, size_t n) {
  if (n < DRIFT_VALUES)
    return NAN;
  double first = median(values, n / 2);
  double last = median(values + (n - n / 2), n / 2);
  return first > 0 && last > 0 ? last / first - 1 : NAN;
}
