/* campaign.h: many episodes, each of them logged: what `reapmark stress` does
 * with collectors and with seeded bugs.
 *
 * A campaign asks for one episode after the other, and which one is next
 * follows from the entries of those before.  So it is gone on with, after
 * whatever ended it, by going the same way over the entries that the log has.
 */
#ifndef REAPMARK_CAMPAIGN_H
#define REAPMARK_CAMPAIGN_H

#include "episode.h"
#include "harness/driver/plan/resolve.h"
#include "harness/driver/run/runlog.h"

typedef struct campaign {
  /* Settings. */
  spec workload;       /* the random mutator */
  uint64_t operations; /* of each subject, under all conditions and seeds */
  uint64_t seeds, first_seed;
  uint64_t threads;
  uint64_t sweep;  /* operations of an episode of a sweep */
  uint64_t tries;  /* to see a failure again */
  double timeout;  /* of an episode, seconds */
  double patience; /* as episode.h has it */
  double time;     /* of all, seconds; 0: as long as it takes */
  word_list names; /* of subjects and conditions, as chosen */
  const condition **conditions;
  size_t conditions_count;
  bool keeps; /* failures are run again and kept */
  bool shrinks;

  /* Progress. */
  runlog log;
  json_t *entries; /* by key */
  double spent;    /* seconds, by the entries */
  unsigned failures;
  enum campaign_end { CAMPAIGN_GOES_ON, INTERRUPTED, OUT_OF_TIME, BROKEN } end;
} campaign;

/* What came of a subject under a condition. */
typedef struct tally {
  uint64_t episodes, operations, collections, fired, allocated, elapsed;
  uint64_t scarce;     /* episodes that ended out of memory, as they may */
  uint64_t places;     /* of sweeps: all were tried */
  bool cut;            /* ... but for sweeps that were too long */
  const json_t *fault; /* the first entry that failed, borrowed; or NULL */
  const char *missing; /* why it was not put under the condition, or NULL */
} tally;

/* The workload that draws operations at random. */
#define CAMPAIGN_MUTATOR "fuzz"

/* Takes the random mutator with its parameters as the user wrote them.  Returns
 * NULL, or what is wrong. */
const char *campaign_take_workload(campaign *c, const collectors *all,
                                   const char *word);

/* Locks `dir` and reads what its log has, which must be of the same settings:
 * `resume` says whether there may be anything.  False after a mistake, which
 * was said. */
bool campaign_open(campaign *c, const char *dir, bool resume);
void campaign_close(campaign *c);

/* Episodes of the subject under all conditions with the seed: operations of an
 * ordinary one (share 100). */
uint64_t campaign_ordinary(const campaign *c, const subject *s);

/* Runs all episodes of the subject under the condition with this seed, with the
 * comparisons of `oracle` (NULL: all), and adds them to the tally, up to the
 * first that fails.  False if the campaign ends here. */
bool campaign_run(campaign *c, const subject *s, const condition *under,
                  uint64_t seed, const char *oracle, tally *t);

#endif
