/* layout.h: a group of a table as people see it: texts in rows and columns.
 * Whatever is chosen (which columns, in which form) is chosen here, so that all
 * formats for people show the same. */
#ifndef REAPMARK_LAYOUT_H
#define REAPMARK_LAYOUT_H

#include "table.h"

typedef struct layout_column {
  const char *header[2];    /* its lines, of which `headers` are used */
  bool right;               /* aligned right */
  const table_column *from; /* NULL: of a cross table */
} layout_column;

typedef struct layout {
  layout_column *columns;
  size_t columns_count;
  size_t headers;     /* lines of the header, at most 2 */
  const char **cells; /* row by row */
  table_tone *tones;  /* likewise */
  size_t rows_count;
} layout;

/* The rows of the group that are for people, in the arena. */
layout layout_make(const table *t, size_t group);

#endif
