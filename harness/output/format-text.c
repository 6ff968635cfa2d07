/* format-text.c: the format `table`: aligned columns for a terminal.
 *
 * A table that is too wide for the terminal loses columns, in all its groups
 * the same ones (table_column.leaves), and a line below says which.  What then
 * is still too wide is printed in bands of columns one below the other, each
 * with the first column; only a text at the end of the lines is broken
 * instead. */
#include "format.h"
#include "layout.h"
#include "terminal.h"
#include "harness/base/arena.h"

#include <string.h>

enum { GAP = 2 }; /* spaces between two columns */

/* A text at the end of the lines is broken if it has more characters. */
enum { ROOM_TO_BREAK = 30 };

/* In less room no text is broken. */
enum { LEAST_ROOM = 10 };

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static size_t width(const char *text) {
  size_t n = 0;
  for (; *text; text++)
    n += ((unsigned char)*text & 0xc0) != 0x80;
  return n;
}

/* A group with the widths of its columns. */
typedef struct measured {
  layout l;
  size_t *widths;
  bool *left; /* by column: there is no room for it */
} measured;

/* Text `c` of line `line`: those of the header first, then those of rows. */
static const char *text_at(const layout *l, size_t line, size_t c) {
  return line < l->headers
             ? l->columns[c].header[line]
             : l->cells[(line - l->headers) * l->columns_count + c];
}

static measured measure(const page_part *part) {
  measured m = {.l = layout_make(part->table, part->group)};
  m.widths = arena_take((m.l.columns_count + 1) * sizeof *m.widths);
  m.left = arena_take((m.l.columns_count + 1) * sizeof *m.left);
  for (size_t line = 0; line < m.l.headers + m.l.rows_count; line++)
    for (size_t c = 0; c < m.l.columns_count; c++) {
      const size_t w = width(text_at(&m.l, line, c));
      m.widths[c] = w > m.widths[c] ? w : m.widths[c];
    }
  return m;
}

/* The width of the columns from `from` to before `to` that have not left. */
static size_t width_of(const measured *m, size_t from, size_t to) {
  size_t sum = 0;
  for (size_t c = from; c < to; c++)
    if (!m->left[c])
      sum += (sum ? GAP : 0) + m->widths[c];
  return sum;
}

/* The last column that has not left. */
static size_t last_of(const measured *m) {
  size_t last = m->l.columns_count;
  while (last && m->left[last - 1])
    last--;
  return last - 1;
}

/* The least width of the lines, given that a text at their end is broken. */
static size_t least_width(const measured *m) {
  const size_t whole = width_of(m, 0, m->l.columns_count);
  const size_t last = m->l.columns_count ? last_of(m) : 0;
  return last && !m->l.columns[last].right && m->widths[last] > ROOM_TO_BREAK
             ? whole - m->widths[last] + ROOM_TO_BREAK
             : whole;
}

/* ------------------------------------------------------------------------- *
 * Columns that leave.
 * ------------------------------------------------------------------------- */

/* The column of the group that leaves next, or NULL. */
static const table_column *next_to_leave(const measured *m) {
  const table_column *next = NULL;
  for (size_t c = 0; c < m->l.columns_count; c++) {
    const table_column *of = m->l.columns[c].from;
    if (of && of->leaves && !m->left[c] &&
        (!next || of->leaves >= next->leaves))
      next = of;
  }
  return next;
}

/* Makes the column leave all groups of its table. */
static void leave(const page *p, measured *groups, const table_column *gone) {
  for (size_t i = 0; i < p->count; i++)
    for (size_t c = 0; c < groups[i].l.columns_count; c++)
      groups[i].left[c] |= groups[i].l.columns[c].from == gone;
}

/* Makes as many columns leave as the width asks for. */
static void fit(const page *p, measured *groups, size_t most) {
  for (size_t i = 0; i < p->count; i++) {
    const measured *m = &groups[i];
    const table_column *gone = m->l.columns_count ? next_to_leave(m) : NULL;
    while (gone && least_width(m) > most) {
      leave(p, groups, gone);
      gone = next_to_leave(m);
    }
  }
}

/* The names of the columns that have left a table's groups; NULL if none. */
static const char *names_left(const page *p, const measured *groups,
                              const table *of) {
  const char *names = NULL;
  bool *told = arena_take((of->columns_count + 1) * sizeof *told);
  for (size_t i = 0; i < p->count; i++)
    for (size_t c = 0; c < groups[i].l.columns_count; c++) {
      const table_column *column = groups[i].l.columns[c].from;
      if (p->parts[i].table != of || !groups[i].left[c] ||
          told[column - of->columns])
        continue;
      told[column - of->columns] = true;
      names = arena_text("%s%s%s", names ? names : "", names ? ", " : "",
                         column->name);
    }
  return names;
}

/* ------------------------------------------------------------------------- *
 * Lines.
 * ------------------------------------------------------------------------- */

/* How much of a text goes into `room` characters, in bytes: up to a blank if
 * there is one, else all that fits. */
static size_t bytes_that_fit(const char *text, size_t room) {
  size_t bytes = 0, blank = 0, characters = 0;
  while (text[bytes]) {
    if (((unsigned char)text[bytes] & 0xc0) != 0x80 && characters++ == room)
      return blank ? blank : bytes;
    if (text[bytes] == ' ' && bytes)
      blank = bytes;
    bytes++;
  }
  return bytes;
}

/* Prints a text that begins in column `at` on lines that end before column
 * `most`; on one line if that is 0, or leaves no room. */
static void print_broken(const char *text, size_t at, size_t most, FILE *out) {
  while (most >= at + LEAST_ROOM && width(text) > most - at) {
    const size_t n = bytes_that_fit(text, most - at);
    fprintf(out, "%.*s\n%*s", (int)n, text, (int)at, "");
    text += n + strspn(text + n, " ");
  }
  fputs(text, out);
}

/* Prints the first column, if the others are not the first, and those from
 * `from` to before `to`. */
static void print_line(const measured *m, size_t line, size_t from, size_t to,
                       size_t most, FILE *out) {
  const layout *l = &m->l;
  const size_t last = last_of(m);
  size_t owed = 0, at = 0; /* spaces, printed only before something */
  for (size_t c = 0; c < to; c = c < from ? from : c + 1) {
    if (m->left[c])
      continue;
    const char *text = text_at(l, line, c);
    const size_t pad = m->widths[c] - width(text);
    owed += (c ? GAP : 0) + (l->columns[c].right ? pad : 0);
    if (*text) {
      fprintf(out, "%*s", (int)owed, "");
      at += owed;
      print_broken(text, at, c == last ? most : 0, out);
      at += width(text);
      owed = 0;
    }
    owed += l->columns[c].right ? 0 : pad;
  }
  fputc('\n', out);
}

/* Where the band that begins with column `from` ends. */
static size_t band_end(const measured *m, size_t from, size_t most) {
  const size_t before = from ? m->widths[0] + GAP : 0;
  size_t to = from + 1;
  while (to < m->l.columns_count && before + width_of(m, from, to + 1) <= most)
    to++;
  return to;
}

/* Whether a line has anything in these columns. */
static bool has_text(const measured *m, size_t line, size_t from, size_t to) {
  for (size_t c = from; c < to; c++)
    if (!m->left[c] && *text_at(&m->l, line, c))
      return true;
  return false;
}

static void print_group(const page_part *part, const measured *m, bool first,
                        size_t most, FILE *out) {
  const char *title = part->table->groups[part->group].title;
  const size_t columns = m->l.columns_count;
  const bool fits = !most || !columns || least_width(m) <= most;
  if (!first)
    fputc('\n', out);
  if (*title)
    fprintf(out, "%s\n", title);
  for (size_t from = 0, to; from < columns; from = to) {
    to = fits ? columns : band_end(m, from, most);
    if (from)
      fputc('\n', out);
    for (size_t line = 0; line < m->l.headers + m->l.rows_count; line++)
      if (line >= m->l.headers || has_text(m, line, from, to))
        print_line(m, line, from, to, most, out);
  }
}

/* Whether the part is the last one with a group of its table. */
static bool is_last(const page *p, size_t part) {
  for (size_t i = part + 1; i < p->count; i++)
    if (p->parts[i].table == p->parts[part].table)
      return false;
  return true;
}

static void print_left(const page *p, const measured *groups, size_t part,
                       size_t most, FILE *out) {
  const char *names = names_left(p, groups, p->parts[part].table);
  if (!names)
    return;
  const char *line =
      arena_text("Without room in %zu columns: %s; %s.", most, names,
                 p->wanted ? p->wanted : "a wider terminal or a pipe has them");
  print_broken(line, 0, most, out);
  fputc('\n', out);
}

void format_text(const page *p, FILE *out) {
  const size_t most = p->wide ? 0 : terminal_width(out);
  measured *groups = arena_take((p->count + 1) * sizeof *groups);
  for (size_t i = 0; i < p->count; i++)
    if (p->parts[i].kind == PAGE_GROUP)
      groups[i] = measure(&p->parts[i]);
  if (most)
    fit(p, groups, most);
  for (size_t i = 0; i < p->count; i++) {
    const page_part *part = &p->parts[i];
    switch (part->kind) {
    case PAGE_GROUP:
      print_group(part, &groups[i], i == 0, most, out);
      if (is_last(p, i))
        print_left(p, groups, i, most, out);
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
