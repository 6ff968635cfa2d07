/* warn.c: see warn.h. */
#include "warn.h"
#include "arena.h"
#include "say.h"

#include <stdarg.h>
#include <string.h>

void say_warning(const char *id, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vtext(format, args);
  va_end(args);
  if (strstr(text, id))
    say("warning: %s", text);
  else
    say("warning: %s [%s]", text, id);
}
