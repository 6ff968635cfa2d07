/* words.c: tests of how users' words are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include <string.h>

#include "harness/base/words.h"

static const char *const known[] = {"mark-sweep", "refcount", NULL,
                                    "refcount-atomic", "none"};
enum { KNOWN = 5 };

static void near_words_are_suggested(void **state) {
  (void)state;
  const char *const cases[][2] = {
      {"mark-swep", "mark-sweep"},  /* one letter missing */
      {"amrk-sweep", "mark-sweep"}, /* two swapped */
      {"refcounts", "refcount"},    /* one too many */
      {"refcount-atomik", "refcount-atomic"},
      {"nome", "none"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_string_equal(words_nearest(cases[i][0], known, KNOWN), cases[i][1]);
}

static void far_words_are_not(void **state) {
  (void)state;
  assert_null(words_nearest("python", known, KNOWN));
  assert_null(words_nearest("", known, KNOWN));
  assert_null(words_nearest("no", known, KNOWN));
  assert_null(words_nearest("none", NULL, 0));
}

static void suggestion_ends_a_line(void **state) {
  (void)state;
  char out[64];
  assert_string_equal(words_suggest(out, sizeof out, "nome", known, KNOWN),
                      " (did you mean 'none'?)");
  assert_string_equal(words_suggest(out, sizeof out, "python", known, KNOWN),
                      "");
}

static void choices_end_a_line(void **state) {
  (void)state;
  char out[64];
  assert_string_equal(words_choices(out, sizeof out, "nome", known, KNOWN),
                      " (did you mean 'none'?)");
  static const char all[] =
      " (choose from mark-sweep, refcount, refcount-atomic, none)";
  assert_string_equal(words_choices(out, sizeof all, "python", known, KNOWN),
                      all);
  assert_string_equal(
      words_choices(out, sizeof all - 1, "python", known, KNOWN), "");
  assert_string_equal(words_choices(out, sizeof out, "python", NULL, 0), "");
}

static void long_words_are_harmless(void **state) {
  (void)state;
  char word[1000];
  for (size_t i = 0; i < sizeof word - 1; i++)
    word[i] = 'x';
  word[sizeof word - 1] = 0;
  assert_null(words_nearest(word, known, KNOWN));
}

static void numbers_have_suffixes(void **state) {
  (void)state;
  const struct {
    const char *text;
    uint64_t value;
  } good[] = {{"0", 0},
              {"4096", 4096},
              {"64k", 65536},
              {"2M", 2 << 20},
              {"3G", (uint64_t)3 << 30},
              {"18446744073709551615", UINT64_MAX}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    uint64_t value = 1;
    assert_true(words_number(good[i].text, &value));
    assert_true(value == good[i].value);
  }
}

static void other_text_is_no_number(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "k",
                                    "-1",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    "1T",
                                    "1kk",
                                    "0x10",
                                    "1.5",
                                    "18446744073709551616",
                                    "17179869184G"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    uint64_t value = 7;
    assert_false(words_number(bad[i], &value));
    assert_int_equal(value, 7);
  }
}

static void times_have_units(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double ns;
  } good[] = {{"1ns", 1},    {"500us", 5e5},  {"500µs", 5e5},
              {"5ms", 5e6},  {"1.5s", 1.5e9}, {"2 s", 2e9},
              {"5m", 300e9}, {"5min", 300e9}, {"1h", 3600e9}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    double ns = 0;
    assert_true(words_time(good[i].text, &ns));
    assert_true(fabs(ns - good[i].ns) < 1e-6 * good[i].ns);
  }
  static const char *const bad[] = {"",    "5",   "ms", "0s",
                                    "-1s", "5mm", "5M", "1s "};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    double ns = 7;
    assert_false(words_time(bad[i], &ns));
  }
}

static void assert_list(word_list list, const char *expected) {
  char text[100] = "";
  for (size_t i = 0; i < list.count; i++) {
    strcat(text, list.words[i]);
    strcat(text, "|");
  }
  assert_string_equal(text, expected);
}

static void lists_split_at_commas_or_blanks(void **state) {
  (void)state;
  assert_list(words_split("a,b"), "a|b|");
  assert_list(words_split(" a  b\tc "), "a|b|c|");
  assert_list(words_split("a, b ,c"), "a|b|c|");
  assert_list(words_split("a,,b,"), "a||b||");
  assert_list(words_split(""), "|");
  assert_list(words_split("a:x=1,y=2 z=3,b c:x=1"), "a:x=1,y=2,z=3|b|c:x=1|");
  assert_list(words_split("x=1,y=2"), "x=1,y=2|");
  assert_list(words_pieces("x=1, y=2"), "x=1|y=2|");
  char *operands[] = {(char *)"a b:x=1", (char *)"c,d", NULL};
  assert_list(words_chosen(NULL, operands), "a|b:x=1|c|d|");
  assert_list(words_chosen("e f", operands), "e|f|a|b:x=1|c|d|");
  assert_list(words_chosen(NULL, operands + 2), "");
}

/* Text of another program, as a terminal and JSON can take it. */
static void text_is_copied(void **state) {
  (void)state;
  static const struct {
    const char *text, *copy;
    size_t room;
  } cases[] = {
      {"plain", "plain", 100},
      {"caf\u00e9 \u2265 \U0001f600", "caf\u00e9 \u2265 \U0001f600", 100},
      {"\x1b[31m\ttab\x7f", "?[31m?tab?", 100},
      {"caf\xe9s \xc3", "caf?s ?", 100}, /* Latin-1; cut short */
      {"caf\u00e9s", "caf", 5},          /* cut off between characters */
      {"caf\u00e9s", "caf\u00e9", 6},
      {"long", "", 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[100];
    size_t n =
        words_copy(out, cases[i].room, cases[i].text, strlen(cases[i].text));
    assert_string_equal(out, cases[i].copy);
    assert_int_equal(n, strlen(out));
  }
}

static void texts_are_cleaned(void **state) {
  static const char *const texts[][2] = {
      {"plain, 100 % é – 漢", "plain, 100 % é – 漢"},
      {"\033[31mred", "?[31mred"},
      {"a\nb\tc\177", "a?b?c?"},
      {"\xc2\x9b"
       "2J",
       "?2J"}, /* CSI as one character */
      {"x\xe2\x80\xae"
       "y\xe2\x81\xa6z",
       "x?y?z"},                         /* direction */
      {"\xff\xc3", "??"},                /* no UTF-8 */
      {"\xc0\xaf\xed\xa0\x80", "?????"}, /* overlong, surrogate */
      {"", ""}};
  (void)state;
  char text[64];
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    snprintf(text, sizeof text, "%s", texts[i][0]);
    words_clean(text, false);
    assert_string_equal(text, texts[i][1]);
  }
  snprintf(text, sizeof text, "a\nb\rc");
  words_clean(text, true);
  assert_string_equal(text, "a\nb?c");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(near_words_are_suggested),
      cmocka_unit_test(far_words_are_not),
      cmocka_unit_test(suggestion_ends_a_line),
      cmocka_unit_test(choices_end_a_line),
      cmocka_unit_test(long_words_are_harmless),
      cmocka_unit_test(numbers_have_suffixes),
      cmocka_unit_test(other_text_is_no_number),
      cmocka_unit_test(times_have_units),
      cmocka_unit_test(lists_split_at_commas_or_blanks),
      cmocka_unit_test(text_is_copied),
      cmocka_unit_test(texts_are_cleaned),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
