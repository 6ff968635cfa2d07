/* schedule.h: how many runs of which length fit into the time that there is.
 * Pure functions. */
#ifndef REAPMARK_SCHEDULE_H
#define REAPMARK_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

/* The runs of one workload by one collector: seconds. */
typedef struct schedule_run {
  double fixed;    /* making the live data, checking it, dropping it */
  double measured; /* wanted for the measured part */
  double least;    /* for which it is still worth while */
} schedule_run;

typedef struct schedule {
  unsigned runs;  /* of each cell; 0: not even the fewest fit */
  double share;   /* what is left of the wanted measured parts */
  double seconds; /* that all of it takes, or the fewest would take */
} schedule;

/* How many runs of each cell are wanted. */
typedef struct schedule_bounds {
  unsigned fewest; /* that say anything */
  unsigned good;   /* for which measured parts are shortened */
  unsigned most;
} schedule_bounds;

/* The schedule for `collectors` collectors on `n` workloads in `budget`
 * seconds, of which every round (one run of each cell) needs `between` beside
 * the runs.  Measured parts keep their length if `good` rounds fit with it, and
 * are shortened until they do otherwise; if that is not enough, there are fewer
 * rounds. */
schedule schedule_make(const schedule_run *runs, size_t n, size_t collectors,
                       double between, double budget, schedule_bounds bounds);

/* The length of a measured part under the schedule. */
double schedule_length(const schedule *s, const schedule_run *r);

#endif
