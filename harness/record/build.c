/* build.c: see build.h. */
#include "harness/record/build.h"
#include "harness/record/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void
append(char *out, const char *format, ...) {
  const size_t n = strlen(out);
  va_list args;
  va_start(args, format);
  vsnprintf(out + n, BUILD_TEXT - n, format, args);
  va_end(args);
}

/* Flags that change no code. */
static bool is_neutral(const char *flag) {
  return !strncmp(flag, "-g", 2) || !strncmp(flag, "-W", 2) ||
         !strncmp(flag, "-fdiagnostics", 13) || strstr(flag, "-prefix-map=");
}

static void append_flags(char *out, const char *flags) {
  char flag[BUILD_TEXT];
  int n;
  for (; sscanf(flags, "%255s%n", flag, &n) == 1; flags += n)
    if (!is_neutral(flag))
      append(out, " %s", flag);
}

void build_text(const json_t *build, char *out) {
  const char *compiler = record_text(build, "compiler");
  const char *sanitizer = record_text(build, "sanitizer");
  snprintf(out, BUILD_TEXT, "%s", *compiler ? compiler : BUILD_UNKNOWN);
  if (!*compiler)
    return;
  append_flags(out, record_text(build, "flags"));
  if (json_is_false(json_object_get(build, "optimised")))
    append(out, ", not optimised");
  if (*sanitizer)
    append(out, ", sanitizer %s", sanitizer);
  if (json_is_true(json_object_get(build, "checks")))
    append(out, ", with checks");
}
