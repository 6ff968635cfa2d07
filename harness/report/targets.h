/* targets.h: what a measurement was to show, and what it showed.
 *
 * A target of a plan (plan.json) names a metric of one cell, or the ratio of it
 * to that of another cell of the same run, a gate, and perhaps a better number,
 * its stretch.  What was measured is the median of the invocations with an
 * interval; only an interval that is wholly on one side of the gate decides. */
#ifndef REAPMARK_TARGETS_H
#define REAPMARK_TARGETS_H

#include "load.h"

#include <stdio.h>

/* With fewer invocations nothing is decided. */
enum { TARGET_FEWEST = 5 };

/* The targets with what came of them, in their order: an array of objects, new.
 *
 *   target, what, metric    as in the plan
 *   cell, over              the cells; over is absent without one
 *   gate, stretch           real, in the metric's base unit, or ratios
 *   measured, low, high     median or ratio of medians, and the 95 % interval
 *                           by the bootstrap (harness/stats/interval.h)
 *   invocations             of the side that has fewer
 *   rss_ratio               medians of the peaks of resident memory
 *   verdict                 "stretch met", "met", "not met", "not decided",
 *                           "not comparable" (a condition is broken), "n/a"
 *   reason                  of the last three: why
 *
 * What cannot be said is absent.  NULL if the plan has no targets. */
json_t *targets_judge(const report *r);

/* Prints them as "table", "markdown", "csv" or "json"; false if there are none
 * or there is no such format. */
bool targets_print(const report *r, const char *format, FILE *out);

#endif
