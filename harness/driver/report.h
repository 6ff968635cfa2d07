/* report.h: the command that prints a results directory. */
#ifndef REAPMARK_REPORT_COMMAND_H
#define REAPMARK_REPORT_COMMAND_H

#include "harness/report/goals.h"
#include "harness/report/load.h"

/* Prints a table (harness/report/tables.h; NULL: the main one) of a results
 * directory to stdout, in a format of harness/output/format.h or, of the main
 * table, as "gbench".  As text, the main table ends with the answer in words,
 * also to the goals (NULL: none).  Says on stderr what is doubtful about the
 * results.  Returns an exit code. */
int report_print(const char *dir, const char *name, const char *format_name,
                 const goal_list *goals);

/* Reads a results directory (report_load_machine; `only` may be NULL) and
 * says what is doubtful about it.  NULL, after having said why, if it holds no
 * results. */
report *report_open(const char *dir, const char *only, report_visitor *visit);

/* Says what is doubtful about a run log. */
void report_warn(const char *dir, const results_state *state);

#endif
