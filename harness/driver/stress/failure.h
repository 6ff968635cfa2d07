/* failure.h: what is done with a failed episode: it is run again until it fails
 * with its operations written to a trace, kept in a folder, shrunk, and
 * repeated when the user asks.
 *
 * DIR/failure-N holds `failure.json` (the entry of the episode), `errors` (what
 * the program wrote to stderr), `trace` (its operations up to the failure), and
 * `minimal.trace` (as few of them as fail in the same way). */
#ifndef REAPMARK_FAILURE_H
#define REAPMARK_FAILURE_H

#include "campaign.h"

/* Keeps the failure of `entry`, whose member `failure` is its number, and adds
 * to the entry whether it failed again.  False if the user interrupted. */
bool failure_keep(const campaign *c, const episode *e, json_t *entry,
                  const char *errors);

/* Shrinks the failure of `entry`, which is kept in its folder in `dir`, unless
 * it was shrunk before.  Adds the outcome to the entry and to failure.json. */
void failure_shrink(const char *dir, json_t *entry);

/* The failure, and how to go on with it: lines, without the last newline. */
const char *failure_text(const char *dir, const json_t *entry);

/* Runs the failure that is kept in `folder` again, after shrinking its trace if
 * `shrinks`, and prints the outcome.  Returns an exit code. */
int failure_repeat(const char *folder, bool shrinks);

#endif
