/* volumes.h: whether the workloads of a plan can be run at all. */
#ifndef REAPMARK_VOLUMES_H
#define REAPMARK_VOLUMES_H

#include "plan.h"

/* Asks the collector programs of the plan (--volume) whether the parameters of
 * every workload go together, and whether what is alive fits into memory, so
 * that nothing is run if something is wrong.  False after a mistake, which was
 * said.  A workload is asked for once: a file is read by one program for all
 * that describe the workload alike, and what the file needs and a collector
 * lacks is put into `missing` of the cell.  Programs that do not know the
 * question are not asked. */
bool plan_check_volumes(plan *p);

/* What such a program answers for one workload, new: `live`, `allocated` (all
 * of it) and `set_up` (of that, before the measured part), in bytes; exact, and
 * nothing is run.  NULL if the parameters cannot be; *why becomes the reason,
 * as arena_text. */
json_t *volumes_ask(const collector *c, const spec *workload, unsigned threads,
                    uint64_t seed, const char **why);

#endif
