/* list.c: lists what there is: a table for people, JSON for programs. */
#include "harness/driver/programs/discover.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/driver/plan/suite.h"
#include "harness/output/text.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static void print_json(json_t *json) {
  json_dumpf(json, stdout, JSON_INDENT(1));
  putchar('\n');
  json_decref(json);
}

static void print_table(text_table *t) {
  text_print(t, TEXT_PLAIN, stdout);
  text_free(t);
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
  return collector_can(c, name) ? "yes" : "–";
}

static void print_collectors(const collectors *all) {
  static const char *const capabilities[] = {
      "threads", "weak", "finalizers", "moving", "heap_limit", "concurrent"};

  enum { N = sizeof capabilities / sizeof *capabilities };
  text_table *t = text_new("lllllllllll", 1);
  text_add(t, "collector");
  text_add(t, "kind");
  text_add(t, "reclaims");
  text_add(t, "prompt");
  for (size_t k = 0; k < N; k++)
    text_add(t, "%s", capabilities[k]);
  text_add(t, "summary");
  for (size_t i = 0; i < all->count; i++) {
    const collector *c = &all->items[i];
    text_add(t, "%s", c->name);
    text_add(t, "%s", c->trouble ? "" : collector_kind(c));
    text_add(t, "%s",
             text_of(json_object_get(c->about, "capabilities"), "reclaims"));
    text_add(t, "%s",
             text_of(json_object_get(c->about, "capabilities"), "prompt"));
    for (size_t k = 0; k < N; k++)
      text_add(t, "%s", c->trouble ? "" : capability_text(c, capabilities[k]));
    text_add(t, "%s%s", c->trouble ? "not used: " : "",
             c->trouble ? c->trouble : text_of(c->about, "summary"));
  }
  print_table(t);
}

static int list_collectors(bool as_json) {
  collectors all = discover_collectors();
  if (as_json)
    print_json(collectors_json(&all));
  else if (all.count)
    print_collectors(&all);
  const char *not_built = discover_not_built();
  if (*not_built) {
    fflush(stdout);
    say("not built: %s; scripts/bench.sh --all-collectors installs what they "
        "need",
        not_built);
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
    text = arena_text("%s%s%s=", text, i ? " " : "", text_of(param, "name"));
    if (choices)
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

static int list_workloads(bool as_json) {
  collectors all = discover_collectors();
  json_t *list = discover_workloads(&all);
  if (!json_array_size(list)) {
    json_decref(list);
    say("no collectors found, and so no workloads");
    return EXIT_NOTHING;
  }
  if (as_json) {
    print_json(list);
    return EXIT_OK;
  }
  size_t i;
  json_t *w;
  text_table *t = text_new("lllll", 1);
  text_add(t, "workload");
  text_add(t, "counts");
  text_add(t, "needs");
  text_add(t, "summary");
  text_add(t, "parameters and their defaults");
  json_array_foreach(list, i, w) {
    text_add(t, "%s", text_of(w, "name"));
    text_add(t, "%s", text_of(w, "unit"));
    text_add(t, "%s", words_text(json_object_get(w, "needs")));
    text_add(t, "%s", text_of(w, "summary"));
    text_add(t, "%s", params_text(w));
  }
  print_table(t);
  json_decref(list);
  return EXIT_OK;
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

static int list_suites(bool as_json) {
  json_t *list = json_array(), *s;
  discover_suites(add_suite, list);
  if (as_json) {
    print_json(list);
    return EXIT_OK;
  }
  text_table *t = text_new("lrrrl", 1);
  text_add(t, "suite");
  text_add(t, "cells");
  text_add(t, "targets");
  text_add(t, "invocations");
  text_add(t, "description");
  size_t i;
  json_array_foreach(list, i, s) {
    text_add(t, "%s", text_of(s, "name"));
    text_add(t, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(s, "cells")));
    text_add(t, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(s, "targets")));
    text_add(t, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(s, "invocations")));
    text_add(t, "%s", text_of(s, "description"));
  }
  print_table(t);
  json_decref(list);
  return EXIT_OK;
}

/* ------------------------------------------------------------------------- */

typedef struct list_options {
  const char *format;
} list_options;

static const option_row option_rows[] = {
    {"format", 'f', "FORMAT",
     "table, or json, which holds everything that is known (table)",
     .kind = OPTION_TEXT, .offset = offsetof(list_options, format),
     .former = "json"},
    {0}};

const option_usage list_usage = {
    .name = "list",
    .summary = "list the collectors, workloads or suites that exist",
    .synopsis = "collectors|workloads|suites [options]",
    .description =
        "What can be run?  Collectors are the programs in the folder "
        "collectors/ beside\nreapmark, and in the folders that the variable "
        "REAPMARK_PATH names (separated by\ncolons).",
    .example = "workloads",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "what to list"};

int list_command(int argc, char **argv) {
  static const struct {
    const char *what;
    int (*list)(bool as_json);
  } table[] = {{"collectors", list_collectors},
               {"workloads", list_workloads},
               {"suites", list_suites}};
  list_options o = {.format = "table"};
  char **operands;
  int code = options_parse(&list_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  bool as_json = !strcmp(o.format, "json");
  if (!as_json && strcmp(o.format, "table")) {
    say("unknown format '%s' (table or json)", o.format);
    return EXIT_USAGE;
  }
  candidates known = {0};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    if (!strcmp(operands[0], table[i].what))
      return table[i].list(as_json);
    candidates_add(&known, table[i].what);
  }
  say("list: unknown '%s'%s; usage: reapmark list %s", operands[0],
      suggest(operands[0], &known), list_usage.synopsis);
  return EXIT_USAGE;
}
