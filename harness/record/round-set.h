/* round-set.h: which rounds of a plan: "3-5", "1,4-6".
 *
 * A round has one invocation of every cell of the plan, and is the unit that
 * machines share: rounds of one plan may be run in different directories, on
 * different machines, and put together by `reapmark merge`.  The round of an
 * invocation is its number. */
#ifndef REAPMARK_RECORD_ROUND_SET_H
#define REAPMARK_RECORD_ROUND_SET_H

#include <stdbool.h>
#include <stddef.h>

/* No plan has more rounds. */
enum { ROUND_SET_MOST = 1000 };

/* The runs of the canary in a round that stands alone: at the beginning, in the
 * middle and at the end.  Those of round k are numbered 3 k - 2 to 3 k. */
enum { ROUND_SET_CANARIES = 3 };

typedef struct round_set {
  bool has[ROUND_SET_MOST + 1]; /* by the number of the round; none has 0 */
  unsigned count, last;         /* `last`: the highest number; 0: no round */
} round_set;

void round_set_add(round_set *s, unsigned round);

/* Reads a list of numbers and ranges, from 1 to ROUND_SET_MOST, with commas
 * between.  False if `text` is anything else; then the set is undefined. */
bool round_set_read(round_set *s, const char *text);

/* The set as such a list, ascending, as short as it can be.  In the arena. */
const char *round_set_text(const round_set *s);

/* The round to which a run of the canary belongs, by the run's number from 1;
 * 0 for the number 0. */
unsigned round_set_of_canary(unsigned run);

#endif
