/* list.h: the command that lists collectors, workloads and suites. */
#ifndef REAPMARK_LIST_H
#define REAPMARK_LIST_H

int list_command(int argc, char **argv);

#endif
