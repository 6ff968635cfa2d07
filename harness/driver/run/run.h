/* run.h: the command that runs a plan. */
#ifndef REAPMARK_RUN_H
#define REAPMARK_RUN_H

#include "harness/driver/plan/plan.h"

int run_command(int argc, char **argv);

/* Runs a cell of a plan in a process of its own.  Returns its record, new, with
 * the driver's fields but for those of a planned run (key, invocation, order);
 * NULL if the user interrupted. */
json_t *run_cell(const plan *p, const plan_cell *c, const collectors *all);

#endif
