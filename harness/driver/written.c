/* written.c: see written.h. */
#include "harness/driver/written.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/say.h"
#include "harness/driver/commands.h"

bool written_over(const char *command, const char *what, const char *input,
                  const char *output) {
  struct stat x, y;
  if (stat(input, &x) || stat(output, &y) || x.st_dev != y.st_dev ||
      x.st_ino != y.st_ino)
    return false;
  say("%s: %s is the %s itself", command, output, what);
  return true;
}

void written_badly(const char *output) {
  say("%s: %s", output, strerror(errno));
}

trace_writer *written_open(const char *output) {
  trace_writer *w = trace_writer_open(output, false);
  if (!w)
    written_badly(output);
  return w;
}

int written_close(trace_writer *w, const char *output) {
  if (trace_writer_close(w))
    return EXIT_OK;
  written_badly(output);
  return EXIT_SOME_FAILED;
}
