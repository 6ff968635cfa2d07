/* memory.c: see memory.h. */
#include "memory.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* The number in a file of a control group, as a container sees its own;
 * UINT64_MAX if there is none ("max", or no such file). */
static uint64_t read_bound(const char *path) {
  unsigned long long bytes = UINT64_MAX;
  FILE *file = fopen(path, "re");
  if (!file)
    return UINT64_MAX;
  if (fscanf(file, "%llu", &bytes) != 1)
    bytes = UINT64_MAX;
  fclose(file);
  return bytes;
}

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

uint64_t memory_most(void) {
  uint64_t most =
      (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  struct rlimit space;
  most = least(most, read_bound("/sys/fs/cgroup/memory.max"));
  most = least(most, read_bound("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  if (!getrlimit(RLIMIT_AS, &space) && space.rlim_cur != RLIM_INFINITY)
    most = least(most, space.rlim_cur);
  return most;
}
