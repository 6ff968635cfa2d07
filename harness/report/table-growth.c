/* table-growth.c: the table growth: what one op takes, by the number of live
 * objects. */
#include "tables.h"
#include "harness/base/arena.h"
#include "harness/stats/interval.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 11 };

static const table_column columns[COLUMNS] = {
    CELL_COLUMNS,
    {.name = "objects",
     .kind = TABLE_SCALED,
     .help = "alive, by the workload's parameter",
     .traits = TABLE_KEY},
    {.name = "op_ns",
     .kind = TABLE_TIME,
     .help = "wall time of one op, median"},
    {.name = "low_ns",
     .kind = TABLE_TIME,
     .help = "the lower end of its 95 % interval; absent below 6 invocations"},
    {.name = "high_ns", .kind = TABLE_TIME, .help = "the upper end"},
    {.name = "runs", .kind = TABLE_INTEGER, .help = "invocations"},
    {.name = "measure",
     .help = "what is timed: the workload's parameter of that name, or the "
             "workload",
     .traits = TABLE_KEY}};

static const table_cross cross = {"collector", "objects", "op_ns", "collector",
                                  NULL};

/* Where the value of the setting KEY=VALUE of a workload's text begins, or
 * NULL. */
static char *find_setting(char *workload, const char *key) {
  char *at = strchr(workload, ':');
  size_t n = strlen(key);
  while (at && (strncmp(at + 1, key, n) || at[1 + n] != '='))
    at = strchr(at + 1, ',');
  return at ? at + n + 2 : NULL;
}

/* Takes the setting out of the text, in place. */
static void remove_setting(char *workload, const char *key) {
  char *value = find_setting(workload, key);
  if (!value)
    return;
  char *at = value - strlen(key) - 2, *rest = strchr(value, ',');
  if (!rest)
    *at = 0;
  else if (*at == ':')
    memmove(at + 1, rest + 1, strlen(rest));
  else
    memmove(at, rest, strlen(rest) + 1);
}

static double op_time(const report_sample *s) {
  return sample_metric(s, "op_ns");
}

/* Workloads that differ in the number of objects stand in one group; how often
 * each did what is timed does not set them apart either. */
static void add_cell(const report_cell *c, table *t) {
  char *workload = arena_text("%s", c->workload);
  const char *objects = find_setting(workload, "objects");
  if (!objects)
    return;
  double alive = strtod(objects, NULL);
  remove_setting(workload, "objects");
  remove_setting(workload, "rounds");
  const char *measure = find_setting(workload, "measure");
  table_row *row =
      report_add_row(t, c,
                     arena_text("%s, %d thread%s", workload, c->threads,
                                c->threads == 1 ? "" : "s"));
  table_set_real(row, "objects", alive);
  table_set_real(row, "runs", (double)c->count);
  table_set_text(row, "measure",
                 measure
                     ? arena_text("%.*s", (int)strcspn(measure, ","), measure)
                     : workload);
  double *times = report_numbers(c, op_time);
  if (!times) {
    report_show_status(row, "op_ns", c);
    return;
  }
  double spread = stat_half_spread(times, c->count, REPORT_CONFIDENCE);
  stat_interval interval =
      stat_median_interval(times, c->count, REPORT_CONFIDENCE);
  double median = stat_summarize(times, c->count).median;
  table_set_real(row, "op_ns", median);
  table_set_real(row, "low_ns", interval.low);
  table_set_real(row, "high_ns", interval.high);
  if (c->count > 1)
    table_show(row, "op_ns", "%.3g ±%.2g%%", median, 100 * spread);
  else
    table_show(row, "op_ns", "%.3g", median);
}

page *report_growth(const report *r) {
  table *t = table_new(columns, COLUMNS);
  t->cross = &cross;
  for (size_t i = 0; i < r->count; i++)
    add_cell(&r->cells[i], t);
  return report_cross_page(
      r, t, "growth",
      "ns of wall time an op, median ± half the 95 % interval (or range), by "
      "the number of live objects");
}
