/* summary.h: what is said about a small sample, such as the same cell measured
 * by several invocations.  Order statistics only: a mean of five runs says more
 * about the worst of them than about the collector. */
#ifndef REAPMARK_SUMMARY_H
#define REAPMARK_SUMMARY_H

#include <stddef.h>

typedef struct stat_summary {
  size_t n;
  double median; /* the middle value; of an even sample, the mean of the two */
  double min, max;
  /* (max - min) / |median|: 0.05 means that the sample spans 5 % of its median.
   * 0 for fewer than 2 values or a median of 0. */
  double spread;
} stat_summary;

/* Sorts `values` in place.  All fields are 0 for an empty sample. */
stat_summary stat_summarize(double *values, size_t n);

#endif
