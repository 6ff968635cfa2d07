/* share.h: the rounds of a plan that one results directory has, of which
 * `reapmark merge` makes one directory. */
#ifndef REAPMARK_MERGE_SHARE_H
#define REAPMARK_MERGE_SHARE_H

#include "harness/driver/plan/plan.h"
#include "harness/record/results.h"

typedef enum round_state {
  ROUND_UNPLANNED, /* the directory's plan does not have it */
  ROUND_EMPTY,     /* no run of it was made */
  ROUND_CUT,       /* not all of its runs were made */
  ROUND_MIXED,     /* its runs are of several machines */
  ROUND_WHOLE
} round_state;

typedef struct share_round {
  round_state state;
  size_t planned, found; /* runs */
  const char *machine;   /* the id; NULL if there is none */
} share_round;

typedef struct share {
  const char *dir;
  json_t *plan_json, *machine_json;
  json_t *machines; /* descriptions of its machines, as machine.json has them */
  plan plan;        /* without programs */
  share_round rounds[ROUND_SET_MOST + 1]; /* by number */
} share;

/* Reads all but the records' contents.  False after a mistake, which was
 * said. */
bool share_read(share *s, const char *dir);

/* Calls `visit` once for each run of a whole round, with its record and its
 * round.  Stops when `visit` returns false.  False if it did, or after an error
 * of reading, which was said. */
typedef bool share_visitor(void *data, json_t *record, unsigned round);
bool share_visit(const share *s, share_visitor *visit, void *data);

/* Releases what is not in the arena. */
void share_free(share *s);

#endif
