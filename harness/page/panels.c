/* panels.c: see panels.h. */
#include "panels.h"
#include "harness/base/arena.h"

#include <math.h>
#include <string.h>

const char *panel_text(const table_row *row, const char *column) {
  const char *text = table_get(row, column)->text;
  return text ? text : "";
}

const char *panel_shown(const table_row *row, const char *column) {
  const table_value *v = table_get(row, column);
  return table_shown(&row->table->columns[v - row->values], v);
}

const table_row *panel_row(const table *t, size_t group, size_t i) {
  return t->rows[t->groups[group].rows[i]];
}

const table *panel_rows(page *p) {
  if (!p)
    return NULL;
  json_decref(p->json);
  return p->data;
}

/* Describes what is drawn in one sentence: the ends of the range, and whose
 * they are. */
static const char *describe(const figure *f, const char *what) {
  const char *names = "", *lowest = "", *highest = "";
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (size_t i = 0; i < f->count; i++) {
    const figure_series *s = &f->series[i];
    if (s->kind == SERIES_LINE || s->kind == SERIES_PLAIN)
      names = arena_text("%s%s%s", names, *names ? ", " : "", s->name);
    for (size_t k = 0; k < s->count && s->kind != SERIES_FAILED; k++) {
      if (s->points[k].y < low) {
        low = s->points[k].y;
        lowest = s->name;
      }
      if (s->points[k].y > high) {
        high = s->points[k].y;
        highest = s->name;
      }
    }
  }
  return arena_text("%s A line for each of: %s. The lowest value is %.3g (%s), "
                    "the highest %.3g (%s). The table below has all values.",
                    what, names, low, lowest, high, highest);
}

/* How many different places on the x axis have a value. */
static int places(const figure *f) {
  double seen = NAN;
  for (size_t i = 0; i < f->count; i++)
    for (size_t k = 0; k < f->series[i].count; k++) {
      if (f->series[i].kind == SERIES_FAILED || isnan(f->series[i].points[k].y))
        continue;
      if (!isnan(seen) && fabs(f->series[i].points[k].x - seen) > 0)
        return 2;
      seen = f->series[i].points[k].x;
    }
  return isnan(seen) ? 0 : 1;
}

void panels_add(panels *all, figure *f, const table *t, size_t group,
                const char *what) {
  if (places(f) < 2)
    return;
  f->description = describe(f, what);
  all->items = arena_more(all->items, all->count, sizeof *all->items);
  all->items[all->count++] = (panel){f, t, group};
}

figure_series *panel_series(figure *f, json_t *styles, const char *name,
                            series_kind kind) {
  return figure_series_of(f, name, figure_style(styles, name), kind);
}

bool panel_in_heap(const table *t, size_t group, const char *heap) {
  return !strcmp(panel_text(panel_row(t, group, 0), "heap"), heap);
}
