/* format-text.c: the format `table`: aligned columns for a terminal. */
#include "format.h"
#include "layout.h"
#include "harness/base/arena.h"

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static size_t width(const char *text) {
  size_t n = 0;
  for (; *text; text++)
    n += ((unsigned char)*text & 0xc0) != 0x80;
  return n;
}

/* Text `c` of line `line`: those of the header first, then those of rows. */
static const char *text_at(const layout *l, size_t line, size_t c) {
  return line < l->headers
             ? l->columns[c].header[line]
             : l->cells[(line - l->headers) * l->columns_count + c];
}

static void print_line(const layout *l, size_t line, const size_t *widths,
                       FILE *out) {
  size_t owed = 0; /* spaces, printed only before something */
  for (size_t c = 0; c < l->columns_count; c++) {
    const char *text = text_at(l, line, c);
    size_t pad = widths[c] - width(text);
    owed += (c ? 2 : 0) + (l->columns[c].right ? pad : 0);
    if (*text) {
      fprintf(out, "%*s%s", (int)owed, "", text);
      owed = 0;
    }
    owed += l->columns[c].right ? 0 : pad;
  }
  fputc('\n', out);
}

static void print_group(const page_part *part, bool first, FILE *out) {
  const char *title = part->table->groups[part->group].title;
  layout l = layout_make(part->table, part->group);
  size_t lines = l.headers + l.rows_count;
  size_t *widths = arena_take(l.columns_count * sizeof *widths);
  for (size_t line = 0; line < lines; line++)
    for (size_t c = 0; c < l.columns_count; c++) {
      size_t w = width(text_at(&l, line, c));
      widths[c] = w > widths[c] ? w : widths[c];
    }
  if (!first)
    fputc('\n', out);
  if (*title)
    fprintf(out, "%s\n", title);
  for (size_t line = 0; line < lines; line++)
    print_line(&l, line, widths, out);
}

void format_text(const page *p, FILE *out) {
  for (size_t i = 0; i < p->count; i++) {
    const page_part *part = &p->parts[i];
    switch (part->kind) {
    case PAGE_GROUP:
      print_group(part, i == 0, out);
      break;
    case PAGE_LINE:
      fprintf(out, "%s\n", part->text);
      break;
    case PAGE_ITEM:
      fprintf(out, "  %s\n", part->text);
      break;
    case PAGE_TITLE:
    case PAGE_PARAGRAPH:
    case PAGE_CODE:
      fprintf(out, "%s%s\n", i ? "\n" : "", part->text);
      break;
    }
  }
}
