/* explain.h: the command that tells what keeps an object. */
#ifndef REAPMARK_EXPLAIN_H
#define REAPMARK_EXPLAIN_H

int explain_command(int argc, char **argv);

#endif
