/* spawn.c: children end in every way there is. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/driver/programs/spawn.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static spawn_result result;

/* Runs a shell script. */
static void run(const char *script, int output_fd, double timeout) {
  char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
  spawn_result_free(&result);
  spawn_run(argv, output_fd, timeout, &result);
}

static int tear_down(void **state) {
  (void)state;
  spawn_result_free(&result);
  return 0;
}

static void output_comes_back(void **state) {
  (void)state;
  run("echo out; echo err >&2", SPAWN_STDOUT, 20);
  assert_int_equal(result.end, SPAWN_EXITED);
  assert_int_equal(result.code, 0);
  assert_string_equal(result.output, "out\n");
  assert_int_equal(result.output_bytes, 4);
  assert_string_equal(result.last_words, "err");
}

/* A record is not disturbed by what a program prints. */
static void records_are_apart_from_stdout(void **state) {
  (void)state;
  run("echo noise; echo record >&3", SPAWN_RECORD, 20);
  assert_string_equal(result.output, "record\n");
}

static void large_output_does_not_block(void **state) {
  (void)state;
  run("head -c 1000000 /dev/zero | tr '\\0' x; "
      "head -c 1000000 /dev/zero | tr '\\0' y >&2; echo >&2; echo last >&2",
      SPAWN_STDOUT, 20);
  assert_int_equal(result.end, SPAWN_EXITED);
  assert_int_equal(result.output_bytes, 1000000);
  assert_string_equal(result.last_words, "last");
}

static void last_words_are_clean(void **state) {
  (void)state;
  run("printf 'first\\n\\033[31mred\\377caf\\303\\251\\n\\n \\n' >&2",
      SPAWN_STDOUT, 20);
  assert_string_equal(result.last_words, "?[31mred?caf\u00e9");
}

static void status_and_signal(void **state) {
  (void)state;
  run("exit 7", SPAWN_STDOUT, 20);
  assert_int_equal(result.end, SPAWN_EXITED);
  assert_int_equal(result.code, 7);
  run("kill -ABRT $$", SPAWN_STDOUT, 20);
  assert_int_equal(result.end, SPAWN_SIGNALED);
  assert_int_equal(result.code, SIGABRT);
}

static void missing_program(void **state) {
  char *argv[] = {(char *)"/nonexistent/program", NULL};
  (void)state;
  spawn_result_free(&result);
  spawn_run(argv, SPAWN_STDOUT, 20, &result);
  assert_int_equal(result.end, SPAWN_FAILED);
  assert_string_equal(strerror(result.code), "No such file or directory");
}

/* The system's want of something is no fault of the program. */
static void shortages_are_told_apart(void **state) {
  static const int wants[] = {EMFILE, ENFILE, EAGAIN, ENOMEM};
  static const int faults[] = {ENOENT, EACCES, ENOEXEC, ELOOP};
  (void)state;
  for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
    spawn_result r = {.end = SPAWN_FAILED, .code = wants[i]};
    assert_true(spawn_is_shortage(&r));
    r.end = SPAWN_EXITED; /* then it is an exit status */
    assert_false(spawn_is_shortage(&r));
  }
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    assert_false(spawn_is_shortage(
        &(spawn_result){.end = SPAWN_FAILED, .code = faults[i]}));
}

/* The whole family is killed: nobody holds the pipe any more. */
static void time_limit_kills_the_group(void **state) {
  int ends[2];
  char byte, script[64];
  (void)state;
  assert_int_equal(pipe(ends), 0);
  snprintf(script, sizeof script, "sleep 1000 & sleep 1000; : >&%d", ends[1]);
  run(script, SPAWN_STDOUT, 0.1);
  assert_int_equal(result.end, SPAWN_TIMED_OUT);
  close(ends[1]);
  assert_int_equal(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

/* The child has left its process group, where another process stays. */
static void a_child_that_left_its_group_is_killed(void **state) {
  (void)state;
  run("sleep 1000 & exec perl -e 'setpgrp 0, getpgrp getppid; sleep 1000'",
      SPAWN_STDOUT, 1);
  assert_int_equal(result.end, SPAWN_TIMED_OUT);
}

static void those_left_behind_are_killed(void **state) {
  int ends[2];
  char byte;
  (void)state;
  assert_int_equal(pipe(ends), 0);
  run("sleep 1000 &", SPAWN_STDOUT, 20);
  assert_int_equal(result.end, SPAWN_EXITED);
  close(ends[1]);
  assert_int_equal(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

/* Begins a shell script. */
static spawn_child *begin(const char *script, double timeout,
                          spawn_limit limit) {
  char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
  return spawn_begin(argv, SPAWN_STDOUT, timeout, limit);
}

static void take(spawn_child *child) {
  spawn_result_free(&result);
  spawn_take(child, &result);
}

/* The first waits for the second; a third, which is run in between, does not
 * disturb them. */
static void children_run_side_by_side(void **state) {
  (void)state;
  char folder[] = "/tmp/reapmark-spawn-XXXXXX", script[128];
  assert_non_null(mkdtemp(folder));
  snprintf(script, sizeof script,
           "until [ -e %s/here ]; do sleep 0.01; done; echo first", folder);
  spawn_child *first = begin(script, 20, SPAWN_BY_CLOCK);
  run("echo third", SPAWN_STDOUT, 20);
  assert_string_equal(result.output, "third\n");
  snprintf(script, sizeof script, "touch %s/here; echo second", folder);
  spawn_child *second = begin(script, 20, SPAWN_BY_CLOCK);
  spawn_await(first);
  take(first);
  assert_string_equal(result.output, "first\n");
  assert_ptr_equal(spawn_wait(), second);
  take(second);
  assert_string_equal(result.output, "second\n");
  assert_null(spawn_wait());
  snprintf(script, sizeof script, "%s/here", folder);
  assert_int_equal(unlink(script) | rmdir(folder), 0);
}

/* Who works is late only after as much work; who idles is late at once. */
static void work_and_idleness_are_limits(void **state) {
  (void)state;
  spawn_child *works =
      begin("for i in 1 2 3 4 5 6 7 8; do x=0; while [ $x -lt 10000 ]; do "
            "x=$((x + 1)); done; sleep 0.06; done",
            0.4, SPAWN_BY_WORK);
  spawn_child *idles = begin("sleep 1000", 0.4, SPAWN_BY_WORK);
  spawn_child *turns = begin("while :; do :; done", 0.4, SPAWN_BY_WORK);
  spawn_child *all[] = {works, idles, turns};
  const spawn_end wanted[] = {SPAWN_EXITED, SPAWN_TIMED_OUT, SPAWN_TIMED_OUT};
  for (size_t i = 0; i < 3; i++) {
    spawn_await(all[i]);
    take(all[i]);
    assert_int_equal(result.end, wanted[i]);
  }
}

/* Who waits for a processor that others have does not idle: on one processor
 * with three busy neighbours it gets less time than counts as idle. */
static void waiting_for_a_processor_is_no_idleness(void **state) {
  (void)state;
  spawn_child *waits = begin(
      "cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//'); for i in 1 2 3; do "
      "taskset -c $cpu timeout 1 sh -c 'while :; do :; done' & done; "
      "exec taskset -c $cpu nice -n 19 sh -c 'x=0; while [ $x -lt 10000 ]; do "
      "x=$((x + 1)); done'",
      0.4, SPAWN_BY_WORK);
  spawn_await(waits);
  take(waits);
  assert_int_equal(result.end, SPAWN_EXITED);
}

static void environment_is_ours(void **state) {
  (void)state;
  setenv("MALLOC_CONF", "narenas:1", 1);
  setenv("LD_PRELOAD_NOT", "x", 1);
  run("env | sort | cut -d= -f1 | grep -v -e _OPTIONS -e PWD -e SHLVL -e '^_' "
      "-e LD_LIBRARY_PATH -e QEMU_LD_PREFIX",
      SPAWN_STDOUT, 20);
  assert_string_equal(result.output, "LC_ALL\nPATH\nREAPMARK_CHILD\n");
  json_t *told = spawn_environment_json();
  assert_string_equal(
      json_string_value(json_array_get(json_object_get(told, "withheld"), 0)),
      "MALLOC_CONF");
  assert_int_equal(json_array_size(json_object_get(told, "withheld")), 1);
  json_decref(told);
}

/* The child that runs then ends, and later ones at once; no signal came. */
static void the_time_of_all_is_a_limit(void **state) {
  (void)state;
  assert_true(isinf(spawn_time_left()));
  spawn_end_at(spawn_clock() + 0.1);
  assert_true(spawn_time_left() <= 0.1);
  run("sleep 1000", SPAWN_STDOUT, 2000);
  assert_int_equal(result.end, SPAWN_INTERRUPTED);
  assert_true(spawn_time_left() == 0);
  run("echo late", SPAWN_STDOUT, 20);
  assert_int_equal(result.end, SPAWN_INTERRUPTED);
  spawn_end_at(HUGE_VAL);
  run("echo again", SPAWN_STDOUT, 20);
  assert_string_equal(result.output, "again\n");
}

/* Last: from then on the process does not see these signals. */
static void interrupts_end_the_child(void **state) {
  (void)state;
  assert_true(spawn_catch_interrupts());
  assert_false(spawn_interrupted());
  kill(getpid(), SIGINT);
  assert_true(spawn_interrupted());
  run("sleep 1000", SPAWN_STDOUT, 20);
  assert_int_equal(result.end, SPAWN_INTERRUPTED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_comes_back),
      cmocka_unit_test(records_are_apart_from_stdout),
      cmocka_unit_test(large_output_does_not_block),
      cmocka_unit_test(last_words_are_clean),
      cmocka_unit_test(status_and_signal),
      cmocka_unit_test(missing_program),
      cmocka_unit_test(shortages_are_told_apart),
      cmocka_unit_test(time_limit_kills_the_group),
      cmocka_unit_test(a_child_that_left_its_group_is_killed),
      cmocka_unit_test(those_left_behind_are_killed),
      cmocka_unit_test(children_run_side_by_side),
      cmocka_unit_test(work_and_idleness_are_limits),
      cmocka_unit_test(waiting_for_a_processor_is_no_idleness),
      cmocka_unit_test(environment_is_ours),
      cmocka_unit_test(the_time_of_all_is_a_limit),
      cmocka_unit_test(interrupts_end_the_child),
  };
  return cmocka_run_group_tests(tests, NULL, tear_down);
}
