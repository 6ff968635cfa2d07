/* failure.h: makes a failed episode usable: runs it again until it fails with
 * its operations written down, keeps what there is, shrinks it, and repeats it.
 *
 * DIR/failure-N holds `failure.json` (the entry of the episode), `errors` (what
 * the program wrote to stderr), `trace` (its operations up to the failure), and
 * `minimal.trace` (as few of them as fail in the same way). */
#ifndef REAPMARK_FAILURE_H
#define REAPMARK_FAILURE_H

#include "campaign.h"

#include <stdio.h>

/* Keeps the failure that `entry` (with its number) tells of, and adds to the
 * entry what came of running it again.  False if the user interrupted. */
bool failure_keep(const campaign *c, const episode *e, json_t *entry,
                  const char *errors);

/* Prints what the entry tells, and how to go on. */
void failure_print(const char *dir, const json_t *entry, FILE *out);

/* Runs the failure that is kept in `folder` again and prints what came of it,
 * after shrinking it (again) if that is wanted.  Returns an exit code. */
int failure_repeat(const char *folder, bool shrinks);

#endif
