/* format-markdown.c: the format `markdown`: tables as GitHub has them. */
#include "format.h"
#include "layout.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* What is escaped. */
#define IN_TEXT "[`\\"
#define IN_CELL "|" IN_TEXT

/* Text of programs is not to become a link, a tag or another column. */
static void print_escaped(const char *text, const char *special, FILE *out) {
  for (; *text; text++) {
    const bool tag = *text == '<' && (isalpha((unsigned char)text[1]) ||
                                      (text[1] && strchr("/!?", text[1])));
    if (tag || strchr(special, *text))
      fputc('\\', out);
    fputc(*text, out);
  }
}

/* Markdown has one header line: both become one. */
static void print_header(const layout *l, FILE *out) {
  fputc('|', out);
  for (size_t c = 0; c < l->columns_count; c++) {
    for (size_t line = 0; line < l->headers; line++) {
      const char *text = l->columns[c].header[line];
      if (*text)
        fputc(' ', out);
      print_escaped(text, IN_CELL, out);
    }
    fputs(" |", out);
  }
  fputs("\n|", out);
  for (size_t c = 0; c < l->columns_count; c++)
    fputs(l->columns[c].right ? "--:|" : ":--|", out);
  fputc('\n', out);
}

static void print_group(const page_part *part, FILE *out) {
  const char *title = part->table->groups[part->group].title;
  layout l = layout_make(part->table, part->group);
  if (*title) {
    fputs("### ", out);
    print_escaped(title, IN_TEXT, out);
    fputs("\n\n", out);
  }
  print_header(&l, out);
  for (size_t row = 0; row < l.rows_count; row++) {
    fputc('|', out);
    for (size_t c = 0; c < l.columns_count; c++) {
      fputc(' ', out);
      print_escaped(l.cells[row * l.columns_count + c], IN_CELL, out);
      fputs(" |", out);
    }
    fputc('\n', out);
  }
}

/* A blank line stands between parts, but for the items of a list. */
void format_markdown(const page *p, FILE *out) {
  for (size_t i = 0; i < p->count; i++) {
    const page_part *part = &p->parts[i];
    if (i && (part->kind != PAGE_ITEM || part->begins_list))
      fputc('\n', out);
    switch (part->kind) {
    case PAGE_TITLE:
    case PAGE_LINE:
    case PAGE_PARAGRAPH:
    case PAGE_ITEM:
      fputs(part->kind == PAGE_TITLE  ? "## "
            : part->kind == PAGE_ITEM ? "- "
                                      : "",
            out);
      print_escaped(part->text, IN_TEXT, out);
      fputc('\n', out);
      break;
    case PAGE_CODE:
      fprintf(out, "```\n%s\n```\n", part->text);
      break;
    case PAGE_GROUP:
      print_group(part, out);
      break;
    }
  }
}
