/* distributions.c: see distributions.h. */
#include "harness/stats/distributions.h"

#include <math.h>

/* ------------------------------------------------------------------------- *
 * Student's distribution, by the incomplete beta function, which is evaluated
 * by its continued fraction (DLMF 8.17.22) with Lentz's method (1976).
 * ------------------------------------------------------------------------- */

static double beta_fraction(double x, double a, double b) {
  const double tiny = 1e-300;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (fabs(d) < tiny ? tiny : d);
  double value = d;
  for (int m = 1; m < 10000; m++) {
    double change = 1;
    for (int odd = 0; odd < 2; odd++) {
      double term =
          odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
              : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
      d = 1 + term * d;
      c = 1 + term / c;
      d = 1 / (fabs(d) < tiny ? tiny : d);
      c = fabs(c) < tiny ? tiny : c;
      change = c * d;
      value *= change;
    }
    if (fabs(change - 1) < 1e-15)
      break;
  }
  return value;
}

/* The regularised incomplete beta function I_x(a, b).  The fraction converges
 * fast below the mean only; above, the symmetry I_x(a, b) = 1 - I_1-x(b, a) is
 * used. */
static double incomplete_beta(double x, double a, double b) {
  if (x <= 0 || x >= 1)
    return x <= 0 ? 0 : 1;
  double front =
      exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
  if (x < (a + 1) / (a + b + 2))
    return front * beta_fraction(x, a, b) / a;
  return 1 - front * beta_fraction(1 - x, b, a) / b;
}

double stat_student_p(double t, double freedom) {
  return incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/* By bisection: p falls as t grows. */
double stat_student_t(double p, double freedom) {
  double low = 0, high = 1;
  while (stat_student_p(high, freedom) > p && high < 1e12)
    high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
    double middle = (low + high) / 2;
    if (stat_student_p(middle, freedom) > p)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

/* ------------------------------------------------------------------------- *
 * The binomial distribution.
 * ------------------------------------------------------------------------- */

double stat_binomial(size_t k, size_t n, double p) {
  double sum = 0, count = (double)n, all = lgamma(count + 1);
  for (size_t i = 0; i <= k && i <= n; i++) {
    double x = (double)i;
    sum += exp(all - lgamma(x + 1) - lgamma(count - x + 1) + x * log(p) +
               (count - x) * log1p(-p));
  }
  return fmin(sum, 1);
}

size_t stat_binomial_bound(size_t n, double p, double confidence) {
  size_t low = 0, high = n; /* by bisection: a larger k is likelier */
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (stat_binomial(middle, n, p) < confidence)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}
