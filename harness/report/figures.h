/* figures.h: tables across heaps and collectors, for publication.
 *
 * A figure is a list of rows in long form, one for each cell of its tables:
 * which workload, collector, heap (and window), and the numbers.  How the rows
 * are made is all that a figure states; the formats lay them out: for people a
 * table per group with a row per collector, for programs one line per row. */
#ifndef REAPMARK_FIGURES_H
#define REAPMARK_FIGURES_H

#include "load.h"

#include <stdio.h>

enum { FIGURE_FIELDS = 20 };

typedef struct figure_row {
  char *group;     /* the table that it stands in */
  char *workload;  /* or "geomean" */
  char *collector; /* the row, */
  char *column;    /* and the column, for people */
  char *heap, *status;
  int threads;
  double values[FIGURE_FIELDS]; /* of figure.fields; NAN: cannot be said */
  char *text; /* the cell, for people; NULL where fields are columns */
  char *note; /* why some values cannot be said, or NULL */
} figure_row;

typedef struct figure_rows {
  figure_row *items;
  size_t count;
} figure_rows;

/* How a field is shown to people, where it is a column. */
typedef struct figure_column {
  const char *heads[2]; /* two lines */
  enum {
    COLUMN_COUNT,   /* whole */
    COLUMN_RATE,    /* a second; absent: a closed loop has none */
    COLUMN_SI,      /* three digits and k, M, G */
    COLUMN_NS,      /* with its unit */
    COLUMN_MIB,     /* bytes */
    COLUMN_PERCENT, /* likewise */
    COLUMN_RATIO
  } unit;
} figure_column;

typedef struct figure {
  const char *name;
  const char *help; /* one line, for the list of figures */
  const char *cell; /* what a cell of its tables shows, for people: one line */
  struct figure_field {
    const char *name, *help; /* up to one without a name */
  } fields[FIGURE_FIELDS + 1];
  void (*make)(const report *r, figure_rows *out);
  /* Of each field, if rows are lines with a column for each; `cell` is then
   * said below the tables. */
  const figure_column *columns;
} figure;

/* time-space, lbo, mmu, observer, stability, latency, memory, growth. */
enum { FIGURES = 8 };
extern const figure figures[FIGURES];

/* Adds a row for a cell of the report, all values unknown.  Takes `group`. */
figure_row *figure_add(figure_rows *rows, const report_cell *c, char *group,
                       const char *column);

/* printf into new memory. */
char *figure_text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Makes the rows; running out of memory ends the process with a message. */
figure_rows figure_make(const figure *f, const report *r);
void figure_free(figure_rows *rows);

/* table, markdown, csv, json. */
typedef struct figure_format {
  const char *name;
  void (*print)(const figure *f, const report *r, const figure_rows *rows,
                FILE *out);
} figure_format;
enum { FIGURE_FORMATS = 4 };
extern const figure_format figure_formats[FIGURE_FORMATS];

#endif
