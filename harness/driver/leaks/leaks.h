/* leaks.h: the commands about causes of leaks (workloads/leaks). */
#ifndef REAPMARK_LEAKS_COMMAND_H
#define REAPMARK_LEAKS_COMMAND_H

#include "harness/driver/plan/resolve.h"

int leaks_command(int argc, char **argv);

/* Finds the cause that a user calls [leak-]CAUSE[:KEY=VALUE,...].  Returns
 * NULL, or what is wrong. */
const char *leaks_choose(const collectors *all, const char *word, spec *out);

#endif
