/* writer.h: writes operations as a trace (docs/trace-format.md): a file called
 * NAME.btrace in binary form, any other as a text, and either one compressed by
 * zstd if ".zst" follows. */
#ifndef REAPMARK_TRACE_WRITER_H
#define REAPMARK_TRACE_WRITER_H

#include "reader.h"

typedef struct trace_writer trace_writer;

/* The file that this process writes its operations to (--trace), set before
 * the heap is made; NULL: none.  For collectors and workloads that write
 * traces. */
extern const char *trace_output;

/* Creates the file ("-": standard output) and writes the beginning.  With
 * `every_line`, each line is handed to the operating system before trace_write
 * returns, so that a line that is written before its operation survives a
 * crash in the operation.  Returns NULL, with errno set, if the file cannot be
 * created. */
trace_writer *trace_writer_open(const char *path, bool every_line);

/* The same for another version of the format, 1 to TRACE_VERSION, which must
 * have the operations that are written. */
trace_writer *trace_writer_open_version(const char *path, unsigned version);

/* Writes to an open file in binary form; the caller closes the file.  NULL,
 * with errno set, if there is no memory. */
trace_writer *trace_writer_from(FILE *file);

/* Writes an operation, and before it a line `thread` if the operation before
 * was another thread's.  Any thread; operations are written in the order of
 * the calls. */
void trace_write(trace_writer *w, const trace_op *op);

/* Writes a comment of one line; `text` has no newline.  Any thread. */
void trace_write_comment(trace_writer *w, const char *text);

/* Writes a line as trace_read_line has read it.  `op` is for operations and
 * lines `thread`. */
void trace_write_line(trace_writer *w, const trace_line *line,
                      const trace_op *op);

/* Closes the file.  Returns false, with errno set, if a part of it could not
 * be written, now or before.  NULL is allowed. */
bool trace_writer_close(trace_writer *w);

/* The same for a trace that is not whole, because what it is made of could not
 * be read: a reader of the binary form will say that it is cut short. */
void trace_writer_abandon(trace_writer *w);

#endif
