/* section.h: a page while it is being written, and its sections. */
#ifndef REAPMARK_PAGE_SECTION_H
#define REAPMARK_PAGE_SECTION_H

#include "figures.h"
#include "plot.h"
#include "harness/report/tables.h"

#include <stdio.h>

typedef struct document {
  FILE *out;
  plotter plot;
  json_t *styles;     /* of collectors: the same ones on the whole page */
  size_t figures;     /* so far, for their ids */
  char *contents;     /* links to the sections so far, as list items */
  const char *suffix; /* of the ids of sections: "" or "-2", … of the second
                         directory */
  int level;          /* of the headings of sections */
} document;

/* Writes a section, or nothing if no run has what it shows. */
typedef void section(document *d, const report *r);

/* In the order of the page. */
enum { SECTIONS = 10 };
extern section *const sections[SECTIONS];

void section_trust(document *d, const report *r);
void section_answer(document *d, const report *r);
void section_overview(document *d, const report *r);
void section_overhead(document *d, const report *r);
void section_latency(document *d, const report *r);
void section_phases(document *d, const report *r);
void section_memory(document *d, const report *r);
void section_growth(document *d, const report *r);
void section_leaks(document *d, const report *r);
void section_cells(document *d, const report *r);

/* Begins a section, which gets a line in the contents.  `id` and `title` are of
 * our own, without characters to escape. */
void section_begin(document *d, const char *id, const char *title);
void section_end(document *d);

/* Writes a paragraph of our own, in which there may be tags. */
void section_says(document *d, const char *html);

/* Writes a legend, then the panels side by side, each with its table. */
void section_panels(document *d, const panels *all);

/* Writes something that is shown on demand. */
void section_fold(document *d, const char *summary);
void section_unfold(document *d);

#endif
