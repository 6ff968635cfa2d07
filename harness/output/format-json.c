/* format-json.c: the format `json`: what the page has, or its rows. */
#include "format.h"

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

json_t *table_rows_json(const table *t) {
  json_t *rows = json_array();
  for (size_t i = 0; i < t->rows_count; i++) {
    if (t->rows[i]->audience == ROW_FOR_PEOPLE)
      continue;
    json_t *row = json_object();
    for (size_t k = 0; k < t->columns_count; k++) {
      const table_value *v = &t->rows[i]->values[k];
      if (!(t->columns[k].traits & TABLE_ONLY_PEOPLE) &&
          v->type != VALUE_ABSENT)
        json_object_set_new(row, t->columns[k].name, json_of(v));
    }
    json_array_append_new(rows, row);
  }
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

void format_print_json(const json_t *json, FILE *out) {
  json_dumpf(json, out, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
  fputc('\n', out);
}

void format_json(const page *p, FILE *out) {
  if (p->json) {
    format_print_json(p->json, out);
    return;
  }
  json_t *json = p->make_json ? p->make_json(p->of)
                              : json_pack("{s:i, s:o}", "schema", 1, "rows",
                                          table_rows_json(p->data));
  format_print_json(json, out);
  json_decref(json);
}
