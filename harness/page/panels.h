/* panels.h: what all kinds of figures share: reading rows of tables, and adding
 * a chart with its table. */
#ifndef REAPMARK_PAGE_PANELS_H
#define REAPMARK_PAGE_PANELS_H

#include "figures.h"

/* Row `i` of a group; its text in a column, or ""; what people see there. */
const table_row *panel_row(const table *t, size_t group, size_t i);
const char *panel_text(const table_row *row, const char *column);
const char *panel_shown(const table_row *row, const char *column);

/* Whether a group, whose rows are of one heap, is of this heap. */
bool panel_in_heap(const table *t, size_t group, const char *heap);

/* A page's rows; its JSON is released.  NULL if there is no page. */
const table *panel_rows(page *p);

/* The series of a collector, in its style. */
figure_series *panel_series(figure *f, json_t *styles, const char *name,
                            series_kind kind);

/* Adds the figure and the group that has its numbers, unless all its points
 * stand in one column.  `what` begins its description. */
void panels_add(panels *all, figure *f, const table *t, size_t group,
                const char *what);

#endif
