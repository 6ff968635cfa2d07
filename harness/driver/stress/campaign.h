/* campaign.h: a sequence of episodes, each of them logged.  `reapmark stress`
 * runs a campaign over collectors or over seeded bugs.
 *
 * Which episode is next follows from the entries of the episodes before.  To
 * resume, a campaign therefore starts again and takes the entries that the log
 * has instead of running those episodes. */
#ifndef REAPMARK_CAMPAIGN_H
#define REAPMARK_CAMPAIGN_H

#include "harness/base/words.h"
#include "episode.h"
#include "harness/driver/run/runlog.h"

typedef struct campaign {
  /* Settings. */
  spec workload;       /* the random mutator */
  uint64_t operations; /* of each subject, under all conditions and seeds */
  uint64_t seeds, first_seed;
  uint64_t threads;
  uint64_t sweep;  /* operations of an episode of a sweep */
  uint64_t tries;  /* runs at most to reproduce a failure */
  double timeout;  /* of an episode, seconds */
  double patience; /* see episode.h */
  double time;     /* of all episodes, seconds; 0: no limit */
  word_list names; /* of subjects and conditions, as chosen */
  const condition **conditions;
  size_t conditions_count;
  bool keeps;   /* failures are run again and kept in folders */
  bool shrinks; /* and their traces shrunk */

  /* Progress. */
  runlog log;
  json_t *entries; /* by key */
  double spent;    /* seconds, by the entries */
  unsigned failures;
  enum campaign_end { CAMPAIGN_GOES_ON, INTERRUPTED, OUT_OF_TIME, BROKEN } end;
} campaign;

/* The sum of the episodes of a subject under a condition. */
typedef struct tally {
  uint64_t episodes, operations, collections, fired, allocated, elapsed;
  uint64_t scarce;     /* episodes that ended out of memory, as they may */
  uint64_t places;     /* of sweeps: places that were tried */
  bool cut;            /* some sweep was too long to try all its places */
  const json_t *fault; /* the first entry that failed, borrowed; or NULL */
  const char *missing; /* why the condition does not apply, or NULL */
} tally;

/* Locks `dir` and reads its log.  A log with entries needs `resume` and the
 * same settings.  False after a mistake, which was said. */
bool campaign_open(campaign *c, const char *dir, bool resume);
void campaign_close(campaign *c);

/* The number of operations of the subject's episode under a condition of share
 * 100. */
uint64_t campaign_ordinary(const campaign *c, const subject *s);

/* Runs the subject's episodes under the condition with this seed, up to the
 * first that fails, and adds them to the tally.  Only the comparison `oracle`
 * is made (NULL: all).  False if the campaign ends here. */
bool campaign_run(campaign *c, const subject *s, const condition *under,
                  uint64_t seed, const char *oracle, tally *t);

#endif
