/* latency.h: tables beside the main one, from what the records have of request
 * latency and of memory over time. */
#ifndef REAPMARK_REPORT_LATENCY_H
#define REAPMARK_REPORT_LATENCY_H

#include "cells.h"
#include "text.h"

/* Both read DIR's records once more, for the cells of the report that may be
 * shown.  False, with one line in `why`, if that fails. */
bool report_latency(const report *r, const char *dir, text_style style,
                    FILE *out, char *why, size_t room);
bool report_memory(const report *r, const char *dir, text_style style,
                   FILE *out, char *why, size_t room);

#endif
