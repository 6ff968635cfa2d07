/* emit.c: quoting of CSV and printing of JSON. */
#include "emit.h"

#include <string.h>

void emit_csv_text(const char *text, FILE *out) {
  if (!strpbrk(text, ",\"\r\n")) {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"')
      fputc('"', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

void emit_json(json_t *json, FILE *out) {
  json_dumpf(json, out, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
  fputc('\n', out);
  json_decref(json);
}
