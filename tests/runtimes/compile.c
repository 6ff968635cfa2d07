/* compile.c: tests of the words that replayers in other languages read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtimes/compile.h"
#include "runtimes/words.h"

static char path[] = "runtimes-compile-XXXXXX";
static compiled out;
static char error[TRACE_ERROR];

static int make_path(void **state) {
  (void)state;
  int fd = mkstemp(path);
  return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state) {
  (void)state;
  return unlink(path);
}

#define HEAD                                                                   \
  "reapmark-trace 3\n# prepared: operations=%d objects=%d bytes=0 live=0 "     \
  "cyclic=0 cyclic-objects=0 end-objects=0 end-bytes=0 end-cyclic-objects=0 "  \
  "mutators=1 weak=0 ephemerons=0 finalizable=0 external=0 registers=4 "       \
  "slots=2 payloads=0 order=%s graph=0000000000000000\n"

static FILE *begin_trace(int operations, int objects, const char *order) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file, HEAD, operations, objects, order);
  return file;
}

static bool compile_file(FILE *file) {
  assert_int_equal(fclose(file), 0);
  *error = 0;
  return compile_trace(path, true, &out, error);
}

static bool compile_text(const char *text, const char *order) {
  FILE *file = begin_trace(1, 1, order);
  fputs(text, file);
  return compile_file(file);
}

/* The words of a chain, one after the other, without NEXT. */
typedef struct words {
  uint32_t *items;
  size_t count, chunks;
} words;

static const unsigned operands[] = {
#define OPERANDS(name, n) n,
    RUNTIME_CODES(OPERANDS)
#undef OPERANDS
};

static words read_chain(uint32_t chunk) {
  words w = {.items = malloc(1 << 22)};
  assert_non_null(w.items);
  static uint8_t bytes[4 * WORDS_CHUNK];
  for (;;) {
    ssize_t n = pread(fileno(out.file), bytes, sizeof bytes,
                      (off_t)chunk * (off_t)sizeof bytes);
    assert_int_equal(n, sizeof bytes);
    w.chunks++;
    for (size_t at = 0;;) {
      uint32_t word = 0;
      for (unsigned i = 0; i < 4; i++)
        word |= (uint32_t)bytes[4 * at + i] << 8 * i;
      uint32_t code = word & 0xff;
      assert_true(code < WORD_CODES);
      if (code == WORD_NEXT) {
        chunk = word >> 8;
        break;
      }
      for (unsigned k = 0; k <= operands[code]; k++, at++) {
        uint32_t value = 0;
        for (unsigned i = 0; i < 4; i++)
          value |= (uint32_t)bytes[4 * at + i] << 8 * i;
        w.items[w.count++] = value;
      }
      assert_true(at < WORDS_CHUNK);
      if (code == WORD_END)
        return w;
    }
  }
}

static void has_words(uint32_t chunk, const uint32_t *expected, size_t count) {
  words w = read_chain(chunk);
  assert_int_equal(w.count, count);
  for (size_t i = 0; i < count; i++)
    assert_int_equal(w.items[i], expected[i]);
  free(w.items);
}
#define HAS_WORDS(chunk, ...)                                                  \
  has_words(chunk, (const uint32_t[]){__VA_ARGS__},                            \
            sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void operations_become_words(void **state) {
  (void)state;
  assert_true(compile_text("enter 2 1\n"
                           "new 1 2 16\n"
                           "store-take 1 0 1\n"
                           "borrow 2 1 1\n"
                           "weak-get 0 1 0\n"
                           "safepoint\n"
                           "leave\n",
                           "free"));
  assert_int_equal(out.threads, 1);
  assert_int_equal(out.watched, 1);
  HAS_WORDS(out.thread[0].first, WORD_NEW | 1 << 8, 2, 16, 1,
            WORD_WATCH | 1 << 8, 0, WORD_STORE_TAKE | 1 << 8, 1, 0,
            WORD_LOAD | 2 << 8, 1, 1, WORD_WEAK_DROP, 1, WORD_LEAVE, 3,
            WORD_STEP | 7 << 8, WORD_END);
  assert_int_equal(out.thread[0].steps, 1);
  fclose(out.file);
}

#define TWO_THREADS                                                            \
  "enter 1 0\nlock\nunlock\nthread 5\nattach\nlock\nunlock\ndetach\nthread "   \
  "0\n"                                                                        \
  "clear 0\nleave\n"

/* Sections follow each other by numbers, and all threads meet where one begins
 * or ends. */
static void threads_that_run_together(void **state) {
  (void)state;
  assert_true(compile_text(TWO_THREADS, "free"));
  assert_int_equal(out.threads, 2);
  assert_int_equal(out.thread[1].number, 5);
  HAS_WORDS(out.thread[0].first, WORD_TURN, 0, WORD_PASS, 1, WORD_WAIT, 1,
            WORD_WAIT, 2, WORD_CLEAR, WORD_LEAVE, 1, WORD_STEP | 5 << 8,
            WORD_END);
  HAS_WORDS(out.thread[1].first, WORD_WAIT, 1, WORD_TURN, 1, WORD_PASS, 2,
            WORD_DETACH, WORD_WAIT, 2, WORD_STEP | 4 << 8, WORD_END);
  fclose(out.file);
}

static void threads_that_take_turns(void **state) {
  (void)state;
  assert_true(compile_text(TWO_THREADS, "turns"));
  HAS_WORDS(out.thread[0].first, WORD_PASS, 1, WORD_TURN, 2, WORD_CLEAR,
            WORD_LEAVE, 1, WORD_STEP | 5 << 8, WORD_END);
  HAS_WORDS(out.thread[1].first, WORD_TURN, 1, WORD_DETACH, WORD_PASS, 2,
            WORD_STEP | 4 << 8, WORD_END);
  fclose(out.file);
}

/* More words than a chunk has, all of which arrive. */
static void a_long_trace_has_many_chunks(void **state) {
  (void)state;
  enum { N = 30000 };
  FILE *file = begin_trace(N + 1, N, "free");
  fputs("enter 1 0\n", file);
  for (int i = 0; i < N; i++)
    fputs("new 0 1 8\n", file);
  fputs("leave\n", file);
  assert_true(compile_file(file));
  words w = read_chain(out.thread[0].first);
  assert_true(w.chunks > 5);
  size_t made = 0, steps = 0, watched = 0, operations = 0;
  for (size_t at = 0; at < w.count; at += 1 + operands[w.items[at] & 0xff]) {
    uint32_t code = w.items[at] & 0xff;
    if (code == WORD_NEW)
      assert_int_equal(w.items[at + 3], ++made);
    watched += code == WORD_WATCH;
    if (code == WORD_STEP) {
      steps++;
      operations += w.items[at] >> 8;
    }
  }
  assert_int_equal(made, N);
  assert_int_equal(operations, N + 2);
  assert_int_equal(steps, (N + 2 + COMPILED_STEP - 1) / COMPILED_STEP);
  assert_int_equal(steps, out.thread[0].steps);
  assert_int_equal(watched, out.watched);
  assert_true(watched > COMPILED_WATCHED / 2 && watched <= COMPILED_WATCHED);
  free(w.items);
  fclose(out.file);
}

static void refuses(const char *text, const char *why) {
  assert_false(compile_text(text, "free"));
  if (!strstr(error, why))
    fail_msg("'%s' lacks '%s'", error, why);
}

/* What would make a replayer stumble is refused, with the line. */
static void mistakes_are_refused(void **state) {
  (void)state;
  refuses("clear 0\n", ":3: register 0 is in no frame");
  refuses("enter 5 0\n", "more registers are in use than the head says");
  refuses("enter 2 0\nload 0 1 2\n", "slot 2 is beyond the largest object");
  refuses("enter 1 0\nnew 0 3 0\n", "an object is larger than the head says");
  refuses("leave\n", "a frame ends that has not begun");
  refuses("unlock\n", "the lock is taken twice, or returned twice");
  refuses("enter 1\n", "enter");
  refuses("# root: register 0 = 1\n", "what is alive refers to what is not");
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("reapmark-trace 3\nenter 1 0\n", file);
  assert_false(compile_file(file));
  assert_non_null(strstr(error, "is no prepared trace"));
}

/* A runtime makes a thread for each, so there are not too many. */
static void threads_are_bounded(void **state) {
  (void)state;
  FILE *file = begin_trace(1, 0, "free");
  for (int i = 1; i <= COMPILED_THREADS; i++)
    fprintf(file, "thread %d\nattach\ndetach\n", i);
  assert_false(compile_file(file));
  assert_non_null(strstr(error, "the trace has more than 256 threads"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operations_become_words),
      cmocka_unit_test(threads_that_run_together),
      cmocka_unit_test(threads_that_take_turns),
      cmocka_unit_test(a_long_trace_has_many_chunks),
      cmocka_unit_test(mistakes_are_refused),
      cmocka_unit_test(threads_are_bounded)};
  return cmocka_run_group_tests(tests, make_path, remove_path);
}
