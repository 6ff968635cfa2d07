/* report.c: prints a results directory.  It never runs anything. */
#include "report.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/report/figures.h"
#include "harness/report/format.h"
#include "harness/report/targets.h"

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

/* What is to be printed, in which format. */
typedef struct wanted {
  const report_format *plain; /* all metrics by cell; or */
  const figure *figure;       /* a table of figures.h; or */
  const figure_format *of_figure;
  const char *limits; /* the targets: the format's name */
} wanted;

#define LIMITS "limits"

/* What the format has no place for. */
static void say_stalls(const report *r) {
  char stall[REPORT_STALL];
  for (size_t i = 0; i < r->count; i++)
    if (report_stall_text(stall, &r->cells[i]))
      say("warning: %s: %s", r->cells[i].id, stall);
}

static int print_and_close(report *r, const wanted *w, const char *table) {
  bool any = true;
  if (w->figure) {
    figure_rows rows = figure_make(w->figure, r);
    any = rows.count > 0;
    if (any)
      w->of_figure->print(w->figure, r, &rows, stdout);
    figure_free(&rows);
  } else if (w->limits)
    any = targets_print(r, w->limits, stdout);
  else {
    w->plain->print(r, stdout);
    if (!w->plain->warns)
      say_stalls(r);
  }
  if (!any)
    say("%s: no run has what the table '%s' shows", r->dir, table);
  report_free(r);
  if (fflush(stdout) || ferror(stdout)) {
    say("the report could not be written to stdout");
    return EXIT_SOME_FAILED;
  }
  return any ? EXIT_OK : EXIT_NOTHING;
}

/* Finds a table by name.  Returns NULL, or what is wrong. */
static const char *find_table(const char *table, wanted *w) {
  candidates known = {0};
  for (size_t i = 0; i < FIGURES; i++) {
    candidates_add(&known, figures[i].name);
    if (!strcmp(figures[i].name, table))
      w->figure = &figures[i];
  }
  candidates_add(&known, LIMITS);
  if (w->figure || !strcmp(table, LIMITS))
    return NULL;
  return arena_text("unknown table '%s'%s", table, suggest(table, &known));
}

const char *report_check_table(const char *table) {
  wanted w = {0};
  return find_table(table, &w);
}

/* Finds the format of this name for what is wanted, likewise. */
static const char *find_format(const char *format, bool table, wanted *w) {
  candidates known = {0};
  for (size_t i = 0; table && i < FIGURE_FORMATS; i++) {
    candidates_add(&known, figure_formats[i].name);
    if (!strcmp(figure_formats[i].name, format)) {
      w->of_figure = &figure_formats[i];
      w->limits = format;
    }
  }
  for (size_t i = 0; !table && i < REPORT_FORMATS; i++) {
    candidates_add(&known, report_formats[i].name);
    if (!strcmp(report_formats[i].name, format))
      w->plain = &report_formats[i];
  }
  if (w->plain || w->of_figure)
    return NULL;
  return arena_text("unknown format '%s'%s", format,
                    suggest_any(format, &known));
}

int report_print(const char *dir, const char *table, const char *format) {
  wanted w = {0};
  const char *wrong = table ? find_table(table, &w) : NULL;
  wrong = wrong ? wrong : find_format(format, table != NULL, &w);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  report *r = report_open(dir);
  return r ? print_and_close(r, &w, table) : EXIT_USAGE;
}

typedef struct report_options {
  const char *format, *table;
} report_options;

static const option_row option_rows[] = {
    {"format", 'f', "FORMAT", "table, markdown, csv, json or gbench (table)",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, format)},
    {"table", 0, "TABLE", "one of the tables above (all metrics by cell)",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, table)},
    {0}};

const option_usage report_usage = {
    .name = "report",
    .summary = "print the results in a directory again",
    .synopsis = "DIR [options]",
    .description =
        "What do the results in DIR say?  Prints them, whether all runs are "
        "there or not,\nand runs nothing.  csv and json hold numbers in base "
        "units (ns, bytes, per second);\njson holds every sample; gbench is "
        "JSON for Google Benchmark's own tools.\n\n"
        "tables, in every format but gbench:\n"
        "  time-space  wall time relative to the best, by heap\n"
        "  lbo         lower-bound overhead in wall and CPU time, and the "
        "naive "
        "GC share\n"
        "  mmu         mutator utilisation (MMU and BMU) at windows of 1 to "
        "100 "
        "ms\n"
        "  observer    what the instruments cost (after run --observer)\n"
        "  stability   whether the invocations of a cell settle or drift\n"
        "  latency     of requests, by rate: from the intended start, simple, "
        "metered\n"
        "  memory      footprint over the bytes to be held, fragmentation, "
        "floating garbage\n"
        "  growth      ns per operation by the number of live objects\n"
        "  limits      whether the suite's targets are met",
    .example = "DIR --table latency --format csv",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a results directory"};

int report_command(int argc, char **argv) {
  report_options o = {.format = "table"};
  char **operands;
  int code = options_parse(&report_usage, argc, argv, &o, &operands);
  return code != OPTIONS_GO ? code
                            : report_print(operands[0], o.table, o.format);
}
