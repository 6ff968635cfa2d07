/* view.h: what of a page's table the user wants to see: some of its columns,
 * or one of its numbers by two of its columns.
 *
 * The same options have the same meaning in every command that prints a table:
 * their rows are VIEW_OPTIONS. */
#ifndef REAPMARK_VIEW_H
#define REAPMARK_VIEW_H

#include "format.h"
#include "table.h"
#include "harness/base/options.h"

typedef struct table_view {
  const char *columns; /* names of columns, as a list; NULL: all */
  const char *pivot;   /* DOWN,ACROSS,SHOWN, each a column; NULL: rows stay */
  bool wide;           /* page.wide */
  const char *wanted;  /* page.wanted; NULL: these options */
} table_view;

/* The rows of the options, whose values are the member `view_` of a struct
 * `values_`. */
#define VIEW_OPTIONS(values_, view_)                                           \
  {                                                                            \
      "columns",                                                               \
      0,                                                                       \
      "COLUMN,...",                                                            \
      "only these columns, by their names in the format csv",                  \
      .kind = OPTION_LIST,                                                     \
      .offset = offsetof(values_, view_.columns)},                             \
      {"wide",                                                                 \
       0,                                                                      \
       NULL,                                                                   \
       "all columns, also where lines of the terminal are too short",          \
       .kind = OPTION_FLAG,                                                    \
       .offset = offsetof(values_, view_.wide)},                               \
  {                                                                            \
    "pivot", 0, "DOWN,ACROSS,SHOWN",                                           \
        "three columns: lines, columns and cells of a cross table",            \
        .kind = OPTION_TEXT, .offset = offsetof(values_, view_.pivot)          \
  }

/* Makes the page show what is wanted of its data, in every format.
 *
 * Chosen columns come in the order in which they were named, and none of them
 * leaves for want of room; a cross table becomes lines, as it has no such
 * columns.  A pivot has one line for each value of DOWN, one column for each of
 * ACROSS, and one table for each combination of what else tells the rows apart
 * (TABLE_KEY); the text below the page's tables, which is of their rows, is
 * left out.
 *
 * Returns NULL, or what is wrong with a name, or why rows cannot be told
 * apart. */
const char *view_apply(const table_view *v, page *p);

/* Applies the view to the page and prints it.  Returns an exit code: 0, or 2
 * after a mistake in the view, which was said. */
int view_print(const table_view *v, const output_format *f, page *p, FILE *out);

#endif
