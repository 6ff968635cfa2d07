/* format-json.c: the format `json`: what the page has, or its rows. */
#include "format.h"

#include <stdlib.h>
#include <string.h>

/* A new value, or NULL if there is none. */
static json_t *json_of(const table_value *v) {
  switch (v->type) {
  case VALUE_ABSENT:
    break;
  case VALUE_TEXT:
    return json_string(v->text);
  case VALUE_FLAG:
    return json_boolean(v->integer);
  case VALUE_INTEGER:
    return json_integer(v->integer);
  case VALUE_REAL:
    return json_real(v->real);
  }
  return NULL;
}

json_t *table_row_json(const table_row *row) {
  json_t *object = json_object();
  for (size_t k = 0; k < row->table->columns_count; k++) {
    const table_column *column = &row->table->columns[k];
    const table_value *v = &row->values[k];
    if (!(column->traits & TABLE_ONLY_PEOPLE) && v->type != VALUE_ABSENT)
      json_object_set_new(object, column->name, json_of(v));
  }
  return object;
}

json_t *table_rows_json(const table *t) {
  json_t *rows = json_array();
  for (size_t i = 0; i < t->rows_count; i++)
    if (t->rows[i]->audience != ROW_FOR_PEOPLE)
      json_array_append_new(rows, table_row_json(t->rows[i]));
  return rows;
}

json_t *table_members_json(const table *t, const char *name,
                           const char *value) {
  json_t *members = json_object();
  for (size_t i = 0; i < t->rows_count; i++)
    json_object_set_new(members, table_get(t->rows[i], name)->text,
                        json_of(table_get(t->rows[i], value)));
  return members;
}

json_t *table_help_json(const table *t) {
  json_t *list = json_array();
  for (size_t i = 0; i < t->columns_count; i++)
    if (t->columns[i].help)
      json_array_append_new(list,
                            json_pack("{s:s, s:s}", "name", t->columns[i].name,
                                      "help", t->columns[i].help));
  return list;
}

#define JSON_STYLE (JSON_INDENT(1) | JSON_REAL_PRECISION(12))

/* Writes a value as a member of a list in an object; texts have no newlines. */
static int write_indented(const char *text, size_t n, void *out) {
  for (size_t i = 0; i < n; i++) {
    fputc(text[i], out);
    if (text[i] == '\n')
      fputs("  ", out);
  }
  return 0;
}

/* The same as if the list were in memory. */
static void print_list(const page *p, FILE *out) {
  char *head = json_dumps(p->json, JSON_STYLE);
  const size_t end = strlen(head) - strlen("\n}");
  fprintf(out, "%.*s,\n \"%s\": [", (int)end, head, p->list);
  free(head);
  const char *before = "\n  ";
  for (json_t *value; (value = p->next(p->state)); before = ",\n  ") {
    fputs(before, out);
    json_dump_callback(value, write_indented, out, JSON_STYLE);
    json_decref(value);
  }
  fputs(*before == ',' ? "\n ]\n}\n" : "]\n}\n", out);
}

void format_json(const page *p, FILE *out) {
  if (p->list) {
    print_list(p, out);
    return;
  }
  json_dumpf(p->json, out, JSON_STYLE);
  fputc('\n', out);
}
