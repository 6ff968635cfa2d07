/* sweep.h: heap sizes in lists: which ones, and which of them first.  Pure
 * functions. */
#ifndef REAPMARK_SWEEP_H
#define REAPMARK_SWEEP_H

#include "harness/base/heap-size.h"

#include <stddef.h>

typedef struct heap_list {
  heap_size *items;
  size_t count;
} heap_list;

/* Adds the heap size that a word stands for, or all of a sweep
 * "range:FROM-TO/DIVISIONS" ("range:1-6/8"), which are multiples.  Returns
 * NULL, or what is wrong with the word.  The list lives as long as the process.
 */
const char *sweep_add(heap_list *heaps, const char *word);

/* Size number `i` of 0 ... `divisions` from `from` to `to`.  They lie closer
 * together where the heap is tight: with spread 1 the last step is twice as
 * wide as the first (after the running-ng tool). */
double sweep_factor(double from, double to, unsigned divisions, double spread,
                    unsigned i);

/* For each of `n` sizes in ascending order, in which turn it is run: 0 for the
 * ends and the middle, 1 for the middles between those, and so on. */
void sweep_levels(size_t n, unsigned *levels);

#endif
