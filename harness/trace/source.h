/* source.h: the bytes of a file that may be compressed by zstd.
 *
 * A compressed file is not trusted: whatever it holds, a source takes the same
 * memory (a window of 2^SOURCE_WINDOW_LOG bytes and buffers), and gives at most
 * SOURCE_MOST bytes. */
#ifndef REAPMARK_TRACE_SOURCE_H
#define REAPMARK_TRACE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { SOURCE_WINDOW_LOG = 23 };
#define SOURCE_MOST (1ull << 40)

typedef struct source source;

/* Reads from an open file, which the caller closes.  Ends the process if there
 * is no memory.  Belongs to one thread. */
source *source_open(FILE *file);
void source_close(source *s);

/* Reads up to `room` bytes (at least 1).  Returns how many, 0 at the end or if
 * reading has failed; then *trouble says why, or is NULL at the end. */
size_t source_read(source *s, char *to, size_t room, const char **trouble);

#endif
