/* drift.h: whether a value that should stay the same has changed over time.
 * Pure functions. */
#ifndef REAPMARK_DRIFT_H
#define REAPMARK_DRIFT_H

#include <stddef.h>

/* The median of the last half of the values over that of the first half, less
 * 1: 0.05 means a rise of 5 %.  The middle value of an odd number of values is
 * in neither half.  Medians, so that single disturbed values do not count.
 * NAN for fewer than DRIFT_VALUES values, or if a median is not positive. */
enum { DRIFT_VALUES = 4 };
double stat_drift(const double *values, size_t n);

#endif
