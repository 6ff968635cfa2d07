/* lbo.h: lower bound of the overhead of memory management (Cai, Blackburn,
 * Bond & Maas, ISPASS 2022).
 *
 * No run is free of a collector, so the cost of the ideal run is estimated from
 * above: by the cheapest, over all collectors and heaps, of what a run cost
 * less what is plainly its collector's.  A run's cost over that is then a lower
 * bound of its overhead: hidden costs (barriers, allocation, locality) of the
 * cheapest one are still in the denominator.  Pure functions. */
#ifndef REAPMARK_LBO_H
#define REAPMARK_LBO_H

#include <stddef.h>

/* One configuration (collector and heap) of a workload, in any one unit. */
typedef struct lbo_row {
  double total;      /* what it cost */
  double attributed; /* of that, what is plainly the collector's */
} lbo_row;

/* The least of total - attributed; NAN of no rows, or if it is not positive. */
double lbo_baseline(const lbo_row *rows, size_t n);

/* total / baseline: 1.25 means at least 25 % over the ideal. */
double lbo_of(lbo_row row, double baseline);

/* attributed / total: what is commonly given instead, blind to all that the
 * collector costs outside its pauses. */
double lbo_naive_share(lbo_row row);

#endif
