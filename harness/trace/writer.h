/* writer.h: writes operations as the text of a trace (docs/trace-format.md). */
#ifndef REAPMARK_TRACE_WRITER_H
#define REAPMARK_TRACE_WRITER_H

#include "trace.h"

typedef struct trace_writer trace_writer;

/* The file for the operations of this process, set before its heap is made;
 * NULL: none.  For collectors and workloads that write traces. */
extern const char *trace_output;

/* Makes the file ("-": standard output) and writes the first line.  With
 * `every_line` each line has left the process when trace_write returns, so that
 * a line written before its operation survives the crash that it causes.
 * Returns NULL, with errno set, if the file cannot be made. */
trace_writer *trace_writer_open(const char *path, bool every_line);

/* Writes an operation, and before it a line `thread` if the one before was
 * another thread's.  Any thread; operations stand in the order of the calls. */
void trace_write(trace_writer *w, const trace_op *op);

/* Writes one line of comment; `text` has no newline.  Any thread. */
void trace_write_comment(trace_writer *w, const char *text);

/* Ends the file.  Returns false, with errno set, if something of it could not
 * be written, now or before.  NULL is allowed. */
bool trace_writer_close(trace_writer *w);

#endif
