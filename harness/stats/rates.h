/* rates.h: figures by which allocation and heap sizes are commonly compared.
 * NAN where the denominator is not above 0.  Pure functions. */
#ifndef REAPMARK_RATES_H
#define REAPMARK_RATES_H

/* `amount` in so many nanoseconds, per second. */
double stat_rate(double amount, double ns);

/* How often a heap is filled anew: bytes allocated over those it holds. */
double stat_turnover(double allocated, double heap);

/* How much more it is: 0.5 for half as much again.  Of the time in a small heap
 * over that in a generous one this is DaCapo's GSS; of the smallest heap after
 * many iterations over that after one, its GLK. */
double stat_growth(double more, double than);

#endif
