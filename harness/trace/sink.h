/* sink.h: a file that bytes are written to, compressed by zstd if its name says
 * so. */
#ifndef REAPMARK_TRACE_SINK_H
#define REAPMARK_TRACE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct sink sink;

/* Creates the file ("-": standard output), compressed if the name ends in
 * ".zst".  Returns NULL, with errno set, if that cannot be done. */
sink *sink_open(const char *path);

/* Writes to an open file, not compressed; the caller closes the file.  Errors
 * as above. */
sink *sink_from(FILE *file);

/* Writes bytes; with `at_once` they and all before them are handed to the
 * operating system before the function returns. */
void sink_write(sink *s, const void *bytes, size_t count, bool at_once);

/* Closes the file.  Returns false, with errno set, if a part of it could not be
 * written, now or before. */
bool sink_close(sink *s);

#endif
