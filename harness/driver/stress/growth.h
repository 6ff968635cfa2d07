/* growth.h: the conditions `growth-SHAPE`: a program that does twice as much
 * must not cost more than twice as much.
 *
 * A shape of the workloads `growth` (workloads/growth.c) runs at n and at 2n,
 * with the collector's default options and with the first of its tight
 * settings. What is compared is deterministic: counts of the collector's work,
 * its collections, the most work between two steps of the program, and the
 * footprint.  No clock is read. */
#ifndef REAPMARK_GROWTH_H
#define REAPMARK_GROWTH_H

#include "campaign.h"

typedef enum growth_kind {
  GROWTH_WORK,        /* objects visited, slots scanned, ... */
  GROWTH_COLLECTIONS, /* their number */
  GROWTH_BYTES,       /* of the footprint */
} growth_kind;

/* Whether a figure that was `before` at one size and is `after` at twice that
 * size grew too fast.  `flat`: the figure must not grow at all.  The tolerance
 * is a factor and a constant; growth.c says why they are what they are. */
bool growth_exceeds(growth_kind kind, bool flat, uint64_t before,
                    uint64_t after);

/* The `run` of the conditions growth-SHAPE (conditions.h). */
bool growth_run(campaign *c, trial *t);

#endif
