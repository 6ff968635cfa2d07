/* reader.c: see reader.h. */
#include "reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/words.h"
#include "memory.h"

enum { BUFFER = 1 << 16 };

struct trace_reader {
  FILE *file;
  bool ours; /* the file is to be closed by this reader */
  const char *name;
  void (*comment)(void *data, const char *text);
  void *comment_data;
  uint64_t line;    /* lines begun so far */
  uint64_t objects; /* made so far; object numbers have 32 bits */
  uint16_t thread;  /* the thread whose operations are being read */
  unsigned version; /* of the format */
  bool failed;
  char error[TRACE_ERROR];
  size_t next, end; /* of the part of the buffer that is not read yet */
  char buffer[BUFFER];
};

/* A part of the line; not terminated by 0. */
typedef struct span {
  const char *text, *end;
} span;

static size_t length_of(span word) {
  return (size_t)(word.end - word.text);
}

trace_reader *trace_reader_from(FILE *file, const char *name) {
  trace_reader *r = trace_memory(NULL, sizeof *r);
  memset(r, 0, offsetof(trace_reader, buffer));
  r->file = file;
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

const char *trace_reader_error(const trace_reader *r) {
  return r->error;
}

void trace_reader_close(trace_reader *r) {
  if (r->ours && r->file)
    fclose(r->file);
  free(r);
}

/* ------------------------------------------------------------------------- *
 * Errors.
 * ------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static bool
wrong(trace_reader *r, const char *format, ...) {
  int used = snprintf(r->error, sizeof r->error, "%.200s:%" PRIu64 ": ",
                      r->name, r->line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(r->error + used, sizeof r->error - (size_t)used, format, arguments);
  va_end(arguments);
  r->failed = true;
  return false;
}

/* A word as it may be shown in a message: cut to a sensible length, and
 * without characters that would confuse a terminal. */
typedef struct shown {
  char text[36];
} shown;

static shown show(span word) {
  shown s;
  bool cut = length_of(word) >= sizeof s.text;
  size_t used = words_copy(s.text, sizeof s.text - (cut ? 3 : 0), word.text,
                           length_of(word));
  strcpy(s.text + used, cut ? "..." : "");
  return s;
}

/* ------------------------------------------------------------------------- *
 * Lines and words.
 * ------------------------------------------------------------------------- */

/* Moves the unread part of the buffer to its front and reads more.  False at
 * the end of the file. */
static bool refill(trace_reader *r) {
  memmove(r->buffer, r->buffer + r->next, r->end - r->next);
  r->end -= r->next;
  r->next = 0;
  size_t got = fread(r->buffer + r->end, 1, BUFFER - r->end, r->file);
  r->end += got;
  return got > 0;
}

/* Returns the next line without its newline.  False at the end of the file, or
 * when reading has failed. */
static bool next_line(trace_reader *r, span *line) {
  size_t seen = 0; /* bytes after `next` that are known to be no newline */
  for (;;) {
    char *from = r->buffer + r->next;
    char *newline = memchr(from + seen, '\n', r->end - r->next - seen);
    size_t length = newline ? (size_t)(newline - from) : r->end - r->next;
    if (newline || length > 0)
      r->line += seen == 0;
    if (length >= TRACE_LINE)
      return wrong(r, "the line is longer than %d bytes", TRACE_LINE - 1);
    if (newline) {
      *line = (span){from, newline};
      r->next += length + 1;
      return true;
    }
    seen = length;
    if (!refill(r)) {
      if (ferror(r->file)) {
        r->line += r->line == 0;
        return wrong(r, "%s", strerror(errno));
      }
      return seen == 0 ? false
                       : wrong(r, "the line is cut short: it has no newline");
    }
  }
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/* Removes the next word from the line and returns it; an empty word at the end
 * of the line. */
static span next_word(span *line) {
  while (line->text < line->end && is_blank(*line->text))
    line->text++;
  span word = {line->text, line->text};
  while (word.end < line->end && !is_blank(*word.end))
    word.end++;
  line->text = word.end;
  return word;
}

static bool is(span word, const char *text) {
  return length_of(word) == strlen(text) &&
         !memcmp(word.text, text, length_of(word));
}

/* ------------------------------------------------------------------------- *
 * The grammar.
 * ------------------------------------------------------------------------- */

static bool read_first_line(trace_reader *r) {
  span line, version;
  if (!next_line(r, &line)) {
    if (r->failed)
      return false;
    r->line = 1;
    return wrong(r, "empty: a trace begins with the line '%s'",
                 TRACE_FIRST_LINE);
  }
  static const char *const first_lines[TRACE_VERSION] = {
      "reapmark-trace 1", "reapmark-trace 2", TRACE_FIRST_LINE};
  for (r->version = 1; r->version <= TRACE_VERSION; r->version++)
    if (is(line, first_lines[r->version - 1]))
      return true;
  if (is(next_word(&line), "reapmark-trace") &&
      length_of(version = next_word(&line)) > 0 &&
      !(length_of(version) == 1 && *version.text >= '1' &&
        *version.text <= *TRACE_VERSION_TEXT))
    return wrong(r,
                 "version '%s' of the format; this program reads versions "
                 "1 to %s",
                 show(version).text, TRACE_VERSION_TEXT);
  return wrong(r, "not a trace: the first line is not '%s'", TRACE_FIRST_LINE);
}

/* Reads a number between `least` and `most`; `operation` and `place` (from 1)
 * are for the error. */
static bool read_number(trace_reader *r, span word, const char *operation,
                        size_t place, uint32_t least, uint32_t most,
                        uint32_t *number) {
  uint64_t n = 0;
  for (const char *p = word.text; p < word.end; p++) {
    if (*p < '0' || *p > '9')
      return wrong(r, "'%s' is not a number", show(word).text);
    if (n <= most)
      n = 10 * n + (uint64_t)(*p - '0');
  }
  if (n < least || n > most)
    return wrong(r, "operand %zu of '%s' is %s; it can be %u to %u", place,
                 operation, show(word).text, least, most);
  *number = (uint32_t)n;
  return true;
}

/* The largest value of an operand, by its letter. */
static uint32_t most_of(char letter) {
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
    return GC_SLOTS_MAX;
  case 'x':
    return GC_BYTES_MAX;
  case '#':
  case '?':
    return TRACE_OBJECTS;
  default:
    return GC_REGISTERS - 1;
  }
}

static bool read_operands(trace_reader *r, span *line, trace_op *op) {
  const trace_about *about = &trace_kinds[op->kind];
  uint32_t *operands[] = {&op->a, &op->b, &op->c};
  size_t n = 0;
  for (const char *letter = about->operands; *letter; letter++) {
    for (int part = 0; part < (*letter == 's' ? 2 : 1); part++) {
      span word = next_word(line);
      if (length_of(word) == 0) {
        if (*letter == '?')
          return true;
        return wrong(r, "'%s' lacks its operand %zu", about->name, n + 1);
      }
      if (!read_number(
              r, word, about->name, n + 1, *letter == '#' || *letter == 'x',
              part == 1 ? GC_BYTES_MAX : most_of(*letter), operands[n]))
        return false;
      *operands[n] += *letter == '?';
      n++;
    }
  }
  return true;
}

/* Reads the rest of a line after the operands of its operation. */
static bool read_rest(trace_reader *r, span *line, trace_op *op) {
  span word = next_word(line);
  if (op->kind == TRACE_NEW && is(word, "f")) {
    op->finalizable = true;
    word = next_word(line);
  }
  if (length_of(word) > 0)
    return wrong(r, "what is '%s' after '%s'?", show(word).text,
                 trace_kinds[op->kind].name);
  return true;
}

static bool unknown(trace_reader *r, span word) {
  const char *known[TRACE_KINDS + 1] = {"thread"};
  char suggestion[64];
  for (int k = 0; k < TRACE_KINDS; k++)
    known[k + 1] = trace_kinds[k].name;
  shown s = show(word);
  return wrong(r, "unknown operation '%s'%s", s.text,
               words_suggest(suggestion, sizeof suggestion, s.text, known,
                             TRACE_KINDS + 1));
}

static bool read_kind(span word, trace_op *op) {
  for (int k = 0; k < TRACE_KINDS; k++)
    if (*word.text == *trace_kinds[k].name && is(word, trace_kinds[k].name)) {
      op->kind = (uint8_t)k;
      return true;
    }
  return false;
}

static bool read_thread(trace_reader *r, span *line) {
  uint32_t number;
  span word = next_word(line);
  if (length_of(word) == 0)
    return wrong(r, "'thread' lacks its number");
  if (!read_number(r, word, "thread", 1, 0, TRACE_THREADS - 1, &number))
    return false;
  word = next_word(line);
  if (length_of(word) > 0)
    return wrong(r, "what is '%s' after 'thread'?", show(word).text);
  r->thread = (uint16_t)number;
  return true;
}

/* Counts an object; fails if its number would not fit into 32 bits. */
static bool count_object(trace_reader *r, const trace_op *op) {
  if (!trace_makes_object(op))
    return true;
  if (r->objects == TRACE_OBJECTS)
    return wrong(r, "more than %u objects", TRACE_OBJECTS);
  r->objects++;
  return true;
}

static bool read_operation(trace_reader *r, span word, span *line,
                           trace_op *op) {
  *op = (trace_op){.thread = r->thread};
  if (!read_kind(word, op))
    return unknown(r, word);
  if (r->version < trace_since(op->kind))
    return wrong(r, "'%s' needs a trace of version %u, and this is version %u",
                 trace_kinds[op->kind].name, trace_since(op->kind), r->version);
  return read_operands(r, line, op) && read_rest(r, line, op) &&
         count_object(r, op);
}

/* Cuts the comment off the line and passes it on. */
static void take_comment(const trace_reader *r, span *line) {
  const char *sign = memchr(line->text, '#', (size_t)(line->end - line->text));
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

trace_status trace_read(trace_reader *r, trace_op *op) {
  if (r->failed || (r->line == 0 && !read_first_line(r)))
    return TRACE_READ_FAILED;
  for (span line; next_line(r, &line);) {
    take_comment(r, &line);
    span word = next_word(&line);
    if (length_of(word) == 0)
      continue;
    if (is(word, "thread") ? !read_thread(r, &line)
                           : !read_operation(r, word, &line, op))
      return TRACE_READ_FAILED;
    if (!is(word, "thread"))
      return TRACE_READ_OP;
  }
  return r->failed ? TRACE_READ_FAILED : TRACE_READ_END;
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
      wrong(r, "more than %zu operations: too many to be held in memory", most);
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
