/* report.c: prints a results directory.  It never runs anything. */
#include "report.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/driver/programs/machine.h"
#include "harness/output/view.h"
#include "harness/page/figures.h"
#include "harness/page/page.h"
#include "harness/page/plot.h"
#include "harness/report/goals.h"
#include "harness/report/tables.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

void report_warn(const char *dir, const results_state *s) {
  if (s->cut_short)
    say_warning("W-cut-line",
                "%s/runs.jsonl: the last line is cut short and was ignored",
                dir);
  if (s->damaged)
    say_warning("W-damaged-lines",
                "%s/runs.jsonl:%zu: not a record; %zu such lines were ignored",
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
    say_warning("W-stray-records",
                "%s/runs.jsonl: %zu records are not in the plan, or there "
                "twice, and were ignored",
                dir, r->strays);
  if (report_is_suspect(r))
    say_warning("W-canary", "%s: %s", dir, report_canary_text(r));
  if (report_emulated_text(r))
    say_warning("W-emulated", "%s: %s", dir, report_emulated_text(r));
  if (report_builds_text(r, r))
    say_warning("W-builds", "%s: %s", dir, report_builds_text(r, r));
  if (report_machines_text(r))
    say_warning("W-machines", "%s: %s", dir, report_machines_text(r));
  if (r->found < r->planned)
    say("%zu of %zu runs are missing; go on with: reapmark run --resume -o %s",
        r->planned - r->found, r->planned, dir);
  return r;
}

/* Formats of the main table only: Google Benchmark's JSON, and a page that has
 * all tables. */
#define GBENCH "gbench"
#define HTML   "html"

/* Says what a format without notes has no place for. */
static void say_stalls(const report *r) {
  for (size_t i = 0; i < r->count; i++) {
    const char *stall = report_stall_text(&r->cells[i]);
    if (stall)
      say_warning("W-stall", "%s: %s", r->cells[i].id, stall);
  }
}

static void print_gbench(const report *r, FILE *out) {
  size_t failed = 0;
  for (size_t i = 0; i < r->count; i++)
    failed += verdict_is_failure(r->cells[i].verdict);
  if (failed)
    say_warning("W-left-out",
                "%zu cell%s failed and %s no benchmark; see context.left_out",
                failed, failed == 1 ? "" : "s", failed == 1 ? "is" : "are");
  page *p = report_gbench(r);
  format_json(p, out);
  json_decref(p->json);
}

/* How many collectors each list of the short answer names. */
enum { SHORT_LISTS = 4 };

/* In a terminal the answer in words ends the main table. */
static void print_answer(const report *r, FILE *out) {
  page *p = report_short_answer(r, SHORT_LISTS);
  if (!p)
    return;
  fputc('\n', out);
  format_text(p, out);
}

/* Prints the table; a format of NULL is GBENCH.  Returns an exit code:
 * EXIT_NOTHING if no run has what the table shows. */
static int print(const report *r, const report_table *of,
                 const output_format *format, const table_view *view,
                 FILE *out) {
  page *p = format ? of->make(r) : NULL;
  const int code = p        ? view_print(view, format, p, out)
                   : format ? EXIT_NOTHING
                            : EXIT_OK;
  if (!format)
    print_gbench(r, out);
  if (code)
    return code;
  if (of == report_tables && (!format || format->rows_only))
    say_stalls(r);
  if (of == report_tables && format && format->print == format_text &&
      !view->columns && !view->pivot)
    print_answer(r, out);
  return EXIT_OK;
}

/* Opens the file that an option names, or stdout; NULL, which was said. */
static FILE *open_output(const char *path) {
  FILE *out = path ? fopen(path, "w") : stdout;
  if (!out)
    say("%s: %s", path, strerror(errno));
  return out;
}

/* False, which was said, if not all could be written. */
static bool close_output(FILE *out, const char *path) {
  if (out == stdout || !fclose(out))
    return true;
  say("%s: %s", path, strerror(errno));
  return false;
}

/* Returns an exit code. */
static int print_table(const char *dir, const char *name,
                       const char *format_name, const goal_list *goals,
                       const table_view *view, const char *path) {
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
  if (!format && (view->columns || view->pivot)) {
    say("report: " GBENCH " has no columns to choose");
    return EXIT_USAGE;
  }
  report *r = report_open(dir, found->visit);
  FILE *out = r ? open_output(path) : NULL;
  if (!out)
    return EXIT_USAGE;
  r->goals = goals;
  const int code = print(r, found, format, view, out);
  if (code == EXIT_NOTHING)
    say("%s: no run has what the table '%s' shows", r->dir, found->name);
  report_free(r);
  const bool written = close_output(out, path);
  return !written ? EXIT_SOME_FAILED : code;
}

int report_print(const char *dir, const char *name, const char *format_name,
                 const goal_list *goals) {
  const table_view view = {
      .wanted = arena_text("reapmark report %s --wide shows them", dir)};
  return print_table(dir, name, format_name, goals, &view, NULL);
}

typedef struct report_options {
  const char *format, *table, *figure, *path;
  goal_list goals;
  table_view view;
} report_options;

static const char *take_goal(void *values, const char *text) {
  return goal_add(&((report_options *)values)->goals, text);
}

static const option_row option_rows[] = {
    {"format", 'f', "FORMAT", FORMAT_NAMES ", gbench, html (table)",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, format)},
    {"table", 0, "TABLE", "one of the tables above (all metrics by cell)",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, table)},
    {"goal", 0, "GOAL", "what is wanted, such as 'p99 <= 5ms'; may be repeated",
     .kind = OPTION_CALL, .call = take_goal},
    {"figure", 0, "FIGURE", "draw one of the figures above into the output",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, figure)},
    {"output", 'o', "FILE", "write to FILE (standard output)",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, path)},
    VIEW_OPTIONS(report_options, view),
    {0}};

const option_usage report_usage = {
    .name = "report",
    .summary = "print the results in a directory again, or make a page of them",
    .synopsis = "DIR... [options]",
    .description =
        "What do the results in DIR say?  Prints them, whether all runs are "
        "there or not,\nand runs nothing.  csv and json hold numbers in base "
        "units (ns, bytes, per second);\njson holds every sample; gbench is "
        "JSON for Google Benchmark's own tools, without the\ncells that "
        "failed: its context names them.  html is a page of everything, one "
        "file that\nneeds no other; of several DIRs, it has them side by "
        "side.\n\n"
        "tables, in every format but gbench and html:\n"
        "  answer       goals; fastest, smallest, smoothest: who can be told "
        "apart\n"
        "  overview     all collectors in one line each, by heap\n"
        "  time-space   wall time relative to the best, by heap\n"
        "  lbo          lower-bound overhead in wall and CPU time, and the "
        "naive GC share\n"
        "  mmu          mutator utilisation (MMU and BMU) at windows of 1 to "
        "100 ms\n"
        "  percentiles  of pauses and requests\n"
        "  observer     what the instruments cost (after run --observer)\n"
        "  stability    whether the invocations of a cell settle or drift\n"
        "  latency      of requests, by rate: from the intended start, simple, "
        "metered\n"
        "  memory       footprint over the bytes to be held, fragmentation, "
        "floating garbage\n"
        "  memory-time  footprint and resident memory over time\n"
        "  growth       ns per operation by the number of live objects\n"
        "  leaks        the matrix of causes of leaks (after run leaks)\n"
        "  pacing       when collectors collect, and what they hold "
        "meanwhile\n"
        "  pacing-space each heap policy as a curve of time over memory\n"
        "  phases       what pauses consist of, and times to safepoint\n"
        "  limits       whether the suite's targets are met\n\n"
        "--pivot workload,collector,pause_max_ns: workloads down, collectors "
        "across, the longest\npause.  In a terminal, columns without room "
        "leave; --wide keeps all.\n\n"
        "figures, with -o F.svg or F.pdf:\n"
        "  overhead, overhead-cpu, percentiles, mmu, memory, garbage, "
        "growth\n\n"
        "goals: NAME <= VALUE, or >=; p99, p99.9 (of requests), pause, step, "
        "heap, rss,\nthroughput, cpu, wall, gc, or a metric of the format "
        "json.",
    .example = "DIR --goal 'p99 <= 5ms' --goal 'heap <= 512M' --format html "
               "-o page.html\n"
               "DIR --pivot workload,collector,pause_max_ns\n"
               "DIR --table lbo --format latex -o lbo.tex\n"
               "DIR --columns collector,throughput_per_s -f csv-excel -o t.csv",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = INT_MAX,
    .missing = "a results directory"};

/* ------------------------------------------------------------------------- *
 * Figures and pages.
 * ------------------------------------------------------------------------- */

static int draw_figure(const char *dir, const char *name, const char *path) {
  const figure_kind *kind;
  const char *wrong = figures_find(name, &kind);
  if (!wrong && !path)
    wrong = "--figure needs -o F.svg or F.pdf";
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  report *r = report_open(dir, kind->visit);
  if (!r)
    return EXIT_USAGE;
  json_t *styles = json_object();
  const panels all = kind->make(r, styles);
  json_decref(styles);
  const figure **figures = arena_take((all.count + 1) * sizeof *figures);
  for (size_t i = 0; i < all.count; i++)
    figures[i] = all.items[i].figure;
  const char *why = all.count ? plot_file(figures, all.count, path) : NULL;
  if (why)
    say("%s", why);
  if (!all.count)
    say("%s: no run has what the figure '%s' shows", r->dir, name);
  report_free(r);
  return why ? EXIT_SOME_FAILED : all.count ? EXIT_OK : EXIT_NOTHING;
}

static int write_page(char **dirs, const goal_list *goals, const char *path) {
  size_t count = 0;
  while (dirs[count])
    count++;
  report **reports = arena_take(count * sizeof *reports);
  for (size_t i = 0; i < count; i++) {
    reports[i] = report_open(dirs[i], page_gather);
    if (!reports[i])
      return EXIT_USAGE;
    reports[i]->goals = goals;
  }
  FILE *out = open_output(path);
  if (!out)
    return EXIT_USAGE;
  const machine_build *b = &machine_this_build;
  const char *why =
      page_write((const report *const *)reports, count,
                 arena_text("reapmark %s%s%s%s", b->version,
                            *b->git ? " (" : "", b->git, *b->git ? ")" : ""),
                 out);
  if (why)
    say("%s", why);
  for (size_t i = 0; i < count; i++)
    report_free(reports[i]);
  return close_output(out, path) ? EXIT_OK : EXIT_SOME_FAILED;
}

int report_command(int argc, char **argv) {
  report_options o = {.format = "table"};
  char **operands;
  int code = options_parse(&report_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const bool html = !strcmp(o.format, HTML);
  if (html && (o.table || o.figure)) {
    say("report: html is a page of all tables and figures; leave --%s out",
        o.table ? "table" : "figure");
    return EXIT_USAGE;
  }
  if ((html || o.figure) && (o.view.columns || o.view.pivot)) {
    say("report: --columns and --pivot are of one table; name it by --table");
    return EXIT_USAGE;
  }
  if (html)
    return write_page(operands, &o.goals, o.path);
  if (operands[1]) {
    say("report: '%s' is one directory too many: a report is of one; 'reapmark "
        "compare %s %s' and --format html set them side by side",
        operands[1], operands[0], operands[1]);
    return EXIT_USAGE;
  }
  return o.figure ? draw_figure(operands[0], o.figure, o.path)
                  : print_table(operands[0], o.table, o.format, &o.goals,
                                &o.view, o.path);
}
