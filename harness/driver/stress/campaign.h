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

/* A subject under a condition with one seed: a sequence of episodes. */
typedef struct trial {
  const subject *subject;
  const condition *under;
  uint64_t seed;
  const char *oracle; /* the only comparison that is made; NULL: all */
  uint64_t step;      /* episodes whose entries the tally has */
  tally tally;
} trial;

/* Goes on with the trial up to its end, or to the first episode that fails, and
 * adds the entries to its tally.  Whether it is at its end: if not, it waits
 * for an episode, and is to be called again. */
bool campaign_try(campaign *c, trial *t);

/* For the `run` of conditions.  An episode of the trial as the campaign's
 * settings make it, with operations for the condition's share. */
episode campaign_episode(const campaign *c, const trial *t);

/* The entry of the episode, borrowed; NULL: it is not known yet, and run should
 * return false.  An entry that is not in the log is run first. */
const json_t *campaign_entry(campaign *c, const episode *e);

/* Adds the entry, which lives as long as the campaign, to the tally: the
 * step'th of the trial.  A condition that judges by several entries sets
 * tally.fault to an entry that it makes from them. */
void trial_add(trial *t, const json_t *entry);

#endif
