/* rate-answer.c: tests of what the rates that were found mean, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "harness/driver/search/rate-answer.h"
#include "harness/output/format.h"

/* A row of rate.json. */
static json_t *row(const char *workload, const char *collector,
                   const char *found, int rate, int low, int high) {
  return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i}", "workload", workload,
                   "collector", collector, "heap", "64M", "found", found,
                   "rate", rate, "low", low, "high", high);
}

/* The answer on one line, for rows that are taken. */
static char *answer(json_t *rows, double precision, uint64_t searches) {
  static char text[2000];
  char *printed;
  size_t size;
  page *p = page_new(NULL);
  rate_answer(p, rows, precision, searches);
  FILE *out = open_memstream(&printed, &size);
  format_text(p, out);
  fclose(out);
  size_t n = 0;
  for (const char *c = printed; *c && n + 1 < sizeof text; c++)
    if (*c != '\n' && !(*c == ' ' && n && text[n - 1] == ' '))
      text[n++] = *c;
    else if (n && text[n - 1] != ' ')
      text[n++] = ' ';
  text[n] = 0;
  free(printed);
  json_decref(rows);
  return text;
}

static void says(const char *text, const char *part) {
  if (!strstr(text, part))
    fail_msg("'%s' lacks '%s'", text, part);
}

static void apart_and_not(void **state) {
  (void)state;
  json_t *rows = json_array();
  json_array_append_new(rows, row("w", "slow", "highest", 500, 450, 550));
  json_array_append_new(rows, row("w", "best", "highest", 1000, 900, 1100));
  json_array_append_new(rows, row("w", "near", "highest", 850, 800, 880));
  json_array_append_new(rows, row("w", "none", "unsatisfied", 0, 0, 0));
  const char *text = answer(rows, 0.05, 3);
  says(text, "w, heap 64M: best serves the most, 1000/s.");
  /* 880 and a step of the grid are above 900. */
  says(text, "Cannot be told apart from it: near 850/s.");
  says(text, "Behind it: slow 500/s (0.50x).");
  says(text, "No rate found: none (unsatisfied).");
  says(text, "By 3 searches each");
}

/* A finer grid tells more; a single search says so of itself. */
static void by_the_grid(void **state) {
  (void)state;
  json_t *rows = json_array();
  json_array_append_new(rows, row("w", "best", "at least", 1000, 900, 1100));
  json_array_append_new(rows, row("w", "near", "highest", 850, 800, 880));
  const char *text = answer(rows, 0.01, 1);
  says(text, "best serves the most, at least 1000/s.");
  says(text, "Behind it: near 850/s (0.85x).");
  says(text, "By one search each");
}

static void each_workload(void **state) {
  (void)state;
  json_t *rows = json_array();
  json_array_append_new(rows, row("a", "one", "highest", 1000, 1000, 1000));
  json_array_append_new(rows, row("b", "one", "stopped", 0, 0, 0));
  json_array_append_new(rows, row("a", "two", "highest", 2000, 2000, 2000));
  const char *text = answer(rows, 0.05, 2);
  says(text, "a, heap 64M: two serves the most, 2000/s. Behind it: one");
  says(text, "b, heap 64M: nobody meets the limit at any rate tried.");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(apart_and_not),
      cmocka_unit_test(by_the_grid),
      cmocka_unit_test(each_workload),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
