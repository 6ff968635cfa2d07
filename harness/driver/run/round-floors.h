/* round-floors.h: the interface floors of rounds that stand alone, which are
 * measured at both ends of each round, on the machine that runs the round. */
#ifndef REAPMARK_ROUND_FLOORS_H
#define REAPMARK_ROUND_FLOORS_H

#include "harness/driver/plan/plan.h"
#include "runlog.h"

typedef struct round_floors {
  const plan *plan;
  const collectors *all;
  runlog *log;
  json_t *rows; /* those of floors.json, with the new ones */
} round_floors;

/* Begins with what the directory's floors.json has; borrows the rest. */
void round_floors_begin(round_floors *f, const plan *p, const collectors *all,
                        runlog *log);
void round_floors_end(round_floors *f);

/* Measures the floors at the beginning or the end of a round and writes them,
 * unless the directory has them.  False after an error, which was said. */
bool round_floors_measure(round_floors *f, unsigned round, bool at_end);

#endif
