/* terminal.h: how wide the lines of a terminal are. */
#ifndef REAPMARK_TERMINAL_H
#define REAPMARK_TERMINAL_H

#include <stddef.h>
#include <stdio.h>

/* The columns of the terminal that `out` goes to: what the variable COLUMNS
 * says, else what the terminal says.  0 if `out` is no terminal, or neither
 * says anything: then lines may have any length. */
size_t terminal_width(FILE *out);

#endif
