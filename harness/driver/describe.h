/* describe.h: `reapmark describe`. */
#ifndef REAPMARK_DESCRIBE_H
#define REAPMARK_DESCRIBE_H

int describe_command(int argc, char **argv);

#endif
