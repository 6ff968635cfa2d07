/* timelines.h: which run of a plan writes its timeline where
 * (run --timeline). */
#ifndef REAPMARK_TIMELINES_H
#define REAPMARK_TIMELINES_H

#include "harness/driver/plan/plan.h"

#include <jansson.h>

/* In all of these `pattern` is what the user gave, or NULL: no timelines. */

/* Why the plan's runs cannot write their timelines there, in the arena, or
 * NULL.  Several runs need a pattern with {cell}, or each would overwrite the
 * file of the one before. */
const char *timelines_refuse(const char *pattern, const plan *p);

/* The file for the timeline of a run: the pattern with the run's key for
 * {cell}, in which every character that is awkward in a file name is a dash.
 * NULL for the canary, for a run without instruments, and for a program that
 * writes none. */
const char *timelines_file(const char *pattern, const plan *p,
                           const plan_run *run);

/* Warns if the record says that the timeline is not complete, or that there is
 * none. */
void timelines_warn(const char *pattern, const plan *p, const plan_run *run,
                    const json_t *record);

#endif
