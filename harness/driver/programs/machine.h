/* machine.h: the machine and the build, as far as they bear on results. */
#ifndef REAPMARK_MACHINE_H
#define REAPMARK_MACHINE_H

#include "discover.h"
#include "harness/stats/histogram.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Facts.  Texts are "" and numbers -1 where a machine does not tell. */
typedef struct machine {
  char cpu[128];
  int mhz;
  int packages, cores, cpus, numa_nodes; /* of the machine */
  int allowed;                           /* CPUs that we may use */
  uint64_t l1d, l2, l3;                  /* bytes of one cache, 0: none */
  char governor[32];
  int turbo;           /* 1 on, 0 off */
  char hypervisor[64]; /* not "": virtual */
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

/* Reads everything, within milliseconds. */
void machine_read(machine *m);

/* Share of CPU time that the hypervisor gave to others during the next
 * `seconds`, in percent; -1 if it cannot be said. */
double machine_steal(double seconds);

/* Sleeps a millisecond again and again for so many seconds, and adds to `into`
 * how late it woke up, corrected for what such a sleeper sleeps through. */
void machine_hiccups(double seconds, hist *into);

/* Its size and time of change, new, by which a program that was rebuilt is
 * known; NULL if it is not there. */
json_t *machine_stamp(const collector *c);

/* machine.json: the machine, the build, the children's environment and the
 * collector programs. */
json_t *machine_to_json(const machine *m, const collectors *all);

/* What of two machine.json would make their results differ: "the CPU model",
 * or NULL. */
const char *machine_difference(const json_t *then, const json_t *now);

/* The build of this driver and the collectors beside it. */
typedef struct machine_build {
  const char *version, *git, *compiler, *flags, *type, *sanitizer;
  bool checks;
} machine_build;
extern const machine_build machine_this_build;

#endif
