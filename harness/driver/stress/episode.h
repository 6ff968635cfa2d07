/* episode.h: one run of a collector under one hostile condition, and what came
 * of it. */
#ifndef REAPMARK_EPISODE_H
#define REAPMARK_EPISODE_H

#include "conditions.h"
#include "harness/driver/programs/program.h"

/* A collector as it is put to the test. */
typedef struct subject {
  const char *name; /* NAME[:OPTION=VALUE,...][+MUTANT] */
  const collector *program;
  spec options;
  const char *mutant; /* seeded bug, or NULL */
} subject;

typedef struct episode {
  const subject *subject;
  const condition *condition;
  const spec *workload; /* the random mutator, with its parameters */
  uint64_t operations, seed;
  uint64_t place;     /* of a sweep, from 1 */
  uint64_t heap;      /* limit in bytes, 0: none */
  const char *oracle; /* the comparisons that are made; NULL: all */
  unsigned threads;
  double timeout;  /* seconds */
  double patience; /* what takes longer is given so many times that once more,
                      since a busy machine is slow; 0: is not */
} episode;

/* What names the episode, and no other of the same settings. */
const char *episode_key(const episode *e);

/* The words of the command that runs it; operations go to the file `trace` if
 * that is not NULL. */
word_list episode_words(const episode *e, const char *trace);

/* Words as one line that a shell takes apart again. */
const char *episode_command(const word_list *words);

/* Runs it and returns its entry (results/schema.md, episodes.jsonl), new; NULL
 * if the user interrupted.  *errors becomes what it wrote to stderr. */
json_t *episode_run(const episode *e, const char *trace, const char **errors);

/* Who found out that something is wrong, and what; the oracle is NULL if
 * nothing is. */
typedef struct episode_fault {
  const char *oracle, *reason;
} episode_fault;
episode_fault episode_find_fault(const condition *c, const program_result *r);

/* Members of entries. */
const char *entry_text(const json_t *entry, const char *name); /* "" if none */
uint64_t entry_number(const json_t *entry, const char *name);
bool entry_failed(const json_t *entry); /* it was wrong, or proved nothing */
const char *
entry_accuser(const json_t *entry); /* then: its oracle, "vacuous" */

#endif
