/* run.h: the command that runs a plan. */
#ifndef REAPMARK_RUN_H
#define REAPMARK_RUN_H

int run_command(int argc, char **argv);

#endif
