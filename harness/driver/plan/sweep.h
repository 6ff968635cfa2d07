/* sweep.h: sweeps of the heap size: which sizes, and which of them first.  Pure
 * functions. */
#ifndef REAPMARK_SWEEP_H
#define REAPMARK_SWEEP_H

#include "spec.h"

/* Size number `i` of 0 ... `divisions` from `from` to `to`.  They lie closer
 * together where the heap is tight: with spread 1 the last step is twice as
 * wide as the first (after the running-ng tool). */
double sweep_factor(double from, double to, unsigned divisions, double spread,
                    unsigned i);

/* For each of `n` sizes in ascending order, when it is its turn: 0 for the ends
 * and the middle, 1 for the middles between those, and so on. */
void sweep_levels(size_t n, unsigned *levels);

/* Replaces words "range:FROM-TO/DIVISIONS" ("range:1-6/8") by the multiples
 * they stand for.  Returns NULL, or what is wrong. */
const char *sweep_expand(word_list *heaps);

#endif
