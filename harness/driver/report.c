/* report.c: prints a results directory.  It never runs anything. */
#include "report.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/output/format.h"
#include "harness/report/tables.h"

#include <limits.h>
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

report *report_open(const char *dir, report_visitor *visit) {
  char why[256];
  report *r = report_load(dir, visit, why, sizeof why);
  if (!r) {
    say("%s", why);
    return NULL;
  }
  report_warn(dir, &r->state);
  if (r->strays)
    say("warning: %s/runs.jsonl: %zu records are not in the plan, or there "
        "twice, and were ignored",
        dir, r->strays);
  if (report_is_suspect(r))
    say("warning: %s: %s", dir, report_canary_text(r));
  if (report_builds_text(r, r))
    say("warning: %s: %s", dir, report_builds_text(r, r));
  if (report_machines_text(r))
    say("warning: %s: %s", dir, report_machines_text(r));
  if (r->found < r->planned)
    say("%zu of %zu runs are missing; go on with: reapmark run --resume -o %s",
        r->planned - r->found, r->planned, dir);
  return r;
}

/* Google Benchmark's JSON is a format of the main table only. */
#define GBENCH "gbench"

/* Says what a format without notes has no place for. */
static void say_stalls(const report *r) {
  for (size_t i = 0; i < r->count; i++) {
    const char *stall = report_stall_text(&r->cells[i]);
    if (stall)
      say("warning: %s: %s", r->cells[i].id, stall);
  }
}

static void print_gbench(const report *r) {
  size_t failed = 0;
  for (size_t i = 0; i < r->count; i++)
    failed += verdict_is_failure(r->cells[i].verdict);
  if (failed)
    say("warning: %zu cell%s failed and %s no benchmark; see context.left_out",
        failed, failed == 1 ? "" : "s", failed == 1 ? "is" : "are");
  page *p = report_gbench(r);
  format_json(p, stdout);
  json_decref(p->json);
}

/* Prints the table; a format of NULL is GBENCH.  False if no run has what the
 * table shows. */
static bool print(const report *r, const report_table *of,
                  const output_format *format) {
  page *p = format ? of->make(r) : NULL;
  if (p)
    format_print(format, p, stdout);
  else if (!format)
    print_gbench(r);
  if (of == report_tables && (!format || format->rows_only))
    say_stalls(r);
  return p || !format;
}

int report_print(const char *dir, const char *name, const char *format_name) {
  const report_table *found;
  const output_format *format = NULL;
  const char *wrong = report_find_table(name, &found);
  if (!wrong)
    wrong = format_find(format_name, found == report_tables ? GBENCH : NULL,
                        &format);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  report *r = report_open(dir, found->visit);
  if (!r)
    return EXIT_USAGE;
  bool any = print(r, found, format);
  if (!any)
    say("%s: no run has what the table '%s' shows", r->dir, found->name);
  report_free(r);
  return any ? EXIT_OK : EXIT_NOTHING;
}

typedef struct report_options {
  const char *format, *table;
} report_options;

static const option_row option_rows[] = {
    {"format", 'f', "FORMAT", FORMAT_NAMES ", gbench (table)",
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
        "JSON for Google Benchmark's own tools, without the\ncells that "
        "failed: "
        "its context names them.\n\n"
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
        "  pacing      when collectors collect, and what they hold "
        "meanwhile\n"
        "  pacing-space\n"
        "              each heap policy as a curve of time over memory\n"
        "  limits      whether the suite's targets are met",
    .example = "DIR --table latency --format csv",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = INT_MAX,
    .missing = "a results directory"};

int report_command(int argc, char **argv) {
  report_options o = {.format = "table"};
  char **operands;
  int code = options_parse(&report_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  if (operands[1]) {
    say("report: '%s' is one directory too many: a report is of one; 'reapmark "
        "compare %s %s' sets them side by side",
        operands[1], operands[0], operands[1]);
    return EXIT_USAGE;
  }
  return report_print(operands[0], o.table, o.format);
}
