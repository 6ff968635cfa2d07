/* table.h: the one model of what a command prints.
 *
 * A table has columns, each described once for programs and for people, and
 * rows of typed values, some of which may be missing.  A page is what a command
 * prints: tables, cut into titled groups, and the text around them.  Nothing
 * here knows how a page is written down: every format (format.h) prints any
 * page.  Everything lives in the arena (harness/base/arena.h). */
#ifndef REAPMARK_TABLE_H
#define REAPMARK_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* ------------------------------------------------------------------------- *
 * Tables.
 * ------------------------------------------------------------------------- */

/* What the values of a column are.  Programs get them in base units; the
 * comments say what people see. */
typedef enum table_kind {
  TABLE_TEXT,    /* as it is */
  TABLE_FLAG,    /* yes or no */
  TABLE_INTEGER, /* every digit */
  TABLE_COUNT,   /* every digit below 100000, 1.20M above */
  TABLE_SCALED,  /* three digits: 1.20M */
  TABLE_RATE,    /* the same, per second of what the group counts */
  TABLE_TIME,    /* of ns: 1.20 ms */
  TABLE_BYTES,   /* MiB, three digits */
  TABLE_PERCENT, /* three digits */
  TABLE_RATIO    /* three digits */
} table_kind;

enum {
  TABLE_OPTIONAL = 1,    /* left out of groups in which no row has a value */
  TABLE_RIGHT = 2,       /* a text aligned right, as all numbers are */
  TABLE_ONLY_PEOPLE = 4, /* not in CSV and JSON */
  TABLE_ONLY_JSON = 8,   /* not in CSV, and not for people */
  TABLE_KEY = 16         /* with the other keys it tells the rows apart */
};

typedef struct table_column {
  const char *name;   /* CSV's header, JSON's member */
  const char *header; /* for people; NULL: only for programs */
  const char *unit;   /* the second line of the header, or NULL */
  table_kind kind;
  unsigned traits;    /* TABLE_OPTIONAL, ... */
  const char *absent; /* what people see for a missing value; NULL: nothing */
  const char *help;   /* one line, or NULL */
  /* Where a line of a terminal has no room for all columns, they leave by this
   * number, the largest first, and of equal ones the last; 0: never. */
  unsigned leaves;
} table_column;

/* What is to be seen of a value at a glance, where a format has a means. */
typedef enum table_tone {
  TONE_PLAIN,
  TONE_BEST,
  TONE_TIE, /* cannot be told apart from the best */
  TONE_BAD  /* a failure */
} table_tone;

typedef struct table_value {
  enum { VALUE_ABSENT, VALUE_TEXT, VALUE_FLAG, VALUE_INTEGER, VALUE_REAL } type;
  union {
    const char *text;
    double real;
    long long integer; /* and flags */
  };
  const char *shown; /* what people see instead, or NULL */
  table_tone tone;
} table_value;

typedef struct table table;

typedef struct table_row {
  const table *table;
  size_t group;
  enum { ROW_FOR_ALL, ROW_FOR_PEOPLE, ROW_FOR_PROGRAMS } audience;
  table_value values[]; /* one for each column */
} table_row;

/* Rows that people see together, under a title. */
typedef struct table_group {
  const char *title;   /* "" for none */
  const char *counted; /* what TABLE_RATE counts: "objects", or "" */
  /* What sets its rows apart from those of groups of another kind, with which
   * they never share a table: "reference runtimes", or "". */
  const char *kind;
  size_t *rows; /* indices of its rows in the table */
  size_t rows_count;
} table_group;

/* A cross table: people see one line for each value of the column `down`, and
 * one column for each value of `across`, which holds the column `shown` of the
 * row that has both.  All three are names of columns. */
typedef struct table_cross {
  const char *down, *across, *shown;
  const char *corner; /* the header of the first column */
  const char *last;   /* the value of `across` that comes last, or NULL */
} table_cross;

struct table {
  const table_column *columns;
  size_t columns_count;
  table_group *groups;
  size_t groups_count;
  json_t *titles; /* indices of the groups, by title; lives as long as we do */
  table_row **rows; /* of all groups, in the order in which they were added */
  size_t rows_count;
  const table_cross *cross; /* NULL: people see a line for each row */
};

/* A table without rows.  Borrows the columns. */
table *table_new(const table_column *columns, size_t count);

/* The number of the column `name`; the number of columns if there is none. */
size_t table_find_column(const table *t, const char *name);

/* Adds a group; and finds the group of this title, which is added if there is
 * none yet. */
size_t table_add_group(table *t, const char *title);
size_t table_group_of(table *t, const char *title);

/* Adds a row, all values missing.  A group is added if there is none. */
table_row *table_add(table *t, size_t group);

/* Set the value of the column `name`, which has to exist.  A NULL text, and a
 * real that is not finite, are missing values.  Texts, here and in titles and
 * pages, lose their control characters (words_clean). */
void table_set_text(table_row *row, const char *name, const char *text);
void table_set_flag(table_row *row, const char *name, bool flag);
void table_set_integer(table_row *row, const char *name, long long integer);
void table_set_real(table_row *row, const char *name, double real);

/* Sets the value of the column `name` to that of a JSON value: text, boolean,
 * number; anything else, and NULL, is a missing value. */
void table_set_json(table_row *row, const char *name, const json_t *value);

/* Sets every column of which `object` has a member. */
void table_set_object(table_row *row, const json_t *object);

/* Sets what people see in the column `name`, whatever its value is. */
void table_show(table_row *row, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the tone of the column `name`. */
void table_set_tone(table_row *row, const char *name, table_tone tone);

/* The value of the column `name`; and the same as a number, NAN if it is
 * none. */
const table_value *table_get(const table_row *row, const char *name);
double table_real(const table_row *row, const char *name);

/* What people see of a value: its own text, or what its kind makes of it. */
const char *table_shown(const table_column *column, const table_value *value);

/* A number as people see it in a column of this kind, or "–" for NAN. */
const char *table_number(table_kind kind, double number);

/* A row as JSON, new: an object, in which missing values are absent; and all
 * rows for programs, as an array. */
json_t *table_row_json(const table_row *row);
json_t *table_rows_json(const table *t);

/* The same as one object: a member for each row, called by its column `name`,
 * with the value of its column `value`. */
json_t *table_members_json(const table *t, const char *name, const char *value);

/* The columns that have a help text, likewise: {"name": ..., "help": ...}. */
json_t *table_help_json(const table *t);

/* ------------------------------------------------------------------------- *
 * Pages.
 * ------------------------------------------------------------------------- */

typedef enum page_kind {
  PAGE_TITLE,     /* a heading */
  PAGE_LINE,      /* text that belongs to what stands before it */
  PAGE_PARAGRAPH, /* text that does not */
  PAGE_ITEM,      /* an item of a list */
  PAGE_CODE,      /* lines that are printed as they are */
  PAGE_GROUP      /* a group of a table, with its title */
} page_kind;

typedef struct page_part {
  page_kind kind;
  bool begins_list; /* an item that does not go on with the list before it */
  const char *text; /* without a newline at the end; "" of a group */
  const table *table;
  size_t group;
} page_part;

typedef struct page {
  page_part *parts;
  size_t count;
  const table *data; /* the rows for programs */
  json_t *json;      /* what JSON holds; NULL: the rows of `data` */
  /* A last member of `json` that is too long to be in memory: an array, whose
   * values, new, `next` gives one after the other, then NULL.  NULL: none. */
  const char *list;
  json_t *(*next)(void *state);
  void *state;
  bool wide;          /* lines for a terminal may have any length */
  const char *wanted; /* by which options the user gets other columns (view.h);
                         NULL: the command has none */
} page;

/* A page of which programs get the rows of `data`.  People see what is added
 * below. */
page *page_new(const table *data);

/* The rows of `data` become the last member of the page's JSON, which is
 * `json`. */
void page_rows_json(page *p, json_t *json);

/* Adds a part (printf format).  page_list begins a list, page_item goes on with
 * one. */
void page_text(page *p, page_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void page_list(page *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void page_item(page *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds one group of a table, or all. */
void page_group(page *p, const table *t, size_t group);
void page_tables(page *p, const table *t);

#endif
