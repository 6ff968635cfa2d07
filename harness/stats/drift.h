/* drift.h: whether something that should stay the same changed over time. */
#ifndef REAPMARK_DRIFT_H
#define REAPMARK_DRIFT_H

#include <stddef.h>

/* The median of the last half of the values over that of the first half, less
 * 1: 0.05 means that it went up by 5 %.  The middle one of an odd number is in
 * neither half.  Medians, so that single disturbed values do not count.  NAN of
 * fewer than DRIFT_VALUES values, or of medians that are not positive. */
enum { DRIFT_VALUES = 4 };
double stat_drift(const double *values, size_t n);

#endif
