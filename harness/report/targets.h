/* targets.h: whether a measurement showed what it was made to show.
 *
 * A target of a plan (plan.json) names a metric of one cell, or its ratio to
 * that of another cell of the same run; a gate; and perhaps a better number,
 * its stretch.  What was measured is the median of the invocations with an
 * interval.  A target is decided only if the whole interval is on one side of
 * the gate. */
#ifndef REAPMARK_TARGETS_H
#define REAPMARK_TARGETS_H

#include "load.h"

/* With fewer invocations nothing is decided. */
enum { TARGET_FEWEST = 5 };

/* The targets of the plan in their order, with what was measured: an array of
 * objects, new.
 *
 *   target, what, metric    as in the plan
 *   cell, over              the cells; over is absent without one
 *   over_metric             that of `over`, if it has another one
 *   gate, stretch           real, in the metric's base unit, or ratios
 *   figure, over_figure     with `over`: the medians of both sides, in the base
 *                           units of their metrics
 *   measured, low, high     median or ratio of medians, and the 95 % interval
 *                           by the bootstrap (harness/stats/interval.h)
 *   invocations             of the side that has fewer
 *   rss_ratio               medians of the peaks of resident memory
 *   by_hand, by_hand_ratio, by_hand_low, by_hand_high, by_hand_rss
 *                           the same to the peer used by hand; the verdict does
 *                           not depend on it
 *   verdict                 "stretch met", "met", "not met", "not decided",
 *                           "not comparable" (a condition is broken), "n/a"
 *   reason                  of the last three: why
 *
 * What is not available is absent.  NULL if the plan has no targets. */
json_t *targets_judge(const report *r);

#endif
