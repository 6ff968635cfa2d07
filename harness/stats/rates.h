/* rates.h: figures by which allocation and heap sizes are commonly compared.
 * NAN if the denominator is not positive.  Pure functions. */
#ifndef REAPMARK_RATES_H
#define REAPMARK_RATES_H

#include <stdint.h>

/* `amount` per second, where it took `ns` nanoseconds. */
double stat_rate(double amount, double ns);

/* How often a heap is filled anew: bytes allocated over bytes that the heap
 * has room for. */
double stat_turnover(double allocated, double heap);

/* How much more `more` is than `than`, as a share: 0.5 for half as much again.
 * For the time in a small heap and in a generous one this is DaCapo's GSS; for
 * the smallest heap after many iterations and after one, its GLK. */
double stat_growth(double more, double than);

/* `part` of `whole` in percent; 0, and not NAN, of nothing: for counts, where
 * none of none is no defect. */
double stat_percent(uint64_t part, uint64_t whole);

#endif
