/* seeded-bugs.h: tests the stress test itself: puts collectors with one known
 * bug each under the hostile conditions, until the bug is seen. */
#ifndef REAPMARK_MUTANTS_H
#define REAPMARK_MUTANTS_H

#include "harness/base/words.h"
#include "campaign.h"
#include "harness/output/format.h"

/* How to look for them. */
typedef struct bug_hunting {
  const char *workload;   /* the random mutator as the user wrote it */
  const word_list *words; /* families or bugs; none: all */
  bool chosen; /* the conditions were chosen by the user, in this order */
  bool alone;  /* also find which oracles catch a bug with no help */
} bug_hunting;

/* `reapmark stress --mutants`.  Completes the campaign, runs it in `dir` and
 * prints the table.  Returns an exit code. */
int mutants_run(campaign *c, const bug_hunting *how, const char *dir,
                bool resume, const output_format *format);

#endif
