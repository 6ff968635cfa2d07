/* spawn.h: runs one program to its end, in a process group and an environment
 * of its own, under a time limit. */
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
 * are killed in any case.  One call at a time.  Free the result with
 * spawn_result_free. */
void spawn_run(char *const argv[], int output_fd, double timeout,
               spawn_result *out);
void spawn_result_free(spawn_result *r);

/* From now on SIGINT, SIGTERM and SIGHUP (unless ignored) end the child that
 * runs, and not the driver.  False if the system refuses. */
bool spawn_catch_interrupts(void);

/* Whether such a signal is pending.  While it is, spawn_run returns at once. */
bool spawn_interrupted(void);

/* The environment of the children, by name, and the names of variables that are
 * withheld from them because they would change what is measured: a new object
 * {"given": {...}, "withheld": [...]}. */
json_t *spawn_environment_json(void);

#endif
