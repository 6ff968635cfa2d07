/* campaign.h: many episodes, several side by side, each of them logged.
 * `reapmark stress` runs a campaign over collectors or over seeded bugs.
 *
 * A campaign consists of trials, each of which is a sequence of episodes.
 * Which episode of a trial is next follows from the entries of the episodes
 * before, and never from the order in which episodes of different trials
 * happened to end.  A trial that needs an entry which the campaign does not
 * have yet is left, and tried again when some episode has ended.  To resume, a
 * campaign starts again and takes the entries that the log has instead of
 * running those episodes. */
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
  uint64_t jobs;   /* episodes side by side, at most */
  double timeout;  /* of an episode, seconds */
  double time;     /* begin no episode after it, seconds; 0: no limit */
  word_list names; /* of subjects and conditions, as chosen */
  condition_list conditions; /* as chosen; each subject has its own */
  bool whole;                /* all that there are were chosen */
  bool keeps;                /* failures are run again and kept in folders */
  bool shrinks;              /* and their traces shrunk */

  /* Progress. */
  runlog log;
  json_t *entries;         /* by key */
  struct running *running; /* `jobs` places */
  double spent; /* seconds that the processors were busy, by the entries */
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

/* A subject under a condition with one seed: a sequence of episodes. */
typedef struct trial {
  const subject *subject;
  const condition *under;
  uint64_t seed;
  uint64_t ordinary;   /* operations of an episode, if the share is 100 */
  const char *variant; /* see episode.h */
  const char *oracle;  /* the only comparison that is made; NULL: all */
  size_t only; /* of episodes that do not depend on each other: the one that
                  is run, numbered from 1; 0: all */
  const json_t **entries; /* of the episodes that the tally has */
  size_t step;            /* their number */
  tally tally;
  bool ended;
} trial;

/* A trial with all oracles, in which the subject's operations are spread over
 * its conditions by their shares, and over the seeds. */
trial campaign_trial(const campaign *c, const subject *s,
                     const condition *under, uint64_t seed);

/* Goes on with the trial up to its end, or to the first episode that fails, and
 * adds the entries to its tally.  Whether it is at its end: if not, it waits
 * for an episode, and is to be called again after campaign_wait. */
bool campaign_try(campaign *c, trial *t);

/* Whether no further episode can be begun before one has ended. */
bool campaign_is_busy(const campaign *c);

/* Waits until an episode that runs has ended, and logs it.  False if none runs:
 * the campaign has ended, or all trials have. */
bool campaign_wait(campaign *c);

/* For the `run` of conditions.  An episode of the trial as the campaign's
 * settings make it. */
episode campaign_episode(const campaign *c, const trial *t);

/* The entry of the episode, borrowed; NULL: it is not known yet, and `run`
 * should return false.  An episode that is not in the log is begun if there is
 * a free place for it. */
const json_t *campaign_entry(campaign *c, const episode *e);

/* Adds the entry, which lives as long as the campaign, to the tally: the
 * step'th of the trial.  A condition that judges by several entries sets
 * tally.fault to an entry that it makes from them. */
void trial_add(trial *t, const json_t *entry);

#endif
