/* format-csv.c: the formats `csv` and `csv-excel`: the rows in base units.
 *
 * `csv` is RFC 4180, for programs.  `csv-excel` is what spreadsheets read that
 * write numbers with a decimal comma, as in German, French and most other
 * European settings: semicolons between fields, lines that end in CR LF, and a
 * byte order mark, without which the text is not taken for UTF-8.  There a text
 * that a spreadsheet would run as a formula begins with an apostrophe. */
#include "format.h"

#include <string.h>

typedef struct dialect {
  char comma, point;       /* between fields, and before decimals */
  const char *begin, *end; /* of the file, and of each line */
  bool formulas;           /* the reader takes some texts for formulas */
} dialect;

static const dialect plain = {',', '.', "", "\n", false},
                     excel = {';', ',', "\xef\xbb\xbf", "\r\n", true};

static void print_text(const dialect *d, const char *text, FILE *out) {
  const bool formula = d->formulas && *text && strchr("=+-@", *text);
  const char special[] = {d->comma, '"', '\r', '\n', 0};
  const bool quoted = strpbrk(text, special);
  if (quoted)
    fputc('"', out);
  if (formula)
    fputc('\'', out);
  for (; *text; text++) {
    if (*text == '"')
      fputc('"', out);
    fputc(*text, out);
  }
  if (quoted)
    fputc('"', out);
}

static void print_real(const dialect *d, double real, FILE *out) {
  char text[40];
  snprintf(text, sizeof text, "%.12g", real);
  char *point = strchr(text, '.');
  if (point)
    *point = d->point;
  fputs(text, out);
}

static void print_value(const dialect *d, const table_value *v, FILE *out) {
  switch (v->type) {
  case VALUE_ABSENT:
    break;
  case VALUE_TEXT:
    print_text(d, v->text, out);
    break;
  case VALUE_FLAG:
    fputs(v->integer ? "yes" : "no", out);
    break;
  case VALUE_INTEGER:
    fprintf(out, "%lld", v->integer);
    break;
  case VALUE_REAL:
    print_real(d, v->real, out);
    break;
  }
}

/* A row, or without one the header. */
static void print_row(const dialect *d, const table *t, const table_row *row,
                      FILE *out) {
  bool first = true;
  for (size_t i = 0; i < t->columns_count; i++) {
    if (t->columns[i].traits & (TABLE_ONLY_PEOPLE | TABLE_ONLY_JSON))
      continue;
    if (!first)
      fputc(d->comma, out);
    first = false;
    if (row)
      print_value(d, &row->values[i], out);
    else
      print_text(d, t->columns[i].name, out);
  }
  fputs(d->end, out);
}

static void print(const dialect *d, const page *p, FILE *out) {
  fputs(d->begin, out);
  print_row(d, p->data, NULL, out);
  for (size_t i = 0; i < p->data->rows_count; i++)
    if (p->data->rows[i]->audience != ROW_FOR_PEOPLE)
      print_row(d, p->data, p->data->rows[i], out);
}

void format_csv(const page *p, FILE *out) {
  print(&plain, p, out);
}

void format_csv_excel(const page *p, FILE *out) {
  print(&excel, p, out);
}
