/* reader.h: reads the text of a trace (docs/trace-format.md) from a source that
 * is not to be trusted.
 *
 * Whatever the text is, a reader takes the same few kilobytes of memory, every
 * number that it hands out is within the limits of gc.h and trace.h, and the
 * first thing that is wrong ends the reading with one line that says where.
 * Whether an operation makes sense after those before it is not the reader's
 * business, but the model's (walk.h). */
#ifndef REAPMARK_TRACE_READER_H
#define REAPMARK_TRACE_READER_H

#include <stdio.h>

#include "trace.h"

enum {
  TRACE_LINE = 1024, /* longest line, with its newline, in bytes */
  TRACE_ERROR = 512  /* room for an error line */
};

typedef struct trace_reader trace_reader;

/* Opens a trace: a file, a pipe, or "-" for standard input.  That it does not
 * exist, or is no trace, shows at the first trace_read.  Ends the process if
 * there is no memory.  A reader belongs to one thread. */
trace_reader *trace_reader_open(const char *path);

/* The same for what is open already, which stays the caller's; errors call it
 * `name` (borrowed). */
trace_reader *trace_reader_from(FILE *file, const char *name);

/* Comments go there, without the # and a blank after it, before the operation
 * that follows them is read.  Without this call they are passed over. */
void trace_reader_comments(trace_reader *r,
                           void (*comment)(void *data, const char *text),
                           void *data);

typedef enum trace_status {
  TRACE_READ_FAILED = -1, /* trace_reader_error says why; it stays like that */
  TRACE_READ_END,
  TRACE_READ_OP
} trace_status;

/* Reads the next operation. */
trace_status trace_read(trace_reader *r, trace_op *op);

/* The line of the operation read last, counted from 1. */
uint64_t trace_reader_line(const trace_reader *r);

/* "FILE:LINE: what" of a reader that has failed, else "".  Borrowed. */
const char *trace_reader_error(const trace_reader *r);

void trace_reader_close(trace_reader *r);

/* A whole trace in memory. */
typedef struct trace_text {
  trace_op *ops;
  size_t count;
} trace_text;

enum { TRACE_LOAD_MOST = 1 << 26 }; /* operations: a gigabyte of them */

/* Loads the trace at `path`.  Returns false with one line in `error` if it
 * cannot be read, or has more than `most` operations (TRACE_LOAD_MOST, where
 * nothing speaks for less).  trace->ops is the caller's, to be freed. */
bool trace_load(const char *path, size_t most, trace_text *trace,
                char error[TRACE_ERROR]);

#endif
