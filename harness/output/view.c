/* view.c: see view.h. */
#include "view.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"

#include <string.h>

/* ------------------------------------------------------------------------- *
 * Names of columns.
 * ------------------------------------------------------------------------- */

/* The column that was probably meant: one whose name is near, else the first
 * that has the word in it; NULL if there is none. */
static const char *nearest_column(const table *t, const char *word) {
  candidates known = {0};
  for (size_t i = 0; i < t->columns_count; i++)
    candidates_add(&known, t->columns[i].name);
  const char *near = words_nearest(word, known.words, known.count);
  for (size_t i = 0; i < t->columns_count && !near && *word; i++)
    if (strstr(t->columns[i].name, word))
      near = t->columns[i].name;
  return near;
}

/* Finds a column.  Returns NULL, or what is wrong, with all names. */
static const char *find_column(const table *t, const char *option,
                               const char *word, size_t *found) {
  *found = table_find_column(t, word);
  if (*found < t->columns_count)
    return NULL;
  const char *near = nearest_column(t, word), *all = "";
  for (size_t i = 0; i < t->columns_count; i++)
    all = arena_text("%s%s%s", all, i ? ", " : "", t->columns[i].name);
  return arena_text("%s: the table has no column '%s'%s; it has: %s", option,
                    word, near ? arena_text(" (did you mean '%s'?)", near) : "",
                    all);
}

/* ------------------------------------------------------------------------- *
 * Some of the columns.
 * ------------------------------------------------------------------------- */

/* A column that was chosen is shown to everybody. */
static table_column chosen_column(const table_column *from) {
  table_column c = *from;
  c.header = c.header && *c.header ? c.header : c.name;
  c.traits &= TABLE_RIGHT | TABLE_KEY;
  c.leaves = 0;
  return c;
}

/* What only people see of a value becomes the value. */
static table_value chosen_value(const table_column *of, const table_value *v) {
  table_value value = *v;
  if (of->traits & TABLE_ONLY_PEOPLE && v->type == VALUE_ABSENT && v->shown &&
      *v->shown) {
    value.type = VALUE_TEXT;
    value.text = v->shown;
  }
  return value;
}

/* The table with these columns only: the same groups and rows. */
static table *with_columns(const table *t, const size_t *chosen, size_t count) {
  table_column *columns = arena_take((count + 1) * sizeof *columns);
  for (size_t k = 0; k < count; k++)
    columns[k] = chosen_column(&t->columns[chosen[k]]);
  table *out = arena_take(sizeof *out);
  *out = *t;
  out->columns = columns;
  out->columns_count = count;
  out->cross = NULL;
  out->rows = arena_take((t->rows_count + 1) * sizeof *out->rows);
  for (size_t i = 0; i < t->rows_count; i++) {
    const table_row *from = t->rows[i];
    table_row *row = arena_take(sizeof *row + count * sizeof *row->values);
    row->table = out;
    row->group = from->group;
    row->audience = from->audience;
    for (size_t k = 0; k < count; k++)
      row->values[k] =
          chosen_value(&t->columns[chosen[k]], &from->values[chosen[k]]);
    out->rows[i] = row;
  }
  return out;
}

/* Programs get the rows of `t`; what else the page had for JSON goes. */
static void set_data(page *p, const table *t, json_t *json) {
  json_decref(p->json);
  p->data = t;
  page_rows_json(p, json);
}

/* Shows the table instead of those of the page, and of the text below them. */
static void show_instead(page *p, const table *t) {
  size_t head = 0;
  while (head < p->count && p->parts[head].kind != PAGE_GROUP)
    head++;
  p->count = head;
  page_tables(p, t);
}

static const char *choose_columns(const char *list, page *p) {
  const table *t = p->data;
  const word_list words = words_pieces(list);
  size_t *chosen = arena_take(words.count * sizeof *chosen);
  for (size_t i = 0; i < words.count; i++) {
    const char *wrong = find_column(t, "--columns", words.words[i], &chosen[i]);
    for (size_t k = 0; k < i && !wrong; k++)
      if (chosen[k] == chosen[i])
        wrong = arena_text("--columns: '%s' is named twice", words.words[i]);
    if (wrong)
      return wrong;
  }
  const table *shown = with_columns(t, chosen, words.count);
  bool any = false;
  for (size_t i = 0; i < p->count; i++)
    if (p->parts[i].table == t) {
      p->parts[i].table = shown;
      any = true;
    }
  if (!any)
    show_instead(p, shown);
  set_data(p, shown, json_pack("{s:i}", "schema", 1));
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * A pivot.
 * ------------------------------------------------------------------------- */

enum { DOWN, ACROSS, SHOWN, AXES };

static const char *shown_text(const table_row *row, size_t column) {
  return table_shown(&row->table->columns[column], &row->values[column]);
}

/* Texts, each with the number of its first appearance. */
typedef struct numbered {
  word_list list;
  json_t *numbers;
} numbered;

static size_t number_of(numbered *n, const char *text) {
  if (!n->numbers)
    n->numbers = json_object();
  const json_t *known = json_object_get(n->numbers, text);
  if (known)
    return (size_t)json_integer_value(known);
  json_object_set_new(n->numbers, text,
                      json_integer((json_int_t)n->list.count));
  word_list_add(&n->list, text);
  return n->list.count - 1;
}

static bool is_rest(const table *t, size_t column, const size_t axes[AXES]) {
  return t->columns[column].traits & TABLE_KEY && column != axes[DOWN] &&
         column != axes[ACROSS];
}

/* The table of the pivot that a row is in: "heap 3x, threads 1". */
static const char *rest_title(const table_row *row, const size_t axes[AXES]) {
  const table *t = row->table;
  const char *title = "";
  for (size_t k = 0; k < t->columns_count; k++)
    if (is_rest(t, k, axes) && *shown_text(row, k))
      title = arena_text("%s%s%s %s", title, *title ? ", " : "",
                         t->columns[k].name, shown_text(row, k));
  const char *kind = t->groups[row->group].kind;
  return *kind ? arena_text("%s%s%s", title, *title ? ": " : "", kind) : title;
}

/* What a cell shows where its number is missing: the first word of the row's
 * verdict, if the table has that column. */
static const char *missing_text(const table_row *row) {
  const size_t verdict = table_find_column(row->table, "verdict");
  if (verdict == row->table->columns_count)
    return NULL;
  const char *text = shown_text(row, verdict);
  return *text && strcmp(text, "ok")
             ? arena_text("%.*s", (int)strcspn(text, " :"), text)
             : NULL;
}

/* Why two rows that have one place in the pivot cannot be told apart. */
static const char *same_place(const table_row *a, const table_row *b,
                              const size_t axes[AXES]) {
  const table *t = a->table;
  size_t k = 0;
  while (k < t->columns_count &&
         (k == axes[SHOWN] || k == axes[DOWN] || k == axes[ACROSS] ||
          is_rest(t, k, axes) || !strcmp(shown_text(a, k), shown_text(b, k))))
    k++;
  return arena_text(
      "--pivot: several rows of the table have %s '%s' and %s '%s'%s",
      t->columns[axes[DOWN]].name, shown_text(a, axes[DOWN]),
      t->columns[axes[ACROSS]].name, shown_text(a, axes[ACROSS]),
      k < t->columns_count
          ? arena_text("; they differ in '%s'", t->columns[k].name)
          : "");
}

/* The columns of a pivot: the values of the rest, for programs; those of DOWN;
 * and one for each value of ACROSS.  *rest becomes the number of the first. */
static table *new_pivot(const table *t, const size_t axes[AXES],
                        const word_list *across, size_t *rest) {
  table_column *columns =
      arena_take((t->columns_count + 1 + across->count) * sizeof *columns);
  size_t n = 0;
  for (size_t k = 0; k < t->columns_count; k++)
    if (is_rest(t, k, axes)) {
      columns[n] = t->columns[k];
      columns[n++].header = NULL;
    }
  *rest = n;
  columns[n] = chosen_column(&t->columns[axes[DOWN]]);
  columns[n].unit = NULL;
  columns[n++].absent = "–";
  const table_column *of = &t->columns[axes[SHOWN]];
  for (size_t i = 0; i < across->count; i++)
    columns[n++] = (table_column){.name = across->words[i],
                                  .header = across->words[i],
                                  .kind = of->kind,
                                  .traits = TABLE_RIGHT,
                                  .absent = of->absent};
  return table_new(columns, n);
}

/* "pause_max_ns, by workload (down) and collector (across): HELP". */
static void say_pivot(page *p, const table *t, const size_t axes[AXES]) {
  const table_column *of = &t->columns[axes[SHOWN]];
  page_text(p, PAGE_PARAGRAPH, "%s%s%s, by %s (down) and %s (across)%s%s",
            of->name, of->unit && *of->unit ? ", " : "",
            of->unit ? of->unit : "", t->columns[axes[DOWN]].name,
            t->columns[axes[ACROSS]].name, of->help ? ": " : ".",
            of->help ? arena_text("%s.", of->help) : "");
}

static void set_cell(table_row *out, size_t column, const table_row *row,
                     const size_t axes[AXES]) {
  out->values[column] = chosen_value(&row->table->columns[axes[SHOWN]],
                                     &row->values[axes[SHOWN]]);
  const table_value *v = &out->values[column];
  if (v->type == VALUE_ABSENT && (!v->shown || !*v->shown))
    out->values[column].shown = missing_text(row);
}

/* Fills the pivot.  Returns NULL, or what is wrong. */
static const char *fill_pivot(table *out, const table *t,
                              const size_t axes[AXES], numbered *across,
                              size_t rest) {
  const table_row **from = NULL; /* by line and column */
  const size_t width = across->list.count;
  numbered lines = {0};
  const char *wrong = NULL;
  from = arena_take((t->rows_count * width + 1) * sizeof *from);
  for (size_t i = 0; i < t->rows_count && !wrong; i++) {
    const table_row *row = t->rows[i];
    if (row->audience == ROW_FOR_PEOPLE)
      continue;
    const char *title = rest_title(row, axes);
    const size_t before = lines.list.count;
    const size_t line = number_of(
        &lines, arena_text("%s\n%s", title, shown_text(row, axes[DOWN])));
    const size_t column = number_of(across, shown_text(row, axes[ACROSS]));
    if (line == before) {
      table_row *made = table_add(out, table_group_of(out, title));
      out->groups[made->group].counted = t->groups[row->group].counted;
      for (size_t k = 0, n = 0; k < t->columns_count; k++)
        if (is_rest(t, k, axes))
          made->values[n++] = row->values[k];
      made->values[rest] = row->values[axes[DOWN]];
    }
    const table_row **place = &from[line * width + column];
    if (*place)
      wrong = same_place(*place, row, axes);
    *place = row;
    set_cell(out->rows[line], rest + 1 + column, row, axes);
  }
  json_decref(lines.numbers);
  return wrong;
}

static const char *find_axes(const table *t, const char *list,
                             size_t axes[AXES]) {
  const word_list words = words_pieces(list);
  if (words.count != AXES)
    return arena_text("--pivot: '%s' is not three columns DOWN,ACROSS,SHOWN, "
                      "such as workload,collector,pause_max_ns",
                      list);
  for (size_t i = 0; i < AXES; i++) {
    const char *wrong = find_column(t, "--pivot", words.words[i], &axes[i]);
    if (wrong)
      return wrong;
  }
  return axes[DOWN] == axes[ACROSS] ? "--pivot: DOWN and ACROSS are the same"
                                    : NULL;
}

static const char *make_pivot(const char *list, page *p) {
  const table *t = p->data;
  size_t axes[AXES] = {0}, rest;
  const char *wrong = find_axes(t, list, axes);
  if (wrong)
    return wrong;
  numbered across = {0};
  for (size_t i = 0; i < t->rows_count; i++)
    if (t->rows[i]->audience != ROW_FOR_PEOPLE)
      number_of(&across, shown_text(t->rows[i], axes[ACROSS]));
  table *out = new_pivot(t, axes, &across.list, &rest);
  wrong = fill_pivot(out, t, axes, &across, rest);
  json_decref(across.numbers);
  if (wrong)
    return wrong;
  show_instead(p, out);
  say_pivot(p, t, axes);
  set_data(p, out,
           json_pack("{s:i, s:{s:s, s:s, s:s}}", "schema", 1, "pivot", "down",
                     t->columns[axes[DOWN]].name, "across",
                     t->columns[axes[ACROSS]].name, "shown",
                     t->columns[axes[SHOWN]].name));
  return NULL;
}

/* ------------------------------------------------------------------------- */

const char *view_apply(const table_view *v, page *p) {
  p->wide = v->wide;
  p->wanted =
      v->wanted ? v->wanted : "--wide shows them, --columns and --pivot choose";
  if (v->columns && v->pivot)
    return "--columns and --pivot: only one of them";
  return v->columns ? choose_columns(v->columns, p)
         : v->pivot ? make_pivot(v->pivot, p)
                    : NULL;
}

int view_print(const table_view *v, const output_format *f, page *p,
               FILE *out) {
  const char *wrong = view_apply(v, p);
  if (!wrong) {
    format_print(f, p, out);
    return EXIT_OK;
  }
  json_decref(p->json);
  p->json = NULL;
  say("%s", wrong);
  return EXIT_USAGE;
}
