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
  SPAWN_INTERRUPTED, /* killed by us, because the user interrupted, or the time
                        of all programs is up */
  SPAWN_FLOODED,     /* killed by us: its output is longer than SPAWN_MOST */
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
  char *left; /* processes outside its group that it left running, which were
                 ended: "sleep (123), ..."; NULL if there were none */
} spawn_result;

/* The most bytes of output that are taken. */
enum { SPAWN_MOST = 64 << 20 };

/* Descriptors that the child can be told to write its output to.  The record
 * has a descriptor of its own, which no stray printf reaches. */
enum { SPAWN_STDOUT = 1, SPAWN_RECORD = 3 };

/* Runs argv[0] (a path) and waits until it ends.  Unless
 * spawn_catch_interrupts was called, an interrupt while programs run ends them,
 * and then this process, as if it had not waited.  The result has what the
 * child wrote to `output_fd`, and the end of its stderr; its stdout is dropped
 * unless it is the output.  After `timeout` seconds, and when the user
 * interrupts, the child's whole process group is killed; processes that the
 * child left behind are killed in any case.  Free the result with
 * spawn_result_free. */
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
   * it was idle during the last half of them (it neither ran nor waited for a
   * processor), and otherwise later, when one of the two holds. */
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

/* What went wrong, as arena_text: "could not be started: ...", "killed after 5
 * s", "SIGABRT", "exit status 1", "killed, because ...", each followed by the
 * last words; NULL if the program exited with 0.  `timeout` is the one that it
 * was given. */
const char *spawn_trouble(const spawn_result *r, double timeout);

/* Whether a program could not be started because the system is short of
 * descriptors, processes or memory.  That is no fault of the program: the same
 * run may succeed later. */
bool spawn_is_shortage(const spawn_result *r);

/* Whether such a signal is pending.  While it is, children end at once. */
bool spawn_interrupted(void);

/* The time of a clock, in seconds. */
double spawn_clock(void);

/* Sets when no program is to run any more, by spawn_clock, or HUGE_VAL for
 * never, as it is at first.  Children that run at that time end as if the user
 * had interrupted (SPAWN_INTERRUPTED), and so do later ones, at once. */
void spawn_end_at(double seconds);

/* Seconds until then: 0 when the time has come, HUGE_VAL if it never comes. */
double spawn_time_left(void);

/* The environment of the children, by name, and the names of variables that are
 * withheld from them because they would change what is measured: a new object
 * {"given": {...}, "withheld": [...]}. */
json_t *spawn_environment_json(void);

#endif
