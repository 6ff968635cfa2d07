/* trace-reader.c: a fuzz target: whatever the bytes are, a text, binary or
 * compressed, the reader ends with operations that keep to the limits or with
 * one line that says what is wrong, and what it has read is written and read as
 * the same again.  Its lines go into the binary form and come back as they
 * were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/words.h"
#include "harness/trace/reader.h"
#include "harness/trace/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what) {
  if (condition)
    return;
  fprintf(stderr, "trace-reader: %s\n", what);
  abort();
}

/* Operands index arrays that are as large as these limits. */
static void check_limits(const trace_op *op) {
  const uint32_t operands[] = {op->a, op->b, op->c};
  size_t n = 0;
  require(op->kind < TRACE_KINDS, "no such kind");
  require(op->thread < TRACE_THREADS, "no such thread");
  for (const char *l = trace_kinds[op->kind].operands; *l; l++, n++) {
    if (strchr("dtbrow", *l))
      require(operands[n] < GC_REGISTERS, "no such register");
    if (*l == 'g')
      require(operands[n] < GC_GLOBALS, "no such global root");
    if (*l == 'l')
      require(operands[n] < GC_TLS, "no such thread-local root");
    if (*l == 's')
      require(op->b <= GC_SLOTS_MAX && op->c <= GC_BYTES_MAX, "too large");
    n += *l == 's';
  }
}

/* Reads it all; the operations go to `w`, if there is one, and into the
 * checksum that is returned. */
static uint64_t read_all(FILE *file, trace_writer *w, bool *failed) {
  uint64_t sum = 0;
  trace_op op;
  trace_status status;
  trace_reader *r = trace_reader_from(file, "input");
  while ((status = trace_read(r, &op)) == TRACE_READ_OP) {
    check_limits(&op);
    const uint64_t parts[] = {op.kind, op.finalizable, op.thread,
                              op.a,    op.b,           op.c};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
      sum = (sum ^ parts[i]) * 0x100000001b3u;
    if (w)
      trace_write(w, &op);
  }
  *failed = status == TRACE_READ_FAILED;
  require(*failed == (*trace_reader_error(r) != 0), "an error without a line");
  char *clean = strdup(trace_reader_error(r));
  require(clean != NULL, "no memory");
  words_clean(clean, false);
  require(!strcmp(clean, trace_reader_error(r)),
          "an error that confuses a terminal");
  free(clean);
  trace_reader_close(r);
  return sum;
}

/* Copies the lines of a trace that can be read to its end into a file of the
 * form that the name says.  False if the trace cannot be read. */
static bool copy_lines(FILE *from, const char *to) {
  trace_op op;
  trace_line line;
  trace_reader *r = trace_reader_from(from, "input");
  trace_status status = trace_read_line(r, &op, &line);
  trace_writer *w = NULL;
  if (status != TRACE_READ_FAILED)
    w = trace_writer_open_version(to, trace_reader_version(r));
  for (; status == TRACE_READ_OP; status = trace_read_line(r, &op, &line))
    trace_write_line(w, &line, &op);
  require(trace_writer_close(w), "the lines could not be written");
  trace_reader_close(r);
  return status == TRACE_READ_END;
}

static bool is_text(const uint8_t *data, size_t size) {
  static const char begin[] = "reapmark-trace ";
  return size >= strlen(begin) && !memcmp(data, begin, strlen(begin));
}

/* There and back; a text is the same then, byte for byte. */
static void check_lines(const uint8_t *data, size_t size, const char *path) {
  char binary[96], back[96];
  snprintf(binary, sizeof binary, "%s.btrace", path);
  snprintf(back, sizeof back, "%s.trace", path);
  FILE *file = fmemopen((void *)(uintptr_t)data, size, "r");
  require(file != NULL, "no file");
  bool read = copy_lines(file, binary);
  fclose(file);
  if (read) {
    FILE *copy = fopen(binary, "r");
    require(copy != NULL, "no binary copy");
    require(copy_lines(copy, back), "the binary copy cannot be read");
    fclose(copy);
    if (is_text(data, size)) {
      uint8_t *text = malloc(size + 1);
      copy = fopen(back, "r");
      require(text && copy, "no copy back");
      require(fread(text, 1, size + 1, copy) == size &&
                  !memcmp(text, data, size),
              "the text comes back as another");
      fclose(copy);
      free(text);
    }
  }
  unlink(binary);
  unlink(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char copy[] = "/dev/shm/reapmark-fuzz-trace";
  bool failed;
  /* fmemopen has no room for nothing. */
  FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : tmpfile();
  require(file != NULL, "no file");
  static char path[64];
  if (!*path)
    snprintf(path, sizeof path, "%s-%ld", copy, (long)getpid());
  trace_writer *w = trace_writer_open(path, false);
  require(w != NULL, "no copy");
  uint64_t sum = read_all(file, w, &failed);
  fclose(file);
  require(trace_writer_close(w), "the copy could not be written");
  file = fopen(path, "r");
  require(file != NULL, "the copy is gone");
  require(read_all(file, NULL, &failed) == sum, "the copy is another trace");
  require(!failed, "the copy cannot be read");
  fclose(file);
  unlink(path);
  if (size > 0)
    check_lines(data, size, path);
  return 0;
}
