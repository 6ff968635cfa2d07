/* writer.c: see writer.h. */
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trace_writer {
  FILE *file;
  bool every_line;
  int trouble; /* errno of the first failure, 0: none */
  pthread_mutex_t lock;
  uint16_t thread; /* the thread whose operation was written last */
};

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
  *out++ = '\n';
  return out;
}

/* Writes the text to the file; the lock is held. */
static void put_out(trace_writer *w, const char *text, size_t bytes) {
  if (fwrite(text, 1, bytes, w->file) != bytes ||
      (w->every_line && fflush(w->file)))
    if (!w->trouble)
      w->trouble = errno;
}

trace_writer *trace_writer_open(const char *path, bool every_line) {
  FILE *file = strcmp(path, "-") ? fopen(path, "we") : stdout;
  if (!file)
    return NULL;
  trace_writer *w = calloc(1, sizeof *w);
  if (!w) {
    if (file != stdout)
      fclose(file);
    errno = ENOMEM;
    return NULL;
  }
  w->file = file;
  w->every_line = every_line;
  pthread_mutex_init(&w->lock, NULL);
  put_out(w, TRACE_FIRST_LINE "\n", strlen(TRACE_FIRST_LINE "\n"));
  return w;
}

void trace_write(trace_writer *w, const trace_op *op) {
  char text[128], *end = text; /* two lines of at most five words */
  pthread_mutex_lock(&w->lock);
  if (op->thread != w->thread) {
    w->thread = op->thread;
    end = put_operand(put_word(end, "thread"), op->thread);
    *end++ = '\n';
  }
  end = put_operation(end, op);
  put_out(w, text, (size_t)(end - text));
  pthread_mutex_unlock(&w->lock);
}

void trace_write_comment(trace_writer *w, const char *text) {
  pthread_mutex_lock(&w->lock);
  put_out(w, "# ", 2);
  put_out(w, text, strlen(text));
  put_out(w, "\n", 1);
  pthread_mutex_unlock(&w->lock);
}

bool trace_writer_close(trace_writer *w) {
  if (!w)
    return true;
  if ((w->file == stdout ? fflush(w->file) : fclose(w->file)) && !w->trouble)
    w->trouble = errno;
  int trouble = w->trouble;
  pthread_mutex_destroy(&w->lock);
  free(w);
  errno = trouble;
  return trouble == 0;
}
