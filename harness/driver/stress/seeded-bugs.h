/* seeded-bugs.h: tests the stress test itself: puts collectors with one known
 * bug each under the hostile conditions, until the bug is seen. */
#ifndef REAPMARK_MUTANTS_H
#define REAPMARK_MUTANTS_H

#include "harness/base/words.h"
#include "campaign.h"
#include "harness/output/format.h"

/* `reapmark stress --mutants`.  `workload` is the random mutator as the user
 * wrote it; `words` name programs or bugs (none: all).  Completes the campaign,
 * runs it in `dir` and prints the table.  Returns an exit code. */
int mutants_run(campaign *c, const char *workload, const word_list *words,
                const char *dir, bool resume, const output_format *format);

#endif
