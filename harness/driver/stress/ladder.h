/* ladder.h: where a seeded bug is hunted, and in which order: the programs of
 * its family under each condition, what is cheap first. */
#ifndef REAPMARK_LADDER_H
#define REAPMARK_LADDER_H

#include "campaign.h"

/* A program under a condition. */
typedef struct bug_place {
  const subject *subject; /* with the bug */
  const condition *under;
  size_t rung; /* the first in which it takes part; in the last, all do */
  bool once;   /* only in that one: it is the same in all */
  bool hinted; /* the list of bugs names its condition */
} bug_place;

/* All places of a bug.  A hunt goes through them once for each rung, with more
 * operations each time. */
typedef struct ladder {
  bug_place *places;
  size_t count;
} ladder;

/* Adds the program under each of the campaign's conditions.  `about` is the bug
 * as the programs list it; `by_user`: the user has chosen the conditions, and
 * all take part from the first rung on. */
void ladder_add(ladder *l, const campaign *c, const collector *program,
                const json_t *about, bool by_user);

/* Puts the cheap places first, so that a bug which falls to a cheap condition
 * of the last program waits for no expensive one of the first. */
void ladder_sort(ladder *l);

/* Puts the conditions first to which most bugs fall in the least time. */
void ladder_order(condition_list *list);

#endif
