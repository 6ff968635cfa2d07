/* seeded-bugs.h: the proof that the proof works: collectors with one known bug
 * each are put under the hostile conditions, until it is seen. */
#ifndef REAPMARK_MUTANTS_H
#define REAPMARK_MUTANTS_H

#include "campaign.h"

/* `reapmark stress --mutants`: `words` (up to NULL; none: all) name programs or
 * bugs.  Fills the campaign's names, opens it in `dir`, runs it and prints the
 * table.  Returns an exit code. */
int mutants_run(campaign *c, const char *workload, char **words,
                const char *dir, bool resume, const char *format);

#endif
