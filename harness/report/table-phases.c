/* table-phases.c: the table phases: what the pauses of each collector consist
 * of, what its mutators did in slow paths of their own, and how long the world
 * took to stop. */
#include "tables.h"
#include "exercise.h"
#include "harness/base/arena.h"
#include "harness/base/words.h"
#include "harness/record/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 19 };

static const table_column columns[COLUMNS] = {
    CELL_COLUMNS,
    {.name = "within",
     .header = "in",
     .help = "stop: a stop of the world; detect: a mutator's search for dead "
             "cycles, or marking; cascade: deaths that cause deaths; slow: a "
             "slow path of a mutator, in which pauses may lie; threads: the "
             "collector's own threads"},
    {.name = "phase", .header = "phase", .help = "as the collector calls it"},
    {.name = "count",
     .header = "times",
     .unit = "/run",
     .kind = TABLE_COUNT,
     .help = "how often, mean of the runs"},
    {.name = "time_ns",
     .header = "time",
     .unit = "/run",
     .kind = TABLE_TIME,
     .help = "in all, mean of the runs"},
    OPTIONAL_NUMBER(TABLE_PERCENT, "share_percent", "of it", "%", 1,
                    "share of all pauses of this kind"),
    {.name = "max_ns",
     .header = "longest",
     .kind = TABLE_TIME,
     .help = "in any run; of a phase that a pause has several times, one of "
             "them"},
    OPTIONAL_NUMBER(TABLE_TIME, "safepoint_p50_ns", "to safepoint", "p50", 2,
                    "from the request of a stop until every mutator stood: "
                    "median, of the runs' medians"),
    OPTIONAL_NUMBER(TABLE_TIME, "safepoint_p99_ns", "", "p99", 3,
                    "the 99th percentile, given 100 stops or more in a run"),
    OPTIONAL_NUMBER(TABLE_TIME, "safepoint_max_ns", "", "max", 0,
                    "the longest"),
    OPTIONAL_NUMBER(TABLE_TIME, "mutator_safepoint_p50_ns", NULL, NULL, 0,
                    "the same of each mutator that another one stopped"),
    OPTIONAL_NUMBER(TABLE_TIME, "mutator_safepoint_p99_ns", NULL, NULL, 0,
                    "likewise"),
    OPTIONAL_NUMBER(TABLE_TIME, "mutator_safepoint_max_ns", NULL, NULL, 0,
                    "likewise"),
    OPTIONAL_NUMBER(TABLE_INTEGER, "runs", NULL, NULL, 0, "invocations"),
    {.name = "note"}};

/* ------------------------------------------------------------------------- *
 * What the records say.
 * ------------------------------------------------------------------------- */

/* A phase of a cell, over all its invocations. */
typedef struct phase {
  const char *within, *name;
  double count, sum, max; /* ns */
} phase;

typedef struct phases {
  phase *items;
  size_t count, runs;
} phases;

static phase *phase_of(phases *all, const char *within, const char *name) {
  for (size_t i = 0; i < all->count; i++)
    if (!strcmp(all->items[i].within, within) &&
        !strcmp(all->items[i].name, name))
      return &all->items[i];
  all->items = arena_more(all->items, all->count, sizeof *all->items);
  phase *p = &all->items[all->count++];
  *p = (phase){arena_text("%s", within), arena_text("%s", name), 0, 0, 0};
  return p;
}

void report_gather_phases(report *r, const report_cell *c,
                          const json_t *record) {
  const char *within, *name;
  json_t *group, *member;
  if (!r->phases)
    r->phases = arena_take(r->count * sizeof(phases));
  phases *all = (phases *)r->phases + (c - r->cells);
  all->runs++;
  json_object_foreach(json_object_get(record, "phases"), within, group) {
    json_object_foreach(group, name, member) {
      phase *p = phase_of(all, within, name);
      p->count += json_number_value(json_object_get(member, "count"));
      p->sum += json_number_value(json_object_get(member, "sum"));
      p->max = fmax(p->max, json_number_value(json_object_get(member, "max")));
    }
  }
}

/* ------------------------------------------------------------------------- *
 * Rows.
 * ------------------------------------------------------------------------- */

/* The kinds in the order in which they are shown; the first three are pauses.
 */
static const char *const kinds[] = {"stop", "detect", "cascade", "slow",
                                    "threads"};
enum { PAUSES = 3, KINDS = 5 };

static double metric_of(const report_cell *c, const char *name) {
  return c->values[metric_find(name) - metrics];
}

static void set_safepoint(table_row *row, const report_cell *c) {
  static const char *const names[] = {
      "safepoint_p50_ns",         "safepoint_p99_ns",
      "safepoint_max_ns",         "mutator_safepoint_p50_ns",
      "mutator_safepoint_p99_ns", "mutator_safepoint_max_ns"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    table_set_real(row, names[i], metric_of(c, names[i]));
}

static table_row *add_row(table *t, const report_cell *c, const phase *p,
                          const phases *all, double whole) {
  table_row *row = report_add_row(t, c, report_kind_title(c));
  const double runs = (double)all->runs;
  table_set_text(row, "within", p->within);
  table_set_text(row, "phase", p->name);
  table_set_real(row, "count", p->count / runs);
  table_set_real(row, "time_ns", p->sum / runs);
  table_set_real(row, "share_percent", 100 * p->sum / whole);
  table_set_real(row, "max_ns", p->max);
  table_set_real(row, "runs", runs);
  return row;
}

/* The longest first; the time to safepoint before all. */
static int compare(const void *a, const void *b) {
  const phase *x = a, *y = b;
  bool first = !strcmp(x->name, "stopping"),
       second = !strcmp(y->name, "stopping");
  if (first != second)
    return first ? -1 : 1;
  return x->sum > y->sum ? -1 : x->sum < y->sum;
}

static void add_cell(const report *r, size_t i, table *t) {
  const report_cell *c = &r->cells[i];
  phases *all = r->phases ? (phases *)r->phases + i : NULL;
  if (!all || !all->count || !report_is_good(c))
    return;
  qsort(all->items, all->count, sizeof *all->items, compare);
  bool any = false;
  for (unsigned k = 0; k < KINDS; k++) {
    double whole = 0;
    for (size_t p = 0; p < all->count; p++)
      whole += !strcmp(all->items[p].within, kinds[k]) ? all->items[p].sum : 0;
    for (size_t p = 0; p < all->count; p++) {
      if (strcmp(all->items[p].within, kinds[k]))
        continue;
      table_row *row =
          add_row(t, c, &all->items[p], all, k < PAUSES ? whole : NAN);
      if (!any && !strcmp(all->items[p].name, "stopping"))
        set_safepoint(row, c);
      if (!any)
        table_set_text(row, "note", report_exercise_text(c));
      any = true;
    }
  }
}

page *report_phases(const report *r) {
  table *t = table_new(columns, COLUMNS);
  for (size_t i = 0; i < r->count; i++)
    add_cell(r, i, t);
  return report_legend_page(
      r, t, "phases",
      "What pauses consist of, as the collector reports it: the phases of a "
      "kind of pause add up\n"
      "to these pauses, and \"other\" is what it gave no name to.  stopping: "
      "from the request of a\n"
      "stop until every mutator stood, the time to safepoint, whose "
      "percentiles stand beside it;\n"
      "restart: until they run again.  A collector that reports no phases "
      "is not shown.\n"
      "slow, threads: no pauses, and so no share of them.");
}
