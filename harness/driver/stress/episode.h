/* episode.h: one run of a collector under one hostile condition, and its
 * outcome. */
#ifndef REAPMARK_EPISODE_H
#define REAPMARK_EPISODE_H

#include "harness/base/words.h"
#include "conditions.h"
#include "harness/driver/programs/program.h"

/* A collector with its options, and perhaps a seeded bug. */
typedef struct subject {
  const char *name; /* NAME[:OPTION=VALUE,...][+MUTANT] */
  const collector *program;
  spec options;
  const char *mutant;          /* seeded bug, or NULL */
  const struct subject *sound; /* the same without the seeded bug; NULL: it has
                                  none */
  condition_list conditions;   /* that it is put under */
} subject;

/* The subject with these settings, OPTION=VALUE,..., over its own options; as
 * it is if they are NULL. */
const subject *subject_with(const subject *s, const char *settings);

typedef struct episode {
  const subject *subject;
  const condition *condition;
  const spec *workload; /* the random mutator, with its parameters */
  const char *run;      /* what to run in its place, as --run takes it; NULL:
                           the random mutator */
  const char *input;    /* a file for --input, or NULL */
  const char *variant;  /* the last part of the key, where one seed has several
                           episodes; or NULL */
  uint64_t operations, seed;
  uint64_t place;     /* of a sweep, from 1 */
  uint64_t heap;      /* limit in bytes, 0: none */
  const char *oracle; /* the one comparison that is made; NULL: all */
  unsigned threads;
  double timeout; /* seconds, of wall time and of work (SPAWN_BY_WORK) */
} episode;

/* The identity of the episode within a campaign. */
const char *episode_key(const episode *e);

/* The words of the command that runs it; operations go to the file `trace` if
 * that is not NULL. */
word_list episode_words(const episode *e, const char *trace);

/* The words as one line for a shell, quoted where needed. */
const char *episode_command(const word_list *words);

/* Starts the episode.  Operations go to the file `trace` if that is not NULL.
 */
spawn_child *episode_begin(const episode *e, const char *trace);

/* Returns the entry (results/schema.md, episodes.jsonl) of an episode whose
 * child has ended, new; NULL if the user interrupted.  *errors becomes the
 * program's stderr. */
json_t *episode_take(const episode *e, spawn_child *child, const char **errors);

/* The oracle that found a fault, and what is wrong.  Without a fault the oracle
 * is NULL. */
typedef struct episode_fault {
  const char *oracle, *reason;
} episode_fault;
episode_fault episode_find_fault(const condition *c, const program_result *r);

/* Members of entries. */
const char *entry_text(const json_t *entry, const char *name); /* "" if none */
uint64_t entry_number(const json_t *entry, const char *name);

/* Whether the episode found a fault, or proved nothing (vacuous). */
bool entry_failed(const json_t *entry);

/* The oracle of an entry that failed, or "vacuous". */
const char *entry_accuser(const json_t *entry);

#endif
