/* reader.h: reads a trace (docs/trace-format.md), which may be a text or
 * binary, and compressed, from a source that is not trusted.
 *
 * Whatever the bytes are, a reader takes the same memory (some kilobytes; 9 MiB
 * if the trace is compressed), and every number that it returns is within the
 * limits of gc.h and trace.h.  The first error ends the reading, with one line
 * that says where it is.  The reader does not know whether an operation makes
 * sense after those before it; the shadow heap does (walk.h). */
#ifndef REAPMARK_TRACE_READER_H
#define REAPMARK_TRACE_READER_H

#include <stdio.h>

#include "trace.h"

enum {
  TRACE_LINE = 1024, /* bytes of the longest line, with its newline */
  TRACE_ERROR = 512  /* bytes of an error message, with its 0 */
};

typedef struct trace_reader trace_reader;

/* Opens a trace: a file, a pipe, or "-" for standard input.  An error, such as
 * a file that does not exist, is reported by the first trace_read.  Ends the
 * process if there is no memory.  A reader belongs to one thread. */
trace_reader *trace_reader_open(const char *path);

/* The same for an open file, which the caller closes.  Errors call the file
 * `name`, which must last as long as the reader. */
trace_reader *trace_reader_from(FILE *file, const char *name);

/* Passes each comment to the callback, without the # and a blank after it,
 * before the operation that follows the comment is read.  Without this call
 * comments are skipped. */
void trace_reader_comments(trace_reader *r,
                           void (*comment)(void *data, const char *text),
                           void *data);

typedef enum trace_status {
  TRACE_READ_FAILED = -1, /* see trace_reader_error; later reads fail, too */
  TRACE_READ_END,
  TRACE_READ_OP
} trace_status;

/* Reads the next operation. */
trace_status trace_read(trace_reader *r, trace_op *op);

/* A line as it stands in the trace, for those who keep it as it is. */
typedef enum trace_line_kind {
  TRACE_LINE_OPERATION,
  TRACE_LINE_THREAD, /* op->thread is the thread of the lines that follow */
  TRACE_LINE_OTHER   /* empty, or a comment */
} trace_line_kind;

typedef struct trace_line {
  trace_line_kind kind;
  const char *text; /* without a newline, valid until the next line is read;
                       NULL: as trace_write would write the line */
  size_t length;
} trace_line;

/* Reads the next line of any kind, which is an operation only if line->kind
 * says so.  Calls of trace_read and of this function may alternate. */
trace_status trace_read_line(trace_reader *r, trace_op *op, trace_line *line);

/* The line of the last operation that was read, counted from 1; of a binary
 * trace, the line that the operation has in the text. */
uint64_t trace_reader_line(const trace_reader *r);

/* The version of the format; 0 before the first line or operation was read. */
unsigned trace_reader_version(const trace_reader *r);

/* The error "FILE:LINE: what", of a binary trace "FILE: byte OFFSET: what", or
 * "" if there is none.  Valid as long as the reader. */
const char *trace_reader_error(const trace_reader *r);

void trace_reader_close(trace_reader *r);

/* A whole trace in memory. */
typedef struct trace_text {
  trace_op *ops;
  size_t count;
} trace_text;

enum { TRACE_LOAD_MOST = 1 << 26 }; /* operations, which take a gigabyte */

/* Loads the trace at `path`.  Returns false with one line in `error` if it
 * cannot be read, or has more than `most` operations (use TRACE_LOAD_MOST,
 * unless there is a reason for fewer).  The caller frees trace->ops. */
bool trace_load(const char *path, size_t most, trace_text *trace,
                char error[TRACE_ERROR]);

#endif
