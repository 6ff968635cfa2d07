/* list.c: lists what there is: a table for people, JSON for programs. */
#include "harness/driver/programs/discover.h"
#include "harness/driver/programs/machine.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/driver/plan/suite.h"
#include "harness/output/view.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <string.h>

/* How the list is printed. */
typedef struct list_options {
  const char *format;
  table_view view;
} list_options;

/* Prints the rows, or as JSON all that is known, which is taken.  Returns an
 * exit code. */
static int print(const table *t, json_t *json, const output_format *format,
                 const list_options *o) {
  page *p = page_new(t);
  page_tables(p, t);
  p->json = json;
  return view_print(&o->view, format, p, stdout);
}

/* ------------------------------------------------------------------------- */

static json_t *collectors_json(const collectors *all) {
  json_t *list = json_array();
  for (size_t i = 0; i < all->count; i++) {
    const collector *c = &all->items[i];
    json_t *entry = c->trouble ? json_pack("{s:s, s:s}", "name", c->name,
                                           "trouble", c->trouble)
                               : json_copy(c->about);
    json_object_set_new(entry, "path", json_string(c->path));
    json_array_append_new(list, entry);
  }
  return list;
}

static const char *capability_text(const collector *c, const char *name) {
  if (!strcmp(name, "threads") && collector_can(c, "turns"))
    return "take turns";
  if (!strcmp(name, "external") && collector_can(c, name))
    return collector_can(c, "external_counted") ? "counted" : "unseen";
  return collector_can(c, name) ? "yes" : "–";
}

static const table_column collector_columns[] = {
    {.name = "collector", .header = "collector", .traits = TABLE_KEY},
    {.name = "kind", .header = "kind", .leaves = 1},
    {.name = "reclaims", .header = "reclaims"},
    {.name = "prompt", .header = "prompt", .leaves = 9},
    {.name = "threads", .header = "threads"},
    {.name = "weak", .header = "weak", .leaves = 4},
    {.name = "ephemerons", .header = "ephemerons", .leaves = 8},
    {.name = "finalizers", .header = "finalizers", .leaves = 3},
    {.name = "external", .header = "external", .leaves = 7},
    {.name = "moving", .header = "moving", .leaves = 5},
    {.name = "heap_limit", .header = "heap_limit", .leaves = 6},
    {.name = "concurrent", .header = "concurrent", .leaves = 2},
    {.name = "summary", .header = "summary"}};
enum {
  COLLECTOR_COLUMNS = sizeof collector_columns / sizeof *collector_columns,
  CAPABILITY = 4, /* the first column that says what a collector can */
  SUMMARY = COLLECTOR_COLUMNS - 1
};

static void add_collector(table *t, const collector *c) {
  table_row *row = table_add(t, 0);
  table_set_text(row, "collector", c->name);
  if (c->trouble) {
    table_set_text(row, "summary", arena_text("not used: %s", c->trouble));
    return;
  }
  table_set_text(row, "kind", collector_kind(c));
  table_set_text(row, "reclaims",
                 record_text(c->about, "capabilities.reclaims"));
  table_set_text(row, "prompt", record_text(c->about, "capabilities.prompt"));
  for (size_t i = CAPABILITY; i < SUMMARY; i++)
    table_set_text(row, collector_columns[i].name,
                   capability_text(c, collector_columns[i].name));
  table_set_text(row, "summary", record_text(c->about, "summary"));
}

static int list_collectors(const output_format *format, const list_options *o) {
  collectors all = discover_collectors(NULL);
  table *t = table_new(collector_columns, COLLECTOR_COLUMNS);
  for (size_t i = 0; i < all.count; i++)
    add_collector(t, &all.items[i]);
  int code = EXIT_OK;
  if (all.count || format->print != format_text)
    code = print(t, collectors_json(&all), format, o);
  if (code)
    return code;
  const char *not_built = discover_not_built();
  if (*not_built) {
    fflush(stdout);
    say("not built: %s; where that is there, the next build has them",
        not_built);
  }
  if (machine_other_builds(&all)) {
    fflush(stdout);
    say_warning("W-builds", "%s", machine_other_builds(&all));
  }
  if (all.count)
    return EXIT_OK;
  say("no collectors found");
  return EXIT_NOTHING;
}

/* ------------------------------------------------------------------------- */

/* "depth=14 shape=ring|list|clique": of choices, the default comes first. */
static const char *params_text(const json_t *workload) {
  const char *text = "";
  size_t i, k;
  json_t *param, *choice;
  json_array_foreach(json_object_get(workload, "params"), i, param) {
    const json_t *initial = json_object_get(param, "default");
    const json_t *choices = json_object_get(param, "choices");
    text =
        arena_text("%s%s%s=", text, i ? " " : "", record_text(param, "name"));
    if (json_is_string(initial))
      text = arena_text("%s%s", text, json_string_value(initial));
    else
      text = arena_text("%s%" JSON_INTEGER_FORMAT, text,
                        json_integer_value(initial));
    json_array_foreach(choices, k, choice) {
      if (!json_equal(choice, initial))
        text = arena_text("%s|%s", text, json_string_value(choice));
    }
  }
  return text;
}

static const char *words_text(const json_t *words) {
  const char *text = "";
  size_t i;
  json_t *word;
  json_array_foreach(words, i, word) text =
      arena_text("%s%s%s", text, i ? " " : "", json_string_value(word));
  return text;
}

static const table_column workload_columns[] = {
    {.name = "workload", .header = "workload"},
    {.name = "counts", .header = "counts", .leaves = 1},
    {.name = "needs", .header = "needs", .leaves = 2},
    {.name = "summary", .header = "summary"},
    {.name = "parameters",
     .header = "parameters and their defaults",
     .leaves = 3}};

static void add_workload(table *t, const json_t *w) {
  table_row *row = table_add(t, 0);
  table_set_text(row, "workload", record_text(w, "name"));
  table_set_text(row, "counts", record_text(w, "unit"));
  table_set_text(row, "needs", words_text(json_object_get(w, "needs")));
  table_set_text(row, "summary", record_text(w, "summary"));
  table_set_text(row, "parameters", params_text(w));
}

static int list_workloads(const output_format *format, const list_options *o) {
  collectors all = discover_collectors(NULL);
  json_t *list = discover_workloads(&all), *w;
  if (!json_array_size(list)) {
    json_decref(list);
    say("no collectors found, and so no workloads");
    return EXIT_NOTHING;
  }
  table *t = table_new(workload_columns,
                       sizeof workload_columns / sizeof *workload_columns);
  size_t i;
  json_array_foreach(list, i, w) add_workload(t, w);
  return print(t, list, format, o);
}

/* ------------------------------------------------------------------------- */

static void add_suite(void *data, const char *name, const char *path) {
  json_t *list = data;
  const suite *s = suite_load(path);
  if (s)
    json_array_append_new(
        list,
        json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "name", name, "path", path,
                  "description", s->description, "cells", (int)s->cells_count,
                  "targets", (int)s->targets_count, "invocations",
                  s->invocations ? (int)*s->invocations : SUITE_INVOCATIONS));
}

static const table_column suite_columns[] = {
    {.name = "name", .header = "suite"},
    {.name = "cells", .header = "cells", .kind = TABLE_INTEGER},
    {.name = "targets",
     .header = "targets",
     .kind = TABLE_INTEGER,
     .leaves = 1},
    {.name = "invocations",
     .header = "invocations",
     .kind = TABLE_INTEGER,
     .leaves = 2},
    {.name = "description", .header = "description"}};

static int list_suites(const output_format *format, const list_options *o) {
  json_t *list = json_array(), *s;
  table *t =
      table_new(suite_columns, sizeof suite_columns / sizeof *suite_columns);
  discover_suites(add_suite, list);
  size_t i;
  json_array_foreach(list, i, s) table_set_object(table_add(t, 0), s);
  return print(t, list, format, o);
}

/* ------------------------------------------------------------------------- */

static const option_row option_rows[] = {
    {"format", 'f', "FORMAT", FORMAT_NAMES "; json has all (table)",
     .kind = OPTION_TEXT, .offset = offsetof(list_options, format),
     .former = "json"},
    VIEW_OPTIONS(list_options, view),
    {0}};

const option_usage list_usage = {
    .name = "list",
    .summary = "list the collectors, workloads or suites that exist",
    .synopsis = "collectors|workloads|suites [options]",
    .description =
        "What can be run?  Collectors are the programs in the folder "
        "collectors/ beside\nreapmark, and in the folders that the variable "
        "REAPMARK_PATH names (separated by\ncolons).  Of two of the same name "
        "that of REAPMARK_PATH is used.",
    .example = "workloads\n"
               "collectors --columns collector,summary",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "what to list"};

int list_command(int argc, char **argv) {
  static const struct {
    const char *what;
    int (*list)(const output_format *format, const list_options *o);
  } lists[] = {{"collectors", list_collectors},
               {"workloads", list_workloads},
               {"suites", list_suites}};
  list_options o = {.format = "table"};
  char **operands;
  int code = options_parse(&list_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const output_format *format;
  const char *wrong = format_find(o.format, NULL, &format);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  candidates known = {0};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    if (!strcmp(operands[0], lists[i].what))
      return lists[i].list(format, &o);
    candidates_add(&known, lists[i].what);
  }
  say("list: unknown '%s'%s", operands[0], suggest_any(operands[0], &known));
  return EXIT_USAGE;
}
