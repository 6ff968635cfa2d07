/* figures.h: the charts of a results directory, each made from rows of one of
 * its tables (harness/report/tables.h). */
#ifndef REAPMARK_PAGE_FIGURES_H
#define REAPMARK_PAGE_FIGURES_H

#include "figure.h"
#include "harness/report/tables.h"

/* A chart, and the group of a table that says the same in numbers. */
typedef struct panel {
  figure *figure;
  const table *table;
  size_t group;
} panel;

typedef struct panels {
  panel *items;
  size_t count;
} panels;

typedef struct figure_kind {
  const char *name; /* of `report --figure` */
  const char *what; /* for the help */
  /* Makes the panels, one for each workload, of the report's heap of equal
   * memory (standing_heap) where the heap is no axis.  None if no run has what
   * is shown.  Collectors get their styles from `styles` (figure_style). */
  panels (*make)(const report *r, json_t *styles);
  report_visitor *visit; /* of report_load; NULL: none is needed */
} figure_kind;

/* overhead, overhead-cpu, percentiles, mmu, memory, garbage, growth. */
enum { FIGURE_KINDS = 7 };
extern const figure_kind figure_kinds[FIGURE_KINDS];

/* Finds the kind of this name.  Returns NULL, or in the arena what is wrong. */
const char *figures_find(const char *name, const figure_kind **found);

panels figures_overhead(const report *r, json_t *styles);
panels figures_overhead_cpu(const report *r, json_t *styles);
panels figures_percentiles(const report *r, json_t *styles);
panels figures_mmu(const report *r, json_t *styles);
panels figures_memory(const report *r, json_t *styles);
panels figures_garbage(const report *r, json_t *styles);
panels figures_growth(const report *r, json_t *styles);

#endif
