/* report.c: prints a results directory.  It never runs anything. */
#include "report.h"
#include "memory.h"
#include "options.h"
#include "say.h"
#include "harness/report/figures.h"
#include "harness/report/format.h"

#include <stdio.h>
#include <string.h>

void report_warn(const char *dir, const results_state *s) {
  if (s->cut_short)
    say("warning: %s/runs.jsonl: the last line is cut short and was ignored",
        dir);
  if (s->damaged)
    say("warning: %s/runs.jsonl:%zu: not a record; %zu such lines were ignored",
        dir, s->first_damaged, s->damaged);
}

report *report_open(const char *dir) {
  char why[256];
  report *r = report_load(dir, why, sizeof why);
  if (!r) {
    say("%s", why);
    return NULL;
  }
  report_warn(dir, &r->state);
  if (r->strays)
    say("warning: %s/runs.jsonl: %zu records are not in the plan, or there "
        "twice, and were ignored",
        dir, r->strays);
  char canary[REPORT_CANARY];
  if (report_is_suspect(r) && report_canary_text(canary, r))
    say("warning: %s: %s", dir, canary);
  if (r->found < r->planned)
    say("%zu of %zu runs are missing; go on with: reapmark run --resume -o %s",
        r->planned - r->found, r->planned, dir);
  return r;
}

static int print_and_close(report *r, const report_format *plain,
                           const figure *f, const figure_format *of_figure) {
  if (f) {
    figure_rows rows = figure_make(f, r);
    bool any = rows.count > 0;
    if (any)
      of_figure->print(f, r, &rows, stdout);
    else
      say("%s: no run has what the table '%s' shows", r->dir, f->name);
    figure_free(&rows);
    if (!any) {
      report_free(r);
      return EXIT_NOTHING;
    }
  } else
    plain->print(r, stdout);
  report_free(r);
  if (fflush(stdout) || ferror(stdout)) {
    say("the report could not be written to stdout");
    return EXIT_SOME_FAILED;
  }
  return EXIT_OK;
}

static int unknown(const char *what, const char *word,
                   const candidates *known) {
  say("unknown %s '%s'%s", what, word, suggest(word, known));
  return EXIT_USAGE;
}

int report_print(const char *dir, const char *table, const char *format) {
  const report_format *plain = NULL;
  const figure *f = NULL;
  const figure_format *of_figure = NULL;
  candidates tables = {0}, formats = {0};
  for (size_t i = 0; i < FIGURES; i++) {
    candidates_add(&tables, figures[i].name);
    if (table && !strcmp(figures[i].name, table))
      f = &figures[i];
  }
  if (table && !f)
    return unknown("table", table, &tables);
  for (size_t i = 0; f && i < FIGURE_FORMATS; i++) {
    candidates_add(&formats, figure_formats[i].name);
    if (!strcmp(figure_formats[i].name, format))
      of_figure = &figure_formats[i];
  }
  for (size_t i = 0; !f && i < REPORT_FORMATS; i++) {
    candidates_add(&formats, report_formats[i].name);
    if (!strcmp(report_formats[i].name, format))
      plain = &report_formats[i];
  }
  if (!plain && !of_figure)
    return unknown("format", format, &formats);
  report *r = report_open(dir);
  return r ? print_and_close(r, plain, f, of_figure) : EXIT_USAGE;
}

typedef struct report_options {
  const char *format, *table;
} report_options;

static const option_row option_rows[] = {
    {"format", 'f', "FORMAT", "table, markdown, csv, json or gbench (table)",
     OPTION_TEXT, offsetof(report_options, format), 0, 0},
    {"table", 't', "TABLE",
     "one of those above, instead of all metrics by cell", OPTION_TEXT,
     offsetof(report_options, table), 0, 0},
    {0}};

static const option_usage usage = {
    .command = "report",
    .synopsis = "DIR [--table TABLE] [--format FORMAT]",
    .description =
        "Prints the results in DIR, whether all runs are there or not.  Runs "
        "nothing.\ncsv and json hold numbers in base units (ns, bytes, per "
        "second), json every\nsample; gbench is JSON that Google Benchmark's "
        "own tools read.\n\n"
        "tables beside that (not in gbench):\n"
        "  time-space  wall time relative to the best, by heap\n"
        "  lbo         lower-bound overhead in wall and CPU time, and the "
        "naive "
        "GC share\n"
        "  mmu         mutator utilisation (MMU and BMU) at windows of 1 to "
        "100 "
        "ms\n"
        "  observer    what the instruments cost, of run --observer\n"
        "  stability   whether the invocations of a cell settle or drift\n"
        "  latency     of requests by rate: from the intended start, simple, "
        "metered\n"
        "  memory      footprint over what must be held, fragmentation, "
        "floating garbage",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = 1};

int report_command(int argc, char **argv) {
  report_options o = {.format = "table"};
  char **operands;
  int code = options_parse(&usage, argc, argv, &o, &operands);
  return code != OPTIONS_GO ? code
                            : report_print(operands[0], o.table, o.format);
}
