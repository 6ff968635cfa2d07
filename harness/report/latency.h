/* latency.h: the figures (figures.h) that are made from what report_load does
 * not keep of the records: request latency, and memory. */
#ifndef REAPMARK_REPORT_LATENCY_H
#define REAPMARK_REPORT_LATENCY_H

#include "figures.h"

/* Both read the report's records once more, for the cells that may be shown. */
void report_make_latency(const report *r, figure_rows *out);
void report_make_memory(const report *r, figure_rows *out);
extern const figure_column report_latency_columns[], report_memory_columns[];

#endif
