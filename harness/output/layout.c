/* layout.c: see layout.h. */
#include "layout.h"
#include "harness/base/arena.h"

#include <string.h>

static void add_column(layout *l, const char *header, const char *unit,
                       bool right) {
  l->columns = arena_more(l->columns, l->columns_count, sizeof *l->columns);
  l->columns[l->columns_count++] =
      (layout_column){{header, unit ? unit : ""}, right, NULL};
  size_t headers = unit ? 2 : *header ? 1 : 0;
  l->headers = headers > l->headers ? headers : l->headers;
}

static bool is_right(const table_column *c) {
  return c->kind != TABLE_TEXT || c->traits & TABLE_RIGHT;
}

/* Row `i` of a group, or NULL if people do not see it. */
static const table_row *row_of(const table *t, size_t group, size_t i) {
  const table_row *row = t->rows[t->groups[group].rows[i]];
  return row->audience == ROW_FOR_PROGRAMS ? NULL : row;
}

/* ------------------------------------------------------------------------- *
 * A line for each row.
 * ------------------------------------------------------------------------- */

static bool has_value(const table *t, size_t group, size_t column) {
  for (size_t i = 0; i < t->groups[group].rows_count; i++) {
    const table_row *row = row_of(t, group, i);
    const table_value *v = row ? &row->values[column] : NULL;
    if (v && (v->type != VALUE_ABSENT || v->shown))
      return true;
  }
  return false;
}

static bool has_column(const table *t, size_t group, size_t column) {
  const table_column *c = &t->columns[column];
  return c->header &&
         (!(c->traits & TABLE_OPTIONAL) || has_value(t, group, column));
}

static layout make_lines(const table *t, size_t group) {
  layout l = {0};
  bool *has = arena_take(t->columns_count * sizeof *has);
  for (size_t i = 0; i < t->columns_count; i++) {
    const table_column *c = &t->columns[i];
    has[i] = has_column(t, group, i);
    if (!has[i])
      continue;
    const char *unit = c->unit;
    if (unit && c->kind == TABLE_RATE)
      unit = arena_text("%s%s", t->groups[group].counted, unit);
    add_column(&l, c->header, unit, is_right(c));
    l.columns[l.columns_count - 1].from = c;
  }
  const size_t rows = t->groups[group].rows_count;
  l.cells = arena_take(l.columns_count * rows * sizeof *l.cells);
  l.tones = arena_take(l.columns_count * rows * sizeof *l.tones);
  size_t at = 0;
  for (size_t i = 0; i < rows; i++) {
    const table_row *row = row_of(t, group, i);
    if (!row)
      continue;
    l.rows_count++;
    for (size_t k = 0; k < t->columns_count; k++)
      if (has[k]) {
        l.tones[at] = row->values[k].tone;
        l.cells[at++] = table_shown(&t->columns[k], &row->values[k]);
      }
  }
  return l;
}

/* ------------------------------------------------------------------------- *
 * A cross table.
 * ------------------------------------------------------------------------- */

typedef struct names {
  const char **items;
  size_t count;
  json_t *numbers; /* of the items as they were added, by name */
} names;

static void add_name(names *n, const char *name) {
  if (!n->numbers)
    n->numbers = json_object();
  if (json_object_get(n->numbers, name))
    return;
  json_object_set_new(n->numbers, name, json_integer((json_int_t)n->count));
  n->items = arena_more(n->items, n->count, sizeof *n->items);
  n->items[n->count++] = name;
}

static size_t find_name(const names *n, const char *name) {
  return (size_t)json_integer_value(json_object_get(n->numbers, name));
}

/* An order of the names in which this one comes last. */
static size_t place_of(const names *n, const char *name, const char *last) {
  const json_t *moved = last ? json_object_get(n->numbers, last) : NULL;
  const size_t at = find_name(n, name);
  const size_t from = moved ? (size_t)json_integer_value(moved) : n->count;
  return at < from ? at : at == from ? n->count - 1 : at - 1;
}

static const char *text_at(const table_row *row, const char *column) {
  const table_value *v = table_get(row, column);
  return table_shown(&row->table->columns[v - row->values], v);
}

static layout make_cross(const table *t, size_t group) {
  const table_cross *x = t->cross;
  const size_t rows = t->groups[group].rows_count;
  names down = {0}, across = {0};
  for (size_t i = 0; i < rows; i++) {
    const table_row *row = row_of(t, group, i);
    if (row) {
      add_name(&down, text_at(row, x->down));
      add_name(&across, text_at(row, x->across));
    }
  }
  layout l = {0};
  add_column(&l, x->corner, NULL, false);
  for (size_t i = 0; i < across.count; i++)
    add_column(&l, "", NULL, true);
  for (size_t i = 0; i < across.count; i++)
    l.columns[1 + place_of(&across, across.items[i], x->last)].header[0] =
        across.items[i];
  l.rows_count = down.count;
  size_t cells = l.rows_count * l.columns_count;
  l.cells = arena_take(cells * sizeof *l.cells);
  l.tones = arena_take(cells * sizeof *l.tones);
  for (size_t i = 0; i < cells; i++)
    l.cells[i] = i % l.columns_count ? "" : down.items[i / l.columns_count];
  for (size_t i = rows; i-- > 0;) { /* the first row of a cell stays */
    const table_row *row = row_of(t, group, i);
    if (!row)
      continue;
    const size_t at =
        find_name(&down, text_at(row, x->down)) * l.columns_count + 1 +
        place_of(&across, text_at(row, x->across), x->last);
    l.cells[at] = text_at(row, x->shown);
    l.tones[at] = table_get(row, x->shown)->tone;
  }
  json_decref(down.numbers);
  json_decref(across.numbers);
  return l;
}

layout layout_make(const table *t, size_t group) {
  return t->cross ? make_cross(t, group) : make_lines(t, group);
}
