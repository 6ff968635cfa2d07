/* memory.c: tests of what is read of the resident set.  Given an argument, the
 * program is the child of one of them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cell/cell.h"

/* Stands in for that of a cell. */
void cell_die(const char *format, ...) {
  (void)format;
  abort();
}

enum { MIB = 1 << 20, HELD = 200 * MIB, SLACK = 32 * MIB };

/* Resident memory of a known size. */
static char *hold(void) {
  char *held = mmap(NULL, HELD, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(held, MAP_FAILED);
  memset(held, 1, HELD);
  return held;
}

static void peak_stays(void **state) {
  (void)state;
  uint64_t before = cell_read_resident().now;
  char *held = hold();
  cell_resident r = cell_read_resident();
  assert_in_range(r.now, before + HELD - SLACK, before + HELD + SLACK);
  assert_true(r.peak + SLACK >= r.now);
  munmap(held, HELD);
  r = cell_read_resident();
  assert_true(r.now < before + SLACK);
  assert_true(r.peak >= before + HELD - SLACK);
}

static void peak_is_reset(void **state) {
  (void)state;
  munmap(hold(), HELD);
  cell_resident before = cell_read_resident();
  assert_true(before.peak >= before.now + HELD - SLACK);
  bool reset = cell_reset_peak();
  cell_resident after = cell_read_resident();
  if (reset)
    assert_true(after.peak < after.now + SLACK);
  else /* the kernel does not let us, and that is said */
    assert_true(after.peak >= before.peak);
}

/* Without a reset, to rest on the reading alone. */
static int be_the_child(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0)
    return 1;
  printf("%ju %ju\n", (uintmax_t)cell_read_resident().peak,
         (uintmax_t)usage.ru_maxrss * 1024);
  return 0;
}

/* The resident set of a parent goes over to ru_maxrss when a child begins
 * another program, but not to what is read here. */
static void peak_of_the_parent_is_not_inherited(void **state) {
  (void)state;
  uintmax_t peak = 0, maxrss = 0;
  int ends[2], status;
  char text[100];
  char *held = hold();
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execl("/proc/self/exe", "child", "child", (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  ssize_t n = read(ends[0], text, sizeof text - 1);
  close(ends[0]);
  assert_int_equal(waitpid(child, &status, 0), child);
  munmap(held, HELD);
  assert_int_equal(status, 0);
  assert_true(n > 0);
  text[n] = 0;
  assert_int_equal(sscanf(text, "%ju %ju", &peak, &maxrss), 2);
  assert_true(peak > 0 && peak < HELD / 2);
  if (maxrss < HELD)
    print_message("here ru_maxrss is not inherited: %ju\n", maxrss);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc == 2)
    return be_the_child();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(peak_stays),
      cmocka_unit_test(peak_is_reset),
      cmocka_unit_test(peak_of_the_parent_is_not_inherited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
