/* program.h: runs a collector program and takes its record. */
#ifndef REAPMARK_PROGRAM_H
#define REAPMARK_PROGRAM_H

#include "harness/base/spec.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct program_result {
  json_t *record; /* new and valid (results/schema.md); NULL: it left none */
  const char *status; /* then TIMEOUT, CRASH or ERROR, */
  const char *reason; /* and why: the signal or exit status, the last words */
  const char *errors; /* the end of what it wrote to stderr */
  uint64_t elapsed;   /* wall time of the process, ns */
} program_result;

/* Runs words[0] (a path) with the other words, and an option that tells it
 * where to write the record.  False if the user interrupted. */
bool program_run(const word_list *words, double timeout, program_result *out);

/* Has the programs that are run from now on lie at the same addresses each
 * time: where a heap is limited, what fits depends on them, and with that what
 * a seed leads to.  Does nothing where the system refuses. */
void program_fix_addresses(void);

#endif
