/* floor.h: the interface floor: the time that a production runtime's C
 * interface takes in a cell, whatever its memory management does. */
#ifndef REAPMARK_FLOOR_H
#define REAPMARK_FLOOR_H

#include "harness/driver/plan/plan.h"

/* Measures the floors of the plan's cells whose collector is an adapter and can
 * run.  Returns floors.json (results/schema.md), new, or NULL if there are no
 * such cells. */
json_t *floor_measure(const plan *p, const collectors *all);

#endif
