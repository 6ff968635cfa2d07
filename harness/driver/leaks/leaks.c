/* leaks.c: `reapmark leaks`: every cause of leaks on every collector, without
 * its remedy and with it. */
#include "leaks.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/driver/plan/plan.h"
#include "harness/driver/run/cell-run.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/base/words.h"
#include "harness/driver/programs/spawn.h"
#include "harness/output/view.h"
#include "harness/record/record.h"
#include "harness/report/load.h"
#include "harness/report/leak-matrix.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "leak-"

typedef struct leaks_options {
  const char *collectors, *causes, *format;
  double timeout;
  bool verbose;
  table_view view;
} leaks_options;

#define FIELD(member) offsetof(leaks_options, member)
static const option_row option_rows[] = {
    {"collectors", 'c', "COLLECTOR,...",
     "the same as COLLECTOR without an option", .kind = OPTION_LIST,
     .offset = FIELD(collectors)},
    {"workloads", 'w', "WORKLOAD,...",
     "run only these causes, NAME[:KEY=VALUE,...] (all)", .kind = OPTION_LIST,
     .offset = FIELD(causes), .former = "causes"},
    {"format", 'f', "FORMAT", FORMAT_NAMES " (table)", .kind = OPTION_TEXT,
     .offset = FIELD(format)},
    {"verbose", 'v', NULL, "print objects and bytes, too", .kind = OPTION_FLAG,
     .offset = FIELD(verbose)},
    {"timeout", 0, "SECONDS", "end a run that takes longer (60)",
     .kind = OPTION_SECONDS, .offset = FIELD(timeout)},
    VIEW_OPTIONS(leaks_options, view),
    {0}};

const option_usage leaks_usage = {
    .name = "leaks",
    .summary = "show what causes of leaks leave behind, by collector",
    .synopsis = "[COLLECTOR...] [options]",
    .description =
        "What stays in memory that the program no longer needs?  Runs the "
        "causes of leaks (the\nworkloads leak-...), each without its remedy "
        "and with it, and prints what is still\nheld.  What a collector should "
        "show follows from what it declares.  'reapmark explain\nCAUSE' says "
        "what keeps the objects.\n\nCOLLECTOR is NAME[:OPTION=VALUE,...], or "
        "all, models, references.  Without any: one of\neach family (refcount, "
        "refcount-cycles, mark-sweep), and those of cpython, lua and\nbdwgc "
        "that are built.\n\nexit status: 0 all as declared, 1 some not, 2 "
        "usage, 3 nothing matched,\n130 interrupted.",
    .example = "refcount mark-sweep -w pair-cycle,cache",
    .options = option_rows,
    .max_operands = 1000};

/* ------------------------------------------------------------------------- *
 * Causes: the workloads that have a remedy.
 * ------------------------------------------------------------------------- */

static bool is_cause(const json_t *workload) {
  size_t i;
  json_t *param;
  json_array_foreach(json_object_get(workload, "params"), i, param) {
    if (!strcmp(json_string_value(json_object_get(param, "name")), "remedy"))
      return true;
  }
  return false;
}

/* The names of all causes, separated by commas. */
static const char *all_causes(const collectors *all) {
  const char *list = "";
  json_t *workloads = discover_workloads(all), *w;
  size_t i;
  json_array_foreach(workloads, i, w) {
    if (is_cause(w))
      list = arena_text("%s%s%s", list, *list ? "," : "",
                        json_string_value(json_object_get(w, "name")));
  }
  json_decref(workloads);
  return list;
}

/* The message for a name that no cause has: suggests one, or lists them. */
static const char *no_cause(const collectors *all, const char *name) {
  candidates known = {0};
  const char *list = all_causes(all);
  const word_list causes = *list ? words_split(list) : (word_list){0};
  for (size_t i = 0; i < causes.count; i++)
    candidates_add(&known, causes.words[i] + strlen(PREFIX));
  return arena_text("'%s' is no cause of leaks%s", name,
                    suggest_any(name, &known));
}

const char *leaks_choose(const collectors *all, const char *word, spec *out) {
  if (!strncmp(word, PREFIX, strlen(PREFIX)))
    word += strlen(PREFIX);
  const char *wrong = resolve_workload(all, arena_text(PREFIX "%s", word), out);
  return is_cause(discover_workload(all, out->name))
             ? wrong
             : no_cause(all, out->name + strlen(PREFIX));
}

/* ------------------------------------------------------------------------- *
 * Runs.
 * ------------------------------------------------------------------------- */

/* The workloads of the plan: every cause twice, with `remedy` set to off and to
 * on.  False after a mistake, which was said. */
static bool both_remedies(const collectors *all, const char *causes,
                          spec_list *out) {
  word_list words = words_split(causes);
  for (size_t i = 0; i < words.count; i++) {
    spec cause;
    const char *wrong = leaks_choose(all, words.words[i], &cause);
    if (!wrong && spec_value(&cause, "remedy"))
      wrong = arena_text("%s: runs with and without the remedy anyway",
                         words.words[i]);
    if (wrong) {
      say("leaks: %s", wrong);
      return false;
    }
    static const char *const remedies[] = {"off", "on"};
    for (size_t k = 0; k < 2; k++) {
      spec one = spec_with(&cause, "remedy", remedies[k]);
      resolve_parameters(all, &one); /* for their order */
      spec_list_add(out, one);
    }
  }
  return true;
}

/* The first root of the workload, in its own words; it keeps the retained
 * objects. */
static const char *root_of(const collectors *all, const char *workload) {
  const char *name;
  json_t *word;
  json_object_foreach(
      json_object_get(discover_workload(all, workload), "words"), name, word) {
    if (strncmp(name, "object", 6))
      return arena_text("%s, %s", name, json_string_value(word));
  }
  return "";
}

/* The name of a row: the cause without the prefix and without `remedy`. */
static const char *cause_text(spec cause) {
  size_t kept = 0;
  spec_setting *others = arena_take((cause.count + 1) * sizeof *others);
  for (size_t i = 0; i < cause.count; i++)
    if (strcmp(cause.settings[i].key, "remedy"))
      others[kept++] = cause.settings[i];
  cause.settings = others;
  cause.count = kept;
  return spec_text(&cause) + strlen(PREFIX);
}

/* Runs a cell; NULL if the user interrupted. */
static json_t *make_row(const plan *p, const plan_cell *c,
                        const collectors *all) {
  json_t *record = c->missing ? NULL : run_cell(p, c, NULL, NULL), *row;
  if (c->missing)
    row = json_pack("{s:s, s:s}", "verdict", "n/a", "reason", c->missing);
  else if (record)
    row = leaks_row(record);
  else
    return NULL;
  bool retained = !strcmp(json_string_value(json_object_get(row, "verdict")),
                          "retained by design");
  json_object_set_new(row, "cause", json_string(cause_text(c->workload)));
  json_object_set_new(row, "collector", json_string(spec_text(&c->options)));
  json_object_set_new(row, "remedy",
                      json_string(spec_value(&c->workload, "remedy")));
  json_object_set_new(
      row, "root", json_string(retained ? root_of(all, c->workload.name) : ""));
  json_decref(record);
  return row;
}

static int run_all(const plan *p, const collectors *all, const leaks_options *o,
                   const output_format *format) {
  if (!spawn_catch_interrupts())
    say_warning("W-interrupts", "Ctrl-C will leave a collector running");
  json_t *rows = json_array();
  int code = EXIT_OK;
  for (size_t i = 0; i < p->cells_count; i++) {
    json_t *row = make_row(p, &p->cells[i], all);
    if (!row) {
      json_decref(rows);
      return EXIT_INTERRUPTED;
    }
    if (json_is_false(json_object_get(row, "declared")))
      code = EXIT_SOME_FAILED;
    json_array_append_new(rows, row);
  }
  const int shown =
      view_print(&o->view, format, leaks_page(rows, o->verbose), stdout);
  json_decref(rows);
  return shown ? shown : code;
}

/* Applies the view to a page without rows: what is wrong with it is known
 * before anything runs. */
static const char *check_view(const leaks_options *o) {
  json_t *none = json_array();
  page *p = leaks_page(none, o->verbose);
  const char *wrong = view_apply(&o->view, p);
  json_decref(p->json);
  json_decref(none);
  return wrong;
}

/* The default collectors: counting, counting with a search for cycles, tracing,
 * and production runtimes. */
static const char *const heads[] = {
    "refcount", "refcount-cycles", "mark-sweep", "cpython", "lua", "bdwgc"};

/* The collectors of a bare command: those of the heads that were built. */
static void choose_heads(const collectors *all, chosen_list *out) {
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    const collector *c = discover_find(all, heads[i]);
    const char *needs = c ? NULL : discover_needs(heads[i]);
    if (c)
      chosen_add(out, (chosen){.program = c, .options = {.name = c->name}});
    else if (needs)
      say("leaks: without %s, which is not built (needs %s)", heads[i], needs);
  }
}

/* The collectors named.  False after a mistake, which was said. */
static bool choose_named(const collectors *all, const word_list *names,
                         chosen_list *out) {
  for (size_t i = 0; i < names->count; i++) {
    const char *wrong =
        resolve_collectors(all, names->words[i], ABSENT_WRONG, out);
    if (wrong) {
      say("leaks: %s", wrong);
      return false;
    }
  }
  return true;
}

int leaks_command(int argc, char **argv) {
  leaks_options o = {.format = "table", .timeout = 60};
  char **operands;
  int code = options_parse(&leaks_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const output_format *format;
  const char *wrong = format_find(o.format, NULL, &format);
  if (!wrong)
    wrong = check_view(&o);
  if (wrong) {
    say("leaks: %s", wrong);
    return EXIT_USAGE;
  }
  word_list names = words_chosen(o.collectors, operands);
  collectors all = discover_collectors(&names);
  plan_request request = {.heaps = "none",
                          .threads = "1",
                          .invocations = 1,
                          .timeout = o.timeout,
                          .seed = PLAN_SEED};
  chosen_list *with = &request.chosen_collectors;
  if (!names.count)
    choose_heads(&all, with);
  else if (!choose_named(&all, &names, with))
    return EXIT_USAGE;
  if (!o.causes && !*all_causes(&all)) {
    say("leaks: no collector was found that has a cause of leaks");
    return EXIT_NOTHING;
  }
  if (!both_remedies(&all, o.causes ? o.causes : all_causes(&all),
                     &request.chosen_workloads))
    return EXIT_USAGE;
  if (!with->count) {
    say("leaks: none of these collectors is built");
    return EXIT_NOTHING;
  }
  plan p;
  code = plan_make(&request, &all, &p);
  return code ? code : run_all(&p, &all, &o, format);
}
