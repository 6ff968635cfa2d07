/* rate.h: `reapmark rate`. */
#ifndef REAPMARK_RATE_H
#define REAPMARK_RATE_H

int rate_command(int argc, char **argv);

#endif
