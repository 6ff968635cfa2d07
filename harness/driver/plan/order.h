/* order.h: in which order the cells of a plan are run.
 *
 * Each invocation is a round: it has every block, and in each block every
 * collector.  The invocations of a cell are therefore spread over the whole
 * time, a drift of the machine hits all collectors of a block alike, and no
 * collector always runs after the same neighbour.  Of the heap sizes of a sweep
 * the ends and the middle come first, then those between, so that an
 * interrupted run leaves a coarse picture and not half of a fine one.
 *
 * A round is the same whichever other rounds of the plan are run, and whatever
 * the number of its invocations: machines may share the rounds of a plan. */
#ifndef REAPMARK_ORDER_H
#define REAPMARK_ORDER_H

#include "plan.h"

/* Drops cells that are there twice, numbers the blocks of the others, and makes
 * the runs of all invocations; the same ones for the same cells and seed. */
void plan_order(plan *p);

/* Adds a round with the next invocation of the cells that are `wanted`, by
 * index; the same one after the same rounds. */
void plan_add_round(plan *p, unsigned invocation, const bool *wanted);

/* The round that a run of a plan of rounds that stand alone belongs to. */
unsigned plan_round(const plan *p, const plan_run *run);

/* The run's identity: the cell's with "#INVOCATION".  As arena_text. */
const char *plan_key(const plan *p, const plan_run *run);

#endif
