/* writer.c: see writer.h. */
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binary.h"
#include "sink.h"

struct trace_writer {
  sink *file;
  bool binary, every_line;
  pthread_mutex_t lock;
  uint16_t thread;     /* the thread whose operation was written last */
  uint64_t operations; /* so far */
  uint32_t checksum;   /* of all bytes so far, of the binary form */
};

/* Room for an operation and a line `thread` before it, in either form. */
enum { OPERATION_ROOM = 128 };

const char *trace_output;

/* Writes a number by hand, since printf would take most of the time of a
 * recorded run. */
static char *put_number(char *out, uint32_t n) {
  char digits[10];
  size_t count = 0;
  do
    digits[count++] = (char)('0' + n % 10);
  while ((n /= 10) > 0);
  while (count > 0)
    *out++ = digits[--count];
  return out;
}

static char *put_word(char *out, const char *word) {
  while (*word)
    *out++ = *word++;
  return out;
}

static char *put_operand(char *out, uint32_t n) {
  *out++ = ' ';
  return put_number(out, n);
}

/* Without the newline. */
static char *put_operation(char *out, const trace_op *op) {
  const trace_about *about = &trace_kinds[op->kind];
  const uint32_t operands[] = {op->a, op->b, op->c};
  size_t n = 0;
  out = put_word(out, about->name);
  for (const char *letter = about->operands; *letter; letter++) {
    if (*letter == '?') { /* left out if not known */
      if (operands[n] > 0)
        out = put_operand(out, operands[n] - 1);
      n++;
      continue;
    }
    out = put_operand(out, operands[n++]);
    if (*letter == 's')
      out = put_operand(out, operands[n++]);
  }
  if (op->finalizable)
    out = put_word(out, " f");
  return out;
}

static char *put_thread(char *out, uint16_t thread) {
  return put_operand(put_word(out, "thread"), thread);
}

/* ------------------------------------------------------------------------- *
 * The binary form.
 * ------------------------------------------------------------------------- */

static char *put_binary(char *out, uint64_t n) {
  for (; n >= 0x80; n >>= 7)
    *out++ = (char)(n | 0x80);
  *out++ = (char)n;
  return out;
}

static char *put_binary_operation(char *out, const trace_op *op) {
  const uint32_t operands[] = {op->a, op->b, op->c};
  size_t n = 0;
  *out++ = (char)trace_code(op);
  for (const char *letter = trace_kinds[op->kind].operands; *letter; letter++) {
    out = put_binary(out, operands[n++]);
    if (*letter == 's')
      out = put_binary(out, operands[n++]);
  }
  return out;
}

static char *put_binary_thread(char *out, uint16_t thread) {
  *out++ = CODE_THREAD;
  return put_binary(out, thread);
}

/* ------------------------------------------------------------------------- *
 * The file.
 * ------------------------------------------------------------------------- */

/* Writes bytes; the lock is held. */
static void put_out(trace_writer *w, const char *bytes, size_t count) {
  if (w->binary)
    w->checksum = trace_checksum(w->checksum, bytes, count);
  sink_write(w->file, bytes, count, w->every_line);
}

/* Whether a file of this name is to be binary. */
static bool is_binary(const char *path) {
  static const char *const endings[] = {".btrace", ".btrace.zst"};
  size_t n = strlen(path);
  for (size_t i = 0; i < 2; i++) {
    size_t e = strlen(endings[i]);
    if (n >= e && !strcmp(path + n - e, endings[i]))
      return true;
  }
  return false;
}

/* A writer to this file; the file may be NULL. */
static trace_writer *make(sink *file, bool binary, unsigned version,
                          bool every_line) {
  trace_writer *w = file ? calloc(1, sizeof *w) : NULL;
  if (!w) {
    int trouble = file ? ENOMEM : errno;
    if (file)
      sink_close(file);
    errno = trouble;
    return NULL;
  }
  w->file = file;
  w->every_line = every_line;
  w->binary = binary;
  pthread_mutex_init(&w->lock, NULL);
  char text[OPERATION_ROOM], *end;
  if (w->binary) {
    w->checksum = trace_checksum(0, NULL, 0);
    memcpy(text, TRACE_MAGIC, TRACE_MAGIC_BYTES);
    end = put_binary(text + TRACE_MAGIC_BYTES, version);
  } else {
    end = put_operand(put_word(text, "reapmark-trace"), version);
    *end++ = '\n';
  }
  put_out(w, text, (size_t)(end - text));
  return w;
}

trace_writer *trace_writer_open(const char *path, bool every_line) {
  return make(sink_open(path), is_binary(path), TRACE_VERSION, every_line);
}

trace_writer *trace_writer_open_version(const char *path, unsigned version) {
  return make(sink_open(path), is_binary(path), version, false);
}

trace_writer *trace_writer_from(FILE *file) {
  return make(sink_from(file), true, TRACE_VERSION, false);
}

void trace_write(trace_writer *w, const trace_op *op) {
  char text[OPERATION_ROOM], *end = text;
  pthread_mutex_lock(&w->lock);
  bool turn = op->thread != w->thread;
  w->thread = op->thread;
  w->operations++;
  if (w->binary) {
    end = turn ? put_binary_thread(end, op->thread) : end;
    end = put_binary_operation(end, op);
  } else {
    if (turn) {
      end = put_thread(end, op->thread);
      *end++ = '\n';
    }
    end = put_operation(end, op);
    *end++ = '\n';
  }
  put_out(w, text, (size_t)(end - text));
  pthread_mutex_unlock(&w->lock);
}

/* ------------------------------------------------------------------------- *
 * Lines.
 * ------------------------------------------------------------------------- */

/* Writes a line, or how a line is spelt (`code`); the lock is held. */
static void put_line(trace_writer *w, uint8_t code, const char *text,
                     size_t length) {
  char head[1 + NUMBER_BYTES], *end = head;
  if (length >= TRACE_LINE)
    length = TRACE_LINE - 1;
  *end++ = (char)code;
  end = put_binary(end, length);
  if (w->binary)
    put_out(w, head, (size_t)(end - head));
  put_out(w, text, length);
  if (!w->binary)
    put_out(w, "\n", 1);
}

void trace_write_comment(trace_writer *w, const char *text) {
  char line[TRACE_LINE];
  int length = snprintf(line, sizeof line, "# %s", text);
  pthread_mutex_lock(&w->lock);
  put_line(w, CODE_LINE, line, (size_t)length);
  pthread_mutex_unlock(&w->lock);
}

/* A line that has a meaning: an operation, or `thread`. */
static void put_meaning(trace_writer *w, const trace_line *line,
                        const trace_op *op) {
  char text[OPERATION_ROOM], bytes[OPERATION_ROOM];
  bool thread = line->kind == TRACE_LINE_THREAD;
  size_t length = (size_t)((thread ? put_thread(text, op->thread)
                                   : put_operation(text, op)) -
                           text);
  bool plain = !line->text ||
               (line->length == length && !memcmp(line->text, text, length));
  w->operations += !thread;
  w->thread = op->thread;
  if (!w->binary) {
    put_line(w, 0, plain ? text : line->text, plain ? length : line->length);
    return;
  }
  if (!plain)
    put_line(w, CODE_SPELLING, line->text, line->length);
  char *end = thread ? put_binary_thread(bytes, op->thread)
                     : put_binary_operation(bytes, op);
  put_out(w, bytes, (size_t)(end - bytes));
}

void trace_write_line(trace_writer *w, const trace_line *line,
                      const trace_op *op) {
  pthread_mutex_lock(&w->lock);
  if (line->kind == TRACE_LINE_OTHER)
    put_line(w, CODE_LINE, line->text, line->length);
  else
    put_meaning(w, line, op);
  pthread_mutex_unlock(&w->lock);
}

static void put_end(trace_writer *w) {
  char end[1 + LONG_NUMBER_BYTES], *at = end, sum[CHECKSUM_BYTES];
  *at++ = CODE_END;
  at = put_binary(at, w->operations);
  put_out(w, end, (size_t)(at - end));
  for (unsigned i = 0; i < CHECKSUM_BYTES; i++)
    sum[i] = (char)(w->checksum >> 8 * i);
  put_out(w, sum, sizeof sum);
}

static bool close_writer(trace_writer *w, bool whole) {
  if (!w)
    return true;
  if (w->binary && whole)
    put_end(w);
  bool good = sink_close(w->file);
  int trouble = errno;
  pthread_mutex_destroy(&w->lock);
  free(w);
  errno = trouble;
  return good;
}

bool trace_writer_close(trace_writer *w) {
  return close_writer(w, true);
}

void trace_writer_abandon(trace_writer *w) {
  close_writer(w, false);
}
