/* machine.h: facts about the machine and the build that results depend on. */
#ifndef REAPMARK_MACHINE_H
#define REAPMARK_MACHINE_H

#include "discover.h"
#include "harness/stats/histogram.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts are "" and numbers -1 where the machine does not say. */
typedef struct machine {
  char cpu[128];
  /* What tells it from others of this name (harness/record/identity.h).  On ARM
   * the implementer, the part and the revision. */
  int family, model, stepping;
  char microcode[32];
  int mhz;
  int packages, cores, cpus, numa_nodes; /* of the machine */
  int allowed;                           /* CPUs that we may use */
  uint64_t l1d, l2, l3;                  /* bytes of one cache, 0: none */
  char governor[32];
  int turbo;                /* 1 on, 0 off */
  char hypervisor[64];      /* not "": virtual */
  const char *architecture; /* that the driver was compiled for (emulator.h) */
  char emulator[128];       /* not "": interprets the driver and what it runs */
  char os[32], release[96];
  int64_t memory, memory_available, swap; /* bytes */
  char thp[16];                           /* always, madvise, never */
  int aslr;                               /* 0 off */
  double load[3];
  double cpu_limit; /* of the control group, in CPUs */
  int perf_paranoid;
  int schedstat; /* 1: run-queue delay can be read */
  int valgrind;  /* 1: in PATH */
} machine;

/* The name of this machine among others: the variable REAPMARK_MACHINE, or the
 * host's name.  Without control characters; in the arena. */
const char *machine_id(void);

/* Reads all of them; takes milliseconds. */
void machine_read(machine *m);

/* Warns that no time means anything, if an emulator interprets this program. */
void machine_warn_emulated(void);

/* Waits `seconds`.  Returns the share of CPU time in percent that the
 * hypervisor gave to other machines meanwhile (steal time), or -1 if it is not
 * known. */
double machine_steal(double seconds);

/* Sleeps a millisecond at a time for `seconds`, and adds to `into` how late
 * each wake-up was (ns), corrected for the wake-ups that a late one left out
 * (coordinated omission). */
void machine_hiccups(double seconds, hist *into);

/* Size and modification time of the collector's program, new, which tell
 * whether it was rebuilt; NULL if the file is not there. */
json_t *machine_stamp(const collector *c);

/* machine.json: the machine, the build, the children's environment and the
 * collector programs. */
json_t *machine_to_json(const machine *m, const collectors *all);

/* The first difference between two machine.json that makes their results
 * incomparable ("the CPU's microcode"), or NULL.  What the older one does not
 * tell is no difference. */
const char *machine_difference(const json_t *then, const json_t *now);

/* The build of this driver and the collectors beside it. */
typedef struct machine_build {
  const char *version, *git, *compiler, *flags, *type, *sanitizer;
  bool checks;
} machine_build;
extern const machine_build machine_this_build;

/* The collector programs that say they were compiled otherwise than this
 * driver, or do not say how (builds_text), or NULL. */
const char *machine_other_builds(const collectors *all);

#endif
