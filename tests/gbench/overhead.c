/* The loop of the C API costs what a native C++ loop costs: the same number of
 * instructions an iteration, counted by callgrind as a difference of two runs
 * with different iteration counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *valgrind, *loops;

static uint64_t instructions(const char *kind, long iterations) {
  char command[4096], line[512];
  snprintf(command, sizeof command,
           "'%s' --tool=callgrind --callgrind-out-file=/dev/null '%s' %s %ld "
           "2>&1",
           valgrind, loops, kind, iterations);
  FILE *f = popen(command, "r");
  assert_non_null(f);
  unsigned long count = 0;
  while (fgets(line, sizeof line, f))
    sscanf(line, "==%*d== Collected : %lu", &count);
  assert_int_equal(pclose(f), 0);
  assert_true(count > 0);
  return count;
}

static double per_iteration(const char *kind) {
  const long few = 100000, many = 4100000;
  double grown =
      (double)instructions(kind, many) - (double)instructions(kind, few);
  double each = grown / (double)(many - few);
  printf("%s: %.2f instructions an iteration\n", kind, each);
  return each;
}

static void test_no_overhead(void **state) {
  (void)state;
  /* A run differs from the next by some thousand instructions, for it reads
   * files of the kernel. */
  double more = per_iteration("c") - per_iteration("native");
  assert_true(fabs(more) < 0.02);
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  valgrind = argv[1];
  loops = argv[2];
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_overhead)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
