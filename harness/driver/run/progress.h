/* progress.h: tells on stderr how far a run is: by the live view (live.h) on a
 * terminal, else by a line per block. */
#ifndef REAPMARK_PROGRESS_H
#define REAPMARK_PROGRESS_H

#include "harness/driver/plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct progress progress;

/* Begins with all runs of the plan ahead. */
progress *progress_begin(const plan *p);

/* The run is done and took `elapsed_ns`: now, or (`now` false) in an earlier
 * session that this one resumes. */
void progress_done(progress *g, const plan_run *run, uint64_t elapsed_ns,
                   bool now);

/* The run starts. */
void progress_start(progress *g, const plan_run *run);

/* The run that was done left this record: says so if it failed. */
void progress_judge(progress *g, const plan_run *run, const json_t *record);

/* Ends the view. */
void progress_end(progress *g);

/* Estimate of the time that the runs ahead take, in seconds: what the same
 * cell took before, or else its block, or else the mean. */
double progress_left(const progress *g);

#endif
