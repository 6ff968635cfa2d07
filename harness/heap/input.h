/* input.h: the bytes of a file that is not trusted, with their offsets.
 *
 * The first error ends the reading; it is one line, "FILE: byte N: what".  An
 * input can be read again from the beginning: what comes from a pipe is copied
 * to a temporary file.  It belongs to one thread. */
#ifndef REAPMARK_HEAP_INPUT_H
#define REAPMARK_HEAP_INPUT_H

#include <stdio.h>

#include "graph.h"

enum { HEAP_BUFFER = 1 << 16 };

typedef struct heap_input {
  FILE *file;
  const char *name;
  uint64_t size;    /* of the file, in bytes */
  uint64_t base;    /* the offset of the buffer's first byte */
  size_t next, end; /* of the part of the buffer that is not read yet */
  bool failed;
  char error[HEAP_ERROR];
  char buffer[HEAP_BUFFER];
} heap_input;

/* Opens a file, or "-" for standard input.  `path` must last as long as the
 * input.  Failures are reported by the first reading, too. */
heap_input *heap_input_open(const char *path);
void heap_input_close(heap_input *in);

/* The offset of the next byte. */
static inline uint64_t heap_offset(const heap_input *in) {
  return in->base + in->next;
}

/* Goes to an offset within the file. */
void heap_seek(heap_input *in, uint64_t offset);

/* Reads more into the empty buffer; false at the end, or after an error. */
bool heap_refill(heap_input *in);

/* The next byte, or -1; and the same without going on. */
static inline int heap_peek(heap_input *in) {
  return in->next < in->end || heap_refill(in)
             ? (unsigned char)in->buffer[in->next]
             : -1;
}
static inline int heap_byte(heap_input *in) {
  int c = heap_peek(in);
  in->next += c >= 0;
  return c;
}

/* Read exactly `bytes` bytes, and pass over them.  False, with an error, if the
 * file ends before. */
bool heap_bytes(heap_input *in, void *out, size_t bytes);
bool heap_skip(heap_input *in, uint64_t bytes);

/* Reads a number of 1 to 8 bytes, the first of which is the highest. */
bool heap_number(heap_input *in, unsigned bytes, uint64_t *number);

/* Sets the error, unless there is one, and returns false.  heap_wrong_at: for
 * the given offset and not the next byte. */
bool heap_wrong(heap_input *in, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool heap_wrong_at(heap_input *in, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* heap_graph_read from an input, whose error says what is wrong. */
bool heap_graph_read_from(heap_input *in, heap_graph *g);

#endif
