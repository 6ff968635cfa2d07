/* table-pacing.c: the table pacing: when collectors collect, and what they hold
 * meanwhile. */
#include "tables.h"
#include "exercise.h"
#include "pacing-cells.h"

#include <math.h>

enum { COLUMNS = 23 };

static const table_column columns[COLUMNS] = {
    CELL_COLUMNS,
    OPTIONAL_NUMBER(TABLE_TIME, "wall_ns", "time", "", 0,
                    "of the measured part, median"),
    OPTIONAL_NUMBER(
        TABLE_RATIO, "rss_over_live", "RSS", "÷ live", 0,
        "peak of resident memory, less its baseline, over the most that was "
        "alive"),
    OPTIONAL_NUMBER(TABLE_RATIO, "mean_over_live", "heap", "÷ live", 1,
                    "mean footprint over the mean of what was alive"),
    OPTIONAL_NUMBER(TABLE_RATIO, "end_over_live", "at end", "÷ live", 9,
                    "footprint over what is alive, at the end"),
    OPTIONAL_NUMBER(TABLE_SCALED, "garbage_max", "garbage", "max", 4,
                    "dead objects that the heap still held, at most"),
    OPTIONAL_NUMBER(TABLE_SCALED, "garbage_median", "garbage", "median", 10,
                    "the median over time"),
    OPTIONAL_NUMBER(TABLE_BYTES, "held_max_bytes", "held", "max, MiB", 8,
                    "footprint beyond the bytes alive, at most"),
    OPTIONAL_NUMBER(
        TABLE_RATIO, "collections_per_live_set", "collections", "per live", 6,
        "collections while as many bytes were allocated as are alive at "
        "most"),
    OPTIONAL_NUMBER(TABLE_COUNT, "collections", NULL, NULL, 0,
                    "collections and searches for dead cycles"),
    OPTIONAL_NUMBER(TABLE_TIME, "pause_max_ns", "pause", "max", 2,
                    "the longest pause"),
    OPTIONAL_NUMBER(
        TABLE_RATIO, "goal_over_live", "goal", "÷ live", 5,
        "goal of the heap policy over what was alive, median over full "
        "collections"),
    OPTIONAL_NUMBER(
        TABLE_PERCENT, "overshoot_percent", "over goal", "%", 7,
        "by how much the heap was above its goal when a collection began, "
        "at most"),
    OPTIONAL_NUMBER(TABLE_TEXT, "garbage_verdict", "garbage", "is", 3,
                    "whether the most garbage settles"),
    OPTIONAL_NUMBER(TABLE_TEXT, "memory_verdict", "memory", "is", 3,
                    "whether the memory beyond what is alive settles"),
    OPTIONAL_NUMBER(TABLE_PERCENT, "garbage_slope_percent_per_s", NULL, NULL, 0,
                    "growth of garbage, % of its level a second"),
    OPTIONAL_NUMBER(TABLE_PERCENT, "memory_slope_percent_per_s", NULL, NULL, 0,
                    "growth of memory, likewise"),
    OPTIONAL_NUMBER(TABLE_INTEGER, "runs", "runs", "", 11, "invocations"),
    {.name = "note"}};

static double metric_of(const report_cell *c, const char *name) {
  return c->values[metric_find(name) - metrics];
}

static void add_row(table *t, const report *r, size_t i) {
  const report_cell *c = &r->cells[i];
  const pacing_cell *p = pacing_cell_of(r, i);
  if (!p)
    return;
  static const struct {
    const char *name;
    pacing_number number;
  } of[] = {{"rss_over_live", PACING_RSS},
            {"mean_over_live", PACING_MEAN},
            {"end_over_live", PACING_END},
            {"garbage_max", PACING_GARBAGE_MOST},
            {"garbage_median", PACING_GARBAGE_MEDIAN},
            {"held_max_bytes", PACING_HELD_MOST},
            {"collections_per_live_set", PACING_PER_LIVE_SET},
            {"collections", PACING_COLLECTIONS},
            {"goal_over_live", PACING_GOAL},
            {"overshoot_percent", PACING_OVERSHOOT}};
  table_row *row = report_add_row(t, c, report_kind_title(c));
  for (unsigned k = 0; k < sizeof of / sizeof *of; k++)
    table_set_real(row, of[k].name, pacing_median(p, of[k].number));
  table_set_real(row, "wall_ns", metric_of(c, "wall_ns"));
  table_set_real(row, "pause_max_ns", metric_of(c, "pause_max_ns"));
  table_set_text(row, "garbage_verdict", settling_text(&p->garbage));
  table_set_text(row, "memory_verdict", settling_text(&p->memory));
  table_set_real(row, "garbage_slope_percent_per_s", p->garbage_slope);
  table_set_real(row, "memory_slope_percent_per_s", p->memory_slope);
  table_set_real(row, "runs", (double)p->count);
  table_set_text(row, "note", report_exercise_text(c));
  if (isnan(metric_of(c, "wall_ns")))
    report_show_status(row, "wall_ns", c);
}

page *report_pacing(const report *r) {
  table *t = table_new(columns, COLUMNS);
  for (size_t i = 0; i < r->count; i++)
    add_row(t, r, i);
  return report_legend_page(
      r, t, "pacing",
      "RSS: peak of resident memory, less its baseline; heap: the footprint's "
      "mean over time;\n"
      "at end: the footprint at the end.  Each as a multiple of what is alive: "
      "at most, in the\n"
      "mean, at the end.\n"
      "garbage: dead objects that the heap still held, for collectors that "
      "tell "
      "their objects;\n"
      "held: bytes beyond those alive, free memory included.\n"
      "collections per live: while as many bytes were allocated as are alive "
      "at most.\n"
      "goal: at which the heap policy lets a full collection begin, over what "
      "is alive;\n"
      "over goal: by how much the heap had passed it.\n"
      "garbage is, memory is: whether they settle, by block maxima and "
      "medians.\n"
      "Medians of the runs; the longest pause of all.  Columns that nothing is "
      "known for are\nleft out.  'reapmark explain DIR CELL' says why a cell "
      "holds much.");
}
