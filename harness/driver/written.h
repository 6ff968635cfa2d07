/* written.h: the file that a command makes of another one. */
#ifndef REAPMARK_WRITTEN_H
#define REAPMARK_WRITTEN_H

#include <stdbool.h>

#include "harness/trace/writer.h"

/* Whether `output` is the file `input` itself, which would be overwritten while
 * it is read; then says so, as `command`, to which the input is `what`. */
bool written_over(const char *command, const char *what, const char *input,
                  const char *output);

/* Says that `output` could not be written, by errno. */
void written_badly(const char *output);

/* trace_writer_open(), and says why not if it returns NULL. */
trace_writer *written_open(const char *output);

/* trace_writer_close(), and returns the exit status: EXIT_SOME_FAILED, and it
 * was said, if the trace could not be written. */
int written_close(trace_writer *w, const char *output);

#endif
