/* format.h: the formats in which a page (table.h) can be printed.
 *
 * A new format is a file with one function, and a line in the list. */
#ifndef REAPMARK_FORMAT_H
#define REAPMARK_FORMAT_H

#include "table.h"

#include <stdio.h>

typedef struct output_format {
  const char *name;
  void (*print)(const page *p, FILE *out);
  bool rows_only; /* the format has no place for the text around the rows */
} output_format;

/* The names of all, for the help of an option. */
#define FORMAT_NAMES "table, markdown, latex, csv, csv-excel, json"

enum { FORMATS = 6 };
extern const output_format formats[FORMATS];

/* Finds a format.  `also` has the names of those that the command prints
 * itself, for which *found becomes NULL; it ends with NULL, and NULL stands for
 * none. Returns NULL, or what is wrong: "unknown format 'x' (choose from ...)".
 */
const char *format_find(const char *name, const char *const *also,
                        const output_format **found);

/* Prints the page, and releases its JSON. */
void format_print(const output_format *f, page *p, FILE *out);

/* One for each format, in a file of its own. */
void format_text(const page *p, FILE *out);
void format_markdown(const page *p, FILE *out);
void format_latex(const page *p, FILE *out);
void format_csv(const page *p, FILE *out);
void format_csv_excel(const page *p, FILE *out);
void format_json(const page *p, FILE *out);

#endif
