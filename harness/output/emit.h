/* emit.h: the pieces of which machine-readable output is made. */
#ifndef REAPMARK_EMIT_H
#define REAPMARK_EMIT_H

#include <jansson.h>
#include <stdio.h>

/* Prints a field of CSV, quoted by RFC 4180 where it must be. */
void emit_csv_text(const char *text, FILE *out);

/* Prints a JSON value and a newline, and releases the value. */
void emit_json(json_t *json, FILE *out);

#endif
