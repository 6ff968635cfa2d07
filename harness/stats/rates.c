/* rates.c: see rates.h. */
#include "harness/stats/rates.h"

#include <math.h>

static double ratio(double part, double whole) {
  return whole > 0 ? part / whole : NAN;
}

double stat_rate(double amount, double ns) {
  return 1e9 * ratio(amount, ns);
}

double stat_turnover(double allocated, double heap) {
  return ratio(allocated, heap);
}

double stat_growth(double more, double than) {
  return ratio(more, than) - 1;
}

double stat_percent(uint64_t part, uint64_t whole) {
  return whole ? 100 * (double)part / (double)whole : 0;
}
