/* compare.c: compares results directories, or collectors within them.  It never
 * runs anything. */
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "report.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/base/words.h"
#include "harness/base/spec.h"
#include "harness/record/identity.h"
#include "harness/report/compare.h"
#include "harness/report/metric-list.h"
#include "harness/output/view.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------------- *
 * Command line.
 * ------------------------------------------------------------------------- */

typedef struct compare_options {
  const char *format, *metrics, *limits;
  double alpha, threshold;
  uint64_t aa, seed;
  table_view view;
} compare_options;

#define FIELD(member) offsetof(compare_options, member)
static const option_row option_rows[] = {
    {"metric", 'm', "METRIC,...", "metrics to compare (the main ones)",
     .kind = OPTION_LIST, .offset = FIELD(metrics)},
    {"format", 'f', "FORMAT", FORMAT_NAMES " (table)", .kind = OPTION_TEXT,
     .offset = FIELD(format)},
    {"alpha", 0, "SHARE", "chance of one false difference in a table (5%)",
     .kind = OPTION_SHARE, .offset = FIELD(alpha)},
    {"threshold", 0, "SHARE", "ignore differences below this share (none)",
     .kind = OPTION_SHARE, .offset = FIELD(threshold)},
    {"fail-on-regression", 0, "METRIC=SHARE,...",
     "exit with status 4 if METRIC is worse by more", .kind = OPTION_LIST,
     .offset = FIELD(limits)},
    {"aa", 0, "N", "compare DIR with itself, N invocations a side",
     .kind = OPTION_NUMBER, .offset = FIELD(aa), .min = 2, .max = 500},
    {"seed", 0, "N", "seed of the sides that --aa draws (42)",
     .kind = OPTION_NUMBER, .offset = FIELD(seed), .max = INT64_MAX},
    VIEW_OPTIONS(compare_options, view),
    {0}};

const option_usage compare_usage = {
    .name = "compare",
    .summary = "compare results, or the collectors within results",
    .synopsis = "BASE [NEW...] [options]",
    .description =
        "Is it faster or slower, and is the difference real?  Compares the "
        "results in BASE\nwith those in each NEW, cell by cell.  Each is a "
        "results directory, or\nDIR:COLLECTOR for the cells of one collector; "
        "BASE alone, as DIR:COLLECTOR, is\ncompared with every other collector "
        "of DIR.\n\nThe unit of comparison is the invocation.  A change is "
        "shown if the test of Mann\nand Whitney, with Holm's adjustment over "
        "the table, finds it significant, else ~.\nAt least 4 invocations a "
        "side are needed, more if there are several cells.\n\n--aa cuts the "
        "invocations of each cell into groups of 2 N, deals each group to\ntwo "
        "sides, and counts how often the sides differ significantly: if more "
        "often than\nalpha allows, the test or the measurements are wrong.\n\n"
        "exit status: 0 compared, 1 --aa found more than alpha allows, 2 "
        "usage, 3 nothing to\ncompare (or nothing of one METRIC), 4 a "
        "regression beyond --fail-on-regression, or\na cell that only BASE "
        "completed.",
    .example = "before after --metric throughput,pause_p99\n"
               "DIR:refcount DIR:mark-sweep",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = 64,
    .missing = "a results directory"};

/* ------------------------------------------------------------------------- *
 * Limits.
 * ------------------------------------------------------------------------- */

/* METRIC=SHARE of --fail-on-regression. */
typedef struct limit {
  const metric *metric;
  double worse;
} limit;
typedef struct limit_list {
  limit *items;
  size_t count;
} limit_list;

static bool choose_limits(const char *text, limit_list *list) {
  static const char option[] = "fail-on-regression";
  word_list pieces = words_pieces(text);
  for (size_t i = 0; i < pieces.count; i++) {
    const char *piece = pieces.words[i];
    const char *equals = strchr(piece, '=');
    limit l = {0};
    if (!equals || !options_share(equals + 1, &l.worse)) {
      say("--%s: '%s' is not METRIC=SHARE, such as throughput=5%%", option,
          piece);
      return false;
    }
    l.metric = metric_list_find(
        option, arena_text("%.*s", (int)(equals - piece), piece));
    if (!l.metric)
      return false;
    list->items = arena_more(list->items, list->count, sizeof l);
    list->items[list->count++] = l;
  }
  return true;
}

/* ------------------------------------------------------------------------- *
 * Sides.
 * ------------------------------------------------------------------------- */

typedef struct side_list {
  compare_side *items;
  size_t count;
} side_list;

static void add_side(side_list *list, compare_side side) {
  list->items = arena_more(list->items, list->count, sizeof side);
  list->items[list->count++] = side;
}

static bool is_folder(const char *path) {
  struct stat about;
  return !stat(path, &about) && S_ISDIR(about.st_mode);
}

/* Results that were read, by folder: a folder may be on several sides. */
typedef struct folder {
  const char *path;
  report *report;
} folder;
typedef struct folder_list {
  folder *items;
  size_t count;
} folder_list;

static report *open_folder(folder_list *list, const char *path) {
  for (size_t i = 0; i < list->count; i++)
    if (!strcmp(list->items[i].path, path))
      return list->items[i].report;
  report *r = report_open(path, NULL, NULL);
  if (!r)
    return NULL;
  list->items = arena_more(list->items, list->count, sizeof *list->items);
  list->items[list->count++] = (folder){path, r};
  return r;
}

static bool has_collector(const report *r, const char *name,
                          candidates *known) {
  bool found = false;
  for (size_t i = 0; i < r->count; i++) {
    const char *collector = r->cells[i].collector;
    bool seen = false;
    for (size_t k = 0; k < known->count; k++)
      seen |= !strcmp(known->words[k], collector);
    if (!seen)
      candidates_add(known, collector);
    found |= !strcmp(collector, name);
  }
  return found;
}

static bool is_results(const char *path) {
  return is_folder(path) && !access(arena_text("%s/plan.json", path), F_OK);
}

/* Where DIR ends in DIR or DIR:COLLECTOR: both may have colons.  DIR is the
 * longest beginning that `is` such a folder; NULL if none is. */
static const char *end_of_folder(const char *text, bool (*is)(const char *)) {
  const char *end = text + strlen(text);
  while (!is(arena_text("%.*s", (int)(end - text), text))) {
    do
      if (end == text)
        return NULL;
    while (*--end != ':');
  }
  return end;
}

static bool open_side(folder_list *folders, const char *text,
                      compare_side *side) {
  const char *end = end_of_folder(text, is_results);
  if (!end) /* for the message */
    end = end_of_folder(text, is_folder);
  if (!end)
    end = text + strcspn(text, ":");
  const char *path = arena_text("%.*s", (int)(end - text), text);
  const char *colon = *end ? end : NULL;
  *side = (compare_side){.name = text,
                         .report = open_folder(folders, path),
                         .collector = colon ? colon + 1 : NULL};
  if (!side->report)
    return false;
  candidates known = {0};
  if (colon && !has_collector(side->report, colon + 1, &known)) {
    say("%s has no collector '%s'%s", path, colon + 1,
        suggest_any(colon + 1, &known));
    return false;
  }
  return true;
}

/* BASE alone: every other collector of its folder is new. */
static void add_others(const compare_side *base, side_list *fresh) {
  candidates known = {0};
  has_collector(base->report, base->collector, &known);
  size_t path = strlen(base->name) - strlen(base->collector);
  for (size_t i = 0; i < known.count; i++)
    if (strcmp(known.words[i], base->collector))
      add_side(fresh, (compare_side){arena_text("%.*s%s", (int)path, base->name,
                                                known.words[i]),
                                     base->report, known.words[i]});
}

/* Reads all sides.  Returns an exit code. */
static int open_sides(char **operands, folder_list *folders, compare_side *base,
                      side_list *fresh) {
  if (!open_side(folders, operands[0], base))
    return EXIT_USAGE;
  for (char **word = operands + 1; *word; word++) {
    compare_side side;
    if (!open_side(folders, *word, &side))
      return EXIT_USAGE;
    if (!side.collector != !base->collector) {
      say("compare: '%s' and '%s': name a collector of both, or of neither",
          base->name, side.name);
      return EXIT_USAGE;
    }
    add_side(fresh, side);
  }
  if (!operands[1] && !base->collector) {
    say("compare: with what? name another folder, or a collector as %s:NAME",
        base->name);
    return EXIT_USAGE;
  }
  if (!operands[1])
    add_others(base, fresh);
  if (fresh->count)
    return EXIT_OK;
  say("%s is the only collector there: nothing to compare", base->name);
  return EXIT_NOTHING;
}

/* Warns if the sides were made by different processors. */
static void check_processors(const compare_side *base,
                             const compare_side *fresh) {
  const json_t *a = json_object_get(base->report->machine, "cpu");
  const json_t *b = json_object_get(fresh->report->machine, "cpu");
  char of_base[128], of_fresh[128];
  const char *field = identity_difference(a, b);
  const char *verb = "differs";
  if (!field) {
    field = identity_unknown(a, b);
    verb = "may differ";
  }
  if (a && b && field)
    say_warning("W-processors", "the cpu %s %s: %s: %s, %s: %s", field, verb,
                base->name, identity_text(a, field, of_base, sizeof of_base),
                fresh->name,
                identity_text(b, field, of_fresh, sizeof of_fresh));
}

/* Of results of several machines those are compared that both sides have. */
static void check_machines(const compare_side *base,
                           const compare_side *fresh) {
  size_t shared = 0;
  for (size_t i = 0; i < base->report->machines_count; i++)
    for (size_t k = 0; k < fresh->report->machines_count; k++)
      shared +=
          !strcmp(base->report->machines[i].id, fresh->report->machines[k].id);
  if (!shared)
    say_warning("W-no-shared-machine",
                "%s and %s have no machine in common (%s; %s): nothing can be "
                "compared within one",
                base->name, fresh->name, machines_text(base->report),
                machines_text(fresh->report));
}

/* Warns of what makes a difference beside what is compared. */
static void check_sides(const compare_side *base, const compare_side *fresh) {
  static const char *const paths[][2] = {
      {"os", "release"}, {"build", "compiler"}, {"build", "type"}};
  if (base->report == fresh->report)
    return;
  if (base->report->machines_count > 1 || fresh->report->machines_count > 1) {
    check_machines(base, fresh);
    return;
  }
  check_processors(base, fresh);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    const char *sides[2];
    const report *reports[] = {base->report, fresh->report};
    for (size_t k = 0; k < 2; k++)
      sides[k] = json_string_value(json_object_get(
          json_object_get(reports[k]->machine, paths[i][0]), paths[i][1]));
    if (sides[0] && sides[1] && strcmp(sides[0], sides[1]))
      say_warning("W-systems", "the %s %s differs: %s: %s, %s: %s", paths[i][0],
                  paths[i][1], base->name, sides[0], fresh->name, sides[1]);
  }
  if (!json_equal(json_object_get(base->report->plan, "seed"),
                  json_object_get(fresh->report->plan, "seed")))
    say_warning("W-seeds",
                "%s and %s have different seeds, so their workloads differ",
                base->name, fresh->name);
  const char *pins[] = {
      json_string_value(json_object_get(base->report->plan, "pin")),
      json_string_value(json_object_get(fresh->report->plan, "pin"))};
  if (strcmp(pins[0] ? pins[0] : "auto", pins[1] ? pins[1] : "auto"))
    say_warning("W-pinned", "the threads ran elsewhere: %s: --pin %s, %s: %s",
                base->name, pins[0] ? pins[0] : "auto", fresh->name,
                pins[1] ? pins[1] : "auto");
  const char *suspect = report_suspect_text(base->report, fresh->report);
  if (suspect)
    say_warning("W-canary", "%s and %s: %s", base->name, fresh->name, suspect);
}

/* ------------------------------------------------------------------------- *
 * What is said of a comparison.
 * ------------------------------------------------------------------------- */

/* Invocations of both sides. */
typedef struct counts {
  size_t base, fresh;
} counts;

static const char *counts_text(counts n) {
  return n.base == n.fresh ? arena_text("%zu invocation%s a side", n.base,
                                        n.base == 1 ? "" : "s")
                           : arena_text("%zu+%zu invocations", n.base, n.fresh);
}

/* What it takes for p <= alpha: more of the side that has fewer. */
static const char *wanted_text(counts n, double alpha) {
  counts wanted = n;
  while (stat_smallest_p(wanted.base, wanted.fresh) > alpha) {
    bool level = wanted.base == wanted.fresh;
    if (level || wanted.base < wanted.fresh)
      wanted.base++;
    if (level || wanted.base > wanted.fresh)
      wanted.fresh++;
  }
  if (n.base == n.fresh)
    return arena_text("it takes %zu, so %zu more", wanted.base,
                      wanted.base - n.base);
  return arena_text("it takes %zu+%zu, so %zu more", wanted.base, wanted.fresh,
                    wanted.base - n.base + wanted.fresh - n.fresh);
}

/* The same of results of several machines within one directory, which are
 * compared round by round. */
static void say_too_few_rounds(const comparison *c) {
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < c->count; i++) {
    size_t n = 0;
    for (size_t k = 0; k < c->rows[i].strata.count; k++)
      n += c->rows[i].strata.items[k].n;
    least = n && n < least ? n : least;
  }
  const size_t wanted =
      stat_fewest_for_signs(c->rules.alpha / (double)c->tested);
  if (least < wanted)
    say_warning("W-too-few",
                "with %zu round%s, a difference in one of %zu cell%s cannot be "
                "significant at %g after Holm; it takes %zu, so %zu more",
                least, least == 1 ? "" : "s", c->tested,
                c->tested == 1 ? "" : "s", c->rules.alpha, wanted,
                wanted - least);
}

/* Of the first metric: all have the same invocations. */
static void say_too_few(const comparison *c) {
  if (!c->tested)
    return;
  if (c->by_machine) {
    say_too_few_rounds(c);
    return;
  }
  size_t least = SIZE_MAX;
  counts weakest = {0, 0};
  double p = 0;
  for (size_t i = 0; i < c->count; i++) {
    const compare_row *row = &c->rows[i];
    if (row->verdict == COMPARE_NONE)
      continue;
    least = row->base.n < least ? row->base.n : least;
    least = row->fresh.n < least ? row->fresh.n : least;
    double smallest = stat_smallest_p(row->base.n, row->fresh.n);
    if (smallest > p)
      weakest = (counts){row->base.n, row->fresh.n};
    p = fmax(p, smallest);
  }
  double alpha = c->rules.alpha, share = alpha / (double)c->tested;
  size_t median = stat_fewest_for_median(REPORT_CONFIDENCE);
  if (p > alpha)
    say_warning("W-too-few", "%s cannot show any difference at %g; %s",
                counts_text(weakest), alpha, wanted_text(weakest, alpha));
  else if (p > share)
    say_warning("W-too-few",
                "with %s, a difference in one of %zu cells cannot be "
                "significant at %g after Holm; %s",
                counts_text(weakest), c->tested, alpha,
                wanted_text(weakest, share));
  if (least < median)
    say_warning("W-too-few",
                "the interval of a median takes %zu invocations, so %zu more",
                median, median - least);
}

/* What a comparison says about the limits. */
typedef struct gate {
  size_t regressions;
  bool nothing; /* a limit had no number to be held against */
} gate;

static bool good(const compare_sample *s) {
  return s->cell && report_is_good(s->cell);
}

static bool failed(const compare_sample *s) {
  return s->cell && verdict_is_failure(s->cell->verdict);
}

/* A run that was disturbed says nothing of the collector. */
static bool disturbed(const compare_sample *s) {
  return s->cell && s->cell->verdict == VERDICT_SUSPECT;
}

/* How the new side fails a row that base completed; NULL: it does not. */
static const char *row_failure(const compare_row *row) {
  if (!good(&row->base))
    return NULL;
  if (!row->fresh.cell)
    return "the new side has no such cell";
  return good(&row->fresh) || disturbed(&row->fresh)
             ? NULL
             : report_verdict_text(row->fresh.cell);
}

/* Cells that base completed and the new side failed, of any one metric. */
static size_t say_failures(const comparison *c) {
  size_t failures = 0;
  for (size_t i = 0; i < c->count; i++) {
    const char *failure = row_failure(&c->rows[i]);
    if (!failure)
      continue;
    say("regression: %s: %s: %s", c->fresh.name, c->rows[i].label, failure);
    failures++;
  }
  return failures;
}

/* Holds the cells that both completed against a limit. */
static void hold_against(const comparison *c, double worse, gate *g) {
  for (size_t i = 0; i < c->count; i++) {
    const compare_row *row = &c->rows[i];
    if (row->base.values && !row->fresh.values &&
        (good(&row->fresh) || disturbed(&row->fresh))) {
      /* No regression either: fewer than 100 pauses have no p99. */
      say("--fail-on-regression: %s: %s: %s: nothing to compare", c->fresh.name,
          row->label,
          good(&row->fresh)
              ? arena_text("not every invocation has %s", c->metric->name)
              : report_verdict_text(row->fresh.cell));
      g->nothing = true;
    }
    if (row->verdict == COMPARE_NONE || row->verdict == COMPARE_SAME ||
        !(compare_worse(c, row) > worse))
      continue;
    say("regression: %s: %s: %s is worse by %.1f %%", c->fresh.name, row->label,
        c->metric->name, 100 * compare_worse(c, row));
    g->regressions++;
  }
  if (c->tested)
    return;
  say("--fail-on-regression: %s and %s have no cell with %s on both sides: "
      "nothing to compare",
      c->base.name, c->fresh.name, c->metric->name);
  g->nothing = true;
}

/* Whether a new side ran anything that base completed.  If not, that cells are
 * missing is no regression: it is the wrong folder, or one without runs. */
static bool ran(const comparison *c) {
  bool any = false;
  for (size_t i = 0; i < c->count; i++)
    any |= good(&c->rows[i].base) &&
           (good(&c->rows[i].fresh) || failed(&c->rows[i].fresh));
  return any;
}

/* Says every regression beyond the limits, in comparisons of which `a_side`
 * each have the same new side. */
static gate say_regressions(comparison *const *all, size_t count, size_t a_side,
                            const limit_list *limits) {
  gate g = {0};
  for (size_t i = 0; limits->count && i < count; i++) {
    if (i % a_side == 0 && ran(all[i]))
      g.regressions += say_failures(all[i]);
    for (size_t l = 0; l < limits->count; l++)
      if (all[i]->metric == limits->items[l].metric)
        hold_against(all[i], limits->items[l].worse, &g);
  }
  return g;
}

/* ------------------------------------------------------------------------- *
 * The command.
 * ------------------------------------------------------------------------- */

static int compare_all(const compare_side *base, const side_list *fresh,
                       const metric_list *chosen, const limit_list *limits,
                       const compare_options *o, const output_format *format) {
  compare_rules rules = {o->alpha, o->threshold};
  size_t count = 0;
  comparison **all = arena_take(fresh->count * chosen->count * sizeof *all);
  gate held = {0};
  for (size_t s = 0; s < fresh->count; s++) {
    check_sides(base, &fresh->items[s]);
    const compare_sides *sides = compare_match(*base, fresh->items[s]);
    for (size_t m = 0; m < chosen->count; m++)
      all[count++] = compare_make(sides, chosen->items[m], rules);
    say_too_few(all[count - chosen->count]);
  }
  int code = EXIT_OK;
  if (all[0]->count)
    code = view_print(&o->view, format, compare_page(all, count), stdout);
  if (code)
    return code;
  if (!all[0]->count) {
    say("the two sides have no cells");
    code = EXIT_NOTHING;
  } else
    held = say_regressions(all, count, chosen->count, limits);
  if (code)
    return code;
  return held.regressions ? EXIT_REGRESSION
         : held.nothing   ? EXIT_NOTHING
                          : EXIT_OK;
}

static const table_column aa_columns[] = {
    {.name = "metric", .header = "metric", .traits = TABLE_KEY},
    {.name = "comparisons", .header = "comparisons", .kind = TABLE_INTEGER},
    {.name = "significant", .header = "significant", .kind = TABLE_INTEGER},
    {.name = "share",
     .header = "share",
     .traits = TABLE_ONLY_PEOPLE | TABLE_RIGHT},
    {.name = "at_most", .header = "at most", .kind = TABLE_INTEGER},
    {.name = "tables", .header = "tables", .kind = TABLE_INTEGER, .leaves = 1},
    {.name = "tables_significant",
     .header = "any",
     .kind = TABLE_INTEGER,
     .leaves = 1},
    {.name = "tables_share",
     .header = "share",
     .traits = TABLE_ONLY_PEOPLE | TABLE_RIGHT,
     .leaves = 1},
    {.name = "tables_at_most",
     .header = "at most",
     .kind = TABLE_INTEGER,
     .leaves = 1},
    {.name = "result", .header = ""}};

static void show_share(table_row *row, const char *column, size_t part,
                       size_t of) {
  if (of)
    table_show(row, column, "%.1f%%", 100 * (double)part / (double)of);
  else
    table_show(row, column, "–");
}

/* Adds the row of a metric; returns whether more is significant than chance
 * allows. */
static bool add_aa(table *t, const compare_aa *aa) {
  bool bad =
      aa->significant > aa->bound || aa->tables_significant > aa->tables_bound;
  table_row *row = table_add(t, 0);
  table_set_text(row, "metric", aa->metric->name);
  table_set_integer(row, "comparisons", (long long)aa->comparisons);
  table_set_integer(row, "significant", (long long)aa->significant);
  show_share(row, "share", aa->significant, aa->comparisons);
  table_set_integer(row, "at_most", (long long)aa->bound);
  table_set_integer(row, "tables", (long long)aa->tables);
  table_set_integer(row, "tables_significant",
                    (long long)aa->tables_significant);
  show_share(row, "tables_share", aa->tables_significant, aa->tables);
  table_set_integer(row, "tables_at_most", (long long)aa->tables_bound);
  table_set_text(row, "result",
                 !aa->comparisons ? "no data"
                 : bad            ? "TOO OFTEN"
                                  : "ok");
  return bad;
}

static int compare_aa_all(const report *r, const metric_list *chosen,
                          const compare_options *o,
                          const output_format *format) {
  table *t = table_new(aa_columns, sizeof aa_columns / sizeof *aa_columns);
  size_t comparisons = 0;
  bool too_often = false;
  for (size_t m = 0; m < chosen->count; m++) {
    compare_aa aa = compare_against_itself(r, chosen->items[m], (size_t)o->aa,
                                           o->alpha, o->seed);
    too_often |= add_aa(t, &aa);
    comparisons += aa.comparisons;
  }
  if (!comparisons) {
    say("no cell has %ju good invocations: nothing to compare",
        (uintmax_t)(2 * o->aa));
    return EXIT_NOTHING;
  }
  page *p = page_new(t);
  page_tables(p, t);
  page_text(p, PAGE_PARAGRAPH,
            "Cells against themselves, %ju invocations a side, alpha %g, seed "
            "%ju.  significant:\np <= alpha in a single comparison; any: in a "
            "table of all cells after Holm; at most: so\nmany are chance in %g "
            "of 100 such experiments.",
            (uintmax_t)o->aa, o->alpha, (uintmax_t)o->seed,
            100 * COMPARE_AA_CONFIDENCE);
  const int code = view_print(&o->view, format, p, stdout);
  if (code)
    return code;
  return too_often ? EXIT_SOME_FAILED : EXIT_OK;
}

int compare_command(int argc, char **argv) {
  compare_options o = {.format = "table",
                       .metrics = METRICS_MAIN,
                       .alpha = 0.05,
                       .seed = STAT_SEED};
  char **operands;
  int code = options_parse(&compare_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const output_format *format;
  const char *wrong = format_find(o.format, NULL, &format);
  metric_list chosen = {0};
  limit_list limits = {0};
  folder_list folders = {0};
  compare_side base;
  side_list fresh = {0};
  if (wrong)
    say("%s", wrong);
  if (wrong || !metric_list_choose("metric", o.metrics, &chosen) ||
      (o.limits && !choose_limits(o.limits, &limits)))
    return EXIT_USAGE;
  for (size_t i = 0; i < limits.count; i++)
    metric_list_add(&chosen, limits.items[i].metric);
  if (o.alpha >= 1) {
    say("--alpha: a share below 100%% is wanted");
    return EXIT_USAGE;
  }
  if (o.aa && operands[1]) {
    say("compare: --aa takes one folder");
    return EXIT_USAGE;
  }
  size_t fewest = stat_fewest_for_test(o.alpha);
  if (o.aa && o.aa < fewest) {
    say("--aa: %ju invocations a side cannot show any difference at %g; it "
        "takes %zu",
        (uintmax_t)o.aa, o.alpha, fewest);
    return EXIT_USAGE;
  }
  if (o.aa) {
    const report *r = open_folder(&folders, operands[0]);
    code = r ? compare_aa_all(r, &chosen, &o, format) : EXIT_USAGE;
  } else {
    code = open_sides(operands, &folders, &base, &fresh);
    if (!code)
      code = compare_all(&base, &fresh, &chosen, &limits, &o, format);
  }
  for (size_t i = 0; i < folders.count; i++)
    report_free(folders.items[i].report);
  return code;
}
