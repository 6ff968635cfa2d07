/* hunting.h: the stress conditions that run programs of their own in place of
 * the random mutator: `scarcity` and `volleys`.  The programs find what is
 * wrong themselves; here it is only decided with which settings they run. */
#ifndef REAPMARK_HUNTING_H
#define REAPMARK_HUNTING_H

#include "campaign.h"

/* The `run` of the conditions (conditions.h).  The program runs with the
 * collector's default options and with each tight setting. */
bool hunting_scarcity(campaign *c, trial *t);
bool hunting_volleys(campaign *c, trial *t);

#endif
