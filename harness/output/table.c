/* table.c: see table.h. */
#include "table.h"
#include "numbers.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Rows.
 * ------------------------------------------------------------------------- */

/* Texts come from programs and files. */
static char *clean_text(const char *text) {
  char *copy = arena_text("%s", text);
  words_clean(copy, false);
  return copy;
}

table *table_new(const table_column *columns, size_t count) {
  table *t = arena_take(sizeof *t);
  t->columns = columns;
  t->columns_count = count;
  return t;
}

size_t table_add_group(table *t, const char *title) {
  t->groups = arena_more(t->groups, t->groups_count, sizeof *t->groups);
  t->groups[t->groups_count] =
      (table_group){.title = clean_text(title), .counted = "", .kind = ""};
  if (!t->titles)
    t->titles = json_object();
  if (!json_object_get(t->titles, title)) /* the first of this title is found */
    json_object_set_new(t->titles, title,
                        json_integer((json_int_t)t->groups_count));
  return t->groups_count++;
}

size_t table_group_of(table *t, const char *title) {
  const json_t *known = json_object_get(t->titles, title);
  return known ? (size_t)json_integer_value(known) : table_add_group(t, title);
}

table_row *table_add(table *t, size_t group) {
  if (!t->groups_count)
    table_add_group(t, "");
  table_row *row =
      arena_take(sizeof *row + t->columns_count * sizeof *row->values);
  row->table = t;
  row->group = group;
  t->rows = arena_more(t->rows, t->rows_count, sizeof(table_row *));
  table_group *g = &t->groups[group];
  g->rows = arena_more(g->rows, g->rows_count, sizeof *g->rows);
  g->rows[g->rows_count++] = t->rows_count;
  return t->rows[t->rows_count++] = row;
}

size_t table_find_column(const table *t, const char *name) {
  size_t i = 0;
  while (i < t->columns_count && strcmp(t->columns[i].name, name))
    i++;
  return i;
}

const table_value *table_get(const table_row *row, const char *name) {
  size_t i = table_find_column(row->table, name);
  if (i < row->table->columns_count)
    return &row->values[i];
  say("a table has no column '%s'", name);
  abort(); /* a mistake in the program */
}

double table_real(const table_row *row, const char *name) {
  const table_value *v = table_get(row, name);
  return v->type == VALUE_REAL      ? v->real
         : v->type == VALUE_INTEGER ? (double)v->integer
                                    : NAN;
}

static table_value *value_of(table_row *row, const char *name) {
  return (table_value *)table_get(row, name);
}

void table_set_text(table_row *row, const char *name, const char *text) {
  table_value *v = value_of(row, name);
  v->type = text ? VALUE_TEXT : VALUE_ABSENT;
  v->text = text ? clean_text(text) : NULL;
}

void table_set_flag(table_row *row, const char *name, bool flag) {
  table_value *v = value_of(row, name);
  v->type = VALUE_FLAG;
  v->integer = flag;
}

void table_set_integer(table_row *row, const char *name, long long integer) {
  table_value *v = value_of(row, name);
  v->type = VALUE_INTEGER;
  v->integer = integer;
}

void table_set_real(table_row *row, const char *name, double real) {
  table_value *v = value_of(row, name);
  v->type = isfinite(real) ? VALUE_REAL : VALUE_ABSENT;
  v->real = real;
}

void table_set_json(table_row *row, const char *name, const json_t *value) {
  if (json_is_integer(value))
    table_set_integer(row, name, json_integer_value(value));
  else if (json_is_real(value))
    table_set_real(row, name, json_real_value(value));
  else if (json_is_boolean(value))
    table_set_flag(row, name, json_is_true(value));
  else
    table_set_text(row, name, json_string_value(value));
}

void table_set_object(table_row *row, const json_t *object) {
  for (size_t i = 0; i < row->table->columns_count; i++) {
    const char *name = row->table->columns[i].name;
    const json_t *value = json_object_get(object, name);
    if (value)
      table_set_json(row, name, value);
  }
}

void table_show(table_row *row, const char *name, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = arena_vtext(format, args);
  va_end(args);
  words_clean(text, false);
  value_of(row, name)->shown = text;
}

void table_set_tone(table_row *row, const char *name, table_tone tone) {
  value_of(row, name)->tone = tone;
}

/* ------------------------------------------------------------------------- *
 * What people see of a value.
 * ------------------------------------------------------------------------- */

/* Counts have all their digits up to here. */
#define WHOLE_COUNT 100000

const char *table_number(table_kind kind, double number) {
  char text[NUMBER_TEXT];
  if (isnan(number))
    return "–";
  switch (kind) {
  case TABLE_TEXT:
  case TABLE_FLAG:
  case TABLE_INTEGER:
    break;
  case TABLE_COUNT:
    if (number < WHOLE_COUNT)
      break;
    return arena_text("%s", number_si(text, number));
  case TABLE_SCALED:
  case TABLE_RATE:
    return arena_text("%s", number_si(text, number));
  case TABLE_TIME:
    return arena_text("%s", number_time(text, number));
  case TABLE_BYTES:
    return arena_text("%s", number_fixed(text, number / 0x1p20));
  case TABLE_PERCENT:
  case TABLE_RATIO:
    return arena_text("%s", number_fixed(text, number));
  }
  return arena_text("%.0f", number);
}

const char *table_shown(const table_column *column, const table_value *value) {
  if (value->shown)
    return value->shown;
  switch (value->type) {
  case VALUE_ABSENT:
    return column->absent ? column->absent : "";
  case VALUE_TEXT:
    return value->text;
  case VALUE_FLAG:
    return value->integer ? "yes" : "no";
  case VALUE_REAL:
    return table_number(column->kind, value->real);
  case VALUE_INTEGER:
    break;
  }
  if (column->kind <= TABLE_INTEGER) /* more digits than a real has */
    return arena_text("%lld", value->integer);
  return table_number(column->kind, (double)value->integer);
}

/* ------------------------------------------------------------------------- *
 * Pages.
 * ------------------------------------------------------------------------- */

page *page_new(const table *data) {
  page *p = arena_take(sizeof *p);
  p->data = data;
  return p;
}

typedef struct row_cursor {
  const table *table;
  size_t at;
} row_cursor;

static json_t *next_row(void *state) {
  row_cursor *c = state;
  while (c->at < c->table->rows_count) {
    const table_row *row = c->table->rows[c->at++];
    if (row->audience != ROW_FOR_PEOPLE)
      return table_row_json(row);
  }
  return NULL;
}

void page_rows_json(page *p, json_t *json) {
  row_cursor *all = arena_take(sizeof *all);
  all->table = p->data;
  p->json = json;
  p->list = "rows";
  p->next = next_row;
  p->state = all;
}

static void add_part(page *p, page_part part) {
  p->parts = arena_more(p->parts, p->count, sizeof part);
  p->parts[p->count++] = part;
}

#define ADD_TEXT(...)                                                          \
  do {                                                                         \
    va_list args;                                                              \
    va_start(args, format);                                                    \
    char *text_ = arena_vtext(format, args);                                   \
    va_end(args);                                                              \
    words_clean(text_, true);                                                  \
    add_part(p, (page_part){__VA_ARGS__, .text = text_});                      \
  } while (0)

void page_text(page *p, page_kind kind, const char *format, ...) {
  ADD_TEXT(.kind = kind);
}

void page_list(page *p, const char *format, ...) {
  ADD_TEXT(.kind = PAGE_ITEM, .begins_list = true);
}

void page_item(page *p, const char *format, ...) {
  ADD_TEXT(.kind = PAGE_ITEM);
}

void page_group(page *p, const table *t, size_t group) {
  add_part(p, (page_part){
                  .kind = PAGE_GROUP, .text = "", .table = t, .group = group});
}

void page_tables(page *p, const table *t) {
  for (size_t i = 0; i < t->groups_count; i++)
    page_group(p, t, i);
}
