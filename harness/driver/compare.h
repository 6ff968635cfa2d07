/* compare.h: the command that compares results. */
#ifndef REAPMARK_COMPARE_COMMAND_H
#define REAPMARK_COMPARE_COMMAND_H

int compare_command(int argc, char **argv);

#endif
