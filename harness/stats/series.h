/* series.h: values that follow each other in time: whether they settle or go
 * on changing, and their mean over time.  Pure functions. */
#ifndef REAPMARK_SERIES_H
#define REAPMARK_SERIES_H

#include <stddef.h>
#include <stdint.h>

/* The slope per step as Theil (1950) and Sen (1968) estimate it: the median,
 * over all pairs of values, of their difference divided by their distance.
 * Single outliers do not move it.  Of more than 100 values it is found without
 * writing all pairs down, to within 1e-13 of the steepest slope between
 * neighbours.  NAN for fewer than two values, or without memory. */
double stat_theil_sen(const double *values, size_t n);

/* The first `window` consecutive values whose coefficient of variation
 * (standard deviation over mean) is at most `limit`, which is how Georges,
 * Buytaert & Eeckhout (OOPSLA 2007) define the steady state.  Returns the
 * number, from 1, of the last value of that window, with the window's mean in
 * *mean; 0 if there is none. */
size_t stat_steady(const double *values, size_t n, size_t window, double limit,
                   double *mean);

/* The mean over time of values that were sampled at the ascending times `at`;
 * each value holds until the next one.  0 without values. */
double stat_time_mean(const uint64_t *at, const uint64_t *values, size_t n);

/* Which of `n` values to draw, so that few of them show what all of them do:
 * the first, the last, and of each of `parts` parts of equal length the least
 * and the greatest, in order.  Fills `chosen`, which has room for 2 `parts` + 2
 * indices, and returns how many.  Dropping every other value would lose peaks.
 */
size_t stat_thin(const double *values, size_t n, size_t parts, size_t *chosen);

#endif
