/* spawn.h: runs programs to their end, each in a process group and an
 * environment of its own, under a time limit.  Not for several threads at
 * once. */
#ifndef REAPMARK_SPAWN_H
#define REAPMARK_SPAWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum spawn_end {
  SPAWN_EXITED,      /* code: exit status */
  SPAWN_SIGNALED,    /* code: signal number */
  SPAWN_TIMED_OUT,   /* killed by us */
  SPAWN_INTERRUPTED, /* killed by us, because the user interrupted */
  SPAWN_FAILED       /* could not be started; code: errno */
} spawn_end;

typedef struct spawn_result {
  spawn_end end;
  int code;
  uint64_t elapsed;     /* wall time of the process, ns */
  char *output;         /* all that was written to the output descriptor,
                           terminated by a 0 */
  size_t output_bytes;  /* without the 0 */
  char *errors;         /* the last 64 KiB of stderr, terminated by a 0 */
  char last_words[160]; /* the last line of `errors`, or "" */
} spawn_result;

/* Descriptors that the child can be told to write its output to.  The record
 * has a descriptor of its own, which no stray printf reaches. */
enum { SPAWN_STDOUT = 1, SPAWN_RECORD = 3 };

/* Runs argv[0] (a path) and waits until it ends.  The result has what the child
 * wrote to `output_fd`, and the end of its stderr; its stdout is dropped unless
 * it is the output.  After `timeout` seconds, and when the user interrupts, the
 * child's whole process group is killed; processes that the child left behind
 * are killed in any case.  Free the result with spawn_result_free. */
void spawn_run(char *const argv[], int output_fd, double timeout,
               spawn_result *out);
void spawn_result_free(spawn_result *r);

/* A program that runs beside others. */
typedef struct spawn_child spawn_child;

/* How the time of a child is limited. */
typedef enum spawn_limit {
  SPAWN_BY_CLOCK, /* by wall time */
  /* By wall time and CPU time, so that a busy machine makes nobody late: the
   * child is killed after `timeout` seconds if it used as much CPU time, or if
   * it was idle during the last half of them, and otherwise later, when one of
   * the two holds. */
  SPAWN_BY_WORK
} spawn_limit;

/* Starts a program as spawn_run does, and does not wait.  `argv` is borrowed
 * for the call.  Never NULL: a program that could not be started has ended. */
spawn_child *spawn_begin(char *const argv[], int output_fd, double timeout,
                         spawn_limit limit);

/* Waits until this child has ended. */
void spawn_await(spawn_child *child);

/* Waits until one of the children that were begun has ended, and returns the
 * first of these; NULL if there are none.  When the user interrupts, all
 * end. */
spawn_child *spawn_wait(void);

/* Takes the result of a child that has ended, and forgets the child. */
void spawn_take(spawn_child *child, spawn_result *out);

/* From now on SIGINT, SIGTERM and SIGHUP (unless ignored) end the children that
 * run, and not the driver.  False if the system refuses. */
bool spawn_catch_interrupts(void);

/* Whether such a signal is pending.  While it is, children end at once. */
bool spawn_interrupted(void);

/* The environment of the children, by name, and the names of variables that are
 * withheld from them because they would change what is measured: a new object
 * {"given": {...}, "withheld": [...]}. */
json_t *spawn_environment_json(void);

#endif
