/* format.h: a report in several formats, all made from metrics.h. */
#ifndef REAPMARK_FORMAT_H
#define REAPMARK_FORMAT_H

#include "load.h"

#include <stdio.h>

typedef struct report_format {
  const char *name;
  void (*print)(const report *r, FILE *out);
  bool warns; /* it holds what report_stall_text says */
} report_format;

/* The lines at the head of a report: suite, machine, canary. */
void report_print_title(const report *r, bool markdown, FILE *out);

/* table, markdown, csv, json, gbench. */
enum { REPORT_FORMATS = 5 };
extern const report_format report_formats[REPORT_FORMATS];

#endif
