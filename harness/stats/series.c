/* series.c: see series.h. */
#include "harness/stats/series.h"
#include "harness/stats/interval.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>

double stat_theil_sen(const double *values, size_t n) {
  size_t count = 0;
  double *slopes = n > 1 ? malloc(n * (n - 1) / 2 * sizeof *slopes) : NULL;
  if (!slopes)
    return NAN;
  for (size_t i = 0; i < n; i++)
    for (size_t k = i + 1; k < n; k++)
      slopes[count++] = (values[k] - values[i]) / (double)(k - i);
  double slope = stat_summarize(slopes, count).median;
  free(slopes);
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
