/* cell-run.h: runs one cell of a plan in a process of its own. */
#ifndef REAPMARK_CELL_RUN_H
#define REAPMARK_CELL_RUN_H

#include "harness/driver/plan/plan.h"

/* Runs the cell, whose program must be there.  `key` names the run, for the
 * command around it and for the file of its requests; NULL: a trial, which has
 * neither.  `timeline` is the file for its timeline, or NULL.  A run within a
 * command that leaves no record is repeated without the command.  Returns its
 * record, new, with the driver's fields but for those of a planned run (key,
 * invocation, order); NULL if the user interrupted, or no program can be
 * started now, which was said. A record of another run than was asked for
 * counts as none. */
json_t *run_cell(const plan *p, const plan_cell *c, const char *key,
                 const char *timeline);

#endif
