/* answer-words.c: lists of collectors, and lines, of the answer. */
#include "answer.h"
#include "harness/base/arena.h"

#include <stdarg.h>
#include <string.h>

void answer_add(answer_list *l, const char *item) {
  if (l->count++ < l->most)
    l->text = arena_text("%s%s%s", l->text, *l->text ? ", " : "", item);
}

const char *answer_text(const answer_list *l) {
  return l->count > l->most
             ? arena_text("%s and %zu more", l->text, l->count - l->most)
             : l->text;
}

const char *answer_sentence(const char *words, const answer_list *l) {
  return l->count ? arena_text(" %s %s.", words, answer_text(l)) : "";
}

const char *answer_more_runs(double runs) {
  return arena_text("+%.0f run%s", runs, runs > 1 ? "s" : "");
}

/* Lines of an answer end before this column. */
enum { LINE_END = 78 };

void answer_say(page *p, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vtext(format, args), *lines = "";
  va_end(args);
  size_t column = 2;
  while (*text) {
    const size_t n = strcspn(text, " ");
    size_t width = 0; /* in characters */
    for (size_t i = 0; i < n; i++)
      width += ((unsigned char)text[i] & 0xc0) != 0x80;
    const bool fits = column + width < LINE_END;
    lines = arena_text("%s%s%.*s", lines,
                       !*lines ? ""
                       : fits  ? " "
                               : "\n    ",
                       (int)n, text);
    column = fits ? column + width + 1 : 4 + width + 1;
    text += n + (text[n] == ' ');
  }
  page_item(p, "%s", lines);
}
