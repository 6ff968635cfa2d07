/* suite.c: suite files, YAML by libcyaml's schema. */
#include "suite.h"
#include "memory.h"
#include "say.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    LISTS(suite_cell), CYAML_FIELD_END};

static const cyaml_schema_value_t cell_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, suite_cell, cell_fields)};

static const cyaml_schema_field_t suite_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, suite, name, 1,
                           WORD_MAX),
    CYAML_FIELD_STRING_PTR("description", CYAML_FLAG_POINTER, suite,
                           description, 1, CYAML_UNLIMITED),
    CYAML_FIELD_UINT_PTR("invocations", LIST, suite, invocations),
    CYAML_FIELD_FLOAT_PTR("timeout", LIST | CYAML_FLAG_STRICT, suite, timeout),
    LISTS(suite),
    CYAML_FIELD_SEQUENCE("cells", CYAML_FLAG_POINTER, suite, cells,
                         &cell_schema, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_value_t suite_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, suite, suite_fields)};

/* ------------------------------------------------------------------------- *
 * What libcyaml says is a message, then a backtrace from the innermost place
 * outwards.  The message and the first place are what the user needs.
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
    say("%s: unknown key '%s'%s", suite_locate(path, key), key,
        suggest(key, &known));
  } else
    say("%s%s: %s", path, c->place,
        c->message[0] ? c->message : cyaml_strerror(error));
}

/* ------------------------------------------------------------------------- */

static char *read_file(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file)
    return NULL;
  char *text = memory_take(1);
  char piece[4096];
  size_t n;
  while ((n = fread(piece, 1, sizeof piece, file)) > 0)
    text = memory_text("%s%.*s", text, (int)n, piece);
  if (ferror(file))
    text = NULL; /* a folder, say */
  fclose(file);
  return text;
}

const char *suite_locate(const char *path, const char *word) {
  const char *text = read_file(path);
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
      return memory_text("%s:%u:%u", path, row, column);
  }
  return path;
}

/* What the schema cannot say. */
static const char *check(const suite *s, const char **word) {
  *word = "invocations";
  if (s->invocations && (*s->invocations < 1 || *s->invocations > 1000))
    return "invocations is a number from 1 to 1000";
  *word = "timeout";
  if (s->timeout && !(*s->timeout > 0 && *s->timeout <= 1e6))
    return "timeout is a number of seconds above 0";
  return NULL;
}

const suite *suite_load(const char *path) {
  const char *text = read_file(path);
  if (!text) {
    say("suite '%s': %s", path, strerror(errno));
    return NULL;
  }
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
  /* Where what libcyaml allocated is kept. */
  suite *kept = memory_take(sizeof *kept);
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
