/* table-pacing-space.c: the table pacing-space: each heap policy as a curve of
 * time over memory.  A policy has a parameter, and any policy is fast with the
 * right one: it is to be judged on the whole curve. */
#include "tables.h"
#include "pacing-cells.h"
#include "harness/base/arena.h"
#include "harness/base/spec.h"
#include "harness/stats/trade-off.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 14 };

static const table_column columns[COLUMNS] = {
    CELL_COLUMNS,
    {.name = "curve", .header = "collector, policy", .traits = TABLE_KEY},
    {.name = "setting",
     .header = "setting",
     .help = "of a measured point; none of a value of the curve",
     .traits = TABLE_KEY},
    {.name = "budget",
     .help = "of a value of the curve: the memory that it may take, or 'whole' "
             "for the mean over all budgets that every curve has",
     .traits = TABLE_KEY},
    {.name = "memory_over_live",
     .header = "heap",
     .unit = "÷ live",
     .kind = TABLE_RATIO,
     .absent = "–",
     .help = "mean footprint over the mean of what was alive"},
    {.name = "rss_over_live",
     .header = "RSS",
     .unit = "÷ live",
     .kind = TABLE_RATIO,
     .absent = "–",
     .help = "peak of resident memory over the most that was alive",
     .leaves = 2},
    {.name = "ratio",
     .header = "time",
     .unit = "÷ best",
     .kind = TABLE_RATIO,
     .absent = "–",
     .help = "wall time over the best point of the group; of 'whole': over the "
             "best curve at each budget, geometric mean"},
    {.name = "wall_ns",
     .header = "time",
     .kind = TABLE_TIME,
     .absent = "–",
     .help = "median wall time",
     .leaves = 1},
    {.name = "on_front",
     .header = "best",
     .kind = TABLE_FLAG,
     .help = "no other setting of the curve takes less of both",
     .leaves = 3},
    {.name = "runs", .kind = TABLE_INTEGER, .help = "invocations"}};

static const table_cross cross = {"curve", "budget", "ratio",
                                  "collector, policy", "whole"};

/* Multiples of what is alive. */
static const double budgets[] = {1.5, 2, 3, 4, 6, 8};
enum { BUDGETS = sizeof budgets / sizeof *budgets };

typedef struct measured {
  size_t cell;
  const char *title, *curve, *setting;
  double memory, wall;
} measured;

/* The points of one policy of one collector on one workload. */
typedef struct curve {
  const char *name;
  const report_cell *like; /* one of its cells */
  stat_point *front;
  size_t count;
} curve;

/* ------------------------------------------------------------------------- *
 * Points.
 * ------------------------------------------------------------------------- */

static const char *title_of(const report_cell *c) {
  return arena_text("%s%s", report_work_title(c),
                    c->reference ? ": " REPORT_REFERENCES : "");
}

/* What of the collector's settings, and of the heap, is no policy. */
static const char *setting_of(const spec *collector, const report_cell *c) {
  const char *text =
      strcmp(c->heap, "none") ? arena_text("heap %s", c->heap) : "";
  for (size_t i = 0; i < collector->count; i++) {
    const spec_setting *s = &collector->settings[i];
    if (strcmp(s->key, "policy"))
      text = arena_text("%s%s%s=%s", text, *text ? ", " : "", s->key, s->value);
  }
  return *text ? text : "default";
}

static measured *find_points(const report *r, size_t *count) {
  measured *all = NULL;
  *count = 0;
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    const pacing_cell *p = pacing_cell_of(r, i);
    double wall = report_median(c, sample_wall);
    double memory = p ? pacing_median(p, PACING_MEAN) : NAN;
    spec collector;
    if (!(wall > 0) || !(memory > 0) || spec_parse(c->collector, &collector))
      continue;
    all = arena_more(all, *count, sizeof *all);
    all[(*count)++] = (measured){
        .cell = i,
        .title = title_of(c),
        .curve = p->policy ? arena_text("%s, %s", collector.name, p->policy)
                           : collector.name,
        .setting = setting_of(&collector, c),
        .memory = memory,
        .wall = wall};
  }
  return all;
}

static bool in_curve(const measured *m, const char *title, const curve *c) {
  return !strcmp(m->title, title) && !strcmp(m->curve, c->name);
}

/* ------------------------------------------------------------------------- *
 * Curves of one group.
 * ------------------------------------------------------------------------- */

typedef struct group {
  const report *report;
  const char *title;
  const measured *all;
  size_t all_count;
  curve *curves;
  size_t count;
  double best; /* wall time, ns */
} group;

static void add_to_curve(group *g, const measured *m) {
  size_t k = 0;
  while (k < g->count && strcmp(g->curves[k].name, m->curve))
    k++;
  if (k == g->count) {
    g->curves = arena_more(g->curves, g->count, sizeof *g->curves);
    g->curves[g->count++] =
        (curve){.name = m->curve, .like = &g->report->cells[m->cell]};
  }
  curve *c = &g->curves[k];
  c->front = arena_more(c->front, c->count, sizeof *c->front);
  c->front[c->count++] = (stat_point){m->memory, m->wall};
}

static group make_group(const report *r, const char *title, const measured *all,
                        size_t all_count) {
  group g = {r, title, all, all_count, .best = NAN};
  for (size_t i = 0; i < all_count; i++)
    if (!strcmp(all[i].title, title)) {
      add_to_curve(&g, &all[i]);
      g.best = fmin(g.best, all[i].wall);
    }
  for (size_t k = 0; k < g.count; k++)
    g.curves[k].count = stat_front(g.curves[k].front, g.curves[k].count);
  return g;
}

static table_row *add_value(table *t, const group *g, const curve *c,
                            const char *budget, double ratio) {
  table_row *row = table_add(t, table_group_of(t, g->title));
  table_set_text(row, "workload", c->like->workload);
  table_set_integer(row, "threads", c->like->threads);
  table_set_text(row, "curve", c->name);
  table_set_text(row, "budget", budget);
  table_set_real(row, "ratio", ratio);
  return row;
}

/* The mean over the memory that every curve with several points reaches. */
static void add_whole(table *t, const group *g) {
  const stat_point **fronts = arena_take(g->count * sizeof *fronts);
  size_t *counts = arena_take(g->count * sizeof *counts), n = 0;
  double from = 0, to = INFINITY;
  for (size_t k = 0; k < g->count; k++) {
    const curve *c = &g->curves[k];
    if (c->count < 2)
      continue;
    fronts[n] = c->front;
    counts[n++] = c->count;
    from = fmax(from, c->front[0].cost);
    to = fmin(to, c->front[c->count - 1].cost);
  }
  for (size_t k = 0, i = 0; k < g->count; k++) {
    const curve *c = &g->curves[k];
    bool is_curve = c->count > 1;
    add_value(t, g, c, "whole",
              is_curve && n > 1
                  ? stat_front_excess(fronts, counts, n, i, from, to)
                  : NAN);
    i += is_curve;
  }
}

static void add_values(table *t, const group *g) {
  for (size_t k = 0; k < g->count; k++)
    for (size_t b = 0; b < BUDGETS; b++) {
      const curve *c = &g->curves[k];
      double wall = stat_front_at(c->front, c->count, budgets[b]);
      table_row *row =
          add_value(t, g, c, arena_text("%gx", budgets[b]), wall / g->best);
      table_set_real(row, "memory_over_live", budgets[b]);
      table_set_real(row, "wall_ns", wall);
    }
  add_whole(t, g);
}

static bool is_on_front(const group *g, const measured *m) {
  for (size_t k = 0; k < g->count; k++)
    if (in_curve(m, g->title, &g->curves[k]))
      for (size_t i = 0; i < g->curves[k].count; i++)
        if (g->curves[k].front[i].cost == m->memory &&
            g->curves[k].front[i].value == m->wall)
          return true;
  return false;
}

static void add_point(table *t, const group *g, const measured *m) {
  const report *r = g->report;
  const pacing_cell *p = pacing_cell_of(r, m->cell);
  table_row *row = report_add_row(t, &r->cells[m->cell], g->title);
  row->audience = t->cross ? ROW_FOR_PROGRAMS : ROW_FOR_PEOPLE;
  table_set_text(row, "curve", m->curve);
  table_set_text(row, "setting", m->setting);
  table_set_real(row, "memory_over_live", m->memory);
  table_set_real(row, "rss_over_live", pacing_median(p, PACING_RSS));
  table_set_real(row, "ratio", m->wall / g->best);
  table_set_real(row, "wall_ns", m->wall);
  table_set_flag(row, "on_front", is_on_front(g, m));
  table_set_real(row, "runs", (double)p->count);
}

/* ------------------------------------------------------------------------- */

page *report_pacing_space(const report *r) {
  /* Programs get the points and the values of the curves from one table; people
   * see the values as a cross table, and the points in another one. */
  table *t = table_new(columns, COLUMNS), *points = table_new(columns, COLUMNS);
  size_t count;
  const measured *all = find_points(r, &count);
  json_t *titles = json_object();
  t->cross = &cross;
  for (size_t i = 0; i < count; i++) {
    if (json_object_get(titles, all[i].title))
      continue;
    json_object_set_new(titles, all[i].title, json_true());
    group g = make_group(r, all[i].title, all, count);
    for (size_t k = 0; k < count; k++)
      if (!strcmp(all[k].title, g.title)) {
        add_point(t, &g, &all[k]);
        add_point(points, &g, &all[k]);
      }
    add_values(t, &g);
  }
  json_decref(titles);
  page *p = report_cross_page(
      r, t, "pacing-space",
      "wall time over the best of the group, with at most so much memory (mean "
      "footprint ÷ what is alive): a line in logarithms between the settings "
      "measured; whole: over the best curve, mean over the budgets that every "
      "curve has");
  if (p)
    page_tables(p, points);
  return p;
}
