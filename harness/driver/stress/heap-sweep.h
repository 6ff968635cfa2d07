/* heap-sweep.h: the condition `heap-sweep`: enough is enough.
 *
 * Whether a run fits into a heap is monotone in the heap's size: if it fits, it
 * fits into every larger heap.  Workloads with small parameters run with heaps
 * that grow by 5 % each; after the smallest heap that suffices, all larger ones
 * must.  `reapmark minheap` relies on the same by its bisection. */
#ifndef REAPMARK_HEAP_SWEEP_H
#define REAPMARK_HEAP_SWEEP_H

#include "campaign.h"

/* The `run` of the condition (conditions.h). */
bool heap_sweep_run(campaign *c, trial *t);

#endif
