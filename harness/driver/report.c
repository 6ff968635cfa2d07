/* report.c: prints a results directory.  It never runs anything. */
#include "report.h"
#include "memory.h"
#include "options.h"
#include "say.h"
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

int report_print(const char *dir, const char *format) {
  const report_format *f = NULL;
  candidates known = {0};
  for (size_t i = 0; i < REPORT_FORMATS; i++) {
    candidates_add(&known, report_formats[i].name);
    if (!strcmp(report_formats[i].name, format))
      f = &report_formats[i];
  }
  if (!f) {
    say("unknown format '%s'%s", format, suggest(format, &known));
    return EXIT_USAGE;
  }
  char why[256];
  report *r = report_load(dir, why, sizeof why);
  if (!r) {
    say("%s", why);
    return EXIT_USAGE;
  }
  report_warn(dir, &r->state);
  if (r->strays)
    say("warning: %s/runs.jsonl: %zu records are not in the plan, or there "
        "twice, and were ignored",
        dir, r->strays);
  if (r->found < r->planned)
    say("%zu of %zu runs are missing; go on with: reapmark run --resume -o %s",
        r->planned - r->found, r->planned, dir);
  f->print(r, stdout);
  report_free(r);
  if (fflush(stdout) || ferror(stdout)) {
    say("the report could not be written to stdout");
    return EXIT_SOME_FAILED;
  }
  return EXIT_OK;
}

typedef struct report_options {
  const char *format;
} report_options;

static const option_row option_rows[] = {
    {"format", 'f', "FORMAT", "table, markdown, csv, json or gbench (table)",
     OPTION_TEXT, offsetof(report_options, format), 0, 0},
    {0}};

static const option_usage usage = {
    .command = "report",
    .synopsis = "DIR [--format FORMAT]",
    .description =
        "Prints the results in DIR, whether all runs are there or not.  Runs "
        "nothing.\ncsv and json hold numbers in base units (ns, bytes, per "
        "second), json every\nsample; gbench is JSON that Google Benchmark's "
        "own tools read.",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = 1};

int report_command(int argc, char **argv) {
  report_options o = {.format = "table"};
  char **operands;
  int code = options_parse(&usage, argc, argv, &o, &operands);
  return code != OPTIONS_GO ? code : report_print(operands[0], o.format);
}
