/* summary.h: what is said about a sample: order statistics, the mean, and how
 * unequal its values are.  Pure functions, but for sorting. */
#ifndef REAPMARK_SUMMARY_H
#define REAPMARK_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------------- *
 * A small sample, such as one cell measured by several invocations.  There is
 * no mean: a mean of five runs says more about the worst of them than about the
 * collector.
 * ------------------------------------------------------------------------- */

typedef struct stat_summary {
  size_t n;
  double median; /* the middle value; of an even sample, the mean of the two */
  double min, max;
  /* (max - min) / |median|: 0.05 means that the sample spans 5 % of its
   * median.  0 for fewer than 2 values or a median of 0. */
  double spread;
} stat_summary;

/* Sorts `values` in place.  All fields are 0 for an empty sample. */
stat_summary stat_summarize(double *values, size_t n);

/* Compares two doubles, for qsort in ascending order. */
int stat_ascending(const void *a, const void *b);

/* ------------------------------------------------------------------------- *
 * A large sample of whole numbers, such as the sizes of all objects.
 * ------------------------------------------------------------------------- */

/* Sorts in ascending order. */
void stat_sort(uint64_t *values, size_t n);

/* The nearest-rank percentile p, 0 to 100, of values in ascending order: the
 * value of rank max(1, floor(p/100 * n + 0.5)).  0 if there are no values. */
uint64_t stat_rank(const uint64_t *sorted, size_t n, double p);

/* The mean, rounded; 0 if there are no values. */
uint64_t stat_mean(const uint64_t *values, size_t n);

/* Gini's coefficient of values in ascending order: 0 if all are equal, towards
 * 1 if few of them make up the sum; 0 without values, or if all are 0.  For
 * lifetimes of objects it tells how distinct generations are (ISMM 2025). */
double stat_gini(const uint64_t *sorted, size_t n);

#endif
