/* fragmentation.h: how much of the memory of a heap no live object uses.  All
 * arguments are bytes; results are NAN where the denominator is 0.  Pure
 * functions. */
#ifndef REAPMARK_STATS_FRAGMENTATION_H
#define REAPMARK_STATS_FRAGMENTATION_H

/* The share of the heap cells that objects occupy that the objects did not ask
 * for: 24 bytes in cells of 32 leave 0.25. */
double stat_internal_fragmentation(double requested, double cells);

/* The share of the free memory that is not in its largest free span: spans of
 * 64, 16, 16 and 32 bytes give 0.5.  0 without free memory. */
double stat_external_fragmentation(double largest, double free);

/* The share of the pages held for objects that live objects leave unused. */
double stat_heap_fragmentation(double live, double pages);

/* The most memory that was held over the most that was live. */
double stat_space_overhead(double footprint, double live);

/* The bytes of dead objects that still occupy memory over those of live
 * objects. */
double stat_floating_garbage(double dead, double live);

#endif
