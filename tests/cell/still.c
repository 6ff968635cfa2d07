/* still.c: tests of the account of time in which the process stood still.
 *
 * The test plays the clocks and the kernel's account of run-queue delays (calls
 * of clock_gettime and read are linked to the functions below). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "harness/cell/cell.h"

#define MS UINT64_C(1000000)

static uint64_t now, ran, waited;
static uint64_t lost; /* the processor is lost for so long by the next read */

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t) {
  uint64_t ns = clock == CLOCK_PROCESS_CPUTIME_ID ? ran : now;
  t->tv_sec = (time_t)(ns / 1000000000);
  t->tv_nsec = (long)(ns % 1000000000);
  return 0;
}

ssize_t __wrap_read(int fd, void *text, size_t room);
ssize_t __wrap_read(int fd, void *text, size_t room) {
  (void)fd;
  now += lost;
  waited += lost;
  lost = 0;
  return snprintf(text, room, "%llu %llu 1\n", (unsigned long long)ran,
                  (unsigned long long)waited);
}

static int begin(void **state) {
  (void)state;
  now = 1000 * MS;
  ran = waited = lost = 0;
  cell_still_begin(now);
  return 0;
}

static void run_for(uint64_t ms) {
  now += ms * MS;
  ran += ms * MS;
}

static void wait_for(uint64_t ms) {
  now += ms * MS;
  waited += ms * MS;
}

static void assert_still(uint64_t ms) {
  uint64_t ns;
  cell_still_end(now);
  assert_true(cell_still(&ns));
  assert_int_equal(ns, ms * MS);
}

static void time_that_is_accounted_for(void **state) {
  (void)state;
  for (int i = 0; i < 30; i++) {
    run_for(40);
    wait_for(30);
    cell_still_look(now);
  }
  now += 500 * MS; /* until a request arrives */
  cell_still_slept(500 * MS);
  run_for(10);
  assert_still(0);
}

static void longest_stop_counts(void **state) {
  (void)state;
  run_for(90);
  now += 300 * MS;
  run_for(20);
  cell_still_look(now);
  run_for(150);
  now += 200 * MS;
  cell_still_look(now);
  run_for(20);
  assert_still(300);
}

/* A stop that is over before a look is due is seen by the next one; a small
 * part of a window is noise. */
static void stops_in_a_window(void **state) {
  (void)state;
  run_for(10);
  now += 60 * MS;
  cell_still_look(now); /* not due */
  run_for(100);
  assert_still(60);
  begin(NULL);
  run_for(920);
  now += 80 * MS;
  assert_still(0);
}

/* To wake later than was meant is no sleep. */
static void late_wake(void **state) {
  (void)state;
  now += 400 * MS;
  cell_still_slept(100 * MS);
  assert_still(300);
}

/* The processor is lost in the middle of a look: that wait is in one window,
 * and its time in none. */
static void lost_while_looking(void **state) {
  (void)state;
  run_for(120);
  lost = 160 * MS;
  cell_still_look(now);
  run_for(120);
  cell_still_look(now);
  assert_still(0);
}

/* A thread that ended took the account of its waiting with it. */
static void ended_threads_leave_a_gap(void **state) {
  (void)state;
  run_for(10);
  now += 300 * MS;
  cell_still_left();
  cell_still_look(now);
  assert_still(0);
}

#define STILL_TEST(f) cmocka_unit_test_setup(f, begin)

int main(void) {
  const struct CMUnitTest tests[] = {
      STILL_TEST(time_that_is_accounted_for),
      STILL_TEST(longest_stop_counts),
      STILL_TEST(stops_in_a_window),
      STILL_TEST(late_wake),
      STILL_TEST(lost_while_looking),
      STILL_TEST(ended_threads_leave_a_gap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
