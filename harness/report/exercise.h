/* exercise.h: what may be shown and compared of a cell whose collector hardly
 * collected (harness/record/exercised.h), or whose runs were made within a
 * command of the user (run --wrap), which takes time and memory of its own.
 * All tables and comparisons ask here. */
#ifndef REAPMARK_REPORT_EXERCISE_H
#define REAPMARK_REPORT_EXERCISE_H

#include "load.h"

#include <stdbool.h>

/* Whether a number of this metric may be shown. */
bool report_shows(const exercise *e, const metric *m);

/* Takes from an invocation the numbers that claim what did not happen, or was
 * not seen: pauses, steps, shares and utilisation without a collection, or of a
 * collector that does not report its pauses. */
void report_withhold(report_sample *s);

/* The least proof of the cell's invocations: with that the cell is judged. */
exercise report_exercise(const report_cell *c);

/* Whether the cell's numbers of this metric may be held against those of
 * another: times need a collection, and pauses need some. */
bool report_compares(const report_cell *c, const metric *m);

/* Whether its times may; the same for all times. */
bool report_compares_time(const report_cell *c);

/* The command around the first of the cell's invocations that had one, or
 * NULL. */
const char *report_wrapped(const report_cell *c);

/* "wrapped", "not exercised" or "2 collections", which a row is marked with; or
 * NULL. */
const char *report_exercise_mark(const report_cell *c);

/* What that means and what would help, in one line; or NULL. */
const char *report_exercise_text(const report_cell *c);

/* That the collector does not report its pauses, in one line; or NULL. */
const char *report_unreported_text(const report_cell *c);

/* The verdict with the mark: "ok, not exercised". */
const char *report_marked_verdict(const report_cell *c);

/* For programs: "yes", "few", "no"; "apart" if the workload keeps collections
 * out of what it measures; NULL if the records do not tell. */
const char *report_exercise_word(const report_cell *c);

#endif
