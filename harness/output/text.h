/* text.h: aligned tables of text, plain or Markdown. */
#ifndef REAPMARK_TEXT_H
#define REAPMARK_TEXT_H

#include <stddef.h>
#include <stdio.h>

typedef struct text_table text_table;

/* A table of as many columns as `align` has letters: 'l' left, 'r' right.  The
 * rows added first, `headers` many, are its header.  Running out of memory ends
 * the process with a message. */
text_table *text_new(const char *align, size_t headers);

/* Adds a cell to the row, and a row after the last column (printf format).
 * UTF-8; characters are one column wide. */
void text_add(text_table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

typedef enum text_style {
  TEXT_PLAIN,   /* columns set apart by two spaces */
  TEXT_MARKDOWN /* the header rows become one */
} text_style;
void text_print(const text_table *t, text_style style, FILE *out);

void text_free(text_table *t);

/* Numbers for people, in three significant digits; `out` has TEXT_NUMBER bytes
 * and is returned. */
enum { TEXT_NUMBER = 32 };
char *text_si(char *out, double value);    /* 41.2M */
char *text_time(char *out, double ns);     /* 310 µs */
char *text_fixed(char *out, double value); /* 3.14, 31.4, 314 */

#endif
