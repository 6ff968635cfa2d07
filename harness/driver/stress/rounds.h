/* rounds.h: the rounds of a stress campaign over collectors.
 *
 * In each round a collector meets all its conditions, with a new seed.  When
 * all of them are through, the next round of that collector begins.  In every
 * second round the conditions with tight settings do not get a new seed: each
 * takes one with which, under whatever condition, new pairs of events were
 * seen, and goes on twice as long (their number of threads may differ as well).
 * Which seeds these are follows from the entries of the rounds before, in the
 * order of the table.
 *
 * If an event of the collector did not happen in any of the rounds, a campaign
 * over all conditions adds a few rounds in which only tight settings take
 * part. */
#ifndef REAPMARK_STRESS_ROUNDS_H
#define REAPMARK_STRESS_ROUNDS_H

#include "campaign.h"
#include "coverage.h"

/* A subject under a condition, in all rounds. */
typedef struct course_row {
  const condition *under;
  tally tally; /* of the rounds that are through */
  trial now;   /* of this round */
  bool rests;  /* does not take part in this round */
  bool through;
} course_row;

/* A subject on its way through the rounds. */
typedef struct course {
  const subject *subject;
  course_row *rows; /* by its conditions */
  size_t count;
  uint64_t round;  /* from 0 */
  uint64_t rounds; /* so far as is known */
  double before;   /* c->spent when the round began */
  coverage coverage;
} course;

/* Runs all rounds of the subjects, or up to the end of the campaign.  Returns
 * `n` courses. */
course *rounds_run(campaign *c, const subject *subjects, size_t n);

/* Adds the tally of more episodes. */
void tally_add(tally *sum, const tally *t);

#endif
