/* page.h: results as one HTML file that needs nothing else: no network, no
 * other file, and no script to be read. */
#ifndef REAPMARK_PAGE_H
#define REAPMARK_PAGE_H

#include "harness/report/load.h"

#include <stddef.h>
#include <stdio.h>

/* Keeps of the records what the page shows; to be given to report_load. */
void page_gather(report *r, const report_cell *c, const json_t *record);

/* Writes the page of `count` reports, which were loaded with page_gather: with
 * several, one after the other, and before them a comparison of each with the
 * first.  `made_by` names the program and its version.  Returns NULL, or in the
 * arena what is missing on the page: its charts, without gnuplot. */
const char *page_write(const report *const *reports, size_t count,
                       const char *made_by, FILE *out);

#endif
