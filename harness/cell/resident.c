/* resident.c: the resident set of the process, as the kernel counts it. */
#include "cell.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t kilobytes(const char *text, const char *key) {
  const char *at = strstr(text, key);
  if (!at)
    cell_die("/proc/self/status does not tell %s", key);
  return strtoull(at + strlen(key), NULL, 10) * 1024;
}

/* Allocates nothing, so as not to change what it reads. */
cell_resident cell_read_resident(void) {
  char text[4096];
  int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0)
    close(fd);
  if (n <= 0)
    cell_die("cannot read /proc/self/status");
  text[n] = 0;
  return (cell_resident){.now = kilobytes(text, "VmRSS:"),
                         .peak = kilobytes(text, "VmHWM:")};
}

bool cell_reset_peak(void) {
  int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  bool done = write(fd, "5", 1) == 1;
  close(fd);
  return done;
}
