/* distributions.h: probabilities and quantiles of Student's t distribution and
 * of the binomial distribution.  Pure functions.
 *
 * They are our own, because the GNU Scientific Library would have to be linked
 * to every collector program for these four functions; the tests hold them to
 * that library's values. */
#ifndef REAPMARK_DISTRIBUTIONS_H
#define REAPMARK_DISTRIBUTIONS_H

#include <stddef.h>

/* P(|T| >= |t|) for Student's T with `freedom` > 0 degrees of freedom, which
 * need not be whole. */
double stat_student_p(double t, double freedom);

/* The t > 0 for which stat_student_p is `p`, 0 < p < 1. */
double stat_student_t(double p, double freedom);

/* P(B <= k) for B binomial(n, p), 0 < p < 1. */
double stat_binomial(size_t k, size_t n, double p);

/* The smallest k with P(B <= k) >= confidence: more successes than that are
 * not chance. */
size_t stat_binomial_bound(size_t n, double p, double confidence);

#endif
