/* pacing-cells.h: what the records of one cell tell of pacing, for the tables
 * pacing and pacing-space. */
#ifndef REAPMARK_PACING_CELLS_H
#define REAPMARK_PACING_CELLS_H

#include "load.h"
#include "pacing-facts.h"
#include "settling.h"

/* Numbers of one invocation. */
typedef enum pacing_number {
  PACING_RSS,  /* peak of resident memory over the most that was alive */
  PACING_MEAN, /* mean footprint over the mean of what was alive */
  PACING_END,  /* footprint over what is alive, at the end */
  PACING_GARBAGE_MOST, /* dead objects that were held */
  PACING_GARBAGE_MEDIAN,
  PACING_HELD_MOST, /* bytes beyond those that are alive */
  PACING_COLLECTIONS,
  PACING_PER_LIVE_SET, /* collections while as much was allocated as is alive */
  PACING_GOAL,         /* goal over what was alive then, median */
  PACING_OVERSHOOT,    /* % over the goal, at most */
  PACING_NUMBERS
} pacing_number;

typedef struct pacing_cell {
  double *numbers[PACING_NUMBERS]; /* by invocation */
  size_t count;                    /* of invocations */
  settling garbage, memory;
  double garbage_slope, memory_slope; /* the steepest, % a second */
  const char *policy; /* in force; NULL: the collector has none */
} pacing_cell;

/* The visitor that gathers them. */
void pacing_gather(report *r, const report_cell *c, const json_t *record);

/* What was gathered of a cell; NULL of one that has no numbers to show, and of
 * one whose workload does not state what is alive and whose collector has no
 * policy: there is nothing to tell. */
const pacing_cell *pacing_cell_of(const report *r, size_t cell);

/* The median of the invocations; NAN if one of them has no such number. */
double pacing_median(const pacing_cell *c, pacing_number n);

#endif
