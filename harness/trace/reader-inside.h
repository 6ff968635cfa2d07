/* reader-inside.h: what the files of the reader share: reader.c, the bytes and
 * what the forms have in common; reader-text.c and reader-binary.c. */
#ifndef REAPMARK_TRACE_READER_INSIDE_H
#define REAPMARK_TRACE_READER_INSIDE_H

#include "binary.h"
#include "reader.h"
#include "source.h"

enum { READER_BUFFER = 1 << 16 };

/* A part of a line; not terminated by 0. */
typedef struct span {
  const char *text, *end;
} span;

/* An operation of the binary form, by its code. */
typedef struct reader_code {
  uint8_t kind;
  bool known, finalizable;
  uint8_t operands;           /* how many */
  uint32_t least[3], most[3]; /* of each */
} reader_code;

struct trace_reader {
  FILE *file;
  source *bytes;
  bool ours; /* the file is to be closed by this reader */
  const char *name;
  void (*comment)(void *data, const char *text);
  void *comment_data;
  uint64_t line;    /* lines begun so far */
  uint64_t objects; /* made so far; object numbers have 32 bits */
  uint16_t thread;  /* the thread whose operations are being read */
  unsigned version; /* of the format; 0: not known yet */
  bool binary;
  bool failed;
  bool exhausted; /* the bytes have ended */
  char error[TRACE_ERROR];

  /* Of the binary form. */
  uint64_t offset;           /* of the buffer in the trace */
  uint32_t checksum;         /* of the trace up to `summed` */
  size_t summed;             /* a place in the buffer */
  size_t record;             /* where the record that is being read begins */
  uint64_t operations;       /* so far */
  bool ended;                /* `end` was read */
  char spelling[TRACE_LINE]; /* of the line that is being read */
  reader_code codes[CODE_LAST + 1];

  size_t next, end; /* of the part of the buffer that is not read yet */
  char buffer[READER_BUFFER];
};

static inline size_t length_of(span word) {
  return (size_t)(word.end - word.text);
}

/* Sets the error, and returns false. */
bool reader_wrong(trace_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Moves the unread part of the buffer to its front and reads more.  False at
 * the end of the file, or if it cannot be read, which is an error then. */
bool reader_refill(trace_reader *r);

/* The least and the largest value of an operand, by its letter; `part` 1 is the
 * second number of an 's'. */
uint32_t reader_least(char letter);
uint32_t reader_most(char letter, int part);

/* Counts an object; fails if its number would not fit into 32 bits. */
bool reader_count_object(trace_reader *r, const trace_op *op);

/* Fails if this version of the format does not have the operation. */
bool reader_knows(trace_reader *r, trace_kind kind);

/* Passes on the comment of a line, and cuts the comment off. */
void reader_take_comment(const trace_reader *r, span *line);

/* The forms: read the beginning, and the next line. */
bool reader_begin_text(trace_reader *r);
bool reader_begin_binary(trace_reader *r);
trace_status reader_text_line(trace_reader *r, trace_op *op, trace_line *line);
trace_status reader_binary_line(trace_reader *r, trace_op *op,
                                trace_line *line);

/* Reads the words of one line, whose comment was cut off.  Of an operation it
 * sets *op, for the thread of the lines before; of a line `thread` op->thread.
 * Changes nothing of the reader but its error. */
bool reader_parse(trace_reader *r, span line, trace_line_kind *kind,
                  trace_op *op);

#endif
