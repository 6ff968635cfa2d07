/* lengthen.h: `run --exercise N`: makes the workloads of a plan so long that
 * every collector collects.
 *
 * A heap that is given in bytes does not fill in the time that a workload takes
 * by default, and nothing is learned of its collectors.  Cells that differ in
 * the collector only get the same length, so that they do the same work. */
#ifndef REAPMARK_LENGTHEN_H
#define REAPMARK_LENGTHEN_H

#include "harness/driver/plan/plan.h"

/* Runs each cell of the plan, sets the parameter by which its workload becomes
 * longer (`longer` in a self-description) until the run has so many collections
 * or comes near the plan's time limit, and gives the cells their new
 * identities.  Says what it did.  False if it was interrupted. */
bool plan_lengthen(plan *p, unsigned collections);

#endif
