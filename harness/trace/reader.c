/* reader.c: see reader.h.  Opens traces, and has what both forms need. */
#include "reader-inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

trace_reader *trace_reader_from(FILE *file, const char *name) {
  trace_reader *r = trace_memory(NULL, sizeof *r);
  memset(r, 0, offsetof(trace_reader, buffer));
  r->file = file;
  r->bytes = file ? source_open(file) : NULL;
  r->name = name;
  return r;
}

trace_reader *trace_reader_open(const char *path) {
  if (!strcmp(path, "-"))
    return trace_reader_from(stdin, "standard input");
  trace_reader *r = trace_reader_from(fopen(path, "re"), path);
  r->ours = true;
  if (!r->file) {
    snprintf(r->error, sizeof r->error, "%s: %s", path, strerror(errno));
    r->failed = true;
  }
  return r;
}

void trace_reader_comments(trace_reader *r,
                           void (*comment)(void *data, const char *text),
                           void *data) {
  r->comment = comment;
  r->comment_data = data;
}

uint64_t trace_reader_line(const trace_reader *r) {
  return r->line;
}

unsigned trace_reader_version(const trace_reader *r) {
  return r->version;
}

const char *trace_reader_error(const trace_reader *r) {
  return r->error;
}

void trace_reader_close(trace_reader *r) {
  if (r->bytes)
    source_close(r->bytes);
  if (r->ours && r->file)
    fclose(r->file);
  free(r);
}

bool reader_wrong(trace_reader *r, const char *format, ...) {
  int used = r->binary ? snprintf(r->error, sizeof r->error,
                                  "%.200s: byte %" PRIu64 ": ", r->name,
                                  r->offset + r->record)
                       : snprintf(r->error, sizeof r->error,
                                  "%.200s:%" PRIu64 ": ", r->name, r->line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(r->error + used, sizeof r->error - (size_t)used, format, arguments);
  va_end(arguments);
  r->failed = true;
  return false;
}

bool reader_refill(trace_reader *r) {
  const char *trouble;
  if (r->exhausted)
    return false;
  if (r->binary)
    r->checksum =
        trace_checksum(r->checksum, r->buffer + r->summed, r->next - r->summed);
  memmove(r->buffer, r->buffer + r->next, r->end - r->next);
  r->offset += r->next;
  r->record -= r->next; /* a record is shorter than the buffer: see there */
  r->end -= r->next;
  r->next = r->summed = 0;
  size_t got = source_read(r->bytes, r->buffer + r->end, READER_BUFFER - r->end,
                           &trouble);
  r->end += got;
  r->exhausted = got == 0;
  if (!trouble)
    return got > 0;
  r->line += r->line == 0;
  r->record = r->end;
  return reader_wrong(r, "%s", trouble);
}

uint32_t reader_least(char letter) {
  return letter == '#' || letter == 'x';
}

uint32_t reader_most(char letter, int part) {
  switch (letter) {
  case 'n':
    return GC_REGISTERS;
  case 'i':
    return GC_SLOTS_MAX - 1;
  case 'g':
    return GC_GLOBALS - 1;
  case 'l':
    return GC_TLS - 1;
  case 's':
    return part == 0 ? (uint32_t)GC_SLOTS_MAX : (uint32_t)GC_BYTES_MAX;
  case 'x':
    return GC_BYTES_MAX;
  case '#':
  case '?':
    return TRACE_OBJECTS;
  default:
    return GC_REGISTERS - 1;
  }
}

bool reader_knows(trace_reader *r, trace_kind kind) {
  return r->version >= trace_since(kind) ||
         reader_wrong(r,
                      "'%s' needs a trace of version %u, and this is version "
                      "%u",
                      trace_kinds[kind].name, trace_since(kind), r->version);
}

bool reader_count_object(trace_reader *r, const trace_op *op) {
  if (!trace_makes_object(op))
    return true;
  if (r->objects == TRACE_OBJECTS)
    return reader_wrong(r, "more than %u objects", TRACE_OBJECTS);
  r->objects++;
  return true;
}

void reader_take_comment(const trace_reader *r, span *line) {
  const char *sign = memchr(line->text, '#', length_of(*line));
  if (!sign)
    return;
  if (r->comment) {
    char text[TRACE_LINE];
    const char *from = sign + 1;
    if (from < line->end && *from == ' ')
      from++;
    size_t length = (size_t)(line->end - from);
    memcpy(text, from, length);
    text[length] = 0;
    r->comment(r->comment_data, text);
  }
  line->end = sign;
}

/* Tells the forms apart by the first byte, which is no character of a text. */
static bool begin(trace_reader *r) {
  if (r->end == r->next && !reader_refill(r) && r->failed)
    return false;
  r->binary = r->end > r->next && r->buffer[r->next] == *TRACE_MAGIC;
  return r->binary ? reader_begin_binary(r) : reader_begin_text(r);
}

trace_status trace_read_line(trace_reader *r, trace_op *op, trace_line *line) {
  if (r->failed || (r->version == 0 && !begin(r)))
    return TRACE_READ_FAILED;
  return r->binary ? reader_binary_line(r, op, line)
                   : reader_text_line(r, op, line);
}

trace_status trace_read(trace_reader *r, trace_op *op) {
  trace_line line;
  trace_status status;
  do
    status = trace_read_line(r, op, &line);
  while (status == TRACE_READ_OP && line.kind != TRACE_LINE_OPERATION);
  return status;
}

/* ------------------------------------------------------------------------- *
 * A whole trace.
 * ------------------------------------------------------------------------- */

bool trace_load(const char *path, size_t most, trace_text *trace,
                char error[TRACE_ERROR]) {
  *trace = (trace_text){0};
  *error = 0;
  size_t room = 0;
  trace_reader *r = trace_reader_open(path);
  trace_op op;
  trace_status status;
  while ((status = trace_read(r, &op)) == TRACE_READ_OP) {
    if (trace->count == most) {
      reader_wrong(r, "more than %zu operations: too many to be held in memory",
                   most);
      status = TRACE_READ_FAILED;
      break;
    }
    if (trace->count == room) {
      room = room ? 2 * room : 1024;
      trace->ops = trace_memory(trace->ops, room * sizeof *trace->ops);
    }
    trace->ops[trace->count++] = op;
  }
  if (status == TRACE_READ_FAILED) {
    strcpy(error, trace_reader_error(r));
    free(trace->ops);
    *trace = (trace_text){0};
  }
  trace_reader_close(r);
  return status == TRACE_READ_END;
}
