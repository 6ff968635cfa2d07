/* format-csv.c: the format `csv`: the rows in base units, RFC 4180. */
#include "format.h"

#include <string.h>

static void print_text(const char *text, FILE *out) {
  if (!strpbrk(text, ",\"\r\n")) {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"')
      fputc('"', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

static void print_value(const table_value *v, FILE *out) {
  switch (v->type) {
  case VALUE_ABSENT:
    break;
  case VALUE_TEXT:
    print_text(v->text, out);
    break;
  case VALUE_FLAG:
    fputs(v->integer ? "yes" : "no", out);
    break;
  case VALUE_INTEGER:
    fprintf(out, "%lld", v->integer);
    break;
  case VALUE_REAL:
    fprintf(out, "%.12g", v->real);
    break;
  }
}

/* A row, or without one the header. */
static void print_row(const table *t, const table_row *row, FILE *out) {
  const char *comma = "";
  for (size_t i = 0; i < t->columns_count; i++) {
    if (t->columns[i].traits & (TABLE_ONLY_PEOPLE | TABLE_ONLY_JSON))
      continue;
    fputs(comma, out);
    comma = ",";
    if (row)
      print_value(&row->values[i], out);
    else
      print_text(t->columns[i].name, out);
  }
  fputc('\n', out);
}

void format_csv(const page *p, FILE *out) {
  print_row(p->data, NULL, out);
  for (size_t i = 0; i < p->data->rows_count; i++)
    if (p->data->rows[i]->audience != ROW_FOR_PEOPLE)
      print_row(p->data, p->data->rows[i], out);
}
