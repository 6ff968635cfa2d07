/* machines.h: results of several machines: which machine ran which round.
 *
 * A directory that `reapmark merge` made has rounds of several machines.  What
 * is absolute (times, rates, memory) belongs to one machine, and is read of one
 * machine at a time (report_load_machine).  What is a ratio is made within each
 * machine and round, and then put together (harness/stats/strata.h).
 *
 * Everything lives in the arena, but for the descriptions, which the report's
 * `machine` keeps. */
#ifndef REAPMARK_REPORT_MACHINES_H
#define REAPMARK_REPORT_MACHINES_H

#include "load.h"
#include "harness/stats/strata.h"

/* Reads the machines of the directory's machine.json.  If `only` is not NULL,
 * the report becomes one of that machine: of its rounds alone.  Returns NULL,
 * or what is wrong: there is no such machine. */
const char *machines_read(report *r, const char *only);

/* Whether a record belongs to the machine that the report is of; all do if it
 * is of all. */
bool machines_have_record(const report *r, const json_t *record, bool canary);

/* The place in `machines` of the machine that ran a round; 0 unless the results
 * are of several. */
size_t machines_of_round(const report *r, size_t round);

/* The machine whose canary drifted most, and by how much (stat_drift); NAN if
 * no machine has enough runs of it.  *which may be NULL. */
double machines_drift(const report *r, size_t *which);

/* The ratios of a metric of two cells of one report, `above` to `below`, by
 * machine and round.  A round counts in which both have the number.  `which`
 * (may be NULL) has room for all machines of the report, and gets their places.
 * No machines are in the result if a number is not positive. */
stat_strata machines_ratios(const report *r, const report_cell *above,
                            const report_cell *below, const metric *of,
                            size_t *which);

/* The differences of the same rounds, `*n` of them, of numbers that may be 0.
 */
double *machines_differences(const report_cell *above, const report_cell *below,
                             const metric *of, size_t *n);

/* The same of two reports: one pair of samples for each machine that both have,
 * *count of them. */
stat_pair *machines_pairs(const report *above_of, const report_cell *above,
                          const report *below_of, const report_cell *below,
                          const metric *of, size_t *count);

/* The machines with their rounds: "one (1,3), two (2,4)". */
const char *machines_text(const report *r);

#endif
