/* tables.h: the tables of a results directory, one function for each, that
 * makes the rows; harness/output prints them. */
#ifndef REAPMARK_REPORT_TABLES_H
#define REAPMARK_REPORT_TABLES_H

#include "load.h"
#include "harness/output/table.h"

typedef struct report_table {
  const char *name; /* of `report --table` */
  /* Makes the page, in the arena; NULL if no run has what it shows. */
  page *(*make)(const report *r);
  report_visitor *visit; /* of report_load; NULL: none is needed */
  /* Whether it is made of the results of several machines; if not, of those of
   * one machine at a time. */
  bool joins_machines;
} report_table;

/* cells (the main one, which stands first), answer, overview, time-space, lbo,
 * mmu, percentiles, observer, stability, latency, memory, memory-time, growth,
 * leaks, pacing, pacing-space, phases, machines, limits. */
enum { REPORT_TABLES = 19 };
extern const report_table report_tables[REPORT_TABLES];

/* Finds the table of this name, or the main one if the name is NULL.  Returns
 * NULL, or in the arena what is wrong with the name. */
const char *report_find_table(const char *name, const report_table **found);

page *report_cells(const report *r);
page *report_answer(const report *r);
page *report_overview(const report *r);
page *report_time_space(const report *r);
page *report_lbo(const report *r);
page *report_mmu(const report *r);
page *report_observer(const report *r);
page *report_stability(const report *r);
page *report_latency(const report *r);
page *report_memory(const report *r);
void report_gather(report *r, const report_cell *c, const json_t *record);

/* What report_gather has kept of a cell's requests, of all invocations; NULL if
 * there is nothing to show. */
enum report_requests {
  REQUESTS_INTENDED,
  REQUESTS_SIMPLE,
  REQUESTS_METERED,
  REQUESTS_METERED_100MS
};
const hist_sparse *report_requests(const report *r, size_t cell,
                                   enum report_requests which);

/* Keeps the memory curve of a cell's first invocation, and of workloads that
 * leak on purpose what was held. */
void report_gather_traces(report *r, const report_cell *c,
                          const json_t *record);
page *report_percentiles(const report *r);
page *report_memory_time(const report *r);
page *report_leaks(const report *r);
page *report_growth(const report *r);
page *report_pacing(const report *r);
page *report_pacing_space(const report *r);
page *report_limits(const report *r);
page *report_machines(const report *r);

/* Keeps what a record says of phases; and the table that is made of it. */
void report_gather_phases(report *r, const report_cell *c,
                          const json_t *record);
page *report_phases(const report *r);

/* The answer in words alone, to stand below a table: of every list the first
 * `most` collectors.  NULL without anything to say. */
page *report_short_answer(const report *r, size_t most);

/* What decides whether to trust the results, for the head of a long report:
 * machine, canary, runs, and by name what failed and what was not
 * exercised. */
page *report_trust(const report *r);

/* A page whose JSON is the main table for the tools of Google Benchmark.  Cells
 * that failed are left out, and named in its context. */
page *report_gbench(const report *r);

/* Why nothing can follow the cell's times, in one line: the verdict and its
 * reason, or that its collector did not collect.  NULL if they can be
 * followed. */
const char *report_left_out(const report_cell *c);

/* ------------------------------------------------------------------------- *
 * What the tables share.
 * ------------------------------------------------------------------------- */

/* The first columns of every table with a row for each cell. */
#define CELL_COLUMNS                                                           \
  {.name = "workload", .traits = TABLE_KEY},                                   \
      {.name = "collector", .header = "collector", .traits = TABLE_KEY},       \
      {.name = "heap", .traits = TABLE_KEY},                                   \
      {.name = "threads", .kind = TABLE_INTEGER, .traits = TABLE_KEY}, {       \
    .name = "verdict"                                                          \
  }

/* The kind (table_group.kind) of groups whose rows are of adapters. */
#define REPORT_REFERENCES "reference runtimes"

/* A column that is left out where nothing is known for it. */
#define OPTIONAL_NUMBER(kind_, name_, header_, unit_, leaves_, help_)          \
  {                                                                            \
    .name = (name_), .header = (header_), .unit = (unit_), .kind = (kind_),    \
    .traits = TABLE_OPTIONAL, .absent = "–", .help = (help_),                  \
    .leaves = (leaves_)                                                        \
  }

/* The last two columns of most of them. */
#define RUNS_COLUMNS(runs)                                                     \
  {.name = "runs", .kind = TABLE_INTEGER, .help = (runs)}, {                   \
    .name = "runs_planned", .kind = TABLE_INTEGER, .help = "of those planned"  \
  }

/* Adds a row with CELL_COLUMNS set, to the group of this title. */
table_row *report_add_row(table *t, const report_cell *c, const char *title);

/* Sets RUNS_COLUMNS. */
void report_set_runs(table_row *row, const report *r, const report_cell *c,
                     size_t runs);

/* Shows in a column, for a cell without numbers, the first word of its
 * verdict. */
void report_show_status(table_row *row, const char *column,
                        const report_cell *c);

/* The number of a text: those that are met first are numbered from 0; `numbers`
 * is an empty JSON object at first.  For one pass over cells where each would
 * otherwise be compared with all others. */
size_t report_number(json_t *numbers, const char *text);

/* The number of the work (workload and threads) of each cell, in the arena;
 * *count becomes how many there are. */
size_t *report_works(const report *r, size_t *count);

/* Titles of groups: "WORKLOAD, N threads", and with the heap between. */
const char *report_work_title(const report_cell *c);
const char *report_heap_title(const report_cell *c);

/* The second of these, and whether the cell is a reference: models and adapters
 * never share a group. */
const char *report_kind_title(const report_cell *c);

/* Adds the lines at the head of a report: suite, machine, what else it did,
 * canary. */
void report_add_title(page *p, const report *r);

/* The page of a cross table: the title, what a cell shows, the groups.  NULL if
 * there are no rows. */
page *report_cross_page(const report *r, table *t, const char *name,
                        const char *cell);

/* The page of a table with a column for each number: the groups, then what the
 * columns mean, then the notes: the table has columns `collector` and `note`.
 * NULL if there are no rows. */
page *report_legend_page(const report *r, const table *t, const char *name,
                         const char *legend);

/* Sets the JSON of a page with one table: what it is, its columns' help, its
 * rows. */
void report_set_json(page *p, const report *r, const char *name);

/* One number of every invocation of a good cell whose times may be compared
 * (exercise.h); NULL if one of them is not available.  And their median, or
 * NAN. */
typedef double sample_number(const report_sample *s);
double *report_numbers(const report_cell *c, sample_number *of);
double report_median(const report_cell *c, sample_number *of);

/* Numbers of a sample. */
double sample_wall(const report_sample *s);  /* ns */
double sample_clock(const report_sample *s); /* ns, report_sample.clock */
double sample_metric(const report_sample *s, const char *name);

#endif
