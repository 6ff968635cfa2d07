/* fragmentation.h: figures about memory and lifetimes. */
#ifndef REAPMARK_STATS_FRAGMENTATION_H
#define REAPMARK_STATS_FRAGMENTATION_H

#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------------- *
 * What memory is lost to.  All of bytes; NAN where the denominator is 0.
 * ------------------------------------------------------------------------- */

/* What the objects asked for, of the cells that they got: 24 in cells of 32 are
 * 0.25 lost inside them. */
double stat_internal_fragmentation(double requested, double cells);

/* How little of the free memory is in one piece: free stretches of 64, 16, 16
 * and 32 give 0.5.  0 without free memory. */
double stat_external_fragmentation(double largest, double free);

/* What the live objects leave unused of the pages held for objects. */
double stat_heap_fragmentation(double live, double pages);

/* The most memory held over the most that was live. */
double stat_space_overhead(double footprint, double live);

/* Dead objects that still occupy memory, as a share of the live ones. */
double stat_floating_garbage(double dead, double live);

/* ------------------------------------------------------------------------- *
 * How long the dead stay.  An object's latency is from its death to when it was
 * reclaimed, in any unit; those that never are do not come in here.
 * ------------------------------------------------------------------------- */

typedef struct stat_drag {
  uint64_t count, sum, max; /* of latencies */
  uint64_t drag;            /* of bytes times latency (Rojemo & Runciman, ICFP
                               1996) */
} stat_drag;
void stat_drag_add(stat_drag *d, uint64_t latency, uint64_t bytes);

/* ------------------------------------------------------------------------- *
 * Distributions.
 * ------------------------------------------------------------------------- */

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
