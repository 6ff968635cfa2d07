/* micro.h: `reapmark micro`, what the primitives of each collector cost. */
#ifndef REAPMARK_MICRO_H
#define REAPMARK_MICRO_H

/* Runs the command; argv[0] is its name.  Returns an exit code. */
int micro_command(int argc, char **argv);

#endif
