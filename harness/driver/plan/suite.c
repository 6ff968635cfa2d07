/* suite.c: suite files, YAML by libcyaml's schema. */
#include "suite.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "harness/report/metrics.h"
#include "harness/report/tables.h"

#include <ctype.h>
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { LIST = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, WORD_MAX = 200 };

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, WORD_MAX)};
static const cyaml_schema_value_t number_schema = {
    CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t)};

#define LISTS(type)                                                            \
  CYAML_FIELD_SEQUENCE("collectors", LIST, type, collectors, &text_schema, 1,  \
                       CYAML_UNLIMITED),                                       \
      CYAML_FIELD_SEQUENCE("heaps", LIST, type, heaps, &text_schema, 1,        \
                           CYAML_UNLIMITED),                                   \
      CYAML_FIELD_SEQUENCE("threads", LIST, type, threads, &number_schema, 1,  \
                           CYAML_UNLIMITED)

static const cyaml_schema_field_t cell_fields[] = {
    CYAML_FIELD_STRING_PTR("workload", CYAML_FLAG_POINTER, suite_cell, workload,
                           1, WORD_MAX),
    LISTS(suite_cell),
    CYAML_FIELD_SEQUENCE("size", LIST, suite_cell, size, &text_schema, 1,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_value_t cell_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, suite_cell, cell_fields)};

enum { OPTIONAL_TEXT = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL };

static const cyaml_schema_field_t side_fields[] = {
    CYAML_FIELD_STRING_PTR("workload", OPTIONAL_TEXT, suite_side, workload, 1,
                           WORD_MAX),
    CYAML_FIELD_STRING_PTR("collector", OPTIONAL_TEXT, suite_side, collector, 1,
                           WORD_MAX),
    CYAML_FIELD_STRING_PTR("heap", OPTIONAL_TEXT, suite_side, heap, 1,
                           WORD_MAX),
    CYAML_FIELD_UINT_PTR("threads", LIST, suite_side, threads),
    CYAML_FIELD_END};

static const cyaml_schema_field_t target_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, suite_target, name, 1,
                           WORD_MAX),
    CYAML_FIELD_STRING_PTR("what", CYAML_FLAG_POINTER, suite_target, what, 1,
                           WORD_MAX),
    CYAML_FIELD_STRING_PTR("metric", CYAML_FLAG_POINTER, suite_target, metric,
                           1, WORD_MAX),
    CYAML_FIELD_MAPPING("cell", CYAML_FLAG_DEFAULT, suite_target, cell,
                        side_fields),
    CYAML_FIELD_MAPPING_PTR("over", LIST, suite_target, over, side_fields),
    CYAML_FIELD_STRING_PTR("over_metric", OPTIONAL_TEXT, suite_target,
                           over_metric, 1, WORD_MAX),
    CYAML_FIELD_MAPPING_PTR("by_hand", LIST, suite_target, by_hand,
                            side_fields),
    CYAML_FIELD_FLOAT("gate", CYAML_FLAG_STRICT, suite_target, gate),
    CYAML_FIELD_FLOAT_PTR("stretch", LIST | CYAML_FLAG_STRICT, suite_target,
                          stretch),
    CYAML_FIELD_FLOAT_PTR("rss", LIST | CYAML_FLAG_STRICT, suite_target, rss),
    CYAML_FIELD_BOOL_PTR("floor", LIST, suite_target, floor),
    CYAML_FIELD_BOOL_PTR("untimed", LIST, suite_target, untimed),
    CYAML_FIELD_END};

static const cyaml_schema_value_t target_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, suite_target, target_fields)};

static const cyaml_schema_field_t suite_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, suite, name, 1,
                           WORD_MAX),
    CYAML_FIELD_STRING_PTR("description", CYAML_FLAG_POINTER, suite,
                           description, 1, CYAML_UNLIMITED),
    CYAML_FIELD_UINT_PTR("invocations", LIST, suite, invocations),
    CYAML_FIELD_FLOAT_PTR("timeout", LIST | CYAML_FLAG_STRICT, suite, timeout),
    LISTS(suite),
    CYAML_FIELD_SEQUENCE("cells", LIST, suite, cells, &cell_schema, 1,
                         CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("targets", LIST, suite, targets, &target_schema, 1,
                         CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("table", OPTIONAL_TEXT, suite, table, 1, WORD_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t suite_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, suite, suite_fields)};

/* ------------------------------------------------------------------------- *
 * libcyaml logs a message, then a backtrace from the innermost place outwards.
 * The user needs the message and the first place.
 * ------------------------------------------------------------------------- */

typedef struct complaint {
  char message[256];
  char place[128];
} complaint;

static void hear(cyaml_log_t level, void *data, const char *format,
                 va_list args) {
  (void)level;
  complaint *c = data;
  char line[256];
  vsnprintf(line, sizeof line, format, args);
  line[strcspn(line, "\n")] = 0;
  const char *text = line;
  if (!strncmp(text, "Load: ", 6))
    text += 6;
  if (!strncmp(text, "libyaml: ", 9))
    text += 9;
  unsigned row, column;
  const char *at = strstr(text, "(line: ");
  if (at && sscanf(at, "(line: %u, column: %u)", &row, &column) == 2) {
    if (!c->place[0])
      snprintf(c->place, sizeof c->place, ":%u:%u", row, column);
  } else if (!c->message[0] && strcmp(text, "Backtrace:"))
    memcpy(c->message, text, strlen(text) + 1);
}

static void collect_keys(candidates *known, const cyaml_schema_field_t *f) {
  for (; f->key; f++)
    candidates_add(known, f->key);
}

static void explain(const char *path, const complaint *c, cyaml_err_t error) {
  static const char unexpected[] = "Unexpected key: ";
  if (!strncmp(c->message, unexpected, sizeof unexpected - 1)) {
    /* The place that libcyaml gives is that of the key before. */
    const char *key = c->message + sizeof unexpected - 1;
    candidates known = {0};
    collect_keys(&known, suite_fields);
    collect_keys(&known, cell_fields);
    collect_keys(&known, target_fields);
    collect_keys(&known, side_fields);
    say("%s: unknown key '%s'%s", suite_locate(path, key), key,
        suggest_any(key, &known));
  } else
    say("%s%s: %s", path, c->place,
        c->message[0] ? c->message : cyaml_strerror(error));
}

/* ------------------------------------------------------------------------- */

/* A file: its text up to the first 0, and whether that is all. */
typedef struct file_text {
  const char *text; /* NULL, and errno tells why: it cannot be read */
  bool whole;
} file_text;

static file_text read_file(const char *path) {
  file_text f = {.whole = true};
  FILE *file = fopen(path, "r");
  if (!file)
    return f;
  char *line = NULL;
  size_t room = 0;
  ssize_t n = getdelim(&line, &room, 0, file);
  int error = ferror(file) ? errno : 0; /* of a folder, say */
  if (!error) {
    f.text = arena_text("%s", n >= 0 ? line : "");
    f.whole = n < 0 || line[n - 1];
  }
  free(line);
  fclose(file);
  errno = error;
  return f;
}

const char *suite_locate(const char *path, const char *word) {
  const char *text = read_file(path).text;
  size_t length = strlen(word);
  unsigned row = 1, column = 1;
  bool comment = false;
  for (; text && *text; text++, column++) {
    if (*text == '\n') {
      row++;
      column = 0;
      comment = false;
    } else if (*text == '#')
      comment = true;
    else if (!comment && !strncmp(text, word, length))
      return arena_text("%s:%u:%u", path, row, column);
  }
  return path;
}

/* What is wrong with the name of a metric; NULL, and *found, if nothing is. */
static const char *check_metric(const char *name, const metric **found) {
  *found = metric_find(name);
  if (*found)
    return NULL;
  candidates known = {0};
  for (size_t i = 0; i < METRICS; i++)
    candidates_add(&known, metrics[i].name);
  return arena_text("unknown metric '%s'%s", name, suggest_any(name, &known));
}

/* What is wrong with the metric of `over`, where the target's is `m`. */
static const char *check_over_metric(const suite_target *t, const metric *m) {
  const metric *over;
  const char *wrong = check_metric(t->over_metric, &over);
  if (wrong)
    return wrong;
  if (!t->over || (t->untimed && *t->untimed))
    return arena_text("target '%s': over_metric needs over, without untimed",
                      t->name);
  if (over->kind != m->kind)
    return arena_text("target '%s': %s over %s would be no ratio", t->name,
                      m->name, over->name);
  return NULL;
}

/* What is wrong with a target that the schema allows, or NULL; then *word
 * stands where it is wrong. */
static const char *check_target(const suite_target *t, const char **word) {
  const metric *m;
  const char *wrong = check_metric(t->metric, &m);
  *word = t->metric;
  if (wrong)
    return wrong;
  *word = t->over_metric;
  if (t->over_metric && (wrong = check_over_metric(t, m)) != NULL)
    return wrong;
  *word = t->metric;
  if (!m->better)
    return arena_text("target '%s': no way is better for '%s'", t->name,
                      t->metric);
  bool untimed = t->untimed && *t->untimed;
  *word = arena_text("name: %s", t->name);
  if (!t->cell.workload || !t->cell.collector)
    return arena_text("target '%s': its cell needs a workload and a collector",
                      t->name);
  if (untimed &&
      (strcmp(t->metric, "wall_ns") || t->rss || (t->floor && *t->floor)))
    return arena_text("target '%s': untimed goes with the metric wall_ns, and "
                      "without rss and floor",
                      t->name);
  if (t->by_hand && (!t->over || untimed))
    return arena_text("target '%s': by_hand goes with over, and without "
                      "untimed",
                      t->name);
  if (!t->over && (t->rss || (t->floor && *t->floor)))
    return arena_text("target '%s': rss and floor need over", t->name);
  if (!(t->gate > 0))
    return arena_text("target '%s': its gate is a number above 0", t->name);
  if (t->stretch && (*t->stretch - t->gate) * m->better < 0)
    return arena_text("target '%s': its stretch is no better than its gate",
                      t->name);
  return NULL;
}

/* The same of the whole suite. */
static const char *check(const suite *s, const char **word) {
  *word = "invocations";
  if (s->invocations && (*s->invocations < 1 || *s->invocations > 1000))
    return "invocations is a number from 1 to 1000";
  *word = "timeout";
  if (s->timeout && !(*s->timeout > 0 && *s->timeout <= 1e6))
    return "timeout is a number of seconds above 0";
  *word = s->table;
  const report_table *shown;
  const char *wrong = report_find_table(s->table, &shown);
  if (wrong)
    return wrong;
  *word = s->name;
  if (!s->cells_count && !s->targets_count)
    return "the suite has neither cells nor targets";
  for (unsigned i = 0; i < s->targets_count; i++) {
    wrong = check_target(&s->targets[i], word);
    if (wrong)
      return wrong;
  }
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * What libcyaml passes over: digits before other characters ("2abc" would be
 * 2), octal and hexadecimal numbers, numbers in quotes, and a second document.
 * One pass over libyaml's events finds them.
 * ------------------------------------------------------------------------- */

typedef enum number_form { NO_NUMBER, WHOLE, DECIMAL } number_form;

/* What is to stand under a key. */
static number_form form_of(const char *key) {
  static const struct {
    const char *key;
    number_form form;
  } forms[] = {{"invocations", WHOLE}, {"threads", WHOLE},
               {"timeout", DECIMAL},   {"gate", DECIMAL},
               {"rss", DECIMAL},       {"stretch", DECIMAL}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (!strcmp(key, forms[i].key))
      return forms[i].form;
  return NO_NUMBER;
}

/* What is wrong with a scalar that is to be a number, or NULL. */
static const char *check_number(const yaml_event_t *event, number_form form) {
  const char *text = (const char *)event->data.scalar.value;
  double number;
  const char *end = words_decimal(text, &number);
  const bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  const bool octal = text[0] == '0' && isdigit((unsigned char)text[1]);
  if (!quoted && !octal && end && !*end &&
      (form == DECIMAL || !text[strspn(text, "0123456789")]))
    return NULL;
  return arena_text("'%s' is not a %s number%s", text,
                    form == WHOLE ? "whole decimal" : "decimal",
                    quoted ? " (it is in quotes)" : "");
}

/* Where the events are: for each level of nesting, whether it is a mapping of
 * which a value comes next, and what is to stand there. */
typedef struct level {
  bool mapping, value;
  number_form form;
} level;
enum { LEVELS = 16 }; /* more than a suite has */

/* Takes one event; returns what is wrong there, or NULL. */
static const char *check_event(const yaml_event_t *event, level *levels,
                               size_t *depth, size_t *documents) {
  level *at = &levels[*depth];
  const char *wrong = NULL;
  switch (event->type) {
  case YAML_DOCUMENT_START_EVENT:
    return (*documents)++ ? "a suite is one document, and here begins a second"
                          : NULL;
  case YAML_SCALAR_EVENT:
    if (at->mapping && !at->value)
      at->form = form_of((const char *)event->data.scalar.value);
    else if (at->form)
      wrong = check_number(event, at->form);
    at->value = !at->value;
    return wrong;
  case YAML_ALIAS_EVENT: /* what it stands for may be a text elsewhere */
    wrong = at->form ? "a number is to stand here, and not an alias" : NULL;
    at->value = !at->value;
    return wrong;
  case YAML_MAPPING_START_EVENT:
  case YAML_SEQUENCE_START_EVENT:
    if (*depth + 1 == LEVELS)
      return "nested too deeply";
    at->value = !at->value;
    levels[++*depth] =
        (level){.mapping = event->type == YAML_MAPPING_START_EVENT,
                .form = event->type == YAML_SEQUENCE_START_EVENT ? at->form
                                                                 : NO_NUMBER};
    return NULL;
  case YAML_MAPPING_END_EVENT:
  case YAML_SEQUENCE_END_EVENT:
    --*depth;
    return NULL;
  default:
    return NULL;
  }
}

/* Says what is wrong in the text; whether nothing is.  What is no YAML at all
 * is left to libcyaml. */
static bool check_text(const char *path, const char *text) {
  yaml_parser_t parser;
  level levels[LEVELS] = {0};
  size_t depth = 0, documents = 0;
  const char *wrong = NULL;
  bool end = !yaml_parser_initialize(&parser);
  if (end)
    return true;
  yaml_parser_set_input_string(&parser, (const unsigned char *)text,
                               strlen(text));
  while (!end && !wrong) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event))
      break;
    end = event.type == YAML_STREAM_END_EVENT;
    wrong = check_event(&event, levels, &depth, &documents);
    if (wrong)
      say("%s:%zu:%zu: %s", path, event.start_mark.line + 1,
          event.start_mark.column + 1, wrong);
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return !wrong;
}

/* The text of a suite file that can be given to libcyaml; NULL after having
 * said why there is none. */
static const char *read_text(const char *path) {
  const file_text f = read_file(path);
  if (!f.text) {
    say("suite '%s': %s", path, strerror(errno));
    return NULL;
  }
  if (!f.whole) {
    unsigned row = 1;
    for (const char *c = f.text; *c; c++)
      row += *c == '\n';
    say("%s:%u: a NUL character, which no text has", path, row);
    return NULL;
  }
  return check_text(path, f.text) ? f.text : NULL;
}

/* ------------------------------------------------------------------------- */

const suite *suite_load(const char *path) {
  const char *text = read_text(path);
  if (!text)
    return NULL;
  complaint heard = {"", ""};
  cyaml_config_t config = {.log_fn = hear,
                           .log_ctx = &heard,
                           .mem_fn = cyaml_mem,
                           .log_level = CYAML_LOG_ERROR};
  suite *s = NULL;
  cyaml_err_t error =
      cyaml_load_data((const uint8_t *)text, strlen(text), &config,
                      &suite_schema, (cyaml_data_t **)&s, NULL);
  if (error) {
    explain(path, &heard, error);
    return NULL;
  }
  if (!s) {
    say("%s: is empty", path);
    return NULL;
  }
  /* In the arena the suite stays reachable for leak checkers, and with it what
   * libcyaml allocated. */
  suite *kept = arena_take(sizeof *kept);
  const char *word, *wrong = check(s, &word);
  *kept = *s;
  kept->path = path;
  if (wrong) {
    say("%s: %s", suite_locate(path, word), wrong);
    cyaml_free(&config, &suite_schema, s, 0);
    return NULL;
  }
  free(s);
  return kept;
}
