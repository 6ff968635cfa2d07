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

/* With 3 runs that agree a median is on their side with 75 %, with 6 its 95 %
 * interval is known, and with 10 a difference of a few percent. */
enum { SCHEDULE_FEWEST = 3, SCHEDULE_MOST = 10 };

/* The schedule for `collectors` collectors on `n` workloads in `budget`
 * seconds, of which every round (one run of each cell) needs `between` beside
 * the runs.  The measured parts keep their length if `fewest` rounds fit with
 * it, and are shortened until they do otherwise.  No more than `most` are
 * planned. */
schedule schedule_make(const schedule_run *runs, size_t n, size_t collectors,
                       double between, double budget, unsigned fewest,
                       unsigned most);

/* The length of a measured part under the schedule. */
double schedule_length(const schedule *s, const schedule_run *r);

#endif
