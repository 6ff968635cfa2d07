/* trace-source.c: the file that `reapmark trace` reads (trace-inside.h). */
#include "harness/driver/trace-inside.h"
#include "harness/base/say.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool copy_all(FILE *from, FILE *to) {
  char buffer[1 << 16];
  size_t bytes;
  while ((bytes = fread(buffer, 1, sizeof buffer, from)) > 0)
    if (fwrite(buffer, 1, bytes, to) != bytes)
      return false;
  return !ferror(from) && !fflush(to);
}

bool twice_open(const char *path, twice *s) {
  struct stat about;
  *s = (twice){.name = path};
  if (strcmp(path, "-") && (stat(path, &about) || !S_ISFIFO(about.st_mode)))
    return true;
  if (!strcmp(path, "-"))
    s->name = "standard input";
  FILE *pipe = strcmp(path, "-") ? fopen(path, "re") : stdin;
  s->copy = tmpfile();
  bool good = pipe && s->copy && copy_all(pipe, s->copy);
  if (!good)
    say("%s: %s", s->name, strerror(errno));
  if (pipe && pipe != stdin)
    fclose(pipe);
  if (!good && s->copy)
    fclose(s->copy);
  return good;
}

trace_reader *twice_read(const twice *s) {
  if (!s->copy)
    return trace_reader_open(s->name);
  rewind(s->copy);
  return trace_reader_from(s->copy, s->name);
}

void twice_close(twice *s) {
  if (s->copy)
    fclose(s->copy);
}

int trace_unreadable(trace_reader *r) {
  say("%s", trace_reader_error(r));
  trace_reader_close(r);
  return EXIT_USAGE;
}

int twice_find_deaths(const twice *s, trace_deaths *deaths) {
  trace_reader *r = twice_read(s);
  if (!trace_find_deaths(r, deaths))
    return trace_unreadable(r);
  trace_reader_close(r);
  return EXIT_OK;
}
