/* floor.h: what a reference runtime's C interface costs in each of its cells,
 * whatever its memory management does. */
#ifndef REAPMARK_FLOOR_H
#define REAPMARK_FLOOR_H

#include "harness/driver/plan/plan.h"

/* Measures the floors of the plan's cells of kind reference, without those that
 * cannot run: "floors.json" of results/schema.md.  NULL if there are none. */
json_t *floor_measure(const plan *p, const collectors *all);

#endif
