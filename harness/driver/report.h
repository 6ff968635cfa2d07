/* report.h: the command that prints a results directory. */
#ifndef REAPMARK_REPORT_COMMAND_H
#define REAPMARK_REPORT_COMMAND_H

#include "harness/report/load.h"

/* Prints the report of a results directory to stdout, in a format of
 * harness/report/format.h, or the table of this name of
 * harness/report/figures.h, or limits (targets.h), if `table` is not NULL, and
 * says what is odd about it.  Returns an exit code. */
int report_print(const char *dir, const char *table, const char *format);

/* NULL if there is a table of this name, or what is wrong. */
const char *report_check_table(const char *table);

/* Reads a results directory and says what is odd about it; NULL if it is none,
 * which was said. */
report *report_open(const char *dir);

/* Says what is odd about a run log. */
void report_warn(const char *dir, const results_state *state);

#endif
