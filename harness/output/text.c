/* text.c: aligned tables of text, and numbers for people. */
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct text_table {
  char *align;
  size_t columns, headers;
  char **cells; /* by rows */
  size_t count;
};

static void *must(void *p) {
  if (p)
    return p;
  fprintf(stderr, "reapmark: out of memory\n");
  exit(1);
}

text_table *text_new(const char *align, size_t headers) {
  text_table *t = must(calloc(1, sizeof *t));
  t->align = must(strdup(align));
  t->columns = strlen(align);
  t->headers = headers;
  return t;
}

void text_add(text_table *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = NULL;
  if (vasprintf(&text, format, args) < 0)
    text = must(NULL);
  va_end(args);
  t->cells = must(realloc(t->cells, (t->count + 1) * sizeof *t->cells));
  t->cells[t->count++] = text;
}

void text_free(text_table *t) {
  for (size_t i = 0; i < t->count; i++)
    free(t->cells[i]);
  free(t->cells);
  free(t->align);
  free(t);
}

/* Characters, not bytes: continuation bytes do not count. */
static size_t width(const char *text) {
  size_t n = 0;
  for (; *text; text++)
    n += ((unsigned char)*text & 0xc0) != 0x80;
  return n;
}

static void print_plain(const text_table *t, FILE *out) {
  size_t *widths = must(calloc(t->columns, sizeof *widths));
  for (size_t i = 0; i < t->count; i++) {
    size_t w = width(t->cells[i]);
    if (w > widths[i % t->columns])
      widths[i % t->columns] = w;
  }
  for (size_t row = 0; row < t->count / t->columns; row++) {
    size_t owed = 0; /* spaces, printed only before something */
    for (size_t c = 0; c < t->columns; c++) {
      const char *text = t->cells[row * t->columns + c];
      size_t pad = widths[c] - width(text);
      owed += (c ? 2 : 0) + (t->align[c] == 'r' ? pad : 0);
      if (*text) {
        fprintf(out, "%*s%s", (int)owed, "", text);
        owed = 0;
      }
      owed += t->align[c] == 'r' ? 0 : pad;
    }
    fputc('\n', out);
  }
  free(widths);
}

static void print_escaped(const char *text, FILE *out) {
  for (; *text; text++) {
    if (*text == '|')
      fputc('\\', out);
    fputc(*text, out);
  }
}

static void print_markdown(const text_table *t, FILE *out) {
  fputc('|', out);
  for (size_t c = 0; c < t->columns; c++) {
    for (size_t h = 0; h < t->headers; h++) {
      const char *text = t->cells[h * t->columns + c];
      if (*text)
        fputc(' ', out);
      print_escaped(text, out);
    }
    fputs(" |", out);
  }
  fputs("\n|", out);
  for (size_t c = 0; c < t->columns; c++)
    fputs(t->align[c] == 'r' ? "--:|" : ":--|", out);
  fputc('\n', out);
  for (size_t row = t->headers; row < t->count / t->columns; row++) {
    fputc('|', out);
    for (size_t c = 0; c < t->columns; c++) {
      fputc(' ', out);
      print_escaped(t->cells[row * t->columns + c], out);
      fputs(" |", out);
    }
    fputc('\n', out);
  }
}

void text_print(const text_table *t, text_style style, FILE *out) {
  if (style == TEXT_MARKDOWN)
    print_markdown(t, out);
  else
    print_plain(t, out);
}

/* ------------------------------------------------------------------------- *
 * Numbers.
 * ------------------------------------------------------------------------- */

char *text_fixed(char *out, double value) {
  /* 9.995 would be printed as 10.00 with two decimals. */
  double size = fabs(value);
  int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  snprintf(out, TEXT_NUMBER, "%.*f", value == 0 ? 0 : decimals, value);
  return out;
}

static char *scaled(char *out, double value, const char *const *units, size_t n,
                    const char *space) {
  size_t i = 0;
  /* 999.5 would be printed as 1000. */
  while (i + 1 < n && fabs(value) >= 999.5) {
    value /= 1000;
    i++;
  }
  char number[TEXT_NUMBER];
  snprintf(out, TEXT_NUMBER, "%.16s%s%s", text_fixed(number, value), space,
           units[i]);
  return out;
}

char *text_si(char *out, double value) {
  static const char *const units[] = {"", "k", "M", "G", "T"};
  return scaled(out, value, units, 5, "");
}

char *text_time(char *out, double ns) {
  static const char *const units[] = {"ns", "µs", "ms", "s"};
  if (ns < 999.5) { /* whole nanoseconds have no decimals */
    snprintf(out, TEXT_NUMBER, "%.0f ns", ns);
    return out;
  }
  return scaled(out, ns, units, 4, " ");
}
