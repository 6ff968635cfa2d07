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
  uint64_t elapsed;    /* wall time of the process, ns */
  char *output;        /* what it wrote to the output descriptor, terminated */
  size_t output_bytes; /* without the terminator */
  char *errors;        /* the last 64 KiB that it wrote to stderr, terminated */
  char last_words[160]; /* the last line of them, "" if there is none */
} spawn_result;

/* Descriptors the child can be told to write its output to.  The record gets
 * one that no stray printf reaches. */
enum { SPAWN_STDOUT = 1, SPAWN_RECORD = 3 };

/* Runs argv[0] (a path) and waits for it.  What it writes to `output_fd` comes
 * back in the result, and the end of stderr; stdout is dropped where it is not
 * the output.  After `timeout` seconds, and when the
 * user interrupts, its whole process group is killed; processes that it left
 * behind are killed in any case.  One call at a time. */
void spawn_run(char *const argv[], int output_fd, double timeout,
               spawn_result *out);
void spawn_result_free(spawn_result *r);

/* From now on SIGINT, SIGTERM and SIGHUP (unless ignored) do not end the driver
 * but the child that runs.  Returns false if that cannot be had. */
bool spawn_catch_interrupts(void);

/* Whether such a signal waits; the first spawn_run after it returns at once. */
bool spawn_interrupted(void);

/* What children get as their environment, by name, and the names of variables
 * that would have changed what is measured and were kept from them: a new
 * object {"given": {...}, "withheld": [...]}. */
json_t *spawn_environment_json(void);

#endif
