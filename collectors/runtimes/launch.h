/* launch.h: runs a replayer, and reads what it prints. */
#ifndef REAPMARK_RUNTIMES_LAUNCH_H
#define REAPMARK_RUNTIMES_LAUNCH_H

#include "runtime.h"

/* What the kernel tells of a process at a moment. */
typedef struct process_state {
  uint64_t resident, peak;             /* bytes */
  uint64_t cpu, system;                /* ns */
  uint64_t minor_faults, major_faults; /* of all threads */
  uint64_t voluntary, involuntary;     /* context switches, likewise */
} process_state;

/* What a replay came to.  Times are ns of CLOCK_MONOTONIC. */
typedef struct replay {
  process_state ready, begin, end; /* empty heap; measured part */
  bool peak_reset;
  uint64_t clock_begin, clock_end, instrument, skipped;
  uint64_t delayed, own_delay;
  uint64_t footprint, footprint_peak;
  uint64_t payloads;
  uint64_t lost, left; /* watched objects that are gone, or not gone */
  uint64_t kept;       /* watched objects that outlive all roots */
  bool done;           /* the replayer printed all that it had to */
  int status;          /* of wait4 */
  uint64_t peak;       /* of the resident memory, by wait4 */
  char errors[16384];  /* the end of its standard error */
} replay;

/* Called for each line that concerns the caller, while the replayer runs.
 * `name` is static, or lasts as long as the process. */
typedef struct replay_listener {
  void (*step)(void *data, uint64_t ns);
  void (*pause)(void *data, uint64_t begin, uint64_t end);
  /* A part of the pause that is told next; "stopping" is the time to
   * safepoint.  `name` lasts for the call. */
  void (*phase)(void *data, uint64_t begin, uint64_t end, const char *name);
  void (*counter)(void *data, const char *name, uint64_t value);
  void (*wrong)(void *data, const char *text);
  void *data;
} replay_listener;

/* Starts the command with arguments that describe the words, and waits until
 * the replayer has ended.  Ends the process by cell_die if the replayer cannot
 * be started. */
void launch(command *c, const compiled *words, bool timed, replay *out,
            const replay_listener *listener);

#endif
