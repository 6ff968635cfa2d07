/* lbo.h: a lower bound of the overhead of memory management (LBO; Cai,
 * Blackburn, Bond & Maas, ISPASS 2022).
 *
 * No run is free of a collector, so the cost of an ideal run is estimated from
 * above: for each collector and heap, subtract from the cost of the run what
 * is plainly the collector's; the least of these differences is the baseline.
 * The cost of a run over the baseline is then a lower bound of its overhead,
 * because hidden costs (barriers, allocation, locality) of the cheapest
 * configuration are still in the baseline.  Pure functions. */
#ifndef REAPMARK_LBO_H
#define REAPMARK_LBO_H

#include <stddef.h>

/* One configuration (collector and heap) of a workload, in any unit. */
typedef struct lbo_row {
  double total;      /* the cost of the run */
  double attributed; /* the part of it that is plainly the collector's */
} lbo_row;

/* The least of total - attributed.  NAN without rows, or if it is not
 * positive. */
double lbo_baseline(const lbo_row *rows, size_t n);

/* total / baseline: 1.25 means at least 25 % more than the ideal run. */
double lbo_of(lbo_row row, double baseline);

/* attributed / total: the share that is commonly given instead, which does not
 * include what the collector costs outside its pauses. */
double lbo_naive_share(lbo_row row);

#endif
