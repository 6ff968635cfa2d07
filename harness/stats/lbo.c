/* lbo.c: see lbo.h. */
#include "harness/stats/lbo.h"

#include <math.h>

double lbo_baseline(const lbo_row *rows, size_t n) {
  double least = NAN;
  for (size_t i = 0; i < n; i++)
    least = fmin(least, rows[i].total - rows[i].attributed);
  return least > 0 ? least : NAN;
}

double lbo_of(lbo_row row, double baseline) {
  return row.total / baseline;
}

double lbo_naive_share(lbo_row row) {
  return row.attributed / row.total;
}
