/* program.h: runs a collector program to its end and reads its record. */
#ifndef REAPMARK_PROGRAM_H
#define REAPMARK_PROGRAM_H

#include "harness/base/words.h"
#include "harness/base/spec.h"
#include "discover.h"
#include "spawn.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct program_result {
  json_t *record; /* new and valid (results/schema.md); NULL: it left none */
  const char *status; /* without a record: TIMEOUT, CRASH or ERROR */
  const char *reason; /* likewise: the signal or exit status, the last words */
  const char *errors; /* the end of what the program wrote to stderr */
  uint64_t elapsed;   /* wall time of the process, ns */
  const char *left_behind; /* as spawn_result.left */
  const char *around;      /* how the command around it failed, or NULL */
} program_result;

/* Adds "--option KEY=VALUE" for each option of a collector. */
void program_add_options(word_list *words, const spec *options);

/* Runs words[0] (a path) with the other words as arguments, and one more that
 * says where to write the record.  The record has no text that is not clean,
 * and none of the driver's fields.  False if the user interrupted, or, which
 * was said, if the system is short of what it takes to start a program. */
bool program_run(const word_list *words, double timeout, program_result *out);

/* The same within a command: the words of the program are appended to those of
 * `around`.  A valid record counts however the command ended, which
 * result.around tells. */
bool program_run_within(const word_list *around, const word_list *words,
                        double timeout, program_result *out);

/* The same for a program that runs beside others: begins it, and takes what a
 * child that has ended (spawn_wait) left. */
spawn_child *program_begin(const word_list *words, double timeout,
                           spawn_limit limit);
bool program_take(spawn_child *child, double timeout, program_result *out);

/* How the settings of a record (its options, or parameters: `what`) differ from
 * those that were given, or NULL. */
const char *program_settings_differ(const json_t *settings, const spec *given,
                                    const char *what);

/* How a record differs from what these words (program_run's) ask of the program
 * of a collector, in a few words, or NULL: in collector, workload, parameters,
 * options, heap, threads, seed or instruments.  A collector without a
 * description (about) is known by its name only. */
const char *program_difference(const json_t *record, const word_list *words,
                               const collector *of);

/* Drops a record that is of another run than these words (program_run's) ask
 * for, or of another collector: then the result is that of a program without a
 * record, and says how the record differs. */
void program_check(program_result *result, const word_list *words,
                   const collector *of);

/* Turns off address-space randomisation for the programs that are run from now
 * on.  What fits into a limited heap depends on addresses, and a seed is to
 * lead to the same episode each time.  Does nothing if the system refuses. */
void program_fix_addresses(void);

#endif
