/* memory.h: figures about memory and lifetimes. */
#ifndef REAPMARK_STATS_MEMORY_H
#define REAPMARK_STATS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Sorts in ascending order. */
void stat_sort(uint64_t *values, size_t n);

/* The nearest-rank percentile 0 <= p <= 100 of values in ascending order:
 * that of rank max(1, floor(p/100 * n + 0.5)).  0 if there are none. */
uint64_t stat_rank(const uint64_t *sorted, size_t n, double p);

/* Their mean, rounded; 0 if there are none. */
uint64_t stat_mean(const uint64_t *values, size_t n);

/* Gini's coefficient of values in ascending order: 0 if all are alike, towards
 * 1 if few of them make up the sum; 0 for none, or if all are 0.  Of lifetimes
 * it tells whether there are generations to be told apart (ISMM 2025). */
double stat_gini(const uint64_t *sorted, size_t n);

/* The mean over time of what was sampled at ascending times; each value holds
 * until the next one. */
double stat_time_mean(const uint64_t *at, const uint64_t *values, size_t n);

#endif
