/* draft.h: the suite that `choose` makes of one that a kind of program stands
 * behind (workloads/suites/like-*.yml): the same workloads with as much live
 * data as was asked for, at a rate of requests, so long that collectors
 * collect, and as often as there is time for. */
#ifndef REAPMARK_DRAFT_H
#define REAPMARK_DRAFT_H

#include "harness/base/heap-size.h"
#include "harness/driver/plan/resolve.h"
#include "harness/driver/plan/suite.h"
#include "schedule.h"

#include <stdio.h>

/* What the user wants to know. */
typedef struct question {
  const char *like;
  const suite *suite;     /* that it stands for */
  heap_size live, heap;   /* both HEAP_BYTES */
  const char *p99;        /* as written, or NULL */
  unsigned threads;       /* 0: one, and no workload that needs several */
  uint64_t rate;          /* requests a second; 0: to be found */
  double budget;          /* seconds */
  unsigned runs;          /* of each cell; 0: as many as fit */
  chosen_list collectors; /* that will be run */
} question;

typedef struct draft_cell {
  spec workload;
  unsigned threads;
  uint64_t live; /* bytes alive at the peak, which `describe` counts */
  bool paced;    /* requests arrive on a schedule */
  /* What makes it longer: of a paced one, `duration` in seconds. */
  const char *longer;
  uint64_t length; /* with which the trial ran, */
  double trial;    /* so many seconds */
  uint64_t rate;   /* requests a second; 0: not paced */
  schedule_run run;
} draft_cell;

typedef struct draft {
  const question *question;
  draft_cell *cells;
  size_t count;
  const collector *asked; /* whose program answers for the workloads */
  const collector *tried; /* by which the trial ran */
  double spent;           /* seconds until the schedule was made */
  schedule schedule;
} draft;

/* Takes the cells of the question's suite and gives them their size.  Runs
 * nothing.  False after a mistake, which was said, or if the time was up
 * (spawn_end_at). */
bool draft_size(draft *d, const question *q, const collectors *all);

/* Runs each workload once, at full speed, to learn how fast this machine is;
 * then sets rates, lengths and the number of runs, and says what they follow
 * from.  Returns OPTIONS_GO, or the exit code with which to leave: EXIT_USAGE
 * if there is too little time. */
int draft_pace(draft *d, const collectors *all);

/* Whether some cell has requests. */
bool draft_is_paced(const draft *d);

/* Writes the suite file. */
void draft_write(const draft *d, FILE *out);

#endif
