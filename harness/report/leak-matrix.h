/* leak-matrix.h: what the runs of the causes of leaks show: a row for each run,
 * and the matrix of causes and collectors, before the remedy and with it. */
#ifndef REAPMARK_LEAK_MATRIX_H
#define REAPMARK_LEAK_MATRIX_H

#include "harness/output/table.h"

#include <jansson.h>
#include <stdbool.h>

/* The row of a run, new, from its record:
 *
 *   verdict, declared    see below; whether it is as the collector declares
 *   reason               empty if all is well
 *   rounds               how many there were
 *   dropped, quiet, collected; dropped_bytes, ...
 *                        objects and bytes held in the last round beyond those
 *                        before the first; absent where they are not known
 *   growth, growth_bytes how many more are held after the collection of each
 *                        round (Theil and Sen's slope)
 *   retained             of the objects held after the last collection, beyond
 *                        the start, those that can be reached
 *   leaked               those that nothing reaches, or
 *   kept                 the same where they are so few that a conservative
 *                        collector may take them for reachable
 *   retained_growth, leaked_growth
 *                        how many more of these in each round
 *
 * The verdicts:
 *
 *   prompt               gone when the last reference was dropped
 *   at collection        gone later
 *   reclaimed            gone after a collection; the collector does not tell
 *                        whether before it
 *   retained by design   still reachable
 *   LEAK                 neither reachable nor gone
 *   WRONG, OOM, ...      as in a record */
json_t *leaks_row(const json_t *record);

/* The page of rows, which are in the order of causes and then of collectors,
 * `off` before `on`.  To the members of leaks_row the caller has added `cause`,
 * `collector`, `remedy` ("off" or "on") and `root`, what still reaches the
 * retained objects, or "".  A pair that cannot run has the verdict "n/a" and a
 * reason.  People see the matrix, and if `verbose` the rows below it. */
page *leaks_page(const json_t *rows, bool verbose);

#endif
