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
#include "harness/report/followed.h"
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

report *report_open(const char *dir, const char *only, report_visitor *visit) {
  char why[256];
  report *r = report_load_machine(dir, only, visit, why, sizeof why);
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
  const bool merged = r->only || r->machines_count > 1;
  if (r->found < r->planned)
    say("%zu of %zu runs are missing; %s", r->planned - r->found, r->planned,
        merged ? "run their rounds into another directory, and merge again"
               : arena_text("go on with: reapmark run --resume -o %s", dir));
  return r;
}

/* Formats of the main table only, beside followed_formats: Google
 * Benchmark's JSON, and a page that has all tables. */
#define GBENCH "gbench"
#define HTML   "html"

/* The names of those that have no page of tables. */
static const char *const *exports(void) {
  static const char *names[FOLLOWED_FORMATS + 2] = {GBENCH};
  for (size_t i = 0; i < FOLLOWED_FORMATS; i++)
    names[i + 1] = followed_formats[i].name;
  return names;
}

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

/* Names the cells that have no figures, or no times.  Returns how many of them
 * are failures. */
static size_t say_left_out(const report *r) {
  size_t failed = 0;
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    const char *why = report_left_out(c);
    if (verdict_is_failure(c->verdict)) {
      say_warning("W-left-out", "%s failed and is left out: %s", c->id, why);
      failed++;
    } else if (why && report_is_good(c))
      say_warning("W-left-out", "times of %s are left out: %s", c->id, why);
  }
  return failed;
}

/* Returns an exit code: what follows figures should hear of those that are
 * missing. */
static int print_followed(const report *r, const followed_format *format,
                          const metric_list *chosen, FILE *out) {
  size_t count;
  page *p = followed_page(format, r, chosen, &count);
  format_json(p, out);
  json_decref(p->json);
  if (say_left_out(r) || r->found < r->planned)
    return EXIT_SOME_FAILED;
  if (count)
    return EXIT_OK;
  say("%s: no cell has a figure for the format '%s'", r->dir, format->name);
  return EXIT_NOTHING;
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

/* Prints the table, which stands for the main one if `is_main`; a format of
 * NULL is GBENCH. Returns an exit code: EXIT_NOTHING if no run has what the
 * table shows. */
static int print(const report *r, const report_table *of, bool is_main,
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
  if (is_main && (!format || format->rows_only))
    say_stalls(r);
  if (is_main && format && format->print == format_text && !view->columns &&
      !view->pivot)
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

/* Of several machines: what the table shows of each, if it is absolute. */
static int print_each(const report *all, const report_table *of,
                      const output_format *format, const goal_list *goals,
                      const table_view *view, FILE *out) {
  int code = EXIT_NOTHING;
  for (size_t i = 0; i < all->machines_count; i++) {
    char why[256];
    report *r = report_load_machine(all->dir, all->machines[i].id, of->visit,
                                    why, sizeof why);
    if (!r) { /* which was read just now */
      say("%s", why);
      return EXIT_SOME_FAILED;
    }
    r->goals = goals;
    page *p = of->make(r);
    const int printed = p ? view_print(view, format, p, out) : EXIT_NOTHING;
    report_free(r);
    if (printed != EXIT_NOTHING)
      code = printed;
    if (code != EXIT_OK && code != EXIT_NOTHING)
      return code;
    fputc('\n', out);
  }
  return code;
}

/* Whether what is asked for can be made of several machines at once.  False
 * after it was said. */
static bool check_several(const report *r, bool possible) {
  if (possible || r->machines_count == 1)
    return true;
  candidates ids = {0};
  for (size_t i = 0; i < r->machines_count; i++)
    candidates_add(&ids, r->machines[i].id);
  say("%s is of %zu machines, and absolute figures are of one: choose it by "
      "--machine%s, or see --table machines",
      r->dir, r->machines_count, suggest_any("", &ids));
  return false;
}

/* The table of results that are of several machines; the main one shows what
 * they say together. */
static const report_table *table_of(const report *r,
                                    const report_table *wanted) {
  const report_table *together;
  report_find_table("machines", &together);
  return r->machines_count > 1 && wanted == report_tables ? together : wanted;
}

/* Whether a format that has no table can show what the view wants of it; of one
 * of followed_formats, adds the metrics.  False after a mistake, which was
 * said. */
static bool choose_figures(const char *format, const table_view *view,
                           metric_list *chosen) {
  const followed_format *followed = followed_find(format);
  if (!view->pivot && followed)
    return followed_choose(followed, view->columns, chosen);
  if (view->pivot || view->columns)
    say("report: %s has no columns to %s", format,
        view->pivot ? "pivot" : "choose");
  return !view->pivot && !view->columns;
}

/* Returns an exit code. */
static int print_table(const char *dir, const char *only, const char *name,
                       const char *format_name, const goal_list *goals,
                       const table_view *view, const char *path) {
  const report_table *found;
  const output_format *format = NULL;
  const char *wrong = report_find_table(name, &found);
  if (!wrong)
    wrong = format_find(format_name, found == report_tables ? exports() : NULL,
                        &format);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  const followed_format *followed = format ? NULL : followed_find(format_name);
  metric_list chosen = {0};
  if (!format && !choose_figures(format_name, view, &chosen))
    return EXIT_USAGE;
  report *r = report_open(dir, only, found->visit);
  if (!r)
    return EXIT_USAGE;
  const bool is_main = found == report_tables;
  found = format ? table_of(r, found) : found;
  const bool prints_each =
      format && !format->rows_only && format->print != format_json;
  const bool together = format && found->joins_machines;
  FILE *out =
      check_several(r, together || prints_each) ? open_output(path) : NULL;
  if (!out)
    return EXIT_USAGE;
  r->goals = goals;
  const int code = followed ? print_followed(r, followed, &chosen, out)
                   : r->machines_count == 1 || together
                       ? print(r, found, is_main, format, view, out)
                       : print_each(r, found, format, goals, view, out);
  if (code == EXIT_NOTHING && format)
    say("%s: no run has what the table '%s' shows", r->dir, found->name);
  report_free(r);
  const bool written = close_output(out, path);
  return !written ? EXIT_SOME_FAILED : code;
}

int report_print(const char *dir, const char *name, const char *format_name,
                 const goal_list *goals) {
  const table_view view = {
      .wanted = arena_text("reapmark report %s --wide shows them", dir)};
  return print_table(dir, NULL, name, format_name, goals, &view, NULL);
}

typedef struct report_options {
  const char *format, *table, *figure, *path, *machine;
  goal_list goals;
  table_view view;
} report_options;

static const char *take_goal(void *values, const char *text) {
  return goal_add(&((report_options *)values)->goals, text);
}

static const option_row option_rows[] = {
    {"format", 'f', "FORMAT", FORMAT_NAMES ", or one above (table)",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, format)},
    {"table", 0, "TABLE", "one of the tables above (all metrics by cell)",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, table)},
    {"goal", 0, "GOAL", "what is wanted, such as 'p99 <= 5ms'; may be repeated",
     .kind = OPTION_CALL, .call = take_goal, .repeats = true},
    {"figure", 0, "FIGURE", "draw one of the figures above into the output",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, figure)},
    {"machine", 0, "MACHINE", "of merged results, those of this machine",
     .kind = OPTION_TEXT, .offset = offsetof(report_options, machine)},
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
        "failed: its context names them.  bmf is for Bencher, and "
        "smaller-is-better and\nbigger-is-better are for "
        "github-action-benchmark: medians with their intervals, of\nthe "
        "metrics that --columns names, or those that compare compares; where "
        "a cell failed it\nis left out, and the exit status is 1.  html is a "
        "page of everything, one file that\nneeds no other; of several DIRs, "
        "it has them side by side.\n\n"
        "tables, in every other format:\n"
        "  answer       goals; fastest, smallest, smoothest: who can be told "
        "apart\n"
        "  overview     all collectors in one line each, by heap\n"
        "  time-space   wall time relative to the best, by heap\n"
        "  lbo          lower-bound overhead in wall and CPU time, and the "
        "naive GC share\n"
        "  mmu          mutator utilisation (MMU and BMU) at windows of 10 us "
        "to 100 ms\n"
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
        "  machines     of merged results: ratios over all machines, figures "
        "of each\n"
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

static int draw_figure(const char *dir, const char *only, const char *name,
                       const char *path) {
  const figure_kind *kind;
  const char *wrong = figures_find(name, &kind);
  if (!wrong && !path)
    wrong = "--figure needs -o F.svg or F.pdf";
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  report *r = report_open(dir, only, kind->visit);
  if (!r || !check_several(r, false))
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

static int write_page(char **dirs, const char *only, const goal_list *goals,
                      const char *path) {
  size_t count = 0;
  while (dirs[count])
    count++;
  report **reports = arena_take(count * sizeof *reports);
  for (size_t i = 0; i < count; i++) {
    reports[i] = report_open(dirs[i], only, page_gather);
    if (!reports[i] || !check_several(reports[i], false))
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
    return write_page(operands, o.machine, &o.goals, o.path);
  if (operands[1]) {
    say("report: '%s' is one directory too many: a report is of one; 'reapmark "
        "compare %s %s' and --format html set them side by side",
        operands[1], operands[0], operands[1]);
    return EXIT_USAGE;
  }
  return o.figure ? draw_figure(operands[0], o.machine, o.figure, o.path)
                  : print_table(operands[0], o.machine, o.table, o.format,
                                &o.goals, &o.view, o.path);
}
