/* terminal.c: see terminal.h. */
#include "terminal.h"
#include "harness/base/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

size_t terminal_width(FILE *out) {
  struct winsize size = {0};
  const char *columns = getenv("COLUMNS");
  uint64_t told;
  const int fd = fileno(out); /* -1: in memory */
  if (fd < 0 || !isatty(fd))
    return 0;
  if (columns && words_number(columns, &told) && told && told < 1 << 20)
    return (size_t)told;
  return ioctl(fd, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}
