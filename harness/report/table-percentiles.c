/* table-percentiles.c: the table percentiles: how long pauses and requests
 * were, by percentile. */
#include "exercise.h"
#include "tables.h"
#include "harness/base/arena.h"

#include <math.h>

static const table_column columns[] = {
    CELL_COLUMNS,
    {.name = "of", .help = "what is timed", .traits = TABLE_KEY},
    {.name = "percentile",
     .kind = TABLE_RATIO,
     .help = "that share of the times is not longer; 100 is the longest",
     .traits = TABLE_KEY},
    {.name = "time_ns",
     .kind = TABLE_TIME,
     .help = "of all invocations together"},
    {.name = "count", .kind = TABLE_INTEGER, .help = "of all times"}};

enum { COLUMNS = sizeof columns / sizeof *columns };

static const table_cross cross = {"collector", "percentile", "time_ns",
                                  "collector", NULL};

/* About evenly spaced by the logarithm of what is above them. */
static const double percentiles[] = {10,   25,    50,    75,     90,
                                     95,   97.5,  99,    99.5,   99.75,
                                     99.9, 99.95, 99.99, 99.995, 99.999};

enum { PERCENTILES = sizeof percentiles / sizeof *percentiles };

static void add_value(const report_cell *c, const hist_sparse *h,
                      const char *title, const char *of, double percentile,
                      double value, table *t) {
  table_row *row = report_add_row(t, c, title);
  table_set_text(row, "of", of);
  table_set_real(row, "percentile", percentile);
  if (percentile < 100)
    table_show(row, "percentile", "p%.6g", percentile);
  else
    table_show(row, "percentile", "max");
  table_set_real(row, "time_ns", value);
  table_set_integer(row, "count", (long long)h->count);
}

/* Adds those that the number of times supports, and the longest. */
static void add_times(const report_cell *c, const hist_sparse *h,
                      const char *of, table *t) {
  if (!h || !h->count)
    return;
  const char *title = arena_text("%s: %s", report_heap_title(c), of);
  for (size_t k = 0; k < PERCENTILES; k++) {
    uint64_t value;
    if (hist_sparse_percentile(h, percentiles[k], &value))
      add_value(c, h, title, of, percentiles[k], (double)value, t);
  }
  if (!c->uncorrected)
    add_value(c, h, title, of, 100, (double)h->max, t);
}

static const char *const requests[] = {
    [REQUESTS_INTENDED] = "requests, from when they were to arrive",
    [REQUESTS_SIMPLE] = "requests, from their start",
    [REQUESTS_METERED] = "requests, metered over the run",
    [REQUESTS_METERED_100MS] = "requests, metered over 100 ms"};

static void add_cell(const report *r, size_t cell, table *t) {
  const report_cell *c = &r->cells[cell];
  if (!report_is_good(c) || !report_compares_time(c))
    return;
  for (enum report_requests k = REQUESTS_INTENDED; k <= REQUESTS_METERED_100MS;
       k++)
    add_times(c, report_requests(r, cell, k), requests[k], t);
  const exercise e = report_exercise(c);
  if (exercised_shows_pauses(e.state) && !e.unreported)
    add_times(c, &c->pauses, "pauses", t);
}

page *report_percentiles(const report *r) {
  table *t = table_new(columns, COLUMNS);
  t->cross = &cross;
  for (size_t i = 0; i < r->count; i++)
    add_cell(r, i, t);
  return report_cross_page(
      r, t, "percentiles",
      "how long pauses and requests were, all invocations together; a "
      "percentile is left out where less than one time is expected above it");
}
