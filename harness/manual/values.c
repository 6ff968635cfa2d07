/* values.c: what there is to choose from, by the name that the help has for a
 * value. */
#include "manual.h"
#include "harness/base/arena.h"
#include "harness/driver/stress/conditions.h"
#include "harness/page/figures.h"
#include "harness/report/metrics.h"
#include "harness/report/tables.h"

#include <string.h>

static word_list tables(void) {
  word_list words = {0};
  for (size_t i = 0; i < REPORT_TABLES; i++)
    word_list_add(&words, report_tables[i].name);
  return words;
}

static word_list figures(void) {
  word_list words = {0};
  for (size_t i = 0; i < FIGURE_KINDS; i++)
    word_list_add(&words, figure_kinds[i].name);
  return words;
}

static word_list metric_words(void) {
  word_list words = {0};
  for (size_t i = 0; i < METRICS; i++)
    word_list_add(&words, metrics[i].name);
  return words;
}

static word_list condition_words(void) {
  word_list words = {0};
  for (size_t i = 0; i < conditions_count; i++)
    word_list_add(&words, conditions[i].name);
  return words;
}

/* Every name of a value.  NULL words: what the help of the option lists, up to
 * a bracket or a semicolon. */
static const struct value {
  const char *argument; /* without ",..." and brackets */
  value_kind kind;
  word_list (*words)(void);
  const char *what;
} values[] = {
    {"FORMAT", VALUE_WORDS, NULL, NULL},
    {"KIND", VALUE_WORDS, NULL, NULL},
    {"TABLE", VALUE_WORDS, tables, NULL},
    {"FIGURE", VALUE_WORDS, figures, NULL},
    {"METRIC", VALUE_WORDS, metric_words, NULL},
    {"CONDITION", VALUE_WORDS, condition_words, NULL},
    {"COLLECTOR", VALUE_LISTED, NULL, "collectors"},
    {"WORKLOAD", VALUE_LISTED, NULL, "workloads"},
    {"SUITE", VALUE_LISTED, NULL, "suites"},
    {"DIR", VALUE_DIRECTORIES, NULL, NULL},
    {"DIR/failure-N", VALUE_DIRECTORIES, NULL, NULL},
    {"FILE", VALUE_FILES, NULL, NULL},
    {"A-B", VALUE_FREE, NULL, NULL},
    {"BASE", VALUE_FREE, NULL, NULL},
    {"COLUMN", VALUE_FREE, NULL, NULL},
    {"COMMAND", VALUE_FREE, NULL, NULL},
    {"DOWN,ACROSS,SHOWN", VALUE_FREE, NULL, NULL},
    {"GOAL", VALUE_FREE, NULL, NULL},
    {"KEY", VALUE_FREE, NULL, NULL},
    {"MACHINE", VALUE_FREE, NULL, NULL},
    {"K[/N]", VALUE_FREE, NULL, NULL},
    {"METRIC=SHARE", VALUE_FREE, NULL, NULL},
    {"N", VALUE_FREE, NULL, NULL},
    {"PERCENT", VALUE_FREE, NULL, NULL},
    {"PRIMITIVE", VALUE_FREE, NULL, NULL},
    {"PUS", VALUE_FREE, NULL, NULL},
    {"SECONDS", VALUE_FREE, NULL, NULL},
    {"SHARE", VALUE_FREE, NULL, NULL},
    {"SIZE", VALUE_FREE, NULL, NULL},
    {"TIME", VALUE_FREE, NULL, NULL},
};

/* "table, markdown, json" of "table, markdown, json; more (table)". */
static word_list words_of_help(const char *help) {
  return words_pieces(arena_text("%.*s", (int)strcspn(help, "(;"), help));
}

static bool find(const char *argument, value_choice *out, const char *help) {
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    const struct value *v = &values[i];
    if (strcmp(v->argument, argument))
      continue;
    out->kind = v->kind;
    out->what = v->what;
    if (v->kind == VALUE_WORDS)
      out->words = v->words ? v->words() : words_of_help(help);
    return true;
  }
  return false;
}

bool manual_values(const option_row *o, value_choice *out) {
  *out = (value_choice){0};
  if (!o->argument)
    return true;
  char *name = arena_text("%s", o->argument + (*o->argument == '[' ? 2 : 0));
  if (*o->argument == '[')
    name[strcspn(name, "]")] = 0;
  char *more = strstr(name, ",...");
  out->list = more != NULL;
  if (more)
    *more = 0;
  if (strchr(name, '|')) { /* on|off */
    for (char *at = name; *at; at++)
      *at = *at == '|' ? ',' : *at;
    out->kind = VALUE_WORDS;
    out->words = words_pieces(name);
    return true;
  }
  return find(name, out, o->help);
}

value_choice manual_operands(const option_usage *u) {
  value_choice out = {0};
  const size_t n = strspn(u->synopsis, "[");
  const size_t length = strcspn(u->synopsis + n, ".[] ");
  const char *first = arena_text("%.*s", (int)length, u->synopsis + n);
  if (strchr(first, '|') && *first != '-') {
    const option_row row = {.argument = first};
    manual_values(&row, &out);
  } else if (!strcmp(first, "BASE") || !strcmp(first, "DIR"))
    out.kind = VALUE_DIRECTORIES;
  else if (!find(first, &out, ""))
    out.kind = VALUE_FREE;
  return out;
}
