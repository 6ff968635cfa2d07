/* table-mmu.c: the table mmu: the share of time that collectors leave to
 * mutators, in windows of 10 us to 100 ms. */
#include "tables.h"
#include "exercise.h"
#include "harness/base/arena.h"
#include "harness/stats/summary.h"

#include <math.h>

enum { COLUMNS = 10 };

static const table_column columns[COLUMNS] = {
    CELL_COLUMNS,
    {.name = "window_ns",
     .kind = TABLE_TIME,
     .help = "length of the window",
     .traits = TABLE_KEY},
    {.name = "mmu",
     .kind = TABLE_RATIO,
     .absent = "–",
     .help = "least share left to the mutator in windows of that length"},
    {.name = "bmu",
     .kind = TABLE_RATIO,
     .help = "the same for windows of that length or longer"},
    RUNS_COLUMNS("invocations")};

static const table_cross cross = {"collector", "window_ns", "mmu", "collector",
                                  NULL};

static const char *window_text(long long ns) {
  return ns < 1000000 ? arena_text("%lld µs", ns / 1000)
                      : arena_text("%lld ms", ns / 1000000);
}

static void add_window(const report *r, const report_cell *c, size_t k,
                       table *t) {
  table_row *row = report_add_row(t, c, report_heap_title(c));
  report_set_runs(row, r, c, c->count);
  table_set_real(row, "window_ns", (double)report_windows_ns[k]);
  table_show(row, "window_ns", "%s", window_text(report_windows_ns[k]));
  const char *mark = report_exercise_mark(c);
  if (!report_is_good(c) || !report_compares_time(c)) {
    report_show_status(row, "mmu", c);
    return;
  }
  double *mmu = arena_take(c->count * sizeof *mmu);
  double *bmu = arena_take(c->count * sizeof *bmu);
  for (size_t i = 0; i < c->count; i++) {
    mmu[i] = c->samples[i].mmu[k];
    bmu[i] = c->samples[i].bmu[k];
    if (isnan(mmu[i])) /* the run is shorter than the window, or: */
      return;          /* pauses were not reported */
  }
  double least = stat_summarize(mmu, c->count).median;
  double bounded = stat_summarize(bmu, c->count).median;
  table_set_real(row, "mmu", least);
  table_set_real(row, "bmu", bounded);
  table_show(row, "mmu", "%.3f / %.3f%s%s", least, bounded, mark ? ", " : "",
             mark ? mark : "");
}

page *report_mmu(const report *r) {
  table *t = table_new(columns, COLUMNS);
  t->cross = &cross;
  for (size_t i = 0; i < r->count; i++)
    for (size_t k = 0; k < REPORT_WINDOWS; k++)
      add_window(r, &r->cells[i], k, t);
  return report_cross_page(
      r, t, "mmu",
      "MMU / BMU of the worst thread, median of the invocations; – where a run "
      "is shorter than the window, or the collector does not report its "
      "pauses, or so many that neighbours were joined across more than the "
      "window");
}
