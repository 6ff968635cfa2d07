/* series.h: whether values that follow each other settle or go on changing.
 * Pure functions. */
#ifndef REAPMARK_SERIES_H
#define REAPMARK_SERIES_H

#include <stddef.h>

/* The slope for each step, as Theil (1950) and Sen (1968) estimate it: the
 * median over all pairs of their difference by their distance, which single
 * outliers do not move.  NAN for fewer than two values. */
double stat_theil_sen(const double *values, size_t n);

/* The first window of so many values of which the coefficient of variation
 * (standard deviation over mean) is at most `limit`, as Georges, Buytaert &
 * Eeckhout (OOPSLA 2007) define the steady state.  Returns the number, from 1,
 * of the window's last value, with its mean in *mean; 0 if there is none. */
size_t stat_steady(const double *values, size_t n, size_t window, double limit,
                   double *mean);

#endif
