/* binary.c: tests of the binary form of traces and of compressed ones: nothing
 * is lost on the way there and back, and whatever is damaged is refused in one
 * line, with the place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include "harness/trace/binary.h"
#include "harness/trace/reader.h"
#include "harness/trace/writer.h"
#include "tests/trace/random.h"

static const char *const names[] = {"form.trace", "form.trace.zst",
                                    "form.btrace", "form.btrace.zst"};
enum { FORMS = sizeof names / sizeof *names };

static char folder[] = "trace-binary-XXXXXX";

static int enter_folder(void **state) {
  (void)state;
  return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  for (size_t i = 0; i < FORMS; i++)
    unlink(names[i]);
  unlink("back");
  unlink("made");
  return chdir("..") || rmdir(folder) ? -1 : 0;
}

typedef struct bytes {
  uint8_t *at;
  size_t count;
} bytes;

static bytes read_file(const char *path) {
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  bytes b = {.at = malloc(1 << 24)};
  b.count = fread(b.at, 1, 1 << 24, file);
  assert_int_equal(fclose(file), 0);
  return b;
}

static void write_file(const char *path, const void *from, size_t count) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(from, 1, count, file), count);
  assert_int_equal(fclose(file), 0);
}

/* Converts as `reapmark trace convert` does. */
static void convert(const char *from, const char *to) {
  trace_reader *r = trace_reader_open(from);
  trace_op op;
  trace_line line;
  trace_status status = trace_read_line(r, &op, &line);
  trace_writer *w = trace_writer_open_version(to, trace_reader_version(r));
  assert_non_null(w);
  for (; status == TRACE_READ_OP; status = trace_read_line(r, &op, &line))
    trace_write_line(w, &line, &op);
  assert_string_equal(trace_reader_error(r), "");
  assert_int_equal(status, TRACE_READ_END);
  assert_true(trace_writer_close(w));
  trace_reader_close(r);
}

/* Reads the file "made" and returns its error; "" if it has none. */
static const char *error_of_made(void) {
  static char error[TRACE_ERROR];
  trace_text trace;
  if (trace_load("made", 1 << 20, &trace, error))
    free(trace.ops);
  return error;
}

/* ------------------------------------------------------------------------- */

static void what_is_written_is_read(void **state) {
  (void)state;
  enum { N = 20000 };
  static trace_op ops[N];
  for (size_t i = 0; i < N; i++)
    ops[i] = operation_of_kind((uint8_t)(i % TRACE_KINDS), i < TRACE_KINDS);
  for (size_t f = 0; f < FORMS; f++) {
    trace_writer *w = trace_writer_open(names[f], false);
    for (size_t i = 0; i < N; i++)
      trace_write(w, &ops[i]);
    assert_true(trace_writer_close(w));
    char error[TRACE_ERROR];
    trace_text trace;
    assert_true(trace_load(names[f], N, &trace, error));
    assert_int_equal(trace.count, N);
    for (size_t i = 0; i < N; i++)
      assert_true(same_operation(&ops[i], &trace.ops[i]));
    free(trace.ops);
  }
}

/* Written in ways in which this project does not write. */
static const char odd[] = "reapmark-trace 3\n"
                          "# a comment, \xc3\xa4\n"
                          "\n"
                          "  \t\r\n"
                          "#\n"
                          "#no blank\n"
                          "thread 0\n"
                          "\tenter  3 1 # a frame\r\n"
                          "new 0 007 8 f\n"
                          "new 0 1 8 f#x\n"
                          "weak-new 1 0\n"
                          "weak-get 2 1\n"
                          "weak-get 2 1 0\n"
                          "weak-get 2 1 1\n"
                          "thread 2\n"
                          "thread 02\n"
                          "attach\n"
                          "thread 2\n"
                          "thread 3\n"
                          "thread 0\n"
                          "external 0 300\n"
                          "dead 2\n"
                          "leave\n"
                          "thread 9\n"
                          "# the end";

static void a_text_comes_back_byte_for_byte(void **state) {
  (void)state;
  for (char version = '1'; version <= *TRACE_VERSION_TEXT; version++) {
    char text[sizeof odd + 1];
    snprintf(text, sizeof text, "%s\n", odd);
    text[strlen("reapmark-trace ")] = version;
    if (version < '3') /* which has no external memory */
      memcpy(strstr(text, "external"), "# xtern.", 8);
    write_file(names[0], text, strlen(text));
    for (size_t f = 1; f < FORMS; f++) {
      convert(names[0], names[f]);
      convert(names[f], "back");
      bytes back = read_file("back");
      assert_int_equal(back.count, strlen(text));
      assert_memory_equal(back.at, text, back.count);
      free(back.at);
    }
  }
}

/* Lines and comments are told alike by both forms. */
static void lines_are_those_of_the_text(void **state) {
  (void)state;
  write_file(names[0], odd, strlen(odd));
  write_file("made", odd, strlen(odd));
  assert_non_null(strstr(error_of_made(), "made:25: the line is cut short"));
  static char text[sizeof odd + 1];
  snprintf(text, sizeof text, "%s\n", odd);
  write_file(names[0], text, strlen(text));
  convert(names[0], names[2]);
  trace_reader *a = trace_reader_open(names[0]);
  trace_reader *b = trace_reader_open(names[2]);
  trace_op x, y;
  while (trace_read(a, &x) == TRACE_READ_OP) {
    assert_int_equal(trace_read(b, &y), TRACE_READ_OP);
    assert_true(same_operation(&x, &y));
    assert_int_equal(trace_reader_line(a), trace_reader_line(b));
  }
  assert_int_equal(trace_read(b, &y), TRACE_READ_END);
  assert_int_equal(trace_read(b, &y), TRACE_READ_END);
  trace_reader_close(a);
  trace_reader_close(b);
}

static void the_example_of_the_page(void **state) {
  (void)state;
  trace_writer *w = trace_writer_open(names[2], false);
  trace_write(w, &(trace_op){.kind = TRACE_NEW, .b = 1, .c = 8});
  trace_write(w, &(trace_op){.kind = TRACE_COLLECT, .thread = 1});
  assert_true(trace_writer_close(w));
  static const uint8_t wanted[] = {0x89, 'R',  'M', 'T', '\r', '\n',
                                   0x1a, '\n', 3,   20,  0,    1,
                                   8,    3,    1,   47,  0,    2};
  bytes b = read_file(names[2]);
  assert_int_equal(b.count, sizeof wanted + CHECKSUM_BYTES);
  assert_memory_equal(b.at, wanted, sizeof wanted);
  free(b.at);
}

/* ------------------------------------------------------------------------- */

/* A small binary trace with records of every kind. */
static bytes small(void) {
  static char text[sizeof odd + 1];
  snprintf(text, sizeof text, "%s\n", odd);
  write_file(names[0], text, strlen(text));
  convert(names[0], names[2]);
  return read_file(names[2]);
}

static void what_is_cut_short_is_refused(void **state) {
  (void)state;
  bytes b = small();
  for (size_t n = 0; n < b.count; n++) {
    write_file("made", b.at, n);
    const char *error = error_of_made();
    if (n == 0)
      assert_non_null(strstr(error, "made:1: empty"));
    else
      assert_non_null(strstr(error, "cut short"));
  }
  write_file("made", b.at, b.count);
  assert_string_equal(error_of_made(), "");
  free(b.at);
}

static void what_is_damaged_is_refused(void **state) {
  (void)state;
  bytes b = small();
  for (size_t bit = 0; bit < 8 * b.count; bit++) {
    b.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    write_file("made", b.at, b.count);
    const char *error = error_of_made();
    assert_non_null(strstr(error, "made:"));
    assert_null(strchr(error, '\n'));
    b.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  free(b.at);
}

/* A file with a right checksum, whoever made it: these records, and an end that
 * states this number of operations. */
static const char *error_of(const char *records, size_t count,
                            uint8_t operations) {
  uint8_t file[4096], *end = file;
  memcpy(end, TRACE_MAGIC, TRACE_MAGIC_BYTES);
  end += TRACE_MAGIC_BYTES;
  *end++ = 3;
  memcpy(end, records, count);
  end += count;
  *end++ = 0;
  *end++ = operations;
  uint32_t sum = trace_checksum(0, file, (size_t)(end - file));
  for (unsigned i = 0; i < 4; i++)
    *end++ = (uint8_t)(sum >> 8 * i);
  write_file("made", file, (size_t)(end - file));
  return error_of_made();
}

#define REFUSED(records, operations, error)                                    \
  assert_string_equal(error_of(records, sizeof(records) - 1, operations), error)

static void what_is_wrong_is_refused(void **state) {
  (void)state;
  REFUSED("\x12\1\0\x13", 2, "");
  REFUSED("\x12\1\0\x13", 1,
          "made: byte 13: the trace has 2 operations, and says 1");
  REFUSED("\x34", 1, "made: byte 9: unknown code 52");
  REFUSED("\x12\1\0\xff", 1, "made: byte 12: unknown code 255");
  REFUSED("\x16\1\x80\x80\4\1", 1,
          "made: byte 9: operand 2 of 'load' is 65536; it can be 0 to 65535");
  REFUSED("\x16\1\x81\0\1", 1, "made: byte 9: a number has a needless byte");
  REFUSED("\x16\1\xff\xff\xff\xff\xff\1", 1,
          "made: byte 9: a number is too long");
  REFUSED("\x16\1\xff\xff\xff\xff\x10", 1,
          "made: byte 9: a number is too large");
  REFUSED("\x33\0", 1,
          "made: byte 9: operand 1 of 'dead' is 0; it can be 1 to 4000000000");
  REFUSED("\3\x80\x80\2", 0,
          "made: byte 9: operand 1 of 'thread' is 32768; it can be 0 to 32767");
  REFUSED("\1\5leave", 0, "made: byte 9: an operation stands as a comment");
  REFUSED("\1\3a\nb", 0, "made: byte 9: a newline in a line");
  REFUSED("\1\x80\x8", 0,
          "made: byte 9: a line of 1024 bytes is longer than "
          "1023");
  REFUSED("\2\6leave \x13", 1, "");
  REFUSED("\2\6leave \x31", 1,
          "made: byte 17: a line is spelt otherwise than it is");
  REFUSED("\2\6leave \1\1#", 1, "made: byte 17: unknown code 1");
  REFUSED("\2\7levae  \x13", 1,
          "made: byte 18: unknown operation 'levae' (did you mean 'leave'?)");
  REFUSED("\2\10thread 7\3\6", 0,
          "made: byte 19: a line is spelt otherwise than it is");
}

static void nothing_follows_the_end(void **state) {
  (void)state;
  bytes b = small();
  b.at[b.count] = 0;
  write_file("made", b.at, b.count + 1);
  assert_non_null(strstr(error_of_made(), "something follows the end"));
  memcpy(b.at + TRACE_MAGIC_BYTES, "\4", 1);
  write_file("made", b.at, b.count);
  assert_non_null(strstr(error_of_made(), "made: byte 0: version 4"));
  /* What a transfer as text makes of the magic. */
  memmove(b.at + 4, b.at + 5, b.count - 5);
  write_file("made", b.at, b.count - 1);
  assert_non_null(strstr(error_of_made(), "as if it were a text"));
  free(b.at);
}

/* ------------------------------------------------------------------------- *
 * Compressed.
 * ------------------------------------------------------------------------- */

static void compressed_and_damaged(void **state) {
  (void)state;
  free(small().at);
  convert(names[0], names[3]);
  bytes b = read_file(names[3]);
  for (size_t n = 4; n < b.count; n++) {
    write_file("made", b.at, n);
    assert_non_null(strstr(error_of_made(), "cut short"));
  }
  for (size_t bit = 0; bit < 8 * b.count; bit++) {
    b.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    write_file("made", b.at, b.count);
    const char *error = error_of_made();
    /* Not every bit of a frame's head changes what comes out. */
    if (*error) {
      assert_non_null(strstr(error, "made:"));
      assert_null(strchr(error, '\n'));
    }
    b.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  /* Two frames, one after the other, as zstd itself reads them. */
  convert(names[0], names[1]);
  bytes text = read_file(names[1]);
  static const char more[] = "collect\n";
  size_t added =
      ZSTD_compress(text.at + text.count, 1000, more, strlen(more), 3);
  write_file("made", text.at, text.count + added);
  assert_string_equal(error_of_made(), "");
  free(text.at);
  free(b.at);
}

static long peak_kilobytes(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

/* 64 MiB of empty lines in a few kilobytes. */
static void a_bomb_takes_no_memory(void **state) {
  (void)state;
  enum { BLOCK = 1 << 16, BLOCKS = 1024 };
  static char block[BLOCK];
  memset(block, '\n', BLOCK);
  trace_writer *w = trace_writer_open(names[1], false);
  for (size_t i = 0; i < BLOCKS; i++)
    for (size_t k = 0; k < 64; k++)
      trace_write_line(w,
                       &(trace_line){.kind = TRACE_LINE_OTHER,
                                     .text = block,
                                     .length = TRACE_LINE - 1},
                       NULL);
  assert_true(trace_writer_close(w));
  bytes b = read_file(names[1]);
  assert_in_range(b.count, 1, 1 << 16);
  write_file("made", b.at, b.count);
  free(b.at);
  long before = peak_kilobytes();
  assert_string_equal(error_of_made(), "");
  assert_in_range(peak_kilobytes() - before, 0, 16 << 10);
}

static void a_large_window_is_refused(void **state) {
  (void)state;
  ZSTD_CCtx *zstd = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 27);
  static const char text[] = "reapmark-trace 3\n";
  char packed[1000];
  ZSTD_outBuffer out = {.dst = packed, .size = sizeof packed};
  ZSTD_inBuffer in = {.src = text, .size = strlen(text)};
  /* of unknown size, so that the window is as large as is asked for */
  assert_false(
      ZSTD_isError(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_flush)));
  assert_int_equal(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_end), 0);
  ZSTD_freeCCtx(zstd);
  write_file("made", packed, out.pos);
  assert_non_null(strstr(error_of_made(), "a window of more than 8 MiB"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(a_text_comes_back_byte_for_byte),
      cmocka_unit_test(lines_are_those_of_the_text),
      cmocka_unit_test(the_example_of_the_page),
      cmocka_unit_test(what_is_cut_short_is_refused),
      cmocka_unit_test(what_is_damaged_is_refused),
      cmocka_unit_test(what_is_wrong_is_refused),
      cmocka_unit_test(nothing_follows_the_end),
      cmocka_unit_test(compressed_and_damaged),
      cmocka_unit_test(a_bomb_takes_no_memory),
      cmocka_unit_test(a_large_window_is_refused),
  };
  return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
