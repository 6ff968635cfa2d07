/* leak-matrix.h: what the runs of the causes of leaks show: a row a run, and
 * the matrix of causes and collectors, before the remedy and with it. */
#ifndef REAPMARK_LEAK_MATRIX_H
#define REAPMARK_LEAK_MATRIX_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The row of a run, new, from its record: `verdict`, in words; `declared`;
 * `rounds`; objects and bytes beyond those before the first round that were
 * held in the last one (`dropped`, `quiet`, `collected`, `dropped_bytes`, ...;
 * absent where they are not known); `growth` and `growth_bytes`, how many more
 * each round after collection (Theil-Sen); of the objects after the last
 * collection those that can be reached (`retained`, beyond the start), those
 * that nothing reaches (`leaked`) or, where they are so few that a conservative
 * collector may take them for reachable, `kept`; `retained_growth` and
 * `leaked_growth`; `reason`, empty if all is well.  The verdicts:
 *
 *   prompt               gone when the last reference was dropped
 *   at collection        gone later
 *   reclaimed            gone after a collection; when, the collector does not
 *                        tell
 *   retained by design   still reachable
 *   LEAK                 neither reachable nor gone
 *   WRONG, OOM, ...      as in a record */
json_t *leaks_row(const json_t *record);

/* Prints rows, which are in the order of causes and then of collectors, `off`
 * before `on`.  To what leaks_row tells, somebody has added `cause`,
 * `collector`, `remedy` ("off" or "on") and `root`, what still reaches the
 * retained ones, or ""; a pair that cannot run has the verdict "n/a" and a
 * reason.  `format` is table, markdown, csv or json; only the first two leave
 * the figures to `verbose`. */
void leaks_print(const json_t *rows, const char *format, bool verbose,
                 FILE *out);

#endif
