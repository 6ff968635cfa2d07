/* html.c: see html.h. */
#include "html.h"
#include "layout.h"
#include "harness/base/arena.h"

#include <string.h>

void html_text(const char *text, FILE *out) {
  for (; *text; text++)
    switch (*text) {
    case '&':
      fputs("&amp;", out);
      break;
    case '<':
      fputs("&lt;", out);
      break;
    case '>':
      fputs("&gt;", out);
      break;
    case '"':
      fputs("&quot;", out);
      break;
    case '\'':
      fputs("&#39;", out);
      break;
    default:
      fputc(*text, out);
    }
}

/* ------------------------------------------------------------------------- *
 * Tables.
 * ------------------------------------------------------------------------- */

static const char *class_of(const layout *l, size_t column, table_tone tone) {
  static const char *const tones[] = {[TONE_PLAIN] = "",
                                      [TONE_BEST] = " best",
                                      [TONE_TIE] = " tie",
                                      [TONE_BAD] = " bad"};
  return arena_text("%s%s", l->columns[column].right ? "n" : "t", tones[tone]);
}

static void print_head(const layout *l, FILE *out) {
  fputs("<thead><tr>", out);
  for (size_t c = 0; c < l->columns_count; c++) {
    const char *const *lines = l->columns[c].header;
    fprintf(out, "<th scope=\"col\" class=\"%s\">", class_of(l, c, TONE_PLAIN));
    html_text(lines[0], out);
    if (*lines[1]) {
      fputs(*lines[0] ? "<br><small>" : "<small>", out);
      html_text(lines[1], out);
      fputs("</small>", out);
    }
    fputs("</th>", out);
  }
  fputs("</tr></thead>\n", out);
}

static void print_row(const layout *l, size_t row, FILE *out) {
  fputs("<tr>", out);
  for (size_t c = 0; c < l->columns_count; c++) {
    const size_t at = row * l->columns_count + c;
    const char *tag = c ? "td" : "th scope=\"row\"";
    fprintf(out, "<%s class=\"%s\">", tag, class_of(l, c, l->tones[at]));
    html_text(l->cells[at], out);
    fprintf(out, "</%.2s>", tag);
  }
  fputs("</tr>\n", out);
}

void html_group(const table *t, size_t group, const char *caption, FILE *out) {
  const layout l = layout_make(t, group);
  if (!caption)
    caption = t->groups[group].title;
  fputs("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"",
        out);
  html_text(*caption ? caption : "table", out);
  fputs("\"><table>", out);
  if (*caption) {
    fputs("<caption>", out);
    html_text(caption, out);
    fputs("</caption>", out);
  }
  if (l.headers)
    print_head(&l, out);
  fputs("<tbody>\n", out);
  for (size_t row = 0; row < l.rows_count; row++)
    print_row(&l, row, out);
  fputs("</tbody></table></div>\n", out);
}

/* ------------------------------------------------------------------------- *
 * Pages.
 * ------------------------------------------------------------------------- */

/* A sign of a verdict at the beginning of a text becomes a class of it. */
static const char *class_of_text(const char *text) {
  return strstr(text, "SUSPECT:") || strstr(text, "BUSY:") ||
                 strstr(text, "EMULATED:")
             ? " class=\"warn\""
             : "";
}

static void print_paragraph(const char *tag, const char *text, FILE *out) {
  fprintf(out, "<%s%s>", tag, class_of_text(text));
  html_text(text, out);
  fprintf(out, "</%s>\n", tag);
}

/* A line break of PAGE_LINE separates statements; elsewhere it only breaks
 * lines for terminals. */
static void print_lines(const char *text, FILE *out) {
  while (*text) {
    const size_t n = strcspn(text, "\n");
    print_paragraph("p", arena_text("%.*s", (int)n, text), out);
    text += n + (text[n] == '\n');
  }
}

void html_parts(const page *p, int level, FILE *out) {
  bool in_list = false;
  for (size_t i = 0; i < p->count; i++) {
    const page_part *part = &p->parts[i];
    const bool item = part->kind == PAGE_ITEM;
    if (in_list && (!item || part->begins_list))
      fputs("</ul>\n", out);
    if (item && (!in_list || part->begins_list))
      fputs("<ul>\n", out);
    in_list = item;
    switch (part->kind) {
    case PAGE_TITLE:
      print_paragraph(arena_text("h%d", level), part->text, out);
      break;
    case PAGE_LINE:
      print_lines(part->text, out);
      break;
    case PAGE_PARAGRAPH:
      print_paragraph("p", part->text, out);
      break;
    case PAGE_ITEM:
      print_paragraph("li", part->text, out);
      break;
    case PAGE_CODE:
      print_paragraph("pre", part->text, out);
      break;
    case PAGE_GROUP:
      html_group(part->table, part->group, NULL, out);
      break;
    }
  }
  if (in_list)
    fputs("</ul>\n", out);
}
