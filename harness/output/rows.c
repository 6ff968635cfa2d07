/* rows.c: a table whose rows are JSON objects, in several formats. */
#include "rows.h"
#include "emit.h"

#include <string.h>

static const char *text_of(const json_t *value) {
  return json_is_string(value) ? json_string_value(value) : "";
}

static void print_csv(const json_t *rows, const rows_column *columns,
                      size_t count, FILE *out) {
  for (size_t c = 0; c < count; c++)
    fprintf(out, "%s%s", c ? "," : "", columns[c].member);
  fputc('\n', out);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    for (size_t c = 0; c < count; c++) {
      const json_t *value = json_object_get(row, columns[c].member);
      if (c)
        fputc(',', out);
      if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
      else if (json_is_real(value))
        fprintf(out, "%.12g", json_real_value(value));
      else
        emit_csv_text(text_of(value), out);
    }
    fputc('\n', out);
  }
}

static void add_cell(text_table *t, const json_t *value, rows_kind kind) {
  char number[TEXT_NUMBER];
  if (!json_is_integer(value))
    text_add(t, "%s", text_of(value));
  else if (kind == ROWS_INTEGER ||
           (kind == ROWS_COUNT && json_integer_value(value) < 100000))
    text_add(t, "%lld", (long long)json_integer_value(value));
  else if (kind == ROWS_COUNT)
    text_add(t, "%s", text_si(number, (double)json_integer_value(value)));
  else
    text_add(t, "%s", text_time(number, (double)json_integer_value(value)));
}

void rows_print(const json_t *rows, const rows_column *columns, size_t count,
                const char *format, FILE *out) {
  if (!strcmp(format, "csv")) {
    print_csv(rows, columns, count, out);
    return;
  }
  char align[32] = "";
  size_t shown = 0;
  for (size_t c = 0; c < count && shown + 1 < sizeof align; c++)
    if (columns[c].header)
      align[shown++] = columns[c].kind == ROWS_TEXT ? 'l' : 'r';
  text_table *t = text_new(align, 1);
  for (size_t c = 0; c < count; c++)
    if (columns[c].header)
      text_add(t, "%s", columns[c].header);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    for (size_t c = 0; c < count; c++)
      if (columns[c].header)
        add_cell(t, json_object_get(row, columns[c].member), columns[c].kind);
  }
  text_print(t, strcmp(format, "markdown") ? TEXT_PLAIN : TEXT_MARKDOWN, out);
  text_free(t);
}
