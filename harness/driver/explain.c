/* explain.c: `reapmark explain`: what keeps the objects of a cause of leaks
 * (leaks/explain.c), or why the cells of a results directory hold much memory
 * or grow. */
#include "commands.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/record/record.h"
#include "harness/record/results.h"
#include "harness/report/load.h"
#include "harness/report/pacing-causes.h"
#include "leaks/leaks.h"
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct explain_options {
  const char *collectors;
} explain_options;

static const option_row option_rows[] = {
    {"collectors", 'c', "COLLECTOR,...",
     "of a cause: say what these do; or all, references (models)",
     .kind = OPTION_LIST, .offset = offsetof(explain_options, collectors)},
    {0}};

const option_usage explain_usage = {
    .name = "explain",
    .summary = "show what keeps objects, or why a cell holds much memory",
    .synopsis = "CAUSE[:KEY=VALUE,...] | DIR [CELL]  [options]",
    .description =
        "What keeps the objects of a cause of leaks (see 'reapmark leaks')?  "
        "Prints the path\nfrom a root, or the cycle that reference counting "
        "cannot free, and the operations\nthat made each reference, as the "
        "collector 'record' writes them to a trace.  Runs\none round of three "
        "things, or of as many as CAUSE:objects=N says.\n\n"
        "Or: why do cells of the results in DIR grow, or hold much more than "
        "is alive?  Says\nin words which input misled the heap policy, from "
        "the figures of the records; runs\nnothing.  CELL is a cell's name or "
        "a part of it, such as a collector's with its\noptions; without one, "
        "all cells that have something to explain.",
    .example = "results/pacing mark-sweep:policy=percent\n"
               "pair-cycle",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = 2,
    .missing = "a cause of leaks (see 'reapmark list workloads'), or a "
               "directory with results"};

/* ------------------------------------------------------------------------- *
 * Cells.
 * ------------------------------------------------------------------------- */

/* What is looked for, and the record of each cell that holds most. */
typedef struct search {
  const report *report;
  bool *asked; /* by cell */
  json_t **records;
  double *held;
} search;

/* Of several invocations, the one that held most. */
static void keep_worst(void *data, const json_t *record) {
  search *s = data;
  const report_cell *c =
      report_find_cell(s->report, record_text(record, "cell"));
  if (!c || !s->asked[c - s->report->cells])
    return;
  size_t i = (size_t)(c - s->report->cells);
  double held = record_number(record, "memory.footprint_peak");
  if (s->records[i] && !(held > s->held[i]))
    return;
  json_decref(s->records[i]);
  s->records[i] = json_incref((json_t *)record);
  s->held[i] = held;
}

/* Marks the cells of which `part` is the name or a part of it; all, if it is
 * NULL.  Returns how many. */
static size_t mark_cells(const report *r, const char *part, bool *asked) {
  size_t count = 0;
  for (size_t i = 0; i < r->count; i++) {
    asked[i] = !part || strstr(r->cells[i].id, part);
    count += asked[i];
  }
  for (size_t i = 0; part && i < r->count; i++)
    if (!strcmp(r->cells[i].id, part)) { /* the whole name of one */
      memset(asked, 0, r->count * sizeof *asked);
      asked[i] = true;
      return 1;
    }
  return count;
}

static const char *missing_text(const pacing_facts *f) {
  const char *text = "";
  if (!f->lines_count)
    text = "no heap policy tells what it saw";
  if (isnan(f->held_most))
    text = arena_text("%s%sthe workload does not state what is alive", text,
                      *text ? ", and " : "");
  return *text ? arena_text(" (%s)", text) : "";
}

static void print_causes(const report_cell *c, const pacing_facts *f) {
  size_t count;
  const char **found = pacing_find_causes(f, &count);
  printf("%s\n  %s.\n", c->id, pacing_state_text(f));
  for (size_t i = 0; i < count; i++)
    printf("  - %s\n", found[i]);
  if (!count)
    printf("  - Nothing in the record explains it%s.\n", missing_text(f));
}

/* Prints a cell, if there is something to say.  `always`: also if there is
 * not. */
static bool print_cell(const report_cell *c, const json_t *record,
                       bool always) {
  if (!record || !report_is_good(c)) {
    if (always)
      printf("%s\n  %s: there are no figures to explain.\n", c->id,
             report_verdict_text(c));
    return always;
  }
  pacing_facts f = pacing_read(record);
  bool calls = pacing_calls_for_causes(&f);
  if (calls)
    print_causes(c, &f);
  else if (always)
    printf("%s\n  %s.\n  It neither grows nor holds much: there is nothing to "
           "explain.\n",
           c->id, pacing_state_text(&f));
  pacing_free(&f);
  return calls || always;
}

static int explain_cells(const char *dir, const char *part) {
  char why[256];
  results_state state = {0};
  report *r = report_open(dir, NULL, NULL);
  if (!r)
    return EXIT_USAGE;
  search s = {.report = r,
              .asked = arena_take(r->count * sizeof *s.asked),
              .records = arena_take(r->count * sizeof *s.records),
              .held = arena_take(r->count * sizeof *s.held)};
  candidates known = {0};
  for (size_t i = 0; i < r->count; i++)
    candidates_add(&known, r->cells[i].id);
  if (!mark_cells(r, part, s.asked)) {
    say("explain: no cell of %s has '%s' in its name%s", dir, part,
        suggest(part, &known));
    report_free(r);
    return EXIT_USAGE;
  }
  if (!results_read_runs(dir, keep_worst, &s, &state, why, sizeof why)) {
    say("%s", why);
    report_free(r);
    return EXIT_USAGE;
  }
  size_t printed = 0;
  for (size_t i = 0; i < r->count; i++)
    if (s.asked[i])
      printed += print_cell(&r->cells[i], s.records[i], part != NULL);
  if (!printed)
    printf("No cell of %s grows or holds much: there is nothing to explain.\n",
           dir);
  for (size_t i = 0; i < r->count; i++)
    json_decref(s.records[i]);
  report_free(r);
  return EXIT_OK;
}

int explain_command(int argc, char **argv) {
  explain_options o = {0};
  char **operands;
  int code = options_parse(&explain_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  bool is_directory = !access(arena_text("%s/.", operands[0]), F_OK);
  if (!operands[1] && !is_directory)
    return leaks_explain(operands[0], o.collectors);
  if (o.collectors) {
    say("explain: --collectors goes with a cause of leaks, not with cells: "
        "name "
        "a collector as CELL");
    return EXIT_USAGE;
  }
  return explain_cells(operands[0], operands[1]);
}
