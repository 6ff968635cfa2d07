/* races.h: the conditions race-SHAPE: threads that race for the same objects
 * (workloads/races.c). */
#ifndef REAPMARK_RACES_H
#define REAPMARK_RACES_H

#include "campaign.h"

/* The `run` of these conditions (conditions.h). */
bool races_run(campaign *c, trial *t);

#endif
