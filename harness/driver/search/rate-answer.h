/* rate-answer.h: what the rates that were found mean, in words. */
#ifndef REAPMARK_RATE_ANSWER_H
#define REAPMARK_RATE_ANSWER_H

#include "harness/output/table.h"

#include <jansson.h>
#include <stdint.h>

/* Adds to the page, for each workload and heap of `rows` (rate.json), who
 * serves the most, who serves less, and who cannot be told apart.  Two are
 * apart if the intervals of `searches` searches are, where the upper end is a
 * grid step
 * (`precision`, a share) further, since the answer lies between two rates of
 * the grid. */
void rate_answer(page *p, const json_t *rows, double precision,
                 uint64_t searches);

#endif
