/* leaks.h: the commands about causes of leaks (workloads/leaks). */
#ifndef REAPMARK_LEAKS_COMMAND_H
#define REAPMARK_LEAKS_COMMAND_H

#include "harness/driver/plan/resolve.h"

/* Resolves the user's word for a cause of leaks, [leak-]CAUSE[:KEY=VALUE,...],
 * to its workload.  Returns NULL, or what is wrong with the word. */
const char *leaks_choose(const collectors *all, const char *word, spec *out);

/* Prints what keeps the objects of such a cause, and what the collectors of a
 * list (NULL: the models) make of it.  Returns an exit code. */
int leaks_explain(const char *word, const char *list);

#endif
