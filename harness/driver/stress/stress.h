/* stress.h: the command that looks for bugs in collectors. */
#ifndef REAPMARK_STRESS_H
#define REAPMARK_STRESS_H

int stress_command(int argc, char **argv);

#endif
