/* format.h: a report in several formats, all made from metrics.h. */
#ifndef REAPMARK_FORMAT_H
#define REAPMARK_FORMAT_H

#include "cells.h"

#include <stdio.h>

typedef struct report_format {
  const char *name;
  void (*print)(const report *r, FILE *out);
} report_format;

/* table, markdown, csv, json, gbench. */
enum { REPORT_FORMATS = 5 };
extern const report_format report_formats[REPORT_FORMATS];

#endif
