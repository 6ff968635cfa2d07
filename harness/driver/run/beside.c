/* beside.c: see beside.h. */
#include "beside.h"
#include "harness/record/record.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double rusage_ns(int who) {
  struct rusage u = {0};
  getrusage(who, &u);
  return 1e9 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         1e3 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* The first line of /proc/stat, in ticks: user, nice, system, idle, iowait,
 * irq, softirq, steal. */
beside beside_now(void) {
  beside b = {0};
  double t[8], ns = 1e9 / (double)sysconf(_SC_CLK_TCK);
  FILE *file = fopen("/proc/stat", "re");
  if (!file)
    return b;
  b.known = fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1],
                   &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) == 8;
  fclose(file);
  if (!b.known)
    return b;
  b.used = ns * (t[0] + t[1] + t[2] + t[5] + t[6]);
  b.stole = ns * t[7];
  b.own = rusage_ns(RUSAGE_SELF) + rusage_ns(RUSAGE_CHILDREN);
  return b;
}

json_t *beside_since(const beside *then) {
  const beside now = beside_now();
  if (!then->known || !now.known)
    return NULL;
  double others = (now.used - then->used) - (now.own - then->own);
  return json_pack("{s:o, s:o}", "cpu",
                   record_integer((uint64_t)fmax(0, others)), "steal",
                   record_integer((uint64_t)fmax(0, now.stole - then->stole)));
}
