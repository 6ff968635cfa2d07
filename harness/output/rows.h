/* rows.h: a table whose rows are JSON objects, in several formats from one
 * description of its columns. */
#ifndef REAPMARK_ROWS_H
#define REAPMARK_ROWS_H

#include "text.h"

#include <jansson.h>
#include <stdbool.h>

typedef enum rows_kind {
  ROWS_TEXT,    /* a string */
  ROWS_INTEGER, /* as it is */
  ROWS_COUNT,   /* from 100000 on 1.20M for people */
  ROWS_TIME     /* ns; 1.20 s for people */
} rows_kind;

typedef struct rows_column {
  const char *member; /* of the objects; in CSV the column's name */
  const char *header; /* NULL: in CSV only */
  rows_kind kind;
} rows_column;

/* Prints the rows (an array; what a row lacks is left blank) as "table",
 * "markdown" or "csv". */
void rows_print(const json_t *rows, const rows_column *columns, size_t count,
                const char *format, FILE *out);

#endif
