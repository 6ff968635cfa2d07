/* replay-shrink.h: shrinks a trace on which a collector program fails, by
 * replaying each candidate on that program. */
#ifndef REAPMARK_SHRINK_H
#define REAPMARK_SHRINK_H

#include "harness/driver/programs/spawn.h"
#include "harness/trace/shrink.h"

typedef struct shrink_replay {
  char *const *program;  /* its path, then options of its own, up to NULL */
  const char *collector; /* its name, which records must have; NULL: any */
  const char *wanted;    /* how the kind of failure begins (shrink_kind); NULL:
                            whatever the trace fails with */
  double timeout;        /* of one run, seconds */
  uint64_t repeat;       /* runs of each try; one that fails is enough */
  uint64_t tries;        /* candidates at most */
} shrink_replay;

/* Shrinks the trace `path` (borrowed, as are the contents of `how`) to one that
 * fails in the same way, and writes it, with comments that tell how it came
 * about and how to replay it, to `output` ("-": standard output).  Tells its
 * progress; what a signal interrupts keeps the smallest so far.  Returns an
 * exit code of the driver, after saying what is wrong: EXIT_OK if it is as
 * small as it gets, EXIT_INTERRUPTED, EXIT_SOME_FAILED if it does not fail at
 * all or could not be written, EXIT_USAGE if the trace cannot be read, `output`
 * cannot be made, or the program refuses to run the trace or is no collector.
 */
int shrink_trace(const char *path, const shrink_replay *how,
                 const char *output);

#endif
