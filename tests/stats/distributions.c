/* distributions.c: probabilities and quantiles against the values that the GNU
 * Scientific Library 2.7.1 gives: 2 gsl_cdf_tdist_Q(t, freedom),
 * gsl_cdf_tdist_Qinv(p / 2, freedom) and gsl_cdf_binomial_P(k, p, n). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/stats/distributions.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct student_value {
  double x, freedom, value;
} student_value;

static const student_value probabilities[] = {
    {0.1, 1, 9.365489651388929e-01},    {1, 1, 5.000000000000004e-01},
    {2.5, 1, 2.422378831816867e-01},    {12, 1, 5.292935211917973e-02},
    {100, 1, 6.365985529816508e-03},    {0.1, 2, 9.294654384141401e-01},
    {1, 2, 4.226497308103739e-01},      {2.5, 2, 1.296117202215109e-01},
    {12, 2, 6.872933677158465e-03},     {100, 2, 9.998500249956253e-05},
    {0.1, 4, 9.251558409394532e-01},    {1, 4, 3.739009663000589e-01},
    {2.5, 4, 6.676654481198817e-02},    {12, 4, 2.764285485029728e-04},
    {100, 4, 5.996002098992466e-08},    {0.1, 7.396, 9.230013563594249e-01},
    {1, 7.396, 3.488983505950182e-01},  {2.5, 7.396, 3.924575151879130e-02},
    {12, 7.396, 4.100341133680099e-06}, {100, 7.396, 7.469557847817562e-13},
    {0.1, 30, 9.210096117902711e-01},   {1, 30, 3.253086154260294e-01},
    {2.5, 30, 1.811564906806673e-02},   {12, 30, 5.580185415199281e-13},
    {100, 30, 1.984611796727004e-39},   {0.1, 1000, 9.203643690236041e-01},
    {1, 1000, 3.175524180846723e-01},   {2.5, 1000, 1.257856780109080e-02},
    {12, 1000, 4.324057386774522e-31},
};

static const student_value quantiles[] = {
    {0.5, 1, 9.999999999999999e-01},      {0.1, 1, 6.313751514675041e+00},
    {0.05, 1, 1.270620473617470e+01},     {0.01, 1, 6.365674116287170e+01},
    {1e-06, 1, 6.366197723448006e+05},    {0.5, 2, 8.164965809277261e-01},
    {0.1, 2, 2.919985580353726e+00},      {0.05, 2, 4.302652729749464e+00},
    {0.01, 2, 9.924843200918293e+00},     {1e-06, 2, 9.999992499998438e+02},
    {0.5, 4, 7.406970841126819e-01},      {0.1, 4, 2.131846786326651e+00},
    {0.05, 4, 2.776445105197795e+00},     {0.01, 4, 4.604094871349993e+00},
    {1e-06, 4, 4.945863675693465e+01},    {0.5, 7.396, 7.090989423826793e-01},
    {0.1, 7.396, 1.879427678805585e+00},  {0.05, 7.396, 2.339199029584427e+00},
    {0.01, 7.396, 3.436568409496503e+00}, {1e-06, 7.396, 1.462737799812910e+01},
    {0.5, 30, 6.827556933212922e-01},     {0.1, 30, 1.697260886593958e+00},
    {0.05, 30, 2.042272456301238e+00},    {0.01, 30, 2.749995653567225e+00},
    {1e-06, 30, 6.119075620384217e+00},   {0.5, 1000, 6.747351646070092e-01},
    {0.1, 1000, 1.646378817285465e+00},   {0.05, 1000, 1.962339080826409e+00},
    {0.01, 1000, 2.580754698065951e+00},  {1e-06, 1000, 4.922289523429589e+00},
};

static const struct {
  size_t k, n;
  double p, value;
} binomials[] = {
    {0, 1, 0.5, 5.000000000000000e-01},
    {1, 4, 0.5, 3.124999999999996e-01},
    {2, 10, 0.5, 5.468749999999963e-02},
    {9, 30, 0.5, 2.138697262853350e-02},
    {40, 100, 0.5, 2.844396682048957e-02},
    {480, 1000, 0.5, 1.087241466020213e-01},
    {0, 40, 0.05, 1.285121565651030e-01},
    {2, 40, 0.05, 6.767357607486468e-01},
    {6, 40, 0.05, 9.966081024220640e-01},
    {110, 2000, 0.05, 8.588765045819498e-01},
    {1, 3, 0.9, 2.800000000000004e-02},
    {170, 200, 0.9, 1.632656593176628e-02},
    {5, 1000000, 1e-06, 9.994058213137206e-01},
};

static void assert_close(double actual, double expected) {
  if (!(fabs(actual - expected) <= 1e-10 * expected))
    fail_msg("%.16g is not %.16g", actual, expected);
}

static void student_probabilities(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(probabilities); i++) {
    const student_value *v = &probabilities[i];
    assert_close(stat_student_p(v->x, v->freedom), v->value);
    assert_close(stat_student_p(-v->x, v->freedom), v->value);
  }
  assert_close(stat_student_p(0, 3), 1);
}

static void student_quantiles(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(quantiles); i++)
    assert_close(stat_student_t(quantiles[i].x, quantiles[i].freedom),
                 quantiles[i].value);
}

static void binomial_probabilities(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(binomials); i++)
    assert_close(stat_binomial(binomials[i].k, binomials[i].n, binomials[i].p),
                 binomials[i].value);
  assert_close(stat_binomial(7, 7, 0.3), 1);
}

/* The bound is the first k whose probability reaches the confidence. */
static void binomial_bounds(void **state) {
  (void)state;
  for (size_t n = 1; n <= 200; n += 7) {
    size_t k = stat_binomial_bound(n, 0.05, 0.99);
    assert_true(stat_binomial(k, n, 0.05) >= 0.99);
    assert_true(k == 0 || stat_binomial(k - 1, n, 0.05) < 0.99);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(student_probabilities),
      cmocka_unit_test(student_quantiles),
      cmocka_unit_test(binomial_probabilities),
      cmocka_unit_test(binomial_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
