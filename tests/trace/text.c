/* text.c: tests of the text of traces: what is written is read again, and what
 * is wrong is refused with the line and the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/trace/reader.h"
#include "harness/trace/writer.h"
#include "tests/trace/random.h"

static void write_text(const char *path, const char *text, size_t bytes) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, bytes, file), bytes);
  assert_int_equal(fclose(file), 0);
}

static char path[] = "trace-text-XXXXXX";

static int make_path(void **state) {
  (void)state;
  int fd = mkstemp(path);
  return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state) {
  (void)state;
  return unlink(path);
}

/* ------------------------------------------------------------------------- */

static void what_is_written_is_read(void **state) {
  (void)state;
  enum { N = 20000 };
  static trace_op ops[N];
  for (size_t i = 0; i < N; i++)
    ops[i] = operation_of_kind((uint8_t)(i % TRACE_KINDS), i < TRACE_KINDS);
  trace_writer *w = trace_writer_open(path, false);
  for (size_t i = 0; i < N; i++)
    trace_write(w, &ops[i]);
  assert_true(trace_writer_close(w));
  char error[TRACE_ERROR];
  trace_text trace;
  assert_true(trace_load(path, N, &trace, error));
  assert_int_equal(trace.count, N);
  for (size_t i = 0; i < N; i++)
    assert_true(same_operation(&ops[i], &trace.ops[i]));
  free(trace.ops);
  assert_false(trace_load(path, N - 1, &trace, error));
  assert_non_null(strstr(error, "more than 19999 operations"));
}

static void blanks_comments_and_line_numbers(void **state) {
  (void)state;
  const char text[] = "reapmark-trace 1\n"
                      "# a comment\n"
                      "\n"
                      "\t new  1 2\t3   f \r\n"
                      "  #\n"
                      "thread 7# not zero\n"
                      "collect#now\n";
  write_text(path, text, strlen(text));
  trace_reader *r = trace_reader_open(path);
  trace_op op;
  assert_int_equal(trace_read(r, &op), TRACE_READ_OP);
  assert_true(same_operation(
      &op,
      &(trace_op){
          .kind = TRACE_NEW, .a = 1, .b = 2, .c = 3, .finalizable = true}));
  assert_int_equal(trace_reader_line(r), 4);
  assert_int_equal(trace_read(r, &op), TRACE_READ_OP);
  assert_true(
      same_operation(&op, &(trace_op){.kind = TRACE_COLLECT, .thread = 7}));
  assert_int_equal(trace_reader_line(r), 7);
  assert_int_equal(trace_read(r, &op), TRACE_READ_END);
  assert_string_equal(trace_reader_error(r), "");
  trace_reader_close(r);
}

static void collect_comment(void *data, const char *text) {
  strcat(data, text);
  strcat(data, "|");
}

static void comments_are_handed_on(void **state) {
  (void)state;
  const char text[] = "reapmark-trace 1\n# one\n#two \ncollect # three\n";
  char comments[64] = "";
  write_text(path, text, strlen(text));
  trace_reader *r = trace_reader_open(path);
  trace_reader_comments(r, collect_comment, comments);
  trace_op op;
  assert_int_equal(trace_read(r, &op), TRACE_READ_OP);
  assert_string_equal(comments, "one|two |three|");
  trace_reader_close(r);
}

/* Lines across the ends of the reader's buffer, and one as long as may be. */
static void lines_of_every_length(void **state) {
  (void)state;
  trace_writer *w = trace_writer_open(path, false);
  char comment[TRACE_LINE];
  uint64_t written = 0;
  for (size_t length = 0; length <= TRACE_LINE - 3; length++) {
    memset(comment, 'x', length);
    comment[length] = 0;
    trace_write_comment(w, comment);
    trace_write(w, &(trace_op){.kind = TRACE_COLLECT});
    written++;
  }
  assert_true(trace_writer_close(w));
  trace_reader *r = trace_reader_open(path);
  trace_op op;
  uint64_t read = 0;
  while (trace_read(r, &op) == TRACE_READ_OP)
    read++;
  assert_string_equal(trace_reader_error(r), "");
  assert_int_equal(read, written);
  assert_int_equal(trace_reader_line(r), 1 + 2 * written);
  trace_reader_close(r);
}

/* ------------------------------------------------------------------------- *
 * Errors.
 * ------------------------------------------------------------------------- */

#define HEAD  "reapmark-trace 1\n"
#define HEAD2 "reapmark-trace 2\n"
#define HEAD3 "reapmark-trace 3\n"

static const struct mistake {
  const char *text;
  const char *error; /* after the name of the file */
} mistakes[] = {
    {"", ":1: empty: a trace begins with the line 'reapmark-trace 3'"},
    {"new 0 0 8\n",
     ":1: not a trace: the first line is not 'reapmark-trace 3'"},
    {"reapmark-trace\n", ":1: not a trace: "},
    {"reapmark-trace 1 2\n", ":1: not a trace: "},
    {"\x7f"
     "ELF\n",
     ":1: not a trace: "},
    {"reapmark-trace 2 1\n", ":1: not a trace: "},
    {"reapmark-trace 3 1\n", ":1: not a trace: "},
    {"reapmark-trace 4\n",
     ":1: version '4' of the format; this program reads versions 1 to 3"},
    {"reapmark-trace 0\n",
     ":1: version '0' of the format; this program reads versions 1 to 3"},
    {HEAD "ephemeron-get 1 2\n",
     ":2: 'ephemeron-get' needs a trace of version 2, and this is version 1"},
    {HEAD2 "ephemeron-new 1 2\n", ":2: 'ephemeron-new' lacks its operand 3"},
    {HEAD "external 1 2\n",
     ":2: 'external' needs a trace of version 3, and this is version 1"},
    {HEAD2 "external 1 2\n",
     ":2: 'external' needs a trace of version 3, and this is version 2"},
    {HEAD3 "external 1\n", ":2: 'external' lacks its operand 2"},
    {HEAD3 "external 1 0\n",
     ":2: operand 2 of 'external' is 0; it can be 1 to 1073741824"},
    {HEAD3 "external 1 1073741825\n",
     ":2: operand 2 of 'external' is 1073741825; it can be 1 to 1073741824"},
    {"reapmark-trace 1", ":1: the line is cut short: it has no newline"},
    {HEAD "nwe 0 0 8\n", ":2: unknown operation 'nwe' (did you mean 'new'?)"},
    {HEAD "store_take 0 0 1\n",
     ":2: unknown operation 'store_take' (did you mean 'store-take'?)"},
    {HEAD "threda 1\n",
     ":2: unknown operation 'threda' (did you mean 'thread'?)"},
    {HEAD "collect\nfrobnicate\n", ":3: unknown operation 'frobnicate'"},
    {HEAD "NEW 0 0 8\n", ":2: unknown operation 'NEW'"},
    {HEAD "\x1b[31mred\n", ":2: unknown operation '?[31mred'"},
    {HEAD "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n",
     ":2: unknown operation 'abcdefghijklmnopqrstuvwxyzabcdef...'"},
    {HEAD "load 1 2\n", ":2: 'load' lacks its operand 3"},
    {HEAD "new 0 1\n", ":2: 'new' lacks its operand 3"},
    {HEAD "load 1 x 0\n", ":2: 'x' is not a number"},
    {HEAD "load 1 -1 0\n", ":2: '-1' is not a number"},
    {HEAD "load 1 0x1 0\n", ":2: '0x1' is not a number"},
    {HEAD "load 1 2 3 4\n", ":2: what is '4' after 'load'?"},
    {HEAD "new 0 1 8 g\n", ":2: what is 'g' after 'new'?"},
    {HEAD "new 0 1 8 f f\n", ":2: what is 'f' after 'new'?"},
    {HEAD "load 65536 0 0\n",
     ":2: operand 1 of 'load' is 65536; it can be 0 to 65535"},
    {HEAD "load 99999999999999999999999999 0 0\n",
     ":2: operand 1 of 'load' is 99999999999999999999999999; it can be 0 to "
     "65535"},
    {HEAD "new 0 67108864 0\n",
     ":2: operand 2 of 'new' is 67108864; it can be 0 to 67108863"},
    {HEAD "new 0 0 1073741825\n",
     ":2: operand 3 of 'new' is 1073741825; it can be 0 to 1073741824"},
    {HEAD "global-clear 64\n",
     ":2: operand 1 of 'global-clear' is 64; it can be 0 to 63"},
    {HEAD "tls-clear 16\n",
     ":2: operand 1 of 'tls-clear' is 16; it can be 0 to 15"},
    {HEAD "dead 0\n",
     ":2: operand 1 of 'dead' is 0; it can be 1 to 4000000000"},
    {HEAD "weak-get 0 1 4000000001\n",
     ":2: operand 3 of 'weak-get' is 4000000001; it can be 0 to 4000000000"},
    {HEAD "thread\n", ":2: 'thread' lacks its number"},
    {HEAD "thread 32768\n",
     ":2: operand 1 of 'thread' is 32768; it can be 0 to 32767"},
    {HEAD "thread one\n", ":2: 'one' is not a number"},
    {HEAD "thread 1 2\n", ":2: what is '2' after 'thread'?"},
    {HEAD "collect\ncollec", ":3: the line is cut short: it has no newline"},
};

static void mistakes_are_named(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    const struct mistake *m = &mistakes[i];
    write_text(path, m->text, strlen(m->text));
    trace_reader *r = trace_reader_open(path);
    trace_op op;
    trace_status status;
    while ((status = trace_read(r, &op)) == TRACE_READ_OP)
      ;
    assert_int_equal(status, TRACE_READ_FAILED);
    const char *error = trace_reader_error(r);
    assert_int_equal(strncmp(error, path, strlen(path)), 0);
    error += strlen(path);
    if (strncmp(error, m->error, strlen(m->error)))
      fail_msg("'%s' gives '%s', not '%s'", m->text, error, m->error);
    /* And it stays like that. */
    assert_int_equal(trace_read(r, &op), TRACE_READ_FAILED);
    trace_reader_close(r);
  }
}

static void long_line_is_refused(void **state) {
  (void)state;
  static char text[3 << 16];
  memset(text, ' ', sizeof text);
  memcpy(text, HEAD, strlen(HEAD));
  write_text(path, text, sizeof text); /* no newline comes any more */
  trace_reader *r = trace_reader_open(path);
  trace_op op;
  assert_int_equal(trace_read(r, &op), TRACE_READ_FAILED);
  assert_string_equal(trace_reader_error(r) + strlen(path),
                      ":2: the line is longer than 1023 bytes");
  trace_reader_close(r);
  text[strlen(HEAD) + TRACE_LINE] = '\n'; /* a newline comes too late */
  write_text(path, text, sizeof text);
  r = trace_reader_open(path);
  assert_int_equal(trace_read(r, &op), TRACE_READ_FAILED);
  trace_reader_close(r);
}

static void missing_files_and_directories(void **state) {
  (void)state;
  trace_op op;
  trace_reader *r = trace_reader_open("no-such-file");
  assert_int_equal(trace_read(r, &op), TRACE_READ_FAILED);
  assert_string_equal(trace_reader_error(r),
                      "no-such-file: No such file or directory");
  trace_reader_close(r);
  r = trace_reader_open(".");
  assert_int_equal(trace_read(r, &op), TRACE_READ_FAILED);
  assert_string_equal(trace_reader_error(r), ".:1: Is a directory");
  trace_reader_close(r);
}

/* ------------------------------------------------------------------------- *
 * Writing.
 * ------------------------------------------------------------------------- */

static void full_disk_is_noticed(void **state) {
  (void)state;
  trace_writer *w = trace_writer_open("/dev/full", false);
  for (int i = 0; i < 100000; i++)
    trace_write(w, &(trace_op){.kind = TRACE_SAFEPOINT});
  assert_false(trace_writer_close(w));
  assert_int_equal(errno, ENOSPC);
  assert_null(trace_writer_open("no-such-folder/trace", false));
  assert_int_equal(errno, ENOENT);
  assert_true(trace_writer_close(NULL));
}

/* A line is in the file before what it announces kills the process. */
static void lines_survive_a_crash(void **state) {
  (void)state;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    trace_writer *w = trace_writer_open(path, true);
    for (int i = 0; i < 10; i++)
      trace_write(w, &(trace_op){.kind = TRACE_COLLECT});
    _exit(0); /* writes out nothing */
  }
  assert_int_equal(waitpid(child, NULL, 0), child);
  char error[TRACE_ERROR];
  trace_text trace;
  assert_true(trace_load(path, 100, &trace, error));
  assert_int_equal(trace.count, 10);
  free(trace.ops);
}

enum { THREADS = 4, EACH = 5000 };

typedef struct share {
  trace_writer *w;
  uint16_t thread;
} share;

static void *write_share(void *data) {
  const share *s = data;
  for (uint32_t i = 0; i < EACH; i++)
    trace_write(s->w, &(trace_op){.kind = TRACE_COPY,
                                  .thread = s->thread,
                                  .a = i,
                                  .b = s->thread});
  return NULL;
}

/* Each thread's operations are its own, whole and in order. */
static void threads_write_together(void **state) {
  (void)state;
  trace_writer *w = trace_writer_open(path, false);
  pthread_t threads[THREADS];
  share shares[THREADS];
  for (uint16_t t = 0; t < THREADS; t++) {
    shares[t] = (share){w, t};
    assert_int_equal(pthread_create(&threads[t], NULL, write_share, &shares[t]),
                     0);
  }
  for (int t = 0; t < THREADS; t++)
    pthread_join(threads[t], NULL);
  assert_true(trace_writer_close(w));
  char error[TRACE_ERROR];
  trace_text trace;
  assert_true(trace_load(path, THREADS * EACH, &trace, error));
  assert_int_equal(trace.count, THREADS * EACH);
  uint32_t next[THREADS] = {0};
  for (size_t i = 0; i < trace.count; i++) {
    const trace_op *op = &trace.ops[i];
    assert_int_equal(op->b, op->thread);
    assert_int_equal(op->a, next[op->thread]++);
  }
  free(trace.ops);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(blanks_comments_and_line_numbers),
      cmocka_unit_test(comments_are_handed_on),
      cmocka_unit_test(lines_of_every_length),
      cmocka_unit_test(mistakes_are_named),
      cmocka_unit_test(long_line_is_refused),
      cmocka_unit_test(missing_files_and_directories),
      cmocka_unit_test(full_disk_is_noticed),
      cmocka_unit_test(lines_survive_a_crash),
      cmocka_unit_test(threads_write_together),
  };
  return cmocka_run_group_tests(tests, make_path, remove_path);
}
